/* SPDX-License-Identifier: MIT */

/* test_select_shared_end.c - selects that wait for what threads share, too: what
 * ends, what is cancelled, and what another thread is faster with. */

#include "support/gates.h"
#include "support/sites.h"

#include <errno.h>
#include <string.h>

/* --- ends and cancels -------------------------------------------------------- */

static void close_shared(struct site *s)
{
    assert_int_equal(il_shared_channel_close(&s->shared), 0);
}

static void close_other(struct site *s)
{
    assert_int_equal(il_shared_channel_close_now(&s->other), 0);
}

static void end_shared(struct site *s)
{
    il_shared_channel_fini(&s->shared);
}

static void end_future(struct site *s)
{
    il_shared_future_fini(&s->future);
}

static void end_token(struct site *s)
{
    il_cancel_token_fini(&s->token);
}

static void test_select_shared_hears_of_ends(void **state)
{
    static const struct {
        void (*end)(struct site *s);
        int which;
        int result;
    } ways[] = {
        { close_shared, SHARED, -EPIPE },
        { close_other, OTHER, -EPIPE },
        { end_shared, SHARED, -EOWNERDEAD },
        { end_future, FUTURE, -EOWNERDEAD },
        { end_token, TOKEN, -EOWNERDEAD },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct site s;
        struct site_user a;
        il_task *task;

        open_site(&s, 1);
        a = site_user(&s);
        task = start_site_user(&a);
        ways[i].end(&s);
        /* Nobody looks at any of them any more. */
        close_site(&s);
        memset(&s, 0x55, sizeof s);
        settle(f);
        assert_site_fired(&a, ways[i].which, ways[i].result,
                          70 + ways[i].which);
        assert_int_equal(reap(task), 0);
    }
}

static void test_select_shared_cancelled_has_done_nothing(void **state)
{
    struct fixture *f = *state;

    for (int sends = 0; sends < 2; sends++) {
        struct site s;
        struct site_user a;
        il_task *task;

        open_site(&s, 0);
        a = site_user(&s);
        a.sends = sends;
        task = start_site_user(&a);
        for (int i = 0; i < 2; i++)
            assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(site_give(&s.shared, 5), -EAGAIN);
        assert_int_equal(site_take(&s.other), -EAGAIN);
        settle(f);
        assert_site_fired(&a, -ECANCELED, 1, 0);
        assert_int_equal(reap(task), 0);
        close_site(&s);
    }
}

static void test_select_shared_value_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;

    for (int which = 0; which < TIME; which++) {
        struct site s;
        struct site_user a;
        il_task *task;
        int value;

        open_site(&s, 0);
        a = site_user(&s);
        task = start_site_user(&a);
        value = let_site_fire(&s, which);
        assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_site_fired(&a, which, 0, value);
        assert_int_equal(reap(task), 0);
        close_site(&s);
    }
}

/* --- another thread has been faster ------------------------------------------ */

/* In the other thread: it hands over, and our loop does not run. */
static void *give_in_thread(void *channel)
{
    CHECK_INT(site_give(channel, 5), 0);
    return NULL;
}

static void *set_in_thread(void *future)
{
    CHECK_INT(il_shared_future_set(future, 7, NULL), 0);
    return NULL;
}

/* The task was claimed, and does not know it yet: whatever is done in its own
 * thread is not for it, and nothing of it is lost. */
