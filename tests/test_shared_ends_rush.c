/* SPDX-License-Identifier: MIT */

/* test_shared_ends_rush.c - ends of shared channels that come and go in several
 * threads: nobody knows who is the last, and each element has one fate. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/other_loop.h"

#include <errno.h>
#include <stdatomic.h>

enum { N_PARTIES = 4, N_ROUNDS = 300, N_EACH = 5 };

struct rush {
    il_shared_sender tx[N_PARTIES];
    il_shared_receiver rx[N_PARTIES];
    atomic_int n_sent;
    atomic_int n_gone; /* received, or disposed of */
    int leave_after;   /* a receiver goes after so many; 0: at the end */
};

struct member {
    struct rush *rush;
    int i;
};

static void count_gone(void *element, void *arg)
{
    (void)element;
    atomic_fetch_add(&((struct rush *)arg)->n_gone, 1);
}

/* Each sends through a clone of its own end, which outlives that. */
static int send_some(void *arg)
{
    const struct member *me = arg;
    il_shared_sender clone = IL_SHARED_SENDER_INIT;
    int r = il_shared_sender_clone(&me->rush->tx[me->i], &clone);

    CHECK(r == 0 || r == -EPIPE);
    il_shared_sender_drop(&me->rush->tx[me->i]);
    for (int i = 0; i < N_EACH && r == 0; i++) {
        r = il_shared_sender_send(&clone, &i, IL_FOREVER);
        CHECK(r == 0 || r == -EPIPE);
        if (r == 0)
            atomic_fetch_add(&me->rush->n_sent, 1);
    }
    il_shared_sender_drop(&clone);
    return 0;
}

static int receive_some(void *arg)
{
    const struct member *me = arg;
    int last = me->rush->leave_after;
    int r = 0;

    for (int n = 0; r == 0 && (last == 0 || n < last); n++) {
        int value;

        r = il_shared_receiver_receive(&me->rush->rx[me->i], &value,
                                       IL_FOREVER);
        CHECK(r == 0 || r == -EPIPE);
        if (r == 0)
            atomic_fetch_add(&me->rush->n_gone, 1);
    }
    il_shared_receiver_drop(&me->rush->rx[me->i]);
    return 0;
}

static void *send_in_thread(void *arg)
{
    (void)send_some(arg);
    return NULL;
}

static void *receive_in_thread(void *arg)
{
    (void)receive_some(arg);
    return NULL;
}

static int receive_here(void *members)
{
    struct member *m = members;
    il_call calls[2] = { { .fn = receive_some, .arg = &m[0] },
                         { .fn = receive_some, .arg = &m[1] } };

    return il_gather(calls, 2);
}

/* Two tasks of another loop and two threads send; two tasks of this loop and two
 * threads receive.  Nobody knows who is the last, on either side. */
static void run_rush(struct other_loop *other, size_t capacity, int leave_after)
{
    struct rush rush = { .leave_after = leave_after };
    struct member members[N_PARTIES];
    il_submission *submissions[2];
    pthread_t threads[4];

    assert_int_equal(
        il_shared_channel_open(sizeof(int), capacity, &rush.tx[0], &rush.rx[0]),
        0);
    il_shared_channel_set_destroy(rush.tx[0].channel, count_gone, &rush);
    for (int i = 0; i < N_PARTIES; i++) {
        members[i] = (struct member){ &rush, i };
        if (i > 0) {
            assert_int_equal(il_shared_sender_clone(&rush.tx[0], &rush.tx[i]),
                             0);
            assert_int_equal(il_shared_receiver_clone(&rush.rx[0], &rush.rx[i]),
                             0);
        }
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            il_submit(other->loop, send_some, &members[i], &submissions[i]), 0);
        threads[i] = start_thread(send_in_thread, &members[2 + i]);
        threads[2 + i] = start_thread(receive_in_thread, &members[2 + i]);
    }
    assert_int_equal(il_run(receive_here, members), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(il_submission_wait(submissions[i], IL_FOREVER, NULL),
                         0);
        il_submission_unref(submissions[i]);
    }
    for (int i = 0; i < 4; i++)
        join_thread(threads[i]);
    assert_int_equal(atomic_load(&rush.n_gone), atomic_load(&rush.n_sent));
    if (leave_after == 0)
        assert_int_equal(atomic_load(&rush.n_sent), N_PARTIES * N_EACH);
}

static void test_shared_ends_in_a_rush_end_everybody_once(void **state)
{
    struct other_loop other = { 0 };

    (void)state;
    other_loop_start(&other);
    for (int round = 0; round < N_ROUNDS; round++)
        run_rush(&other, (size_t)round % 3, 0);
    other_loop_end(&other, 0);
}

static void test_shared_ends_in_a_rush_receivers_may_leave(void **state)
{
    struct other_loop other = { 0 };

    (void)state;
    other_loop_start(&other);
    for (int round = 0; round < N_ROUNDS; round++)
        run_rush(&other, (size_t)round % 3, 1 + round % 4);
    other_loop_end(&other, 0);
}

#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REAL(test_shared_ends_in_a_rush_end_everybody_once),
        TEST_REAL(test_shared_ends_in_a_rush_receivers_may_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
