/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_WAIT_H
#define INTERLOOP_GLIB_WAIT_H

/**
 * @file glib/wait.h
 * @brief Wait for a signal in one line.
 *
 * For tasks of a loop that is a guest, see il_g_begin().
 */

#include <interloop/glib/emission.h>
#include <interloop/interloop.h>

#include <glib-object.h>

IL_BEGIN_DECLS

/**
 * Wait for the next emission of a signal.
 *
 * @suspends Always, except for errors.
 *
 * @param      sender        Any GObject.
 * @param      signal        Name of a signal, with or without "::detail".
 * @param      timeout       Nanoseconds; #IL_FOREVER for no limit.
 * @param[out] ret_emission  The emission, to be freed by the caller; may be
 *                           NULL.
 * @retval 0            It was emitted.
 * @retval -ETIMEDOUT   It was not, in time.
 * @retval -ECANCELED   The caller was cancelled.
 * @retval -EOWNERDEAD  The sender was disposed or finalized.  A GtkWindow that
 *                      is closed is not, while somebody holds a reference.
 * @retval -ESHUTDOWN   The loop is no guest (any more), or never was one: under
 *                      il_run() nobody runs the host; use il_g_run().
 * @retval -EINVAL      No GObject, or no such signal.
 * @retval -ESRCH       Not in a task.
 */
IL_EXPORT IL_MUST_CHECK int il_g_wait_signal(gpointer sender,
                                             const char *signal,
                                             il_time timeout,
                                             il_g_emission **ret_emission);

IL_END_DECLS

#endif
