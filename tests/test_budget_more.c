/* SPDX-License-Identifier: MIT */

/* test_budget_more.c - queues and their like, combinators and what other threads
 * share take turns, too, where they need not wait; as test_budget.c. */

#include "support/budget.h"

#include <errno.h>

struct things {
    il_broadcast broadcast;
    il_subscriber subscriber;
    il_queue queue;
    il_queue empty;
    il_watch watch;
    il_sender sender;
    il_receiver receiver;
    il_shared_channel shared_channel;
    il_shared_future shared_future;
    il_cancel_token token;
    il_submission *submission;
    il_task *ended;
    il_event event; /* it is set */
    il_event never;
    il_group group; /* of the busy task; collects */
};

static int succeed(void *arg)
{
    (void)arg;
    return 0;
}

static int get_ready(void *arg)
{
    (void)arg;
    return il_ready(NULL);
}

/* --- the operations ---------------------------------------------------------- */

static int do_queue(void *things)
{
    struct things *t = things;
    int element = 1;
    int r = il_queue_put(&t->queue, &element);

    if (r == 0)
        r = il_queue_get(&t->queue, &element);
    return r < 0 ? r : il_queue_task_done(&t->queue);
}

static int do_queue_join(void *things)
{
    struct things *t = things;

    return il_queue_join(&t->empty);
}

static int do_broadcast(void *things)
{
    struct things *t = things;
    uint64_t missed;
    int element = 1;
    int r = il_broadcast_send(&t->broadcast, &element);

    return r < 0 ? r : il_subscriber_receive(&t->subscriber, &element, &missed);
}

static int do_watch(void *things)
{
    struct things *t = things;
    uint64_t version = il_watch_version(&t->watch);
    int value = 1;
    int r = il_watch_set(&t->watch, &value);

    return r < 0 ? r : il_watch_next(&t->watch, &version, &value);
}

static int do_ends(void *things)
{
    struct things *t = things;
    int element = 1;
    int r = il_sender_send(&t->sender, &element);

    return r < 0 ? r : il_receiver_receive(&t->receiver, &element);
}

static int do_shared_channel(void *things)
{
    struct things *t = things;
    int element = 1;
    int r = il_shared_channel_send(&t->shared_channel, &element, IL_FOREVER);

    return r < 0 ? r
                 : il_shared_channel_receive(&t->shared_channel, &element,
                                             IL_FOREVER);
}

static int do_shared_future(void *things)
{
    struct things *t = things;

    return il_shared_future_wait(&t->shared_future, IL_FOREVER, NULL, NULL);
}

static int do_token(void *things)
{
    struct things *t = things;

    return il_cancel_token_wait(&t->token, IL_FOREVER);
}

static int do_submission(void *things)
{
    struct things *t = things;

    return il_submission_wait(t->submission, IL_FOREVER, NULL);
}

static int do_wait_any(void *things)
{
    struct things *t = things;
    il_awaited awaited[] = { { .task = t->ended } };

    return il_wait_any(awaited, 1, NULL);
}

static int do_wait_all(void *things)
{
    struct things *t = things;
    il_awaited awaited[] = { { .task = t->ended } };

    return il_wait_all(awaited, 1);
}

static int do_wait_for(void *things)
{
    struct things *t = things;

    return il_wait_for(t->ended, IL_SEC(1), NULL);
}

static int do_stop(void *things)
{
    struct things *t = things;

    return il_task_stop(t->ended, IL_SEC(1), NULL);
}

static int do_gather_all(void *things)
{
    il_call calls[] = { { succeed, NULL, 0 }, { succeed, NULL, 0 } };

    (void)things;
    return il_gather_all(calls, 2);
}

static int do_race_staggered(void *things)
{
    il_call calls[] = { { succeed, NULL, 0 } };

    (void)things;
    return il_race_staggered(calls, 1, IL_MS(1), NULL);
}

static int do_first(void *things)
{
    il_call calls[] = { { succeed, NULL, 0 } };

    (void)things;
    return il_first(calls, 1, NULL);
}

static int do_map(void *things)
{
    int items[] = { 1, 2, 3 };

    (void)things;
    return il_map(items, 3, sizeof items[0], 2, succeed, NULL);
}

static int do_spawn_ready(void *things)
{
    il_auto(il_group) group = { 0 };
    int r = il_group_open(&group, 0);

    (void)things;
    if (r == 0)
        r = il_spawn_ready(&group, get_ready, NULL, NULL, NULL);
    return r < 0 ? r : il_group_close(&group);
}

