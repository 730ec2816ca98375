/* SPDX-License-Identifier: MIT */

/* st.c - an echo server of State Threads: a thread a connection, as ours, with
 * epoll, which it does not use unless it is told to. */

#include "config.h"

#include "echo/echo.h"

#ifdef HAVE_PEER_ST

#include <errno.h>
#include <st.h>

/* Of a thread; its stacks have 128 KiB. */
#define ROOM 8192

static void *serve(void *arg)
{
    st_netfd_t fd = arg;
    char buffer[ROOM];
    ssize_t n;

    while ((n = st_read(fd, buffer, sizeof buffer, ST_UTIME_NO_TIMEOUT)) > 0)
        BENCH_ASSERT(st_write(fd, buffer, (size_t)n, ST_UTIME_NO_TIMEOUT) == n);
    (void)st_netfd_close(fd);
    return NULL;
}

void echo_st(void)
{
    st_netfd_t listening;

    BENCH_CHECK(st_set_eventsys(ST_EVENTSYS_ALT));
    BENCH_CHECK(st_init());
    listening = st_netfd_open_socket(ECHO_LISTENING);
    BENCH_ASSERT(listening);
    for (;;) {
        st_netfd_t fd = st_accept(listening, NULL, NULL, ST_UTIME_NO_TIMEOUT);

        BENCH_ASSERT(fd);
        BENCH_ASSERT(st_thread_create(serve, fd, 0, 0));
    }
}

#endif
