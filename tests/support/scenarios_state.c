/* SPDX-License-Identifier: MIT */

/* scenarios_state.c - what a switch must leave alone, and what can be seen of
 * the tasks from outside. */

#include "config.h"

#include "scenario_tools.h"

#include "pipes.h"

#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int wait_for_it(void *arg)
{
    return il_future_wait(arg, NULL, NULL);
}

static int wait_to_read(void *arg)
{
    return il_wait_fd(*(int *)arg, IL_READ);
}

static void check_dump(int n_expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    int n_lines = 0;

    if (!CHECK(file != NULL))
        return;
    CHECK_INT(il_dump_tasks(file), n_expected);
    CHECK_INT(fclose(file), 0);
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        n_lines++;
    CHECK_INT(n_lines, n_expected);
    CHECK(strstr(text, "wait_for_it: waits for a future since") != NULL);
    CHECK(strstr(text, "wait_to_read: waits for a descriptor since") != NULL);
    CHECK(strstr(text, "sleep_for_ever: waits for time since") != NULL);
    CHECK(strstr(text, "scenarios_state.c:") != NULL);
    CHECK(strstr(text, ": running") != NULL); /* we */
    free(text);
}

static int dump_shows_who_waits_for_what(void *arg)
{
    il_future future = IL_FUTURE_INIT;
    il_group group;
    int fds[2];

    (void)arg;
    open_pipe(fds);
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, wait_for_it, &future, NULL), 0);
    CHECK_INT(il_spawn(&group, wait_to_read, &fds[0], NULL), 0);
    CHECK_INT(il_spawn(&group, sleep_for_ever, NULL, NULL), 0);
    CHECK_INT(il_sleep(IL_US(100)), 0);
    check_dump(4);
    il_group_cancel(&group);
    CHECK_INT(il_group_close(&group), 0);
    close_both(fds);
    return 0;
}

static int tasks_are_counted(void *arg)
{
    il_loop *loop = il_loop_current();
    il_task *tasks[5];

    (void)arg;
    CHECK_INT(il_loop_count_tasks(loop), 1);
    for (int i = 0; i < 5; i++)
        CHECK_INT(il_spawn(NULL, sleep_for_ever, NULL, &tasks[i]), 0);
    CHECK_INT(il_loop_count_tasks(loop), 6);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(il_task_cancel(tasks[i]), 0);
        CHECK_INT(il_task_join(tasks[i], NULL), 0);
        CHECK_INT(il_loop_count_tasks(loop), 5 - i);
        il_task_unref(tasks[i]); /* ended, though somebody knows it */
    }
    return 0;
}

static int yield_once(void *arg)
{
    (void)arg;
    return il_yield();
}

/* Results are returned; errno is the program's, whatever the result. */
static int errno_is_left_alone(void *arg)
{
    il_future future = IL_FUTURE_INIT;
    il_task *task;

    (void)arg;
    errno = 77;
    CHECK_INT(il_yield(), 0);
    CHECK_INT(errno, 77);
    CHECK_INT(il_spawn(NULL, yield_once, NULL, &task), 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    CHECK_INT(errno, 77);
    CHECK_INT(il_future_set(&future, 0, NULL), 0);
    CHECK_INT(il_future_set(&future, 0, NULL), -EALREADY);
    CHECK_INT(il_spawn(NULL, NULL, NULL, NULL), -EINVAL);
    CHECK_INT(il_task_join(il_task_current(), NULL), -EDEADLK);
    CHECK_INT(il_wait_fd(-1, IL_READ), -EBADF);
    CHECK_INT(il_run(yield_once, NULL), -EBUSY);
    CHECK_INT(errno, 77);
    il_task_unref(task);
    return 0;
}

struct sum {
    double start;
    double result;
    int rounding;
};

/* A third is rounded; how, only the processor's state tells. */
static double third(void)
{
    volatile double one = 1;
    volatile double three = 3;

    return one / three;
}

static int add_up(void *arg)
{
    struct sum *sum = arg;
    int before = fegetround();
    double x = sum->start;
    double rounded;

    CHECK_INT(fesetround(sum->rounding), 0);
    rounded = third();
    for (int i = 1; i <= 50; i++) {
        x += 1.0 / i;
        CHECK_INT(il_yield(), 0);
        CHECK_INT(fegetround(), sum->rounding);
        CHECK(third() >= rounded && third() <= rounded);
    }
    sum->result = x;
    CHECK_INT(fesetround(before), 0);
    return 0;
}

static int numbers_belong_to_their_task(void *arg)
{
    struct sum sums[] = { { 0, 0, FE_TONEAREST },
                          { 1000, 0, FE_UPWARD },
                          { 2000, 0, FE_DOWNWARD } };
    il_group group;
    int before = fegetround();
    double expected = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_spawn(&group, add_up, &sums[i], NULL), 0);
        CHECK_INT(fegetround(), before);
    }
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(fegetround(), before);
    for (int i = 1; i <= 50; i++)
        expected += 1.0 / i;
    for (int i = 0; i < 3; i++) {
        double error = sums[i].result - sums[i].start - expected;

        CHECK(error < 1e-9 && error > -1e-9);
    }
    return 0;
}

static int keep_locals(void *arg)
{
    const unsigned seed = *(unsigned *)arg;
    unsigned values[64];

    for (unsigned i = 0; i < 64; i++)
        values[i] = seed * 1000 + i;
    for (int round = 0; round < 30; round++) {
        CHECK_INT(round % 10 ? il_yield() : il_sleep(IL_US(50)), 0);
        for (unsigned i = 0; i < 64; i++)
            CHECK_INT(values[i], seed * 1000 + i);
    }
    return 0;
}

static int locals_survive_switches(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (unsigned seed = 0; seed < 20; seed++)
        CHECK_INT(il_spawn_copy(&group, keep_locals, &seed, sizeof seed, NULL),
                  0);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static int loop_refuses_to_run_from_inside(void *arg)
{
    il_loop *loop = il_loop_current();
    il_loop *other = NULL;

    (void)arg;
    CHECK_INT(il_run(yield_once, NULL), -EBUSY);
    CHECK_INT(il_loop_run(loop), -EBUSY);
    CHECK_INT(il_loop_close(loop, 0), -EBUSY);
    CHECK_INT(il_loop_new(&other), -EBUSY);
    CHECK(other == NULL);
    CHECK(il_loop_current() == loop);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_loop_close(loop, 0), -EBUSY);
    return 0;
}

const struct scenario scenarios_state[] = {
    { "a dump shows who waits for what", dump_shows_who_waits_for_what },
    { "tasks are counted", tasks_are_counted },
    { "errno is left alone", errno_is_left_alone },
    { "numbers belong to their task", numbers_belong_to_their_task },
    { "locals survive switches", locals_survive_switches },
    { "a loop refuses to run from inside", loop_refuses_to_run_from_inside },
    { NULL, NULL },
};
