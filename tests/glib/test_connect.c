/* SPDX-License-Identifier: MIT */

/* test_connect.c - slots: when they start, what they get, when they end. */

#include "guest_fixture.h"

#include <errno.h>
#include <string.h>

static int wait_for_cancel(il_g_emission *e, void *receiver)
{
    int number = (int)il_g_emission_get_int(e, 0);
    int r;

    (void)receiver;
    note("+%d", number);
    r = il_sleep(IL_FOREVER);
    note("%d%s", number, r == -ECANCELED ? "x" : "?");
    return r;
}

static int work_a_little(il_g_emission *e, void *receiver)
{
    int number = (int)il_g_emission_get_int(e, 0);
    int r;

    (void)receiver;
    note("+%d", number);
    r = il_sleep(IL_MS(5));
    note("%d%s", number, r == 0 ? "" : "x");
    return r;
}

static void test_connect_slot_starts_inside_the_emission(void **state)
{
    TestSender *sender = test_sender_new();
    gulong id;

    (void)state;
    id = il_g_connect(sender, "poked", work_a_little, NULL, IL_G_PARALLEL);
    assert_true(id != 0);
    note("before");
    test_sender_poke(sender, 1, "one");
    note("after");
    iterate_for(20);
    expect_notes("before +1 after 1");
    il_g_disconnect(sender, id);
    g_object_unref(sender);
}

static void run_policy(il_g_policy policy, const char *expected)
{
    TestSender *sender = test_sender_new();
    gulong id = il_g_connect(sender, "poked", work_a_little, NULL, policy);

    assert_true(id != 0);
    forget_notes();
    for (int i = 1; i <= 3; i++)
        test_sender_poke(sender, i, "x");
    iterate_for(60);
    assert_string_equal(noted(), expected);
    forget_notes();
    test_sender_poke(sender, 4, "x");
    iterate_for(30);
    expect_notes("+4 4");
    il_g_disconnect(sender, id);
    g_object_unref(sender);
}

static void test_connect_parallel_slots_all_run(void **state)
{
    (void)state;
    run_policy(IL_G_PARALLEL, "+1 +2 +3 1 2 3");
}

static void test_connect_skips_while_busy(void **state)
{
    (void)state;
    run_policy(IL_G_SKIP_WHILE_BUSY, "+1 1");
}

static void test_connect_queues_while_busy(void **state)
{
    (void)state;
    run_policy(IL_G_QUEUE, "+1 1 +2 2 +3 3");
}

/* Only the last emission counts, and no two slots run at the same time. */
static void test_connect_restarts_when_busy(void **state)
{
    (void)state;
    run_policy(IL_G_RESTART, "+1 1x +3 3");
}

static int end_at_once(il_g_emission *e, void *receiver)
{
    (void)receiver;
    note("%d", (int)il_g_emission_get_int(e, 0));
    return 0;
}

static void test_connect_slots_that_do_not_suspend_are_never_busy(void **state)
{
    static const il_g_policy policies[] = { IL_G_PARALLEL, IL_G_SKIP_WHILE_BUSY,
                                            IL_G_QUEUE, IL_G_RESTART };
    TestSender *sender = test_sender_new();

    (void)state;
    for (int p = 0; p < 4; p++) {
        gulong id =
            il_g_connect(sender, "poked", end_at_once, NULL, policies[p]);

        forget_notes();
        for (int i = 1; i <= 3; i++)
            test_sender_poke(sender, i, "x");
        assert_string_equal(noted(), "1 2 3");
        il_g_disconnect(sender, id);
        test_sender_poke(sender, 4, "x");
        assert_string_equal(noted(), "1 2 3");
    }
    g_object_unref(sender);
}

/* --- The end of a connection ---------------------------------------------- */

static void test_connect_disconnect_cancels_the_slot(void **state)
{
    TestSender *sender = test_sender_new();
    gulong id =
        il_g_connect(sender, "poked", wait_for_cancel, NULL, IL_G_PARALLEL);

    (void)state;
    test_sender_poke(sender, 1, "x");
    il_g_disconnect(sender, id);
    assert_string_equal(noted(), "+1");
    iterate_for(5);
    expect_notes("+1 1x");
    assert_false(g_signal_handler_is_connected(sender, id));
    test_sender_poke(sender, 2, "x");
    assert_string_equal(noted(), "+1 1x");
    g_object_unref(sender);
}

