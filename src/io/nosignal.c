/* SPDX-License-Identifier: MIT */

/* nosignal.c - write without SIGPIPE.
 *
 * A socket has MSG_NOSIGNAL.  For the rest newer kernels have a flag to
 * pwritev2(); where they do not, the signal is blocked around the write and
 * taken back if it came, which costs two or three system calls more.  The
 * process's disposition of SIGPIPE is the host's business and stays as is. */

#include "config.h"

#include "io/nosignal.h"

#include "loop/fd.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

static atomic_bool has_no_flag;

static ssize_t result(ssize_t n)
{
    return n < 0 ? -errno : n;
}

static ssize_t write_masked(int fd, const void *buffer, size_t size)
{
    const struct timespec at_once = { 0, 0 };
    sigset_t pipe_only;
    sigset_t pending;
    sigset_t before;
    ssize_t n;

    (void)sigemptyset(&pipe_only);
    (void)sigaddset(&pipe_only, SIGPIPE);
    (void)sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    n = result(write(fd, buffer, size));
    if (n == -EPIPE && !sigismember(&pending, SIGPIPE))
        (void)sigtimedwait(&pipe_only, NULL, &at_once);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
}

static ssize_t write_once(int fd, const void *buffer, size_t size)
{
    struct iovec vector = { (void *)buffer, size };
    ssize_t n = -EOPNOTSUPP;

    if (!atomic_load_explicit(&has_no_flag, memory_order_relaxed))
        n = result(pwritev2(fd, &vector, 1, -1, RWF_NOSIGNAL));
    if (ILI_LIKELY(n >= 0))
        return n;
    if (n == -EOPNOTSUPP || n == -EINVAL || n == -ENOSYS) {
        n = write_masked(fd, buffer, size);
        /* It did work this way, so it was the flag. */
        if (n >= 0 || n == -EAGAIN)
            atomic_store_explicit(&has_no_flag, true, memory_order_relaxed);
    }
    return n;
}

ssize_t ili_write_file(int fd, const void *buffer, size_t size)
{
    ssize_t n;

    do {
        n = write_once(fd, buffer, size);
    } while (ILI_UNLIKELY(n == -EINTR));
    return n;
}
