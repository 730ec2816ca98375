/* SPDX-License-Identifier: MIT */

/* test_future.c - set once, heard by all, and nothing runs inside. */

#include "support/fixture.h"

#include <errno.h>

struct listener {
    il_future *future;
    const char *name;
    int r;
    int result;
    void *value;
};

static int listen_to(void *arg)
{
    struct listener *l = arg;

    l->r = 1;
    l->result = 77;
    l->value = l;
    l->r = il_future_wait(l->future, &l->result, &l->value);
    note("%s", l->name);
    return 0;
}

static void note_hook(void *arg)
{
    CHECK(il_task_current() == NULL);
    note("%s", (const char *)arg);
}

static void test_future_wakes_all_in_the_order_they_came(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    struct listener l[3] = { { &future, "a", 0, 0, NULL },
                             { &future, "b", 0, 0, NULL },
                             { &future, "c", 0, 0, NULL } };
    int thing;

    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, listen_to, &l[i], NULL), 0);
    assert_false(il_future_is_done(&future));
    assert_int_equal(il_future_set(&future, -EIO, &thing), 0);
    assert_true(il_future_is_done(&future));
    note("set");
    settle(f);

    assert_string_equal(noted(), "set a b c");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(l[i].r, 0);
        assert_int_equal(l[i].result, -EIO);
        assert_ptr_equal(l[i].value, &thing);
    }
}

static void test_future_is_set_once(void **state)
{
    il_future future = IL_FUTURE_INIT;
    int result = 1;
    void *value = &future;

    (void)state;
    assert_int_equal(il_future_try_get(&future, &result, &value), -EAGAIN);
    assert_int_equal(result, 1);
    assert_ptr_equal(value, &future);
    assert_int_equal(il_future_set(&future, 5, &result), 0);
    assert_int_equal(il_future_set(&future, 6, NULL), -EALREADY);
    assert_int_equal(il_future_set(NULL, 6, NULL), -EINVAL);
    assert_int_equal(il_future_try_get(&future, &result, &value), 0);
    assert_int_equal(result, 5);
    assert_ptr_equal(value, &result);
    assert_int_equal(il_future_try_get(&future, NULL, NULL), 0);
}

static void test_future_that_is_set_suspends_nobody(void **state)
{
    il_future future = { 0 };
    struct listener l = { .future = &future, .name = "l" };
    int result = 0;

    (void)state;
    assert_int_equal(il_future_wait(&future, &result, NULL), -ESRCH);
    assert_int_equal(il_future_set(&future, 3, NULL), 0);
    assert_int_equal(il_future_wait(&future, &result, NULL), 0);
    assert_int_equal(result, 3);
    assert_int_equal(il_spawn(NULL, listen_to, &l, NULL), 0);
    note("spawned");
    assert_string_equal(noted(), "l spawned");
    assert_int_equal(l.result, 3);
}

static void test_future_cancelled_waiter_leaves_the_others(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    struct listener l[3] = { { &future, "a", 0, 0, NULL },
                             { &future, "b", 0, 0, NULL },
                             { &future, "c", 0, 0, NULL } };
    il_task *tasks[3];

    for (int victim = 0; victim < 3; victim++) {
        forget_notes();
        future = (il_future)IL_FUTURE_INIT;
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_spawn(NULL, listen_to, &l[i], &tasks[i]), 0);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        settle(f);
        assert_false(il_future_is_done(&future));
        assert_int_equal(il_future_set(&future, 4, NULL), 0);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(l[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(l[i].result, i == victim ? 77 : 4);
            assert_int_equal(reap(tasks[i]), 0);
        }
        if (victim == 1)
            assert_string_equal(noted(), "b a c");
    }
}

