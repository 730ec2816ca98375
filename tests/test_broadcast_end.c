/* SPDX-License-Identifier: MIT */

/* test_broadcast_end.c - broadcasts: cancels, ends, misuse. */

#include "support/fixture.h"
#include "support/hearers.h"
#include "support/tasks.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* --- cancelling ------------------------------------------------------------- */

static void test_broadcast_cancelled_listener_misses_nothing(void **state)
{
    struct fixture *f = *state;
    il_broadcast broadcast;
    il_subscriber s;
    struct hearer l = { &s, "l", 1, 0, 0, 0 };
    il_task *task;

    make_broadcast(&broadcast, 2);
    subscribe(&s, &broadcast);
    task = spawn(hear_some, &l);
    assert_int_equal(il_task_cancel(task), 0);
    say(&broadcast, 1); /* before it has run */
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(l.r, -ECANCELED);
    assert_int_equal(l.value, 77);
    assert_int_equal(l.missed, 99);
    assert_int_equal(reap(task), 0);
    assert_hears(&s, 1, 0); /* it is there for the next one */
    il_subscriber_fini(&s);
    il_broadcast_fini(&broadcast);
}

static void test_broadcast_value_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_broadcast broadcast;
    il_subscriber s;
    struct hearer l = { &s, "l", 2, 0, 0, 0 };
    il_task *task;

    make_broadcast(&broadcast, 2);
    subscribe(&s, &broadcast);
    task = spawn(hear_some, &l);
    say(&broadcast, 1);
    assert_int_equal(il_task_cancel(task), 0);
    say(&broadcast, 2); /* it is refused, though it need not wait */
    settle(f);
    assert_string_equal(noted(), "l1");
    assert_int_equal(l.r, -ECANCELED);
    assert_int_equal(reap(task), 0);
    assert_hears(&s, 2, 0);
    il_subscriber_fini(&s);
    il_broadcast_fini(&broadcast);
}

static int listen_in_time(void *arg)
{
    struct hearer *l = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_subscriber_receive(l->subscriber, &l->value, &l->missed);
    }
    l->r = r;
    return 0;
}

struct late {
    il_timer timer;
    il_broadcast *broadcast;
};

static void say_late(void *arg)
{
    struct late *late = arg;
    int value = 5;

    CHECK_INT(il_broadcast_send(late->broadcast, &value), 0);
}

/* A value and a deadline at once: it was received, or can be. */
static void test_broadcast_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int timer_first = 0; timer_first < 2; timer_first++) {
        il_broadcast broadcast;
        il_subscriber s;
        struct late late = { IL_TIMER_INIT(say_late, &late), &broadcast };
        struct hearer l = { &s, "l", 1, 77, 1, 0 };
        il_time at = il_deadline(IL_MS(10));
        il_task *task;

        make_broadcast(&broadcast, 2);
        subscribe(&s, &broadcast);
        if (timer_first)
            assert_int_equal(il_timer_start(f->loop, &late.timer, at), 0);
        assert_int_equal(il_spawn(NULL, listen_in_time, &l, &task), 0);
        if (!timer_first)
            assert_int_equal(il_timer_start(f->loop, &late.timer, at), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
        assert_true(l.r == 0 || l.r == -ETIMEDOUT);
        assert_int_equal(il_subscriber_count(&s), l.r == 0 ? 0 : 1);
        assert_int_equal(l.value, l.r == 0 ? 5 : 77);
        assert_int_equal(reap(task), 0);
        il_subscriber_fini(&s);
        il_broadcast_fini(&broadcast);
    }
}

/* --- the end ---------------------------------------------------------------- */

static void test_broadcast_closed_gives_what_is_left(void **state)
{
    struct fixture *f = *state;
    il_broadcast broadcast;
    il_subscriber s[2];
    struct hearer l = { &s[0], "l", 9, 0, 0, 0 };
    int value = 9;
    il_task *task;

    make_broadcast(&broadcast, 2);
    subscribe(&s[0], &broadcast);
    subscribe(&s[1], &broadcast);
    task = spawn(hear_some, &l);
    say(&broadcast, 1);
    say(&broadcast, 2);
    say(&broadcast, 3);
    assert_false(il_broadcast_is_closed(&broadcast));
    assert_int_equal(il_broadcast_close(&broadcast), 0);
    assert_true(il_broadcast_is_closed(&broadcast));
    assert_int_equal(il_broadcast_close(&broadcast), -EALREADY);
    assert_int_equal(il_broadcast_send(&broadcast, &value), -EPIPE);
    settle(f);
    assert_string_equal(noted(), "l1 l2 l3");
    assert_int_equal(l.r, -EPIPE);
    assert_int_equal(reap(task), 0);
    assert_hears(&s[1], 2, 1);
    assert_hears(&s[1], 3, 0);
    assert_silent(&s[1], -EPIPE);
    assert_int_equal(il_subscriber_receive(&s[1], &value, NULL), -EPIPE);
    for (int i = 0; i < 2; i++)
        il_subscriber_fini(&s[i]);
    assert_int_equal(il_subscriber_init(&s[0], &broadcast), -EPIPE);
    il_broadcast_fini(&broadcast);
}

