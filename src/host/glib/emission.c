/* SPDX-License-Identifier: MIT */

/* emission.c - what a signal said, for as long as somebody needs it.
 *
 * A closure is called with values that are gone when it returns.  It makes a
 * *view* of them, an emission that borrows; who wants to keep what it says
 * *moves* it to a place of its own.  Moving a view copies the arguments, moving
 * a copy hands them over.  So they are copied once, by the first that has to,
 * however many hands they go through, and not at all if nobody wants them.
 *
 * The sender is no argument here: it is kept by whoever keeps the emission, in
 * his own way. */

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

/* --- views and copies ------------------------------------------------------- */

il_g_emission ili_g_emission_view(const GValue *values, guint n_values,
                                  gpointer hint)
{
    const GSignalInvocationHint *said = hint;

    return (il_g_emission){ .sender = g_value_get_object(&values[0]),
                            .args = values + 1,
                            .n_args = n_values - 1,
                            .signal_id = said->signal_id,
                            .detail = said->detail };
}

void ili_g_emission_move(il_g_emission *to, il_g_emission *from)
{
    *to = *from;
    if (from->copies) {
        from->copies = NULL;
        from->args = NULL;
        from->n_args = 0;
        return;
    }
    to->copies = g_new0(GValue, from->n_args + 1);
    to->args = to->copies;
    for (guint i = 0; i < from->n_args; i++) {
        g_value_init(&to->copies[i], G_VALUE_TYPE(&from->args[i]));
        g_value_copy(&from->args[i], &to->copies[i]);
    }
}

void ili_g_emission_fini(il_g_emission *emission)
{
    GValue *copies = emission->copies;
    guint n = copies ? emission->n_args : 0;

    emission->copies = NULL;
    emission->args = NULL;
    emission->n_args = 0;
    for (guint i = 0; i < n; i++)
        g_value_unset(&copies[i]);
    g_free(copies);
}

