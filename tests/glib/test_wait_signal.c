/* SPDX-License-Identifier: MIT */

/* test_wait_signal.c - a task waits for the next emission. */

#include "guest_fixture.h"

#include <errno.h>
#include <string.h>

struct listener {
    TestSender *sender;
    const char *signal;
    il_time timeout;
    int r; /* 1 until the wait is over */
    int number;
    char text[16];
    bool over;
};

static int listen_once(void *arg)
{
    struct listener *l = arg;
    il_g_emission *e = NULL;

    l->r = 1;
    l->over = false;
    l->r = il_g_wait_signal(l->sender, l->signal, l->timeout, &e);
    if (l->r == 0) {
        CHECK(il_g_emission_get_sender(e) == l->sender);
        l->number = (int)il_g_emission_get_int(e, 0);
        (void)g_strlcpy(l->text, il_g_emission_get_string(e, 1),
                        sizeof l->text);
        CHECK(il_g_emission_free(e) == NULL);
    } else {
        CHECK(e == NULL);
    }
    l->over = true;
    return l->r == 0 || l->r == -ECANCELED ? l->r : 0;
}

static struct listener listener_for(TestSender *sender)
{
    return (struct listener){ .sender = sender,
                              .signal = "poked",
                              .timeout = IL_FOREVER };
}

static void test_wait_signal_gives_the_emission(void **state)
{
    TestSender *sender = test_sender_new();
    struct listener l = listener_for(sender);
    char text[] = "hello";

    (void)state;
    assert_int_equal(il_spawn(NULL, listen_once, &l, NULL), 0);
    iterate_for(5);
    assert_int_equal(l.r, 1);
    test_sender_poke(sender, 9, text);
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(l.r, 1);
    assert_true(iterate_until(&l.over, 5000));
    assert_int_equal(l.r, 0);
    assert_int_equal(l.number, 9);
    assert_string_equal(l.text, "hello");
    test_sender_poke(sender, 10, "again");
    iterate_for(2);
    assert_int_equal(l.number, 9);
    g_object_unref(sender);
}

static void test_wait_signal_takes_the_first_of_a_burst(void **state)
{
    TestSender *sender = test_sender_new();
    struct listener a = listener_for(sender), b = listener_for(sender);

    (void)state;
    assert_int_equal(il_spawn(NULL, listen_once, &a, NULL), 0);
    assert_int_equal(il_spawn(NULL, listen_once, &b, NULL), 0);
    for (int i = 1; i < 5; i++)
        test_sender_poke(sender, i, "x");
    assert_true(iterate_until(&a.over, 5000));
    assert_true(iterate_until(&b.over, 5000));
    assert_int_equal(a.number, 1);
    assert_int_equal(b.number, 1);
    g_object_unref(sender);
}

static void test_wait_signal_times_out(void **state)
{
    TestSender *sender = test_sender_new();
    struct listener l = listener_for(sender);
    il_time before = il_now();

    (void)state;
    l.timeout = IL_MS(10);
    assert_int_equal(il_spawn(NULL, listen_once, &l, NULL), 0);
    assert_true(iterate_until(&l.over, 5000));
    assert_int_equal(l.r, -ETIMEDOUT);
    assert_true(il_now() - before >= IL_MS(10));
    test_sender_poke(sender, 1, "late");
    g_object_unref(sender);
}

static void test_wait_signal_emitted_then_timed_out_is_kept(void **state)
{
    TestSender *sender = test_sender_new();
    struct listener l = listener_for(sender);

    (void)state;
    l.timeout = IL_MS(100);
    assert_int_equal(il_spawn(NULL, listen_once, &l, NULL), 0);
    iterate_for(2);
    test_sender_poke(sender, 5, "in time");
    g_usleep(120000);
    assert_true(iterate_until(&l.over, 5000));
    assert_int_equal(l.r, 0);
    assert_int_equal(l.number, 5);
    g_object_unref(sender);
}

static void test_wait_signal_is_cancelled(void **state)
{
    TestSender *sender = test_sender_new();
    struct listener l = listener_for(sender);
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, listen_once, &l, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_true(iterate_until(&l.over, 5000));
    assert_int_equal(l.r, -ECANCELED);
    test_sender_poke(sender, 1, "late");
    iterate_for(1);
    assert_int_equal(reap(task), -ECANCELED);
    g_object_unref(sender);
}

static void test_wait_signal_value_beats_a_later_cancel(void **state)
{
    TestSender *sender = test_sender_new();
    struct listener l = listener_for(sender);
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, listen_once, &l, &task), 0);
    test_sender_poke(sender, 3, "x");
    assert_int_equal(il_task_cancel(task), 0);
    assert_true(iterate_until(&l.over, 5000));
    assert_int_equal(l.r, 0);
    assert_int_equal(l.number, 3);
    iterate_for(1);
    assert_int_equal(reap(task), 0);
    g_object_unref(sender);
}

static void test_wait_signal_ends_when_the_sender_goes(void **state)
{
    (void)state;
    for (int by_dispose = 0; by_dispose < 2; by_dispose++) {
        TestSender *sender = test_sender_new();
        struct listener l = listener_for(sender);

        assert_int_equal(il_spawn(NULL, listen_once, &l, NULL), 0);
        iterate_for(2);
        if (by_dispose)
            g_object_run_dispose(G_OBJECT(sender));
        else
            g_object_unref(sender);
        assert_true(iterate_until(&l.over, 5000));
        assert_int_equal(l.r, -EOWNERDEAD);
        if (by_dispose)
            g_object_unref(sender);
        iterate_for(1);
        assert_int_equal(test_sender_count(), 0);
    }
}

