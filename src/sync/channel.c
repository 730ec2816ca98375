/* SPDX-License-Identifier: MIT */

/* channel.c - a bounded queue of values between tasks.
 *
 * Between any two calls into this file:
 *   - receivers wait only while the ring is empty and no sender waits;
 *   - senders wait only while the ring is full, which without capacity it
 *     always is, and no receiver waits; but a select may do both, alone, as it
 *     cannot meet itself;
 *   - nobody waits in a closed channel, and nothing is in a ring of zeros.
 *
 * A value moves once where a receiver waits: from the sender's variable straight
 * into the receiver's, while that one is still parked.  A receiver that finds
 * the ring full takes the oldest element and lets the sender that has waited
 * longest put its own at the end.  So no task is ever woken to look for itself,
 * nobody overtakes those who wait, and who was served is served whatever a
 * cancel or a close does before it runs.
 *
 * Rejected: waking a task to try again, which can be overtaken and has to wait
 * twice.  A list of allocated elements: a send could fail for want of memory. */

#include "config.h"

#include <interloop/channel.h>

#include "sync/channel.h"
#include "sync/ends.h"
#include "sync/waiter.h"

#include <errno.h>
#include <stdlib.h>

/* --- the ring --------------------------------------------------------------- */

static inline void put(il_channel *channel, const void *element)
{
    size_t index = channel->first + channel->count;

    if (index >= channel->capacity)
        index -= channel->capacity;
    ili_copy(ili_channel_place(channel, index), element, channel->element_size);
    channel->count++;
}

/* --- life ------------------------------------------------------------------- */

static void make(il_channel *channel, size_t element_size, size_t capacity,
                 void *ring)
{
    *channel = (il_channel){ .ring = ring,
                             .element_size = element_size,
                             .capacity = capacity,
                             .thread = ili_this_thread() };
    ili_list_init(&channel->receivers);
    ili_list_init(&channel->senders);
}

int il_channel_init(il_channel *channel, size_t element_size, size_t capacity)
{
    void *ring;
    int r;

    ILI_RETURN_IF_FAIL(channel, -EINVAL);
    r = ili_ring_new(capacity, element_size, &ring);
    if (r < 0)
        return r;
    make(channel, element_size, capacity, ring);
    channel->owns_ring = true;
    return 0;
}

int il_channel_init_with(il_channel *channel, size_t element_size,
                         size_t capacity, void *storage)
{
    ILI_RETURN_IF_FAIL(channel && (storage || capacity == 0), -EINVAL);
    ILI_RETURN_IF_FAIL(ili_ring_check(capacity, element_size) == 0, -EINVAL);
    make(channel, element_size, capacity, storage);
    return 0;
}

void il_channel_set_destroy(il_channel *channel, il_channel_destroy_fn *destroy,
                            void *arg)
{
    if (!channel)
        return;
    channel->destroy = destroy;
    channel->destroy_arg = arg;
}

/* Elements that nobody will receive.  The channel is closed: nothing can be put
 * in the place of one that is being destroyed.  It counts as an end itself until
 * the caller calls let_go(), for the last ones may be in its elements. */
static void dispose(il_channel *channel)
{
    channel->n_receivers++;
    while (channel->count > 0) {
        void *element = ili_channel_drop_first(channel);

        if (channel->destroy)
            channel->destroy(element, channel->destroy_arg);
    }
}

static void let_go(il_channel *channel)
{
    channel->n_receivers--;
    ili_channel_free_unused(channel);
}

static bool is_here(const il_channel *channel)
{
    return ILI_LIKELY(channel && channel->thread == ili_this_thread());
}

/* Zeros are no channel. */
static int why_not_here(const il_channel *channel)
{
    return channel && channel->thread ? -ESRCH : -EINVAL;
}

/* Nobody will be served any more. */
static void end_waits(il_channel *channel, int result)
{
    channel->is_closed = true;
    ili_waiters_end(&channel->receivers, result);
    ili_waiters_end(&channel->senders, result);
    /* Zeros are empty lists, too, and a select sees with one look that it need
     * not wait, because somebody is there or because it is closed. */
    channel->receivers.next = NULL;
    channel->senders.next = NULL;
}

void il_channel_fini(il_channel *channel)
{
    if (!is_here(channel))
        return;
    end_waits(channel, -EOWNERDEAD);
    dispose(channel);
    if (channel->owns_ring)
        free(channel->ring);
    /* Its ends are still there, and may be what keeps its storage. */
    *channel = (il_channel){ .n_senders = channel->n_senders,
                             .n_receivers = channel->n_receivers,
                             .is_shared = channel->is_shared };
    let_go(channel);
}

/* It waits for nothing else. */
static inline void wake(il_task *task)
{
    ili_sched *sched = ili_sched_current;

    ili_wake_parked(sched, task, 0);
    ili_sched_changed(sched);
}

/* --- sending ---------------------------------------------------------------- */

/* What is rare, or costs more than a call, is in functions of its own, so that
 * putting a pointer into the ring needs no frame.  `task` is the running one;
 * NULL if nobody is to spend anything. */

/* The same for one that selects.  If another thread has been faster with it, the
 * next one is served, or nobody. */
