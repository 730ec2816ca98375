/* SPDX-License-Identifier: MIT */

/* test_select.c - one of several cases fires: what each kind does, and which one
 * it is. */

#include "support/chooser.h"
#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>

static void open_channel(il_channel *channel, size_t capacity)
{
    assert_int_equal(il_channel_init(channel, sizeof(int), capacity), 0);
}

static int return_seven(void *arg)
{
    (void)arg;
    return 7;
}

/* --- what can fire at once ---------------------------------------------------- */

static void test_select_receives_what_is_there(void **state)
{
    il_channel channel;
    int value = 77;
    il_case cases[] = { IL_CASE_NONE, IL_CASE_RECEIVE(&channel, &value) };

    (void)state;
    open_channel(&channel, 2);
    give(&channel, 1);
    give(&channel, 2);
    assert_int_equal(il_select(cases, 2, 0), 1);
    assert_int_equal(cases[1].result, 0);
    assert_int_equal(value, 1);
    assert_int_equal(il_channel_count(&channel), 1);
    il_channel_fini(&channel);
}

static void test_select_sends_where_there_is_room(void **state)
{
    il_channel channel;
    const int value = 5;
    il_case cases[] = { IL_CASE_SEND(&channel, &value) };

    (void)state;
    open_channel(&channel, 1);
    assert_int_equal(il_select(cases, 1, 0), 0);
    assert_int_equal(cases[0].result, 0);
    assert_int_equal(il_try_select(cases, 1, 0), -EAGAIN);
    assert_int_equal(take(&channel), 5);
    il_channel_fini(&channel);
}

/* As a plain receive does: first what is left, then the end. */
static void test_select_drains_a_closed_channel(void **state)
{
    il_channel channel;
    int value = 77;
    il_case cases[] = { IL_CASE_RECEIVE(&channel, &value) };

    (void)state;
    open_channel(&channel, 1);
    give(&channel, 3);
    assert_int_equal(il_channel_close(&channel), 0);
    assert_int_equal(il_select(cases, 1, 0), 0);
    assert_int_equal(cases[0].result, 0);
    assert_int_equal(value, 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(il_select(cases, 1, 0), 0);
        assert_int_equal(cases[0].result, -EPIPE);
    }
    assert_int_equal(value, 3);
    il_channel_fini(&channel);
}

static void test_select_of_a_closed_channel_sends_nothing(void **state)
{
    il_channel channel;
    int value = 3;
    il_case cases[] = { IL_CASE_SEND(&channel, &value) };

    (void)state;
    open_channel(&channel, 1);
    assert_int_equal(il_channel_close(&channel), 0);
    assert_int_equal(il_select(cases, 1, 0), 0);
    assert_int_equal(cases[0].result, -EPIPE);
    assert_idle(&channel);
    il_channel_fini(&channel);
}

static void test_select_finds_what_is_done(void **state)
{
    il_event event = IL_EVENT_INIT;
    il_future future = IL_FUTURE_INIT;
    il_task *task;
    void *value = NULL;
    int result = 0;
    il_case of_event[] = { IL_CASE_EVENT(&event) };
    il_case of_future[] = { IL_CASE_FUTURE(&future, &result, &value) };

    (void)state;
    assert_int_equal(il_try_select(of_event, 1, 0), -EAGAIN);
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_try_select(of_event, 1, 0), 0);
    assert_int_equal(of_event[0].result, 0);
    assert_true(il_event_is_set(&event));

    assert_int_equal(il_try_select(of_future, 1, 0), -EAGAIN);
    assert_int_equal(il_future_set(&future, -5, &event), 0);
    assert_int_equal(il_try_select(of_future, 1, 0), 0);
    assert_int_equal(of_future[0].result, 0);
    assert_int_equal(result, -5);
    assert_ptr_equal(value, &event);

    assert_int_equal(il_spawn(NULL, return_seven, NULL, &task), 0);
    {
        il_case of_task[] = { IL_CASE_JOIN(task, &result) };

        assert_int_equal(il_try_select(of_task, 1, 0), 0);
        assert_int_equal(of_task[0].result, 0);
        assert_int_equal(result, 7);
    }
    assert_int_equal(reap(task), 7);
}

