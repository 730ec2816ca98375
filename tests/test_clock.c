/* SPDX-License-Identifier: MIT */

/* test_clock.c - how often the clock is read, and which one.
 *
 * Whether a deadline has passed can mostly be told by the coarse clock, the
 * time of the kernel's last tick.  Here both are under our control. */

#include "support/fixture.h"

#include <errno.h>
#include <time.h>

#ifdef CLOCK_MONOTONIC_COARSE
enum { HAVE_COARSE = 1 };
#else
enum { HAVE_COARSE = 0 };
#define CLOCK_MONOTONIC_COARSE (-1)
#endif

static int n_exact;
static int n_coarse;
static il_time coarse_is_late; /* by so much, at least */

int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    il_time now;
    int r;

    n_exact += clock == CLOCK_MONOTONIC;
    n_coarse += clock == CLOCK_MONOTONIC_COARSE;
    if (clock != CLOCK_MONOTONIC_COARSE)
        return __real_clock_gettime(clock, ret_time);
    r = __real_clock_gettime(CLOCK_MONOTONIC, ret_time);
    now = (il_time)ret_time->tv_sec * IL_SEC(1) + ret_time->tv_nsec -
          coarse_is_late;
    ret_time->tv_sec = (time_t)(now / IL_SEC(1));
    ret_time->tv_nsec = (long)(now % IL_SEC(1));
    return r;
}

static void forget_readings(void)
{
    n_exact = 0;
    n_coarse = 0;
}

static int setup_clock(void **state)
{
    coarse_is_late = IL_MS(4);
    return setup_real(state);
}

static void run(il_task_fn *fn)
{
    il_task *task;

    assert_int_equal(il_spawn(NULL, fn, NULL, &task), 0);
    while (!il_task_is_done(task))
        assert_true(il_test_run_until_blocked(il_loop_current()) >= 0);
    assert_int_equal(reap(task), 0);
}

/* Enter a scope; returns whether it was cancelled at once. */
static bool is_cancelled_at_once(il_time deadline)
{
    il_scope scope;
    bool cancelled;

    CHECK_INT(il_scope_enter(&scope, deadline), 0);
    cancelled = il_scope_is_cancelled(&scope);
    CHECK_INT(il_task_is_cancelled(il_task_current()), cancelled);
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    return cancelled;
}

static int far_deadlines(void *arg)
{
    il_time now = il_now();

    (void)arg;
    forget_readings();
    CHECK(!is_cancelled_at_once(now + IL_SEC(10)));
    CHECK(!is_cancelled_at_once(IL_FOREVER - 1));
    CHECK_INT(n_exact, HAVE_COARSE ? 0 : 2);
    CHECK_INT(n_coarse, HAVE_COARSE ? 2 : 0);
    CHECK(!is_cancelled_at_once(IL_FOREVER));
    CHECK_INT(n_exact + n_coarse, 2);
    return 0;
}

static void test_clock_is_not_read_for_far_deadlines(void **state)
{
    (void)state;
    run(far_deadlines);
}

static int near_deadlines(void *arg)
{
    (void)arg;
    forget_readings();
    CHECK(!is_cancelled_at_once(il_now() + IL_MS(900)));
    CHECK_INT(n_exact, 2);
    return 0;
}

static int passed_deadlines(void *arg)
{
    il_time now = il_now();

    (void)arg;
    forget_readings();
    CHECK(is_cancelled_at_once(now));
    CHECK(is_cancelled_at_once(now - IL_SEC(1)));
    CHECK(is_cancelled_at_once(0));
    CHECK(is_cancelled_at_once(-1));
    CHECK(is_cancelled_at_once(-IL_FOREVER));
    CHECK_INT(n_exact, 5);
    return 0;
}

static void test_clock_is_read_for_near_and_passed_deadlines(void **state)
{
    (void)state;
    run(near_deadlines);
    run(passed_deadlines);
    coarse_is_late = IL_MS(999); /* a virtual machine that was held up */
    run(passed_deadlines);
}

static int moved_deadline(void *arg)
{
    il_time now = il_now();
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    forget_readings();
    il_scope_set_deadline(&scope, now + IL_SEC(10));
    CHECK_INT(n_exact, HAVE_COARSE ? 0 : 1);
    CHECK(!il_scope_is_cancelled(&scope));
    il_scope_set_deadline(&scope, IL_FOREVER);
    CHECK(!il_scope_is_cancelled(&scope));
    il_scope_set_deadline(&scope, now);
    CHECK(il_scope_is_timed_out(&scope));
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ETIMEDOUT);
    return 0;
}

