/* SPDX-License-Identifier: MIT */

/* test_explore_select_shared.c - selects that wait for what threads share and for
 * what is their loop's, used by the tasks of one thread, in every order, cancelled
 * everywhere.
 *
 * Two tasks each offer a value to the other one's channel and take what comes
 * through their own, in one select; one of the channels is shared.  A third sends
 * and a fourth receives alone.  Of what each says it has sent every value arrives
 * once, and nothing else does; nobody is left in any queue. */

#include "support/exploring.h"

#include "base/list.h"

#include <string.h>

enum { EACH = 2, VALUES = 6, PLAIN = 4 };

static struct {
    il_shared_channel shared;
    il_channel local;
    il_shared_future stop;
    il_cancel_token token;
    size_t capacity;
    bool sent[VALUES];
    bool received[VALUES];
} market;

static int market_setup(void *arg)
{
    size_t capacity = market.capacity;
    int r;

    (void)arg;
    memset(&market, 0, sizeof market);
    market.capacity = capacity;
    r = il_shared_channel_init(&market.shared, sizeof(int), capacity);
    return r < 0 ? r : il_channel_init(&market.local, sizeof(int), capacity);
}

static void came(int value)
{
    if (!HOLDS(value >= 0 && value < VALUES))
        return;
    HOLDS(!market.received[value]);
    market.received[value] = true;
}

/* Until nothing has come for a while: the other one may be cancelled.  Cases 1
 * and 3 send. */
static int trade(int me, il_case *cases, size_t n, int *offered, int *value)
{
    int r;

    for (;;) {
        bool wants = *offered < (me + 1) * EACH;

        il_case_enable(&cases[1], wants);
        il_case_enable(&cases[3], wants);
        *value = -1;
        r = il_select(cases, n, me ? IL_SELECT_ROTATE : 0);
        HOLDS((r == 2) == (*value != -1));
        if (r <= 0 || r >= 4)
            break;
        HOLDS(cases[r].result == 0);
        if (r == 2)
            came(*value);
        else
            market.sent[(*offered)++] = true;
    }
    HOLDS(r >= 0 || r == -ECANCELED);
    return r < 0 ? r : 0;
}

static int receive_shared(void *arg)
{
    int offered = 0;
    int value;
    int result = 77;
    int r;
    il_case cases[] = {
        IL_CASE_SHARED_FUTURE(&market.stop, &result, NULL),
        IL_CASE_SEND(&market.local, &offered),
        IL_CASE_SHARED_RECEIVE(&market.shared, &value),
        IL_CASE_SHARED_SEND(&market.shared, &offered),
        IL_CASE_CANCELLED(&market.token),
        IL_CASE_AFTER(IL_MS(5)),
    };

    (void)arg;
    r = trade(0, cases, 6, &offered, &value);
    HOLDS(result == 77);
    return r;
}

static int receive_local(void *arg)
{
    int offered = EACH;
    int value;
    il_case cases[] = {
        IL_CASE_SHARED_FUTURE(&market.stop, NULL, NULL),
        IL_CASE_SHARED_SEND(&market.shared, &offered),
        IL_CASE_RECEIVE(&market.local, &value),
        IL_CASE_SEND(&market.local, &offered),
        IL_CASE_AFTER(IL_MS(5)),
    };

    (void)arg;
    return trade(1, cases, 5, &offered, &value);
}

static int send_alone(void *arg)
{
    int value = PLAIN;
    int r = il_shared_channel_send(&market.shared, &value, IL_MS(7));

    (void)arg;
    market.sent[value] = r == 0;
    return r == -ETIMEDOUT ? 0 : r;
}

/* And then no more. */
static int receive_alone(void *arg)
{
    int value = -1;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(3), &r) {
        r = il_channel_receive(&market.local, &value);
        HOLDS((r == 0) == (value != -1));
        if (r == 0)
            came(value);
    }
    (void)il_cancel_token_cancel(&market.token);
    return r == -ETIMEDOUT ? 0 : r;
}

static int market_check(void *arg, int result)
{
    int value;

    (void)arg;
    HOLDS(result == 0);
    while (il_shared_channel_try_receive(&market.shared, &value) == 0)
        came(value);
    while (il_channel_try_receive(&market.local, &value) == 0)
        came(value);
    HOLDS(ili_list_empty(&market.shared.senders));
    HOLDS(ili_list_empty(&market.shared.receivers));
    HOLDS(ili_list_empty(&market.local.senders));
    HOLDS(ili_list_empty(&market.local.receivers));
    HOLDS(ili_list_empty(&market.stop.waiters));
    HOLDS(ili_list_empty(&market.token.done.waiters));
    il_shared_channel_fini(&market.shared);
    il_channel_fini(&market.local);
    il_cancel_token_fini(&market.token);
    for (int i = 0; i < VALUES; i++)
        HOLDS(market.sent[i] == market.received[i]);
    return verdict();
}

static struct cast cast = {
    .fns = { receive_shared, receive_local, send_alone, receive_alone }, .n = 4
};

static const il_test_scenario scenario = { .name = "select of shared",
                                           .body = play,
                                           .arg = &cast,
                                           .setup = market_setup,
                                           .check = market_check };

static void test_explore_select_shared_neither_loses_nor_doubles(void **state)
{
    (void)state;
    for (market.capacity = 0; market.capacity < 2; market.capacity++)
        for (cast.victim = 0; cast.victim < cast.n; cast.victim++)
            explore_some(&scenario, 1000);
}

static void test_inject_select_shared_neither_loses_nor_doubles(void **state)
{
    (void)state;
    for (market.capacity = 0; market.capacity < 3; market.capacity++)
        for (cast.victim = 0; cast.victim < cast.n; cast.victim++)
            inject_all(&scenario, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_select_shared_neither_loses_nor_doubles),
        BARE_TEST(test_inject_select_shared_neither_loses_nor_doubles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
