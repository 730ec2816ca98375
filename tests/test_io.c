/* SPDX-License-Identifier: MIT */

/* test_io.c - reading and writing: counts, ends and errors. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_io_read_waits_for_data(void **state)
{
    struct fixture *f = *state;
    struct reader reader = { 0 };
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    settle(f);
    assert_int_equal(reader.r, 12345);
    assert_int_equal(write(fds[1], "hello", 5), 5);
    settle(f);
    assert_int_equal(reader.r, 5);
    assert_memory_equal(reader.buffer, "hello", 5);
    close_both(fds);
}

static void test_io_read_takes_what_is_there_at_once(void **state)
{
    struct reader reader = { 0 };
    int fds[2];

    (void)state;
    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(write(fds[1], "abc", 3), 3);
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    assert_int_equal(reader.r, 3);
    close_both(fds);
}

static void test_io_read_gives_zero_at_the_end(void **state)
{
    struct fixture *f = *state;
    struct reader reader = { 0 };
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    settle(f);
    assert_int_equal(il_close(fds[1]), 0);
    fds[1] = -1;
    settle(f);
    assert_int_equal(reader.r, 0);
    close_both(fds);
}

static void test_io_outside_tasks_only_waiting_is_refused(void **state)
{
    char byte = 0;
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(il_read(fds[0], &byte, 1), -ESRCH);
    assert_int_equal(il_wait_fd(fds[0], IL_READ), -ESRCH);
    assert_int_equal(il_write(fds[1], "x", 1), 1);
    assert_int_equal(il_read(fds[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close_both(fds);
}

static int use_closed(void *arg)
{
    char byte = 0;
    int fd = *(int *)arg;

    CHECK_INT(il_read(fd, &byte, 1), -EBADF);
    CHECK_INT(il_write(fd, &byte, 1), -EBADF);
    CHECK_INT(il_wait_fd(fd, IL_READ), -EBADF);
    CHECK_INT(il_wait_fd(fd, IL_READ | IL_WRITE), -EBADF);
    CHECK_INT(il_accept(fd, NULL, NULL), -EBADF);
    CHECK_INT(il_close(fd), -EBADF);
    CHECK_INT(il_set_nonblocking(fd), -EBADF);
    return 0;
}

static void test_io_closed_descriptors_are_refused(void **state)
{
    struct fixture *f = *state;
    struct waiter waiter = { .events = IL_READ };
    int fds[2];
    int negative = -1;
    int closed;

    make_pipe(fds);
    closed = waiter.fd = fds[0];
    /* Once waited for, once never seen. */
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(il_spawn(NULL, wait_once, &waiter, NULL), 0);
    settle(f);
    assert_int_equal(waiter.r, IL_READ);
    close_both(fds);
    assert_int_equal(il_run(use_closed, &closed), 0);
    closed = 900;
    assert_int_equal(il_run(use_closed, &closed), 0);
    assert_int_equal(il_run(use_closed, &negative), 0);
}

struct wait_events {
    int fds[2];
};

static int ask_for_nonsense(void *arg)
{
    struct wait_events *w = arg;

    CHECK_INT(il_wait_fd(w->fds[0], 0), -EINVAL);
    CHECK_INT(il_wait_fd(w->fds[0], 4), -EINVAL);
    CHECK_INT(il_wait_fd(w->fds[0], IL_READ | 8), -EINVAL);
    CHECK_INT(il_wait_fd(w->fds[0], -1), -EINVAL);
    CHECK_INT(il_wait_fd(w->fds[0], IL_WRITE), IL_WRITE);
    CHECK_INT(il_wait_fd(w->fds[0], IL_READ | IL_WRITE), IL_WRITE);
    CHECK_INT(il_write(w->fds[1], "x", 1), 1);
    CHECK_INT(il_wait_fd(w->fds[0], IL_READ), IL_READ);
    CHECK_INT(il_wait_fd(w->fds[0], IL_READ | IL_WRITE), IL_READ | IL_WRITE);
    return 0;
}

static void test_io_wait_tells_which_events_are_ready(void **state)
{
    struct wait_events w;

    (void)state;
    make_socketpair(w.fds);
    assert_int_equal(il_run(ask_for_nonsense, &w), 0);
    close_both(w.fds);
}

static int wait_for_file(void *arg)
{
    char byte;

    CHECK_INT(il_wait_fd(*(int *)arg, IL_READ), IL_READ);
    CHECK_INT(il_read(*(int *)arg, &byte, 1), 1);
    CHECK_INT(il_wait_fd(*(int *)arg, IL_READ), IL_READ);
    return 0;
}

/* The kernel's epoll refuses ordinary files; for us they are always ready. */
static void test_io_ordinary_files_are_always_ready(void **state)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(il_run(wait_for_file, &fd), 0);
    assert_int_equal(il_close(fd), 0);
}

/* --- Whole buffers -------------------------------------------------------- */

struct transfer {
    int fds[2];
    unsigned char *out, *in;
    size_t size;
};

static int send_all(void *arg)
{
    struct transfer *t = arg;
    size_t done = 7;

    CHECK_INT(il_write_all(t->fds[1], t->out, t->size, &done), 0);
    CHECK_INT(done, t->size);
    return 0;
}

static int receive_all(void *arg)
{
    struct transfer *t = arg;
    size_t done = 7;

    CHECK_INT(il_read_all(t->fds[0], t->in, 1, &done), 0);
    CHECK_INT(il_read_all(t->fds[0], t->in + 1, t->size - 1, &done), 0);
    CHECK_INT(done, t->size - 1);
    return 0;
}

