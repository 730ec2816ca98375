/* SPDX-License-Identifier: MIT */

/* connect.c - async slots.
 *
 * A connection is a closure on the sender plus, if there is a receiver, a weak
 * reference to it.  It ends when the handler is disconnected, when the sender
 * drops its handlers in dispose, when the receiver is disposed, or with the
 * bridge; from then on no slot starts, and those that run are cancelled.
 *
 * Each run of a slot is a *call*: an emission, a task, and keepers of sender
 * and receiver.  A call ends on the task's stack, but objects may be finalized
 * by it, which is arbitrary code; that is done in a post, on the host's stack.
 *
 *     emission -> marshal -> policy -> start -> slot ... -> ended -> clean_up
 *                               \-> queue ----^ (post)               (post) */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

typedef struct connection {
    gatomicrefcount refs; /* the closure's, one for each call */
    ili_g_bridge *bridge; /* NULL once ended */
    il_loop *loop;        /* a reference: others post to it, even late */
    GObject *sender;      /* valid until ended */
    gulong id;
    il_g_slot_fn *fn;
    gpointer receiver;      /* what the slot gets */
    GObject *bound;         /* the receiver if it is weakly referenced */
    GDestroyNotify destroy; /* for a receiver that is plain data */
    il_g_policy policy;
    const il_site *site;
    GQueue running;         /* struct call */
    GQueue queued;          /* struct call: not started yet */
    il_callback start_next; /* posted when a call has ended */
} connection;

typedef struct call {
    il_g_emission emission; /* first: what the slot gets */
    connection *connection; /* a reference */
    il_task *task;          /* a reference; NULL while queued */
    ili_g_keeper sender;
    ili_g_keeper receiver;
    gboolean *ended;    /* set when it ends inside the spawning call */
    il_loop *loop;      /* a reference: others post to it, even late */
    gboolean unwanted;  /* cancelled; if queued, it will not start */
    il_callback cancel; /* posted when another thread wants it cancelled */
    il_callback clean_up;
} call;

static void start(call *c, GValue *answer);

static void connection_unref(connection *conn)
{
    if (!g_atomic_ref_count_dec(&conn->refs))
        return;
    if (conn->destroy)
        conn->destroy(conn->receiver);
    (void)il_loop_unref(conn->loop);
    g_free(conn);
}

/* --- calls ------------------------------------------------------------------ */

static void cancel_call(gpointer data)
{
    call *c = data;

    c->unwanted = TRUE;
    if (c->task)
        (void)il_task_cancel(c->task);
}

/* Sender or receiver has nobody left but us.  Whoever let go may have been
 * another thread; a second post while one is queued is refused, rightly. */
static void on_alone(gpointer data)
{
    call *c = data;

    if (il_loop_current() == c->loop)
        cancel_call(c);
    else
        (void)il_post_threadsafe(c->loop, &c->cancel);
}

static void clean_up(void *data)
{
    call *c = data;
    connection *conn = c->connection;

    ili_g_let_go(&c->sender);
    ili_g_let_go(&c->receiver);
    (void)il_callback_cancel(&c->cancel);
    ili_g_emission_fini(&c->emission);
    (void)il_loop_unref(c->loop);
    g_free(c);
    connection_unref(conn);
}

static call *call_new(connection *conn, const GValue *values, guint n_values)
{
    call *c = g_new0(call, 1);

    g_atomic_ref_count_inc(&conn->refs);
    c->connection = conn;
    c->loop = il_loop_ref(conn->loop);
    c->cancel = (il_callback)IL_CALLBACK_INIT(cancel_call, c);
    c->clean_up = (il_callback)IL_CALLBACK_INIT(clean_up, c);
    ili_g_emission_init(&c->emission, values, n_values);
    ili_g_keep(&c->sender, c->emission.sender, on_alone, c);
    ili_g_keep(&c->receiver, conn->bound, on_alone, c);
    return c;
}

