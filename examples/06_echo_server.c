/* SPDX-License-Identifier: MIT */

/* 06_echo_server.c - an echo server and its clients in one thread.
 *
 * Each connection is a task that reads and writes in a straight line.  All of
 * them belong to the server's group, so when the server is cancelled, none
 * survives it and no descriptor stays open. */

#include <interloop/interloop.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define N_CLIENTS 4
#define N_ROUNDS 3

struct server {
    int fd; /* listening */
    struct sockaddr_in addr;
    unsigned n_served;
};

struct client {
    const struct server *server;
    unsigned number;
    char reply[64]; /* the last one */
};

/* One connection; arg is a copy of the descriptor, owned by this task. */
static int serve_one(void *arg)
{
    IL_CLEANUP(il_fd) int fd = *(int *)arg;
    char buffer[256];

    while (true) {
        ssize_t n = il_read(fd, buffer, sizeof buffer);
        int r;

        if (n <= 0)
            return (int)n;
        r = il_write_all(fd, buffer, (size_t)n, NULL);
        if (r < 0)
            return r;
    }
}

static int serve(void *arg)
{
    struct server *server = arg;
    il_group connections;
    int r = il_group_open(&connections, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    while (true) {
        int fd = il_accept(server->fd, NULL, NULL);

        r = fd;
        if (fd < 0)
            break;
        server->n_served++;
        r = il_spawn_copy(&connections, serve_one, &fd, sizeof fd, NULL);
        if (r < 0) {
            (void)il_close(fd);
            break;
        }
    }
    il_group_cancel(&connections);
    (void)il_group_close(&connections);
    return r;
}

static int talk(void *arg)
{
    struct client *client = arg;
    const struct sockaddr *addr =
        (const struct sockaddr *)&client->server->addr;
    IL_CLEANUP(il_fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r = il_set_nonblocking(fd);

    if (r < 0)
        return r;
    r = il_connect(fd, addr, sizeof client->server->addr);
    for (int i = 1; r >= 0 && i <= N_ROUNDS; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, "client %u, line %d",
                         client->number, i);

        r = il_write_all(fd, line, (size_t)n + 1, NULL);
        if (r >= 0)
            r = il_read_all(fd, client->reply, (size_t)n + 1, NULL);
        if (r >= 0 && strcmp(line, client->reply) != 0)
            printf("client %u got something else back\n", client->number);
    }
    return r;
}

static int listen_on_loopback(struct server *server)
{
    socklen_t size = sizeof server->addr;
    struct sockaddr *addr = (struct sockaddr *)&server->addr;

    server->addr.sin_family = AF_INET;
    server->addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->fd, addr, size) < 0 || listen(server->fd, 16) < 0 ||
        getsockname(server->fd, addr, &size) < 0) {
        perror("06_echo_server: listen");
        exit(EXIT_FAILURE);
    }
    return il_set_nonblocking(server->fd);
}

static int server_and_clients(void *arg)
{
    struct server server = { .fd = -1 };
    struct client clients[N_CLIENTS] = { { .number = 0 } };
    il_call calls[N_CLIENTS] = { { .fn = NULL } };
    il_task *task;
    int r;

    (void)arg;
    r = listen_on_loopback(&server);
    if (r < 0)
        return r;
    r = il_spawn(NULL, serve, &server, &task);
    if (r < 0)
        return r;

    for (unsigned i = 0; i < N_CLIENTS; i++) {
        clients[i] = (struct client){ .server = &server, .number = i };
        calls[i] = (il_call){ .fn = talk, .arg = &clients[i] };
    }
    r = il_gather(calls, N_CLIENTS);

    for (unsigned i = 0; i < N_CLIENTS; i++)
        printf("client %u: %s, the last reply is \"%s\"\n", i,
               calls[i].result < 0 ? il_strerror(calls[i].result) : "served",
               clients[i].reply);

    (void)il_task_cancel(task);
    if (il_task_join(task, NULL) >= 0)
        printf("server: %u connections, stopped\n", server.n_served);
    task = il_task_unref(task);
    (void)il_close(server.fd);
    return r;
}

int main(void)
{
    int r = il_run(server_and_clients, NULL);

    if (r < 0)
        fprintf(stderr, "06_echo_server: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
