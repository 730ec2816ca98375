/* SPDX-License-Identifier: MIT */

/* test_queue.c - what comes out of a queue, and who gets it. */

#include "support/dump_text.h"
#include "support/fixture.h"
#include "support/queue_users.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>

/* --- order ------------------------------------------------------------------ */

static void test_queue_gives_in_the_order_it_was_made_for(void **state)
{
    static const int in[] = { 5, 3, 9, 1, 7 };
    static const int out[N_ORDERS][5] = {
        { 5, 3, 9, 1, 7 },
        { 7, 1, 9, 3, 5 },
        { 1, 3, 5, 7, 9 },
    };

    (void)state;
    for (int order = 0; order < N_ORDERS; order++) {
        il_queue queue = make_queue(order, 5);

        for (int i = 0; i < 5; i++)
            put(&queue, in[i]);
        assert_int_equal(il_queue_try_put(&queue, &in[0]), -EAGAIN);
        assert_int_equal(il_queue_count(&queue), 5);
        for (int i = 0; i < 5; i++)
            assert_int_equal(get(&queue), out[order][i]);
        assert_queue_empty(&queue);
        il_queue_fini(&queue);
    }
}

static void test_queue_fifo_goes_around(void **state)
{
    il_queue queue = make_queue(FIFO, 3);
    int in = 0;
    int out = 0;

    (void)state;
    for (int round = 0; round < 20; round++) {
        while (il_queue_try_put(&queue, &in) == 0)
            in++;
        for (int i = 0; i <= round % 3; i++)
            assert_int_equal(get(&queue), out++);
    }
    while (out < in)
        assert_int_equal(get(&queue), out++);
    assert_queue_empty(&queue);
    il_queue_fini(&queue);
}

/* --- who waits -------------------------------------------------------------- */

/* Python's issues 25233, 31620, 32574: an element goes to who has waited longest,
 * there and then, and nobody can take it from him. */
static void test_queue_bpo_31620_hands_over_to_who_waits(void **state)
{
    struct fixture *f = *state;

    for (int order = 0; order < N_ORDERS; order++) {
        il_queue queue = make_queue(order, 2);
        struct queue_user u[3] = { { &queue, NULL, 0, 0 },
                                   { &queue, NULL, 0, 0 },
                                   { &queue, NULL, 0, 0 } };

        forget_notes();
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_spawn(NULL, get_one, &u[i], NULL), 0);
        for (int i = 0; i < 3; i++)
            put(&queue, 3 - i);
        assert_int_equal(u[0].value, 3); /* before it runs */
        assert_queue_empty(&queue);      /* there is nothing for others */
        settle(f);
        assert_string_equal(noted(), "g3 g2 g1");
        il_queue_fini(&queue);
    }
}

/* Who waits for room takes part in the order from when there is some; then it is
 * in the queue before anybody else can be. */
static void test_queue_fills_room_with_who_waits(void **state)
{
    static const int expected[N_ORDERS][6] = {
        { 5, 9, 8, 1, 7, 3 },
        { 8, 1, 7, 3, 9, 5 },
        { 5, 1, 7, 3, 8, 9 },
    };
    struct fixture *f = *state;

    for (int order = 0; order < N_ORDERS; order++) {
        il_queue queue = make_queue(order, 3);
        struct queue_user u[3] = { { &queue, NULL, 1, 0 },
                                   { &queue, NULL, 7, 0 },
                                   { &queue, NULL, 3, 0 } };
        int late = 0;

        forget_notes();
        put(&queue, 5);
        put(&queue, 9);
        put(&queue, 8);
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_spawn(NULL, put_one, &u[i], NULL), 0);
        for (int i = 0; i < 6; i++) {
            assert_int_equal(get(&queue), expected[order][i]);
            if (i < 3)
                assert_int_equal(il_queue_try_put(&queue, &late), -EAGAIN);
            if (i == 1)
                settle(f);
        }
        settle(f);
        assert_string_equal(noted(), "p1 p7 p3");
        assert_queue_empty(&queue);
        il_queue_fini(&queue);
    }
}

/* --- where it works --------------------------------------------------------- */

static void test_queue_outside_tasks_works_without_waiting(void **state)
{
    il_queue queue = make_queue(FIFO, 1);
    int value = 3;

    (void)state;
    assert_int_equal(il_queue_put(&queue, &value), 0);
    assert_int_equal(il_queue_put(&queue, &value), -ESRCH);
    assert_int_equal(il_queue_join(&queue), -ESRCH);
    value = 0;
    assert_int_equal(il_queue_get(&queue, &value), 0);
    assert_int_equal(value, 3);
    assert_int_equal(il_queue_get(&queue, &value), -ESRCH);
    assert_int_equal(il_queue_task_done(&queue), 0);
    assert_int_equal(il_queue_join(&queue), 0);
    il_queue_fini(&queue);
}

