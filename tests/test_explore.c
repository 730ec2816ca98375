/* SPDX-License-Identifier: MIT */

/* test_explore.c - the explorer: what it runs, what it finds, what it says. */

#include "support/exploring.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- paths ---------------------------------------------------------------------- */

static char orders[2000];

static int say(void *arg)
{
    for (int i = 0; i < 2; i++) {
        int r = il_yield();

        if (r < 0)
            return r;
        note("%s", (const char *)arg);
    }
    return 0;
}

static int say_by_two(void *arg)
{
    il_call calls[] = { { .fn = say, .arg = TEXT("a") },
                        { .fn = say, .arg = TEXT("b") } };

    (void)arg;
    forget_notes();
    return il_gather(calls, 2);
}

static int collect_order(void *arg, int result)
{
    (void)arg;
    (void)strncat(orders, noted(), sizeof orders - strlen(orders) - 2);
    (void)strcat(orders, "|");
    return result;
}

static const il_test_scenario two = { .name = "two",
                                      .body = say_by_two,
                                      .check = collect_order };

static void test_explore_runs_each_order_of_each_turn(void **state)
{
    il_test_report report;

    (void)state;
    orders[0] = '\0';
    assert_int_equal(il_test_explore(&two, NULL, &report), 0);
    assert_string_equal(orders, "a b a b|a b b a|b a b a|b a a b|");
    assert_int_equal(report.n_runs, 4);
    assert_int_equal(report.n_choices, 2);
    assert_true(report.is_complete);
    assert_string_equal(report.trace, "");
}

static void test_explore_any_order_lets_one_run_alone(void **state)
{
    const il_test_limits limits = { .flags = IL_TEST_ANY_ORDER };
    il_test_report report;

    (void)state;
    orders[0] = '\0';
    assert_int_equal(il_test_explore(&two, &limits, &report), 0);
    assert_non_null(strstr(orders, "a a b b|"));
    assert_non_null(strstr(orders, "b b a a|"));
    assert_non_null(strstr(orders, "b a a b|"));
    assert_true(report.is_complete);
}

static void test_explore_stops_at_its_limits(void **state)
{
    il_test_report report;

    (void)state;
    orders[0] = '\0';
    assert_int_equal(
        il_test_explore(&two, &(il_test_limits){ .n_runs = 3 }, &report), 0);
    assert_int_equal(report.n_runs, 3);
    assert_false(report.is_complete);

    orders[0] = '\0';
    assert_int_equal(
        il_test_explore(&two, &(il_test_limits){ .n_detours = 1 }, &report), 0);
    assert_string_equal(orders, "a b a b|a b b a|b a b a|");
    assert_false(report.is_complete);

    orders[0] = '\0';
    assert_int_equal(
        il_test_explore(&two, &(il_test_limits){ .n_runs = 50, .seed = 9 },
                        &report),
        0);
    assert_int_equal(report.n_runs, 50);
    assert_false(report.is_complete);
    for (const char *text = "a b a b|\0a b b a|\0b a a b|\0b a b a|\0"; *text;
         text += 9)
        assert_non_null(strstr(orders, text));
}

/* --- traces --------------------------------------------------------------------- */

static int flag;

static int raise_flag(void *arg)
{
    int r = il_yield();

    (void)arg;
    flag = 1;
    return r;
}

static int need_flag(void *arg)
{
    int r = il_yield();

    (void)arg;
    return r < 0 ? r : flag ? 0 : -ENODATA;
}

/* Fine as long as who was first comes first. */
static int rely_on_order(void *arg)
{
    il_call calls[] = { { .fn = raise_flag }, { .fn = need_flag } };

    (void)arg;
    flag = 0;
    return il_gather(calls, 2);
}

static const il_test_scenario reliance = { .name = "reliance",
                                           .body = rely_on_order };

static void test_explore_trace_runs_the_same_path_again(void **state)
{
    il_test_report report;
    char trace[300];

    (void)state;
    assert_int_equal(
        find_by_exploring(reliance, (il_test_limits){ 0 }, &report), -ENODATA);
    assert_string_equal(report.trace, "1=1");
    assert_int_equal(report.n_runs, 2);
    assert_int_equal(report.result, -ENODATA);
    assert_false(report.is_complete);

    (void)snprintf(trace, sizeof trace, "reliance/%s", report.trace);
    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", trace, 1), 0);
    assert_int_equal(
        find_by_exploring(reliance, (il_test_limits){ 0 }, &report), -ENODATA);
    assert_int_equal(report.n_runs, 1);
    assert_string_equal(report.trace, "1=1");
    assert_non_null(strstr(told(), "[2 of 2]"));

    /* A path that does not fail is told, too. */
    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", "reliance/0", 1), 0);
    assert_int_equal(
        find_by_exploring(reliance, (il_test_limits){ 0 }, &report), 0);
    assert_int_equal(report.n_runs, 1);
    assert_non_null(strstr(told(), "[1 of 2]"));

    /* One of something else. */
    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", "reliance/9=1", 1), 0);
    assert_int_equal(
        find_by_exploring(reliance, (il_test_limits){ 0 }, &report), -EILSEQ);
    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", "reliance/x", 1), 0);
    assert_int_equal(
        find_by_exploring(reliance, (il_test_limits){ 0 }, &report), -EINVAL);
    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", "other/1=1", 1), 0);
    assert_int_equal(find_by_exploring(two, (il_test_limits){ 0 }, &report), 0);
    assert_int_equal(report.n_runs, 4);
    assert_int_equal(unsetenv("INTERLOOP_TEST_TRACE"), 0);
}

static uint64_t digest;

