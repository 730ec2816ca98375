/* SPDX-License-Identifier: MIT */

/* test_shared_ends.c - the last end closes a shared channel, whoever has it.
 *
 * test_shared_ends_rush.c has many threads. */

#include "support/fixture.h"
#include "support/gates.h"

#include <interloop/cleanup.h>

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

struct ends {
    il_shared_sender tx;
    il_shared_receiver rx;
    atomic_int n_destroyed;
};

static void count_destroyed(void *element, void *arg)
{
    (void)element;
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void open_ends(struct ends *e, size_t capacity)
{
    atomic_init(&e->n_destroyed, 0);
    assert_int_equal(
        il_shared_channel_open(sizeof(int), capacity, &e->tx, &e->rx), 0);
    il_shared_channel_set_destroy(il_shared_sender_channel(&e->tx),
                                  count_destroyed, &e->n_destroyed);
}

struct user {
    il_shared_sender tx;
    il_shared_receiver rx;
    int value;
    int r; /* 1 while it waits */
};

/* Owns the end that it was given, and drops it when it has ended. */
static int send_one(void *arg)
{
    struct user *user = arg;
    il_auto(il_shared_sender) tx = user->tx;

    user->r = 1;
    user->r = il_shared_sender_send(&tx, &user->value, IL_FOREVER);
    return 0;
}

static int receive_one(void *arg)
{
    struct user *user = arg;
    il_auto(il_shared_receiver) rx = user->rx;

    user->r = 1;
    user->value = 77;
    user->r = il_shared_receiver_receive(&rx, &user->value, IL_FOREVER);
    return 0;
}

static void *send_one_in_thread(void *arg)
{
    (void)send_one(arg);
    return NULL;
}

static void *receive_one_in_thread(void *arg)
{
    (void)receive_one(arg);
    return NULL;
}

static void give(const il_shared_sender *tx, int value)
{
    assert_int_equal(il_shared_sender_try_send(tx, &value), 0);
}

static void assert_receives(const il_shared_receiver *rx, int expected)
{
    int value = -1;

    assert_int_equal(il_shared_receiver_try_receive(rx, &value), 0);
    assert_int_equal(value, expected);
}

static void assert_ended(const il_shared_receiver *rx)
{
    int value = 99;

    assert_int_equal(il_shared_receiver_try_receive(rx, &value), -EPIPE);
    assert_int_equal(il_shared_receiver_receive(rx, &value, IL_FOREVER),
                     -EPIPE);
    assert_int_equal(value, 99);
}

/* --- the last sender -------------------------------------------------------- */

static void
test_shared_ends_last_sender_ends_receivers_after_what_is_left(void **state)
{
    struct ends e;
    il_shared_sender other;

    (void)state;
    open_ends(&e, 4);
    assert_int_equal(il_shared_sender_clone(&e.tx, &other), 0);
    give(&e.tx, 1);
    give(&other, 2);
    il_shared_sender_drop(&e.tx);
    assert_null(il_shared_sender_channel(&e.tx));
    give(&other, 3);
    il_shared_sender_drop(&other);
    for (int i = 1; i <= 3; i++)
        assert_receives(&e.rx, i);
    assert_ended(&e.rx);
    il_shared_receiver_drop(&e.rx);
    assert_int_equal(atomic_load(&e.n_destroyed), 0);
}

static void test_shared_ends_last_sender_wakes_tasks_and_threads(void **state)
{
    struct fixture *f = *state;

    for (size_t capacity = 0; capacity < 2; capacity++) {
        struct ends e;
        struct user task = { .r = 0 };
        struct user thread = { .r = 0 };
        pthread_t id;

        open_ends(&e, capacity);
        task.rx = e.rx;
        assert_int_equal(il_shared_receiver_clone(&e.rx, &thread.rx), 0);
        assert_int_equal(il_spawn(NULL, receive_one, &task, NULL), 0);
        id = start_thread(receive_one_in_thread, &thread);
        il_shared_sender_drop(&e.tx);
        join_thread(id);
        settle(f);
        assert_int_equal(task.r, -EPIPE);
        assert_int_equal(thread.r, -EPIPE);
        assert_int_equal(task.value, 77);
        assert_int_equal(thread.value, 77);
    }
}

/* --- the last receiver ------------------------------------------------------ */

static void
test_shared_ends_last_receiver_fails_senders_and_destroys(void **state)
{
    struct ends e;
    il_shared_receiver other;
    int value = 5;

    (void)state;
    open_ends(&e, 4);
    assert_int_equal(il_shared_receiver_clone(&e.rx, &other), 0);
    for (int i = 0; i < 3; i++)
        give(&e.tx, i);
    il_shared_receiver_drop(&e.rx);
    assert_receives(&other, 0);
    assert_int_equal(atomic_load(&e.n_destroyed), 0);
    il_shared_receiver_drop(&other);
    assert_int_equal(atomic_load(&e.n_destroyed), 2);
    assert_int_equal(il_shared_sender_try_send(&e.tx, &value), -EPIPE);
    assert_int_equal(il_shared_sender_send(&e.tx, &value, IL_FOREVER), -EPIPE);
    assert_int_equal(il_shared_sender_clone(&e.tx, &(il_shared_sender){ 0 }),
                     -EPIPE);
    assert_true(il_shared_channel_is_closed(il_shared_sender_channel(&e.tx)));
    il_shared_sender_drop(&e.tx);
    assert_int_equal(atomic_load(&e.n_destroyed), 2);
}

static void
test_shared_ends_last_receiver_wakes_senders_who_keep_theirs(void **state)
{
    struct fixture *f = *state;
    struct ends e;
    struct user task = { .value = 2 };
    struct user thread = { .value = 3 };
    pthread_t id;

    open_ends(&e, 1);
    give(&e.tx, 1);
    assert_int_equal(il_shared_sender_clone(&e.tx, &task.tx), 0);
    thread.tx = e.tx;
    assert_int_equal(il_spawn(NULL, send_one, &task, NULL), 0);
    id = start_thread(send_one_in_thread, &thread);
    il_shared_receiver_drop(&e.rx);
    assert_int_equal(atomic_load(&e.n_destroyed), 1);
    join_thread(id);
    settle(f);
    assert_int_equal(task.r, -EPIPE);
    assert_int_equal(thread.r, -EPIPE);
    assert_int_equal(atomic_load(&e.n_destroyed), 1);
}

/* What is in the channel when both sides have gone is disposed of once. */
static void test_shared_ends_dropped_in_any_order_free_all(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct ends e;

        open_ends(&e, 3);
        give(&e.tx, 1);
        give(&e.tx, 2);
        if (order == 0)
            il_shared_sender_drop(&e.tx);
        il_shared_receiver_drop(&e.rx);
        assert_int_equal(atomic_load(&e.n_destroyed), 2);
        il_shared_sender_drop(&e.tx);
        il_shared_sender_drop(&e.tx); /* nothing any more */
        il_shared_receiver_drop(&e.rx);
        assert_int_equal(atomic_load(&e.n_destroyed), 2);
    }
}

