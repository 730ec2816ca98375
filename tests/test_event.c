/* SPDX-License-Identifier: MIT */

/* test_event.c - a gate: who came first passes first, and nothing runs inside.
 */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

struct visitor {
    il_event *event;
    const char *name;
    int r;
};

static int pass(void *arg)
{
    struct visitor *v = arg;

    v->r = 1;
    v->r = il_event_wait(v->event);
    note("%s", v->name);
    return 0;
}

static void test_event_wakes_all_in_the_order_they_came(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct visitor v[3] = { { &event, "a", 0 },
                            { &event, "b", 0 },
                            { &event, "c", 0 } };

    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, pass, &v[i], NULL), 0);
    assert_false(il_event_is_set(&event));
    assert_int_equal(il_event_set(&event), 0);
    assert_true(il_event_is_set(&event));
    note("set");
    settle(f);
    assert_string_equal(noted(), "set a b c");
    for (int i = 0; i < 3; i++)
        assert_int_equal(v[i].r, 0);
}

static void test_event_that_is_set_suspends_nobody(void **state)
{
    il_event event = { 0 };
    struct visitor v = { &event, "v", 0 };

    (void)state;
    assert_int_equal(il_event_wait(&event), -ESRCH); /* no task */
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_event_wait(&event), 0);
    assert_int_equal(il_spawn(NULL, pass, &v, NULL), 0);
    note("spawned");
    assert_string_equal(noted(), "v spawned");
    assert_int_equal(v.r, 0);
}

static void test_event_cleared_holds_back_who_comes_later(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct visitor early = { &event, "early", 0 };
    struct visitor late = { &event, "late", 0 };

    assert_int_equal(il_spawn(NULL, pass, &early, NULL), 0);
    assert_int_equal(il_event_set(&event), 0);
    il_event_clear(&event);
    assert_false(il_event_is_set(&event));
    assert_int_equal(il_spawn(NULL, pass, &late, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "early"); /* it was let through before */
    assert_int_equal(early.r, 0);
    assert_int_equal(il_event_set(&event), 0);
    settle(f);
    assert_string_equal(noted(), "early late");
}

static void test_event_cancelled_waiter_leaves_the_others(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_event event = IL_EVENT_INIT;
        struct visitor v[3] = { { &event, "a", 0 },
                                { &event, "b", 0 },
                                { &event, "c", 0 } };
        il_task *tasks[3];

        forget_notes();
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_spawn(NULL, pass, &v[i], &tasks[i]), 0);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        settle(f);
        assert_int_equal(il_event_set(&event), 0);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(v[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(reap(tasks[i]), 0);
        }
        assert_string_equal(noted(), victim == 0   ? "a b c"
                                     : victim == 1 ? "b a c"
                                                   : "c a b");
    }
}

static int pass_twice(void *arg)
{
    struct visitor *v = arg;

    CHECK_INT(il_event_wait(v->event), 0);
    v->r = il_event_wait(v->event);
    return 0;
}

/* What was granted counts, but a cancelled task does not pass again, though the
 * event is still set. */
static void test_event_set_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct visitor v = { &event, "v", 0 };
    il_task *task;

    assert_int_equal(il_spawn(NULL, pass_twice, &v, &task), 0);
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(v.r, -ECANCELED);
    assert_int_equal(reap(task), 0);
}

static int pass_in_time(void *arg)
{
    struct visitor *v = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_event_wait(v->event);
    }
    v->r = r;
    return 0;
}

static void test_event_wait_has_a_time_limit(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct visitor v = { &event, "v", 0 };
    il_task *task;

    assert_int_equal(il_spawn(NULL, pass_in_time, &v, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    settle(f);
    assert_int_equal(v.r, -ETIMEDOUT);
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_event_set(&event), 0); /* nobody is there any more */
}

static void test_event_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct visitor a = { &event, "a", 0 };
    struct visitor b = { &event, "b", 0 };
    il_task *task;

    il_event_fini(NULL);
    il_event_fini(&event);
    assert_int_equal(il_spawn(NULL, pass, &a, &task), 0);
    assert_int_equal(il_spawn(NULL, pass, &b, NULL), 0);
    il_event_fini(&event);
    memset(&event, 0x55, sizeof event); /* nobody may look at it again */
    assert_int_equal(il_task_cancel(task), 0);
    note("fini");
    settle(f);
    assert_string_equal(noted(), "fini a b");
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(b.r, -EOWNERDEAD);
    assert_int_equal(reap(task), 0);
}

