/* SPDX-License-Identifier: MIT */

/* test_channels_random.c - ends, queues, broadcasts and watches at random, with
 * time limits and cancels at random moments.
 *
 * What was sent was received, got or disposed of, once; what was not sent was
 * not; who missed something was told how much; everybody saw the last value; and
 * every task came to its end, so nobody was forgotten. */

#include "support/fixture.h"

#include <interloop/cleanup.h>

#include <errno.h>
#include <string.h>

enum { N_USERS = 6, N_SEEDS = 200, N_GOODS = 4000 };

struct world {
    uint64_t random;
    il_queue queue;
    il_broadcast broadcast;
    il_watch watch;
    int sent;                      /* numbers that were tried */
    signed char was_sent[N_GOODS]; /* what the call said: 1, or 0 for failed */
    signed char came[N_GOODS];     /* so many times, anywhere */
    int n_ok;
    int n_failed;
};

static unsigned pick(struct world *w, unsigned n)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (unsigned)(w->random >> 33) % n;
}

/* Let others run, or do not. */
static int dawdle(struct world *w)
{
    switch (pick(w, 4)) {
    case 0:
        return il_yield();
    case 1:
        return il_sleep(IL_MS(pick(w, 3)));
    default:
        return 0;
    }
}

static int next_number(struct world *w)
{
    CHECK(w->sent < N_GOODS);
    return w->sent < N_GOODS ? w->sent++ : 0;
}

static void account(struct world *w, int number, int r)
{
    w->was_sent[number] = r == 0;
    w->n_ok += r == 0;
    w->n_failed += r < 0;
}

static void dispose(void *element, void *arg)
{
    struct world *w = arg;

    w->came[*(int *)element]++;
}

static void assert_all_came_once(const struct world *w)
{
    for (int i = 0; i < w->sent; i++)
        assert_int_equal(w->came[i], w->was_sent[i]);
}

static struct world *begin(unsigned seed)
{
    static struct world world;

    memset(&world, 0, sizeof world);
    world.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    return &world;
}

/* --- ends ------------------------------------------------------------------- */

struct trader {
    struct world *world;
    il_group *group;
    il_sender tx;
    il_receiver rx;
    int children; /* so many more like it may be made */
};

static int sell(void *arg);
static int buy(void *arg);

/* One more task of the same kind, with an end of its own. */
static void multiply(struct trader *t)
{
    struct trader child = *t;
    int r;

    child.children--;
    if (t->tx.channel)
        r = il_sender_clone(&t->tx, &child.tx);
    else
        r = il_receiver_clone(&t->rx, &child.rx);
    if (r < 0)
        return;
    r = il_spawn_copy(t->group, t->tx.channel ? sell : buy, &child,
                      sizeof child, NULL);
    if (r < 0) {
        il_sender_drop(&child.tx);
        il_receiver_drop(&child.rx);
    }
}

static int sell(void *arg)
{
    struct trader t = *(struct trader *)arg;
    struct world *w = t.world;
    IL_CLEANUP(il_sender) il_sender tx = t.tx;
    int r = 0;

    for (unsigned n = pick(w, 20); n > 0 && r != -EPIPE; n--) {
        int number = next_number(w);

        r = 0;
        if (t.children > 0 && pick(w, 8) == 0) {
            multiply(&t);
            t.children--;
        }
        IL_TIMEOUT (IL_MS(pick(w, 4)), &r) {
            r = dawdle(w);
            if (r == 0)
                r = il_sender_send(&tx, &number);
        }
        account(w, number, r);
        if (r == -ECANCELED)
            break;
    }
    return 0;
}

static int buy(void *arg)
{
    struct trader t = *(struct trader *)arg;
    struct world *w = t.world;
    IL_CLEANUP(il_receiver) il_receiver rx = t.rx;
    unsigned n = pick(w, 3) ? 1000 : pick(w, 10);
    int r = 0;

    for (; n > 0 && r != -EPIPE; n--) {
        int number = -1;

        r = 0;
        if (t.children > 0 && pick(w, 8) == 0) {
            multiply(&t);
            t.children--;
        }
        IL_TIMEOUT (IL_MS(pick(w, 6)), &r) {
            r = dawdle(w);
            if (r == 0)
                r = il_receiver_receive(&rx, &number);
        }
        if (r == 0)
            w->came[number]++;
        if (r == -ECANCELED)
            break;
    }
    return 0;
}

