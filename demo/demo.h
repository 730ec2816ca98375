/* SPDX-License-Identifier: MIT */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

/**
 * @file demo.h
 * @brief What outlives the window: server, downloads, measurements.
 */

#include "client.h"
#include "frames.h"
#include "server.h"

/** How fast the server may send, bytes a second for each download. */
#define DEMO_SLOW ((uint64_t)96 * 1024)
#define DEMO_NORMAL ((uint64_t)448 * 1024)
#define DEMO_FAST ((uint64_t)3072 * 1024)

/** Everything that tasks may touch after the window has gone. */
struct demo {
    struct server server;
    struct client client;
    struct download downloads[CONTENT_N];
    struct frames frames;
};

#endif
