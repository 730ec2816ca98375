/* SPDX-License-Identifier: MIT */

/* channel_users.c - channels of numbers, and tasks that use them. */

#include "channel_users.h"

#include <errno.h>

int send_all(void *arg)
{
    struct sender *s = arg;

    for (int i = s->first; i <= s->last; i++) {
        s->r = 1;
        s->r = il_channel_send(s->channel, &i);
        if (s->r < 0)
            break;
        note("s%d", i);
    }
    return 0;
}

int receive_some(void *arg)
{
    struct receiver *v = arg;

    for (int i = 0; i < v->wants; i++) {
        v->r = 1;
        v->value = 77;
        v->r = il_channel_receive(v->channel, &v->value);
        if (v->r < 0)
            break;
        note("r%d", v->value);
    }
    return 0;
}

int take(il_channel *channel)
{
    int value = -1;

    assert_int_equal(il_channel_try_receive(channel, &value), 0);
    return value;
}

void give(il_channel *channel, int value)
{
    assert_int_equal(il_channel_try_send(channel, &value), 0);
}

void assert_channel_empty(il_channel *channel)
{
    int value = 99;

    assert_int_equal(il_channel_try_receive(channel, &value), -EAGAIN);
    assert_int_equal(value, 99);
    assert_int_equal(il_channel_count(channel), 0);
}
