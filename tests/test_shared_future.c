/* SPDX-License-Identifier: MIT */

/* test_shared_future.c - results for several threads. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/other_loop.h"
#include "support/tasks.h"

#include <errno.h>
#include <sched.h>

/* Who waits, in a task or in a thread. */
struct waiter {
    il_shared_future *future;
    il_time timeout;
    int r;
    int result;
    void *value;
    int next; /* of a yield after that */
};

static struct waiter waiter(il_shared_future *future)
{
    return (struct waiter){ .future = future, .timeout = IL_FOREVER };
}

static void wait_for_it(struct waiter *w)
{
    w->r = 1;
    w->result = 77;
    w->value = w;
    w->r = il_shared_future_wait(w->future, w->timeout, &w->result, &w->value);
}

static int wait_in_task(void *arg)
{
    struct waiter *w = arg;

    wait_for_it(w);
    w->next = il_yield();
    return 0;
}

static void *wait_in_thread(void *arg)
{
    wait_for_it(arg);
    return NULL;
}

static void assert_untouched(const struct waiter *w)
{
    assert_int_equal(w->result, 77);
    assert_ptr_equal(w->value, w);
}

/* --- setting and looking -------------------------------------------------- */

static void test_shared_future_is_set_once(void **state)
{
    il_shared_future future = IL_SHARED_FUTURE_INIT;
    int result = 77;
    void *value = &result;

    (void)state;
    assert_false(il_shared_future_is_done(&future));
    assert_int_equal(il_shared_future_try_get(&future, &result, &value),
                     -EAGAIN);
    assert_int_equal(result, 77);
    assert_int_equal(il_shared_future_set(&future, 3, &future), 0);
    assert_int_equal(il_shared_future_set(&future, 4, NULL), -EALREADY);
    assert_true(il_shared_future_is_done(&future));
    assert_int_equal(il_shared_future_try_get(&future, &result, &value), 0);
    assert_int_equal(result, 3);
    assert_ptr_equal(value, &future);
    assert_int_equal(il_shared_future_try_get(&future, NULL, NULL), 0);
    assert_int_equal(il_shared_future_wait(&future, 0, &result, NULL), 0);
    il_shared_future_fini(&future);
}

static void test_shared_future_zeros_are_valid(void **state)
{
    static il_shared_future future;

    (void)state;
    assert_int_equal(il_shared_future_set(&future, -EIO, NULL), 0);
    il_shared_future_fini(&future);
    assert_false(il_shared_future_is_done(&future));
    il_shared_future_fini(&future);
    il_shared_future_fini(NULL);
}

static void test_shared_future_null_is_refused(void **state)
{
    (void)state;
    assert_int_equal(il_shared_future_set(NULL, 0, NULL), -EINVAL);
    assert_int_equal(il_shared_future_wait(NULL, IL_FOREVER, NULL, NULL),
                     -EINVAL);
    assert_int_equal(il_shared_future_try_get(NULL, NULL, NULL), -EINVAL);
    assert_false(il_shared_future_is_done(NULL));
}

/* --- waiting -------------------------------------------------------------- */

static void *set_it(void *future)
{
    CHECK_INT(il_shared_future_set(future, 5, future), 0);
    return NULL;
}

static void test_shared_future_set_in_a_thread_wakes_tasks(void **state)
{
    il_shared_future future = IL_SHARED_FUTURE_INIT;
    struct waiter w[3];
    il_task *tasks[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        w[i] = waiter(&future);
        tasks[i] = spawn(wait_in_task, &w[i]);
    }
    join_thread(start_thread(set_it, &future));
    assert_int_equal(w[0].r, 1); /* queued, not run */
    for (int i = 0; i < 3; i++) {
        finish(tasks[i]);
        assert_int_equal(w[i].r, 0);
        assert_int_equal(w[i].result, 5);
        assert_ptr_equal(w[i].value, &future);
    }
    il_shared_future_fini(&future);
}

static int wait_and_note(void *arg)
{
    CHECK_INT(il_shared_future_wait(arg, IL_FOREVER, NULL, NULL), 0);
    note("w");
    return 0;
}

/* Without a thread it is as any other future: set runs nothing, first come,
 * first served. */
