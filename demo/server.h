/* SPDX-License-Identifier: MIT */
#ifndef DEMO_SERVER_H
#define DEMO_SERVER_H

/**
 * @file server.h
 * @brief A small HTTP file server on the loopback interface.
 *
 * It runs in the same thread as the window: one task accepts, one task serves
 * each connection.  It sends slowly on purpose, so that there is something to
 * see and to cancel.
 */

#include <stdint.h>

/** The server.  Must stay until the loop has been closed. */
struct server {
    int fd;        /* listening; closed by the task that accepts */
    uint16_t port; /* on 127.0.0.1 */
    uint64_t rate; /* bytes a second for each connection */
    uint64_t sent; /* bytes given to the kernel, heads included */
};

/**
 * Listen on a free port and begin to serve.
 *
 * The server ends with the loop: it belongs to the root group.
 *
 * @param[out] server  Caller's storage.
 * @param      rate    Bytes a second for each connection; may change later.
 * @return 0 or a negative errno.
 */
int server_start(struct server *server, uint64_t rate);

#endif