static void test_select_takes_locks_and_permits(void **state)
{
    il_lock lock = IL_LOCK_INIT;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(3);
    il_case cases[] = { IL_CASE_PERMITS(&semaphore, 2), IL_CASE_LOCK(&lock) };

    (void)state;
    assert_int_equal(il_try_select(cases, 2, 0), 0);
    assert_int_equal(cases[0].result, 0);
    assert_int_equal(il_semaphore_count(&semaphore), 1);
    assert_false(il_lock_is_held(&lock));
    assert_int_equal(il_try_select(cases, 2, 0), 1);
    assert_int_equal(cases[1].result, 0);
    assert_true(il_lock_is_held(&lock));
    assert_int_equal(il_lock_release(&lock), 0);
}

static void test_select_knows_times_that_have_passed(void **state)
{
    il_case never[] = { IL_CASE_AT(IL_FOREVER), IL_CASE_AFTER(IL_FOREVER),
                        IL_CASE_AFTER(1) };
    il_case passed[] = { IL_CASE_AT(IL_FOREVER), IL_CASE_AT(il_now()) };
    il_case none[] = { IL_CASE_AFTER(0) };
    il_case less[] = { IL_CASE_AFTER(-IL_SEC(1)) };

    (void)state;
    assert_int_equal(il_try_select(never, 3, 0), -EAGAIN);
    assert_int_equal(il_try_select(passed, 2, 0), 1);
    assert_int_equal(passed[1].result, 0);
    assert_int_equal(il_try_select(none, 1, 0), 0);
    assert_int_equal(il_try_select(less, 1, 0), 0);
}

/* --- which one ------------------------------------------------------------------ */

static void test_select_prefers_the_first(void **state)
{
    il_channel channels[3];
    int values[3] = { 0 };
    il_case cases[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        open_channel(&channels[i], 1);
        cases[i] = (il_case)IL_CASE_RECEIVE(&channels[i], &values[i]);
    }
    for (int first = 0; first < 3; first++) {
        for (int i = first; i < 3; i++)
            if (il_channel_count(&channels[i]) == 0)
                give(&channels[i], 10 + i);
        assert_int_equal(il_select(cases, 3, 0), first);
        assert_int_equal(values[first], 10 + first);
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_channel_count(&channels[i]), i > first);
    }
    for (int i = 0; i < 3; i++)
        il_channel_fini(&channels[i]);
}

static void test_select_rotates_among_those_that_can(void **state)
{
    il_event open = IL_EVENT_INIT;
    il_event shut = IL_EVENT_INIT;
    il_case cases[5] = { IL_CASE_EVENT(&open), IL_CASE_EVENT(&open),
                         IL_CASE_EVENT(&shut), IL_CASE_EVENT(&open),
                         IL_CASE_EVENT(&shut) };
    int fired[5] = { 0 };
    int other = 0;

    (void)state;
    assert_int_equal(il_event_set(&open), 0);
    for (int i = 0; i < 1000; i++) {
        int r = il_try_select(cases, 5, IL_SELECT_ROTATE);

        assert_true(r >= 0 && r < 5);
        fired[r]++;
        /* Two selects that take turns do not get into step. */
        other += il_try_select(cases, 2, IL_SELECT_ROTATE);
    }
    assert_int_equal(fired[2] + fired[4], 0);
    /* Each has its own fifth, and of the others' the ones before it. */
    assert_in_range(fired[0], 380, 420);
    assert_in_range(fired[1], 180, 220);
    assert_in_range(fired[3], 380, 420);
    assert_in_range(other, 480, 520);
}

