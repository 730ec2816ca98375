/* SPDX-License-Identifier: MIT */

/* test_select_shared_rush.c - selects of two loops and plain threads at the same
 * channels: each element is sent once and received once, whatever else could
 * fire at that time. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/other_loop.h"

#include <errno.h>
#include <stdatomic.h>

enum { N_SENDERS = 4, N_EACH = 400, N_CHANNELS = 2 };

struct item {
    int sender;
    int count;
};

struct rush {
    il_shared_channel channels[N_CHANNELS];
    il_channel local; /* of this loop: numbers */
    atomic_int n_next;
    atomic_int n_senders; /* that are not done */
    atomic_int n_receivers;
    atomic_int seen[N_SENDERS][N_EACH];
    int n_local_sent;
    int n_local_received;
    bool is_hasty; /* with time limits and cancels */
};

/* A pause that is now and then over before anything else comes. */
static il_time pause_of(const struct rush *rush, int n)
{
    return rush->is_hasty ? IL_US(n % 7 * 5) : IL_FOREVER;
}

static void one_sender_less(struct rush *rush)
{
    if (atomic_fetch_sub(&rush->n_senders, 1) > 1)
        return;
    for (int i = 0; i < N_CHANNELS; i++)
        CHECK_INT(il_shared_channel_close(&rush->channels[i]), 0);
}

/* Into whichever channel has room or a receiver first. */
static int send_by_select(void *arg)
{
    struct rush *rush = arg;
    struct item item = { .sender = atomic_fetch_add(&rush->n_next, 1) };
    int n = 0;

    while (item.count < N_EACH) {
        il_case cases[] = {
            IL_CASE_SHARED_SEND(&rush->channels[0], &item),
            IL_CASE_SHARED_SEND(&rush->channels[1], &item),
            IL_CASE_AFTER(pause_of(rush, n++)),
        };
        int which = il_select(cases, 3, IL_SELECT_ROTATE);

        if (!CHECK(which >= 0) || !CHECK_INT(cases[which].result, 0))
            break;
        item.count += which < 2;
    }
    one_sender_less(rush);
    return 0;
}

static void *send_in_thread(void *arg)
{
    struct rush *rush = arg;
    struct item item = { .sender = atomic_fetch_add(&rush->n_next, 1) };

    for (; item.count < N_EACH; item.count++)
        CHECK_INT(
            il_shared_channel_send(&rush->channels[item.count % N_CHANNELS],
                                   &item, IL_FOREVER),
            0);
    one_sender_less(rush);
    return NULL;
}

/* What one receiver has got last from each sender through each channel. */
struct last {
    int counts[N_CHANNELS][N_SENDERS];
};

static struct last nothing(void)
{
    struct last last;

    for (int c = 0; c < N_CHANNELS; c++)
        for (int s = 0; s < N_SENDERS; s++)
            last.counts[c][s] = -1;
    return last;
}

static void note_seen(struct rush *rush, struct last *last, int channel,
                      const struct item *item)
{
    int *count = &last->counts[channel][item->sender];

    CHECK(item->count > *count);
    *count = item->count;
    atomic_fetch_add(&rush->seen[item->sender][item->count], 1);
}

