/* SPDX-License-Identifier: MIT */
#ifndef ILI_IO_NOSIGNAL_H
#define ILI_IO_NOSIGNAL_H

#include "loop/fd.h"

#include <errno.h>
#include <sys/socket.h>

/* For what is no socket. */
ssize_t ili_write_file(int fd, const void *buffer, size_t size);

/* write() that never raises SIGPIPE and does not touch how the process handles
 * it.  Returns bytes or a negative errno; never EINTR.  `hints` are what is known
 * of the descriptor. */
static inline ssize_t ili_write_nosignal(int fd, unsigned hints,
                                         const void *buffer, size_t size)
{
    while (ILI_LIKELY(!(hints & ILI_FD_NOT_SOCKET))) {
        ssize_t n = send(fd, buffer, size, MSG_NOSIGNAL);

        if (ILI_LIKELY(n >= 0))
            return n;
        if (errno == ENOTSOCK) {
            hints = ILI_FD_NOT_SOCKET;
            ili_fd_set_hint(fd, ILI_FD_NOT_SOCKET);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return ili_write_file(fd, buffer, size);
}

#endif
