/* SPDX-License-Identifier: MIT */

/* scenarios_queue.c - ends of channels, one-shots, queues, broadcasts, watches. */

#include "config.h"

#include "scenario_tools.h"

#include <interloop/cleanup.h>

#include <stdio.h>
#include <string.h>

/* --- ends ----------------------------------------------------------------------- */

struct seller {
    il_sender tx;
    int first;
};

static int sell_100(void *arg)
{
    const struct seller *seller = arg;
    IL_CLEANUP(il_sender) il_sender tx = seller->tx;

    for (int i = 0; i < 100; i++) {
        int value = seller->first + i;

        CHECK_INT(il_sender_send(&tx, &value), 0);
        if (i % 30 == 0)
            CHECK_INT(il_sleep(IL_MS(1)), 0);
    }
    return 0;
}

static int last_sender_ends_the_receiver(void *arg)
{
    struct seller seller = { .first = 0 };
    il_receiver rx;
    il_group group;
    bool seen[300] = { false };
    int n = 0;
    int value;
    int r;

    (void)arg;
    CHECK_INT(il_channel_open(sizeof(int), 2, &seller.tx, &rx), 0);
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 3; i++) {
        struct seller one = { .first = 100 * i };

        CHECK_INT(il_sender_clone(&seller.tx, &one.tx), 0);
        CHECK_INT(il_spawn_copy(&group, sell_100, &one, sizeof one, NULL), 0);
    }
    il_sender_drop(&seller.tx);
    while ((r = il_receiver_receive(&rx, &value)) == 0) {
        if (!CHECK(value >= 0 && value < 300))
            continue;
        CHECK(!seen[value]);
        seen[value] = true;
        n++;
    }
    CHECK_INT(r, -EPIPE);
    CHECK_INT(n, 300);
    il_receiver_drop(&rx);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static int sell_until_nobody_buys(void *arg)
{
    const struct seller *seller = arg;
    IL_CLEANUP(il_sender) il_sender tx = seller->tx;
    int value = 0;
    int r;

    while ((r = il_sender_send(&tx, &value)) == 0)
        value++;
    CHECK_INT(r, -EPIPE);
    return value;
}

static int last_receiver_ends_the_sender(void *arg)
{
    struct seller seller = { .first = 0 };
    il_receiver rx;
    il_task *task;
    int result = 0;
    int value = -1;

    (void)arg;
    CHECK_INT(il_channel_open(sizeof(int), 2, &seller.tx, &rx), 0);
    CHECK_INT(il_spawn(NULL, sell_until_nobody_buys, &seller, &task), 0);
    for (int i = 0; i < 10; i++)
        CHECK_INT(il_receiver_receive(&rx, &value), 0);
    CHECK_INT(value, 9);
    il_receiver_drop(&rx);
    CHECK_INT(il_task_join(task, &result), 0);
    CHECK(result >= 10 && result <= 12); /* two may have been in the channel */
    il_task_unref(task);
    return 0;
}

/* --- one-shots -------------------------------------------------------------------- */

static void answer_late(void *sender)
{
    int value = 5;

    CHECK_INT(il_oneshot_send(sender, &value), 0);
}

static void say_nothing(void *sender)
{
    il_sender_drop(sender);
}

/* From a callback, as where a library calls back. */
static int oneshot_is_answered_by_a_callback(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        il_sender tx;
        il_receiver rx;
        il_timer timer = IL_TIMER_INIT(i ? say_nothing : answer_late, &tx);
        int value = 0;

        CHECK_INT(il_oneshot_open(sizeof(int), &tx, &rx), 0);
        CHECK_INT(
            il_timer_start(il_loop_current(), &timer, il_deadline(IL_MS(2))),
            0);
        CHECK_INT(il_receiver_receive(&rx, &value), i ? -EPIPE : 0);
        CHECK_INT(value, i ? 0 : 5);
        il_receiver_drop(&rx);
    }
    return 0;
}

/* --- queues ------------------------------------------------------------------------ */

struct shop {
    il_queue queue;
    struct trace trace;
};

