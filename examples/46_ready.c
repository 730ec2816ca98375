/* SPDX-License-Identifier: MIT */

/* 46_ready.c - a server says when it can be used.
 *
 * il_spawn_ready() returns when the server listens, with its port; if it cannot
 * be started, with its error.  From then on it is a task of the group like any
 * other. */

#include <interloop/interloop.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct server {
    const char *name;
    int port; /* or an error */
};

static il_time start;

static int since_start_ms(void)
{
    return (int)((il_now() - start) / IL_MS(1));
}

static int serve(void *arg)
{
    struct server *server = arg;
    int r = il_sleep(IL_MS(100)); /* reads files, opens sockets */

    if (r < 0)
        return r;
    if (server->port < 0)
        return server->port;
    r = il_ready(&server->port);
    while (r == 0)
        r = il_sleep(IL_MS(50)); /* serves */
    printf("%3d ms  %s has stopped\n", since_start_ms(), server->name);
    return r;
}

static int start_server(il_group *group, struct server *server)
{
    void *port;
    int r = il_spawn_ready(group, serve, server, NULL, &port);

    if (r == 0)
        printf("%3d ms  %s listens at port %d\n", since_start_ms(),
               server->name, *(int *)port);
    else
        printf("%3d ms  %s: %s\n", since_start_ms(), server->name,
               il_strerror(r));
    return r;
}

static int start_and_stop(void *arg)
{
    struct server www = { "www", 80 };
    struct server mail = { "mail", -EADDRINUSE };
    struct server ftp = { "ftp", 21 };
    il_group group;
    int r = 0;

    (void)arg;
    start = il_now();
    if (il_group_open(&group, 0) < 0)
        return -EINVAL;
    (void)start_server(&group, &www);
    (void)start_server(&group, &mail); /* which does no harm to www */
    IL_TIMEOUT (IL_MS(30), &r) {
        r = start_server(&group, &ftp); /* takes too long */
    }
    printf("%3d ms  %s; %zu runs\n", since_start_ms(), il_strerror(r),
           il_group_count(&group));
    il_group_cancel(&group);
    return il_group_close(&group);
}

int main(void)
{
    int r = il_test_run(start_and_stop, NULL, NULL);

    if (r < 0)
        fprintf(stderr, "46_ready: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
