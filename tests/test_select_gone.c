/* SPDX-License-Identifier: MIT */

/* test_select_gone.c - what a select waits for is ended, closed or lost, and so is
 * the loop; and what is another thread's. */

#include "base/list.h"
#include "support/chooser.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void open_channel(il_channel *channel, size_t capacity)
{
    assert_int_equal(il_channel_init(channel, sizeof(int), capacity), 0);
}

/* --- objects that go ------------------------------------------------------------------ */

/* What a select waits for is ended, and its storage used for something else before
 * the select runs. */
struct object {
    il_channel channel;
    il_event event;
    il_future future;
    il_lock lock;
    il_semaphore semaphore;
};

static void end_one(struct object *o, int which)
{
    switch (which) {
    case 0:
    case 1:
        il_channel_fini(&o->channel);
        break;
    case 2:
        il_event_fini(&o->event);
        break;
    case 3:
        il_future_fini(&o->future);
        break;
    case 4:
        il_lock_fini(&o->lock);
        break;
    default:
        il_semaphore_fini(&o->semaphore);
    }
}

static void test_select_hears_that_an_object_has_ended(void **state)
{
    struct fixture *f = *state;

    for (int which = 0; which < 6; which++) {
        struct object *o = calloc(1, sizeof *o);
        il_channel other;
        int values[2] = { 77, 8 };
        il_task *task;

        assert_non_null(o);
        open_channel(&o->channel, 0);
        open_channel(&other, 0);
        assert_int_equal(il_lock_acquire(&o->lock), 0);
        {
            il_case cases[] = {
                IL_CASE_RECEIVE(which == 0 ? &o->channel : NULL, &values[0]),
                IL_CASE_SEND(which == 1 ? &o->channel : NULL, &values[1]),
                IL_CASE_EVENT(which == 2 ? &o->event : NULL),
                IL_CASE_FUTURE(which == 3 ? &o->future : NULL, NULL, NULL),
                IL_CASE_LOCK(which == 4 ? &o->lock : NULL),
                IL_CASE_PERMITS(which == 5 ? &o->semaphore : NULL, 1),
                IL_CASE_RECEIVE(&other, &values[0]),
                IL_CASE_AFTER(IL_SEC(1)),
            };
            struct chooser chooser = CHOOSE(NULL, cases);

            assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
            settle(f);
            end_one(o, which);
            memset(o, 0x55, sizeof *o);
            free(o);
            assert_int_equal(il_task_cancel(task), 0); /* too late */
            settle(f);
            assert_int_equal(chooser.r, which);
            assert_int_equal(cases[which].result, -EOWNERDEAD);
        }
        assert_int_equal(values[0], 77);
        assert_idle(&other);
        il_channel_fini(&other);
        assert_int_equal(reap(task), 0);
    }
}

static void test_select_hears_that_a_channel_was_closed(void **state)
{
    struct fixture *f = *state;

    for (int sends = 0; sends < 2; sends++) {
        il_channel channel;
        int values[2] = { 77, 8 };
        il_case cases[] = {
            IL_CASE_RECEIVE(sends ? NULL : &channel, &values[0]),
            IL_CASE_SEND(sends ? &channel : NULL, &values[1]),
            IL_CASE_AFTER(IL_SEC(1)),
        };
        struct chooser chooser = CHOOSE(NULL, cases);
        il_task *task;

        open_channel(&channel, 0);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
        assert_int_equal(il_channel_close(&channel), 0);
        settle(f);
        assert_int_equal(chooser.r, sends);
        assert_int_equal(cases[sends].result, -EPIPE);
        assert_int_equal(values[0], 77);
        assert_int_equal(reap(task), 0);
        il_channel_fini(&channel);
    }
}

/* It stands twice in a queue, between others who wait there, and everybody is served
 * in turn; so the nodes that it takes off are right beside the one that fired. */
