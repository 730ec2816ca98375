/* SPDX-License-Identifier: MIT */

/* clock.c - what time it is, and points in time. */

#include "config.h"

#include <interloop/time.h>

#include "loop/loop.h"

#include <time.h>

il_time ili_clock_real(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (il_time)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

il_time ili_clock_of_loop(void *data)
{
    const il_loop *loop = data;

    return loop->is_virtual ? loop->virtual_now : ili_clock_real();
}

il_time il_now(void)
{
    return ili_sched_current ? ili_sched_now(ili_sched_current)
                             : ili_clock_real();
}

il_time il_deadline(il_time duration)
{
    il_time now = il_now();

    if (duration <= 0)
        return now;
    return duration > IL_FOREVER - now ? IL_FOREVER : now + duration;
}
