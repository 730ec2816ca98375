/* SPDX-License-Identifier: MIT */

/* test_getters.c - arguments of every type, asked for by every getter. */

#include "guest_fixture.h"

#include <string.h>

/* What each getter has to answer for an argument. */
struct answer {
    GType type;
    gint64 number;
    guint64 whole;
    double real;
    gboolean yes;
    enum { NONE, STRING, OBJECT, BOXED, POINTER, VARIANT, PARAM } kind;
};

static GObject *object;
static GVariant *variant;
static GParamSpec *param;
static char *words[] = { (char[]){ "two" }, (char[]){ "words" }, NULL };
static int thing;

static guint make_signal(GType type, GType argument)
{
    g_autofree char *name = g_strdup_printf("said-%s", g_type_name(argument));

    return g_signal_new(name, type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                        G_TYPE_NONE, 1, argument);
}

/* Emit a signal with one argument of a type, and look at what a stream got. */
static il_g_emission *say(TestSender *sender, GType type, void (*set)(GValue *))
{
    GValue values[2] = { G_VALUE_INIT, G_VALUE_INIT };
    guint id = make_signal(TEST_TYPE_SENDER, type);
    il_g_emission *emission = NULL;
    il_g_stream *stream;

    g_value_init(&values[0], TEST_TYPE_SENDER);
    g_value_set_object(&values[0], sender);
    g_value_init(&values[1], type);
    set(&values[1]);
    assert_int_equal(il_g_stream_new(1, IL_G_LATEST_ONLY, &stream), 0);
    assert_int_equal(il_g_stream_add(stream, sender, g_signal_name(id), NULL),
                     0);
    g_signal_emitv(values, id, 0, NULL);
    assert_int_equal(il_g_stream_try_next(stream, &emission), 0);
    assert_null(il_g_stream_free(stream));
    g_value_unset(&values[0]);
    g_value_unset(&values[1]);
    return emission;
}

static void compare(const il_g_emission *e, const struct answer *a)
{
    const char *text = il_g_emission_get_string(e, 0);
    char **strv = il_g_emission_get_boxed(e, 0);

    assert_int_equal(il_g_emission_get_n_args(e), 1);
    assert_int_equal(G_VALUE_TYPE(il_g_emission_get_arg(e, 0)), a->type);
    assert_int_equal(il_g_emission_get_int(e, 0), a->number);
    assert_int_equal(il_g_emission_get_uint64(e, 0), a->whole);
    assert_true(il_g_emission_get_double(e, 0) >= a->real);
    assert_true(il_g_emission_get_double(e, 0) <= a->real);
    assert_int_equal(il_g_emission_get_boolean(e, 0), a->yes);
    assert_int_equal(text && strcmp(text, "text") == 0, a->kind == STRING);
    assert_int_equal(text != NULL, a->kind == STRING);
    assert_ptr_equal(il_g_emission_get_object(e, 0),
                     a->kind == OBJECT ? object : NULL);
    assert_int_equal(strv != NULL, a->kind == BOXED);
    if (strv)
        assert_string_equal(strv[1], "words");
    assert_ptr_not_equal(strv, words); /* a copy */
    assert_ptr_equal(il_g_emission_get_pointer(e, 0),
                     a->kind == POINTER ? &thing : NULL);
    assert_ptr_equal(il_g_emission_get_variant(e, 0),
                     a->kind == VARIANT ? variant : NULL);
    assert_ptr_equal(il_g_emission_get_param(e, 0),
                     a->kind == PARAM ? param : NULL);
}

static void beyond(const il_g_emission *e)
{
    assert_null(il_g_emission_get_arg(e, 1));
    assert_int_equal(il_g_emission_get_int(e, 1), 0);
    assert_int_equal(il_g_emission_get_uint64(e, G_MAXUINT), 0);
    assert_int_equal(il_g_emission_get_double(e, 1), 0);
    assert_false(il_g_emission_get_boolean(e, 1));
    assert_null(il_g_emission_get_string(e, 1));
    assert_null(il_g_emission_get_object(e, 1));
    assert_null(il_g_emission_get_boxed(e, 1));
    assert_null(il_g_emission_get_pointer(e, 1));
    assert_null(il_g_emission_get_variant(e, 1));
    assert_null(il_g_emission_get_param(e, 1));
}

static void check_answers(void (*set)(GValue *), struct answer expected)
{
    TestSender *sender = test_sender_new();
    il_g_emission *e = say(sender, expected.type, set);

    compare(e, &expected);
    beyond(e);
    (void)il_g_emission_free(e);
    g_object_unref(sender);
}

#define SETTER(name, call)                                                     \
    static void name(GValue *value)                                            \
    {                                                                          \
        call;                                                                  \
    }

