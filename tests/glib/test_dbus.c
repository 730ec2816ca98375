/* SPDX-License-Identifier: MIT */

/* test_dbus.c - D-Bus: methods that are tasks, tasks that call and listen. */

#include "bus_fixture.h"

#include <errno.h>

enum { MANY_STEPS = 16 };

/* --- Methods that are tasks ----------------------------------------------- */

static void test_dbus_method_answers_when_its_task_has_ended(void **state)
{
    static struct caller c;

    (void)state;
    c = caller_of("Boil", 5);
    assert_int_equal(il_spawn(NULL, ask, &c, NULL), 0);
    assert_true(iterate_until(&c.over, SECONDS(20)));
    assert_int_equal(c.wait, 0);
    assert_null(c.error);
    assert_int_equal(c.got, 5);
    assert_int_equal(bus.n_answered, 1);
}

static int ask_three(void *arg)
{
    struct caller *c = arg;
    il_call calls[] = { { ask, &c[0], 0 },
                        { ask, &c[1], 0 },
                        { ask, &c[2], 0 } };

    CHECK_INT(il_gather(calls, 3), 0);
    note("all");
    c[3].over = true;
    return 0;
}

static void test_dbus_methods_overlap(void **state)
{
    static struct caller c[4];

    (void)state;
    c[0] = caller_of("Boil", 200);
    c[1] = caller_of("Boil", 100);
    c[2] = caller_of("Echo", 1);
    c[3].over = false;
    assert_int_equal(il_spawn(NULL, ask_three, c, NULL), 0);
    assert_true(iterate_until(&c[3].over, SECONDS(20)));
    assert_string_equal(noted(), "1 100 200 all");
}

/* --- Callers that give up ------------------------------------------------- */

static int ask_with_limit(void *arg)
{
    struct caller *c = arg;
    int r = 0;

    IL_TIMEOUT (c->limit, &r) {
        r = ask(c);
    }
    return r;
}

static void test_dbus_time_limit_gives_up_the_call(void **state)
{
    static struct caller c;
    il_task *task;

    (void)state;
    c = caller_of("Boil", 60);
    c.limit = IL_MS(10);
    assert_int_equal(il_spawn(NULL, ask_with_limit, &c, &task), 0);
    assert_true(iterate_until(&c.over, SECONDS(20)));
    assert_int_equal(c.wait, -ECANCELED);
    iterate_for(100); /* the answer comes, and nobody waits */
    assert_int_equal(reap(task), -ETIMEDOUT);
    assert_int_equal(bus.n_answered, bus.n_begun);
}

/* A call of a method that is not there for D-Bus's own reasons. */
static void test_dbus_error_of_the_bus_is_for_finish(void **state)
{
    static struct caller c;

    (void)state;
    c = caller_of("Burn", 1);
    assert_int_equal(il_spawn(NULL, ask, &c, NULL), 0);
    assert_true(iterate_until(&c.over, SECONDS(20)));
    assert_int_equal(c.wait, 0);
    assert_string_equal(c.error, "org.freedesktop.DBus.Error.UnknownMethod");
    g_clear_pointer(&c.error, g_free);
}

/* However far the call has come: the task ends at once, with or without. */
static void test_dbus_caller_cancelled_at_every_step(void **state)
{
    static struct caller c;

    (void)state;
    for (int steps = 0; steps < MANY_STEPS; steps++) {
        il_task *task;
        int r;

        c = caller_of(steps % 2 ? "Echo" : "Boil", 3);
        assert_int_equal(il_spawn(NULL, ask, &c, &task), 0);
        for (int i = 0; i < steps && !c.over; i++)
            (void)g_main_context_iteration(NULL, TRUE);
        (void)il_task_cancel(task);
        assert_true(iterate_until(&c.over, SECONDS(20)));
        iterate_for(1);
        r = reap(task);
        assert_int_equal(r, c.wait);
        assert_true(r == 0 ? c.got == 3 : r == -ECANCELED);
        assert_null(c.error);
    }
    iterate_for(20); /* the answers that nobody waits for */
}

/* --- Signals -------------------------------------------------------------- */

static void emit(const char *name, guint n)
{
    assert_true(g_dbus_connection_emit_signal(bus.server, NULL, KETTLE_PATH,
                                              KETTLE_INTERFACE, name,
                                              g_variant_new("(u)", n), NULL));
}

static void test_dbus_signal_is_waited_for_by_its_name(void **state)
{
    static struct listener l;

    (void)state;
    l = (struct listener){ new_proxy(), "g-signal::Boiled", IL_SEC(20), 1, 0,
                           false };
    assert_int_equal(il_spawn(NULL, hear, &l, NULL), 0);
    emit("Burnt", 1);
    iterate_for(20);
    assert_false(l.over);
    emit("Boiled", 2);
    emit("Boiled", 3);
    assert_true(iterate_until(&l.over, SECONDS(20)));
    assert_int_equal(l.wait, 0);
    assert_int_equal(l.got, 2);
    g_object_unref(l.sender);
}

static void test_dbus_proxy_let_go_while_waited_for(void **state)
{
    static struct listener l;

    (void)state;
    l = (struct listener){ new_proxy(), "g-signal::Boiled", IL_FOREVER, 1, 0,
                           false };
    assert_int_equal(il_spawn(NULL, hear, &l, NULL), 0);
    iterate_for(5);
    g_object_unref(l.sender);
    assert_true(iterate_until(&l.over, SECONDS(20)));
    assert_int_equal(l.wait, -EOWNERDEAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BUS_TEST(test_dbus_method_answers_when_its_task_has_ended),
        BUS_TEST(test_dbus_methods_overlap),
        BUS_TEST(test_dbus_time_limit_gives_up_the_call),
        BUS_TEST(test_dbus_error_of_the_bus_is_for_finish),
        BUS_TEST(test_dbus_caller_cancelled_at_every_step),
        BUS_TEST(test_dbus_signal_is_waited_for_by_its_name),
        BUS_TEST(test_dbus_proxy_let_go_while_waited_for),
    };

    return have_bus() ? cmocka_run_group_tests(tests, bus_group_setup, NULL)
                      : 0;
}
