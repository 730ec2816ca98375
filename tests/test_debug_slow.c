/* SPDX-License-Identifier: MIT */

/* test_debug_slow.c - steps that keep the thread.
 *
 * Work takes no time here: it puts the real clock forward. */

#include "support/fixture.h"
#include "support/slow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void test_debug_slow_step_is_told_with_the_name(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, work_in_the_second_step, NULL, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(reap(task), 0);
    expect_slow(f, "work_in_the_second_step", IL_SEC(1500));
}

static int sleep_for_a_year(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(365.0 * 86400));
}

/* Lesson of slow_callback_duration: the loop's time is not the time that is
 * meant. */
static void test_debug_slow_virtual_time_does_not_count(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, sleep_for_a_year, NULL, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(400.0 * 86400)), 0);
    assert_int_equal(reap(task), 0);
    assert_int_equal(f->n_reports, 0);
}

static int work_and_end(void *arg)
{
    work(IL_SEC(1500));
    (void)arg;
    return 0;
}

/* The first step of a child is not its creator's. */
static int spawn_a_worker(void *arg)
{
    work(IL_SEC(600));
    CHECK_INT(il_spawn(NULL, work_and_end, arg, NULL), 0);
    work(IL_SEC(300));
    return il_yield();
}

static void test_debug_slow_first_step_is_the_childs(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, spawn_a_worker, NULL, &task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    expect_slow(f, "work_and_end", IL_SEC(1500));
    assert_int_equal(f->n_reports, 0);
}

static int work_in_pieces(void *arg)
{
    int r = 0;

    (void)arg;
    for (int i = 0; i < 10 && r == 0; i++) {
        work(IL_SEC(600));
        r = il_yield();
    }
    return r;
}

static void test_debug_slow_short_steps_are_not_added_up(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, work_in_pieces, NULL, NULL), 0);
    settle(f);
    assert_int_equal(f->n_reports, 0);
}

static void work_as_a_callback(void *arg)
{
    il_callback *callback = arg;

    work(IL_SEC(1200));
    memset(callback, 0xa5, sizeof *callback); /* ours again */
}

static void test_debug_slow_callback_is_told_with_its_function(void **state)
{
    struct fixture *f = *state;
    il_callback callback = IL_CALLBACK_INIT(work_as_a_callback, &callback);
    char address[32];

    assert_int_equal(il_post(f->loop, &callback), 0);
    settle(f);
    (void)snprintf(address, sizeof address, "%p",
                   (void *)(uintptr_t)work_as_a_callback);
    assert_non_null(strstr(f->reports[0].details, address));
    expect_slow(f, "(callback)", IL_SEC(1200));
}

static void spawn_from_a_callback(void *arg)
{
    CHECK_INT(il_spawn(NULL, work_and_end, arg, NULL), 0);
    work(IL_SEC(600));
}

static void test_debug_slow_first_step_in_a_callback_is_the_tasks(void **state)
{
    struct fixture *f = *state;
    il_callback callback = IL_CALLBACK_INIT(spawn_from_a_callback, NULL);

    assert_int_equal(il_post(f->loop, &callback), 0);
    settle(f);
    expect_slow(f, "work_and_end", IL_SEC(1500));
    assert_int_equal(f->n_reports, 0);
}

static int switch_on_and_work(void *arg)
{
    CHECK_INT(watch_slow(arg), 0);
    work(IL_SEC(2000));
    return il_yield();
}

/* A step that was on when it was switched on has no beginning. */
static void test_debug_slow_switched_on_by_a_task(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, switch_on_and_work, f, &task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(il_spawn(NULL, work_and_end, NULL, NULL), 0);
    settle(f);
    expect_slow(f, "work_and_end", IL_SEC(1500));
}

static int switch_off_and_work(void *arg)
{
    struct fixture *f = arg;

    CHECK_INT(il_loop_set_debug(f->loop, 0), 0);
    work(IL_SEC(2000));
    return il_yield();
}

static void test_debug_slow_switched_off_by_a_task(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, switch_off_and_work, f, &task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_spawn(NULL, work_and_end, NULL, NULL), 0);
    settle(f);
    assert_int_equal(f->n_reports, 0);
}

static int fail_slowly(void *arg)
{
    (void)arg;
    work(IL_SEC(1500));
    return -EIO;
}

/* A task has room for one report, debug mode brings its own. */
static void test_debug_slow_failure_is_told_too(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, fail_slowly, NULL, NULL), 0);
    settle(f);
    assert_int_equal(f->n_reports, 2);
    if (f->reports[0].kind == IL_REPORT_UNHANDLED)
        (void)take_report(f);
    expect_slow(f, "fail_slowly", IL_SEC(1500));
    if (f->n_reports > 0)
        (void)take_report(f);
}

static void test_debug_slow_reports_beyond_the_room_are_counted(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 20; i++)
        assert_int_equal(il_spawn(NULL, work_and_end, NULL, NULL), 0);
    settle(f);
    assert_int_equal(f->n_reports, 8);
    assert_non_null(strstr(f->reports[7].details, "12 later reports"));
    while (f->n_reports > 0)
        expect_slow(f, "work_and_end", IL_SEC(1500));
    /* And then there is room again. */
    assert_int_equal(il_spawn(NULL, work_and_end, NULL, NULL), 0);
    settle(f);
    expect_slow(f, "work_and_end", IL_SEC(1500));
}

static void
test_debug_slow_reports_are_counted_without_other_details(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;

    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_LOCKS), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(il_lock_release(&lock), -EPERM);
    settle(f);
    assert_int_equal(f->n_reports, 8);
    assert_string_equal(f->reports[7].details, "2 later reports were lost");
    while (f->n_reports > 0)
        assert_int_equal(take_report(f).kind, IL_REPORT_NOT_OWNER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_slow, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_debug_slow_step_is_told_with_the_name),
        TEST(test_debug_slow_virtual_time_does_not_count),
        TEST(test_debug_slow_first_step_is_the_childs),
        TEST(test_debug_slow_short_steps_are_not_added_up),
        TEST(test_debug_slow_callback_is_told_with_its_function),
        TEST(test_debug_slow_first_step_in_a_callback_is_the_tasks),
        cmocka_unit_test_setup_teardown(test_debug_slow_switched_on_by_a_task,
                                        setup, teardown),
        TEST(test_debug_slow_switched_off_by_a_task),
        TEST(test_debug_slow_failure_is_told_too),
        TEST(test_debug_slow_reports_beyond_the_room_are_counted),
        TEST(test_debug_slow_reports_are_counted_without_other_details),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
