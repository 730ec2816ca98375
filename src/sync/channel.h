/* SPDX-License-Identifier: MIT */
#ifndef ILI_SYNC_CHANNEL_H
#define ILI_SYNC_CHANNEL_H

/* channel.h - what a select needs of a channel; channel.c says what holds
 * between any two calls. */

#include "sync/element.h"
#include "task/task.h"

#include <interloop/channel.h>

/* Whether a receive need not wait.  It is enough that the channel is closed: its
 * lists are zeros then. */
static inline bool ili_channel_can_receive(const il_channel *channel)
{
    return ILI_UNLIKELY(channel->count > 0) ||
           channel->senders.next != &channel->senders;
}

static inline bool ili_channel_can_send(const il_channel *channel)
{
    return channel->count < channel->capacity ||
           channel->receivers.next != &channel->receivers;
}

static inline void *ili_channel_place(const il_channel *channel, size_t index)
{
    return channel->ring + index * channel->element_size;
}

/* The oldest element leaves; its place is good until the next one is put. */
static inline void *ili_channel_drop_first(il_channel *channel)
{
    void *element = ili_channel_place(channel, channel->first);

    if (++channel->first == channel->capacity)
        channel->first = 0;
    channel->count--;
    return element;
}

/* il_channel_try_receive(), for what is known to be right and able to. */
static inline int ili_channel_take(il_channel *channel, void *ret_element)
{
    if (channel->senders.next != &channel->senders)
        return il_channel_try_receive(channel, ret_element);
    ili_copy(ret_element, ili_channel_drop_first(channel),
             channel->element_size);
    return 0;
}

#endif
