/* SPDX-License-Identifier: MIT */

/* glib.c - echo servers in GLib's main loop: one of g_unix_fd_add(), which is
 * twice as fast as GSocketService and its streams, and ours as a guest. */

#include "config.h"

#include "echo/echo.h"

#ifdef HAVE_PEER_GLIB

#include <errno.h>
#include <glib-unix.h>
#include <interloop/glib.h>
#include <interloop/interloop.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[ECHO_ROOM];

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    ssize_t n = read(fd, buffer, sizeof buffer);

    (void)condition;
    (void)data;
    if (n > 0) {
        BENCH_ASSERT(write(fd, buffer, (size_t)n) == n);
    } else if (n == 0 || errno != EAGAIN) {
        (void)close(fd);
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

static gboolean on_connection(gint listening, GIOCondition condition,
                              gpointer data)
{
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);

    (void)condition;
    (void)data;
    if (fd >= 0)
        g_unix_fd_add(fd, G_IO_IN, on_readable, NULL);
    return G_SOURCE_CONTINUE;
}

static void run(void)
{
    g_main_loop_run(g_main_loop_new(NULL, FALSE));
}

void echo_glib(void)
{
    g_unix_fd_add(ECHO_LISTENING, G_IO_IN, on_connection, NULL);
    run();
}

void echo_guest(void)
{
    il_loop *loop;

    BENCH_CHECK(il_g_begin(NULL, &loop));
    echo_spawn();
    run();
}

#endif
