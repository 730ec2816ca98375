/* SPDX-License-Identifier: MIT */

/* test_ends.c - the last end closes the channel, whoever has it. */

#include "support/fixture.h"

#include <interloop/cleanup.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

struct ends {
    il_sender tx;
    il_receiver rx;
    int n_destroyed;
};

static void count_destroyed(void *element, void *arg)
{
    (void)element;
    ++*(int *)arg;
}

static struct ends open_ends(size_t capacity)
{
    struct ends e = { .n_destroyed = 0 };

    assert_int_equal(il_channel_open(sizeof(int), capacity, &e.tx, &e.rx), 0);
    return e;
}

struct user {
    il_sender tx;
    il_receiver rx;
    int value;
    int r; /* 1 while it waits */
};

/* Owns the end that it was given, and drops it when it has ended. */
static int send_one(void *arg)
{
    struct user *user = arg;
    IL_CLEANUP(il_sender) il_sender tx = user->tx;

    user->r = 1;
    user->r = il_sender_send(&tx, &user->value);
    note("s%d:%s", user->value, il_strerror(user->r));
    return 0;
}

static int receive_one(void *arg)
{
    struct user *user = arg;
    IL_CLEANUP(il_receiver) il_receiver rx = user->rx;

    user->r = 1;
    user->value = 77;
    user->r = il_receiver_receive(&rx, &user->value);
    note("r%d:%s", user->value, il_strerror(user->r));
    return 0;
}

static int receive_all(void *arg)
{
    struct user *user = arg;
    IL_CLEANUP(il_receiver) il_receiver rx = user->rx;

    while ((user->r = il_receiver_receive(&rx, &user->value)) == 0)
        note("r%d", user->value);
    note("%s", il_strerror(user->r));
    return 0;
}

static void give(const il_sender *tx, int value)
{
    assert_int_equal(il_sender_try_send(tx, &value), 0);
}

static void assert_receives(const il_receiver *rx, int expected)
{
    int value = -1;

    assert_int_equal(il_receiver_try_receive(rx, &value), 0);
    assert_int_equal(value, expected);
}

static void assert_ended(const il_receiver *rx)
{
    int value = 99;

    assert_int_equal(il_receiver_try_receive(rx, &value), -EPIPE);
    assert_int_equal(il_receiver_receive(rx, &value), -EPIPE);
    assert_int_equal(value, 99);
}

/* --- the last sender -------------------------------------------------------- */

static void
test_ends_last_sender_ends_receivers_after_what_is_left(void **state)
{
    struct ends e = open_ends(4);
    il_sender other;

    (void)state;
    assert_int_equal(il_sender_clone(&e.tx, &other), 0);
    give(&e.tx, 1);
    give(&other, 2);
    il_sender_drop(&e.tx);
    assert_null(il_sender_channel(&e.tx));
    give(&other, 3);
    il_sender_drop(&other);
    for (int i = 1; i <= 3; i++)
        assert_receives(&e.rx, i);
    assert_ended(&e.rx);
    il_receiver_drop(&e.rx);
}

static void test_ends_last_sender_wakes_receivers(void **state)
{
    struct fixture *f = *state;

    for (size_t capacity = 0; capacity < 2; capacity++) {
        struct ends e = open_ends(capacity);
        struct user a = { .rx = e.rx };
        struct user b = { .r = 0 };

        forget_notes();
        assert_int_equal(il_receiver_clone(&e.rx, &b.rx), 0);
        assert_int_equal(il_spawn(NULL, receive_one, &a, NULL), 0);
        assert_int_equal(il_spawn(NULL, receive_one, &b, NULL), 0);
        il_sender_drop(&e.tx);
        settle(f);
        assert_string_equal(noted(), "r77:EPIPE r77:EPIPE");
    }
}

/* Several senders, none of which knows who is the last. */
static void test_ends_many_senders_end_one_receiver(void **state)
{
    struct fixture *f = *state;
    struct ends e = open_ends(1);
    struct user v = { .rx = e.rx };
    struct user s[5];

    assert_int_equal(il_spawn(NULL, receive_all, &v, NULL), 0);
    for (int i = 0; i < 5; i++) {
        s[i] = (struct user){ .value = i };
        assert_int_equal(il_sender_clone(&e.tx, &s[i].tx), 0);
        assert_int_equal(il_spawn_lazy(NULL, send_one, &s[i], NULL), 0);
    }
    il_sender_drop(&e.tx); /* those that were not started have theirs */
    settle(f);
    assert_string_equal(noted(), "s0:success s1:success r0 r1 r2 r3 r4 "
                                 "s2:success s3:success s4:success EPIPE");
}

/* --- the last receiver ------------------------------------------------------ */

