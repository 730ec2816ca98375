/* SPDX-License-Identifier: MIT */

/* test_combine_next.c - take tasks of a group in the order in which they end. */

#include "support/fixture.h"
#include "support/jobs.h"
#include "support/tasks.h"

#include <errno.h>

static int expect_next(il_group *group, int result)
{
    il_task *task = NULL;
    int got = 0x5eed;
    int r = il_group_next(group, &task);

    if (CHECK_INT(r, 0) && CHECK(il_task_is_done(task))) {
        CHECK_INT(il_task_try_join(task, &got), 0);
        CHECK_INT(got, result);
        il_task_unref(task);
    }
    return r;
}

static int collect(void *arg)
{
    struct job children[] = { { IL_MS(30), 3, 1, false, NULL },
                              { IL_MS(10), 1, 1, false, NULL },
                              { 0, 7, 1, false, NULL },
                              { IL_MS(20), 2, 1, false, NULL } };
    il_task *task = arg;
    il_group group;

    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(il_spawn(&group, do_job, &children[i], NULL), 0);
    expect_next(&group, 7);
    CHECK_INT(now_ms(), 0);
    expect_next(&group, 1);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(il_sleep(IL_MS(25)), 0);
    expect_next(&group, 2);
    expect_next(&group, 3);
    CHECK_INT(il_group_next(&group, &task), -ENOENT);
    CHECK(task == arg);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_combine_next_gives_tasks_in_the_order_they_ended(void **state)
{
    (void)state;
    run(collect);
}

static int do_not_collect(void *arg)
{
    struct job child = { IL_MS(1), 0, 1, false, NULL };
    il_task *task = NULL;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, do_job, &child, NULL), 0);
    CHECK_INT(il_group_next(&group, &task), -EINVAL);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_combine_next_is_for_collecting_groups(void **state)
{
    (void)state;
    run(do_not_collect);
}

static int collect_errors(void *arg)
{
    struct job bad = { IL_MS(10), -EIO, 1, false, NULL };
    struct job good = { IL_MS(20), 4, 1, false, NULL };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT | IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_spawn(&group, do_job, &bad, NULL), 0);
    CHECK_INT(il_spawn(&group, do_job, &good, NULL), 0);
    expect_next(&group, -EIO);
    expect_next(&group, 4);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

/* Whoever collected an error has heard of it: no report. */
static void test_combine_collected_errors_are_handled(void **state)
{
    (void)state;
    run(collect_errors);
}

static int drop_collected(void *arg)
{
    struct job children[] = { { 0, 3, 1, false, NULL },
                              { IL_MS(10), 1, 1, false, NULL },
                              { IL_MS(20), 2, 1, false, NULL } };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_spawn(&group, do_job, &children[i], NULL), 0);
    expect_next(&group, 3);
    CHECK_INT(il_sleep(IL_MS(15)), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(children[2].r, 0);
    return 0;
}

static void test_combine_tasks_nobody_took_are_dropped_by_close(void **state)
{
    struct fixture *f = *state;

    run(drop_collected);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static int next_with_limit(void *arg)
{
    struct job child = { IL_MS(30), 6, 1, false, NULL };
    il_task *task = NULL;
    il_group group;
    int r = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_spawn(&group, do_job, &child, NULL), 0);
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_group_next(&group, &task);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK(task == NULL);
    expect_next(&group, 6);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_combine_next_that_timed_out_loses_no_task(void **state)
{
    (void)state;
    run(next_with_limit);
}

static int sleep_after_next(void *arg)
{
    struct job child = { IL_MS(20), 6, 1, false, NULL };
    il_task *task = NULL;
    il_group group;
    int r = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_spawn(&group, do_job, &child, NULL), 0);
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_group_next(&group, &task);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(il_sleep(IL_MS(30)), 0);
    CHECK_INT(now_ms(), 40);
    expect_next(&group, 6);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

/* The child ends while its owner waits for something else. */
static void test_combine_next_that_timed_out_waits_no_more(void **state)
{
    (void)state;
    run(sleep_after_next);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_combine_next_gives_tasks_in_the_order_they_ended),
        TEST(test_combine_next_is_for_collecting_groups),
        TEST(test_combine_collected_errors_are_handled),
        TEST(test_combine_tasks_nobody_took_are_dropped_by_close),
        TEST(test_combine_next_that_timed_out_loses_no_task),
        TEST(test_combine_next_that_timed_out_waits_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
