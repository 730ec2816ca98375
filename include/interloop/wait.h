/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_WAIT_H
#define INTERLOOP_WAIT_H

/**
 * @file wait.h
 * @brief Wait for several tasks at once, or for one of them with a limit.
 *
 *     il_awaited awaited[] = { { .task = a }, { .task = b } };
 *     size_t which;
 *
 *     r = il_wait_any (awaited, 2, &which);
 *     if (r > 0)
 *         use (awaited[which].result);
 *
 * These are for tasks that run already and belong to somebody else.  Waiting
 * leaves them alone: neither the end of a wait nor its cancel cancels them.
 * The exceptions say so, il_wait_for() and il_task_stop().  To run functions
 * and wait for them there is combine.h.
 *
 * The caller brings an il_awaited for each task, so that any number can be
 * waited for without memory.  A time limit is set around the wait, by
 * IL_TIMEOUT(); il_task_is_done() then says who has ended.
 */

#include <interloop/export.h>
#include <interloop/node.h>
#include <interloop/task.h>

IL_BEGIN_DECLS

/** A task to wait for, and what became of it.  The caller's storage. */
typedef struct il_awaited {
    il_task *task;    /**< which one; the reference stays the caller's */
    int result;       /**< what its body returned, if it has ended */
    bool has_ended;   /**< set by the wait, as `result` is */
    il_joiner joiner; /**< private: while somebody waits */
    void *wait;       /**< private: likewise; else anything */
} il_awaited;

/**
 * Wait until one of several tasks has ended.
 *
 * Whatever it came to.  When this returns, `has_ended` is right for each of
 * them, and `result` is set for those that have ended: there may be several.
 *
 * @suspends If none has ended yet; now and then also otherwise, so that a task
 * that finds one each time cannot keep the thread.
 *
 * @param      awaited    @p n tasks; the same one may be there twice.
 * @param      n          At least 1.
 * @param[out] ret_index  One that has ended: the first of those that had ended
 *                        before the call, else the one that ended first; may
 *                        be NULL.
 * @return How many have ended, at least 1; or
 * @retval -ECANCELED  The caller was cancelled first; nothing was set, the
 *                     tasks go on.
 * @retval -EINVAL     No tasks, or one is NULL.
 * @retval -EDEADLK    One is the caller itself, or under a nested host loop.
 * @retval -ESRCH      None has ended and the caller is not a task, or one is
 *                     another thread's.
 */
IL_EXPORT IL_MUST_CHECK int il_wait_any(il_awaited *awaited, size_t n,
                                        size_t *ret_index);

/**
 * Wait until one of several tasks has failed, or all have ended.
 *
 * A negative result other than -ECANCELED is a failure: a task that was
 * cancelled has not failed.
 *
 * @suspends If that is not the case yet; now and then also otherwise.
 *
 * @param      awaited    As for il_wait_any().
 * @param      n          May be 0.
 * @param[out] ret_index  The one that failed, first as in il_wait_any(); @p n
 *                        if all ended well.  May be NULL.
 * @return As il_wait_any(), but 0 for no tasks.
 */
IL_EXPORT IL_MUST_CHECK int il_wait_error(il_awaited *awaited, size_t n,
                                          size_t *ret_index);

/**
 * Wait until all of several tasks have ended.
 *
 * Whatever they come to.
 *
 * @suspends If one has not ended yet; now and then also otherwise.
 *
 * @return @p n; or as il_wait_any(), but 0 for no tasks.
 */
IL_EXPORT IL_MUST_CHECK int il_wait_all(il_awaited *awaited, size_t n);

/**
 * Wait for a task, but only so long; then cancel it and wait for its end.
 *
 * So the task has ended when this returns, unless it was refused.  The task is
 * cancelled, too, when the caller is.  What it came to in the end is what
 * counts: who ended well or failed in spite of a late cancel was not cancelled.
 * With #IL_FOREVER only a cancel of the caller does that, as where asyncio awaits
 * a task.
 *
 * @suspends Unless the task has ended already; now and then also then.
 *
 * @param      task        The task; the caller keeps its reference.
 * @param      duration    Nanoseconds.
 * @param[out] ret_result  What its body returned; may be NULL; set with 0 only.
 * @retval 0           It has ended by itself.
 * @retval -ETIMEDOUT  It was cancelled because the time was up, and has ended.
 * @retval -ECANCELED  It was cancelled because the caller was, and has ended.
 * @retval -EDEADLK    It is the caller itself, or under a nested host loop.
 * @retval -ESRCH      It still runs and the caller is not a task, or it is
 *                     another thread's.
 */
IL_EXPORT IL_MUST_CHECK int il_wait_for(il_task *task, il_time duration,
                                        int *ret_result);

/**
 * Cancel a task and wait for its end.
 *
 * Cancels of the caller do not reach this wait, for who stops a task cleans up;
 * so it has a limit.
 *
 * @suspends Unless the task has ended already; now and then also then.
 *
 * @param      task        The task; the caller keeps its reference.
 * @param      grace       Nanoseconds; #IL_FOREVER for no limit.
 * @param[out] ret_result  What its body returned; may be NULL.
 * @retval 0           It has ended.
 * @retval -ETIMEDOUT  It is cancelled but still runs.
 * @retval -EDEADLK    It is the caller itself, and nothing happened; or it is
 *                     cancelled, but cannot be waited for under a nested host
 *                     loop.
 * @retval -ESRCH      It still runs and the caller is not a task, or it is
 *                     another thread's: nothing happened.
 */
IL_EXPORT int il_task_stop(il_task *task, il_time grace, int *ret_result);

IL_END_DECLS

#endif
