/* SPDX-License-Identifier: MIT */

/* slow.c - steps that keep the thread, in no time. */

#include "slow.h"

#include <string.h>
#include <time.h>

static il_time worked;

int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int r = __real_clock_gettime(clock, ret_time);
    il_time now = (il_time)ret_time->tv_sec * IL_SEC(1) + ret_time->tv_nsec +
                  worked;

    ret_time->tv_sec = (time_t)(now / IL_SEC(1));
    ret_time->tv_nsec = (long)(now % IL_SEC(1));
    return r;
}

void work(il_time duration)
{
    worked += duration;
}

int watch_slow(struct fixture *f)
{
    static const il_debug_limits limits = { .step = IL_SEC(1000) };

    assert_int_equal(il_loop_set_debug_limits(f->loop, &limits), 0);
    return il_loop_set_debug(f->loop, IL_DEBUG_SLOW);
}

int setup_slow(void **state)
{
    int r = setup(state);

    return r < 0 ? r : watch_slow(*state);
}

void expect_slow(struct fixture *f, const char *name, il_time least)
{
    struct kept_report report = take_report_of(f, IL_REPORT_SLOW, 0, name);

    assert_true(report.duration >= least);
    assert_true(report.duration < least + IL_SEC(500));
    assert_non_null(strstr(report.details, "took "));
}

int work_in_the_second_step(void *arg)
{
    int r = il_yield();

    (void)arg;
    work(IL_SEC(1500));
    if (r == 0)
        r = il_sleep(IL_MS(1));
    return r;
}
