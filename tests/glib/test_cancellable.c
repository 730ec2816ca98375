/* SPDX-License-Identifier: MIT */

/* test_cancellable.c - a GCancellable cancels a stretch of a task. */

#include "guest_fixture.h"

#include <errno.h>

struct job {
    GCancellable *cancellable;
    int result; /* 1 until it has ended */
    bool over;
};

static int sleep_in_block(void *arg)
{
    struct job *job = arg;
    int r = 0;

    IL_G_CANCELLABLE (job->cancellable, &r) {
        r = il_sleep(IL_SEC(10));
    }
    CHECK_INT(il_yield(), 0); /* nothing is cancelled outside the block */
    job->result = r;
    job->over = true;
    return 0;
}

static void test_cancellable_cancels_the_block(void **state)
{
    struct job job = { .cancellable = g_cancellable_new(), .result = 1 };

    (void)state;
    assert_int_equal(il_spawn(NULL, sleep_in_block, &job, NULL), 0);
    iterate_for(2);
    assert_false(job.over);
    g_cancellable_cancel(job.cancellable);
    assert_false(job.over); /* not inside */
    assert_true(iterate_until(&job.over, 5000));
    assert_int_equal(job.result, -ECANCELED);
    assert_int_equal(G_OBJECT(job.cancellable)->ref_count, 1);
    g_object_unref(job.cancellable);
}

static gpointer cancel_it(gpointer cancellable)
{
    g_cancellable_cancel(cancellable);
    return NULL;
}

static void test_cancellable_cancels_from_another_thread(void **state)
{
    struct job job = { .cancellable = g_cancellable_new(), .result = 1 };
    GThread *thread;

    (void)state;
    assert_int_equal(il_spawn(NULL, sleep_in_block, &job, NULL), 0);
    thread = g_thread_new("cancel", cancel_it, job.cancellable);
    assert_true(iterate_until(&job.over, 5000));
    assert_int_equal(job.result, -ECANCELED);
    (void)g_thread_join(thread);
    g_object_unref(job.cancellable);
}

static int enter_cancelled(void *arg)
{
    struct job *job = arg;
    int r = 0;
    int n = 0;

    g_cancellable_cancel(job->cancellable);
    IL_G_CANCELLABLE (job->cancellable, &r) {
        n++;
        CHECK_INT(il_yield(), -ECANCELED);
        r = 5; /* done all the same */
    }
    CHECK_INT(r, 5);
    IL_G_CANCELLABLE (job->cancellable, &r) {
        n++;
        r = il_yield();
        break;
    }
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(n, 2);
    return r;
}

static void test_cancellable_that_is_cancelled_cancels_at_once(void **state)
{
    struct job job = { .cancellable = g_cancellable_new() };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, enter_cancelled, &job, &task), 0);
    assert_int_equal(reap(task), -ECANCELED);
    g_object_unref(job.cancellable);
}

static int plain_blocks(void *arg)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    int r = 1, inner = 1;

    (void)arg;
    IL_G_CANCELLABLE (NULL, &r) {
        r = il_yield();
    }
    CHECK_INT(r, 0);
    r = 1;
    IL_G_CANCELLABLE (cancellable, &r) {
        IL_G_CANCELLABLE (cancellable, &inner) {
            inner = il_yield();
        }
        r = inner;
    }
    CHECK_INT(r, 0);
    return r;
}

