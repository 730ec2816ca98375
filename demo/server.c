/* SPDX-License-Identifier: MIT */

/* server.c - an HTTP file server that is one group of tasks.
 *
 * The task `serve` owns the listening socket and a group; each connection is a
 * task in that group.  Cancelling `serve`, as closing the loop does, therefore
 * ends all of them, and each closes its own descriptor on the way out.
 *
 * A client that changes its mind shuts down its side of the connection and
 * reads what is still on the way.  So a connection runs two tasks: one sends,
 * the other waits for that end of input, and whichever is first cancels the
 * other.  That is il_race(). */

#include "server.h"

#include "content.h"

#include <interloop/interloop.h>

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CHUNK ((size_t)16 * 1024)

struct connection {
    struct server *server;
    const struct content *file; /* NULL until the request is known */
    int fd;                     /* owned by the task of the connection */
};

/* What went out counts even if the rest was cancelled: the client will count
 * it too. */
static int send_counted(const struct connection *c, const void *data,
                        size_t size)
{
    size_t done;
    int r = il_write_all(c->fd, data, size, &done);

    c->server->sent += done;
    return r;
}

/* The head of a request, without a body, up to the empty line. */
static int read_request(int fd, char *request, size_t size)
{
    size_t used = 0;
    int r = 0;

    IL_TIMEOUT (IL_SEC(5), &r) {
        while (used + 1 < size) {
            ssize_t n = il_read(fd, request + used, size - used - 1);

            r = n < 0 ? (int)n : n == 0 ? -EPIPE : 0;
            if (r < 0)
                break;
            used += (size_t)n;
            request[used] = '\0';
            if (strstr(request, "\r\n\r\n"))
                break;
        }
    }
    return r < 0 ? r : used + 1 < size ? 0 : -EMSGSIZE;
}

static int send_head(const struct connection *c, int status, const char *reason,
                     uint64_t length)
{
    char head[256];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d %s\r\n"
                     "Content-Type: application/octet-stream\r\n"
                     "Content-Length: %" PRIu64 "\r\n"
                     "Connection: close\r\n\r\n",
                     status, reason, length);

    return send_counted(c, head, (size_t)n);
}

/* Sleeping until a point in time, not for a time, keeps the pace exact however
 * long the writing took. */
static int send_file(void *arg)
{
    const struct connection *c = arg;
    char chunk[CHUNK];
    il_time due = il_now();
    int r = send_head(c, 200, "OK", c->file->size);

    for (uint64_t offset = 0; r >= 0 && offset < c->file->size;) {
        uint64_t left = c->file->size - offset;
        size_t n = left < CHUNK ? (size_t)left : CHUNK;

        content_fill(c->file, offset, chunk, n);
        r = send_counted(c, chunk, n);
        if (r < 0)
            break;
        offset += n;
        due += (il_time)(n * UINT64_C(1000000000) / c->server->rate);
        r = il_sleep_until(due);
    }
    return r;
}

static int wait_for_hangup(void *arg)
{
    const struct connection *c = arg;
    char byte;
    ssize_t n = il_read(c->fd, &byte, 1);

    /* A broken connection is an end as well; only a cancel is none. */
    return n == -ECANCELED ? -ECANCELED : 0;
}

static int answer(struct connection *c)
{
    char request[1024];
    char name[256];
    int r = read_request(c->fd, request, sizeof request);

    if (r < 0)
        return r;
    if (sscanf(request, "GET /%255[^ ] HTTP/1.", name) != 1)
        return send_head(c, 400, "Bad Request", 0);
    c->file = content_find(name);
    if (!c->file)
        return send_head(c, 404, "Not Found", 0);

    il_call calls[] = { { send_file, c, 0 }, { wait_for_hangup, c, 0 } };
    return il_race(calls, 2, NULL);
}

static int handle(void *arg)
{
    struct connection *c = arg;
    int r = answer(c);

    (void)il_close(c->fd);
    /* A client that goes away is daily business, not an error of ours. */
    return r == -ECANCELED ? r : 0;
}

/* Errors of accept() that will pass; il_accept() waits a little before it
 * reports the ones that would repeat at once. */
static bool will_pass(int error)
{
    return error == -ECONNABORTED || error == -EMFILE || error == -ENFILE ||
           error == -ENOBUFS || error == -ENOMEM;
}

static int serve(void *arg)
{
    struct server *server = arg;
    il_group connections;
    int closed;
    int r = il_group_open(&connections, IL_GROUP_SUPERVISE);

    while (r >= 0 || will_pass(r)) {
        struct connection c = { .server = server };

        r = il_accept(server->fd, NULL, NULL);
        if (r < 0)
            continue;
        c.fd = r;
        r = il_spawn_copy(&connections, handle, &c, sizeof c, NULL);
        if (r < 0)
            (void)il_close(c.fd);
    }
    if (r != -ECANCELED)
        fprintf(stderr, "server: %s\n", il_strerror(r));
    /* The listening socket goes last: while connections say goodbye, a client
     * in its queue should wait, not be refused. */
    closed = il_group_close(&connections);
    (void)il_close(server->fd);
    return r < 0 ? r : closed;
}

int server_start(struct server *server, uint64_t rate)
{
    struct sockaddr_in addr = { .sin_family = AF_INET };
    struct sockaddr *any = (struct sockaddr *)&addr;
    socklen_t size = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r;

    if (fd < 0)
        return -errno;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, any, size) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, any, &size) < 0) {
        r = -errno;
        (void)il_close(fd);
        return r;
    }
    *server =
        (struct server){ .fd = fd, .port = ntohs(addr.sin_port), .rate = rate };
    r = il_spawn(NULL, serve, server, NULL);
    if (r < 0)
        (void)il_close(fd);
    return r;
}
