/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_SHARED_CHANNEL_H
#define INTERLOOP_SHARED_CHANNEL_H

/**
 * @file shared_channel.h
 * @brief A bounded queue of values between threads.
 *
 * What channel.h is within one thread: both sides may be tasks of any loop,
 * which park, and plain threads, which block.  Elements are copied, arrive in
 * the order they were sent, and are neither lost nor doubled; those who wait
 * are served in the order they came, whatever they are.
 *
 * A shared channel is caller's storage.  It must stay until every call on it
 * has returned in every thread; il_shared_channel_close() is how to make them
 * return.
 */

#include <interloop/export.h>
#include <interloop/node.h>
#include <interloop/time.h>

#include <stdbool.h>
#include <stddef.h>

IL_BEGIN_DECLS

/**
 * Disposes of an element that nobody will receive.
 *
 * Runs once for each, inside il_shared_channel_close_now(),
 * il_shared_channel_fini() or the il_shared_receiver_drop() of the last receiver,
 * in the caller's thread.
 *
 * @param element  The element; valid during the call.
 * @param arg      As given to il_shared_channel_set_destroy().
 */
typedef void il_shared_channel_destroy_fn(void *element, void *arg);

/** A shared channel; begin with il_shared_channel_init().  Fields private. */
typedef struct il_shared_channel {
    unsigned char *ring;                   /**< private: room for elements */
    size_t element_size;                   /**< private: in bytes */
    size_t capacity;                       /**< private: in elements */
    il_shared_channel_destroy_fn *destroy; /**< private: may be NULL */
    void *destroy_arg;                     /**< private */
    il_link receivers;                     /**< private: who waits, in order */
    il_link senders;                       /**< private: who waits, in order */
    unsigned state;                        /**< private: what is unusual */
    bool owns_ring;                        /**< private */
    bool is_open;         /**< private: it goes with its ends */
    unsigned n_senders;   /**< private: ends; see shared_ends.h */
    unsigned n_receivers; /**< private: likewise */
    unsigned n_uses;      /**< private: atomic: ends, and those being dropped */
    unsigned char apart[64];         /**< private: lines of the cache */
    int send_latch;                  /**< private */
    size_t sent;                     /**< private: so many, ever */
    size_t send_place;               /**< private: in the ring */
    size_t seen_received;            /**< private: at least so many */
    unsigned char apart_too[64];     /**< private */
    int receive_latch;               /**< private */
    size_t received;                 /**< private: so many, ever */
    size_t receive_place;            /**< private: in the ring */
    size_t seen_sent;                /**< private: at least so many */
    unsigned char apart_as_well[64]; /**< private */
} il_shared_channel;

/**
 * Make a shared channel.
 *
 * @param channel       Caller's storage; need not be initialised.
 * @param element_size  Bytes of one element, at least 1.
 * @param capacity      How many elements may wait to be received; 0: none, a send
 *                      waits for its receiver.
 * @retval 0        Made; end it with il_shared_channel_fini().
 * @retval -EINVAL  No channel, or elements without a size.
 * @retval -ENOMEM  Out of memory.  Nothing after this can fail so.
 */
IL_EXPORT IL_MUST_CHECK int il_shared_channel_init(il_shared_channel *channel,
                                                   size_t element_size,
                                                   size_t capacity);

/**
 * Make a shared channel whose elements are kept in storage of yours.
 *
 * @param channel       Caller's storage; need not be initialised.
 * @param element_size  Bytes of one element, at least 1.
 * @param capacity      How many elements may wait to be received.
 * @param storage       Room for @p capacity elements; must stay until
 *                      il_shared_channel_fini().  NULL with a capacity of 0.
 * @retval 0        Made; end it with il_shared_channel_fini().
 * @retval -EINVAL  No channel, no storage, or elements without a size.
 */
IL_EXPORT int il_shared_channel_init_with(il_shared_channel *channel,
                                          size_t element_size, size_t capacity,
                                          void *storage);

/**
 * Say what is to be done with elements that nobody will receive; before others
 * know the channel.
 *
 * @param channel  A channel.
 * @param destroy  Called for each; NULL: nothing is to be done.
 * @param arg      Passed to @p destroy.
 */
IL_EXPORT void
il_shared_channel_set_destroy(il_shared_channel *channel,
                              il_shared_channel_destroy_fn *destroy, void *arg);

