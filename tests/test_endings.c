/* SPDX-License-Identifier: MIT */

/* test_endings.c - what hooks, posts and stops do while a loop closes.
 *
 * Each test is a bug that was there once; test_close.c has the plain cases. */

#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static void note_it(void *arg)
{
    note("%s", (const char *)arg);
}

/* Close the test's loop and make another one in its place. */
static void change_loop(struct fixture *f)
{
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    f->loop = il_loop_unref(f->loop);
    assert_int_equal(il_loop_new(&f->loop), 0);
    keep_reports(f, f->loop);
}

/* --- Posts ---------------------------------------------------------------- */

struct again {
    il_loop *loop;
    il_callback callback;
    il_timer timer;
    unsigned n;
};

static void post_again(void *arg)
{
    struct again *again = arg;

    if (++again->n < 1000000)
        CHECK_INT(il_post(again->loop, &again->callback), 0);
}

/* The last turns went on for as long as there was anything to run. */
static void test_endings_callback_that_posts_itself_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct again again = { .loop = f->loop };

    again.callback = (il_callback)IL_CALLBACK_INIT(post_again, &again);
    assert_int_equal(il_post(f->loop, &again.callback), 0);
    assert_int_equal(il_loop_close(f->loop, IL_MS(100)), 0);
    assert_true(again.n >= 1);
    assert_true(again.n < 1000);
    assert_false(il_callback_cancel(&again.callback));
}

static void start_again(void *arg)
{
    struct again *again = arg;

    if (++again->n < 1000000)
        CHECK_INT(il_timer_start(again->loop, &again->timer, 0), 0);
}

/* As above, with a timer that is always due; this one has always worked. */
static void test_endings_timer_that_starts_itself_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct again again = { .loop = f->loop };

    again.timer = (il_timer)IL_TIMER_INIT(start_again, &again);
    assert_int_equal(il_timer_start(f->loop, &again.timer, 0), 0);
    assert_int_equal(il_loop_close(f->loop, IL_MS(100)), 0);
    assert_true(again.n < 1000);
    assert_false(il_timer_is_active(&again.timer));
}

/* --- Futures -------------------------------------------------------------- */

