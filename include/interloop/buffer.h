/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_BUFFER_H
#define INTERLOOP_BUFFER_H

/**
 * @file buffer.h
 * @brief Reading into memory that the loop lends.
 *
 * A thousand connections that each have a buffer of their own drag a thousand
 * buffers through the processor's cache, though only few of them have anything
 * in them at a time.  A lent buffer is borrowed when data is there, not when the
 * wait for it begins, and given back before the next wait.  So a few kilobytes
 * that stay in the cache serve all connections, and a task that waits needs no
 * room:
 *
 *     IL_CLEANUP (il_buffer) il_buffer buffer = IL_BUFFER_INIT;
 *
 *     while ((n = il_buffer_read (&buffer, fd)) > 0) {
 *         r = il_write_all (fd, buffer.data, buffer.size, NULL);
 *         …
 *     }
 *
 * What was read is the task's until it reads into the same buffer again or
 * releases it, however often the task suspends in between: it keeps its memory,
 * and others are lent other memory.  That is a matter of cache and of 64 KiB
 * each, so release a buffer before a long wait for something else.
 *
 * A buffer belongs to the loop and the thread in which it was read.
 */

#include <interloop/export.h>

#include <stddef.h>
#include <sys/types.h>

IL_BEGIN_DECLS

/** Most that one il_buffer_read() reads. */
#define IL_BUFFER_SIZE 65536

/** What was read into memory of the loop.  Begins as #IL_BUFFER_INIT or zeros;
 * a copy of it gives no right to the memory. */
typedef struct il_buffer {
    char *data;  /**< What was read, may be changed; NULL: nothing. */
    size_t size; /**< Bytes of it. */
    void *block; /**< Private. */
    size_t loan; /**< Private. */
} il_buffer;

/** Holds nothing. */
#define IL_BUFFER_INIT                                                         \
    {                                                                          \
        NULL, 0, NULL, 0                                                       \
    }

/**
 * Read what is there, up to #IL_BUFFER_SIZE bytes.
 *
 * First gives back what the buffer held, in every case; it holds something
 * afterwards only if this returns more than 0.
 *
 * @suspends If nothing is there; see io.h.
 *
 * @param buffer  Gets what was read.
 * @param fd      A non-blocking descriptor.
 * @return Bytes read, which is @p buffer->size; 0 at the end; or a negative
 * errno, as of il_read(); -ESRCH also where the thread has no loop; -ENOMEM if
 * there was no memory, and then nothing was read.
 */
IL_EXPORT IL_MUST_CHECK ssize_t il_buffer_read(il_buffer *buffer, int fd);

/**
 * Give back what a buffer holds, if anything.
 *
 * Also after the loop was closed, which leaves alone what is lent.
 *
 * @retval 0          It holds nothing now.
 * @retval -EALREADY  It was a copy, and another one has been released or read
 *                    into; now it holds nothing.
 * @retval -ESRCH     Another thread's.
 */
IL_EXPORT int il_buffer_release(il_buffer *buffer);

IL_END_DECLS

#endif
