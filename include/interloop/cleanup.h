/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_CLEANUP_H
#define INTERLOOP_CLEANUP_H

/**
 * @file cleanup.h
 * @brief Optional: let the compiler free things on every return path.
 *
 *     il_autoptr (il_task) task = NULL;               // as g_autoptr()
 *     il_auto (il_channel) jobs = { 0 };              // as g_auto()
 *     il_autofd fd = -1;
 *     il_auto (il_lock_guard) guard = IL_LOCK_GUARD_INIT;
 *
 * Since a cancellation is an ordinary return, this covers it too.  What is
 * declared last is cleaned up first.  Every variable must be initialised where it
 * is declared, and what was freed or ended by hand is not touched again.
 *
 * For functions that are called at the end of a block there is IL_DEFER().
 */

#include <interloop/barrier.h>
#include <interloop/broadcast.h>
#include <interloop/buffer.h>
#include <interloop/cancel_token.h>
#include <interloop/channel.h>
#include <interloop/condition.h>
#include <interloop/ends.h>
#include <interloop/event.h>
#include <interloop/future.h>
#include <interloop/group.h>
#include <interloop/io.h>
#include <interloop/limiter.h>
#include <interloop/local.h>
#include <interloop/lock.h>
#include <interloop/loop.h>
#include <interloop/once.h>
#include <interloop/queue.h>
#include <interloop/rwlock.h>
#include <interloop/scope.h>
#include <interloop/semaphore.h>
#include <interloop/shared_channel.h>
#include <interloop/shared_ends.h>
#include <interloop/shared_future.h>
#include <interloop/submit.h>
#include <interloop/task.h>
#include <interloop/timer.h>
#include <interloop/waitgroup.h>
#include <interloop/watch.h>

#include <errno.h>

/* --- the macros -------------------------------------------------------------- */

/**
 * Declare a pointer whose object goes at the end of the block.
 *
 *     il_autoptr (il_task) task = NULL;
 *
 * | type | at the end |
 * | --- | --- |
 * | il_task | il_task_unref() |
 * | il_loop | il_loop_unref() |
 * | il_locals | il_locals_unref() |
 * | il_submission | il_submission_unref() |
 *
 * Types of yours: #IL_AUTOPTR_DEFINE.
 */