static void test_future_hooks_are_posted_in_order(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    il_callback a = IL_CALLBACK_INIT(note_hook, TEXT("a"));
    il_callback b = IL_CALLBACK_INIT(note_hook, TEXT("b"));
    il_callback c = IL_CALLBACK_INIT(note_hook, TEXT("c"));
    il_callback late = IL_CALLBACK_INIT(note_hook, TEXT("late"));

    assert_int_equal(il_future_on_done(&future, &a), 0);
    assert_int_equal(il_future_on_done(&future, &b), 0);
    assert_int_equal(il_future_on_done(&future, &c), 0);
    assert_int_equal(il_future_on_done(&future, &b), -EBUSY);
    assert_true(il_callback_cancel(&b));
    assert_false(il_callback_cancel(&b));
    assert_int_equal(il_future_set(&future, 0, NULL), 0);
    note("set");
    assert_int_equal(il_future_on_done(&future, &late), 0);
    note("late registered");
    settle(f);
    assert_string_equal(noted(), "set late registered a c late");
}

static void test_future_posted_hook_can_be_taken_back(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    il_callback hook = IL_CALLBACK_INIT(note_hook, TEXT("hook"));

    assert_int_equal(il_future_on_done(&future, &hook), 0);
    assert_int_equal(il_future_set(&future, 0, NULL), 0);
    assert_true(il_callback_cancel(&hook));
    settle(f);
    assert_string_equal(noted(), "");
    assert_int_equal(il_future_on_done(&future, &hook), 0);
    settle(f);
    assert_string_equal(noted(), "hook");
}

static void test_future_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    struct listener a = { .future = &future, .name = "a" };
    struct listener b = { .future = &future, .name = "b" };
    il_callback hook = IL_CALLBACK_INIT(note_hook, TEXT("hook"));

    assert_int_equal(il_spawn(NULL, listen_to, &a, NULL), 0);
    assert_int_equal(il_spawn(NULL, listen_to, &b, NULL), 0);
    assert_int_equal(il_future_on_done(&future, &hook), 0);
    il_future_fini(&future);
    /* Whoever waited must not look at it again. */
    future = (il_future){ .value = &future, .result = 99, .done = true };
    note("fini");
    settle(f);
    assert_string_equal(noted(), "fini a b");
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(a.result, 77);
    assert_int_equal(b.r, -EOWNERDEAD);
    assert_false(il_callback_cancel(&hook));
    assert_int_equal(il_post(f->loop, &hook), 0);
    settle(f);
}

static void test_future_end_without_waiters_is_nothing(void **state)
{
    il_future zeros = { 0 };
    il_future future = IL_FUTURE_INIT;

    (void)state;
    il_future_fini(&zeros);
    assert_int_equal(il_future_set(&future, 0, NULL), 0);
    il_future_fini(&future);
}

static void test_future_cancel_after_end_keeps_the_end(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    struct listener a = { .future = &future, .name = "a" };
    il_task *task;

    assert_int_equal(il_spawn(NULL, listen_to, &a, &task), 0);
    il_future_fini(&future);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(reap(task), 0);
}

static int set_from_task(void *arg)
{
    CHECK_INT(il_future_set(arg, 1, NULL), 0);
    note("still me");
    return 0;
}

static void test_future_set_by_a_task_lets_it_go_on(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    struct listener l = { .future = &future, .name = "l" };

    assert_int_equal(il_spawn(NULL, listen_to, &l, NULL), 0);
    assert_int_equal(il_spawn(NULL, set_from_task, &future, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "still me l");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_future_wakes_all_in_the_order_they_came),
        TEST(test_future_is_set_once),
        TEST(test_future_that_is_set_suspends_nobody),
        TEST(test_future_cancelled_waiter_leaves_the_others),
        TEST(test_future_hooks_are_posted_in_order),
        TEST(test_future_posted_hook_can_be_taken_back),
        TEST(test_future_end_wakes_the_waiters),
        TEST(test_future_end_without_waiters_is_nothing),
        TEST(test_future_cancel_after_end_keeps_the_end),
        TEST(test_future_set_by_a_task_lets_it_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
