/* SPDX-License-Identifier: MIT */

/* test_end.c - the host has gone first: everything still ends, nothing leaks. */

#include "guest_fixture.h"

#include <errno.h>
#include <string.h>

static int sleep_forever(void *arg)
{
    int r = il_sleep(IL_FOREVER);

    (void)arg;
    CHECK_INT(r, -ECANCELED);
    note("slept");
    return r;
}

static int wait_for_poke(void *arg)
{
    int r = il_g_wait_signal(arg, "poked", IL_FOREVER, NULL);

    CHECK(r == -ECANCELED || r == -ESHUTDOWN);
    CHECK_INT(il_g_wait_signal(arg, "poked", IL_FOREVER, NULL) < 0, 1);
    note("waited");
    return -ECANCELED;
}

static int clean_up_slowly(void *arg)
{
    int clean = 1;
    int r = il_sleep(IL_FOREVER);

    (void)arg;
    IL_SHIELD (IL_SEC(2), &clean) {
        clean = il_sleep(IL_MS(20));
    }
    CHECK_INT(clean, 0);
    note("clean");
    return r;
}

/* In a shield, where cancels do not reach, only the host's absence can tell. */
static int wait_shielded(void *arg)
{
    int clean = 1;
    int r = il_sleep(IL_FOREVER);

    IL_SHIELD (IL_SEC(60), &clean) {
        clean = il_g_wait_signal(arg, "poked", IL_FOREVER, NULL);
    }
    CHECK_INT(clean, -ESHUTDOWN);
    note("shielded");
    return r;
}

static int slot(il_g_emission *e, void *receiver)
{
    int r = il_sleep(IL_FOREVER);

    (void)receiver;
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(il_g_emission_get_int(e, 0), 5);
    note("slot");
    return r;
}

static int never(void *arg)
{
    (void)arg;
    CHECK(!"a task cancelled before its first step ran");
    return 0;
}

static gboolean quit_host(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static void run_host_for(unsigned ms)
{
    GMainLoop *host = g_main_loop_new(NULL, FALSE);

    (void)g_timeout_add(ms, quit_host, host);
    g_main_loop_run(host);
    g_main_loop_unref(host);
}

static void end_guest(struct fixture *f, int expected)
{
    assert_int_equal(il_g_end(f->loop, IL_SEC(5)), expected);
    f->loop = NULL;
    assert_null(il_loop_current());
}

static void test_end_after_the_host_ends_every_task(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();

    assert_int_equal(il_spawn(NULL, sleep_forever, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, wait_for_poke, sender, NULL), 0);
    assert_int_equal(il_spawn(NULL, clean_up_slowly, NULL, NULL), 0);
    run_host_for(10);
    assert_int_equal(il_spawn_lazy(NULL, never, NULL, NULL), 0);
    end_guest(f, 0);
    assert_non_null(strstr(noted(), "slept"));
    assert_non_null(strstr(noted(), "waited"));
    assert_non_null(strstr(noted(), "clean"));
    g_object_unref(sender);
}

static void test_end_before_the_host_leaves_it_usable(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, sleep_forever, NULL, NULL), 0);
    end_guest(f, 0);
    run_host_for(5);
    assert_string_equal(noted(), "slept");
}

static void test_end_fails_waits_for_signals_even_in_a_shield(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();

    assert_int_equal(il_spawn(NULL, wait_shielded, sender, NULL), 0);
    run_host_for(5);
    end_guest(f, 0);
    assert_string_equal(noted(), "shielded");
    g_object_unref(sender);
}

static int wait_shielded_already(void *arg)
{
    int r = 1;

    IL_SHIELD (IL_SEC(60), &r) {
        r = il_g_wait_signal(arg, "poked", IL_FOREVER, NULL);
    }
    CHECK_INT(r, -ESHUTDOWN);
    note("told");
    return 0;
}

/* This one waits since before the end. */
static void test_end_wakes_shielded_waits_for_signals(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();

    assert_int_equal(il_spawn(NULL, wait_shielded_already, sender, NULL), 0);
    run_host_for(5);
    end_guest(f, 0);
    assert_string_equal(noted(), "told");
    g_object_unref(sender);
}

static void test_end_disconnects_and_cancels_slots(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();
    TestSender *receiver = test_sender_new();
    gulong id = il_g_connect(sender, "poked", slot, receiver, IL_G_PARALLEL);

    assert_true(id != 0);
    test_sender_poke(sender, 5, "x");
    run_host_for(5);
    end_guest(f, 0);
    assert_string_equal(noted(), "slot");
    assert_false(g_signal_handler_is_connected(sender, id));
    test_sender_poke(sender, 6, "x");
    assert_string_equal(noted(), "slot");
    g_object_unref(sender);
    g_object_unref(receiver);
}

