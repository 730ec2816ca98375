/* SPDX-License-Identifier: MIT */

/* test_deadlock.c - every task waits, and for nothing that will come.
 *
 * Whether anybody else could post is what a test says here. */

#include "support/fixture.h"
#include "support/pipes.h"

#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool alone;

bool __wrap_ili_loop_is_alone(const il_loop *loop);

bool __wrap_ili_loop_is_alone(const il_loop *loop)
{
    (void)loop;
    return alone;
}

static int setup_deadlock(void **state)
{
    const il_debug_limits limits = { .blocked = IL_MS(20) };
    int r = setup_real(state);
    struct fixture *f = *state;

    alone = true;
    if (r == 0)
        r = il_loop_set_debug_limits(f->loop, &limits);
    return r < 0
               ? r
               : il_loop_set_debug(f->loop, IL_DEBUG_DEADLOCK | IL_DEBUG_FATAL);
}

static int setup_virtual_deadlock(void **state)
{
    int r = setup_deadlock(state);
    struct fixture *f = *state;

    return r < 0 ? r : il_test_use_virtual_time(f->loop, IL_TEST_AUTOJUMP);
}

static struct kept_report expect(struct fixture *f, const char *name)
{
    return take_report_of(f, IL_REPORT_DEADLOCK, -EDEADLK, name);
}

static int wait_for_event(void *arg)
{
    int r = il_event_wait(arg);

    return r == -ECANCELED ? 0 : r;
}

static void test_deadlock_ends_the_run_if_that_is_asked_for(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    struct kept_report report;

    assert_int_equal(il_run(wait_for_event, &event), -EDEADLK);
    report = expect(f, "main");
    assert_string_equal(report.waits_for, "an event");
    assert_string_equal(report.details, "1 task");
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
}

static void test_deadlock_ends_il_loop_run_too(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;

    assert_int_equal(il_spawn(NULL, wait_for_event, &event, NULL), 0);
    assert_int_equal(il_spawn(NULL, wait_for_event, &event, NULL), 0);
    assert_int_equal(il_loop_run(f->loop), -EDEADLK);
    assert_string_equal(expect(f, "wait_for_event").details, "2 tasks");
    /* Later runs are as any. */
    assert_int_equal(il_event_set(&event), 0);
    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static int wait_twice(void *arg)
{
    il_event *event = arg;
    int r = il_event_wait(event);

    il_event_clear(event);
    if (r == 0)
        r = il_event_wait(event);
    return r;
}

static il_event *to_set;

static void set_from_report(const il_report *report, void *arg)
{
    CHECK_INT(report->kind, IL_REPORT_DEADLOCK);
    note("told");
    CHECK_INT(il_event_set(to_set), 0);
    (void)arg;
}

/* A handler may mend it; told again when something has run. */
static void test_deadlock_can_be_mended_by_the_handler(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;

    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_DEADLOCK), 0);
    il_loop_set_report_handler(f->loop, set_from_report, NULL);
    to_set = &event;
    assert_int_equal(il_run(wait_twice, &event), 0);
    assert_string_equal(noted(), "told told");
}

/* With other threads about, only after a while, and with other words. */
static void test_deadlock_that_others_could_end_is_told_later(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_time before = il_now();

    alone = false;
    assert_int_equal(il_run(wait_for_event, &event), -EDEADLK);
    assert_true(il_now() - before >= IL_MS(20));
    assert_non_null(strstr(expect(f, "main").details, ", for 0.0"));
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
}

struct poster {
    il_loop *loop;
    il_callback callback;
    pthread_t thread;
};

static void *post_soon(void *arg)
{
    struct poster *poster = arg;
    const struct timespec ts = { .tv_nsec = 5000000 };

    (void)nanosleep(&ts, NULL);
    CHECK_INT(il_post_threadsafe(poster->loop, &poster->callback), 0);
    return NULL;
}

static void set(void *event)
{
    CHECK_INT(il_event_set(event), 0);
}

static void test_deadlock_is_none_if_another_thread_posts(void **state)
{
    struct fixture *f = *state;
    const il_debug_limits limits = { .blocked = IL_SEC(30) };
    il_event event = IL_EVENT_INIT;
    struct poster poster = { .loop = f->loop,
                             .callback = IL_CALLBACK_INIT(set, &event) };

    alone = false;
    assert_int_equal(il_loop_set_debug_limits(f->loop, &limits), 0);
    assert_int_equal(pthread_create(&poster.thread, NULL, post_soon, &poster),
                     0);
    assert_int_equal(il_run(wait_for_event, &event), 0);
    assert_int_equal(pthread_join(poster.thread, NULL), 0);
    assert_int_equal(f->n_reports, 0);
}