/* A cancel that is under way when its scope is left finds another one there. */
static int leave_meanwhile(void *arg)
{
    GCancellable *cancellable = g_cancellable_new();
    guint cancelled = g_signal_lookup("cancelled", G_TYPE_CANCELLABLE);
    il_g_cancel_scope scope;

    (void)arg;
    CHECK_INT(il_g_cancel_scope_enter(&scope, cancellable), 0);
    CHECK(g_signal_has_handler_pending(cancellable, cancelled, 0, TRUE));
    (void)g_thread_join(g_thread_new("cancel", cancel_it, cancellable));
    CHECK_INT(il_g_cancel_scope_leave(&scope, 0), 0);
    CHECK(!g_signal_has_handler_pending(cancellable, cancelled, 0, TRUE));
    g_object_unref(cancellable);
    CHECK_INT(il_g_cancel_scope_enter(&scope, NULL), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    CHECK_INT(il_yield(), 0);
    return il_g_cancel_scope_leave(&scope, 0);
}

static void test_cancellable_that_was_left_cancels_nothing(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, leave_meanwhile, NULL, &task), 0);
    iterate_for(2);
    assert_int_equal(reap(task), 0);
}

static int misuse(void *arg)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    TestSender *no_cancellable = test_sender_new();
    il_g_cancel_scope scope, inner;
    int r = 1;

    (void)arg;
    CHECK_INT(il_g_cancel_scope_enter(NULL, cancellable), -EINVAL);
    CHECK_INT(
        il_g_cancel_scope_enter(&scope, (GCancellable *)(void *)no_cancellable),
        -EINVAL);
    IL_G_CANCELLABLE ((GCancellable *)(void *)no_cancellable, &r)
        CHECK(!"entered");
    CHECK_INT(r, -EINVAL);
    g_object_unref(no_cancellable);

    CHECK_INT(il_g_cancel_scope_enter(&scope, cancellable), 0);
    CHECK_INT(il_g_cancel_scope_enter(&inner, cancellable), 0);
    CHECK_INT(il_g_cancel_scope_leave(&scope, 0), -EINVAL);
    CHECK_INT(il_g_cancel_scope_leave(NULL, 0), -EINVAL);
    g_cancellable_cancel(cancellable); /* what was not left is still there */
    CHECK_INT(il_g_cancel_scope_leave(&inner, 3), 3);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_g_cancel_scope_leave(&scope, -ESRCH), -ESRCH);
    CHECK_INT(il_g_cancel_scope_leave(&scope, 0), -ESRCH);
    CHECK_INT(il_yield(), 0);
    CHECK_INT((int)G_OBJECT(cancellable)->ref_count, 1);
    return 0;
}

static void test_cancellable_misuse_is_refused(void **state)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    il_g_cancel_scope scope;
    il_task *task;
    int r = 1;

    (void)state;
    assert_int_equal(il_spawn(NULL, misuse, NULL, &task), 0);
    iterate_for(2);
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_g_cancel_scope_enter(&scope, cancellable), -ESRCH);
    IL_G_CANCELLABLE (cancellable, &r)
        fail_msg("entered");
    assert_int_equal(r, -ESRCH);
    assert_int_equal(G_OBJECT(cancellable)->ref_count, 1);
}

static void test_cancellable_of_nobody_is_a_plain_block(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, plain_blocks, NULL, &task), 0);
    iterate_for(2);
    assert_int_equal(reap(task), 0);
}

/* A handler of the application that iterates the context, in which the task
 * leaves its scope: with g_cancellable_disconnect() this would never end. */
static void iterate_inside(GCancellable *cancellable, gpointer data)
{
    struct job *job = data;

    (void)cancellable;
    CHECK(iterate_until(&job->over, 5000));
}

static void test_cancellable_scope_is_left_inside_its_handler(void **state)
{
    struct job job = { .cancellable = g_cancellable_new(), .result = 1 };

    (void)state;
    assert_int_equal(il_spawn(NULL, sleep_in_block, &job, NULL), 0);
    g_signal_connect(job.cancellable, "cancelled", G_CALLBACK(iterate_inside),
                     &job);
    g_cancellable_cancel(job.cancellable);
    assert_true(job.over);
    assert_int_equal(job.result, -ECANCELED);
    g_object_unref(job.cancellable);
}

