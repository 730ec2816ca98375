/* SPDX-License-Identifier: MIT */

/* test_cancel.c - a cancel is a state, and a value that was given stays given. */

#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>

struct waiter {
    il_future *gate;
    const char *name;
    int first;  /* what the first wait came to */
    int result; /* what the future was set to */
    int second; /* what the next suspension came to */
};

static int wait_then_yield(void *arg)
{
    struct waiter *w = arg;

    w->first = w->second = 1;
    w->result = -1;
    w->first = il_future_wait(w->gate, &w->result, NULL);
    if (w->name)
        note("%s", w->name);
    w->second = il_yield();
    return w->first < 0 ? w->first : 0;
}

static int ignore_three(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_sleep(0), -ECANCELED);
    CHECK_INT(il_sleep(IL_SEC(1)), -ECANCELED);
    CHECK(il_task_is_cancelled(il_task_current()));
    return -ECANCELED;
}

static void test_cancel_is_level_triggered(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, ignore_three, NULL, &task), 0);
    assert_false(il_task_is_cancelled(task));
    assert_int_equal(il_task_cancel(task), 0);
    assert_true(il_task_is_cancelled(task));
    assert_false(il_task_is_done(task));
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

static void test_cancel_twice_changes_nothing(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, ignore_three, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), -EALREADY);
    assert_int_equal(reap(task), -ECANCELED);
}

static void test_cancel_after_wake_leaves_the_value(void **state)
{
    struct fixture *f = *state;
    il_future gate = IL_FUTURE_INIT;
    struct waiter w = { .gate = &gate };
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_then_yield, &w, &task), 0);
    assert_int_equal(il_future_set(&gate, 5, NULL), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(w.first, 0);
    assert_int_equal(w.result, 5);
    assert_int_equal(w.second, -ECANCELED);
    assert_int_equal(reap(task), 0);
}

static void test_cancel_before_wake_takes_nothing(void **state)
{
    struct fixture *f = *state;
    il_future gate = IL_FUTURE_INIT;
    struct waiter w = { .gate = &gate, .name = "w" };
    struct waiter other = { .gate = &gate, .name = "other" };
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_then_yield, &w, &task), 0);
    assert_int_equal(il_spawn(NULL, wait_then_yield, &other, NULL), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_future_set(&gate, 5, NULL), 0);
    settle(f);
    assert_int_equal(w.first, -ECANCELED);
    assert_int_equal(w.result, -1);
    assert_int_equal(other.first, 0);
    assert_int_equal(other.result, 5);
    assert_string_equal(noted(), "w other");
    assert_int_equal(reap(task), -ECANCELED);
}

static int never_runs(void *arg)
{
    (void)arg;
    CHECK(!"the body of a task cancelled before its first step ran");
    return 0;
}

static void test_cancel_before_the_first_step_skips_the_body(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn_lazy(NULL, never_runs, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_false(il_task_is_done(task));
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

static int cancel_myself(void *arg)
{
    (void)arg;
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK(il_task_is_cancelled(il_task_current()));
    note("still here");
    CHECK_INT(il_yield(), -ECANCELED);
    return 7;
}

static void test_cancel_of_oneself_arrives_at_the_next_suspension(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, cancel_myself, NULL, &task), 0);
    settle(f);
    assert_string_equal(noted(), "still here");
    assert_int_equal(reap(task), 7);
}

static int cancel_and_return(void *arg)
{
    (void)il_task_cancel(il_task_current());
    return *(int *)arg;
}

static void test_cancel_at_the_very_end_leaves_the_result(void **state)
{
    int value = 9;
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, cancel_and_return, &value, &task), 0);
    assert_int_equal(reap(task), 9);
}

static int cancel_parent(void *arg)
{
    CHECK_INT(il_task_cancel(arg), 0);
    CHECK(!il_task_is_cancelled(il_task_current()));
    CHECK_INT(il_yield(), 0);
    note("child");
    return 0;
}

static int be_cancelled_by_child(void *arg)
{
    (void)arg;
    CHECK_INT(il_spawn(NULL, cancel_parent, il_task_current(), NULL), 0);
    note("parent");
    CHECK(il_task_is_cancelled(il_task_current()));
    return il_sleep(IL_FOREVER);
}

/* While the first step of the child runs, the parent neither runs nor waits. */
static void test_cancel_by_a_child_in_its_first_step(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, be_cancelled_by_child, NULL, &task), 0);
    settle(f);
    assert_string_equal(noted(), "parent child");
    assert_int_equal(reap(task), -ECANCELED);
}

struct pest {
    unsigned n_refused;
    unsigned n_other; /* how often the neighbour ran meanwhile */
    unsigned limit;
};

static int ignore_cancel(void *arg)
{
    struct pest *pest = arg;

    while (pest->n_refused < pest->limit)
        if (CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED))
            pest->n_refused++;
    return 0;
}

static int live_next_door(void *arg)
{
    struct pest *pest = arg;

    while (pest->n_refused < pest->limit) {
        pest->n_other++;
        if (il_yield() < 0)
            break;
    }
    return 0;
}

static void test_cancel_ignored_is_reported_once_and_yields(void **state)
{
    struct fixture *f = *state;
    struct pest pest = { .limit = 10000 };
    struct kept_report report;
    il_task *task;

    assert_int_equal(il_spawn(NULL, ignore_cancel, &pest, &task), 0);
    assert_int_equal(il_spawn(NULL, live_next_door, &pest, NULL), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);

    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_IGNORED_CANCEL);
    assert_string_equal(report.task_name, "ignore_cancel");
    assert_int_equal(f->n_reports, 0);
    assert_true(pest.n_other > 1000);
    assert_int_equal(reap(task), 0);
}

