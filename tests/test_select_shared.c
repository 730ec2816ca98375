/* SPDX-License-Identifier: MIT */

/* test_select_shared.c - selects that wait for what threads share, too; in one
 * thread, where each order can be told.  test_select_shared_rush.c has many. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/other_loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

struct site {
    il_shared_channel shared;
    il_shared_channel other;
    il_shared_future future;
    il_cancel_token token;
    il_channel local;
    il_event event;
};

static void open_site(struct site *s, size_t capacity)
{
    memset(s, 0, sizeof *s);
    assert_int_equal(il_shared_channel_init(&s->shared, sizeof(int), capacity),
                     0);
    assert_int_equal(il_shared_channel_init(&s->other, sizeof(int), capacity),
                     0);
    assert_int_equal(il_channel_init(&s->local, sizeof(int), capacity), 0);
}

static void close_site(struct site *s)
{
    il_shared_channel_fini(&s->shared);
    il_shared_channel_fini(&s->other);
    il_shared_future_fini(&s->future);
    il_cancel_token_fini(&s->token);
    il_channel_fini(&s->local);
    il_event_fini(&s->event);
}

enum { SHARED, OTHER, FUTURE, TOKEN, LOCAL, EVENT, TIME, N_CASES };

/* A task that selects among all of them. */
struct chooser {
    struct site *site;
    int values[N_CASES];
    void *value;
    int which; /* -1 while it waits */
    int result;
    bool sends; /* into the channels */
};

static int choose(void *arg)
{
    struct chooser *me = arg;
    struct site *s = me->site;
    il_case receive[] = {
        IL_CASE_SHARED_RECEIVE(&s->shared, &me->values[SHARED]),
        IL_CASE_SHARED_RECEIVE(&s->other, &me->values[OTHER]),
        IL_CASE_SHARED_FUTURE(&s->future, &me->values[FUTURE], &me->value),
        IL_CASE_CANCELLED(&s->token),
        IL_CASE_RECEIVE(&s->local, &me->values[LOCAL]),
        IL_CASE_EVENT(&s->event),
        IL_CASE_AFTER(IL_SEC(5)),
    };
    il_case send[] = {
        IL_CASE_SHARED_SEND(&s->shared, &me->values[SHARED]),
        IL_CASE_SHARED_SEND(&s->other, &me->values[OTHER]),
        IL_CASE_SHARED_FUTURE(&s->future, NULL, NULL),
        IL_CASE_CANCELLED(&s->token),
        IL_CASE_SEND(&s->local, &me->values[LOCAL]),
        IL_CASE_EVENT(&s->event),
        IL_CASE_AFTER(IL_SEC(5)),
    };
    il_case *cases = me->sends ? send : receive;

    me->which = -1;
    me->which = il_select(cases, N_CASES, 0);
    me->result = me->which >= 0 ? cases[me->which].result : 1;
    return 0;
}

static struct chooser chooser(struct site *site)
{
    struct chooser me = { .site = site, .which = -2 };

    for (int i = 0; i < N_CASES; i++)
        me.values[i] = 70 + i;
    return me;
}

static il_task *start(struct chooser *me)
{
    il_task *task = NULL;

    assert_int_equal(il_spawn(NULL, choose, me, &task), 0);
    return task;
}

static int join(void *task)
{
    CHECK_INT(il_task_join(task, NULL), 0);
    return 0;
}

/* That one has fired with that result, and no other has touched its variable. */
static void assert_fired(const struct chooser *me, int which, int result,
                         int value)
{
    assert_int_equal(me->which, which);
    assert_int_equal(me->result, result);
    for (int i = 0; i < N_CASES; i++)
        assert_int_equal(me->values[i], i == which ? value : 70 + i);
}

static int give(il_shared_channel *channel, int value)
{
    return il_shared_channel_try_send(channel, &value);
}

static int take(il_shared_channel *channel)
{
    int value = -1;
    int r = il_shared_channel_try_receive(channel, &value);

    return r < 0 ? r : value;
}

/* --- firing at once --------------------------------------------------------- */