static int by_letter(const void *a, const void *b, void *arg)
{
    (void)arg;
    return *(const char *)a - *(const char *)b;
}

static int work(void *arg)
{
    struct shop *shop = arg;
    char word[2] = "";
    int r;

    while ((r = il_queue_get(&shop->queue, word)) == 0) {
        CHECK_INT(il_sleep(IL_MS(1)), 0);
        trace_add(&shop->trace, word);
        CHECK_INT(il_queue_task_done(&shop->queue), 0);
    }
    CHECK_INT(r, -EPIPE);
    return 0;
}

static int queue_is_worked_off_by_priority(void *arg)
{
    static const char words[] = "qkcdxa";
    struct shop shop = { .trace = { .length = 0 } };
    il_task *task;

    (void)arg;
    CHECK_INT(il_queue_init_priority(&shop.queue, 1, 4, by_letter, NULL), 0);
    CHECK_INT(il_spawn_lazy(NULL, work, &shop, &task), 0);
    for (const char *word = words; *word; word++)
        CHECK_INT(il_queue_put(&shop.queue, word), 0);
    CHECK_INT(il_queue_join(&shop.queue), 0);
    /* The others had to wait for room. */
    CHECK_TRACE(&shop.trace, "c d a k q x");
    CHECK_INT(il_queue_close(&shop.queue), 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    il_task_unref(task);
    il_queue_fini(&shop.queue);
    return 0;
}

/* --- broadcasts and watches ----------------------------------------------------------- */

struct studio {
    il_broadcast station;
    il_watch watch;
    int heard;
    int missed;
    int seen;
};

static int listen_to(void *arg)
{
    struct studio *studio = arg;
    il_subscriber radio;
    uint64_t missed;
    int value;
    int r;

    CHECK_INT(il_subscriber_init(&radio, &studio->station), 0);
    while ((r = il_subscriber_receive(&radio, &value, &missed)) == 0) {
        studio->heard++;
        studio->missed += (int)missed;
        CHECK_INT(studio->heard + studio->missed, value);
        if (value == 3)
            CHECK_INT(il_sleep(IL_MS(1)), 0);
    }
    CHECK_INT(r, -EPIPE);
    il_subscriber_fini(&radio);
    return 0;
}

static int look(void *arg)
{
    struct studio *studio = arg;
    uint64_t version = 0;
    int r;

    while ((r = il_watch_next(&studio->watch, &version, &studio->seen)) == 0)
        CHECK_INT(version, studio->seen);
    CHECK_INT(r, -EPIPE);
    return 0;
}

static int news_are_heard_and_seen(void *arg)
{
    struct studio studio = { .heard = 0 };
    il_group group;

    (void)arg;
    CHECK_INT(il_broadcast_init(&studio.station, sizeof(int), 2), 0);
    CHECK_INT(il_watch_init(&studio.watch, sizeof(int)), 0);
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, listen_to, &studio, NULL), 0);
    CHECK_INT(il_spawn(&group, look, &studio, NULL), 0);
    for (int i = 1; i <= 50; i++) {
        CHECK_INT(il_broadcast_send(&studio.station, &i), 0);
        CHECK_INT(il_watch_set(&studio.watch, &i), 0);
        if (i <= 3)
            CHECK_INT(il_yield(), 0);
    }
    CHECK_INT(il_broadcast_close(&studio.station), 0);
    CHECK_INT(il_watch_close(&studio.watch), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(studio.heard, 5); /* 1, 2, 3, and the last two */
    CHECK_INT(studio.missed, 45);
    CHECK_INT(studio.seen, 50);
    il_broadcast_fini(&studio.station);
    il_watch_fini(&studio.watch);
    return 0;
}

const struct scenario scenarios_queue[] = {
    { "the last sender ends the receiver", last_sender_ends_the_receiver },
    { "the last receiver ends the sender", last_receiver_ends_the_sender },
    { "a one-shot is answered by a callback",
      oneshot_is_answered_by_a_callback },
    { "a queue is worked off by priority", queue_is_worked_off_by_priority },
    { "news are heard and seen", news_are_heard_and_seen },
    { NULL, NULL },
};
