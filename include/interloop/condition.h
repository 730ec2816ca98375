/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_CONDITION_H
#define INTERLOOP_CONDITION_H

/**
 * @file condition.h
 * @brief Wait until something that a lock protects has changed.
 *
 * The task that has the lock looks, finds that things are not as it needs them,
 * and waits; meanwhile others can have the lock and change something, and notify
 * those who wait.  Others still may come in between, so look again:
 *
 *     IL_WITH_LOCK (&store->lock, &r) {
 *         while (store->n == 0 && r == 0)
 *             r = il_condition_wait(&store->filled, &store->lock);
 *         if (r == 0)
 *             store->n--;
 *     }
 *
 * Where nothing is protected across suspensions, an event or a channel will do.
 *
 * A condition is caller's storage, used from one loop's thread only.
 */

#include <interloop/export.h>
#include <interloop/lock.h>
#include <interloop/node.h>

#include <stddef.h>

IL_BEGIN_DECLS

/** A condition.  #IL_CONDITION_INIT or zeros make it valid.  Fields private. */
typedef struct il_condition {
    il_link waiters; /**< private: tasks, in the order they came */
} il_condition;

/** A condition that nobody waits for. */
#define IL_CONDITION_INIT                                                      \
    {                                                                          \
        {                                                                      \
            0, 0                                                               \
        }                                                                      \
    }

/**
 * Release the lock, wait to be notified, and get the lock again.
 *
 * **The lock is the caller's when this returns**, also if the caller was
 * cancelled, once or again and again: it waits for the lock through cancels.
 * The one exception is -EOWNERDEAD.
 *
 * A task that was notified is in the lock's queue from then on.  Whatever
 * cancels it before it runs, it returns 0; so no notify gets lost with a task
 * that does not use it.
 *
 * @suspends Unless the caller is cancelled.
 *
 * @param condition  The condition; must stay until this returns, or be ended
 *                   with il_condition_fini().
 * @param lock       The caller's lock.  End the condition first, if you end both.
 * @retval 0            Notified.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EOWNERDEAD  The condition or the lock was ended, or the lock's owner
 *                      ended without releasing it: the lock is not the caller's.
 *                      What was ended do not touch again.
 * @retval -EPERM       The lock is not the caller's.
 * @retval -EINVAL      No condition or no lock.
 * @retval -ESRCH       The caller is not a task, or another thread's tasks wait
 *                      for the condition.
 * @retval -EDEADLK     Under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_condition_wait(il_condition *condition,
                                              il_lock *lock);

/**
 * Notify some of those who wait, those that have waited longest.
 *
 * Needs no lock, and no task.  Runs nothing: they go on when each can have the
 * lock.
 *
 * @param condition  A condition.
 * @param n          How many at most.
 * @return How many were notified, or
 * @retval -EINVAL  @p condition is NULL.
 * @retval -ESRCH   Another thread's tasks wait for it; post to that loop.
 */
IL_EXPORT int il_condition_notify(il_condition *condition, size_t n);

/** Notify all who wait.  As il_condition_notify(). */
IL_EXPORT int il_condition_notify_all(il_condition *condition);

/** End a condition.  Tasks that still wait get -EOWNERDEAD, without the lock.  One
 *  that another thread's tasks wait for is left alone. */
IL_EXPORT void il_condition_fini(il_condition *condition);

IL_END_DECLS

#endif
