/* SPDX-License-Identifier: MIT */

/* test_explore_finds.c - the explorer finds what is planted, and says what it was. */

#include "support/exploring.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int balance;

static int deposit(void *arg)
{
    bool slow = *(const bool *)arg;
    int read;
    int r = il_sleep(IL_MS(1));

    if (r < 0)
        return r;
    read = balance;
    if (slow)
        (void)il_yield();
    balance = read + 1;
    return 0;
}

/* The one that waits in the midst has to come first to spoil it. */
static int deposit_twice(void *arg)
{
    bool slow[] = { false, true };
    il_call calls[] = { { .fn = deposit, .arg = &slow[0] },
                        { .fn = deposit, .arg = &slow[1] } };

    (void)arg;
    balance = 0;
    return il_gather(calls, 2);
}

static int expect_two(void *arg, int result)
{
    (void)arg;
    return result < 0 ? result : balance == 2 ? 0 : -EPROTO;
}

static void test_explore_finds_a_lost_update(void **state)
{
    const il_test_scenario scenario = { .name = "bank",
                                        .body = deposit_twice,
                                        .check = expect_two };
    il_test_report report;

    (void)state;
    assert_int_equal(
        find_by_exploring(scenario, (il_test_limits){ 0 }, &report), -EPROTO);
    assert_int_equal(report.n_runs, 2);
    assert_non_null(strstr(told(), "run 2 has failed: EPROTO, says the check"));
    assert_non_null(strstr(told(), "#3 il_gather, which has waited for time"));
    assert_non_null(strstr(told(), "INTERLOOP_TEST_TRACE='bank/1=1' runs"));
}

static il_lock locks[2];

static int take_both(void *arg)
{
    int first = *(const int *)arg;
    int r = il_yield();

    if (r < 0 || (r = il_lock_acquire(&locks[first])) < 0)
        return r;
    r = il_lock_acquire(&locks[1 - first]);
    if (r == 0)
        (void)il_lock_release(&locks[1 - first]);
    (void)il_lock_release(&locks[first]);
    return r;
}

static int take_crosswise(void *arg)
{
    int order[] = { 0, 1 };
    il_call calls[] = { { .fn = take_both, .arg = &order[0] },
                        { .fn = take_both, .arg = &order[1] } };

    (void)arg;
    memset(locks, 0, sizeof locks);
    return il_gather(calls, 2);
}

/* Nobody waits between the two locks, so nothing happens, except to a task that
 * has been busy for long. */
static void test_explore_pauses_find_a_deadlock(void **state)
{
    const il_test_scenario scenario = { .name = "crosswise",
                                        .body = take_crosswise };
    il_test_report report;

    (void)state;
    assert_int_equal(il_test_explore(&scenario, NULL, NULL), 0);
    assert_int_equal(
        find_by_exploring(scenario, (il_test_limits){ .n_pauses = 1 }, &report),
        -EDEADLK);
    assert_non_null(strstr(told(), "nothing can go on"));
    assert_non_null(strstr(told(), "waits for a lock"));
    assert_non_null(strstr(told(), "stops at operation 2"));
}

static int receive_slowly(void *arg)
{
    il_future *future = arg;
    int r = 0;

    IL_TIMEOUT (IL_SEC(1), &r) {
        r = il_future_wait(future, NULL, NULL);
    }
    return r;
}

static int set_after_a_yield(void *arg)
{
    int r = il_yield();

    return r < 0 ? r : il_future_set(arg, 0, NULL);
}

static int expect_in_time(void *arg)
{
    il_future future = IL_FUTURE_INIT;
    il_call calls[] = { { .fn = receive_slowly, .arg = &future },
                        { .fn = set_after_a_yield, .arg = &future } };

    (void)arg;
    return il_gather(calls, 2);
}

static void test_explore_delays_let_deadlines_pass(void **state)
{
    const il_test_scenario scenario = { .name = "slow",
                                        .body = expect_in_time };
    il_test_report report;

    (void)state;
    assert_int_equal(il_test_explore(&scenario, NULL, NULL), 0);
    assert_int_equal(
        find_by_exploring(scenario, (il_test_limits){ .n_delays = 1 }, &report),
        -ETIMEDOUT);
    assert_non_null(strstr(told(), "** time passes"));
}

static int leak;

static int hold_for_a_while(void *arg)
{
    int r;

    (void)arg;
    leak = 1;
    r = il_sleep(IL_MS(1));
    if (r < 0)
        return r; /* forgets */
    leak = 0;
    return 0;
}

