/* SPDX-License-Identifier: MIT */

/* gtask.c - a task as a GAsyncResult.
 *
 * Each export is a GTask for those outside and a task for the body.  What the
 * body says is kept until it has returned and only then given to the GTask,
 * which would otherwise call back at once, on the task's stack.
 *
 * The callback is somebody's code, so it gets a dispatch of its own in the
 * context of whoever began: not the task's stack, and not a turn of ours either,
 * in which it could not end the loop.
 *
 *     il_g_task_run -> body ... -> over -> dispatch in the caller's context
 *                  \-> fail -------^             \-> g_task_return -> callback
 *
 * The GTask owns the export as its data.  References to it: the task's, until
 * the body has returned; then the dispatch's.
 *
 * A body that would not end when the loop closed never returns.  The bridge
 * knows all exports that run, and tells for those that are left. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

enum kind { NOTHING, POINTER, BOOLEAN, INT, VALUE, ERROR };

struct il_g_task {
    GTask *gtask;         /* its owner; a reference until it is over */
    ili_g_bridge *bridge; /* NULL once over */
    GList link;           /* in bridge->exports until then */
    il_g_task_fn *fn;
    gpointer data; /* the body's */
    GDestroyNotify destroy;
    il_g_cancel_scope *scope; /* around the body, on its stack, or NULL */

    enum kind kind; /* of the following, what was said last */
    gpointer pointer;
    GDestroyNotify pointer_destroy;
    gssize number; /* also a boolean */
    GValue value;
    GError *error;
};

/* --- what was said -------------------------------------------------------------- */

/* Drop it; what is not set is zero. */
static void unset(il_g_task *task)
{
    if (task->kind == POINTER && task->pointer_destroy)
        task->pointer_destroy(task->pointer);
    if (task->kind == VALUE)
        g_value_unset(&task->value);
    g_clear_error(&task->error);
    task->kind = NOTHING;
}

static void set_error(il_g_task *task, GError *error)
{
    unset(task);
    task->kind = ERROR;
    task->error = error;
}

static void set_number(il_g_task *task, enum kind kind, gssize number)
{
    unset(task);
    task->kind = kind;
    task->number = number;
}

void il_g_task_return_pointer(il_g_task *task, gpointer result,
                              GDestroyNotify destroy)
{
    unset(task);
    task->kind = POINTER;
    task->pointer = result;
    task->pointer_destroy = destroy;
}

void il_g_task_return_boolean(il_g_task *task, gboolean result)
{
    set_number(task, BOOLEAN, result);
}

void il_g_task_return_int(il_g_task *task, gssize result)
{
    set_number(task, INT, result);
}

void il_g_task_return_value(il_g_task *task, const GValue *result)
{
    GValue copy = G_VALUE_INIT;

    g_value_init(&copy, G_VALUE_TYPE(result));
    g_value_copy(result, &copy);
    unset(task);
    task->kind = VALUE;
    task->value = copy; /* GValues may be moved */
}

void il_g_task_return_error(il_g_task *task, GError *error)
{
    set_error(task, error);
}

gpointer il_g_task_get_source_object(const il_g_task *task)
{
    return g_task_get_source_object(task->gtask);
}

GCancellable *il_g_task_get_cancellable(const il_g_task *task)
{
    return g_task_get_cancellable(task->gtask);
}

void il_g_task_set_priority(il_g_task *task, gint priority)
{
    g_task_set_priority(task->gtask, priority);
}

/* --- telling it ----------------------------------------------------------------- */

static void export_free(gpointer data)
{
    unset(data);
    g_free(data);
}

/* In the context of whoever began.  The GTask takes what was said; it goes with
 * the task's data when it has told. */
static gboolean tell(gpointer data)
{
    GTask *gtask = data;
    il_g_task *task = g_task_get_task_data(gtask);
    enum kind kind = task->kind;

    task->kind = NOTHING;
    switch (kind) {
    case POINTER:
        g_task_return_pointer(gtask, task->pointer, task->pointer_destroy);
        break;
    case BOOLEAN:
        g_task_return_boolean(gtask, task->number != 0);
        break;
    case VALUE:
        g_task_return_value(gtask, &task->value);
        g_value_unset(&task->value);
        break;
    case ERROR:
        g_task_return_error(gtask, g_steal_pointer(&task->error));
        break;
    case INT:
    case NOTHING:
    default:
        g_task_return_int(gtask, task->number);
        break;
    }
    return G_SOURCE_REMOVE;
}

