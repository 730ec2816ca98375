/* SPDX-License-Identifier: MIT */

/* test_once.c - done by whoever comes first; a failure is its own. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct asker {
    il_once *once;
    const char *name;
    int result; /* of its function, if that comes to its end */
    int r;      /* of il_once_run(); -1 while it has not returned */
    void (*then)(void *arg); /* what it does at once after that */
    void *arg;
};

static int load(void *arg)
{
    struct asker *a = arg;
    int r;

    note("%s:", a->name);
    r = il_sleep(IL_MS(10));
    return r < 0 ? r : a->result;
}

static int ask(void *arg)
{
    struct asker *a = arg;

    a->r = -1;
    a->r = il_once_run(a->once, load, a);
    note("%s=%d", a->name, a->r);
    if (a->then)
        a->then(a->arg);
    return 0;
}

static il_task *start(struct asker *a)
{
    il_task *task;

    assert_int_equal(il_spawn(NULL, ask, a, &task), 0);
    return task;
}

static void test_once_is_done_by_the_first_for_all(void **state)
{
    struct fixture *f = *state;
    il_once once = IL_ONCE_INIT;
    struct asker a = { .once = &once, .name = "a", .result = 7 };
    struct asker b = { .once = &once, .name = "b", .result = 8 };
    struct asker c = { .once = &once, .name = "c", .result = 9 };
    il_task *tasks[3];

    tasks[0] = start(&a);
    tasks[1] = start(&b);
    assert_false(il_once_is_done(&once));
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    settle(f);
    assert_true(il_once_is_done(&once));
    tasks[2] = start(&c); /* need not wait */
    assert_string_equal(noted(), "a: a=7 b=7 c=7");
    assert_int_equal(il_once_run(&once, load, &a), 7); /* outside tasks */
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

static void test_once_failed_lets_the_next_one_try(void **state)
{
    struct fixture *f = *state;
    il_once once = { 0 };
    struct asker a = { .once = &once, .name = "a", .result = -EIO };
    struct asker b = { .once = &once, .name = "b", .result = -EAGAIN };
    struct asker c = { .once = &once, .name = "c", .result = 3 };
    struct asker d = { .once = &once, .name = "d", .result = 4 };
    il_task *tasks[4] = { start(&a), start(&b), start(&c), start(&d) };

    assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
    settle(f);
    assert_string_equal(noted(), "a: a=-5 b: b=-11 c: c=3 d=3");
    for (int i = 0; i < 4; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

static void
test_once_failed_with_nobody_waiting_can_be_tried_again(void **state)
{
    struct fixture *f = *state;
    il_once once = { 0 };
    struct asker a = { .once = &once, .name = "a", .result = -EIO };
    il_task *task = start(&a);

    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(reap(task), 0);
    a.result = 1;
    task = start(&a);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "a: a=-5 a: a=1");
    assert_int_equal(reap(task), 0);
}

/* The one that does it, the one that would be next, the one behind. */
static void test_once_cancelled_lets_the_next_one_try(void **state)
{
    struct fixture *f = *state;
    static const char *const expected[] = { "a: a=-125 b: b=2 c=2",
                                            "a: b=-125 a=1 c=1",
                                            "a: c=-125 a=1 b=1" };

    for (int victim = 0; victim < 3; victim++) {
        il_once once = { 0 };
        struct asker x[3] = { { .once = &once, .name = "a", .result = 1 },
                              { .once = &once, .name = "b", .result = 2 },
                              { .once = &once, .name = "c", .result = 3 } };
        il_task *tasks[3];

        forget_notes();
        for (int i = 0; i < 3; i++)
            tasks[i] = start(&x[i]);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
        settle(f);
        assert_string_equal(noted(), expected[victim]);
        for (int i = 0; i < 3; i++)
            assert_int_equal(reap(tasks[i]), 0);
    }
}

static void cancel(void *task)
{
    CHECK_INT(il_task_cancel(task), 0);
}

/* It is b's turn, and b is cancelled before it runs: then it is c's. */
static void test_once_whose_next_is_cancelled_goes_on_to_the_next(void **state)
{
    struct fixture *f = *state;
    il_once once = { 0 };
    struct asker a = { .once = &once, .name = "a", .then = cancel };
    struct asker b = { .once = &once, .name = "b" };
    struct asker c = { .once = &once, .name = "c", .result = 3 };
    il_task *tasks[3] = { start(&a), start(&b), start(&c) };

    a.arg = tasks[1];
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    settle(f);
    assert_string_equal(noted(), "a: a=-125 b: b=-125 c: c=3");
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

static int ask_twice(void *arg)
{
    struct asker *a = arg;

    (void)ask(a);
    return il_once_run(a->once, load, a);
}

/* Done is done, for a cancelled task, too; what is not done it does not begin. */
static void test_once_done_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_once once = { 0 };
    il_once other = { 0 };
    struct asker a = { .once = &once, .name = "a", .result = 1 };
    struct asker b = { .once = &once, .name = "b", .result = 2 };
    struct asker c = { .once = &other, .name = "c", .result = 3 };
    il_task *tasks[3];

    tasks[0] = start(&a);
    assert_int_equal(il_spawn(NULL, ask_twice, &b, &tasks[1]), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(il_once_is_done(&once), true);
    settle(f);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 1);
    assert_int_equal(il_spawn_lazy(NULL, ask_twice, &c, &tasks[2]), 0);
    assert_int_equal(il_task_cancel(tasks[2]), 0);
    settle(f);
    assert_int_equal(reap(tasks[2]), -ECANCELED);
    assert_string_equal(noted(), "a: a=1 b=1");
}

static int ask_cancelled(void *arg)
{
    struct asker *a = arg;

    CHECK_INT(il_task_cancel(il_task_current()), 0);
    return ask(a);
}

static void test_once_is_not_begun_by_a_cancelled_task(void **state)
{
    il_once once = { 0 };
    struct asker a = { .once = &once, .name = "a", .result = 1 };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, ask_cancelled, &a, &task), 0);
    assert_string_equal(noted(), "a=-125");
    assert_int_equal(reap(task), 0);
    assert_false(il_once_is_done(&once));
}

