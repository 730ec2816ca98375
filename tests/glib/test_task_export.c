/* SPDX-License-Identifier: MIT */

/* test_task_export.c - tasks that others see as a pair of GIO functions. */

#include "kitchen.h"

#include <errno.h>

/* Let a body run to its end; the result is taken with the functions below. */
static void order_meal(struct guest *guest,
                       int (*body)(il_g_task *, struct order *))
{
    kitchen_async(NULL, body, NULL, served, guest);
    assert_false(guest->called);
    assert_true(iterate_until(&guest->called, 5000));
    assert_int_equal(guest->n_called, 1);
}

/* --- Results ---------------------------------------------------------------------- */

static int n_freed;

static void count_and_free(gpointer text)
{
    n_freed++;
    g_free(text);
}

static int return_number(il_g_task *task, struct order *order)
{
    (void)order;
    CHECK(il_g_task_get_source_object(task) == NULL);
    CHECK(il_g_task_get_cancellable(task) == NULL);
    return il_yield() < 0 ? -ECANCELED : 42;
}

static int return_int(il_g_task *task, struct order *order)
{
    (void)order;
    il_g_task_return_int(task, (gssize)1 << 40);
    return 3;
}

static int return_no(il_g_task *task, struct order *order)
{
    (void)order;
    il_g_task_return_boolean(task, TRUE);
    il_g_task_return_boolean(task, FALSE);
    return 0;
}

static int return_text(il_g_task *task, struct order *order)
{
    (void)order;
    il_g_task_return_error(task, g_error_new(G_IO_ERROR, 0, "dropped"));
    il_g_task_return_pointer(task, g_strdup("dropped"), count_and_free);
    il_g_task_return_pointer(task, g_strdup("soup"), count_and_free);
    return 0;
}

static int return_value(il_g_task *task, struct order *order)
{
    GValue value = G_VALUE_INIT;

    (void)order;
    g_value_init(&value, G_TYPE_STRING);
    g_value_set_string(&value, "dropped");
    il_g_task_return_value(task, &value);
    g_value_set_string(&value, "salad");
    il_g_task_return_value(task, &value);
    g_value_unset(&value);
    return 0;
}

static void test_task_export_returns_what_the_body_says(void **state)
{
    struct guest guest = { .result = NULL };
    GValue value = G_VALUE_INIT;
    GTask *gtask;
    char *text;

    (void)state;
    n_freed = 0;
    order_meal(&guest, return_number);
    gtask = take(&guest);
    assert_int_equal(g_task_propagate_int(gtask, NULL), 42);
    assert_string_equal(g_task_get_name(gtask), "cook");
    g_object_unref(gtask);
    order_meal(&guest, return_int);
    gtask = take(&guest);
    assert_true(g_task_propagate_int(gtask, NULL) == (gssize)1 << 40);
    g_object_unref(gtask);
    order_meal(&guest, return_no);
    gtask = take(&guest);
    assert_false(g_task_had_error(gtask));
    assert_false(g_task_propagate_boolean(gtask, NULL));
    g_object_unref(gtask);

    order_meal(&guest, return_text);
    assert_int_equal(n_freed, 1);
    gtask = take(&guest);
    text = g_task_propagate_pointer(gtask, NULL);
    assert_string_equal(text, "soup");
    g_free(text);
    g_object_unref(gtask);
    assert_int_equal(n_freed, 1);
    order_meal(&guest, return_text); /* nobody takes it */
    g_object_unref(take(&guest));
    iterate_for(1);
    assert_int_equal(n_freed, 3);

    order_meal(&guest, return_value);
    gtask = take(&guest);
    assert_true(g_task_propagate_value(gtask, &value, NULL));
    assert_string_equal(g_value_get_string(&value), "salad");
    g_value_unset(&value);
    g_object_unref(gtask);
}

static int fail_with_code(il_g_task *task, struct order *order)
{
    (void)order;
    il_g_task_return_pointer(task, g_strdup("dropped"), count_and_free);
    return -ENOENT;
}

static int fail_with_error(il_g_task *task, struct order *order)
{
    (void)task;
    (void)order;
    return il_g_propagate(g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT,
                                      "no %s in the larder", "leek"));
}

static int fail_with_own_error(il_g_task *task, struct order *order)
{
    (void)il_g_propagate(g_error_new(G_IO_ERROR, 0, "another"));
    il_g_task_return_error(
        task, g_error_new(G_FILE_ERROR, G_FILE_ERROR_IO, "the stove is cold"));
    (void)order;
    return -EIO;
}