/* Nothing more will be said. */
static void over(il_g_task *task)
{
    GTask *gtask = task->gtask;
    GSource *source = g_idle_source_new();

    if (task->bridge)
        g_queue_unlink(&task->bridge->exports, &task->link);
    task->bridge = NULL;
    g_source_set_static_name(source, "interloop task");
    g_task_attach_source(gtask, source, tell);
    g_source_unref(source);
    g_object_unref(gtask); /* the source has one */
}

static void destroy_data(il_g_task *task)
{
    if (task->destroy)
        task->destroy(task->data);
}

/* --- running ---------------------------------------------------------------------- */

static int run_body(il_g_task *task)
{
    GCancellable *cancellable = il_g_task_get_cancellable(task);
    il_g_cancel_scope scope;
    int r;

    if (g_cancellable_is_cancelled(cancellable))
        return -ECANCELED;
    r = il_g_cancel_scope_enter(&scope, cancellable);
    if (r < 0)
        return r;
    task->scope = &scope;
    r = task->fn(task, task->data);
    task->scope = NULL;
    return il_g_cancel_scope_leave(&scope, r);
}

/* The task.  Errors go to the callback, so it has none itself. */
static int run_export(void *data)
{
    il_g_task *task = data;
    int r = run_body(task);

    if (r < 0 && task->kind != ERROR)
        set_error(task, il_g_error_from(r));
    else if (task->kind == NOTHING)
        set_number(task, INT, r);
    return 0;
}

/* On the task's stack, also if it was cancelled before its first step. */
static void export_ended(void *data)
{
    destroy_data(data);
    over(data);
}

static void fail(il_g_task *task, GIOErrorEnum code, const char *message)
{
    set_error(task, g_error_new_literal(G_IO_ERROR, (gint)code, message));
    destroy_data(task);
    over(task);
}

static void spawn(il_g_task *task, ili_g_bridge *bridge, const il_site *site)
{
    const il_spawn_options options = {
        .fn = run_export, .arg = task, .destroy = export_ended, .site = site
    };
    int r;

    task->bridge = bridge;
    task->link.data = task;
    g_queue_push_tail_link(&bridge->exports, &task->link);
    r = il_spawn_with(NULL, &options, NULL);
    if (r == -ECANCELED || r == -ESHUTDOWN)
        fail(task, G_IO_ERROR_CLOSED, il_error_text(-ESHUTDOWN));
    else if (r < 0)
        fail(task, g_io_error_from_errno(-r), il_error_text(r));
}

void il_g_task_run_at(gpointer source, gpointer source_tag,
                      GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer user_data, il_g_task_fn *fn, gpointer data,
                      GDestroyNotify destroy, const il_site *site)
{
    ili_g_bridge *bridge = ili_g_bridge_get();
    il_g_task *task;

    g_return_if_fail(fn);
    task = g_new0(il_g_task, 1);
    task->gtask = g_task_new(source, cancellable, callback, user_data);
    task->fn = fn;
    task->data = data;
    task->destroy = destroy;
    g_task_set_source_tag(task->gtask, source_tag);
    g_task_set_name(task->gtask, site ? site->name : NULL);
    /* A value that is there wins over a cancel. */
    g_task_set_check_cancellable(task->gtask, FALSE);
    g_task_set_task_data(task->gtask, task, export_free);

    if (!bridge)
        fail(task, G_IO_ERROR_NOT_INITIALIZED,
             "this thread has no loop that is a guest");
    else
        spawn(task, bridge, site);
}

void ili_g_exports_end(ili_g_bridge *bridge)
{
    while (!g_queue_is_empty(&bridge->exports)) {
        il_g_task *task = g_queue_peek_head(&bridge->exports);

        if (task->scope)
            ili_g_cancel_scope_unlink(task->scope);
        set_error(task, g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CLOSED,
                                            "the task did not end"));
        over(task);
    }
}
