/* SPDX-License-Identifier: MIT */

/* test_debug_freed.c - what is ended while tasks wait for it is told of. */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>

static int setup_debug(void **state)
{
    int r = setup(state);
    struct fixture *f = *state;

    return r < 0 ? r : il_loop_set_debug(f->loop, IL_DEBUG_FREED);
}

static int wait_for_event(void *arg)
{
    CHECK_INT(il_event_wait(arg), -EOWNERDEAD);
    return 0;
}

static void test_debug_freed_event(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct kept_report report;

    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, wait_for_event, &event, NULL), 0);
    il_event_fini(&event);
    settle(f);
    report = take_report_of(f, IL_REPORT_FREED, -EOWNERDEAD, "wait_for_event");
    assert_string_equal(report.waits_for, "an event");
    assert_non_null(strstr(report.details, "3 tasks"));
}

static int wait_for_future(void *arg)
{
    CHECK_INT(il_future_wait(arg, NULL, NULL), -EOWNERDEAD);
    return 0;
}

static void test_debug_freed_future(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    struct kept_report report;

    assert_int_equal(il_spawn(NULL, wait_for_future, &future, NULL), 0);
    il_future_fini(&future);
    settle(f);
    report = take_report_of(f, IL_REPORT_FREED, -EOWNERDEAD, "wait_for_future");
    assert_non_null(strstr(report.details, "1 task "));
}

static int receive(void *arg)
{
    int element;

    CHECK_INT(il_channel_receive(arg, &element), -EOWNERDEAD);
    return 0;
}

static void test_debug_freed_channel(void **state)
{
    struct fixture *f = *state;
    il_channel channel;

    assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
    assert_int_equal(il_spawn(NULL, receive, &channel, NULL), 0);
    il_channel_fini(&channel);
    settle(f);
    take_report_of(f, IL_REPORT_FREED, -EOWNERDEAD, "receive");
}

static int acquire_freed(void *arg)
{
    CHECK_INT(il_lock_acquire(arg), -EOWNERDEAD);
    return 0;
}

static void test_debug_freed_lock(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;

    assert_int_equal(il_lock_try_acquire(&lock), 0);
    assert_int_equal(il_spawn(NULL, acquire_freed, &lock, NULL), 0);
    il_lock_fini(&lock);
    settle(f);
    take_report_of(f, IL_REPORT_FREED, -EOWNERDEAD, "acquire_freed");
}

static int pass_semaphore(void *arg)
{
    return il_semaphore_acquire(arg, 1);
}

static int pass_barrier(void *arg)
{
    return il_barrier_wait(arg);
}

static int pass_waitgroup(void *arg)
{
    return il_waitgroup_wait(arg);
}

static int pass_limiter(void *arg)
{
    il_token token = IL_TOKEN_INIT;

    return il_limiter_acquire(arg, &token);
}

static int pass_rwlock(void *arg)
{
    return il_rwlock_acquire_read(arg);
}

static int pass_condition(void *arg)
{
    il_lock lock = IL_LOCK_INIT;
    int r = il_lock_acquire(&lock);

    if (r == 0)
        r = il_condition_wait(arg, &lock);
    il_lock_fini(&lock);
    return r;
}

static int pass_queue(void *arg)
{
    int element;

    return il_queue_get(arg, &element);
}

static int pass_watch(void *arg)
{
    uint64_t version = 0;
    int value;

    return il_watch_next(arg, &version, &value);
}

static il_task *spawn_waiter(il_task_fn *fn, void *object)
{
    il_task *task;

    assert_int_equal(il_spawn(NULL, fn, object, &task), 0);
    assert_false(il_task_is_done(task));
    return task;
}

static void expect_freed(struct fixture *f, il_task *task)
{
    settle(f);
    assert_int_equal(take_report(f).kind, IL_REPORT_FREED);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(reap(task), -EOWNERDEAD);
}

static void test_debug_freed_all_others(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(0);
    il_barrier barrier = IL_BARRIER_INIT(2);
    il_waitgroup waitgroup = IL_WAITGROUP_INIT;
    il_limiter limiter = IL_LIMITER_INIT(0);
    il_rwlock rwlock = IL_RWLOCK_INIT;
    il_condition condition = IL_CONDITION_INIT;
    il_queue queue;
    il_watch watch;
    il_task *task;

    task = spawn_waiter(pass_semaphore, &semaphore);
    il_semaphore_fini(&semaphore);
    expect_freed(f, task);
    task = spawn_waiter(pass_barrier, &barrier);
    il_barrier_fini(&barrier);
    expect_freed(f, task);
    assert_int_equal(il_waitgroup_add(&waitgroup, 1), 0);
    task = spawn_waiter(pass_waitgroup, &waitgroup);
    il_waitgroup_fini(&waitgroup);
    expect_freed(f, task);
    task = spawn_waiter(pass_limiter, &limiter);
    il_limiter_fini(&limiter);
    expect_freed(f, task);
    assert_int_equal(il_rwlock_try_acquire_write(&rwlock), 0);
    task = spawn_waiter(pass_rwlock, &rwlock);
    il_rwlock_fini(&rwlock);
    expect_freed(f, task);
    task = spawn_waiter(pass_condition, &condition);
    il_condition_fini(&condition);
    expect_freed(f, task);
    assert_int_equal(il_queue_init(&queue, sizeof(int), 1), 0);
    task = spawn_waiter(pass_queue, &queue);
    il_queue_fini(&queue);
    expect_freed(f, task);
    assert_int_equal(il_watch_init(&watch, sizeof(int)), 0);
    task = spawn_waiter(pass_watch, &watch);
    il_watch_fini(&watch);
    expect_freed(f, task);
}

static int select_first(void *arg)
{
    il_case cases[] = { IL_CASE_EVENT((il_event *)arg) };
    int i = il_select(cases, 1, 0);

    return i < 0 ? i : cases[i].result;
}

static void test_debug_freed_under_a_select(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_task *task = spawn_waiter(select_first, &event);

    il_event_fini(&event);
    expect_freed(f, task);
}

static void test_debug_freed_with_nobody_waiting_is_no_mistake(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_future future = IL_FUTURE_INIT;
    il_channel channel;

    assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
    il_channel_fini(&channel);
    il_event_fini(&event);
    il_future_fini(&future);
    settle(f);
    assert_int_equal(f->n_reports, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_debug, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_debug_freed_event),
        TEST(test_debug_freed_future),
        TEST(test_debug_freed_channel),
        TEST(test_debug_freed_lock),
        TEST(test_debug_freed_all_others),
        TEST(test_debug_freed_under_a_select),
        TEST(test_debug_freed_with_nobody_waiting_is_no_mistake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
