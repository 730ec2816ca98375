/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_EMISSION_H
#define INTERLOOP_GLIB_EMISSION_H

/**
 * @file glib/emission.h
 * @brief What a signal said: who emitted it, and a copy of its arguments.
 *
 * Slots get one, and so does who waits for a signal or reads a stream.  For the
 * loop's thread.
 *
 * Everything that is asked of an emission belongs to it: valid as long as it
 * lives, in a slot until that returns; to keep something longer, copy it or
 * take a reference.  The typed getters answer 0, FALSE or NULL where there is
 * no argument of that index, where it has another type, and for a NULL
 * emission; il_g_emission_get_arg() tells these cases apart.
 */

#include <interloop/export.h>

#include <glib-object.h>

IL_BEGIN_DECLS

/** One emission of a signal. */
typedef struct il_g_emission il_g_emission;

/** @name Who said it */
/**@{*/

/** The object that emitted; alive as long as the emission. */
IL_EXPORT gpointer il_g_emission_get_sender(const il_g_emission *emission);

/** The name of the signal, without detail; a constant string. */
IL_EXPORT const char *il_g_emission_get_signal(const il_g_emission *emission);

/** The detail it was emitted with, e.g. a property's name for "notify"; a
 *  constant string, NULL if there was none. */
IL_EXPORT const char *il_g_emission_get_detail(const il_g_emission *emission);

/** The tag that was given to il_g_stream_add(); NULL if it comes from no
 *  stream. */
IL_EXPORT gpointer il_g_emission_get_tag(const il_g_emission *emission);

/**@}*/
/** @name Arguments, the sender not counted, the first has index 0 */
/**@{*/

/** How many arguments the signal has. */
IL_EXPORT guint il_g_emission_get_n_args(const il_g_emission *emission);

/** An argument of any type; NULL beyond the last. */
IL_EXPORT const GValue *il_g_emission_get_arg(const il_g_emission *emission,
                                              guint index);

/** A boolean argument; FALSE if it is none. */
IL_EXPORT gboolean il_g_emission_get_boolean(const il_g_emission *emission,
                                             guint index);

/** An argument of any integer type, an enum, flags or a boolean; 0 if it is
 *  none, or a guint64 too large for this. */
IL_EXPORT gint64 il_g_emission_get_int(const il_g_emission *emission,
                                       guint index);

/** The same unsigned; 0 also if it is negative. */
IL_EXPORT guint64 il_g_emission_get_uint64(const il_g_emission *emission,
                                           guint index);

/** A double or float argument, or one of any integer type; 0 if it is none. */
IL_EXPORT double il_g_emission_get_double(const il_g_emission *emission,
                                          guint index);

/** A string argument; NULL if it is none. */
IL_EXPORT const char *il_g_emission_get_string(const il_g_emission *emission,
                                               guint index);

/** An object argument; NULL if it is none. */
IL_EXPORT gpointer il_g_emission_get_object(const il_g_emission *emission,
                                            guint index);

/** An argument of any boxed type, e.g. a GStrv or a GDateTime; NULL if it is
 *  none. */
IL_EXPORT gpointer il_g_emission_get_boxed(const il_g_emission *emission,
                                           guint index);

/** A plain pointer; NULL if it is none.  What it points at was not copied: it
 *  may be gone as soon as the emission is over. */
IL_EXPORT gpointer il_g_emission_get_pointer(const il_g_emission *emission,
                                             guint index);

/** A GVariant argument; NULL if it is none. */
IL_EXPORT GVariant *il_g_emission_get_variant(const il_g_emission *emission,
                                              guint index);

/** A GParamSpec argument, as "notify" has; NULL if it is none. */
IL_EXPORT GParamSpec *il_g_emission_get_param(const il_g_emission *emission,
                                              guint index);

/**@}*/
/** @name Answers */
/**@{*/

/**
 * Answer a signal that wants a value, e.g. GtkWindow::close-request.
 *
 * Only before the slot first suspends: the emitter does not wait.
 *
 * @retval 0        The emitter will see it.
 * @retval -EALREADY The slot has suspended before.
 * @retval -EINVAL  The signal returns nothing, or another type.
 */
IL_EXPORT int il_g_emission_set_return(il_g_emission *emission,
                                       const GValue *value);

/** The same for signals that return a boolean. */
IL_EXPORT int il_g_emission_set_return_boolean(il_g_emission *emission,
                                               gboolean value);

/**@}*/

/**
 * Free an emission that il_g_wait_signal() or il_g_stream_next() gave.
 *
 * @param emission  May be NULL.  @return NULL.
 */
IL_EXPORT il_g_emission *il_g_emission_free(il_g_emission *emission);

IL_END_DECLS

#endif
