/* SPDX-License-Identifier: MIT */

/* connect.c - connections of async slots: see slot.h.
 *
 * Sender and receiver may be disposed of, and the handler disconnected, in any
 * thread.  Here it is only noted that this has happened; the connection ends
 * on the loop's thread.  In between, weak references keep an emission from
 * starting a slot for an object that is gone. */

#include "config.h"

#include "host/glib/annotate.h"
#include "host/glib/slot.h"

#include <errno.h>

/* --- references ----------------------------------------------------------------- */

connection *ili_g_connection_ref(connection *conn)
{
    g_atomic_ref_count_inc(&conn->refs);
    return conn;
}

static void free_here(connection *conn)
{
    if (conn->destroy)
        conn->destroy(conn->receiver);
    if (G_IS_VALUE(&conn->answer))
        g_value_unset(&conn->answer);
    g_weak_ref_clear(&conn->sender);
    g_weak_ref_clear(&conn->bound);
    (void)il_loop_unref(conn->loop);
    g_free(conn);
}

static void free_carried(gpointer target, il_g_emission *said)
{
    (void)said;
    free_here(target);
}

/* The user's data is freed where it is used, as long as there is a loop. */
void ili_g_connection_unref(connection *conn)
{
    if (!g_atomic_ref_count_dec(&conn->refs))
        return;
    if (il_loop_current() == conn->loop ||
        !ili_g_carry(conn->loop, free_carried, conn, NULL))
        free_here(conn);
}

/* --- the end -------------------------------------------------------------------- */

/* From here on no slot starts. */
static void connection_end(connection *conn)
{
    if (!conn->bridge)
        return;
    g_queue_unlink(&conn->bridge->connections, &conn->link);
    (void)g_hash_table_remove(conn->bridge->by_id, GSIZE_TO_POINTER(conn->id));
    conn->bridge = NULL;
    ili_g_watch_end(&conn->watch);
    ili_g_calls_cancel_running(conn);
    ili_g_calls_drop(&conn->queued);
    conn->locals = il_locals_unref(conn->locals);
}

/* End it and take the handler off the sender, if that is still there. */
static void disconnect(connection *conn)
{
    GObject *sender = g_weak_ref_get(&conn->sender);

    (void)ili_g_connection_ref(conn);
    connection_end(conn);
    if (sender && g_signal_handler_is_connected(sender, conn->id))
        g_signal_handler_disconnect(sender, conn->id);
    g_clear_object(&sender);
    ili_g_connection_unref(conn);
}

static void disconnect_carried(gpointer target, il_g_emission *said)
{
    (void)said;
    disconnect(target);
    ili_g_connection_unref(target);
}

/* Here or, a little later, on the loop's thread; consumes a reference. */
static void disconnect_there(connection *conn)
{
    if (il_loop_current() == conn->loop)
        disconnect_carried(conn, NULL);
    else if (!ili_g_carry(conn->loop, disconnect_carried, conn, NULL))
        ili_g_connection_unref(conn);
}

static void on_invalidated(gpointer data, GClosure *closure)
{
    (void)closure;
    disconnect_there(ili_g_connection_ref(data));
}

static void on_closure_gone(gpointer data, GClosure *closure)
{
    (void)closure;
    ili_g_connection_unref(data);
}

static void hold(gpointer data)
{
    (void)ili_g_connection_ref(data);
}

static void on_receiver_gone(gpointer data)
{
    disconnect_there(data);
}

void ili_g_connections_end(ili_g_bridge *bridge)
{
    while (!g_queue_is_empty(&bridge->connections))
        disconnect(g_queue_peek_head(&bridge->connections));
}

/* --- emissions ------------------------------------------------------------------ */

/* What happens to an emission that finds a slot running: TRUE, a new one may
 * start; or it was dropped or queued.  What it takes the place of is dropped
 * last: that may finalize objects, and end the connection. */
static gboolean may_start(connection *conn, GObject *receiver,
                          il_g_emission *said)
{
    unsigned policy = conn->flags & IL_G_POLICY_MASK;
    GQueue superseded = G_QUEUE_INIT;
    call *c;

    if (policy == IL_G_PARALLEL || ili_g_calls_are_idle(conn))
        return TRUE;
    if (policy == IL_G_SKIP_WHILE_BUSY)
        return FALSE;
    if (policy == IL_G_RESTART) {
        ili_g_calls_cancel_running(conn);
        superseded = conn->queued;
        g_queue_init(&conn->queued);
    }
    c = ili_g_call_new(conn, receiver, said);
    c->emission.suspended = TRUE;
    g_queue_push_tail(&conn->queued, c);
    ili_g_calls_drop(&superseded);
    return FALSE;
}

