/* SPDX-License-Identifier: MIT */

/* test_join.c - results, references, and errors that nobody asks for. */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>

static int sleep_then_return(void *arg)
{
    int r = il_sleep(IL_MS(10));

    return r < 0 ? r : *(int *)arg;
}

static int yield_then_return(void *arg)
{
    int r = il_yield();

    return r < 0 ? r : *(int *)arg;
}

static int return_it(void *arg)
{
    return *(int *)arg;
}

struct joiner {
    il_task *target;
    const char *name;
    int result;
    int r;
};

static int join(void *arg)
{
    struct joiner *joiner = arg;

    joiner->r = il_task_join(joiner->target, &joiner->result);
    note("%s", joiner->name);
    return 0;
}

static void test_join_gives_the_result_to_everybody_in_order(void **state)
{
    struct fixture *f = *state;
    int value = 42;
    struct joiner joiners[3] = { { .name = "a" },
                                 { .name = "b" },
                                 { .name = "c" } };
    il_task *task;

    assert_int_equal(il_spawn(NULL, sleep_then_return, &value, &task), 0);
    for (int i = 0; i < 3; i++) {
        joiners[i].target = task;
        assert_int_equal(il_spawn(NULL, join, &joiners[i], NULL), 0);
    }
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);

    assert_string_equal(noted(), "a b c");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(joiners[i].r, 0);
        assert_int_equal(joiners[i].result, 42);
    }
    assert_int_equal(reap(task), 42);
}

static void test_join_after_the_end_does_not_suspend(void **state)
{
    int value = 5;
    struct joiner joiner = { .name = "j" };

    (void)state;
    assert_int_equal(il_spawn(NULL, return_it, &value, &joiner.target), 0);
    assert_int_equal(il_spawn(NULL, join, &joiner, NULL), 0);
    assert_int_equal(joiner.r, 0);
    assert_int_equal(joiner.result, 5);
    assert_int_equal(reap(joiner.target), 5);
}

static void test_join_outside_tasks_takes_an_ended_one_only(void **state)
{
    struct fixture *f = *state;
    int value = 6;
    int result = -1;
    il_task *task;

    assert_int_equal(il_spawn(NULL, yield_then_return, &value, &task), 0);
    assert_int_equal(il_task_join(task, &result), -ESRCH);
    assert_int_equal(il_task_try_join(task, &result), -EAGAIN);
    assert_int_equal(result, -1);
    settle(f);
    assert_int_equal(il_task_join(task, &result), 0);
    assert_int_equal(result, 6);
    assert_int_equal(il_task_join(task, NULL), 0);
    il_task_unref(task);
}

static int join_myself(void *arg)
{
    int result = 1;

    (void)arg;
    CHECK_INT(il_task_join(il_task_current(), &result), -EDEADLK);
    CHECK_INT(result, 1);
    return 0;
}

static void test_join_of_oneself_is_a_deadlock(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, join_myself, NULL, &task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
}

static void test_join_cancelled_leaves_the_target_alone(void **state)
{
    struct fixture *f = *state;
    int value = 9;
    struct joiner a = { .name = "a", .result = 77 };
    struct joiner b = { .name = "b" };
    il_task *task, *joining;

    assert_int_equal(il_spawn(NULL, sleep_then_return, &value, &task), 0);
    a.target = b.target = task;
    assert_int_equal(il_spawn(NULL, join, &a, &joining), 0);
    assert_int_equal(il_spawn(NULL, join, &b, NULL), 0);
    assert_int_equal(il_task_cancel(joining), 0);
    assert_int_equal(il_test_advance(f->loop, 0), 0);

    assert_int_equal(a.r, -ECANCELED);
    assert_int_equal(a.result, 77);
    assert_false(il_task_is_cancelled(task));
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_int_equal(b.r, 0);
    assert_int_equal(b.result, 9);
    assert_string_equal(noted(), "a b");
    assert_int_equal(reap(task), 9);
    il_task_unref(joining);
}

/* The first step of a child ends while its parent has not got the handle. */
static int join_child(void *arg)
{
    il_task *child;
    int result = -1;

    CHECK_INT(il_spawn(NULL, yield_then_return, arg, &child), 0);
    CHECK(!il_task_is_done(child));
    CHECK_INT(il_task_join(child, &result), 0);
    CHECK(il_task_is_done(child));
    il_task_unref(child);
    return result;
}

static void test_join_works_between_parent_and_child(void **state)
{
    struct fixture *f = *state;
    int value = 12;

    assert_int_equal(il_run(join_child, &value), 12);
    (void)f;
}