static void test_select_leaves_out_what_is_off(void **state)
{
    il_channel channel;
    il_event event = IL_EVENT_INIT;
    int value = 0;
    il_case cases[] = {
        IL_CASE_NONE,
        IL_CASE_RECEIVE(NULL, &value),
        IL_CASE_SEND(NULL, &value),
        IL_CASE_EVENT(NULL),
        IL_CASE_JOIN(NULL, &value),
        IL_CASE_FUTURE(NULL, NULL, NULL),
        IL_CASE_LOCK(NULL),
        IL_CASE_PERMITS(NULL, 1),
        IL_CASE_FD(-1, IL_READ),
        IL_CASE_RECEIVE(&channel, &value),
        IL_CASE_EVENT(&event),
    };
    const size_t n = sizeof cases / sizeof *cases;

    (void)state;
    open_channel(&channel, 2);
    give(&channel, 4);
    assert_int_equal(il_event_set(&event), 0);
    il_case_enable(&cases[9], false);
    assert_int_equal(il_select(cases, n, 0), 10);
    il_case_enable(&cases[9], false);
    il_case_enable(&cases[10], false);
    assert_int_equal(il_try_select(cases, n, 0), -EAGAIN);
    assert_int_equal(il_channel_count(&channel), 1);
    il_case_enable(&cases[9], true);
    il_case_enable(&cases[10], true);
    assert_int_equal(il_select(cases, n, 0), 9);
    assert_int_equal(value, 4);
    il_channel_fini(&channel);
}

/* --- mistakes ----------------------------------------------------------------- */

static int wait_with_nothing_on(void *arg)
{
    il_case off[] = { IL_CASE_NONE, IL_CASE_EVENT(NULL), IL_CASE_FD(-1, 0) };

    (void)arg;
    CHECK_INT(il_select(NULL, 0, 0), -EINVAL);
    CHECK_INT(il_select(off, 3, IL_SELECT_ROTATE), -EINVAL);
    return 0;
}

static void test_select_of_nothing_is_refused(void **state)
{
    (void)state;
    assert_int_equal(il_try_select(NULL, 0, 0), -EAGAIN);
    assert_int_equal(il_try_select(NULL, 0, IL_SELECT_ROTATE), -EAGAIN);
    assert_int_equal(il_try_select(NULL, 1, 0), -EINVAL);
    assert_int_equal(il_select(NULL, 1, 0), -EINVAL);
    assert_int_equal(il_spawn(NULL, wait_with_nothing_on, NULL, NULL), 0);
}

static int wait_with_a_mistake(void *arg)
{
    il_event event = IL_EVENT_INIT;
    il_case cases[] = { IL_CASE_EVENT(&event), *(il_case *)arg,
                        IL_CASE_EVENT(&event) };

    CHECK_INT(il_select(cases, 3, 0), -EINVAL);
    CHECK_INT(il_select(cases, 3, IL_SELECT_ROTATE), -EINVAL);
    CHECK(!event.waiters.next || event.waiters.next == &event.waiters);
    return 0;
}

static void test_select_with_a_mistake_is_refused(void **state)
{
    il_channel channel;
    il_channel zeros = { .thread = NULL };
    il_event event = IL_EVENT_INIT;
    il_semaphore bounded = IL_BOUNDED_SEMAPHORE_INIT(2);
    il_queue queue = { .thread = NULL };
    il_subscriber subscriber = { .broadcast = NULL };
    il_watch watch;
    il_watch zero_watch = { .thread = NULL };
    int value = 77;
    il_case bad[] = {
        IL_CASE_RECEIVE(&channel, NULL),
        IL_CASE_SEND(&channel, NULL),
        IL_CASE_RECEIVE(&zeros, &value),
        IL_CASE_SEND(&zeros, &value),
        IL_CASE_PERMITS(&bounded, 0),
        IL_CASE_PERMITS(&bounded, 3),
        IL_CASE_FD(0, 0),
        IL_CASE_FD(0, 1024),
        IL_CASE_GET(&queue, NULL),
        IL_CASE_PUT(&queue, NULL),
        IL_CASE_GET(&queue, &value),
        IL_CASE_PUT(&queue, &value),
        IL_CASE_SUBSCRIBER(&subscriber, &value, NULL),
        IL_CASE_WATCH(&watch, NULL, &value),
        IL_CASE_WATCH(&zero_watch, NULL, &value),
        { .kind = 99, .object = &value },
    };

    (void)state;
    open_channel(&channel, 1);
    assert_int_equal(il_watch_init(&watch, sizeof(int)), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        il_case cases[] = { IL_CASE_EVENT(&event), bad[i] };

        assert_int_equal(il_spawn(NULL, wait_with_a_mistake, &bad[i], NULL), 0);
        /* The first has nowhere to put what is not there yet. */
        assert_int_equal(il_try_select(cases, 2, 0), i ? -EINVAL : -EAGAIN);
    }
    give(&channel, 3);
    assert_int_equal(il_try_select(bad, 1, 0), -EINVAL);
    assert_int_equal(il_select(bad, 1, 0), -EINVAL);
    assert_int_equal(take(&channel), 3);
    assert_int_equal(il_try_select(bad, 1, 2), -EINVAL);
    assert_int_equal(il_try_select(bad, 1, ~0u), -EINVAL);
    assert_int_equal(il_select(bad, (size_t)-1, 0), -EINVAL);
    assert_int_equal(value, 77);
    il_channel_fini(&channel);
    il_watch_fini(&watch);
}

