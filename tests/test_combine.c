/* SPDX-License-Identifier: MIT */

/* test_combine.c - collecting children as they end, gathering and racing. */

#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>

struct child {
    il_time duration;
    int result;
    int r;         /* what the sleep came to; 1 until then */
    bool stubborn; /* returns its result even when cancelled */
    il_task *task;
};

static int live(void *arg)
{
    struct child *child = arg;

    child->r = 1;
    child->r = child->duration ? il_sleep(child->duration) : 0;
    if (child->r < 0 && !child->stubborn)
        return child->r;
    return child->result;
}

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
    struct child children[] = { { IL_MS(30), 3, 1, false, NULL },
                                { IL_MS(10), 1, 1, false, NULL },
                                { 0, 7, 1, false, NULL },
                                { IL_MS(20), 2, 1, false, NULL } };
    il_task *task = arg;
    il_group group;

    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(il_spawn(&group, live, &children[i], NULL), 0);
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
    struct child child = { IL_MS(1), 0, 1, false, NULL };
    il_task *task = NULL;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, live, &child, NULL), 0);
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
    struct child bad = { IL_MS(10), -EIO, 1, false, NULL };
    struct child good = { IL_MS(20), 4, 1, false, NULL };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT | IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_spawn(&group, live, &bad, NULL), 0);
    CHECK_INT(il_spawn(&group, live, &good, NULL), 0);
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
    struct child children[] = { { 0, 3, 1, false, NULL },
                                { IL_MS(10), 1, 1, false, NULL },
                                { IL_MS(20), 2, 1, false, NULL } };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_spawn(&group, live, &children[i], NULL), 0);
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
    struct child child = { IL_MS(30), 6, 1, false, NULL };
    il_task *task = NULL;
    il_group group;
    int r = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_spawn(&group, live, &child, NULL), 0);
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
    struct child child = { IL_MS(20), 6, 1, false, NULL };
    il_task *task = NULL;
    il_group group;
    int r = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_spawn(&group, live, &child, NULL), 0);
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

/* --- il_gather ------------------------------------------------------------ */

static int gather_all(void *arg)
{
    struct child a = { IL_MS(20), 1, 1, false, NULL };
    struct child b = { IL_MS(10), 2, 1, false, NULL };
    struct child c = { 0, 3, 1, false, NULL };
    il_call calls[] = { { live, &a, -99 },
                        { live, &b, -99 },
                        { live, &c, -99 } };

    (void)arg;
    CHECK_INT(il_gather(NULL, 0), 0);
    CHECK_INT(il_gather(calls, 3), 0);
    CHECK_INT(now_ms(), 20);
    for (int i = 0; i < 3; i++)
        CHECK_INT(calls[i].result, i + 1);
    return 0;
}

static void test_combine_gather_keeps_results_in_call_order(void **state)
{
    (void)state;
    run(gather_all);
}

static int gather_failure(void *arg)
{
    struct child a = { IL_FOREVER, 1, 1, false, NULL };
    struct child b = { IL_MS(10), -EIO, 1, false, NULL };
    struct child c = { IL_FOREVER, 3, 1, true, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 }, { live, &c, 0 } };

    (void)arg;
    CHECK_INT(il_gather(calls, 3), -EIO);
    CHECK_INT(calls[0].result, -ECANCELED);
    CHECK_INT(calls[1].result, -EIO);
    CHECK_INT(calls[2].result, 3);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_combine_gather_failure_cancels_the_rest(void **state)
{
    (void)state;
    run(gather_failure);
}

static int gather_two_failures(void *arg)
{
    struct child a = { IL_MS(10), -EIO, 1, false, NULL };
    struct child b = { IL_FOREVER, -EPERM, 1, true, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 } };

    (void)arg;
    CHECK_INT(il_gather(calls, 2), -EIO);
    CHECK_INT(calls[1].result, -EPERM);
    return 0;
}

/* It was handed over, so nobody has to hear of it by a report. */
static void test_combine_gather_second_failure_is_in_the_results(void **state)
{
    (void)state;
    run(gather_two_failures);
}

static int gather_failure_at_once(void *arg)
{
    struct child a = { 0, -EPERM, 1, false, NULL };
    struct child b = { IL_FOREVER, 1, 1, false, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 } };

    (void)arg;
    CHECK_INT(il_gather(calls, 2), -EPERM);
    CHECK_INT(calls[0].result, -EPERM);
    CHECK_INT(calls[1].result, -ECANCELED);
    return 0;
}

static void test_combine_gather_failure_of_a_first_step(void **state)
{
    (void)state;
    run(gather_failure_at_once);
}

static int gather_stubborn(void *arg)
{
    struct child a = { IL_FOREVER, 1, 1, true, NULL };
    struct child b = { IL_FOREVER, 2, 1, true, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 } };
    int r = il_gather(calls, 2);

    (void)arg;
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(calls[0].result, 1);
    CHECK_INT(calls[1].result, 2);
    return r;
}

/* bpo-26923: the cancel must reach the caller even if every child swallowed it. */
static void test_combine_gather_cancelled_says_so(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, gather_stubborn, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

/* --- il_gather_all -------------------------------------------------------- */

static int gather_errors(void *arg)
{
    struct child a = { IL_MS(20), 1, 1, false, NULL };
    struct child b = { IL_MS(10), -EIO, 1, false, NULL };
    struct child c = { 0, -EPERM, 1, false, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 }, { live, &c, 0 } };

    (void)arg;
    CHECK_INT(il_gather_all(calls, 3), 2);
    CHECK_INT(now_ms(), 20);
    CHECK_INT(calls[0].result, 1);
    CHECK_INT(calls[1].result, -EIO);
    CHECK_INT(calls[2].result, -EPERM);
    CHECK_INT(il_gather_all(calls, 1), 0);
    CHECK_INT(il_gather_all(NULL, 0), 0);
    CHECK_INT(il_gather_all(NULL, 1), -EINVAL);
    CHECK_INT(il_yield(), 0);
    return 0;
}

