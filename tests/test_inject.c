/* SPDX-License-Identifier: MIT */

/* test_inject.c - cancels at each suspension: where they come, what they find. */

#include "support/exploring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- where ---------------------------------------------------------------------- */

static char results[2000];

/* Three suspensions: two sleeps and a yield. */
static int wait_thrice(void *arg)
{
    int r = il_sleep(IL_MS(10));

    (void)arg;
    note("%s", r < 0 ? il_strerror(r) : "10");
    r = il_yield();
    note("%s", r < 0 ? il_strerror(r) : "yield");
    r = il_sleep(IL_MS(20));
    note("%s", r < 0 ? il_strerror(r) : "20");
    return r;
}

static int begin_notes(void *arg)
{
    (void)arg;
    forget_notes();
    return 0;
}

static int collect(void *arg, int result)
{
    size_t used = strlen(results);

    (void)arg;
    (void)snprintf(results + used, sizeof results - used, "%s: %s|", noted(),
                   il_strerror(result));
    return 0;
}

static const il_test_scenario thrice = { .name = "thrice",
                                         .body = wait_thrice,
                                         .setup = begin_notes,
                                         .check = collect };

static void assert_injected(unsigned kind, unsigned n_runs,
                            const char *expected)
{
    il_test_report report;

    results[0] = '\0';
    assert_int_equal(il_test_inject(&thrice, kind, &report), 0);
    assert_string_equal(results, expected);
    assert_int_equal(report.n_runs, n_runs);
    assert_int_equal(report.n_choices, 3);
    assert_true(report.is_complete);
}

#define FINE "10 yield 20: success|"
#define NONE "ECANCELED ECANCELED ECANCELED: "
#define ONE "10 ECANCELED ECANCELED: "
#define TWO "10 yield ECANCELED: "
#define THREE "10 yield 20: "

static void test_inject_comes_at_each_suspension(void **state)
{
    (void)state;
    assert_injected(IL_TEST_CANCEL, 4,
                    FINE NONE "ECANCELED|" TWO "ECANCELED|" TWO "ECANCELED|");
    assert_injected(IL_TEST_CANCEL_TWICE, 4,
                    FINE NONE "ECANCELED|" TWO "ECANCELED|" TWO "ECANCELED|");
    assert_injected(IL_TEST_DEADLINE, 4,
                    FINE NONE "ETIMEDOUT|" TWO "ETIMEDOUT|" TWO "ETIMEDOUT|");
}

/* What was granted stays granted. */
static void test_inject_late_comes_after_the_grant(void **state)
{
    (void)state;
    assert_injected(IL_TEST_CANCEL_LATE, 4,
                    FINE ONE "ECANCELED|" TWO "ECANCELED|" FINE);
}

/* A sleep and a deadline that end at the same instant: who came first wins.  The
 * yield takes no time, so there is no tie, but for the one after the grant. */
static void test_inject_tie_comes_on_either_side(void **state)
{
    (void)state;
    assert_injected(IL_TEST_DEADLINE_TIE, 10,
                    FINE                                        /* before */
                        NONE "ETIMEDOUT|" FINE TWO "ETIMEDOUT|" /* after */
                    ONE "ETIMEDOUT|" FINE FINE                  /* late */
                        ONE "ETIMEDOUT|" TWO "ETIMEDOUT|" FINE);
}

/* As the first sleep and the yield above, but inside selects. */
static int select_twice(void *arg)
{
    il_event never = IL_EVENT_INIT;
    il_case cases[] = { IL_CASE_EVENT(&never), IL_CASE_AFTER(IL_MS(10)) };
    int r = il_select(cases, 2, 0);

    (void)arg;
    note("%s", r < 0 ? il_strerror(r) : "10");
    cases[1] = (il_case)IL_CASE_AFTER(IL_MS(20));
    r = il_select(cases, 2, 0);
    note("%s", r < 0 ? il_strerror(r) : "20");
    il_event_fini(&never);
    return r;
}

/* Who is in several queues waits, too: its grant is when it has left them. */
static void test_inject_late_comes_after_the_grant_of_a_select(void **state)
{
    il_test_scenario scenario = thrice;
    il_test_report report;

    (void)state;
    scenario.body = select_twice;
    results[0] = '\0';
    assert_int_equal(il_test_inject(&scenario, IL_TEST_CANCEL_LATE, &report),
                     0);
    assert_string_equal(results, "10 20: success|10 ECANCELED: ECANCELED|"
                                 "10 20: success|");
    results[0] = '\0';
    assert_int_equal(il_test_inject(&scenario, IL_TEST_DEADLINE_TIE, &report),
                     0);
    assert_string_equal(results, "10 20: success|" /* before */
                                 "ECANCELED ECANCELED: ETIMEDOUT|"
                                 "10 ECANCELED: ETIMEDOUT|" /* after */
                                 "10 ECANCELED: ETIMEDOUT|"
                                 "10 20: success|" /* late */
                                 "10 ECANCELED: ETIMEDOUT|"
                                 "10 20: success|");
    assert_int_equal(report.n_choices, 2);
}

