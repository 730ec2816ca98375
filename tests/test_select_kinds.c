/* SPDX-License-Identifier: MIT */

/* test_select_kinds.c - whichever case fires, with all the others nothing has
 * happened. */

#include "support/chooser.h"
#include "support/fixture.h"

#include <errno.h>

static void open_channel(il_channel *channel, size_t capacity)
{
    assert_int_equal(il_channel_init(channel, sizeof(int), capacity), 0);
}

static int sleep_and_return_nine(void *arg)
{
    int r = il_sleep(IL_MS(10));

    (void)arg;
    return r < 0 ? r : 9;
}

/* Everything that can be waited for, of which nothing is there yet. */
struct world {
    il_channel empty;
    il_channel full;
    il_event event;
    il_future future;
    il_task *task;
    il_lock lock;
    il_semaphore semaphore;
    il_queue gets;
    il_queue puts;
    il_broadcast news;
    il_subscriber subscriber;
    il_watch watch;
    uint64_t missed;
    uint64_t version;
    int got;
    int put;
    int heard;
    int seen;
    int received;
    int sent;
    int joined;
    int outcome;
    void *value;
};

enum {
    EMPTY,
    FULL,
    EVENT,
    TASK,
    FUTURE,
    LOCK,
    PERMITS,
    GET,
    PUT,
    HEAR,
    SEE,
    AT,
    AFTER,
    N_WORLD
};

static void make_world(struct world *w)
{
    const int fifteen = 15;

    *w = (struct world){ .event = IL_EVENT_INIT,
                         .future = IL_FUTURE_INIT,
                         .lock = IL_LOCK_INIT,
                         .semaphore = IL_SEMAPHORE_INIT(1),
                         .missed = 77,
                         .version = 1,
                         .got = 77,
                         .put = 16,
                         .heard = 77,
                         .seen = 77,
                         .received = 77,
                         .sent = 6,
                         .joined = 77,
                         .outcome = 77 };
    open_channel(&w->empty, 1);
    open_channel(&w->full, 1);
    give(&w->full, 5);
    assert_int_equal(il_queue_init(&w->gets, sizeof(int), 1), 0);
    assert_int_equal(il_queue_init(&w->puts, sizeof(int), 1), 0);
    assert_int_equal(il_queue_try_put(&w->puts, &fifteen), 0);
    assert_int_equal(il_broadcast_init(&w->news, sizeof(int), 1), 0);
    assert_int_equal(il_subscriber_init(&w->subscriber, &w->news), 0);
    assert_int_equal(il_watch_init(&w->watch, sizeof(int)), 0);
    assert_int_equal(il_watch_set(&w->watch, &fifteen), 0);
    assert_int_equal(il_spawn(NULL, sleep_and_return_nine, NULL, &w->task), 0);
    assert_int_equal(il_lock_acquire(&w->lock), 0); /* by code outside tasks */
}

static void make_cases(struct world *w, il_case cases[N_WORLD])
{
    const il_case all[N_WORLD] = {
        [EMPTY] = IL_CASE_RECEIVE(&w->empty, &w->received),
        [FULL] = IL_CASE_SEND(&w->full, &w->sent),
        [EVENT] = IL_CASE_EVENT(&w->event),
        [TASK] = IL_CASE_JOIN(w->task, &w->joined),
        [FUTURE] = IL_CASE_FUTURE(&w->future, &w->outcome, &w->value),
        [LOCK] = IL_CASE_LOCK(&w->lock),
        [PERMITS] = IL_CASE_PERMITS(&w->semaphore, 2),
        [GET] = IL_CASE_GET(&w->gets, &w->got),
        [PUT] = IL_CASE_PUT(&w->puts, &w->put),
        [HEAR] = IL_CASE_SUBSCRIBER(&w->subscriber, &w->heard, &w->missed),
        [SEE] = IL_CASE_WATCH(&w->watch, &w->version, &w->seen),
        [AT] = IL_CASE_AT(il_now() + IL_MS(20)),
        [AFTER] = IL_CASE_AFTER(IL_MS(30)),
    };

    for (int i = 0; i < N_WORLD; i++) {
        cases[i] = all[i];
        cases[i].result = 999;
    }
}

