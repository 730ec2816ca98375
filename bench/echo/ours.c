/* SPDX-License-Identifier: MIT */

/* ours.c - echo servers of interloop: a task a connection, in a straight line.
 */

#include "config.h"

#include "echo/echo.h"

#include <interloop/interloop.h>

static int serve(void *arg)
{
    IL_CLEANUP(il_fd) int fd = *(int *)arg;
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;

    for (;;) {
        ssize_t n = il_buffer_read(&buffer, fd);
        int r;

        if (n <= 0)
            return (int)n;
        r = il_write_all(fd, buffer.data, buffer.size, NULL);
        if (r < 0)
            return r;
    }
}

static int serve_own(void *arg)
{
    IL_CLEANUP(il_fd) int fd = *(int *)arg;
    char buffer[8192];

    for (;;) {
        ssize_t n = il_read(fd, buffer, sizeof buffer);
        int r;

        if (n <= 0)
            return (int)n;
        r = il_write_all(fd, buffer, (size_t)n, NULL);
        if (r < 0)
            return r;
    }
}

static int accept_all(void *serve)
{
    for (;;) {
        int fd = il_accept(ECHO_LISTENING, NULL, NULL);

        BENCH_CHECK(fd);
        BENCH_CHECK(il_spawn_copy(NULL, serve, &fd, sizeof fd, NULL));
    }
}

void echo_spawn(void)
{
    BENCH_CHECK(il_spawn(NULL, accept_all, serve, NULL));
}

void echo_ours(void)
{
    BENCH_CHECK(il_run(accept_all, serve));
}

void echo_ours_own(void)
{
    BENCH_CHECK(il_run(accept_all, serve_own));
}
