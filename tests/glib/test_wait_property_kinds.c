/* SPDX-License-Identifier: MIT */

/* test_wait_property_kinds.c - properties of every kind, and how they are asked
 * for. */

#include "guest_fixture.h"

#include <errno.h>

/* --- an object with a property of each kind ------------------------------------ */

#define TEST_TYPE_LAMP (test_lamp_get_type())
G_DECLARE_FINAL_TYPE(TestLamp, test_lamp, TEST, LAMP, GObject)

struct _TestLamp {
    GObject parent_instance;
    gboolean on;
    char *text;
    GApplicationFlags flags;
    guint64 big;
    GMainLoop *modal; /* run by the getter of "slow" */
};

G_DEFINE_TYPE(TestLamp, test_lamp, G_TYPE_OBJECT)

enum { ON = 1, TEXT_SHOWN, FLAGS, BIG, SLOW, SECRET };

static gboolean quit_modal(gpointer modal)
{
    g_main_loop_quit(modal);
    return G_SOURCE_REMOVE;
}

static void get_property(GObject *object, guint id, GValue *value,
                         GParamSpec *spec)
{
    TestLamp *lamp = TEST_LAMP(object);

    (void)spec;
    switch (id) {
    case ON:
        g_value_set_boolean(value, lamp->on);
        break;
    case TEXT_SHOWN:
        g_value_set_string(value, lamp->text);
        break;
    case FLAGS:
        g_value_set_flags(value, lamp->flags);
        break;
    case BIG:
        g_value_set_uint64(value, lamp->big);
        break;
    default:
        lamp->modal = g_main_loop_new(NULL, FALSE);
        (void)g_timeout_add(30, quit_modal, lamp->modal);
        g_main_loop_run(lamp->modal);
        g_main_loop_unref(lamp->modal);
        g_value_set_boolean(value, lamp->on);
    }
}

static void set_property(GObject *object, guint id, const GValue *value,
                         GParamSpec *spec)
{
    TestLamp *lamp = TEST_LAMP(object);

    (void)spec;
    switch (id) {
    case ON:
        lamp->on = g_value_get_boolean(value);
        break;
    case TEXT_SHOWN:
        g_free(lamp->text);
        lamp->text = g_value_dup_string(value);
        break;
    case FLAGS:
        lamp->flags = g_value_get_flags(value);
        break;
    case BIG:
        lamp->big = g_value_get_uint64(value);
        break;
    default:
        break;
    }
}

static void finalize(GObject *object)
{
    g_free(TEST_LAMP(object)->text);
    G_OBJECT_CLASS(test_lamp_parent_class)->finalize(object);
}

static void test_lamp_class_init(TestLampClass *class)
{
    GObjectClass *object_class = G_OBJECT_CLASS(class);
    const GParamFlags both = G_PARAM_READWRITE;

    object_class->get_property = get_property;
    object_class->set_property = set_property;
    object_class->finalize = finalize;
    g_object_class_install_property(
        object_class, ON,
        g_param_spec_boolean("is-on", NULL, NULL, FALSE, both));
    g_object_class_install_property(
        object_class, TEXT_SHOWN,
        g_param_spec_string("text", NULL, NULL, NULL, both));
    g_object_class_install_property(object_class, FLAGS,
                                    g_param_spec_flags("flags", NULL, NULL,
                                                       G_TYPE_APPLICATION_FLAGS,
                                                       0, both));
    g_object_class_install_property(
        object_class, BIG,
        g_param_spec_uint64("big", NULL, NULL, 0, G_MAXUINT64, 0, both));
    g_object_class_install_property(
        object_class, SLOW,
        g_param_spec_boolean("slow", NULL, NULL, FALSE, both));
    g_object_class_install_property(
        object_class, SECRET,
        g_param_spec_int("secret", NULL, NULL, 0, 1, 0, G_PARAM_WRITABLE));
}

static void test_lamp_init(TestLamp *lamp)
{
    (void)lamp;
}

/* --- a getter that takes its time ------------------------------------------------- */

static bool slow_over;

/* Its data may be gone by then. */
static bool asked_in_time(const GValue *value, gpointer data)
{
    CHECK(!slow_over);
    note("%s", (const char *)data);
    return g_value_get_boolean(value);
}

static int wait_slowly(void *lamp)
{
    char data[] = "asked";

    CHECK_INT(
        il_g_wait_property(lamp, "slow", IL_MS(5), asked_in_time, data, NULL),
        -ETIMEDOUT);
    slow_over = true;
    return 0;
}

