/* SPDX-License-Identifier: MIT */
#ifndef ILI_THREAD_SHARED_CHANNEL_H
#define ILI_THREAD_SHARED_CHANNEL_H

/* shared_channel.h - what else may be done to a shared channel, under both of
 * its latches. */

#include "base/lock.h"
#include "loop/sleeper.h"

#include <interloop/shared_channel.h>

#include <stdlib.h>

/* Bits of `state`: what is not as it mostly is. */
enum {
    ILI_SHARED_CLOSED = 1,
    ILI_SHARED_RECEIVERS = 2, /* wait */
    ILI_SHARED_SENDERS = 4,
    ILI_SHARED_UNBUFFERED = 8,
};

/* Whether it was initialised. */
static inline bool ili_shared_is_valid(const il_shared_channel *channel)
{
    return ILI_LIKELY(channel && channel->element_size > 0);
}

static inline void ili_shared_set_state(il_shared_channel *channel,
                                        unsigned bit, bool on)
{
    unsigned state = on ? channel->state | bit : channel->state & ~bit;

    if (state != channel->state)
        __atomic_store_n(&channel->state, state, __ATOMIC_RELAXED);
}

static inline void ili_shared_latch(il_shared_channel *channel)
{
    ili_latch(&channel->send_latch);
    ili_latch(&channel->receive_latch);
}

static inline void ili_shared_unlatch(il_shared_channel *channel)
{
    ili_shared_set_state(channel, ILI_SHARED_RECEIVERS,
                         !ili_list_empty(&channel->receivers));
    ili_shared_set_state(channel, ILI_SHARED_SENDERS,
                         !ili_list_empty(&channel->senders));
    ili_unlatch(&channel->receive_latch);
    ili_unlatch(&channel->send_latch);
}

/* Under both: nobody will be served any more.  Those who waited are in `taken`,
 * to be woken without latches.  Returns whether it was open. */
bool ili_shared_end(il_shared_channel *channel, ili_list *taken);

/* Without: the elements of a closed channel, whose places nobody will use
 * again.  They may have its last ends in them: who calls this has a use. */
void ili_shared_dispose(il_shared_channel *channel);

/* It does not go before the use is given back.  `is_open` was read before that:
 * storage of the user's may be gone. */
static inline void ili_shared_add_use(il_shared_channel *channel)
{
    (void)__atomic_fetch_add(&channel->n_uses, 1, __ATOMIC_RELAXED);
}

static inline void ili_shared_drop_use(il_shared_channel *channel, bool is_open)
{
    if (__atomic_sub_fetch(&channel->n_uses, 1, __ATOMIC_ACQ_REL) == 0 &&
        is_open)
        free(channel);
}

#endif
