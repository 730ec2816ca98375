/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_HOLD_H
#define ILI_TASK_HOLD_H

/* hold.h - what one task at a time owns: a lock, a token.
 *
 * A task has a list of what it owns, the latest first, through `outer`.  So its
 * end finds what was not given back, and giving back asks the task's own list:
 * an il_hold that is not in it is not touched, and may be gone.
 *
 * Between any two calls `outer` is NULL while nobody owns it, and while it is
 * all that its owner has.
 *
 * Code outside tasks can own something, too: all of a thread's together, in no
 * list. */

#include "task/task.h"

/* The owner was a task and ended without giving it back. */
#define ILI_LOST ((il_task *)(uintptr_t)2)

/* Code outside tasks of this thread, as an owner. */
static inline il_task *ili_outside(void)
{
    return (il_task *)((uintptr_t)ili_this_thread() | 1u);
}

/* Who `task` is as an owner; NULL is code outside tasks. */
static inline il_task *ili_as_owner(il_task *task)
{
    return task ? task : ili_outside();
}

/* The task that owns it; NULL: none does. */
static inline il_task *ili_hold_task(const il_hold *hold)
{
    return (uintptr_t)hold->owner & 3u ? NULL : hold->owner;
}

/* What is usual for what somebody has: a task of this thread, which has not
 * ended. */
static inline bool ili_hold_is_with_task(const il_hold *hold)
{
    const il_task *task = ili_hold_task(hold);

    return ILI_LIKELY(task && task->sched == ili_sched_current &&
                      task->state != ILI_DONE);
}

/* Whether nobody will give it back: its owner has ended, and that was noted, or
 * could not be, see ili_holds_lost().  Then its loop may be gone, but the arena of
 * its stack is not. */
static inline bool ili_hold_is_lost(const il_hold *hold)
{
    const il_task *task = ili_hold_task(hold);

    if (!task)
        return hold->owner == ILI_LOST;
    return task->sched == ili_sched_current ? task->state == ILI_DONE
                                            : task->arena->retired;
}

/* Whether this thread may touch it: its owner and who waits are of one. */
static inline bool ili_hold_is_here(const il_hold *hold)
{
    const il_task *task = ili_hold_task(hold);

    if (task)
        return task->sched == ili_sched_current || task->arena->retired;
    return !hold->owner || hold->owner == ILI_LOST ||
           hold->owner == ili_outside();
}

/* Nobody owns it; now `task` does.  Without the branch, taking and giving back
 * in a loop would wait for the store of the time before. */
static inline void ili_hold_take(il_hold *hold, il_task *task)
{
    hold->owner = task;
    if (ILI_UNLIKELY(task->held != NULL))
        hold->outer = task->held;
    task->held = hold;
}

/* What is in no way special: the latest and only thing that `task` owns. */
static inline bool ili_hold_is_only(const il_hold *hold, const il_task *task)
{
    return task->held == hold && !hold->outer;
}

/* The same for whoever is running; NULL: code outside tasks. */
static inline void ili_hold_take_as(il_hold *hold, il_task *task)
{
    if (task)
        ili_hold_take(hold, task);
    else
        hold->owner = ili_outside();
}

/* Out of the list of `task`, whose it is from now on no more.  Returns whether
 * it was. */
bool ili_hold_drop(il_hold *hold, il_task *task);

/* The same for whoever is running. */
static inline bool ili_hold_drop_as(il_hold *hold, il_task *task)
{
    if (task)
        return ili_hold_drop(hold, task);
    if (hold->owner != ili_outside())
        return false;
    hold->owner = NULL;
    return true;
}

/* --- implemented one floor up, by sync/hold.c, which knows the waiters ------- */

/* The task has ended: nobody will give back what it still owns. */
void ili_holds_lost(il_task *task);

/* The same for one that is abandoned: it stays where it is, with its frames, and
 * waits for nothing any more. */
void ili_holds_abandon(il_task *task);

/* Whose end a parked task waits for, where that is known; else NULL. */
const il_task *ili_waits_for_whom(const il_task *task);

#endif
