/* SPDX-License-Identifier: MIT */

/* listen.c - a signal is heard in the loop's thread, wherever it is emitted.
 *
 * The closure points at a listener, which it shares with whoever wants to know:
 * signals may be emitted, and objects finalized, in other threads, while the
 * owner goes its way.  Only the loop's thread looks at `owner`, and all that
 * happens elsewhere comes to it as a message, which holds the listener too.
 *
 * If the sender goes first, GObject invalidates the closure and that is what
 * the owner hears last.  If the owner goes first, it is taken out of the
 * listener and the closure is disconnected, which invalidates it as well but
 * tells nobody. */

#include "config.h"

#include "host/glib/annotate.h"
#include "host/glib/bridge.h"

static void listener_clear(gpointer data)
{
    ili_g_listener *listener = data;

    g_weak_ref_clear(&listener->sender);
    (void)il_loop_unref(listener->loop);
}

static void listener_unref(ili_g_listener *listener)
{
    g_atomic_rc_box_release_full(listener, listener_clear);
}

/* On the loop's thread, with a reference of its own. */
static void told(gpointer target, il_g_emission *said)
{
    ili_g_listener *listener = target;

    if (listener->owner)
        listener->heard(listener, said);
    listener_unref(listener);
}

static void tell(ili_g_listener *listener, il_g_emission *said)
{
    g_atomic_rc_box_acquire(listener);
    if (il_loop_current() == listener->loop)
        told(listener, said);
    else if (!ili_g_carry(listener->loop, told, listener, said))
        listener_unref(listener);
}

static void on_emitted(GClosure *closure, GValue *answer, guint n_values,
                       const GValue *values, gpointer hint, gpointer data)
{
    il_g_emission said = ili_g_emission_view(values, n_values, hint);

    (void)answer;
    (void)data;
    tell(ili_g_published(closure->data), &said);
}

static void on_invalidated(gpointer data, GClosure *closure)
{
    (void)closure;
    tell(ili_g_published(data), NULL);
}

static void on_closure_gone(gpointer data, GClosure *closure)
{
    (void)closure;
    listener_unref(data);
}

ili_g_listener *ili_g_listen(il_loop *loop, gpointer sender, guint signal_id,
                             GQuark detail, ili_g_heard_fn *heard,
                             gpointer owner)
{
    ili_g_listener *listener = g_atomic_rc_box_new0(ili_g_listener);
    GClosure *closure = g_closure_new_simple(sizeof(GClosure), listener);

    listener->loop = il_loop_ref(loop);
    listener->heard = heard;
    listener->owner = owner;
    g_weak_ref_init(&listener->sender, sender);
    g_closure_set_marshal(closure, on_emitted);
    g_closure_add_invalidate_notifier(closure, listener, on_invalidated);
    g_closure_add_finalize_notifier(closure, listener, on_closure_gone);
    g_atomic_rc_box_acquire(listener); /* the closure's */
    ili_g_publish(listener);
    listener->id = g_signal_connect_closure_by_id(sender, signal_id, detail,
                                                  closure, FALSE);
    return listener;
}

void ili_g_unlisten(ili_g_listener *listener)
{
    GObject *sender;

    listener->owner = NULL; /* disconnecting invalidates the closure */
    sender = g_weak_ref_get(&listener->sender);
    if (sender && g_signal_handler_is_connected(sender, listener->id))
        g_signal_handler_disconnect(sender, listener->id);
    g_clear_object(&sender);
    listener_unref(listener);
}
