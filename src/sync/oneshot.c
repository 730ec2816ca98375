/* SPDX-License-Identifier: MIT */

/* oneshot.c - a channel for one value.
 *
 * It has room for the value, so that sending never waits, and is closed by it,
 * so that nobody waits for a second one.  All else the ends do.
 *
 * Rejected: a struct in the storage of who asks, as a future.  The task that
 * asks may be cancelled and leave, and the request, which lies in somebody's
 * channel, would go on pointing to its stack. */

#include "config.h"

#include <interloop/oneshot.h>

#include <errno.h>

int il_oneshot_open(size_t element_size, il_sender *ret_sender,
                    il_receiver *ret_receiver)
{
    return il_channel_open(element_size, 1, ret_sender, ret_receiver);
}

int il_oneshot_send(il_sender *sender, const void *value)
{
    int r = il_sender_try_send(sender, value);

    if (r == 0)
        (void)il_channel_close(il_sender_channel(sender));
    if (r == 0 || r == -EPIPE)
        il_sender_drop(sender);
    return r;
}