/* And nothing is reported. */
static void test_combine_gather_all_takes_errors_for_results(void **state)
{
    (void)state;
    run(gather_errors);
}

static int gather_all_stubborn(void *arg)
{
    struct child a = { IL_FOREVER, 1, 1, true, NULL };
    struct child b = { IL_FOREVER, 2, 1, false, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 } };
    int r = il_gather_all(calls, 2);

    (void)arg;
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(calls[0].result, 1);
    CHECK_INT(calls[1].result, -ECANCELED);
    return r;
}

/* bpo-32684: with return_exceptions the cancel was one of the results, and the
 * caller did not hear of it. */
static void test_combine_gather_all_cancelled_says_so(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, gather_all_stubborn, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

/* --- il_race -------------------------------------------------------------- */

static int race(void *arg)
{
    struct child a = { IL_MS(30), 1, 1, false, NULL };
    struct child b = { IL_MS(10), -EIO, 1, false, NULL };
    struct child c = { IL_MS(20), 5, 1, false, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 }, { live, &c, 0 } };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_race(calls, 3, &winner), 0);
    CHECK_INT(winner, 2);
    CHECK_INT(now_ms(), 20);
    CHECK_INT(calls[0].result, -ECANCELED);
    CHECK_INT(calls[1].result, -EIO);
    CHECK_INT(calls[2].result, 5);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_combine_race_is_won_by_the_first_success(void **state)
{
    (void)state;
    run(race);
}

static int race_won_at_once(void *arg)
{
    struct child a = { IL_FOREVER, 1, 1, false, NULL };
    struct child b = { 0, 0, 1, false, NULL };
    struct child c = { IL_FOREVER, 3, 1, false, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 }, { live, &c, 0 } };
    size_t winner = 99;

    (void)arg;
    c.r = 55;
    CHECK_INT(il_race(calls, 3, &winner), 0);
    CHECK_INT(winner, 1);
    CHECK_INT(a.r, -ECANCELED);
    CHECK_INT(calls[2].result, -ECANCELED);
    CHECK_INT(c.r, 55);
    CHECK_INT(il_race(calls + 1, 1, NULL), 0);
    return 0;
}

static void test_combine_race_won_in_a_first_step_starts_no_more(void **state)
{
    (void)state;
    run(race_won_at_once);
}

static int race_lost_by_all(void *arg)
{
    struct child a = { IL_MS(20), -EPERM, 1, false, NULL };
    struct child b = { IL_MS(10), -EIO, 1, false, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 } };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_race(calls, 2, &winner), -EIO);
    CHECK_INT(winner, 99);
    CHECK_INT(now_ms(), 20);
    CHECK_INT(il_race(calls, 0, &winner), -EINVAL);
    return 0;
}

static int nothing_to_call(void *arg)
{
    struct child a = { 0 };
    il_call calls[] = { { live, &a, 5 }, { NULL, NULL, 5 } };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_gather(calls, 2), -EINVAL);
    CHECK_INT(il_gather_all(calls, 2), -EINVAL);
    CHECK_INT(il_race(calls, 2, &winner), -EINVAL);
    CHECK_INT(il_first(calls, 2, &winner), -EINVAL);
    CHECK_INT(il_race_staggered(calls, 2, 0, &winner), -EINVAL);
    CHECK_INT(calls[0].result, 5);
    CHECK_INT(winner, 99);
    return 0;
}

static void test_combine_refuses_calls_without_function(void **state)
{
    (void)state;
    run(nothing_to_call);
}

static void test_combine_race_without_winner_gives_the_first_error(void **state)
{
    (void)state;
    run(race_lost_by_all);
}

static int race_with_limit(void *arg)
{
    struct child a = { IL_FOREVER, 0, 1, false, NULL };
    struct child b = { IL_FOREVER, 0, 1, false, NULL };
    il_call calls[] = { { live, &a, 0 }, { live, &b, 0 } };
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_race(calls, 2, NULL);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(calls[0].result, -ECANCELED);
    CHECK_INT(calls[1].result, -ECANCELED);
    return 0;
}

static void test_combine_race_obeys_a_timeout_around_it(void **state)
{
    (void)state;
    run(race_with_limit);
}

static void test_combine_is_for_tasks_only(void **state)
{
    struct child a = { 0, 0, 1, false, NULL };
    il_call call = { live, &a, 0 };

    (void)state;
    assert_int_equal(il_gather(&call, 1), -ESRCH);
    assert_int_equal(il_race(&call, 1, NULL), -ESRCH);
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
        TEST(test_combine_gather_keeps_results_in_call_order),
        TEST(test_combine_gather_failure_cancels_the_rest),
        TEST(test_combine_gather_second_failure_is_in_the_results),
        TEST(test_combine_gather_failure_of_a_first_step),
        TEST(test_combine_gather_cancelled_says_so),
        TEST(test_combine_gather_all_takes_errors_for_results),
        TEST(test_combine_gather_all_cancelled_says_so),
        TEST(test_combine_race_is_won_by_the_first_success),
        TEST(test_combine_race_won_in_a_first_step_starts_no_more),
        TEST(test_combine_refuses_calls_without_function),
        TEST(test_combine_race_without_winner_gives_the_first_error),
        TEST(test_combine_race_obeys_a_timeout_around_it),
        TEST(test_combine_is_for_tasks_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
