/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_FUTURE_H
#define INTERLOOP_FUTURE_H

/**
 * @file future.h
 * @brief A result that is not there yet.
 *
 * One side sets it, once; any number of tasks wait for it.  The bridge from
 * callbacks to tasks: put a future into the callback's data and wait for it.
 *
 * A future is caller's storage, used from one loop's thread only.  Cancelling
 * a task that waits does not touch the future or the others that wait.
 */

#include <interloop/export.h>
#include <interloop/loop.h>
#include <interloop/node.h>

IL_BEGIN_DECLS

/** A future.  #IL_FUTURE_INIT or zeros make it valid.  Fields private. */
typedef struct il_future {
    il_link waiters; /**< private: tasks, in the order they came */
    il_link hooks;   /**< private: callbacks to post, in order */
    void *value;     /**< private */
    int result;      /**< private */
    bool done;       /**< private */
} il_future;

/** A pending future. */
#define IL_FUTURE_INIT                                                         \
    {                                                                          \
        { 0, 0 }, { 0, 0 }, 0, 0, false                                        \
    }

/**
 * Set the result and queue everybody who waits.  Runs nothing.
 *
 * @param future  A pending future.
 * @param result  Zero or more, or a negative errno.
 * @param value   Any pointer; the future does not own it.
 * @retval 0          Set.
 * @retval -EALREADY  It was set before and stays as it is.
 * @retval -EINVAL    @p future is NULL.
 * @retval -ESRCH     Another thread's tasks wait for it; post to that loop.
 */
IL_EXPORT int il_future_set(il_future *future, int result, void *value);

/** Whether it was set. */
IL_EXPORT bool il_future_is_done(const il_future *future);

/**
 * Wait until it is set.
 *
 * @suspends If it is not set yet, and now and then if it is, so that a task that
 * finds it set each time cannot keep the thread.
 *
 * @param      future      The future; must stay until this returns, or be
 *                         ended with il_future_fini().
 * @param[out] ret_result  The result it was set to; may be NULL.
 * @param[out] ret_value   The value it was set to; may be NULL.
 * @retval 0            It is set.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EOWNERDEAD  il_future_fini() was called; do not touch it again.
 * @retval -ESRCH       It is not set and the caller is not a task.
 * @retval -EDEADLK     It is not set, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_future_wait(il_future *future, int *ret_result,
                                           void **ret_value);

/**
 * Look without waiting.
 *
 * @retval 0        It is set; the out-parameters say to what.
 * @retval -EAGAIN  It is not.
 */
IL_EXPORT int il_future_try_get(const il_future *future, int *ret_result,
                                void **ret_value);

/**
 * Post a callback when it is set; at once if it is set already.
 *
 * Never runs it inside this call or inside il_future_set().  If the loop has
 * closed when the future is set, the callback is dropped.
 *
 * @param future    The future.
 * @param callback  Initialised, not queued, on a loop of this thread.
 * @retval 0       Registered; il_callback_cancel() takes it back.
 * @retval -EBUSY  The callback is queued already.
 * @retval -ESRCH  This thread has no loop.
 * @retval -ESHUTDOWN  The loop is closed.
 */
IL_EXPORT int il_future_on_done(il_future *future, il_callback *callback);

/**
 * End a future.  Tasks that still wait get -EOWNERDEAD; hooks are dropped.
 */
IL_EXPORT void il_future_fini(il_future *future);

IL_END_DECLS

#endif