/* The getter runs a nested main loop, in which the wait's time is up. */
static void test_wait_property_kinds_getter_outlives_the_wait(void **state)
{
    g_autoptr(TestLamp) lamp = g_object_new(TEST_TYPE_LAMP, NULL);

    (void)state;
    slow_over = false;
    assert_int_equal(il_spawn(NULL, wait_slowly, lamp, NULL), 0);
    assert_false(slow_over);
    lamp->on = TRUE;
    g_object_notify(G_OBJECT(lamp), "slow");
    assert_true(slow_over);
    assert_string_equal(noted(), "asked");
}

/* --- the usual tests --------------------------------------------------------------- */

static int use_shorthands(void *arg)
{
    TestLamp *lamp = arg;

    CHECK_INT(il_g_wait_property_boolean(lamp, "is-on", FALSE, 0), 0);
    CHECK_INT(il_g_wait_property_boolean(lamp, "is-on", TRUE, 0), -ETIMEDOUT);
    CHECK_INT(il_g_wait_property_boolean(lamp, "is_on", 42, IL_SEC(5)), 0);
    note("on");
    CHECK_INT(il_g_wait_property_string(lamp, "text", NULL, 0), 0);
    CHECK_INT(il_g_wait_property_string(lamp, "text", "hello", IL_SEC(5)), 0);
    note("text");
    CHECK_INT(il_g_wait_property_int(lamp, "flags", G_APPLICATION_NON_UNIQUE,
                                     IL_SEC(5)),
              0);
    note("flags");
    CHECK_INT(il_g_wait_property_int(lamp, "big", 12, IL_SEC(5)), 0);
    CHECK_INT(il_g_wait_property_int(lamp, "is-on", 1, 0), 0);
    note("big");
    return 0;
}

static void test_wait_property_kinds_have_shorthands(void **state)
{
    g_autoptr(TestLamp) lamp = g_object_new(TEST_TYPE_LAMP, NULL);

    (void)state;
    assert_int_equal(il_spawn(NULL, use_shorthands, lamp, NULL), 0);
    iterate_for(2);
    g_object_set(lamp, "is-on", TRUE, NULL);
    iterate_for(2);
    expect_notes("on");
    g_object_set(lamp, "text", "hell", NULL);
    g_object_set(lamp, "text", "hello", NULL);
    iterate_for(2);
    g_object_set(lamp, "flags", G_APPLICATION_NON_UNIQUE, NULL);
    iterate_for(2);
    g_object_set(lamp, "big", G_MAXUINT64, NULL);
    iterate_for(2);
    expect_notes("on text flags");
    g_object_set(lamp, "big", (guint64)12, NULL);
    iterate_for(2);
    expect_notes("on text flags big");
}

static int misuse(void *lamp)
{
    GValue value = G_VALUE_INIT;

    CHECK_INT(il_g_wait_property(NULL, "is-on", 0, NULL, NULL, NULL), -EINVAL);
    CHECK_INT(il_g_wait_property(lamp, NULL, 0, NULL, NULL, NULL), -EINVAL);
    CHECK_INT(il_g_wait_property(lamp, "nix", 0, NULL, NULL, NULL), -EINVAL);
    CHECK_INT(il_g_wait_property(lamp, "secret", 0, NULL, NULL, NULL), -EINVAL);
    CHECK_INT(il_g_wait_property(lamp, "is-on", 0, NULL, NULL, &value),
              -ETIMEDOUT);
    CHECK(G_VALUE_TYPE(&value) == G_TYPE_INVALID);
    g_value_init(&value, G_TYPE_STRING);
    CHECK_INT(il_g_wait_property(lamp, "is-on", 0, NULL, NULL, &value),
              -EINVAL);
    CHECK(G_VALUE_HOLDS_STRING(&value));
    g_value_unset(&value);
    CHECK_INT(il_g_wait_property_boolean(lamp, "text", TRUE, 0), -EINVAL);
    CHECK_INT(il_g_wait_property_string(lamp, "is-on", "x", 0), -EINVAL);
    CHECK_INT(il_g_wait_property_int(lamp, "text", 0, 0), -EINVAL);
    note("misused");
    return 0;
}

static void test_wait_property_kinds_refuse_nonsense(void **state)
{
    g_autoptr(TestLamp) lamp = g_object_new(TEST_TYPE_LAMP, NULL);

    (void)state;
    assert_int_equal(il_g_wait_property_boolean(lamp, "is-on", FALSE, 0),
                     -ESRCH);
    assert_int_equal(il_spawn(NULL, misuse, lamp, NULL), 0);
    iterate_for(5);
    expect_notes("misused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_wait_property_kinds_getter_outlives_the_wait),
        GUEST_TEST(test_wait_property_kinds_have_shorthands),
        GUEST_TEST(test_wait_property_kinds_refuse_nonsense),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
