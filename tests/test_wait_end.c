/* SPDX-License-Identifier: MIT */

/* test_wait_end.c - waiting for several tasks: cancels, misuse, fairness. */

#include "support/children.h"
#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>
#include <pthread.h>

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
        struct victim victim = { { { .task = begin_child(&a) },
                                   { .task = begin_child(&b) } },
                                 waits[i],
                                 0 };
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

        victim.awaited[0].task = begin_child(&stuck);
        victim.awaited[1].task = begin_child(&stuck);
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
    awaited[0].task = begin_child(&child);
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_wait_any(awaited, 1, NULL);
    }
    CHECK_INT(r, -ETIMEDOUT); /* both are due; the child ends one step later */
    CHECK_INT(il_wait_any(awaited, 1, NULL), 1);
    CHECK_INT(awaited[0].result, 3);
    drop_awaited(awaited, 1);
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
    il_awaited awaited[] = { { .task = begin_child(&child) },
                             { .task = NULL } };

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
    drop_awaited(awaited, 1);
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
    il_awaited awaited[] = { { .task = begin_child(&a) },
                             { .task = begin_child(&b) } };
    size_t which = 99;

    assert_int_equal(il_wait_any(awaited, 2, &which), 1);
    assert_int_equal(which, 0);
    assert_int_equal(il_wait_all(awaited, 2), -ESRCH);
    assert_int_equal(il_wait_all(awaited, 1), 1);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(il_wait_all(awaited, 2), 2);
    drop_awaited(awaited, 2);
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
    il_awaited awaited[] = { { .task = begin_child(&child) } };
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
    il_awaited awaited[] = { { .task = begin_child(&child) } };

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
    il_awaited awaited[] = { { .task = begin_child(&child) } };
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
    drop_awaited(awaited, 1);
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
