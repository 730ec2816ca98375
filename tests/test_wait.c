/* SPDX-License-Identifier: MIT */

/* test_wait.c - several tasks are waited for at once, and left alone. */

#include "support/children.h"
#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>
#include <pthread.h>

enum { MANY_TASKS = 500 };

/* In the root group: nobody but who waits cares for it. */
static il_task *begin(struct child *child)
{
    il_task *task = NULL;

    CHECK_INT(il_spawn(NULL, live, child, &task), 0);
    return task;
}

static void drop(il_awaited *awaited, int n)
{
    for (int i = 0; i < n; i++)
        awaited[i].task = il_task_unref(awaited[i].task);
}

/* --- any -------------------------------------------------------------------- */

static int wait_for_any(void *arg)
{
    struct child a = { IL_MS(30), 1, 0 };
    struct child b = { IL_MS(10), 2, 0 };
    struct child c = { IL_MS(20), 3, 0 };
    il_awaited awaited[] = { { .task = begin(&a) },
                             { .task = begin(&b) },
                             { .task = begin(&c) } };
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
    drop(awaited, 3);
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
    il_awaited awaited[] = { { .task = begin(&b) },
                             { .task = begin(&c) },
                             { .task = begin(&a) } };
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
    drop(awaited, 3);
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
    il_awaited awaited[] = { { .task = begin(&a) }, { .task = NULL } };
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
    struct child late = { IL_MS(20), 2, 0 };
    il_awaited awaited[] = { { .task = begin(&good) },
                             { .task = begin(&cancelled) },
                             { .task = begin(&bad) },
                             { .task = begin(&late) } };
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
    drop(awaited, 4);
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
    il_awaited awaited[] = { { .task = begin(&a) }, { .task = begin(&b) } };
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
    drop(awaited, 2);
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
        awaited[i] = (il_awaited){ .task = begin(&children[i]) };
    }
    CHECK_INT(il_wait_all(awaited, MANY_TASKS), MANY_TASKS);
    CHECK_INT(now_ms(), 50);
    for (int i = 0; i < MANY_TASKS; i++) {
        CHECK(awaited[i].has_ended);
        CHECK_INT(awaited[i].result, i);
    }
    CHECK_INT(il_wait_all(NULL, 0), 0);
    drop(awaited, MANY_TASKS);
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
    il_awaited awaited[] = { { .task = begin(&bad) } };

    (void)arg;
    CHECK_INT(il_wait_any(awaited, 1, NULL), 1);
    drop(awaited, 1);
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
    il_awaited awaited[] = { { .task = begin(&bad), .has_ended = true },
                             { .task = begin(&slow), .result = 17 } };
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
    drop(awaited, 2); /* and nobody has asked for the error */
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

/* --- cancelled ------------------------------------------------------------------- */

struct victim {
    il_awaited awaited[2];
    int (*wait)(struct victim *me);
    int r;
};

static int any(struct victim *me)
{
    return il_wait_any(me->awaited, 2, NULL);
}

static int error(struct victim *me)
{
    return il_wait_error(me->awaited, 2, NULL);
}

static int all(struct victim *me)
{
    return il_wait_all(me->awaited, 2);
}

static int wait_and_tell(void *arg)
{
    struct victim *me = arg;

    me->r = 0x5eed;
    me->r = me->wait(me);
    return 0;
}

static int (*const waits[])(struct victim *me) = { any, error, all };

static void test_wait_cancelled_leaves_the_tasks_alone(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        struct child a = { IL_MS(10), 1, 0 };
        struct child b = { IL_MS(20), 2, 0 };
        struct victim victim = {
            { { .task = begin(&a) }, { .task = begin(&b) } }, waits[i], 0
        };
        il_task *task;

        assert_int_equal(il_spawn(NULL, wait_and_tell, &victim, &task), 0);
        assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(il_test_run_until_blocked(f->loop) > 0, 1);
        assert_int_equal(victim.r, -ECANCELED);
        assert_false(il_task_is_done(victim.awaited[0].task));
        assert_int_equal(reap(task), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
        assert_int_equal(reap(victim.awaited[0].task), 1);
        assert_int_equal(reap(victim.awaited[1].task), 2);
    }
}

static int cancel_it(void *task)
{
    CHECK_INT(il_task_cancel(task), 0);
    return 0;
}

/* All in one turn: both end, which wakes the task that waits, and then it is
 * cancelled. */
static void test_wait_granted_before_a_cancel_returns_its_value(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        struct victim victim = { .wait = waits[i] };
        struct child stuck = { IL_FOREVER, 0, 0 };
        il_task *task;

        victim.awaited[0].task = begin(&stuck);
        victim.awaited[1].task = begin(&stuck);
        assert_int_equal(il_spawn(NULL, wait_and_tell, &victim, &task), 0);
        assert_int_equal(il_task_cancel(victim.awaited[0].task), 0);
        assert_int_equal(il_task_cancel(victim.awaited[1].task), 0);
        assert_int_equal(il_spawn_lazy(NULL, cancel_it, task, NULL), 0);
        settle(f);
        assert_int_equal(victim.r, 2);
        assert_int_equal(reap(task), 0);
        assert_int_equal(reap(victim.awaited[0].task), -ECANCELED);
        assert_int_equal(reap(victim.awaited[1].task), -ECANCELED);
    }
}