static void test_select_shared_taken_elsewhere_lets_others_have_it(void **state)
{
    struct fixture *f = *state;

    for (size_t capacity = 0; capacity < 2; capacity++)
        for (int what = 0; what < 6; what++) {
            struct site s;
            struct site_user a;
            il_task *task;
            int value = -1;

            open_site(&s, capacity);
            a = site_user(&s);
            task = start_site_user(&a);
            settle(f);
            join_thread(start_thread(give_in_thread, &s.shared));
            switch (what) {
            case 0:
                assert_int_equal(site_give_local(&s, 9),
                                 capacity > 0 ? 0 : -EAGAIN);
                assert_int_equal(il_channel_try_receive(&s.local, &value),
                                 capacity > 0 ? 0 : -EAGAIN);
                assert_int_equal(value, capacity > 0 ? 9 : -1);
                break;
            case 1:
                il_event_set(&s.event);
                break;
            case 2:
                assert_int_equal(il_task_cancel(task), 0);
                break;
            case 3: /* neither waits for our loop, which does not run */
                il_shared_channel_fini(&s.other);
                il_shared_future_fini(&s.future);
                il_cancel_token_fini(&s.token);
                il_channel_fini(&s.local);
                break;
            case 4:
                assert_int_equal(site_give(&s.other, 9),
                                 capacity > 0 ? 0 : -EAGAIN);
                join_thread(start_thread(set_in_thread, &s.future));
                break;
            case 5: /* in this order it leaves before it is told */
                assert_int_equal(il_task_cancel(task), 0);
                il_event_set(&s.event);
                il_shared_channel_fini(&s.other);
                break;
            }
            settle(f);
            assert_int_equal(il_run(join_site_user, task), 0);
            assert_site_fired(&a, SHARED, 0, 5);
            assert_int_equal(reap(task), 0);
            close_site(&s);
        }
}

/* Several wait in the local queue, and only one of them has gone elsewhere. */
static void test_select_shared_taken_elsewhere_is_passed_over(void **state)
{
    struct fixture *f = *state;
    struct site s;
    struct site_user c[3];
    il_task *tasks[3];

    open_site(&s, 0);
    for (int i = 0; i < 3; i++) {
        c[i] = site_user(&s);
        tasks[i] = start_site_user(&c[i]);
    }
    settle(f);
    join_thread(start_thread(give_in_thread, &s.shared));
    assert_int_equal(site_give_local(&s, 9), 0);
    settle(f);
    assert_int_equal(il_run(join_site_user, tasks[0]), 0);
    assert_site_fired(&c[0], SHARED, 0, 5);
    assert_site_fired(&c[1], LOCAL, 0, 9);
    assert_int_equal(c[2].which, -1);
    assert_int_equal(site_give(&s.other, 6), 0);
    settle(f);
    assert_site_fired(&c[2], OTHER, 0, 6);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
    close_site(&s);
}

/* The same for each kind of grant of our own thread. */
struct grants {
    il_shared_channel shared;
    il_queue queue;
    il_queue full;
    il_broadcast broadcast;
    il_subscriber subscriber;
    il_watch watch;
    il_future future;
    il_lock lock;
    il_semaphore semaphore;
    il_channel full_channel;
    il_task *child;
    int which;
};

static int sleep_little(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(1));
}

static int choose_among_grants(void *arg)
{
    struct grants *g = arg;
    int in = 3;
    int out[6] = { 77, 77, 77, 77, 77, 77 };
    uint64_t missed = 77;
    uint64_t version = 0;
    void *value = NULL;
    il_case cases[] = {
        IL_CASE_SHARED_RECEIVE(&g->shared, &out[0]),
        IL_CASE_GET(&g->queue, &out[1]),
        IL_CASE_PUT(&g->full, &in),
        IL_CASE_SUBSCRIBER(&g->subscriber, &out[2], &missed),
        IL_CASE_WATCH(&g->watch, &version, &out[3]),
        IL_CASE_FUTURE(&g->future, &out[4], &value),
        IL_CASE_LOCK(&g->lock),
        IL_CASE_PERMITS(&g->semaphore, 2),
        IL_CASE_SEND(&g->full_channel, &in),
        IL_CASE_JOIN(g->child, &out[5]),
    };

    g->which = -1;
    g->which = il_select(cases, 10, 0);
    CHECK_INT(out[0], 5);
    for (int i = 1; i < 6; i++)
        CHECK_INT(out[i], 77);
    CHECK_INT(missed, 77);
    CHECK_INT(version, 0);
    CHECK(!value);
    return 0;
}

