/* SPDX-License-Identifier: MIT */

/* bench_echo.c - TCP echo: servers under the same load.
 *
 *     bench_echo SERVER BUSY SIZE [IDLE]
 *
 * BUSY connections with one request of SIZE bytes on the way each, beside IDLE
 * ones.  ns is processor time of the server for a request, the kernel's for it
 * included; rps is requests per second.
 *
 *   hand       epoll, level-triggered, written by hand
 *   least      the same with whatever can be left out
 *   ours       a task a connection, buffers lent by the loop
 *   ours-own   the same, but each task has a buffer on its stack
 *   guest      ours as a guest of GLib
 *   ev, uv, glib, st        of these libraries
 *   event, go, asyncio, uvloop   programs of their own, see echo/
 *
 * The process that is started becomes the server, on the first processor that
 * it may use; a child loads it from the second one and ends it.  So whoever
 * counts instructions or system calls of this process counts the server's. */

#include "config.h"

#include "echo/echo.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Requests that are measured. */
#define N_REQUESTS (60L * 1000)
#define N_REQUESTS_ALONE (10L * 1000) /* of one connection: each is slow */

#define BACKLOG 4096

/* As the first argument: this is the child. */
static char load_word[] = "load";

#define PATH_SIZE 4096

static char self[PATH_SIZE]; /* the path of this program */

#ifndef HAVE_PEER_ST
#define echo_st NULL
#endif
#ifndef HAVE_PEER_UV
#define echo_uv NULL
#endif
#ifndef HAVE_PEER_GLIB
#define echo_glib NULL
#define echo_guest NULL
#endif

static const struct {
    const char *name;
    echo_server *serve;  /* NULL: its library is absent, or a program */
    const char *program; /* its path from this one's folder */
} servers[] = {
    { "hand", echo_hand, NULL },
    { "least", echo_least, NULL },
    { "ours", echo_ours, NULL },
    { "ours-own", echo_ours_own, NULL },
    { "guest", echo_guest, NULL },
    { "ev", echo_ev, NULL },
    { "uv", echo_uv, NULL },
    { "glib", echo_glib, NULL },
    { "st", echo_st, NULL },
    { "event", NULL, "echo/echo_event" },
    { "go", NULL, "echo/echo_go" },
    { "asyncio", NULL, "echo/echo_asyncio" },
    { "uvloop", NULL, "echo/echo_uvloop" },
};

#define N_SERVERS (sizeof servers / sizeof *servers)

static int usage(const char *name)
{
    fprintf(stderr, "usage: %s SERVER BUSY SIZE [IDLE], where SERVER is", name);
    for (size_t i = 0; i < N_SERVERS; i++)
        fprintf(stderr, " %s", servers[i].name);
    fputc('\n', stderr);
    return 2;
}

/* Go on on the n-th of the processors that we may use, if there are two. */
static void pin(const cpu_set_t *usable, int n)
{
    cpu_set_t one;
    int cpu = 0;

    if (CPU_COUNT(usable) < 2)
        return;
    for (; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, usable) && n-- == 0)
            break;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    BENCH_CHECK(sched_setaffinity(0, sizeof one, &one));
}