static void test_event_misuse_is_refused(void **state)
{
    (void)state;
    assert_int_equal(il_event_set(NULL), -EINVAL);
    assert_int_equal(il_event_wait(NULL), -EINVAL);
    assert_false(il_event_is_set(NULL));
    il_event_clear(NULL);
}

static int wait_in_other_loop(void *arg)
{
    return il_event_wait(arg);
}

static void *use_from_other_thread(void *arg)
{
    il_event *event = arg;

    CHECK_INT(il_event_set(event), -ESRCH);
    il_event_fini(event);
    CHECK_INT(il_run(wait_in_other_loop, event), -ESRCH);
    return NULL;
}

static void test_event_of_another_thread_is_refused(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct visitor v = { &event, "v", 0 };
    pthread_t thread;

    assert_int_equal(il_spawn(NULL, pass, &v, NULL), 0);
    assert_int_equal(
        pthread_create(&thread, NULL, use_from_other_thread, &event), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    settle(f);
    assert_false(il_event_is_set(&event));
    assert_int_equal(v.r, 1);
    assert_int_equal(il_event_set(&event), 0);
    settle(f);
    assert_int_equal(v.r, 0);
}

static int pass_often(void *arg)
{
    for (int i = 0; i < 1000; i++)
        CHECK_INT(il_event_wait(arg), 0);
    note("often");
    return 0;
}

static int pass_by(void *arg)
{
    (void)arg;
    note("by");
    return 0;
}

static void test_event_that_is_always_set_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;

    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_spawn_lazy(NULL, pass_often, &event, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, pass_by, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "by often");
}

static int go_on_for_ever(void *arg)
{
    int n = 0;

    while (il_event_wait(arg) == 0)
        n++;
    return n;
}

/* A loop around a gate that is always open ends by its cancel. */
static void test_event_that_is_always_set_does_not_hide_a_cancel(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_task *task;

    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_spawn_lazy(NULL, go_on_for_ever, &event, &task), 0);
    assert_true(il_loop_turn(f->loop, 0) >= 0);
    assert_false(il_task_is_done(task));
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_true(reap(task) > 0);
}

static void test_event_is_what_a_dump_says(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct visitor v = { &event, "v", 0 };

    assert_int_equal(il_spawn(NULL, pass, &v, NULL), 0);
    dump_now();
    assert_true(has("an event"));
    assert_int_equal(il_event_set(&event), 0);
    settle(f);
}

static int (*const set_by_pointer)(il_event *) = il_event_set;

static int (*const wait_by_pointer)(il_event *) = il_event_wait;

static int call_the_library(void *arg)
{
    il_event *event = arg;

    CHECK_INT(set_by_pointer(event), 0);
    CHECK_INT(wait_by_pointer(event), 0);
    CHECK_INT(set_by_pointer(NULL), -EINVAL);
    CHECK_INT(wait_by_pointer(NULL), -EINVAL);
    il_event_clear(event);
    CHECK_INT(wait_by_pointer(event), 0);
    return 0;
}

/* What is inline, and what is not. */
static void test_event_functions_do_the_same_by_pointer(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_task *task;

    assert_int_equal(il_spawn(NULL, call_the_library, &event, &task), 0);
    assert_int_equal(set_by_pointer(&event), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_event_wakes_all_in_the_order_they_came),
        TEST(test_event_that_is_set_suspends_nobody),
        TEST(test_event_cleared_holds_back_who_comes_later),
        TEST(test_event_cancelled_waiter_leaves_the_others),
        TEST(test_event_set_wins_over_a_late_cancel),
        TEST(test_event_wait_has_a_time_limit),
        TEST(test_event_end_wakes_the_waiters),
        TEST(test_event_misuse_is_refused),
        TEST(test_event_of_another_thread_is_refused),
        TEST(test_event_that_is_always_set_starves_nobody),
        TEST(test_event_that_is_always_set_does_not_hide_a_cancel),
        TEST(test_event_is_what_a_dump_says),
        TEST(test_event_functions_do_the_same_by_pointer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