static void test_broadcast_closed_wakes_who_waits(void **state)
{
    struct fixture *f = *state;
    il_broadcast broadcast;
    il_subscriber s;
    struct hearer l = { &s, "l", 1, 0, 0, 0 };
    il_task *task;

    make_broadcast(&broadcast, 2);
    subscribe(&s, &broadcast);
    task = spawn(hear_some, &l);
    assert_int_equal(il_broadcast_close(&broadcast), 0);
    settle(f);
    assert_int_equal(l.r, -EPIPE);
    assert_int_equal(reap(task), 0);
    il_broadcast_fini(&broadcast);
    il_subscriber_fini(&s);
}

static void test_broadcast_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_broadcast broadcast;
    il_subscriber s[2];
    struct hearer a = { &s[0], "a", 1, 0, 0, 0 };
    struct hearer b = { &s[1], "b", 1, 0, 0, 0 };
    il_task *tasks[2];
    int value = 99;

    make_broadcast(&broadcast, 2);
    subscribe(&s[0], &broadcast);
    subscribe(&s[1], &broadcast);
    tasks[0] = spawn(hear_some, &a);
    tasks[1] = spawn(hear_some, &b);
    il_broadcast_fini(&broadcast);
    memset(&broadcast, 0x55, sizeof broadcast); /* nobody may look again */
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    settle(f);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(reap(tasks[i]), 0);
        assert_silent(&s[i], -EOWNERDEAD);
        assert_int_equal(il_subscriber_receive(&s[i], &value, NULL),
                         -EOWNERDEAD);
        il_subscriber_fini(&s[i]);
        assert_silent(&s[i], -EINVAL);
    }
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(b.r, -EOWNERDEAD);
    assert_int_equal(value, 99);
}

static void test_broadcast_subscriber_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_broadcast broadcast;
    il_subscriber s[2];
    struct hearer a = { &s[0], "a", 1, 0, 0, 0 };
    struct hearer b = { &s[1], "b", 1, 0, 0, 0 };
    il_task *tasks[2];

    make_broadcast(&broadcast, 2);
    subscribe(&s[0], &broadcast);
    subscribe(&s[1], &broadcast);
    tasks[0] = spawn(hear_some, &a);
    tasks[1] = spawn(hear_some, &b);
    il_subscriber_fini(&s[0]);
    memset(&s[0], 0x55, sizeof s[0]); /* nobody may look again */
    say(&broadcast, 1);
    settle(f);
    assert_string_equal(noted(), "b1");
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(a.missed, 99);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_subscriber_fini(&s[1]);
    il_broadcast_fini(&broadcast);
}

/* --- fairness and misuse ---------------------------------------------------- */

static int listen_much(void *arg)
{
    int value;

    for (int i = 0; i < 1000; i++)
        CHECK_INT(il_subscriber_receive(arg, &value, NULL), 0);
    note("heard");
    return 0;
}

static int pass_by(void *arg)
{
    (void)arg;
    note("by");
    return 0;
}

static void test_broadcast_that_never_blocks_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_broadcast broadcast;
    il_subscriber s;

    make_broadcast(&broadcast, 1000);
    subscribe(&s, &broadcast);
    for (int i = 0; i < 1000; i++)
        say(&broadcast, i);
    assert_int_equal(il_spawn_lazy(NULL, listen_much, &s, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, pass_by, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "by heard");
    il_subscriber_fini(&s);
    il_broadcast_fini(&broadcast);
}