/* Let one of them happen. */
static void let_happen(struct fixture *f, struct world *w, int which)
{
    int value = 20;

    switch (which) {
    case EMPTY:
        give(&w->empty, 1);
        break;
    case FULL:
        assert_int_equal(take(&w->full), 5);
        break;
    case EVENT:
        assert_int_equal(il_event_set(&w->event), 0);
        break;
    case TASK:
        assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
        break;
    case FUTURE:
        assert_int_equal(il_future_set(&w->future, 8, w), 0);
        break;
    case LOCK:
        assert_int_equal(il_lock_release(&w->lock), 0);
        break;
    case PERMITS:
        assert_int_equal(il_semaphore_release(&w->semaphore, 1), 0);
        break;
    case GET:
        assert_int_equal(il_queue_try_put(&w->gets, &value), 0);
        break;
    case PUT:
        assert_int_equal(il_queue_try_get(&w->puts, &value), 0);
        assert_int_equal(value, 15);
        break;
    case HEAR:
        assert_int_equal(il_broadcast_send(&w->news, &value), 0);
        break;
    case SEE:
        assert_int_equal(il_watch_set(&w->watch, &value), 0);
        break;
    case AT:
        assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
        break;
    default:
        assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
    }
}

/* Only the one that fired has done something. */
static void assert_only(struct fixture *f, struct world *w, int which)
{
    int value = 0;

    assert_int_equal(w->got, which == GET ? 20 : 77);
    assert_int_equal(il_queue_count(&w->gets), 0);
    assert_int_equal(il_queue_try_get(&w->puts, &value), 0);
    assert_int_equal(value, which == PUT ? 16 : 15);
    assert_int_equal(w->heard, which == HEAR ? 20 : 77);
    assert_int_equal(w->missed, which == HEAR ? 0 : 77);
    assert_int_equal(w->seen, which == SEE ? 20 : 77);
    assert_int_equal(w->version, which == SEE ? 2 : 1);
    assert_int_equal(w->received, which == EMPTY ? 1 : 77);
    assert_int_equal(w->joined, which == TASK ? 9 : 77);
    assert_int_equal(w->outcome, which == FUTURE ? 8 : 77);
    assert_ptr_equal(w->value, which == FUTURE ? w : NULL);
    if (which == FULL)
        assert_int_equal(take(&w->full), 6);
    else
        assert_int_equal(take(&w->full), 5);
    assert_idle(&w->empty);
    assert_idle(&w->full);
    assert_int_equal(il_semaphore_count(&w->semaphore), which != PERMITS);
    /* Nobody is left in any queue. */
    assert_int_equal(il_queue_try_put(&w->gets, &value), 0);
    assert_int_equal(il_queue_count(&w->gets), 1);
    assert_int_equal(il_broadcast_send(&w->news, &value), 0);
    assert_int_equal(il_subscriber_count(&w->subscriber), 1);
    assert_int_equal(il_watch_set(&w->watch, &value), 0);
    assert_int_equal(il_event_set(&w->event), 0);
    (void)il_future_set(&w->future, 0, NULL);
    if (which != LOCK)
        assert_int_equal(il_lock_release(&w->lock), 0);
    assert_int_equal(il_semaphore_release(&w->semaphore, 5), 0);
    assert_int_equal(il_semaphore_count(&w->semaphore),
                     which == PERMITS ? 5 : 6);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_int_equal(reap(w->task), 9);
}

static void end_world(struct world *w)
{
    il_channel_fini(&w->empty);
    il_channel_fini(&w->full);
    il_event_fini(&w->event);
    il_future_fini(&w->future);
    il_lock_fini(&w->lock);
    il_semaphore_fini(&w->semaphore);
    il_queue_fini(&w->gets);
    il_queue_fini(&w->puts);
    il_subscriber_fini(&w->subscriber);
    il_broadcast_fini(&w->news);
    il_watch_fini(&w->watch);
}

/* The select's task has ended with the lock in its hands. */
static void take_lost_lock(struct fixture *f, int which)
{
    if (which == LOCK)
        assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
}

