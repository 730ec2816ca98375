/* SPDX-License-Identifier: MIT */

/* test_connect_options.c - what a connection can be told besides its policy. */

#include "guest_fixture.h"

#include <errno.h>

static int note_number(il_g_emission *e, void *receiver)
{
    (void)receiver;
    note("s%d", (int)il_g_emission_get_int(e, 0));
    return 0;
}

static void note_plainly(TestSender *sender, int number)
{
    (void)sender;
    note("p%d", number);
}

static int wait_long(il_g_emission *e, void *receiver)
{
    int r;

    (void)receiver;
    note("+%d", (int)il_g_emission_get_int(e, 0));
    r = il_sleep(IL_FOREVER);
    note("%s", r == -ECANCELED ? "x" : "?");
    return r;
}

static void connect_ok(gpointer sender, const char *signal, il_g_slot_fn *fn,
                       unsigned flags)
{
    assert_true(il_g_connect(sender, signal, fn, NULL, flags) != 0);
}

static void test_connect_options_after_comes_after_plain_handlers(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    connect_ok(sender, "poked", note_number, IL_G_PARALLEL | IL_G_AFTER);
    g_signal_connect(sender, "poked", G_CALLBACK(note_plainly), NULL);
    test_sender_poke(sender, 1, "x");
    assert_string_equal(noted(), "p1 s1");
    g_object_unref(sender);
}

static int method(void *receiver, il_g_emission *e)
{
    CHECK(TEST_IS_SENDER(receiver));
    CHECK(receiver != il_g_emission_get_sender(e));
    note("m%d", (int)il_g_emission_get_int(e, 0));
    CHECK_INT(il_yield(), 0);
    note("/m");
    return 0;
}

static void
test_connect_options_swapped_slot_gets_its_receiver_first(void **state)
{
    TestSender *sender = test_sender_new();
    TestSender *receiver = test_sender_new();

    (void)state;
    assert_true(il_g_connect_swapped(sender, "poked", method, receiver,
                                     IL_G_QUEUE) != 0);
    test_sender_poke(sender, 1, "x");
    test_sender_poke(sender, 2, "x");
    expect_notes("m1 /m m2 /m");
    g_object_unref(receiver);
    test_sender_poke(sender, 3, "x");
    assert_string_equal(noted(), "m1 /m m2 /m");
    g_object_unref(sender);
}

static void test_connect_options_details_select(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    connect_ok(sender, "poked::left", note_number, IL_G_PARALLEL);
    g_signal_emit_by_name(sender, "poked::right", 1, "x");
    g_signal_emit_by_name(sender, "poked::left", 2, "x");
    g_signal_emit_by_name(sender, "poked", 3, "x");
    assert_string_equal(noted(), "s2");
    g_object_unref(sender);
}

/* --- answers ------------------------------------------------------------------- */

static int answer_no(il_g_emission *e, void *receiver)
{
    (void)receiver;
    CHECK_INT(il_g_emission_set_return_boolean(e, FALSE), 0);
    return 0;
}

static int answer_late(il_g_emission *e, void *receiver)
{
    (void)receiver;
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    CHECK_INT(il_g_emission_set_return_boolean(e, FALSE), -EALREADY);
    return 0;
}

static void test_connect_options_declared_answer_stands_in(void **state)
{
    TestSender *sender = test_sender_new();
    gulong id;

    (void)state;
    id = il_g_connect(sender, "asked", answer_late, NULL,
                      IL_G_SKIP_WHILE_BUSY | IL_G_ANSWER_TRUE);
    assert_true(id != 0);
    assert_true(test_sender_ask(sender, 1));
    assert_true(
        test_sender_ask(sender, 2)); /* skipped, answered all the same */
    iterate_for(10);
    il_g_disconnect(sender, id);

    id = il_g_connect(sender, "asked", answer_no, NULL, IL_G_ANSWER_TRUE);
    assert_true(id != 0);
    assert_false(test_sender_ask(sender, 3)); /* the slot's own answer wins */
    g_object_unref(sender);
}

static void assert_refused(gpointer sender, const char *signal,
                           const il_g_connect_options *options)
{
    g_test_expect_message("interloop", G_LOG_LEVEL_CRITICAL, "il_g_connect()*");
    assert_int_equal(il_g_connect_with(sender, signal, options), 0);
    g_test_assert_expected_messages();
}

