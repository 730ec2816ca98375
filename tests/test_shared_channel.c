/* SPDX-License-Identifier: MIT */

/* test_shared_channel.c - channels between threads, used by one: what order,
 * what cancels, closing and ends come to. */

#include "support/fixture.h"
#include "support/shared_parties.h"
#include "support/tasks.h"

#include <errno.h>
#include <string.h>

static void assert_empty(il_shared_channel *channel)
{
    int value = 99;

    assert_int_equal(il_shared_channel_try_receive(channel, &value), -EAGAIN);
    assert_int_equal(value, 99);
    assert_int_equal(il_shared_channel_count(channel), 0);
}

/* --- order ---------------------------------------------------------------- */

static void test_shared_channel_keeps_the_order_around_the_ring(void **state)
{
    il_shared_channel channel;
    int sent = 0;
    int received = 0;

    (void)state;
    init_shared(&channel, 3);
    for (int round = 0; round < 20; round++) {
        while (il_shared_channel_try_send(&channel, &sent) == 0)
            sent++;
        assert_int_equal(il_shared_channel_count(&channel), 3);
        for (int i = 0; i <= round % 3; i++)
            assert_int_equal(take_shared(&channel), received++);
    }
    while (received < sent)
        assert_int_equal(take_shared(&channel), received++);
    assert_empty(&channel);
    il_shared_channel_fini(&channel);
}

static void test_shared_channel_copies_elements_of_any_size(void **state)
{
    static const size_t sizes[] = { 1, 2, 4, 7, 8, 16, 24, 1000 };
    unsigned char in[1000];
    unsigned char out[1001];
    static unsigned char storage[2000];

    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        il_shared_channel channel;

        memset(out, 0, sizeof out);
        assert_int_equal(
            il_shared_channel_init_with(&channel, sizes[i], 2, storage), 0);
        for (int n = 0; n < 2; n++)
            assert_int_equal(il_shared_channel_try_send(&channel, in), 0);
        for (int n = 0; n < 2; n++)
            assert_int_equal(il_shared_channel_try_receive(&channel, out), 0);
        assert_memory_equal(in, out, sizes[i]);
        assert_int_equal(out[sizes[i]], 0);
        il_shared_channel_fini(&channel);
    }
}

static void test_shared_channel_serves_receivers_in_order(void **state)
{
    struct fixture *f = *state;
    il_shared_channel channel;
    struct party p[3];
    il_task *tasks[3];

    init_shared(&channel, 2);
    for (int i = 0; i < 3; i++) {
        p[i] = party(&channel, 77);
        tasks[i] = spawn(receive_one, &p[i]);
    }
    for (int i = 0; i < 3; i++)
        give_shared(&channel, i);
    assert_empty(&channel); /* handed over, nobody can barge in */
    assert_string_equal(noted(), "");
    settle(f);
    assert_string_equal(noted(), "r0 r1 r2");
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_shared_channel_fini(&channel);
}

static void test_shared_channel_serves_senders_in_order(void **state)
{
    struct fixture *f = *state;

    for (size_t capacity = 0; capacity < 3; capacity++) {
        il_shared_channel channel;
        struct party p[3];
        il_task *tasks[3];
        int late = 9;

        forget_notes();
        init_shared(&channel, capacity);
        for (int i = 0; i < (int)capacity; i++)
            give_shared(&channel, i);
        for (int i = 0; i < 3; i++) {
            p[i] = party(&channel, (int)capacity + i);
            tasks[i] = spawn(send_one, &p[i]);
        }
        for (int i = 0; i < (int)capacity + 3; i++) {
            /* Room belongs to who has waited longest. */
            assert_int_equal(take_shared(&channel), i);
            if (i < 2)
                assert_int_equal(il_shared_channel_try_send(&channel, &late),
                                 -EAGAIN);
        }
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(reap(tasks[i]), 0);
            assert_int_equal(p[i].r, 0);
        }
        assert_empty(&channel);
        il_shared_channel_fini(&channel);
    }
}

