/* SPDX-License-Identifier: MIT */

/* 36_relay.c - a relay between two connections, with memory lent by the loop.
 *
 * Each direction is a task that passes on whatever comes.  None of them has a
 * buffer of its own: it borrows one when something is there to be read, keeps it
 * while it writes, however long that takes, and gives it back before it waits
 * for more.  With thousands of connections that few bytes are on the way of, a
 * few buffers do. */

#include <interloop/interloop.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct pump {
    int from;
    int to;
    size_t n_bytes;
};

static int pump(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    struct pump *pump = arg;
    ssize_t n;

    while ((n = il_buffer_read(&buffer, pump->from)) > 0) {
        int r = il_write_all(pump->to, buffer.data, buffer.size, NULL);

        if (r < 0)
            return r;
        pump->n_bytes += buffer.size;
    }
    (void)shutdown(pump->to, SHUT_WR);
    return (int)n;
}

/* Answers in capitals.  What was read may be changed where it is. */
static int shout(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    int fd = *(int *)arg;
    ssize_t n;

    while ((n = il_buffer_read(&buffer, fd)) > 0) {
        int r;

        for (size_t i = 0; i < buffer.size; i++)
            buffer.data[i] = (char)toupper((unsigned char)buffer.data[i]);
        r = il_write_all(fd, buffer.data, buffer.size, NULL);
        if (r < 0)
            return r;
    }
    (void)shutdown(fd, SHUT_WR);
    return (int)n;
}

static int ask(void *arg)
{
    static const char *const words[] = { "hello", "relay", "good bye" };
    int fd = *(int *)arg;

    for (int i = 0; i < 3; i++) {
        char answer[16];
        size_t size = strlen(words[i]) + 1;
        int r = il_write_all(fd, words[i], size, NULL);

        if (r == 0)
            r = il_read_all(fd, answer, size, NULL);
        if (r < 0)
            return r;
        printf("%s: %s\n", words[i], answer);
    }
    (void)shutdown(fd, SHUT_WR);
    return 0;
}

static int open_pair(int fds[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                      fds);
}

static int run(void *arg)
{
    int near[2], far[2];
    struct pump there, back;
    il_call calls[4];
    int r;

    (void)arg;
    if (open_pair(near) < 0 || open_pair(far) < 0) {
        perror("36_relay: socketpair");
        exit(EXIT_FAILURE);
    }
    there = (struct pump){ .from = near[1], .to = far[0] };
    back = (struct pump){ .from = far[0], .to = near[1] };
    calls[0] = (il_call){ .fn = ask, .arg = &near[0] };
    calls[1] = (il_call){ .fn = pump, .arg = &there };
    calls[2] = (il_call){ .fn = pump, .arg = &back };
    calls[3] = (il_call){ .fn = shout, .arg = &far[1] };
    r = il_gather(calls, 4);

    printf("%zu bytes there, %zu back\n", there.n_bytes, back.n_bytes);
    for (int i = 0; i < 2; i++) {
        (void)il_close(near[i]);
        (void)il_close(far[i]);
    }
    return r;
}

int main(void)
{
    int r = il_run(run, NULL);

    if (r < 0)
        fprintf(stderr, "36_relay: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
