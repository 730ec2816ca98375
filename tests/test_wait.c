/* SPDX-License-Identifier: MIT */

/* test_wait.c - several tasks are waited for at once, and left alone. */

#include "support/children.h"
#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>

enum { MANY_TASKS = 500 };

/* --- any -------------------------------------------------------------------- */

static int wait_for_any(void *arg)
{
    struct child a = { IL_MS(30), 1, 0 };
    struct child b = { IL_MS(10), 2, 0 };
    struct child c = { IL_MS(20), 3, 0 };
    il_awaited awaited[] = { { .task = begin_child(&a) },
                             { .task = begin_child(&b) },
                             { .task = begin_child(&c) } };
    size_t which = 99;

    (void)arg;
    CHECK_INT(il_wait_any(awaited, 3, &which), 1);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(which, 1);
    CHECK(!awaited[0].has_ended && awaited[1].has_ended);
    CHECK(!awaited[2].has_ended);
    CHECK_INT(awaited[1].result, 2);
    CHECK(!il_task_is_done(awaited[0].task));
    CHECK_INT(il_wait_any(awaited, 3, &which), 1); /* at once */
    CHECK_INT(now_ms(), 10);
    awaited[1] = (il_awaited){ .task = il_task_ref(awaited[2].task),
                               .joiner = awaited[1].joiner };
    CHECK_INT(il_wait_any(awaited, 2, NULL), 1);
    CHECK_INT(now_ms(), 20);
    CHECK_INT(awaited[1].result, 3);
    CHECK_INT(il_wait_all(awaited, 3), 3);
    CHECK_INT(now_ms(), 30);
    CHECK_INT(awaited[0].result, 1);
    il_task_unref(awaited[1].task);
    awaited[1].task = NULL;
    drop_awaited(awaited, 3);
    return 0;
}

static void test_wait_any_leaves_the_others_alone(void **state)
{
    (void)state;
    run(wait_for_any);
}

static int end_together(void *arg)
{
    struct child a = { IL_MS(10), 1, 0 };
    struct child b = { IL_MS(20), 2, 0 };
    struct child c = { IL_MS(10), -EIO, 0 };
    il_awaited awaited[] = { { .task = begin_child(&b) },
                             { .task = begin_child(&c) },
                             { .task = begin_child(&a) } };
    size_t which = 99;

    (void)arg;
    /* Of those that end in one turn, the first to end is told. */
    CHECK_INT(il_wait_any(awaited, 3, &which), 2);
    CHECK_INT(which, 1);
    CHECK(awaited[2].has_ended);
    CHECK_INT(awaited[2].result, 1);
    /* And of those that had ended before, the first. */
    CHECK_INT(il_wait_all(awaited, 3), 3);
    CHECK_INT(il_wait_any(awaited, 3, &which), 3);
    CHECK_INT(which, 0);
    drop_awaited(awaited, 3);
    return 0;
}

/* asyncio: the done set is made when wait() returns, not when it is woken. */
static void test_wait_any_tells_of_all_that_have_ended_by_then(void **state)
{
    (void)state;
    run(end_together);
}

static int wait_twice_for_one(void *arg)
{
    struct child a = { IL_MS(10), 4, 0 };
    il_awaited awaited[] = { { .task = begin_child(&a) }, { .task = NULL } };
    size_t which = 99;

    (void)arg;
    awaited[1].task = awaited[0].task;
    CHECK_INT(il_wait_any(awaited, 2, &which), 2);
    CHECK_INT(which, 0);
    CHECK_INT(awaited[1].result, 4);
    CHECK_INT(il_wait_all(awaited, 2), 2);
    il_task_unref(awaited[0].task);
    return 0;
}

static void test_wait_takes_the_same_task_twice(void **state)
{
    (void)state;
    run(wait_twice_for_one);
}

/* --- error, all --------------------------------------------------------------- */

static int wait_for_error(void *arg)
{
    struct child good = { IL_MS(5), 1, 0 };
    struct child cancelled = { IL_FOREVER, 0, 0 };
    struct child bad = { IL_MS(10), -EIO, 0 };
    static struct child late = { IL_MS(20), 2, 0 }; /* its task outlives us */
    il_awaited awaited[] = { { .task = begin_child(&good) },
                             { .task = begin_child(&cancelled) },
                             { .task = begin_child(&bad) },
                             { .task = begin_child(&late) } };
    size_t which = 99;

    (void)arg;
    CHECK_INT(il_task_cancel(awaited[1].task), 0);
    CHECK_INT(il_wait_error(awaited, 4, &which), 3);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(which, 2);
    CHECK_INT(awaited[1].result, -ECANCELED);
    CHECK_INT(awaited[2].result, -EIO);
    CHECK(!awaited[3].has_ended);
    which = 99;
    CHECK_INT(il_wait_error(awaited, 4, &which), 3); /* at once */
    CHECK_INT(which, 2);
    drop_awaited(awaited, 4);
    return 0;
}