/* The signal was emitted; `answer` is NULL if the emitter does not wait. */
static void emitted(connection *conn, il_g_emission *said, GValue *answer)
{
    GObject *receiver = conn->is_bound ? g_weak_ref_get(&conn->bound) : NULL;
    call *c = NULL;

    if (conn->bridge && (receiver || !conn->is_bound) &&
        may_start(conn, receiver, said))
        c = ili_g_call_new(conn, receiver, said);
    /* If this was the last reference but for those of slots, the call is
     * unwanted now: it would only keep the receiver. */
    g_clear_object(&receiver);
    if (c)
        (void)ili_g_call_start(c, answer);
}

static void emitted_carried(gpointer target, il_g_emission *said)
{
    emitted(target, said, NULL);
    ili_g_connection_unref(target);
}

static void on_emitted(GClosure *closure, GValue *answer, guint n_values,
                       const GValue *values, gpointer hint, gpointer data)
{
    connection *conn = ili_g_published(closure->data);
    il_g_emission said = ili_g_emission_view(values, n_values, hint);

    (void)data;
    if (answer && G_IS_VALUE(&conn->answer))
        g_value_copy(&conn->answer, answer);
    if (il_loop_current() == conn->loop) {
        emitted(conn, &said, answer);
        return;
    }
    (void)ili_g_connection_ref(conn);
    if (!ili_g_carry(conn->loop, emitted_carried, conn, &said))
        ili_g_connection_unref(conn);
}

static GClosure *make_closure(connection *conn)
{
    GClosure *closure = g_closure_new_simple(sizeof(GClosure), conn);

    g_closure_set_marshal(closure, on_emitted);
    g_closure_add_invalidate_notifier(closure, conn, on_invalidated);
    g_closure_add_finalize_notifier(closure, conn, on_closure_gone);
    return closure;
}

/* --- connecting ----------------------------------------------------------------- */

/* What the emitter gets unless the slot answers.  FALSE: the signal wants
 * nothing, or something else. */
static gboolean get_answer(const il_g_connect_options *options, guint signal_id,
                           GValue *ret_answer)
{
    GSignalQuery query;
    GType wanted;

    if (!options->answer && !(options->flags & IL_G_ANSWER_TRUE))
        return TRUE;
    g_signal_query(signal_id, &query);
    wanted = query.return_type & ~G_SIGNAL_TYPE_STATIC_SCOPE;
    if (options->answer) {
        if (!G_IS_VALUE(options->answer) ||
            !g_value_type_compatible(G_VALUE_TYPE(options->answer), wanted))
            return FALSE;
        g_value_init(ret_answer, wanted);
        g_value_copy(options->answer, ret_answer);
        return TRUE;
    }
    if (wanted != G_TYPE_BOOLEAN)
        return FALSE;
    g_value_init(ret_answer, wanted);
    g_value_set_boolean(ret_answer, TRUE);
    return TRUE;
}

static gboolean is_valid(const il_g_connect_options *options)
{
    const unsigned known = IL_G_POLICY_MASK | IL_G_AFTER | IL_G_ANSWER_TRUE;

    return !options->fn != !options->method && !(options->flags & ~known) &&
           (!options->receiver || G_IS_OBJECT(options->receiver)) &&
           (!options->receiver || (!options->data && !options->destroy));
}

static connection *connection_new(ili_g_bridge *bridge, gpointer sender,
                                  const il_g_connect_options *options)
{
    connection *conn = g_new0(connection, 1);

    g_atomic_ref_count_init(&conn->refs);
    conn->bridge = bridge;
    conn->loop = il_loop_ref(bridge->loop);
    conn->fn = options->fn;
    conn->method = options->method;
    conn->receiver = options->receiver ? options->receiver : options->data;
    conn->is_bound = options->receiver != NULL;
    conn->destroy = options->destroy;
    conn->flags = options->flags;
    conn->site = options->site;
    conn->locals = il_locals_capture();
    conn->start_next =
        (il_callback)IL_CALLBACK_INIT(ili_g_calls_start_next, conn);
    g_weak_ref_init(&conn->sender, sender);
    g_weak_ref_init(&conn->bound, options->receiver);
    conn->watch =
        (ili_g_watch){ .hold = hold, .gone = on_receiver_gone, .data = conn };
    return conn;
}

