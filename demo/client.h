/* SPDX-License-Identifier: MIT */
#ifndef DEMO_CLIENT_H
#define DEMO_CLIENT_H

/**
 * @file client.h
 * @brief HTTP GET as a straight line of code, without any widget.
 *
 * A download is plain data that its task changes and that the window shows.
 * It outlives the window, so a download that is cancelled because the window
 * has been closed may still write to it.
 */

#include "content.h"

#include <interloop/scope.h>
#include <interloop/time.h>

/** What all downloads share. */
struct client {
    uint16_t port;     /* of the server */
    uint64_t received; /* bytes, heads included */
};

enum download_state {
    DOWNLOAD_IDLE,
    DOWNLOAD_RUNNING,
    DOWNLOAD_DONE,
    DOWNLOAD_CANCELLED,
    DOWNLOAD_FAILED,
};

/** One file on its way. */
struct download {
    struct client *client;
    const struct content *file;
    unsigned number; /* from 1, for messages */
    enum download_state state;
    int error;         /* negative errno of a failure */
    uint64_t received; /* bytes of the file, all of them checked */
    il_time began;
    il_time ended;
    il_scope *scope; /* on the stack of its task; NULL unless it runs */
};

/**
 * Download the file, from its beginning.
 *
 * @suspends Always.
 *
 * @retval 0           Done, or download_cancel() was called: see the state.
 * @retval -EBUSY      It is running already.
 * @retval -ECANCELED  The caller was cancelled.
 * @return Otherwise the error it failed with.
 */
int download_run(struct download *download);

/** Stop a download that runs; nothing otherwise. */
void download_cancel(struct download *download);

#endif
