/* SPDX-License-Identifier: MIT */

/* test_lessons_io.c - what CPython learned about descriptors, streams and child
 * processes, an issue a test; doc/lessons.md has all of them.
 *
 * There are no child processes of our own yet.  What is shown is how a task waits
 * for one: by a descriptor, which nobody can steal and whose number is not used
 * again behind one's back. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- watchers ---------------------------------------------------------------- */

/* A wait that was cancelled removed the watch of the next one, which then waited
 * for ever.  Each of these begins the next wait before the cancelled task has run. */
static void
test_lessons_bpo_30064_cancelled_read_leaves_the_next_one_alone(void **state)
{
    struct fixture *f = *state;
    struct reader first = { .name = "first", .r = 12345 };
    struct reader next = { .name = "next", .r = 12345 };
    il_task *task;
    int fds[2];

    make_pipe(fds);
    first.fd = next.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &first, &task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_spawn(NULL, read_once, &next, NULL), 0);
    settle(f);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_int_equal(next.r, 1);
    assert_int_equal(first.r, -ECANCELED);
    (void)il_task_unref(task);
    close_both(fds);
}

static int listen_locally(struct sockaddr_in *ret_addr)
{
    socklen_t len = sizeof *ret_addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *ret_addr = (struct sockaddr_in){ .sin_family = AF_INET };
    ret_addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)ret_addr, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)ret_addr, &len), 0);
    return fd;
}

struct connecter {
    int fd;
    struct sockaddr_in addr;
    int r;
};

static int connect_once(void *arg)
{
    struct connecter *me = arg;

    me->r = 1;
    me->r =
        il_connect(me->fd, (const struct sockaddr *)&me->addr, sizeof me->addr);
    return 0;
}

static void test_lessons_bpo_28176_cancelled_connect_leaves_the_next_wait_alone(
    void **state)
{
    struct fixture *f = *state;
    struct connecter connecter;
    struct waiter waiter = { .events = IL_WRITE, .name = "writable", .r = 0 };
    int server = listen_locally(&connecter.addr);
    il_task *task;

    connecter.fd = waiter.fd =
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(il_spawn(NULL, connect_once, &connecter, &task), 0);
    assert_int_equal(connecter.r, 1);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_spawn(NULL, wait_once, &waiter, NULL), 0);
    settle(f);
    settle(f);
    assert_int_equal(connecter.r, -ECANCELED);
    assert_int_equal(waiter.r, IL_WRITE);
    (void)il_task_unref(task);
    assert_int_equal(il_close(connecter.fd), 0);
    assert_int_equal(il_close(server), 0);
}

struct accepter {
    int server;
    int r;
};

static int accept_once(void *arg)
{
    struct accepter *me = arg;

    me->r = -1;
    me->r = il_accept(me->server, NULL, NULL);
    return 0;
}