static int wait_in_time(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_SEC(1), &r) {
        r = il_sleep(IL_MS(5));
    }
    note("%s", il_strerror(r));
    r = il_sleep(IL_MS(5));
    note("%s", il_strerror(r));
    return r;
}

static void test_inject_timeout_is_of_the_innermost_scope(void **state)
{
    il_test_scenario scenario = thrice;
    il_test_report report;

    (void)state;
    results[0] = '\0';
    scenario.body = wait_in_time;
    assert_int_equal(il_test_inject(&scenario, IL_TEST_TIMEOUT, &report), 0);
    assert_string_equal(results, "success success: success|"
                                 "ETIMEDOUT success: success|"
                                 "success success: success|");
    assert_int_equal(report.n_runs, 3);
}

/* --- victims -------------------------------------------------------------------- */

static int say_it(void *arg)
{
    int r = il_sleep(IL_MS(1));

    note("%s%s", (const char *)arg, r < 0 ? "!" : "");
    return r;
}

static int choose_myself(void *arg)
{
    HOLDS(il_test_set_victim(il_task_current()) == 0);
    return say_it(arg);
}

enum victim { BY_OTHERS, BY_ITSELF, LAZY, N_VICTIMS };

static int choose_victim(void *arg)
{
    enum victim kind = *(enum victim *)arg;
    il_task_fn *fn = kind == BY_ITSELF ? choose_myself : say_it;
    il_group group;
    il_task *task;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    HOLDS(il_spawn(&group, say_it, TEXT("a"), NULL) == 0);
    if (kind == LAZY)
        HOLDS(il_spawn_lazy(&group, fn, TEXT("b"), &task) == 0);
    else
        HOLDS(il_spawn(&group, fn, TEXT("b"), &task) == 0);
    if (kind != BY_ITSELF)
        HOLDS(il_test_set_victim(task) == 0);
    r = il_group_close(&group);
    (void)il_task_unref(task);
    return r;
}

/* The victim has one suspension; one that is lazy waits for its first step,
 * too, and if it is cancelled there its body never runs. */
static void test_inject_cancels_the_chosen_task(void **state)
{
    static const char *const expected[] = {
        [BY_OTHERS] = "a b: success|b! a: success|",
        [BY_ITSELF] = "a b: success|b! a: success|",
        [LAZY] = "a b: success|a: success|b! a: success|",
    };
    il_test_scenario scenario = thrice;

    (void)state;
    scenario.body = choose_victim;
    for (enum victim kind = BY_OTHERS; kind < N_VICTIMS; kind++) {
        results[0] = '\0';
        scenario.arg = &kind;
        assert_int_equal(il_test_inject(&scenario, IL_TEST_CANCEL, NULL), 0);
        assert_string_equal(results, expected[kind]);
    }
    assert_int_equal(verdict(), 0);
}

/* --- what it finds -------------------------------------------------------------- */

static int held;

static int hold_and_forget(void *arg)
{
    int r = il_sleep(IL_MS(1));

    (void)arg;
    if (r < 0)
        return r;
    held++;
    r = il_sleep(IL_MS(1));
    if (r < 0)
        return r; /* forgets */
    held--;
    return 0;
}

static int expect_none_held(void *arg, int result)
{
    int left = held;

    (void)arg;
    (void)result;
    held = 0;
    return left ? -EADDRINUSE : 0;
}

static const il_test_scenario forgetful = { .name = "forgetful",
                                            .body = hold_and_forget,
                                            .check = expect_none_held };

static void test_inject_finds_a_forgotten_clean_up(void **state)
{
    il_test_report report;

    (void)state;
    assert_int_equal(find_by_injecting(forgetful, IL_TEST_ALL, &report),
                     -EADDRINUSE);
    assert_string_equal(report.trace, "cancel@2");
    assert_int_equal(report.n_runs, 3);
    assert_int_equal(report.result, -ECANCELED);
    assert_non_null(strstr(told(), "** #1 main is cancelled"));
    assert_non_null(
        strstr(told(), "INTERLOOP_TEST_TRACE='forgetful/cancel@2' runs"));

    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", "forgetful/deadline@2", 1),
                     0);
    assert_int_equal(find_by_injecting(forgetful, IL_TEST_ALL, &report),
                     -EADDRINUSE);
    assert_int_equal(report.n_runs, 2); /* the first counts */
    assert_non_null(strstr(told(), "** a deadline of #1 main passes"));
    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", "forgetful/0", 1), 0);
    assert_int_equal(find_by_injecting(forgetful, IL_TEST_ALL, &report), 0);
    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", "forgetful/late@9", 1), 0);
    assert_int_equal(find_by_injecting(forgetful, IL_TEST_ALL, &report),
                     -EINVAL);
    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", "forgetful/what@1", 1), 0);
    assert_int_equal(find_by_injecting(forgetful, IL_TEST_ALL, &report),
                     -EINVAL);
    assert_int_equal(unsetenv("INTERLOOP_TEST_TRACE"), 0);
}