static void test_select_twice_in_a_queue_is_served_once(void **state)
{
    struct fixture *f = *state;

    for (int closes = 0; closes < 2; closes++) {
        il_channel channel;
        il_channel other;
        int values[5] = { 77, 77, 77, 77, 77 };
        il_case first[] = { IL_CASE_RECEIVE(&channel, &values[0]) };
        il_case twice[] = { IL_CASE_RECEIVE(&other, &values[1]),
                            IL_CASE_RECEIVE(&channel, &values[2]),
                            IL_CASE_RECEIVE(&channel, &values[3]) };
        il_case last[] = { IL_CASE_RECEIVE(&channel, &values[4]) };
        struct chooser choosers[] = { CHOOSE("a", first), CHOOSE("b", twice),
                                      CHOOSE("c", last) };

        forget_notes();
        open_channel(&channel, 0);
        open_channel(&other, 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_spawn(NULL, choose_once, &choosers[i], NULL),
                             0);
        for (int i = 0; i < 3 && !closes; i++)
            give(&channel, i);
        assert_int_equal(il_channel_close(&channel), 0);
        settle(f);
        assert_string_equal(noted(), closes ? "a:0=-32 b:1=-32 c:0=-32"
                                            : "a:0=0 b:1=0 c:0=0");
        assert_int_equal(values[2], closes ? 77 : 1);
        assert_int_equal(values[3], 77);
        assert_int_equal(values[4], closes ? 77 : 2);
        assert_idle(&other);
        il_channel_fini(&channel);
        il_channel_fini(&other);
    }
}

/* It waits at both ends of what is ended: once is enough. */
static void test_select_at_both_ends_hears_of_the_end_once(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    int values[2] = { 77, 8 };
    il_case cases[] = { IL_CASE_SEND(&channel, &values[1]),
                        IL_CASE_RECEIVE(&channel, &values[0]),
                        IL_CASE_RECEIVE(&channel, &values[0]) };
    struct chooser chooser = CHOOSE("c", cases);

    for (int by_close = 0; by_close < 2; by_close++) {
        open_channel(&channel, 0);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
        if (by_close)
            assert_int_equal(il_channel_close(&channel), 0);
        il_channel_fini(&channel);
        settle(f);
    }
    assert_string_equal(noted(), "c:1=-130 c:1=-32");
}

static int fail_with_a_lock(void *arg)
{
    CHECK_INT(il_lock_acquire(arg), 0);
    CHECK_INT(il_sleep(IL_MS(5)), 0);
    return 0;
}

static void test_select_hears_that_a_lock_was_lost(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_case cases[] = { IL_CASE_AFTER(IL_SEC(1)), IL_CASE_LOCK(&lock) };
    struct chooser chooser = CHOOSE("c", cases);

    assert_int_equal(il_spawn(NULL, fail_with_a_lock, &lock, NULL), 0);
    assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
    assert_string_equal(noted(), "c:1=-130");
    assert_int_equal(il_try_select(cases, 2, 0), 1);
    assert_int_equal(cases[1].result, -EOWNERDEAD);
    il_lock_fini(&lock);
}

/* A callback of the very object that made a case fire frees it. */
struct reply {
    il_future future;
    il_callback done;
};

static void free_reply(void *arg)
{
    struct reply *reply = arg;

    il_future_fini(&reply->future);
    memset(reply, 0x55, sizeof *reply);
    free(reply);
    note("freed");
}

static void test_select_object_may_be_freed_by_its_own_callback(void **state)
{
    struct fixture *f = *state;
    struct reply *reply = calloc(1, sizeof *reply);
    int result = 77;
    il_task *task;

    assert_non_null(reply);
    reply->done = (il_callback)IL_CALLBACK_INIT(free_reply, reply);
    {
        il_case cases[] = { IL_CASE_AFTER(IL_SEC(1)),
                            IL_CASE_FUTURE(&reply->future, &result, NULL) };
        struct chooser chooser = CHOOSE("c", cases);

        assert_int_equal(il_future_on_done(&reply->future, &reply->done), 0);
        assert_int_equal(il_spawn(NULL, choose_once, &chooser, &task), 0);
        assert_int_equal(il_future_set(&reply->future, 3, NULL), 0);
        settle(f);
    }
    assert_int_equal(result, 3);
    assert_string_equal(noted(), "c:1=0 freed");
    assert_int_equal(reap(task), 0);
}

/* --- the end of the loop ------------------------------------------------------------------ */

static int choose_stubbornly(void *arg)
{
    int r = 0;

    IL_SHIELD (IL_FOREVER, &r) {
        r = choose_once(arg);
    }
    return r;
}

