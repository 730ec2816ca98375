/* SPDX-License-Identifier: MIT */

/* test_time.c - durations, deadlines and the names of results. */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static il_time monotonic_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (il_time)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void test_time_units_are_nanoseconds(void **state)
{
    (void)state;
    assert_int_equal(IL_NS(7), 7);
    assert_int_equal(IL_US(3), 3000);
    assert_int_equal(IL_MS(20), 20000000);
    assert_int_equal(IL_MS(0.5), 500000);
    assert_int_equal(IL_SEC(1.5), 1500000000);
    assert_int_equal(IL_SEC(-2), -2000000000);
}

static void test_time_units_saturate(void **state)
{
    (void)state;
    assert_true(IL_SEC(1e30) == IL_FOREVER);
    assert_true(IL_MS(1e30) == IL_FOREVER);
    assert_true(IL_US(1e30) == IL_FOREVER);
    assert_true(IL_SEC(-1e30) == -IL_FOREVER);
    assert_true(IL_SEC(9.1e9) < IL_FOREVER);
    assert_true(IL_SEC(9.1e9) > 0);
}

static void test_time_without_a_loop_is_monotonic(void **state)
{
    il_time before = monotonic_ns();
    il_time now = il_now();

    (void)state;
    assert_null(il_loop_current());
    assert_true(now >= before);
    assert_true(now <= monotonic_ns());
}

static void test_time_is_virtual_under_test(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_now(), IL_SEC(1));
    assert_int_equal(il_now(), IL_SEC(1));
    assert_int_equal(il_test_advance(f->loop, IL_MS(3)), 0);
    assert_int_equal(il_now(), IL_SEC(1) + IL_MS(3));
}

static void test_time_deadline_saturates(void **state)
{
    (void)state;
    assert_int_equal(il_deadline(IL_MS(5)), IL_SEC(1) + IL_MS(5));
    assert_int_equal(il_deadline(0), IL_SEC(1));
    assert_int_equal(il_deadline(-IL_SEC(9)), IL_SEC(1));
    assert_int_equal(il_deadline(INT64_MIN), IL_SEC(1));
    assert_true(il_deadline(IL_FOREVER) == IL_FOREVER);
    assert_true(il_deadline(IL_FOREVER - 1) == IL_FOREVER);
}

static int refuse_virtual_time(void *arg)
{
    il_loop *loop = arg;

    CHECK_INT(il_test_use_virtual_time(loop, IL_TEST_MANUAL), -EBUSY);
    CHECK_INT(il_test_run_until_blocked(loop), -EBUSY);
    return 0;
}

static int sleep_a_second(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(1));
}

static void test_time_cannot_become_virtual_under_way(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_test_advance(f->loop, 0), -EINVAL);
    assert_int_equal(il_run(refuse_virtual_time, f->loop), 0);
    assert_int_equal(il_spawn(NULL, sleep_a_second, NULL, &task), 0);
    assert_int_equal(il_test_use_virtual_time(f->loop, IL_TEST_MANUAL), -EBUSY);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

static void test_time_results_have_names(void **state)
{
    (void)state;
    assert_string_equal(il_strerror(-ECANCELED), "ECANCELED");
    assert_string_equal(il_strerror(-ETIMEDOUT), "ETIMEDOUT");
    assert_string_equal(il_strerror(-ENOMEM), "ENOMEM");
    assert_string_equal(il_strerror(-EOWNERDEAD), "EOWNERDEAD");
    assert_string_equal(il_strerror(-ESHUTDOWN), "ESHUTDOWN");
    assert_non_null(il_strerror(0));
    assert_string_equal(il_strerror(0), il_strerror(1234567));
    assert_string_not_equal(il_strerror(0), il_strerror(-EIO));
    assert_non_null(il_strerror(-123456));
    assert_non_null(il_strerror(INT32_MIN));
}

/* strerror() would speak of connections and of mutexes. */
static void test_time_results_have_texts_in_our_meaning(void **state)
{
    const int codes[] = { ECANCELED, ETIMEDOUT, EINVAL,     EPERM,     ESRCH,
                          EBUSY,     EALREADY,  EAGAIN,     EPIPE,     EDEADLK,
                          EPROTO,    ENOMEM,    EOWNERDEAD, ESHUTDOWN, ENOENT };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const char *text = il_error_text(-codes[i]);

        assert_non_null(strchr(text, ' '));
        assert_true(strchr(text, '.') == NULL && text[0] >= 'A' &&
                    text[0] <= 'Z');
    }
    assert_string_equal(il_error_text(-ECANCELED), "Operation was cancelled");
    assert_string_equal(il_error_text(-ETIMEDOUT), "Operation timed out");
    assert_string_equal(il_error_text(-ENOENT), "No such file or directory");
    assert_string_equal(il_error_text(0), "Success");
    assert_string_equal(il_error_text(1234567), "Success");
    assert_string_equal(il_error_text(-123456), "Unknown error");
    assert_string_equal(il_error_text(INT32_MIN), "Unknown error");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_units_are_nanoseconds),
        cmocka_unit_test(test_time_units_saturate),
        cmocka_unit_test(test_time_without_a_loop_is_monotonic),
        TEST(test_time_is_virtual_under_test),
        TEST(test_time_deadline_saturates),
        cmocka_unit_test_setup_teardown(
            test_time_cannot_become_virtual_under_way, setup_real, teardown),
        cmocka_unit_test(test_time_results_have_names),
        cmocka_unit_test(test_time_results_have_texts_in_our_meaning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