static int hold_lock(void *arg)
{
    struct grants *g = arg;

    CHECK_INT(il_lock_acquire(&g->lock), 0);
    (void)il_yield();
    return il_lock_release(&g->lock);
}

static void test_select_shared_taken_elsewhere_gets_no_grant(void **state)
{
    struct fixture *f = *state;
    struct grants g = { .which = -2, .semaphore = IL_SEMAPHORE_INIT(0) };
    int one = 1;
    int value = -1;
    il_task *task = NULL;
    il_task *holder = NULL;

    assert_int_equal(il_shared_channel_init(&g.shared, sizeof(int), 0), 0);
    assert_int_equal(il_queue_init(&g.queue, sizeof(int), 1), 0);
    assert_int_equal(il_queue_init(&g.full, sizeof(int), 1), 0);
    assert_int_equal(il_queue_try_put(&g.full, &one), 0);
    assert_int_equal(il_broadcast_init(&g.broadcast, sizeof(int), 2), 0);
    assert_int_equal(il_subscriber_init(&g.subscriber, &g.broadcast), 0);
    assert_int_equal(il_watch_init(&g.watch, sizeof(int)), 0);
    assert_int_equal(il_channel_init(&g.full_channel, sizeof(int), 1), 0);
    assert_int_equal(il_channel_try_send(&g.full_channel, &one), 0);
    assert_int_equal(il_spawn(NULL, sleep_little, NULL, &g.child), 0);
    assert_int_equal(il_spawn(NULL, hold_lock, &g, &holder), 0);
    assert_int_equal(il_spawn(NULL, choose_among_grants, &g, &task), 0);
    assert_int_equal(g.which, -1);
    join_thread(start_thread(give_in_thread, &g.shared));

    assert_int_equal(il_semaphore_release(&g.semaphore, 2), 0);
    assert_int_equal(il_semaphore_count(&g.semaphore), 2);
    one = 2;
    assert_int_equal(il_queue_try_put(&g.queue, &one), 0);
    assert_int_equal(il_queue_try_get(&g.queue, &value), 0);
    assert_int_equal(value, 2);
    assert_int_equal(il_queue_try_get(&g.full, &value), 0);
    assert_int_equal(il_queue_count(&g.full), 0);
    assert_int_equal(il_channel_try_receive(&g.full_channel, &value), 0);
    assert_int_equal(il_channel_count(&g.full_channel), 0);
    assert_int_equal(il_broadcast_send(&g.broadcast, &one), 0);
    assert_int_equal(il_subscriber_try_receive(&g.subscriber, &value, NULL), 0);
    assert_int_equal(value, 2);
    assert_int_equal(il_watch_set(&g.watch, &one), 0);
    assert_int_equal(il_future_set(&g.future, 4, &g), 0);
    assert_int_equal(il_run(join_site_user, task), 0);
    assert_int_equal(il_run(join_site_user, holder), 0);
    assert_int_equal(il_run(join_site_user, g.child), 0);
    settle(f);
    assert_int_equal(g.which, 0);
    assert_int_equal(il_lock_try_acquire(&g.lock), 0); /* it is free */
    assert_int_equal(il_lock_release(&g.lock), 0);
    assert_int_equal(reap(task), 0);
    assert_int_equal(reap(holder), 0);
    assert_int_equal(reap(g.child), 0);
    il_subscriber_fini(&g.subscriber);
    il_broadcast_fini(&g.broadcast);
    il_watch_fini(&g.watch);
    il_queue_fini(&g.queue);
    il_queue_fini(&g.full);
    il_channel_fini(&g.full_channel);
    il_lock_fini(&g.lock);
    il_shared_channel_fini(&g.shared);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_select_shared_hears_of_ends),
        TEST(test_select_shared_cancelled_has_done_nothing),
        TEST(test_select_shared_value_wins_over_a_late_cancel),
        TEST(test_select_shared_taken_elsewhere_lets_others_have_it),
        TEST(test_select_shared_taken_elsewhere_is_passed_over),
        TEST(test_select_shared_taken_elsewhere_gets_no_grant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
