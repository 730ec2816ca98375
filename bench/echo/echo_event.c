/* SPDX-License-Identifier: MIT */

/* echo_event.c - an echo server of libevent: a callback a connection, one buffer
 * for all.  Its bufferevents take half as much again of the processor.
 *
 * A program of its own: Debian's libev exports names of libevent. */

#include "config.h"

#include "echo/echo.h"

#ifdef HAVE_PEER_EVENT

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[ECHO_ROOM];

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct event *event = *(struct event **)arg;
    ssize_t n = read(fd, buffer, sizeof buffer);

    (void)what;
    if (n > 0) {
        BENCH_ASSERT(write(fd, buffer, (size_t)n) == n);
    } else if (n == 0 || errno != EAGAIN) {
        event_free(event);
        (void)close(fd);
        free(arg);
    }
}

static void on_connection(evutil_socket_t listening, short what, void *arg)
{
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
    struct event **event;

    (void)what;
    if (fd < 0)
        return;
    event = malloc(sizeof(struct event *));
    BENCH_ASSERT(event);
    *event = event_new(arg, fd, EV_READ | EV_PERSIST, on_readable, event);
    BENCH_ASSERT(*event);
    BENCH_CHECK(event_add(*event, NULL));
}

static void end(int signal)
{
    (void)signal;
    _exit(0);
}

int main(void)
{
    struct sigaction action = { .sa_handler = end };
    struct event_base *base = event_base_new();
    struct event *event;

    BENCH_CHECK(sigaction(SIGTERM, &action, NULL));
    BENCH_ASSERT(base);
    event = event_new(base, ECHO_LISTENING, EV_READ | EV_PERSIST, on_connection,
                      base);
    BENCH_ASSERT(event);
    BENCH_CHECK(event_add(event, NULL));
    return event_base_dispatch(base) < 0;
}

#else

int main(void)
{
    return BENCH_ABSENT;
}

#endif
