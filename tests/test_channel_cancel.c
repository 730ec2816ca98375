/* SPDX-License-Identifier: MIT */

/* test_channel_cancel.c - channels and cancels; and who never has to wait. */

#include "support/channel_users.h"
#include "support/fixture.h"

#include <errno.h>

/* --- cancelling ------------------------------------------------------------- */

static void test_channel_cancelled_receiver_takes_nothing(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_channel channel;
        struct receiver v[3] = { { &channel, 1, 0, 0 },
                                 { &channel, 1, 0, 0 },
                                 { &channel, 1, 0, 0 } };
        il_task *tasks[3];
        int next = 1;

        assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_spawn(NULL, receive_some, &v[i], &tasks[i]), 0);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        give(&channel, 1); /* before the victim has run */
        settle(f);
        give(&channel, 2);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(v[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(v[i].value, i == victim ? 77 : next++);
            assert_int_equal(reap(tasks[i]), 0);
        }
        assert_channel_empty(&channel);
        il_channel_fini(&channel);
    }
}

static void test_channel_cancelled_sender_sends_nothing(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_channel channel;
        struct sender s[3];
        il_task *tasks[3];

        assert_int_equal(il_channel_init(&channel, sizeof(int), 0), 0);
        for (int i = 0; i < 3; i++) {
            s[i] = (struct sender){ &channel, i, i, 0 };
            assert_int_equal(il_spawn(NULL, send_all, &s[i], &tasks[i]), 0);
        }
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        for (int i = 0; i < 3; i++)
            if (i != victim)
                assert_int_equal(take(&channel), i);
        assert_channel_empty(&channel);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(s[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(reap(tasks[i]), 0);
        }
        il_channel_fini(&channel);
    }
}

static void test_channel_value_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct receiver v = { &channel, 2, 0, 0 };
    il_task *task;

    assert_int_equal(il_channel_init(&channel, sizeof(int), 4), 0);
    assert_int_equal(il_spawn(NULL, receive_some, &v, &task), 0);
    give(&channel, 1);
    assert_int_equal(il_task_cancel(task), 0);
    give(&channel, 2); /* not for a cancelled task, which got its one */
    settle(f);
    assert_string_equal(noted(), "r1");
    assert_int_equal(v.r, -ECANCELED);
    assert_int_equal(v.value, 77);
    assert_int_equal(reap(task), 0);
    assert_int_equal(take(&channel), 2);
    il_channel_fini(&channel);
}

static void test_channel_sent_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct sender s = { &channel, 1, 2, 0 };
    il_task *task;

    assert_int_equal(il_channel_init(&channel, sizeof(int), 0), 0);
    assert_int_equal(il_spawn(NULL, send_all, &s, &task), 0);
    assert_int_equal(take(&channel), 1);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_string_equal(noted(), "s1");
    assert_int_equal(s.r, -ECANCELED);
    assert_int_equal(reap(task), 0);
    assert_channel_empty(&channel);
    il_channel_fini(&channel);
}

static int receive_in_time(void *arg)
{
    struct receiver *v = arg;
    int r = 0;

    v->value = 77;
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_channel_receive(v->channel, &v->value);
    }
    v->r = r;
    return 0;
}

