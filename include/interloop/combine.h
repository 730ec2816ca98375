/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_COMBINE_H
#define INTERLOOP_COMBINE_H

/**
 * @file combine.h
 * @brief Run several functions at the same time.
 *
 * | function | until | the others | result |
 * | --- | --- | --- | --- |
 * | il_gather() | all have ended | cancelled by the first error | first error |
 * | il_gather_all() | all have ended | go on | how many failed |
 * | il_race() | one succeeds | cancelled | 0, or the first error |
 * | il_race_staggered() | one succeeds, begun one by one | cancelled | likewise |
 * | il_first() | one ends, well or not | cancelled | 0 |
 * | il_map() | all items are done | cancelled by the first error | first error |
 * | il_map_all() | all items are done | go on | how many failed |
 *
 * Each call is a task of its own.  All of them have ended when the function
 * returns, whatever it returns: losers are cancelled and waited for, since they
 * may use variables of the caller.  Only results are left, each in its place.
 *
 * When the caller is cancelled all of them are, and -ECANCELED is returned,
 * unless there is an error or a winner by then.
 *
 * To take results in the order in which they come there is il_group_next(); for
 * tasks that run already there is wait.h.
 */

#include <interloop/export.h>
#include <interloop/task.h>

IL_BEGIN_DECLS

/** One of several functions to run at the same time. */
typedef struct il_call {
    il_task_fn *fn; /**< the body */
    void *arg;      /**< its argument */
    int result;     /**< set when it has ended; -ECANCELED if it never began */
} il_call;

/**
 * Run several functions at the same time and wait for all.
 *
 * The first error cancels the rest; all errors are in the results.  These stay
 * in call order.
 *
 * @suspends Unless all of them end in their first step; now and then also then.
 *
 * @param calls  @p n calls; each one's `result` is set.
 * @param n      May be 0.
 * @return 0, the first error, or
 * @retval -ECANCELED  The caller was cancelled.
 * @retval -ENOMEM     Not all could be started.
 * @retval -EINVAL     No calls, or one without a function: none began.
 * @retval -ESRCH      Not in a task.
 * @retval -EDEADLK    Under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_gather(il_call *calls, size_t n);

/**
 * Run several functions at the same time and let all of them end.
 *
 * An error is a result like any other: it cancels nobody and is not reported.
 *
 * @suspends As il_gather().
 *
 * @param calls  As for il_gather().
 * @param n      As for il_gather().
 * @return How many have failed, that is, have a negative result; or as
 * il_gather(), where the first error is none.
 */
IL_EXPORT IL_MUST_CHECK int il_gather_all(il_call *calls, size_t n);

/**
 * Run several functions at the same time until one succeeds.
 *
 * The first that returns zero or more wins.  Those that have failed by then are
 * forgotten.  A loser may succeed, too, before its cancel has reached it: where
 * that leaves something behind, such as a connection, look at every `result`.
 *
 * @suspends Unless one ends well in its first step; now and then also then.
 *
 * @param      calls       @p n calls; each one's `result` is set.
 * @param      n           At least 1.
 * @param[out] ret_winner  Index of the winner; may be NULL.
 * @return 0, or if all failed the first error in time; else as il_gather().
 */
IL_EXPORT IL_MUST_CHECK int il_race(il_call *calls, size_t n,
                                    size_t *ret_winner);

/**
 * Begin functions one after the other until one succeeds.
 *
 * The next one begins when the one before it has failed, or has gone on for
 * @p delay without a result.  Those begun go on meanwhile.  For what is tried
 * at several places and best done at the first, such as the addresses of a host
 * ("happy eyeballs").
 *
 * @suspends Unless one ends well in its first step before another had to wait; now
 * and then also then.
 *
 * @param      calls       As for il_race(), in the order to begin them.
 * @param      n           At least 1.
 * @param      delay       Nanoseconds; 0 or less begins all at once, as
 *                         il_race() does; #IL_FOREVER waits for each to fail.
 * @param[out] ret_winner  As for il_race().
 * @return As il_race().
 */
IL_EXPORT IL_MUST_CHECK int
il_race_staggered(il_call *calls, size_t n, il_time delay, size_t *ret_winner);

/**
 * Run several functions at the same time until one ends, well or not.
 *
 * @suspends Unless one ends in its first step; now and then also then.
 *
 * @param      calls      @p n calls; each one's `result` is set.
 * @param      n          At least 1.
 * @param[out] ret_index  Index of the one that ended first; may be NULL.
 * @return 0, also if that one has failed: look at its `result`; else as
 * il_gather(), where its error is none.
 */
IL_EXPORT IL_MUST_CHECK int il_first(il_call *calls, size_t n,
                                     size_t *ret_index);

/**
 * Run a function for each element of an array, so many at a time.
 *
 * The elements are begun in order.  The first error cancels those that run, and
 * no more are begun.
 *
 * @suspends Unless all of them end in their first step; now and then also then.
 *
 * @param      items        @p n elements of @p size bytes, the caller's.
 * @param      n            May be 0.
 * @param      size         Bytes of an element.
 * @param      limit        How many may run at the same time; at least 1.
 * @param      fn           Gets a pointer to its element, and may write to it.
 * @param[out] ret_results  @p n results in the order of the elements; all are
 *                          set unless the call was refused, -ECANCELED for
 *                          those that never began.  May be NULL; then errors
 *                          after the first are reported.
 * @return As il_gather(); -EINVAL also for a limit of 0 or no function.
 */
IL_EXPORT IL_MUST_CHECK int il_map(void *items, size_t n, size_t size,
                                   size_t limit, il_task_fn *fn,
                                   int *ret_results);

/**
 * Run a function for each element of an array, so many at a time, and let all
 * of them end.
 *
 * As il_map(), but an error is a result like any other.
 *
 * @suspends As il_map().
 * @return How many have failed; or as il_map(), where the first error is none.
 */
IL_EXPORT IL_MUST_CHECK int il_map_all(void *items, size_t n, size_t size,
                                       size_t limit, il_task_fn *fn,
                                       int *ret_results);

IL_END_DECLS

#endif