static void test_queue_misuse_is_refused(void **state)
{
    il_queue queue;
    il_queue zeros = { .capacity = 0 };
    int value = 0;

    (void)state;
    assert_int_equal(il_queue_init(NULL, 1, 1), -EINVAL);
    assert_int_equal(il_queue_init(&queue, 0, 1), -EINVAL);
    assert_int_equal(il_queue_init(&queue, 1, 0), -EINVAL);
    assert_int_equal(il_queue_init(&queue, 2, SIZE_MAX / 2), -ENOMEM);
    assert_int_equal(il_queue_init(&queue, SIZE_MAX, 1), -ENOMEM);
    assert_int_equal(il_queue_init_lifo(NULL, 1, 1), -EINVAL);
    assert_int_equal(il_queue_init_lifo(&queue, 2, SIZE_MAX / 2), -ENOMEM);
    assert_int_equal(il_queue_init_priority(&queue, 4, 1, NULL, NULL), -EINVAL);
    assert_int_equal(il_queue_init_priority(NULL, 4, 1, by_number, NULL),
                     -EINVAL);
    assert_int_equal(
        il_queue_init_priority(&queue, 1, SIZE_MAX / 32, by_number, NULL),
        -ENOMEM);

    queue = make_queue(PRIORITY, 1);
    assert_int_equal(il_queue_put(NULL, &value), -EINVAL);
    assert_int_equal(il_queue_put(&queue, NULL), -EINVAL);
    assert_int_equal(il_queue_try_put(&queue, NULL), -EINVAL);
    assert_int_equal(il_queue_get(&queue, NULL), -EINVAL);
    assert_int_equal(il_queue_try_get(NULL, &value), -EINVAL);
    assert_int_equal(il_queue_task_done(NULL), -EINVAL);
    assert_int_equal(il_queue_join(NULL), -EINVAL);
    assert_int_equal(il_queue_close(NULL), -EINVAL);
    assert_int_equal(il_queue_close_now(NULL), -EINVAL);
    assert_true(il_queue_is_closed(NULL));
    assert_int_equal(il_queue_count(NULL), 0);
    assert_int_equal(il_queue_unfinished(NULL), 0);
    il_queue_set_destroy(NULL, NULL, NULL);
    il_queue_fini(NULL);
    il_queue_fini(&queue);

    /* What was never made, or has been ended. */
    assert_int_equal(il_queue_put(&zeros, &value), -EINVAL);
    assert_int_equal(il_queue_get(&queue, &value), -EINVAL);
    assert_int_equal(il_queue_close(&queue), -EINVAL);
    il_queue_fini(&zeros);
    il_queue_fini(&queue);
}

static void *use_from_other_thread(void *arg)
{
    il_queue *queue = arg;
    int value = 99;

    CHECK_INT(il_queue_put(queue, &value), -ESRCH);
    CHECK_INT(il_queue_try_put(queue, &value), -ESRCH);
    CHECK_INT(il_queue_get(queue, &value), -ESRCH);
    CHECK_INT(il_queue_try_get(queue, &value), -ESRCH);
    CHECK_INT(il_queue_task_done(queue), -ESRCH);
    CHECK_INT(il_queue_join(queue), -ESRCH);
    CHECK_INT(il_queue_close(queue), -ESRCH);
    CHECK_INT(il_queue_close_now(queue), -ESRCH);
    il_queue_fini(queue);
    CHECK_INT(value, 99);
    return NULL;
}

static void test_queue_of_another_thread_is_refused(void **state)
{
    il_queue queue = make_queue(LIFO, 2);
    pthread_t thread;

    (void)state;
    put(&queue, 7);
    assert_int_equal(
        pthread_create(&thread, NULL, use_from_other_thread, &queue), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(il_queue_is_closed(&queue));
    assert_int_equal(get(&queue), 7);
    il_queue_fini(&queue);
}

static int join(void *arg)
{
    return il_queue_join(arg);
}

static void test_queue_is_what_a_dump_says(void **state)
{
    struct fixture *f = *state;
    il_queue queue = make_queue(FIFO, 1);
    struct queue_user p = { &queue, NULL, 1, 0 };
    struct queue_user g = { &queue, NULL, 0, 0 };

    put(&queue, 0);
    assert_int_equal(il_spawn(NULL, put_one, &p, NULL), 0);
    assert_int_equal(il_spawn(NULL, join, &queue, NULL), 0);
    dump_now();
    assert_true(has("room in a queue"));
    assert_true(has("a queue to be done"));
    for (int i = 0; i < 2; i++) {
        (void)get(&queue);
        assert_int_equal(il_queue_task_done(&queue), 0);
    }
    settle(f);
    assert_int_equal(il_spawn(NULL, get_one, &g, NULL), 0);
    dump_now();
    assert_true(has("something in a queue"));
    il_queue_fini(&queue);
    settle(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_queue_gives_in_the_order_it_was_made_for),
        TEST(test_queue_fifo_goes_around),
        TEST(test_queue_bpo_31620_hands_over_to_who_waits),
        TEST(test_queue_fills_room_with_who_waits),
        TEST(test_queue_outside_tasks_works_without_waiting),
        TEST(test_queue_misuse_is_refused),
        TEST(test_queue_of_another_thread_is_refused),
        TEST(test_queue_is_what_a_dump_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
