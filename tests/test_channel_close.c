/* SPDX-License-Identifier: MIT */

/* test_channel_close.c - the ends of channels, and cancels at any time. */

#include "support/channel_users.h"
#include "support/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct user {
    il_channel *channel;
    const char *name;
    int value; /* to send, or received */
    int r;
};

static int send_one(void *arg)
{
    struct user *user = arg;

    user->r = 1;
    user->r = il_channel_send(user->channel, &user->value);
    note("%s", user->name);
    return 0;
}

static int receive_one(void *arg)
{
    struct user *user = arg;

    user->r = 1;
    user->r = il_channel_receive(user->channel, &user->value);
    note("%s", user->name);
    return 0;
}

/* --- close ------------------------------------------------------------------ */

static void test_channel_closed_gives_what_is_in_it(void **state)
{
    il_channel channel;
    int value = 5;

    (void)state;
    assert_int_equal(il_channel_init(&channel, sizeof(int), 3), 0);
    give(&channel, 1);
    give(&channel, 2);
    assert_false(il_channel_is_closed(&channel));
    assert_int_equal(il_channel_close(&channel), 0);
    assert_true(il_channel_is_closed(&channel));
    assert_int_equal(il_channel_close(&channel), -EALREADY);
    assert_int_equal(il_channel_send(&channel, &value), -EPIPE);
    assert_int_equal(il_channel_try_send(&channel, &value), -EPIPE);
    assert_int_equal(il_channel_count(&channel), 2);

    assert_int_equal(il_channel_receive(&channel, &value), 0);
    assert_int_equal(value, 1);
    assert_int_equal(il_channel_try_receive(&channel, &value), 0);
    assert_int_equal(value, 2);
    assert_int_equal(il_channel_receive(&channel, &value), -EPIPE);
    assert_int_equal(il_channel_try_receive(&channel, &value), -EPIPE);
    assert_int_equal(value, 2);
    il_channel_fini(&channel);
}

static void test_channel_closed_wakes_receivers(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct user a = { &channel, "a", 77, 0 };
    struct user b = { &channel, "b", 77, 0 };

    assert_int_equal(il_channel_init(&channel, sizeof(int), 1), 0);
    assert_int_equal(il_spawn(NULL, receive_one, &a, NULL), 0);
    assert_int_equal(il_spawn(NULL, receive_one, &b, NULL), 0);
    assert_int_equal(il_channel_close(&channel), 0);
    note("closed");
    settle(f);
    assert_string_equal(noted(), "closed a b");
    assert_int_equal(a.r, -EPIPE);
    assert_int_equal(b.r, -EPIPE);
    assert_int_equal(a.value, 77);
    il_channel_fini(&channel);
}

static void
test_channel_closed_leaves_waiting_senders_their_elements(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct user a = { &channel, "a", 1, 0 };
    struct user b = { &channel, "b", 2, 0 };
    int value = 77;

    assert_int_equal(il_channel_init(&channel, sizeof(int), 0), 0);
    assert_int_equal(il_spawn(NULL, send_one, &a, NULL), 0);
    assert_int_equal(il_spawn(NULL, send_one, &b, NULL), 0);
    assert_int_equal(il_channel_close(&channel), 0);
    assert_int_equal(il_channel_try_receive(&channel, &value), -EPIPE);
    assert_int_equal(value, 77);
    note("closed");
    settle(f);
    assert_string_equal(noted(), "closed a b");
    assert_int_equal(a.r, -EPIPE);
    assert_int_equal(b.r, -EPIPE);
    il_channel_fini(&channel);
}

/* Who has been served keeps what it got, though the channel is closed, and its
 * task cancelled, before it runs. */
static void test_channel_closed_late_takes_nothing_back(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct user a = { &channel, "a", 77, 0 };
    struct user b = { &channel, "b", 77, 0 };
    il_task *tasks[2];

    assert_int_equal(il_channel_init(&channel, sizeof(int), 0), 0);
    assert_int_equal(il_spawn(NULL, receive_one, &a, &tasks[0]), 0);
    assert_int_equal(il_spawn(NULL, receive_one, &b, &tasks[1]), 0);
    give(&channel, 1);
    assert_int_equal(il_channel_close(&channel), 0);
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    settle(f);
    assert_int_equal(a.r, 0);
    assert_int_equal(a.value, 1);
    assert_int_equal(b.r, -EPIPE);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_channel_fini(&channel);
}

/* --- close now -------------------------------------------------------------- */

static void note_destroyed(void *element, void *arg)
{
    note("%s%d", (const char *)arg, *(int *)element);
}

