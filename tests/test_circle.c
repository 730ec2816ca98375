/* SPDX-License-Identifier: MIT */

/* test_circle.c - tasks that wait for each other are told of in debug mode. */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>

static int setup_circle(void **state)
{
    int r = setup(state);
    struct fixture *f = *state;

    return r < 0 ? r : il_loop_set_debug(f->loop, IL_DEBUG_DEADLOCK);
}

static struct kept_report expect(struct fixture *f, const char *name)
{
    return take_report_of(f, IL_REPORT_CIRCLE, -EDEADLK, name);
}

struct pair {
    il_lock *first;
    il_lock *second;
};

static int take_both(void *arg)
{
    const struct pair *pair = arg;
    il_lock *second = pair->second;
    int r = 0;

    IL_WITH_LOCK (pair->first, &r) {
        r = il_yield();
        if (r == 0) {
            IL_WITH_LOCK (second, &r)
                r = 0;
        }
    }
    return r == -ECANCELED ? 0 : r;
}

static void test_circle_of_two_locks_names_both(void **state)
{
    struct fixture *f = *state;
    il_lock a = IL_LOCK_INIT, b = IL_LOCK_INIT;
    struct pair ab = { &a, &b }, ba = { &b, &a };
    struct kept_report report;
    il_task *tasks[2];

    assert_int_equal(il_spawn(NULL, take_both, &ab, &tasks[0]), 0);
    assert_int_equal(il_spawn(NULL, take_both, &ba, &tasks[1]), 0);
    il_task_set_name(tasks[0], "anna");
    il_task_set_name(tasks[1], "bert");
    settle(f);
    report = expect(f, "bert");
    assert_string_equal(report.details,
                        "'bert' waits for a lock of 'anna', 'anna' waits for a "
                        "lock of 'bert'");
    assert_string_equal(report.waits_for, "a lock");
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    settle(f);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static void test_circle_of_three_locks_is_told_once(void **state)
{
    struct fixture *f = *state;
    il_lock locks[3] = { IL_LOCK_INIT, IL_LOCK_INIT, IL_LOCK_INIT };
    struct pair pairs[3] = { { &locks[0], &locks[1] },
                             { &locks[1], &locks[2] },
                             { &locks[2], &locks[0] } };
    struct pair outside = { &(il_lock)IL_LOCK_INIT, &locks[0] };
    il_task *tasks[4];

    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, take_both, &pairs[i], &tasks[i]), 0);
    settle(f);
    expect(f, "take_both");
    /* Who waits for one of them is not in the circle. */
    assert_int_equal(il_spawn(NULL, take_both, &outside, &tasks[3]), 0);
    settle(f);
    assert_int_equal(f->n_reports, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(il_task_cancel(tasks[i]), 0);
    settle(f);
    for (int i = 0; i < 4; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

enum { N_MANY = 20 };

/* Not all of its names have room. */
static void test_circle_that_is_long_is_cut_short(void **state)
{
    struct fixture *f = *state;
    il_lock locks[N_MANY] = { IL_LOCK_INIT };
    struct pair pairs[N_MANY];
    il_task *tasks[N_MANY];

    for (int i = 0; i < N_MANY; i++) {
        pairs[i] = (struct pair){ &locks[i], &locks[(i + 1) % N_MANY] };
        assert_int_equal(il_spawn(NULL, take_both, &pairs[i], &tasks[i]), 0);
    }
    settle(f);
    assert_true(strlen(expect(f, "take_both").details) > 200);
    for (int i = 0; i < N_MANY; i++)
        assert_int_equal(il_task_cancel(tasks[i]), 0);
    settle(f);
    for (int i = 0; i < N_MANY; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

static void test_circle_of_locks_that_are_free_again_is_none(void **state)
{
    struct fixture *f = *state;
    il_lock a = IL_LOCK_INIT, b = IL_LOCK_INIT;
    struct pair ab = { &a, &b };
    il_task *tasks[4];

    for (int i = 0; i < 4; i++)
        assert_int_equal(il_spawn(NULL, take_both, &ab, &tasks[i]), 0);
    settle(f);
    for (int i = 0; i < 4; i++)
        assert_int_equal(reap(tasks[i]), 0);
    assert_int_equal(f->n_reports, 0);
}

/* --- joins and groups --------------------------------------------------------------- */

static int join_it(void *arg)
{
    il_task **other = arg;
    int r = il_yield();

    if (r == 0)
        r = il_task_join(*other, NULL);
    return r == -ECANCELED ? 0 : r;
}

static void test_circle_of_two_who_join_each_other(void **state)
{
    struct fixture *f = *state;
    struct kept_report report;
    il_task *tasks[2];

    assert_int_equal(il_spawn(NULL, join_it, &tasks[1], &tasks[0]), 0);
    assert_int_equal(il_spawn(NULL, join_it, &tasks[0], &tasks[1]), 0);
    il_task_set_name(tasks[0], "anna");
    il_task_set_name(tasks[1], "bert");
    settle(f);
    report = expect(f, "bert");
    assert_string_equal(report.details,
                        "'bert' waits for the end of 'anna', 'anna' waits for "
                        "the end of 'bert'");
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    settle(f);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static int take_lock(void *arg)
{
    int r = 0;

    IL_WITH_LOCK (arg, &r)
        r = 0;
    return r == -ECANCELED ? 0 : r;
}

/* The parent has the lock that its child waits for. */
static int close_with_the_lock(void *arg)
{
    il_group group;
    int r = 0;

    CHECK_INT(il_group_open(&group, 0), 0);
    IL_WITH_LOCK (arg, &r) {
        CHECK_INT(il_spawn(&group, take_lock, arg, NULL), 0);
        r = il_group_close(&group);
    }
    return r == -ECANCELED ? 0 : r;
}

static void test_circle_of_a_parent_with_the_lock_and_a_child(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    struct kept_report report;
    il_task *task;

    assert_int_equal(il_spawn(NULL, close_with_the_lock, &lock, &task), 0);
    settle(f);
    report = expect(f, "close_with_the_lock");
    assert_string_equal(
        report.details,
        "'close_with_the_lock' waits for the tasks of a group, 'take_lock' "
        "waits for a lock of 'close_with_the_lock'");
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
}

static int yield_and_take_lock(void *arg)
{
    int r = il_yield();

    return r == 0 ? take_lock(arg) : 0;
}

static int parent_of(void *arg)
{
    il_group group;
    int r;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, yield_and_take_lock, arg, NULL), 0);
    r = il_group_close(&group);
    return r == -ECANCELED ? 0 : r;
}

static int close_grandchildren_with_the_lock(void *arg)
{
    il_group group;
    int r = 0;

    CHECK_INT(il_group_open(&group, 0), 0);
    IL_WITH_LOCK (arg, &r) {
        CHECK_INT(il_spawn(&group, parent_of, arg, NULL), 0);
        r = il_group_close(&group);
    }
    return r == -ECANCELED ? 0 : r;
}

/* Here it is the child that closes the circle, two groups below. */
static void test_circle_of_a_grandchild(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_task *task;

    assert_int_equal(
        il_spawn(NULL, close_grandchildren_with_the_lock, &lock, &task), 0);
    settle(f);
    expect(f, "yield_and_take_lock");
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
}

static void test_circle_is_not_looked_for_unless_asked(void **state)
{
    struct fixture *f = *state;
    il_task *tasks[2];

    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_LOCKS), 0);
    assert_int_equal(il_spawn(NULL, join_it, &tasks[1], &tasks[0]), 0);
    assert_int_equal(il_spawn(NULL, join_it, &tasks[0], &tasks[1]), 0);
    settle(f);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    settle(f);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_circle, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_circle_of_two_locks_names_both),
        TEST(test_circle_of_three_locks_is_told_once),
        TEST(test_circle_that_is_long_is_cut_short),
        TEST(test_circle_of_locks_that_are_free_again_is_none),
        TEST(test_circle_of_two_who_join_each_other),
        TEST(test_circle_of_a_parent_with_the_lock_and_a_child),
        TEST(test_circle_of_a_grandchild),
        TEST(test_circle_is_not_looked_for_unless_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