/* The slot has returned; we are still on its stack. */
static void call_ended(void *data)
{
    call *c = data;
    connection *conn = c->connection;
    il_loop *loop = il_loop_current();

    g_queue_remove(&conn->running, c);
    c->task = il_task_unref(c->task);
    if (!g_queue_is_empty(&conn->queued) &&
        il_post(loop, &conn->start_next) == 0)
        g_atomic_ref_count_inc(&conn->refs);
    if (c->ended)
        *c->ended = TRUE; /* start() cleans up */
    else if (il_post(loop, &c->clean_up) < 0)
        clean_up(c);
}

static int run_slot(void *data)
{
    call *c = data;

    return c->connection->fn(&c->emission, c->connection->receiver);
}

static void start(call *c, GValue *answer)
{
    connection *conn = c->connection;
    gboolean ended = FALSE;
    const il_spawn_options options = {
        .fn = run_slot, .arg = c, .destroy = call_ended, .site = conn->site
    };

    c->emission.answer = answer;
    c->ended = &ended;
    g_queue_push_tail(&conn->running, c);
    if (il_spawn_with(NULL, &options, &c->task) < 0) {
        g_queue_remove(&conn->running, c);
        clean_up(c);
        return;
    }
    if (ended) {
        clean_up(c);
        return;
    }
    c->ended = NULL;
    c->emission.answer = NULL;
    c->emission.suspended = TRUE;
}

static void start_next(void *data)
{
    connection *conn = data;

    while (g_queue_is_empty(&conn->running) &&
           !g_queue_is_empty(&conn->queued)) {
        call *next = g_queue_pop_head(&conn->queued);

        if (next->unwanted)
            clean_up(next);
        else
            start(next, NULL);
    }
    connection_unref(conn);
}

static void cancel_running(connection *conn)
{
    for (GList *link = conn->running.head; link; link = link->next)
        cancel_call(link->data);
}

static void drop_queued(connection *conn)
{
    while (!g_queue_is_empty(&conn->queued))
        clean_up(g_queue_pop_head(&conn->queued));
}

/* --- connections -------------------------------------------------------------- */

static void on_receiver_disposed(gpointer data, GObject *receiver);

/* From here on no slot starts. */
static void connection_end(connection *conn)
{
    if (!conn->bridge)
        return;
    g_queue_remove(&conn->bridge->connections, conn);
    conn->bridge = NULL;
    if (conn->bound)
        g_object_weak_unref(conn->bound, on_receiver_disposed, conn);
    conn->bound = NULL;
    cancel_running(conn);
    drop_queued(conn);
}

static void ended_elsewhere(gpointer target, const GValue *values,
                            guint n_values)
{
    (void)values;
    (void)n_values;
    connection_end(target);
    connection_unref(target);
}

static void on_invalidated(gpointer data, GClosure *closure)
{
    connection *conn = data;

    (void)closure;
    if (il_loop_current() == conn->loop) {
        connection_end(conn);
        return;
    }
    g_atomic_ref_count_inc(&conn->refs);
    if (!ili_g_carry(conn->loop, ended_elsewhere, conn, NULL, 0))
        connection_unref(conn);
}

static void on_closure_gone(gpointer data, GClosure *closure)
{
    (void)closure;
    connection_unref(data);
}

/* The handler's sender is alive, or the connection would have ended. */
static void on_receiver_disposed(gpointer data, GObject *receiver)
{
    connection *conn = data;
    GObject *sender = g_object_ref(conn->sender);
    gulong id = conn->id;

    (void)receiver;
    conn->bound = NULL; /* the weak reference is spent */
    connection_end(conn);
    g_signal_handler_disconnect(sender, id);
    g_object_unref(sender);
}