static void test_connect_id_is_a_handler_id_of_gobject(void **state)
{
    TestSender *sender = test_sender_new();
    gulong id =
        il_g_connect(sender, "poked", wait_for_cancel, NULL, IL_G_PARALLEL);

    (void)state;
    assert_true(g_signal_handler_is_connected(sender, id));
    g_signal_handler_block(sender, id);
    test_sender_poke(sender, 1, "x");
    g_signal_handler_unblock(sender, id);
    test_sender_poke(sender, 2, "x");
    assert_string_equal(noted(), "+2");
    g_signal_handler_disconnect(sender, id);
    iterate_for(5);
    expect_notes("+2 2x");
    g_object_unref(sender);
}

static int use_sender_in_cleanup(il_g_emission *e, void *receiver)
{
    int clean = 1;
    int r = il_sleep(IL_FOREVER);

    (void)receiver;
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(5));
    }
    CHECK_INT(clean, 0);
    CHECK(TEST_IS_SENDER(il_g_emission_get_sender(e)));
    note("clean %s", il_g_emission_get_string(e, 1));
    return r;
}

static void test_connect_dispose_of_the_sender_cancels_the_slot(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "poked", use_sender_in_cleanup, NULL,
                             IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "text");
    g_object_run_dispose(G_OBJECT(sender));
    iterate_for(30);
    expect_notes("clean text");
    g_object_unref(sender);
    iterate_for(1);
    assert_int_equal(test_sender_count(), 0);
}

static void test_connect_last_unref_of_the_sender_cancels_the_slot(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "poked", use_sender_in_cleanup, NULL,
                             IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "text");
    g_object_unref(sender);
    iterate_for(30);
    expect_notes("clean text");
    assert_int_equal(test_sender_count(), 0);
}

static int use_receiver_in_cleanup(il_g_emission *e, void *receiver)
{
    int r = il_sleep(IL_FOREVER);

    (void)e;
    CHECK(TEST_IS_SENDER(receiver));
    note("receiver");
    return r;
}

static void end_receiver(bool by_dispose)
{
    TestSender *sender = test_sender_new();
    TestSender *receiver = test_sender_new();
    gulong id = il_g_connect(sender, "poked", use_receiver_in_cleanup, receiver,
                             IL_G_PARALLEL);

    assert_true(id != 0);
    test_sender_poke(sender, 1, "x");
    if (by_dispose)
        g_object_run_dispose(G_OBJECT(receiver));
    g_object_unref(receiver);
    iterate_for(10);
    expect_notes("receiver");
    assert_int_equal(test_sender_count(), 1);
    assert_false(g_signal_handler_is_connected(sender, id));
    test_sender_poke(sender, 2, "x");
    iterate_for(5);
    expect_notes("receiver");
    g_object_unref(sender);
}

static void test_connect_dispose_of_the_receiver_ends_it(void **state)
{
    (void)state;
    end_receiver(true);
}

static void test_connect_last_unref_of_the_receiver_ends_it(void **state)
{
    (void)state;
    end_receiver(false);
}

/* Without a running slot nothing keeps the receiver. */
static void test_connect_does_not_keep_the_receiver_alive(void **state)
{
    TestSender *sender = test_sender_new();
    TestSender *receiver = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "poked", end_at_once, receiver,
                             IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "x");
    g_object_unref(receiver);
    iterate_for(1);
    assert_int_equal(test_sender_count(), 1);
    test_sender_poke(sender, 2, "x");
    assert_string_equal(noted(), "1");
    g_object_unref(sender);
    iterate_for(1);
    assert_int_equal(test_sender_count(), 0);
}

/* The receiver is kept by the first slot alone; a second one would keep it for
 * good. */
static void test_connect_emission_after_the_receiver_was_let_go(void **state)
{
    TestSender *sender = test_sender_new();
    TestSender *receiver = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "poked", wait_for_cancel, receiver,
                             IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "x");
    g_object_unref(receiver);
    test_sender_poke(sender, 2, "x");
    iterate_for(5);
    expect_notes("+1 1x");
    assert_int_equal(test_sender_count(), 1);
    g_object_unref(sender);
}