static void test_shared_channel_without_room_returns_when_received(void **state)
{
    struct fixture *f = *state;
    il_shared_channel channel;
    struct party s;
    struct party r;
    il_task *sender;
    il_task *receiver;

    init_shared(&channel, 0);
    s = party(&channel, 5);
    r = party(&channel, 77);
    sender = spawn(send_one, &s);
    settle(f);
    assert_int_equal(s.r, 1);
    assert_int_equal(il_shared_channel_count(&channel), 0);
    receiver = spawn(receive_one, &r); /* does not wait */
    assert_int_equal(r.r, 0);
    assert_int_equal(r.value, 5);
    settle(f);
    assert_int_equal(s.r, 0);
    assert_int_equal(reap(sender), 0);
    assert_int_equal(reap(receiver), 0);
    il_shared_channel_fini(&channel);
}

/* --- cancels and time limits ---------------------------------------------- */

static void test_shared_channel_cancelled_receiver_takes_nothing(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_shared_channel channel;
        struct party p[3];
        il_task *tasks[3];
        int sent = 0;

        init_shared(&channel, 4);
        for (int i = 0; i < 3; i++) {
            p[i] = party(&channel, 77);
            tasks[i] = spawn(receive_one, &p[i]);
        }
        for (int i = 0; i < 2; i++)
            assert_int_equal(il_task_cancel(tasks[victim]), 0);
        for (int i = 0; i < 3; i++)
            give_shared(&channel, i);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(reap(tasks[i]), 0);
            assert_int_equal(p[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(p[i].value, i == victim ? 77 : sent++);
        }
        assert_int_equal(take_shared(&channel), 2);
        il_shared_channel_fini(&channel);
    }
}

static void test_shared_channel_cancelled_sender_sends_nothing(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_shared_channel channel;
        struct party p[3];
        il_task *tasks[3];

        init_shared(&channel, 1);
        give_shared(&channel, -5);
        for (int i = 0; i < 3; i++) {
            p[i] = party(&channel, i);
            tasks[i] = spawn(send_one, &p[i]);
        }
        for (int i = 0; i < 2; i++)
            assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(take_shared(&channel), -5);
        for (int i = 0; i < 3; i++)
            if (i != victim)
                assert_int_equal(take_shared(&channel), i);
        assert_empty(&channel);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(reap(tasks[i]), 0);
            assert_int_equal(p[i].r, i == victim ? -ECANCELED : 0);
        }
        il_shared_channel_fini(&channel);
    }
}

/* Sent, or received, and cancelled before it goes on: it has happened. */
static void test_shared_channel_value_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_shared_channel channel;
    struct party r;
    struct party s;
    il_task *tasks[2];

    init_shared(&channel, 0);
    r = party(&channel, 77);
    tasks[0] = spawn(receive_one, &r);
    give_shared(&channel, 4);
    s = party(&channel, 5);
    tasks[1] = spawn(send_one, &s);
    assert_int_equal(take_shared(&channel), 5);
    for (int i = 0; i < 2; i++)
        assert_int_equal(il_task_cancel(tasks[i]), 0);
    settle(f);
    assert_int_equal(r.r, 0);
    assert_int_equal(r.value, 4);
    assert_int_equal(s.r, 0);
    assert_int_equal(r.next, -ECANCELED);
    assert_int_equal(s.next, -ECANCELED);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_shared_channel_fini(&channel);
}

static int try_when_cancelled(void *arg)
{
    il_shared_channel *channel = arg;
    il_scope scope;
    int value = 77;

    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    il_scope_cancel(&scope);
    CHECK_INT(il_shared_channel_receive(channel, &value, IL_FOREVER),
              -ECANCELED);
    CHECK_INT(il_shared_channel_send(channel, &value, IL_FOREVER), -ECANCELED);
    CHECK_INT(value, 77);
    (void)il_scope_leave(&scope, 0);
    CHECK_INT(il_shared_channel_receive(channel, &value, 0), 0);
    CHECK_INT(value, 3);
    return 0;
}