static int receive_by_select(void *arg)
{
    struct rush *rush = arg;
    struct last last = nothing();
    bool is_open[N_CHANNELS] = { true, true };

    for (int n = 0; is_open[0] || is_open[1]; n++) {
        struct item items[N_CHANNELS] = { { -1, -1 }, { -1, -1 } };
        int number = -1;
        il_case cases[] = {
            IL_CASE_SHARED_RECEIVE(is_open[0] ? &rush->channels[0] : NULL,
                                   &items[0]),
            IL_CASE_SHARED_RECEIVE(is_open[1] ? &rush->channels[1] : NULL,
                                   &items[1]),
            IL_CASE_RECEIVE(&rush->local, &number),
            IL_CASE_AFTER(pause_of(rush, n)),
        };
        il_scope scope;
        int which;

        CHECK_INT(il_scope_enter(&scope, rush->is_hasty && n % 3 == 0
                                             ? il_now() + IL_US(n % 20)
                                             : IL_FOREVER),
                  0);
        which = il_select(cases, 4, IL_SELECT_ROTATE);
        (void)il_scope_leave(&scope, 0);
        CHECK(which >= 0 || which == -ECANCELED);
        for (int i = 0; i < N_CHANNELS; i++)
            CHECK((items[i].sender >= 0) ==
                  (which == i && cases[i].result == 0));
        CHECK((number >= 0) == (which == 2));
        rush->n_local_received += which == 2;
        if (which >= 0 && which < 2) {
            is_open[which] = cases[which].result == 0;
            CHECK(is_open[which] || cases[which].result == -EPIPE);
            if (is_open[which])
                note_seen(rush, &last, which, &items[which]);
        }
    }
    atomic_fetch_sub(&rush->n_receivers, 1);
    return 0;
}

static void *receive_in_thread(void *arg)
{
    struct rush *rush = arg;
    struct last last = nothing();
    struct item item;

    while (il_shared_channel_receive(&rush->channels[1], &item, IL_FOREVER) ==
           0)
        note_seen(rush, &last, 1, &item);
    return NULL;
}

/* Meanwhile somebody in this loop, too, has something for the receivers. */
static int send_locally(void *arg)
{
    struct rush *rush = arg;

    while (atomic_load(&rush->n_receivers) > 0) {
        int r = il_channel_try_send(&rush->local, &rush->n_local_sent);

        CHECK(r == 0 || r == -EAGAIN);
        rush->n_local_sent += r == 0;
        if (il_sleep(IL_US(rush->is_hasty ? 3 : 20)) < 0)
            break;
    }
    return 0;
}

static int receive_here(void *arg)
{
    il_call calls[3] = { { .fn = receive_by_select, .arg = arg },
                         { .fn = receive_by_select, .arg = arg },
                         { .fn = send_locally, .arg = arg } };

    return il_gather(calls, 3);
}

static void run_rush(size_t capacity, bool is_hasty)
{
    static struct rush rush;
    struct other_loop other = { 0 };
    il_submission *submissions[2];
    pthread_t threads[3];
    int left = 0;
    int number;

    rush = (struct rush){ .n_senders = N_SENDERS,
                          .n_receivers = 2,
                          .is_hasty = is_hasty };
    for (int i = 0; i < N_CHANNELS; i++)
        assert_int_equal(il_shared_channel_init(&rush.channels[i],
                                                sizeof(struct item), capacity),
                         0);
    assert_int_equal(il_channel_init(&rush.local, sizeof(int), capacity), 0);
    other_loop_start(&other);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            il_submit(other.loop, send_by_select, &rush, &submissions[i]), 0);
        threads[i] = start_thread(send_in_thread, &rush);
    }
    threads[2] = start_thread(receive_in_thread, &rush);
    assert_int_equal(il_run(receive_here, &rush), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(il_submission_wait(submissions[i], IL_FOREVER, NULL),
                         0);
        il_submission_unref(submissions[i]);
    }
    for (int i = 0; i < 3; i++)
        join_thread(threads[i]);
    other_loop_end(&other, 0);
    for (int s = 0; s < N_SENDERS; s++)
        for (int i = 0; i < N_EACH; i++)
            assert_int_equal(atomic_load(&rush.seen[s][i]), 1);
    while (il_channel_try_receive(&rush.local, &number) == 0)
        left++;
    assert_int_equal(rush.n_local_received + left, rush.n_local_sent);
    for (int i = 0; i < N_CHANNELS; i++)
        il_shared_channel_fini(&rush.channels[i]);
    il_channel_fini(&rush.local);
}

static void test_select_shared_neither_loses_nor_doubles(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++)
        for (size_t capacity = 0; capacity < 3; capacity++)
            run_rush(capacity, false);
}