static void test_select_that_is_abandoned_waits_nowhere(void **state)
{
    struct fixture *f = *state;
    static il_event event = IL_EVENT_INIT;
    static il_case cases[] = { IL_CASE_EVENT(&event), IL_CASE_AT(IL_FOREVER) };
    static struct chooser chooser = CHOOSE("c", cases);

    assert_int_equal(il_spawn(NULL, choose_stubbornly, &chooser, NULL), 0);
    settle(f);
    assert_int_equal(il_loop_close(f->loop, IL_MS(10)), -ETIMEDOUT);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    assert_true(ili_list_empty(&event.waiters));
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(chooser.r, 12345);
}

/* --- other threads -------------------------------------------------------------------------- */

struct foreign {
    il_channel channel;
    il_channel empty;
    il_event event;
    il_future future;
    il_task *task;
    il_lock lock;
    il_semaphore semaphore;
};

static int select_what_is_foreign(void *arg)
{
    struct foreign *o = arg;
    int value = 99;
    il_case foreign[] = {
        IL_CASE_RECEIVE(&o->channel, &value),
        IL_CASE_SEND(&o->channel, &value),
        IL_CASE_EVENT(&o->event),
        IL_CASE_FUTURE(&o->future, NULL, NULL),
        IL_CASE_JOIN(o->task, &value),
        IL_CASE_LOCK(&o->lock),
        IL_CASE_PERMITS(&o->semaphore, 1),
    };

    for (int i = 0; i < 7; i++) {
        CHECK_INT(il_select(&foreign[i], 1, 0), -ESRCH);
        CHECK_INT(il_try_select(&foreign[i], 1, 0), -ESRCH);
    }
    CHECK_INT(value, 99);
    return 0;
}

static void *select_in_a_thread(void *arg)
{
    il_case time[] = { IL_CASE_AT(0) };

    CHECK_INT(select_what_is_foreign(arg), 0);
    CHECK_INT(il_try_select(time, 1, 0), -ESRCH); /* without a loop */
    CHECK_INT(il_run(select_what_is_foreign, arg), 0);
    return NULL;
}

static void test_select_from_a_wrong_thread_is_refused(void **state)
{
    struct fixture *f = *state;
    struct foreign o = { .event = IL_EVENT_INIT };
    int value = 77;
    pthread_t thread;

    open_channel(&o.channel, 2);
    give(&o.channel, 1);
    open_channel(&o.empty, 2);
    assert_int_equal(il_lock_acquire(&o.lock), 0);
    {
        il_case nap[] = { IL_CASE_AFTER(IL_MS(10)) };
        struct chooser napper = CHOOSE("nap", nap);

        assert_int_equal(il_spawn(NULL, choose_once, &napper, &o.task), 0);
        {
            il_case cases[] = { IL_CASE_RECEIVE(&o.empty, &value),
                                IL_CASE_EVENT(&o.event),
                                IL_CASE_FUTURE(&o.future, NULL, NULL),
                                IL_CASE_LOCK(&o.lock),
                                IL_CASE_PERMITS(&o.semaphore, 1),
                                IL_CASE_JOIN(o.task, NULL) };
            struct chooser chooser = CHOOSE("c", cases);

            assert_int_equal(il_spawn(NULL, choose_once, &chooser, NULL), 0);
            assert_int_equal(
                pthread_create(&thread, NULL, select_in_a_thread, &o), 0);
            assert_int_equal(pthread_join(thread, NULL), 0);
            assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
        }
    }
    assert_string_equal(noted(), "nap:0=0 c:5=0");
    assert_int_equal(take(&o.channel), 1);
    assert_int_equal(reap(o.task), 0);
    assert_int_equal(il_lock_release(&o.lock), 0);
    il_channel_fini(&o.channel);
    il_channel_fini(&o.empty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define MANUAL(name)                                                           \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MANUAL(test_select_hears_that_an_object_has_ended),
        TEST(test_select_hears_that_a_channel_was_closed),
        TEST(test_select_twice_in_a_queue_is_served_once),
        TEST(test_select_at_both_ends_hears_of_the_end_once),
        MANUAL(test_select_hears_that_a_lock_was_lost),
        TEST(test_select_object_may_be_freed_by_its_own_callback),
        TEST(test_select_that_is_abandoned_waits_nowhere),
        MANUAL(test_select_from_a_wrong_thread_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
