/* SPDX-License-Identifier: MIT */

/* test_tie.c - a task's cancel cancels a GCancellable. */

#include "guest_fixture.h"

#include <errno.h>

static void count(GCancellable *cancellable, gpointer data)
{
    (void)cancellable;
    CHECK(il_task_current() == NULL);
    ++*(int *)data;
}

struct tied {
    GCancellable *cancellable; /* a reference */
    int n_told;
    bool over;
};

static int sleep_tied(void *arg)
{
    struct tied *tied = arg;
    il_g_tie tie;
    int r;

    tied->cancellable = g_object_ref(il_g_tie_open(&tie));
    CHECK(!g_cancellable_is_cancelled(tied->cancellable));
    g_signal_connect(tied->cancellable, "cancelled", G_CALLBACK(count),
                     &tied->n_told);
    r = il_sleep(IL_MS(5));
    CHECK_INT(il_g_tie_close(&tie), 0);
    CHECK_INT(il_g_tie_close(&tie), -ESRCH);
    tied->over = true;
    return r;
}

static void test_tie_cancels_what_it_gave_away(void **state)
{
    struct tied tied = { .n_told = 0 };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, sleep_tied, &tied, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_false(g_cancellable_is_cancelled(tied.cancellable)); /* not inside */
    assert_true(iterate_until(&tied.over, 5000));
    assert_true(g_cancellable_is_cancelled(tied.cancellable));
    assert_int_equal(tied.n_told, 1);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(G_OBJECT(tied.cancellable)->ref_count, 1);
    g_object_unref(tied.cancellable);
}

static void test_tie_that_was_closed_cancels_nothing(void **state)
{
    struct tied tied = { .n_told = 0 };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, sleep_tied, &tied, &task), 0);
    assert_true(iterate_until(&tied.over, 5000));
    (void)il_task_cancel(task);
    iterate_for(2);
    assert_false(g_cancellable_is_cancelled(tied.cancellable));
    assert_int_equal(tied.n_told, 0);
    assert_int_equal(reap(task), 0);
    g_object_unref(tied.cancellable);
}

static int tie_at_the_edges(void *arg)
{
    il_g_tie tie, inner;
    GCancellable *cancellable;
    il_scope scope;
    int r = 0;

    (void)arg;
    CHECK(il_g_tie_open(NULL) == NULL);
    CHECK_INT(il_g_tie_close(NULL), -EINVAL);

    /* Cancelled before. */
    CHECK_INT(il_scope_enter(&scope, 0), 0);
    cancellable = il_g_tie_open(&tie);
    CHECK(g_cancellable_is_cancelled(cancellable));
    CHECK_INT(il_g_tie_close(&tie), 0);
    CHECK_INT(il_scope_leave(&scope, 0), 0);

    /* Cancelled by the task itself, which never waits. */
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    cancellable = g_object_ref(il_g_tie_open(&tie));
    il_scope_cancel(&scope);
    CHECK(!g_cancellable_is_cancelled(cancellable));
    CHECK_INT(il_g_tie_close(&tie), 0);
    CHECK(g_cancellable_is_cancelled(cancellable));
    g_object_unref(cancellable);
    CHECK_INT(il_scope_leave(&scope, 0), 0);

    /* Not behind a shield, and not out of order. */
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    IL_SHIELD (IL_SEC(1), &r) {
        cancellable = il_g_tie_open(&tie);
        il_scope_cancel(&scope);
        (void)il_g_tie_open(&inner);
        CHECK_INT(il_g_tie_close(&tie), -EINVAL);
        CHECK_INT(il_yield(), 0);
        CHECK_INT(il_g_tie_close(&inner), 0);
        CHECK(!g_cancellable_is_cancelled(cancellable));
        CHECK_INT(il_g_tie_close(&tie), 0);
    }
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    return r;
}

static void test_tie_knows_the_edges(void **state)
{
    il_g_tie tie = { .cancellable = NULL };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, tie_at_the_edges, NULL, &task), 0);
    iterate_for(2);
    assert_int_equal(reap(task), 0);
    assert_null(il_g_tie_open(&tie));
    assert_int_equal(il_g_tie_close(&tie), -ESRCH);
}

static void work(GTask *gtask, gpointer source, gpointer data,
                 GCancellable *cancellable)
{
    (void)source;
    (void)data;
    while (!g_cancellable_is_cancelled(cancellable))
        g_usleep(100);
    (void)g_task_return_error_if_cancelled(gtask);
}

static int end_of(GAsyncResult *result)
{
    GError *error = NULL;

    (void)g_task_propagate_boolean(G_TASK(result), &error);
    return il_g_propagate(error);
}

static int two_threads(void *arg)
{
    il_g_call call[2] = { IL_G_CALL_INIT, IL_G_CALL_INIT };
    il_g_tie tie;
    GCancellable *cancellable = il_g_tie_open(&tie);
    int r[2];

    (void)arg;
    for (int i = 0; i < 2; i++) {
        GTask *gtask = g_task_new(NULL, cancellable, il_g_call_ready, &call[i]);

        g_task_run_in_thread(gtask, work);
        g_object_unref(gtask);
    }
    for (int i = 0; i < 2; i++) {
        r[i] = il_g_call_wait(&call[i]);
        if (r[i] == 0) /* ended before we came to wait for it */
            r[i] = end_of(call[i].result);
        CHECK_INT(r[i], -ECANCELED);
        il_g_call_clear(&call[i]);
    }
    CHECK_INT(il_g_tie_close(&tie), 0);
    return r[0];
}

static void test_tie_ends_work_in_several_threads(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, two_threads, NULL, &task), 0);
    iterate_for(5);
    assert_false(il_task_is_done(task));
    assert_int_equal(il_task_cancel(task), 0);
    while (!il_task_is_done(task))
        (void)g_main_context_iteration(NULL, TRUE);
    assert_int_equal(reap(task), -ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_tie_cancels_what_it_gave_away),
        GUEST_TEST(test_tie_that_was_closed_cancels_nothing),
        GUEST_TEST(test_tie_knows_the_edges),
        GUEST_TEST(test_tie_ends_work_in_several_threads),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