static void test_ends_last_receiver_fails_senders_and_destroys(void **state)
{
    struct ends e = open_ends(4);
    il_receiver other;
    int value = 5;

    (void)state;
    il_channel_set_destroy(il_sender_channel(&e.tx), count_destroyed,
                           &e.n_destroyed);
    assert_int_equal(il_receiver_clone(&e.rx, &other), 0);
    for (int i = 0; i < 3; i++)
        give(&e.tx, i);
    il_receiver_drop(&e.rx);
    assert_receives(&other, 0);
    assert_int_equal(e.n_destroyed, 0);
    il_receiver_drop(&other);
    assert_int_equal(e.n_destroyed, 2);
    assert_int_equal(il_sender_try_send(&e.tx, &value), -EPIPE);
    assert_int_equal(il_sender_send(&e.tx, &value), -EPIPE);
    assert_int_equal(il_sender_clone(&e.tx, &(il_sender){ 0 }), -EPIPE);
    assert_true(il_channel_is_closed(il_sender_channel(&e.tx)));
    il_sender_drop(&e.tx);
    assert_int_equal(e.n_destroyed, 2);
}

static void test_ends_last_receiver_wakes_senders_who_keep_theirs(void **state)
{
    struct fixture *f = *state;
    struct ends e = open_ends(1);
    struct user a = { .value = 2 };
    struct user b = { .value = 3 };

    il_channel_set_destroy(il_sender_channel(&e.tx), count_destroyed,
                           &e.n_destroyed);
    give(&e.tx, 1);
    assert_int_equal(il_sender_clone(&e.tx, &a.tx), 0);
    b.tx = e.tx;
    assert_int_equal(il_spawn(NULL, send_one, &a, NULL), 0);
    assert_int_equal(il_spawn(NULL, send_one, &b, NULL), 0);
    il_receiver_drop(&e.rx);
    assert_int_equal(e.n_destroyed, 1);
    settle(f);
    assert_string_equal(noted(), "s2:EPIPE s3:EPIPE");
    assert_int_equal(e.n_destroyed, 1);
}

/* What is in the channel when both sides have gone is disposed of once. */
static void test_ends_dropped_in_any_order_free_all(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct ends e = open_ends(3);

        il_channel_set_destroy(il_sender_channel(&e.tx), count_destroyed,
                               &e.n_destroyed);
        give(&e.tx, 1);
        give(&e.tx, 2);
        if (order == 0)
            il_sender_drop(&e.tx);
        il_receiver_drop(&e.rx);
        assert_int_equal(e.n_destroyed, 2);
        il_sender_drop(&e.tx);
        il_sender_drop(&e.tx); /* nothing any more */
        il_receiver_drop(&e.rx);
        assert_int_equal(e.n_destroyed, 2);
    }
}

/* A channel in which its own last sender lies goes with the last receiver. */
static void drop_sender(void *element, void *arg)
{
    (void)arg;
    il_sender_drop(element);
}

static void test_ends_in_their_own_channel_do_not_keep_it(void **state)
{
    il_sender tx;
    il_receiver rx;

    (void)state;
    assert_int_equal(il_channel_open(sizeof tx, 2, &tx, &rx), 0);
    il_channel_set_destroy(il_sender_channel(&tx), drop_sender, NULL);
    for (int i = 0; i < 2; i++) {
        il_sender clone = IL_SENDER_INIT;

        assert_int_equal(il_sender_clone(&tx, &clone), 0);
        assert_int_equal(il_sender_try_send(&tx, &clone), 0);
    }
    il_sender_drop(&tx);
    assert_false(il_channel_is_closed(il_receiver_channel(&rx)));
    il_receiver_drop(&rx);
}

/* A receiver may be made when nothing is sent any more. */
static void test_ends_receiver_of_a_closed_channel_gets_the_rest(void **state)
{
    struct ends e = open_ends(2);
    il_receiver late = IL_RECEIVER_INIT;

    (void)state;
    give(&e.tx, 1);
    il_sender_drop(&e.tx);
    assert_int_equal(il_receiver_clone(&e.rx, &late), 0);
    il_receiver_drop(&e.rx);
    assert_receives(&late, 1);
    assert_ended(&late);
    il_receiver_drop(&late);
}

/* --- whose storage ---------------------------------------------------------- */

static void test_ends_close_a_channel_of_the_caller(void **state)
{
    il_channel channel;
    il_sender tx;
    il_receiver rx;

    (void)state;
    assert_int_equal(il_channel_init(&channel, sizeof(int), 2), 0);
    assert_int_equal(il_sender_init(&tx, &channel), 0);
    assert_ptr_equal(il_sender_channel(&tx), &channel);
    give(&tx, 1);
    il_sender_drop(&tx); /* the last one, and no receiver was counted */
    assert_true(il_channel_is_closed(&channel));
    assert_int_equal(il_sender_init(&tx, &channel), -EPIPE);
    assert_int_equal(il_receiver_init(&rx, &channel), 0);
    assert_ptr_equal(il_receiver_channel(&rx), &channel);
    assert_receives(&rx, 1);
    il_receiver_drop(&rx);
    il_channel_fini(&channel);
}

