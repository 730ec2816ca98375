/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_ONESHOT_H
#define INTERLOOP_ONESHOT_H

/**
 * @file oneshot.h
 * @brief A channel for one value: the reply to a request.
 *
 * Who asks keeps the receiver and puts the sender into the request.  Whoever
 * answers sends one value.  If nobody will, because the sender was dropped
 * without sending, the receiver gets -EPIPE instead of waiting for ever; and if
 * nobody wants to know any more, because the receiver was dropped, sending gets
 * -EPIPE.
 *
 *     struct request {
 *         int question;
 *         il_sender reply;
 *     };
 *
 * The ends are those of ends.h: values that can be copied to hand them over,
 * so il_receiver_receive() waits for the reply, and both are dropped when they
 * are done.  What is between them lives as long as one of them, so each side may
 * leave first, cancelled or not.  If requests may be disposed of, let that drop
 * their senders.
 *
 * Where both sides know that the storage stays, a future does the same without
 * memory of its own: il_future_set() with a value, or with an error for none.
 *
 * One-shots are used from one loop's thread only.
 */

#include <interloop/ends.h>
#include <interloop/export.h>

#include <stddef.h>

IL_BEGIN_DECLS

/**
 * Make both ends of a one-shot.
 *
 * @param      element_size  Bytes of the value, at least 1.
 * @param[out] ret_sender    For who answers; end it with il_oneshot_send() or
 *                           il_sender_drop().
 * @param[out] ret_receiver  For who asks; end it with il_receiver_drop().
 * @retval 0        Made.
 * @retval -EINVAL  A value without a size, or nowhere to put an end.
 * @retval -ENOMEM  Out of memory.
 */
IL_EXPORT IL_MUST_CHECK int il_oneshot_open(size_t element_size,
                                            il_sender *ret_sender,
                                            il_receiver *ret_receiver);

/**
 * Send the one value and drop the sender.
 *
 * Never waits.  The sender is dropped after -EPIPE, too: it is of no use any
 * more.
 *
 * @param sender  A sender of il_oneshot_open(); zeros afterwards.
 * @param value   What to send, copied.
 * @retval 0        Sent.
 * @retval -EPIPE   Nobody wants it, or the sender of which this is a clone has
 *                  sent before.  The value is the caller's as before.
 * @retval -EAGAIN  This is no one-shot, but a channel that is full.
 * @retval -EINVAL  No sender or no value.
 * @retval -ESRCH   Another thread's sender.
 */
IL_EXPORT int il_oneshot_send(il_sender *sender, const void *value);

IL_END_DECLS

#endif
