/* SPDX-License-Identifier: MIT */

/* io.c - reading and writing.
 *
 * Try first, wait only if that would block.  The exception is a read after a
 * short read: that one took all there was, so trying would only cost a system
 * call that says EAGAIN. */

#include "config.h"

#include <interloop/io.h>

#include "base/assert.h"
#include "io/nosignal.h"
#include "io/read.h"

#include <fcntl.h>
#include <poll.h>

/* The first event wakes; another may have come with it. */
static int also_ready(int fd)
{
    struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };

    if (poll(&pollfd, 1, 0) <= 0)
        return 0;
    return (pollfd.revents & POLLIN ? IL_READ : 0) |
           (pollfd.revents & POLLOUT ? IL_WRITE : 0);
}

int il_wait_fd(int fd, int events)
{
    int r = ili_fd_wait(fd, ili_fd_find(fd), events);

    if (r > 0 && events == (IL_READ | IL_WRITE))
        r |= also_ready(fd);
    return r;
}

int il_set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return 0;
}

int il_close(int fd)
{
    ILI_RETURN_IF_FAIL(fd >= 0, -EBADF);
    ili_fd_forget(fd);
    /* After EINTR Linux has closed it all the same. */
    return close(fd) < 0 && errno != EINTR ? -errno : 0;
}

static inline __attribute__((always_inline)) ssize_t
read_some(int fd, void *buffer, size_t size)
{
    il_task *task = ili_current_task();
    struct ili_fd *known = ili_fd_find(fd);
    unsigned hints = known ? known->hints : 0;
    ssize_t n;

    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (!(task && hints & ILI_FD_DRAINED && size > 0)) {
        n = ili_read_now(fd, hints, buffer, size);
        if (!ili_would_block(n)) {
            ili_note_read(known, n, size);
            (void)ili_spent(task);
            return n;
        }
    }
    do {
        int r = ili_fd_wait(fd, known, IL_READ);

        if (ILI_UNLIKELY(r < 0))
            return r;
        n = ili_read_now(fd, hints, buffer, size);
    } while (ILI_UNLIKELY(ili_would_block(n)));
    ili_note_read(known ? known : ili_fd_find(fd), n, size);
    return n;
}

ssize_t il_read(int fd, void *buffer, size_t size)
{
    return read_some(fd, buffer, size);
}

int il_read_all(int fd, void *buffer, size_t size, size_t *ret_done)
{
    size_t done = 0;
    ssize_t n = 1;

    while (done < size && n > 0) {
        n = read_some(fd, (char *)buffer + done, size - done);
        if (n > 0)
            done += (size_t)n;
    }
    if (ret_done)
        *ret_done = done;
    if (n < 0)
        return (int)n;
    return done == size ? 0 : -EPIPE;
}

static inline __attribute__((always_inline)) ssize_t
write_some(int fd, const void *buffer, size_t size)
{
    il_task *task = ili_current_task();
    struct ili_fd *known = ili_fd_find(fd);
    unsigned hints = known ? known->hints : 0;
    ssize_t n;

    if (ili_must_refuse(task))
        return ili_refuse(task);
    n = ili_write_nosignal(fd, hints, buffer, size);
    if (ILI_LIKELY(!ili_would_block(n))) {
        (void)ili_spent(task);
        return n;
    }
    do {
        int r = ili_fd_wait(fd, known, IL_WRITE);

        if (r < 0)
            return r;
        n = ili_write_nosignal(fd, hints, buffer, size);
    } while (ili_would_block(n));
    return n;
}

ssize_t il_write(int fd, const void *buffer, size_t size)
{
    return write_some(fd, buffer, size);
}

int il_write_all(int fd, const void *buffer, size_t size, size_t *ret_done)
{
    size_t done = 0;
    ssize_t n = 0;

    while (done < size) {
        n = write_some(fd, (const char *)buffer + done, size - done);
        if (ILI_UNLIKELY(n < 0))
            break;
        done += (size_t)n;
    }
    if (ret_done)
        *ret_done = done;
    return n < 0 ? (int)n : 0;
}