static void test_ends_of_a_channel_that_was_ended_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct ends e = open_ends(2);
    struct user v = { .r = 0 };
    il_channel *channel = il_sender_channel(&e.tx);
    int value = 7;

    il_channel_set_destroy(channel, count_destroyed, &e.n_destroyed);
    assert_int_equal(il_receiver_clone(&e.rx, &v.rx), 0);
    assert_int_equal(il_spawn(NULL, receive_one, &v, NULL), 0);
    il_channel_fini(channel);
    settle(f);
    assert_string_equal(noted(), "r77:EOWNERDEAD");
    assert_int_equal(il_sender_try_send(&e.tx, &value), -EINVAL);
    assert_int_equal(il_receiver_try_receive(&e.rx, &value), -EINVAL);
    assert_int_equal(il_sender_clone(&e.tx, &e.tx), -EINVAL);
    il_receiver_drop(&e.rx);
    il_sender_drop(&e.tx); /* ASan would tell if this were not the last */
}

struct chooser {
    il_channel *channel;
    int received;
    int which;
    int r;
};

/* Waits in both queues of the channel. */
static int choose(void *arg)
{
    struct chooser *c = arg;
    int value = 5;
    il_case cases[] = { IL_CASE_RECEIVE(c->channel, &c->received),
                        IL_CASE_SEND(c->channel, &value),
                        IL_CASE_AFTER(IL_SEC(9)) };

    c->which = il_select(cases, 3, 0);
    c->r = c->which >= 0 ? cases[c->which].result : 0;
    return 0;
}

/* The channel may go before the task that chose from it has run. */
static void test_ends_dropped_tell_a_select(void **state)
{
    struct fixture *f = *state;

    for (int sender_first = 0; sender_first < 2; sender_first++) {
        struct ends e = open_ends(0);
        struct chooser c = { il_sender_channel(&e.tx), 77, -1, 1 };

        assert_int_equal(il_spawn(NULL, choose, &c, NULL), 0);
        if (sender_first)
            il_sender_drop(&e.tx);
        il_receiver_drop(&e.rx);
        il_sender_drop(&e.tx);
        settle(f);
        assert_true(c.which == 0 || c.which == 1);
        assert_int_equal(c.r, -EPIPE);
        assert_int_equal(c.received, 77);
    }
}

/* --- cancelling ------------------------------------------------------------- */

/* An end that was cut off by a cancel is dropped by its task: nothing was sent,
 * and the others go on. */
static void test_ends_cancelled_user_drops_its_end(void **state)
{
    struct fixture *f = *state;
    struct ends e = open_ends(0);
    struct user a = { .value = 1 };
    struct user b = { .value = 2 };
    il_task *task;

    assert_int_equal(il_sender_clone(&e.tx, &a.tx), 0);
    b.tx = e.tx;
    assert_int_equal(il_spawn(NULL, send_one, &a, &task), 0);
    assert_int_equal(il_spawn(NULL, send_one, &b, NULL), 0);
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
    struct user v = { .rx = e.rx };
    il_task *task;

    assert_int_equal(il_spawn(NULL, receive_one, &v, &task), 0);
    give(&e.tx, 5);
    assert_int_equal(il_task_cancel(task), 0);
    il_sender_drop(&e.tx);
    settle(f);
    assert_string_equal(noted(), "r5:success");
    assert_int_equal(reap(task), 0);
}

static int receive_in_time(void *arg)
{
    struct user *user = arg;
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
        struct user v = { .rx = e.rx, .value = 77, .r = 1 };
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
    give(&e.tx, 7);
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
        TEST(test_ends_last_sender_ends_receivers_after_what_is_left),
        TEST(test_ends_last_sender_wakes_receivers),
        TEST(test_ends_many_senders_end_one_receiver),
        TEST(test_ends_last_receiver_fails_senders_and_destroys),
        TEST(test_ends_last_receiver_wakes_senders_who_keep_theirs),
        TEST(test_ends_dropped_in_any_order_free_all),
        TEST(test_ends_in_their_own_channel_do_not_keep_it),
        TEST(test_ends_receiver_of_a_closed_channel_gets_the_rest),
        TEST(test_ends_close_a_channel_of_the_caller),
        TEST(test_ends_of_a_channel_that_was_ended_are_dropped),
        TEST(test_ends_dropped_tell_a_select),
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
