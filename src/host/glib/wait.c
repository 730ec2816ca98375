/* SPDX-License-Identifier: MIT */

/* wait.c - wait for one emission.
 *
 * The closure points at a record on the waiting task's stack.  It is
 * disconnected as soon as the emission has come, and in any case before the
 * record goes; if the sender goes first, GObject invalidates the closure and
 * that ends the wait. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

struct waiter {
    il_future future;
    ili_g_bridge *bridge;
    GObject *sender;
    gulong id; /* 0: not connected, or not any more */
};

static void end(struct waiter *waiter, int result, il_g_emission *emission)
{
    gulong id = waiter->id;

    waiter->id = 0; /* before disconnecting, which invalidates the closure */
    if (il_future_set(&waiter->future, result, emission) < 0)
        (void)il_g_emission_free(emission);
    if (id > 0 && result != -EOWNERDEAD)
        g_signal_handler_disconnect(waiter->sender, id);
}

static void on_emitted(GClosure *closure, GValue *answer, guint n_values,
                       const GValue *values, gpointer hint, gpointer data)
{
    struct waiter *waiter = closure->data;
    il_g_emission *emission;

    (void)answer;
    (void)hint;
    (void)data;
    if (waiter->id == 0)
        return;
    emission = g_new0(il_g_emission, 1);
    ili_g_emission_init(emission, values, n_values);
    emission->suspended = TRUE;
    g_object_ref(emission->sender);
    end(waiter, 0, emission);
}

static void on_invalidated(gpointer data, GClosure *closure)
{
    struct waiter *waiter = data;

    (void)closure;
    if (waiter->id > 0)
        end(waiter, -EOWNERDEAD, NULL);
}

static void connect_waiter(struct waiter *waiter, guint signal_id,
                           GQuark detail)
{
    GClosure *closure = g_closure_new_simple(sizeof(GClosure), waiter);

    g_closure_set_marshal(closure, on_emitted);
    g_closure_add_invalidate_notifier(closure, waiter, on_invalidated);
    waiter->id = g_signal_connect_closure_by_id(waiter->sender, signal_id,
                                                detail, closure, FALSE);
    g_queue_push_tail(&waiter->bridge->waiters, waiter);
}

/* Wait, with a limit of our own if there is one. */
static int wait_until_set(struct waiter *waiter, il_time timeout, int *result,
                          void **value)
{
    int r = 0;

    if (timeout == IL_FOREVER)
        return il_future_wait(&waiter->future, result, value);
    IL_TIMEOUT (timeout, &r) {
        r = il_future_wait(&waiter->future, result, value);
    }
    return r;
}

int il_g_wait_signal(gpointer sender, const char *signal, il_time timeout,
                     il_g_emission **ret_emission)
{
    struct waiter me = { .future = IL_FUTURE_INIT,
                         .bridge = ili_g_bridge_get(),
                         .sender = sender };
    void *emission = NULL;
    int result = 0;
    guint signal_id;
    GQuark detail;
    int r;

    if (!il_task_current())
        return -ESRCH;
    if (!ili_g_find_signal(sender, signal, &signal_id, &detail))
        return -EINVAL;
    if (!me.bridge || me.bridge->ending)
        return -ESHUTDOWN;

    connect_waiter(&me, signal_id, detail);
    r = wait_until_set(&me, timeout, &result, &emission);
    g_queue_remove(&me.bridge->waiters, &me);
    if (r < 0) {
        end(&me, r, NULL);
        /* It may have come after the cancel, before this task ran. */
        (void)il_future_try_get(&me.future, NULL, &emission);
    }
    if (r == 0)
        r = result;
    if (r == 0 && ret_emission)
        *ret_emission = emission;
    else
        (void)il_g_emission_free(emission);
    return r;
}

void ili_g_waiters_end(void *data)
{
    ili_g_bridge *bridge = data;

    for (GList *link = bridge->waiters.head; link; link = link->next)
        end(link->data, -ESHUTDOWN, NULL);
}
