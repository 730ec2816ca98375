/* SPDX-License-Identifier: MIT */

/* test_shared_channel_threads.c - channels between several threads at once. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/other_loop.h"
#include "support/shared_parties.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

/* --- several threads ------------------------------------------------------ */

enum { N_PARTIES = 4, N_EACH = 500 };

/* A sender sends its number and a count, in order; what has come in is kept. */
struct item {
    int sender;
    int count;
};

struct rush {
    il_shared_channel channel;
    atomic_int n_senders; /* that are not done */
    atomic_int n_next;
    atomic_int n_received;
    atomic_int seen[N_PARTIES][N_EACH];
    bool in_time; /* with time limits */
};

/* In a task or in a thread, with waits that are given up now and then. */
static int send_in_rush(void *arg)
{
    struct rush *rush = arg;
    struct item item = { .sender = atomic_fetch_add(&rush->n_next, 1) };

    for (item.count = 0; item.count < N_EACH; item.count++) {
        il_time timeout = rush->in_time ? IL_US(item.count % 20) : IL_FOREVER;
        int r;

        do
            r = il_shared_channel_send(&rush->channel, &item, timeout);
        while (r == -ETIMEDOUT);
        CHECK_INT(r, 0);
    }
    if (atomic_fetch_sub(&rush->n_senders, 1) == 1)
        CHECK_INT(il_shared_channel_close(&rush->channel), 0);
    return 0;
}

static int receive_in_rush(void *arg)
{
    struct rush *rush = arg;
    int last[N_PARTIES] = { -1, -1, -1, -1 };

    for (int n = 0;; n++) {
        il_time timeout = rush->in_time ? IL_US(n % 20) : IL_FOREVER;
        struct item item = { -1, -1 };
        int r = il_shared_channel_receive(&rush->channel, &item, timeout);

        if (r == -EPIPE)
            return 0;
        if (r == -ETIMEDOUT)
            continue;
        if (!CHECK_INT(r, 0))
            return 0;
        /* Of one sender a receiver sees later ones later. */
        CHECK(item.count > last[item.sender]);
        last[item.sender] = item.count;
        atomic_fetch_add(&rush->seen[item.sender][item.count], 1);
        atomic_fetch_add(&rush->n_received, 1);
    }
}

static void *send_in_thread(void *arg)
{
    (void)send_in_rush(arg);
    return NULL;
}

static void *receive_in_thread(void *arg)
{
    (void)receive_in_rush(arg);
    return NULL;
}

static int receive_here(void *arg)
{
    il_call calls[2] = { { .fn = receive_in_rush, .arg = arg },
                         { .fn = receive_in_rush, .arg = arg } };

    return il_gather(calls, 2);
}

/* Two tasks of one loop and two threads send, two tasks of another loop and two
 * threads receive. */
static void run_rush(size_t capacity, bool in_time)
{
    static struct rush rush;
    struct other_loop other = { 0 };
    il_submission *submissions[2];
    pthread_t threads[4];

    rush = (struct rush){ .n_senders = N_PARTIES, .in_time = in_time };
    assert_int_equal(
        il_shared_channel_init(&rush.channel, sizeof(struct item), capacity),
        0);
    other_loop_start(&other);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            il_submit(other.loop, send_in_rush, &rush, &submissions[i]), 0);
        threads[i] = start_thread(send_in_thread, &rush);
        threads[2 + i] = start_thread(receive_in_thread, &rush);
    }
    assert_int_equal(il_run(receive_here, &rush), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(il_submission_wait(submissions[i], IL_FOREVER, NULL),
                         0);
        il_submission_unref(submissions[i]);
    }
    for (int i = 0; i < 4; i++)
        join_thread(threads[i]);
    other_loop_end(&other, 0);
    assert_int_equal(atomic_load(&rush.n_received), N_PARTIES * N_EACH);
    for (int s = 0; s < N_PARTIES; s++)
        for (int i = 0; i < N_EACH; i++)
            assert_int_equal(atomic_load(&rush.seen[s][i]), 1);
    il_shared_channel_fini(&rush.channel);
}

static void test_shared_channel_neither_loses_nor_doubles(void **state)
{
    static const size_t capacities[] = { 0, 1, 3, 64 };

    (void)state;
    for (int i = 0; i < 4; i++)
        run_rush(capacities[i], false);
}

static void test_shared_channel_time_limits_lose_nothing(void **state)
{
    static const size_t capacities[] = { 0, 2 };

    (void)state;
    for (int i = 0; i < 2; i++)
        run_rush(capacities[i], true);
}

/* --- cancels from the side ------------------------------------------------ */

/* Cancelled at any moment: what it has got it has got, the next one is there. */
static int receive_and_be_cancelled(void *arg)
{
    il_shared_channel *channel = arg;
    int expected = 0;

    for (int i = 0; i < 3000; i++) {
        il_scope scope;
        int value = -1;
        int r;

        CHECK_INT(il_scope_enter(&scope, il_now() + IL_US(i % 30)), 0);
        r = il_shared_channel_receive(channel, &value, IL_FOREVER);
        (void)il_scope_leave(&scope, 0);
        if (r == 0)
            CHECK_INT(value, expected++);
        else
            CHECK_INT(r, -ECANCELED);
    }
    return expected;
}

static void test_shared_channel_cancel_races_with_a_send(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < 3; capacity++) {
        il_shared_channel channel;
        pthread_t thread;
        void *n_sent = NULL;
        int n_received;
        int left = 0;
        int value;

        init_shared(&channel, capacity);
        thread = start_thread(send_until_closed, &channel);
        n_received = il_run(receive_and_be_cancelled, &channel);
        assert_int_equal(il_shared_channel_close(&channel), 0);
        assert_int_equal(pthread_join(thread, &n_sent), 0);
        while (il_shared_channel_try_receive(&channel, &value) == 0)
            left++;
        assert_int_equal((intptr_t)n_sent, n_received + left);
        il_shared_channel_fini(&channel);
    }
}

/* --- a loop that ends meanwhile ------------------------------------------- */

static int receive_shielded(void *arg)
{
    il_scope scope;
    int value;
    int r = 0;

    CHECK_INT(il_scope_enter_shield(&scope, IL_FOREVER), 0);
    while (r == 0)
        r = il_shared_channel_receive(arg, &value, IL_FOREVER);
    return il_scope_leave(&scope, r);
}

/* Its element may go with a task that is abandoned, but no more than that:
 * nobody writes to a task that is gone, and the channel works. */
static void
test_shared_channel_goes_on_when_a_loop_ends_while_others_send(void **state)
{
    (void)state;
    outlive_abandoned_receivers(receive_shielded);
}

#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REAL(test_shared_channel_neither_loses_nor_doubles),
        TEST_REAL(test_shared_channel_time_limits_lose_nothing),
        TEST_REAL(test_shared_channel_cancel_races_with_a_send),
        TEST_REAL(
            test_shared_channel_goes_on_when_a_loop_ends_while_others_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
