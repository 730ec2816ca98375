/* SPDX-License-Identifier: MIT */

/* test_ends.c - the last end closes the channel, whoever has it. */

#include <interloop/cleanup.h>

#include "support/end_users.h"
#include "support/fixture.h"

#include <errno.h>

static void count_destroyed(void *element, void *arg)
{
    (void)element;
    ++*(int *)arg;
}

static int receive_all(void *arg)
{
    struct end_user *user = arg;
    IL_CLEANUP(il_receiver) il_receiver rx = user->rx;

    while ((user->r = il_receiver_receive(&rx, &user->value)) == 0)
        note("r%d", user->value);
    note("%s", il_strerror(user->r));
    return 0;
}

/* --- the last sender -------------------------------------------------------- */

static void
test_ends_last_sender_ends_receivers_after_what_is_left(void **state)
{
    struct ends e = open_ends(4);
    il_sender other;

    (void)state;
    assert_int_equal(il_sender_clone(&e.tx, &other), 0);
    send_now(&e.tx, 1);
    send_now(&other, 2);
    il_sender_drop(&e.tx);
    assert_null(il_sender_channel(&e.tx));
    send_now(&other, 3);
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
        struct end_user a = { .rx = e.rx };
        struct end_user b = { .r = 0 };

        forget_notes();
        assert_int_equal(il_receiver_clone(&e.rx, &b.rx), 0);
        assert_int_equal(il_spawn(NULL, receive_and_drop, &a, NULL), 0);
        assert_int_equal(il_spawn(NULL, receive_and_drop, &b, NULL), 0);
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
    struct end_user v = { .rx = e.rx };
    struct end_user s[5];

    assert_int_equal(il_spawn(NULL, receive_all, &v, NULL), 0);
    for (int i = 0; i < 5; i++) {
        s[i] = (struct end_user){ .value = i };
        assert_int_equal(il_sender_clone(&e.tx, &s[i].tx), 0);
        assert_int_equal(il_spawn_lazy(NULL, send_and_drop, &s[i], NULL), 0);
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
        send_now(&e.tx, i);
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
    struct end_user a = { .value = 2 };
    struct end_user b = { .value = 3 };

    il_channel_set_destroy(il_sender_channel(&e.tx), count_destroyed,
                           &e.n_destroyed);
    send_now(&e.tx, 1);
    assert_int_equal(il_sender_clone(&e.tx, &a.tx), 0);
    b.tx = e.tx;
    assert_int_equal(il_spawn(NULL, send_and_drop, &a, NULL), 0);
    assert_int_equal(il_spawn(NULL, send_and_drop, &b, NULL), 0);
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
        send_now(&e.tx, 1);
        send_now(&e.tx, 2);
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

struct both {
    il_sender tx;
    il_receiver rx;
};

static void drop_both(void *element, void *arg)
{
    struct both *both = element;

    ++*(int *)arg;
    il_sender_drop(&both->tx);
    il_receiver_drop(&both->rx);
}

/* Nobody has an end but the channel itself.  Closed by its address, it was freed
 * while it was looked through. */
static void test_ends_in_their_own_channel_go_when_it_is_closed(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct both both;
        il_channel *channel;
        int n = 0;

        assert_int_equal(il_channel_open(sizeof both, 2, &both.tx, &both.rx),
                         0);
        channel = il_sender_channel(&both.tx);
        il_channel_set_destroy(channel, drop_both, &n);
        assert_int_equal(il_sender_try_send(&both.tx, &both), 0);
        if (i == 0)
            assert_int_equal(il_channel_close_now(channel), 0);
        else
            il_channel_fini(channel);
        assert_int_equal(n, 1);
    }
}

/* A receiver may be made when nothing is sent any more. */
static void test_ends_receiver_of_a_closed_channel_gets_the_rest(void **state)
{
    struct ends e = open_ends(2);
    il_receiver late = IL_RECEIVER_INIT;

    (void)state;
    send_now(&e.tx, 1);
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
    send_now(&tx, 1);
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
    struct end_user v = { .r = 0 };
    il_channel *channel = il_sender_channel(&e.tx);
    int value = 7;

    il_channel_set_destroy(channel, count_destroyed, &e.n_destroyed);
    assert_int_equal(il_receiver_clone(&e.rx, &v.rx), 0);
    assert_int_equal(il_spawn(NULL, receive_and_drop, &v, NULL), 0);
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
        TEST(test_ends_in_their_own_channel_go_when_it_is_closed),
        TEST(test_ends_receiver_of_a_closed_channel_gets_the_rest),
        TEST(test_ends_close_a_channel_of_the_caller),
        TEST(test_ends_of_a_channel_that_was_ended_are_dropped),
        TEST(test_ends_dropped_tell_a_select),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