static int trade(void *arg)
{
    struct world *w = arg;
    struct trader t = { .world = w, .children = 2 };
    il_task *tasks[N_USERS] = { NULL };
    il_sender tx;
    il_receiver rx;
    il_group group;

    CHECK_INT(il_channel_open(sizeof(int), pick(w, 4), &tx, &rx), 0);
    il_channel_set_destroy(il_sender_channel(&tx), dispose, w);
    CHECK_INT(il_group_open(&group, 0), 0);
    t.group = &group;
    for (int i = 0; i < N_USERS; i++) {
        t.tx = (il_sender)IL_SENDER_INIT;
        t.rx = (il_receiver)IL_RECEIVER_INIT;
        if (i % 2 ? il_receiver_clone(&rx, &t.rx) : il_sender_clone(&tx, &t.tx))
            continue; /* all receivers have gone already */
        CHECK_INT(
            il_spawn_copy(&group, i % 2 ? buy : sell, &t, sizeof t, &tasks[i]),
            0);
    }
    il_sender_drop(&tx);
    il_receiver_drop(&rx);
    for (int i = 0; i < N_USERS; i++) {
        CHECK_INT(il_sleep(IL_MS(pick(w, 4))), 0);
        if (tasks[i] && pick(w, 3) == 0)
            CHECK(il_task_cancel(tasks[i]) <= 0);
        (void)il_task_unref(tasks[i]);
    }
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_channels_random_ends(void **state)
{
    int n_ok = 0;
    int n_failed = 0;

    (void)state;
    for (unsigned seed = 0; seed < N_SEEDS; seed++) {
        struct world *w = begin(seed);

        assert_int_equal(il_run(trade, w), 0);
        assert_all_came_once(w);
        n_ok += w->n_ok;
        n_failed += w->n_failed;
    }
    assert_true(n_ok > 1000 && n_failed > 1000);
}

/* --- queues ----------------------------------------------------------------- */

static int by_last_digit(const void *a, const void *b, void *arg)
{
    (void)arg;
    return *(const int *)a % 10 - *(const int *)b % 10;
}

static int put_some(void *arg)
{
    struct world *w = arg;

    for (unsigned n = pick(w, 20); n > 0; n--) {
        int number = next_number(w);
        int r = 0;

        IL_TIMEOUT (IL_MS(pick(w, 4)), &r) {
            r = dawdle(w);
            if (r == 0)
                r = il_queue_put(&w->queue, &number);
        }
        account(w, number, r);
        if (r == -ECANCELED || r == -EPIPE)
            break;
    }
    return 0;
}

static int get_some(void *arg)
{
    struct world *w = arg;
    int r = 0;

    while (r != -EPIPE && r != -ECANCELED) {
        int number = -1;

        r = 0;
        IL_TIMEOUT (IL_MS(pick(w, 6)), &r) {
            r = dawdle(w);
            if (r == 0)
                r = il_queue_get(&w->queue, &number);
        }
        if (r == 0) {
            w->came[number]++;
            (void)dawdle(w);
            CHECK_INT(il_queue_task_done(&w->queue), 0);
        }
    }
    return 0;
}

static int use_queue(void *arg)
{
    struct world *w = arg;
    il_task *tasks[N_USERS];
    il_group putters;
    il_group getters;
    int r = 0;

    CHECK_INT(il_group_open(&getters, 0), 0);
    CHECK_INT(il_group_open(&putters, 0), 0);
    for (int i = 0; i < N_USERS; i++)
        CHECK_INT(il_spawn(i % 2 ? &getters : &putters,
                           i % 2 ? get_some : put_some, w, &tasks[i]),
                  0);
    for (int i = 0; i < N_USERS; i++) {
        CHECK_INT(il_sleep(IL_MS(pick(w, 4))), 0);
        if (i != 1 && pick(w, 3) == 0) /* one getter must be left */
            CHECK(il_task_cancel(tasks[i]) <= 0);
        (void)il_task_unref(tasks[i]);
    }
    if (pick(w, 4) == 0)
        CHECK_INT(il_queue_close_now(&w->queue), 0);
    CHECK_INT(il_group_close(&putters), 0);
    r = il_queue_join(&w->queue);
    CHECK_INT(r, 0);
    CHECK_INT(il_queue_unfinished(&w->queue), 0);
    CHECK_INT(il_queue_count(&w->queue), 0);
    r = il_queue_close(&w->queue);
    CHECK(r == 0 || r == -EALREADY);
    CHECK_INT(il_group_close(&getters), 0);
    return 0;
}

static void test_channels_random_queues(void **state)
{
    int n_ok = 0;
    int n_failed = 0;

    (void)state;
    for (unsigned seed = 0; seed < N_SEEDS; seed++) {
        struct world *w = begin(seed);
        size_t capacity = 1 + seed / 3 % 5;
        int r = 0;

        if (seed % 3 == 0)
            r = il_queue_init(&w->queue, sizeof(int), capacity);
        if (seed % 3 == 1)
            r = il_queue_init_lifo(&w->queue, sizeof(int), capacity);
        if (seed % 3 == 2)
            r = il_queue_init_priority(&w->queue, sizeof(int), capacity,
                                       by_last_digit, NULL);
        assert_int_equal(r, 0);
        il_queue_set_destroy(&w->queue, dispose, w);
        assert_int_equal(il_run(use_queue, w), 0);
        il_queue_fini(&w->queue);
        assert_all_came_once(w);
        n_ok += w->n_ok;
        n_failed += w->n_failed;
    }
    assert_true(n_ok > 1000 && n_failed > 1000);
}

/* --- broadcasts and watches ----------------------------------------------------- */

enum { N_VALUES = 40 };

static int publish(void *arg)
{
    struct world *w = arg;

    for (int i = 0; i < N_VALUES; i++) {
        int number = i + 1;

        CHECK_INT(il_broadcast_send(&w->broadcast, &i), 0);
        CHECK_INT(il_watch_set(&w->watch, &number), 0);
        CHECK_INT(dawdle(w), 0);
    }
    CHECK_INT(il_broadcast_close(&w->broadcast), 0);
    CHECK_INT(il_watch_close(&w->watch), 0);
    return 0;
}

static int listen_to(void *arg)
{
    struct world *w = arg;
    il_subscriber s;
    uint64_t next = w->broadcast.sent;
    int r = il_subscriber_init(&s, &w->broadcast);

    while (r != -EPIPE && r != -ECANCELED) {
        uint64_t missed = 0;
        int value = -1;

        r = 0;
        IL_TIMEOUT (IL_MS(pick(w, 4)), &r) {
            r = dawdle(w);
            if (r == 0)
                r = il_subscriber_receive(&s, &value, &missed);
        }
        w->n_failed += r < 0;
        if (r < 0)
            continue;
        next += missed;
        CHECK_INT(value, next);
        next++;
        w->n_ok += missed > 0;
    }
    if (r == -EPIPE)
        CHECK_INT(next, N_VALUES);
    il_subscriber_fini(&s);
    return 0;
}

static int view(void *arg)
{
    struct world *w = arg;
    uint64_t seen = 0;
    int r = 0;

    while (r != -EPIPE && r != -ECANCELED) {
        uint64_t before = seen;
        int value = -1;

        r = 0;
        IL_TIMEOUT (IL_MS(pick(w, 4)), &r) {
            r = dawdle(w);
            if (r == 0)
                r = il_watch_next(&w->watch, &seen, &value);
        }
        if (r < 0)
            CHECK_INT(seen, before);
        if (r < 0)
            continue;
        CHECK(seen > before);
        CHECK_INT(value, seen);
        CHECK_INT(seen, il_watch_version(&w->watch));
    }
    if (r == -EPIPE)
        CHECK_INT(seen, N_VALUES);
    return 0;
}

static int broadcast_and_watch(void *arg)
{
    struct world *w = arg;
    il_task *tasks[N_USERS];
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < N_USERS; i++)
        CHECK_INT(il_spawn(&group, i % 2 ? listen_to : view, w, &tasks[i]), 0);
    CHECK_INT(il_spawn(&group, publish, w, NULL), 0);
    for (int i = 0; i < N_USERS; i++) {
        CHECK_INT(il_sleep(IL_MS(pick(w, 6))), 0);
        if (pick(w, 4) == 0)
            CHECK(il_task_cancel(tasks[i]) <= 0);
        (void)il_task_unref(tasks[i]);
    }
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_channels_random_broadcasts_and_watches(void **state)
{
    int n_ok = 0;
    int n_failed = 0;

    (void)state;
    for (unsigned seed = 0; seed < N_SEEDS; seed++) {
        struct world *w = begin(seed);

        assert_int_equal(
            il_broadcast_init(&w->broadcast, sizeof(int), 1 + seed % 4), 0);
        assert_int_equal(il_watch_init(&w->watch, sizeof(int)), 0);
        assert_int_equal(il_run(broadcast_and_watch, w), 0);
        il_broadcast_fini(&w->broadcast);
        il_watch_fini(&w->watch);
        n_ok += w->n_ok;
        n_failed += w->n_failed;
    }
    assert_true(n_ok > 100 && n_failed > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_channels_random_ends),
        TEST(test_channels_random_queues),
        TEST(test_channels_random_broadcasts_and_watches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
