/* SPDX-License-Identifier: MIT */
#ifndef ILI_BASE_LOCK_H
#define ILI_BASE_LOCK_H

/* lock.h - a lock in one word, and sleeping on a word.
 *
 * For what several threads share.  The lock is held for a few dozen
 * instructions and never while anything else is waited for.  Zeros are a valid
 * lock that is free, and nothing has to be destroyed: so it fits into structs
 * of users, with static initialisers.
 *
 *     0  free
 *     1  taken
 *     2  taken, and somebody may sleep until it is free
 *
 * Unlocking looks at the word for the last time when it frees it: what the lock
 * is in may be gone right then, as long as nobody gets there without the lock.
 * A wake-up for an address that means something else by now does no harm, as
 * whoever sleeps looks again. */

#include "base/assert.h"

#include <interloop/time.h>

#include <stdbool.h>

/* Sleep while the word is `expected`, until somebody wakes it or `deadline` on
 * CLOCK_MONOTONIC has passed.  May return early.  False: the deadline has
 * passed. */
bool ili_futex_wait(int *word, int expected, il_time deadline);

/* Wake one who sleeps on a word. */
void ili_futex_wake(int *word);

/* Between two looks at what another processor will write. */
static inline void ili_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    /* `yield` does nothing on most of them. */
    __asm__ volatile("isb");
#endif
}

/* The rest of ili_lock(), for when it is taken. */
void ili_lock_wait(int *lock);

static inline void ili_lock(int *lock)
{
    int is_free = 0;

    if (ILI_UNLIKELY(!__atomic_compare_exchange_n(
            lock, &is_free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        ili_lock_wait(lock);
}

static inline void ili_unlock(int *lock)
{
    if (ILI_UNLIKELY(__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2))
        ili_futex_wake(lock);
}

/* A latch is a lock that is given back by a plain store: half the price, for
 * what costs little more than that.  In exchange nobody is woken; those who
 * find it taken look again, after a nap when they have looked often.  So it is
 * for a few instructions without any call into the kernel. */

/* The rest of ili_latch(). */
void ili_latch_wait(int *latch);

static inline void ili_latch(int *latch)
{
    int is_free = 0;

    if (ILI_UNLIKELY(!__atomic_compare_exchange_n(
            latch, &is_free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        ili_latch_wait(latch);
}

static inline void ili_unlatch(int *latch)
{
    __atomic_store_n(latch, 0, __ATOMIC_RELEASE);
}

#endif
