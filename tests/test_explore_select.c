/* SPDX-License-Identifier: MIT */

/* test_explore_select.c - selects that send and receive, in every order, cancelled
 * everywhere.
 *
 * Two tasks each offer a value to the other one's channel and take what comes
 * through their own, in one select; a third sends and a fourth receives alone.
 * Of what each says it has sent every value arrives once, and nothing else does;
 * nobody is left in any queue. */

#include "support/exploring.h"

#include "base/list.h"

#include <string.h>

enum { PEERS = 2, EACH = 2, VALUES = 8, PLAIN = 6 };

static struct {
    il_channel channels[PEERS];
    il_event stop;
    size_t capacity;
    bool sent[VALUES];
    bool received[VALUES];
} market;

static int market_setup(void *arg)
{
    int r = 0;

    (void)arg;
    memset(market.sent, 0, sizeof market.sent);
    memset(market.received, 0, sizeof market.received);
    market.stop = (il_event)IL_EVENT_INIT;
    for (int i = 0; i < PEERS && r == 0; i++)
        r = il_channel_init(&market.channels[i], sizeof(int), market.capacity);
    return r;
}

static void came(int value)
{
    if (!HOLDS(value >= 0 && value < VALUES))
        return;
    HOLDS(!market.received[value]);
    market.received[value] = true;
}

/* Until nothing has come for a while: the other one may be cancelled. */
static int trade(int me)
{
    int offered = me * EACH;
    int value = -1;
    il_case cases[] = {
        IL_CASE_EVENT(&market.stop),
        IL_CASE_SEND(&market.channels[1 - me], &offered),
        IL_CASE_RECEIVE(&market.channels[me], &value),
        IL_CASE_SEND(&market.channels[me], &offered),
        IL_CASE_AFTER(IL_MS(5)),
    };
    int r;

    for (;;) {
        bool wants = offered < (me + 1) * EACH;

        il_case_enable(&cases[1], wants);
        il_case_enable(&cases[3], wants);
        value = -1;
        r = il_select(cases, 5, me ? IL_SELECT_ROTATE : 0);
        HOLDS((r == 2) == (value != -1));
        if (r <= 0 || r == 4)
            return r < 0 ? r : 0;
        HOLDS(cases[r].result == 0);
        if (r == 2)
            came(value);
        else
            market.sent[offered++] = true;
    }
}

static int trade_first(void *arg)
{
    int r = trade(0);

    (void)arg;
    HOLDS(r == 0 || r == -ECANCELED);
    return r;
}

static int trade_second(void *arg)
{
    int r = trade(1);

    (void)arg;
    HOLDS(r == 0 || r == -ECANCELED);
    return r;
}

static int send_alone(void *arg)
{
    int value = PLAIN;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(7), &r) {
        r = il_channel_send(&market.channels[0], &value);
        market.sent[value] = r == 0;
    }
    return r == -ETIMEDOUT ? 0 : r;
}

static int receive_alone(void *arg)
{
    int value = -1;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(3), &r) {
        r = il_channel_receive(&market.channels[1], &value);
        HOLDS((r == 0) == (value != -1));
        if (r == 0)
            came(value);
    }
    return r == -ETIMEDOUT ? 0 : r;
}

static int market_check(void *arg, int result)
{
    int value;

    (void)arg;
    HOLDS(result == 0);
    for (int i = 0; i < PEERS; i++) {
        while (il_channel_try_receive(&market.channels[i], &value) == 0)
            came(value);
        HOLDS(ili_list_empty(&market.channels[i].senders));
        HOLDS(ili_list_empty(&market.channels[i].receivers));
        il_channel_fini(&market.channels[i]);
    }
    HOLDS(ili_list_empty(&market.stop.waiters));
    for (int i = 0; i < VALUES; i++)
        HOLDS(market.sent[i] == market.received[i]);
    return verdict();
}

static struct cast traders = { { trade_first, trade_second }, 2, 0 };
static struct cast all = {
    { trade_first, trade_second, send_alone, receive_alone }, 4, 0
};

static const il_test_scenario pair = { .name = "select with select",
                                       .body = play,
                                       .arg = &traders,
                                       .setup = market_setup,
                                       .check = market_check };
static const il_test_scenario crowd = { .name = "select among others",
                                        .body = play,
                                        .arg = &all,
                                        .setup = market_setup,
                                        .check = market_check };

static void test_explore_select_with_select(void **state)
{
    (void)state;
    for (market.capacity = 0; market.capacity < 2; market.capacity++)
        for (traders.victim = 0; traders.victim < 2; traders.victim++)
            explore_some(&pair, 3000);
}

static void test_explore_select_among_others(void **state)
{
    (void)state;
    for (market.capacity = 0; market.capacity < 2; market.capacity++)
        for (all.victim = 0; all.victim < 4; all.victim++)
            explore_some(&crowd, 1500);
}

static void test_inject_select_sends_and_receives_or_does_not(void **state)
{
    (void)state;
    for (market.capacity = 0; market.capacity < 2; market.capacity++)
        for (all.victim = 0; all.victim < 4; all.victim++)
            inject_all(&crowd, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_select_with_select),
        BARE_TEST(test_explore_select_among_others),
        BARE_TEST(test_inject_select_sends_and_receives_or_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