static void test_channel_closed_now_disposes_of_what_is_in_it(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct user late = { &channel, "late", 4, 0 };
    int value = 77;

    assert_int_equal(il_channel_init(&channel, sizeof(int), 3), 0);
    il_channel_set_destroy(&channel, note_destroyed, TEXT("x"));
    give(&channel, 0);
    assert_int_equal(il_channel_receive(&channel, &value), 0);
    for (int i = 1; i <= 3; i++)
        give(&channel, i);
    assert_int_equal(il_spawn(NULL, send_one, &late, NULL), 0);

    assert_int_equal(il_channel_close_now(&channel), 0);
    assert_string_equal(noted(), "x1 x2 x3");
    assert_true(il_channel_is_closed(&channel));
    assert_int_equal(il_channel_count(&channel), 0);
    assert_int_equal(il_channel_try_receive(&channel, &value), -EPIPE);
    settle(f);
    assert_int_equal(late.r, -EPIPE); /* and its element is its own */
    assert_string_equal(noted(), "x1 x2 x3 late");
    assert_int_equal(il_channel_close_now(&channel), 0);
    assert_int_equal(il_channel_close(&channel), -EALREADY);
    il_channel_fini(&channel);
    assert_string_equal(noted(), "x1 x2 x3 late");
}

static void test_channel_closed_before_can_be_closed_now(void **state)
{
    il_channel channel;

    (void)state;
    assert_int_equal(il_channel_init(&channel, sizeof(int), 3), 0);
    il_channel_set_destroy(&channel, note_destroyed, TEXT("x"));
    give(&channel, 1);
    give(&channel, 2);
    assert_int_equal(il_channel_close(&channel), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_channel_close_now(&channel), 0);
    assert_string_equal(noted(), "x1 x2");
    il_channel_fini(&channel);
}

/* Whoever disposes of an element may ask for another one: each goes one way. */
static void destroy_and_receive(void *element, void *arg)
{
    int value = 0;

    note("x%d", *(int *)element);
    if (il_channel_try_receive(arg, &value) == 0)
        note("r%d", value);
    CHECK_INT(il_channel_try_send(arg, &value), -EPIPE);
}

static void test_channel_may_be_used_while_it_disposes(void **state)
{
    il_channel channel;

    (void)state;
    assert_int_equal(il_channel_init(&channel, sizeof(int), 5), 0);
    il_channel_set_destroy(&channel, destroy_and_receive, &channel);
    for (int i = 1; i <= 5; i++)
        give(&channel, i);
    assert_int_equal(il_channel_close_now(&channel), 0);
    assert_string_equal(noted(), "x1 r2 x3 r4 x5");
    il_channel_fini(&channel);
}

/* --- fini ------------------------------------------------------------------- */

static void test_channel_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        il_channel channel;
        struct user a = { &channel, "a", 77, 0 };
        struct user b = { &channel, "b", 77, 0 };
        il_task *task;

        forget_notes();
        assert_int_equal(il_channel_init(&channel, sizeof(int), 0), 0);
        assert_int_equal(il_spawn(NULL, i ? send_one : receive_one, &a, &task),
                         0);
        assert_int_equal(il_spawn(NULL, i ? send_one : receive_one, &b, NULL),
                         0);
        il_channel_fini(&channel);
        memset(&channel, 0x55, sizeof channel); /* nobody may look again */
        assert_int_equal(il_task_cancel(task), 0);
        note("fini");
        settle(f);
        assert_string_equal(noted(), "fini a b");
        assert_int_equal(a.r, -EOWNERDEAD);
        assert_int_equal(b.r, -EOWNERDEAD);
        assert_int_equal(a.value, 77);
        assert_int_equal(reap(task), 0);
    }
}

static void free_string(void *element, void *arg)
{
    ++*(int *)arg;
    free(*(char **)element);
}

static void test_channel_end_disposes_of_what_is_in_it(void **state)
{
    il_channel channel;
    char *storage[4];
    char *string;
    int n_freed = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        if (i == 0)
            assert_int_equal(il_channel_init(&channel, sizeof string, 4), 0);
        else
            assert_int_equal(
                il_channel_init_with(&channel, sizeof string, 4, storage), 0);
        il_channel_set_destroy(&channel, free_string, &n_freed);
        for (int n = 0; n < 3; n++) {
            string = strdup("text");
            assert_non_null(string);
            assert_int_equal(il_channel_try_send(&channel, &string), 0);
        }
        assert_int_equal(il_channel_try_receive(&channel, &string), 0);
        free(string);
        il_channel_fini(&channel);
        assert_int_equal(n_freed, 2 * (i + 1));
    }
}

struct eager {
    il_channel *channel;
    bool stop;
    int n; /* sent or received */
};

static int send_until_stopped(void *arg)
{
    struct eager *eager = arg;

    while (!eager->stop) {
        CHECK_INT(il_channel_send(eager->channel, &eager->n), 0);
        eager->n++;
    }
    return 0;
}

static int receive_until_stopped(void *arg)
{
    struct eager *eager = arg;
    int value = -1;

    while (!eager->stop) {
        CHECK_INT(il_channel_receive(eager->channel, &value), 0);
        CHECK_INT(value, eager->n++);
    }
    return 0;
}

static void count_destroyed(void *element, void *arg)
{
    (void)element;
    ++*(int *)arg;
}

/* Who never has to wait gives way now and then all the same.  The channel may be
 * gone when it gets the thread back. */