static void test_clock_is_not_read_for_a_deadline_moved_far(void **state)
{
    (void)state;
    run(moved_deadline);
}

static int blocks(void *arg)
{
    int r = 0;

    (void)arg;
    forget_readings();
    IL_TIMEOUT (IL_SEC(10), &r) {
        CHECK(!il_task_is_cancelled(il_task_current()));
    }
    CHECK_INT(n_exact, 1);
    IL_SHIELD (IL_MS(10), &r) {
        CHECK(!il_task_is_cancelled(il_task_current()));
    }
    CHECK_INT(n_exact, 2);
    IL_TIMEOUT (0, &r) {
        CHECK(il_task_is_cancelled(il_task_current()));
    }
    IL_TIMEOUT (-IL_SEC(1), &r) {
        CHECK(il_task_is_cancelled(il_task_current()));
    }
    CHECK_INT(n_exact, 4);
    IL_TIMEOUT (IL_FOREVER, &r) {
        CHECK(!il_task_is_cancelled(il_task_current()));
    }
    CHECK_INT(n_exact, 4);
    /* The sum saturates: no deadline at all. */
    IL_TIMEOUT (IL_FOREVER - 1, &r) {
        CHECK(il_loop_next_deadline(il_loop_current()) == IL_FOREVER);
        CHECK(!il_task_is_cancelled(il_task_current()));
    }
    CHECK_INT(n_coarse, 0);
    CHECK_INT(r, 0);
    return 0;
}

static void test_clock_is_read_once_for_a_duration(void **state)
{
    (void)state;
    run(blocks);
}

static int sleep_a_little(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(1));
}

static int sleep_till_then(void *arg)
{
    return il_sleep_until(*(il_time *)arg);
}

/* One more reading, when a task that code between turns has started begins to
 * wait: since when, dumps want to know. */
static void test_clock_is_read_once_for_a_sleep(void **state)
{
    il_time then = il_deadline(IL_SEC(10));
    il_task *tasks[2];

    (void)state;
    forget_readings();
    assert_int_equal(il_spawn(NULL, sleep_a_little, NULL, &tasks[0]), 0);
    assert_int_equal(n_exact, 1 + 1);
    assert_int_equal(n_coarse, 0);
    assert_int_equal(il_spawn(NULL, sleep_till_then, &then, &tasks[1]), 0);
    assert_int_equal(n_exact, HAVE_COARSE ? 2 + 1 : 2 + 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(il_task_cancel(tasks[i]), 0);
    while (!il_task_is_done(tasks[0]) || !il_task_is_done(tasks[1]))
        assert_true(il_test_run_until_blocked(il_loop_current()) >= 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), -ECANCELED);
}

/* Nothing forbids a tick to be later than the margin; then the next turn sees
 * what the look at the clock missed. */
static int late_tick(void *arg)
{
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, il_now() - IL_MS(1)), 0);
    CHECK_INT(il_scope_is_cancelled(&scope), !HAVE_COARSE);
    CHECK_INT(il_sleep(IL_SEC(5)), -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ETIMEDOUT);
    return 0;
}

static void test_clock_that_is_very_late_delays_to_the_next_turn(void **state)
{
    (void)state;
    coarse_is_late = IL_SEC(10);
    run(late_tick);
}

static int virtual_deadlines(void *arg)
{
    il_time now = il_now();

    (void)arg;
    forget_readings();
    CHECK(!is_cancelled_at_once(now + 1));
    CHECK(is_cancelled_at_once(now));
    CHECK(is_cancelled_at_once(now - 1));
    CHECK_INT(n_exact + n_coarse, 0);
    return 0;
}

static void test_clock_is_not_read_under_virtual_time(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_test_use_virtual_time(f->loop, IL_TEST_AUTOJUMP), 0);
    run(virtual_deadlines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_clock, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_clock_is_not_read_for_far_deadlines),
        TEST(test_clock_is_read_for_near_and_passed_deadlines),
        TEST(test_clock_is_not_read_for_a_deadline_moved_far),
        TEST(test_clock_is_read_once_for_a_duration),
        TEST(test_clock_is_read_once_for_a_sleep),
        TEST(test_clock_that_is_very_late_delays_to_the_next_turn),
        TEST(test_clock_is_not_read_under_virtual_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
