/* SPDX-License-Identifier: MIT */

/* test_explore_streams.c - queues, broadcasts, watches and ends of channels in every
 * order, cancelled everywhere. */

#include "support/exploring.h"

#include <string.h>

enum { N_VALUES = 4 };

/* --- queues --------------------------------------------------------------------- */

enum order { FIFO, LIFO, SMALLEST };

static struct {
    il_queue queue;
    enum order order;
    int put[N_VALUES];
    int got[N_VALUES];
    int putters_left;
    bool is_joined;
} desk;

static int compare(const void *a, const void *b, void *arg)
{
    (void)arg;
    return *(const int *)a - *(const int *)b;
}

static int desk_setup(void *arg)
{
    (void)arg;
    memset(desk.put, 0, sizeof desk.put);
    memset(desk.got, 0, sizeof desk.got);
    desk.putters_left = 2;
    desk.is_joined = false;
    if (desk.order == LIFO)
        return il_queue_init_lifo(&desk.queue, sizeof(int), 2);
    if (desk.order == SMALLEST)
        return il_queue_init_priority(&desk.queue, sizeof(int), 1, compare,
                                      NULL);
    return il_queue_init(&desk.queue, sizeof(int), 1);
}

static int put_two(int first)
{
    int r = 0;

    for (int value = first; value < first + 2 && r == 0; value++) {
        r = il_queue_put(&desk.queue, &value);
        HOLDS(r == 0 || r == -ECANCELED);
        desk.put[value] += r == 0;
    }
    if (--desk.putters_left == 0)
        HOLDS(il_queue_close(&desk.queue) == 0);
    return r;
}

static int put_low(void *arg)
{
    (void)arg;
    return put_two(0);
}

static int put_high(void *arg)
{
    (void)arg;
    return put_two(2);
}

static int get_all(void *arg)
{
    int value;
    int r;

    (void)arg;
    while ((r = il_queue_get(&desk.queue, &value)) == 0) {
        if (HOLDS(value >= 0 && value < N_VALUES))
            desk.got[value]++;
        (void)il_yield();
        HOLDS(il_queue_task_done(&desk.queue) == 0);
    }
    HOLDS(r == -EPIPE || r == -ECANCELED);
    return r == -EPIPE ? 0 : r;
}

static int join_desk(void *arg)
{
    int r = il_yield();

    (void)arg;
    if (r == 0)
        r = il_queue_join(&desk.queue);
    HOLDS(r == 0 || r == -ECANCELED);
    return r;
}

static int desk_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    for (int i = 0; i < N_VALUES; i++)
        HOLDS(desk.put[i] == desk.got[i] && desk.got[i] <= 1);
    HOLDS(il_queue_count(&desk.queue) == 0);
    HOLDS(il_queue_unfinished(&desk.queue) == 0);
    il_queue_fini(&desk.queue);
    return verdict();
}

static void test_explore_queue_neither_loses_nor_doubles(void **state)
{
    struct cast cast = { { put_low, put_high, get_all, get_all, join_desk },
                         5,
                         0 };
    const il_test_scenario scenario = { .name = "queue",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = desk_setup,
                                        .check = desk_check };

    (void)state;
    for (desk.order = FIFO; desk.order <= SMALLEST; desk.order++) {
        explore_some(&scenario, 1500);
        for (cast.victim = 0; cast.victim < cast.n; cast.victim++)
            inject_all(&scenario, 0);
        cast.victim = desk.order;
    }
}

/* --- broadcasts ----------------------------------------------------------------- */

static struct {
    il_broadcast broadcast;
    int n_ended;
} radio;

static int radio_setup(void *arg)
{
    (void)arg;
    radio.n_ended = 0;
    return il_broadcast_init(&radio.broadcast, sizeof(int), 2);
}

static int broadcast_all(void *arg)
{
    int r = 0;

    (void)arg;
    for (int i = 0; i < N_VALUES; i++) {
        HOLDS(il_broadcast_send(&radio.broadcast, &i) == 0);
        r = il_yield();
    }
    HOLDS(il_broadcast_close(&radio.broadcast) == 0);
    return r < 0 ? 0 : r;
}

/* Gets everything in order, or is told how much it has missed. */
static int listen_to_all(void *arg)
{
    il_subscriber subscriber;
    int next = 0;
    int r = il_subscriber_init(&subscriber, &radio.broadcast);

    (void)arg;
    if (!HOLDS(r == 0))
        return r;
    for (;;) {
        uint64_t missed = 0;
        int value = -1;

        r = il_subscriber_receive(&subscriber, &value, &missed);
        if (r < 0)
            break;
        HOLDS(value == next + (int)missed);
        next = value + 1;
        (void)il_yield();
        (void)il_yield();
    }
    HOLDS(r == -EPIPE ? next == N_VALUES : r == -ECANCELED);
    radio.n_ended++;
    il_subscriber_fini(&subscriber);
    return r == -EPIPE ? 0 : r;
}

