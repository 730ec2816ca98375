/* SPDX-License-Identifier: MIT */

/* clock.c - what time it is, and points in time.
 *
 * Reading the clock costs more than entering and leaving a scope.  But who has
 * a deadline mostly wants to know only that it has not passed, and mostly it is
 * far away: then a clock will do that is a little late.  The kernel keeps one,
 * the time of its last tick, four times as fast to read. */

#include "config.h"

#include <interloop/time.h>

#include "loop/loop.h"

#include <time.h>

/* By how much the coarse clock may be late.  Ticks come every 10 ms or more
 * often, but on a virtual machine the processor that counts them may be held
 * up while ours runs.  If that takes longer still, a deadline that has passed is
 * noticed at the next turn instead of at once, as if it had passed just after
 * the look. */
#define MARGIN IL_SEC(1)

static il_time read_clock(clockid_t clock)
{
    struct timespec ts;

    (void)clock_gettime(clock, &ts);
    return (il_time)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

il_time ili_clock_real(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

il_time ili_clock_of_loop(void *data)
{
    const il_loop *loop = data;

    return loop->is_virtual ? loop->virtual_now : ili_clock_real();
}

bool ili_clock_has_passed(void *data, il_time at)
{
    const il_loop *loop = data;

    if (loop->is_virtual)
        return at <= loop->virtual_now;
#ifdef CLOCK_MONOTONIC_COARSE
    if (at > read_clock(CLOCK_MONOTONIC_COARSE) + MARGIN)
        return false;
#endif
    return at <= ili_clock_real();
}

il_time il_now(void)
{
    return ili_sched_current ? ili_sched_now(ili_sched_current)
                             : ili_clock_real();
}

il_time il_deadline(il_time duration)
{
    return ili_deadline_after(il_now(), duration);
}