/* Listen where servers expect it; returns the port. */
static int listen_somewhere(void)
{
    struct sockaddr_in addr = { .sin_family = AF_INET,
                                .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    BENCH_CHECK(fd);
    BENCH_CHECK(bind(fd, (struct sockaddr *)&addr, size));
    BENCH_CHECK(listen(fd, BACKLOG));
    BENCH_CHECK(getsockname(fd, (struct sockaddr *)&addr, &size));
    if (fd != ECHO_LISTENING) {
        BENCH_CHECK(dup2(fd, ECHO_LISTENING));
        BENCH_CHECK(close(fd));
    }
    return ntohs(addr.sin_port);
}

/* Descriptors for all connections. */
static void raise_limit(long n)
{
    struct rlimit limit;

    BENCH_CHECK(getrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_max < (rlim_t)n) {
        fprintf(stderr, "the limit on descriptors is too low\n");
        exit(BENCH_ABSENT);
    }
    if (limit.rlim_cur < (rlim_t)n)
        limit.rlim_cur = (rlim_t)n;
    BENCH_CHECK(setrlimit(RLIMIT_NOFILE, &limit));
}

/* --- The child -------------------------------------------------------------- */

static int server; /* its process */

/* Who was not loaded to the end has failed and would serve for ever. */
static void kill_server(void)
{
    (void)kill(server, SIGKILL);
}

static int load_server(char **words)
{
    struct echo_load load = { .server = atoi(words[0]),
                              .port = atoi(words[1]),
                              .n_busy = atol(words[2]),
                              .size = atol(words[3]),
                              .n_idle = atol(words[4]) };

    server = load.server;
    BENCH_CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL));
    BENCH_ASSERT(getppid() == server);
    BENCH_CHECK(atexit(kill_server));
    load.n_requests =
        bench_ops(load.n_busy > 1 ? N_REQUESTS : N_REQUESTS_ALONE);
    echo_generate(&load);
    BENCH_CHECK(fflush(stdout));
    BENCH_CHECK(kill(server, SIGTERM));
    /* The server's end is ours. */
    for (;;)
        (void)pause();
}

/* A program of its own: neither valgrind nor strace, told to look at the
 * server, then look at what loads it as well. */
static void start_load(int port, char **words, const cpu_set_t *usable)
{
    char server_word[16], port_word[16];
    char *argv[] = { self,     load_word, server_word, port_word,
                     words[0], words[1],  words[2],    NULL };
    int child;

    (void)snprintf(server_word, sizeof server_word, "%d", (int)getpid());
    (void)snprintf(port_word, sizeof port_word, "%d", port);
    child = fork();
    BENCH_CHECK(child);
    if (child > 0)
        return;
    pin(usable, 1);
    (void)close(ECHO_LISTENING);
    (void)execv(self, argv);
    (void)kill(getppid(), SIGKILL);
    _exit(1);
}

/* --- The server ------------------------------------------------------------- */

static void end(int signal)
{
    (void)signal;
    _exit(0);
}

static void become_program(const char *name)
{
    char path[PATH_SIZE + 32];
    const char *argv[] = { path, NULL };

    (void)snprintf(path, sizeof path, "%.*s%s",
                   (int)(strrchr(self, '/') + 1 - self), self, name);
    (void)execv(path, (char **)argv);
    exit(errno == ENOENT ? BENCH_ABSENT : 1);
}

static void become_server(size_t i)
{
    struct sigaction action = { .sa_handler = end };

    if (!servers[i].serve)
        become_program(servers[i].program);
    BENCH_CHECK(sigaction(SIGTERM, &action, NULL));
    servers[i].serve();
    bench_fail(servers[i].name, -errno);
}

int main(int argc, char **argv)
{
    char none[] = "0";
    char *words[] = { NULL, NULL, none };
    cpu_set_t usable;
    size_t i = 0;

    BENCH_CHECK(readlink("/proc/self/exe", self, sizeof self - 1));
    if (argc == 7 && strcmp(argv[1], load_word) == 0)
        return load_server(argv + 2);
    while (i < N_SERVERS && (argc < 4 || strcmp(servers[i].name, argv[1]) != 0))
        i++;
    for (int k = 2; k < argc && k < 5; k++)
        words[k - 2] = argv[k];
    if (i == N_SERVERS || argc > 5 || atol(words[0]) < 1 ||
        atol(words[1]) < 1 || atol(words[1]) > ECHO_ROOM || atol(words[2]) < 0)
        return usage(argv[0]);
    if (!servers[i].serve && !servers[i].program)
        return BENCH_ABSENT;

    raise_limit(atol(words[0]) + atol(words[2]) + 100);
    BENCH_CHECK(sched_getaffinity(0, sizeof usable, &usable));
    start_load(listen_somewhere(), words, &usable);
    pin(&usable, 0);
    become_server(i);
    return 1;
}
