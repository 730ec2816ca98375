/* SPDX-License-Identifier: MIT */

/* test_wait_for.c - one task is waited for with a limit, or stopped. */

#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>

/* It sleeps, then cleans up, cancelled or not, then returns what it is told to. */
struct child {
    il_time duration;
    il_time clean_up;
    int result;  /* if the sleep was not cut short */
    int instead; /* else; 0: the cancel */
    bool has_run;
};

static int live(void *arg)
{
    struct child *child = arg;
    int clean = 0;
    int r;

    child->has_run = true;
    r = il_sleep(child->duration);
    if (child->clean_up) {
        IL_SHIELD (IL_SEC(1), &clean) {
            clean = il_sleep(child->clean_up);
        }
        CHECK_INT(clean, 0);
    }
    if (r == 0)
        return child->result;
    return child->instead ? child->instead : r;
}

static il_task *begin(struct child *child)
{
    il_task *task = NULL;

    CHECK_INT(il_spawn(NULL, live, child, &task), 0);
    return task;
}

/* --- il_wait_for() ------------------------------------------------------------ */

static int wait_with_limits(void *arg)
{
    struct child quick = { .duration = IL_MS(10), .result = 4 };
    struct child slow = { .duration = IL_MS(50), .clean_up = IL_MS(5) };
    int result = 0x5eed;
    il_task *task = begin(&quick);

    (void)arg;
    CHECK_INT(il_wait_for(task, IL_MS(20), &result), 0);
    CHECK_INT(result, 4);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(il_wait_for(task, IL_MS(0), NULL), 0); /* has ended */
    il_task_unref(task);
    task = begin(&slow);
    result = 0x5eed;
    CHECK_INT(il_wait_for(task, IL_MS(20), &result), -ETIMEDOUT);
    CHECK_INT(now_ms(), 35); /* with its clean-up */
    CHECK_INT(result, 0x5eed);
    CHECK(il_task_is_done(task));
    il_task_unref(task);
    CHECK_INT(il_sleep(IL_MS(1)), 0); /* nothing is left of the limit */
    return 0;
}

/* bpo-32751, bpo-37658: it returned before the inner task had ended. */
static void test_wait_for_returns_after_the_end_of_the_task(void **state)
{
    (void)state;
    run(wait_with_limits);
}

static int lose_nothing(void *arg)
{
    struct child stubborn = { .duration = IL_MS(50), .instead = 7 };
    struct child failing = { .duration = IL_MS(50), .instead = -EIO };
    int result = 0x5eed;
    il_task *task = begin(&stubborn);

    (void)arg;
    CHECK_INT(il_wait_for(task, IL_MS(10), &result), 0);
    CHECK_INT(result, 7);
    il_task_unref(task);
    task = begin(&failing);
    CHECK_INT(il_wait_for(task, IL_MS(10), &result), 0);
    CHECK_INT(result, -EIO);
    CHECK_INT(now_ms(), 20);
    il_task_unref(task);
    return 0;
}

/* bpo-37658, bpo-40607, gh-86296: it lost the result, and hid the error. */
static void test_wait_for_prefers_a_result_to_the_timeout(void **state)
{
    (void)state;
    run(lose_nothing);
}

static int wait_without_limit(void *arg)
{
    struct child slow = { .duration = IL_SEC(1000), .result = 6 };
    int result = 0x5eed;
    il_task *task = begin(&slow);

    (void)arg;
    CHECK_INT(il_wait_for(task, IL_FOREVER, &result), 0);
    CHECK_INT(result, 6);
    il_task_unref(task);
    return 0;
}

static void test_wait_for_ever_is_a_join(void **state)
{
    (void)state;
    run(wait_without_limit);
}

static int wait_for_no_time(void *arg)
{
    struct child lazy = { .duration = IL_MS(10) };
    struct child eager = { .duration = IL_MS(10) };
    il_task *task = NULL;

    (void)arg;
    CHECK_INT(il_spawn_lazy(NULL, live, &lazy, &task), 0);
    CHECK_INT(il_wait_for(task, 0, NULL), -ETIMEDOUT);
    CHECK(!lazy.has_run);
    il_task_unref(task);
    task = begin(&eager);
    CHECK_INT(il_wait_for(task, -1, NULL), -ETIMEDOUT);
    CHECK_INT(now_ms(), 0);
    il_task_unref(task);
    return 0;
}

static void test_wait_for_no_time_at_all_cancels_at_once(void **state)
{
    (void)state;
    run(wait_for_no_time);
}

struct waiting {
    il_task *task;
    il_time duration;
    int result;
    int r;
    int next; /* what the suspension after it came to */
};

static int wait_with_limit(void *arg)
{
    struct waiting *me = arg;

    me->result = 0x5eed;
    me->r = il_wait_for(me->task, me->duration, &me->result);
    me->next = il_yield();
    return 0;
}

/* bpo-42130, gh-86296: it swallowed the cancel. */
static void test_wait_for_cancelled_cancels_the_task(void **state)
{
    struct fixture *f = *state;
    struct child child = { .duration = IL_MS(50), .clean_up = IL_MS(5) };
    struct waiting me = { .task = begin(&child), .duration = IL_MS(20) };
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_with_limit, &me, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_false(il_task_is_done(task)); /* waits for the clean-up */
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(me.r, -ECANCELED);
    assert_int_equal(me.next, -ECANCELED);
    assert_int_equal(me.result, 0x5eed);
    assert_int_equal(reap(task), 0);
    assert_int_equal(reap(me.task), -ECANCELED);
}

