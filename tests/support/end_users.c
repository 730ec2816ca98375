/* SPDX-License-Identifier: MIT */

/* end_users.c - channels with counted ends, and who uses them. */

#include "end_users.h"

#include <interloop/cleanup.h>

#include <errno.h>

struct ends open_ends(size_t capacity)
{
    struct ends e = { .n_destroyed = 0 };

    assert_int_equal(il_channel_open(sizeof(int), capacity, &e.tx, &e.rx), 0);
    return e;
}

int send_and_drop(void *arg)
{
    struct end_user *user = arg;
    IL_CLEANUP(il_sender) il_sender tx = user->tx;

    user->r = 1;
    user->r = il_sender_send(&tx, &user->value);
    note("s%d:%s", user->value, il_strerror(user->r));
    return 0;
}

int receive_and_drop(void *arg)
{
    struct end_user *user = arg;
    IL_CLEANUP(il_receiver) il_receiver rx = user->rx;

    user->r = 1;
    user->value = 77;
    user->r = il_receiver_receive(&rx, &user->value);
    note("r%d:%s", user->value, il_strerror(user->r));
    return 0;
}

void send_now(const il_sender *tx, int value)
{
    assert_int_equal(il_sender_try_send(tx, &value), 0);
}

void assert_receives(const il_receiver *rx, int expected)
{
    int value = -1;

    assert_int_equal(il_receiver_try_receive(rx, &value), 0);
    assert_int_equal(value, expected);
}

void assert_ended(const il_receiver *rx)
{
    int value = 99;

    assert_int_equal(il_receiver_try_receive(rx, &value), -EPIPE);
    assert_int_equal(il_receiver_receive(rx, &value), -EPIPE);
    assert_int_equal(value, 99);
}