static void test_select_shared_fires_what_can_in_order(void **state)
{
    struct site s;
    int out = 77;
    int result = 77;

    (void)state;
    open_site(&s, 2);
    assert_int_equal(give(&s.other, 5), 0);
    assert_int_equal(il_shared_future_set(&s.future, 6, &s), 0);
    {
        il_case cases[] = { IL_CASE_SHARED_RECEIVE(&s.shared, &out),
                            IL_CASE_SHARED_RECEIVE(NULL, &out),
                            IL_CASE_CANCELLED(&s.token),
                            IL_CASE_SHARED_RECEIVE(&s.other, &out),
                            IL_CASE_SHARED_FUTURE(&s.future, &result, NULL),
                            IL_CASE_SHARED_SEND(&s.shared, &result) };

        assert_int_equal(il_try_select(cases, 6, 0), 3);
        assert_int_equal(out, 5);
        assert_int_equal(result, 77);
        assert_int_equal(il_try_select(cases, 6, 0), 4);
        assert_int_equal(result, 6);
        assert_int_equal(il_try_select(cases, 4, 0), -EAGAIN);
        il_case_enable(&cases[4], false);
        assert_int_equal(il_try_select(cases, 6, 0), 5);
        assert_int_equal(il_try_select(cases, 6, 0), 0);
        assert_int_equal(out, 6);
        assert_int_equal(il_cancel_token_cancel(&s.token), 0);
        assert_int_equal(il_select(cases, 3, IL_SELECT_ROTATE), 2);
        assert_int_equal(cases[2].result, 0);
        assert_int_equal(il_shared_channel_close(&s.shared), 0);
        assert_int_equal(il_select(cases, 6, 0), 0);
        assert_int_equal(cases[0].result, -EPIPE);
    }
    close_site(&s);
}

static void test_select_shared_misuse_is_refused(void **state)
{
    il_shared_channel zeros = { 0 };
    struct site s;
    int out = 77;

    (void)state;
    open_site(&s, 0);
    {
        il_case cases[] = { IL_CASE_SHARED_RECEIVE(&zeros, &out),
                            IL_CASE_SHARED_SEND(&zeros, &out),
                            IL_CASE_SHARED_RECEIVE(&s.shared, NULL),
                            IL_CASE_SHARED_SEND(&s.shared, NULL),
                            IL_CASE_SHARED_FUTURE(NULL, NULL, NULL),
                            IL_CASE_CANCELLED(NULL) };

        for (int i = 0; i < 4; i++)
            assert_int_equal(il_try_select(&cases[i], 1, 0), -EINVAL);
        assert_int_equal(il_select(&cases[4], 2, 0), -ESRCH);
    }
    {
        il_case cases[] = { IL_CASE_SHARED_RECEIVE(&s.shared, &out),
                            IL_CASE_SHARED_FUTURE(&s.future, &out, NULL) };

        assert_int_equal(il_select(cases, 2, 0), -ESRCH); /* no task */
        assert_int_equal(il_try_select(cases, 2, 0), -EAGAIN);
    }
    assert_int_equal(out, 77);
    close_site(&s);
}

/* --- waiting ---------------------------------------------------------------- */

static int give_local(struct site *s, int value)
{
    return il_channel_try_send(&s->local, &value);
}

/* Let one of them fire; what the variable then is. */
static int let_fire(struct site *s, int which)
{
    switch (which) {
    case SHARED:
        assert_int_equal(give(&s->shared, 5), 0);
        return 5;
    case OTHER:
        assert_int_equal(give(&s->other, 6), 0);
        return 6;
    case FUTURE:
        assert_int_equal(il_shared_future_set(&s->future, 7, s), 0);
        return 7;
    case TOKEN:
        assert_int_equal(il_cancel_token_cancel(&s->token), 0);
        break;
    case LOCAL:
        assert_int_equal(give_local(s, 8), 0);
        return 8;
    case EVENT:
        il_event_set(&s->event);
        break;
    }
    return 70 + which;
}

