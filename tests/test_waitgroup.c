/* SPDX-License-Identifier: MIT */

/* test_waitgroup.c - all that was begun is done. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

struct waiter_task {
    il_waitgroup *waitgroup;
    const char *name;
    int r; /* 1 while it waits */
};

static int wait_for_all(void *arg)
{
    struct waiter_task *w = arg;

    w->r = 1;
    w->r = il_waitgroup_wait(w->waitgroup);
    note("%s%s", w->name, w->r < 0 ? "!" : "");
    return 0;
}

static il_task *start(struct waiter_task *w)
{
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_for_all, w, &task), 0);
    return task;
}

static void test_waitgroup_waits_until_nothing_is_left(void **state)
{
    struct fixture *f = *state;
    il_waitgroup wg = IL_WAITGROUP_INIT;
    struct waiter_task a = { &wg, "a", 0 };
    struct waiter_task b = { &wg, "b", 0 };
    il_task *tasks[2];

    assert_int_equal(il_waitgroup_add(&wg, 2), 0);
    assert_int_equal(il_waitgroup_add(&wg, 0), 0);
    assert_int_equal(il_waitgroup_add(&wg, 1), 0);
    tasks[0] = start(&a);
    tasks[1] = start(&b);
    for (int left = 3; left > 0; left--) {
        assert_int_equal(il_waitgroup_count(&wg), left);
        settle(f);
        assert_string_equal(noted(), "");
        assert_int_equal(il_waitgroup_done(&wg), 0);
    }
    settle(f);
    assert_string_equal(noted(), "a b");
    assert_int_equal(a.r, 0);
    assert_int_equal(b.r, 0);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
    assert_int_equal(il_waitgroup_count(&wg), 0);
    assert_int_equal(il_waitgroup_wait(&wg), 0); /* outside tasks */
}

/* Used anew before those who waited have run. */
static void test_waitgroup_can_be_used_again_at_once(void **state)
{
    struct fixture *f = *state;
    il_waitgroup wg = { 0 };
    struct waiter_task early = { &wg, "early", 0 };
    struct waiter_task late = { &wg, "late", 0 };
    il_task *tasks[2];

    assert_int_equal(il_waitgroup_add(&wg, 1), 0);
    tasks[0] = start(&early);
    assert_int_equal(il_waitgroup_done(&wg), 0);
    assert_int_equal(il_waitgroup_add(&wg, 1), 0);
    tasks[1] = start(&late);
    settle(f);
    assert_string_equal(noted(), "early");
    assert_int_equal(il_waitgroup_done(&wg), 0);
    settle(f);
    assert_string_equal(noted(), "early late");
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static void test_waitgroup_counts_what_can_be_counted(void **state)
{
    il_waitgroup wg = { 0 };

    (void)state;
    assert_int_equal(il_waitgroup_done(&wg), -EPERM);
    assert_int_equal(il_waitgroup_add(&wg, (size_t)-1), 0);
    assert_int_equal(il_waitgroup_add(&wg, 1), -EOVERFLOW);
    assert_int_equal(il_waitgroup_done(&wg), 0);
    assert_true(il_waitgroup_count(&wg) == (size_t)-2);
}

static void test_waitgroup_cancelled_waiter_leaves_the_others(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_waitgroup wg = { 0 };
        struct waiter_task w[3] = { { &wg, "a", 0 },
                                    { &wg, "b", 0 },
                                    { &wg, "c", 0 } };
        il_task *tasks[3];

        assert_int_equal(il_waitgroup_add(&wg, 1), 0);
        for (int i = 0; i < 3; i++)
            tasks[i] = start(&w[i]);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_waitgroup_done(&wg), 0);
        settle(f);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(w[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(reap(tasks[i]), 0);
        }
    }
}

static int wait_twice(void *arg)
{
    struct waiter_task *w = arg;

    (void)wait_for_all(w);
    return il_waitgroup_wait(w->waitgroup);
}

static void test_waitgroup_done_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_waitgroup wg = { 0 };
    struct waiter_task w = { &wg, "w", 0 };
    il_task *task;

    assert_int_equal(il_waitgroup_add(&wg, 1), 0);
    assert_int_equal(il_spawn(NULL, wait_twice, &w, &task), 0);
    assert_int_equal(il_waitgroup_done(&wg), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(w.r, 0);
    assert_int_equal(reap(task), -ECANCELED); /* though nothing is left */
}

