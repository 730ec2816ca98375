/* SPDX-License-Identifier: MIT */

/* test_explore_shared.c - shared channels used by the tasks of one thread, in every
 * order, cancelled everywhere.
 *
 * In one thread a cancel never meets a grant that another thread makes at the
 * same time; test_shared_*.c have that.  But who is served, who leaves and what
 * becomes of an element is decided by the same lines, and here each of their
 * orders comes. */

#include "support/exploring.h"

#include <interloop/cleanup.h>

#include <string.h>

/* What was said to be sent, and how often it came, or was disposed of. */
enum { N_SENDERS = 2, EACH = 2, N_VALUES = N_SENDERS * EACH };

static bool was_sent[N_VALUES];
static int came[N_VALUES];
static int
    last_of[N_SENDERS]; /* the latest that one receiver has got of each */

static int victim; /* number of the task that is cancelled */

static size_t capacity;

static int forget_values(void *arg)
{
    (void)arg;
    memset(was_sent, 0, sizeof was_sent);
    memset(came, 0, sizeof came);
    memset(last_of, -1, sizeof last_of);
    return 0;
}

static void note_came(int value)
{
    if (HOLDS(value >= 0 && value < N_VALUES))
        came[value]++;
}

static void dispose(void *element, void *arg)
{
    (void)arg;
    note_came(*(int *)element);
}

static int all_came_once(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    for (int i = 0; i < N_VALUES; i++)
        HOLDS(came[i] == was_sent[i]);
    return verdict();
}

/* --- channels and their ends ---------------------------------------------------- */

struct trader {
    il_shared_sender tx;
    il_shared_receiver rx;
    int number;
    il_time timeout;
};

static bool has_failed_well(int r)
{
    return r == -ECANCELED || r == -EPIPE || r == -ETIMEDOUT;
}

static int sell(void *arg)
{
    const struct trader *me = arg;
    il_auto(il_shared_sender) tx = me->tx;
    int r = 0;

    for (int i = 0; i < EACH && r == 0; i++) {
        int value = me->number * EACH + i;

        if (i > 0)
            (void)il_yield();
        r = il_shared_sender_send(&tx, &value, me->timeout);
        HOLDS(r == 0 || has_failed_well(r));
        HOLDS(r == 0 || came[value] == 0);
        was_sent[value] = r == 0;
    }
    return r == -ECANCELED ? r : 0;
}

/* Takes two at most, and leaves. */
static int buy(void *arg)
{
    const struct trader *me = arg;
    il_auto(il_shared_receiver) rx = me->rx;
    int r = 0;

    for (int i = 0; i < 2 && r == 0; i++) {
        int value = -1;

        r = il_shared_receiver_receive(&rx, &value, me->timeout);
        HOLDS(r == 0 || has_failed_well(r));
        HOLDS(r == 0 || value == -1);
        if (r == 0)
            note_came(value);
        (void)il_yield();
    }
    return r == -ECANCELED ? r : 0;
}

static int trade(void *arg)
{
    il_time timeout = *(const il_time *)arg;
    il_group group;
    il_shared_sender tx;
    il_shared_receiver rx;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    HOLDS(il_shared_channel_open(sizeof(int), capacity, &tx, &rx) == 0);
    il_shared_channel_set_destroy(il_shared_sender_channel(&tx), dispose, NULL);
    for (int i = 0; i < 4; i++) {
        struct trader trader = { .number = i, .timeout = timeout };

        /* Who came before may be done with the channel already. */
        if (i < N_SENDERS ? il_shared_sender_clone(&tx, &trader.tx) < 0
                          : il_shared_receiver_clone(&rx, &trader.rx) < 0)
            continue;
        start_part(&group, i < N_SENDERS ? sell : buy, &trader, sizeof trader,
                   i == victim);
    }
    il_shared_sender_drop(&tx);
    il_shared_receiver_drop(&rx);
    return il_group_close(&group);
}

static il_time for_ever = IL_FOREVER;
static il_time a_while = IL_MS(5);