/* The emission and the end of the sender in one go: the value was given. */
static void test_wait_signal_value_beats_the_end_of_the_sender(void **state)
{
    TestSender *sender = test_sender_new();
    struct listener l = listener_for(sender);

    (void)state;
    assert_int_equal(il_spawn(NULL, listen_once, &l, NULL), 0);
    test_sender_poke(sender, 6, "last words");
    g_object_run_dispose(G_OBJECT(sender));
    assert_true(iterate_until(&l.over, 5000));
    assert_int_equal(l.r, 0);
    assert_string_equal(l.text, "last words");
    g_object_unref(sender);
}

static void test_wait_signal_respects_details(void **state)
{
    TestSender *sender = test_sender_new();
    struct listener l = listener_for(sender);

    (void)state;
    l.signal = "poked::blue";
    assert_int_equal(il_spawn(NULL, listen_once, &l, NULL), 0);
    g_signal_emit_by_name(sender, "poked::red", 1, "red");
    g_signal_emit_by_name(sender, "poked::blue", 2, "blue");
    assert_true(iterate_until(&l.over, 5000));
    assert_int_equal(l.number, 2);
    g_object_unref(sender);
}

static int misuse(void *arg)
{
    il_g_emission *e = NULL;

    CHECK_INT(il_g_wait_signal(arg, "no-such", IL_FOREVER, &e), -EINVAL);
    CHECK_INT(il_g_wait_signal(arg, NULL, IL_FOREVER, &e), -EINVAL);
    CHECK_INT(il_g_wait_signal(NULL, "poked", IL_FOREVER, &e), -EINVAL);
    CHECK_INT(il_g_wait_signal(arg, "poked", 0, NULL), -ETIMEDOUT);
    CHECK_INT(il_g_wait_signal(arg, "poked", -5, NULL), -ETIMEDOUT);
    CHECK(e == NULL);
    note("misused");
    return 0;
}

static void test_wait_signal_refuses_nonsense(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_int_equal(il_g_wait_signal(sender, "poked", IL_MS(1), NULL), -ESRCH);
    assert_int_equal(il_spawn(NULL, misuse, sender, NULL), 0);
    iterate_for(10);
    expect_notes("misused");
    g_object_unref(sender);
}

static int wait_natively(void *arg)
{
    CHECK_INT(il_g_wait_signal(arg, "poked", IL_FOREVER, NULL), -ESHUTDOWN);
    CHECK_INT(il_g_wait_signal(arg, "poked", IL_SEC(1), NULL), -ESHUTDOWN);
    return 0;
}

static void test_wait_signal_needs_a_guest(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_int_equal(il_run(wait_natively, sender), 0);
    g_object_unref(sender);
}

struct dialogue {
    TestSender *sender;
    unsigned n_heard;
    bool over;
};

static int talk(void *arg)
{
    struct dialogue *d = arg;

    for (int i = 0; i < 100; i++) {
        il_g_emission *e = NULL;

        if (!CHECK_INT(il_g_wait_signal(d->sender, "poked", IL_SEC(5), &e), 0))
            break;
        CHECK_INT(il_g_emission_get_int(e, 0), i);
        d->n_heard++;
        il_g_emission_free(e);
    }
    d->over = true;
    return 0;
}

static gboolean poke_next(gpointer data)
{
    struct dialogue *d = data;

    test_sender_poke(d->sender, (int)d->n_heard, "x");
    return d->over ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void test_wait_signal_again_and_again(void **state)
{
    struct dialogue d = { .sender = test_sender_new() };

    (void)state;
    assert_int_equal(il_spawn(NULL, talk, &d, NULL), 0);
    (void)g_idle_add(poke_next, &d);
    assert_true(iterate_until(&d.over, 5000));
    assert_int_equal(d.n_heard, 100);
    iterate_for(2);
    assert_int_equal(
        g_signal_handler_find(d.sender, G_SIGNAL_MATCH_ID,
                              g_signal_lookup("poked", TEST_TYPE_SENDER), 0,
                              NULL, NULL, NULL),
        0);
    g_object_unref(d.sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_wait_signal_gives_the_emission),
        GUEST_TEST(test_wait_signal_takes_the_first_of_a_burst),
        GUEST_TEST(test_wait_signal_times_out),
        GUEST_TEST(test_wait_signal_emitted_then_timed_out_is_kept),
        GUEST_TEST(test_wait_signal_is_cancelled),
        GUEST_TEST(test_wait_signal_value_beats_a_later_cancel),
        GUEST_TEST(test_wait_signal_ends_when_the_sender_goes),
        GUEST_TEST(test_wait_signal_value_beats_the_end_of_the_sender),
        GUEST_TEST(test_wait_signal_respects_details),
        GUEST_TEST(test_wait_signal_refuses_nonsense),
        cmocka_unit_test(test_wait_signal_needs_a_guest),
        GUEST_TEST(test_wait_signal_again_and_again),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
