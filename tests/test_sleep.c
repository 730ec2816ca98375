/* SPDX-License-Identifier: MIT */

/* test_sleep.c - yielding and sleeping: order, and never too early. */

#include "support/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct sleeper {
    const char *name;
    il_time duration;
    il_time began;
    il_time woke; /* 0 until then */
    int r;
};

static int sleep_for(void *arg)
{
    struct sleeper *s = arg;

    s->began = il_now();
    s->r = il_sleep(s->duration);
    s->woke = il_now();
    note("%s", s->name);
    return s->r;
}

static int yield_twice(void *arg)
{
    note("%s1", (const char *)arg);
    CHECK_INT(il_yield(), 0);
    note("%s2", (const char *)arg);
    CHECK_INT(il_yield(), 0);
    note("%s3", (const char *)arg);
    return 0;
}

static void note_it(void *arg)
{
    note("%s", (const char *)arg);
}

static void test_sleep_yield_goes_round_in_order(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, yield_twice, TEXT("a"), NULL), 0);
    assert_int_equal(il_spawn(NULL, yield_twice, TEXT("b"), NULL), 0);
    assert_int_equal(il_spawn(NULL, yield_twice, TEXT("c"), NULL), 0);
    settle(f);
    assert_string_equal(noted(), "a1 b1 c1 a2 b2 c2 a3 b3 c3");
}

static void test_sleep_yield_lets_posts_run_first(void **state)
{
    struct fixture *f = *state;
    il_callback post = IL_CALLBACK_INIT(note_it, TEXT("post"));

    assert_int_equal(il_post(f->loop, &post), 0);
    assert_int_equal(il_spawn(NULL, yield_twice, TEXT("a"), NULL), 0);
    settle(f);
    assert_string_equal(noted(), "a1 post a2 a3");
}

static void test_sleep_outside_tasks_is_refused(void **state)
{
    (void)state;
    assert_int_equal(il_yield(), -ESRCH);
    assert_int_equal(il_sleep(0), -ESRCH);
    assert_int_equal(il_sleep(IL_MS(1)), -ESRCH);
    assert_int_equal(il_sleep(IL_FOREVER), -ESRCH);
    assert_int_equal(il_sleep_until(0), -ESRCH);
}

static void test_sleep_ends_exactly_when_due(void **state)
{
    struct fixture *f = *state;
    struct sleeper s = { .name = "s", .duration = IL_MS(20) };

    assert_int_equal(il_spawn(NULL, sleep_for, &s, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20) - 1), 0);
    assert_int_equal(s.woke, 0);
    assert_int_equal(il_test_advance(f->loop, 1), 0);
    assert_int_equal(s.r, 0);
    assert_int_equal(s.woke - s.began, IL_MS(20));
}

/* Each deadline gets its own turn at its own time. */
static void test_sleep_wakes_in_the_order_of_deadlines(void **state)
{
    struct fixture *f = *state;
    struct sleeper s[] = { { .name = "30", .duration = IL_MS(30) },
                           { .name = "10", .duration = IL_MS(10) },
                           { .name = "20", .duration = IL_MS(20) },
                           { .name = "5", .duration = IL_MS(5) } };

    for (int i = 0; i < 4; i++)
        assert_int_equal(il_spawn(NULL, sleep_for, &s[i], NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(100)), 0);
    assert_string_equal(noted(), "5 10 20 30");
    for (int i = 0; i < 4; i++)
        assert_int_equal(s[i].woke - s[i].began, s[i].duration);
}

static void test_sleep_equal_deadlines_wake_first_come_first(void **state)
{
    enum { N = 200 };
    struct fixture *f = *state;
    static struct sleeper s[N];
    static char names[N][12];

    for (int i = 0; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "%d", i);
        /* Neighbours in time, so that heap and ties are both at work. */
        s[i] = (struct sleeper){ .name = names[i],
                                 .duration = IL_MS(10 + (i * 7) % 5) };
        assert_int_equal(il_spawn(NULL, sleep_for, &s[i], NULL), 0);
    }
    for (int ms = 10; ms < 15; ms++) {
        const char *rest = NULL;

        forget_notes();
        assert_int_equal(il_test_advance(f->loop, IL_MS(ms == 10 ? 10 : 1)), 0);
        rest = noted();
        for (int i = 0; i < N; i++) {
            char *end;

            if (10 + (i * 7) % 5 != ms)
                continue;
            assert_int_equal(strtol(rest, &end, 10), i);
            rest = end;
        }
        assert_string_equal(rest, "");
    }
}

static void test_sleep_of_nothing_yields(void **state)
{
    struct fixture *f = *state;
    struct sleeper zero = { .name = "zero", .duration = 0 };
    struct sleeper negative = { .name = "negative", .duration = -IL_SEC(5) };
    struct sleeper least = { .name = "least", .duration = INT64_MIN };

    assert_int_equal(il_spawn(NULL, yield_twice, TEXT("a"), NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_for, &zero, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_for, &negative, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_for, &least, NULL), 0);
    note("spawned");
    settle(f);
    assert_string_equal(noted(), "a1 spawned a2 zero negative least a3");
    assert_int_equal(zero.woke, zero.began);
}

