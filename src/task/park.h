/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_PARK_H
#define ILI_TASK_PARK_H

/* park.h - who gets the thread next; the hot path, hence inline. */

#include "task/task.h"

/* A ready task, off the queue, gets the thread. */
static inline ili_coro *ili_resume(ili_sched *sched, il_item *item)
{
    il_task *task = ILI_CONTAINER(item, il_task, item);

    task->state = ILI_RUNNING;
    sched->current = task;
    return &task->coro;
}

/* The end of the turn has come up.  If nothing forbids it, the next turn
 * begins right here, without the detour over the runner. */
static inline bool ili_cross_turn(ili_sched *sched)
{
    il_link *marker = &sched->marker.link;

    if (!sched->may_cross || marker->next == marker->prev)
        return false;
    ili_list_remove(marker);
    ili_list_append(&sched->ready, marker);
    return true;
}

/* Who is next: a ready task of this turn, else the runner. */
static inline __attribute__((always_inline)) ili_coro *
ili_next(ili_sched *sched)
{
    il_item *item = ILI_CONTAINER(sched->ready.next, il_item, link);

    if (ILI_UNLIKELY(item == &sched->marker) && ili_cross_turn(sched))
        item = ILI_CONTAINER(sched->ready.next, il_item, link);

    if (ILI_LIKELY(&item->link != &sched->ready && item->run == NULL &&
                   sched->credit > 0)) {
        sched->credit--;
        ili_list_remove(&item->link);
        return ili_resume(sched, item);
    }
    sched->current = NULL;
    ILI_ASSERT(sched->runner);
    return sched->runner;
}

#endif