/* The others are as if nobody had waited: they fire for the next one. */
static void test_select_shared_waits_for_any_and_leaves_the_others(void **state)
{
    struct fixture *f = *state;

    for (size_t capacity = 0; capacity < 2; capacity++)
        for (int first = 0; first < N_CASES; first++)
            for (int second = 0; second < N_CASES; second++) {
                struct site s;
                struct chooser a;
                il_task *task;
                int value;

                open_site(&s, capacity);
                a = chooser(&s);
                task = start(&a);
                settle(f);
                if (first == TIME) {
                    assert_int_equal(il_run(join, task), 0);
                    assert_fired(&a, TIME, 0, 70 + TIME);
                    assert_int_equal(reap(task), 0);
                    close_site(&s);
                    continue;
                }
                assert_int_equal(a.which, -1);
                value = let_fire(&s, first);
                /* It has fired, though it has not run: nobody takes this. */
                if (second == SHARED || second == OTHER)
                    assert_int_equal(
                        give(second == SHARED ? &s.shared : &s.other, 9),
                        capacity > 0 ? 0 : -EAGAIN);
                else if (second == LOCAL)
                    assert_int_equal(give_local(&s, 9),
                                     capacity > 0 ? 0 : -EAGAIN);
                else if (second != first)
                    (void)let_fire(&s, second);
                settle(f);
                assert_fired(&a, first, 0, value);
                assert_ptr_equal(a.value, first == FUTURE ? &s : NULL);
                assert_int_equal(reap(task), 0);
                close_site(&s);
            }
}

static void test_select_shared_sends_to_who_comes(void **state)
{
    struct fixture *f = *state;

    for (int which = SHARED; which <= LOCAL; which++) {
        struct site s;
        struct chooser a;
        il_task *task;
        int value = -1;

        if (which == FUTURE || which == TOKEN)
            continue;
        open_site(&s, 0);
        a = chooser(&s);
        a.sends = true;
        task = start(&a);
        if (which == LOCAL)
            assert_int_equal(il_channel_try_receive(&s.local, &value), 0);
        else
            value = take(which == SHARED ? &s.shared : &s.other);
        assert_int_equal(value, 70 + which);
        assert_int_equal(take(&s.shared), -EAGAIN);
        assert_int_equal(take(&s.other), -EAGAIN);
        assert_int_equal(il_channel_try_receive(&s.local, &value), -EAGAIN);
        settle(f);
        assert_fired(&a, which, 0, 70 + which);
        assert_int_equal(reap(task), 0);
        close_site(&s);
    }
}

/* Two selects, neither of which can do anything without the other. */
static void test_select_shared_meets_another_select(void **state)
{
    struct fixture *f = *state;

    for (int sender_first = 0; sender_first < 2; sender_first++) {
        struct site s;
        struct chooser a;
        struct chooser b;
        il_task *tasks[2];

        open_site(&s, 0);
        a = chooser(&s);
        b = chooser(&s);
        b.sends = true;
        tasks[0] = start(sender_first ? &b : &a);
        tasks[1] = start(sender_first ? &a : &b);
        settle(f);
        assert_fired(&a, SHARED, 0, 70 + SHARED);
        assert_fired(&b, SHARED, 0, 70 + SHARED);
        for (int i = 0; i < 2; i++)
            assert_int_equal(reap(tasks[i]), 0);
        close_site(&s);
    }
}

static int send_and_receive(void *arg)
{
    struct site *s = arg;
    int in = 5;
    int out = 77;
    il_case cases[] = { IL_CASE_SHARED_SEND(&s->shared, &in),
                        IL_CASE_SHARED_RECEIVE(&s->shared, &out),
                        IL_CASE_AFTER(IL_MS(1)) };

    CHECK_INT(il_select(cases, 3, 0), 2);
    CHECK_INT(out, 77);
    return 0;
}

static void test_select_shared_does_not_meet_itself(void **state)
{
    struct site s;

    (void)state;
    open_site(&s, 0);
    assert_int_equal(il_run(send_and_receive, &s), 0);
    close_site(&s);
}

static void test_select_shared_is_served_in_the_order_it_came(void **state)
{
    struct fixture *f = *state;
    struct site s;
    struct chooser c[3];
    il_task *tasks[3];

    open_site(&s, 1);
    for (int i = 0; i < 3; i++) {
        c[i] = chooser(&s);
        tasks[i] = start(&c[i]);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(give(&s.shared, i), 0);
    settle(f);
    for (int i = 0; i < 3; i++) {
        assert_fired(&c[i], SHARED, 0, i);
        assert_int_equal(reap(tasks[i]), 0);
    }
    assert_int_equal(take(&s.shared), -EAGAIN);
    close_site(&s);
}

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
        struct chooser a;
        il_task *task;

        open_site(&s, 1);
        a = chooser(&s);
        task = start(&a);
        ways[i].end(&s);
        /* Nobody looks at any of them any more. */
        close_site(&s);
        memset(&s, 0x55, sizeof s);
        settle(f);
        assert_fired(&a, ways[i].which, ways[i].result, 70 + ways[i].which);
        assert_int_equal(reap(task), 0);
    }
}