/* --- Operations under way ------------------------------------------------- */

static int load_file(void *arg)
{
    g_autoptr(GFile) file = g_file_new_for_path("/proc/self/status");
    g_autofree char *contents = NULL;
    il_g_call call = IL_G_CALL_INIT;
    int r;

    (void)arg;
    g_file_load_contents_async(file, il_g_call_cancellable(&call),
                               il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    CHECK(r == 0 || r == -ECANCELED);
    if (r == 0)
        (void)g_file_load_contents_finish(file, call.result, &contents, NULL,
                                          NULL, NULL);
    il_g_call_clear(&call);
    note("loaded");
    return r;
}

/* GIO calls back in the context although the application's loop has ended. */
static void test_end_waits_for_operations_under_way(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, load_file, NULL, NULL), 0);
    end_guest(f, 0);
    assert_string_equal(noted(), "loaded");
}

static int connect_to_nowhere(void *arg)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketConnection) connection = NULL;
    g_autoptr(GError) error = NULL;
    il_g_call call = IL_G_CALL_INIT;
    int r;

    g_socket_client_connect_to_host_async(
        client, arg, 1, il_g_call_cancellable(&call), il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0)
        connection =
            g_socket_client_connect_to_host_finish(client, call.result, &error);
    il_g_call_clear(&call);
    note("gave up");
    return r < 0 ? r : 0;
}

static void test_end_cancels_operations_under_way(void **state)
{
    struct fixture *f = *state;
    il_time before = il_now();

    /* A documentation address: nobody answers. */
    assert_int_equal(
        il_spawn(NULL, connect_to_nowhere, TEXT("192.0.2.1"), NULL), 0);
    end_guest(f, 0);
    assert_string_equal(noted(), "gave up");
    assert_true(il_now() - before < IL_SEC(3));
}

/* --- The worst ------------------------------------------------------------ */

static int never_end(void *arg)
{
    int r = 1;

    (void)arg;
    IL_SHIELD (IL_SEC(600), &r) {
        r = il_sleep(IL_FOREVER);
    }
    return r;
}

static void test_end_abandons_what_will_not_end(void **state)
{
    struct fixture *f = *state;
    il_time before = il_now();

    assert_int_equal(il_spawn(NULL, never_end, NULL, NULL), 0);
    run_host_for(2);
    assert_int_equal(il_g_end(f->loop, IL_MS(50)), -ETIMEDOUT);
    f->loop = NULL;
    assert_true(il_now() - before < IL_SEC(2));
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
}

static void test_end_guests_may_follow_each_other(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 20; i++) {
        assert_int_equal(il_spawn(NULL, sleep_forever, NULL, NULL), 0);
        run_host_for(1);
        end_guest(f, 0);
        assert_int_equal(il_g_begin(NULL, &f->loop), 0);
        keep_reports(f, f->loop);
    }
}

/* --- Slots that are abandoned --------------------------------------------- */

static int never_end_slot(il_g_emission *e, void *receiver)
{
    (void)e;
    return never_end(receiver);
}

/* The last reference of a sender went after the loop of its abandoned slot,
 * and the cancellation was posted to that loop, which had been freed.  The slot
 * keeps both for ever, so the sender is one that nobody counts. */
static void let_go_after_the_end(struct fixture *f, bool with_another_guest)
{
    static GSimpleAction *senders[2]; /* reachable for leak checkers */
    GSimpleAction **sender = &senders[with_another_guest];

    *sender = g_simple_action_new("sender", NULL);
    assert_true(il_g_connect(*sender, "activate", never_end_slot, NULL,
                             IL_G_PARALLEL) != 0);
    g_signal_emit_by_name(*sender, "activate", NULL);
    assert_int_equal(il_g_end(f->loop, IL_MS(20)), -ETIMEDOUT);
    f->loop = NULL;
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    begin_checks(); /* the loop that is kept keeps a descriptor */
    if (with_another_guest) {
        assert_int_equal(il_g_begin(NULL, &f->loop), 0);
        keep_reports(f, f->loop);
    }
    g_object_unref(*sender);
    iterate_for(5);
}

static void test_end_sender_of_an_abandoned_slot_is_let_go(void **state)
{
    let_go_after_the_end(*state, false);
}

static void test_end_sender_of_an_abandoned_slot_and_another_guest(void **state)
{
    let_go_after_the_end(*state, true);
}

