/* SPDX-License-Identifier: MIT */

/* test_post.c - callbacks: once, in order, never inside the call. */

#include "support/fixture.h"

#include <errno.h>

static void note_it(void *arg)
{
    CHECK(il_task_current() == NULL);
    note("%s", (const char *)arg);
}

static int note_lazy(void *arg)
{
    note("%s", (const char *)arg);
    return 0;
}

static void test_post_runs_later_and_in_order_with_tasks(void **state)
{
    struct fixture *f = *state;
    il_callback a = IL_CALLBACK_INIT(note_it, TEXT("a"));
    il_callback b = IL_CALLBACK_INIT(note_it, TEXT("b"));

    assert_int_equal(il_post(f->loop, &a), 0);
    assert_int_equal(il_spawn_lazy(NULL, note_lazy, TEXT("task1"), NULL), 0);
    assert_int_equal(il_post(f->loop, &b), 0);
    assert_int_equal(il_spawn_lazy(NULL, note_lazy, TEXT("task2"), NULL), 0);
    note("posted");
    settle(f);
    assert_string_equal(noted(), "posted a task1 b task2");
}

static void test_post_queued_one_is_busy(void **state)
{
    struct fixture *f = *state;
    il_callback a = IL_CALLBACK_INIT(note_it, TEXT("a"));

    assert_int_equal(il_post(f->loop, &a), 0);
    assert_int_equal(il_post(f->loop, &a), -EBUSY);
    assert_int_equal(il_post_threadsafe(f->loop, &a), -EBUSY);
    settle(f);
    assert_int_equal(il_post(f->loop, &a), 0);
    settle(f);
    assert_string_equal(noted(), "a a");
}

static void test_post_cancelled_one_does_not_run(void **state)
{
    struct fixture *f = *state;
    il_callback a = IL_CALLBACK_INIT(note_it, TEXT("a"));
    il_callback b = IL_CALLBACK_INIT(note_it, TEXT("b"));
    il_callback c = IL_CALLBACK_INIT(note_it, TEXT("c"));

    assert_false(il_callback_cancel(&a));
    assert_int_equal(il_post(f->loop, &a), 0);
    assert_int_equal(il_post(f->loop, &b), 0);
    assert_int_equal(il_post(f->loop, &c), 0);
    assert_true(il_callback_cancel(&b));
    assert_false(il_callback_cancel(&b));
    settle(f);
    assert_false(il_callback_cancel(&a));
    assert_string_equal(noted(), "a c");
    assert_int_equal(il_post(f->loop, &b), 0);
    settle(f);
    assert_string_equal(noted(), "a c b");
}

struct chain {
    il_loop *loop;
    il_callback callback;
    unsigned left;
};

static void post_again(void *arg)
{
    struct chain *chain = arg;

    note("%u", chain->left);
    /* The storage is ours again by now. */
    if (--chain->left)
        CHECK_INT(il_post(chain->loop, &chain->callback), 0);
}

/* What a turn adds belongs to the next one. */
static void test_post_of_a_post_belongs_to_the_next_turn(void **state)
{
    struct fixture *f = *state;
    struct chain chain = { f->loop, IL_CALLBACK_INIT(post_again, &chain), 3 };
    il_callback a = IL_CALLBACK_INIT(note_it, TEXT("a"));

    assert_int_equal(il_post(f->loop, &chain.callback), 0);
    assert_int_equal(il_post(f->loop, &a), 0);
    settle(f);
    assert_string_equal(noted(), "3 a 2 1");
}

static void cancel_other(void *arg)
{
    note("canceller");
    CHECK(il_callback_cancel(arg));
}

static void test_post_can_be_cancelled_in_its_own_turn(void **state)
{
    struct fixture *f = *state;
    il_callback b = IL_CALLBACK_INIT(note_it, TEXT("b"));
    il_callback a = IL_CALLBACK_INIT(cancel_other, &b);

    assert_int_equal(il_post(f->loop, &a), 0);
    assert_int_equal(il_post(f->loop, &b), 0);
    settle(f);
    assert_string_equal(noted(), "canceller");
}

static void test_post_is_refused_by_a_closed_loop(void **state)
{
    struct fixture *f = *state;
    il_callback a = IL_CALLBACK_INIT(note_it, TEXT("a"));

    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(il_post(f->loop, &a), -ESHUTDOWN);
    assert_int_equal(il_post_threadsafe(f->loop, &a), -ESHUTDOWN);
    assert_int_equal(il_loop_at_close(f->loop, &a), -ESHUTDOWN);
    assert_int_equal(il_loop_turn(f->loop, 0), -ESHUTDOWN);
    assert_int_equal(il_loop_run(f->loop), -ESHUTDOWN);
    assert_int_equal(il_loop_close(f->loop, 0), -EALREADY);
    assert_string_equal(noted(), "");
}