static void test_select_shared_cancelled_has_done_nothing(void **state)
{
    struct fixture *f = *state;

    for (int sends = 0; sends < 2; sends++) {
        struct site s;
        struct chooser a;
        il_task *task;

        open_site(&s, 0);
        a = chooser(&s);
        a.sends = sends;
        task = start(&a);
        for (int i = 0; i < 2; i++)
            assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(give(&s.shared, 5), -EAGAIN);
        assert_int_equal(take(&s.other), -EAGAIN);
        settle(f);
        assert_fired(&a, -ECANCELED, 1, 0);
        assert_int_equal(reap(task), 0);
        close_site(&s);
    }
}

static void test_select_shared_value_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;

    for (int which = 0; which < TIME; which++) {
        struct site s;
        struct chooser a;
        il_task *task;
        int value;

        open_site(&s, 0);
        a = chooser(&s);
        task = start(&a);
        value = let_fire(&s, which);
        assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_fired(&a, which, 0, value);
        assert_int_equal(reap(task), 0);
        close_site(&s);
    }
}

/* --- another thread has been faster ------------------------------------------ */

/* In the other thread: it hands over, and our loop does not run. */
static void *give_in_thread(void *channel)
{
    CHECK_INT(give(channel, 5), 0);
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
            struct chooser a;
            il_task *task;
            int value = -1;

            open_site(&s, capacity);
            a = chooser(&s);
            task = start(&a);
            settle(f);
            join_thread(start_thread(give_in_thread, &s.shared));
            switch (what) {
            case 0:
                assert_int_equal(give_local(&s, 9), capacity > 0 ? 0 : -EAGAIN);
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
                assert_int_equal(give(&s.other, 9), capacity > 0 ? 0 : -EAGAIN);
                join_thread(start_thread(set_in_thread, &s.future));
                break;
            case 5: /* in this order it leaves before it is told */
                assert_int_equal(il_task_cancel(task), 0);
                il_event_set(&s.event);
                il_shared_channel_fini(&s.other);
                break;
            }
            settle(f);
            assert_int_equal(il_run(join, task), 0);
            assert_fired(&a, SHARED, 0, 5);
            assert_int_equal(reap(task), 0);
            close_site(&s);
        }
}

/* Several wait in the local queue, and only one of them has gone elsewhere. */
static void test_select_shared_taken_elsewhere_is_passed_over(void **state)
{
    struct fixture *f = *state;
    struct site s;
    struct chooser c[3];
    il_task *tasks[3];

    open_site(&s, 0);
    for (int i = 0; i < 3; i++) {
        c[i] = chooser(&s);
        tasks[i] = start(&c[i]);
    }
    settle(f);
    join_thread(start_thread(give_in_thread, &s.shared));
    assert_int_equal(give_local(&s, 9), 0);
    settle(f);
    assert_int_equal(il_run(join, tasks[0]), 0);
    assert_fired(&c[0], SHARED, 0, 5);
    assert_fired(&c[1], LOCAL, 0, 9);
    assert_int_equal(c[2].which, -1);
    assert_int_equal(give(&s.other, 6), 0);
    settle(f);
    assert_fired(&c[2], OTHER, 0, 6);
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
    assert_int_equal(il_run(join, task), 0);
    assert_int_equal(il_run(join, holder), 0);
    assert_int_equal(il_run(join, g.child), 0);
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
        TEST(test_select_shared_fires_what_can_in_order),
        TEST(test_select_shared_misuse_is_refused),
        TEST(test_select_shared_waits_for_any_and_leaves_the_others),
        TEST(test_select_shared_sends_to_who_comes),
        TEST(test_select_shared_meets_another_select),
        TEST(test_select_shared_does_not_meet_itself),
        TEST(test_select_shared_is_served_in_the_order_it_came),
        TEST(test_select_shared_hears_of_ends),
        TEST(test_select_shared_cancelled_has_done_nothing),
        TEST(test_select_shared_value_wins_over_a_late_cancel),
        TEST(test_select_shared_taken_elsewhere_lets_others_have_it),
        TEST(test_select_shared_taken_elsewhere_is_passed_over),
        TEST(test_select_shared_taken_elsewhere_gets_no_grant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
