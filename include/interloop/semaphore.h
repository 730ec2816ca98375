/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_SEMAPHORE_H
#define INTERLOOP_SEMAPHORE_H

/**
 * @file semaphore.h
 * @brief So many at a time, and some count for more.
 *
 * A semaphore has permits.  A task takes one or several at once, or waits until
 * it can have all that it asked for; releasing puts permits back.  Who takes and
 * who releases need not be the same.
 *
 * Tasks get their permits in the order they came.  One that wants many is not
 * overtaken by those that want few: permits are kept for it as they come.  A
 * released permit goes to who waits inside il_semaphore_release(), so nobody can
 * snatch it.
 *
 * Where each task has its own turn and may have one only, see limiter.h.
 *
 * A semaphore is caller's storage, used from one loop's thread only.
 */

#include <interloop/export.h>
#include <interloop/inline.h>
#include <interloop/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

IL_BEGIN_DECLS

/** A semaphore.  #IL_SEMAPHORE_INIT, #IL_BOUNDED_SEMAPHORE_INIT or zeros (no
 *  permits, no bound) make it valid.  Fields private. */
typedef struct il_semaphore {
    il_link waiters; /**< private: tasks, in the order they came */
    size_t taken;    /**< private: permits, since it began */
    size_t given;    /**< private: likewise; what is between can be had */
    size_t beyond;   /**< private: so many more than its bound would be the most
                          that there can be; 0: it has no bound */
} il_semaphore;

/** A semaphore with @p n permits, to which more can be added. */
#define IL_SEMAPHORE_INIT(n)                                                   \
    {                                                                          \
        { 0, 0 }, 0, (n), 0                                                    \
    }

/** A semaphore with @p n permits, which never has more: releasing what was not
 *  taken is refused. */
#define IL_BOUNDED_SEMAPHORE_INIT(n)                                           \
    {                                                                          \
        { 0, 0 }, 0, (n), SIZE_MAX - (n)                                       \
    }

/**
 * Take permits.
 *
 * @suspends If it cannot have them at once, and now and then if it can, so that
 * a task that finds permits each time cannot keep the thread.
 *
 * @param semaphore  The semaphore; must stay until this returns, or be ended
 *                   with il_semaphore_fini().
 * @param n          How many, at least 1; all or none.
 * @retval 0            Taken.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EOWNERDEAD  il_semaphore_fini() was called; do not touch it again.
 * @retval -EINVAL      No semaphore, no permits, or more than its bound.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's tasks wait for it.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_semaphore_acquire(il_semaphore *semaphore,
                                                 size_t n);

/**
 * Take permits without waiting.
 *
 * @retval 0        Taken.
 * @retval -EAGAIN  There are too few, or somebody waits.
 * @retval -EINVAL  No semaphore, no permits, or more than its bound.
 * @retval -ESRCH   Another thread's tasks wait for it.
 */
IL_EXPORT IL_MUST_CHECK int il_semaphore_try_acquire(il_semaphore *semaphore,
                                                     size_t n);

/**
 * Put permits back, or add some.  Runs nothing.
 *
 * @param semaphore  A semaphore.
 * @param n          How many, at least 1.
 * @retval 0           Done.
 * @retval -EPERM      It is bounded and so many are not taken.
 * @retval -EOVERFLOW  There would be too many to count.
 * @retval -EINVAL     No semaphore or no permits.
 * @retval -ESRCH      Another thread's tasks wait for it; post to that loop.
 */
IL_EXPORT int il_semaphore_release(il_semaphore *semaphore, size_t n);

/** How many permits there are; while tasks wait, nobody else can have them. */
IL_EXPORT size_t il_semaphore_count(const il_semaphore *semaphore);

/** End a semaphore.  Tasks that still wait get -EOWNERDEAD.  It has no permits
 *  then, and no bound.  One that another thread's tasks wait for is left alone. */