SETTER(set_boolean, g_value_set_boolean(value, TRUE))
SETTER(set_char, g_value_set_schar(value, -5))
SETTER(set_uchar, g_value_set_uchar(value, 200))
SETTER(set_int, g_value_set_int(value, -7))
SETTER(set_uint, g_value_set_uint(value, 4000000000u))
SETTER(set_long, g_value_set_long(value, -9))
SETTER(set_ulong, g_value_set_ulong(value, 9))
SETTER(set_int64, g_value_set_int64(value, G_MININT64))
SETTER(set_uint64, g_value_set_uint64(value, (guint64)1 << 63))
SETTER(set_enum, g_value_set_enum(value, G_FILE_TYPE_DIRECTORY))
SETTER(set_flags, g_value_set_flags(value, G_APPLICATION_NON_UNIQUE))
SETTER(set_float, g_value_set_float(value, 0.5F))
SETTER(set_double, g_value_set_double(value, -2.25))
SETTER(set_string, g_value_set_string(value, "text"))
SETTER(set_object, g_value_set_object(value, object))
SETTER(set_boxed, g_value_set_boxed(value, words))
SETTER(set_pointer, g_value_set_pointer(value, &thing))
SETTER(set_variant, g_value_set_variant(value, variant))
SETTER(set_param, g_value_set_param(value, param))
SETTER(set_nothing, (void)value)

static void test_getters_read_numbers(void **state)
{
    const gint64 directory = G_FILE_TYPE_DIRECTORY;
    const gint64 flag = G_APPLICATION_NON_UNIQUE;

    (void)state;
    check_answers(set_boolean,
                  (struct answer){ G_TYPE_BOOLEAN, 1, 1, 1, TRUE, NONE });
    check_answers(set_char,
                  (struct answer){ G_TYPE_CHAR, -5, 0, -5, FALSE, NONE });
    check_answers(set_uchar,
                  (struct answer){ G_TYPE_UCHAR, 200, 200, 200, FALSE, NONE });
    check_answers(set_int,
                  (struct answer){ G_TYPE_INT, -7, 0, -7, FALSE, NONE });
    check_answers(set_uint, (struct answer){ G_TYPE_UINT, 4000000000,
                                             4000000000, 4e9, FALSE, NONE });
    check_answers(set_long,
                  (struct answer){ G_TYPE_LONG, -9, 0, -9, FALSE, NONE });
    check_answers(set_ulong,
                  (struct answer){ G_TYPE_ULONG, 9, 9, 9, FALSE, NONE });
    check_answers(set_int64,
                  (struct answer){ G_TYPE_INT64, G_MININT64, 0,
                                   (double)G_MININT64, FALSE, NONE });
    check_answers(set_uint64,
                  (struct answer){ G_TYPE_UINT64, 0, (guint64)1 << 63,
                                   9223372036854775808.0, FALSE, NONE });
    check_answers(set_enum, (struct answer){ G_TYPE_FILE_TYPE, directory,
                                             (guint64)directory,
                                             (double)directory, FALSE, NONE });
    check_answers(set_flags,
                  (struct answer){ G_TYPE_APPLICATION_FLAGS, flag,
                                   (guint64)flag, (double)flag, FALSE, NONE });
}

static void test_getters_read_fractions(void **state)
{
    (void)state;
    check_answers(set_float,
                  (struct answer){ G_TYPE_FLOAT, 0, 0, 0.5, FALSE, NONE });
    check_answers(set_double,
                  (struct answer){ G_TYPE_DOUBLE, 0, 0, -2.25, FALSE, NONE });
}

static void test_getters_read_everything_else(void **state)
{
    (void)state;
    object = g_object_new(G_TYPE_OBJECT, NULL);
    variant = g_variant_ref_sink(g_variant_new_string("text"));
    param = g_param_spec_ref_sink(
        g_param_spec_int("param", NULL, NULL, 0, 1, 0, G_PARAM_READABLE));
    check_answers(set_string,
                  (struct answer){ G_TYPE_STRING, 0, 0, 0, FALSE, STRING });
    check_answers(set_object,
                  (struct answer){ G_TYPE_OBJECT, 0, 0, 0, FALSE, OBJECT });
    check_answers(set_boxed,
                  (struct answer){ G_TYPE_STRV, 0, 0, 0, FALSE, BOXED });
    check_answers(set_pointer,
                  (struct answer){ G_TYPE_POINTER, 0, 0, 0, FALSE, POINTER });
    check_answers(set_variant,
                  (struct answer){ G_TYPE_VARIANT, 0, 0, 0, FALSE, VARIANT });
    check_answers(set_param,
                  (struct answer){ G_TYPE_PARAM, 0, 0, 0, FALSE, PARAM });
    g_object_unref(object);
    g_variant_unref(variant);
    g_param_spec_unref(param);
}

/* The right type, but a NULL in it. */
static void test_getters_read_null(void **state)
{
    (void)state;
    check_answers(set_nothing, (struct answer){ G_TYPE_INITIALLY_UNOWNED, 0, 0,
                                                0, FALSE, NONE });
    check_answers(set_nothing,
                  (struct answer){ G_TYPE_DATE_TIME, 0, 0, 0, FALSE, NONE });
    check_answers(set_nothing,
                  (struct answer){ G_TYPE_GTYPE, 0, 0, 0, FALSE, NONE });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_getters_read_numbers),
        GUEST_TEST(test_getters_read_fractions),
        GUEST_TEST(test_getters_read_everything_else),
        GUEST_TEST(test_getters_read_null),
    };

    /* A question of the wrong type must not reach GObject. */
    (void)g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