static void test_select_is_ended_by_any_and_touches_no_other(void **state)
{
    struct fixture *f = *state;

    for (int which = 0; which < N_WORLD; which++) {
        struct world w;
        il_case cases[N_WORLD];
        struct chooser chooser = CHOOSE(NULL, cases);
        il_task *task;

        make_world(&w);
        make_cases(&w, cases);
        if (which > TASK) /* it would be the first */
            il_case_enable(&cases[TASK], false);
        if (which > AT)
            il_case_enable(&cases[AT], false);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
        settle(f);
        assert_int_equal(chooser.r, 12345);
        let_happen(f, &w, which);
        settle(f);
        assert_int_equal(chooser.r, which);
        for (int i = 0; i < N_WORLD; i++)
            assert_int_equal(cases[i].result, i == which ? 0 : 999);
        assert_int_equal(reap(task), 0);
        take_lost_lock(f, which);
        assert_only(f, &w, which);
        end_world(&w);
    }
}

/* Each is there before the select runs that another one has ended. */
static void test_select_that_was_claimed_takes_nothing_more(void **state)
{
    struct fixture *f = *state;

    for (int which = 0; which < N_WORLD; which++) {
        struct world w;
        il_case cases[N_WORLD];
        struct chooser chooser = CHOOSE(NULL, cases);
        il_task *task;

        make_world(&w);
        make_cases(&w, cases);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
        assert_int_equal(il_event_set(&w.event), 0);
        let_happen(f, &w, which);
        settle(f);
        assert_int_equal(chooser.r, EVENT);
        assert_int_equal(cases[EVENT].result, 0);
        assert_int_equal(w.received, 77);
        assert_int_equal(w.joined, 77);
        assert_int_equal(w.outcome, 77);
        assert_int_equal(il_channel_count(&w.empty), which == EMPTY);
        assert_int_equal(il_channel_count(&w.full), which != FULL);
        assert_int_equal(il_semaphore_count(&w.semaphore),
                         which == PERMITS ? 2 : 1);
        assert_int_equal(il_lock_is_held(&w.lock), which != LOCK);
        assert_int_equal(il_queue_count(&w.gets), which == GET);
        assert_int_equal(il_queue_count(&w.puts), which != PUT);
        assert_int_equal(il_subscriber_count(&w.subscriber), which == HEAR);
        assert_int_equal(w.got + w.heard + w.seen, 3 * 77);
        assert_int_equal(reap(task), 0);
        assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
        assert_int_equal(reap(w.task), 9);
        end_world(&w);
    }
}

/* The cases are as before and can be used again. */
static int choose_thrice(void *arg)
{
    struct chooser *chooser = arg;

    for (int i = 0; i < 3; i++)
        CHECK_INT(choose_once(chooser), 0);
    return 0;
}

static void test_select_can_be_repeated(void **state)
{
    struct fixture *f = *state;
    il_channel channels[2];
    int values[2] = { 0 };
    il_case cases[] = { IL_CASE_RECEIVE(&channels[0], &values[0]),
                        IL_CASE_RECEIVE(&channels[1], &values[1]),
                        IL_CASE_AFTER(IL_MS(10)) };
    struct chooser chooser = CHOOSE("c", cases);

    for (int i = 0; i < 2; i++)
        open_channel(&channels[i], 0);
    assert_int_equal(il_spawn(NULL, choose_thrice, &chooser, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(9)), 0);
    give(&channels[1], 4);
    settle(f);
    assert_int_equal(il_test_advance(f->loop, IL_MS(9)), 0);
    give(&channels[0], 3);
    settle(f);
    /* From when it began to wait, not from before. */
    assert_int_equal(il_test_advance(f->loop, IL_MS(9)), 0);
    assert_string_equal(noted(), "c:1=0 c:0=0");
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_string_equal(noted(), "c:1=0 c:0=0 c:2=0");
    assert_int_equal(values[0], 3);
    assert_int_equal(values[1], 4);
    for (int i = 0; i < 2; i++)
        il_channel_fini(&channels[i]);
}

/* --- what is there already ------------------------------------------------------ */

