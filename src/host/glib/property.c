/* SPDX-License-Identifier: MIT */

/* property.c - wait until a property has a value.
 *
 * A wait for "notify" whose match reads the property and tests it.  The first
 * test comes after connecting: another thread may set the property in between,
 * and then either the test sees it or "notify" tells.
 *
 * Getters and tests are users' code and may run a nested main loop, in which
 * the wait may end, as when its time is up.  So what they need is in a record
 * that their call shares with the wait, not on the waiting task's stack. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

/* g_rc_box; for the loop's thread. */
struct reading {
    GObject *object; /* valid while connecting */
    const char *name;
    GType type;
    il_g_value_test_fn *test;
    gpointer data;
    GValue value; /* the latest that passed */
    bool over;    /* the wait has returned: the test's data may be gone */
};

static void reading_clear(gpointer data)
{
    struct reading *reading = data;

    if (G_IS_VALUE(&reading->value))
        g_value_unset(&reading->value);
}

static void reading_unref(struct reading *reading)
{
    g_rc_box_release_full(reading, reading_clear);
}

static bool passes(struct reading *reading, GObject *object)
{
    GValue value = G_VALUE_INIT;
    bool yes;

    g_rc_box_acquire(reading);
    g_value_init(&value, reading->type);
    g_object_get_property(object, reading->name, &value);
    yes = !reading->over &&
          (!reading->test || reading->test(&value, reading->data));
    if (yes) {
        reading_clear(reading);
        reading->value = value;
    } else {
        g_value_unset(&value);
    }
    reading_unref(reading);
    return yes;
}

static bool passes_already(gpointer data)
{
    struct reading *reading = data;

    return passes(reading, reading->object);
}

static bool passes_now(const il_g_emission *emission, gpointer data)
{
    return passes(data, il_g_emission_get_sender(emission));
}

static GParamSpec *find_property(gpointer object, const char *name)
{
    GParamSpec *spec = NULL;

    if (object && G_IS_OBJECT(object) && name)
        spec = g_object_class_find_property(G_OBJECT_GET_CLASS(object), name);
    return spec && (spec->flags & G_PARAM_READABLE) ? spec : NULL;
}

static int wait_for_value(ili_g_bridge *bridge, struct reading *reading,
                          il_time timeout, GValue *ret_value)
{
    const ili_g_wait what = {
        .sender = reading->object,
        .signal_id = g_signal_lookup("notify", G_TYPE_OBJECT),
        .detail = g_quark_from_string(reading->name),
        .timeout = timeout,
        .match = passes_now,
        .holds = reading->test ? passes_already : NULL,
        .data = reading,
    };
    il_g_emission *emission = NULL;
    int r = ili_g_wait_for(bridge, &what, &emission);

    (void)il_g_emission_free(emission);
    if (r == 0 && ret_value) {
        *ret_value = reading->value;
        reading->value = (GValue)G_VALUE_INIT;
    }
    return r;
}

static int wait_for_spec(gpointer object, const GParamSpec *spec,
                         il_time timeout, il_g_value_test_fn *test,
                         gpointer data, GValue *ret_value)
{
    ili_g_bridge *bridge = ili_g_bridge_get();
    struct reading *reading;
    int r;

    if (!il_task_current())
        return -ESRCH;
    if (!spec || (ret_value && G_VALUE_TYPE(ret_value) != G_TYPE_INVALID))
        return -EINVAL;
    if (!bridge || bridge->ending)
        return -ESHUTDOWN;

    reading = g_rc_box_new0(struct reading);
    reading->object = object;
    reading->name = spec->name;
    reading->type = spec->value_type;
    reading->test = test;
    reading->data = data;
    r = wait_for_value(bridge, reading, timeout, ret_value);
    reading->over = true;
    reading_unref(reading);
    return r;
}

int il_g_wait_property(gpointer object, const char *property, il_time timeout,
                       il_g_value_test_fn *test, gpointer data,
                       GValue *ret_value)
{
    return wait_for_spec(object, find_property(object, property), timeout, test,
                         data, ret_value);
}

/* --- the usual tests ---------------------------------------------------------- */

static bool is_boolean(const GValue *value, gpointer wanted)
{
    return !g_value_get_boolean(value) == !*(gboolean *)wanted;
}

int il_g_wait_property_boolean(gpointer object, const char *property,
                               gboolean wanted, il_time timeout)
{
    const GParamSpec *spec = find_property(object, property);

    if (spec && !g_type_is_a(spec->value_type, G_TYPE_BOOLEAN))
        spec = NULL;
    return wait_for_spec(object, spec, timeout, is_boolean, &wanted, NULL);
}

static bool is_number(const GValue *value, gpointer wanted)
{
    gint64 number;

    return ili_g_value_get_int(value, &number) && number == *(gint64 *)wanted;
}

static bool is_integer_type(GType type)
{
    GValue value = G_VALUE_INIT;
    gint64 number;
    bool yes;

    g_value_init(&value, type);
    yes = ili_g_value_get_int(&value, &number);
    g_value_unset(&value);
    return yes;
}

int il_g_wait_property_int(gpointer object, const char *property, gint64 wanted,
                           il_time timeout)
{
    const GParamSpec *spec = find_property(object, property);

    if (spec && !is_integer_type(spec->value_type))
        spec = NULL;
    return wait_for_spec(object, spec, timeout, is_number, &wanted, NULL);
}

static bool is_text(const GValue *value, gpointer wanted)
{
    return g_strcmp0(g_value_get_string(value), *(const char **)wanted) == 0;
}

int il_g_wait_property_string(gpointer object, const char *property,
                              const char *wanted, il_time timeout)
{
    const GParamSpec *spec = find_property(object, property);

    if (spec && !g_type_is_a(spec->value_type, G_TYPE_STRING))
        spec = NULL;
    return wait_for_spec(object, spec, timeout, is_text, &wanted, NULL);
}
