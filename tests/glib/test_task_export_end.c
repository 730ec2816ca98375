/* SPDX-License-Identifier: MIT */

/* test_task_export_end.c - who is called back by an exported task, and when
 * the loop is not there. */

#include "kitchen.h"

#include <errno.h>

static int return_number(il_g_task *task, struct order *order)
{
    (void)order;
    CHECK(il_g_task_get_source_object(task) == NULL);
    CHECK(il_g_task_get_cancellable(task) == NULL);
    return il_yield() < 0 ? -ECANCELED : 42;
}

static int fail_with_error(il_g_task *task, struct order *order)
{
    (void)task;
    (void)order;
    return il_g_propagate(g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT,
                                      "no %s in the larder", "leek"));
}

static int wait_and_clean_up(il_g_task *task, struct order *order)
{
    int clean = 1;
    int r = il_sleep(IL_SEC(10));

    (void)order;
    CHECK(g_cancellable_is_cancelled(il_g_task_get_cancellable(task)));
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(5));
    }
    CHECK_INT(clean, 0);
    return r;
}

static int never_run(il_g_task *task, struct order *order)
{
    (void)task;
    (void)order;
    CHECK(!"it ran though it was cancelled before");
    return 0;
}

/* --- Who calls back ----------------------------------------------------------------- */

static int use_source(il_g_task *task, struct order *order)
{
    TestSender *sender = il_g_task_get_source_object(task);

    (void)order;
    CHECK(G_IS_OBJECT(sender));
    il_g_task_set_priority(task, G_PRIORITY_LOW);
    return il_yield();
}

static void test_task_export_keeps_its_source(void **state)
{
    struct guest guest = { .result = NULL };
    TestSender *sender = test_sender_new();
    unsigned n_before = test_sender_count();

    (void)state;
    kitchen_async(sender, use_source, NULL, served, &guest);
    g_object_unref(sender);
    assert_int_equal(test_sender_count(), n_before);
    assert_true(iterate_until(&guest.called, 5000));
    assert_ptr_equal(guest.source, sender);
    assert_true(g_task_is_valid(guest.result, sender));
    assert_int_equal(g_task_get_priority(G_TASK(guest.result)), G_PRIORITY_LOW);
    g_object_unref(guest.result);
    iterate_for(1);
    assert_int_equal(test_sender_count(), n_before - 1);
}

static void
test_task_export_calls_back_in_the_context_of_the_caller(void **state)
{
    GMainContext *own = g_main_context_new();
    struct guest guest = { .result = NULL };

    (void)state;
    g_main_context_push_thread_default(own);
    kitchen_async(NULL, return_number, NULL, served, &guest);
    g_main_context_pop_thread_default(own);
    iterate_for(5);
    assert_true(body_over);
    assert_false(guest.called);
    while (!guest.called)
        (void)g_main_context_iteration(own, TRUE);
    g_object_unref(take(&guest));
    g_main_context_unref(own);
}

static int do_nothing(il_g_task *task, gpointer data)
{
    (void)task;
    CHECK(data == NULL);
    return 0;
}

static void test_task_export_needs_no_callback(void **state)
{
    (void)state;
    kitchen_async(NULL, return_number, NULL, NULL, NULL);
    assert_true(iterate_until(&body_over, 5000));
    iterate_for(2);
    assert_int_equal(n_destroyed, 1);
    il_g_task_run(NULL, NULL, NULL, NULL, NULL, do_nothing, NULL, NULL);
    iterate_for(2);
}

static void test_task_export_callback_may_end_the_loop(void **state)
{
    struct fixture *f = *state;
    struct guest guest = { .end_the_loop = true, .ended = 1 };

    kitchen_async(NULL, return_number, NULL, served, &guest);
    assert_true(iterate_until(&guest.called, 5000));
    assert_int_equal(guest.ended, 0);
    f->loop = NULL;
    g_object_unref(guest.result);
}

/* --- Awaited by a task ---------------------------------------------------------------- */

static int dine(void *arg)
{
    il_g_call call = IL_G_CALL_INIT;
    GError *error = NULL;
    int r;

    (void)arg;
    kitchen_async(NULL, fail_with_error, il_g_call_cancellable(&call),
                  il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0 && g_task_propagate_int(G_TASK(call.result), &error) < 0)
        r = il_g_propagate(error);
    il_g_call_clear(&call);
    error = il_g_error_from(r);
    CHECK(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
    g_clear_error(&error);

    kitchen_async(NULL, wait_and_clean_up, il_g_call_cancellable(&call),
                  il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    CHECK(body_over);
    il_g_call_clear(&call);
    return r;
}

static void test_task_export_is_awaited_by_a_task(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, dine, NULL, &task), 0);
    iterate_for(3);
    assert_false(il_task_is_done(task));
    assert_int_equal(il_task_cancel(task), 0);
    while (!il_task_is_done(task))
        (void)g_main_context_iteration(NULL, TRUE);
    iterate_for(1);
    assert_int_equal(reap(task), -ECANCELED);
}