/* Why nothing can be connected; NULL: it can. */
static const char *why_not(const ili_g_bridge *bridge, gpointer sender,
                           const char *signal,
                           const il_g_connect_options *options)
{
    if (!bridge)
        return "this thread's loop is no guest (yet): call il_g_begin() "
               "first, or connect in what il_g_application_run() emits";
    if (!options || !is_valid(options))
        return "the slot, its receiver or its flags make no sense";
    if (!sender || !G_IS_OBJECT(sender))
        return "the sender is no GObject";
    return signal ? NULL : "no signal is named";
}

/* Who forgot to look at the id would otherwise search for long why nothing
 * happens.  So this is told as g_signal_connect() tells it: as a critical. */
static gulong refuse(const char *signal, gpointer sender, const char *reason)
{
    g_critical("il_g_connect(): '%s' of %s: %s", signal ? signal : "(null)",
               sender && G_IS_OBJECT(sender) ? G_OBJECT_TYPE_NAME(sender)
                                             : "(nothing)",
               reason);
    return 0;
}

gulong il_g_connect_with(gpointer sender, const char *signal,
                         const il_g_connect_options *options)
{
    ili_g_bridge *bridge = ili_g_bridge_get();
    const char *reason = why_not(bridge, sender, signal, options);
    GValue answer = G_VALUE_INIT;
    connection *conn;
    guint signal_id;
    GQuark detail;

    if (reason)
        return refuse(signal, sender, reason);
    if (bridge->ending)
        return 0;
    if (!ili_g_find_signal(sender, signal, &signal_id, &detail))
        return refuse(signal, sender, "there is no such signal");
    if (!get_answer(options, signal_id, &answer))
        return refuse(signal, sender, "it does not return such an answer");

    conn = connection_new(bridge, sender, options);
    conn->answer = answer;
    conn->link.data = conn;
    g_queue_push_tail_link(&bridge->connections, &conn->link);
    if (conn->is_bound)
        ili_g_watch_begin(&conn->watch, conn->receiver);
    ili_g_publish(conn);
    conn->id = g_signal_connect_closure_by_id(sender, signal_id, detail,
                                              make_closure(conn),
                                              (conn->flags & IL_G_AFTER) != 0);
    (void)g_hash_table_insert(bridge->by_id, GSIZE_TO_POINTER(conn->id), conn);
    return conn->id;
}

gulong il_g_connect_at(gpointer sender, const char *signal, il_g_slot_fn *fn,
                       gpointer receiver, unsigned flags, const il_site *site)
{
    const il_g_connect_options options = {
        .fn = fn, .receiver = receiver, .flags = flags, .site = site
    };

    return il_g_connect_with(sender, signal, &options);
}

gulong il_g_connect_swapped_at(gpointer sender, const char *signal,
                               il_g_method_fn *method, gpointer receiver,
                               unsigned flags, const il_site *site)
{
    const il_g_connect_options options = {
        .method = method, .receiver = receiver, .flags = flags, .site = site
    };

    return il_g_connect_with(sender, signal, &options);
}

gulong il_g_connect_data_at(gpointer sender, const char *signal,
                            il_g_slot_fn *fn, gpointer data,
                            GDestroyNotify destroy, unsigned flags,
                            const il_site *site)
{
    const il_g_connect_options options = {
        .fn = fn, .data = data, .destroy = destroy, .flags = flags, .site = site
    };

    return il_g_connect_with(sender, signal, &options);
}

void il_g_disconnect(gpointer sender, gulong id)
{
    ili_g_bridge *bridge = ili_g_bridge_get();
    connection *conn;

    if (!sender || id == 0 || !g_signal_handler_is_connected(sender, id))
        return;
    /* GObject invalidates the closure of a handler that is being called only
     * afterwards; the slot that does this shall know at once. */
    conn = bridge ? g_hash_table_lookup(bridge->by_id, GSIZE_TO_POINTER(id))
                  : NULL;
    if (conn)
        disconnect(conn);
    else
        g_signal_handler_disconnect(sender, id);
}