static void test_wait_error_ends_with_the_first_failure(void **state)
{
    (void)state;
    run(wait_for_error);
}

static int wait_for_no_error(void *arg)
{
    struct child a = { IL_MS(5), 1, 0 };
    struct child b = { IL_MS(10), 2, 0 };
    il_awaited awaited[] = { { .task = begin_child(&a) },
                             { .task = begin_child(&b) } };
    size_t which = 99;

    (void)arg;
    CHECK_INT(il_wait_error(awaited, 2, &which), 2);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(which, 2);
    which = 99;
    CHECK_INT(il_wait_error(awaited, 2, &which), 2);
    CHECK_INT(which, 2);
    CHECK_INT(il_wait_error(NULL, 0, &which), 0);
    CHECK_INT(which, 0);
    drop_awaited(awaited, 2);
    return 0;
}

static void test_wait_error_ends_with_the_last_if_none_fails(void **state)
{
    (void)state;
    run(wait_for_no_error);
}

static int wait_for_many(void *arg)
{
    static struct child children[MANY_TASKS];
    static il_awaited awaited[MANY_TASKS];

    (void)arg;
    for (int i = 0; i < MANY_TASKS; i++) {
        children[i] = (struct child){ IL_MS(1 + i * 7 % 50), i, 0 };
        awaited[i] = (il_awaited){ .task = begin_child(&children[i]) };
    }
    CHECK_INT(il_wait_all(awaited, MANY_TASKS), MANY_TASKS);
    CHECK_INT(now_ms(), 50);
    for (int i = 0; i < MANY_TASKS; i++) {
        CHECK(awaited[i].has_ended);
        CHECK_INT(awaited[i].result, i);
    }
    CHECK_INT(il_wait_all(NULL, 0), 0);
    drop_awaited(awaited, MANY_TASKS);
    return 0;
}

static void test_wait_all_takes_any_number(void **state)
{
    (void)state;
    run(wait_for_many);
}

/* --- errors are heard of by whoever got them ------------------------------------ */

static int handle_error(void *arg)
{
    struct child bad = { IL_MS(10), -EIO, 0 };
    il_awaited awaited[] = { { .task = begin_child(&bad) } };

    (void)arg;
    CHECK_INT(il_wait_any(awaited, 1, NULL), 1);
    drop_awaited(awaited, 1);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_wait_result_of_a_failed_task_is_handled(void **state)
{
    (void)state;
    run(handle_error);
}

static int be_cancelled_between(void *arg)
{
    struct child bad = { IL_MS(10), -EIO, 0 };
    struct child slow = { IL_MS(30), 0, 0 };
    il_awaited awaited[] = { { .task = begin_child(&bad), .has_ended = true },
                             { .task = begin_child(&slow), .result = 17 } };
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(20), &r) {
        r = il_wait_all(awaited, 2);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK(awaited[0].has_ended); /* untouched */
    CHECK_INT(awaited[1].result, 17);
    CHECK(il_task_is_done(awaited[0].task));
    CHECK(!il_task_is_done(awaited[1].task));
    drop_awaited(awaited, 2); /* and nobody has asked for the error */
    CHECK_INT(il_sleep(IL_MS(20)), 0);
    return 0;
}

static void test_wait_that_was_cancelled_has_not_handled_an_error(void **state)
{
    struct fixture *f = *state;
    struct kept_report report;

    run(be_cancelled_between);
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_UNHANDLED);
    assert_int_equal(report.error, -EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_wait_any_leaves_the_others_alone),
        TEST(test_wait_any_tells_of_all_that_have_ended_by_then),
        TEST(test_wait_takes_the_same_task_twice),
        TEST(test_wait_error_ends_with_the_first_failure),
        TEST(test_wait_error_ends_with_the_last_if_none_fails),
        TEST(test_wait_all_takes_any_number),
        TEST(test_wait_result_of_a_failed_task_is_handled),
        TEST(test_wait_that_was_cancelled_has_not_handled_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