IL_EXPORT void il_semaphore_fini(il_semaphore *semaphore);

/**
 * Run a block that has permits.
 *
 *     int r = 0;
 *     IL_WITH_PERMITS (&downloads, 1, &r) {
 *         r = download(file);
 *     }
 *
 * As IL_WITH_LOCK(); the semaphore must stay until the block is left.
 *
 * @param semaphore  The semaphore; evaluated once, as the others.
 * @param n          How many.
 * @param result     `int *`: becomes an error of il_semaphore_acquire(), and
 *                   then the block does not run; else nothing but the block
 *                   sets it.
 */
#define IL_WITH_PERMITS(semaphore, n, result)                                  \
    IL_WITH_PERMITS_(semaphore, n, result, __COUNTER__)

/** @cond */

/* The rest of both functions, when it is not short. */
IL_EXPORT int il_semaphore_acquire_slowly_(il_semaphore *semaphore, size_t n);
IL_EXPORT int il_semaphore_release_slowly_(il_semaphore *semaphore, size_t n);

/* 0 minus 1 is more than any number of permits. */
IL_INLINE_PART_ bool il_semaphore_acquire_quickly_(il_semaphore *semaphore,
                                                   size_t n)
{
    struct il_inline_task_ *task = il_inline_current_();

    if (!semaphore || !task || semaphore->waiters.next ||
        n - 1 >= semaphore->given - semaphore->taken || !il_inline_may_(task))
        return false;
    semaphore->taken += n;
    return true;
}

/* Without waiters a semaphore is of no thread. */
IL_INLINE_PART_ bool il_semaphore_release_quickly_(il_semaphore *semaphore,
                                                   size_t n)
{
    if (!semaphore || semaphore->waiters.next || n == 0 ||
        n > SIZE_MAX - semaphore->beyond -
                (semaphore->given - semaphore->taken))
        return false;
    semaphore->given += n;
    return true;
}

#ifndef IL_NO_INLINE
IL_INLINE_ int il_semaphore_acquire(il_semaphore *semaphore, size_t n)
{
    return IL_INLINE_LIKELY_(il_semaphore_acquire_quickly_(semaphore, n))
               ? 0
               : il_semaphore_acquire_slowly_(semaphore, n);
}

IL_INLINE_ int il_semaphore_release(il_semaphore *semaphore, size_t n)
{
    return IL_INLINE_LIKELY_(il_semaphore_release_quickly_(semaphore, n))
               ? 0
               : il_semaphore_release_slowly_(semaphore, n);
}
#endif

/* The variable behind IL_WITH_PERMITS(). */
struct il_permits_block_ {
    il_semaphore *semaphore; /* NULL: not acquired */
    size_t n;
    bool once;
};

static inline void il_permits_block_enter_(struct il_permits_block_ *block,
                                           il_semaphore *semaphore, size_t n,
                                           int *result)
{
    int r = il_semaphore_acquire(semaphore, n);

    block->once = r == 0;
    block->semaphore = r == 0 ? semaphore : NULL;
    block->n = n;
    if (r < 0)
        *result = r;
}

static inline void il_permits_block_leave_(struct il_permits_block_ *block)
{
    if (block->semaphore)
        (void)il_semaphore_release(block->semaphore, block->n);
}

#define IL_WITH_PERMITS_(semaphore, n, result, k)                              \
    IL_WITH_PERMITS_N_(semaphore, n, result, k)
#define IL_WITH_PERMITS_N_(semaphore, n, result, k)                            \
    for (struct il_permits_block_ il_block_##k                                 \
         __attribute__((cleanup(il_permits_block_leave_), unused)),            \
         *il_start_##k = (il_permits_block_enter_(&il_block_##k, (semaphore),  \
                                                  (n), (result)),              \
                          &il_block_##k);                                      \
         il_start_##k->once; il_start_##k->once = false)

/** @endcond */

IL_END_DECLS

#endif
