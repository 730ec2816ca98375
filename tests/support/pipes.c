/* SPDX-License-Identifier: MIT */

/* pipes.c - descriptors for tests. */

#include "config.h"

#include "pipes.h"

#include "check.h"
#include "fixture.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

void make_pipe(int fds[2])
{
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
}

void make_socketpair(int fds[2])
{
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
        0);
}

void close_both(int fds[2])
{
    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0)
            CHECK_INT(il_close(fds[i]), 0);
        fds[i] = -1;
    }
}

size_t fill(int fd)
{
    static const char zeros[4096];
    size_t n = 0;
    size_t size = sizeof zeros;

    while (size) {
        ssize_t r = write(fd, zeros, size);

        if (r > 0)
            n += (size_t)r;
        else
            size /= 2;
    }
    return n;
}

size_t drain(int fd)
{
    char buffer[4096];
    size_t n = 0;
    ssize_t r;

    while ((r = read(fd, buffer, sizeof buffer)) > 0)
        n += (size_t)r;
    return n;
}

int read_once(void *arg)
{
    struct reader *reader = arg;

    reader->r = 12345;
    reader->r = il_read(reader->fd, reader->buffer, sizeof reader->buffer);
    if (reader->name)
        note("%s:%d", reader->name, (int)reader->r);
    return 0;
}

int wait_once(void *arg)
{
    struct waiter *waiter = arg;

    waiter->r = 12345;
    waiter->r = il_wait_fd(waiter->fd, waiter->events);
    if (waiter->name)
        note("%s:%d", waiter->name, waiter->r);
    return 0;
}

static int go_round(void *arg)
{
    struct flow *flow = arg;

    while (!flow->over) {
        flow->n_other++;
        if (il_yield() < 0)
            break;
    }
    return 0;
}

void run_flow(struct fixture *f, struct flow *flow, il_task_fn *reader)
{
    *flow = (struct flow){ .fd = open("/dev/zero", O_RDONLY | O_CLOEXEC) };
    assert_true(flow->fd >= 0);
    assert_int_equal(il_spawn_lazy(NULL, reader, flow, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, go_round, flow, NULL), 0);
    settle(f);
    assert_true(flow->over);
    assert_int_equal(il_close(flow->fd), 0);
}
