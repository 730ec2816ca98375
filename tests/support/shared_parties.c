/* SPDX-License-Identifier: MIT */

/* shared_parties.c - channels of numbers between threads, and who uses them. */

#include "shared_parties.h"

#include "check.h"
#include "gates.h"

#include <errno.h>
#include <stdint.h>

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

void *send_until_closed(void *channel)
{
    intptr_t n = 0;
    int r;

    for (;;) {
        int value = (int)n;

        r = il_shared_channel_send(channel, &value, IL_FOREVER);
        if (r < 0)
            break;
        n++;
    }
    CHECK_INT(r, -EPIPE);
    return (void *)n;
}

/* --- abandoned ---------------------------------------------------------------- */

struct visit {
    il_shared_channel channel;
    il_task_fn *fn;
};

static void keep_quiet(const il_report *report, void *arg)
{
    (void)report;
    (void)arg;
}

static void *run_briefly(void *arg)
{
    struct visit *visit = arg;
    il_loop *loop = NULL;

    CHECK_INT(il_loop_new(&loop), 0);
    il_loop_set_report_handler(loop, keep_quiet, NULL);
    CHECK_INT(il_spawn(NULL, visit->fn, &visit->channel, NULL), 0);
    (void)il_loop_turn(loop, 0);
    CHECK_INT(il_loop_close(loop, IL_US(50)), -ETIMEDOUT);
    il_loop_unref(loop);
    return NULL;
}

void outlive_abandoned_receivers(il_task_fn *fn)
{
    for (int round = 0; round < 30; round++) {
        struct visit visit = { .fn = fn };
        pthread_t sender;
        int value = -1;

        init_shared(&visit.channel, (size_t)round % 3);
        sender = start_thread(send_until_closed, &visit.channel);
        join_thread(start_thread(run_briefly, &visit));
        assert_int_equal(
            il_shared_channel_receive(&visit.channel, &value, IL_FOREVER), 0);
        assert_int_equal(il_shared_channel_close(&visit.channel), 0);
        join_thread(sender);
        il_shared_channel_fini(&visit.channel);
    }
}
