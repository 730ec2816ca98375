/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_SUBMIT_H
#define INTERLOOP_SUBMIT_H

/**
 * @file submit.h
 * @brief Have something done in another thread's loop, and wait for it.
 *
 * il_call_sync() runs a function there and waits for its result; il_submit()
 * runs a task there, which may wait itself, and gives a handle for its result.
 * Both are for any thread: in a task they let others run meanwhile, in a plain
 * thread they block.
 *
 * As for il_post_threadsafe(), the caller holds a reference of the loop or
 * knows otherwise that it exists.  A loop that closes answers everybody: no
 * wait here outlasts it.
 */

#include <interloop/export.h>
#include <interloop/shared_future.h>
#include <interloop/task.h>
#include <interloop/time.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/**
 * What il_call_sync() runs: on the loop's thread, outside every task, so that
 * it cannot wait.
 *
 * @return The result.
 */
typedef int il_sync_fn(void *arg);

/**
 * Run a function in a loop and wait for its result.
 *
 * From the loop's own thread it is called right here, in the caller's task if
 * there is one.
 *
 * @suspends Unless it is the loop's own thread.  Outside tasks it blocks until
 * the loop has run the function, which it does when it runs.
 *
 * @param      loop        Any loop.
 * @param      fn          The function.
 * @param      arg         Its argument; may be on the caller's stack.
 * @param[out] ret_result  What it has returned; may be NULL.
 * @retval 0           It has run, though the caller may have been cancelled since it
 *                     began.
 * @retval -ECANCELED  The caller was cancelled before it began; it will not
 *                     run.
 * @retval -ESHUTDOWN  The loop is closed; it will not run.
 * @retval -EDEADLK    In a callback of another loop that runs, or under a nested
 *                     host loop.
 * @retval -ENOMEM     Out of memory.
 * @retval -EINVAL     No loop or no function.
 */
IL_EXPORT IL_MUST_CHECK int il_call_sync(il_loop *loop, il_sync_fn *fn,
                                         void *arg, int *ret_result);

/** A task that was submitted to a loop, seen from any thread. */
typedef struct il_submission il_submission;

/**
 * Run a task in a loop.
 *
 * `int il_submit(il_loop *loop, il_task_fn *fn, void *arg, il_submission
 * **ret_submission)`
 *
 * The task belongs to the loop's root group.  It starts in one of the loop's
 * next turns; submissions of one thread start in their order.
 *
 * @param      loop            Any loop.
 * @param      fn              The body.
 * @param      arg             Passed to it.
 * @param[out] ret_submission  A handle for any thread, dropped with
 *                             il_submission_unref(); NULL if none is needed:
 *                             then an error of the task is reported by its
 *                             loop.
 * @retval 0           It will run, or will be told to have been in vain.
 * @retval -ESHUTDOWN  The loop is closed.
 * @retval -ENOMEM     Out of memory.
 * @retval -EINVAL     No loop or no function.
 */
#define il_submit(loop, fn, arg, ret_submission)                               \
    il_submit_at((loop), (fn), (arg), (ret_submission), IL_SITE_(#fn))

/** The function behind il_submit(). */
IL_EXPORT int il_submit_at(il_loop *loop, il_task_fn *fn, void *arg,
                           il_submission **ret_submission, const il_site *site);

/**
 * Run a task in a loop, with every option of il_spawn_with().
 *
 * With `copy_size` the argument is copied inside this call.  `destroy` is
 * called once, on the loop's thread, when the task has ended or if it has never
 * run.
 *
 * @return As il_submit(); -EINVAL also as il_spawn_with(), and for #IL_LOCALS,
 * since values belong to a thread.  On failure `destroy` is not called.
 */
IL_EXPORT int il_submit_with(il_loop *loop, const il_spawn_options *options,
                             il_submission **ret_submission);

/**
 * Wait for the task to end; in a task of any loop, or in a plain thread.
 *
 * @suspends Unless it has ended already.  Outside tasks it blocks.
 *
 * @param      submission  The submission; the caller keeps its reference.
 * @param      timeout     Nanoseconds to wait at most; the task goes on then.
 *                         #IL_FOREVER.
 * @param[out] ret_result  What the body returned, or -ECANCELED if it was
 *                         cancelled before it began; may be NULL.
 * @retval 0           It has ended.
 * @retval -ETIMEDOUT  @p timeout has passed.
 * @retval -ECANCELED  The caller is a task and was cancelled first.
 * @retval -ESHUTDOWN  The loop has closed before the task could start, or end.
 * @retval -ENOMEM     There was no stack for it.
 * @retval -EDEADLK    By the very task, in a callback of a loop that runs, or under
 *                     a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int
il_submission_wait(il_submission *submission, il_time timeout, int *ret_result);

/**
 * Look without waiting.
 *
 * @retval -EAGAIN  It has not ended.
 * @return Otherwise as il_submission_wait().
 */
IL_EXPORT int il_submission_try_get(il_submission *submission, int *ret_result);

/**
 * Cancel the task, from any thread; as il_task_cancel().  Does not wait.
 *
 * @retval 0          Asked; asking again changes nothing.
 * @retval -EALREADY  It has ended, or its loop has closed.
 */
IL_EXPORT int il_submission_cancel(il_submission *submission);

/** The future that is set to the task's result; valid as long as the
 *  reference. */
IL_EXPORT il_shared_future *il_submission_get_future(il_submission *submission);

/** Take a reference; from any thread that already holds one. */
IL_EXPORT il_submission *il_submission_ref(il_submission *submission);

/**
 * Drop a reference; from any thread.  The task goes on; if nobody has a
 * reference when it ends, an error is reported by its loop.
 *
 * @param submission  May be NULL.  @return NULL.
 */
IL_EXPORT il_submission *il_submission_unref(il_submission *submission);

IL_END_DECLS

#endif