#define il_autoptr(type)                                                       \
    __attribute__((cleanup(il_autoptr_##type##_), unused)) type *

/**
 * Declare an object that ends with the block.
 *
 *     il_auto (il_event) ready = IL_EVENT_INIT;
 *
 * | type | at the end |
 * | --- | --- |
 * | il_barrier, il_broadcast, il_cancel_token, il_channel, il_condition, il_event, il_future, il_limiter, il_lock, il_once, il_queue, il_rwlock, il_semaphore, il_shared_channel, il_shared_future, il_subscriber, il_waitgroup, il_watch | its _fini() |
 * | il_buffer | il_buffer_release() |
 * | il_sender, il_receiver | il_sender_drop(), il_receiver_drop() |
 * | il_shared_sender, il_shared_receiver | il_shared_sender_drop(), il_shared_receiver_drop() |
 * | il_callback | il_callback_cancel() |
 * | il_timer | il_timer_stop() |
 * | il_lock_guard | il_lock_guard_release() |
 * | il_token | il_limiter_release(), if it is borrowed |
 * | il_scope | il_scope_leave(), if it is entered |
 * | il_group | if it is open: il_group_cancel(), then il_group_close(), which waits for its tasks |
 *
 * Zeros, `{ 0 }`, are fine for all of them.  Types of yours: #IL_AUTO_DEFINE.
 */
#define il_auto(type) __attribute__((cleanup(il_auto_##type##_), unused)) type

/** Declare a descriptor that il_close() closes at the end of the block; -1 is
 *  none. */
#define il_autofd __attribute__((cleanup(il_autofd_), unused)) int

/** Put before a declaration: il_task and il_loop for pointers, il_fd for an int,
 *  il_buffer, il_sender, il_receiver.  The same as il_autoptr(), il_autofd and il_auto(). */
#define IL_CLEANUP(kind) __attribute__((cleanup(il_cleanup_##kind##_), unused))

/**
 * Take a pointer out of a variable, which is NULL then: somebody else has it from
 * now on.
 *
 *     return IL_STEAL (&task);
 */
#define IL_STEAL(variable)                                                     \
    (__extension__({                                                           \
        __typeof__(variable) il_steal_from_ = (variable);                      \
        __typeof__(*il_steal_from_) il_stolen_ = *il_steal_from_;              \
                                                                               \
        *il_steal_from_ = 0;                                                   \
        il_stolen_;                                                            \
    }))

/** Let il_autoptr() know a type: `IL_AUTOPTR_DEFINE (conn, conn_free)`, where
 *  conn_free() takes a `conn *`; it is not called for NULL. */
#define IL_AUTOPTR_DEFINE(type, free_fn)                                       \
    static inline                                                              \
        __attribute__((unused)) void il_autoptr_##type##_(type **variable)     \
    {                                                                          \
        if (*variable)                                                         \
            (void)free_fn(*variable);                                          \
        *variable = 0;                                                         \
    }

/** Let il_auto() know a type: `IL_AUTO_DEFINE (conn, conn_fini)`, where conn_fini()
 *  takes a `conn *`. */
#define IL_AUTO_DEFINE(type, fini_fn)                                          \
    static inline                                                              \
        __attribute__((unused)) void il_auto_##type##_(type *variable)         \
    {                                                                          \
        (void)fini_fn(variable);                                               \
    }

/* --- locks ------------------------------------------------------------------- */

/** A lock that is held until the end of a block.  Fields private. */
typedef struct il_lock_guard {
    il_lock *lock; /**< private: NULL: none */
} il_lock_guard;

/** A guard that has no lock. */
#define IL_LOCK_GUARD_INIT                                                     \
    {                                                                          \
        0                                                                      \
    }

/**
 * Get a lock, for as long as the guard lasts.
 *
 *     il_auto (il_lock_guard) guard = IL_LOCK_GUARD_INIT;
 *     int r = il_lock_guard_acquire(&guard, &line->lock);
 *
 *     if (r < 0)
 *         return r;
 *
 * @suspends As il_lock_acquire().
 *
 * @retval -EBUSY  The guard has a lock already.
 * @return Else as il_lock_acquire().
 */
IL_MUST_CHECK static inline int il_lock_guard_acquire(il_lock_guard *guard,
                                                      il_lock *lock)
{
    int r;

    if (guard->lock)
        return -EBUSY;
    r = il_lock_acquire(lock);
    if (r == 0)
        guard->lock = lock;
    return r;
}

/** Give the lock back before the end of the block.  Without a lock, nothing. */
static inline void il_lock_guard_release(il_lock_guard *guard)
{
    struct il_lock_block_ block = { guard->lock, false };

    guard->lock = 0;
    il_lock_block_leave_(&block);
}

/* --- what is behind ---------------------------------------------------------- */

/** @cond */

IL_AUTOPTR_DEFINE(il_task, il_task_unref)
IL_AUTOPTR_DEFINE(il_loop, il_loop_unref)
IL_AUTOPTR_DEFINE(il_locals, il_locals_unref)
IL_AUTOPTR_DEFINE(il_submission, il_submission_unref)

IL_AUTO_DEFINE(il_barrier, il_barrier_fini)
IL_AUTO_DEFINE(il_broadcast, il_broadcast_fini)
IL_AUTO_DEFINE(il_buffer, il_buffer_release)
IL_AUTO_DEFINE(il_callback, il_callback_cancel)
IL_AUTO_DEFINE(il_cancel_token, il_cancel_token_fini)
IL_AUTO_DEFINE(il_channel, il_channel_fini)
IL_AUTO_DEFINE(il_condition, il_condition_fini)
IL_AUTO_DEFINE(il_event, il_event_fini)
IL_AUTO_DEFINE(il_future, il_future_fini)
IL_AUTO_DEFINE(il_limiter, il_limiter_fini)
IL_AUTO_DEFINE(il_lock, il_lock_fini)
IL_AUTO_DEFINE(il_lock_guard, il_lock_guard_release)
IL_AUTO_DEFINE(il_once, il_once_fini)
IL_AUTO_DEFINE(il_queue, il_queue_fini)
IL_AUTO_DEFINE(il_receiver, il_receiver_drop)
IL_AUTO_DEFINE(il_rwlock, il_rwlock_fini)
IL_AUTO_DEFINE(il_semaphore, il_semaphore_fini)
IL_AUTO_DEFINE(il_sender, il_sender_drop)
IL_AUTO_DEFINE(il_shared_channel, il_shared_channel_fini)
IL_AUTO_DEFINE(il_shared_future, il_shared_future_fini)
IL_AUTO_DEFINE(il_shared_receiver, il_shared_receiver_drop)
IL_AUTO_DEFINE(il_shared_sender, il_shared_sender_drop)
IL_AUTO_DEFINE(il_subscriber, il_subscriber_fini)
IL_AUTO_DEFINE(il_timer, il_timer_stop)
IL_AUTO_DEFINE(il_waitgroup, il_waitgroup_fini)
IL_AUTO_DEFINE(il_watch, il_watch_fini)

static inline void il_auto_il_token_(il_token *token)
{
    if (token->limiter)
        (void)il_limiter_release(token->limiter, token);
}

/* Not entered, or left, it has no task. */
static inline void il_auto_il_scope_(il_scope *scope)
{
    if (scope->task)
        (void)il_scope_leave(scope, 0);
}

static inline void il_auto_il_group_(il_group *group)
{
    if (!group->scope.task)
        return;
    il_group_cancel(group);
    (void)il_group_close(group);
}

static inline void il_autofd_(int *fd)
{
    if (*fd >= 0)
        (void)il_close(*fd);
    *fd = -1;
}

static inline void il_cleanup_il_task_(il_task **task)
{
    il_autoptr_il_task_(task);
}

static inline void il_cleanup_il_loop_(il_loop **loop)
{
    il_autoptr_il_loop_(loop);
}

static inline void il_cleanup_il_fd_(int *fd)
{
    il_autofd_(fd);
}

static inline void il_cleanup_il_buffer_(il_buffer *buffer)
{
    (void)il_buffer_release(buffer);
}

static inline void il_cleanup_il_sender_(il_sender *sender)
{
    il_sender_drop(sender);
}

static inline void il_cleanup_il_receiver_(il_receiver *receiver)
{
    il_receiver_drop(receiver);
}

/** @endcond */

#endif
