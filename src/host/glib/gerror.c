/* SPDX-License-Identifier: MIT */

/* gerror.c - from GError to negative errno and back.
 *
 * A task keeps the error that it propagated last in one of its host slots; it
 * goes with the task, whichever way that ends, see host_task_ended().  The
 * running task is looked up each time: a task may spawn another in between.
 *
 * Rejected: a table from tasks to errors, for which every task would pay at its
 * end; handing the error on to who joins, because there may be none or many,
 * long after. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>
#include <string.h>

/* By GIOErrorEnum; CONNECTION_CLOSED is a second name of BROKEN_PIPE.  What is
 * not here is EIO. */
static const int io_codes[] = {
    [G_IO_ERROR_FAILED] = EIO,
    [G_IO_ERROR_NOT_FOUND] = ENOENT,
    [G_IO_ERROR_EXISTS] = EEXIST,
    [G_IO_ERROR_IS_DIRECTORY] = EISDIR,
    [G_IO_ERROR_NOT_DIRECTORY] = ENOTDIR,
    [G_IO_ERROR_NOT_EMPTY] = ENOTEMPTY,
    [G_IO_ERROR_NOT_REGULAR_FILE] = ENXIO,
    [G_IO_ERROR_NOT_SYMBOLIC_LINK] = EINVAL,
    [G_IO_ERROR_NOT_MOUNTABLE_FILE] = ENOTBLK,
    [G_IO_ERROR_FILENAME_TOO_LONG] = ENAMETOOLONG,
    [G_IO_ERROR_INVALID_FILENAME] = EINVAL,
    [G_IO_ERROR_TOO_MANY_LINKS] = ELOOP,
    [G_IO_ERROR_NO_SPACE] = ENOSPC,
    [G_IO_ERROR_INVALID_ARGUMENT] = EINVAL,
    [G_IO_ERROR_PERMISSION_DENIED] = EACCES,
    [G_IO_ERROR_NOT_SUPPORTED] = EOPNOTSUPP,
    [G_IO_ERROR_NOT_MOUNTED] = ENODEV,
    [G_IO_ERROR_ALREADY_MOUNTED] = EBUSY,
    [G_IO_ERROR_CLOSED] = EBADF,
    [G_IO_ERROR_CANCELLED] = ECANCELED,
    [G_IO_ERROR_PENDING] = EBUSY,
    [G_IO_ERROR_READ_ONLY] = EROFS,
    [G_IO_ERROR_WRONG_ETAG] = ESTALE,
    [G_IO_ERROR_TIMED_OUT] = ETIMEDOUT,
    [G_IO_ERROR_WOULD_RECURSE] = EISDIR,
    [G_IO_ERROR_BUSY] = EBUSY,
    [G_IO_ERROR_WOULD_BLOCK] = EAGAIN,
    [G_IO_ERROR_HOST_NOT_FOUND] = EHOSTUNREACH,
    [G_IO_ERROR_WOULD_MERGE] = EISDIR,
    [G_IO_ERROR_TOO_MANY_OPEN_FILES] = EMFILE,
    [G_IO_ERROR_NOT_INITIALIZED] = ESHUTDOWN,
    [G_IO_ERROR_ADDRESS_IN_USE] = EADDRINUSE,
    [G_IO_ERROR_PARTIAL_INPUT] = EBADMSG,
    [G_IO_ERROR_INVALID_DATA] = EBADMSG,
    [G_IO_ERROR_DBUS_ERROR] = EREMOTEIO,
    [G_IO_ERROR_HOST_UNREACHABLE] = EHOSTUNREACH,
    [G_IO_ERROR_NETWORK_UNREACHABLE] = ENETUNREACH,
    [G_IO_ERROR_CONNECTION_REFUSED] = ECONNREFUSED,
    [G_IO_ERROR_PROXY_FAILED] = ECONNREFUSED,
    [G_IO_ERROR_PROXY_AUTH_FAILED] = EACCES,
    [G_IO_ERROR_PROXY_NEED_AUTH] = EACCES,
    [G_IO_ERROR_PROXY_NOT_ALLOWED] = EACCES,
    [G_IO_ERROR_CONNECTION_CLOSED] = EPIPE,
    [G_IO_ERROR_NOT_CONNECTED] = ENOTCONN,
    [G_IO_ERROR_MESSAGE_TOO_LARGE] = EMSGSIZE,
};

