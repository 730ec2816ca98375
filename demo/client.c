/* SPDX-License-Identifier: MIT */

/* client.c - HTTP GET with deadlines, and a polite way to give up.
 *
 * A download that is cancelled does not just close its socket: it tells the
 * server by shutting down its side, and then reads what is still on the way,
 * behind a shield.  That is why the demo can claim that every byte that the
 * server sent was received, however it was ended. */

#include "client.h"

#include <interloop/interloop.h>

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* A server that sends nothing for so long has gone. */
#define PATIENCE IL_SEC(5)

/* What has been read but not looked at. */
struct input {
    int fd;
    size_t used;
    char buffer[16 * 1024];
};

/* More input, behind what is there.  0 is the end. */
static int receive(struct download *d, struct input *in)
{
    int n = 0;

    IL_TIMEOUT (PATIENCE, &n) {
        n = (int)il_read(in->fd, in->buffer + in->used,
                         sizeof in->buffer - in->used);
    }
    if (n > 0) {
        in->used += (size_t)n;
        d->client->received += (unsigned)n;
    }
    return n;
}

static int open_connection(const struct download *d, int fd)
{
    struct sockaddr_in addr = { .sin_family = AF_INET,
                                .sin_port = htons(d->client->port) };
    int r = 0;

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    IL_TIMEOUT (PATIENCE, &r) {
        r = il_connect(fd, (const struct sockaddr *)&addr, sizeof addr);
    }
    return r;
}

static int send_request(const struct download *d, int fd)
{
    char request[256];
    int n = snprintf(request, sizeof request,
                     "GET /%s HTTP/1.1\r\n"
                     "Host: 127.0.0.1:%u\r\n"
                     "Connection: close\r\n\r\n",
                     d->file->name, (unsigned)d->client->port);
    int r = 0;

    IL_TIMEOUT (PATIENCE, &r) {
        r = il_write_all(fd, request, (size_t)n, NULL);
    }
    return r;
}

/* Read the head and leave in the buffer what came behind it. */
static int read_head(struct download *d, struct input *in, uint64_t *ret_length)
{
    char *end = NULL;
    const char *length;
    int status;

    while (!end) {
        int n;

        if (in->used + 1 >= sizeof in->buffer)
            return -EMSGSIZE;
        n = receive(d, in);
        if (n <= 0)
            return n < 0 ? n : -EPIPE;
        end = memmem(in->buffer, in->used, "\r\n\r\n", 4);
    }
    *end = '\0';
    if (sscanf(in->buffer, "HTTP/1.%*d %d", &status) != 1)
        return -EBADMSG;
    if (status != 200)
        return status == 404 ? -ENOENT : -EPROTO;
    length = strstr(in->buffer, "\r\nContent-Length: ");
    if (!length || sscanf(length + 18, "%" SCNu64, ret_length) != 1)
        return -EBADMSG;

    in->used -= (size_t)(end + 4 - in->buffer);
    memmove(in->buffer, end + 4, in->used);
    return 0;
}

static int read_body(struct download *d, struct input *in, uint64_t length)
{
    while (true) {
        int n;

        if (in->used > length - d->received ||
            !content_matches(d->file, d->received, in->buffer, in->used))
            return -EBADMSG;
        d->received += in->used;
        in->used = 0;
        if (d->received == length)
            return 0;
        n = receive(d, in);
        if (n <= 0)
            return n < 0 ? n : -EPIPE;
    }
}

/* The download is over, but bytes may be on the way. */
static void drain(struct download *d, struct input *in)
{
    int r = 0;

    (void)shutdown(in->fd, SHUT_WR);
    IL_SHIELD (IL_SEC(2), &r) {
        do {
            in->used = 0;
            r = receive(d, in);
        } while (r > 0);
    }
}

static int transfer(struct download *d)
{
    IL_CLEANUP(il_fd)
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct input in = { .fd = fd };
    uint64_t length = 0;
    int r;

    if (fd < 0)
        return -errno;
    r = open_connection(d, fd);
    if (r >= 0)
        r = send_request(d, fd);
    if (r >= 0)
        r = read_head(d, &in, &length);
    if (r >= 0 && length != d->file->size)
        r = -EBADMSG;
    if (r >= 0)
        r = read_body(d, &in, length);
    if (r < 0)
        drain(d, &in);
    return r;
}

/* One line for each step: drive.sh waits for them. */
static void announce(const struct download *d)
{
    static const char *const words[] = { "idle", "started", "done", "cancelled",
                                         "failed" };

    printf("download %u %s", d->number, words[d->state]);
    if (d->state == DOWNLOAD_FAILED)
        printf(": %s", il_strerror(d->error));
    printf("\n");
}

int download_run(struct download *d)
{
    il_scope scope;
    int r;

    if (d->scope)
        return -EBUSY;
    r = il_scope_enter(&scope, IL_FOREVER);
    if (r < 0)
        return r;
    d->scope = &scope;
    d->state = DOWNLOAD_RUNNING;
    d->received = 0;
    d->began = il_now();
    announce(d);

    r = transfer(d);

    /* Leaving turns a cancel of this very scope into 0; one from outside stays
     * what it is, because the caller has to end as well. */
    r = il_scope_leave(&scope, r);
    d->scope = NULL;
    d->ended = il_now();
    d->error = r < 0 && r != -ECANCELED ? r : 0;
    if (d->received == d->file->size)
        d->state = DOWNLOAD_DONE;
    else if (d->error < 0)
        d->state = DOWNLOAD_FAILED;
    else
        d->state = DOWNLOAD_CANCELLED;
    announce(d);
    return r;
}

void download_cancel(struct download *d)
{
    if (d->scope)
        il_scope_cancel(d->scope);
}
