/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_CHANNEL_H
#define INTERLOOP_CHANNEL_H

/**
 * @file channel.h
 * @brief A bounded queue of values between tasks.
 *
 * Elements have one size and are copied: into the channel by who sends, out of
 * it by who receives.  A full channel makes senders wait, an empty one
 * receivers, so that neither side can run away from the other.  With a capacity
 * of 0 both sides meet: a send returns when its element has been received.
 *
 * Nothing is lost and nothing comes twice.  An element belongs to its sender
 * until the send has returned 0, and then to the channel or its receiver; one
 * that was received stays so, whatever cancels the receiver then.  Elements
 * arrive in the order they were sent; tasks that wait are served in the order
 * they came.
 *
 * Whoever closes a channel ends the sending.  What has been sent can still be
 * received, and then receiving ends, too:
 *
 *     while ((r = il_channel_receive(&jobs, &job)) == 0)
 *         work(&job);
 *     return r == -EPIPE ? 0 : r;
 *
 * Where several tasks send and nobody knows which will be the last, ends.h
 * counts them.
 *
 * A channel is caller's storage and belongs to the thread that initialised it;
 * calls from another get -ESRCH.
 */

#include <interloop/export.h>
#include <interloop/node.h>

#include <stdbool.h>
#include <stddef.h>

IL_BEGIN_DECLS

/**
 * Disposes of an element that nobody will receive.
 *
 * Runs inside il_channel_close_now(), il_channel_fini() or il_receiver_drop(),
 * on the caller's stack.  The element is in the channel no more.
 *
 * @param element  The element; valid during the call.
 * @param arg      As given to il_channel_set_destroy().
 */
typedef void il_channel_destroy_fn(void *element, void *arg);

/** A channel; begin with il_channel_init().  Its fields are private. */
typedef struct il_channel {
    il_link receivers;              /**< private: tasks, in order */
    il_link senders;                /**< private: tasks, in order */
    unsigned char *ring;            /**< private: room for the elements */
    size_t element_size;            /**< private: in bytes */
    size_t capacity;                /**< private: in elements */
    size_t first;                   /**< private: place of the oldest */
    size_t count;                   /**< private: how many are in the ring */
    const void *thread;             /**< private: whose it is */
    il_channel_destroy_fn *destroy; /**< private: may be NULL */
    void *destroy_arg;              /**< private */
    unsigned n_senders;             /**< private: ends, see ends.h */
    unsigned n_receivers;           /**< private: likewise */
    bool is_closed;                 /**< private */
    bool owns_ring;                 /**< private */
    bool is_shared;                 /**< private: goes with its last end */
} il_channel;

/**
 * Make a channel.
 *
 * @param channel       Caller's storage; need not be initialised.
 * @param element_size  Bytes of one element, at least 1.
 * @param capacity      How many elements may wait to be received; 0: none, a
 *                      send waits for its receiver.
 * @retval 0        Made; end it with il_channel_fini().
 * @retval -EINVAL  No channel, or elements without a size.
 * @retval -ENOMEM  Out of memory.  Nothing after this can fail so.
 */
IL_EXPORT IL_MUST_CHECK int
il_channel_init(il_channel *channel, size_t element_size, size_t capacity);

/**
 * Make a channel whose elements are kept in storage of yours.
 *
 * @param channel       Caller's storage; need not be initialised.
 * @param element_size  Bytes of one element, at least 1.
 * @param capacity      How many elements may wait to be received.
 * @param storage       Room for @p capacity elements; must stay until
 *                      il_channel_fini().  NULL with a capacity of 0.
 * @retval 0        Made; end it with il_channel_fini().
 * @retval -EINVAL  No channel, no storage, or elements without a size.
 */
IL_EXPORT int il_channel_init_with(il_channel *channel, size_t element_size,
                                   size_t capacity, void *storage);

/**
 * Say what is to be done with elements that nobody will receive.
 *
 * @param channel  A channel.
 * @param destroy  Called for each; NULL: nothing is to be done.
 * @param arg      Passed to @p destroy.
 */