/* The signal was emitted; `answer` is NULL if the emitter does not wait. */
static void emitted(connection *conn, const GValue *values, guint n_values,
                    GValue *answer)
{
    gboolean busy =
        conn->policy != IL_G_PARALLEL &&
        (!g_queue_is_empty(&conn->running) || !g_queue_is_empty(&conn->queued));

    /* A receiver that goes as soon as its slots have ended gets no new one,
     * which would keep it. */
    if (!conn->bridge || ili_g_is_alone(conn->bound) ||
        (busy && conn->policy == IL_G_SKIP_WHILE_BUSY))
        return;
    if (busy && conn->policy == IL_G_RESTART) {
        cancel_running(conn);
        drop_queued(conn);
    }
    if (busy) {
        call *c = call_new(conn, values, n_values);

        c->emission.suspended = TRUE;
        g_queue_push_tail(&conn->queued, c);
        return;
    }
    start(call_new(conn, values, n_values), answer);
}

static void emitted_elsewhere(gpointer target, const GValue *values,
                              guint n_values)
{
    emitted(target, values, n_values, NULL);
    connection_unref(target);
}

static void on_emitted(GClosure *closure, GValue *answer, guint n_values,
                       const GValue *values, gpointer hint, gpointer data)
{
    connection *conn = closure->data;

    (void)hint;
    (void)data;
    if (il_loop_current() == conn->loop) {
        emitted(conn, values, n_values, answer);
        return;
    }
    g_atomic_ref_count_inc(&conn->refs);
    if (!ili_g_carry(conn->loop, emitted_elsewhere, conn, values, n_values))
        connection_unref(conn);
}

static GClosure *make_closure(connection *conn)
{
    GClosure *closure = g_closure_new_simple(sizeof(GClosure), conn);

    g_closure_set_marshal(closure, on_emitted);
    g_closure_add_invalidate_notifier(closure, conn, on_invalidated);
    g_closure_add_finalize_notifier(closure, conn, on_closure_gone);
    return closure;
}

static gulong connect_slot(gpointer sender, const char *signal,
                           const connection *template)
{
    ili_g_bridge *bridge = ili_g_bridge_get();
    connection *conn;
    guint signal_id;
    GQuark detail;

    if (!bridge || bridge->ending || !template->fn ||
        (guint) template->policy > IL_G_RESTART ||
        !ili_g_find_signal(sender, signal, &signal_id, &detail))
        return 0;

    conn = g_new(connection, 1);
    *conn = *template;
    g_atomic_ref_count_init(&conn->refs);
    conn->bridge = bridge;
    conn->loop = il_loop_ref(bridge->loop);
    conn->sender = sender;
    conn->start_next = (il_callback)IL_CALLBACK_INIT(start_next, conn);
    g_queue_push_tail(&bridge->connections, conn);
    if (conn->bound)
        g_object_weak_ref(conn->bound, on_receiver_disposed, conn);
    conn->id = g_signal_connect_closure_by_id(sender, signal_id, detail,
                                              make_closure(conn), FALSE);
    return conn->id;
}

gulong il_g_connect_at(gpointer sender, const char *signal, il_g_slot_fn *fn,
                       gpointer receiver, il_g_policy policy,
                       const il_site *site)
{
    const connection template = { .fn = fn,
                                  .receiver = receiver,
                                  .bound = receiver,
                                  .policy = policy,
                                  .site = site };

    if (receiver && !G_IS_OBJECT(receiver))
        return 0;
    return connect_slot(sender, signal, &template);
}

gulong il_g_connect_data_at(gpointer sender, const char *signal,
                            il_g_slot_fn *fn, gpointer data,
                            GDestroyNotify destroy, il_g_policy policy,
                            const il_site *site)
{
    const connection template = { .fn = fn,
                                  .receiver = data,
                                  .destroy = destroy,
                                  .policy = policy,
                                  .site = site };

    return connect_slot(sender, signal, &template);
}

void il_g_disconnect(gpointer sender, gulong id)
{
    if (sender && id > 0 && g_signal_handler_is_connected(sender, id))
        g_signal_handler_disconnect(sender, id);
}

void ili_g_connections_end(ili_g_bridge *bridge)
{
    while (!g_queue_is_empty(&bridge->connections)) {
        connection *conn = g_queue_peek_head(&bridge->connections);

        g_signal_handler_disconnect(conn->sender, conn->id);
    }
}