static int clean_up_in_shield(void *arg)
{
    struct job *job = arg;
    int r = 0, clean = 1;

    IL_G_CANCELLABLE (job->cancellable, &r) {
        r = il_sleep(IL_SEC(10));
        IL_SHIELD (IL_SEC(1), &clean) {
            clean = il_sleep(IL_MS(5));
        }
    }
    CHECK_INT(clean, 0);
    job->result = r;
    job->over = true;
    return 0;
}

static void test_cancellable_waits_for_clean_up(void **state)
{
    struct job job = { .cancellable = g_cancellable_new(), .result = 1 };

    (void)state;
    assert_int_equal(il_spawn(NULL, clean_up_in_shield, &job, NULL), 0);
    g_cancellable_cancel(job.cancellable);
    assert_true(iterate_until(&job.over, 5000));
    assert_int_equal(job.result, -ECANCELED);
    g_object_unref(job.cancellable);
}

static gpointer cancel_some_time(gpointer cancellable)
{
    if (g_random_int_range(0, 4) > 0)
        g_usleep((gulong)g_random_int_range(0, 60));
    g_cancellable_cancel(cancellable);
    g_object_unref(cancellable);
    return NULL;
}

enum { N_ROUNDS = 1000 };

/* Cancelled before, while and after the scope is there. */
static int race(void *arg)
{
    int *n_cancelled = arg;

    for (int i = 0; i < N_ROUNDS; i++) {
        GCancellable *cancellable = g_cancellable_new();
        GThread *thread =
            g_thread_new("cancel", cancel_some_time, g_object_ref(cancellable));
        int r = 0;

        IL_G_CANCELLABLE (cancellable, &r) {
            r = il_sleep(IL_US(i % 150));
        }
        CHECK(r == 0 || r == -ECANCELED);
        *n_cancelled += r == -ECANCELED;
        g_object_unref(cancellable);
        CHECK_INT(il_yield(), 0);
        (void)g_thread_join(thread);
    }
    return 0;
}

static void test_cancellable_may_be_cancelled_at_any_moment(void **state)
{
    int n_cancelled = 0;
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn_lazy(NULL, race, &n_cancelled, &task), 0);
    while (!il_task_is_done(task))
        (void)g_main_context_iteration(NULL, TRUE);
    iterate_for(2);
    assert_int_equal(reap(task), 0);
    assert_in_range(n_cancelled, 1, N_ROUNDS);
}

static int sleep_to_the_end(void *arg)
{
    struct job *job = arg;
    int r = 0;

    IL_G_CANCELLABLE (job->cancellable, &r) {
        r = il_sleep(IL_SEC(10));
    }
    job->result = r;
    return r;
}

static void test_cancellable_may_outlive_the_loop(void **state)
{
    struct fixture *f = *state;
    struct job job = { .cancellable = g_cancellable_new(), .result = 1 };
    GThread *thread;

    assert_int_equal(il_spawn(NULL, sleep_to_the_end, &job, NULL), 0);
    thread = g_thread_new("cancel", cancel_it, job.cancellable);
    (void)il_g_end(f->loop, IL_SEC(5));
    f->loop = NULL;
    assert_int_equal(job.result, -ECANCELED);
    (void)g_thread_join(thread);
    g_object_unref(job.cancellable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_cancellable_cancels_the_block),
        GUEST_TEST(test_cancellable_cancels_from_another_thread),
        GUEST_TEST(test_cancellable_that_is_cancelled_cancels_at_once),
        GUEST_TEST(test_cancellable_of_nobody_is_a_plain_block),
        GUEST_TEST(test_cancellable_that_was_left_cancels_nothing),
        GUEST_TEST(test_cancellable_misuse_is_refused),
        GUEST_TEST(test_cancellable_scope_is_left_inside_its_handler),
        GUEST_TEST(test_cancellable_waits_for_clean_up),
        GUEST_TEST(test_cancellable_may_be_cancelled_at_any_moment),
        GUEST_TEST(test_cancellable_may_outlive_the_loop),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
