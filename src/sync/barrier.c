/* SPDX-License-Identifier: MIT */

/* barrier.c - all go on together, when the last one has come.
 *
 * The last one wakes the others and gives each its number; they do not look at
 * the barrier again.  So it is empty at once, and the next round may begin while
 * tasks of the last one have not run yet.
 *
 * Rejected: a state in which it empties, as asyncio has.  There the tasks leave
 * one by one, and whoever comes too early for the next round waits twice. */

#include "config.h"

#include <interloop/barrier.h>

#include "sync/waiter.h"

#include <errno.h>
#include <limits.h>

struct waiting {
    il_waiter node;
    il_barrier *barrier;
};

static void waiting_abort(void *arg)
{
    struct waiting *me = arg;

    ili_waiter_abort(&me->node);
    me->barrier->n_waiting--;
}

/* The last one has come; returns its number. */
static int let_pass(il_barrier *barrier)
{
    il_waiter *node;
    int i = 0;

    barrier->n_waiting = 0;
    while ((node = ili_waiters_pop(&barrier->waiters)) != NULL)
        ili_wake(node->task, i++);
    return i;
}

int il_barrier_wait(il_barrier *barrier)
{
    il_task *task = ili_current_task();
    struct waiting me = { .node = { .task = task }, .barrier = barrier };

    ILI_RETURN_IF_FAIL(barrier && barrier->parties > 0 &&
                           barrier->parties <= INT_MAX,
                       -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&barrier->waiters), -ESRCH);
    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (barrier->is_broken)
        return -EPIPE;
    if (barrier->n_waiting + 1 == barrier->parties) {
        int i = let_pass(barrier);

        if (task && ili_must_pause(task))
            ili_pause(task); /* last: meanwhile the barrier may go */
        return i;
    }
    ILI_RETURN_IF_FAIL(task, -ESRCH);
    barrier->n_waiting++;
    ili_list_append_lazy(&barrier->waiters, &me.node.link);

    return ili_park(waiting_abort, &me, "a barrier");
}

static int end_waits(il_barrier *barrier, int result, bool is_broken)
{
    ILI_RETURN_IF_FAIL(barrier, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&barrier->waiters), -ESRCH);
    barrier->n_waiting = 0;
    barrier->is_broken = is_broken;
    ili_waiters_end(&barrier->waiters, result);
    return 0;
}

int il_barrier_reset(il_barrier *barrier)
{
    return end_waits(barrier, -EPIPE, false);
}

int il_barrier_abort(il_barrier *barrier)
{
    return end_waits(barrier, -EPIPE, true);
}

bool il_barrier_is_broken(const il_barrier *barrier)
{
    return barrier && barrier->is_broken;
}

unsigned il_barrier_count(const il_barrier *barrier)
{
    return barrier ? barrier->n_waiting : 0;
}

void il_barrier_fini(il_barrier *barrier)
{
    if (end_waits(barrier, -EOWNERDEAD, false) == 0)
        barrier->parties = 0;
}