static const il_test_scenario market = { .name = "shared ends",
                                         .body = trade,
                                         .arg = &for_ever,
                                         .setup = forget_values,
                                         .check = all_came_once };

static const il_test_scenario hasty = { .name = "shared ends in time",
                                        .body = trade,
                                        .arg = &a_while,
                                        .setup = forget_values,
                                        .check = all_came_once };

static void test_explore_shared_ends_leave_nobody_behind(void **state)
{
    (void)state;
    for (capacity = 0; capacity < 2; capacity++)
        for (victim = 1; victim < 4; victim += 2)
            explore_some(&market, 1500);
}

static void test_explore_shared_ends_with_time_limits_lose_nothing(void **state)
{
    (void)state;
    for (capacity = 0; capacity < 2; capacity++)
        for (victim = 1; victim < 4; victim += 2)
            explore_some(&hasty, 1000);
}

static void test_inject_shared_ends_leave_nobody_behind(void **state)
{
    (void)state;
    for (capacity = 0; capacity < 3; capacity++)
        for (victim = 0; victim < 4; victim++)
            inject_all(&market, 0);
}

/* --- channels that close, and order ---------------------------------------------- */

static il_shared_channel channel;

static int open_channel(void *arg)
{
    (void)forget_values(arg);
    if (il_shared_channel_init(&channel, sizeof(int), capacity) < 0)
        return -ENOMEM;
    il_shared_channel_set_destroy(&channel, dispose, NULL);
    return 0;
}

static int check_channel(void *arg, int result)
{
    il_shared_channel_fini(&channel);
    return all_came_once(arg, result);
}

static int send_in_order(void *arg)
{
    int number = *(const int *)arg;
    int r = 0;

    for (int i = 0; i < EACH && r == 0; i++) {
        int value = number * EACH + i;

        r = il_shared_channel_send(&channel, &value, IL_FOREVER);
        HOLDS(r == 0 || has_failed_well(r));
        was_sent[value] = r == 0;
    }
    return r == -ECANCELED ? r : 0;
}

/* Of each sender what it sent first comes first. */
static int receive_in_order(void *arg)
{
    int r = 0;

    (void)arg;
    for (int n = 0; n < N_VALUES && r == 0; n++) {
        int value = -1;

        r = il_shared_channel_receive(&channel, &value, IL_FOREVER);
        HOLDS(r == 0 || has_failed_well(r));
        if (r < 0)
            break;
        note_came(value);
        HOLDS(value % EACH > last_of[value / EACH]);
        last_of[value / EACH] = value % EACH;
    }
    return r == -ECANCELED ? r : 0;
}

/* Late, or in the midst of it. */
static int close_channel(void *arg)
{
    int r = 0;

    (void)arg;
    for (int i = 0; i < 2 && r == 0; i++)
        r = il_yield();
    HOLDS(il_shared_channel_close_now(&channel) == 0);
    HOLDS(il_shared_channel_count(&channel) == 0);
    return r;
}

static int stream(void *arg)
{
    static il_task_fn *const fns[] = { send_in_order, send_in_order,
                                       receive_in_order, close_channel };

    (void)arg;
    return play_parts(fns, 4, victim);
}

static const il_test_scenario streaming = { .name = "shared channel",
                                            .body = stream,
                                            .setup = open_channel,
                                            .check = check_channel };

static void test_explore_shared_channel_closed_at_any_time(void **state)
{
    (void)state;
    for (capacity = 0; capacity < 3; capacity++)
        for (victim = 0; victim < 4; victim++)
            explore_some(&streaming, 1000);
}

static void test_inject_shared_channel_closed_at_any_time(void **state)
{
    (void)state;
    for (capacity = 0; capacity < 3; capacity++)
        for (victim = 0; victim < 4; victim++)
            inject_all(&streaming, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_shared_ends_leave_nobody_behind),
        BARE_TEST(test_explore_shared_ends_with_time_limits_lose_nothing),
        BARE_TEST(test_inject_shared_ends_leave_nobody_behind),
        BARE_TEST(test_explore_shared_channel_closed_at_any_time),
        BARE_TEST(test_inject_shared_channel_closed_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
