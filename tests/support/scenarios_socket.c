/* SPDX-License-Identifier: MIT */

/* scenarios_socket.c - connections.
 *
 * Addresses are made up by the kernel: unix sockets without a name get an
 * abstract one, so several threads do not meet. */

#include "config.h"

#include "scenario_tools.h"

#include "pipes.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct server {
    int fd;
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_in in;
    } address;
    socklen_t len;
};

static int new_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    return fd;
}

static void open_server(struct server *server, int family)
{
    *server = (struct server){ .fd = new_socket(family) };
    server->address.any.sa_family = (sa_family_t)family;
    server->len = sizeof server->address.any.sa_family;
    if (family == AF_INET) {
        server->address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        server->len = sizeof server->address.in;
    }
    CHECK_INT(bind(server->fd, &server->address.any, server->len), 0);
    server->len = sizeof server->address;
    CHECK_INT(getsockname(server->fd, &server->address.any, &server->len), 0);
    CHECK_INT(listen(server->fd, 8), 0);
}

/* Answers what it is told with the next letters. */
static int answer(void *arg)
{
    int fd = *(int *)arg;
    char text[4];
    ssize_t n;

    while ((n = il_read(fd, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            text[i]++;
        CHECK_INT(il_write_all(fd, text, (size_t)n, NULL), 0);
    }
    CHECK_INT(n, 0);
    CHECK_INT(il_close(fd), 0);
    return 0;
}

static int serve(void *arg)
{
    struct server *server = arg;
    il_group group;
    int r;

    CHECK_INT(il_group_open(&group, 0), 0);
    while ((r = il_accept(server->fd, NULL, NULL)) >= 0)
        CHECK_INT(il_spawn_copy(&group, answer, &r, sizeof r, NULL), 0);
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(il_group_close(&group), -ECANCELED);
    return r;
}

static int ask(void *arg)
{
    struct server *server = arg;
    int fd = new_socket(server->address.any.sa_family);
    char text[4];

    CHECK_INT(il_connect(fd, &server->address.any, server->len), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_write_all(fd, "HAL", 3, NULL), 0);
        CHECK_INT(il_read_all(fd, text, 3, NULL), 0);
        CHECK(memcmp(text, "IBM", 3) == 0);
    }
    CHECK_INT(il_close(fd), 0);
    return 0;
}

static int ask_at_once(int family)
{
    struct server server;
    il_call calls[] = { { ask, &server, 0 },
                        { ask, &server, 0 },
                        { ask, &server, 0 } };
    il_task *task;

    open_server(&server, family);
    CHECK_INT(il_spawn(NULL, serve, &server, &task), 0);
    CHECK_INT(il_gather(calls, 3), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    il_task_unref(task);
    CHECK_INT(il_close(server.fd), 0);
    return 0;
}

static int unix_server_answers(void *arg)
{
    (void)arg;
    return ask_at_once(AF_UNIX);
}

static int tcp_server_answers(void *arg)
{
    (void)arg;
    return ask_at_once(AF_INET);
}

static int connect_to_nobody_is_refused(void *arg)
{
    static const int families[] = { AF_UNIX, AF_INET };
    struct server server;

    (void)arg;
    for (int i = 0; i < 2; i++) {
        int fd = new_socket(families[i]);

        open_server(&server, families[i]);
        CHECK_INT(il_close(server.fd), 0);
        CHECK_INT(il_connect(fd, &server.address.any, server.len),
                  -ECONNREFUSED);
        CHECK_INT(il_close(fd), 0);
    }
    return 0;
}

static int accept_one(void *arg)
{
    return il_accept(*(int *)arg, NULL, NULL);
}

static int closed_listener_wakes_its_server(void *arg)
{
    struct server server;
    il_task *task;
    int result = 0;

    (void)arg;
    open_server(&server, AF_UNIX);
    CHECK_INT(il_spawn(NULL, accept_one, &server.fd, &task), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_close(server.fd), 0);
    CHECK_INT(il_task_join(task, &result), 0);
    CHECK_INT(result, -EBADF);
    il_task_unref(task);
    return 0;
}

/* --- Two directions ------------------------------------------------------- */

struct waiting {
    struct trace *trace;
    int fd;
    int events;
};

static int wait_and_add(void *arg)
{
    struct waiting *w = arg;
    char word[16];

    (void)snprintf(word, sizeof word, "%d", il_wait_fd(w->fd, w->events));
    trace_add(w->trace, word);
    return 0;
}

static int two_tasks_wait_for_two_directions(void *arg)
{
    struct trace trace = { 0 };
    struct waiting waiting[] = { { &trace, -1, IL_READ },
                                 { &trace, -1, IL_WRITE } };
    il_group group;
    int fds[2];

    (void)arg;
    open_pair(fds);
    (void)fill(fds[0]);
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 2; i++) {
        waiting[i].fd = fds[0];
        CHECK_INT(il_spawn(&group, wait_and_add, &waiting[i], NULL), 0);
    }
    settle_for(IL_US(200));
    CHECK_TRACE(&trace, "");
    (void)drain(fds[1]);
    settle_for(IL_US(200));
    CHECK_TRACE(&trace, "2");
    CHECK_INT(il_write(fds[1], "x", 1), 1);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_TRACE(&trace, "2 1");
    close_both(fds);
    return 0;
}

static int wait_says_which_is_ready(void *arg)
{
    int fds[2];

    (void)arg;
    open_pair(fds);
    CHECK_INT(il_wait_fd(fds[0], IL_READ | IL_WRITE), IL_WRITE);
    CHECK_INT(il_write(fds[1], "x", 1), 1);
    CHECK_INT(il_wait_fd(fds[0], IL_READ | IL_WRITE), IL_READ | IL_WRITE);
    CHECK_INT(il_wait_fd(fds[0], IL_READ), IL_READ);
    (void)fill(fds[0]);
    CHECK_INT(il_wait_fd(fds[0], IL_READ | IL_WRITE), IL_READ);
    close_both(fds);
    return 0;
}

const struct scenario scenarios_socket[] = {
    { "a unix server answers", unix_server_answers },
    { "a tcp server answers", tcp_server_answers },
    { "a connect to nobody is refused", connect_to_nobody_is_refused },
    { "a closed listener wakes its server", closed_listener_wakes_its_server },
    { "two tasks wait for two directions", two_tasks_wait_for_two_directions },
    { "a wait says which direction is ready", wait_says_which_is_ready },
    { NULL, NULL },
};
