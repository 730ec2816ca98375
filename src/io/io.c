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
#include "loop/fd.h"
#include "task/task.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int il_wait_fd(int fd, int events)
{
    return ili_fd_wait(fd, events);
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

static bool would_block(ssize_t r)
{
    return r == -EAGAIN || r == -EWOULDBLOCK;
}

static ssize_t read_now(int fd, void *buffer, size_t size)
{
    ssize_t n;

    do {
        n = read(fd, buffer, size);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

ssize_t il_read(int fd, void *buffer, size_t size)
{
    bool drained = il_task_current() && ili_fd_hint(fd, ILI_FD_DRAINED);
    ssize_t n = ili_spend();

    if (n < 0)
        return n;
    n = drained && size > 0 ? -EAGAIN : read_now(fd, buffer, size);
    while (would_block(n)) {
        int r = ili_fd_wait(fd, IL_READ);

        if (r < 0)
            return r;
        n = read_now(fd, buffer, size);
    }
    if (n > 0 && (size_t)n < size)
        ili_fd_set_hint(fd, ILI_FD_DRAINED, true);
    return n;
}

int il_read_all(int fd, void *buffer, size_t size, size_t *ret_done)
{
    size_t done = 0;
    ssize_t n = 1;

    while (done < size && n > 0) {
        n = il_read(fd, (char *)buffer + done, size - done);
        if (n > 0)
            done += (size_t)n;
    }
    if (ret_done)
        *ret_done = done;
    if (n < 0)
        return (int)n;
    return done == size ? 0 : -EPIPE;
}

ssize_t il_write(int fd, const void *buffer, size_t size)
{
    ssize_t n = ili_spend();

    if (n < 0)
        return n;
    n = ili_write_nosignal(fd, buffer, size);
    while (would_block(n)) {
        int r = ili_fd_wait(fd, IL_WRITE);

        if (r < 0)
            return r;
        n = ili_write_nosignal(fd, buffer, size);
    }
    return n;
}

int il_write_all(int fd, const void *buffer, size_t size, size_t *ret_done)
{
    size_t done = 0;
    ssize_t n = 0;

    while (done < size && n >= 0) {
        n = il_write(fd, (const char *)buffer + done, size - done);
        if (n > 0)
            done += (size_t)n;
    }
    if (ret_done)
        *ret_done = done;
    return n < 0 ? (int)n : 0;
}
