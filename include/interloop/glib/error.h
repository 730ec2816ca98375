/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_ERROR_H
#define INTERLOOP_GLIB_ERROR_H

/**
 * @file glib/error.h
 * @brief From GError to negative errno and back, without losing the message.
 *
 * Functions of tasks return a code, functions of GLib a GError.  On the way up
 * through a task the code suffices; the task keeps the error itself until it
 * has reached somebody who wants a GError again:
 *
 *     static int load (const char *path, char **ret_text)
 *     {
 *         GError *error = NULL;
 *         …
 *         return il_g_propagate (error);   // e.g. -ENOENT; 0 for NULL
 *     }
 *     …
 *     r = load (path, &text);
 *     if (r < 0)
 *         error = il_g_error_from (r);     // the same words once more
 *
 * Only the last error is kept, and only as long as the task runs: whoever
 * joins the task gets its code, not its message.  To hand on both, export the
 * task, see il_g_task.
 */

#include <interloop/interloop.h>

#include <gio/gio.h>

IL_BEGIN_DECLS

/**
 * Turn an error into a code; the running task keeps it.
 *
 * Errors of G_IO_ERROR and G_FILE_ERROR are translated one by one, e.g.
 * G_IO_ERROR_NOT_FOUND to -ENOENT, G_IO_ERROR_CANCELLED to -ECANCELED and
 * G_IO_ERROR_TIMED_OUT to -ETIMEDOUT; those without a counterpart and errors of
 * all other domains become -EIO.
 *
 * Outside tasks, and where the loop is no guest, nothing is kept.
 *
 * @param error  Taken; NULL for none, which leaves a kept one alone.
 * @return A negative errno; 0 for NULL.
 */
IL_EXPORT int il_g_propagate(GError *error);

/**
 * Turn a code into an error.
 *
 * @param code  A negative errno.
 * @return A new error, to be freed by the caller.  If the error that the
 * running task propagated last had this code: a copy of it.  Else one of
 * G_IO_ERROR, as from g_io_error_from_errno(), with a message that users can
 * read: il_error_text(), or what g_strerror() says where that means the same.
 * NULL if @p code is not negative.
 */
IL_EXPORT GError *il_g_error_from(int code);

/**
 * Set an error from a code, for functions that end with a GError **.
 *
 *     return il_g_set_error (error, r);
 *
 * @param[out] error  Set as by il_g_error_from() if @p code is negative; may be
 *                    NULL.
 * @param      code   Any result.
 * @return Whether @p code is a success.
 */
IL_EXPORT gboolean il_g_set_error(GError **error, int code);

IL_END_DECLS

#endif
