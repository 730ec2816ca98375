/* SPDX-License-Identifier: MIT */

/* test_submit.c - start a task in another loop. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/other_loop.h"
#include "support/rush.h"
#include "support/tasks.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* --- il_submit() ---------------------------------------------------------- */

static int wait_a_little(void *arg)
{
    int r = il_sleep(IL_US(10));

    CHECK(il_loop_current() == arg);
    CHECK_INT(strcmp(il_task_get_name(il_task_current()), "wait_a_little"), 0);
    return r < 0 ? r : 7;
}

struct joiner {
    il_submission *submission;
    il_time timeout;
    int r;
    int result;
};

static void wait_for_submission(struct joiner *j)
{
    j->r = 1;
    j->result = 77;
    j->r = il_submission_wait(j->submission, j->timeout, &j->result);
}

static int wait_in_task(void *arg)
{
    wait_for_submission(arg);
    return 0;
}

static void *wait_in_thread(void *arg)
{
    wait_for_submission(arg);
    return NULL;
}

static void test_submit_runs_a_task_and_gives_its_result(void **state)
{
    struct other_loop other = { 0 };

    (void)state;
    other_loop_start(&other);
    for (int in_task = 0; in_task < 2; in_task++) {
        struct joiner j = { .timeout = IL_FOREVER };
        int result = 0;

        assert_int_equal(
            il_submit(other.loop, wait_a_little, other.loop, &j.submission), 0);
        if (in_task) {
            il_task *task = NULL;

            assert_int_equal(il_spawn(NULL, wait_in_task, &j, &task), 0);
            finish(task);
        } else {
            join_thread(start_thread(wait_in_thread, &j));
        }
        assert_int_equal(j.r, 0);
        assert_int_equal(j.result, 7);
        assert_int_equal(il_submission_try_get(j.submission, &result), 0);
        assert_int_equal(result, 7);
        assert_true(
            il_shared_future_is_done(il_submission_get_future(j.submission)));
        assert_int_equal(il_submission_cancel(j.submission), -EALREADY);
        assert_null(il_submission_unref(j.submission));
    }
    other_loop_end(&other, 0);
}

static int fail_with_eio(void *arg)
{
    (void)arg;
    return -EIO;
}

static int submit_to_own_loop(void *arg)
{
    il_submission *submission = NULL;
    int result = 0;

    CHECK_INT(il_submit(il_loop_current(), fail_with_eio, arg, &submission), 0);
    CHECK_INT(il_submission_try_get(submission, &result), -EAGAIN);
    CHECK_INT(il_submission_wait(submission, IL_FOREVER, &result), 0);
    il_submission_unref(submission);
    return result;
}

/* The error is the handle's, so nobody else is told. */
static void test_submit_to_the_own_loop(void **state)
{
    (void)state;
    assert_int_equal(il_run(submit_to_own_loop, NULL), -EIO);
}

static void test_submit_error_that_nobody_can_ask_for_is_reported(void **state)
{
    struct fixture *f = *state;
    struct kept_report report;

    assert_int_equal(il_submit(f->loop, fail_with_eio, NULL, NULL), 0);
    settle(f);
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_UNHANDLED);
    assert_int_equal(report.error, -EIO);
    assert_string_equal(report.task_name, "fail_with_eio");
}

static int note_number(void *arg)
{
    note("%d", *(int *)arg);
    return 0;
}

static void test_submit_keeps_the_order(void **state)
{
    struct fixture *f = *state;
    int numbers[] = { 1, 2, 3 };

    for (int i = 0; i < 3; i++)
        assert_int_equal(il_submit(f->loop, note_number, &numbers[i], NULL), 0);
    assert_string_equal(noted(), ""); /* nothing runs inside it */
    settle(f);
    assert_string_equal(noted(), "1 2 3");
}

static void note_destroyed(void *arg)
{
    note("d%d", *(int *)arg);
}