static void test_channel_wait_has_a_time_limit(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct receiver v = { &channel, 1, 0, 0 };

    assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
    assert_int_equal(il_spawn(NULL, receive_in_time, &v, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    settle(f);
    assert_int_equal(v.r, -ETIMEDOUT);
    give(&channel, 1);
    assert_int_equal(v.value, 77);
    assert_int_equal(take(&channel), 1);
    il_channel_fini(&channel);
}

static int send_cancelled(void *arg)
{
    struct sender *s = arg;

    CHECK_INT(il_task_cancel(il_task_current()), 0);
    s->r = il_channel_send(s->channel, &s->first);
    return 0;
}

static int receive_cancelled(void *arg)
{
    struct receiver *v = arg;

    CHECK_INT(il_task_cancel(il_task_current()), 0);
    v->r = il_channel_receive(v->channel, &v->value);
    return 0;
}

static void test_channel_refuses_who_is_cancelled_already(void **state)
{
    il_channel channel;
    struct sender s = { &channel, 1, 1, 0 };
    struct receiver v = { &channel, 1, 0, 77 };

    (void)state;
    assert_int_equal(il_channel_init(&channel, sizeof(int), 2), 0);
    give(&channel, 5);
    assert_int_equal(il_spawn(NULL, send_cancelled, &s, NULL), 0);
    assert_int_equal(il_spawn(NULL, receive_cancelled, &v, NULL), 0);
    assert_int_equal(s.r, -ECANCELED);
    assert_int_equal(v.r, -ECANCELED);
    assert_int_equal(v.value, 77);
    assert_int_equal(il_channel_count(&channel), 1);
    assert_int_equal(take(&channel), 5);
    il_channel_fini(&channel);
}

/* --- fairness --------------------------------------------------------------- */

static int pass_by(void *arg)
{
    (void)arg;
    note("by");
    return 0;
}

static int send_much(void *arg)
{
    struct sender *s = arg;

    for (int i = s->first; i <= s->last; i++)
        CHECK_INT(il_channel_send(s->channel, &i), 0);
    note("sent");
    return 0;
}

static int send_quietly(void *arg)
{
    struct sender *s = arg;

    s->r = il_channel_send(s->channel, &s->first);
    return s->r;
}

static int receive_much(void *arg)
{
    struct sender *s = arg;
    int value = -1;

    for (int i = s->first; i <= s->last; i++) {
        CHECK_INT(il_channel_receive(s->channel, &value), 0);
        CHECK_INT(value, i);
    }
    note("received");
    return 0;
}

static void test_channel_that_never_blocks_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct sender all = { &channel, 1, 1000, 0 };

    assert_int_equal(il_channel_init(&channel, sizeof(int), 1000), 0);
    assert_int_equal(il_spawn_lazy(NULL, send_much, &all, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, pass_by, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "by sent");
    forget_notes();
    assert_int_equal(il_spawn_lazy(NULL, receive_much, &all, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, pass_by, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "by received");
    il_channel_fini(&channel);
}

/* With a receiver always there a sender never has to wait. */
static void test_channel_of_many_receivers_starves_nobody(void **state)
{
    struct fixture *f = *state;
    static struct receiver v[200];
    il_channel channel;
    struct sender all = { &channel, 1, 200, 0 };

    assert_int_equal(il_channel_init(&channel, sizeof(int), 0), 0);
    for (int i = 0; i < 200; i++) {
        v[i] = (struct receiver){ &channel, 1, 0, 0 };
        assert_int_equal(il_spawn(NULL, receive_in_time, &v[i], NULL), 0);
    }
    assert_int_equal(il_spawn_lazy(NULL, send_much, &all, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, pass_by, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "by sent");
    for (int i = 0; i < 200; i++)
        assert_int_equal(v[i].value, i + 1);
    il_channel_fini(&channel);
}

/* With a sender always there a receiver never has to wait. */
static void test_channel_of_many_senders_starves_nobody(void **state)
{
    struct fixture *f = *state;
    static struct sender s[200];
    il_channel channel;
    struct sender all = { &channel, 1, 200, 0 };

    for (size_t capacity = 0; capacity < 2; capacity++) {
        forget_notes();
        assert_int_equal(il_channel_init(&channel, sizeof(int), capacity), 0);
        for (int i = 0; i < 200; i++) {
            s[i] = (struct sender){ &channel, i + 1, i + 1, 0 };
            assert_int_equal(il_spawn(NULL, send_quietly, &s[i], NULL), 0);
        }
        assert_int_equal(il_spawn_lazy(NULL, receive_much, &all, NULL), 0);
        assert_int_equal(il_spawn_lazy(NULL, pass_by, NULL, NULL), 0);
        settle(f);
        assert_string_equal(noted(), "by received");
        il_channel_fini(&channel);
    }
}

static int receive_for_ever(void *arg)
{
    il_channel *channel = arg;
    int value;
    int r;

    while ((r = il_channel_receive(channel, &value)) == 0)
        CHECK_INT(il_channel_send(channel, &value), 0);
    return r;
}

static void test_channel_that_never_blocks_does_not_hide_a_cancel(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    il_task *task;

    assert_int_equal(il_channel_init(&channel, sizeof(int), 2), 0);
    give(&channel, 8);
    give(&channel, 9);
    (void)take(&channel);
    assert_int_equal(il_spawn_lazy(NULL, receive_for_ever, &channel, &task), 0);
    assert_true(il_loop_turn(f->loop, 0) >= 0);
    assert_false(il_task_is_done(task));
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(il_channel_count(&channel), 1);
    assert_int_equal(take(&channel), 9);
    il_channel_fini(&channel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_channel_cancelled_receiver_takes_nothing),
        TEST(test_channel_cancelled_sender_sends_nothing),
        TEST(test_channel_value_wins_over_a_late_cancel),
        TEST(test_channel_sent_wins_over_a_late_cancel),
        TEST(test_channel_wait_has_a_time_limit),
        TEST(test_channel_refuses_who_is_cancelled_already),
        TEST(test_channel_that_never_blocks_starves_nobody),
        TEST(test_channel_of_many_receivers_starves_nobody),
        TEST(test_channel_of_many_senders_starves_nobody),
        TEST(test_channel_that_never_blocks_does_not_hide_a_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