/* A channel in which its own last sender lies goes with the last receiver. */
static void drop_sender(void *element, void *arg)
{
    (void)arg;
    il_shared_sender_drop(element);
}

static void test_shared_ends_in_their_own_channel_do_not_keep_it(void **state)
{
    il_shared_sender tx;
    il_shared_receiver rx;

    (void)state;
    assert_int_equal(il_shared_channel_open(sizeof tx, 2, &tx, &rx), 0);
    il_shared_channel_set_destroy(il_shared_sender_channel(&tx), drop_sender,
                                  NULL);
    for (int i = 0; i < 2; i++) {
        il_shared_sender clone = IL_SHARED_SENDER_INIT;

        assert_int_equal(il_shared_sender_clone(&tx, &clone), 0);
        assert_int_equal(il_shared_sender_try_send(&tx, &clone), 0);
    }
    il_shared_sender_drop(&tx);
    assert_false(il_shared_channel_is_closed(il_shared_receiver_channel(&rx)));
    il_shared_receiver_drop(&rx);
}

struct both {
    il_shared_sender tx;
    il_shared_receiver rx;
};

static void drop_both(void *element, void *arg)
{
    struct both *both = element;

    ++*(int *)arg;
    il_shared_sender_drop(&both->tx);
    il_shared_receiver_drop(&both->rx);
}

/* Nobody has an end but the channel itself.  Closed by its address, it was freed
 * while it was looked through. */
static void
test_shared_ends_in_their_own_channel_go_when_it_is_closed(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct both both;
        il_shared_channel *channel;
        int n = 0;

        assert_int_equal(
            il_shared_channel_open(sizeof both, 2, &both.tx, &both.rx), 0);
        channel = il_shared_sender_channel(&both.tx);
        il_shared_channel_set_destroy(channel, drop_both, &n);
        assert_int_equal(il_shared_sender_try_send(&both.tx, &both), 0);
        if (i == 0)
            assert_int_equal(il_shared_channel_close_now(channel), 0);
        else
            il_shared_channel_fini(channel);
        assert_int_equal(n, 1);
    }
}

