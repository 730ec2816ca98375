/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_EMISSION_H
#define INTERLOOP_GLIB_EMISSION_H

/**
 * @file glib/emission.h
 * @brief What a signal said: its sender and a copy of its arguments.
 *
 * Slots get one, and so does who waits for a signal.  For the loop's thread.
 */

#include <interloop/export.h>

#include <glib-object.h>

IL_BEGIN_DECLS

/** One emission of a signal: its sender and a copy of its arguments. */
typedef struct il_g_emission il_g_emission;

/** The object that emitted. */
IL_EXPORT gpointer il_g_emission_get_sender(const il_g_emission *emission);

/** How many arguments the signal has, the sender not counted. */
IL_EXPORT guint il_g_emission_get_n_args(const il_g_emission *emission);

/**
 * An argument, as long as the emission lives; NULL beyond the last.
 *
 * In a slot that is until it returns.
 */
IL_EXPORT const GValue *il_g_emission_get_arg(const il_g_emission *emission,
                                              guint index);

/** An integer, enum, flags or boolean argument; 0 if it is none. */
IL_EXPORT gint64 il_g_emission_get_int(const il_g_emission *emission,
                                       guint index);

/** An object argument; NULL if it is none. */
IL_EXPORT gpointer il_g_emission_get_object(const il_g_emission *emission,
                                            guint index);

/** A string argument; NULL if it is none. */
IL_EXPORT const char *il_g_emission_get_string(const il_g_emission *emission,
                                               guint index);

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

/** Free an emission that il_g_wait_signal() gave.  @return NULL. */
IL_EXPORT il_g_emission *il_g_emission_free(il_g_emission *emission);

IL_END_DECLS

#endif
