/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_TASK_H
#define INTERLOOP_GLIB_TASK_H

/**
 * @file glib/task.h
 * @brief Offer a task to others as a pair of functions, `_async` and `_finish`.
 *
 * Who calls them sees GIO as everywhere and knows nothing of tasks:
 *
 *     void bank_transfer_async (Bank *bank, …, GCancellable *cancellable,
 *                               GAsyncReadyCallback callback, gpointer data)
 *     {
 *         il_g_task_run (bank, bank_transfer_async, cancellable, callback,
 *                        data, transfer, order, order_free);
 *     }
 *
 *     gssize bank_transfer_finish (Bank *bank, GAsyncResult *result,
 *                                  GError **error)
 *     {
 *         return g_task_propagate_int (G_TASK (result), error);
 *     }
 *
 * The result is a GTask, so g_task_is_valid(), g_async_result_is_tagged() and
 * the g_task_propagate functions work on it.
 *
 * For tasks of a loop that is a guest, see il_g_begin().
 */

#include <interloop/interloop.h>

#include <gio/gio.h>

IL_BEGIN_DECLS

/** A task under way for somebody who waits for a GAsyncResult.  Valid inside
 *  its body. */
typedef struct il_g_task il_g_task;

/**
 * The body of an exported task.
 *
 * @param task  For the functions below.
 * @param data  From il_g_task_run().
 * @return A negative errno for an error; it becomes a GError by
 * il_g_error_from(), so that one that was propagated keeps its message.  Zero or
 * more is a success; the number is the result, as an integer, if the body has
 * set no other.
 */
typedef int il_g_task_fn(il_g_task *task, gpointer data);

/**
 * Run a body as a task and tell its result to a callback.
 *
 * The body's first step runs inside this call.  The callback is called once, by
 * the thread-default main context of the caller, never inside this call:
 *  - with the result, when the body has returned;
 *  - with G_IO_ERROR_CANCELLED, if @p cancellable was cancelled first, or the
 *    loop ended: when the body has returned, which may clean up behind a
 *    shield.  A cancellable that is cancelled already keeps it from running;
 *  - with G_IO_ERROR_NOT_INITIALIZED, if this thread has no loop that is a guest;
 *  - with G_IO_ERROR_CLOSED, if that loop is ending, or ended without waiting
 *    for the body any longer.
 *
 * When il_g_end() was called, nobody but the caller iterates the context; the
 * callback comes when it is.
 *
 * A value that the body returned although it was cancelled is delivered.
 *
 * `void il_g_task_run(gpointer source, gpointer source_tag, GCancellable
 * *cancellable, GAsyncReadyCallback callback, gpointer user_data, il_g_task_fn
 * *fn, gpointer data, GDestroyNotify destroy)`
 *
 * @param source       The GObject that the operation belongs to, which is
 *                     referenced, or NULL.
 * @param source_tag   Usually the `_async` function, for g_task_is_valid(); may
 *                     be NULL.
 * @param cancellable  Or NULL.
 * @param callback     May be NULL.
 * @param user_data    Passed to @p callback.
 * @param fn           The body.
 * @param data         Passed to the body.
 * @param destroy      Called once with @p data, in this thread, when the body
 *                     has returned or will not run, before the callback; may
 *                     be NULL.  Not if a body would not end and was abandoned.
 */
#define il_g_task_run(source, source_tag, cancellable, callback, user_data,    \
                      fn, data, destroy)                                       \
    il_g_task_run_at((source), (gpointer)(gsize)(source_tag), (cancellable),   \
                     (callback), (user_data), (fn), (data), (destroy),         \
                     IL_SITE_(#fn))

/** The function behind il_g_task_run(). */
IL_EXPORT void il_g_task_run_at(gpointer source, gpointer source_tag,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data, il_g_task_fn *fn,
                                gpointer data, GDestroyNotify destroy,
                                const il_site *site);

/** @name What the body says
 *
 * The last one counts; values set before are dropped.  Nothing is told before
 * the body has returned, and if that returns an error, an error is told: the
 * one set here if there is one. */
/**@{*/

/** Result for g_task_propagate_pointer().  @param destroy  Called with @p result
 *  if nobody takes it; may be NULL. */
IL_EXPORT void il_g_task_return_pointer(il_g_task *task, gpointer result,
                                        GDestroyNotify destroy);
/** Result for g_task_propagate_boolean(). */
IL_EXPORT void il_g_task_return_boolean(il_g_task *task, gboolean result);
/** Result for g_task_propagate_int(). */
IL_EXPORT void il_g_task_return_int(il_g_task *task, gssize result);
/** Result for g_task_propagate_value().  @param result  Is copied. */
IL_EXPORT void il_g_task_return_value(il_g_task *task, const GValue *result);
/** The error to tell.  @param error  Taken; not NULL. */
IL_EXPORT void il_g_task_return_error(il_g_task *task, GError *error);

/**@}*/

/** The object that the operation belongs to, or NULL. */
IL_EXPORT gpointer il_g_task_get_source_object(const il_g_task *task);

/** The caller's cancellable, or NULL.  The body needs it only to ask: its waits
 *  are cancelled by it anyway. */
IL_EXPORT GCancellable *il_g_task_get_cancellable(const il_g_task *task);

/** Set the priority of the callback's dispatch, e.g. the `io_priority` that GIO's
 *  functions take; else G_PRIORITY_DEFAULT. */
IL_EXPORT void il_g_task_set_priority(il_g_task *task, gint priority);

IL_END_DECLS

#endif