static void test_join_unref_before_the_end_lets_the_task_go_on(void **state)
{
    struct fixture *f = *state;
    int value = 0;
    il_task *task;

    assert_int_equal(il_spawn(NULL, sleep_then_return, &value, &task), 0);
    assert_null(il_task_unref(task));
    assert_int_equal(il_loop_count_tasks(f->loop), 1);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static void test_join_unref_while_somebody_joins_is_harmless(void **state)
{
    struct fixture *f = *state;
    int value = -EIO;
    struct joiner joiner = { .name = "j" };

    assert_int_equal(il_spawn(NULL, sleep_then_return, &value, &joiner.target),
                     0);
    assert_int_equal(il_spawn(NULL, join, &joiner, NULL), 0);
    il_task_unref(joiner.target);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_int_equal(joiner.r, 0);
    assert_int_equal(joiner.result, -EIO);
}

static void test_join_references_are_counted(void **state)
{
    struct fixture *f = *state;
    int value = 3;
    il_task *task;

    assert_int_equal(il_spawn(NULL, yield_then_return, &value, &task), 0);
    assert_ptr_equal(il_task_ref(task), task);
    il_task_unref(task);
    settle(f);
    assert_int_equal(reap(task), 3);
}

static void test_join_handle_is_valid_after_the_loop_closed(void **state)
{
    struct fixture *f = *state;
    int value = 3;
    int result = 0;
    il_task *ended, *cancelled;

    assert_int_equal(il_spawn(NULL, return_it, &value, &ended), 0);
    assert_int_equal(il_spawn(NULL, sleep_then_return, &value, &cancelled), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);

    assert_true(il_task_is_done(ended));
    assert_true(il_task_is_done(cancelled));
    assert_string_equal(il_task_get_name(cancelled), "sleep_then_return");
    assert_int_equal(il_task_cancel(cancelled), -EALREADY);
    assert_int_equal(il_task_try_join(cancelled, &result), 0);
    assert_int_equal(result, -ECANCELED);
    il_task_unref(cancelled);
    assert_int_equal(reap(ended), 3);
}

static void test_join_error_nobody_wants_is_reported_at_once(void **state)
{
    struct fixture *f = *state;
    int value = -ENOENT;
    unsigned line;
    struct kept_report report;

    assert_int_equal(il_spawn(NULL, yield_then_return, &value, NULL), 0);
    line = __LINE__ - 1;
    settle(f);

    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_UNHANDLED);
    assert_int_equal(report.error, -ENOENT);
    assert_string_equal(report.task_name, "yield_then_return");
    assert_non_null(strstr(report.file, "test_join.c"));
    assert_int_equal(report.line, line);
    assert_true(report.outside_tasks);
    assert_int_equal(f->n_reports, 0);
}

static void test_join_error_of_a_first_step_is_reported_too(void **state)
{
    struct fixture *f = *state;
    int value = -EACCES;

    assert_int_equal(il_spawn(NULL, return_it, &value, NULL), 0);
    settle(f);
    assert_int_equal(take_report(f).error, -EACCES);
    assert_int_equal(f->n_reports, 0);
}

static void test_join_error_is_reported_when_the_handle_is_dropped(void **state)
{
    struct fixture *f = *state;
    int value = -ENOENT;
    il_task *task;

    assert_int_equal(il_spawn(NULL, yield_then_return, &value, &task), 0);
    settle(f);
    assert_int_equal(f->n_reports, 0);
    il_task_unref(task);
    settle(f);
    assert_int_equal(take_report(f).error, -ENOENT);
}

static void test_join_handled_error_is_not_reported(void **state)
{
    struct fixture *f = *state;
    int value = -ENOENT;
    struct joiner joiner = { .name = "j" };

    assert_int_equal(il_spawn(NULL, yield_then_return, &value, &joiner.target),
                     0);
    assert_int_equal(il_spawn(NULL, join, &joiner, NULL), 0);
    settle(f);
    assert_int_equal(joiner.result, -ENOENT);
    il_task_unref(joiner.target);
    settle(f);
    assert_int_equal(f->n_reports, 0);
}

static void test_join_cancelled_task_is_not_reported(void **state)
{
    struct fixture *f = *state;
    int value = 0;
    il_task *task;

    assert_int_equal(il_spawn(NULL, sleep_then_return, &value, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    il_task_unref(task);
    settle(f);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
    assert_int_equal(f->n_reports, 0);
}

/* A callee's own ECANCELED is an error like any other. */
static void test_join_ecanceled_without_a_cancel_is_reported(void **state)
{
    struct fixture *f = *state;
    int value = -ECANCELED;

    assert_int_equal(il_spawn(NULL, yield_then_return, &value, NULL), 0);
    settle(f);
    assert_int_equal(take_report(f).error, -ECANCELED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_join_gives_the_result_to_everybody_in_order),
        TEST(test_join_after_the_end_does_not_suspend),
        TEST(test_join_outside_tasks_takes_an_ended_one_only),
        TEST(test_join_of_oneself_is_a_deadlock),
        TEST(test_join_cancelled_leaves_the_target_alone),
        TEST(test_join_works_between_parent_and_child),
        TEST(test_join_unref_before_the_end_lets_the_task_go_on),
        TEST(test_join_unref_while_somebody_joins_is_harmless),
        TEST(test_join_references_are_counted),
        TEST(test_join_handle_is_valid_after_the_loop_closed),
        TEST(test_join_error_nobody_wants_is_reported_at_once),
        TEST(test_join_error_of_a_first_step_is_reported_too),
        TEST(test_join_error_is_reported_when_the_handle_is_dropped),
        TEST(test_join_handled_error_is_not_reported),
        TEST(test_join_cancelled_task_is_not_reported),
        TEST(test_join_ecanceled_without_a_cancel_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
