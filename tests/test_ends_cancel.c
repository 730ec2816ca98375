/* SPDX-License-Identifier: MIT */

/* test_ends_cancel.c - counted ends of channels: cancels, counts, misuse. */

#include <interloop/cleanup.h>

#include "support/end_users.h"
#include "support/fixture.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>

/* --- cancelling ------------------------------------------------------------- */

/* An end that was cut off by a cancel is dropped by its task: nothing was sent,
 * and the others go on. */
static void test_ends_cancelled_user_drops_its_end(void **state)
{
    struct fixture *f = *state;
    struct ends e = open_ends(0);
    struct end_user a = { .value = 1 };
    struct end_user b = { .value = 2 };
    il_task *task;

    assert_int_equal(il_sender_clone(&e.tx, &a.tx), 0);
    b.tx = e.tx;
    assert_int_equal(il_spawn(NULL, send_and_drop, &a, &task), 0);
    assert_int_equal(il_spawn(NULL, send_and_drop, &b, NULL), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_receives(&e.rx, 2);
    settle(f);
    assert_string_equal(noted(), "s1:ECANCELED s2:success");
    assert_int_equal(reap(task), 0);
    assert_ended(&e.rx);
    il_receiver_drop(&e.rx);
}

/* Granted, then cancelled, then the other side goes: the value is received. */
static void test_ends_value_wins_over_a_late_cancel_and_drop(void **state)
{
    struct fixture *f = *state;
    struct ends e = open_ends(0);
    struct end_user v = { .rx = e.rx };
    il_task *task;

    assert_int_equal(il_spawn(NULL, receive_and_drop, &v, &task), 0);
    send_now(&e.tx, 5);
    assert_int_equal(il_task_cancel(task), 0);
    il_sender_drop(&e.tx);
    settle(f);
    assert_string_equal(noted(), "r5:success");
    assert_int_equal(reap(task), 0);
}

static int receive_in_time(void *arg)
{
    struct end_user *user = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_receiver_receive(&user->rx, &user->value);
    }
    user->r = r;
    return 0;
}

/* Sends without waiting when it is due. */
struct late {
    il_timer timer;
    il_sender tx;
    int r;
};

static void send_late(void *arg)
{
    struct late *late = arg;
    int value = 5;

    late->r = il_sender_try_send(&late->tx, &value);
}

/* Value and deadline at once: either the value is received, or it is still the
 * sender's, depending on who was first. */
