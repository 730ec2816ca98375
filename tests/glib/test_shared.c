/* SPDX-License-Identifier: MIT */

/* test_shared.c - one object, several loops in several threads. */

#include "config.h"

#include "guest_fixture.h"

#include <dlfcn.h>
#include <errno.h>

static int n_rounds; /* in each thread */

struct side {
    TestSender *sender;
    GThread *thread;
    int r;
    unsigned n_slots;
    bool cancelled;
};

static int wait_a_turn(il_g_emission *e, void *side)
{
    int r = il_yield();

    (void)e;
    ((struct side *)side)->n_slots++;
    return r;
}

static int wait_for_ever(il_g_emission *e, void *data)
{
    struct side *side = data;
    int r = il_sleep(IL_FOREVER);

    (void)e;
    side->cancelled = r == -ECANCELED;
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
        for (int i = 0; i < n_rounds; i++) {
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
    n_rounds = runs_slowly() ? 2000 : MANY(20000);
    for (int i = 0; i < 2; i++)
        sides[i].thread = g_thread_new("side", poke_and_listen, &sides[i]);
    for (int i = 0; i < 2; i++)
        (void)g_thread_join(sides[i].thread);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sides[i].r, 0);
        assert_true(sides[i].n_slots >= (unsigned)n_rounds);
    }
    assert_int_equal(G_OBJECT(sender)->ref_count, 1);
    g_object_unref(sender);
}

typedef void add_toggle_ref_fn(GObject *, GToggleNotify, gpointer);

static add_toggle_ref_fn *add_toggle_ref; /* GObject's */
/* What the bridge added last in this thread. */
static __thread GToggleNotify added;
static __thread gpointer added_data;

/* The bridge calls this one. */
__attribute__((visibility("default"))) void
g_object_add_toggle_ref(GObject *object, GToggleNotify notify, gpointer data)
{
    added = notify;
    added_data = data;
    add_toggle_ref(object, notify, data);
}

/* A thread that took the second reference before the bridge added its toggle
 * reference looks for such only now: nothing can stop it between these two, so
 * this does what it would do. */
static void tell_late(TestSender *sender)
{
    assert_non_null(added);
    added(added_data, G_OBJECT(sender), FALSE);
    added = NULL;
}

/* It was taken for one who had let go of the object and would tell so: for
 * ever, and with two references. */
static void test_shared_sender_is_let_go_though_another_was_late(void **state)
{
    TestSender *sender = test_sender_new();
    struct side side = { .sender = sender };
    gulong id = il_g_connect_data(sender, "poked", wait_a_turn, &side, NULL,
                                  IL_G_PARALLEL);

    (void)state;
    test_sender_poke(sender, 1, NULL);
    assert_int_equal(side.n_slots, 0); /* it is kept */
    tell_late(sender);
    iterate_for(1);
    assert_int_equal(side.n_slots, 1);
    assert_int_equal(G_OBJECT(sender)->ref_count, 1);
    il_g_disconnect(sender, id);
    g_object_unref(sender);
}

/* Such a thread does not hide those who let go later. */
static void test_shared_slot_is_cancelled_though_another_was_late(void **state)
{
    TestSender *sender = test_sender_new();
    struct side side = { .sender = sender };

    (void)state;
    assert_true(il_g_connect_data(sender, "poked", wait_for_ever, &side, NULL,
                                  IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, NULL);
    tell_late(sender);
    g_object_unref(sender);
    assert_true(iterate_until(&side.cancelled, 5000));
    iterate_for(1); /* the teardown counts senders */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_shared_sender_is_kept_by_loops_of_two_threads),
        GUEST_TEST(test_shared_sender_is_let_go_though_another_was_late),
        GUEST_TEST(test_shared_slot_is_cancelled_though_another_was_late),
    };

    add_toggle_ref = (add_toggle_ref_fn *)(uintptr_t)dlsym(
        RTLD_NEXT, "g_object_add_toggle_ref");
    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