static void test_shared_future_within_a_loop(void **state)
{
    struct fixture *f = *state;
    il_shared_future future = IL_SHARED_FUTURE_INIT;

    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, wait_and_note, &future, NULL), 0);
    assert_int_equal(il_shared_future_set(&future, 0, NULL), 0);
    note("set");
    settle(f);
    assert_string_equal(noted(), "set w w w");
}

static void test_shared_future_wakes_threads_and_loops(void **state)
{
    struct other_loop other = { 0 };
    il_shared_future future = IL_SHARED_FUTURE_INIT;
    struct waiter w[4];
    pthread_t threads[2];
    il_submission *submission = NULL;
    il_task *task;
    int result = 0;

    (void)state;
    other_loop_start(&other);
    for (int i = 0; i < 4; i++)
        w[i] = waiter(&future);
    for (int i = 0; i < 2; i++)
        threads[i] = start_thread(wait_in_thread, &w[i]);
    assert_int_equal(il_submit(other.loop, wait_in_task, &w[2], &submission),
                     0);
    task = spawn(wait_in_task, &w[3]);
    join_thread(start_thread(set_it, &future));
    for (int i = 0; i < 2; i++)
        join_thread(threads[i]);
    assert_int_equal(il_submission_wait(submission, IL_FOREVER, &result), 0);
    finish(task);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(w[i].r, 0);
        assert_int_equal(w[i].result, 5);
    }
    il_submission_unref(submission);
    other_loop_end(&other, 0);
    il_shared_future_fini(&future);
}

/* --- cancels and timeouts ------------------------------------------------- */

static void test_shared_future_cancelled_waiter_leaves_the_others(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_shared_future future = IL_SHARED_FUTURE_INIT;
        struct waiter w[3];
        il_task *tasks[3];

        for (int i = 0; i < 3; i++) {
            w[i] = waiter(&future);
            tasks[i] = spawn(wait_in_task, &w[i]);
        }
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_shared_future_set(&future, 1, NULL), 0);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(reap(tasks[i]), 0);
            assert_int_equal(w[i].r, i == victim ? -ECANCELED : 0);
            if (i == victim)
                assert_untouched(&w[i]);
        }
        il_shared_future_fini(&future);
    }
}

static void test_shared_future_value_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;

    for (int in_thread = 0; in_thread < 2; in_thread++) {
        il_shared_future future = IL_SHARED_FUTURE_INIT;
        struct waiter w = waiter(&future);
        il_task *task = spawn(wait_in_task, &w);

        if (in_thread)
            join_thread(start_thread(set_it, &future));
        else
            (void)set_it(&future);
        assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_int_equal(reap(task), 0);
        assert_int_equal(w.r, 0);
        assert_int_equal(w.result, 5);
        assert_int_equal(w.next, -ECANCELED);
        il_shared_future_fini(&future);
    }
}

static int get_in_cancelled_scope(void *future)
{
    il_scope scope;
    int result = 0;

    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    il_scope_cancel(&scope);
    CHECK_INT(il_shared_future_wait(future, IL_FOREVER, &result, NULL), 0);
    (void)il_scope_leave(&scope, 0);
    return result;
}

static void
test_shared_future_that_is_set_is_for_cancelled_tasks_too(void **state)
{
    il_shared_future future = IL_SHARED_FUTURE_INIT;

    (void)state;
    assert_int_equal(il_shared_future_set(&future, 6, NULL), 0);
    assert_int_equal(il_run(get_in_cancelled_scope, &future), 6);
}

static int wait_in_cancelled_scope(void *future)
{
    il_scope scope;

    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    il_scope_cancel(&scope);
    CHECK_INT(il_shared_future_wait(future, IL_FOREVER, NULL, NULL),
              -ECANCELED);
    (void)il_scope_leave(&scope, 0);
    return 0;
}

static void
test_shared_future_is_not_waited_for_in_a_cancelled_scope(void **state)
{
    il_shared_future future = IL_SHARED_FUTURE_INIT;

    (void)state;
    assert_int_equal(il_run(wait_in_cancelled_scope, &future), 0);
}

