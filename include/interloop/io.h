/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_IO_H
#define INTERLOOP_IO_H

/**
 * @file io.h
 * @brief Reading, writing, accepting and connecting without blocking.
 *
 * All of these work on *non-blocking* descriptors (il_set_nonblocking()); a
 * blocking one would stop the whole loop.  They are for tasks.  Each tries
 * first and suspends only if it would block; a task that never has to wait
 * yields at every 64th operation all the same, so that it cannot starve the
 * others: each of these calls may suspend.
 *
 * A descriptor that the loop has waited for must be closed with il_close(),
 * which wakes whoever still waits for it.  Common results:
 *
 * | code | meaning |
 * | --- | --- |
 * | -ECANCELED | cancelled; nothing was transferred by this call |
 * | -EBUSY | another task waits for the same direction of this descriptor |
 * | -EBADF | not open, or closed with il_close() while this waited |
 * | -ESRCH | it would block and the caller is not a task |
 * | -ENOMEM | first wait on this descriptor, and no memory to note it |
 */

#include <interloop/export.h>
#include <interloop/time.h>

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

IL_BEGIN_DECLS

/** Ready to read, or at its end, or failed. */
#define IL_READ 1
/** Ready to write, or failed. */
#define IL_WRITE 2

/**
 * Wait until a descriptor is ready.
 *
 * @suspends Always, except for errors.
 *
 * @param fd      The descriptor; may be blocking here.
 * @param events  #IL_READ, #IL_WRITE or both.
 * @return The events that are ready, more than 0; or a common result;
 * -EINVAL for other events.
 */
IL_EXPORT IL_MUST_CHECK int il_wait_fd(int fd, int events);

/**
 * Read what is there, up to @p size bytes.
 *
 * il_buffer_read() of buffer.h needs no memory of the caller's.
 *
 * @suspends If nothing is there.
 * @return Bytes read, 0 at the end; or a negative errno.
 */
IL_EXPORT IL_MUST_CHECK ssize_t il_read(int fd, void *buffer, size_t size);

/**
 * Read until the buffer is full.
 *
 * @suspends As often as needed.
 * @param[out] ret_done  Bytes read, set in every case, also on error and
 *                       cancel; may be NULL.
 * @retval 0       All @p size bytes were read.
 * @retval -EPIPE  The end came first.
 * @return Otherwise a negative errno.
 */
IL_EXPORT IL_MUST_CHECK int il_read_all(int fd, void *buffer, size_t size,
                                        size_t *ret_done);

/**
 * Write some of a buffer, at least one byte.
 *
 * Never raises SIGPIPE.
 *
 * @suspends If nothing can be written.
 * @return Bytes written, 0 only for @p size 0; or a negative errno, -EPIPE if
 * the reader has gone.
 */
IL_EXPORT IL_MUST_CHECK ssize_t il_write(int fd, const void *buffer,
                                         size_t size);

/**
 * Write a whole buffer.
 *
 * @suspends As often as needed.
 * @param[out] ret_done  Bytes written, set in every case, also on error and
 *                       cancel; may be NULL.
 * @retval 0  All @p size bytes were written.
 * @return Otherwise a negative errno.
 */
IL_EXPORT IL_MUST_CHECK int il_write_all(int fd, const void *buffer,
                                         size_t size, size_t *ret_done);

/**
 * Accept a connection.
 *
 * @suspends If none is waiting.  When the process is out of descriptors or
 * memory it pauses 100 ms before it reports so: a server that goes on in a
 * loop does not spin.
 *
 * @param         fd        A listening socket.
 * @param[out]    ret_addr  The peer's address; may be NULL.
 * @param[in,out] addr_len  Size of @p ret_addr; NULL with it.
 * @return The new descriptor, non-blocking and close-on-exec, owned by the
 * caller; or a negative errno.
 */
IL_EXPORT IL_MUST_CHECK int il_accept(int fd, struct sockaddr *ret_addr,
                                      socklen_t *addr_len);

/**
 * Connect a socket.
 *
 * @suspends If the peer does not answer at once.
 * @retval 0           Connected.
 * @retval -ECANCELED  Given up; the attempt may still succeed in the kernel,
 *                     so close the socket.
 * @return Otherwise a negative errno.
 */
IL_EXPORT IL_MUST_CHECK int il_connect(int fd, const struct sockaddr *addr,
                                       socklen_t addr_len);

/**
 * Close a descriptor; whoever waits for it gets -EBADF.
 *
 * May be called outside tasks and without a loop.
 * @return 0 or a negative errno.
 */
IL_EXPORT int il_close(int fd);

/** Make a descriptor non-blocking.  @return 0 or a negative errno. */
IL_EXPORT int il_set_nonblocking(int fd);

IL_END_DECLS

#endif
