/* SPDX-License-Identifier: MIT */

/* test_lessons_cancel.c - what CPython learned about cancelling and timeouts, an
 * issue a test; doc/lessons.md has all of them.
 *
 * Most of it is: a timeout is a scope of the task that does the work, not a second
 * task that waits for it; and a cancel belongs to a scope, so nothing is counted. */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>

/* --- cancelling a task ------------------------------------------------------- */

static int cancel_self_and_return(void *arg)
{
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK(il_task_is_cancelled(il_task_current()));
    return *(int *)arg;
}

/* Whether a cancel counts that comes when nothing is waited for any more. */
static void
test_lessons_bpo_30048_cancel_at_the_very_end_changes_no_result(void **state)
{
    int results[] = { 0, 5, -EIO };

    (void)state;
    for (int i = 0; i < 3; i++) {
        il_task *task;

        assert_int_equal(
            il_spawn(NULL, cancel_self_and_return, &results[i], &task), 0);
        assert_int_equal(reap(task), results[i]);
    }
}

static int join_it(void *arg)
{
    int result = 1;
    int r = il_task_join(arg, &result);

    note("%s", il_strerror(r));
    return r;
}

static int sleep_a_little(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(5));
}

static int cancel_self_and_wait(void *arg)
{
    (void)arg;
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_sleep(IL_MS(1)), -ECANCELED); /* and it stays so */
    return 3;
}

/* Of a task that waits for itself or for another one. */
static void
test_lessons_bpo_34872_cancel_ends_a_wait_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    il_task *worker;
    il_task *waiter;
    il_task *self;

    assert_int_equal(il_spawn(NULL, sleep_a_little, NULL, &worker), 0);
    assert_int_equal(il_spawn(NULL, join_it, worker, &waiter), 0);
    assert_int_equal(il_task_cancel(waiter), 0);
    settle(f);
    assert_string_equal(noted(), "ECANCELED");
    assert_int_equal(reap(waiter), -ECANCELED);
    assert_false(il_task_is_done(worker));
    assert_int_equal(il_spawn(NULL, cancel_self_and_wait, NULL, &self), 0);
    assert_int_equal(reap(self), 3);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(reap(worker), 0);
}

static void note_destroyed(void *arg)
{
    note("%s", (const char *)arg);
}

static int note_body(void *arg)
{
    (void)arg;
    note("body");
    return 0;
}