/* By GFileError, whose names are those of errno. */
static const int file_codes[] = {
    [G_FILE_ERROR_EXIST] = EEXIST, [G_FILE_ERROR_ISDIR] = EISDIR,
    [G_FILE_ERROR_ACCES] = EACCES, [G_FILE_ERROR_NAMETOOLONG] = ENAMETOOLONG,
    [G_FILE_ERROR_NOENT] = ENOENT, [G_FILE_ERROR_NOTDIR] = ENOTDIR,
    [G_FILE_ERROR_NXIO] = ENXIO,   [G_FILE_ERROR_NODEV] = ENODEV,
    [G_FILE_ERROR_ROFS] = EROFS,   [G_FILE_ERROR_TXTBSY] = ETXTBSY,
    [G_FILE_ERROR_FAULT] = EFAULT, [G_FILE_ERROR_LOOP] = ELOOP,
    [G_FILE_ERROR_NOSPC] = ENOSPC, [G_FILE_ERROR_NOMEM] = ENOMEM,
    [G_FILE_ERROR_MFILE] = EMFILE, [G_FILE_ERROR_NFILE] = ENFILE,
    [G_FILE_ERROR_BADF] = EBADF,   [G_FILE_ERROR_INVAL] = EINVAL,
    [G_FILE_ERROR_PIPE] = EPIPE,   [G_FILE_ERROR_AGAIN] = EAGAIN,
    [G_FILE_ERROR_INTR] = EINTR,   [G_FILE_ERROR_IO] = EIO,
    [G_FILE_ERROR_PERM] = EPERM,   [G_FILE_ERROR_NOSYS] = ENOSYS,
    [G_FILE_ERROR_FAILED] = EIO,
};

static int look_up(const int *codes, gsize n_codes, int number)
{
    int code = number >= 0 && (gsize)number < n_codes ? codes[number] : 0;

    return code ? -code : -EIO;
}

static int code_of(const GError *error)
{
    if (error->domain == G_IO_ERROR)
        return look_up(io_codes, G_N_ELEMENTS(io_codes), error->code);
    if (error->domain == G_FILE_ERROR)
        return look_up(file_codes, G_N_ELEMENTS(file_codes), error->code);
    return -EIO;
}

/* Where the running task keeps its error; NULL if there is none that could. */
static GError **kept_error(void)
{
    ili_g_bridge *bridge = ili_g_bridge_get();
    void **slots = bridge ? il_loop_task_slots(bridge->loop) : NULL;

    return slots ? (GError **)&slots[ILI_G_SLOT_ERROR] : NULL;
}

int il_g_propagate(GError *error)
{
    GError **kept;
    int code;

    if (!error)
        return 0;
    code = code_of(error);
    kept = kept_error();
    if (!kept) {
        g_error_free(error);
    } else if (*kept != error) {
        g_clear_error(kept);
        *kept = error;
    }
    return code;
}

/* Users may get to see it: the C library's words in their language, except where
 * they would be about something else than ours. */
static const char *message_of(int result)
{
    const char *text = il_error_text(result);

    return result > G_MININT && text == strerrordesc_np(-result)
               ? g_strerror(-result)
               : text;
}

GError *il_g_error_from(int code)
{
    GError **kept = kept_error();
    int number;

    if (code >= 0)
        return NULL;
    if (kept && *kept && code_of(*kept) == code)
        return g_error_copy(*kept);
    /* There is no positive G_MININT. */
    number = code == G_MININT ? EIO : -code;
    return g_error_new_literal(G_IO_ERROR, (gint)g_io_error_from_errno(number),
                               message_of(code));
}

gboolean il_g_set_error(GError **error, int code)
{
    if (code < 0 && error)
        g_propagate_error(error, il_g_error_from(code));
    return code >= 0;
}