static void test_select_finds_what_queues_and_the_like_have(void **state)
{
    il_queue queue;
    il_broadcast news;
    il_subscriber subscriber;
    il_watch watch;
    uint64_t missed = 77;
    uint64_t version = 0;
    int value = 0;
    int other = 4;
    il_case get[] = { IL_CASE_GET(&queue, &value) };
    il_case put[] = { IL_CASE_PUT(&queue, &other) };
    il_case hear[] = { IL_CASE_SUBSCRIBER(&subscriber, &value, &missed) };
    il_case see[] = { IL_CASE_WATCH(&watch, &version, &value) };

    (void)state;
    assert_int_equal(il_queue_init(&queue, sizeof(int), 1), 0);
    assert_int_equal(il_try_select(get, 1, 0), -EAGAIN);
    assert_int_equal(il_try_select(put, 1, 0), 0);
    assert_int_equal(il_try_select(put, 1, 0), -EAGAIN);
    assert_int_equal(il_try_select(get, 1, 0), 0);
    assert_int_equal(value, 4);

    assert_int_equal(il_broadcast_init(&news, sizeof(int), 2), 0);
    assert_int_equal(il_subscriber_init(&subscriber, &news), 0);
    assert_int_equal(il_try_select(hear, 1, 0), -EAGAIN);
    for (int i = 1; i <= 5; i++)
        assert_int_equal(il_broadcast_send(&news, &i), 0);
    assert_int_equal(il_try_select(hear, 1, 0), 0);
    assert_int_equal(value, 4);
    assert_int_equal(missed, 3);

    assert_int_equal(il_watch_init(&watch, sizeof(int)), 0);
    assert_int_equal(il_try_select(see, 1, 0), -EAGAIN);
    assert_int_equal(il_watch_set(&watch, &other), 0);
    value = 0;
    assert_int_equal(il_try_select(see, 1, 0), 0);
    assert_int_equal(value, 4);
    assert_int_equal(version, 1);
    assert_int_equal(il_try_select(see, 1, 0), -EAGAIN);

    assert_int_equal(il_queue_close(&queue), 0);
    assert_int_equal(il_broadcast_close(&news), 0);
    assert_int_equal(il_watch_set(&watch, &other), 0);
    assert_int_equal(il_watch_close(&watch), 0);
    assert_int_equal(il_try_select(get, 1, 0), 0);
    assert_int_equal(get[0].result, -EPIPE);
    assert_int_equal(il_try_select(put, 1, 0), 0);
    assert_int_equal(put[0].result, -EPIPE);
    assert_int_equal(il_try_select(hear, 1, 0), 0);
    assert_int_equal(hear[0].result, 0); /* what is left */
    assert_int_equal(il_try_select(hear, 1, 0), 0);
    assert_int_equal(hear[0].result, -EPIPE);
    assert_int_equal(il_try_select(see, 1, 0), 0);
    assert_int_equal(see[0].result, 0); /* the last one is never skipped */
    assert_int_equal(il_try_select(see, 1, 0), 0);
    assert_int_equal(see[0].result, -EPIPE);

    il_broadcast_fini(&news);
    assert_int_equal(il_try_select(hear, 1, 0), 0);
    assert_int_equal(hear[0].result, -EOWNERDEAD);
    il_subscriber_fini(&subscriber);
    il_queue_fini(&queue);
    il_watch_fini(&watch);
    for (int i = 0; i < 4; i++) {
        il_case *ended[] = { get, put, hear, see };

        assert_int_equal(il_try_select(ended[i], 1, 0), -EINVAL);
    }
}

/* Two values in a row: the select has the first, the next select the second. */
static void test_select_skips_no_last_value_of_a_watch(void **state)
{
    struct fixture *f = *state;
    il_watch watch;
    uint64_t version = 0;
    int value = 0;
    il_case cases[] = { IL_CASE_WATCH(&watch, &version, &value) };
    struct chooser chooser = CHOOSE("c", cases);

    assert_int_equal(il_watch_init(&watch, sizeof(int)), 0);
    assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(il_watch_set(&watch, &i), 0);
    settle(f);
    assert_int_equal(value, 1);
    assert_int_equal(version, 1);
    assert_int_equal(il_try_select(cases, 1, 0), 0);
    assert_int_equal(value, 3);
    assert_int_equal(version, 3);
    il_watch_fini(&watch);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_select_is_ended_by_any_and_touches_no_other),
        TEST(test_select_that_was_claimed_takes_nothing_more),
        TEST(test_select_can_be_repeated),
        TEST(test_select_finds_what_queues_and_the_like_have),
        TEST(test_select_skips_no_last_value_of_a_watch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
