/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_WAIT_H
#define INTERLOOP_GLIB_WAIT_H

/**
 * @file glib/wait.h
 * @brief Wait for a signal, or for a property's value, in one line.
 *
 * For tasks of a loop that is a guest, see il_g_begin().  Each of these hears
 * what is emitted while it waits; to miss nothing between two waits, or to
 * wait for several signals or senders at a time, use il_g_stream_new().
 *
 * What a wait asks, an #il_g_match_fn or #il_g_value_test_fn, runs inside the
 * emission, in the loop's thread, on the stack of whoever emits.  It should
 * only look.  It must not suspend: what would suspend returns -ESRCH outside
 * tasks and otherwise -EDEADLK, which is reported as a wait under a nested host
 * loop, and has no effect.  If the wait is over when it answers, because it
 * emitted again or ran a nested main loop, the answer does not count any more.
 */

#include <interloop/glib/emission.h>
#include <interloop/interloop.h>

#include <glib-object.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/** @name Signals */
/**@{*/

/**
 * Whether an emission is the one that is waited for.
 *
 * @param emission  Valid during the call; its arguments are the emitter's own,
 *                  copied only if this says true.
 * @param data      What the wait was given.
 */
typedef bool il_g_match_fn(const il_g_emission *emission, gpointer data);

/**
 * Wait for the next emission of a signal.
 *
 * The result of an emission in another thread comes a little later.
 *
 * @suspends Always, except for errors.
 *
 * @param      sender        Any GObject; the wait keeps no reference.
 * @param      signal        Name of a signal, with or without "::detail".
 * @param      timeout       Nanoseconds; #IL_FOREVER for no limit.
 * @param[out] ret_emission  The emission, to be freed by the caller with
 *                           il_g_emission_free(); it holds a reference to the
 *                           sender.  May be NULL.
 * @retval 0            It was emitted.
 * @retval -ETIMEDOUT   It was not, in time.
 * @retval -ECANCELED   The caller was cancelled.
 * @retval -EOWNERDEAD  The sender was disposed or finalized.  A GtkWindow that
 *                      is closed is not, while somebody holds a reference.
 * @retval -ESHUTDOWN   The loop is no guest (any more), or never was one: under
 *                      il_run() nobody runs the host; use il_g_run().
 * @retval -EINVAL      No GObject, or no such signal.
 * @retval -ESRCH       Not in a task.
 * @retval -EDEADLK     Under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_g_wait_signal(gpointer sender,
                                             const char *signal,
                                             il_time timeout,
                                             il_g_emission **ret_emission);

/**
 * Wait for the next emission that matches.
 *
 * All others leave the wait as it is: it stays connected, and none is missed.
 *
 * @suspends Always, except for errors.
 *
 * @param match  Asked inside each emission; NULL: any will do.
 * @param data   Passed to @p match.
 * @return As il_g_wait_signal(), where the other parameters are described.
 */
IL_EXPORT IL_MUST_CHECK int
il_g_wait_signal_if(gpointer sender, const char *signal, il_time timeout,
                    il_g_match_fn *match, gpointer data,
                    il_g_emission **ret_emission);

/**@}*/
/** @name Properties */
/**@{*/

/**
 * Whether a property has the value that is waited for.
 *
 * @param value  Valid during the call.
 * @param data   What the wait was given.
 */
typedef bool il_g_value_test_fn(const GValue *value, gpointer data);

/**
 * Wait until a property has a value.
 *
 * The property is read and tested now, and then at each "notify", inside the
 * emission: a value that is there only for a moment is seen too.  If it is set
 * in another thread, it is read in the loop's thread a little later.  A
 * property that changes without "notify" is not seen to change.
 *
 * @suspends Unless it has the value already.
 *
 * @param      object     Any GObject; the wait keeps no reference.
 * @param      property   Name of a property that can be read.
 * @param      timeout    Nanoseconds; #IL_FOREVER for no limit.
 * @param      test       Whether a value will do; NULL: wait for the next
 *                        "notify", whatever the value is.
 * @param      data       Passed to @p test.
 * @param[out] ret_value  Empty, as G_VALUE_INIT makes it; on success the value
 *                        that passed the test, for the caller to unset.  By
 *                        now the property may have another.  May be NULL.
 * @retval 0            It has, or had, the value.
 * @retval -ETIMEDOUT   It had not, in time.
 * @retval -ECANCELED   The caller was cancelled.
 * @retval -EOWNERDEAD  The object was disposed or finalized.
 * @retval -ESHUTDOWN   The loop is no guest, as for il_g_wait_signal().
 * @retval -EINVAL      No GObject, no such property, it cannot be read, or
 *                      @p ret_value holds something.
 * @retval -ESRCH       Not in a task.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int
il_g_wait_property(gpointer object, const char *property, il_time timeout,
                   il_g_value_test_fn *test, gpointer data, GValue *ret_value);

/**
 * Wait until a boolean property is TRUE, or FALSE.
 *
 * @suspends Unless it is already.
 *
 * @param wanted  Any TRUE will do for TRUE.
 * @return As il_g_wait_property(); -EINVAL also if it is not boolean.
 */
IL_EXPORT IL_MUST_CHECK int il_g_wait_property_boolean(gpointer object,
                                                       const char *property,
                                                       gboolean wanted,
                                                       il_time timeout);

/**
 * Wait until a property of any integer type, an enum, flags or a boolean, is a
 * number.
 *
 * @suspends Unless it is already.
 *
 * @return As il_g_wait_property(); -EINVAL also if it is none of these.
 */
IL_EXPORT IL_MUST_CHECK int il_g_wait_property_int(gpointer object,
                                                   const char *property,
                                                   gint64 wanted,
                                                   il_time timeout);

/**
 * Wait until a string property is a text.
 *
 * @suspends Unless it is already.
 *
 * @param wanted  May be NULL.
 * @return As il_g_wait_property(); -EINVAL also if it is no string.
 */
IL_EXPORT IL_MUST_CHECK int il_g_wait_property_string(gpointer object,
                                                      const char *property,
                                                      const char *wanted,
                                                      il_time timeout);

/**@}*/

IL_END_DECLS

#endif
