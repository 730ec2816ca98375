/* SPDX-License-Identifier: MIT */

/* slot.c - one run of an async slot.
 *
 * A call ends on the task's stack, but then objects may be finalized, which is
 * arbitrary code; that is done in a post, on the host's stack.
 *
 * Between any two calls into this file a call is in `running`, from before its
 * first step until its slot has returned, or in `queued`, or in neither and
 * about to be cleaned up. */

#include "config.h"

#include "host/glib/slot.h"

#include <errno.h>

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
    ili_g_connection_unref(conn);
}

call *ili_g_call_new(connection *conn, GObject *receiver, il_g_emission *said)
{
    call *c = g_new0(call, 1);

    c->connection = ili_g_connection_ref(conn);
    c->loop = il_loop_ref(conn->loop);
    c->cancel = (il_callback)IL_CALLBACK_INIT(cancel_call, c);
    c->clean_up = (il_callback)IL_CALLBACK_INIT(clean_up, c);
    ili_g_emission_move(&c->emission, said);
    ili_g_keep(&c->sender, c->emission.sender, on_alone, c);
    ili_g_keep(&c->receiver, receiver, on_alone, c);
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
        (void)ili_g_connection_ref(conn);
    if (c->ended)
        *c->ended = TRUE; /* ili_g_call_start() cleans up */
    else if (il_post(loop, &c->clean_up) < 0)
        clean_up(c);
}

static int run_slot(void *data)
{
    call *c = data;
    connection *conn = c->connection;

    /* Not from the spawn: it may be cancelled in its first step. */
    c->task = il_task_ref(il_task_current());
    return conn->method ? conn->method(conn->receiver, &c->emission)
                        : conn->fn(&c->emission, conn->receiver);
}

gboolean ili_g_call_start(call *c, GValue *answer)
{
    connection *conn = c->connection;
    gboolean ended = FALSE;
    const il_spawn_options options = {
        .fn = run_slot,
        .arg = c,
        .destroy = call_ended,
        .site = conn->site,
        .flags = IL_LOCALS,
        .locals = conn->locals,
    };
    int r;

    if (c->unwanted) {
        clean_up(c);
        return FALSE;
    }
    c->emission.answer = answer;
    c->ended = &ended;
    g_queue_push_tail(&conn->running, c);
    r = il_spawn_with(NULL, &options, NULL);
    if (r < 0) {
        /* When the loop ends nobody expects it to start. */
        if (r != -ECANCELED && r != -ESHUTDOWN)
            g_warning("slot %s could not start: %s",
                      conn->site ? conn->site->name : "", il_strerror(r));
        g_queue_remove(&conn->running, c);
        clean_up(c);
        return FALSE;
    }
    if (ended) {
        clean_up(c);
        return TRUE;
    }
    c->ended = NULL;
    c->emission.answer = NULL;
    c->emission.suspended = TRUE;
    return TRUE;
}

/* One at a time: a slot that ends has this posted anew.  One that emits its own
 * signal would otherwise keep the host from running. */
void ili_g_calls_start_next(void *data)
{
    connection *conn = data;
    gboolean started = FALSE;

    while (!started && g_queue_is_empty(&conn->running) &&
           !g_queue_is_empty(&conn->queued))
        started = ili_g_call_start(g_queue_pop_head(&conn->queued), NULL);
    ili_g_connection_unref(conn);
}

gboolean ili_g_calls_are_idle(const connection *conn)
{
    return g_queue_is_empty((GQueue *)&conn->running) &&
           g_queue_is_empty((GQueue *)&conn->queued);
}

void ili_g_calls_cancel_running(connection *conn)
{
    for (GList *link = conn->running.head; link; link = link->next)
        cancel_call(link->data);
}

void ili_g_calls_drop(GQueue *calls)
{
    while (!g_queue_is_empty(calls))
        clean_up(g_queue_pop_head(calls));
}