/* --- Without a loop ------------------------------------------------------------------- */

static int wait_for_ever(il_g_task *task, struct order *order)
{
    (void)task;
    (void)order;
    return il_sleep(IL_FOREVER);
}

static int never_end(il_g_task *task, struct order *order)
{
    int r = 0;

    (void)task;
    (void)order;
    IL_SHIELD (IL_SEC(1000), &r) {
        r = il_sleep(IL_FOREVER);
    }
    CHECK(!"an abandoned task went on");
    return r;
}

static void test_task_export_ends_with_the_loop(void **state)
{
    struct fixture *f = *state;
    struct guest guest = { .result = NULL };

    kitchen_async(NULL, wait_for_ever, NULL, served, &guest);
    assert_int_equal(il_g_end(f->loop, IL_SEC(5)), 0);
    f->loop = NULL;
    assert_int_equal(n_destroyed, 1);
    assert_true(iterate_until(&guest.called, 5000));
    assert_int_equal(take_error(&guest), G_IO_ERROR_CANCELLED);
}

static void served_for_lost(GObject *source, GAsyncResult *result,
                            gpointer data)
{
    n_destroyed++; /* it was not: its body may use it */
    served(source, result, data);
}

static void test_task_export_tells_of_a_body_that_was_abandoned(void **state)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    struct fixture *f = *state;
    struct guest guest = { .result = NULL };
    static struct order order;
    static bool over;

    order = (struct order){ .cook = never_end,
                            .over = &over,
                            .n_destroyed = &n_destroyed };
    n_destroyed = 0;
    il_g_task_run(NULL, kitchen_async, cancellable, served_for_lost, &guest,
                  cook, &order, order_destroy);
    assert_int_equal(il_g_end(f->loop, 0), -ETIMEDOUT);
    f->loop = NULL;
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    g_cancellable_cancel(cancellable); /* nobody is there */
    assert_true(iterate_until(&guest.called, 5000));
    assert_int_equal(take_error(&guest), G_IO_ERROR_CLOSED);
    assert_false(over);
}

static int order_late(void *arg)
{
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    kitchen_async(NULL, never_run, NULL, served, arg);
    CHECK(!((struct guest *)arg)->called);
    return -ECANCELED;
}

static void test_task_export_is_refused_while_the_loop_ends(void **state)
{
    struct fixture *f = *state;
    struct guest guest = { .result = NULL };

    assert_int_equal(il_spawn(NULL, order_late, &guest, NULL), 0);
    assert_int_equal(il_g_end(f->loop, IL_SEC(5)), 0);
    f->loop = NULL;
    assert_true(iterate_until(&guest.called, 5000));
    assert_int_equal(take_error(&guest), G_IO_ERROR_CLOSED);
}

static gpointer order_elsewhere(gpointer data)
{
    GMainContext *own = g_main_context_new();
    struct guest *guest = data;

    g_main_context_push_thread_default(own);
    kitchen_async(NULL, never_run, NULL, served, guest);
    CHECK(!guest->called);
    while (!guest->called)
        (void)g_main_context_iteration(own, TRUE);
    g_main_context_pop_thread_default(own);
    g_main_context_unref(own);
    return NULL;
}

static void test_task_export_without_a_loop_is_told(void **state)
{
    struct guest guest = { .result = NULL };

    (void)state;
    (void)g_thread_join(g_thread_new("order", order_elsewhere, &guest));
    assert_int_equal(guest.n_called, 1);
    assert_int_equal(take_error(&guest), G_IO_ERROR_NOT_INITIALIZED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_task_export_keeps_its_source),
        GUEST_TEST(test_task_export_calls_back_in_the_context_of_the_caller),
        GUEST_TEST(test_task_export_needs_no_callback),
        GUEST_TEST(test_task_export_callback_may_end_the_loop),
        GUEST_TEST(test_task_export_is_awaited_by_a_task),
        GUEST_TEST(test_task_export_ends_with_the_loop),
        GUEST_TEST(test_task_export_tells_of_a_body_that_was_abandoned),
        GUEST_TEST(test_task_export_is_refused_while_the_loop_ends),
        GUEST_TEST(test_task_export_without_a_loop_is_told),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
