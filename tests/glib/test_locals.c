/* SPDX-License-Identifier: MIT */

/* test_locals.c - values of tasks in a guest: slots see what those saw who
 * connected them; and what is always ready takes turns. */

#include "guest_fixture.h"

#include <errno.h>
#include <string.h>

static const il_local user = IL_LOCAL_INIT("nobody", NULL);

static void set_user(const char *name)
{
    CHECK_INT(il_local_set(&user, (void *)(uintptr_t)name), 0);
}

static int note_user(il_g_emission *e, void *receiver)
{
    (void)e;
    (void)receiver;
    note("%s", (const char *)il_local_get(&user));
    set_user("slot's");
    CHECK_INT(il_yield(), 0);
    note("%s", (const char *)il_local_get(&user));
    return 0;
}

static int connect_it(void *sender)
{
    set_user("ann");
    CHECK(il_g_connect(sender, "poked", note_user, NULL, IL_G_QUEUE) != 0);
    set_user("later");
    return 0;
}

static int poke_it(void *sender)
{
    set_user("emitter");
    test_sender_poke(sender, 1, "x");
    note("(%s)", (const char *)il_local_get(&user));
    return 0;
}

static void test_locals_slot_sees_what_who_connected_saw(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_int_equal(il_spawn(NULL, connect_it, sender, NULL), 0);
    test_sender_poke(sender, 1, "x"); /* by the host */
    expect_notes("ann slot's");
    forget_notes();
    assert_int_equal(il_spawn(NULL, poke_it, sender, NULL), 0); /* by a task */
    expect_notes("ann (emitter) slot's");
    g_object_unref(sender);
}

static void test_locals_slot_connected_by_nobody_sees_the_base(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "poked", note_user, NULL, IL_G_PARALLEL) !=
                0);
    assert_int_equal(il_spawn(NULL, poke_it, sender, NULL), 0);
    expect_notes("nobody (emitter) slot's");
    forget_notes();
    set_user("base");
    test_sender_poke(sender, 1, "x"); /* connected before that was set */
    expect_notes("nobody slot's");
    g_object_unref(sender);
}

static int n_destroyed;

static void count(void *value)
{
    (void)value;
    n_destroyed++;
}

static const il_local counted = IL_LOCAL_INIT(NULL, count);

static int connect_with_value(void *sender)
{
    CHECK_INT(il_local_set(&counted, &n_destroyed), 0);
    CHECK(il_g_connect(sender, "poked", note_user, NULL, IL_G_PARALLEL) != 0);
    return 0;
}

static void test_locals_connection_lets_values_go_when_it_ends(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    n_destroyed = 0;
    assert_int_equal(il_spawn(NULL, connect_with_value, sender, NULL), 0);
    iterate_for(2);
    assert_int_equal(n_destroyed, 0);
    g_object_unref(sender);
    iterate_for(2);
    assert_int_equal(n_destroyed, 1);
}

/* --- budget ------------------------------------------------------------------ */

struct busy {
    TestSender *sender;
    int n;
    int longest;
    bool over;
};

static int wait_for_what_holds(void *arg)
{
    struct busy *b = arg;

    for (int i = 0; i < 500; i++) {
        CHECK_INT(il_g_wait_property_int(b->sender, "level", 0, IL_FOREVER), 0);
        if (++b->n > b->longest)
            b->longest = b->n;
    }
    b->over = true;
    return 0;
}

static int be_another(void *arg)
{
    struct busy *b = arg;

    while (!b->over) {
        b->n = 0;
        CHECK_INT(il_yield(), 0);
    }
    return 0;
}

static void test_locals_property_that_holds_takes_turns(void **state)
{
    struct busy busy = { .sender = test_sender_new() };

    (void)state;
    assert_int_equal(il_spawn(NULL, be_another, &busy, NULL), 0);
    assert_int_equal(il_spawn(NULL, wait_for_what_holds, &busy, NULL), 0);
    assert_true(iterate_until(&busy.over, 5000));
    assert_true(busy.longest <= 66);
    iterate_for(2);
    g_object_unref(busy.sender);
}

static int poke_and_take(void *arg)
{
    struct busy *b = arg;
    il_g_stream *stream = NULL;

    CHECK_INT(il_g_stream_new(4, IL_G_DROP_OLDEST, &stream), 0);
    CHECK_INT(il_g_stream_add(stream, b->sender, "poked", NULL), 0);
    for (int i = 0; i < 500; i++) {
        il_g_emission *emission = NULL;

        test_sender_poke(b->sender, i, "x");
        CHECK_INT(il_g_stream_next(stream, IL_FOREVER, &emission), 0);
        (void)il_g_emission_free(emission);
        if (++b->n > b->longest)
            b->longest = b->n;
    }
    il_g_stream_free(stream);
    b->over = true;
    return 0;
}

static void test_locals_stream_that_is_never_empty_takes_turns(void **state)
{
    struct busy busy = { .sender = test_sender_new() };

    (void)state;
    assert_int_equal(il_spawn(NULL, be_another, &busy, NULL), 0);
    assert_int_equal(il_spawn(NULL, poke_and_take, &busy, NULL), 0);
    assert_true(iterate_until(&busy.over, 5000));
    assert_true(busy.longest <= 66);
    iterate_for(2);
    g_object_unref(busy.sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_locals_slot_sees_what_who_connected_saw),
        GUEST_TEST(test_locals_slot_connected_by_nobody_sees_the_base),
        GUEST_TEST(test_locals_connection_lets_values_go_when_it_ends),
        GUEST_TEST(test_locals_property_that_holds_takes_turns),
        GUEST_TEST(test_locals_stream_that_is_never_empty_takes_turns),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