static int wait_for_token(void *arg)
{
    int r = il_cancel_token_wait(arg, IL_FOREVER);

    return r == -ECANCELED ? 0 : r;
}

/* A limiter and a cancel token were both said to be "a token", but only a
 * limiter's come from the own loop. */
static void test_deadlock_is_none_with_a_cancel_token(void **state)
{
    struct fixture *f = *state;
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;

    assert_int_equal(il_spawn(NULL, wait_for_token, &token, NULL), 0);
    assert_int_equal(ili_deadlock_look(f->loop), IL_FOREVER);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(il_cancel_token_cancel(&token), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    il_cancel_token_fini(&token);
}

static int post_and_wait(void *arg)
{
    il_event event = IL_EVENT_INIT;
    il_callback callback = IL_CALLBACK_INIT(set, &event);

    CHECK_INT(il_post_threadsafe(arg, &callback), 0);
    return il_event_wait(&event);
}

/* It was not taken out of the inbox yet. */
static void test_deadlock_is_none_if_a_post_is_there(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_run(post_and_wait, f->loop), 0);
    assert_int_equal(f->n_reports, 0);
}

static int sleep_a_little(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(5));
}

static void test_deadlock_is_none_with_a_deadline(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_run(sleep_a_little, NULL), 0);
    assert_int_equal(f->n_reports, 0);
}

static void *write_soon(void *arg)
{
    const struct timespec ts = { .tv_nsec = 5000000 };

    (void)nanosleep(&ts, NULL);
    CHECK_INT(write(*(int *)arg, "x", 1), 1);
    return NULL;
}

static void test_deadlock_is_none_with_a_descriptor(void **state)
{
    struct fixture *f = *state;
    struct waiter waiter = { .events = IL_READ };
    pthread_t thread;
    int fds[2];

    make_pipe(fds);
    waiter.fd = fds[0];
    assert_int_equal(pthread_create(&thread, NULL, write_soon, &fds[1]), 0);
    (void)il_run(wait_once, &waiter);
    assert_int_equal(waiter.r, IL_READ);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_both(fds);
    assert_int_equal(f->n_reports, 0);
}

static void stop(void *loop)
{
    CHECK_INT(il_loop_stop(loop), 0);
}

