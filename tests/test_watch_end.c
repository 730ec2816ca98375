/* SPDX-License-Identifier: MIT */

/* test_watch_end.c - watch channels: cancels, ends, misuse. */

#include "support/fixture.h"
#include "support/tasks.h"
#include "support/viewers.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* --- the end ---------------------------------------------------------------- */

static void test_watch_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_watch watch;
    struct viewer a = { &watch, "a", 0, 77, 1, 0 };
    struct viewer b = { &watch, "b", 0, 77, 1, 0 };
    il_task *tasks[2];

    make_watch(&watch);
    tasks[0] = spawn(view, &a);
    tasks[1] = spawn(view, &b);
    il_watch_fini(&watch);
    memset(&watch, 0x55, sizeof watch); /* nobody may look again */
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    settle(f);
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(b.r, -EOWNERDEAD);
    assert_int_equal(a.value, 77);
    assert_int_equal(a.seen, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

/* Who was woken by a value has it, though the watch is gone when it runs. */
static void test_watch_end_after_a_value_leaves_the_value(void **state)
{
    struct fixture *f = *state;

    for (int cancelled = 0; cancelled < 2; cancelled++) {
        il_watch watch;
        struct viewer v = { &watch, "v", 0, 77, 1, 0 };
        il_task *task;

        forget_notes();
        make_watch(&watch);
        task = spawn(view, &v);
        set_watch(&watch, 5);
        if (cancelled)
            assert_int_equal(il_task_cancel(task), 0);
        il_watch_fini(&watch);
        memset(&watch, 0x55, sizeof watch);
        settle(f);
        assert_string_equal(noted(), "v5.1");
        assert_int_equal(reap(task), 0);
    }
}

/* --- cancelling ------------------------------------------------------------- */

static void test_watch_cancelled_viewer_has_seen_nothing(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_watch watch;
        struct viewer v[3] = { { &watch, "a", 0, 77, 1, 0 },
                               { &watch, "b", 0, 77, 1, 0 },
                               { &watch, "c", 0, 77, 1, 0 } };
        il_task *tasks[3];

        make_watch(&watch);
        for (int i = 0; i < 3; i++)
            tasks[i] = spawn(view, &v[i]);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        set_watch(&watch, 5);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(v[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(v[i].value, i == victim ? 77 : 5);
            assert_int_equal(v[i].seen, i == victim ? 0 : 1);
            assert_int_equal(reap(tasks[i]), 0);
        }
        il_watch_fini(&watch);
    }
}

static void test_watch_value_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_watch watch;
    struct viewer v = { &watch, "v", 0, 77, 2, 0 };
    il_task *task;

    make_watch(&watch);
    task = spawn(view, &v);
    set_watch(&watch, 5);
    assert_int_equal(il_task_cancel(task), 0);
    set_watch(&watch, 6);
    settle(f);
    assert_string_equal(noted(), "v6.2");
    assert_int_equal(v.r, -ECANCELED);
    assert_int_equal(reap(task), 0);
    il_watch_fini(&watch);
}

static int view_although_cancelled(void *arg)
{
    struct viewer *v = arg;

    CHECK_INT(il_task_cancel(il_task_current()), 0);
    return view(v);
}

static void test_watch_refuses_who_is_cancelled_already(void **state)
{
    il_watch watch;
    struct viewer v = { &watch, "v", 0, 77, 1, 0 };
    il_task *task;

    (void)state;
    make_watch(&watch);
    set_watch(&watch, 5);
    assert_int_equal(il_spawn(NULL, view_although_cancelled, &v, &task), 0);
    assert_int_equal(v.r, -ECANCELED);
    assert_int_equal(v.value, 77);
    assert_int_equal(v.seen, 0);
    assert_int_equal(reap(task), 0);
    il_watch_fini(&watch);
}

static int view_in_time(void *arg)
{
    struct viewer *v = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_watch_next(v->watch, &v->seen, &v->value);
    }
    v->r = r;
    return 0;
}

struct late {
    il_timer timer;
    il_watch *watch;
};

static void set_late(void *arg)
{
    struct late *late = arg;
    int value = 5;

    CHECK_INT(il_watch_set(late->watch, &value), 0);
}

/* A value and a deadline at once: it was seen, or it was not. */
static void test_watch_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int timer_first = 0; timer_first < 2; timer_first++) {
        il_watch watch;
        struct late late = { IL_TIMER_INIT(set_late, &late), &watch };
        struct viewer v = { &watch, "v", 0, 77, 1, 1 };
        il_time at = il_deadline(IL_MS(10));
        il_task *task;

        make_watch(&watch);
        if (timer_first)
            assert_int_equal(il_timer_start(f->loop, &late.timer, at), 0);
        assert_int_equal(il_spawn(NULL, view_in_time, &v, &task), 0);
        if (!timer_first)
            assert_int_equal(il_timer_start(f->loop, &late.timer, at), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
        assert_true(v.r == 0 || v.r == -ETIMEDOUT);
        assert_int_equal(v.seen, v.r == 0 ? 1 : 0);
        assert_int_equal(v.value, v.r == 0 ? 5 : 77);
        assert_int_equal(reap(task), 0);
        il_watch_fini(&watch);
    }
}

/* --- fairness and misuse ---------------------------------------------------- */

static int set_and_view_much(void *arg)
{
    uint64_t seen = 0;
    int value = 0;

    for (int i = 0; i < 1000; i++) {
        CHECK_INT(il_watch_set(arg, &i), 0);
        CHECK_INT(il_watch_next(arg, &seen, &value), 0);
        CHECK_INT(value, i);
    }
    note("seen");
    return 0;
}