static void test_submit_copies_and_destroys_the_argument(void **state)
{
    struct fixture *f = *state;
    int number = 5;
    char name[] = "named";
    il_spawn_options options = { .fn = note_number,
                                 .arg = &number,
                                 .copy_size = sizeof number,
                                 .destroy = note_destroyed,
                                 .name = name };

    assert_int_equal(il_submit_with(f->loop, &options, NULL), 0);
    number = 6;
    name[0] = '?';
    settle(f);
    assert_string_equal(noted(), "5 d5");
    options.copy_size = 0;
    options.name = NULL;
    assert_int_equal(il_submit_with(f->loop, &options, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "5 d5 6 d6");
}

/* --- cancels -------------------------------------------------------------- */

struct sleeper {
    sem_t begun;
    int r;
};

static int sleep_until_cancelled(void *arg)
{
    struct sleeper *s = arg;

    CHECK_INT(sem_post(&s->begun), 0);
    s->r = il_sleep(IL_FOREVER);
    return s->r;
}

static void test_submit_cancel_ends_the_task(void **state)
{
    struct other_loop other = { 0 };
    struct sleeper s = { .r = 1 };
    il_submission *submission = NULL;
    int result = 0;

    (void)state;
    assert_int_equal(sem_init(&s.begun, 0, 0), 0);
    other_loop_start(&other);
    assert_int_equal(
        il_submit(other.loop, sleep_until_cancelled, &s, &submission), 0);
    while (sem_wait(&s.begun) != 0)
        continue;
    assert_int_equal(il_submission_wait(submission, IL_US(1), &result),
                     -ETIMEDOUT);
    assert_int_equal(il_submission_cancel(submission), 0);
    (void)il_submission_cancel(submission); /* it may have ended */
    assert_int_equal(il_submission_wait(submission, IL_FOREVER, &result), 0);
    assert_int_equal(result, -ECANCELED);
    assert_int_equal(s.r, -ECANCELED);
    il_submission_unref(submission);
    other_loop_end(&other, 0);
    assert_int_equal(sem_destroy(&s.begun), 0);
}

static void test_submit_cancelled_before_it_begins_does_not_run(void **state)
{
    struct fixture *f = *state;
    int number = 1;

    for (unsigned flags = 0; flags <= IL_LAZY; flags++) {
        const il_spawn_options options = { .fn = note_number,
                                           .arg = &number,
                                           .destroy = note_destroyed,
                                           .flags = flags };
        il_submission *submission = NULL;
        int result = 0;

        forget_notes();
        assert_int_equal(il_submit_with(f->loop, &options, &submission), 0);
        assert_int_equal(il_submission_cancel(submission), 0);
        settle(f);
        assert_string_equal(noted(), "d1");
        assert_int_equal(il_submission_try_get(submission, &result), 0);
        assert_int_equal(result, -ECANCELED);
        il_submission_unref(submission);
    }
}

/* A lazy one that is cancelled between its spawning and its first step. */
static void test_submit_lazy_cancelled_before_its_first_step(void **state)
{
    struct fixture *f = *state;
    int number = 1;
    const il_spawn_options options = { .fn = note_number,
                                       .arg = &number,
                                       .destroy = note_destroyed,
                                       .flags = IL_LAZY };
    il_submission *submission = NULL;
    int result = 0;

    assert_int_equal(il_submit_with(f->loop, &options, &submission), 0);
    assert_true(il_loop_turn(f->loop, 0) >= 0);
    if (il_submission_try_get(submission, &result) == -EAGAIN)
        assert_int_equal(il_submission_cancel(submission), 0);
    settle(f);
    assert_int_equal(il_submission_try_get(submission, &result), 0);
    il_submission_unref(submission);
}

static void *cancel_it(void *submission)
{
    int r = il_submission_cancel(submission);

    CHECK(r == 0 || r == -EALREADY);
    il_submission_unref(submission);
    return NULL;
}

static int do_little(void *arg)
{
    (void)arg;
    return il_yield();
}

static void test_submit_cancel_races_with_the_end(void **state)
{
    struct other_loop other = { 0 };

    (void)state;
    other_loop_start(&other);
    for (int i = 0; i < 200; i++) {
        il_submission *submission = NULL;
        int result = 77;

        assert_int_equal(il_submit(other.loop, do_little, NULL, &submission),
                         0);
        il_submission_ref(submission);
        join_thread(start_thread(cancel_it, submission));
        assert_int_equal(il_submission_wait(submission, IL_FOREVER, &result),
                         0);
        assert_true(result == 0 || result == -ECANCELED);
        il_submission_unref(submission);
    }
    other_loop_end(&other, 0);
}

/* --- the end of the loop -------------------------------------------------- */

static void test_submit_task_ends_when_its_loop_closes(void **state)
{
    struct other_loop other = { 0 };
    struct sleeper s = { .r = 1 };
    il_submission *submission = NULL;
    int result = 0;

    (void)state;
    assert_int_equal(sem_init(&s.begun, 0, 0), 0);
    other_loop_start(&other);
    assert_int_equal(
        il_submit(other.loop, sleep_until_cancelled, &s, &submission), 0);
    while (sem_wait(&s.begun) != 0)
        continue;
    other_loop_end(&other, IL_SEC(100));
    assert_int_equal(other.closed, 0);
    assert_int_equal(il_submission_wait(submission, IL_FOREVER, &result), 0);
    assert_int_equal(result, -ECANCELED);
    assert_int_equal(il_submission_cancel(submission), -EALREADY);
    il_submission_unref(submission);
    assert_int_equal(sem_destroy(&s.begun), 0);
}

static int never_end(void *arg)
{
    struct sleeper *s = arg;
    il_scope scope;

    CHECK_INT(il_scope_enter_shield(&scope, IL_FOREVER), 0);
    CHECK_INT(sem_post(&s->begun), 0);
    (void)il_scope_leave(&scope, il_sleep(IL_FOREVER));
    return 0;
}

/* The task was abandoned: whoever waits for it is told. */
static void test_submit_task_that_does_not_end_is_answered_for(void **state)
{
    struct other_loop other = { .is_quiet = true };
    struct sleeper s = { .r = 1 };
    struct joiner j = { .timeout = IL_FOREVER };
    pthread_t thread;
    int result = 77;

    (void)state;
    assert_int_equal(sem_init(&s.begun, 0, 0), 0);
    other_loop_start(&other);
    assert_int_equal(il_submit(other.loop, never_end, &s, &j.submission), 0);
    while (sem_wait(&s.begun) != 0)
        continue;
    thread = start_thread(wait_in_thread, &j);
    other_loop_end(&other, 0);
    assert_int_equal(other.closed, -ETIMEDOUT);
    join_thread(thread);
    assert_int_equal(j.r, -ESHUTDOWN);
    assert_int_equal(j.result, 77);
    assert_int_equal(il_submission_try_get(j.submission, &result), -ESHUTDOWN);
    assert_int_equal(result, 77);
    assert_int_equal(il_submission_cancel(j.submission), -EALREADY);
    il_submission_unref(j.submission);
    assert_int_equal(sem_destroy(&s.begun), 0);
}

static void test_submit_to_a_loop_that_closes_is_answered(void **state)
{
    struct fixture *f = *state;
    int number = 1;
    const il_spawn_options options = { .fn = note_number,
                                       .arg = &number,
                                       .destroy = note_destroyed };
    il_submission *submissions[2] = { NULL, NULL };
    int result = 77;

    /* Accepted, and the loop is closed without another turn. */
    assert_int_equal(il_submit_with(f->loop, &options, &submissions[0]), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_string_equal(noted(), "d1");
    assert_int_equal(il_submission_try_get(submissions[0], &result),
                     -ESHUTDOWN);
    assert_int_equal(il_submission_wait(submissions[0], IL_FOREVER, &result),
                     -ESHUTDOWN);
    assert_int_equal(il_submit_with(f->loop, &options, &submissions[1]),
                     -ESHUTDOWN);
    assert_null(submissions[1]);
    assert_string_equal(noted(), "d1");
    assert_int_equal(result, 77);
    il_submission_unref(submissions[0]);
}

static void *submit_again_and_again(void *arg)
{
    struct rush *rush = arg;
    int result;
    int r;

    do {
        il_submission *submission = NULL;

        r = il_submit(rush->loop, do_little, NULL, &submission);
        atomic_fetch_add(&rush->n_begun, 1);
        if (r == 0)
            r = il_submission_wait(submission, IL_FOREVER, &result);
        il_submission_unref(submission);
    } while (r == 0);
    CHECK_INT(r, -ESHUTDOWN);
    return NULL;
}

static void test_submit_while_the_loop_closes(void **state)
{
    (void)state;
    rush_while_it_closes(submit_again_and_again, IL_SEC(100));
}

/* --- mistakes ------------------------------------------------------------- */

static int wait_for_self(void *arg)
{
    struct joiner *j = arg;

    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_submission_wait(j->submission, IL_FOREVER, NULL), -EDEADLK);
    return 3;
}

static void test_submit_refuses_misuse(void **state)
{
    struct fixture *f = *state;
    struct joiner j = { 0 };
    const il_spawn_options no_fn = { .arg = &j };
    const il_spawn_options too_large = { .fn = fail_with_eio,
                                         .arg = &j,
                                         .copy_size = 1025 };
    int result = 77;

    assert_int_equal(il_submit(NULL, fail_with_eio, NULL, NULL), -EINVAL);
    assert_int_equal(il_submit_with(f->loop, NULL, NULL), -EINVAL);
    assert_int_equal(il_submit_with(f->loop, &no_fn, NULL), -EINVAL);
    assert_int_equal(il_submit_with(f->loop, &too_large, NULL), -EINVAL);
    assert_int_equal(il_submission_wait(NULL, 0, &result), -EINVAL);
    assert_int_equal(il_submission_try_get(NULL, &result), -EINVAL);
    assert_int_equal(il_submission_cancel(NULL), -EINVAL);
    assert_null(il_submission_get_future(NULL));
    assert_null(il_submission_unref(NULL));
    assert_int_equal(result, 77);

    assert_int_equal(il_submit(f->loop, wait_for_self, &j, &j.submission), 0);
    settle(f);
    assert_int_equal(il_submission_try_get(j.submission, &result), 0);
    assert_int_equal(result, 3);
    il_submission_unref(j.submission);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_submit_runs_a_task_and_gives_its_result),
        TEST(test_submit_to_the_own_loop),
        TEST(test_submit_error_that_nobody_can_ask_for_is_reported),
        TEST(test_submit_keeps_the_order),
        TEST(test_submit_copies_and_destroys_the_argument),
        TEST(test_submit_cancel_ends_the_task),
        TEST(test_submit_cancelled_before_it_begins_does_not_run),
        TEST(test_submit_lazy_cancelled_before_its_first_step),
        TEST(test_submit_cancel_races_with_the_end),
        TEST(test_submit_task_ends_when_its_loop_closes),
        TEST(test_submit_task_that_does_not_end_is_answered_for),
        TEST(test_submit_to_a_loop_that_closes_is_answered),
        TEST(test_submit_while_the_loop_closes),
        TEST(test_submit_refuses_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