/* Cancelled before it has begun: some bodies ran, some did not. */
static void
test_lessons_bpo_38248_cancelled_before_its_start_it_never_runs(void **state)
{
    struct fixture *f = *state;
    const il_spawn_options options = { .fn = note_body,
                                       .arg = TEXT("destroyed"),
                                       .destroy = note_destroyed,
                                       .flags = IL_LAZY };
    il_task *task;

    assert_int_equal(il_spawn_with(NULL, &options, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_string_equal(noted(), "destroyed");
    assert_int_equal(reap(task), -ECANCELED);
}

/* --- timeouts ---------------------------------------------------------------- */

static int slow_cleanup(void *arg)
{
    int r = 0;

    (void)arg;
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    IL_SHIELD (IL_SEC(1), &r) {
        r = il_sleep(IL_MS(20));
    }
    note("inner");
    return -ECANCELED;
}

static int time_out_a_group(void *arg)
{
    il_time patience = *(il_time *)arg;
    int r = 0;

    IL_TIMEOUT (patience, &r) {
        il_call calls[] = { { slow_cleanup, NULL, 0 } };

        r = il_gather(calls, 1);
    }
    note("%s", il_strerror(r));
    return 0;
}

/* wait_for() returned while what it had waited for still ran. */
static void test_lessons_bpo_32751_timeout_waits_for_the_inner_end(void **state)
{
    struct fixture *f = *state;
    il_time patience = IL_MS(5);

    assert_int_equal(il_spawn(NULL, time_out_a_group, &patience, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(24)), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_string_equal(noted(), "inner ETIMEDOUT");
}

/* ... and with a timeout of 0 it did not wait at all. */
static int start_in_no_time(void *arg)
{
    il_call call = { note_body, NULL, 1 };
    int r = 0;

    IL_TIMEOUT (*(il_time *)arg, &r) {
        r = il_gather(&call, 1);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(call.result, -ECANCELED);
    return 0;
}

static int wait_in_no_time(void *arg)
{
    il_group group;
    int r = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, slow_cleanup, NULL, NULL), 0);
    IL_TIMEOUT (0, &r) {
        il_group_cancel(&group);
        r = il_sleep(IL_MS(1));
    }
    /* The group further out is the cause, not the block. */
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(il_group_close(&group), 0);
    note("closed");
    return 0;
}

static void test_lessons_bpo_41891_timeout_of_zero_waits_as_well(void **state)
{
    struct fixture *f = *state;
    il_time none[] = { 0, -IL_SEC(1) };

    for (int i = 0; i < 2; i++)
        assert_int_equal(il_spawn(NULL, start_in_no_time, &none[i], NULL), 0);
    assert_string_equal(noted(), ""); /* what cannot end in time never runs */
    assert_int_equal(il_spawn(NULL, wait_in_no_time, NULL, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "inner closed");
}

struct receiver {
    il_channel channel;
    int value;
    int r;
    int next;
};

static int receive_within(void *arg)
{
    struct receiver *me = arg;

    IL_TIMEOUT (IL_MS(5), &me->r) {
        me->r = il_channel_receive(&me->channel, &me->value);
    }
    me->next = il_yield();
    return 0;
}

/* A result that came together with a cancel was thrown away. */
static void test_lessons_bpo_37658_result_and_cancel_both_arrive(void **state)
{
    struct fixture *f = *state;
    struct receiver me = { .value = 0 };
    int value = 7;
    il_task *task;

    assert_int_equal(il_channel_init(&me.channel, sizeof value, 1), 0);
    assert_int_equal(il_spawn(NULL, receive_within, &me, &task), 0);
    assert_int_equal(il_channel_try_send(&me.channel, &value), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(me.r, 0);
    assert_int_equal(me.value, 7);
    assert_int_equal(me.next, -ECANCELED);
    assert_int_equal(reap(task), 0);
    il_channel_fini(&me.channel);
}

static void send_seven(void *arg)
{
    int value = 7;

    CHECK_INT(il_channel_try_send(arg, &value), 0);
}

/* Done in the very moment of the timeout: the timeout won and the cancel of the
 * inner was swallowed, or the other way round. */
static void
test_lessons_bpo_42130_cancel_is_not_swallowed_by_an_end_in_time(void **state)
{
    struct fixture *f = *state;

    for (int first = 0; first < 2; first++) {
        struct receiver me = { .value = 0 };
        il_timer timer = IL_TIMER_INIT(send_seven, &me.channel);
        il_task *task;

        assert_int_equal(il_channel_init(&me.channel, sizeof(int), 1), 0);
        if (first)
            assert_int_equal(
                il_timer_start(f->loop, &timer, il_deadline(IL_MS(5))), 0);
        assert_int_equal(il_spawn(NULL, receive_within, &me, &task), 0);
        if (!first)
            assert_int_equal(
                il_timer_start(f->loop, &timer, il_deadline(IL_MS(5))), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
        /* The value is where the result says that it is; no cancel is left. */
        assert_int_equal(il_channel_count(&me.channel), me.r == 0 ? 0 : 1);
        assert_true(me.r == 0 || me.r == -ETIMEDOUT);
        assert_int_equal(me.next, 0);
        assert_int_equal(reap(task), 0);
        il_channel_fini(&me.channel);
    }
}

static int fail_when_cancelled(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    return -EIO;
}

static int time_out_what_fails(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(5), &r) {
        r = fail_when_cancelled(NULL);
    }
    CHECK_INT(r, -EIO);
    IL_TIMEOUT (IL_MS(5), &r) {
        il_call call = { fail_when_cancelled, NULL, 0 };

        r = il_gather(&call, 1);
    }
    CHECK_INT(r, -EIO);
    note("told");
    return 0;
}

/* An error of the inner while it was cancelled was hidden by the timeout. */
static void test_lessons_bpo_40607_error_beats_the_timeout(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, time_out_what_fails, NULL, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "told");
}

static int wait_in_this_task(void *arg)
{
    il_loop *loop = il_loop_current();
    il_task *me = il_task_current();
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(5), &r) {
        CHECK(il_task_current() == me);
        CHECK_INT(il_loop_count_tasks(loop), 1);
        r = il_sleep(IL_MS(1));
    }
    CHECK_INT(r, 0);
    return 0;
}

static int wait_for_it(void *arg)
{
    il_task *task = arg;
    int result = 1;
    int r = il_wait_for(task, IL_MS(5), &result);

    CHECK(il_task_is_done(task)); /* whatever it came to */
    note("%s", il_strerror(r));
    return 0;
}

/* All of these came of wait_for() being a second task. */
static void test_lessons_gh_86296_timeout_is_no_task_of_its_own(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, wait_in_this_task, NULL, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

/* There is one for tasks all the same, and it waits for the end. */
static void
test_lessons_gh_86296_wait_for_a_task_waits_for_its_end(void **state)
{
    struct fixture *f = *state;
    il_task_fn *bodies[] = { slow_cleanup, fail_when_cancelled,
                             sleep_a_little };
    const char *expected[] = { "inner ETIMEDOUT", "success", "success" };

    for (int i = 0; i < 3; i++) {
        il_task *task;

        forget_notes();
        assert_int_equal(il_spawn(NULL, bodies[i], NULL, &task), 0);
        assert_int_equal(il_spawn(NULL, wait_for_it, task, NULL), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
        assert_string_equal(noted(), expected[i]);
        (void)reap(task);
    }
}

static int wait_too_late(void *arg)
{
    il_scope scope;
    int r = 0;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, il_now() - 1), 0);
    CHECK_INT(il_sleep(0), -ECANCELED); /* the first one */
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ETIMEDOUT);
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    il_scope_set_deadline(&scope, il_now());
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ETIMEDOUT);
    IL_TIMEOUT (0, &r) {
        r = il_checkpoint();
    }
    CHECK_INT(r, -ETIMEDOUT);
    note("at once");
    return 0;
}