/* Setting the future queued the hook on no loop at all, and crashed. */
static void test_endings_future_set_after_the_close_drops_its_hook(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    il_callback hook = IL_CALLBACK_INIT(note_it, TEXT("hook"));

    assert_int_equal(il_future_on_done(&future, &hook), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_null(il_loop_current());
    assert_int_equal(il_future_set(&future, 1, NULL), 0);
    assert_true(il_future_is_done(&future));
    assert_string_equal(noted(), "");
}

/* The hook is its owner's again: another loop takes it. */
static void test_endings_dropped_hook_can_be_used_again(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    il_callback hook = IL_CALLBACK_INIT(note_it, TEXT("hook"));

    assert_int_equal(il_future_on_done(&future, &hook), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(il_future_set(&future, 1, NULL), 0);
    f->loop = il_loop_unref(f->loop);
    assert_int_equal(il_loop_new(&f->loop), 0);
    assert_int_equal(il_future_on_done(&future, &hook), 0);
    settle(f);
    assert_string_equal(noted(), "hook");
}

struct setter {
    il_future *future;
    int r;
};

static void *set(void *arg)
{
    struct setter *setter = arg;

    setter->r = il_future_set(setter->future, 1, NULL);
    return NULL;
}

/* Only tasks that wait were looked at: in a thread without a loop, a future
 * with nothing but a hook crashed. */
static void
test_endings_future_is_not_set_by_a_thread_without_loop(void **state)
{
    struct fixture *f = *state;
    il_future future = IL_FUTURE_INIT;
    il_callback hook = IL_CALLBACK_INIT(note_it, TEXT("hook"));
    struct setter setter = { &future, 1 };
    pthread_t thread;

    assert_int_equal(il_future_on_done(&future, &hook), 0);
    assert_int_equal(pthread_create(&thread, NULL, set, &setter), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(setter.r, -ESRCH);
    assert_false(il_future_is_done(&future));
    assert_int_equal(il_future_set(&future, 1, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "hook");
}

struct late_hook {
    il_future future;
    il_callback hook;
};

static void register_late(void *arg)
{
    struct late_hook *late = arg;

    CHECK_INT(il_future_on_done(&late->future, &late->hook), -ESHUTDOWN);
    note("refused");
}

/* The hook stayed in the queue of the loop that was freed, busy for ever. */
static void test_endings_future_takes_no_hook_at_close(void **state)
{
    struct fixture *f = *state;
    struct late_hook late = { .future = IL_FUTURE_INIT };
    il_callback at_close = IL_CALLBACK_INIT(register_late, &late);

    late.hook = (il_callback)IL_CALLBACK_INIT(note_it, TEXT("hook"));
    assert_int_equal(il_future_set(&late.future, 0, NULL), 0);
    assert_int_equal(il_loop_at_close(f->loop, &at_close), 0);
    change_loop(f);
    assert_string_equal(noted(), "refused");
    assert_int_equal(il_post(f->loop, &late.hook), 0);
    settle(f);
    assert_string_equal(noted(), "refused hook");
}

/* --- Hooks at close ------------------------------------------------------- */

static void drop_loop(void *arg)
{
    struct fixture *f = arg;

    f->loop = il_loop_unref(f->loop);
    note("dropped");
}

/* il_loop_close() went on with the loop that the hook had freed. */
static void test_endings_hook_at_close_may_drop_the_loop(void **state)
{
    struct fixture *f = *state;
    il_callback first = IL_CALLBACK_INIT(note_it, TEXT("last"));
    il_callback second = IL_CALLBACK_INIT(drop_loop, f);

    assert_int_equal(il_loop_at_close(f->loop, &first), 0);
    assert_int_equal(il_loop_at_close(f->loop, &second), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_null(f->loop);
    assert_null(il_loop_current());
    assert_string_equal(noted(), "dropped last");
}

static int fail_at_once(void *arg)
{
    (void)arg;
    return -EIO;
}

static void drop_task(void *arg)
{
    il_task **task = arg;

    *task = il_task_unref(*task);
}

/* The report waited for a turn that never came. */
static void test_endings_failure_let_go_at_close_is_reported(void **state)
{
    struct fixture *f = *state;
    struct kept_report report;
    il_task *task = NULL;
    il_callback at_close = IL_CALLBACK_INIT(drop_task, &task);

    assert_int_equal(il_spawn(NULL, fail_at_once, NULL, &task), 0);
    assert_int_equal(il_loop_at_close(f->loop, &at_close), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_null(task);
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_UNHANDLED);
    assert_int_equal(report.error, -EIO);
    assert_string_equal(report.task_name, "fail_at_once");
    assert_true(report.outside_tasks);
}

/* --- Stops ---------------------------------------------------------------- */

static int stop_while_cleaning_up(void *arg)
{
    int clean = 1;
    int r = il_sleep(IL_FOREVER);

    il_loop_stop(arg);
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(50));
    }
    CHECK_INT(clean, 0);
    note("clean");
    return r;
}

/* A stopped loop does not sleep, so closing it spun until the last task had
 * ended.  This is about the kernel's sleep, hence the real clock. */
static void test_endings_stop_while_closing_does_not_spin(void **state)
{
    struct fixture *f = *state;
    il_time before = il_now();
    clock_t used;

    assert_int_equal(il_spawn(NULL, stop_while_cleaning_up, f->loop, NULL), 0);
    used = clock();
    assert_int_equal(il_loop_close(f->loop, IL_SEC(5)), 0);
    used = clock() - used;
    assert_string_equal(noted(), "clean");
    assert_true(il_now() - before >= IL_MS(50));
    assert_true(used < CLOCKS_PER_SEC / 40);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define REAL_TEST(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_endings_callback_that_posts_itself_is_dropped),
        TEST(test_endings_timer_that_starts_itself_is_dropped),
        TEST(test_endings_future_set_after_the_close_drops_its_hook),
        TEST(test_endings_dropped_hook_can_be_used_again),
        TEST(test_endings_future_is_not_set_by_a_thread_without_loop),
        TEST(test_endings_future_takes_no_hook_at_close),
        TEST(test_endings_hook_at_close_may_drop_the_loop),
        TEST(test_endings_failure_let_go_at_close_is_reported),
        REAL_TEST(test_endings_stop_while_closing_does_not_spin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