static void
test_shared_ends_receiver_of_a_closed_channel_gets_the_rest(void **state)
{
    struct ends e;
    il_shared_receiver late = IL_SHARED_RECEIVER_INIT;

    (void)state;
    open_ends(&e, 2);
    give(&e.tx, 1);
    il_shared_sender_drop(&e.tx);
    assert_int_equal(il_shared_receiver_clone(&e.rx, &late), 0);
    il_shared_receiver_drop(&e.rx);
    assert_receives(&late, 1);
    assert_ended(&late);
    il_shared_receiver_drop(&late);
}

/* --- cancels ---------------------------------------------------------------- */

static void test_shared_ends_cancelled_user_drops_its_end(void **state)
{
    struct fixture *f = *state;
    struct ends e;
    struct user a = { .value = 1 };
    struct user b = { .value = 2 };
    il_task *task;

    open_ends(&e, 0);
    assert_int_equal(il_shared_sender_clone(&e.tx, &a.tx), 0);
    b.tx = e.tx;
    assert_int_equal(il_spawn(NULL, send_one, &a, &task), 0);
    assert_int_equal(il_spawn(NULL, send_one, &b, NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_receives(&e.rx, 2);
    settle(f);
    assert_int_equal(a.r, -ECANCELED);
    assert_int_equal(b.r, 0);
    assert_int_equal(reap(task), 0);
    assert_ended(&e.rx);
    il_shared_receiver_drop(&e.rx);
}

/* Granted, then cancelled, then the other side goes: the value is received. */
static void
test_shared_ends_value_wins_over_a_late_cancel_and_drop(void **state)
{
    struct fixture *f = *state;
    struct ends e;
    struct user v = { .r = 0 };
    il_task *task;

    open_ends(&e, 0);
    v.rx = e.rx;
    assert_int_equal(il_spawn(NULL, receive_one, &v, &task), 0);
    give(&e.tx, 5);
    assert_int_equal(il_task_cancel(task), 0);
    il_shared_sender_drop(&e.tx);
    settle(f);
    assert_int_equal(v.r, 0);
    assert_int_equal(v.value, 5);
    assert_int_equal(reap(task), 0);
}

/* --- whose storage ---------------------------------------------------------- */

static void test_shared_ends_close_a_channel_of_the_caller(void **state)
{
    il_shared_channel channel;
    il_shared_sender tx;
    il_shared_receiver rx;

    (void)state;
    assert_int_equal(il_shared_channel_init(&channel, sizeof(int), 2), 0);
    assert_int_equal(il_shared_sender_init(&tx, &channel), 0);
    assert_ptr_equal(il_shared_sender_channel(&tx), &channel);
    give(&tx, 1);
    il_shared_sender_drop(&tx); /* the last one, and no receiver was counted */
    assert_true(il_shared_channel_is_closed(&channel));
    assert_int_equal(il_shared_sender_init(&tx, &channel), -EPIPE);
    assert_int_equal(il_shared_receiver_init(&rx, &channel), 0);
    assert_ptr_equal(il_shared_receiver_channel(&rx), &channel);
    assert_receives(&rx, 1);
    il_shared_receiver_drop(&rx);
    il_shared_channel_fini(&channel);
}

static void
test_shared_ends_of_a_channel_that_was_ended_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct ends e;
    struct user v = { .r = 0 };
    int value = 7;

    open_ends(&e, 2);
    assert_int_equal(il_shared_receiver_clone(&e.rx, &v.rx), 0);
    assert_int_equal(il_spawn(NULL, receive_one, &v, NULL), 0);
    il_shared_channel_fini(il_shared_sender_channel(&e.tx));
    settle(f);
    assert_int_equal(v.r, -EOWNERDEAD);
    assert_int_equal(il_shared_sender_try_send(&e.tx, &value), -EINVAL);
    assert_int_equal(il_shared_receiver_try_receive(&e.rx, &value), -EINVAL);
    assert_int_equal(il_shared_sender_clone(&e.tx, &e.tx), -EINVAL);
    il_shared_receiver_drop(&e.rx);
    il_shared_sender_drop(
        &e.tx); /* ASan would tell if this were not the last */
}

/* A copy that is dropped, too, is a mistake that takes nobody's storage while
 * there are ends of the other kind. */
static void test_shared_ends_dropped_once_too_often_count_once(void **state)
{
    struct ends e;
    il_shared_sender copy;

    (void)state;
    open_ends(&e, 1);
    copy = e.tx;
    il_shared_sender_drop(&e.tx);
    il_shared_sender_drop(&copy);
    assert_null(il_shared_sender_channel(&copy));
    assert_ended(&e.rx);
    il_shared_receiver_drop(&e.rx);
}

static void test_shared_ends_misuse_is_refused(void **state)
{
    il_shared_channel zeros = { 0 };
    il_shared_sender tx = IL_SHARED_SENDER_INIT;
    il_shared_receiver rx = IL_SHARED_RECEIVER_INIT;
    struct ends e;
    int value = 7;

    (void)state;
    assert_int_equal(il_shared_channel_open(0, 1, &tx, &rx), -EINVAL);
    assert_int_equal(il_shared_channel_open(4, 1, NULL, &rx), -EINVAL);
    assert_int_equal(il_shared_channel_open(4, 1, &tx, NULL), -EINVAL);
    assert_int_equal(il_shared_channel_open(16, SIZE_MAX / 8, &tx, &rx),
                     -ENOMEM);
    assert_int_equal(il_shared_channel_open(SIZE_MAX, 1, &tx, &rx), -ENOMEM);
    assert_int_equal(il_shared_channel_open(SIZE_MAX, 0, &tx, &rx), -ENOMEM);
    assert_null(tx.channel);
    assert_null(rx.channel);
    for (int i = 0; i < 2; i++) {
        il_shared_channel *c = i == 0 ? NULL : &zeros;

        assert_int_equal(il_shared_sender_init(&tx, c), -EINVAL);
        assert_int_equal(il_shared_receiver_init(&rx, c), -EINVAL);
    }
    assert_int_equal(il_shared_sender_clone(NULL, &tx), -EINVAL);
    assert_int_equal(il_shared_receiver_clone(&rx, &rx), -EINVAL);
    assert_int_equal(il_shared_sender_send(NULL, &value, 0), -EINVAL);
    assert_int_equal(il_shared_sender_try_send(&tx, &value), -EINVAL);
    assert_int_equal(il_shared_receiver_receive(&rx, &value, 0), -EINVAL);
    assert_int_equal(il_shared_receiver_try_receive(NULL, &value), -EINVAL);
    assert_null(il_shared_sender_channel(NULL));
    assert_null(il_shared_receiver_channel(&rx));
    il_shared_sender_drop(NULL);
    il_shared_sender_drop(&tx);
    il_shared_receiver_drop(NULL);
    il_shared_receiver_drop(&rx);

    open_ends(&e, 1);
    assert_int_equal(il_shared_sender_init(NULL, e.tx.channel), -EINVAL);
    assert_int_equal(il_shared_receiver_init(NULL, e.rx.channel), -EINVAL);
    e.tx.channel->n_senders = UINT_MAX;
    assert_int_equal(il_shared_sender_clone(&e.tx, &tx), -EOVERFLOW);
    e.tx.channel->n_senders = 1;
    assert_null(tx.channel);
    il_shared_sender_drop(&e.tx);
    il_shared_receiver_drop(&e.rx);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shared_ends_last_sender_ends_receivers_after_what_is_left),
        TEST_REAL(test_shared_ends_last_sender_wakes_tasks_and_threads),
        TEST(test_shared_ends_last_receiver_fails_senders_and_destroys),
        TEST_REAL(test_shared_ends_last_receiver_wakes_senders_who_keep_theirs),
        TEST(test_shared_ends_dropped_in_any_order_free_all),
        TEST(test_shared_ends_in_their_own_channel_do_not_keep_it),
        TEST(test_shared_ends_in_their_own_channel_go_when_it_is_closed),
        TEST(test_shared_ends_receiver_of_a_closed_channel_gets_the_rest),
        TEST(test_shared_ends_cancelled_user_drops_its_end),
        TEST(test_shared_ends_value_wins_over_a_late_cancel_and_drop),
        TEST(test_shared_ends_close_a_channel_of_the_caller),
        TEST(test_shared_ends_of_a_channel_that_was_ended_are_dropped),
        TEST(test_shared_ends_dropped_once_too_often_count_once),
        TEST(test_shared_ends_misuse_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
