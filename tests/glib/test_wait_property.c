/* SPDX-License-Identifier: MIT */

/* test_wait_property.c - a task waits until a property has a value. */

#include "guest_fixture.h"

#include <errno.h>

/* --- a task that waits ----------------------------------------------------------- */

struct watch {
    GObject *object;
    const char *property;
    il_time timeout;
    il_g_value_test_fn *test;
    int wanted;
    int n_tests;
    int value; /* what was given */
    int r;     /* 1 until the wait is over */
    bool over;
};

static struct watch watch;

static struct watch *watch_level(il_g_value_test_fn *test, int wanted)
{
    watch = (struct watch){ .object = G_OBJECT(test_sender_new()),
                            .property = "level",
                            .timeout = IL_FOREVER,
                            .test = test,
                            .wanted = wanted,
                            .r = 1 };
    return &watch;
}

static bool is_wanted(const GValue *value, gpointer data)
{
    struct watch *w = data;

    w->n_tests++;
    return g_value_get_int(value) == w->wanted;
}

static int wait_for_level(void *arg)
{
    struct watch *w = arg;
    GValue value = G_VALUE_INIT;

    w->r = il_g_wait_property(w->object, w->property, w->timeout, w->test, w,
                              &value);
    CHECK(G_IS_VALUE(&value) == (w->r == 0));
    if (w->r == 0) {
        w->value = g_value_get_int(&value);
        g_value_unset(&value);
    }
    w->over = true;
    return w->r == -ECANCELED ? w->r : 0;
}

static void set_level(struct watch *w, int level)
{
    g_object_set(w->object, "level", level, NULL);
}

static void start_watch(struct watch *w)
{
    assert_int_equal(il_spawn(NULL, wait_for_level, w, NULL), 0);
}

static bool is_heard(gpointer object)
{
    return g_signal_handler_find(object, G_SIGNAL_MATCH_ID,
                                 g_signal_lookup("notify", G_TYPE_OBJECT), 0,
                                 NULL, NULL, NULL) != 0;
}

static void test_wait_property_that_holds_does_not_suspend(void **state)
{
    struct watch *w = watch_level(is_wanted, 0);

    (void)state;
    start_watch(w);
    assert_true(w->over);
    assert_int_equal(w->r, 0);
    assert_int_equal(w->value, 0);
    assert_int_equal(w->n_tests, 1);
    assert_false(is_heard(w->object));
    g_object_unref(w->object);
}

static void test_wait_property_waits_for_the_value(void **state)
{
    struct watch *w = watch_level(is_wanted, 7);

    (void)state;
    start_watch(w);
    set_level(w, 3);
    iterate_for(5);
    assert_int_equal(w->r, 1);
    set_level(w, 7);
    set_level(w, 8); /* it was there for a moment */
    assert_false(is_heard(w->object));
    assert_true(iterate_until(&w->over, 5000));
    assert_int_equal(w->r, 0);
    assert_int_equal(w->value, 7);
    assert_int_equal(w->n_tests, 3);
    g_object_unref(w->object);
}

static void test_wait_property_without_test_waits_for_notify(void **state)
{
    struct watch *w = watch_level(NULL, 0);

    (void)state;
    start_watch(w);
    iterate_for(2);
    assert_int_equal(w->r, 1);
    g_object_notify(w->object, "level");
    assert_true(iterate_until(&w->over, 5000));
    assert_int_equal(w->r, 0);
    assert_int_equal(w->value, 0);
    g_object_unref(w->object);
}

static void test_wait_property_times_out(void **state)
{
    struct watch *w = watch_level(is_wanted, 7);

    (void)state;
    w->timeout = IL_MS(5);
    start_watch(w);
    set_level(w, 3);
    assert_true(iterate_until(&w->over, 5000));
    assert_int_equal(w->r, -ETIMEDOUT);
    set_level(w, 7);
    assert_false(is_heard(w->object));
    g_object_unref(w->object);
}

static void test_wait_property_is_cancelled(void **state)
{
    struct watch *w = watch_level(is_wanted, 7);
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, wait_for_level, w, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    set_level(w, 7);
    iterate_for(5);
    assert_int_equal(w->r, -ECANCELED);
    assert_int_equal(reap(task), -ECANCELED);
    assert_false(is_heard(w->object));
    g_object_unref(w->object);
}

static void test_wait_property_value_beats_a_later_cancel(void **state)
{
    struct watch *w = watch_level(is_wanted, 7);
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, wait_for_level, w, &task), 0);
    set_level(w, 7);
    assert_int_equal(il_task_cancel(task), 0);
    iterate_for(5);
    assert_int_equal(reap(task), 0);
    assert_int_equal(w->value, 7);
    g_object_unref(w->object);
}

