/* SPDX-License-Identifier: MIT */

/* uv.c - an echo server of libuv: one buffer for all, and uv_try_write(), which
 * writes at once and needs neither a request nor a copy.  uv_write() takes a
 * tenth more of the processor. */

#include "config.h"

#include "echo/echo.h"

#ifdef HAVE_PEER_UV

#include <stdlib.h>
#include <uv.h>

static char room[ECHO_ROOM];

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *ret_buffer)
{
    (void)handle;
    (void)size;
    *ret_buffer = uv_buf_init(room, sizeof room);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    if (n > 0) {
        uv_buf_t out = uv_buf_init(buffer->base, (unsigned)n);

        BENCH_ASSERT(uv_try_write(stream, &out, 1) == n);
    } else if (n < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
    }
}

static void on_connection(uv_stream_t *listening, int status)
{
    uv_tcp_t *tcp = malloc(sizeof *tcp);

    BENCH_CHECK(status);
    BENCH_ASSERT(tcp);
    BENCH_CHECK(uv_tcp_init(listening->loop, tcp));
    BENCH_CHECK(uv_accept(listening, (uv_stream_t *)tcp));
    BENCH_CHECK(uv_read_start((uv_stream_t *)tcp, on_room, on_read));
}

void echo_uv(void)
{
    uv_tcp_t listening;

    BENCH_CHECK(uv_tcp_init(uv_default_loop(), &listening));
    BENCH_CHECK(uv_tcp_open(&listening, ECHO_LISTENING));
    BENCH_CHECK(uv_listen((uv_stream_t *)&listening, 4096, on_connection));
    BENCH_CHECK(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
}

#endif
