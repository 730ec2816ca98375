/* SPDX-License-Identifier: MIT */
#ifndef ILI_IO_NOSIGNAL_H
#define ILI_IO_NOSIGNAL_H

#include <sys/types.h>

/* write() that never raises SIGPIPE and does not touch how the process handles
 * it.  Returns bytes or a negative errno; never EINTR. */
ssize_t ili_write_nosignal(int fd, const void *buffer, size_t size);

#endif