static void test_connect_sender_may_be_its_own_receiver(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "poked", use_receiver_in_cleanup, sender,
                             IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "x");
    g_object_unref(sender);
    iterate_for(10);
    expect_notes("receiver");
    assert_int_equal(test_sender_count(), 0);
}

static void note_destroy(gpointer data)
{
    note("destroy %s", (const char *)data);
}

static int wait_with_data(il_g_emission *e, void *data)
{
    int r = il_sleep(IL_FOREVER);

    (void)e;
    note("slot %s", (const char *)data);
    return r;
}

/* The data outlives the connection by its last slot. */
static void test_connect_data_is_destroyed_after_the_last_slot(void **state)
{
    TestSender *sender = test_sender_new();
    char data[] = "data";
    gulong id = il_g_connect_data(sender, "poked", wait_with_data, data,
                                  note_destroy, IL_G_PARALLEL);

    (void)state;
    assert_true(id != 0);
    test_sender_poke(sender, 1, "x");
    test_sender_poke(sender, 2, "x");
    il_g_disconnect(sender, id);
    assert_string_equal(noted(), "");
    iterate_for(5);
    expect_notes("slot data slot data destroy data");
    id = il_g_connect_data(sender, "poked", wait_with_data, data, note_destroy,
                           IL_G_PARALLEL);
    forget_notes();
    il_g_disconnect(sender, id);
    iterate_for(1);
    expect_notes("destroy data");
    g_object_unref(sender);
}

/* --- Queued slots of an object that is about to go ------------------------ */

static void let_go_while_queued(il_g_policy policy, bool of_receiver)
{
    unsigned before = test_sender_count();
    TestSender *sender = test_sender_new();
    TestSender *receiver = of_receiver ? test_sender_new() : NULL;

    assert_true(
        il_g_connect(sender, "poked", wait_for_cancel, receiver, policy) != 0);
    test_sender_poke(sender, 1, "one");
    test_sender_poke(sender, 2, "two");
    g_object_unref(of_receiver ? receiver : sender);
    iterate_for(20);
    assert_int_equal(test_sender_count(), before + (of_receiver ? 1 : 0));
    if (of_receiver)
        g_object_unref(sender);
    assert_string_equal(noted(), "+1 1x");
}

/* The queued slot started all the same, could not be cancelled any more, and
 * kept the object for ever. */
static void test_connect_queued_slot_of_a_sender_let_go(void **state)
{
    (void)state;
    let_go_while_queued(IL_G_QUEUE, false);
}

static void test_connect_restarted_slot_of_a_sender_let_go(void **state)
{
    (void)state;
    let_go_while_queued(IL_G_RESTART, false);
}

static void test_connect_queued_slot_of_a_receiver_let_go(void **state)
{
    (void)state;
    let_go_while_queued(IL_G_QUEUE, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_connect_slot_starts_inside_the_emission),
        GUEST_TEST(test_connect_parallel_slots_all_run),
        GUEST_TEST(test_connect_skips_while_busy),
        GUEST_TEST(test_connect_queues_while_busy),
        GUEST_TEST(test_connect_restarts_when_busy),
        GUEST_TEST(test_connect_slots_that_do_not_suspend_are_never_busy),
        GUEST_TEST(test_connect_disconnect_cancels_the_slot),
        GUEST_TEST(test_connect_id_is_a_handler_id_of_gobject),
        GUEST_TEST(test_connect_dispose_of_the_sender_cancels_the_slot),
        GUEST_TEST(test_connect_last_unref_of_the_sender_cancels_the_slot),
        GUEST_TEST(test_connect_dispose_of_the_receiver_ends_it),
        GUEST_TEST(test_connect_last_unref_of_the_receiver_ends_it),
        GUEST_TEST(test_connect_does_not_keep_the_receiver_alive),
        GUEST_TEST(test_connect_emission_after_the_receiver_was_let_go),
        GUEST_TEST(test_connect_sender_may_be_its_own_receiver),
        GUEST_TEST(test_connect_data_is_destroyed_after_the_last_slot),
        GUEST_TEST(test_connect_queued_slot_of_a_sender_let_go),
        GUEST_TEST(test_connect_restarted_slot_of_a_sender_let_go),
        GUEST_TEST(test_connect_queued_slot_of_a_receiver_let_go),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
