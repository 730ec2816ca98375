/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_SHARED_ENDS_H
#define INTERLOOP_SHARED_ENDS_H

/**
 * @file shared_ends.h
 * @brief The ends of a shared channel, counted: the last one closes it.
 *
 * What ends.h is within one thread: each task and each plain thread that sends
 * has an end of its own, and drops it when it is done.
 *
 * - When the last sender is dropped, what was sent can still be received, and
 *   then receiving ends with -EPIPE.
 * - When the last receiver is dropped, sending ends with -EPIPE, and what
 *   nobody received is disposed of.
 *
 * Both are words for closing: il_shared_channel_close() and
 * il_shared_channel_close_now().
 *
 * An end is a value of the size of a pointer, and whoever has it owns it.  It
 * may be copied to hand it over, to a thread or a task as its argument, or as
 * part of an element through a channel; then the copy is the end and the
 * original is not to be used any more.  Who wants two of them calls
 * il_shared_sender_clone().  An end of zeros is no end: using it gets -EINVAL,
 * and dropping it does nothing.
 *
 * il_shared_channel_open() makes a channel that lives as long as its ends,
 * whoever drops the last one, in whatever thread.  For a channel in storage of
 * yours, il_shared_sender_init() and il_shared_receiver_init() make ends; the
 * storage may go when all drops have returned.  Calls of
 * il_shared_channel_send() and il_shared_channel_receive() without an end work
 * as ever, and count for nobody.
 *
 * Ends are used from any thread, different ends from several threads at once.
 * One end may be used by several at once as well, but it is dropped once, when
 * nobody uses it any more.
 */

#include <interloop/export.h>
#include <interloop/shared_channel.h>
#include <interloop/time.h>

#include <stddef.h>

IL_BEGIN_DECLS

/** An end to send into.  Zeros: none.  Its field is private. */
typedef struct il_shared_sender {
    il_shared_channel *channel; /**< private: NULL: none */
} il_shared_sender;

/** An end to receive from.  Zeros: none.  Its field is private. */
typedef struct il_shared_receiver {
    il_shared_channel *channel; /**< private: NULL: none */
} il_shared_receiver;

/** An end that is none, until it is made one. */
#define IL_SHARED_SENDER_INIT                                                  \
    {                                                                          \
        0                                                                      \
    }

/** An end that is none, until it is made one. */
#define IL_SHARED_RECEIVER_INIT                                                \
    {                                                                          \
        0                                                                      \
    }

/**
 * Make a shared channel that lives as long as its ends.
 *
 * It is freed when the last end of either kind is dropped.
 *
 * @param      element_size  Bytes of one element, at least 1.
 * @param      capacity      How many elements may wait to be received; 0: none,
 *                           a send waits for its receiver.
 * @param[out] ret_sender    Its first sender, owned by the caller.
 * @param[out] ret_receiver  Its first receiver, likewise.
 * @retval 0        Made.
 * @retval -EINVAL  Elements without a size, or nowhere to put an end.
 * @retval -ENOMEM  Out of memory.  Nothing after this can fail so.
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_channel_open(size_t element_size, size_t capacity,
                       il_shared_sender *ret_sender,
                       il_shared_receiver *ret_receiver);

/**
 * Make one more sender for a shared channel.
 *
 * @param sender   Caller's storage; need not be initialised.
 * @param channel  A channel, from wherever.
 * @retval 0           Made; end it with il_shared_sender_drop().
 * @retval -EPIPE      The channel is closed.
 * @retval -EOVERFLOW  It has too many.
 * @retval -EINVAL     No sender or no channel.
 */
IL_EXPORT IL_MUST_CHECK int il_shared_sender_init(il_shared_sender *sender,
                                                  il_shared_channel *channel);

/**
 * Make one more sender for the channel of another one.
 *
 * @param      sender     A sender.
 * @param[out] ret_clone  The new one, owned by the caller.
 * @return As il_shared_sender_init().
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_sender_clone(const il_shared_sender *sender,
                       il_shared_sender *ret_clone);

/**
 * Drop a sender.
 *
 * If it was the last one, the channel is closed: what is in it can be received,
 * and then receivers get -EPIPE.  Runs nothing.
 *
 * @param sender  It is zeros afterwards.  NULL and zeros are nothing to drop.
 */
IL_EXPORT void il_shared_sender_drop(il_shared_sender *sender);

/**
 * Send an element.
 *
 * @suspends As il_shared_channel_send().
 *
 * @retval -EPIPE  All receivers were dropped, or the channel was closed.
 * @return Otherwise as il_shared_channel_send().
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_sender_send(const il_shared_sender *sender, const void *element,
                      il_time timeout);

/**
 * Send an element without waiting.
 *
 * @retval -EPIPE  All receivers were dropped, or the channel was closed.
 * @return Otherwise as il_shared_channel_try_send().
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_sender_try_send(const il_shared_sender *sender, const void *element);

/** Its channel, for il_shared_channel_count() and the like; NULL if it is
 *  none. */
IL_EXPORT il_shared_channel *
il_shared_sender_channel(const il_shared_sender *sender);

/**
 * Make one more receiver for a shared channel, closed or not.
 *
 * @param receiver  Caller's storage; need not be initialised.
 * @param channel   A channel, from wherever.
 * @retval 0           Made; end it with il_shared_receiver_drop().
 * @retval -EOVERFLOW  It has too many.
 * @retval -EINVAL     No receiver or no channel.
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_receiver_init(il_shared_receiver *receiver,
                        il_shared_channel *channel);

/**
 * Make one more receiver for the channel of another one.
 *
 * Each element is received by one of them.
 *
 * @param      receiver   A receiver.
 * @param[out] ret_clone  The new one, owned by the caller.
 * @return As il_shared_receiver_init().
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_receiver_clone(const il_shared_receiver *receiver,
                         il_shared_receiver *ret_clone);

/**
 * Drop a receiver.
 *
 * If it was the last one, the channel is closed now: who sends gets -EPIPE, and
 * what is in it is disposed of, inside this call and in this thread, by the
 * function given to il_shared_channel_set_destroy().
 *
 * @param receiver  It is zeros afterwards.  NULL and zeros are nothing to drop.
 */
IL_EXPORT void il_shared_receiver_drop(il_shared_receiver *receiver);

/**
 * Receive an element.
 *
 * @suspends As il_shared_channel_receive().
 *
 * @retval -EPIPE  All is received, and all senders were dropped, or the channel
 *                 was closed.
 * @return Otherwise as il_shared_channel_receive().
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_receiver_receive(const il_shared_receiver *receiver,
                           void *ret_element, il_time timeout);

/**
 * Receive an element without waiting.
 *
 * @retval -EPIPE  All is received, and all senders were dropped, or the channel
 *                 was closed.
 * @return Otherwise as il_shared_channel_try_receive().
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_receiver_try_receive(const il_shared_receiver *receiver,
                               void *ret_element);

/** Its channel, for il_shared_channel_count() and the like; NULL if it is
 *  none. */
IL_EXPORT il_shared_channel *
il_shared_receiver_channel(const il_shared_receiver *receiver);

IL_END_DECLS

#endif