static int do_select(void *things)
{
    struct things *t = things;
    il_case cases[] = { IL_CASE_EVENT(&t->never), IL_CASE_EVENT(&t->event) };

    return il_select(cases, 2, 0);
}

static int do_select_join(void *things)
{
    struct things *t = things;
    il_case cases[] = { IL_CASE_JOIN(t->ended, NULL) };

    return il_select(cases, 1, IL_SELECT_ROTATE);
}

static const struct op ops[] = {
    { "il_queue_put, il_queue_get", do_queue, false },
    { "il_queue_join", do_queue_join, false },
    { "il_subscriber_receive", do_broadcast, false },
    { "il_watch_next", do_watch, false },
    { "il_sender_send, il_receiver_receive", do_ends, false },
    { "il_shared_channel_send, …_receive", do_shared_channel, false },
    { "il_shared_future_wait", do_shared_future, true },
    { "il_cancel_token_wait", do_token, true },
    { "il_submission_wait", do_submission, true },
    { "il_wait_any", do_wait_any, true },
    { "il_wait_all", do_wait_all, true },
    { "il_wait_for", do_wait_for, true },
    { "il_task_stop", do_stop, true },
    { "il_select", do_select, false },
    { "il_select of an end", do_select_join, false },
    { "il_gather_all", do_gather_all, false },
    { "il_race_staggered", do_race_staggered, false },
    { "il_first", do_first, false },
    { "il_map", do_map, false },
    { "il_spawn_ready", do_spawn_ready, false },
};

enum { N_KINDS = sizeof ops / sizeof ops[0] };

/* --- the tests --------------------------------------------------------------- */

static void open_things(struct fixture *f, struct things *t)
{
    *t = (struct things){ .shared_future = IL_SHARED_FUTURE_INIT,
                          .token = IL_CANCEL_TOKEN_INIT };
    assert_int_equal(il_broadcast_init(&t->broadcast, sizeof(int), 4), 0);
    assert_int_equal(il_subscriber_init(&t->subscriber, &t->broadcast), 0);
    assert_int_equal(il_queue_init(&t->queue, sizeof(int), 1), 0);
    assert_int_equal(il_queue_init(&t->empty, sizeof(int), 1), 0);
    assert_int_equal(il_watch_init(&t->watch, sizeof(int)), 0);
    assert_int_equal(il_channel_open(sizeof(int), 1, &t->sender, &t->receiver),
                     0);
    assert_int_equal(il_shared_channel_init(&t->shared_channel, sizeof(int), 1),
                     0);
    assert_int_equal(il_shared_future_set(&t->shared_future, 0, NULL), 0);
    assert_int_equal(il_cancel_token_cancel(&t->token), 0);
    assert_int_equal(il_submit(f->loop, succeed, NULL, &t->submission), 0);
    assert_int_equal(il_spawn(NULL, succeed, NULL, &t->ended), 0);
    assert_int_equal(il_event_set(&t->event), 0);
    settle(f);
}

static void close_things(struct things *t)
{
    (void)il_task_unref(t->ended);
    (void)il_submission_unref(t->submission);
    il_cancel_token_fini(&t->token);
    il_shared_future_fini(&t->shared_future);
    il_shared_channel_fini(&t->shared_channel);
    il_sender_drop(&t->sender);
    il_receiver_drop(&t->receiver);
    il_watch_fini(&t->watch);
    il_queue_fini(&t->queue);
    il_queue_fini(&t->empty);
    il_subscriber_fini(&t->subscriber);
    il_broadcast_fini(&t->broadcast);
}

static void test_budget_more_busy_task_lets_others_run(void **state)
{
    struct things things;

    open_things(*state, &things);
    check_turns(*state, ops, N_KINDS, &things.group, &things);
    close_things(&things);
}

static void test_budget_more_holds_in_the_first_step(void **state)
{
    struct things things;

    open_things(*state, &things);
    check_first_step(*state, ops, N_KINDS, &things.group, &things);
    close_things(&things);
}

static void
test_budget_more_cancelled_task_is_refused_or_gets_results(void **state)
{
    struct things things;

    open_things(*state, &things);
    check_cancelled(*state, ops, N_KINDS, &things.group, &things);
    close_things(&things);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_budget_more_busy_task_lets_others_run),
        TEST(test_budget_more_holds_in_the_first_step),
        TEST(test_budget_more_cancelled_task_is_refused_or_gets_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
