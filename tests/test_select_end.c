/* SPDX-License-Identifier: MIT */

/* test_select_end.c - selects that are cancelled, whose time is up, and that never
 * have to wait. */

#include "base/list.h"
#include "support/chooser.h"
#include "support/fixture.h"

#include <errno.h>

static void open_channel(il_channel *channel, size_t capacity)
{
    assert_int_equal(il_channel_init(channel, sizeof(int), capacity), 0);
}

/* --- cancelling ------------------------------------------------------------------ */

static void test_select_cancelled_does_nothing(void **state)
{
    struct fixture *f = *state;
    il_channel empty;
    il_channel full;
    il_event event = IL_EVENT_INIT;
    int received = 77;
    int sent = 8;
    il_case cases[] = { IL_CASE_RECEIVE(&empty, &received),
                        IL_CASE_SEND(&full, &sent), IL_CASE_EVENT(&event),
                        IL_CASE_AFTER(IL_SEC(1)) };
    struct chooser chooser = CHOOSE("c", cases);
    il_task *task;

    open_channel(&empty, 1);
    open_channel(&full, 1);
    give(&full, 5);
    assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_task_cancel(task), 0); /* twice is once */
    /* Before it has run it waits nowhere. */
    give(&empty, 1);
    assert_int_equal(take(&full), 5);
    assert_int_equal(il_event_set(&event), 0);
    assert_idle(&full);
    settle(f);
    assert_string_equal(noted(), "c:-125");
    assert_int_equal(received, 77);
    assert_int_equal(take(&empty), 1);
    assert_idle(&empty);
    assert_int_equal(reap(task), 0);
    il_channel_fini(&empty);
    il_channel_fini(&full);
}

/* A cancel at the same instant, but after. */
static void test_select_that_fired_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_channel channels[2];
    int values[2] = { 77, 77 };
    il_case cases[] = { IL_CASE_RECEIVE(&channels[0], &values[0]),
                        IL_CASE_RECEIVE(&channels[1], &values[1]) };
    struct chooser chooser = CHOOSE("c", cases);
    il_task *task;

    for (int i = 0; i < 2; i++)
        open_channel(&channels[i], 1);
    assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
    give(&channels[1], 4);
    assert_int_equal(il_task_cancel(task), 0);
    give(&channels[0], 3);
    settle(f);
    assert_string_equal(noted(), "c:1=0");
    assert_int_equal(values[0], 77);
    assert_int_equal(values[1], 4);
    assert_int_equal(take(&channels[0]), 3);
    assert_int_equal(reap(task), 0);
    for (int i = 0; i < 2; i++)
        il_channel_fini(&channels[i]);
}

static int choose_cancelled(void *arg)
{
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    return choose_once(arg);
}

static void test_select_refuses_who_is_cancelled_already(void **state)
{
    il_channel channel;
    int value = 77;
    il_case cases[] = { IL_CASE_RECEIVE(&channel, &value) };
    struct chooser chooser = CHOOSE("c", cases);

    (void)state;
    open_channel(&channel, 1);
    give(&channel, 6);
    assert_int_equal(il_spawn(NULL, choose_cancelled, &chooser, NULL), 0);
    assert_string_equal(noted(), "c:-125");
    assert_int_equal(value, 77);
    assert_int_equal(take(&channel), 6);
    il_channel_fini(&channel);
}

/* asyncio: whoever cancels a wait() leaves what it waits for alone. */
static void test_select_cancelled_leaves_what_it_waits_for_alone(void **state)
{
    struct fixture *f = *state;
    il_task *sleeper;
    il_task *task;
    int result = 77;

    {
        il_case nap[] = { IL_CASE_AFTER(IL_MS(10)) };
        struct chooser napper = CHOOSE("nap", nap);

        assert_int_equal(il_spawn(NULL, choose_once, &napper, &sleeper), 0);
        {
            il_case cases[] = { IL_CASE_JOIN(sleeper, &result) };
            struct chooser chooser = CHOOSE("c", cases);

            assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
            assert_int_equal(il_task_cancel(task), 0);
            settle(f);
        }
        assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    }
    assert_string_equal(noted(), "c:-125 nap:0=0");
    assert_int_equal(result, 77);
    assert_int_equal(reap(sleeper), 0);
    assert_int_equal(reap(task), 0);
}

