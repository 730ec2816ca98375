/* SPDX-License-Identifier: MIT */

/* wait.c - wait for one emission.
 *
 * The record of a wait is on the waiting task's stack.  The closure points at
 * a *link* to it, which both share: signals may be emitted, and objects
 * finalized, in other threads, while the task goes its way.  Only the loop's
 * thread looks at the record.
 *
 * The closure is disconnected as soon as the emission has come, and in any case
 * before the record goes; if the sender goes first, GObject invalidates it and
 * that ends the wait. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

struct waiter;

/* Shared by the closure and the wait: g_atomic_rc_box. */
struct link {
    il_loop *loop;         /* a reference */
    struct waiter *waiter; /* for the loop's thread; NULL: it is over */
};

struct waiter {
    il_future future;
    ili_g_bridge *bridge;
    GObject *sender;   /* valid while connecting */
    GWeakRef target;   /* the sender, which may go in any thread */
    gulong id;         /* 0: not connected, or not any more */
    struct link *link; /* a reference */
};

static void link_clear(gpointer data)
{
    (void)il_loop_unref(((struct link *)data)->loop);
}

static void link_unref(gpointer link)
{
    g_atomic_rc_box_release_full(link, link_clear);
}

static void disconnect(struct waiter *waiter)
{
    gulong id = waiter->id;
    GObject *sender = g_weak_ref_get(&waiter->target);

    waiter->id = 0;
    if (sender && id > 0 && g_signal_handler_is_connected(sender, id))
        g_signal_handler_disconnect(sender, id);
    g_clear_object(&sender);
}

static void end(struct waiter *waiter, int result, il_g_emission *emission)
{
    waiter->link->waiter = NULL; /* disconnecting invalidates the closure */
    if (il_future_set(&waiter->future, result, emission) < 0)
        (void)il_g_emission_free(emission);
    disconnect(waiter);
}

/* On the loop's thread: it was emitted, or without values: the sender goes. */
static void happened(gpointer target, const GValue *values, guint n_values)
{
    struct link *link = target;
    struct waiter *waiter = link->waiter;

    if (waiter && n_values == 0) {
        end(waiter, -EOWNERDEAD, NULL);
    } else if (waiter) {
        il_g_emission *emission = g_new0(il_g_emission, 1);

        ili_g_emission_init(emission, values, n_values);
        emission->suspended = TRUE;
        g_object_ref(emission->sender);
        end(waiter, 0, emission);
    }
    link_unref(link);
}

static void tell(struct link *link, const GValue *values, guint n_values)
{
    g_atomic_rc_box_acquire(link);
    if (il_loop_current() == link->loop)
        happened(link, values, n_values);
    else if (!ili_g_carry(link->loop, happened, link, values, n_values))
        link_unref(link);
}

static void on_emitted(GClosure *closure, GValue *answer, guint n_values,
                       const GValue *values, gpointer hint, gpointer data)
{
    (void)answer;
    (void)hint;
    (void)data;
    tell(closure->data, values, n_values);
}

static void on_invalidated(gpointer data, GClosure *closure)
{
    (void)closure;
    tell(data, NULL, 0);
}

static void on_closure_gone(gpointer data, GClosure *closure)
{
    (void)closure;
    link_unref(data);
}

static void connect_waiter(struct waiter *waiter, guint signal_id,
                           GQuark detail)
{
    struct link *link = g_atomic_rc_box_new0(struct link);
    GClosure *closure = g_closure_new_simple(sizeof(GClosure), link);

    link->loop = il_loop_ref(waiter->bridge->loop);
    link->waiter = waiter;
    waiter->link = g_atomic_rc_box_acquire(link);
    g_closure_set_marshal(closure, on_emitted);
    g_closure_add_invalidate_notifier(closure, link, on_invalidated);
    g_closure_add_finalize_notifier(closure, link, on_closure_gone);
    g_weak_ref_init(&waiter->target, waiter->sender);
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
    g_weak_ref_clear(&me.target);
    link_unref(me.link);
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