static void test_wait_for_cancelled_keeps_a_result(void **state)
{
    struct fixture *f = *state;
    struct child child = { .duration = IL_MS(50), .instead = 9 };
    struct waiting me = { .task = begin(&child), .duration = IL_MS(20) };
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_with_limit, &me, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(me.r, 0);
    assert_int_equal(me.result, 9);
    assert_int_equal(me.next, -ECANCELED);
    assert_int_equal(reap(task), 0);
    assert_int_equal(reap(me.task), 9);
}

/* While it waits for the clean-up after the timeout. */
static void
test_wait_for_cancelled_after_its_timeout_says_cancelled(void **state)
{
    struct fixture *f = *state;
    struct child child = { .duration = IL_MS(50), .clean_up = IL_MS(10) };
    struct waiting me = { .task = begin(&child), .duration = IL_MS(20) };
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_with_limit, &me, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(25)), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(me.r, -ECANCELED);
    assert_int_equal(me.next, -ECANCELED);
    assert_int_equal(reap(task), 0);
    assert_int_equal(reap(me.task), -ECANCELED);
}

static int refuse_to_wait(void *arg)
{
    int result = 0x5eed;

    (void)arg;
    CHECK_INT(il_wait_for(NULL, IL_MS(1), &result), -EINVAL);
    CHECK_INT(il_wait_for(il_task_current(), IL_MS(1), &result), -EDEADLK);
    CHECK_INT(il_task_stop(NULL, IL_MS(1), &result), -EINVAL);
    CHECK_INT(il_task_stop(il_task_current(), IL_MS(1), &result), -EDEADLK);
    CHECK_INT(result, 0x5eed);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_wait_for_refuses_nonsense(void **state)
{
    struct fixture *f = *state;
    struct child child = { .duration = IL_MS(10), .result = 3 };
    il_task *task;
    int result = 0;

    run(refuse_to_wait);
    task = begin(&child);
    assert_int_equal(il_wait_for(task, IL_MS(20), NULL), -ESRCH);
    assert_int_equal(il_task_stop(task, IL_MS(20), NULL), -ESRCH);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(il_wait_for(task, IL_MS(20), &result), 0);
    assert_int_equal(result, 3);
    assert_int_equal(il_task_stop(task, IL_MS(20), &result), 0);
    assert_int_equal(reap(task), 3);
}

/* --- il_task_stop() ------------------------------------------------------------- */

static int stop_it(void *arg)
{
    struct child child = { .duration = IL_FOREVER, .clean_up = IL_MS(5) };
    struct child stubborn = { .duration = IL_FOREVER, .clean_up = IL_MS(50) };
    int result = 0x5eed;
    il_task *task = begin(&child);

    (void)arg;
    CHECK_INT(il_task_stop(task, IL_SEC(1), &result), 0);
    CHECK_INT(result, -ECANCELED);
    CHECK_INT(now_ms(), 5);
    il_task_unref(task);
    task = begin(&stubborn);
    result = 0x5eed;
    CHECK_INT(il_task_stop(task, IL_MS(10), &result), -ETIMEDOUT);
    CHECK_INT(result, 0x5eed);
    CHECK_INT(now_ms(), 15);
    CHECK_INT(il_task_stop(task, 0, &result), -ETIMEDOUT);
    CHECK_INT(il_task_stop(task, IL_FOREVER, &result), 0);
    CHECK_INT(now_ms(), 55);
    il_task_unref(task);
    return 0;
}

static void test_wait_for_the_end_of_a_stopped_task(void **state)
{
    (void)state;
    run(stop_it);
}

static int stop_as_clean_up(void *arg)
{
    int r = il_sleep(IL_FOREVER);
    int result = 0x5eed;

    CHECK_INT(il_task_stop(*(il_task **)arg, IL_SEC(1), &result), 0);
    CHECK_INT(result, -ECANCELED);
    return r;
}

static void test_wait_for_a_stopped_task_also_when_cancelled(void **state)
{
    struct fixture *f = *state;
    struct child child = { .duration = IL_FOREVER, .clean_up = IL_MS(5) };
    il_task *child_task = begin(&child);
    il_task *task;

    assert_int_equal(il_spawn(NULL, stop_as_clean_up, &child_task, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(reap(child_task), -ECANCELED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define TEST_MANUAL(name)                                                      \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_wait_for_returns_after_the_end_of_the_task),
        TEST(test_wait_for_prefers_a_result_to_the_timeout),
        TEST(test_wait_for_ever_is_a_join),
        TEST(test_wait_for_no_time_at_all_cancels_at_once),
        TEST_MANUAL(test_wait_for_cancelled_cancels_the_task),
        TEST_MANUAL(test_wait_for_cancelled_keeps_a_result),
        TEST_MANUAL(test_wait_for_cancelled_after_its_timeout_says_cancelled),
        TEST_MANUAL(test_wait_for_refuses_nonsense),
        TEST(test_wait_for_the_end_of_a_stopped_task),
        TEST_MANUAL(test_wait_for_a_stopped_task_also_when_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