/**
 * Send an element, from any thread.
 *
 * @suspends If there is no room, and now and then if there is, so that a task
 * that always finds some cannot keep the thread.  Outside tasks it blocks if
 * there is no room.
 *
 * @param channel  The channel.
 * @param element  What to send, copied before this returns 0.
 * @param timeout  Nanoseconds to wait at most, on the clock of a task's loop;
 *                 #IL_FOREVER.
 * @retval 0            Sent; with a capacity of 0, received.
 * @retval -ETIMEDOUT   @p timeout has passed.  As with every error, nothing was sent.
 * @retval -ECANCELED   The caller is a task and was cancelled first.
 * @retval -EPIPE       The channel is closed, or was while this waited.
 * @retval -EOWNERDEAD  il_shared_channel_fini() was called; do not touch it
 *                      again.
 * @retval -EDEADLK     It must wait, in a callback of a loop that runs, or under a
 *                      nested host loop.
 * @retval -EINVAL      No channel or no element.
 */
IL_EXPORT IL_MUST_CHECK int il_shared_channel_send(il_shared_channel *channel,
                                                   const void *element,
                                                   il_time timeout);

/**
 * Send an element without waiting.
 *
 * @retval 0        Sent.
 * @retval -EAGAIN  No room, or with a capacity of 0, no receiver that waits.
 * @retval -EPIPE   The channel is closed.
 * @retval -EINVAL  No channel or no element.
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_channel_try_send(il_shared_channel *channel, const void *element);

/**
 * Receive an element, in any thread.
 *
 * @suspends If there is none, and now and then if there is, so that a task that
 * always finds one cannot keep the thread.  Outside tasks it blocks if there is
 * none.
 *
 * @param      channel      The channel.
 * @param[out] ret_element  Where to put it.
 * @param      timeout      Nanoseconds to wait at most, on the clock of a task's
 *                          loop; #IL_FOREVER.
 * @retval 0            Received.
 * @retval -ETIMEDOUT   @p timeout has passed.  As with every error, nothing was
 *                      received.
 * @retval -ECANCELED   The caller is a task and was cancelled first.
 * @retval -EPIPE       The channel is closed and all is received.
 * @retval -EOWNERDEAD  il_shared_channel_fini() was called; do not touch it
 *                      again.
 * @retval -EDEADLK     It must wait, in a callback of a loop that runs, or under a
 *                      nested host loop.
 * @retval -EINVAL      No channel, or nowhere to put it.
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_channel_receive(il_shared_channel *channel, void *ret_element,
                          il_time timeout);

/**
 * Receive an element without waiting.
 *
 * @retval 0        Received.
 * @retval -EAGAIN  There is none, and with a capacity of 0, no sender that
 *                  waits.
 * @retval -EPIPE   The channel is closed and all is received.
 * @retval -EINVAL  No channel, or nowhere to put it.
 */
IL_EXPORT IL_MUST_CHECK int
il_shared_channel_try_receive(il_shared_channel *channel, void *ret_element);

/**
 * Close a channel, from any thread: nothing is sent any more, what is in it can
 * be received.
 *
 * Whoever waits gets -EPIPE: receivers, since nothing will come, and senders,
 * whose elements are theirs as before.  Runs nothing.
 *
 * @retval 0          Closed.
 * @retval -EALREADY  It was closed before.
 * @retval -EINVAL    @p channel is NULL.
 */
IL_EXPORT int il_shared_channel_close(il_shared_channel *channel);

/**
 * Close a channel and dispose of what is in it, from any thread.
 *
 * Also for one that is closed but not yet empty.
 *
 * @retval 0        Closed and empty.
 * @retval -EINVAL  @p channel is NULL.
 */
IL_EXPORT int il_shared_channel_close_now(il_shared_channel *channel);

/** Whether it is closed; elements may be left in it. */
IL_EXPORT bool il_shared_channel_is_closed(il_shared_channel *channel);

/** How many elements are in it, if nobody sends or receives meanwhile. */
IL_EXPORT size_t il_shared_channel_count(il_shared_channel *channel);

/**
 * End a channel.  Those who still wait get -EOWNERDEAD; elements that are left
 * are disposed of.
 *
 * Nobody else may begin a call with it any more.  Zeros and NULL are nothing to
 * end.
 */
IL_EXPORT void il_shared_channel_fini(il_shared_channel *channel);

IL_END_DECLS

#endif