static int ask_in_time(void *arg)
{
    struct asker *a = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_once_run(a->once, load, a);
    }
    note("%s=%d", a->name, r);
    return 0;
}

/* The function's end and the deadline of who waits for it, in either order. */
static void test_once_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int late = 0; late < 2; late++) {
        il_once once = { 0 };
        struct asker a = { .once = &once, .name = "a", .result = 1 };
        struct asker b = { .once = &once, .name = "b", .result = 2 };
        il_task *tasks[2];

        forget_notes();
        assert_int_equal(
            il_spawn(NULL, late ? ask_in_time : ask, &a, &tasks[0]), 0);
        assert_int_equal(
            il_spawn(NULL, late ? ask : ask_in_time, &b, &tasks[1]), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
        settle(f);
        /* The deadline was set before the sleep began, so it comes first. */
        assert_string_equal(noted(),
                            late ? "a: a=-110 b: b=2" : "a: a=1 b=-110");
        assert_int_equal(reap(tasks[0]), 0);
        assert_int_equal(reap(tasks[1]), 0);
    }
}

static int ask_for_itself(void *arg)
{
    il_once *once = arg;

    CHECK_INT(il_once_run(once, ask_for_itself, once), -EDEADLK);
    return 5;
}

static int ask_for_it(void *arg)
{
    return il_once_run(arg, ask_for_itself, arg);
}

static void test_once_cannot_wait_for_itself(void **state)
{
    il_once once = { 0 };
    il_once other = { 0 };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, ask_for_it, &once, &task), 0);
    assert_int_equal(reap(task), 5);
    assert_int_equal(ask_for_it(&other), 5); /* outside tasks */
    assert_true(il_once_is_done(&other));
}