static int wait_in_time(void *arg)
{
    struct waiter_task *w = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_waitgroup_wait(w->waitgroup);
    }
    w->r = r;
    return 0;
}

static int do_later(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK_INT(il_waitgroup_done(arg), 0);
    return 0;
}

static void test_waitgroup_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int waits_first = 0; waits_first < 2; waits_first++) {
        il_waitgroup wg = { 0 };
        struct waiter_task w = { &wg, "w", 0 };
        il_task *tasks[2];

        assert_int_equal(il_waitgroup_add(&wg, 1), 0);
        if (waits_first)
            assert_int_equal(il_spawn(NULL, wait_in_time, &w, &tasks[0]), 0);
        assert_int_equal(il_spawn(NULL, do_later, &wg, &tasks[1]), 0);
        if (!waits_first)
            assert_int_equal(il_spawn(NULL, wait_in_time, &w, &tasks[0]), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
        settle(f);
        assert_int_equal(w.r, -ETIMEDOUT);
        assert_int_equal(il_waitgroup_count(&wg), 0);
        assert_int_equal(reap(tasks[0]), 0);
        assert_int_equal(reap(tasks[1]), 0);
    }
}

static void test_waitgroup_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_waitgroup wg = { 0 };
    struct waiter_task a = { &wg, "a", 0 };
    struct waiter_task b = { &wg, "b", 0 };
    il_task *tasks[2];

    il_waitgroup_fini(NULL);
    il_waitgroup_fini(&wg);
    assert_int_equal(il_waitgroup_add(&wg, 1), 0);
    tasks[0] = start(&a);
    tasks[1] = start(&b);
    il_waitgroup_fini(&wg);
    assert_int_equal(il_waitgroup_count(&wg), 0);
    memset(&wg, 0x55, sizeof wg); /* nobody may look at it again */
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    settle(f);
    assert_string_equal(noted(), "a! b!");
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(b.r, -EOWNERDEAD);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static int wait_often(void *arg)
{
    int r = 0;

    for (int i = 0; i < 1000 && r == 0; i++)
        r = il_waitgroup_wait(arg);
    note("often");
    return r;
}

static void test_waitgroup_with_nothing_left_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_waitgroup wg = { 0 };
    il_task *tasks[2];

    for (int i = 0; i < 2; i++)
        assert_int_equal(il_spawn(NULL, wait_often, &wg, &tasks[i]), 0);
    assert_false(il_task_is_done(tasks[0]));
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    settle(f);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), -ECANCELED);
}

static int wait_in_other_loop(void *arg)
{
    return il_waitgroup_wait(arg);
}

static void *use_from_other_thread(void *arg)
{
    CHECK_INT(il_waitgroup_add(arg, 1), -ESRCH);
    CHECK_INT(il_waitgroup_done(arg), -ESRCH);
    il_waitgroup_fini(arg);
    CHECK_INT(il_run(wait_in_other_loop, arg), -ESRCH);
    return NULL;
}

static void test_waitgroup_misuse_is_refused(void **state)
{
    struct fixture *f = *state;
    il_waitgroup wg = { 0 };
    struct waiter_task w = { &wg, "w", 0 };
    pthread_t thread;
    il_task *task;

    assert_int_equal(il_waitgroup_add(NULL, 1), -EINVAL);
    assert_int_equal(il_waitgroup_done(NULL), -EINVAL);
    assert_int_equal(il_waitgroup_wait(NULL), -EINVAL);
    assert_int_equal(il_waitgroup_count(NULL), 0);
    assert_int_equal(il_waitgroup_add(&wg, 1), 0);
    assert_int_equal(il_waitgroup_wait(&wg), -ESRCH);
    task = start(&w);
    assert_int_equal(pthread_create(&thread, NULL, use_from_other_thread, &wg),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    dump_now();
    assert_true(has("waits for a wait group"));
    assert_int_equal(il_waitgroup_done(&wg), 0);
    settle(f);
    assert_int_equal(w.r, 0);
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_waitgroup_waits_until_nothing_is_left),
        TEST(test_waitgroup_can_be_used_again_at_once),
        TEST(test_waitgroup_counts_what_can_be_counted),
        TEST(test_waitgroup_cancelled_waiter_leaves_the_others),
        TEST(test_waitgroup_done_wins_over_a_late_cancel),
        TEST(test_waitgroup_deadline_at_the_same_instant),
        TEST(test_waitgroup_end_wakes_the_waiters),
        TEST(test_waitgroup_with_nothing_left_starves_nobody),
        TEST(test_waitgroup_misuse_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
