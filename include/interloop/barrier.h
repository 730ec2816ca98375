/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_BARRIER_H
#define INTERLOOP_BARRIER_H

/**
 * @file barrier.h
 * @brief All go on together, when the last one has come.
 *
 * A barrier has a number of parties.  Tasks wait there until so many have come;
 * then all of them go on, and the barrier begins anew.  For work in rounds, each
 * of which needs what all have done in the one before.
 *
 * The moment the last one comes, all the others have passed, though they have
 * not run yet.  So a quick one may come back for the next round before slow ones
 * have left this one; it cannot slip through twice.
 *
 * A barrier is caller's storage, used from one loop's thread only.
 */

#include <interloop/export.h>
#include <interloop/node.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/** A barrier.  #IL_BARRIER_INIT makes it valid; zeros are one for nobody, where
 *  waiting is refused.  Fields private. */
typedef struct il_barrier {
    il_link waiters;    /**< private: tasks, in the order they came */
    unsigned parties;   /**< private: how many go on together */
    unsigned n_waiting; /**< private */
    bool is_broken;     /**< private */
} il_barrier;

/** A barrier for @p n parties. */
#define IL_BARRIER_INIT(n)                                                     \
    {                                                                          \
        { 0, 0 }, (n), 0, false                                                \
    }

/**
 * Wait until all have come.
 *
 * A task that is cancelled while it waits is not counted any more; the others
 * wait for somebody else in its place.
 *
 * @suspends Unless the caller is the last one, and now and then also then.
 *
 * @param barrier  The barrier; must stay until this returns, or be ended with
 *                 il_barrier_fini().
 * @return Which of the parties the caller is: 0 for the first that came, and so
 * on.  Each number is given once, so one of them can do what is to be done once.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EPIPE       il_barrier_reset() or il_barrier_abort() was called.
 * @retval -EOWNERDEAD  il_barrier_fini() was called; do not touch it again.
 * @retval -EINVAL      No barrier, or one for nobody.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's tasks wait for it.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_barrier_wait(il_barrier *barrier);

/**
 * Begin anew: those who wait get -EPIPE.  Mends a barrier that was aborted.
 *
 * @retval 0        Done.
 * @retval -EINVAL  @p barrier is NULL.
 * @retval -ESRCH   Another thread's tasks wait for it; post to that loop.
 */
IL_EXPORT int il_barrier_reset(il_barrier *barrier);

/**
 * Break it: those who wait and those who come get -EPIPE.
 *
 * For a party that cannot go on, so that the others do not wait for it.  As
 * il_barrier_reset().
 */
IL_EXPORT int il_barrier_abort(il_barrier *barrier);

/** Whether it was aborted. */
IL_EXPORT bool il_barrier_is_broken(const il_barrier *barrier);

/** How many wait. */
IL_EXPORT unsigned il_barrier_count(const il_barrier *barrier);

/** End a barrier.  Tasks that still wait get -EOWNERDEAD.  It is one for nobody
 *  then.  One that another thread's tasks wait for is left alone. */
IL_EXPORT void il_barrier_fini(il_barrier *barrier);

IL_END_DECLS

#endif
