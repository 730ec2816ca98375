/* SPDX-License-Identifier: MIT */
#ifndef ILI_IO_READ_H
#define ILI_IO_READ_H

/* read.h - what reading into one's own memory and into the loop's share. */

#include "loop/fd.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static inline bool ili_would_block(ssize_t r)
{
    return r == -EAGAIN || r == -EWOULDBLOCK;
}

/* On a socket recv() is what read() does on several detours.  With a size of 0
 * it would do more, and take an empty datagram. */
static inline ssize_t ili_read_once(int fd, unsigned hints, void *buffer,
                                    size_t size)
{
    ssize_t n;

    if (hints & ILI_FD_NOT_SOCKET || ILI_UNLIKELY(size == 0))
        return read(fd, buffer, size);
    n = recv(fd, buffer, size, 0);
    if (ILI_UNLIKELY(n < 0 && errno == ENOTSOCK)) {
        ili_fd_set_hint(fd, ILI_FD_NOT_SOCKET);
        n = read(fd, buffer, size);
    }
    return n;
}

static inline ssize_t ili_read_now(int fd, unsigned hints, void *buffer,
                                   size_t size)
{
    ssize_t n;

    do {
        n = ili_read_once(fd, hints, buffer, size);
    } while (ILI_UNLIKELY(n < 0) && errno == EINTR);
    return ILI_LIKELY(n >= 0) ? n : -errno;
}

/* `n` of `size` bytes were read from what is known as `fd`, if anything is.  Who
 * never waited for it need not remember: without a record the next read tries,
 * and if it has to wait there will be one. */
static inline void ili_note_read(struct ili_fd *fd, ssize_t n, size_t size)
{
    if (fd && n > 0 && (size_t)n < size)
        fd->hints |= ILI_FD_DRAINED;
}

#endif
