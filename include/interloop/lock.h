/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_LOCK_H
#define INTERLOOP_LOCK_H

/**
 * @file lock.h
 * @brief One task at a time.
 *
 * Tasks of a loop never run at the same moment, and what one does between two
 * suspensions nobody sees half done.  A lock is for what has to stay together
 * across a suspension: a request and its answer on one connection, a file that
 * is read, changed and written back.
 *
 * A lock has an owner.  Giving it back hands it to the task that has waited
 * longest, inside il_lock_release(): nobody can come in between, and a task
 * that always wants it cannot keep it from the others.
 *
 * If a task ends while it owns a lock, that is reported, and the lock says
 * -EOWNERDEAD to all who want it: what it protects may be half done.  So does
 * that of a task which would not end when its loop closed.
 *
 * A lock is caller's storage, used from one loop's thread only.  Free, it needs
 * no il_lock_fini().
 */

#include <interloop/export.h>
#include <interloop/inline.h>
#include <interloop/node.h>
#include <interloop/task.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/** A lock.  #IL_LOCK_INIT or zeros make it valid and free.  Fields private. */
typedef struct il_lock {
    il_hold hold; /**< private */
} il_lock;

/** A lock that is free. */
#define IL_LOCK_INIT                                                           \
    {                                                                          \
        {                                                                      \
            { 0, 0 }, 0, 0, 0                                                  \
        }                                                                      \
    }

/**
 * Get the lock.
 *
 * Code outside tasks can have a lock, too, if it is free: all such code of a
 * thread counts as one owner.
 *
 * @suspends If it is not free, and now and then if it is, so that a task that
 * finds it free each time cannot keep the thread.
 *
 * @param lock  The lock; must stay until this returns, or be ended with
 *              il_lock_fini().
 * @retval 0            It is the caller's; il_lock_release() gives it back.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EDEADLK     It is the caller's already; or it is not free, under a
 *                      nested host loop.
 * @retval -EOWNERDEAD  Its owner ended without giving it back, or
 *                      il_lock_fini() was called: then do not touch it again.
 * @retval -EINVAL      @p lock is NULL.
 * @retval -ESRCH       It is not free and the caller is not a task, or another
 *                      thread's.
 */
IL_EXPORT IL_MUST_CHECK int il_lock_acquire(il_lock *lock);

/**
 * Get the lock without waiting.
 *
 * @retval 0            It is the caller's.
 * @retval -EAGAIN      Somebody else has it.
 * @retval -EDEADLK     It is the caller's already.
 * @retval -EOWNERDEAD  Its owner ended without giving it back.
 * @retval -EINVAL      @p lock is NULL.
 * @retval -ESRCH       Another thread's.
 */
IL_EXPORT IL_MUST_CHECK int il_lock_try_acquire(il_lock *lock);

/**
 * Give the lock back; the task that has waited longest has it from now on.
 * Runs nothing.
 *
 * @retval 0        Given back.
 * @retval -EPERM   It is not the caller's.
 * @retval -EINVAL  @p lock is NULL.
 * @retval -ESRCH   Another thread's.
 */
IL_EXPORT int il_lock_release(il_lock *lock);

/** Whether somebody has it. */
IL_EXPORT bool il_lock_is_held(const il_lock *lock);

/** The task that has it, without a reference; NULL: nobody, or code outside
 *  tasks. */
IL_EXPORT il_task *il_lock_get_owner(const il_lock *lock);

/**
 * End a lock.  Tasks that still wait get -EOWNERDEAD, its owner does not own it
 * any more.
 *
 * The storage can be used for a new lock at once.  Another thread's lock is
 * left alone.
 */
IL_EXPORT void il_lock_fini(il_lock *lock);

/**
 * Run a block that has a lock.
 *
 *     int r = 0;
 *     IL_WITH_LOCK (&connection->lock, &r) {
 *         r = ask(connection, question, &answer);
 *     }
 *     // r is what ask() returned, or why the lock could not be had
 *
 * The lock is given back however the block is left: by break, goto or return,
 * too.  `break` and `continue` leave the block only, not a loop around it.
 *
 * @param lock    The lock; evaluated once.
 * @param result  `int *`: becomes an error of il_lock_acquire(), and then the
 *                block does not run; else nothing but the block sets it.
 */
#define IL_WITH_LOCK(lock, result) IL_WITH_LOCK_(lock, result, __COUNTER__)

/** @cond */

/* The rest of both functions, when it is not short. */
IL_EXPORT int il_lock_acquire_slowly_(il_lock *lock);
IL_EXPORT int il_lock_release_slowly_(il_lock *lock);

IL_INLINE_PART_ bool il_lock_acquire_quickly_(il_lock *lock)
{
    struct il_inline_task_ *task = il_inline_current_();

    if (!lock || !task || lock->hold.owner || !il_inline_may_(task))
        return false;
    lock->hold.owner = (struct il_task *)task;
    if (!IL_INLINE_LIKELY_(!task->held))
        lock->hold.outer = task->held;
    task->held = &lock->hold;
    return true;
}

IL_INLINE_PART_ bool il_lock_release_quickly_(il_lock *lock)
{
    struct il_inline_task_ *task = il_inline_current_();

    if (!lock || !task || task->held != &lock->hold || lock->hold.outer ||
        lock->hold.waiters.next)
        return false;
    lock->hold.owner = NULL;
    task->held = NULL;
    return true;
}

#ifndef IL_NO_INLINE
IL_INLINE_ int il_lock_acquire(il_lock *lock)
{
    return IL_INLINE_LIKELY_(il_lock_acquire_quickly_(lock))
               ? 0
               : il_lock_acquire_slowly_(lock);
}

IL_INLINE_ int il_lock_release(il_lock *lock)
{
    return IL_INLINE_LIKELY_(il_lock_release_quickly_(lock))
               ? 0
               : il_lock_release_slowly_(lock);
}
#endif

/* The variable behind IL_WITH_LOCK(). */
struct il_lock_block_ {
    il_lock *lock; /* NULL: not acquired */
    bool once;
};

static inline void il_lock_block_enter_(struct il_lock_block_ *block,
                                        il_lock *lock, int *result)
{
    int r = il_lock_acquire(lock);

    block->once = r == 0;
    block->lock = r == 0 ? lock : NULL;
    if (r < 0)
        *result = r;
}

IL_EXPORT void il_lock_block_leave_slowly_(il_lock *lock);

static inline void il_lock_block_leave_(struct il_lock_block_ *block)
{
    if (block->lock && !il_lock_release_quickly_(block->lock))
        il_lock_block_leave_slowly_(block->lock);
}

/* The names are numbered, so that blocks can be nested without shadowing. */
#define IL_WITH_LOCK_(lock, result, n) IL_WITH_LOCK_N_(lock, result, n)
#define IL_WITH_LOCK_N_(lock, result, n)                                       \
    for (struct il_lock_block_ il_block_##n                                    \
         __attribute__((cleanup(il_lock_block_leave_), unused)),               \
         *il_start_##n =                                                       \
             (il_lock_block_enter_(&il_block_##n, (lock), (result)),           \
              &il_block_##n);                                                  \
         il_start_##n->once; il_start_##n->once = false)

/** @endcond */

IL_END_DECLS

#endif
