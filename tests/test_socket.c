/* SPDX-License-Identifier: MIT */

/* test_socket.c - accepting and connecting on the loopback. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MODE = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC };

struct server {
    int fd;
    struct sockaddr_in address;
    unsigned n_served;
};

static struct sockaddr *as_sockaddr(struct sockaddr_in *address)
{
    return (struct sockaddr *)(void *)address;
}

static void start_listening(struct server *server)
{
    socklen_t length = sizeof server->address;

    *server = (struct server){ .address = { .sin_family = AF_INET } };
    server->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->fd = socket(AF_INET, MODE, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, as_sockaddr(&server->address), length),
                     0);
    assert_int_equal(listen(server->fd, 128), 0);
    assert_int_equal(
        getsockname(server->fd, as_sockaddr(&server->address), &length), 0);
}

static int accept_one(void *arg)
{
    struct server *server = arg;
    struct sockaddr_in peer = { 0 };
    socklen_t length = sizeof peer;
    char text[4];
    int fd = il_accept(server->fd, as_sockaddr(&peer), &length);

    if (!CHECK(fd >= 0))
        return fd;
    CHECK_INT(length, sizeof peer);
    CHECK_INT(peer.sin_family, AF_INET);
    CHECK_INT(ntohl(peer.sin_addr.s_addr), INADDR_LOOPBACK);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK_INT(il_read_all(fd, text, 4, NULL), 0);
    CHECK_INT(memcmp(text, "ping", 4), 0);
    CHECK_INT(il_write_all(fd, "pong", 4, NULL), 0);
    server->n_served++;
    return il_close(fd);
}

static int connect_one(void *arg)
{
    struct server *server = arg;
    char text[4];
    int fd = socket(AF_INET, MODE, 0);

    CHECK(fd >= 0);
    CHECK_INT(
        il_connect(fd, as_sockaddr(&server->address), sizeof server->address),
        0);
    CHECK_INT(il_write_all(fd, "ping", 4, NULL), 0);
    CHECK_INT(il_read_all(fd, text, 4, NULL), 0);
    CHECK_INT(memcmp(text, "pong", 4), 0);
    CHECK_INT(il_read(fd, text, 1), 0);
    return il_close(fd);
}

static int serve_and_connect(void *arg)
{
    il_call calls[] = { { accept_one, arg, 0 }, { connect_one, arg, 0 } };

    return il_gather(calls, 2);
}

static void test_socket_accepts_and_connects(void **state)
{
    struct server server;

    (void)state;
    start_listening(&server);
    assert_int_equal(il_run(serve_and_connect, &server), 0);
    assert_int_equal(server.n_served, 1);
    assert_int_equal(il_close(server.fd), 0);
}

static int serve_fifty(void *arg)
{
    struct server *server = arg;
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 50; i++)
        CHECK_INT(il_spawn(&group, connect_one, server, NULL), 0);
    for (int i = 0; i < 50; i++)
        CHECK_INT(accept_one(server), 0);
    return il_group_close(&group);
}

static void test_socket_serves_fifty_clients(void **state)
{
    struct server server;

    (void)state;
    start_listening(&server);
    assert_int_equal(il_run(serve_fifty, &server), 0);
    assert_int_equal(server.n_served, 50);
    assert_int_equal(il_close(server.fd), 0);
}

static int connect_to_nobody(void *arg)
{
    struct server *server = arg;
    int fd = socket(AF_INET, MODE, 0);

    CHECK(fd >= 0);
    CHECK_INT(
        il_connect(fd, as_sockaddr(&server->address), sizeof server->address),
        -ECONNREFUSED);
    return il_close(fd);
}

static void test_socket_connect_to_nobody_is_refused(void **state)
{
    struct server server;

    (void)state;
    start_listening(&server);
    assert_int_equal(close(server.fd), 0);
    assert_int_equal(il_run(connect_to_nobody, &server), 0);
}

static int accept_only(void *arg)
{
    struct server *server = arg;

    return il_accept(server->fd, NULL, NULL);
}

static void test_socket_accept_can_be_cancelled(void **state)
{
    struct fixture *f = *state;
    struct server server;
    il_task *first, *second;
    int fd;

    start_listening(&server);
    assert_int_equal(il_spawn(NULL, accept_only, &server, &first), 0);
    settle(f);
    assert_int_equal(il_task_cancel(first), 0);
    settle(f);
    assert_int_equal(reap(first), -ECANCELED);
    assert_int_equal(il_spawn(NULL, accept_only, &server, &second), 0);
    assert_int_equal(il_spawn(NULL, connect_one, &server, &first), 0);
    settle(f);
    fd = reap(second);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "pong", 4), 4);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    settle(f);
    assert_int_equal(reap(first), 0);
    assert_int_equal(il_close(fd), 0);
    assert_int_equal(il_close(server.fd), 0);
}

static void test_socket_accept_ends_when_the_listener_is_closed(void **state)
{
    struct fixture *f = *state;
    struct server server;
    il_task *task;

    start_listening(&server);
    assert_int_equal(il_spawn(NULL, accept_only, &server, &task), 0);
    settle(f);
    assert_int_equal(il_close(server.fd), 0);
    settle(f);
    assert_int_equal(reap(task), -EBADF);
}

/* --- Out of descriptors --------------------------------------------------- */

static bool out_of_descriptors;

/* The linker sends every call of accept4() here.  A real shortage would do as
 * well, but memcheck takes the connection before it says EMFILE. */
int __real_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);

int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
    if (!out_of_descriptors)
        return __real_accept4(fd, addr, len, flags);
    errno = EMFILE;
    return -1;
}

struct shortage {
    struct server server;
    unsigned n_failed;
    il_time paused;
};

static int accept_until_it_works(void *arg)
{
    struct shortage *shortage = arg;
    int fd;

    for (;;) {
        il_time before = il_now();

        fd = il_accept(shortage->server.fd, NULL, NULL);
        if (fd >= 0)
            break;
        shortage->paused += il_now() - before;
        shortage->n_failed++;
        if (!CHECK_INT(fd, -EMFILE) || shortage->n_failed > 1000)
            return fd;
    }
    return il_close(fd);
}

/* A server out of descriptors must neither spin nor stop for good. */
static void test_socket_accept_pauses_without_descriptors(void **state)
{
    struct fixture *f = *state;
    struct shortage shortage = { .n_failed = 0 };
    il_task *task;
    int client = socket(AF_INET, MODE, 0);

    assert_true(client >= 0);
    start_listening(&shortage.server);
    (void)connect(client, as_sockaddr(&shortage.server.address),
                  sizeof shortage.server.address);
    out_of_descriptors = true;
    assert_int_equal(il_spawn(NULL, accept_until_it_works, &shortage, &task),
                     0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(950)), 0);
    out_of_descriptors = false;

    assert_int_equal(shortage.n_failed, 9);
    assert_int_equal(shortage.paused, IL_MS(900));
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_int_equal(reap(task), 0);
    assert_int_equal(close(client), 0);
    assert_int_equal(il_close(shortage.server.fd), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_socket_accepts_and_connects),
        TEST(test_socket_serves_fifty_clients),
        TEST(test_socket_connect_to_nobody_is_refused),
        TEST(test_socket_accept_can_be_cancelled),
        TEST(test_socket_accept_ends_when_the_listener_is_closed),
        TEST(test_socket_accept_pauses_without_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
