/* SPDX-License-Identifier: MIT */

/* test_queue_done.c - queues: joining, closing, ending. */

#include "support/fixture.h"
#include "support/queue_users.h"
#include "support/tasks.h"

#include <errno.h>
#include <string.h>

/* --- joining ---------------------------------------------------------------- */

static void test_queue_join_waits_until_all_is_done(void **state)
{
    struct fixture *f = *state;
    il_queue queue = make_queue(FIFO, 2);
    struct queue_user g = { &queue, "g", 0, 0 };
    struct queue_user j = { &queue, "j", 0, 0 };
    struct queue_user p = { &queue, "p", 3, 0 };
    il_task *tasks[3];

    assert_int_equal(il_queue_task_done(&queue), -EPERM);
    tasks[0] = spawn(get_one, &g);
    put(&queue, 0); /* straight to who waits, and counted all the same */
    put(&queue, 1);
    put(&queue, 2);
    tasks[1] = spawn(join_one, &j);
    tasks[2] = spawn(put_one, &p);
    settle(f);
    assert_string_equal(noted(), "g");
    assert_int_equal(il_queue_unfinished(&queue), 3);
    assert_int_equal(il_queue_task_done(&queue), 0);
    assert_int_equal(il_queue_task_done(&queue), -EPERM); /* none was got */
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(get(&queue), i);
        settle(f);
        assert_int_equal(j.r, 1);
        assert_int_equal(il_queue_task_done(&queue), 0);
    }
    settle(f);
    assert_string_equal(noted(), "g p j");
    assert_int_equal(j.r, 0);
    assert_int_equal(il_queue_unfinished(&queue), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_queue_fini(&queue);
}

/* What is put before those who joined run does not concern them. */
static void test_queue_join_is_granted_when_the_last_is_done(void **state)
{
    struct fixture *f = *state;
    il_queue queue = make_queue(LIFO, 2);
    struct queue_user a = { &queue, "a", 0, 0 };
    struct queue_user b = { &queue, "b", 0, 0 };
    il_task *tasks[2];

    put(&queue, 1);
    (void)get(&queue);
    tasks[0] = spawn(join_one, &a);
    tasks[1] = spawn(join_one, &b);
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    assert_int_equal(il_queue_task_done(&queue), 0);
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    put(&queue, 2);
    settle(f);
    assert_int_equal(a.r, 0);
    assert_int_equal(b.r, -ECANCELED);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
    il_queue_fini(&queue);
}

/* --- closing ---------------------------------------------------------------- */

/* Python's issue 96471: what was put can be got, and then there is an end. */
static void test_queue_gh_96471_closed_gives_what_is_in_it(void **state)
{
    struct fixture *f = *state;

    for (int order = 0; order < N_ORDERS; order++) {
        il_queue queue = make_queue(order, 2);
        struct queue_user p = { &queue, "p", 9, 0 };
        struct queue_user j = { &queue, "j", 0, 0 };
        int value = 5;

        forget_notes();
        put(&queue, 1);
        put(&queue, 2);
        (void)il_task_unref(spawn(put_one, &p));
        (void)il_task_unref(spawn(join_one, &j));
        assert_false(il_queue_is_closed(&queue));
        assert_int_equal(il_queue_close(&queue), 0);
        assert_true(il_queue_is_closed(&queue));
        assert_int_equal(il_queue_close(&queue), -EALREADY);
        settle(f);
        assert_int_equal(p.r, -EPIPE); /* and its element is its own */
        assert_int_equal(j.r, 1);
        assert_int_equal(il_queue_put(&queue, &value), -EPIPE);
        assert_int_equal(il_queue_try_put(&queue, &value), -EPIPE);

        for (int i = 0; i < 2; i++) {
            assert_int_equal(il_queue_get(&queue, &value), 0);
            assert_int_equal(value, order == LIFO ? 2 - i : 1 + i);
            assert_int_equal(il_queue_task_done(&queue), 0);
        }
        assert_int_equal(il_queue_get(&queue, &value), -EPIPE);
        assert_int_equal(il_queue_try_get(&queue, &value), -EPIPE);
        settle(f);
        assert_string_equal(noted(), "p j");
        assert_int_equal(j.r, 0);
        il_queue_fini(&queue);
    }
}

static void test_queue_closed_wakes_who_waits_to_get(void **state)
{
    struct fixture *f = *state;
    il_queue queue = make_queue(PRIORITY, 2);
    struct queue_user a = { &queue, "a", 0, 0 };
    struct queue_user b = { &queue, "b", 0, 0 };

    (void)il_task_unref(spawn(get_one, &a));
    (void)il_task_unref(spawn(get_one, &b));
    put(&queue, 1); /* a has it, whatever comes */
    assert_int_equal(il_queue_close(&queue), 0);
    settle(f);
    assert_string_equal(noted(), "a b");
    assert_int_equal(a.r, 0);
    assert_int_equal(a.value, 1);
    assert_int_equal(b.r, -EPIPE);
    assert_int_equal(b.value, 77);
    il_queue_fini(&queue);
}