static void test_broadcast_misuse_is_refused(void **state)
{
    il_broadcast broadcast;
    il_broadcast zeros = { .capacity = 0 };
    il_subscriber s = { .next = 0 };
    int value = 0;

    (void)state;
    assert_int_equal(il_broadcast_init(NULL, 1, 1), -EINVAL);
    assert_int_equal(il_broadcast_init(&broadcast, 0, 1), -EINVAL);
    assert_int_equal(il_broadcast_init(&broadcast, 1, 0), -EINVAL);
    assert_int_equal(il_broadcast_init(&broadcast, 2, SIZE_MAX / 2), -ENOMEM);
    assert_int_equal(il_broadcast_init_with(NULL, 4, 1, &value), -EINVAL);
    assert_int_equal(il_broadcast_init_with(&broadcast, 4, 1, NULL), -EINVAL);
    assert_int_equal(il_broadcast_init_with(&broadcast, 0, 1, &value), -EINVAL);
    assert_int_equal(
        il_broadcast_init_with(&broadcast, 2, SIZE_MAX / 2, &value), -EINVAL);
    assert_int_equal(il_subscriber_init(&s, NULL), -EINVAL);
    assert_int_equal(il_subscriber_init(&s, &zeros), -EINVAL);
    assert_silent(&s, -EINVAL);

    make_broadcast(&broadcast, 1);
    assert_int_equal(il_subscriber_init(NULL, &broadcast), -EINVAL);
    subscribe(&s, &broadcast);
    assert_int_equal(il_broadcast_send(NULL, &value), -EINVAL);
    assert_int_equal(il_broadcast_send(&broadcast, NULL), -EINVAL);
    assert_int_equal(il_broadcast_close(NULL), -EINVAL);
    assert_true(il_broadcast_is_closed(NULL));
    assert_int_equal(il_subscriber_receive(NULL, &value, NULL), -EINVAL);
    assert_int_equal(il_subscriber_receive(&s, NULL, NULL), -EINVAL);
    assert_int_equal(il_subscriber_try_receive(&s, NULL, NULL), -EINVAL);
    assert_int_equal(il_subscriber_receive(&s, &value, NULL), -ESRCH);
    assert_int_equal(il_subscriber_count(NULL), 0);
    il_broadcast_fini(NULL);
    il_broadcast_fini(&zeros);
    il_subscriber_fini(NULL);
    il_broadcast_fini(&broadcast);
    il_broadcast_fini(&broadcast);
    il_subscriber_fini(&s);
    il_subscriber_fini(&s);
    assert_int_equal(il_broadcast_send(&broadcast, &value), -EINVAL);
}

struct pair {
    il_broadcast broadcast;
    il_subscriber subscriber;
};

static void *use_from_other_thread(void *arg)
{
    struct pair *p = arg;
    il_subscriber other;
    int value = 99;

    CHECK_INT(il_broadcast_send(&p->broadcast, &value), -ESRCH);
    CHECK_INT(il_broadcast_close(&p->broadcast), -ESRCH);
    CHECK_INT(il_subscriber_init(&other, &p->broadcast), -ESRCH);
    CHECK_INT(il_subscriber_receive(&p->subscriber, &value, NULL), -ESRCH);
    CHECK_INT(il_subscriber_try_receive(&p->subscriber, &value, NULL), -ESRCH);
    il_subscriber_fini(&p->subscriber);
    il_broadcast_fini(&p->broadcast);
    CHECK_INT(value, 99);
    return NULL;
}

static void test_broadcast_of_another_thread_is_refused(void **state)
{
    struct pair p;
    pthread_t thread;

    (void)state;
    make_broadcast(&p.broadcast, 2);
    subscribe(&p.subscriber, &p.broadcast);
    say(&p.broadcast, 7);
    assert_int_equal(pthread_create(&thread, NULL, use_from_other_thread, &p),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_hears(&p.subscriber, 7, 0);
    il_subscriber_fini(&p.subscriber);
    il_broadcast_fini(&p.broadcast);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_broadcast_cancelled_listener_misses_nothing),
        TEST(test_broadcast_value_wins_over_a_late_cancel),
        TEST(test_broadcast_deadline_at_the_same_instant),
        TEST(test_broadcast_closed_gives_what_is_left),
        TEST(test_broadcast_closed_wakes_who_waits),
        TEST(test_broadcast_end_wakes_the_waiters),
        TEST(test_broadcast_subscriber_end_wakes_the_waiters),
        TEST(test_broadcast_that_never_blocks_starves_nobody),
        TEST(test_broadcast_misuse_is_refused),
        TEST(test_broadcast_of_another_thread_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
