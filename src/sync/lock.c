/* SPDX-License-Identifier: MIT */

/* lock.c - one task at a time.
 *
 * Between any two calls into this file tasks wait only while somebody else owns
 * the lock.  Giving it back makes the next task its owner there and then, so
 * there is no moment at which it is free and yet somebody's, nobody can
 * overtake, and a cancel that comes after has nothing to undo.
 *
 * Acquiring and releasing without a contender are short; all else is in
 * functions of its own.  A task that has done much without waiting lets others
 * run before it acquires: with the lock in its hands it would make a queue of
 * all who want it, which then never dissolves.
 *
 * Rejected: an owner that is found out only in a debug mode.  That who does not
 * own it cannot release it is what makes a block around it safe, whatever the
 * block did. */

#include "config.h"

#define IL_NO_INLINE /* here they are */
#include <interloop/lock.h>

#include "sync/hold.h"

#include <errno.h>

/* Somebody else has it, or nobody will ever give it back. */
static __attribute__((noinline)) int look_closely(const il_hold *hold)
{
    if (ili_hold_is_lost(hold))
        return -EOWNERDEAD;
    return ili_hold_is_here(hold) ? -EAGAIN : -ESRCH;
}

/* 0: it is free; else why not. */
static inline int look(const il_lock *lock, il_task *task)
{
    const il_task *owner = lock->hold.owner;

    if (!owner)
        return 0;
    if (owner == ili_as_owner(task))
        return -EDEADLK;
    return ili_hold_is_with_task(&lock->hold) ? -EAGAIN
                                              : look_closely(&lock->hold);
}

/* Where nothing is inline, nobody else counts. */
static __attribute__((noinline)) int take(il_lock *lock, il_task *task)
{
    ili_hold_take_as(&lock->hold, task);
    if (task)
        task->ops++;
    return 0;
}

int il_lock_acquire_slowly_(il_lock *lock)
{
    il_task *task = ili_current_task();
    il_waiter me;
    int r;

    ILI_RETURN_IF_FAIL(lock, -EINVAL);
    if (task && ili_must_pause_first(task) && !ili_pause_before(task, lock))
        return -EOWNERDEAD;
    if (ili_must_refuse(task))
        return ili_refuse(task);
    r = look(lock, task);
    if (r == 0)
        return take(lock, task);
    if (r != -EAGAIN)
        return r == -EDEADLK ? ili_hold_owned_already() : r;
    ILI_RETURN_IF_FAIL(task, -ESRCH);
    me.task = task;
    me.slot = &lock->hold;
    ili_list_append_lazy(&lock->hold.waiters, &me.link);

    return ili_park_inline(task->sched, task, ili_waiter_abort, &me,
                           ili_noun_lock);
}

int il_lock_acquire(il_lock *lock)
{
    return ILI_LIKELY(il_lock_acquire_quickly_(lock))
               ? 0
               : il_lock_acquire_slowly_(lock);
}

int il_lock_try_acquire(il_lock *lock)
{
    il_task *task = ili_current_task();
    int r;

    ILI_RETURN_IF_FAIL(lock, -EINVAL);
    r = look(lock, task);
    if (r == 0)
        ili_hold_take_as(&lock->hold, task);
    return r;
}

int il_lock_release_slowly_(il_lock *lock)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(lock, -EINVAL);
    if (!ili_hold_drop_as(&lock->hold, task))
        return ili_hold_not_owned(&lock->hold);
    ili_hold_pass(&lock->hold);
    return 0;
}

int il_lock_release(il_lock *lock)
{
    return ILI_LIKELY(il_lock_release_quickly_(lock))
               ? 0
               : il_lock_release_slowly_(lock);
}

bool il_lock_is_held(const il_lock *lock)
{
    return lock && lock->hold.owner && !ili_hold_is_lost(&lock->hold);
}

il_task *il_lock_get_owner(const il_lock *lock)
{
    return il_lock_is_held(lock) ? ili_hold_task(&lock->hold) : NULL;
}

void il_lock_fini(il_lock *lock)
{
    if (lock && ili_hold_end(&lock->hold))
        *lock = (il_lock)IL_LOCK_INIT;
}

/* --- blocks ----------------------------------------------------------------- */

/* The block may have given the lock back, or ended it: then it is not touched,
 * because it may be gone. */
void il_lock_block_leave_slowly_(il_lock *lock)
{
    if (ili_hold_drop_as(&lock->hold, ili_current_task()))
        ili_hold_pass(&lock->hold);
}