static int expect_none(void *arg, int result)
{
    (void)arg;
    (void)result;
    return leak ? -EADDRINUSE : 0;
}

static void test_explore_cancels_find_a_forgotten_clean_up(void **state)
{
    const il_test_scenario scenario = { .name = "forgetful",
                                        .body = hold_for_a_while,
                                        .check = expect_none };
    il_test_report report;

    (void)state;
    assert_int_equal(il_test_explore(&scenario, NULL, NULL), 0);
    assert_int_equal(find_by_exploring(
                         scenario, (il_test_limits){ .n_cancels = 1 }, &report),
                     -EADDRINUSE);
    assert_non_null(strstr(told(), "** #1 main is cancelled"));
}

/* --- runs that fail by themselves ------------------------------------------------- */

static int sleep_for_ever(void *arg)
{
    (void)arg;
    return il_sleep(IL_FOREVER);
}

static int leave_task(void *arg)
{
    return il_spawn(NULL, sleep_for_ever, arg, NULL);
}

static int leave_descriptor(void *arg)
{
    *(int *)arg = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return 0;
}

static int leave_lock(void *arg)
{
    (void)arg;
    memset(locks, 0, sizeof locks);
    return il_lock_acquire(&locks[0]);
}

static int fail_unheard(void *arg)
{
    (void)arg;
    return -EIO;
}

static int leave_failure(void *arg)
{
    return il_spawn(NULL, fail_unheard, arg, NULL);
}

static int yield_for_ever(void *arg)
{
    (void)arg;
    while (il_yield() != -ESRCH)
        continue;
    return 0;
}

static int stop_the_loop(void *arg)
{
    int r = il_loop_stop(il_loop_current());

    (void)arg;
    return r < 0 ? r : il_yield();
}

static void test_explore_tells_what_a_run_leaves_behind(void **state)
{
    static const struct {
        il_task_fn *body;
        int error;
        const char *text;
    } cases[] = {
        { leave_task, -EUCLEAN, "tasks were left behind" },
        { leave_descriptor, -EUCLEAN, "descriptors were left behind" },
        { leave_lock, -EUCLEAN, "main: task ended and still owned a lock" },
        { leave_failure, -EUCLEAN, "task failed and nobody asked why (EIO)" },
        { sleep_for_ever, -EDEADLK, "nothing can go on" },
        { yield_for_ever, -ELOOP, "it does not come to an end" },
        { fail_unheard, -EIO, "the main task returned this" },
        { stop_the_loop, -EINTR, "the loop was stopped" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int fd = -1;
        il_test_scenario scenario = { .body = cases[i].body, .arg = &fd };
        il_test_report report;

        assert_int_equal(find_by_exploring(scenario,
                                           (il_test_limits){ .n_steps = 100 },
                                           &report),
                         cases[i].error);
        assert_non_null(strstr(told(), cases[i].text));
        assert_non_null(strstr(told(), "='scenario/0'"));
        assert_int_equal(report.leaks.tasks, i == 0 ||
                                                 cases[i].error == -EDEADLK ||
                                                 cases[i].error == -ELOOP ||
                                                 cases[i].error == -EINTR);
        assert_int_equal(report.leaks.descriptors, fd >= 0);
        if (fd >= 0)
            (void)close(fd);
    }
}

static int times;

static int yield_twice(void *arg)
{
    int r = il_yield();

    (void)arg;
    return r < 0 ? r : il_yield();
}

/* By two or three. */
static int yield_as_it_likes(void *arg)
{
    il_call calls[] = { { .fn = yield_twice },
                        { .fn = yield_twice },
                        { .fn = yield_twice } };

    (void)arg;
    return il_gather(calls, ++times == 3 ? 3 : 2);
}

static void test_explore_notices_what_is_not_the_same_each_time(void **state)
{
    const il_test_scenario scenario = { .body = yield_as_it_likes };
    il_test_report report;

    (void)state;
    times = 0;
    assert_int_equal(
        find_by_exploring(scenario, (il_test_limits){ 0 }, &report), -EILSEQ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_finds_a_lost_update),
        BARE_TEST(test_explore_pauses_find_a_deadlock),
        BARE_TEST(test_explore_delays_let_deadlines_pass),
        BARE_TEST(test_explore_cancels_find_a_forgotten_clean_up),
        BARE_TEST(test_explore_tells_what_a_run_leaves_behind),
        BARE_TEST(test_explore_notices_what_is_not_the_same_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