static void test_channel_end_while_an_eager_task_gives_way(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        il_channel channel;
        struct eager eager = { &channel, false, 0 };
        int n_destroyed = 0;
        int n_given = i ? 1000 : 0;

        assert_int_equal(il_channel_init(&channel, sizeof(int), 1000), 0);
        il_channel_set_destroy(&channel, count_destroyed, &n_destroyed);
        for (int n = 0; n < n_given; n++)
            give(&channel, n);
        assert_int_equal(
            il_spawn(NULL, i ? receive_until_stopped : send_until_stopped,
                     &eager, NULL),
            0);
        il_channel_fini(&channel);
        memset(&channel, 0x55, sizeof channel);
        eager.stop = true;
        settle(f);
        assert_true(eager.n > 0 && eager.n < 1000);
        assert_int_equal(n_destroyed, i ? n_given - eager.n : eager.n);
    }
}

/* --- at any time ------------------------------------------------------------ */

/* Senders and receivers that are cancelled at random moments, by deadlines that
 * fall between any two steps of the others.  What a send has said is sent must
 * be received exactly once, what it has said is not sent never. */

enum { N_TRADERS = 8, N_GOODS = 2000 };

struct market {
    il_channel channel;
    unsigned seed;
    int n_sent;                     /* numbers given out */
    bool was_sent[N_GOODS];         /* a send said 0 */
    unsigned was_received[N_GOODS]; /* how often */
    unsigned n_failed[2];           /* sends, receives that were cancelled */
};

struct goods {
    int number;
    char text[16]; /* goes with it */
};

static unsigned pick(struct market *market, unsigned n)
{
    market->seed = market->seed * 1103515245u + 12345u;
    return (market->seed >> 16) % n;
}

/* A moment of someone's time, or a refusal. */
static int dawdle(struct market *market)
{
    switch (pick(market, 4)) {
    case 0:
        return il_yield();
    case 1:
        return il_sleep((il_time)pick(market, 5));
    default:
        return 0;
    }
}

static int sell(void *arg)
{
    struct market *market = arg;

    while (market->n_sent < N_GOODS) {
        struct goods goods = { market->n_sent++, "" };
        int r = 0;

        (void)snprintf(goods.text, sizeof goods.text, "#%d", goods.number);
        IL_TIMEOUT ((il_time)pick(market, 12), &r) {
            r = dawdle(market);
            if (r == 0) {
                r = il_channel_send(&market->channel, &goods);
                market->was_sent[goods.number] = r == 0;
            }
        }
        market->n_failed[0] += r < 0;
    }
    return 0;
}

static int buy(void *arg)
{
    struct market *market = arg;
    struct goods goods;
    int r;

    do {
        r = 0;
        IL_TIMEOUT ((il_time)pick(market, 12), &r) {
            r = dawdle(market);
            if (r == 0)
                r = il_channel_receive(&market->channel, &goods);
            if (r == 0) {
                market->was_received[goods.number]++;
                CHECK_INT(atoi(goods.text + 1), goods.number);
            }
        }
        market->n_failed[1] += r < 0;
    } while (r != -EPIPE);
    return 0;
}

static int trade(void *arg)
{
    struct market *market = arg;
    il_group sellers;
    il_group buyers;

    CHECK_INT(il_group_open(&buyers, 0), 0);
    CHECK_INT(il_group_open(&sellers, 0), 0);
    for (int i = 0; i < N_TRADERS; i++)
        CHECK_INT(il_spawn(i % 2 ? &buyers : &sellers, i % 2 ? buy : sell,
                           market, NULL),
                  0);
    CHECK_INT(il_group_close(&sellers), 0);
    CHECK_INT(il_channel_close(&market->channel), 0);
    CHECK_INT(il_group_close(&buyers), 0);
    return 0;
}

static void test_channel_neither_loses_nor_doubles(void **state)
{
    static struct market market;

    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        market = (struct market){ .seed = round };
        assert_int_equal(
            il_channel_init(&market.channel, sizeof(struct goods), round % 4),
            0);
        assert_int_equal(il_run(trade, &market), 0);
        for (int i = 0; i < N_GOODS; i++)
            assert_int_equal(market.was_received[i], market.was_sent[i]);
        /* It was worth the trouble. */
        assert_true(market.n_failed[0] > 50 && market.n_failed[1] > 50);
        il_channel_fini(&market.channel);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_channel_closed_gives_what_is_in_it),
        TEST(test_channel_closed_wakes_receivers),
        TEST(test_channel_closed_leaves_waiting_senders_their_elements),
        TEST(test_channel_closed_late_takes_nothing_back),
        TEST(test_channel_closed_now_disposes_of_what_is_in_it),
        TEST(test_channel_closed_before_can_be_closed_now),
        TEST(test_channel_may_be_used_while_it_disposes),
        TEST(test_channel_end_wakes_the_waiters),
        TEST(test_channel_end_disposes_of_what_is_in_it),
        TEST(test_channel_end_while_an_eager_task_gives_way),
        TEST(test_channel_neither_loses_nor_doubles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