static void test_wait_property_ends_with_the_object(void **state)
{
    (void)state;
    for (int by_dispose = 0; by_dispose < 2; by_dispose++) {
        struct watch *w = watch_level(is_wanted, 7);

        start_watch(w);
        if (by_dispose)
            g_object_run_dispose(w->object);
        else
            g_object_unref(w->object);
        assert_true(iterate_until(&w->over, 5000));
        assert_int_equal(w->r, -EOWNERDEAD);
        if (by_dispose)
            g_object_unref(w->object);
    }
}

static int wait_shielded(void *arg)
{
    int r = 0;

    IL_SHIELD (IL_SEC(60), &r) {
        (void)wait_for_level(arg);
    }
    return 0;
}

static void test_wait_property_ends_with_the_guest(void **state)
{
    struct fixture *f = *state;
    struct watch *w = watch_level(is_wanted, 7);

    assert_int_equal(il_spawn(NULL, wait_shielded, w, NULL), 0);
    assert_int_equal(il_g_end(f->loop, IL_SEC(5)), 0);
    f->loop = NULL;
    assert_int_equal(w->r, -ESHUTDOWN);
    assert_false(is_heard(w->object));
    g_object_unref(w->object);
}

/* --- other threads ------------------------------------------------------------- */

static GThread *main_thread;

static bool is_wanted_here(const GValue *value, gpointer data)
{
    CHECK(g_thread_self() == main_thread);
    return is_wanted(value, data);
}

static gpointer count_up(gpointer object)
{
    for (int i = 1; i <= 50; i++)
        g_object_set(object, "level", i, NULL);
    return NULL;
}

/* Read late: the values in between may have been missed, the last never. */
static void test_wait_property_of_another_thread(void **state)
{
    (void)state;
    main_thread = g_thread_self();
    for (int i = 0; i < 20; i++) {
        struct watch *w = watch_level(is_wanted_here, 50);
        GThread *thread = g_thread_new("counter", count_up, w->object);

        start_watch(w);
        assert_true(iterate_until(&w->over, 5000));
        (void)g_thread_join(thread);
        assert_int_equal(w->value, 50);
        iterate_for(1); /* what is still under way holds the object */
        g_object_unref(w->object);
    }
}

/* --- users' code that does as it likes ------------------------------------------- */

static bool would_wait(const GValue *value, gpointer data)
{
    (void)value;
    ((struct watch *)data)->n_tests++;
    CHECK_INT(il_sleep(IL_MS(1)), il_task_current() ? -EDEADLK : -ESRCH);
    return ((struct watch *)data)->n_tests == 2;
}

static void test_wait_property_test_cannot_suspend(void **state)
{
    struct fixture *f = *state;
    struct watch *w = watch_level(would_wait, 0);

    start_watch(w); /* tested in the task */
    set_level(w, 1);
    assert_true(iterate_until(&w->over, 5000));
    assert_int_equal(w->r, 0);
    assert_int_equal(take_report(f).kind, IL_REPORT_NESTED_PARK);
    g_object_unref(w->object);
}

static bool disposes(const GValue *value, gpointer data)
{
    (void)value;
    g_object_run_dispose(((struct watch *)data)->object);
    return ((struct watch *)data)->wanted != 0;
}

static void test_wait_property_test_that_disposes_the_object(void **state)
{
    struct watch *w = watch_level(disposes, 0);

    (void)state;
    start_watch(w);
    assert_true(w->over);
    assert_int_equal(w->r, -EOWNERDEAD);
    g_object_unref(w->object);
    w = watch_level(disposes, 1);
    start_watch(w);
    assert_int_equal(w->r, 0); /* the value was there */
    g_object_unref(w->object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_wait_property_that_holds_does_not_suspend),
        GUEST_TEST(test_wait_property_waits_for_the_value),
        GUEST_TEST(test_wait_property_without_test_waits_for_notify),
        GUEST_TEST(test_wait_property_times_out),
        GUEST_TEST(test_wait_property_is_cancelled),
        GUEST_TEST(test_wait_property_value_beats_a_later_cancel),
        GUEST_TEST(test_wait_property_ends_with_the_object),
        GUEST_TEST(test_wait_property_ends_with_the_guest),
        GUEST_TEST(test_wait_property_of_another_thread),
        GUEST_TEST(test_wait_property_test_cannot_suspend),
        GUEST_TEST(test_wait_property_test_that_disposes_the_object),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