static void test_select_outside_tasks_cannot_wait(void **state)
{
    il_event event = IL_EVENT_INIT;
    il_case cases[] = { IL_CASE_EVENT(&event) };

    (void)state;
    assert_int_equal(il_select(cases, 1, 0), -ESRCH);
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_select(cases, 1, 0), 0);
}

struct mistaken {
    il_lock lock;
    il_event event;
};

static int wait_for_oneself(void *arg)
{
    struct mistaken *m = arg;
    il_case ended[] = { IL_CASE_EVENT(&m->event),
                        IL_CASE_JOIN(il_task_current(), NULL) };
    il_case locked[] = { IL_CASE_EVENT(&m->event), IL_CASE_LOCK(&m->lock) };

    CHECK_INT(il_select(ended, 2, 0), -EDEADLK);
    CHECK_INT(il_lock_acquire(&m->lock), 0);
    CHECK_INT(il_select(locked, 2, 0), -EDEADLK);
    CHECK_INT(il_lock_release(&m->lock), 0);
    CHECK(m->event.waiters.next == NULL);
    return 0;
}

static void test_select_does_not_wait_for_itself(void **state)
{
    struct mistaken m = { IL_LOCK_INIT, IL_EVENT_INIT };

    (void)state;
    assert_int_equal(il_spawn(NULL, wait_for_oneself, &m, NULL), 0);
}

/* One array for two tasks: the second is refused, the first does not notice. */
static void test_select_with_cases_in_use_is_refused(void **state)
{
    struct fixture *f = *state;
    il_event events[2] = { IL_EVENT_INIT, IL_EVENT_INIT };
    il_case cases[] = { IL_CASE_EVENT(&events[0]), IL_CASE_EVENT(&events[1]) };
    struct chooser first = CHOOSE("first", cases);
    struct chooser second = CHOOSE("second", cases);

    assert_int_equal(il_spawn(NULL, choose_once, &first, NULL), 0);
    assert_int_equal(il_spawn(NULL, choose_once, &second, NULL), 0);
    assert_int_equal(second.r, -EBUSY);
    assert_int_equal(il_event_set(&events[1]), 0);
    settle(f);
    assert_int_equal(first.r, 1);
}

static void test_select_is_what_a_dump_says(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_case cases[] = { IL_CASE_EVENT(&event), IL_CASE_AFTER(IL_SEC(9)) };
    struct chooser chooser = CHOOSE(NULL, cases);

    assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
    dump_as(il_dump_tasks, 1);
    assert_true(has("waits for the first of several since"));
    assert_int_equal(il_event_set(&event), 0);
    settle(f);
    assert_int_equal(chooser.r, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define MANUAL(name)                                                           \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_select_receives_what_is_there),
        TEST(test_select_sends_where_there_is_room),
        TEST(test_select_drains_a_closed_channel),
        TEST(test_select_of_a_closed_channel_sends_nothing),
        TEST(test_select_finds_what_is_done),
        TEST(test_select_takes_locks_and_permits),
        TEST(test_select_knows_times_that_have_passed),
        TEST(test_select_prefers_the_first),
        TEST(test_select_rotates_among_those_that_can),
        TEST(test_select_leaves_out_what_is_off),
        TEST(test_select_of_nothing_is_refused),
        TEST(test_select_with_a_mistake_is_refused),
        TEST(test_select_outside_tasks_cannot_wait),
        TEST(test_select_does_not_wait_for_itself),
        TEST(test_select_with_cases_in_use_is_refused),
        MANUAL(test_select_is_what_a_dump_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
