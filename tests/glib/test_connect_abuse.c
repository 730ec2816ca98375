/* SPDX-License-Identifier: MIT */

/* test_connect_abuse.c - slots that feed themselves, objects that strike back
 * when they are dropped, and threads that let go at the worst moment. */

#include "guest_fixture.h"

/* --- a queue that feeds itself -------------------------------------------------- */

enum { FAR_TOO_MANY = 100000 };

static struct {
    unsigned n_started;
    bool stop;
} feeding;

static int poke_again(il_g_emission *e, void *receiver)
{
    (void)receiver;
    feeding.n_started++;
    if (!feeding.stop && feeding.n_started < FAR_TOO_MANY)
        test_sender_poke(il_g_emission_get_sender(e), 1, "again");
    return 0;
}

static gboolean stop_feeding(gpointer data)
{
    (void)data;
    feeding.stop = true;
    return G_SOURCE_REMOVE;
}

/* Each queued slot runs in a turn of its own, so the host is not starved. */
static void feed(unsigned policy)
{
    TestSender *sender = test_sender_new();

    feeding.n_started = 0;
    feeding.stop = false;
    assert_true(il_g_connect(sender, "poked", poke_again, NULL, policy) != 0);
    test_sender_poke(sender, 1, "first");
    (void)g_timeout_add(1, stop_feeding, NULL);
    assert_true(iterate_until(&feeding.stop, 10000));
    assert_true(feeding.n_started < FAR_TOO_MANY);
    g_object_unref(sender);
}

static void
test_connect_abuse_queue_that_feeds_itself_starves_nobody(void **state)
{
    (void)state;
    feed(IL_G_QUEUE);
    feed(IL_G_RESTART);
}

/* --- what is superseded, and strikes back --------------------------------------- */

static struct {
    struct fixture *f;
    TestSender *sender;
    gulong id;
    void (*strike)(void);
    bool struck;
} back;

static int note_start(il_g_emission *e, void *receiver)
{
    (void)e;
    (void)receiver;
    note("+");
    CHECK(!back.struck);
    return il_sleep(IL_MS(1));
}

static void strike_back(gpointer data, GObject *object)
{
    (void)data;
    (void)object;
    back.strike();
    back.struck = true;
}

/* The second emission has the only reference to what it passes. */
static void supersede(struct fixture *f, void (*strike)(void))
{
    TestSender *thing = test_sender_new();

    back.f = f;
    back.sender = test_sender_new();
    back.strike = strike;
    back.struck = false;
    back.id =
        il_g_connect(back.sender, "passed", note_start, NULL, IL_G_RESTART);
    g_signal_emit_by_name(back.sender, "passed", NULL);
    g_signal_emit_by_name(back.sender, "passed", thing);
    g_object_weak_ref(G_OBJECT(thing), strike_back, NULL);
    g_object_unref(thing);
    assert_false(back.struck);
    g_signal_emit_by_name(back.sender, "passed", NULL);
    assert_true(back.struck);
    iterate_for(10);
    expect_notes("+");
    g_object_unref(back.sender);
}

static void disconnect(void)
{
    il_g_disconnect(back.sender, back.id);
}

static void test_connect_abuse_superseded_argument_may_disconnect(void **state)
{
    supersede(*state, disconnect);
}

static void end_loop(void)
{
    CHECK_INT(il_g_end(back.f->loop, IL_SEC(5)), 0);
    back.f->loop = NULL;
}

static void
test_connect_abuse_superseded_argument_may_end_the_loop(void **state)
{
    supersede(*state, end_loop);
}

/* --- threads -------------------------------------------------------------------- */

static int sleep_a_moment(il_g_emission *e, void *receiver)
{
    (void)e;
    (void)receiver;
    return il_sleep(IL_US(g_random_int_range(0, 200)));
}

/* Drops what comes, until the queue itself does. */
static gpointer drop_what_comes(gpointer queue)
{
    gpointer object;

    while ((object = g_async_queue_pop(queue)) != queue) {
        for (int i = g_random_int_range(0, 3000); i > 0; i--)
            __asm__ volatile("");
        g_object_unref(object);
    }
    return NULL;
}

/* The slot's end lets go of the object while another thread is told that the
 * slot is the last to hold it. */
static void
test_connect_abuse_last_reference_goes_as_the_slot_ends(void **state)
{
    GAsyncQueue *queue = g_async_queue_new();
    GThread *dropper = g_thread_new("dropper", drop_what_comes, queue);

    (void)state;
    for (int i = 0; i < 8000; i++) {
        TestSender *sender = test_sender_new();
        TestSender *receiver = test_sender_new();

        assert_true(il_g_connect(sender, "poked", sleep_a_moment, receiver,
                                 IL_G_PARALLEL) != 0);
        test_sender_poke(sender, 1, "x");
        g_async_queue_push(queue, sender);
        g_async_queue_push(queue, receiver);
        while (i % 4 == 0 && g_main_context_iteration(NULL, FALSE))
            ;
    }
    g_async_queue_push(queue, queue);
    g_thread_join(dropper);
    for (int i = 0; i < 100 && test_sender_count() > 0; i++)
        iterate_for(5);
    assert_int_equal(test_sender_count(), 0);
    g_async_queue_unref(queue);
}

/* A guest in a thread of its own, which emits and hears. */
static gpointer live_in_thread(gpointer sender)
{
    GMainContext *context = g_main_context_new();
    il_loop *loop = NULL;

    g_main_context_push_thread_default(context);
    CHECK_INT(il_g_begin(context, &loop), 0);
    CHECK(il_g_connect(sender, "poked", sleep_a_moment, NULL, IL_G_PARALLEL) !=
          0);
    for (int i = 0; i < 500; i++) {
        test_sender_poke(sender, i, "x");
        (void)g_main_context_iteration(context, FALSE);
    }
    CHECK_INT(il_g_end(loop, IL_SEC(5)), 0);
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
    return NULL;
}

static void test_connect_abuse_two_loops_share_a_sender(void **state)
{
    TestSender *sender = test_sender_new();
    GThread *threads[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        threads[i] = g_thread_new("guest", live_in_thread, sender);
    for (int i = 0; i < 2; i++)
        g_thread_join(threads[i]);
    g_object_unref(sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_connect_abuse_queue_that_feeds_itself_starves_nobody),
        GUEST_TEST(test_connect_abuse_superseded_argument_may_disconnect),
        GUEST_TEST(test_connect_abuse_superseded_argument_may_end_the_loop),
        GUEST_TEST(test_connect_abuse_last_reference_goes_as_the_slot_ends),
        GUEST_TEST(test_connect_abuse_two_loops_share_a_sender),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