static void test_ends_deadline_at_the_instant_of_a_value(void **state)
{
    struct fixture *f = *state;

    for (int timer_first = 0; timer_first < 2; timer_first++) {
        struct ends e = open_ends(0);
        struct late late = { IL_TIMER_INIT(send_late, &late), e.tx, 1 };
        struct end_user v = { .rx = e.rx, .value = 77, .r = 1 };
        il_time at = il_deadline(IL_MS(10));

        if (timer_first)
            assert_int_equal(il_timer_start(f->loop, &late.timer, at), 0);
        assert_int_equal(il_spawn(NULL, receive_in_time, &v, NULL), 0);
        if (!timer_first)
            assert_int_equal(il_timer_start(f->loop, &late.timer, at), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
        assert_true(v.r == 0 || v.r == -ETIMEDOUT);
        assert_int_equal(late.r, v.r == 0 ? 0 : -EAGAIN);
        assert_int_equal(v.value, v.r == 0 ? 5 : 77);
        il_sender_drop(&e.tx);
        il_receiver_drop(&e.rx);
    }
}

/* --- misuse ----------------------------------------------------------------- */

static void test_ends_misuse_is_refused(void **state)
{
    il_sender tx = IL_SENDER_INIT;
    il_receiver rx = IL_RECEIVER_INIT;
    il_channel zeros = { .capacity = 0 };
    int value = 99;

    (void)state;
    assert_int_equal(il_channel_open(0, 1, &tx, &rx), -EINVAL);
    assert_int_equal(il_channel_open(1, 1, NULL, &rx), -EINVAL);
    assert_int_equal(il_channel_open(1, 1, &tx, NULL), -EINVAL);
    assert_int_equal(il_channel_open(2, SIZE_MAX / 2, &tx, &rx), -ENOMEM);
    assert_int_equal(il_channel_open(SIZE_MAX, 1, &tx, &rx), -ENOMEM);
    assert_int_equal(il_channel_open(SIZE_MAX, 0, &tx, &rx), -ENOMEM);
    assert_null(il_sender_channel(&tx));
    assert_int_equal(il_sender_init(&tx, NULL), -EINVAL);
    assert_int_equal(il_sender_init(NULL, &zeros), -EINVAL);
    assert_int_equal(il_sender_init(&tx, &zeros), -EINVAL);
    assert_int_equal(il_receiver_init(&rx, NULL), -EINVAL);
    assert_int_equal(il_receiver_init(&rx, &zeros), -EINVAL);
    assert_int_equal(il_sender_clone(NULL, &tx), -EINVAL);
    assert_int_equal(il_sender_clone(&tx, &tx), -EINVAL);
    assert_int_equal(il_receiver_clone(NULL, &rx), -EINVAL);
    assert_int_equal(il_receiver_clone(&rx, NULL), -EINVAL);
    assert_int_equal(il_sender_send(&tx, &value), -EINVAL);
    assert_int_equal(il_sender_send(NULL, &value), -EINVAL);
    assert_int_equal(il_sender_try_send(&tx, &value), -EINVAL);
    assert_int_equal(il_receiver_receive(&rx, &value), -EINVAL);
    assert_int_equal(il_receiver_receive(NULL, &value), -EINVAL);
    assert_int_equal(il_receiver_try_receive(&rx, &value), -EINVAL);
    assert_int_equal(value, 99);
    assert_null(il_sender_channel(NULL));
    assert_null(il_receiver_channel(NULL));
    il_sender_drop(NULL);
    il_sender_drop(&tx);
    il_receiver_drop(NULL);
    il_receiver_drop(&rx);
}

/* More than can be counted, and a copy that is dropped after the original. */
static void test_ends_count_what_can_be_counted(void **state)
{
    il_channel channel;
    il_sender tx;
    il_sender copy;
    il_receiver rx;

    (void)state;
    assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
    assert_int_equal(il_sender_init(&tx, &channel), 0);
    assert_int_equal(il_receiver_init(&rx, &channel), 0);
    channel.n_senders = UINT_MAX;
    channel.n_receivers = UINT_MAX;
    assert_int_equal(il_sender_clone(&tx, &copy), -EOVERFLOW);
    assert_int_equal(il_receiver_clone(&rx, &rx), -EOVERFLOW);
    channel.n_senders = 1;
    channel.n_receivers = 1;
    copy = tx;
    il_sender_drop(&tx);
    il_sender_drop(&copy);
    assert_int_equal(channel.n_senders, 0);
    il_receiver_drop(&rx);
    rx.channel = &channel;
    il_receiver_drop(&rx);
    assert_int_equal(channel.n_receivers, 0);
    il_channel_fini(&channel);
}

static void *use_from_other_thread(void *arg)
{
    struct ends *e = arg;
    int value = 99;

    CHECK_INT(il_sender_send(&e->tx, &value), -ESRCH);
    CHECK_INT(il_sender_try_send(&e->tx, &value), -ESRCH);
    CHECK_INT(il_receiver_receive(&e->rx, &value), -ESRCH);
    CHECK_INT(il_receiver_try_receive(&e->rx, &value), -ESRCH);
    CHECK_INT(il_sender_clone(&e->tx, &(il_sender){ 0 }), -ESRCH);
    CHECK_INT(il_receiver_clone(&e->rx, &(il_receiver){ 0 }), -ESRCH);
    il_sender_drop(&e->tx);
    il_receiver_drop(&e->rx);
    return NULL;
}

static void test_ends_of_another_thread_are_refused(void **state)
{
    struct ends e = open_ends(2);
    pthread_t thread;

    (void)state;
    send_now(&e.tx, 7);
    assert_int_equal(pthread_create(&thread, NULL, use_from_other_thread, &e),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_receives(&e.rx, 7);
    il_sender_drop(&e.tx);
    assert_ended(&e.rx);
    il_receiver_drop(&e.rx);
}

static void test_ends_outside_tasks_work_without_waiting(void **state)
{
    struct ends e = open_ends(1);
    int value = 3;

    (void)state;
    assert_int_equal(il_sender_send(&e.tx, &value), 0);
    assert_int_equal(il_sender_send(&e.tx, &value), -ESRCH);
    assert_int_equal(il_receiver_receive(&e.rx, &value), 0);
    assert_int_equal(il_receiver_receive(&e.rx, &value), -ESRCH);
    il_sender_drop(&e.tx);
    il_receiver_drop(&e.rx);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ends_cancelled_user_drops_its_end),
        TEST(test_ends_value_wins_over_a_late_cancel_and_drop),
        TEST(test_ends_deadline_at_the_instant_of_a_value),
        TEST(test_ends_misuse_is_refused),
        TEST(test_ends_count_what_can_be_counted),
        TEST(test_ends_of_another_thread_are_refused),
        TEST(test_ends_outside_tasks_work_without_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
