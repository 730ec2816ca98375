/* SPDX-License-Identifier: MIT */

/* test_close.c - the end of a loop: everybody is told, nobody waits for ever. */

#include "support/fixture.h"

#include <errno.h>
#include <unistd.h>

struct cleaner {
    il_time shield; /* how long the clean-up may take */
    il_time needs;  /* how long it takes */
    int r;          /* what the clean-up came to */
};

static int clean_up(void *arg)
{
    struct cleaner *cleaner = arg;
    int r = il_sleep(IL_FOREVER);

    cleaner->r = 1;
    IL_SHIELD (cleaner->shield, &cleaner->r) {
        cleaner->r = il_sleep(cleaner->needs);
    }
    note("clean");
    return r;
}

static void test_close_gives_tasks_time_to_clean_up(void **state)
{
    struct fixture *f = *state;
    struct cleaner cleaner = { .shield = IL_SEC(2), .needs = IL_MS(900) };

    assert_int_equal(il_spawn(NULL, clean_up, &cleaner, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "clean");
    assert_int_equal(cleaner.r, 0);
}

static void test_close_reports_and_abandons_what_will_not_end(void **state)
{
    struct fixture *f = *state;
    struct cleaner cleaner = { .shield = IL_SEC(60), .needs = IL_FOREVER };
    struct kept_report report;
    il_task *task;

    assert_int_equal(il_spawn(NULL, clean_up, &cleaner, &task), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), -ETIMEDOUT);
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_STUCK);
    assert_string_equal(report.task_name, "clean_up");
    assert_int_equal(f->n_reports, 0);
    assert_string_equal(noted(), "");
    assert_string_equal(il_task_get_name(task), "clean_up");
    il_task_unref(task);
}

static int yield_for_ever(void *arg)
{
    while (il_yield() != -ESRCH)
        ++*(int *)arg;
    return 0;
}

/* The clock jumps only when nobody is ready, so the grace would never be over. */
static void test_close_gives_up_when_virtual_time_stands_still(void **state)
{
    struct fixture *f = *state;
    int n = 0;

    assert_int_equal(il_spawn(NULL, yield_for_ever, &n, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(5)), -ETIMEDOUT);
    assert_true(n > 100);
    assert_int_equal(take_report(f).kind, IL_REPORT_IGNORED_CANCEL);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
}

static int sleep_forever(void *arg)
{
    int r = il_sleep(IL_FOREVER);

    note("%s", (const char *)arg);
    return r;
}

static void test_close_without_grace_still_lets_tasks_return(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, sleep_forever, TEXT("a"), &task), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_string_equal(noted(), "a");
    assert_int_equal(reap(task), -ECANCELED);
}

static int spawn_at_the_end(void *arg)
{
    il_task *task = NULL;
    il_group group;
    int clean = 1;
    int r = il_sleep(IL_FOREVER);
    int refused;

    (void)arg;
    refused = il_spawn(NULL, sleep_forever, TEXT("late"), &task);
    CHECK(refused == -ECANCELED || refused == -ESHUTDOWN);
    CHECK(task == NULL);
    IL_SHIELD (IL_SEC(1), &clean) {
        CHECK_INT(il_group_open(&group, 0), 0);
        CHECK_INT(il_spawn(&group, sleep_forever, TEXT("x"), NULL), 0);
        il_group_cancel(&group);
        clean = il_group_close(&group);
    }
    CHECK_INT(clean, 0);
    return r;
}

/* The root group takes no more, but clean-up may use groups of its own. */
static void test_close_takes_no_new_tasks_in_the_root_group(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, spawn_at_the_end, NULL, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "x");
}

static int nested_groups(void *arg)
{
    unsigned *depth = arg;
    il_group group;
    int r;

    CHECK_INT(il_group_open(&group, 0), 0);
    if (--*depth)
        CHECK_INT(il_spawn(&group, nested_groups, depth, NULL), 0);
    else
        CHECK_INT(il_spawn(&group, sleep_forever, TEXT("leaf"), NULL), 0);
    r = il_group_close(&group);
    CHECK_INT(r, -ECANCELED);
    return r;
}

