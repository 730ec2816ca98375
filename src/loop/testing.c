/* SPDX-License-Identifier: MIT */

/* testing.c - virtual time and leak checks.
 *
 * Descriptors are counted before the loop is made and after it was closed, so its
 * own are none of those that leak. */

#include "config.h"

#include <interloop/dump.h>
#include <interloop/testing.h>

#include "loop/loop.h"
#include "task/debug.h"
#include "loop/shuffle.h"
#include "loop/trial.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where virtual clocks start: not at 0, so that times before it exist. */
#define EPOCH IL_SEC(1)

int il_test_use_virtual_time(il_loop *loop, int mode)
{
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(mode == IL_TEST_MANUAL || mode == IL_TEST_AUTOJUMP,
                       -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.runner && !loop->sched.current, -EBUSY);
    ILI_RETURN_IF_FAIL(ili_alarms_empty(&loop->sched.alarms), -EBUSY);
    if (!loop->is_virtual) {
        loop->virtual_now = EPOCH;
        ili_alarms_init(&loop->sched.alarms); /* time goes back */
    }
    loop->is_virtual = true;
    if (loop->verify_at != IL_FOREVER)
        loop->verify_at = 0;
    loop->autojump = mode == IL_TEST_AUTOJUMP;
    return 0;
}

int il_test_run_until_blocked(il_loop *loop)
{
    int turns = 0;

    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(!loop->sched.runner && !loop->sched.current, -EBUSY);
    for (;;) {
        ili_loop_poll(loop, 0);
        if (!ili_sched_is_busy(&loop->sched))
            return turns;
        if (!ili_list_linked(&loop->sched.marker.link)) {
            if (loop->shuffle)
                ili_shuffle_turn(loop);
            ili_sched_begin_turn(&loop->sched);
        }
        ili_loop_one_turn(loop, 0);
        turns++;
    }
}

int il_test_advance(il_loop *loop, il_time duration)
{
    il_time target;

    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(
        loop->is_virtual && duration >= 0 && duration != IL_FOREVER, -EINVAL);
    target = il_deadline(duration);
    if (target == IL_FOREVER)
        target = IL_FOREVER - 1; /* what waits for ever is never due */
    for (;;) {
        il_time next;
        int r = il_test_run_until_blocked(loop);

        if (r < 0)
            return r;
        next = ili_alarms_next(&loop->sched.alarms);
        if (next > target)
            break;
        loop->virtual_now = next;
    }
    loop->virtual_now = target;
    return 0;
}

int ili_count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    if (!dir)
        return 0;
    while (readdir(dir) != NULL)
        n++;
    (void)closedir(dir);
    return n;
}

/* The seed that the environment asks for; 0: it asks for none. */
static uint64_t choose_seed(void)
{
    const char *text = getenv("INTERLOOP_TEST_SEED");
    uint64_t random = (uint64_t)ili_clock_real();

    if (!text)
        return 0;
    if (strcmp(text, "random") != 0)
        return strtoull(text, NULL, 0);
    return ili_random(&random) >> 40; /* short enough to be read out */
}

/* Run it and see what is left; the loop is closed in any case. */
static int run_in(il_loop *loop, uint64_t seed, il_task_fn *main_fn, void *arg,
                  il_test_leaks *leaks)
{
    int r = il_test_use_virtual_time(loop, IL_TEST_AUTOJUMP);

    if (r == 0)
        r = il_test_use_seed(loop, seed);
    if (r == 0)
        r = ili_debug_test(&loop->sched); /* rather fail than hang */
    if (r == 0)
        r = il_run(main_fn, arg);
    leaks->tasks = il_loop_count_tasks(loop);
    if (leaks->tasks > 0) {
        fprintf(stderr, "interloop: %zu tasks left behind:\n", leaks->tasks);
        (void)il_dump_tasks(stderr);
    }
    (void)il_loop_close(loop, IL_SEC(5));
    (void)il_loop_unref(loop);
    return r;
}

int il_test_run(il_task_fn *main_fn, void *arg, il_test_leaks *ret_leaks)
{
    il_test_leaks leaks = { 0, 0 };
    int before = ili_count_descriptors();
    uint64_t seed = choose_seed();
    il_loop *loop;
    int r;

    ILI_RETURN_IF_FAIL(main_fn, -EINVAL);
    r = il_loop_new(&loop);
    if (r == 0) {
        r = run_in(loop, seed, main_fn, arg, &leaks);
        leaks.descriptors = ili_count_descriptors() - before;
    }
    if (ret_leaks)
        *ret_leaks = leaks;
    if (r >= 0 && (leaks.tasks > 0 || leaks.descriptors > 0))
        r = -EUCLEAN;
    if (r < 0 && seed != 0)
        fprintf(stderr, "interloop: failed with INTERLOOP_TEST_SEED=%llu\n",
                (unsigned long long)seed);
    return r;
}