static void test_shared_channel_refuses_who_is_cancelled_already(void **state)
{
    il_shared_channel channel;

    (void)state;
    init_shared(&channel, 2);
    give_shared(&channel, 3);
    assert_int_equal(il_run(try_when_cancelled, &channel), 0);
    assert_empty(&channel);
    il_shared_channel_fini(&channel);
}

static void test_shared_channel_waits_have_a_time_limit(void **state)
{
    il_shared_channel channel;
    il_time before = il_now();

    (void)state;
    init_shared(&channel, 1);
    for (int n = 0; n < 3; n++) { /* receive, send, and not at all */
        struct party p = party(&channel, 77);
        il_task *task;

        p.timeout = n < 2 ? IL_MS(2) : 0;
        if (n == 1)
            give_shared(&channel, 1);
        task = spawn(n == 1 ? send_one : receive_one, &p);
        finish(task);
        assert_int_equal(p.r, n < 2 ? -ETIMEDOUT : 0);
        assert_int_equal(p.value, n < 2 ? 77 : 1);
        assert_int_equal(p.next, 0); /* no cancel stays behind */
    }
    assert_int_equal(il_now() - before, IL_MS(4));
    assert_empty(&channel); /* and nobody is left who waits */
    give_shared(&channel, 6);
    assert_int_equal(take_shared(&channel), 6);
    il_shared_channel_fini(&channel);
}

static void give_in_callback(void *channel)
{
    const int value = 8;

    CHECK_INT(il_shared_channel_try_send(channel, &value), 0);
}

/* Whichever comes first, the element is received or still there. */
static void test_shared_channel_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int timer_first = 0; timer_first < 2; timer_first++) {
        il_shared_channel channel;
        il_timer timer = IL_TIMER_INIT(give_in_callback, &channel);
        struct party p;
        il_task *task = NULL;

        init_shared(&channel, 1);
        p = party(&channel, 77);
        p.timeout = IL_MS(10);
        if (!timer_first)
            task = spawn(receive_one, &p);
        assert_int_equal(
            il_timer_start(f->loop, &timer, il_deadline(IL_MS(10))), 0);
        if (timer_first)
            task = spawn(receive_one, &p);
        finish(task);
        assert_int_equal(p.r, -ETIMEDOUT);
        assert_int_equal(p.value, 77);
        settle(f);
        assert_int_equal(take_shared(&channel), 8);
        il_shared_channel_fini(&channel);
    }
}

static int send_and_receive_for_ever(void *channel)
{
    int r = 0;

    for (int i = 0; r == 0; i++) {
        r = il_shared_channel_send(channel, &i, IL_FOREVER);
        if (r == 0)
            r = il_shared_channel_receive(channel, &i, IL_FOREVER);
    }
    return r;
}

static void note_tick(void *arg)
{
    (void)arg;
    note("tick");
}

static void test_shared_channel_that_never_blocks_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_shared_channel channel;
    il_callback tick = IL_CALLBACK_INIT(note_tick, NULL);
    il_task *task = NULL;

    init_shared(&channel, 2);
    assert_int_equal(il_spawn(NULL, send_and_receive_for_ever, &channel, &task),
                     0);
    assert_int_equal(il_post(f->loop, &tick), 0);
    for (int i = 0; i < 3; i++)
        assert_true(il_loop_turn(f->loop, 0) >= 0);
    assert_string_equal(noted(), "tick");
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    il_shared_channel_fini(&channel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shared_channel_keeps_the_order_around_the_ring),
        TEST(test_shared_channel_copies_elements_of_any_size),
        TEST(test_shared_channel_serves_receivers_in_order),
        TEST(test_shared_channel_serves_senders_in_order),
        TEST(test_shared_channel_without_room_returns_when_received),
        TEST(test_shared_channel_cancelled_receiver_takes_nothing),
        TEST(test_shared_channel_cancelled_sender_sends_nothing),
        TEST(test_shared_channel_value_wins_over_a_late_cancel),
        TEST(test_shared_channel_refuses_who_is_cancelled_already),
        TEST(test_shared_channel_waits_have_a_time_limit),
        TEST(test_shared_channel_deadline_at_the_same_instant),
        TEST(test_shared_channel_that_never_blocks_starves_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
