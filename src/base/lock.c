/* SPDX-License-Identifier: MIT */

/* lock.c - a lock in one word.
 *
 * Who finds it taken looks a few times more, for as long as a short critical
 * section lasts, and then sleeps in the kernel.  The word says that somebody
 * may sleep, so that unlocking calls the kernel only then.
 *
 * Rejected: pthread_mutex_t, which is ten times as large, would bring
 * <pthread.h> into public headers and has to be destroyed.  Spinning alone,
 * also with sched_yield(): who holds the lock may not have a processor, and not
 * get one as long as a thread of higher priority gives way to nobody but
 * itself. */

#include "config.h"

#include "base/lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Looks before sleeping: about a microsecond. */
#define N_LOOKS 40
/* Of a latch: looks with others in between, then between naps. */
#define N_YIELDS 8
#define NAP_NS 20000L

bool ili_futex_wait(int *word, int expected, il_time deadline)
{
    struct timespec until;
    const struct timespec *limit = NULL;

    if (deadline < 0)
        deadline = 0; /* the kernel knows no time before */
    if (deadline != IL_FOREVER) {
        until.tv_sec = (time_t)(deadline / 1000000000);
        until.tv_nsec = (long)(deadline % 1000000000);
        limit = &until;
    }
    /* This form alone takes a point in time and not a duration. */
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, limit,
                NULL, FUTEX_BITSET_MATCH_ANY) == 0)
        return true;
    return errno != ETIMEDOUT;
}

void ili_futex_wake(int *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static bool try_lock(int *lock)
{
    int is_free = 0;

    return __atomic_load_n(lock, __ATOMIC_RELAXED) == 0 &&
           __atomic_compare_exchange_n(lock, &is_free, 1, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool look_again(int *lock)
{
    for (int i = 0; i < N_LOOKS; i++) {
        ili_relax();
        if (try_lock(lock))
            return true;
    }
    return false;
}

void ili_latch_wait(int *latch)
{
    static const struct timespec nap = { .tv_nsec = NAP_NS };

    for (int i = 0; !look_again(latch); i++) {
        if (i < N_YIELDS)
            (void)sched_yield();
        else
            (void)nanosleep(&nap, NULL);
    }
}

void ili_lock_wait(int *lock)
{
    if (look_again(lock))
        return;
    /* Whoever comes here says so; that nobody else sleeps is not known. */
    while (__atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE) != 0)
        (void)ili_futex_wait(lock, 2, IL_FOREVER);
}
