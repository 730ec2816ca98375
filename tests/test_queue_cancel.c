/* SPDX-License-Identifier: MIT */

/* test_queue_cancel.c - queues: cancels, deadlines, and who never has to wait. */

#include "support/fixture.h"
#include "support/queue_users.h"
#include "support/tasks.h"

#include <errno.h>

/* --- cancelling ------------------------------------------------------------- */

/* Python's issues 25233 and 32574: who was cancelled gets nothing, takes nobody's
 * place, and is in no list. */
static void test_queue_bpo_25233_cancelled_getter_gets_nothing(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_queue queue = make_queue(PRIORITY, 3);
        struct queue_user u[3] = { { &queue, "a", 0, 0 },
                                   { &queue, "b", 0, 0 },
                                   { &queue, "c", 0, 0 } };
        il_task *tasks[3];
        int next = 1;

        for (int i = 0; i < 3; i++)
            tasks[i] = spawn(get_one, &u[i]);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        put(&queue, 1); /* before the victim has run */
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        put(&queue, 2);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(u[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(u[i].value, i == victim ? 77 : next++);
            assert_int_equal(reap(tasks[i]), 0);
        }
        assert_int_equal(il_queue_count(&queue), 0);
        il_queue_fini(&queue);
    }
}

static void test_queue_bpo_32574_cancelled_putter_puts_nothing(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_queue queue = make_queue(FIFO, 1);
        struct queue_user u[3] = { { &queue, "a", 0, 0 },
                                   { &queue, "b", 1, 0 },
                                   { &queue, "c", 2, 0 } };
        il_task *tasks[3];

        put(&queue, 9);
        for (int i = 0; i < 3; i++)
            tasks[i] = spawn(put_one, &u[i]);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(get(&queue), 9);
        for (int i = 0; i < 3; i++)
            if (i != victim)
                assert_int_equal(get(&queue), i);
        assert_int_equal(il_queue_count(&queue), 0);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(u[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(reap(tasks[i]), 0);
        }
        il_queue_fini(&queue);
    }
}

static int get_twice(void *arg)
{
    struct queue_user *u = arg;
    int value = 0;

    (void)get_one(u);
    return il_queue_get(u->queue, &value);
}

static void test_queue_value_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_queue queue = make_queue(LIFO, 2);
    struct queue_user u = { &queue, "u", 0, 0 };
    il_task *task = spawn(get_twice, &u);

    put(&queue, 1);
    assert_int_equal(il_task_cancel(task), 0);
    put(&queue, 2); /* not for a cancelled task, which got its one */
    settle(f);
    assert_int_equal(u.r, 0);
    assert_int_equal(u.value, 1);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(get(&queue), 2);
    il_queue_fini(&queue);
}

static int get_in_time(void *arg)
{
    struct queue_user *u = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        (void)get_one(u);
        r = u->r;
    }
    u->r = r;
    return 0;
}

struct late {
    il_timer timer;
    il_queue *queue;
};

static void put_late(void *arg)
{
    struct late *late = arg;
    int value = 5;

    CHECK_INT(il_queue_try_put(late->queue, &value), 0);
}

/* An element and a deadline at once: it was got, or is in the queue. */
static void test_queue_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int timer_first = 0; timer_first < 2; timer_first++) {
        il_queue queue = make_queue(FIFO, 2);
        struct late late = { IL_TIMER_INIT(put_late, &late), &queue };
        struct queue_user u = { &queue, "u", 0, 0 };
        il_time at = il_deadline(IL_MS(10));
        il_task *task;

        if (timer_first)
            assert_int_equal(il_timer_start(f->loop, &late.timer, at), 0);
        assert_int_equal(il_spawn(NULL, get_in_time, &u, &task), 0);
        if (!timer_first)
            assert_int_equal(il_timer_start(f->loop, &late.timer, at), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
        assert_true(u.r == 0 || u.r == -ETIMEDOUT);
        assert_int_equal(il_queue_count(&queue), u.r == 0 ? 0 : 1);
        assert_int_equal(u.value, u.r == 0 ? 5 : 77);
        assert_int_equal(reap(task), 0);
        il_queue_fini(&queue);
    }
}

static int use_although_cancelled(void *arg)
{
    il_queue *queue = arg;
    int value = 5;

    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK_INT(il_queue_put(queue, &value), -ECANCELED);
    CHECK_INT(il_queue_get(queue, &value), -ECANCELED);
    CHECK_INT(il_queue_join(queue), -ECANCELED);
    CHECK_INT(value, 5);
    CHECK_INT(il_queue_try_get(queue, &value), 0); /* waits for nothing */
    CHECK_INT(value, 1);
    CHECK_INT(il_queue_task_done(queue), 0);
    CHECK_INT(il_queue_join(queue), -ECANCELED);
    return 0;
}

static void test_queue_refuses_who_is_cancelled_already(void **state)
{
    il_queue queue = make_queue(FIFO, 2);
    il_task *task;

    (void)state;
    put(&queue, 1);
    assert_int_equal(il_spawn(NULL, use_although_cancelled, &queue, &task), 0);
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_queue_count(&queue), 0);
    il_queue_fini(&queue);
}

/* --- fairness --------------------------------------------------------------- */

static int pass_by(void *arg)
{
    (void)arg;
    note("by");
    return 0;
}

static int put_much(void *arg)
{
    for (int i = 0; i < 1000; i++)
        CHECK_INT(il_queue_put(arg, &i), 0);
    note("put");
    return 0;
}

static int get_much(void *arg)
{
    int value = -1;

    for (int i = 0; i < 1000; i++) {
        CHECK_INT(il_queue_get(arg, &value), 0);
        CHECK_INT(il_queue_task_done(arg), 0);
    }
    note("got");
    return 0;
}

static int join_much(void *arg)
{
    for (int i = 0; i < 1000; i++)
        CHECK_INT(il_queue_join(arg), 0);
    note("joined");
    return 0;
}

static void test_queue_that_never_blocks_starves_nobody(void **state)
{
    il_task_fn *const fns[] = { put_much, get_much, join_much };
    static const char *const expected[] = { "by put", "by got", "by joined" };
    struct fixture *f = *state;

    for (int order = 0; order < N_ORDERS; order++) {
        il_queue queue = make_queue(order, 1000);

        for (int i = 0; i < 3; i++) {
            forget_notes();
            assert_int_equal(il_spawn_lazy(NULL, fns[i], &queue, NULL), 0);
            assert_int_equal(il_spawn_lazy(NULL, pass_by, NULL, NULL), 0);
            settle(f);
            assert_string_equal(noted(), expected[i]);
        }
        il_queue_fini(&queue);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_queue_bpo_25233_cancelled_getter_gets_nothing),
        TEST(test_queue_bpo_32574_cancelled_putter_puts_nothing),
        TEST(test_queue_value_wins_over_a_late_cancel),
        TEST(test_queue_deadline_at_the_same_instant),
        TEST(test_queue_refuses_who_is_cancelled_already),
        TEST(test_queue_that_never_blocks_starves_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
