/* SPDX-License-Identifier: MIT */

/* shared_parties.c - channels of numbers between threads, and who uses them. */

#include "shared_parties.h"

#include "check.h"

struct party party(il_shared_channel *channel, int value)
{
    return (struct party){ channel, IL_FOREVER, value, 1, 1 };
}

int send_one(void *arg)
{
    struct party *p = arg;

    p->r = il_shared_channel_send(p->channel, &p->value, p->timeout);
    if (p->r == 0)
        note("s%d", p->value);
    p->next = il_yield();
    return 0;
}

int receive_one(void *arg)
{
    struct party *p = arg;

    p->r = il_shared_channel_receive(p->channel, &p->value, p->timeout);
    if (p->r == 0)
        note("r%d", p->value);
    p->next = il_yield();
    return 0;
}

void init_shared(il_shared_channel *channel, size_t capacity)
{
    assert_int_equal(il_shared_channel_init(channel, sizeof(int), capacity), 0);
}

void give_shared(il_shared_channel *channel, int value)
{
    assert_int_equal(il_shared_channel_try_send(channel, &value), 0);
}

int take_shared(il_shared_channel *channel)
{
    int value = -1;

    assert_int_equal(il_shared_channel_try_receive(channel, &value), 0);
    return value;
}
