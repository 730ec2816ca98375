/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_CLEANUP_H
#define INTERLOOP_CLEANUP_H

/**
 * @file cleanup.h
 * @brief Optional: let the compiler free things on every return path.
 *
 *     IL_CLEANUP (il_task) il_task *task = NULL;
 *     IL_CLEANUP (il_fd) int fd = -1;
 *
 * Since a cancellation is an ordinary return, this covers it too.
 */

#include <interloop/buffer.h>
#include <interloop/ends.h>
#include <interloop/io.h>
#include <interloop/loop.h>
#include <interloop/task.h>

/** Behind IL_CLEANUP(il_task); private. */
static inline void il_cleanup_il_task_(il_task **task)
{
    *task = il_task_unref(*task);
}

/** Behind IL_CLEANUP(il_loop); private. */
static inline void il_cleanup_il_loop_(il_loop **loop)
{
    *loop = il_loop_unref(*loop);
}

/** Behind IL_CLEANUP(il_fd); private. */
static inline void il_cleanup_il_fd_(int *fd)
{
    if (*fd >= 0)
        (void)il_close(*fd);
    *fd = -1;
}

/** Behind IL_CLEANUP(il_buffer); private. */
static inline void il_cleanup_il_buffer_(il_buffer *buffer)
{
    (void)il_buffer_release(buffer);
}

/** Behind IL_CLEANUP(il_sender); private. */
static inline void il_cleanup_il_sender_(il_sender *sender)
{
    il_sender_drop(sender);
}

/** Behind IL_CLEANUP(il_receiver); private. */
static inline void il_cleanup_il_receiver_(il_receiver *receiver)
{
    il_receiver_drop(receiver);
}

/** Put before a declaration: il_task, il_loop, il_fd, il_buffer, il_sender or
 *  il_receiver. */
#define IL_CLEANUP(kind) __attribute__((cleanup(il_cleanup_##kind##_), unused))

#endif