/* A timeout that was overdue when it began came one wait too late. */
static void
test_lessons_gh_95109_overdue_deadline_stops_the_first_wait(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, wait_too_late, NULL, NULL), 0);
    assert_string_equal(noted(), "at once");
}

/* --- whose cancel it is ------------------------------------------------------ */

struct nest {
    int inner;
    int outer;
    int after;
};

static int nest_timeouts(void *arg)
{
    struct nest *nest = arg;

    nest->outer = 0;
    IL_TIMEOUT (IL_MS(5), &nest->outer) {
        nest->inner = 0;
        IL_TIMEOUT (IL_MS(5), &nest->inner) {
            nest->inner = il_sleep(IL_SEC(1));
        }
        nest->outer = nest->inner;
    }
    nest->after = il_yield();
    return 0;
}

/* Two timeouts, or a timeout and a cancel, in one moment: counts lost one. */
static void
test_lessons_bpo_46771_each_cancel_belongs_to_its_scope(void **state)
{
    struct fixture *f = *state;
    struct nest nest;
    il_task *task;

    assert_int_equal(il_spawn(NULL, nest_timeouts, &nest, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(nest.inner, -ECANCELED); /* the outermost is the cause */
    assert_int_equal(nest.outer, -ETIMEDOUT);
    assert_int_equal(nest.after, 0); /* and nothing is left over */

    assert_int_equal(il_spawn(NULL, nest_timeouts, &nest, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(4)), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(nest.inner, -ECANCELED);
    assert_int_equal(nest.outer, -ECANCELED);
    assert_int_equal(nest.after, -ECANCELED);
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lessons_bpo_30048_cancel_at_the_very_end_changes_no_result),
        TEST(test_lessons_bpo_34872_cancel_ends_a_wait_and_nothing_else),
        TEST(test_lessons_bpo_38248_cancelled_before_its_start_it_never_runs),
        TEST(test_lessons_bpo_32751_timeout_waits_for_the_inner_end),
        TEST(test_lessons_bpo_41891_timeout_of_zero_waits_as_well),
        TEST(test_lessons_bpo_37658_result_and_cancel_both_arrive),
        TEST(test_lessons_bpo_42130_cancel_is_not_swallowed_by_an_end_in_time),
        TEST(test_lessons_bpo_40607_error_beats_the_timeout),
        TEST(test_lessons_gh_86296_timeout_is_no_task_of_its_own),
        TEST(test_lessons_gh_86296_wait_for_a_task_waits_for_its_end),
        TEST(test_lessons_gh_95109_overdue_deadline_stops_the_first_wait),
        TEST(test_lessons_bpo_46771_each_cancel_belongs_to_its_scope),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