il_g_emission *ili_g_emission_take(il_g_emission *from)
{
    il_g_emission *emission = g_new(il_g_emission, 1);

    ili_g_emission_move(emission, from);
    g_object_ref(emission->sender);
    emission->answer = NULL;
    emission->suspended = TRUE;
    return emission;
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

/* --- who said it ------------------------------------------------------------ */

gpointer il_g_emission_get_sender(const il_g_emission *emission)
{
    return emission ? emission->sender : NULL;
}

const char *il_g_emission_get_signal(const il_g_emission *emission)
{
    return emission ? g_signal_name(emission->signal_id) : NULL;
}

const char *il_g_emission_get_detail(const il_g_emission *emission)
{
    return emission ? g_quark_to_string(emission->detail) : NULL;
}

gpointer il_g_emission_get_tag(const il_g_emission *emission)
{
    return emission ? emission->tag : NULL;
}

/* --- arguments -------------------------------------------------------------- */

guint il_g_emission_get_n_args(const il_g_emission *emission)
{
    return emission ? emission->n_args : 0;
}

const GValue *il_g_emission_get_arg(const il_g_emission *emission, guint index)
{
    return emission && index < emission->n_args ? &emission->args[index] : NULL;
}

/* The argument if it is of a type, or of one derived from it; else NULL. */
static const GValue *arg_of_type(const il_g_emission *emission, guint index,
                                 GType type)
{
    const GValue *arg = il_g_emission_get_arg(emission, index);

    return arg && G_VALUE_HOLDS(arg, type) ? arg : NULL;
}

/* A signed number.  What is unsigned only is not here. */
static gboolean signed_of(const GValue *value, gint64 *ret_number)
{
    switch (G_TYPE_FUNDAMENTAL(G_VALUE_TYPE(value))) {
    case G_TYPE_CHAR:
        *ret_number = g_value_get_schar(value);
        return TRUE;
    case G_TYPE_INT:
        *ret_number = g_value_get_int(value);
        return TRUE;
    case G_TYPE_LONG:
        *ret_number = g_value_get_long(value);
        return TRUE;
    case G_TYPE_INT64:
        *ret_number = g_value_get_int64(value);
        return TRUE;
    case G_TYPE_ENUM:
        *ret_number = g_value_get_enum(value);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean unsigned_of(const GValue *value, guint64 *ret_number)
{
    switch (G_TYPE_FUNDAMENTAL(G_VALUE_TYPE(value))) {
    case G_TYPE_BOOLEAN:
        *ret_number = g_value_get_boolean(value) ? 1 : 0;
        return TRUE;
    case G_TYPE_UCHAR:
        *ret_number = g_value_get_uchar(value);
        return TRUE;
    case G_TYPE_UINT:
        *ret_number = g_value_get_uint(value);
        return TRUE;
    case G_TYPE_ULONG:
        *ret_number = g_value_get_ulong(value);
        return TRUE;
    case G_TYPE_UINT64:
        *ret_number = g_value_get_uint64(value);
        return TRUE;
    case G_TYPE_FLAGS:
        *ret_number = g_value_get_flags(value);
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean ili_g_value_get_int(const GValue *value, gint64 *ret_number)
{
    guint64 number;

    if (signed_of(value, ret_number))
        return TRUE;
    if (!unsigned_of(value, &number) || number > G_MAXINT64)
        return FALSE;
    *ret_number = (gint64)number;
    return TRUE;
}

gboolean il_g_emission_get_boolean(const il_g_emission *emission, guint index)
{
    const GValue *arg = arg_of_type(emission, index, G_TYPE_BOOLEAN);

    return arg ? g_value_get_boolean(arg) : FALSE;
}

gint64 il_g_emission_get_int(const il_g_emission *emission, guint index)
{
    const GValue *arg = il_g_emission_get_arg(emission, index);
    gint64 number;

    return arg && ili_g_value_get_int(arg, &number) ? number : 0;
}

guint64 il_g_emission_get_uint64(const il_g_emission *emission, guint index)
{
    const GValue *arg = il_g_emission_get_arg(emission, index);
    guint64 number;
    gint64 other;

    if (!arg)
        return 0;
    if (unsigned_of(arg, &number))
        return number;
    return signed_of(arg, &other) && other > 0 ? (guint64)other : 0;
}

double il_g_emission_get_double(const il_g_emission *emission, guint index)
{
    const GValue *arg = il_g_emission_get_arg(emission, index);
    guint64 number;
    gint64 other;

    if (!arg)
        return 0;
    if (G_VALUE_HOLDS_DOUBLE(arg))
        return g_value_get_double(arg);
    if (G_VALUE_HOLDS_FLOAT(arg))
        return (double)g_value_get_float(arg);
    if (unsigned_of(arg, &number))
        return (double)number;
    return signed_of(arg, &other) ? (double)other : 0;
}

const char *il_g_emission_get_string(const il_g_emission *emission, guint index)
{
    const GValue *arg = arg_of_type(emission, index, G_TYPE_STRING);

    return arg ? g_value_get_string(arg) : NULL;
}

gpointer il_g_emission_get_object(const il_g_emission *emission, guint index)
{
    const GValue *arg = arg_of_type(emission, index, G_TYPE_OBJECT);

    return arg ? g_value_get_object(arg) : NULL;
}

gpointer il_g_emission_get_boxed(const il_g_emission *emission, guint index)
{
    const GValue *arg = arg_of_type(emission, index, G_TYPE_BOXED);

    return arg ? g_value_get_boxed(arg) : NULL;
}

gpointer il_g_emission_get_pointer(const il_g_emission *emission, guint index)
{
    const GValue *arg = arg_of_type(emission, index, G_TYPE_POINTER);

    return arg ? g_value_get_pointer(arg) : NULL;
}

GVariant *il_g_emission_get_variant(const il_g_emission *emission, guint index)
{
    const GValue *arg = arg_of_type(emission, index, G_TYPE_VARIANT);

    return arg ? g_value_get_variant(arg) : NULL;
}

GParamSpec *il_g_emission_get_param(const il_g_emission *emission, guint index)
{
    const GValue *arg = arg_of_type(emission, index, G_TYPE_PARAM);

    return arg ? g_value_get_param(arg) : NULL;
}

/* --- answers ---------------------------------------------------------------- */

int il_g_emission_set_return(il_g_emission *emission, const GValue *value)
{
    if (!emission || !value || !G_IS_VALUE(value))
        return -EINVAL;
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
