/* SPDX-License-Identifier: MIT */

/* hearers.c - broadcasts of numbers, and who listens. */

#include "hearers.h"

int hear_some(void *arg)
{
    struct hearer *l = arg;

    for (int i = 0; i < l->wants; i++) {
        l->r = 1;
        l->value = 77;
        l->missed = 99;
        l->r = il_subscriber_receive(l->subscriber, &l->value, &l->missed);
        if (l->r < 0)
            break;
        note("%s%d", l->name, l->value);
        for (uint64_t n = 0; n < l->missed; n++)
            note("-");
    }
    return 0;
}

void make_broadcast(il_broadcast *broadcast, size_t capacity)
{
    assert_int_equal(il_broadcast_init(broadcast, sizeof(int), capacity), 0);
}

void subscribe(il_subscriber *subscriber, il_broadcast *broadcast)
{
    assert_int_equal(il_subscriber_init(subscriber, broadcast), 0);
}

void say(il_broadcast *broadcast, int value)
{
    assert_int_equal(il_broadcast_send(broadcast, &value), 0);
}

void assert_hears(il_subscriber *subscriber, int expected, int missed)
{
    uint64_t n = 99;
    int value = -1;

    assert_int_equal(il_subscriber_try_receive(subscriber, &value, &n), 0);
    assert_int_equal(value, expected);
    assert_int_equal(n, missed);
}

void assert_silent(il_subscriber *subscriber, int why)
{
    uint64_t n = 99;
    int value = 99;

    assert_int_equal(il_subscriber_try_receive(subscriber, &value, &n), why);
    assert_int_equal(value, 99);
    assert_int_equal(n, 99);
    assert_int_equal(il_subscriber_count(subscriber), 0);
}