/* Ends in the last turn, when the grace is over. */
static int end_too_late(il_g_emission *e, void *receiver)
{
    int r = 1;
    il_time until;

    (void)e;
    (void)receiver;
    IL_SHIELD (IL_SEC(60), &r) {
        r = il_sleep(IL_MS(5));
    }
    until = il_now() + IL_MS(60);
    while (il_now() < until)
        ;
    note("ended");
    return r;
}

static void note_destroyed(gpointer data)
{
    note("%s", (const char *)data);
}

/* What cleans up after the slot is a post, and those were dropped when another
 * task was stuck: the sender leaked, with a toggle into freed memory. */
static void test_end_slot_ending_last_is_cleaned_up(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();

    assert_true(il_g_connect_data(sender, "poked", end_too_late,
                                  TEXT("destroyed"), note_destroyed,
                                  IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "x");
    assert_int_equal(il_spawn(NULL, never_end, NULL, NULL), 0);
    assert_int_equal(il_g_end(f->loop, IL_MS(30)), -ETIMEDOUT);
    f->loop = NULL;
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    assert_string_equal(noted(), "ended destroyed");
    assert_int_equal(G_OBJECT(sender)->ref_count, 1);
    g_object_unref(sender);
}

/* --- Other ways out ------------------------------------------------------- */

static int push_context(void *arg)
{
    GMainContext *context = arg;

    g_main_context_push_thread_default(context);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK(g_main_context_get_thread_default() == context);
    g_main_context_pop_thread_default(context);
    note("popped");
    return -ECANCELED;
}

/* The host was detached first, so nobody gave the context back to the task. */
static void test_end_gives_tasks_their_thread_default_context(void **state)
{
    struct fixture *f = *state;
    GMainContext *context = g_main_context_new();

    assert_int_equal(il_spawn(NULL, push_context, context, NULL), 0);
    run_host_for(2);
    assert_null(g_main_context_get_thread_default());
    end_guest(f, 0);
    assert_string_equal(noted(), "popped");
    assert_null(g_main_context_get_thread_default());
    g_main_context_unref(context);
}

static int stop_and_wait(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    il_loop_stop(il_loop_current());
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    note("cancelled");
    return -ECANCELED;
}

/* il_g_run() never returned: nobody told the context's loop to end. */
static void test_end_owner_mode_can_be_stopped(void **state)
{
    struct fixture *f = *state;

    end_guest(f, 0);
    assert_int_equal(il_g_run(NULL, stop_and_wait, NULL), -EINTR);
    assert_string_equal(noted(), "cancelled");
    assert_null(il_loop_current());
}

/* The bridge stayed behind: no guest could begin on this thread any more. */
static void test_end_by_closing_the_loop_makes_room_for_a_guest(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();
    gulong id = il_g_connect(sender, "poked", slot, NULL, IL_G_PARALLEL);

    test_sender_poke(sender, 5, "x");
    assert_int_equal(il_spawn(NULL, sleep_forever, NULL, NULL), 0);
    run_host_for(2);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(5)), 0);
    assert_string_equal(noted(), "slot slept");
    assert_false(g_signal_handler_is_connected(sender, id));
    f->loop = il_loop_unref(f->loop);
    run_host_for(2);

    assert_int_equal(il_g_begin(NULL, &f->loop), 0);
    keep_reports(f, f->loop);
    forget_notes();
    id = il_g_connect(sender, "poked", slot, NULL, IL_G_PARALLEL);
    assert_true(id != 0);
    test_sender_poke(sender, 5, "x");
    run_host_for(2);
    end_guest(f, 0);
    assert_string_equal(noted(), "slot");
    g_object_unref(sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_end_after_the_host_ends_every_task),
        GUEST_TEST(test_end_before_the_host_leaves_it_usable),
        GUEST_TEST(test_end_fails_waits_for_signals_even_in_a_shield),
        GUEST_TEST(test_end_wakes_shielded_waits_for_signals),
        GUEST_TEST(test_end_disconnects_and_cancels_slots),
        GUEST_TEST(test_end_waits_for_operations_under_way),
        GUEST_TEST(test_end_cancels_operations_under_way),
        GUEST_TEST(test_end_abandons_what_will_not_end),
        GUEST_TEST(test_end_guests_may_follow_each_other),
        GUEST_TEST(test_end_sender_of_an_abandoned_slot_is_let_go),
        GUEST_TEST(test_end_sender_of_an_abandoned_slot_and_another_guest),
        GUEST_TEST(test_end_slot_ending_last_is_cleaned_up),
        GUEST_TEST(test_end_gives_tasks_their_thread_default_context),
        GUEST_TEST(test_end_owner_mode_can_be_stopped),
        GUEST_TEST(test_end_by_closing_the_loop_makes_room_for_a_guest),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
