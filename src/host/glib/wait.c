/* SPDX-License-Identifier: MIT */

/* wait.c - wait for one emission.
 *
 * The record of a wait is on the waiting task's stack.  It owns a listener and
 * takes itself out of it as soon as the emission has come, and in any case
 * before the record goes.
 *
 * Whether an emission matches is asked inside it, on the emitter's stack, while
 * its arguments can be looked at without copying them.  Whoever is asked may do
 * what callbacks do: emit again, dispose the sender, run a nested main loop in
 * which the waiting task goes its way.  So after asking, the record may be gone
 * or have its answer, and only the listener can tell.
 *
 * He may not suspend, though: the emitter may be a task, and this is its stack.
 * The host tells the scheduler how deep it is in its dispatches, and what would
 * wait deeper than its task was resumed is refused; so being asked counts as a
 * level of its own. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

struct waiter {
    il_future future;
    ili_g_listener *listener; /* NULL: it has heard enough */
    const ili_g_wait *what;
};

/* --- waiting for what the host brings --------------------------------------- */

int ili_g_wait_future(ili_g_bridge *bridge, il_future *future, il_time timeout,
                      int *ret_result, void **ret_value)
{
    int r = 0;

    g_queue_push_tail(&bridge->waiters, future);
    if (timeout == IL_FOREVER) {
        r = il_future_wait(future, ret_result, ret_value);
    } else {
        IL_TIMEOUT (timeout, &r) {
            r = il_future_wait(future, ret_result, ret_value);
        }
    }
    g_queue_remove(&bridge->waiters, future);
    return r;
}

void ili_g_waiters_end(void *data)
{
    ili_g_bridge *bridge = data;

    for (GList *link = bridge->waiters.head; link; link = link->next)
        (void)il_future_set(link->data, -ESHUTDOWN, NULL);
}

/* --- asking ------------------------------------------------------------------ */

/* Not in the bridge, which may have ended when the answer comes. */
__thread int ili_g_n_asking;

static bool matches(const ili_g_wait *what, const il_g_emission *said)
{
    bool yes;

    if (!what->match)
        return true;
    ili_g_n_asking++;
    yes = what->match(said, what->data);
    ili_g_n_asking--;
    return yes;
}

static bool holds(const ili_g_wait *what)
{
    bool yes;

    if (!what->holds)
        return false;
    ili_g_n_asking++;
    yes = what->holds(what->data);
    ili_g_n_asking--;
    return yes;
}

/* --- the wait ---------------------------------------------------------------- */

static void stop_listening(struct waiter *waiter)
{
    ili_g_listener *listener = waiter->listener;

    waiter->listener = NULL;
    if (listener)
        ili_g_unlisten(listener);
}

static void end(struct waiter *waiter, int result, il_g_emission *emission)
{
    int r = il_future_set(&waiter->future, result, emission);

    stop_listening(waiter);
    if (r < 0)
        (void)il_g_emission_free(emission);
}

static void heard(ili_g_listener *listener, il_g_emission *said)
{
    struct waiter *waiter = listener->owner;

    if (!said)
        end(waiter, -EOWNERDEAD, NULL);
    else if (matches(waiter->what, said) && listener->owner)
        end(waiter, 0, ili_g_emission_take(said));
}

int ili_g_wait_for(ili_g_bridge *bridge, const ili_g_wait *what,
                   il_g_emission **ret_emission)
{
    struct waiter me = { .future = IL_FUTURE_INIT, .what = what };
    void *emission = NULL;
    int result = 0;
    int r = 0;
    bool held;

    me.listener = ili_g_listen(bridge->loop, what->sender, what->signal_id,
                               what->detail, heard, &me);
    held = holds(what);
    if (!held)
        r = ili_g_wait_future(bridge, &me.future, what->timeout, &result,
                              &emission);
    stop_listening(&me);
    if (!emission) /* it may have come since the wait was over */
        (void)il_future_try_get(&me.future, NULL, &emission);
    if (r == 0)
        r = result;
    if (r == 0)
        *ret_emission = emission;
    else
        (void)il_g_emission_free(emission);
    if (held)
        (void)il_checkpoint(); /* a loop of this would keep the thread */
    return r;
}

int il_g_wait_signal(gpointer sender, const char *signal, il_time timeout,
                     il_g_emission **ret_emission)
{
    return il_g_wait_signal_if(sender, signal, timeout, NULL, NULL,
                               ret_emission);
}

int il_g_wait_signal_if(gpointer sender, const char *signal, il_time timeout,
                        il_g_match_fn *match, gpointer data,
                        il_g_emission **ret_emission)
{
    ili_g_wait what = {
        .sender = sender, .timeout = timeout, .match = match, .data = data
    };
    ili_g_bridge *bridge = ili_g_bridge_get();
    il_g_emission *emission = NULL;
    int r;

    if (!il_task_current())
        return -ESRCH;
    if (!ili_g_find_signal(sender, signal, &what.signal_id, &what.detail))
        return -EINVAL;
    if (!bridge || bridge->ending)
        return -ESHUTDOWN;

    r = ili_g_wait_for(bridge, &what, &emission);
    if (r == 0 && ret_emission)
        *ret_emission = emission;
    else
        (void)il_g_emission_free(emission);
    return r;
}