static int sleep_until_the_past(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep_until(il_now() - IL_SEC(1)), 0);
    CHECK_INT(il_sleep_until(0), 0);
    CHECK_INT(il_sleep_until(INT64_MIN), 0);
    note("past");
    return 0;
}

static void test_sleep_until_the_past_yields(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, sleep_until_the_past, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, yield_twice, TEXT("a"), NULL), 0);
    settle(f);
    assert_string_equal(noted(), "a1 a2 a3 past");
}

static void test_sleep_for_ever_waits_for_cancel(void **state)
{
    struct fixture *f = *state;
    struct sleeper ever = { .name = "ever", .duration = IL_FOREVER };
    struct sleeper almost = { .name = "almost", .duration = IL_FOREVER - 1 };
    il_task *a, *b;

    assert_int_equal(il_spawn(NULL, sleep_for, &ever, &a), 0);
    assert_int_equal(il_spawn(NULL, sleep_for, &almost, &b), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1e6)), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_task_cancel(a), 0);
    assert_int_equal(il_task_cancel(b), 0);
    settle(f);
    assert_string_equal(noted(), "ever almost");
    assert_int_equal(reap(a), -ECANCELED);
    assert_int_equal(reap(b), -ECANCELED);
}

/* The deadline of a cancelled sleep must be gone: its node was on the stack of
 * the task. */
static void test_sleep_cancelled_leaves_no_deadline(void **state)
{
    struct fixture *f = *state;
    struct sleeper s = { .name = "s", .duration = IL_MS(10) };
    il_task *task;

    assert_int_equal(il_spawn(NULL, sleep_for, &s, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
    assert_int_equal(reap(task), -ECANCELED);
}

static int sleep_then_cancel(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK_INT(il_task_cancel(*(il_task **)arg), 0);
    return 0;
}

/* Both are due in the same turn; the first of them cancels the second, whose
 * time has come all the same. */
static void test_sleep_that_is_over_is_not_taken_back_by_cancel(void **state)
{
    struct fixture *f = *state;
    struct sleeper s = { .name = "s", .duration = IL_MS(10) };
    il_task *task = NULL;

    assert_int_equal(il_spawn(NULL, sleep_then_cancel, &task, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_for, &s, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(reap(task), 0);
}

static void test_sleep_advance_refuses_nonsense(void **state)
{
    struct fixture *f = *state;
    il_time before = il_now();

    assert_int_equal(il_test_advance(f->loop, -1), -EINVAL);
    assert_int_equal(il_now(), before);
    assert_int_equal(il_test_use_virtual_time(f->loop, 7), -EINVAL);
}

static int measure(void *arg)
{
    struct sleeper *s = arg;

    for (int i = 0; i < 20; i++) {
        il_time before = il_now();

        CHECK_INT(il_sleep(s->duration), 0);
        CHECK(il_now() - before >= s->duration);
    }
    return 0;
}

static void test_sleep_is_never_early_in_real_time(void **state)
{
    struct sleeper half = { .duration = IL_MS(0.5) };
    struct sleeper one = { .duration = IL_MS(1) };
    struct sleeper odd = { .duration = IL_US(1234.567) };

    (void)state;
    assert_int_equal(il_run(measure, &half), 0);
    assert_int_equal(il_run(measure, &one), 0);
    assert_int_equal(il_run(measure, &odd), 0);
}

static int sleep_a_day(void *arg)
{
    il_time before = il_now();

    CHECK_INT(il_sleep(IL_SEC(86400)), 0);
    CHECK_INT(il_now() - before, IL_SEC(86400));
    return *(int *)arg;
}

static void test_sleep_a_day_takes_no_time_under_autojump(void **state)
{
    int value = 8;

    (void)state;
    assert_int_equal(il_run(sleep_a_day, &value), 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sleep_yield_goes_round_in_order),
        TEST(test_sleep_yield_lets_posts_run_first),
        TEST(test_sleep_outside_tasks_is_refused),
        TEST(test_sleep_ends_exactly_when_due),
        TEST(test_sleep_wakes_in_the_order_of_deadlines),
        TEST(test_sleep_equal_deadlines_wake_first_come_first),
        TEST(test_sleep_of_nothing_yields),
        TEST(test_sleep_until_the_past_yields),
        TEST(test_sleep_for_ever_waits_for_cancel),
        TEST(test_sleep_cancelled_leaves_no_deadline),
        TEST(test_sleep_that_is_over_is_not_taken_back_by_cancel),
        TEST(test_sleep_advance_refuses_nonsense),
        cmocka_unit_test_setup_teardown(test_sleep_is_never_early_in_real_time,
                                        setup_real, teardown),
        cmocka_unit_test_setup_teardown(
            test_sleep_a_day_takes_no_time_under_autojump, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