static void test_connect_options_declared_answer_may_be_any_value(void **state)
{
    TestSender *sender = test_sender_new();
    GValue yes = G_VALUE_INIT;
    il_g_connect_options options = { .fn = answer_late,
                                     .flags = IL_G_QUEUE,
                                     .answer = &yes };

    (void)state;
    assert_refused(sender, "asked", &options);
    g_value_init(&yes, G_TYPE_INT);
    assert_refused(sender, "asked", &options);
    g_value_unset(&yes);
    g_value_init(&yes, G_TYPE_BOOLEAN);
    g_value_set_boolean(&yes, TRUE);
    assert_refused(sender, "poked", &options);
    assert_true(il_g_connect_with(sender, "asked", &options) != 0);
    assert_true(test_sender_ask(sender, 1));
    iterate_for(5);
    g_object_unref(sender);
}

static void test_connect_options_misuse_connects_nothing(void **state)
{
    TestSender *sender = test_sender_new();
    int data = 0;
    const il_g_connect_options wrong[] = {
        { .fn = NULL },
        { .fn = note_number, .method = method },
        { .fn = note_number, .flags = 0x1000 },
        { .fn = note_number, .flags = IL_G_ANSWER_TRUE },
        { .fn = note_number, .receiver = sender, .data = &data },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        assert_refused(sender, "poked", &wrong[i]);
    assert_refused(sender, "poked", NULL);
    assert_refused(NULL, "poked", &wrong[0]);
    test_sender_poke(sender, 1, "x");
    assert_string_equal(noted(), "");
    g_object_unref(sender);
}

/* --- blocking and disconnecting while it runs --------------------------------------- */

static void test_connect_options_blocked_handler_starts_no_slot(void **state)
{
    TestSender *sender = test_sender_new();
    gulong id = il_g_connect(sender, "poked", wait_long, NULL, IL_G_PARALLEL);

    (void)state;
    test_sender_poke(sender, 1, "x");
    g_signal_handler_block(sender, id);
    test_sender_poke(sender, 2, "x");
    expect_notes("+1"); /* the running one goes on */
    g_signal_handler_unblock(sender, id);
    test_sender_poke(sender, 3, "x");
    assert_string_equal(noted(), "+1 +3");
    il_g_disconnect(sender, id);
    expect_notes("+1 +3 x x");
    g_object_unref(sender);
}

static gulong own_id;

static int disconnect_myself(il_g_emission *e, void *receiver)
{
    (void)receiver;
    note("+%d", (int)il_g_emission_get_int(e, 0));
    il_g_disconnect(il_g_emission_get_sender(e), own_id);
    CHECK_INT(il_g_emission_get_int(e, 0), 1);
    CHECK_INT(il_yield(), -ECANCELED);
    note("x");
    return -ECANCELED;
}

static void test_connect_options_slot_may_disconnect_itself(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    own_id = il_g_connect(sender, "poked", disconnect_myself, NULL, IL_G_QUEUE);
    test_sender_poke(sender, 1, "x");
    test_sender_poke(sender, 2, "x");
    expect_notes("+1 x");
    g_object_unref(sender);
}

static int drop_the_sender(il_g_emission *e, void *receiver)
{
    TestSender *sender = il_g_emission_get_sender(e);

    (void)receiver;
    g_object_unref(sender);
    CHECK(TEST_IS_SENDER(sender)); /* the emitter, and later we, keep it */
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK(TEST_IS_SENDER(sender));
    note("x");
    return -ECANCELED;
}

static void test_connect_options_slot_may_drop_the_sender(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    connect_ok(sender, "poked", drop_the_sender, IL_G_PARALLEL);
    test_sender_poke(sender, 1, "x");
    expect_notes("x");
    assert_int_equal(test_sender_count(), 0);
}

/* --- other threads --------------------------------------------------------------------- */

static gpointer unref_there(gpointer object)
{
    g_object_unref(object);
    return NULL;
}

static gpointer dispose_there(gpointer object)
{
    g_object_run_dispose(object);
    return NULL;
}

static void in_a_thread(GThreadFunc fn, gpointer data)
{
    g_thread_join(g_thread_new("elsewhere", fn, data));
}

static void test_connect_options_receiver_goes_in_another_thread(void **state)
{
    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        TestSender *sender = test_sender_new();
        TestSender *receiver = test_sender_new();

        forget_notes();
        assert_true(il_g_connect(sender, "poked", wait_long, receiver,
                                 IL_G_PARALLEL) != 0);
        if (busy)
            test_sender_poke(sender, 1, "x");
        in_a_thread(unref_there, receiver);
        /* Before the news has arrived: no slot for an object that is gone. */
        test_sender_poke(sender, 2, "x");
        expect_notes(busy ? "+1 x" : "");
        test_sender_poke(sender, 3, "x");
        assert_string_equal(noted(), busy ? "+1 x" : "");
        g_object_unref(sender);
    }
}

