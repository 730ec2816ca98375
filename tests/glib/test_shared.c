/* SPDX-License-Identifier: MIT */

/* test_shared.c - one object, several loops in several threads. */

#include "guest_fixture.h"

#define ROUNDS 20000

struct side {
    TestSender *sender;
    GThread *thread;
    int r;
    unsigned n_slots;
};

static int wait_a_turn(il_g_emission *e, void *side)
{
    int r = il_yield();

    (void)e;
    ((struct side *)side)->n_slots++;
    return r;
}

static gpointer poke_and_listen(gpointer data)
{
    struct side *side = data;
    GMainContext *context = g_main_context_new();
    il_loop *loop;
    gulong id;

    side->r = il_g_begin(context, &loop);
    if (side->r == 0) {
        id = il_g_connect_data(side->sender, "poked", wait_a_turn, side, NULL,
                               IL_G_PARALLEL);
        for (int i = 0; i < ROUNDS; i++) {
            test_sender_poke(side->sender, i, NULL);
            while (g_main_context_iteration(context, FALSE))
                continue;
        }
        il_g_disconnect(side->sender, id);
        side->r = il_g_end(loop, IL_SEC(5));
    }
    g_main_context_unref(context);
    return NULL;
}

/* Slots of both keep it in memory, and each thread begins and ends to do so
 * at any time.  The record of that was freed while the other used it. */
static void test_shared_sender_is_kept_by_loops_of_two_threads(void **state)
{
    TestSender *sender = test_sender_new();
    struct side sides[2] = { { .sender = sender }, { .sender = sender } };

    (void)state;
    for (int i = 0; i < 2; i++)
        sides[i].thread = g_thread_new("side", poke_and_listen, &sides[i]);
    for (int i = 0; i < 2; i++)
        (void)g_thread_join(sides[i].thread);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sides[i].r, 0);
        assert_true(sides[i].n_slots >= ROUNDS);
    }
    assert_int_equal(G_OBJECT(sender)->ref_count, 1);
    g_object_unref(sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_shared_sender_is_kept_by_loops_of_two_threads),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