/* A refusal has no effect: the callback can go to another loop. */
static void test_post_refused_by_one_loop_is_taken_by_another(void **state)
{
    struct fixture *f = *state;
    il_callback a = IL_CALLBACK_INIT(note_it, TEXT("a"));
    il_callback b = IL_CALLBACK_INIT(note_it, TEXT("b"));
    il_loop *other = NULL;

    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(il_post_threadsafe(f->loop, &a), -ESHUTDOWN);
    assert_int_equal(il_post(f->loop, &b), -ESHUTDOWN);
    assert_int_equal(il_loop_new(&other), 0);
    assert_int_equal(il_post_threadsafe(other, &a), 0);
    assert_int_equal(il_post_threadsafe(other, &b), 0);
    assert_true(il_test_run_until_blocked(other) >= 0);
    assert_string_equal(noted(), "a b");
    assert_int_equal(il_loop_close(other, 0), 0);
    il_loop_unref(other);
}

static void test_post_left_over_at_close_is_not_touched_again(void **state)
{
    struct fixture *f = *state;
    static il_callback posted, threadsafe;

    posted = (il_callback)IL_CALLBACK_INIT(note_it, TEXT("a"));
    threadsafe = (il_callback)IL_CALLBACK_INIT(note_it, TEXT("b"));
    assert_int_equal(il_post(f->loop, &posted), 0);
    assert_int_equal(il_post_threadsafe(f->loop, &threadsafe), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_false(il_callback_cancel(&posted));
    assert_false(il_callback_cancel(&threadsafe));
}

static void test_post_at_close_runs_last_in_first_out(void **state)
{
    struct fixture *f = *state;
    il_callback a = IL_CALLBACK_INIT(note_it, TEXT("a"));
    il_callback b = IL_CALLBACK_INIT(note_it, TEXT("b"));
    il_callback c = IL_CALLBACK_INIT(note_it, TEXT("c"));

    assert_int_equal(il_loop_at_close(f->loop, &a), 0);
    assert_int_equal(il_loop_at_close(f->loop, &b), 0);
    assert_int_equal(il_loop_at_close(f->loop, &c), 0);
    assert_int_equal(il_loop_at_close(f->loop, &b), -EBUSY);
    assert_true(il_callback_cancel(&b));
    settle(f);
    assert_string_equal(noted(), "");
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_string_equal(noted(), "c a");
}

static int note_its_end(void *arg)
{
    int r = il_sleep(IL_FOREVER);

    (void)arg;
    note("task");
    return r;
}

static void test_post_at_close_runs_after_the_tasks(void **state)
{
    struct fixture *f = *state;
    il_callback hook = IL_CALLBACK_INIT(note_it, TEXT("hook"));

    assert_int_equal(il_loop_at_close(f->loop, &hook), 0);
    assert_int_equal(il_spawn(NULL, note_its_end, NULL, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "task hook");
}

static void count(void *arg)
{
    ++*(unsigned *)arg;
}

static void test_post_hundred_thousand_all_run(void **state)
{
    enum { N = 100000 };
    struct fixture *f = *state;
    static il_callback callbacks[N];
    unsigned n = 0;

    for (int i = 0; i < N; i++) {
        callbacks[i] = (il_callback)IL_CALLBACK_INIT(count, &n);
        assert_int_equal(il_post(f->loop, &callbacks[i]), 0);
    }
    assert_int_equal(n, 0);
    settle(f);
    assert_int_equal(n, N);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_post_runs_later_and_in_order_with_tasks),
        TEST(test_post_queued_one_is_busy),
        TEST(test_post_cancelled_one_does_not_run),
        TEST(test_post_of_a_post_belongs_to_the_next_turn),
        TEST(test_post_can_be_cancelled_in_its_own_turn),
        TEST(test_post_is_refused_by_a_closed_loop),
        TEST(test_post_refused_by_one_loop_is_taken_by_another),
        TEST(test_post_left_over_at_close_is_not_touched_again),
        TEST(test_post_at_close_runs_last_in_first_out),
        TEST(test_post_at_close_runs_after_the_tasks),
        TEST(test_post_hundred_thousand_all_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
