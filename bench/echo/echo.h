/* SPDX-License-Identifier: MIT */
#ifndef IL_BENCH_ECHO_H
#define IL_BENCH_ECHO_H

/* echo.h - what the servers of bench_echo and what loads them share.
 *
 * A server gets a listening socket and echoes whatever comes from each
 * connection, for ever.  Each is written as somebody would who knows that
 * library well and cares for speed, see the file of each. */

#include "bench.h"

/* The listening socket, non-blocking, of all servers, also of those that are
 * programs of their own. */
#define ECHO_LISTENING 3

/* Room for one read.  Like that of libuv, Go and others it is far larger than a
 * request: then a short read says that there is no more. */
#define ECHO_ROOM (64L * 1024)

/* Does not return. */
typedef void echo_server(void);

echo_server echo_hand;
echo_server echo_least;
echo_server echo_ours;
echo_server echo_ours_own;
echo_server echo_guest;
echo_server echo_ev;
echo_server echo_uv;
echo_server echo_glib;
echo_server echo_st;

/* Ours, as a task of a loop that is there. */
void echo_spawn(void);

/* What is asked of a server. */
struct echo_load {
    int port;        /* on the loopback address */
    long n_busy;     /* connections with one request on the way each */
    long n_idle;     /* others, that have been served once */
    long size;       /* bytes of a request */
    long n_requests; /* that are measured */
    int server;      /* process whose processor time is measured */
};

/* Load a server, print what was measured. */
void echo_generate(const struct echo_load *load);

#endif
