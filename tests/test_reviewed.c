/* SPDX-License-Identifier: MIT */

/* test_reviewed.c - corners that no single module's tests come to.
 *
 * Each test is a bug that a reading of the code found. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <unistd.h>

/* --- A destructor that waits ------------------------------------------------ */

static bool destroyed;

static int end_at_once(void *arg)
{
    (void)arg;
    return 7;
}

static void destroy_slowly(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_MS(5)), 0);
    destroyed = true;
}

/* The task had noted whom to return to before its destructor ran, and resumed
 * its creator, who was asleep by then, out of turn. */
static int sleep_meanwhile(void *arg)
{
    const il_spawn_options options = { .fn = end_at_once,
                                       .destroy = destroy_slowly };
    il_time before;

    (void)arg;
    CHECK_INT(il_spawn_with(NULL, &options, NULL), 0);
    CHECK(!destroyed);
    before = il_now();
    CHECK_INT(il_sleep(IL_MS(50)), 0);
    CHECK(il_now() - before >= IL_MS(50));
    CHECK(destroyed);
    return 0;
}

static void test_reviewed_destructor_of_a_first_step_may_wait(void **state)
{
    (void)state;
    destroyed = false;
    assert_int_equal(il_run(sleep_meanwhile, NULL), 0);
}

/* --- A wait that fails while it is verified ----------------------------------- */

static int close_behind_our_back(void *arg)
{
    int *fds = arg;
    char byte;

    CHECK_INT(write(fds[1], "x", 1), 1);
    CHECK_INT(il_wait_fd(fds[0], IL_READ), IL_READ);
    CHECK_INT(il_read(fds[0], &byte, 1), 1);
    CHECK_INT(close(fds[0]), 0);
    /* Armed before, and not open any more. */
    CHECK_INT(il_wait_fd(fds[0], IL_READ), -EBADF);
    fds[0] = -1;
    return 0;
}

/* The loop had computed how long to sleep before the check woke the task, and
 * slept with a ready task in its queue. */
static void test_reviewed_closed_descriptor_does_not_hang(void **state)
{
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(il_run(close_behind_our_back, fds), 0);
    assert_int_equal(close(fds[1]), 0);
}

/* --- Errors of collected tasks -------------------------------------------------- */

static int end_badly(void *arg)
{
    (void)arg;
    return -EIO;
}

static int collect_and_look_away(void *arg)
{
    il_group group;
    il_task *task;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_SUPERVISE | IL_GROUP_COLLECT), 0);
    CHECK_INT(il_spawn(&group, end_badly, NULL, NULL), 0);
    CHECK_INT(il_spawn(&group, end_badly, NULL, NULL), 0);
    CHECK_INT(il_group_next(&group, &task), 0);
    (void)il_task_unref(task);
    CHECK_INT(il_group_close(&group), 0);
    return il_yield();
}

/* Collecting counted as hearing. */
static void test_reviewed_collected_error_is_reported_if_unheard(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_run(collect_and_look_away, NULL), 0);
    assert_int_equal(take_report(f).error, -EIO);
    assert_int_equal(take_report(f).error, -EIO);
}

/* --- Misuse ----------------------------------------------------------------------- */

static void test_reviewed_advance_for_ever_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_test_advance(f->loop, IL_FOREVER), -EINVAL);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
}

static int run_inside(void *arg)
{
    (void)arg;
    CHECK_INT(il_run(end_at_once, NULL), -EBUSY);
    CHECK_INT(il_loop_run(il_loop_current()), -EBUSY);
    return 0;
}

/* No run was under way, only the first step of a task. */
static void test_reviewed_run_inside_a_first_step_is_refused(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, run_inside, NULL, NULL), 0);
}

/* --- A handle that goes during a wait ---------------------------------------- */

static int end_with(void *arg)
{
    return *(int *)arg;
}

static int sleep_ten(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(10));
}

/* The next task gets the stack of the one that had ended. */
static int drop_and_spawn(void *task)
{
    int other = 99;

    CHECK_INT(il_sleep(IL_MS(5)), 0);
    (void)il_task_unref(task);
    CHECK_INT(il_spawn(NULL, end_with, &other, NULL), 0);
    return 0;
}

/* What had ended before was not held, and its result was that of another one. */
static int wait_for_both(void *arg)
{
    il_awaited awaited[2] = { { .task = NULL } };
    int result = 6;

    (void)arg;
    CHECK_INT(il_spawn(NULL, end_with, &result, &awaited[0].task), 0);
    CHECK_INT(il_spawn(NULL, sleep_ten, NULL, &awaited[1].task), 0);
    CHECK_INT(il_spawn(NULL, drop_and_spawn, awaited[0].task, NULL), 0);
    CHECK_INT(il_wait_all(awaited, 2), 2);
    CHECK_INT(awaited[0].result, 6);
    (void)il_task_unref(awaited[1].task);
    return 0;
}

static void test_reviewed_wait_holds_what_has_ended_before(void **state)
{
    (void)state;
    assert_int_equal(il_run(wait_for_both, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reviewed_destructor_of_a_first_step_may_wait),
        cmocka_unit_test_setup_teardown(
            test_reviewed_closed_descriptor_does_not_hang, setup_real,
            teardown),
        TEST(test_reviewed_collected_error_is_reported_if_unheard),
        TEST(test_reviewed_advance_for_ever_is_refused),
        TEST(test_reviewed_run_inside_a_first_step_is_refused),
        TEST(test_reviewed_wait_holds_what_has_ended_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
