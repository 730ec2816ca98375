/* SPDX-License-Identifier: MIT */

/* ends.c - the ends of a channel, counted.
 *
 * Between any two calls into this file:
 *   - a channel that had senders and has none is closed, and one that had
 *     receivers and has none is closed and empty;
 *   - a shared channel has an end.
 *
 * An end is nothing but the address of its channel, so that it can be handed
 * over by copying it: as an argument, or as part of an element.  Nobody waits at
 * an end, but in the channel; and who waits there does not look at it again, so
 * whoever drops the last end may free it.
 *
 * Rejected: ends that are nodes in a list of their channel, which could tell one
 * that was dropped twice.  They could not be moved, and moving is what they are
 * for.  Ends on the heap: one more thing that can fail, for each clone. */

#include "config.h"

#include <interloop/ends.h>

#include "base/assert.h"
#include "sync/element.h"
#include "sync/ends.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

/* A channel and its elements in one piece. */
struct shared {
    il_channel channel; /* is_shared; first, so that it can be freed */
    _Alignas(max_align_t) unsigned char ring[];
};

static int check(const void *end, const il_channel *channel, unsigned n_ends)
{
    ILI_RETURN_IF_FAIL(end && channel && channel->thread, -EINVAL);
    ILI_RETURN_IF_FAIL(channel->thread == ili_this_thread(), -ESRCH);
    ILI_RETURN_IF_FAIL(n_ends < UINT_MAX, -EOVERFLOW);
    return 0;
}

/* The channel of an end that is dropped; NULL: there is nothing to drop.  One
 * that was ended is of no thread any more. */
static il_channel *let_go(il_channel **end)
{
    il_channel *channel = *end;

    if (!channel || (channel->thread && channel->thread != ili_this_thread()))
        return NULL;
    *end = NULL;
    return channel;
}

void ili_channel_free_unused(il_channel *channel)
{
    if (channel->is_shared && !channel->n_senders && !channel->n_receivers)
        free(channel);
}

int il_channel_open(size_t element_size, size_t capacity, il_sender *ret_sender,
                    il_receiver *ret_receiver)
{
    struct shared *shared;
    int r;

    ILI_RETURN_IF_FAIL(ret_sender && ret_receiver && element_size > 0, -EINVAL);
    if (ili_is_too_big(capacity, element_size, 0) ||
        element_size * capacity > PTRDIFF_MAX - sizeof *shared)
        return -ENOMEM;
    shared = malloc(sizeof *shared + element_size * capacity);
    if (!shared)
        return -ENOMEM;
    r = il_channel_init_with(&shared->channel, element_size, capacity,
                             shared->ring);
    ILI_ASSERT(r == 0);
    shared->channel.is_shared = true;
    shared->channel.n_senders = 1;
    shared->channel.n_receivers = 1;
    ret_sender->channel = &shared->channel;
    ret_receiver->channel = &shared->channel;
    return 0;
}

/* --- senders ---------------------------------------------------------------- */

int il_sender_init(il_sender *sender, il_channel *channel)
{
    int r = check(sender, channel, channel ? channel->n_senders : 0);

    if (r < 0)
        return r;
    if (channel->is_closed)
        return -EPIPE;
    channel->n_senders++;
    sender->channel = channel;
    return 0;
}

il_channel *il_sender_channel(const il_sender *sender)
{
    return sender ? sender->channel : NULL;
}

int il_sender_clone(const il_sender *sender, il_sender *ret_clone)
{
    return il_sender_init(ret_clone, il_sender_channel(sender));
}

void il_sender_drop(il_sender *sender)
{
    il_channel *channel = sender ? let_go(&sender->channel) : NULL;

    if (!channel || channel->n_senders == 0)
        return;
    if (--channel->n_senders == 0)
        (void)il_channel_close(channel);
    ili_channel_free_unused(channel);
}

int il_sender_send(const il_sender *sender, const void *element)
{
    return il_channel_send(il_sender_channel(sender), element);
}

int il_sender_try_send(const il_sender *sender, const void *element)
{
    return il_channel_try_send(il_sender_channel(sender), element);
}

/* --- receivers -------------------------------------------------------------- */

int il_receiver_init(il_receiver *receiver, il_channel *channel)
{
    int r = check(receiver, channel, channel ? channel->n_receivers : 0);

    if (r < 0)
        return r;
    channel->n_receivers++;
    receiver->channel = channel;
    return 0;
}

il_channel *il_receiver_channel(const il_receiver *receiver)
{
    return receiver ? receiver->channel : NULL;
}

int il_receiver_clone(const il_receiver *receiver, il_receiver *ret_clone)
{
    return il_receiver_init(ret_clone, il_receiver_channel(receiver));
}

void il_receiver_drop(il_receiver *receiver)
{
    il_channel *channel = receiver ? let_go(&receiver->channel) : NULL;

    if (!channel || channel->n_receivers == 0)
        return;
    /* It is counted until all elements are gone, which may have ends in them. */
    if (channel->n_receivers == 1)
        (void)il_channel_close_now(channel);
    channel->n_receivers--;
    ili_channel_free_unused(channel);
}

int il_receiver_receive(const il_receiver *receiver, void *ret_element)
{
    return il_channel_receive(il_receiver_channel(receiver), ret_element);
}

int il_receiver_try_receive(const il_receiver *receiver, void *ret_element)
{
    return il_channel_try_receive(il_receiver_channel(receiver), ret_element);
}
