/* SPDX-License-Identifier: MIT */

/* test_dbus_loss.c - D-Bus: the bus dies, or the loop ends, and somebody waits. */

#include "bus_fixture.h"

#include <errno.h>

/* --- The bus dies --------------------------------------------------------- */

static void test_dbus_loss_bus_dies_while_a_reply_is_waited_for(void **state)
{
    static struct caller c;

    (void)state;
    c = caller_of("Boil", 60000);
    assert_int_equal(il_spawn(NULL, ask, &c, NULL), 0);
    while (bus.n_begun == 0)
        (void)g_main_context_iteration(NULL, TRUE);
    let_the_bus_die();
    assert_true(iterate_until(&c.over, SECONDS(20)));
    assert_int_equal(c.wait, 0);
    assert_non_null(c.error);
    g_clear_pointer(&c.error, g_free);
    assert_int_equal(bus.n_answered, 0); /* the teardown cancels the method */
}

/* The proxy lives on, silent; the connection tells. */
static void test_dbus_loss_bus_dies_while_a_signal_is_waited_for(void **state)
{
    static struct listener l, closed;

    (void)state;
    l = (struct listener){ new_proxy(), "g-signal::Boiled", IL_MS(300), 1, 0,
                           false };
    closed = (struct listener){ bus.client, "closed", IL_SEC(20), 1, 0, false };
    assert_int_equal(il_spawn(NULL, hear, &l, NULL), 0);
    assert_int_equal(il_spawn(NULL, hear, &closed, NULL), 0);
    iterate_for(5);
    let_the_bus_die();
    assert_true(iterate_until(&closed.over, SECONDS(20)));
    assert_int_equal(closed.wait, 0);
    assert_true(iterate_until(&l.over, SECONDS(20)));
    assert_int_equal(l.wait, -ETIMEDOUT);
    g_object_unref(l.sender);
}

static void test_dbus_loss_call_after_the_bus_has_died(void **state)
{
    static struct caller c;

    (void)state;
    let_the_bus_die();
    c = caller_of("Boil", 1);
    assert_int_equal(il_spawn(NULL, ask, &c, NULL), 0);
    assert_true(iterate_until(&c.over, SECONDS(20)));
    assert_int_equal(c.wait, 0);
    assert_non_null(c.error);
    g_clear_pointer(&c.error, g_free);
}

/* The method's task was asked by a bus that is gone when it answers. */
static void test_dbus_loss_bus_dies_while_a_method_runs(void **state)
{
    static struct caller c;

    (void)state;
    c = caller_of("Boil", 100);
    assert_int_equal(il_spawn(NULL, ask, &c, NULL), 0);
    while (bus.n_begun == 0)
        (void)g_main_context_iteration(NULL, TRUE);
    let_the_bus_die();
    assert_true(iterate_until(&c.over, SECONDS(20)));
    g_clear_pointer(&c.error, g_free);
    for (int i = 0; i < 2000 && bus.n_answered == 0; i++)
        iterate_for(1);
    assert_int_equal(bus.n_answered, 1);
}

/* --- The loop ends -------------------------------------------------------- */

static void test_dbus_loss_end_of_the_loop_during_a_call(void **state)
{
    static struct caller c;

    c = caller_of("Boil", 60000);
    assert_int_equal(il_spawn(NULL, ask, &c, NULL), 0);
    while (bus.n_begun == 0)
        (void)g_main_context_iteration(NULL, TRUE);
    end_guest(*state);
    assert_true(c.over);
    assert_int_equal(c.wait, -ECANCELED);
    assert_int_equal(bus.n_answered, 0);
}

static void test_dbus_loss_end_of_the_loop_right_after_the_call(void **state)
{
    static struct caller c;

    c = caller_of("Boil", 60000);
    assert_int_equal(il_spawn(NULL, ask, &c, NULL), 0);
    end_guest(*state);
    assert_true(c.over);
    assert_int_equal(c.wait, -ECANCELED);
}

static int say_goodbye(void *arg)
{
    int clean = 0;
    int r = il_sleep(IL_FOREVER);

    IL_SHIELD (IL_SEC(20), &clean) {
        clean = ask(arg);
    }
    CHECK_INT(clean, 0);
    return r;
}

/* Clean-up that calls: the context is iterated for it. */
static void test_dbus_loss_call_while_the_loop_ends(void **state)
{
    static struct caller c;

    c = caller_of("Echo", 7);
    assert_int_equal(il_spawn(NULL, say_goodbye, &c, NULL), 0);
    iterate_for(2);
    end_guest(*state);
    assert_true(c.over);
    assert_int_equal(c.got, 7);
}

static void keep_reply(GObject *source, GAsyncResult *result, gpointer data)
{
    struct caller *c = data;
    g_autoptr(GError) error = NULL;

    assert_null(g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result,
                                              &error));
    c->error = g_dbus_error_get_remote_error(error);
    c->over = true;
}

/* The object is still exported, but nobody runs its tasks any more. */
static void test_dbus_loss_method_called_after_the_end_is_refused(void **state)
{
    static struct caller c;

    c = caller_of("Boil", 1);
    end_guest(*state);
    g_dbus_connection_call(
        bus.client, g_dbus_connection_get_unique_name(bus.server), KETTLE_PATH,
        KETTLE_INTERFACE, "Boil", g_variant_new("(u)", c.ms), NULL,
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, keep_reply, &c);
    assert_true(iterate_until(&c.over, SECONDS(20)));
    assert_int_equal(bus.n_begun, 0);
    assert_non_null(c.error);
    g_clear_pointer(&c.error, g_free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUS_TEST(test_dbus_loss_bus_dies_while_a_reply_is_waited_for),
        BUS_TEST(test_dbus_loss_bus_dies_while_a_signal_is_waited_for),
        BUS_TEST(test_dbus_loss_call_after_the_bus_has_died),
        BUS_TEST(test_dbus_loss_bus_dies_while_a_method_runs),
        BUS_TEST(test_dbus_loss_end_of_the_loop_during_a_call),
        BUS_TEST(test_dbus_loss_end_of_the_loop_right_after_the_call),
        BUS_TEST(test_dbus_loss_call_while_the_loop_ends),
        BUS_TEST(test_dbus_loss_method_called_after_the_end_is_refused),
    };

    return have_bus() ? cmocka_run_group_tests(tests, bus_group_setup, NULL)
                      : 0;
}