static int pass_by(void *arg)
{
    (void)arg;
    note("by");
    return 0;
}

static void test_watch_that_never_blocks_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_watch watch;

    make_watch(&watch);
    assert_int_equal(il_spawn_lazy(NULL, set_and_view_much, &watch, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, pass_by, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "by seen");
    il_watch_fini(&watch);
}

/* Sees a new value each time, until it is stopped. */
struct eager {
    il_watch *watch;
    bool stop;
    int value; /* the latest that was set */
    int r;     /* of the last wait */
};

static int set_and_view_until_stopped(void *arg)
{
    struct eager *eager = arg;
    uint64_t seen = 0;
    int value = 0;

    while (!eager->stop && eager->r == 0) {
        eager->value++;
        CHECK_INT(il_watch_set(eager->watch, &eager->value), 0);
        eager->r = il_watch_next(eager->watch, &seen, &value);
        if (eager->r == 0)
            CHECK_INT(value, eager->value);
    }
    return 0;
}

/* Who never has to wait gives way now and then all the same.  A value that is set
 * meanwhile is what it gets, and the watch may be gone. */
static void test_watch_gives_the_latest_to_who_gave_way(void **state)
{
    struct fixture *f = *state;
    il_watch watch;
    struct eager eager = { &watch, false, 0, 0 };
    il_task *task;

    make_watch(&watch);
    assert_int_equal(
        il_spawn_lazy(NULL, set_and_view_until_stopped, &eager, &task), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(il_loop_turn(f->loop, 0) >= 0);
        assert_int_equal(eager.r, 0);
        eager.value += 1000;
        set_watch(&watch, eager.value);
    }
    eager.stop = true;
    il_watch_fini(&watch);
    memset(&watch, 0x55, sizeof watch); /* nobody may look again */
    settle(f);
    assert_int_equal(eager.r, -EOWNERDEAD);
    assert_int_equal(reap(task), 0);
}

static void test_watch_misuse_is_refused(void **state)
{
    il_watch watch;
    il_watch zeros = { .version = 0 };
    uint64_t seen = 0;
    int value = 0;

    (void)state;
    assert_int_equal(il_watch_init(NULL, 1), -EINVAL);
    assert_int_equal(il_watch_init(&watch, 0), -EINVAL);
    assert_int_equal(il_watch_init(&watch, SIZE_MAX), -ENOMEM);
    assert_int_equal(il_watch_init_with(NULL, 4, &value), -EINVAL);
    assert_int_equal(il_watch_init_with(&watch, 0, &value), -EINVAL);
    assert_int_equal(il_watch_init_with(&watch, 4, NULL), -EINVAL);
    make_watch(&watch);
    assert_int_equal(il_watch_set(NULL, &value), -EINVAL);
    assert_int_equal(il_watch_set(&watch, NULL), -EINVAL);
    assert_int_equal(il_watch_get(NULL, &value, NULL), -EINVAL);
    assert_int_equal(il_watch_next(NULL, &seen, &value), -EINVAL);
    assert_int_equal(il_watch_next(&watch, NULL, &value), -EINVAL);
    assert_int_equal(il_watch_next(&watch, &seen, NULL), -EINVAL);
    assert_int_equal(il_watch_next(&watch, &seen, &value), -ESRCH);
    assert_int_equal(il_watch_close(NULL), -EINVAL);
    assert_true(il_watch_is_closed(NULL));
    assert_int_equal(il_watch_version(NULL), 0);
    il_watch_fini(NULL);
    il_watch_fini(&zeros);
    il_watch_fini(&watch);
    il_watch_fini(&watch);
    assert_int_equal(il_watch_set(&watch, &value), -EINVAL);
    assert_int_equal(il_watch_next(&zeros, &seen, &value), -EINVAL);
}

static void *use_from_other_thread(void *arg)
{
    il_watch *watch = arg;
    uint64_t seen = 0;
    int value = 99;

    CHECK_INT(il_watch_set(watch, &value), -ESRCH);
    CHECK_INT(il_watch_get(watch, &value, &seen), -ESRCH);
    CHECK_INT(il_watch_next(watch, &seen, &value), -ESRCH);
    CHECK_INT(il_watch_close(watch), -ESRCH);
    il_watch_fini(watch);
    CHECK_INT(value, 99);
    return NULL;
}

static void test_watch_of_another_thread_is_refused(void **state)
{
    il_watch watch;
    pthread_t thread;
    int value = 0;

    (void)state;
    make_watch(&watch);
    set_watch(&watch, 7);
    assert_int_equal(
        pthread_create(&thread, NULL, use_from_other_thread, &watch), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(il_watch_get(&watch, &value, NULL), 0);
    assert_int_equal(value, 7);
    assert_false(il_watch_is_closed(&watch));
    il_watch_fini(&watch);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_watch_end_wakes_the_waiters),
        TEST(test_watch_end_after_a_value_leaves_the_value),
        TEST(test_watch_cancelled_viewer_has_seen_nothing),
        TEST(test_watch_value_wins_over_a_late_cancel),
        TEST(test_watch_refuses_who_is_cancelled_already),
        TEST(test_watch_deadline_at_the_same_instant),
        TEST(test_watch_that_never_blocks_starves_nobody),
        TEST(test_watch_gives_the_latest_to_who_gave_way),
        TEST(test_watch_misuse_is_refused),
        TEST(test_watch_of_another_thread_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
