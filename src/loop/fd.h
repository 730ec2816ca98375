/* SPDX-License-Identifier: MIT */
#ifndef ILI_LOOP_FD_H
#define ILI_LOOP_FD_H

/* fd.h - waiting for descriptors, for the floors above. */

#include <stdbool.h>

/* Wait until `fd` is ready for one of `events`; what il_wait_fd() returns. */
int ili_fd_wait(int fd, int events);

/* What reading and writing remember of a descriptor from call to call. */
enum ili_fd_hint {
    ILI_FD_DRAINED = 1,    /* the last read took all there was */
    ILI_FD_NOT_SOCKET = 2, /* send() is of no use */
};

/* Hints are about the number, and only hints: whoever acts on one must be
 * right, if slower, when it is wrong. */
bool ili_fd_hint(int fd, unsigned hint);
void ili_fd_set_hint(int fd, unsigned hint, bool on);

/* Wake who waits for it with -EBADF and forget all about it. */
void ili_fd_forget(int fd);

#endif
