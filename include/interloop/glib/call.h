/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_CALL_H
#define INTERLOOP_GLIB_CALL_H

/**
 * @file glib/call.h
 * @brief Wait for any pair of GIO functions, `_async` and `_finish`.
 *
 * For tasks of a loop that is a guest, see il_g_begin().
 */

#include <interloop/interloop.h>

#include <gio/gio.h>

IL_BEGIN_DECLS

/** A GIO operation that a task waits for; lives on its stack. */
typedef struct il_g_call {
    GAsyncResult *result;      /**< for the operation's _finish function */
    GCancellable *cancellable; /**< private */
    il_future called_back;     /**< private */
    void *reserved[2];         /**< private */
} il_g_call;

/** Every call starts like this. */
#define IL_G_CALL_INIT                                                         \
    {                                                                          \
        NULL, NULL, IL_FUTURE_INIT,                                            \
        {                                                                      \
            NULL, NULL                                                         \
        }                                                                      \
    }

/**
 * The cancellable to give to the operation, borrowed from the call; NULL for
 * NULL.
 *
 * Cancelling the task cancels it; cancelling it directly lets the operation
 * end and il_g_call_wait() return 0, for `_finish` to tell.
 */
IL_EXPORT GCancellable *il_g_call_cancellable(il_g_call *call);

/** The callback to give to the operation, with the call as its user data.  Give
 *  it the cancellable too: without, a wait that is refused leaves the operation
 *  with a pointer to a call that is gone. */
IL_EXPORT void il_g_call_ready(GObject *source, GAsyncResult *result,
                               gpointer call);

/**
 * Wait until the operation has called back.
 *
 *     il_g_call call = IL_G_CALL_INIT;
 *     g_file_load_contents_async (file, il_g_call_cancellable (&call),
 *                                 il_g_call_ready, &call);
 *     r = il_g_call_wait (&call);
 *     if (r == 0)
 *         ok = g_file_load_contents_finish (file, call.result, …);
 *     il_g_call_clear (&call);
 *
 * When the task is cancelled the operation is cancelled too, and this goes on
 * waiting until it has called back, as GIO promises it will: its data is on
 * the caller's stack.
 *
 * @suspends Unless it has called back already.
 *
 * @retval 0           Finish it with `call->result`.
 * @retval -ECANCELED  The task was cancelled and the operation did not
 *                     succeed; there is nothing to finish.
 * @retval -EINVAL     No call.
 * @retval -ESRCH      Not in a task.
 * @retval -EDEADLK    Under a nested host loop.  In these two cases, if the
 *                     operation was given the cancellable, it was cancelled
 *                     and the context iterated until it had called back.
 */
IL_EXPORT IL_MUST_CHECK int il_g_call_wait(il_g_call *call);

/** Drop what the call holds; afterwards it can be used again.  @param call  May
 *  be NULL. */
IL_EXPORT void il_g_call_clear(il_g_call *call);

IL_END_DECLS

#endif
