/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_MODAL_H
#define INTERLOOP_MODAL_H

/**
 * @file modal.h
 * @brief Run a function on the host's own stack, e.g. a modal dialog.
 *
 * A task may open a nested host loop by itself, and other tasks go on in it.
 * But then the dialog, and whatever it calls, lives on the task's stack, and
 * tasks that open loops on top of each other can only end in reverse order.
 * il_modal() lets the host do it: the task waits like any other.
 *
 * For tasks of the calling thread.
 */

#include <interloop/export.h>
#include <interloop/loop.h>
#include <interloop/task.h>

IL_BEGIN_DECLS

/**
 * Have a function run as interleaved code, and wait until it has returned.
 *
 *     static int ask (void *dialog)
 *     {
 *         return gtk_dialog_run (dialog);   // GTK 3: a nested main loop
 *     }
 *     …
 *     r = il_modal (ask, dialog, close_it, &answer);
 *
 * It runs right after the running item: before whatever else is ready, several
 * in the order they came, outside every task, on the stack from which the host
 * called us.  This works in every
 * step of a task, the first one of an eager slot included.  In a nested host
 * loop of the function, turns go on, the caller's own wait excepted.  Modal
 * functions that overlap end in reverse order, as their stack frames do.
 *
 * In native mode there is no host loop to nest; the function runs all the same,
 * and nothing else does meanwhile.
 *
 * @suspends Always, except for errors.
 *
 * @param      fn          What to run.  It is no task and must not suspend.
 * @param      arg         Passed to it; may be on the caller's stack.
 * @param      quit        Called with @p arg, outside every task, when the
 *                         caller is cancelled while @p fn runs: make it return.
 *                         It comes with a turn of the nested loop, so not any
 *                         more after il_loop_stop().  May be NULL.
 * @param[out] ret_result  What @p fn returned; may be NULL.
 * @retval 0           It has run.  Also if the caller was cancelled meanwhile:
 *                     it then waits all the same, and the next wait tells.
 * @retval -ECANCELED  The caller was cancelled first; @p fn did not run.
 * @retval -EINVAL     No function.
 * @retval -EDEADLK    Under a nested host loop of the caller's own.
 * @retval -ESRCH      Not in a task.
 */
IL_EXPORT IL_MUST_CHECK int il_modal(il_task_fn *fn, void *arg,
                                     il_callback_fn *quit, int *ret_result);

IL_END_DECLS

#endif