/* --- what goes; misuse ------------------------------------------------------------ */

static void test_once_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_once *once = calloc(1, sizeof *once);
    struct asker a = { .once = once, .name = "a", .result = 1 };
    struct asker b = { .once = once, .name = "b", .result = 2 };
    struct asker c = { .once = once, .name = "c", .result = 3 };
    il_task *tasks[3];

    assert_non_null(once);
    il_once_fini(NULL);
    il_once_fini(once);
    tasks[0] = start(&a);
    tasks[1] = start(&b);
    tasks[2] = start(&c);
    il_once_fini(once);
    free(once);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    /* Who was doing it has done it. */
    assert_string_equal(noted(), "a: b=-130 c=-130 a=1");
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

static void end_and_free(void *once)
{
    il_once_fini(once);
    free(once);
}

/* Ended when it is b's turn, before b runs. */
static void test_once_end_reaches_who_is_next(void **state)
{
    struct fixture *f = *state;
    il_once *once = calloc(1, sizeof *once);
    struct asker a = {
        .once = once, .name = "a", .then = end_and_free, .arg = once
    };
    struct asker b = { .once = once, .name = "b" };
    il_task *tasks[2];

    assert_non_null(once);
    tasks[0] = start(&a);
    tasks[1] = start(&b);
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    settle(f);
    assert_string_equal(noted(), "a: a=-125 b=-130");
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static int end_it(void *arg)
{
    end_and_free(arg);
    return 4;
}

static void test_once_can_be_ended_by_its_function(void **state)
{
    il_once *once = calloc(1, sizeof *once);

    (void)state;
    assert_non_null(once);
    assert_int_equal(il_once_run(once, end_it, once), 4);
}

static int ask_in_other_loop(void *arg)
{
    struct asker *a = arg;

    return il_once_run(a->once, load, a);
}

static void *use_from_other_thread(void *arg)
{
    struct asker *a = arg;

    CHECK_INT(il_once_run(a->once, load, a), -ESRCH);
    il_once_fini(a->once);
    CHECK_INT(il_run(ask_in_other_loop, a), -ESRCH);
    return NULL;
}

static void test_once_misuse_is_refused(void **state)
{
    struct fixture *f = *state;
    il_once once = { 0 };
    struct asker a = { .once = &once, .name = "a", .result = 1 };
    struct asker b = { .once = &once, .name = "b", .result = 2 };
    pthread_t thread;
    il_task *tasks[2];

    assert_int_equal(il_once_run(NULL, load, &a), -EINVAL);
    assert_int_equal(il_once_run(&once, NULL, &a), -EINVAL);
    assert_false(il_once_is_done(NULL));
    tasks[0] = start(&a);
    assert_int_equal(il_once_run(&once, load, &b), -ESRCH);
    tasks[1] = start(&b);
    assert_int_equal(pthread_create(&thread, NULL, use_from_other_thread, &b),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    dump_now();
    assert_true(has("waits for what is done once"));
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    settle(f);
    assert_int_equal(b.r, 1);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_once_is_done_by_the_first_for_all),
        TEST(test_once_failed_lets_the_next_one_try),
        TEST(test_once_failed_with_nobody_waiting_can_be_tried_again),
        TEST(test_once_cancelled_lets_the_next_one_try),
        TEST(test_once_whose_next_is_cancelled_goes_on_to_the_next),
        TEST(test_once_done_wins_over_a_late_cancel),
        TEST(test_once_is_not_begun_by_a_cancelled_task),
        TEST(test_once_deadline_at_the_same_instant),
        TEST(test_once_cannot_wait_for_itself),
        TEST(test_once_end_wakes_the_waiters),
        TEST(test_once_end_reaches_who_is_next),
        TEST(test_once_can_be_ended_by_its_function),
        TEST(test_once_misuse_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
