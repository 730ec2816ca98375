/* SPDX-License-Identifier: MIT */

/* shared_ends.c - the ends of a shared channel, counted.
 *
 * Whenever nobody has the channel's latches:
 *   - one that had senders and has none is closed, and one that had receivers
 *     and has none is closed, and empty as soon as the drop that did it returns;
 *   - as many uses are counted as there are ends, and one more for each drop
 *     that has not returned.
 *
 * The ends are counted under the latches, so that the last drop closes in the
 * same moment: nobody can make an end of a channel that has none left but is
 * still open.  Uses are counted apart, and without latches when they become
 * fewer: whoever drops still looks at the channel when his end does not count
 * any more, to dispose of elements and to give back latches, while another
 * thread may drop the last end of the other kind.  Who drops the last use frees
 * the channel, if that lives as long as its ends.
 *
 * An element that is disposed of may have ends of the same channel in it; their
 * drops find this one's use.
 *
 * Rejected: counts that are changed without latches.  A clone would cost 5
 * instead of 20 ns, and the last drop would have to be told from one that comes
 * while somebody makes a new end of the channel itself. */

#include "config.h"

#include <interloop/shared_ends.h>

#include "sync/element.h"
#include "thread/shared_channel.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* A channel and its elements in one piece. */
struct opened {
    il_shared_channel channel; /* is_open; first, so that it can be freed */
    _Alignas(max_align_t) unsigned char ring[];
};

int il_shared_channel_open(size_t element_size, size_t capacity,
                           il_shared_sender *ret_sender,
                           il_shared_receiver *ret_receiver)
{
    struct opened *opened;
    int r;

    ILI_RETURN_IF_FAIL(ret_sender && ret_receiver && element_size > 0, -EINVAL);
    if (ili_is_too_big(capacity, element_size, 0) ||
        element_size * capacity > PTRDIFF_MAX - sizeof *opened)
        return -ENOMEM;
    opened = malloc(sizeof *opened + element_size * capacity);
    if (!opened)
        return -ENOMEM;
    r = il_shared_channel_init_with(&opened->channel, element_size, capacity,
                                    opened->ring);
    ILI_ASSERT(r == 0);
    opened->channel.is_open = true;
    opened->channel.n_senders = 1;
    opened->channel.n_receivers = 1;
    opened->channel.n_uses = 2;
    ret_sender->channel = &opened->channel;
    ret_receiver->channel = &opened->channel;
    return 0;
}

/* One end more, of those counted in `n_ends`. */
static int add(il_shared_channel *channel, unsigned *n_ends, bool must_be_open)
{
    int r = 0;

    ili_shared_latch(channel);
    if (must_be_open && channel->state & ILI_SHARED_CLOSED) {
        r = -EPIPE;
    } else if (*n_ends == UINT_MAX) {
        r = -EOVERFLOW;
    } else {
        ++*n_ends;
        ili_shared_add_use(channel);
    }
    ili_shared_unlatch(channel);
    return r;
}

/* One end less, but still a use.  Returns whether there was one. */
static bool subtract(il_shared_channel *channel, unsigned *n_ends,
                     bool *ret_is_last)
{
    ili_list taken;
    bool has_one;

    ili_list_init(&taken);
    ili_shared_latch(channel);
    has_one = *n_ends > 0;
    *ret_is_last = *n_ends == 1 && ili_shared_is_valid(channel);
    if (has_one)
        --*n_ends;
    if (*ret_is_last)
        (void)ili_shared_end(channel, &taken);
    ili_shared_unlatch(channel);
    ili_sleepers_wake(&taken, -EPIPE);
    return has_one;
}

static void drop(il_shared_channel *channel, unsigned *n_ends)
{
    bool is_open = channel->is_open;
    bool is_last;

    if (!subtract(channel, n_ends, &is_last))
        return;
    if (is_last && n_ends == &channel->n_receivers)
        ili_shared_dispose(channel);
    ili_shared_drop_use(channel, is_open);
}

/* --- senders ---------------------------------------------------------------- */

int il_shared_sender_init(il_shared_sender *sender, il_shared_channel *channel)
{
    int r;

    ILI_RETURN_IF_FAIL(sender && ili_shared_is_valid(channel), -EINVAL);
    r = add(channel, &channel->n_senders, true);
    if (r == 0)
        sender->channel = channel;
    return r;
}

il_shared_channel *il_shared_sender_channel(const il_shared_sender *sender)
{
    return sender ? sender->channel : NULL;
}

int il_shared_sender_clone(const il_shared_sender *sender,
                           il_shared_sender *ret_clone)
{
    return il_shared_sender_init(ret_clone, il_shared_sender_channel(sender));
}

void il_shared_sender_drop(il_shared_sender *sender)
{
    il_shared_channel *channel = il_shared_sender_channel(sender);

    if (!channel)
        return;
    sender->channel = NULL;
    drop(channel, &channel->n_senders);
}

int il_shared_sender_send(const il_shared_sender *sender, const void *element,
                          il_time timeout)
{
    return il_shared_channel_send(il_shared_sender_channel(sender), element,
                                  timeout);
}

int il_shared_sender_try_send(const il_shared_sender *sender,
                              const void *element)
{
    return il_shared_channel_try_send(il_shared_sender_channel(sender),
                                      element);
}

/* --- receivers -------------------------------------------------------------- */

int il_shared_receiver_init(il_shared_receiver *receiver,
                            il_shared_channel *channel)
{
    int r;

    ILI_RETURN_IF_FAIL(receiver && ili_shared_is_valid(channel), -EINVAL);
    r = add(channel, &channel->n_receivers, false);
    if (r == 0)
        receiver->channel = channel;
    return r;
}

il_shared_channel *
il_shared_receiver_channel(const il_shared_receiver *receiver)
{
    return receiver ? receiver->channel : NULL;
}

int il_shared_receiver_clone(const il_shared_receiver *receiver,
                             il_shared_receiver *ret_clone)
{
    return il_shared_receiver_init(ret_clone,
                                   il_shared_receiver_channel(receiver));
}

void il_shared_receiver_drop(il_shared_receiver *receiver)
{
    il_shared_channel *channel = il_shared_receiver_channel(receiver);

    if (!channel)
        return;
    receiver->channel = NULL;
    drop(channel, &channel->n_receivers);
}

int il_shared_receiver_receive(const il_shared_receiver *receiver,
                               void *ret_element, il_time timeout)
{
    return il_shared_channel_receive(il_shared_receiver_channel(receiver),
                                     ret_element, timeout);
}

int il_shared_receiver_try_receive(const il_shared_receiver *receiver,
                                   void *ret_element)
{
    return il_shared_channel_try_receive(il_shared_receiver_channel(receiver),
                                         ret_element);
}
