/* SPDX-License-Identifier: MIT */

/* shared_case.c - what threads share, as cases of a select; see
 * sync/select_shared.c.
 *
 * Nothing is done here that those who wait for one thing alone do not do, too:
 * looking and joining are one act under the lock, firing is the try variant. */

#include "config.h"

#include <interloop/shared_select.h>

#include "sync/case.h"
#include "thread/shared_channel.h"
#include "thread/shared_future.h"

#include <errno.h>

static void *slot_of(const il_case *c)
{
    return c->node.shared.slot;
}

/* --- channels --------------------------------------------------------------- */

/* Under both latches: whether it can fire; not because of `me`. */
static bool can_receive(il_shared_channel *channel,
                        const struct ili_sleeper *me)
{
    return channel->state & ILI_SHARED_CLOSED ||
           channel->sent != channel->received ||
           ili_sleepers_wait(&channel->senders, me);
}

static bool can_send(il_shared_channel *channel, const struct ili_sleeper *me)
{
    return channel->state & ILI_SHARED_CLOSED ||
           channel->sent - channel->received < channel->capacity ||
           ili_sleepers_wait(&channel->receivers, me);
}

static int check(const il_case *c)
{
    return ili_shared_is_valid(c->object) && slot_of(c) ? 0 : -EINVAL;
}

static int look_to_receive(const il_case *c)
{
    int r = check(c);

    if (r < 0)
        return r;
    ili_shared_latch(c->object);
    r = can_receive(c->object, NULL);
    ili_shared_unlatch(c->object);
    return r;
}

static int look_to_send(const il_case *c)
{
    int r = check(c);

    if (r < 0)
        return r;
    ili_shared_latch(c->object);
    r = can_send(c->object, NULL);
    ili_shared_unlatch(c->object);
    return r;
}

static int receive_it(il_case *c)
{
    return il_shared_channel_try_receive(c->object, slot_of(c));
}

static int send_it(il_case *c)
{
    return il_shared_channel_try_send(c->object, slot_of(c));
}

static int join_receivers(il_case *c, struct ili_sleeper *me)
{
    il_shared_channel *channel = c->object;
    bool can;

    ili_shared_latch(channel);
    can = can_receive(channel, me);
    if (!can)
        ili_choice_join(me, &c->node.shared, &channel->receivers);
    ili_shared_unlatch(channel);
    return can ? -EAGAIN : 1;
}

static int join_senders(il_case *c, struct ili_sleeper *me)
{
    il_shared_channel *channel = c->object;
    bool can;

    ili_shared_latch(channel);
    can = can_send(channel, me);
    if (!can)
        ili_choice_join(me, &c->node.shared, &channel->senders);
    ili_shared_unlatch(channel);
    return can ? -EAGAIN : 1;
}

static void leave_channel(il_case *c)
{
    ili_shared_latch(c->object);
    ili_list_remove(&c->node.shared.link);
    ili_shared_unlatch(c->object);
}

const il_case_kind il_case_shared_receive_ = { look_to_receive, receive_it,
                                               join_receivers, leave_channel };

const il_case_kind il_case_shared_send_ = { look_to_send, send_it, join_senders,
                                            leave_channel };

/* --- futures and tokens ------------------------------------------------------ */

static int look_at(il_shared_future *future)
{
    return il_shared_future_try_get(future, NULL, NULL) != -EAGAIN;
}

static int look_at_future(const il_case *c)
{
    return look_at(c->object);
}

static int get_result(il_case *c)
{
    return il_shared_future_try_get(c->object, slot_of(c), c->node.shared.more);
}

static int join_future(il_case *c, struct ili_sleeper *me)
{
    return ili_shared_future_join(c->object, &c->node.shared, me);
}

static void leave_future(il_case *c)
{
    ili_shared_future_leave(c->object, &c->node.shared);
}

static il_shared_future *future_of(const il_case *c)
{
    return &((il_cancel_token *)c->object)->done;
}

static int look_at_token(const il_case *c)
{
    return look_at(future_of(c));
}

static int get_cancelled(il_case *c)
{
    return il_shared_future_try_get(future_of(c), NULL, NULL);
}

static int join_token(il_case *c, struct ili_sleeper *me)
{
    return ili_shared_future_join(future_of(c), &c->node.shared, me);
}

static void leave_token(il_case *c)
{
    ili_shared_future_leave(future_of(c), &c->node.shared);
}

const il_case_kind il_case_shared_future_ = { look_at_future, get_result,
                                              join_future, leave_future };

const il_case_kind il_case_cancelled_ = { look_at_token, get_cancelled,
                                          join_token, leave_token };