static void
test_connect_options_receiver_is_disposed_in_another_thread(void **state)
{
    TestSender *sender = test_sender_new();
    TestSender *receiver = test_sender_new();

    (void)state;
    assert_true(
        il_g_connect(sender, "poked", wait_long, receiver, IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "x");
    in_a_thread(dispose_there, receiver);
    expect_notes("+1 x");
    g_object_unref(receiver);
    g_object_unref(sender);
}

static void test_connect_options_sender_goes_in_another_thread(void **state)
{
    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        TestSender *sender = test_sender_new();
        TestSender *receiver = test_sender_new();

        forget_notes();
        assert_true(il_g_connect(sender, "poked", wait_long, receiver,
                                 IL_G_PARALLEL) != 0);
        if (busy)
            test_sender_poke(sender, 1, "x");
        in_a_thread(unref_there, sender);
        g_object_unref(receiver); /* before the news has arrived */
        expect_notes(busy ? "+1 x" : "");
    }
}

static GThread *freed_in;

static void note_thread(gpointer data)
{
    (void)data;
    freed_in = g_thread_self();
}

static void test_connect_options_data_is_freed_on_the_loops_thread(void **state)
{
    static int data;

    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        TestSender *sender = test_sender_new();

        freed_in = NULL;
        assert_true(il_g_connect_data(sender, "poked",
                                      busy ? wait_long : note_number, &data,
                                      note_thread, IL_G_PARALLEL) != 0);
        test_sender_poke(sender, 1, "x");
        in_a_thread(unref_there, sender);
        iterate_for(3);
        assert_ptr_equal(freed_in, g_thread_self());
    }
}

/* Receivers come and go in one thread while slots start in another. */
static gpointer emit_and_drop(gpointer data)
{
    TestSender *sender = data;

    for (int i = 0; i < 200; i++) {
        test_sender_poke(sender, i, "x");
        g_usleep(10);
    }
    return NULL;
}

static void test_connect_options_receivers_go_while_others_emit(void **state)
{
    TestSender *sender = test_sender_new();
    GThread *emitter;

    (void)state;
    emitter = g_thread_new("emitter", emit_and_drop, sender);
    for (int i = 0; i < 200; i++) {
        TestSender *receiver = test_sender_new();

        assert_true(il_g_connect(sender, "poked", note_number, receiver,
                                 IL_G_PARALLEL) != 0);
        forget_notes();
        (void)g_main_context_iteration(NULL, FALSE);
        g_thread_join(g_thread_new("dropper", unref_there, receiver));
    }
    g_thread_join(emitter);
    iterate_for(5);
    forget_notes();
    g_object_unref(sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_connect_options_after_comes_after_plain_handlers),
        GUEST_TEST(test_connect_options_swapped_slot_gets_its_receiver_first),
        GUEST_TEST(test_connect_options_details_select),
        GUEST_TEST(test_connect_options_declared_answer_stands_in),
        GUEST_TEST(test_connect_options_declared_answer_may_be_any_value),
        GUEST_TEST(test_connect_options_misuse_connects_nothing),
        GUEST_TEST(test_connect_options_blocked_handler_starts_no_slot),
        GUEST_TEST(test_connect_options_slot_may_disconnect_itself),
        GUEST_TEST(test_connect_options_slot_may_drop_the_sender),
        GUEST_TEST(test_connect_options_receiver_goes_in_another_thread),
        GUEST_TEST(test_connect_options_receiver_is_disposed_in_another_thread),
        GUEST_TEST(test_connect_options_sender_goes_in_another_thread),
        GUEST_TEST(test_connect_options_data_is_freed_on_the_loops_thread),
        GUEST_TEST(test_connect_options_receivers_go_while_others_emit),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
