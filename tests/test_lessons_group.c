/* SPDX-License-Identifier: MIT */

/* test_lessons_group.c - what CPython learned about task groups, gather() and
 * tasks that start eagerly, an issue a test; doc/lessons.md has all of them. */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>

/* --- gather ------------------------------------------------------------------ */

static int succeed(void *arg)
{
    (void)arg;
    return 0;
}

static int fail_at_once(void *arg)
{
    (void)arg;
    return -EIO;
}

static int swallow(void *arg)
{
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    note("%s", (const char *)arg);
    return 0; /* as if nothing had been */
}

static int gather_swallowers(void *arg)
{
    il_call calls[] = { { swallow, TEXT("a"), 0 }, { swallow, TEXT("b"), 0 } };
    int r = il_gather(calls, 2);

    (void)arg;
    CHECK_INT(calls[0].result, 0);
    note("%s", il_strerror(r));
    return r;
}

/* With return_exceptions a cancel of gather() ended in its list of results. */
static void
test_lessons_bpo_32684_gather_is_cancelled_though_all_swallow_it(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, gather_swallowers, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_string_equal(noted(), "a b ECANCELED");
    assert_int_equal(reap(task), -ECANCELED);
}

static int gather_then_wait(void *arg)
{
    il_call calls[] = { { succeed, NULL, 0 }, { succeed, NULL, 0 } };
    int r;

    (void)arg;

    CHECK_INT(il_task_cancel(il_task_current()), 0);
    r = il_gather(calls, 2);
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(il_yield(), -ECANCELED); /* it is still there */
    return r;
}

static int end_and_cancel(void *arg)
{
    CHECK_INT(il_yield(), 0);
    (void)il_task_cancel(arg); /* in the moment when all have ended */
    return 0;
}

static int gather_to_the_end(void *arg)
{
    il_call calls[] = { { succeed, NULL, 0 },
                        { end_and_cancel, il_task_current(), 0 } };
    int r = il_gather(calls, 2);

    (void)arg;
    /* Its tasks have done their work; the cancel goes on to the next wait. */
    CHECK(r == 0 || r == -ECANCELED);
    CHECK_INT(calls[1].result, 0);
    return il_yield();
}

/* A cancel that came when all had ended, but gather() had not yet returned. */
static void test_lessons_bpo_26923_gather_drops_no_cancel(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, gather_then_wait, NULL, &task), 0);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(il_spawn(NULL, gather_to_the_end, NULL, &task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

static int gather_nonsense(void *arg)
{
    size_t winner = 7;

    (void)arg;
    CHECK_INT(il_gather(NULL, 1), -EINVAL);
    CHECK_INT(il_race(NULL, 1, &winner), -EINVAL);
    CHECK_INT(il_gather(NULL, 0), 0);
    CHECK_INT(winner, 7);
    return 0;
}

/* An argument that makes no sense was a NameError, and the rest ran. */
static void test_lessons_bpo_46672_gather_refuses_nonsense(void **state)
{
    il_call call = { succeed, NULL, 0 };

    (void)state;
    assert_int_equal(il_gather(&call, 1), -ESRCH); /* not in a task */
    assert_int_equal(il_spawn(NULL, gather_nonsense, NULL, NULL), 0);
}

static int race_for_nothing(void *arg)
{
    il_call calls[] = { { fail_at_once, NULL, 0 }, { fail_at_once, NULL, 0 } };
    size_t winner = 7;

    (void)arg;
    CHECK_INT(il_race(calls, 0, &winner), -EINVAL);
    CHECK_INT(il_race(calls, 2, &winner), -EIO);
    CHECK_INT(il_race_staggered(calls, 0, IL_MS(1), &winner), -EINVAL);
    CHECK_INT(il_race_staggered(calls, 2, IL_MS(1), &winner), -EIO);
    CHECK_INT(winner, 7);
    return 0;
}

/* All had failed, and the list of errors was empty: an IndexError. */
static void
test_lessons_gh_135836_race_without_a_winner_has_an_error(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, race_for_nothing, NULL, NULL), 0);
}

/* --- groups ------------------------------------------------------------------ */

static void count(void *arg)
{
    ++*(int *)arg;
}

