/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_SHARED_FUTURE_H
#define INTERLOOP_SHARED_FUTURE_H

/**
 * @file shared_future.h
 * @brief A result that is not there yet, for several threads.
 *
 * What future.h is within one thread: one side sets it, once, in any thread;
 * any number wait for it, tasks of any loop as well as plain threads.
 *
 * A shared future is caller's storage.  Who has got the result, in whatever
 * way, may free it, even if il_shared_future_set() has not returned yet in
 * another thread; but not while others wait for the result.
 */

#include <interloop/export.h>
#include <interloop/node.h>
#include <interloop/time.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/** A shared future.  #IL_SHARED_FUTURE_INIT or zeros make it valid.  Fields
 *  private. */
typedef struct il_shared_future {
    il_link waiters; /**< private: tasks and threads, in the order they came */
    void *value;     /**< private */
    int result;      /**< private */
    int state;       /**< private */
    int lock;        /**< private: for all of them */
} il_shared_future;

/** A pending shared future. */
#define IL_SHARED_FUTURE_INIT                                                  \
    {                                                                          \
        { 0, 0 }, 0, 0, 0, 0                                                   \
    }

/**
 * Set the result and wake everybody who waits; from any thread.  Runs nothing.
 *
 * What was written before can be read by those who get the result.
 *
 * @param future  A pending future.
 * @param result  Zero or more, or a negative errno.
 * @param value   Any pointer; the future does not own it.
 * @retval 0          Set.
 * @retval -EALREADY  It was set before and stays as it is.
 * @retval -EINVAL    @p future is NULL.
 */
IL_EXPORT int il_shared_future_set(il_shared_future *future, int result,
                                   void *value);

/** Whether it was set; from any thread. */
IL_EXPORT bool il_shared_future_is_done(il_shared_future *future);

/**
 * Wait until it is set; in a task of any loop, or in a plain thread.
 *
 * A future that is set gives its result also to a task that is cancelled.
 *
 * @suspends If it is not set yet, and now and then if it is.  Outside tasks it
 * blocks the thread.
 *
 * @param      future      The future; must stay until this returns, or be ended
 *                         with il_shared_future_fini().
 * @param      timeout     Nanoseconds to wait at most, on the clock of a task's
 *                         loop; #IL_FOREVER.
 * @param[out] ret_result  The result it was set to; may be NULL.
 * @param[out] ret_value   The value it was set to; may be NULL.
 * @retval 0            It is set.
 * @retval -ETIMEDOUT   @p timeout has passed.
 * @retval -ECANCELED   The caller is a task and was cancelled first.
 * @retval -EOWNERDEAD  il_shared_future_fini() was called; do not touch it
 *                      again.
 * @retval -EDEADLK     It is not set, in a callback of a loop that runs, or under
 *                      a nested host loop.
 * @retval -EINVAL      @p future is NULL.
 */
IL_EXPORT IL_MUST_CHECK int il_shared_future_wait(il_shared_future *future,
                                                  il_time timeout,
                                                  int *ret_result,
                                                  void **ret_value);

/**
 * Look without waiting; from any thread.
 *
 * @retval 0        It is set; the out-parameters say to what.
 * @retval -EAGAIN  It is not.
 * @retval -EINVAL  @p future is NULL.
 */
IL_EXPORT int il_shared_future_try_get(il_shared_future *future,
                                       int *ret_result, void **ret_value);

/**
 * End a shared future.  Those who still wait get -EOWNERDEAD.
 *
 * Nobody else may call anything with it any more, but those who wait may be on
 * their way out.
 */
IL_EXPORT void il_shared_future_fini(il_shared_future *future);

IL_END_DECLS

#endif