static int digest_turns(void *arg)
{
    for (int i = 0; i < 400; i++) {
        int r = il_yield();

        if (r < 0)
            return r;
        digest = digest * 31 + *(const char *)arg;
    }
    return 0;
}

static int take_many_turns(void *arg)
{
    il_call calls[] = { { .fn = digest_turns, .arg = TEXT("a") },
                        { .fn = digest_turns, .arg = TEXT("b") },
                        { .fn = digest_turns, .arg = TEXT("c") } };

    (void)arg;
    digest = 0;
    return il_gather(calls, 3);
}

static int refuse(void *arg, int result)
{
    (void)arg;
    return result < 0 ? result : -EPROTO;
}

/* Cut off, it would be the path of another run. */
static void test_explore_trace_is_whole_however_long(void **state)
{
    const il_test_scenario many = { .name = "many",
                                    .body = take_many_turns,
                                    .check = refuse };
    static char trace[10000];
    il_test_report report;
    uint64_t expected;
    const char *text;

    (void)state;
    assert_int_equal(
        find_by_exploring(many, (il_test_limits){ .seed = 7 }, &report),
        -EPROTO);
    expected = digest;
    assert_string_equal(report.trace, "(too long)");
    text = strstr(told(), "INTERLOOP_TEST_TRACE='");
    assert_non_null(text);
    assert_int_equal(sscanf(text, "INTERLOOP_TEST_TRACE='%9999[^']", trace), 1);
    assert_true(strlen(trace) > 2000);

    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", trace, 1), 0);
    digest = 0;
    assert_int_equal(find_by_exploring(many, (il_test_limits){ 0 }, &report),
                     -EPROTO);
    assert_true(digest == expected);
    assert_int_equal(setenv("INTERLOOP_TEST_TRACE", "many/(too long)", 1), 0);
    assert_int_equal(find_by_exploring(many, (il_test_limits){ 0 }, &report),
                     -EINVAL);
    assert_int_equal(unsetenv("INTERLOOP_TEST_TRACE"), 0);
}

/* --- setup and check -------------------------------------------------------------- */

static int sleep_for_ever(void *arg)
{
    (void)arg;
    return il_sleep(IL_FOREVER);
}

static int n_setups;
static int n_checks;
static int last_result;

static int count_setup(void *arg)
{
    HOLDS(!il_task_current());
    return ++n_setups == *(int *)arg ? -ENOSPC : 0;
}

static int count_check(void *arg, int result)
{
    (void)arg;
    HOLDS(!il_task_current());
    n_checks++;
    last_result = result;
    return verdict();
}

static void test_explore_checks_each_run_that_was_set_up(void **state)
{
    int at = 3;
    il_test_scenario scenario = { .body = say_by_two,
                                  .arg = &at,
                                  .setup = count_setup,
                                  .check = count_check };
    il_test_report report;

    (void)state;
    n_setups = n_checks = 0;
    assert_int_equal(
        find_by_exploring(scenario, (il_test_limits){ 0 }, &report), -ENOSPC);
    assert_int_equal(n_setups, 3);
    assert_int_equal(n_checks, 2);
    assert_non_null(strstr(told(), "says the setup"));

    at = 0;
    scenario.body = sleep_for_ever;
    assert_int_equal(
        find_by_exploring(scenario, (il_test_limits){ 0 }, &report), -EDEADLK);
    assert_int_equal(n_checks, 3);
    assert_int_equal(last_result, -EDEADLK);
}

static void post_from_afar(void *future)
{
    (void)il_future_set(future, 0, NULL);
}

static il_loop *target;
static il_callback callback;

static void *run_thread(void *arg)
{
    (void)arg;
    (void)usleep(20000);
    (void)il_post_threadsafe(target, &callback);
    return NULL;
}

static int wait_for_thread(void *arg)
{
    il_future future = IL_FUTURE_INIT;
    pthread_t thread;
    int r;

    (void)arg;
    target = il_loop_current();
    callback = (il_callback)IL_CALLBACK_INIT(post_from_afar, &future);
    HOLDS(pthread_create(&thread, NULL, run_thread, NULL) == 0);
    r = il_future_wait(&future, NULL, NULL);
    HOLDS(pthread_join(thread, NULL) == 0);
    return r;
}

static void test_explore_has_some_patience_with_other_threads(void **state)
{
    const il_test_scenario scenario = { .body = wait_for_thread };

    (void)state;
    assert_int_equal(il_test_explore(&scenario, NULL, NULL), 0);
    assert_int_equal(verdict(), 0);
}

static void test_explore_refuses_nonsense(void **state)
{
    il_test_report report = { .n_runs = 77 };
    il_loop *loop;

    (void)state;
    assert_int_equal(il_test_explore(NULL, NULL, &report), -EINVAL);
    assert_int_equal(il_test_explore(&(il_test_scenario){ 0 }, NULL, &report),
                     -EINVAL);
    assert_int_equal(
        il_test_explore(&two, &(il_test_limits){ .flags = 4 }, &report),
        -EINVAL);
    assert_int_equal(il_test_set_victim(NULL), -EINVAL);
    assert_int_equal(il_loop_new(&loop), 0);
    assert_int_equal(il_test_explore(&two, NULL, &report), -EBUSY);
    (void)il_loop_unref(loop);
    assert_int_equal(report.n_runs, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_runs_each_order_of_each_turn),
        BARE_TEST(test_explore_any_order_lets_one_run_alone),
        BARE_TEST(test_explore_stops_at_its_limits),
        BARE_TEST(test_explore_trace_runs_the_same_path_again),
        BARE_TEST(test_explore_trace_is_whole_however_long),
        BARE_TEST(test_explore_checks_each_run_that_was_set_up),
        BARE_TEST(test_explore_has_some_patience_with_other_threads),
        BARE_TEST(test_explore_refuses_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