static void test_select_shared_in_a_hurry_loses_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++)
        for (size_t capacity = 0; capacity < 3; capacity++)
            run_rush(capacity, true);
}

/* --- ends -------------------------------------------------------------------- */

struct duel {
    il_shared_channel a;
    il_shared_channel b;
    il_shared_future future;
    il_cancel_token token;
    atomic_bool all_wait;
    int seed;
};

static int wait_for_any(void *arg)
{
    struct duel *d = arg;
    int out[2] = { 77, 77 };
    int result = 77;
    il_case cases[] = { IL_CASE_SHARED_RECEIVE(&d->a, &out[0]),
                        IL_CASE_SHARED_RECEIVE(&d->b, &out[1]),
                        IL_CASE_SHARED_FUTURE(&d->future, &result, NULL),
                        IL_CASE_CANCELLED(&d->token),
                        IL_CASE_AFTER(d->seed % 5 ? IL_FOREVER
                                                  : IL_US(d->seed % 30)) };
    int which;

    which = il_select(cases, 5, 0);
    CHECK(which >= 0);
    CHECK((out[0] != 77) == (which == 0 && cases[0].result == 0));
    CHECK((out[1] != 77) == (which == 1 && cases[1].result == 0));
    CHECK((result != 77) == (which == 2 && cases[2].result == 0));
    return which == 0 && cases[0].result == 0 ? 1 : 0;
}

static void *end_all(void *arg)
{
    struct duel *d = arg;
    int one = 1;
    intptr_t n_given = 0;

    while (!atomic_load(&d->all_wait))
        continue;
    for (int i = d->seed % 3; i > 0; i--)
        n_given += il_shared_channel_try_send(&d->a, &one) == 0;
    /* All at once, beginning anywhere: some are ended while the select, taken,
     * has not come to leave them. */
    for (int i = 0; i < 4; i++) {
        switch ((i + d->seed) % 4) {
        case 0:
            il_shared_channel_fini(&d->b);
            break;
        case 1:
            (void)il_shared_future_set(&d->future, 1, NULL);
            il_shared_future_fini(&d->future);
            break;
        case 2:
            (void)il_cancel_token_cancel(&d->token);
            break;
        case 3:
            (void)il_shared_channel_close(&d->a);
            break;
        }
    }
    return (void *)n_given;
}

static int wait_twice(void *arg)
{
    struct duel *d = arg;
    il_task *tasks[2];
    int n = 0;

    for (int i = 0; i < 2; i++)
        CHECK_INT(il_spawn(NULL, wait_for_any, d, &tasks[i]), 0);
    atomic_store(&d->all_wait, true);
    for (int i = 0; i < 2; i++) {
        int result = 0;

        CHECK_INT(il_task_join(tasks[i], &result), 0);
        n += result;
        il_task_unref(tasks[i]);
    }
    return n;
}

static void test_select_shared_ended_from_elsewhere_lets_go(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct duel d = { .seed = round };
        pthread_t thread;
        void *n_given = NULL;
        int n_got;
        int value;

        assert_int_equal(il_shared_channel_init(&d.a, sizeof(int), 0), 0);
        assert_int_equal(il_shared_channel_init(&d.b, sizeof(int), 0), 0);
        thread = start_thread(end_all, &d);
        n_got = il_run(wait_twice, &d);
        assert_int_equal(pthread_join(thread, &n_given), 0);
        assert_int_equal(n_got, (intptr_t)n_given);
        assert_int_equal(il_shared_channel_try_receive(&d.a, &value), -EPIPE);
        il_shared_channel_fini(&d.a);
        il_cancel_token_fini(&d.token);
    }
}

#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REAL(test_select_shared_neither_loses_nor_doubles),
        TEST_REAL(test_select_shared_in_a_hurry_loses_nothing),
        TEST_REAL(test_select_shared_ended_from_elsewhere_lets_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