static void test_shared_future_times_out_in_tasks_and_threads(void **state)
{
    il_shared_future future = IL_SHARED_FUTURE_INIT;
    struct waiter w[3];
    il_time before = il_now();

    (void)state;
    for (int i = 0; i < 3; i++) {
        w[i] = waiter(&future);
        w[i].timeout = i == 2 ? 0 : IL_MS(2);
    }
    finish(spawn(wait_in_task, &w[0]));
    assert_int_equal(il_now() - before, IL_MS(2));
    join_thread(start_thread(wait_in_thread, &w[1]));
    finish(spawn(wait_in_task, &w[2]));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(w[i].r, -ETIMEDOUT);
        assert_untouched(&w[i]);
    }
    assert_int_equal(w[0].next, 0); /* no cancel stays behind */
    /* Nobody is left in the list. */
    assert_int_equal(il_shared_future_set(&future, 0, NULL), 0);
}

static void set_in_callback(void *future)
{
    CHECK_INT(il_shared_future_set(future, 5, NULL), 0);
}

/* Whoever is queued first wins: equal deadlines come in the order they were set. */
static void test_shared_future_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int timer_first = 0; timer_first < 2; timer_first++) {
        il_shared_future future = IL_SHARED_FUTURE_INIT;
        il_timer timer = IL_TIMER_INIT(set_in_callback, &future);
        struct waiter w = waiter(&future);
        il_task *task = NULL;

        w.timeout = IL_MS(10);
        if (!timer_first)
            task = spawn(wait_in_task, &w);
        assert_int_equal(
            il_timer_start(f->loop, &timer, il_deadline(IL_MS(10))), 0);
        if (timer_first)
            task = spawn(wait_in_task, &w);
        finish(task);
        settle(f);
        /* A timer's callback is queued, a deadline works at once. */
        assert_int_equal(w.r, -ETIMEDOUT);
        il_shared_future_fini(&future);
    }
}

/* --- the end -------------------------------------------------------------- */

static void test_shared_future_fini_wakes_those_who_wait(void **state)
{
    struct fixture *f = *state;
    il_shared_future future = IL_SHARED_FUTURE_INIT;
    struct waiter w[2];
    il_task *task;
    pthread_t thread;

    for (int i = 0; i < 2; i++)
        w[i] = waiter(&future);
    task = spawn(wait_in_task, &w[0]);
    thread = start_thread(wait_in_thread, &w[1]);
    /* Until the thread is in the list; it may also come too late for that, so
     * this looks inside. */
    for (bool both = false; !both;) {
        (void)sched_yield();
        while (__atomic_exchange_n(&future.lock, 1, __ATOMIC_ACQUIRE) != 0)
            (void)sched_yield();
        both = future.waiters.next != future.waiters.prev;
        __atomic_store_n(&future.lock, 0, __ATOMIC_RELEASE);
    }
    il_shared_future_fini(&future);
    join_thread(thread);
    settle(f);
    assert_int_equal(reap(task), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(w[i].r, -EOWNERDEAD);
        assert_untouched(&w[i]);
    }
}

/* --- where it cannot be waited for ---------------------------------------- */

static void wait_in_callback(void *arg)
{
    wait_for_it(arg);
}

static void test_shared_future_does_not_block_a_loop_that_runs(void **state)
{
    struct fixture *f = *state;
    il_shared_future future = IL_SHARED_FUTURE_INIT;
    struct waiter w = waiter(&future);
    il_callback callback = IL_CALLBACK_INIT(wait_in_callback, &w);

    assert_int_equal(il_post(f->loop, &callback), 0);
    assert_int_equal(il_run(yield, NULL), 0);
    assert_int_equal(w.r, -EDEADLK);
    assert_untouched(&w);

    /* One that does not run may be blocked. */
    w.timeout = 1;
    wait_for_it(&w);
    assert_int_equal(w.r, -ETIMEDOUT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shared_future_is_set_once),
        TEST(test_shared_future_zeros_are_valid),
        TEST(test_shared_future_null_is_refused),
        TEST(test_shared_future_set_in_a_thread_wakes_tasks),
        TEST(test_shared_future_within_a_loop),
        TEST(test_shared_future_wakes_threads_and_loops),
        TEST(test_shared_future_cancelled_waiter_leaves_the_others),
        TEST(test_shared_future_value_wins_over_a_late_cancel),
        TEST(test_shared_future_that_is_set_is_for_cancelled_tasks_too),
        TEST(test_shared_future_is_not_waited_for_in_a_cancelled_scope),
        TEST(test_shared_future_times_out_in_tasks_and_threads),
        TEST(test_shared_future_deadline_at_the_same_instant),
        TEST(test_shared_future_fini_wakes_those_who_wait),
        TEST(test_shared_future_does_not_block_a_loop_that_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