static void test_io_whole_buffers_arrive_byte_by_byte(void **state)
{
    struct fixture *f = *state;
    struct transfer t = { .size = 3000001 };

    for (int kind = 0; kind < 2; kind++) {
        if (kind)
            make_socketpair(t.fds);
        else
            make_pipe(t.fds);
        t.out = malloc(t.size);
        t.in = calloc(1, t.size);
        assert_non_null(t.out);
        assert_non_null(t.in);
        for (size_t i = 0; i < t.size; i++)
            t.out[i] = (unsigned char)(i * 2654435761u >> 13);
        assert_int_equal(il_spawn(NULL, send_all, &t, NULL), 0);
        assert_int_equal(il_spawn(NULL, receive_all, &t, NULL), 0);
        settle(f);
        assert_int_equal(il_loop_count_tasks(f->loop), 0);
        assert_memory_equal(t.in, t.out, t.size);
        free(t.in);
        free(t.out);
        close_both(t.fds);
    }
}

struct partial {
    int fd;
    size_t done;
    int r;
};

static int read_ten(void *arg)
{
    struct partial *p = arg;
    char buffer[10];

    p->r = il_read_all(p->fd, buffer, sizeof buffer, &p->done);
    return 0;
}

static void test_io_read_all_tells_how_far_it_got(void **state)
{
    struct fixture *f = *state;
    struct partial p = { .done = 99 };
    il_task *task;
    int fds[2];

    make_pipe(fds);
    p.fd = fds[0];
    assert_int_equal(write(fds[1], "abcd", 4), 4);
    assert_int_equal(il_spawn(NULL, read_ten, &p, &task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(p.r, -ECANCELED);
    assert_int_equal(p.done, 4);
    il_task_unref(task);

    assert_int_equal(write(fds[1], "xyz", 3), 3);
    assert_int_equal(il_close(fds[1]), 0);
    fds[1] = -1;
    assert_int_equal(il_spawn(NULL, read_ten, &p, NULL), 0);
    settle(f);
    assert_int_equal(p.r, -EPIPE);
    assert_int_equal(p.done, 3);
    close_both(fds);
}

static int write_much(void *arg)
{
    static char zeros[1 << 20];
    struct partial *p = arg;

    p->r = il_write_all(p->fd, zeros, sizeof zeros, &p->done);
    return 0;
}

static void test_io_write_all_tells_how_far_it_got(void **state)
{
    struct fixture *f = *state;
    struct partial p = { .done = 99 };
    il_task *task;
    int fds[2];

    make_pipe(fds);
    p.fd = fds[1];
    assert_int_equal(il_spawn(NULL, write_much, &p, &task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(p.r, -ECANCELED);
    assert_true(p.done > 0);
    assert_int_equal(drain(fds[0]), p.done);
    il_task_unref(task);

    assert_int_equal(il_spawn(NULL, write_much, &p, NULL), 0);
    settle(f);
    assert_int_equal(il_close(fds[0]), 0);
    fds[0] = -1;
    settle(f);
    assert_int_equal(p.r, -EPIPE);
    close_both(fds);
}

/* --- SIGPIPE -------------------------------------------------------------- */

static int write_to_nobody(void *arg)
{
    int fd = *(int *)arg;

    CHECK_INT(il_write(fd, "x", 1), -EPIPE);
    CHECK_INT(il_write_all(fd, "xyz", 3, NULL), -EPIPE);
    CHECK_INT(il_write(fd, "", 0) <= 0, 1);
    return 0;
}

static void test_io_write_to_a_dead_peer_raises_no_signal(void **state)
{
    sigset_t before, after, pending;
    int fds[2];

    (void)state;
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &before), 0);
    for (int kind = 0; kind < 2; kind++) {
        if (kind)
            make_socketpair(fds);
        else
            make_pipe(fds);
        assert_int_equal(il_close(fds[0]), 0);
        fds[0] = -1;
        assert_int_equal(il_run(write_to_nobody, &fds[1]), 0);
        close_both(fds);
    }
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &after), 0);
    assert_int_equal(sigismember(&after, SIGPIPE),
                     sigismember(&before, SIGPIPE));
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
}

static int write_nothing(void *arg)
{
    CHECK_INT(il_write(*(int *)arg, "", 0), 0);
    CHECK_INT(il_write_all(*(int *)arg, "", 0, NULL), 0);
    return 0;
}

static void test_io_write_of_nothing_succeeds(void **state)
{
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_true(fill(fds[1]) > 0);
    assert_int_equal(il_run(write_nothing, &fds[1]), 0);
    close_both(fds);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_io_read_waits_for_data),
        TEST(test_io_read_takes_what_is_there_at_once),
        TEST(test_io_read_gives_zero_at_the_end),
        TEST(test_io_outside_tasks_only_waiting_is_refused),
        TEST(test_io_closed_descriptors_are_refused),
        TEST(test_io_wait_tells_which_events_are_ready),
        TEST(test_io_ordinary_files_are_always_ready),
        TEST(test_io_whole_buffers_arrive_byte_by_byte),
        TEST(test_io_read_all_tells_how_far_it_got),
        TEST(test_io_write_all_tells_how_far_it_got),
        TEST(test_io_write_to_a_dead_peer_raises_no_signal),
        TEST(test_io_write_of_nothing_succeeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