static int radio_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(radio.n_ended == 2);
    il_broadcast_fini(&radio.broadcast);
    return verdict();
}

static void test_explore_broadcast_counts_what_is_missed(void **state)
{
    struct cast cast = { { listen_to_all, listen_to_all, broadcast_all },
                         3,
                         0 };
    const il_test_scenario scenario = { .name = "broadcast",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = radio_setup,
                                        .check = radio_check };

    (void)state;
    explore_some(&scenario, 1500);
    inject_all(&scenario, 1);
}

/* --- watches -------------------------------------------------------------------- */

static struct {
    il_watch watch;
    int n_ended;
} dial;

static int dial_setup(void *arg)
{
    (void)arg;
    dial.n_ended = 0;
    return il_watch_init(&dial.watch, sizeof(int));
}

static int turn_dial(void *arg)
{
    (void)arg;
    for (int i = 1; i <= N_VALUES; i++) {
        HOLDS(il_watch_set(&dial.watch, &i) == 0);
        (void)il_yield();
    }
    HOLDS(il_watch_close(&dial.watch) == 0);
    return 0;
}

/* Sees later values only, and the last one for sure. */
static int watch_dial(void *arg)
{
    uint64_t version = 0;
    int last = 0;
    int r;

    (void)arg;
    for (;;) {
        int value = 0;

        r = il_watch_next(&dial.watch, &version, &value);
        if (r < 0)
            break;
        HOLDS(value > last && value <= N_VALUES);
        last = value;
        (void)il_yield();
        (void)il_yield();
    }
    HOLDS(r == -EPIPE ? last == N_VALUES : r == -ECANCELED);
    dial.n_ended++;
    return r == -EPIPE ? 0 : r;
}

static int dial_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(dial.n_ended == 2);
    il_watch_fini(&dial.watch);
    return verdict();
}

static void test_explore_watch_shows_the_last_value(void **state)
{
    struct cast cast = { { watch_dial, watch_dial, turn_dial }, 3, 0 };
    const il_test_scenario scenario = { .name = "watch",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = dial_setup,
                                        .check = dial_check };

    (void)state;
    explore_some(&scenario, 1500);
    inject_all(&scenario, 1);
}

/* --- ends ----------------------------------------------------------------------- */

static struct {
    int sent;
    int received;
    int victim;
} mail;

static int send_and_drop(void *arg)
{
    il_sender sender = *(const il_sender *)arg; /* it is ours now */
    int value = 1;
    int r = 0;

    for (int i = 0; i < 2 && r == 0; i++) {
        r = il_sender_send(&sender, &value);
        HOLDS(r == 0 || r == -ECANCELED || r == -EPIPE);
        mail.sent += r == 0;
    }
    il_sender_drop(&sender);
    return r == -EPIPE ? 0 : r;
}

static int receive_and_drop(void *arg)
{
    il_receiver receiver = *(const il_receiver *)arg;
    int value = 0;
    int r;

    while ((r = il_receiver_receive(&receiver, &value)) == 0)
        mail.received += value;
    HOLDS(r == -EPIPE || r == -ECANCELED);
    if (r == -ECANCELED)
        while (il_receiver_try_receive(&receiver, &value) == 0)
            mail.received += value;
    il_receiver_drop(&receiver);
    return r == -EPIPE ? 0 : r;
}

static void cast_mail(il_group *group, il_task_fn *fn, const void *end,
                      int number)
{
    il_task *task;

    HOLDS(il_spawn_copy(group, fn, end, sizeof(il_sender), &task) == 0);
    if (number == mail.victim)
        HOLDS(il_test_set_victim(task) == 0);
    (void)il_task_unref(task);
}

/* Two senders and a receiver; whoever goes first, the others hear of it. */
static int use_mail(void *arg)
{
    il_sender senders[2];
    il_receiver receiver;
    il_group group;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)arg;
    mail.sent = mail.received = 0;
    if (r < 0)
        return r;
    HOLDS(il_channel_open(sizeof(int), 1, &senders[0], &receiver) == 0);
    HOLDS(il_sender_clone(&senders[0], &senders[1]) == 0);
    cast_mail(&group, send_and_drop, &senders[0], 0);
    cast_mail(&group, send_and_drop, &senders[1], 1);
    cast_mail(&group, receive_and_drop, &receiver, 2);
    return il_group_close(&group);
}

static int mail_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(mail.sent == mail.received);
    return verdict();
}

static void test_explore_ends_tell_each_other_when_they_go(void **state)
{
    const il_test_scenario scenario = { .name = "ends",
                                        .body = use_mail,
                                        .check = mail_check };

    (void)state;
    for (mail.victim = 0; mail.victim < 3; mail.victim++) {
        explore_some(&scenario, 600);
        inject_all(&scenario, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_queue_neither_loses_nor_doubles),
        BARE_TEST(test_explore_broadcast_counts_what_is_missed),
        BARE_TEST(test_explore_watch_shows_the_last_value),
        BARE_TEST(test_explore_ends_tell_each_other_when_they_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