static void test_cancel_noticed_twice_is_not_called_ignored(void **state)
{
    struct fixture *f = *state;
    struct pest pest = { .limit = 10 };
    il_task *task;

    assert_int_equal(il_spawn(NULL, ignore_cancel, &pest, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(reap(task), 0);
}

static void cancel_task(void *arg)
{
    CHECK_INT(il_task_cancel(arg), 0);
    note("cancelled");
}

static int note_end(void *arg)
{
    int r = il_sleep(IL_FOREVER);

    note("%s", (const char *)arg);
    return r;
}

static void test_cancel_runs_nothing_inside_the_call(void **state)
{
    struct fixture *f = *state;
    il_task *a, *b;
    il_callback post;

    assert_int_equal(il_spawn(NULL, note_end, TEXT("a"), &a), 0);
    assert_int_equal(il_spawn(NULL, note_end, TEXT("b"), &b), 0);
    assert_int_equal(il_task_cancel(b), 0);
    post = (il_callback)IL_CALLBACK_INIT(cancel_task, a);
    assert_int_equal(il_post(f->loop, &post), 0);
    note("posted");
    settle(f);
    assert_string_equal(noted(), "posted b cancelled a");
    assert_int_equal(reap(a), -ECANCELED);
    assert_int_equal(reap(b), -ECANCELED);
}

static void *cancel_from_thread(void *arg)
{
    CHECK_INT(il_task_cancel(arg), -ESRCH);
    return NULL;
}

static void test_cancel_from_another_thread_is_refused(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;
    il_task *task;

    assert_int_equal(il_spawn(NULL, note_end, TEXT("a"), &task), 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_from_thread, task),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    settle(f);
    assert_false(il_task_is_done(task));
    il_task_unref(task);
}

/* --- Cancelled at every moment -------------------------------------------- */

struct probe {
    il_task *victim;
    il_time at;
    int n_open; /* resources held now */
    int n_opened;
};

static int cancel_later(void *arg)
{
    struct probe *probe = arg;

    CHECK_INT(il_sleep(probe->at), 0);
    if (!il_task_is_done(probe->victim))
        CHECK_INT(il_task_cancel(probe->victim), 0);
    return 0;
}

static int hold_for_a_while(void *arg)
{
    struct probe *probe = arg;
    int clean = 0;
    int r;

    probe->n_open++;
    probe->n_opened++;
    r = il_sleep(IL_MS(2));
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(1));
    }
    CHECK_INT(clean, 0);
    probe->n_open--;
    return r;
}

static int work(void *arg)
{
    struct probe *probe = arg;
    il_group group;
    int r = il_sleep(IL_MS(1));
    int closed;

    if (r < 0)
        return r;
    CHECK_INT(il_group_open(&group, 0), 0);
    (void)il_spawn(&group, hold_for_a_while, probe, NULL);
    (void)il_spawn_lazy(&group, hold_for_a_while, probe, NULL);
    IL_TIMEOUT (IL_MS(1), &r) {
        r = il_sleep(IL_MS(5));
    }
    (void)il_spawn(&group, hold_for_a_while, probe, NULL);
    closed = il_group_close(&group);
    CHECK_INT(probe->n_open, 0);
    CHECK(closed == 0 || closed == -ECANCELED);
    return closed;
}

static void cancel_at(struct fixture *f, il_time at, bool victim_first)
{
    struct probe probe = { .at = at };
    int result;

    if (victim_first)
        assert_int_equal(il_spawn(NULL, work, &probe, &probe.victim), 0);
    assert_int_equal(il_spawn(NULL, cancel_later, &probe, NULL), 0);
    if (!victim_first)
        assert_int_equal(il_spawn(NULL, work, &probe, &probe.victim), 0);
    settle(f);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
    assert_int_equal(probe.n_open, 0);
    result = reap(probe.victim);
    assert_true(result == 0 || result == -ECANCELED);
    if (at > IL_MS(7))
        assert_int_equal(result, 0);
    if (at < IL_MS(1))
        assert_int_equal(result, -ECANCELED);
}

static void test_cancel_at_every_moment_cleans_up(void **state)
{
    struct fixture *f = *state;

    for (int half_ms = 0; half_ms <= 16; half_ms++) {
        cancel_at(f, IL_MS(0.5) * half_ms, true);
        cancel_at(f, IL_MS(0.5) * half_ms, false);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cancel_is_level_triggered),
        TEST(test_cancel_twice_changes_nothing),
        TEST(test_cancel_after_wake_leaves_the_value),
        TEST(test_cancel_before_wake_takes_nothing),
        TEST(test_cancel_before_the_first_step_skips_the_body),
        TEST(test_cancel_of_oneself_arrives_at_the_next_suspension),
        TEST(test_cancel_at_the_very_end_leaves_the_result),
        TEST(test_cancel_by_a_child_in_its_first_step),
        TEST(test_cancel_ignored_is_reported_once_and_yields),
        TEST(test_cancel_noticed_twice_is_not_called_ignored),
        TEST(test_cancel_runs_nothing_inside_the_call),
        TEST(test_cancel_from_another_thread_is_refused),
        TEST(test_cancel_at_every_moment_cleans_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
