/* SPDX-License-Identifier: MIT */

/* test_connect_abuse.c - slots that feed themselves, objects that strike back
 * when they are dropped, and threads that let go at the worst moment. */

#include "guest_fixture.h"

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
        GUEST_TEST(test_connect_abuse_last_reference_goes_as_the_slot_ends),
        GUEST_TEST(test_connect_abuse_two_loops_share_a_sender),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