/* The deadline was armed first, so it comes first; or second. */
static int deadline_and_end(void *arg)
{
    struct child child = { IL_MS(10), 3, 0 };
    il_awaited awaited[1];
    int r = 0;

    (void)arg;
    awaited[0].task = begin(&child);
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_wait_any(awaited, 1, NULL);
    }
    CHECK_INT(r, -ETIMEDOUT); /* both are due; the child ends one step later */
    CHECK_INT(il_wait_any(awaited, 1, NULL), 1);
    CHECK_INT(awaited[0].result, 3);
    drop(awaited, 1);
    return 0;
}

static void test_wait_deadline_at_the_same_instant_as_an_end(void **state)
{
    (void)state;
    run(deadline_and_end);
}

/* --- misuse ----------------------------------------------------------------------- */

static int refuse(void *arg)
{
    struct child child = { IL_MS(10), 0, 0 };
    il_awaited awaited[] = { { .task = begin(&child) }, { .task = NULL } };

    (void)arg;
    CHECK_INT(il_wait_any(NULL, 1, NULL), -EINVAL);
    CHECK_INT(il_wait_any(awaited, 0, NULL), -EINVAL);
    CHECK_INT(il_wait_any(awaited, 2, NULL), -EINVAL);
    CHECK_INT(il_wait_error(awaited, 2, NULL), -EINVAL);
    CHECK_INT(il_wait_all(awaited, 2), -EINVAL);
    CHECK_INT(il_wait_all(NULL, 7), -EINVAL);
    awaited[1].task = il_task_current();
    CHECK_INT(il_wait_any(awaited, 2, NULL), -EDEADLK);
    CHECK_INT(il_wait_all(awaited, 2), -EDEADLK);
    CHECK_INT(il_wait_all(awaited, 1), 1);
    drop(awaited, 1);
    return 0;
}

static void test_wait_refuses_nonsense(void **state)
{
    (void)state;
    run(refuse);
}

static void test_wait_outside_tasks_takes_what_has_ended(void **state)
{
    struct fixture *f = *state;
    struct child a = { 0, 1, 0 };
    struct child b = { IL_MS(10), 2, 0 };
    il_awaited awaited[] = { { .task = begin(&a) }, { .task = begin(&b) } };
    size_t which = 99;

    assert_int_equal(il_wait_any(awaited, 2, &which), 1);
    assert_int_equal(which, 0);
    assert_int_equal(il_wait_all(awaited, 2), -ESRCH);
    assert_int_equal(il_wait_all(awaited, 1), 1);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(il_wait_all(awaited, 2), 2);
    drop(awaited, 2);
}

static int wait_elsewhere(void *arg)
{
    CHECK_INT(il_wait_any(arg, 1, NULL), -ESRCH);
    CHECK_INT(il_wait_all(arg, 1), -ESRCH);
    CHECK_INT(il_wait_for(((il_awaited *)arg)->task, IL_MS(1), NULL), -ESRCH);
    CHECK_INT(il_task_stop(((il_awaited *)arg)->task, IL_MS(1), NULL), -ESRCH);
    return 0;
}

static void *run_elsewhere(void *arg)
{
    CHECK_INT(il_run(wait_elsewhere, arg), 0);
    return NULL;
}

static void test_wait_in_another_thread_is_refused(void **state)
{
    struct fixture *f = *state;
    struct child child = { IL_MS(10), 2, 0 };
    il_awaited awaited[] = { { .task = begin(&child) } };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, run_elsewhere, awaited), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(reap(awaited[0].task), 2);
}

/* The handle of the caller goes while it waits, through somebody else. */
static int drop_the_handle(void *task)
{
    CHECK_INT(il_sleep(IL_MS(5)), 0);
    il_task_unref(task);
    return 0;
}

static int wait_while_dropped(void *arg)
{
    struct child child = { IL_MS(10), 6, 0 };
    il_awaited awaited[] = { { .task = begin(&child) } };

    (void)arg;
    CHECK_INT(il_spawn(NULL, drop_the_handle, awaited[0].task, NULL), 0);
    CHECK_INT(il_wait_all(awaited, 1), 1);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(awaited[0].result, 6);
    return 0;
}

static void test_wait_keeps_the_tasks_it_waits_for(void **state)
{
    (void)state;
    run(wait_while_dropped);
}

/* --- always ready ------------------------------------------------------------------ */

static int count_turns(void *arg)
{
    while (il_yield() == 0)
        ++*(int *)arg;
    return 0;
}

static int wait_in_a_loop(void *arg)
{
    struct child child = { 0, 0, 0 };
    il_awaited awaited[] = { { .task = begin(&child) } };
    il_group group;
    int turns = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, count_turns, &turns, NULL), 0);
    for (int i = 0; i < 1000; i++)
        CHECK_INT(il_wait_any(awaited, 1, NULL), 1);
    CHECK(turns >= 10);
    il_group_cancel(&group);
    CHECK_INT(il_group_close(&group), 0);
    drop(awaited, 1);
    return 0;
}

static void test_wait_for_what_has_ended_starves_nobody(void **state)
{
    (void)state;
    run(wait_in_a_loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define TEST_MANUAL(name)                                                      \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

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
        TEST_MANUAL(test_wait_cancelled_leaves_the_tasks_alone),
        TEST_MANUAL(test_wait_granted_before_a_cancel_returns_its_value),
        TEST(test_wait_deadline_at_the_same_instant_as_an_end),
        TEST(test_wait_refuses_nonsense),
        TEST_MANUAL(test_wait_outside_tasks_takes_what_has_ended),
        TEST_MANUAL(test_wait_in_another_thread_is_refused),
        TEST(test_wait_keeps_the_tasks_it_waits_for),
        TEST(test_wait_for_what_has_ended_starves_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