static int spawn_into_cancelled(void *arg)
{
    il_group group;
    int n_destroyed = 0;
    const il_spawn_options options = { .fn = succeed,
                                       .arg = &n_destroyed,
                                       .destroy = count };
    il_task *task = arg;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, fail_at_once, NULL, NULL), 0);
    CHECK_INT(il_spawn_with(&group, &options, &task), -ECANCELED);
    CHECK_INT(n_destroyed, 0); /* it is the caller's still */
    CHECK(task == arg);
    CHECK_INT(il_group_count(&group), 0);
    CHECK_INT(il_group_close(&group), -EIO);
    CHECK_INT(il_spawn_with(&group, &options, NULL), -ESRCH);
    return 0;
}

/* A group that was going down took tasks, which then nobody ended. */
static void
test_lessons_gh_94398_group_that_goes_down_takes_no_tasks(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, spawn_into_cancelled, NULL, NULL), 0);
}

static int fail_soon(void *arg)
{
    int r = il_sleep(*(il_time *)arg);

    return r < 0 ? r : -EIO;
}

static int time_out_around_a_group(void *arg)
{
    il_time times[] = { IL_MS(5), IL_MS(4) };
    int r = 0;

    (void)arg;
    for (int i = 0; i < 2; i++) {
        IL_TIMEOUT (IL_MS(5), &r) {
            il_group group;

            CHECK_INT(il_group_open(&group, 0), 0);
            CHECK_INT(il_spawn(&group, fail_soon, &times[i], NULL), 0);
            (void)!il_sleep(IL_FOREVER);
            r = il_group_close(&group);
        }
        note("%s", il_strerror(r));
    }
    CHECK_INT(il_yield(), 0); /* nothing is left over */
    return 0;
}

/* A group in a timeout in a group: who had cancelled could not be told. */
static void
test_lessons_gh_95289_group_and_timeout_know_whose_cancel_it_is(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, time_out_around_a_group, NULL, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    /* At the same instant the timeout, which was there first, is the cause. */
    assert_string_equal(noted(), "ETIMEDOUT EIO");
}

static int fail_and_be_cancelled(void *arg)
{
    il_group group;
    int r;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, fail_at_once, NULL, NULL), 0);
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK_INT(il_yield(), -ECANCELED);
    r = il_group_close(&group);
    CHECK_INT(r, -EIO);                /* an error beats a cancel, */
    CHECK_INT(il_yield(), -ECANCELED); /* which is not forgotten */
    return r;
}

/* An error inside and a cancel from outside: the cancel was lost. */
static void
test_lessons_gh_116720_group_keeps_a_cancel_from_outside(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, fail_and_be_cancelled, NULL, &task), 0);
    assert_int_equal(reap(task), -EIO);
}

static int cancel_group_and_self(void *arg)
{
    bool group_first = *(bool *)arg;
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, swallow, TEXT("child"), NULL), 0);
    if (group_first)
        il_group_cancel(&group);
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    if (!group_first)
        il_group_cancel(&group);
    CHECK_INT(il_group_close(&group), -ECANCELED);
    CHECK_INT(il_yield(), -ECANCELED);
    return 0;
}

/* TaskGroup.cancel() swallowed the cancel of the task. */
static void
test_lessons_gh_155433_cancel_of_a_group_hides_no_other(void **state)
{
    struct fixture *f = *state;
    bool yes_and_no[] = { true, false };

    for (int i = 0; i < 2; i++)
        assert_int_equal(
            il_spawn(NULL, cancel_group_and_self, &yes_and_no[i], NULL), 0);
    settle(f);
    assert_string_equal(noted(), "child child");
}

/* --- eager start ------------------------------------------------------------- */

static int race_eagerly(void *arg)
{
    il_call calls[] = { { succeed, NULL, 1 }, { swallow, TEXT("no"), 1 } };
    size_t winner = 7;

    (void)arg;
    CHECK_INT(il_race(calls, 2, &winner), 0);
    CHECK_INT(winner, 0);
    CHECK_INT(calls[1].result, -ECANCELED); /* never started */
    winner = 7;
    CHECK_INT(il_race_staggered(calls, 2, IL_MS(1), &winner), 0);
    CHECK_INT(winner, 0);
    CHECK_INT(calls[1].result, -ECANCELED);
    return 0;
}

/* The winner ended before it was known to the race. */
static void test_lessons_gh_124309_race_is_won_in_the_first_step(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, race_eagerly, NULL, NULL), 0);
    assert_string_equal(noted(), "");
}

