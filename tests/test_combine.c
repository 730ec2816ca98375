/* SPDX-License-Identifier: MIT */

/* test_combine.c - gathering and racing. */

#include "support/fixture.h"
#include "support/jobs.h"
#include "support/tasks.h"

#include <errno.h>

/* --- il_gather ------------------------------------------------------------ */

static int gather_all(void *arg)
{
    struct job a = { IL_MS(20), 1, 1, false, NULL };
    struct job b = { IL_MS(10), 2, 1, false, NULL };
    struct job c = { 0, 3, 1, false, NULL };
    il_call calls[] = { { do_job, &a, -99 },
                        { do_job, &b, -99 },
                        { do_job, &c, -99 } };

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
    struct job a = { IL_FOREVER, 1, 1, false, NULL };
    struct job b = { IL_MS(10), -EIO, 1, false, NULL };
    struct job c = { IL_FOREVER, 3, 1, true, NULL };
    il_call calls[] = { { do_job, &a, 0 },
                        { do_job, &b, 0 },
                        { do_job, &c, 0 } };

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
    struct job a = { IL_MS(10), -EIO, 1, false, NULL };
    struct job b = { IL_FOREVER, -EPERM, 1, true, NULL };
    il_call calls[] = { { do_job, &a, 0 }, { do_job, &b, 0 } };

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
    struct job a = { 0, -EPERM, 1, false, NULL };
    struct job b = { IL_FOREVER, 1, 1, false, NULL };
    il_call calls[] = { { do_job, &a, 0 }, { do_job, &b, 0 } };

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
    struct job a = { IL_FOREVER, 1, 1, true, NULL };
    struct job b = { IL_FOREVER, 2, 1, true, NULL };
    il_call calls[] = { { do_job, &a, 0 }, { do_job, &b, 0 } };
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
    struct job a = { IL_MS(20), 1, 1, false, NULL };
    struct job b = { IL_MS(10), -EIO, 1, false, NULL };
    struct job c = { 0, -EPERM, 1, false, NULL };
    il_call calls[] = { { do_job, &a, 0 },
                        { do_job, &b, 0 },
                        { do_job, &c, 0 } };

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
    struct job a = { IL_FOREVER, 1, 1, true, NULL };
    struct job b = { IL_FOREVER, 2, 1, false, NULL };
    il_call calls[] = { { do_job, &a, 0 }, { do_job, &b, 0 } };
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
    struct job a = { IL_MS(30), 1, 1, false, NULL };
    struct job b = { IL_MS(10), -EIO, 1, false, NULL };
    struct job c = { IL_MS(20), 5, 1, false, NULL };
    il_call calls[] = { { do_job, &a, 0 },
                        { do_job, &b, 0 },
                        { do_job, &c, 0 } };
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
    struct job a = { IL_FOREVER, 1, 1, false, NULL };
    struct job b = { 0, 0, 1, false, NULL };
    struct job c = { IL_FOREVER, 3, 1, false, NULL };
    il_call calls[] = { { do_job, &a, 0 },
                        { do_job, &b, 0 },
                        { do_job, &c, 0 } };
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
    struct job a = { IL_MS(20), -EPERM, 1, false, NULL };
    struct job b = { IL_MS(10), -EIO, 1, false, NULL };
    il_call calls[] = { { do_job, &a, 0 }, { do_job, &b, 0 } };
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
    struct job a = { 0 };
    il_call calls[] = { { do_job, &a, 5 }, { NULL, NULL, 5 } };
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
    struct job a = { IL_FOREVER, 0, 1, false, NULL };
    struct job b = { IL_FOREVER, 0, 1, false, NULL };
    il_call calls[] = { { do_job, &a, 0 }, { do_job, &b, 0 } };
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
    struct job a = { 0, 0, 1, false, NULL };
    il_call call = { do_job, &a, 0 };

    (void)state;
    assert_int_equal(il_gather(&call, 1), -ESRCH);
    assert_int_equal(il_race(&call, 1, NULL), -ESRCH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