static void note_destroyed(void *element, void *arg)
{
    note("%s%d", (const char *)arg, *(int *)element);
}

/* What is disposed of is done, but not what was got. */
static void test_queue_closed_now_counts_what_it_disposes_of(void **state)
{
    static const char *const expected[N_ORDERS] = { "x3 x1 x2", "x2 x1 x3",
                                                    "x1 x2 x3" };
    struct fixture *f = *state;

    for (int order = 0; order < N_ORDERS; order++) {
        il_queue queue = make_queue(order, 4);
        struct queue_user j = { &queue, "j", 0, 0 };

        forget_notes();
        il_queue_set_destroy(&queue, note_destroyed, TEXT("x"));
        put(&queue, 0);
        (void)get(&queue);
        put(&queue, 3);
        put(&queue, 1);
        put(&queue, 2);
        (void)il_task_unref(spawn(join_one, &j));
        assert_int_equal(il_queue_close_now(&queue), 0);
        assert_string_equal(noted(), expected[order]);
        assert_int_equal(il_queue_count(&queue), 0);
        assert_int_equal(il_queue_unfinished(&queue), 1);
        settle(f);
        assert_int_equal(j.r, 1);
        assert_int_equal(il_queue_task_done(&queue), 0);
        settle(f);
        assert_int_equal(j.r, 0);
        assert_int_equal(il_queue_close_now(&queue), 0);
        il_queue_fini(&queue);
    }
}

static void test_queue_closed_now_lets_pass_who_joins(void **state)
{
    struct fixture *f = *state;
    il_queue queue = make_queue(FIFO, 4);
    struct queue_user j = { &queue, "j", 0, 0 };

    put(&queue, 1);
    put(&queue, 2);
    (void)il_task_unref(spawn(join_one, &j));
    assert_int_equal(il_queue_close_now(&queue), 0);
    settle(f);
    assert_int_equal(j.r, 0);
    il_queue_fini(&queue);
}

static void destroy_and_get(void *element, void *arg)
{
    int value = 0;

    note("x%d", *(int *)element);
    if (il_queue_try_get(arg, &value) == 0)
        note("g%d", value);
    CHECK_INT(il_queue_try_put(arg, &value), -EPIPE);
}

static void test_queue_may_be_used_while_it_disposes(void **state)
{
    (void)state;
    for (int order = 0; order < N_ORDERS; order++) {
        il_queue queue = make_queue(order, 5);

        forget_notes();
        il_queue_set_destroy(&queue, destroy_and_get, &queue);
        for (int i = 1; i <= 5; i++)
            put(&queue, order == LIFO ? 6 - i : i);
        assert_int_equal(il_queue_close_now(&queue), 0);
        assert_string_equal(noted(), "x1 g2 x3 g4 x5");
        il_queue_fini(&queue);
    }
}

/* --- ending ----------------------------------------------------------------- */

static void count_destroyed(void *element, void *arg)
{
    (void)element;
    ++*(int *)arg;
}

static void test_queue_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_task_fn *const fns[] = { put_one, get_one, join_one };

    for (int order = 0; order < N_ORDERS; order++)
        for (int i = 0; i < 3; i++) {
            il_queue queue = make_queue(order, 1);
            struct queue_user a = { &queue, "a", 77, 0 };
            struct queue_user b = { &queue, "b", 77, 0 };
            int n_destroyed = 0;
            il_task *task;

            forget_notes();
            il_queue_set_destroy(&queue, count_destroyed, &n_destroyed);
            if (fns[i] != get_one)
                put(&queue, 1);
            task = spawn(fns[i], &a);
            (void)il_task_unref(spawn(fns[i], &b));
            il_queue_fini(&queue);
            memset(&queue, 0x55, sizeof queue); /* nobody may look again */
            assert_int_equal(il_task_cancel(task), 0);
            note("fini");
            settle(f);
            assert_string_equal(noted(), "fini a b");
            assert_int_equal(a.r, -EOWNERDEAD);
            assert_int_equal(b.r, -EOWNERDEAD);
            assert_int_equal(a.value, 77);
            assert_int_equal(n_destroyed, fns[i] != get_one);
            assert_int_equal(reap(task), 0);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_queue_join_waits_until_all_is_done),
        TEST(test_queue_join_is_granted_when_the_last_is_done),
        TEST(test_queue_gh_96471_closed_gives_what_is_in_it),
        TEST(test_queue_closed_wakes_who_waits_to_get),
        TEST(test_queue_closed_now_counts_what_it_disposes_of),
        TEST(test_queue_closed_now_lets_pass_who_joins),
        TEST(test_queue_may_be_used_while_it_disposes),
        TEST(test_queue_end_wakes_the_waiters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