static int look_at_group(void *arg)
{
    CHECK_INT(il_group_count(arg), 1); /* it is there already */
    CHECK(il_task_current() != NULL);
    return -EIO;
}

static int spawn_what_looks(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, look_at_group, &group, NULL), 0);
    CHECK_INT(il_group_count(&group), 0);
    CHECK_INT(il_group_close(&group), -EIO);
    return 0;
}

/* A task that ended in its first step was never one of the group, and its error
 * was lost. */
static void
test_lessons_gh_128550_task_is_of_its_group_in_its_first_step(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, spawn_what_looks, NULL, NULL), 0);
}

static int spawn_what_fails(void *arg)
{
    il_group group;
    il_task *task = NULL;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, fail_at_once, NULL, &task), 0); /* not here */
    CHECK(task != NULL);
    note("goes on");
    CHECK_INT(il_yield(), -ECANCELED); /* but here */
    CHECK_INT(il_group_close(&group), -EIO);
    (void)il_task_unref(task);
    CHECK_INT(il_yield(), 0);
    return 0;
}

/* A first step that failed cancelled the parent inside the call that spawned. */
static void
test_lessons_gh_128588_error_of_a_first_step_comes_with_the_next_wait(
    void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, spawn_what_fails, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "goes on");
}

static int cancel_own_group(void *arg)
{
    il_group_cancel(arg);
    CHECK_INT(il_spawn(arg, swallow, TEXT("no"), NULL), -ECANCELED);
    CHECK_INT(il_yield(), -ECANCELED);
    return 0;
}

static int spawn_what_cancels(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, cancel_own_group, &group, NULL), 0);
    CHECK_INT(il_spawn(&group, swallow, TEXT("no"), NULL), -ECANCELED);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

/* What the first step did to the group was not looked at afterwards. */
static void
test_lessons_gh_155418_group_is_looked_at_again_after_a_first_step(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, spawn_what_cancels, NULL, NULL), 0);
    assert_string_equal(noted(), "");
}

static int nest(void *arg)
{
    const il_task *me = il_task_current();
    int depth = *(int *)arg;

    if (depth > 0) {
        depth--;
        CHECK_INT(il_spawn(NULL, nest, &depth, NULL), 0);
        CHECK(il_task_current() == me);
        if (depth % 2)
            CHECK_INT(il_yield(), 0);
        CHECK(il_task_current() == me);
    }
    return 0;
}

/* Who is current was not put back on one of the ways out. */
static void
test_lessons_gh_105987_current_task_is_right_after_each_first_step(void **state)
{
    struct fixture *f = *state;
    int depth = 8;

    assert_int_equal(il_spawn(NULL, nest, &depth, NULL), 0);
    assert_null(il_task_current());
    settle(f);
    assert_null(il_task_current());
}

/* Asking a task that had ended in its first step crashed. */
static void
test_lessons_gh_122332_handle_outlives_a_first_step_that_ends(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, succeed, NULL, &task), 0);
    assert_true(il_task_is_done(task));
    assert_string_equal(il_task_get_name(task), "succeed");
    assert_int_equal(il_task_cancel(task), -EALREADY);
    assert_false(il_task_is_cancelled(task));
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lessons_bpo_32684_gather_is_cancelled_though_all_swallow_it),
        TEST(test_lessons_bpo_26923_gather_drops_no_cancel),
        TEST(test_lessons_bpo_46672_gather_refuses_nonsense),
        TEST(test_lessons_gh_135836_race_without_a_winner_has_an_error),
        TEST(test_lessons_gh_94398_group_that_goes_down_takes_no_tasks),
        TEST(test_lessons_gh_95289_group_and_timeout_know_whose_cancel_it_is),
        TEST(test_lessons_gh_116720_group_keeps_a_cancel_from_outside),
        TEST(test_lessons_gh_155433_cancel_of_a_group_hides_no_other),
        TEST(test_lessons_gh_124309_race_is_won_in_the_first_step),
        TEST(test_lessons_gh_128550_task_is_of_its_group_in_its_first_step),
        TEST(
            test_lessons_gh_128588_error_of_a_first_step_comes_with_the_next_wait),
        TEST(
            test_lessons_gh_155418_group_is_looked_at_again_after_a_first_step),
        TEST(
            test_lessons_gh_105987_current_task_is_right_after_each_first_step),
        TEST(test_lessons_gh_122332_handle_outlives_a_first_step_that_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