IL_EXPORT void il_channel_set_destroy(il_channel *channel,
                                      il_channel_destroy_fn *destroy,
                                      void *arg);

/**
 * Send an element.
 *
 * Hands it to the receiver that has waited longest, else puts it into the
 * channel, else waits for room.
 *
 * @suspends If there is no room, and now and then if there is, so that a task
 * that always finds some cannot keep the thread.
 *
 * @param channel  The channel; must stay until this returns, or be ended with
 *                 il_channel_fini().
 * @param element  What to send, copied before this returns 0.
 * @retval 0            Sent; with a capacity of 0, received.
 * @retval -ECANCELED   The caller was cancelled first.  As with every error,
 *                      nothing was sent.
 * @retval -EPIPE       The channel is closed, or was while this waited.
 * @retval -EOWNERDEAD  il_channel_fini() was called; do not touch it again.
 * @retval -EINVAL      No channel or no element.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's channel.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_channel_send(il_channel *channel,
                                            const void *element);

/**
 * Send an element without waiting.
 *
 * @retval 0        Sent.
 * @retval -EAGAIN  No room, or with a capacity of 0, no receiver that waits.
 * @retval -EPIPE   The channel is closed.
 * @retval -EINVAL  No channel or no element.
 * @retval -ESRCH   Another thread's channel.
 */
IL_EXPORT IL_MUST_CHECK int il_channel_try_send(il_channel *channel,
                                                const void *element);

/**
 * Receive an element.
 *
 * @suspends If there is none, and now and then if there is, so that a task that
 * always finds one cannot keep the thread.
 *
 * @param      channel      The channel; must stay until this returns, or be
 *                          ended with il_channel_fini().
 * @param[out] ret_element  Where to put it.
 * @retval 0            Received.
 * @retval -ECANCELED   The caller was cancelled first.  As with every error,
 *                      nothing was received.
 * @retval -EPIPE       The channel is closed and all is received.
 * @retval -EOWNERDEAD  il_channel_fini() was called; do not touch it again.
 * @retval -EINVAL      No channel, or nowhere to put it.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's channel.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_channel_receive(il_channel *channel,
                                               void *ret_element);

/**
 * Receive an element without waiting.
 *
 * @retval 0        Received.
 * @retval -EAGAIN  There is none, and with a capacity of 0, no sender that
 *                  waits.
 * @retval -EPIPE   The channel is closed and all is received.
 * @retval -EINVAL  No channel, or nowhere to put it.
 * @retval -ESRCH   Another thread's channel.
 */
IL_EXPORT IL_MUST_CHECK int il_channel_try_receive(il_channel *channel,
                                                   void *ret_element);

/**
 * Close a channel: nothing is sent any more, what is in it can be received.
 *
 * Whoever waits gets -EPIPE: receivers, since nothing will come, and senders,
 * whose elements are theirs as before.  Runs nothing.
 *
 * @retval 0          Closed.
 * @retval -EALREADY  It was closed before.
 * @retval -EINVAL    @p channel is NULL.
 * @retval -ESRCH     Another thread's channel.
 */
IL_EXPORT int il_channel_close(il_channel *channel);

/**
 * Close a channel and dispose of what is in it.
 *
 * Also for one that is closed but not yet empty.
 *
 * @retval 0        Closed and empty.
 * @retval -EINVAL  @p channel is NULL.
 * @retval -ESRCH   Another thread's channel.
 */
IL_EXPORT int il_channel_close_now(il_channel *channel);

/** Whether it is closed; elements may be left in it. */
IL_EXPORT bool il_channel_is_closed(const il_channel *channel);

/** How many elements are in it. */
IL_EXPORT size_t il_channel_count(const il_channel *channel);

/**
 * End a channel.  Tasks that still wait get -EOWNERDEAD; elements that are left
 * are disposed of.
 *
 * Zeros and NULL are nothing to end; another thread's channel is left alone.
 */
IL_EXPORT void il_channel_fini(il_channel *channel);

IL_END_DECLS

#endif