/* Nobody waits where nobody is. */
static void test_deadlock_is_none_without_tasks(void **state)
{
    struct fixture *f = *state;
    struct poster poster = { .loop = f->loop,
                             .callback = IL_CALLBACK_INIT(stop, f->loop) };

    assert_int_equal(pthread_create(&poster.thread, NULL, post_soon, &poster),
                     0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(pthread_join(poster.thread, NULL), 0);
    assert_int_equal(f->n_reports, 0);
}

static int wait_for_both(void *arg)
{
    il_event *event = arg;
    il_task *task;
    int r = il_spawn(NULL, wait_for_event, event, &task);

    if (r == 0)
        r = il_sleep(IL_SEC(1000));
    if (r == 0)
        r = il_task_join(task, NULL);
    (void)il_task_unref(task);
    return r == -ECANCELED ? 0 : r;
}

/* Virtual time jumps as far as it can first. */
static void test_deadlock_under_virtual_time(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;
    il_time before = il_now();

    assert_int_equal(il_run(wait_for_both, &event), -EDEADLK);
    assert_int_equal(il_now() - before, IL_SEC(1000));
    assert_string_equal(expect(f, "main").details, "2 tasks");
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
}

static int wait_for_nobody(void *arg)
{
    il_event event = IL_EVENT_INIT;

    (void)arg;
    return il_event_wait(&event);
}

/* Without a handler the tasks are printed, too. */
static void test_deadlock_is_printed_with_the_tasks(void **state)
{
    struct fixture *f = *state;

    il_loop_set_report_handler(f->loop, NULL, NULL);
    assert_int_equal(il_run(wait_for_nobody, NULL), -EDEADLK);
    keep_reports(f, f->loop);
}

/* The short ways are gone that are gone without debug mode. */
static int is_unminded(void *arg)
{
    CHECK(!ili_sched_current->is_minded);
    return wait_for_nobody(arg);
}

static void test_deadlock_of_a_test_ends_it(void **state)
{
    (void)state;
    alone = true;
    assert_int_equal(il_test_run(is_unminded, NULL, NULL), -EDEADLK);
}

static int switch_over(void *arg)
{
    CHECK_INT(il_loop_get_debug(il_loop_current()), 0);
    CHECK_INT(il_loop_set_debug(il_loop_current(), IL_DEBUG_LOCKS), 0);
    CHECK_INT(il_loop_get_debug(il_loop_current()), IL_DEBUG_LOCKS);
    CHECK_INT(il_loop_set_debug(il_loop_current(), 0), 0);
    return wait_for_nobody(arg);
}

static void test_deadlock_of_a_test_that_debugs_itself(void **state)
{
    (void)state;
    alone = true;
    assert_int_equal(il_test_run(switch_over, NULL, NULL), -EDEADLK);
}

static int be_posted_to(void *arg)
{
    const struct timespec pause = { .tv_nsec = 3000000 };
    il_event event = IL_EVENT_INIT;
    il_time blocked = IL_MS(60);
    int r = 0;

    CHECK_INT(il_loop_set_debug_limits(
                  il_loop_current(), &(il_debug_limits){ .blocked = blocked }),
              0);
    for (int i = 0; i < 12 && r == 0; i++) {
        struct poster poster = { .loop = il_loop_current(),
                                 .callback = IL_CALLBACK_INIT(set, &event) };

        CHECK_INT(pthread_create(&poster.thread, NULL, post_soon, &poster), 0);
        r = il_event_wait(&event);
        il_event_clear(&event);
        CHECK_INT(pthread_join(poster.thread, NULL), 0);
        (void)nanosleep(&pause, NULL);
    }
    (void)arg;
    return r;
}

/* Altogether it waits for longer than is allowed at a time. */
static void test_deadlock_of_a_test_is_none_while_others_post(void **state)
{
    (void)state;
    alone = false;
    assert_int_equal(il_test_run(be_posted_to, NULL, NULL), 0);
}

/* --- selects ---------------------------------------------------------------- */

static int select_for_ever(void *arg)
{
    il_case cases[] = { IL_CASE_EVENT(arg), IL_CASE_AT(IL_FOREVER),
                        IL_CASE_FD(-1, IL_READ) };
    int r = il_select(cases, 3, 0);

    return r == -ECANCELED ? 0 : r;
}

static void test_deadlock_of_a_select(void **state)
{
    struct fixture *f = *state;
    il_event event = IL_EVENT_INIT;

    assert_int_equal(il_run(select_for_ever, &event), -EDEADLK);
    assert_string_equal(expect(f, "main").waits_for, "the first of several");
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
}

static int select_a_descriptor(void *arg)
{
    il_event event = IL_EVENT_INIT;
    il_case cases[] = { IL_CASE_EVENT(&event),
                        IL_CASE_FD(*(const int *)arg, IL_READ) };

    return il_select(cases, 2, 0);
}

static void test_deadlock_is_none_with_a_descriptor_in_a_select(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;
    int fds[2];

    make_pipe(fds);
    assert_int_equal(pthread_create(&thread, NULL, write_soon, &fds[1]), 0);
    assert_int_equal(il_run(select_a_descriptor, &fds[0]), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(f->n_reports, 0);
    close_both(fds);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_deadlock, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_deadlock_ends_the_run_if_that_is_asked_for),
        TEST(test_deadlock_ends_il_loop_run_too),
        TEST(test_deadlock_can_be_mended_by_the_handler),
        TEST(test_deadlock_that_others_could_end_is_told_later),
        TEST(test_deadlock_is_none_if_another_thread_posts),
        TEST(test_deadlock_is_none_with_a_cancel_token),
        TEST(test_deadlock_is_none_if_a_post_is_there),
        TEST(test_deadlock_is_none_with_a_deadline),
        TEST(test_deadlock_is_none_with_a_descriptor),
        TEST(test_deadlock_is_none_without_tasks),
        cmocka_unit_test_setup_teardown(test_deadlock_under_virtual_time,
                                        setup_virtual_deadlock, teardown),
        TEST(test_deadlock_is_printed_with_the_tasks),
        cmocka_unit_test_setup_teardown(test_deadlock_of_a_test_ends_it,
                                        setup_checks, teardown_checks),
        cmocka_unit_test_setup_teardown(
            test_deadlock_of_a_test_that_debugs_itself, setup_checks,
            teardown_checks),
        cmocka_unit_test_setup_teardown(
            test_deadlock_of_a_test_is_none_while_others_post, setup_checks,
            teardown_checks),
        TEST(test_deadlock_of_a_select),
        TEST(test_deadlock_is_none_with_a_descriptor_in_a_select),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
