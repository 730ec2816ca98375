/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_RWLOCK_H
#define INTERLOOP_RWLOCK_H

/**
 * @file rwlock.h
 * @brief Many may read, or one may write.
 *
 * As a lock, for what is looked at often across suspensions and seldom changed.
 *
 * Who comes first is served first, readers and writers in one queue.  Readers
 * that follow each other read together.  A reader that comes while a writer waits
 * queues behind it, so neither side can starve the other.  This means that a task
 * must not begin to read twice: between the two a writer may have come, and each
 * would wait for the other.  Nor must it begin to write while it reads: it would
 * wait for itself.
 *
 * A writer owns the lock as it would own an il_lock, with the same care if it ends
 * without releasing it.  Readers are only counted.
 *
 * A read-write lock is caller's storage, used from one loop's thread only.
 */

#include <interloop/export.h>
#include <interloop/lock.h>
#include <interloop/node.h>
#include <interloop/task.h>

#include <stdbool.h>
#include <stddef.h>

IL_BEGIN_DECLS

/** A read-write lock.  #IL_RWLOCK_INIT or zeros make it valid and free.  Fields
 *  private. */
typedef struct il_rwlock {
    il_hold hold;     /**< private: the writer, and who waits for either */
    size_t n_readers; /**< private: who read now */
} il_rwlock;

/** A read-write lock that is free. */
#define IL_RWLOCK_INIT                                                         \
    {                                                                          \
        { { 0, 0 }, 0, 0, 0 }, 0                                               \
    }

/**
 * Begin to read, together with others who do.
 *
 * @suspends If somebody writes or waits, and now and then if nobody does, so
 * that a task that never has to wait cannot keep the thread.
 *
 * @param rwlock  The lock; must stay until this returns, or be ended with
 *                il_rwlock_fini().
 * @retval 0            The caller reads, until il_rwlock_release_read().
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EDEADLK     The caller writes; or it must wait, under a nested host
 *                      loop.
 * @retval -EOWNERDEAD  The writer ended without releasing it, or
 *                      il_rwlock_fini() was called: then do not touch it again.
 * @retval -EINVAL      @p rwlock is NULL.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's.
 */
IL_EXPORT IL_MUST_CHECK int il_rwlock_acquire_read(il_rwlock *rwlock);

/** Begin to write, alone.  As il_rwlock_acquire_read(), until
 *  il_rwlock_release_write(); also waits for readers. */
IL_EXPORT IL_MUST_CHECK int il_rwlock_acquire_write(il_rwlock *rwlock);

/**
 * Begin to read without waiting.
 *
 * @retval 0            The caller reads.
 * @retval -EAGAIN      Somebody writes, or waits.
 * @retval -EDEADLK     The caller writes.
 * @retval -EOWNERDEAD  The writer ended without releasing it.
 * @retval -EINVAL      @p rwlock is NULL.
 * @retval -ESRCH       Another thread's.
 */
IL_EXPORT IL_MUST_CHECK int il_rwlock_try_acquire_read(il_rwlock *rwlock);

/** Begin to write without waiting.  As il_rwlock_try_acquire_read(); -EAGAIN also
 *  if somebody reads. */
IL_EXPORT IL_MUST_CHECK int il_rwlock_try_acquire_write(il_rwlock *rwlock);

/**
 * End reading.  Runs nothing.
 *
 * @retval 0        Done; if nobody reads any more, the next one is served.
 * @retval -EPERM   Nobody reads.
 * @retval -EINVAL  @p rwlock is NULL.
 * @retval -ESRCH   Another thread's.
 */
IL_EXPORT int il_rwlock_release_read(il_rwlock *rwlock);

/**
 * End writing.  Runs nothing.
 *
 * @retval 0        Done; the next one is served, or the next ones that read.
 * @retval -EPERM   The caller does not write.
 * @retval -EINVAL  @p rwlock is NULL.
 * @retval -ESRCH   Another thread's.
 */
IL_EXPORT int il_rwlock_release_write(il_rwlock *rwlock);

/** How many read. */
IL_EXPORT size_t il_rwlock_count_readers(const il_rwlock *rwlock);

/** The task that writes, without a reference; NULL: none. */
IL_EXPORT il_task *il_rwlock_get_writer(const il_rwlock *rwlock);

/** End a read-write lock.  Tasks that still wait get -EOWNERDEAD; who reads or
 *  writes does not any more.  Another thread's is left alone. */
IL_EXPORT void il_rwlock_fini(il_rwlock *rwlock);

/**
 * Run a block that reads.
 *
 *     int r = 0;
 *     IL_WITH_READ_LOCK (&table->lock, &r) {
 *         r = print(table);
 *     }
 *
 * As IL_WITH_LOCK(); the lock must stay until the block is left.
 */
#define IL_WITH_READ_LOCK(rwlock, result)                                      \
    IL_WITH_RWLOCK_(rwlock, result, false, __COUNTER__)

/** Run a block that writes; as IL_WITH_LOCK(). */
#define IL_WITH_WRITE_LOCK(rwlock, result)                                     \
    IL_WITH_RWLOCK_(rwlock, result, true, __COUNTER__)

/** @cond */

/* The variable behind both blocks. */
struct il_rwlock_block_ {
    il_rwlock *rwlock; /* NULL: not acquired */
    bool writes;
    bool once;
};

IL_EXPORT void il_rwlock_block_enter_(struct il_rwlock_block_ *block,
                                      il_rwlock *rwlock, int *result,
                                      bool writes);
IL_EXPORT void il_rwlock_block_leave_(struct il_rwlock_block_ *block);

#define IL_WITH_RWLOCK_(rwlock, result, writes, n)                             \
    IL_WITH_RWLOCK_N_(rwlock, result, writes, n)
#define IL_WITH_RWLOCK_N_(rwlock, result, writes, n)                           \
    for (struct il_rwlock_block_ il_block_##n                                  \
         __attribute__((cleanup(il_rwlock_block_leave_), unused)),             \
         *il_start_##n = (il_rwlock_block_enter_(&il_block_##n, (rwlock),      \
                                                 (result), (writes)),          \
                          &il_block_##n);                                      \
         il_start_##n->once; il_start_##n->once = false)

/** @endcond */

IL_END_DECLS

#endif