static il_channel channel;
static int received;

/* Looks at the cancel instead of at the result, and loses what it was given. */
static int receive_and_lose(void *arg)
{
    int value;
    int r = il_channel_receive(&channel, &value);

    (void)arg;
    if (r == 0 && il_task_is_cancelled(il_task_current()))
        return -ECANCELED;
    received += r == 0;
    return r;
}

static int send_one(void *arg)
{
    int value = 1;
    int r = il_yield();

    (void)arg;
    return r < 0 ? r : il_channel_try_send(&channel, &value);
}

static int send_and_receive(void *arg)
{
    il_group group;
    il_task *task;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)arg;
    if (r < 0)
        return r;
    received = 0;
    HOLDS(il_channel_init(&channel, sizeof(int), 1) == 0);
    HOLDS(il_spawn(&group, receive_and_lose, NULL, &task) == 0);
    HOLDS(il_test_set_victim(task) == 0);
    HOLDS(il_spawn(&group, send_one, NULL, NULL) == 0);
    r = il_group_close(&group);
    (void)il_task_unref(task);
    return r;
}

static int expect_the_value(void *arg, int result)
{
    int n = received + (int)il_channel_count(&channel);

    (void)arg;
    il_channel_fini(&channel);
    return result < 0 ? result : n == 1 ? 0 : -ENOMSG;
}

static void test_inject_late_finds_a_lost_value(void **state)
{
    const il_test_scenario scenario = { .name = "losing",
                                        .body = send_and_receive,
                                        .check = expect_the_value };
    il_test_report report;

    (void)state;
    assert_int_equal(
        il_test_inject(&scenario,
                       IL_TEST_CANCEL | IL_TEST_DEADLINE | IL_TEST_CANCEL_TWICE,
                       NULL),
        0);
    assert_int_equal(find_by_injecting(scenario, IL_TEST_ALL, &report),
                     -ENOMSG);
    assert_string_equal(report.trace, "late@1");
    assert_int_equal(verdict(), 0);
}

static int fail_at_once(void *arg)
{
    (void)arg;
    return -EIO;
}

static int ignore_cancels(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++)
        (void)il_yield();
    return 0;
}

static void test_inject_tells_on_those_that_ignore_it(void **state)
{
    il_test_report report;

    (void)state;
    assert_int_equal(
        find_by_injecting((il_test_scenario){ .body = ignore_cancels },
                          IL_TEST_CANCEL, &report),
        -EUCLEAN);
    assert_non_null(strstr(told(), "task goes on though it is cancelled"));
}

static void test_inject_begins_with_a_run_without_cancel(void **state)
{
    il_test_report report;

    (void)state;
    assert_int_equal(
        find_by_injecting((il_test_scenario){ .body = fail_at_once },
                          IL_TEST_ALL, &report),
        -EIO);
    assert_int_equal(report.n_runs, 1);
    assert_string_equal(report.trace, "0");
}

static void test_inject_refuses_nonsense(void **state)
{
    il_loop *loop;

    (void)state;
    assert_int_equal(il_test_inject(NULL, IL_TEST_ALL, NULL), -EINVAL);
    assert_int_equal(
        il_test_inject(&(il_test_scenario){ 0 }, IL_TEST_ALL, NULL), -EINVAL);
    assert_int_equal(il_test_inject(&thrice, 0, NULL), -EINVAL);
    assert_int_equal(il_test_inject(&thrice, IL_TEST_ALL + 1, NULL), -EINVAL);
    assert_int_equal(il_loop_new(&loop), 0);
    assert_int_equal(il_test_inject(&thrice, IL_TEST_ALL, NULL), -EBUSY);
    (void)il_loop_unref(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_inject_comes_at_each_suspension),
        BARE_TEST(test_inject_late_comes_after_the_grant),
        BARE_TEST(test_inject_tie_comes_on_either_side),
        BARE_TEST(test_inject_late_comes_after_the_grant_of_a_select),
        BARE_TEST(test_inject_timeout_is_of_the_innermost_scope),
        BARE_TEST(test_inject_cancels_the_chosen_task),
        BARE_TEST(test_inject_finds_a_forgotten_clean_up),
        BARE_TEST(test_inject_late_finds_a_lost_value),
        BARE_TEST(test_inject_tells_on_those_that_ignore_it),
        BARE_TEST(test_inject_begins_with_a_run_without_cancel),
        BARE_TEST(test_inject_refuses_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
