/* SPDX-License-Identifier: MIT */

/* gcancel.c - GCancellable and scope, either way.
 *
 * A GCancellable may be cancelled in any thread, also while we stop listening
 * to it.  So its handler knows nothing but a *link*, which it shares with the
 * scope: in our thread it cancels the scope, which only queues; in others it
 * posts the link.  Only our thread looks at the scope in it.
 *
 * Not g_cancellable_connect(): g_cancellable_disconnect() waits until handlers
 * that run have returned, and would wait for ever in a handler, or in a task
 * that goes on in a loop nested in one.
 *
 * The other way round, g_cancellable_cancel() runs whatever its handlers are,
 * so it is called from a post. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

/* --- from GCancellable to scope ------------------------------------------------- */

/* Shared by the handler, the scope and a post: g_atomic_rc_box. */
struct link {
    il_loop *loop;        /* a reference */
    il_scope *scope;      /* for the loop's thread; NULL: it was left */
    il_callback callback; /* posted from other threads, with a reference */
};

static void link_clear(gpointer data)
{
    (void)il_loop_unref(((struct link *)data)->loop);
}

static void link_unref(gpointer link)
{
    g_atomic_rc_box_release_full(link, link_clear);
}

static void handler_gone(gpointer link, GClosure *closure)
{
    (void)closure;
    link_unref(link);
}

static void cancelled_elsewhere(void *data)
{
    struct link *link = data;

    if (link->scope)
        il_scope_cancel(link->scope);
    link_unref(link);
}

/* In any thread, also while or after the scope is left. */
static void on_cancelled(GCancellable *cancellable, gpointer data)
{
    struct link *link = data;
    il_loop *loop = __atomic_load_n(&link->loop, __ATOMIC_ACQUIRE);

    (void)cancellable;
    if (il_loop_current() == loop) {
        if (link->scope)
            il_scope_cancel(link->scope);
        return;
    }
    /* It may be under way already, or the loop may be closed. */
    g_atomic_rc_box_acquire(link);
    if (il_post_threadsafe(loop, &link->callback) < 0)
        link_unref(link);
}

static void connect_link(il_g_cancel_scope *scope, GCancellable *cancellable)
{
    struct link *link = g_atomic_rc_box_new0(struct link);

    link->scope = &scope->scope;
    link->callback = (il_callback)IL_CALLBACK_INIT(cancelled_elsewhere, link);
    /* GSignal's lock publishes the link, but ThreadSanitizer cannot see it. */
    __atomic_store_n(&link->loop, il_loop_ref(il_loop_current()),
                     __ATOMIC_RELEASE);
    scope->link = link;
    scope->cancellable = g_object_ref(cancellable);
    scope->handler = g_signal_connect_data(
        cancellable, "cancelled", G_CALLBACK(on_cancelled),
        g_atomic_rc_box_acquire(link), handler_gone, (GConnectFlags)0);
    /* Whoever cancels it from here on finds the handler. */
    if (g_cancellable_is_cancelled(cancellable))
        il_scope_cancel(&scope->scope);
}

int il_g_cancel_scope_enter(il_g_cancel_scope *scope, GCancellable *cancellable)
{
    int r;

    if (!scope || (cancellable && !G_IS_CANCELLABLE(cancellable)))
        return -EINVAL;
    r = il_scope_enter(&scope->scope, IL_FOREVER);
    if (r < 0)
        return r;
    scope->cancellable = NULL;
    if (cancellable)
        connect_link(scope, cancellable);
    return 0;
}

void ili_g_cancel_scope_unlink(il_g_cancel_scope *scope)
{
    if (!scope->cancellable)
        return;
    ((struct link *)scope->link)->scope = NULL;
    g_signal_handler_disconnect(scope->cancellable, scope->handler);
    link_unref(scope->link);
    g_clear_object(&scope->cancellable);
}

int il_g_cancel_scope_leave(il_g_cancel_scope *scope, int result)
{
    int r;

    if (!scope)
        return -EINVAL;
    /* Not with the result itself, which could be one of these two. */
    r = il_scope_leave(&scope->scope, 0);
    if (r == -EINVAL || r == -ESRCH)
        return r;
    ili_g_cancel_scope_unlink(scope);
    return result;
}

void il_g_cancel_block_enter_(il_g_cancel_block *block,
                              GCancellable *cancellable, int *result)
{
    int r = il_g_cancel_scope_enter(&block->scope, cancellable);

    block->result = result;
    block->entered = block->once = r == 0;
    if (r < 0)
        *result = r;
}

void il_g_cancel_block_leave_(il_g_cancel_block *block)
{
    if (block->entered)
        *block->result = il_g_cancel_scope_leave(&block->scope, *block->result);
}

/* --- from scope to GCancellable ------------------------------------------------- */

/* A handler may run a nested loop, in which the task closes the tie. */
static void cancel_tied(void *data)
{
    GCancellable *cancellable = g_object_ref(((il_g_tie *)data)->cancellable);

    g_cancellable_cancel(cancellable);
    g_object_unref(cancellable);
}

GCancellable *il_g_tie_open(il_g_tie *tie)
{
    if (!tie || il_scope_enter(&tie->scope, IL_FOREVER) < 0)
        return NULL;
    tie->cancellable = g_cancellable_new();
    tie->callback = (il_callback)IL_CALLBACK_INIT(cancel_tied, tie);
    if (il_task_is_cancelled(il_task_current()))
        g_cancellable_cancel(tie->cancellable); /* has no handlers yet */
    else
        (void)il_scope_on_cancel(&tie->scope, &tie->callback);
    return tie->cancellable;
}

int il_g_tie_close(il_g_tie *tie)
{
    il_task *task = il_task_current();
    GCancellable *cancellable;
    gboolean cancelled;
    int r;

    if (!tie)
        return -EINVAL;
    if (!task)
        return -ESRCH;
    /* Of the innermost scope, which must be the tie's. */
    cancelled = il_task_is_cancelled(task);
    r = il_scope_leave(&tie->scope, 0);
    if (r < 0)
        return r;
    (void)il_callback_cancel(&tie->callback);
    cancellable = tie->cancellable;
    if (cancelled)
        g_cancellable_cancel(cancellable); /* nothing if it was before */
    g_object_unref(cancellable);
    return 0;
}
