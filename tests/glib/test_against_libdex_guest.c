/* SPDX-License-Identifier: MIT */

/* test_against_libdex_guest.c - what doc/compare.md says of us beside libdex,
 * where GLib takes part; the rest is in ../test_against_libdex.c. */

#include "guest_fixture.h"

#include <alloca.h>
#include <errno.h>
#include <string.h>

/* --- Timers ----------------------------------------------------------------- */

static unsigned n_awake;

static int sleep_a_little(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_MS(20)), 0);
    n_awake++;
    return 0;
}

static gboolean never(gpointer data)
{
    (void)data;
    return G_SOURCE_REMOVE;
}

/* A context numbers the sources that are attached to it. */
static guint number_of_next_source(void)
{
    guint id = g_timeout_add_seconds(3600, never, NULL);

    (void)g_source_remove(id);
    return id;
}

static gint count_polled(void)
{
    GMainContext *context = g_main_context_default();
    GPollFD fds[32];
    gint priority = 0;
    gint timeout = 0;
    gint n;

    assert_true(g_main_context_acquire(context));
    (void)g_main_context_prepare(context, &priority);
    n = g_main_context_query(context, priority, &timeout, fds, 32);
    g_main_context_release(context);
    return n;
}

/* There each timeout is a source, and each turn walks all of them. */
static void
test_against_libdex_guest_ten_thousand_sleepers_are_one_source(void **state)
{
    guint before = number_of_next_source();
    gint polled = count_polled();

    (void)state;
    n_awake = 0;
    for (int i = 0; i < MANY(10000); i++)
        assert_int_equal(il_spawn(NULL, sleep_a_little, NULL, NULL), 0);
    assert_int_equal(number_of_next_source(), before + 1);
    assert_int_equal(count_polled(), polled);
    for (int i = 0; i < 500 && n_awake < MANY(10000); i++)
        iterate_for(10);
    assert_int_equal(n_awake, MANY(10000));
}

/* --- Stacks ------------------------------------------------------------------ */

static int use_four_megabytes(il_g_emission *e, void *receiver)
{
    size_t size = (size_t)4 << 20;
    char *space = alloca(size);

    (void)e;
    (void)receiver;
    memset(space, 'x', size);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    CHECK_INT(space[0], 'x');
    CHECK_INT(space[size - 1], 'x');
    note("room");
    return 0;
}

/* There a stack is 128 KiB, and its manual warns of drivers and renderers. */
static void test_against_libdex_guest_slot_has_room_for_a_toolkit(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "poked", use_four_megabytes, NULL,
                             IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "x");
    for (int i = 0; i < 200 && !*noted(); i++)
        iterate_for(5);
    expect_notes("room");
    g_object_unref(sender);
}

/* --- Waiting anywhere --------------------------------------------------------- */

static void wait_in_handler(TestSender *sender, int number, const char *text,
                            gpointer data)
{
    (void)sender;
    (void)text;
    (void)data;
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    note("handled%d", number);
}

static void wait_for_each(gpointer item, gpointer data)
{
    test_sender_poke(data, GPOINTER_TO_INT(item), "x");
}

static int emit_for_each(void *arg)
{
    GSList *list = NULL;

    for (int i = 3; i > 0; i--)
        list = g_slist_prepend(list, GINT_TO_POINTER(i));
    g_slist_foreach(list, wait_for_each, arg);
    g_slist_free(list);
    note("over");
    return 0;
}

/* There, waiting in the callback of a foreign function is undefined.  Here it
 * is refused only under a dispatch of the host. */
static void
test_against_libdex_guest_handlers_of_a_tasks_emission_may_wait(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    (void)g_signal_connect(sender, "poked", G_CALLBACK(wait_in_handler), NULL);
    assert_int_equal(il_spawn(NULL, emit_for_each, sender, NULL), 0);
    for (int i = 0; i < 200 && !strstr(noted(), "over"); i++)
        iterate_for(5);
    expect_notes("handled1 handled2 handled3 over");
    g_object_unref(sender);
}

/* --- Idle sources -------------------------------------------------------------- */

static bool over;
static unsigned n_yields, n_idle;

static int yield_till_over(void *arg)
{
    (void)arg;
    while (!over && il_yield() == 0)
        n_yields++;
    return 0;
}

static gboolean count_idle(gpointer data)
{
    (void)data;
    n_idle++;
    return G_SOURCE_CONTINUE;
}

/* There: not one dispatch of the idle source in 100 ms. */
static void
test_against_libdex_guest_busy_task_leaves_idle_sources_running(void **state)
{
    guint idle = g_idle_add(count_idle, NULL);

    (void)state;
    over = false;
    n_yields = n_idle = 0;
    assert_int_equal(il_spawn(NULL, yield_till_over, NULL, NULL), 0);
    iterate_for(100);
    assert_true(n_idle >= 5);
    assert_true(n_yields >= 1000);
    over = true;
    assert_true(g_source_remove(idle));
    iterate_for(5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(
            test_against_libdex_guest_ten_thousand_sleepers_are_one_source),
        GUEST_TEST(test_against_libdex_guest_slot_has_room_for_a_toolkit),
        GUEST_TEST(
            test_against_libdex_guest_handlers_of_a_tasks_emission_may_wait),
        GUEST_TEST(
            test_against_libdex_guest_busy_task_leaves_idle_sources_running),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
