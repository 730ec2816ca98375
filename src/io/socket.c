/* SPDX-License-Identifier: MIT */

/* socket.c - accepting and connecting. */

#include "config.h"

#include <interloop/io.h>

#include "base/assert.h"
#include "loop/fd.h"
#include "task/task.h"

#include <errno.h>
#include <sys/socket.h>

/* How long a server rests when there are no descriptors to be had. */
#define OUT_OF_DESCRIPTORS_PAUSE IL_MS(100)
/* A unix socket whose queue is full does not tell when it has room. */
#define FULL_QUEUE_PAUSE IL_MS(2)

static int accept_now(int fd, struct sockaddr *addr, socklen_t *len)
{
    int r;

    /* A peer that has gone again before we came is nobody's error. */
    do {
        r = accept4(fd, addr, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (r < 0 && (errno == EINTR || errno == ECONNABORTED));
    return r < 0 ? -errno : r;
}

static bool is_shortage(int r)
{
    return r == -EMFILE || r == -ENFILE || r == -ENOBUFS || r == -ENOMEM;
}

int il_accept(int fd, struct sockaddr *ret_addr, socklen_t *addr_len)
{
    int r = ili_spend();

    if (r < 0)
        return r;
    r = accept_now(fd, ret_addr, addr_len);
    while (r == -EAGAIN || r == -EWOULDBLOCK) {
        r = ili_fd_wait(fd, ili_fd_find(fd), IL_READ);
        if (r < 0)
            return r;
        r = accept_now(fd, ret_addr, addr_len);
    }
    if (is_shortage(r) && il_task_current()) {
        int slept = il_sleep(OUT_OF_DESCRIPTORS_PAUSE);

        return slept == -ECANCELED ? slept : r;
    }
    return r;
}

static int socket_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -errno;
    return -error;
}

int il_connect(int fd, const struct sockaddr *addr, socklen_t addr_len)
{
    int r = ili_spend();

    if (r < 0)
        return r;
    for (;;) {
        if (connect(fd, addr, addr_len) == 0)
            return 0;
        if (errno != EAGAIN)
            break;
        r = il_sleep(FULL_QUEUE_PAUSE);
        if (r < 0)
            return r;
    }
    /* An interrupted connect goes on by itself. */
    if (errno != EINPROGRESS && errno != EINTR)
        return -errno;
    r = ili_fd_wait(fd, ili_fd_find(fd), IL_WRITE);
    return r < 0 ? r : socket_error(fd);
}