/* --- time limits -------------------------------------------------------------------- */

struct timed {
    struct chooser chooser;
    int r; /* of the block */
};

static int choose_in_time(void *arg)
{
    struct timed *timed = arg;

    timed->r = 0;
    IL_TIMEOUT (IL_MS(10), &timed->r) {
        CHECK_INT(choose_once(&timed->chooser), 0);
        timed->r = timed->chooser.r < 0 ? timed->chooser.r : 0;
    }
    return 0;
}

static void test_select_has_a_time_limit(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_case cases[] = { IL_CASE_EVENT(&event), IL_CASE_AFTER(IL_MS(11)) };
    struct timed timed = { CHOOSE("c", cases), 0 };

    assert_int_equal(il_spawn(NULL, choose_in_time, &timed, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "c:-125");
    assert_int_equal(timed.r, -ETIMEDOUT);
    assert_true(ili_list_empty(&event.waiters));
}

/* The deadline of the block was set first, so it is due first. */
static void test_select_with_a_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;
    il_case cases[] = { IL_CASE_AFTER(IL_MS(10)) };
    struct timed timed = { CHOOSE("c", cases), 0 };

    assert_int_equal(il_spawn(NULL, choose_in_time, &timed, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "c:-125");
    assert_int_equal(timed.r, -ETIMEDOUT);
}

static int nap_then_set(void *arg)
{
    int r = il_sleep(IL_MS(10));

    CHECK_INT(il_event_set(arg), 0);
    return r;
}

/* What was set in the turn of the deadline: whichever came first, and one. */
static void test_select_granted_at_the_deadline_is_one_of_both(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_case cases[] = { IL_CASE_EVENT(&event), IL_CASE_AFTER(IL_MS(10)) };
    struct timed timed = { CHOOSE("c", cases), 0 };

    assert_int_equal(il_spawn(NULL, nap_then_set, &event, NULL), 0);
    assert_int_equal(il_spawn(NULL, choose_in_time, &timed, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "c:-125");
    assert_int_equal(timed.r, -ETIMEDOUT);
    assert_true(ili_list_empty(&event.waiters));
}

static void test_select_fires_the_time_that_comes_first(void **state)
{
    struct fixture *f = *state;
    il_case cases[] = { IL_CASE_AFTER(IL_MS(30)), IL_CASE_AFTER(IL_MS(20)),
                        IL_CASE_AT(il_now() + IL_MS(20)),
                        IL_CASE_AT(IL_FOREVER) };
    struct chooser chooser = CHOOSE("c", cases);

    assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(19)), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_string_equal(noted(), "c:1=0");
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);
}

/* --- who never has to wait ------------------------------------------------------------------ */

static int stop_it(void *arg)
{
    note("by");
    return il_task_cancel(arg);
}

static int choose_for_ever(void *arg)
{
    il_event *event = arg;
    il_case cases[] = { IL_CASE_EVENT(event) };
    int r;

    do
        r = il_select(cases, 1, 0);
    while (r >= 0);
    note("%d", r);
    return 0;
}

static void test_select_that_never_blocks_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_task *task;

    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_spawn_lazy(NULL, choose_for_ever, &event, &task), 0);
    assert_int_equal(il_spawn_lazy(NULL, stop_it, task, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "by -125");
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define MANUAL(name)                                                           \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANUAL(test_select_cancelled_does_nothing),
        TEST(test_select_that_fired_wins_over_a_late_cancel),
        TEST(test_select_refuses_who_is_cancelled_already),
        MANUAL(test_select_cancelled_leaves_what_it_waits_for_alone),
        MANUAL(test_select_has_a_time_limit),
        MANUAL(test_select_with_a_deadline_at_the_same_instant),
        MANUAL(test_select_granted_at_the_deadline_is_one_of_both),
        MANUAL(test_select_fires_the_time_that_comes_first),
        TEST(test_select_that_never_blocks_starves_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
