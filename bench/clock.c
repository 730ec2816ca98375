/* SPDX-License-Identifier: MIT */

/* clock.c - a clock that is the same in every run, for counting.
 *
 * The driver loads this before a program whose instructions or system calls it
 * counts.  What a loop does depends on time: how long it goes on before it
 * polls, when a deadline has come.  Under callgrind everything takes fifty
 * times as long and on a busy machine longer still, and counts that should be
 * exact would differ by a tenth.  Here time goes on by
 *
 *   - STEP_NS with each look at the clock, about what lies between two of them
 *     at full speed, and
 *   - what was asked for when a wait for descriptors times out,
 *
 * and not otherwise.  A wait really waits, so that other threads and processes
 * have the time they need.  Clocks of processor time stay what they are. */

#include "config.h"

#include <dlfcn.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 1000
/* Round in binary, because a timer wheel is, and not 0, as in no program. */
#define BEGIN_NS (INT64_C(1) << 40)
/* Of the clock that tells the date: somewhere in 2023. */
#define DATE_S 1700000000

#define NS_PER_S 1000000000
#define NS_PER_MS 1000000

#define PUBLIC __attribute__((visibility("default")))

static _Atomic int64_t now_ns = BEGIN_NS;

/* A wait has ended with r; it may have lasted at most so long. */
static int after_wait(int r, int64_t limit_ns)
{
    if (r == 0 && limit_ns > 0)
        atomic_fetch_add(&now_ns, limit_ns);
    return r;
}

static int64_t in_ns(const struct timespec *t)
{
    return t ? t->tv_sec * INT64_C(1000000000) + t->tv_nsec : -1;
}

PUBLIC int clock_gettime(clockid_t clock, struct timespec *t)
{
    int64_t ns;

    switch (clock) {
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
    case CLOCK_REALTIME:
        ns = atomic_fetch_add(&now_ns, STEP_NS) + STEP_NS;
        break;
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_REALTIME_COARSE:
        ns = atomic_load(&now_ns) / NS_PER_MS * NS_PER_MS;
        break;
    default:
        return (int)syscall(SYS_clock_gettime, clock, t);
    }
    t->tv_sec = ns / NS_PER_S;
    t->tv_nsec = ns % NS_PER_S;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        t->tv_sec += DATE_S;
    return 0;
}

PUBLIC int epoll_wait(int fd, struct epoll_event *events, int n, int timeout_ms)
{
    static int (*wait)(int, struct epoll_event *, int, int);

    if (!wait)
        *(void **)&wait = dlsym(RTLD_NEXT, "epoll_wait");
    return after_wait(wait(fd, events, n, timeout_ms),
                      (int64_t)timeout_ms * NS_PER_MS);
}

PUBLIC int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    static int (*wait)(struct pollfd *, nfds_t, int);

    if (!wait)
        *(void **)&wait = dlsym(RTLD_NEXT, "poll");
    return after_wait(wait(fds, n, timeout_ms),
                      (int64_t)timeout_ms * NS_PER_MS);
}

PUBLIC int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask)
{
    static int (*wait)(struct pollfd *, nfds_t, const struct timespec *,
                       const sigset_t *);

    if (!wait)
        *(void **)&wait = dlsym(RTLD_NEXT, "ppoll");
    return after_wait(wait(fds, n, timeout, mask), in_ns(timeout));
}
