/* SPDX-License-Identifier: MIT */

/* emission.c - what a signal said, for as long as a task needs it. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

gboolean ili_g_find_signal(gpointer sender, const char *name, guint *ret_id,
                           GQuark *ret_detail)
{
    return sender && G_IS_OBJECT(sender) && name &&
           g_signal_parse_name(name, G_OBJECT_TYPE(sender), ret_id, ret_detail,
                               TRUE);
}

void ili_g_emission_init(il_g_emission *emission, const GValue *values,
                         guint n_values)
{
    emission->sender = g_value_get_object(&values[0]);
    emission->n_args = n_values - 1;
    emission->args = g_new0(GValue, n_values);
    for (guint i = 0; i < emission->n_args; i++) {
        g_value_init(&emission->args[i], G_VALUE_TYPE(&values[i + 1]));
        g_value_copy(&values[i + 1], &emission->args[i]);
    }
}

void ili_g_emission_fini(il_g_emission *emission)
{
    for (guint i = 0; i < emission->n_args; i++)
        g_value_unset(&emission->args[i]);
    g_free(emission->args);
    emission->args = NULL;
    emission->n_args = 0;
}

il_g_emission *il_g_emission_free(il_g_emission *emission)
{
    if (emission) {
        g_object_unref(emission->sender);
        ili_g_emission_fini(emission);
        g_free(emission);
    }
    return NULL;
}

gpointer il_g_emission_get_sender(const il_g_emission *emission)
{
    return emission->sender;
}

guint il_g_emission_get_n_args(const il_g_emission *emission)
{
    return emission->n_args;
}

const GValue *il_g_emission_get_arg(const il_g_emission *emission, guint index)
{
    return index < emission->n_args ? &emission->args[index] : NULL;
}

gint64 il_g_emission_get_int(const il_g_emission *emission, guint index)
{
    const GValue *arg = il_g_emission_get_arg(emission, index);
    GValue number = G_VALUE_INIT;

    if (!arg)
        return 0;
    if (G_VALUE_HOLDS_ENUM(arg))
        return g_value_get_enum(arg);
    if (G_VALUE_HOLDS_FLAGS(arg))
        return g_value_get_flags(arg);
    g_value_init(&number, G_TYPE_INT64);
    if (G_VALUE_HOLDS_STRING(arg) || !g_value_transform(arg, &number))
        return 0;
    return g_value_get_int64(&number);
}

gpointer il_g_emission_get_object(const il_g_emission *emission, guint index)
{
    const GValue *arg = il_g_emission_get_arg(emission, index);

    return arg && G_VALUE_HOLDS_OBJECT(arg) ? g_value_get_object(arg) : NULL;
}

const char *il_g_emission_get_string(const il_g_emission *emission, guint index)
{
    const GValue *arg = il_g_emission_get_arg(emission, index);

    return arg && G_VALUE_HOLDS_STRING(arg) ? g_value_get_string(arg) : NULL;
}

int il_g_emission_set_return(il_g_emission *emission, const GValue *value)
{
    if (emission->suspended)
        return -EALREADY;
    if (!emission->answer || !G_IS_VALUE(emission->answer) ||
        !g_value_type_compatible(G_VALUE_TYPE(value),
                                 G_VALUE_TYPE(emission->answer)))
        return -EINVAL;
    g_value_copy(value, emission->answer);
    return 0;
}

int il_g_emission_set_return_boolean(il_g_emission *emission, gboolean value)
{
    GValue boolean = G_VALUE_INIT;

    g_value_init(&boolean, G_TYPE_BOOLEAN);
    g_value_set_boolean(&boolean, value);
    return il_g_emission_set_return(emission, &boolean);
}
