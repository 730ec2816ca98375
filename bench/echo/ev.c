/* SPDX-License-Identifier: MIT */

/* ev.c - an echo server of libev: a callback a connection, one buffer for all.
 */

#include "config.h"

#include "echo/echo.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[ECHO_ROOM];

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
    ssize_t n = read(io->fd, buffer, sizeof buffer);

    (void)events;
    if (n > 0) {
        BENCH_ASSERT(write(io->fd, buffer, (size_t)n) == n);
    } else if (n == 0 || errno != EAGAIN) {
        ev_io_stop(loop, io);
        (void)close(io->fd);
        free(io);
    }
}

static void on_connection(struct ev_loop *loop, ev_io *listening, int events)
{
    int fd = accept4(listening->fd, NULL, NULL, SOCK_NONBLOCK);
    ev_io *io;

    (void)events;
    if (fd < 0)
        return;
    io = malloc(sizeof *io);
    BENCH_ASSERT(io);
    ev_io_init(io, on_readable, fd, EV_READ);
    ev_io_start(loop, io);
}

void echo_ev(void)
{
    struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL);
    ev_io listening;

    BENCH_ASSERT(loop);
    ev_io_init(&listening, on_connection, ECHO_LISTENING, EV_READ);
    ev_io_start(loop, &listening);
    ev_run(loop, 0);
}