static __attribute__((noinline)) int hand_to_select(il_channel *channel,
                                                    il_waiter *receiver,
                                                    const void *element,
                                                    il_task *task)
{
    if (ILI_UNLIKELY(!ili_waiter_wake_slowly(receiver, 0)))
        return task ? il_channel_send(channel, element)
                    : il_channel_try_send(channel, element);
    ili_copy(receiver->slot, element, channel->element_size);
    return ili_spent(task);
}

/* There is a receiver that waits. */
static __attribute__((noinline)) int
hand_over(il_channel *channel, const void *element, il_task *task)
{
    il_waiter *receiver = ili_waiters_pop(&channel->receivers);

    ILI_ASSERT(receiver);
    if (ili_may_refuse(receiver->task))
        return hand_to_select(channel, receiver, element, task);
    ili_copy(receiver->slot, element, channel->element_size);
    wake(receiver->task);
    return ili_spent(task);
}

/* Nobody writes to a sender's slot. */
static __attribute__((noinline)) int wait_for_room(il_channel *channel,
                                                   const void *element)
{
    return ili_waiters_join(&channel->senders, (void *)element,
                            "room in a channel");
}

int il_channel_try_send(il_channel *channel, const void *element)
{
    ILI_RETURN_IF_FAIL(is_here(channel), why_not_here(channel));
    ILI_RETURN_IF_FAIL(element, -EINVAL);
    if (channel->is_closed)
        return -EPIPE;
    if (!ili_list_empty(&channel->receivers))
        return hand_over(channel, element, NULL);
    if (channel->count == channel->capacity)
        return -EAGAIN;
    put(channel, element);
    return 0;
}

int il_channel_send(il_channel *channel, const void *element)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(is_here(channel), why_not_here(channel));
    ILI_RETURN_IF_FAIL(element, -EINVAL);
    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (ILI_UNLIKELY(channel->is_closed))
        return -EPIPE;
    if (!ili_list_empty(&channel->receivers))
        return hand_over(channel, element, task);
    if (channel->count == channel->capacity)
        return wait_for_room(channel, element);
    put(channel, element);
    return ili_spent(task);
}

/* --- receiving -------------------------------------------------------------- */

static inline void take_from(il_channel *channel, const il_waiter *sender,
                             void *ret_element)
{
    if (channel->count > 0) {
        ili_copy(ret_element, ili_channel_drop_first(channel),
                 channel->element_size);
        put(channel, sender->slot);
    } else {
        ili_copy(ret_element, sender->slot, channel->element_size);
    }
}

/* As hand_to_select(). */
static __attribute__((noinline)) int take_from_select(il_channel *channel,
                                                      il_waiter *sender,
                                                      void *ret_element,
                                                      il_task *task)
{
    if (ILI_UNLIKELY(!ili_waiter_wake_slowly(sender, 0)))
        return task ? il_channel_receive(channel, ret_element)
                    : il_channel_try_receive(channel, ret_element);
    take_from(channel, sender, ret_element);
    return ili_spent(task);
}

/* There is a sender that waits: its element goes to the end of the ring, or,
 * where there is none, straight to the receiver. */
static __attribute__((noinline)) int take_over(il_channel *channel,
                                               void *ret_element, il_task *task)
{
    il_waiter *sender = ili_waiters_pop(&channel->senders);

    ILI_ASSERT(sender);
    if (ili_may_refuse(sender->task))
        return take_from_select(channel, sender, ret_element, task);
    take_from(channel, sender, ret_element);
    wake(sender->task);
    return ili_spent(task);
}

static __attribute__((noinline)) int wait_for_one(il_channel *channel,
                                                  void *ret_element)
{
    return ili_waiters_join(&channel->receivers, ret_element,
                            "something in a channel");
}

int il_channel_try_receive(il_channel *channel, void *ret_element)
{
    ILI_RETURN_IF_FAIL(is_here(channel), why_not_here(channel));
    ILI_RETURN_IF_FAIL(ret_element, -EINVAL);
    if (!ili_list_empty(&channel->senders))
        return take_over(channel, ret_element, NULL);
    if (channel->count == 0)
        return channel->is_closed ? -EPIPE : -EAGAIN;
    ili_copy(ret_element, ili_channel_drop_first(channel),
             channel->element_size);
    return 0;
}

int il_channel_receive(il_channel *channel, void *ret_element)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(is_here(channel), why_not_here(channel));
    ILI_RETURN_IF_FAIL(ret_element, -EINVAL);
    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (!ili_list_empty(&channel->senders))
        return take_over(channel, ret_element, task);
    if (channel->count == 0)
        return channel->is_closed ? -EPIPE : wait_for_one(channel, ret_element);
    ili_copy(ret_element, ili_channel_drop_first(channel),
             channel->element_size);
    return ili_spent(task);
}

/* --- closing ---------------------------------------------------------------- */

int il_channel_close(il_channel *channel)
{
    ILI_RETURN_IF_FAIL(is_here(channel), why_not_here(channel));
    if (channel->is_closed)
        return -EALREADY;
    end_waits(channel, -EPIPE);
    return 0;
}

int il_channel_close_now(il_channel *channel)
{
    ILI_RETURN_IF_FAIL(is_here(channel), why_not_here(channel));
    end_waits(channel, -EPIPE);
    if (channel->count > 0) {
        dispose(channel);
        let_go(channel);
    }
    return 0;
}

bool il_channel_is_closed(const il_channel *channel)
{
    return !channel || channel->is_closed;
}

size_t il_channel_count(const il_channel *channel)
{
    return channel ? channel->count : 0;
}