static void
test_lessons_bpo_41317_cancelled_accept_leaves_the_next_one_alone(void **state)
{
    struct fixture *f = *state;
    struct connecter connecter;
    struct accepter first, next;
    il_task *task;

    first.server = next.server = listen_locally(&connecter.addr);
    connecter.fd =
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(il_spawn(NULL, accept_once, &first, &task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_spawn(NULL, accept_once, &next, NULL), 0);
    assert_int_equal(il_spawn(NULL, connect_once, &connecter, NULL), 0);
    settle(f);
    settle(f);
    assert_int_equal(first.r, -ECANCELED);
    assert_true(next.r >= 0);
    assert_int_equal(connecter.r, 0);
    (void)il_task_unref(task);
    assert_int_equal(il_close(next.r), 0);
    assert_int_equal(il_close(connecter.fd), 0);
    assert_int_equal(il_close(first.server), 0);
}

/* --- writing ----------------------------------------------------------------- */

enum { BIG = 1 << 20 };

static char big[BIG];

static int write_and_close(void *arg)
{
    int fd = *(int *)arg;
    size_t done = 0;

    CHECK_INT(il_write_all(fd, big, BIG, &done), 0);
    CHECK_INT(done, BIG);
    return il_close(fd);
}

static int read_to_the_end(void *arg)
{
    int fd = *(int *)arg;
    static char buffer[4096];
    size_t n = 0;
    ssize_t r;

    while ((r = il_read(fd, buffer, sizeof buffer)) > 0)
        n += (size_t)r;
    CHECK_INT(r, 0);
    CHECK_INT(n, BIG);
    return 0;
}

/* What was still buffered when a stream was closed was dropped. */
static void test_lessons_gh_115514_nothing_is_lost_at_close(void **state)
{
    struct fixture *f = *state;
    int fds[2];

    make_socketpair(fds);
    assert_int_equal(il_spawn(NULL, write_and_close, &fds[1], NULL), 0);
    assert_int_equal(il_spawn(NULL, read_to_the_end, &fds[0], NULL), 0);
    for (int i = 0; i < 100 && il_loop_count_tasks(f->loop) > 0; i++)
        settle(f);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
    fds[1] = -1;
    close_both(fds);
}

static int write_to_nobody(void *arg)
{
    int fd = *(int *)arg;
    size_t done = 7;

    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_write_all(fd, "abc", 3, &done), -EPIPE);
        CHECK_INT(done, 0);
        CHECK_INT(il_write(fd, "abc", 3), -EPIPE);
    }
    note("told");
    return 0;
}

/* Writing after the connection was lost raised what nobody expected, once it was
 * written in several parts. */
static void
test_lessons_gh_136234_write_after_a_loss_says_so_each_time(void **state)
{
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(close(fds[0]), 0);
    fds[0] = -1;
    assert_int_equal(il_spawn(NULL, write_to_nobody, &fds[1], NULL), 0);
    assert_string_equal(noted(), "told");
    close_both(fds);
}

struct writer {
    int fd;
    int n;
    bool over;
    int n_others;
};

static int write_until_closed(void *arg)
{
    struct writer *me = arg;
    int r = 0;

    while (r == 0 && me->n < 1000000) {
        r = il_write_all(me->fd, "x", 1, NULL);
        me->n++;
    }
    me->over = true;
    CHECK_INT(r, -EPIPE);
    return 0;
}

static int read_and_close(void *arg)
{
    struct writer *me = arg;
    int fd = me->n_others;

    me->n_others = 0;
    while (!me->over) {
        if (++me->n_others == 10)
            CHECK_INT(il_close(fd), 0);
        else if (me->n_others < 10)
            (void)drain(fd);
        CHECK_INT(il_yield(), 0);
    }
    return 0;
}

/* A loop of write() and drain() never let the loss of the connection be seen. */
static void
test_lessons_bpo_25441_writer_in_a_loop_sees_that_it_was_closed(void **state)
{
    struct fixture *f = *state;
    struct writer writer = { .n = 0 };
    int fds[2];

    make_pipe(fds);
    writer.fd = fds[1];
    writer.n_others = fds[0];
    assert_int_equal(il_spawn(NULL, read_and_close, &writer, NULL), 0);
    assert_int_equal(il_spawn(NULL, write_until_closed, &writer, NULL), 0);
    settle(f);
    assert_true(writer.over);
    assert_true(writer.n < 1000);
    fds[0] = -1;
    close_both(fds);
}

/* --- children ---------------------------------------------------------------- */

static int open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* 0 if there are none here, as under some emulators. */
static bool has_pidfds(void)
{
    il_autofd fd = open_pidfd(getpid());

    return fd >= 0;
}

struct child {
    pid_t pid;
    int pidfd;
    int status;
    int code;
};

/* Wait for a child without anybody's SIGCHLD. */
static int wait_for_child(void *arg)
{
    struct child *child = arg;
    siginfo_t info = { .si_pid = 0 };
    int r = il_wait_fd(child->pidfd, IL_READ);

    if (r < 0)
        return r;
    CHECK_INT(waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED), 0);
    child->status = info.si_status;
    child->code = info.si_code;
    return 0;
}