static void test_close_reaches_the_leaves_of_the_tree(void **state)
{
    struct fixture *f = *state;
    unsigned depth = 50;

    assert_int_equal(il_spawn(NULL, nested_groups, &depth, NULL), 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 51);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "leaf");
}

static int sleep_quietly(void *arg)
{
    (void)arg;
    return il_sleep(IL_FOREVER);
}

static void test_close_ends_ten_thousand_tasks(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < MANY(10000); i++)
        assert_int_equal(il_spawn(NULL, sleep_quietly, NULL, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
}

static void test_close_makes_room_for_another_loop(void **state)
{
    struct fixture *f = *state;
    il_loop *second = NULL;

    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_null(il_loop_current());
    assert_int_equal(il_loop_new(&second), 0);
    assert_ptr_equal(il_loop_current(), second);
    assert_int_equal(il_spawn(NULL, sleep_quietly, NULL, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, 0), -EALREADY);
    assert_int_equal(il_loop_close(second, 0), 0);
    il_loop_unref(second);
}

static int fail_late(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    return -EIO;
}

/* An error during the last moments is reported like any other. */
static void test_close_reports_errors_of_dying_tasks(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, fail_late, NULL, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_int_equal(take_report(f).error, -EIO);
}

/* --- il_test_run() -------------------------------------------------------- */

static int leak_a_task(void *arg)
{
    (void)arg;
    return il_spawn(NULL, sleep_quietly, NULL, NULL);
}

static int leak_a_descriptor(void *arg)
{
    int *fd = arg;

    *fd = count_descriptors() >= 0 ? dup(2) : -1;
    return 0;
}

static int behave(void *arg)
{
    CHECK_INT(il_sleep(IL_SEC(3600)), 0);
    return *(int *)arg;
}

static void test_close_test_run_finds_leaks(void **state)
{
    il_test_leaks leaks = { 99, 99 };
    int value = 5;
    int fd = -1;

    (void)state;
    begin_checks();
    assert_int_equal(il_test_run(behave, &value, &leaks), 5);
    assert_int_equal(leaks.tasks, 0);
    assert_int_equal(leaks.descriptors, 0);
    value = -EIO;
    assert_int_equal(il_test_run(behave, &value, NULL), -EIO);
    assert_int_equal(il_test_run(leak_a_descriptor, &fd, &leaks), -EUCLEAN);
    assert_int_equal(leaks.tasks, 0);
    assert_int_equal(leaks.descriptors, 1);
    assert_int_equal(close(fd), 0);
    end_checks();
}

static void test_close_test_run_finds_tasks(void **state)
{
    il_test_leaks leaks = { 99, 99 };

    (void)state;
    begin_checks();
    assert_int_equal(il_test_run(leak_a_task, NULL, &leaks), -EUCLEAN);
    assert_int_equal(leaks.tasks, 1);
    assert_int_equal(leaks.descriptors, 0);
    assert_null(il_loop_current());
    end_checks();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_close_gives_tasks_time_to_clean_up),
        TEST(test_close_reports_and_abandons_what_will_not_end),
        TEST(test_close_without_grace_still_lets_tasks_return),
        TEST(test_close_gives_up_when_virtual_time_stands_still),
        TEST(test_close_takes_no_new_tasks_in_the_root_group),
        TEST(test_close_reaches_the_leaves_of_the_tree),
        TEST(test_close_ends_ten_thousand_tasks),
        TEST(test_close_makes_room_for_another_loop),
        TEST(test_close_reports_errors_of_dying_tasks),
        cmocka_unit_test(test_close_test_run_finds_leaks),
        cmocka_unit_test(test_close_test_run_finds_tasks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
