/* SPDX-License-Identifier: MIT */

/* hand.c - echo servers on bare epoll.
 *
 * `hand` is what one writes: level-triggered, each descriptor added once, one
 * buffer for all, a read and a write for each event.  `least` leaves out what
 * can be left out: edge-triggered, so the kernel need not look at a descriptor
 * again after it has told of it, which is safe here because a read that gets
 * less than there is room for has emptied the socket; and recv() and send(),
 * which reach a socket by a shorter way. */

#include "config.h"

#include "echo/echo.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_EVENTS 1024

static char buffer[ECHO_ROOM];

static void add(int epoll, int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data = { .fd = fd } };

    BENCH_CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

static void echo(int fd)
{
    ssize_t n = read(fd, buffer, sizeof buffer);

    if (n > 0)
        BENCH_ASSERT(write(fd, buffer, (size_t)n) == n);
    else if (n == 0 || errno != EAGAIN)
        (void)close(fd);
}

static void echo_with_least(int fd)
{
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);

    if (n > 0)
        BENCH_ASSERT(send(fd, buffer, (size_t)n, MSG_NOSIGNAL) == n);
    else if (n == 0 || errno != EAGAIN)
        (void)close(fd);
}

static void serve(bool least)
{
    struct epoll_event events[N_EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    BENCH_CHECK(epoll);
    add(epoll, ECHO_LISTENING, EPOLLIN);
    for (;;) {
        int n = epoll_wait(epoll, events, N_EVENTS, -1);

        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;

            if (fd == ECHO_LISTENING) {
                fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
                if (fd >= 0)
                    add(epoll, fd, least ? EPOLLIN | EPOLLET : EPOLLIN);
            } else if (least) {
                echo_with_least(fd);
            } else {
                echo(fd);
            }
        }
    }
}

void echo_hand(void)
{
    serve(false);
}

void echo_least(void)
{
    serve(true);
}
