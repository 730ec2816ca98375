/* SPDX-License-Identifier: MIT */

/* shared_future.c - a result that is not there yet, for several threads.
 *
 * Setting it writes the outcome to where each one who waits wants it, takes
 * them all off under the lock, and wakes them when it has given the lock back:
 * from then on neither side looks at the future.  Who finds it set without
 * waiting has had the lock after the one who has set it.  So who knows the
 * result, and that nobody else is waiting for it, may free the storage.
 *
 * Rejected: looking at the state without the lock, which would save a few
 * nanoseconds and let storage go that is about to be unlocked. */

#include "config.h"

#include "thread/shared_future.h"

#include "base/lock.h"
#include "loop/sleeper.h"

#include <errno.h>

enum state {
    PENDING,
    SET,
    GIVEN_UP, /* `result` is why */
};

/* On the stack of who waits. */
struct waiting {
    struct ili_sleeper sleeper; /* its node says where the outcome goes to */
    il_shared_future *future;
};

/* Where things stand, under the lock.  -EAGAIN: pending. */
static int look(const il_shared_future *future, int *ret_result,
                void **ret_value)
{
    if (future->state != SET)
        return future->state == PENDING ? -EAGAIN : future->result;
    if (ret_result)
        *ret_result = future->result;
    if (ret_value)
        *ret_value = future->value;
    return 0;
}

/* Everybody who waits, off the future, in the order they came. */
static void take_waiters(il_shared_future *future, ili_list *taken)
{
    il_shared_waiter *node;

    ili_list_init(taken);
    while ((node = ili_sleepers_pop(&future->waiters)) != NULL) {
        (void)look(future, node->slot, node->more);
        ili_list_append(taken, &node->link);
    }
}

/* Leave PENDING.  `woken` is what waiting comes to. */
static int settle(il_shared_future *future, enum state state, int result,
                  void *value, int woken)
{
    ili_list waiters;

    ili_lock(&future->lock);
    if (future->state != PENDING) {
        ili_unlock(&future->lock);
        return -EALREADY;
    }
    future->state = state;
    future->result = result;
    future->value = value;
    take_waiters(future, &waiters);
    ili_unlock(&future->lock);
    ili_sleepers_wake(&waiters, woken);
    return 0;
}

int il_shared_future_set(il_shared_future *future, int result, void *value)
{
    ILI_RETURN_IF_FAIL(future, -EINVAL);
    return settle(future, SET, result, value, 0);
}

void ili_shared_future_give_up(il_shared_future *future, int error)
{
    (void)settle(future, GIVEN_UP, error, NULL, error);
}

int il_shared_future_try_get(il_shared_future *future, int *ret_result,
                             void **ret_value)
{
    int r;

    ILI_RETURN_IF_FAIL(future, -EINVAL);
    ili_lock(&future->lock);
    r = look(future, ret_result, ret_value);
    ili_unlock(&future->lock);
    return r;
}

bool il_shared_future_is_done(il_shared_future *future)
{
    int r = il_shared_future_try_get(future, NULL, NULL);

    return r != -EAGAIN && r != -EINVAL;
}

static bool stop_waiting(struct ili_sleeper *me)
{
    const struct waiting *waiting = ILI_CONTAINER(me, struct waiting, sleeper);

    return ili_sleeper_leave(me, &waiting->future->lock);
}

int ili_shared_future_wait(il_shared_future *future, il_time timeout,
                           int *ret_result, void **ret_value, const char *what)
{
    struct waiting me = { .future = future };
    int r = il_shared_future_try_get(future, ret_result, ret_value);

    if (r == 0)
        return ili_spent(ili_current_task());
    ILI_RETURN_IF_FAIL(r == -EAGAIN, r);
    ILI_RETURN_IF_FAIL(timeout > 0, -ETIMEDOUT);
    r = ili_sleeper_init(&me.sleeper, stop_waiting, ret_result);
    if (r < 0)
        return r;
    me.sleeper.node.more = ret_value;

    ili_lock(&future->lock);
    r = look(future, ret_result, ret_value);
    if (r == -EAGAIN)
        ili_list_append_lazy(&future->waiters, &me.sleeper.node.link);
    ili_unlock(&future->lock);
    if (r != -EAGAIN)
        return r;

    return ili_sleep(&me.sleeper, timeout, what);
}

int il_shared_future_wait(il_shared_future *future, il_time timeout,
                          int *ret_result, void **ret_value)
{
    return ili_shared_future_wait(future, timeout, ret_result, ret_value,
                                  "a shared future");
}

int ili_shared_future_join(il_shared_future *future, il_shared_waiter *node,
                           struct ili_sleeper *sleeper)
{
    bool is_pending;

    ili_lock(&future->lock);
    is_pending = future->state == PENDING;
    if (is_pending)
        ili_choice_join(sleeper, node, &future->waiters);
    ili_unlock(&future->lock);
    return is_pending ? 1 : -EAGAIN;
}

void ili_shared_future_leave(il_shared_future *future, il_shared_waiter *node)
{
    ili_lock(&future->lock);
    ili_list_remove(&node->link);
    ili_unlock(&future->lock);
}

void il_shared_future_fini(il_shared_future *future)
{
    if (!future)
        return;
    ili_sleepers_end(&future->waiters, &future->lock, -EOWNERDEAD);
    *future = (il_shared_future)IL_SHARED_FUTURE_INIT;
}