static struct child start_child(int (*fn)(int), int arg)
{
    struct child child = { .status = -1 };

    child.pid = fork();
    if (child.pid == 0)
        _exit(fn(arg));
    assert_true(child.pid > 0);
    child.pidfd = open_pidfd(child.pid);
    assert_true(child.pidfd >= 0);
    return child;
}

static int exit_with(int status)
{
    return status;
}

/* A signal that was sent while the child was being reaped could take its status
 * away, or hit whoever had got its number. */
static void test_lessons_gh_87744_signal_and_status_do_not_race(void **state)
{
    struct child child;

    (void)state;
    if (!has_pidfds())
        return;
    child = start_child(exit_with, 42);
    assert_int_equal(il_run(wait_for_child, &child), 0);
    assert_int_equal(child.code, CLD_EXITED);
    assert_int_equal(child.status, 42);
    /* It is gone, and nobody else is hit. */
    assert_int_equal(
        syscall(SYS_pidfd_send_signal, child.pidfd, SIGKILL, NULL, 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_int_equal(il_close(child.pidfd), 0);
}

/* Somebody's waitpid() took the status of everybody's children. */
static void
test_lessons_bpo_38982_loop_reaps_nobody_elses_children(void **state)
{
    struct sigaction before, after;
    struct child ours;
    pid_t theirs;
    int status = 0;

    (void)state;
    if (!has_pidfds())
        return;
    assert_int_equal(sigaction(SIGCHLD, NULL, &before), 0);
    theirs = fork();
    if (theirs == 0)
        _exit(3);
    ours = start_child(exit_with, 4);
    assert_int_equal(il_run(wait_for_child, &ours), 0);
    assert_int_equal(ours.status, 4);
    assert_int_equal(waitpid(theirs, &status, 0), theirs); /* still there */
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_int_equal(sigaction(SIGCHLD, NULL, &after), 0);
    assert_ptr_equal(before.sa_handler, after.sa_handler);
    assert_int_equal(il_close(ours.pidfd), 0);
}

static int write_for_ever(int fd)
{
    for (;;)
        if (write(fd, big, sizeof big) < 0)
            return 1;
}

static int kill_and_wait(void *arg)
{
    struct child *child = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(20), &r) {
        r = wait_for_child(child);
    }
    CHECK_INT(r, -ETIMEDOUT); /* it blocks, since nobody reads */
    CHECK_INT(syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0),
              0);
    return wait_for_child(child);
}

/* A child that was killed while it wrote to a pipe was waited for until somebody
 * had read the pipe. */
static void
test_lessons_gh_88050_killed_child_is_waited_for_whatever_its_pipes_do(
    void **state)
{
    struct child child;
    int fds[2];

    (void)state;
    if (!has_pidfds())
        return;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0); /* blocking */
    child = start_child(write_for_ever, fds[1]);
    assert_int_equal(il_run(kill_and_wait, &child), 0);
    assert_int_equal(child.code, CLD_KILLED);
    assert_int_equal(child.status, SIGKILL);
    assert_int_equal(il_close(child.pidfd), 0);
    close_both(fds);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define REAL(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lessons_bpo_30064_cancelled_read_leaves_the_next_one_alone),
        TEST(
            test_lessons_bpo_28176_cancelled_connect_leaves_the_next_wait_alone),
        TEST(test_lessons_bpo_41317_cancelled_accept_leaves_the_next_one_alone),
        TEST(test_lessons_gh_115514_nothing_is_lost_at_close),
        TEST(test_lessons_gh_136234_write_after_a_loss_says_so_each_time),
        TEST(test_lessons_bpo_25441_writer_in_a_loop_sees_that_it_was_closed),
        REAL(test_lessons_gh_87744_signal_and_status_do_not_race),
        REAL(test_lessons_bpo_38982_loop_reaps_nobody_elses_children),
        REAL(
            test_lessons_gh_88050_killed_child_is_waited_for_whatever_its_pipes_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
