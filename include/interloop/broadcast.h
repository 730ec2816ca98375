/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_BROADCAST_H
#define INTERLOOP_BROADCAST_H

/**
 * @file broadcast.h
 * @brief Each subscriber gets each value, or is told how many it missed.
 *
 * Whoever sends never waits.  The last so many values are kept for subscribers
 * that are behind; one that is further behind than that goes on with the oldest
 * value that is left, and il_subscriber_receive() says how many it has missed.
 * So a slow subscriber holds up neither the sender nor the others, and knows
 * what it does not know.
 *
 * A subscriber gets what is sent after it has subscribed, in the order it was
 * sent.  Several tasks may receive with one subscriber: then each value goes to
 * one of them, and those who wait are served in the order they came.
 *
 * Each subscriber gets a copy, so values should not own anything.  Where only
 * the latest value matters, see watch.h.
 *
 * Broadcasts and subscribers are caller's storage and belong to the thread that
 * initialised the broadcast; calls from another get -ESRCH.
 */

#include <interloop/export.h>
#include <interloop/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

IL_BEGIN_DECLS

/** A broadcast; begin with il_broadcast_init().  Its fields are private. */
typedef struct il_broadcast {
    il_link subscribers; /**< private: in the order they subscribed */
    unsigned char *ring; /**< private: room for the elements */
    size_t element_size; /**< private: in bytes */
    size_t capacity;     /**< private: in elements */
    uint64_t sent;       /**< private: so many, since it began */
    const void *thread;  /**< private: whose it is */
    bool is_closed;      /**< private */
    bool owns_ring;      /**< private */
} il_broadcast;

/** One who listens; begin with il_subscriber_init(), and leave it where it is
 *  until il_subscriber_fini().  Its fields are private. */
typedef struct il_subscriber {
    il_link link;            /**< private: in the broadcast */
    il_link waiters;         /**< private: tasks, in order */
    il_broadcast *broadcast; /**< private: NULL: none */
    uint64_t next;           /**< private: the number of what it gets next */
    bool is_orphan;          /**< private: the broadcast was ended */
} il_subscriber;

/**
 * Make a broadcast.
 *
 * @param broadcast     Caller's storage; need not be initialised.
 * @param element_size  Bytes of one value, at least 1.
 * @param capacity      How many values are kept, at least 1.
 * @retval 0        Made; end it with il_broadcast_fini().
 * @retval -EINVAL  No broadcast, values without a size, or no room.
 * @retval -ENOMEM  Out of memory.  Nothing after this can fail so.
 */
IL_EXPORT IL_MUST_CHECK int il_broadcast_init(il_broadcast *broadcast,
                                              size_t element_size,
                                              size_t capacity);

/**
 * Make a broadcast whose values are kept in storage of yours.
 *
 * @param broadcast     Caller's storage; need not be initialised.
 * @param element_size  Bytes of one value, at least 1.
 * @param capacity      How many values are kept, at least 1.
 * @param storage       Room for @p capacity values; must stay until
 *                      il_broadcast_fini().
 * @retval 0        Made; end it with il_broadcast_fini().
 * @retval -EINVAL  No broadcast, no storage, values without a size, or no room.
 */
IL_EXPORT int il_broadcast_init_with(il_broadcast *broadcast,
                                     size_t element_size, size_t capacity,
                                     void *storage);

/**
 * Send a value to all who have subscribed.  Runs nothing, never waits.
 *
 * @param broadcast  A broadcast; without subscribers nobody will get it.
 * @param element    What to send, copied.
 * @retval 0        Sent.
 * @retval -EPIPE   The broadcast is closed.
 * @retval -EINVAL  No broadcast or no value.
 * @retval -ESRCH   Another thread's broadcast.
 */
IL_EXPORT int il_broadcast_send(il_broadcast *broadcast, const void *element);

/**
 * Close a broadcast: nothing is sent any more.
 *
 * Subscribers get what they have not yet got, and then -EPIPE.  Runs nothing.
 *
 * @retval 0          Closed.
 * @retval -EALREADY  It was closed before.
 * @retval -EINVAL    @p broadcast is NULL or was ended.
 * @retval -ESRCH     Another thread's broadcast.
 */
IL_EXPORT int il_broadcast_close(il_broadcast *broadcast);

/** Whether it is closed. */
IL_EXPORT bool il_broadcast_is_closed(const il_broadcast *broadcast);

/**
 * End a broadcast.  Tasks that still wait get -EOWNERDEAD, and so do those who
 * use its subscribers later.
 *
 * Zeros and NULL are nothing to end; that of another thread is left alone.
 */
IL_EXPORT void il_broadcast_fini(il_broadcast *broadcast);

/**
 * Subscribe: get what is sent from now on.
 *
 * @param subscriber  Caller's storage; need not be initialised.
 * @param broadcast   A broadcast.
 * @retval 0        Subscribed; end it with il_subscriber_fini().
 * @retval -EPIPE   The broadcast is closed.
 * @retval -EINVAL  No subscriber or no broadcast.
 * @retval -ESRCH   Another thread's broadcast.
 */
IL_EXPORT IL_MUST_CHECK int il_subscriber_init(il_subscriber *subscriber,
                                               il_broadcast *broadcast);

/**
 * Receive the next value.
 *
 * @suspends If it has got all, and now and then if it has not, so that a task
 * that always finds a value cannot keep the thread.
 *
 * @param      subscriber   The subscriber; must stay until this returns, or be
 *                          ended with il_subscriber_fini().
 * @param[out] ret_element  Where to put it.
 * @param[out] ret_missed   How many values before it were sent and are gone,
 *                          because the subscriber was too far behind; may be
 *                          NULL.
 * @retval 0            Received.
 * @retval -ECANCELED   The caller was cancelled first.  As with every error,
 *                      nothing was received.
 * @retval -EPIPE       The broadcast is closed and all is received.
 * @retval -EOWNERDEAD  The subscriber, or its broadcast, was ended.
 * @retval -EINVAL      No subscriber, or nowhere to put it.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's subscriber.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_subscriber_receive(il_subscriber *subscriber,
                                                  void *ret_element,
                                                  uint64_t *ret_missed);

/**
 * Receive the next value without waiting.
 *
 * @retval 0            Received.
 * @retval -EAGAIN      It has got all.
 * @retval -EPIPE       The broadcast is closed and all is received.
 * @retval -EOWNERDEAD  Its broadcast was ended.
 * @retval -EINVAL      No subscriber, or nowhere to put it.
 * @retval -ESRCH       Another thread's subscriber.
 */
IL_EXPORT IL_MUST_CHECK int il_subscriber_try_receive(il_subscriber *subscriber,
                                                      void *ret_element,
                                                      uint64_t *ret_missed);

/** How many values it can receive without waiting; what it has missed is not
 *  among them. */
IL_EXPORT size_t il_subscriber_count(const il_subscriber *subscriber);

/**
 * End a subscription.  Tasks that still wait with it get -EOWNERDEAD.
 *
 * Zeros and NULL are nothing to end; that of another thread is left alone.
 */
IL_EXPORT void il_subscriber_fini(il_subscriber *subscriber);

IL_END_DECLS

#endif