static int error_only(il_g_task *task, struct order *order)
{
    (void)fail_with_own_error(task, order);
    return 0;
}

static void expect_error(int (*body)(il_g_task *, struct order *),
                         GQuark domain, int code, const char *message)
{
    struct guest guest = { .result = NULL };
    GTask *gtask;
    GError *error = NULL;

    order_meal(&guest, body);
    gtask = take(&guest);
    assert_null(g_task_propagate_pointer(gtask, &error));
    assert_true(g_error_matches(error, domain, code));
    assert_string_equal(error->message, message);
    g_error_free(error);
    g_object_unref(gtask);
}

static void test_task_export_tells_errors_with_their_messages(void **state)
{
    (void)state;
    n_freed = 0;
    expect_error(fail_with_code, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 g_strerror(ENOENT));
    assert_int_equal(n_freed, 1);
    expect_error(fail_with_error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                 "no leek in the larder");
    expect_error(fail_with_own_error, G_FILE_ERROR, G_FILE_ERROR_IO,
                 "the stove is cold");
    expect_error(error_only, G_FILE_ERROR, G_FILE_ERROR_IO,
                 "the stove is cold");
}

/* --- Cancelling ------------------------------------------------------------------- */

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

static int serve_in_spite(il_g_task *task, struct order *order)
{
    (void)task;
    (void)order;
    CHECK_INT(il_sleep(IL_SEC(10)), -ECANCELED);
    return 9;
}

static int never_run(il_g_task *task, struct order *order)
{
    (void)task;
    (void)order;
    CHECK(!"it ran though it was cancelled before");
    return 0;
}

static void test_task_export_is_cancelled_by_the_cancellable(void **state)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    struct guest guest = { .result = NULL };

    (void)state;
    kitchen_async(NULL, wait_and_clean_up, cancellable, served, &guest);
    iterate_for(2);
    g_cancellable_cancel(cancellable);
    assert_false(guest.called);
    assert_true(iterate_until(&guest.called, 5000));
    assert_true(body_over); /* clean-up and all */
    assert_int_equal(take_error(&guest), G_IO_ERROR_CANCELLED);

    kitchen_async(NULL, never_run, cancellable, served, &guest);
    assert_int_equal(n_destroyed, 1);
    assert_false(guest.called);
    assert_true(iterate_until(&guest.called, 5000));
    assert_int_equal(take_error(&guest), G_IO_ERROR_CANCELLED);
}

static void test_task_export_value_beats_a_cancel(void **state)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    struct guest guest = { .result = NULL };
    GTask *gtask;

    (void)state;
    kitchen_async(NULL, serve_in_spite, cancellable, served, &guest);
    g_cancellable_cancel(cancellable);
    assert_true(iterate_until(&guest.called, 5000));
    gtask = take(&guest);
    assert_int_equal(g_task_propagate_int(gtask, NULL), 9);
    g_object_unref(gtask);
}

static int sleep_shortly(il_g_task *task, struct order *order)
{
    (void)task;
    (void)order;
    return il_sleep(IL_US(30));
}

enum { N_ROUNDS = 1000 };

static void test_task_export_may_be_cancelled_at_any_moment(void **state)
{
    int n_cancelled = 0;

    (void)state;
    for (int i = 0; i < N_ROUNDS; i++) {
        struct guest guest = { .result = NULL };
        GCancellable *cancellable = g_cancellable_new();
        GThread *thread =
            g_thread_new("cancel", cancel_some_time, g_object_ref(cancellable));
        GError *error = NULL;

        kitchen_async(NULL, sleep_shortly, cancellable, served, &guest);
        while (!guest.called)
            (void)g_main_context_iteration(NULL, TRUE);
        if (g_task_propagate_int(G_TASK(guest.result), &error) < 0) {
            assert_int_equal(error->code, G_IO_ERROR_CANCELLED);
            g_error_free(error);
            n_cancelled++;
        }
        assert_int_equal(guest.n_called, 1);
        g_object_unref(guest.result);
        g_object_unref(cancellable);
        (void)g_thread_join(thread);
    }
    assert_in_range(n_cancelled, 1, N_ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_task_export_returns_what_the_body_says),
        GUEST_TEST(test_task_export_tells_errors_with_their_messages),
        GUEST_TEST(test_task_export_is_cancelled_by_the_cancellable),
        GUEST_TEST(test_task_export_value_beats_a_cancel),
        GUEST_TEST(test_task_export_may_be_cancelled_at_any_moment),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
