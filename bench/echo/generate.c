/* SPDX-License-Identifier: MIT */

/* generate.c - the load of all echo servers.
 *
 * One request is on the way on each busy connection: what comes back is read
 * and sent again.  Plain epoll, one thread, on a processor of its own; so for
 * every server it is the same and about as fast as can be.  With many
 * connections it has more to do than a fast server.  What then tells servers
 * apart is the processor time that each spends on a request, the main metric;
 * requests per second say that nobody saved it by being late.
 *
 * The kernel's part is in it: that of sending, but not that of receiving, which
 * the kernel does while the other side sends. */

#include "config.h"

#include "echo/echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Before the measured requests, whatever their number: caches, predictors and
 * the arrays of all libraries have settled then. */
#define WARM_UP 10000L

/* Connections from one address: fewer than the kernel has ports. */
#define ADDRESS_ROOM 8000L

#define N_EVENTS 1024

struct connection {
    int fd;
    long n_back; /* bytes of this round that have come back */
};

static char request[ECHO_ROOM];
static char answer[ECHO_ROOM];

/* On a loopback address of its own for each few thousand. */
static int open_connection(int port, long number)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct sockaddr_in from = { .sin_family = AF_INET };
    /* No TIME_WAIT: the next run needs the ports. */
    const struct linger none = { .l_onoff = 1 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    BENCH_CHECK(fd);
    from.sin_addr.s_addr =
        htonl(INADDR_LOOPBACK + 1 + (uint32_t)(number / ADDRESS_ROOM));
    BENCH_CHECK(bind(fd, (struct sockaddr *)&from, sizeof from));
    BENCH_CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none));
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        bench_fail("connect", -errno);
    return fd;
}

static void send_request(int fd, long size)
{
    if (send(fd, request, (size_t)size, MSG_NOSIGNAL) != size)
        bench_fail("send to the server", -errno);
}

/* Blocking, before the load begins: the server has surely accepted. */
static void ask_once(int fd, long size)
{
    long n = 0;

    send_request(fd, size);
    while (n < size) {
        ssize_t r = read(fd, answer, (size_t)(size - n));

        BENCH_ASSERT(r > 0);
        n += r;
    }
    BENCH_ASSERT(memcmp(answer, request, 1) == 0);
}

static void open_all(const struct echo_load *load, struct connection *busy,
                     int epoll)
{
    for (long i = 0; i < load->n_idle; i++)
        ask_once(open_connection(load->port, i), load->size);
    for (long i = 0; i < load->n_busy; i++) {
        struct epoll_event event = { .events = EPOLLIN,
                                     .data = { .ptr = &busy[i] } };

        busy[i].fd = open_connection(load->port, load->n_idle + i);
        ask_once(busy[i].fd, load->size);
        BENCH_CHECK(fcntl(busy[i].fd, F_SETFL, O_NONBLOCK));
        BENCH_CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, busy[i].fd, &event));
    }
}

/* Something has come back.  Returns 1 if this was the end of an answer. */
static long take_answer(struct connection *c, long size)
{
    ssize_t n = read(c->fd, answer, sizeof answer);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        bench_fail("read from the server", n < 0 ? -errno : 0);
    c->n_back += n;
    if (c->n_back < size)
        return 0;
    BENCH_ASSERT(c->n_back == size);
    c->n_back = 0;
    send_request(c->fd, size);
    return 1;
}

/* Until about n answers have come; returns how many did. */
static long run_load(int epoll, long size, long n)
{
    struct epoll_event events[N_EVENTS];
    long done = 0;

    while (done < n) {
        int n_ready = epoll_wait(epoll, events, N_EVENTS, -1);

        for (int i = 0; i < n_ready; i++)
            done += take_answer(events[i].data.ptr, size);
    }
    return done;
}

static double clock_ns(clockid_t clock)
{
    struct timespec t;

    BENCH_CHECK(clock_gettime(clock, &t));
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void echo_generate(const struct echo_load *load)
{
    struct connection *busy = calloc((size_t)load->n_busy, sizeof *busy);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    double cpu, own, wall;
    clockid_t server;
    long n;

    BENCH_ASSERT(busy && load->size > 0 && load->size <= ECHO_ROOM);
    BENCH_CHECK(epoll);
    BENCH_ASSERT(clock_getcpuclockid(load->server, &server) == 0);
    memset(request, 'x', sizeof request);
    open_all(load, busy, epoll);
    for (long i = 0; i < load->n_busy; i++)
        send_request(busy[i].fd, load->size);
    (void)run_load(epoll, load->size, WARM_UP);

    cpu = clock_ns(server);
    own = bench_cpu_ns();
    wall = bench_wall_ns();
    n = run_load(epoll, load->size, load->n_requests);
    wall = bench_wall_ns() - wall;
    own = bench_cpu_ns() - own;
    cpu = clock_ns(server) - cpu;

    bench_print("ns", cpu / (double)n);
    bench_print("rps", (double)n * 1e9 / wall);
    bench_print("generator_ns", own / (double)n);
    free(busy);
}
