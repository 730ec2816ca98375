/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_WAITGROUP_H
#define INTERLOOP_WAITGROUP_H

/**
 * @file waitgroup.h
 * @brief Wait until all that was begun is done.
 *
 * A counter: il_waitgroup_add() for each thing that is begun, il_waitgroup_done()
 * when it is done; tasks wait until nothing is left.  For things that are no
 * tasks: requests that call back, elements of a queue, tasks of other owners.
 * For tasks of your own there is group.h, which waits for them anyway, and hears
 * of their errors.
 *
 * Add before you begin, so that nobody finds the count at 0 in between.
 *
 * A wait group is caller's storage, used from one loop's thread only.
 */

#include <interloop/export.h>
#include <interloop/node.h>

#include <stddef.h>

IL_BEGIN_DECLS

/** A wait group.  #IL_WAITGROUP_INIT or zeros make it valid: nothing is to be
 *  done.  Fields private. */
typedef struct il_waitgroup {
    il_link waiters; /**< private: tasks, in the order they came */
    size_t count;    /**< private: begun and not done */
} il_waitgroup;

/** A wait group that nothing was added to. */
#define IL_WAITGROUP_INIT                                                      \
    {                                                                          \
        { 0, 0 }, 0                                                            \
    }

/**
 * So many things are begun.
 *
 * @param waitgroup  A wait group.
 * @param n          How many; 0 changes nothing.
 * @retval 0           Added.
 * @retval -EOVERFLOW  There would be too many to count.
 * @retval -EINVAL     @p waitgroup is NULL.
 * @retval -ESRCH      Another thread's tasks wait for it; post to that loop.
 */
IL_EXPORT int il_waitgroup_add(il_waitgroup *waitgroup, size_t n);

/**
 * One thing is done.  Runs nothing.
 *
 * If it was the last one, all who wait at this moment go on, whatever is added
 * before they run.
 *
 * @param waitgroup  A wait group.
 * @retval 0        Counted.
 * @retval -EPERM   Nothing was left.
 * @retval -EINVAL  @p waitgroup is NULL.
 * @retval -ESRCH   Another thread's tasks wait for it; post to that loop.
 */
IL_EXPORT int il_waitgroup_done(il_waitgroup *waitgroup);

/**
 * Wait until nothing is left.
 *
 * @suspends If something is, and now and then if nothing is, so that a task that
 * finds nothing each time cannot keep the thread.
 *
 * @param waitgroup  The wait group; must stay until this returns, or be ended
 *                   with il_waitgroup_fini().
 * @retval 0            Nothing was left.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EOWNERDEAD  il_waitgroup_fini() was called; do not touch it again.
 * @retval -EINVAL      @p waitgroup is NULL.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's tasks wait for it.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_waitgroup_wait(il_waitgroup *waitgroup);

/** How many things are left. */
IL_EXPORT size_t il_waitgroup_count(const il_waitgroup *waitgroup);

/** End a wait group.  Tasks that still wait get -EOWNERDEAD, and nothing is left.
 *  One that another thread's tasks wait for is left alone. */
IL_EXPORT void il_waitgroup_fini(il_waitgroup *waitgroup);

IL_END_DECLS

#endif
