/* SPDX-License-Identifier: MIT */
#ifndef ILI_SYNC_WAITER_H
#define ILI_SYNC_WAITER_H

/* waiter.h - a task in the queue of an event, a channel and the like.
 *
 * The node is on the stack of the task that waits.  Who grants the wait takes
 * the node off, moves a value to or from its slot and wakes the task; the task
 * then looks neither at the node nor at what it waited for, which may be gone.
 * A cancel takes the node off through the abort function.  So a node is in a
 * list exactly as long as its task waits.
 *
 * That holds for a select, too, which has a node in each of several lists:
 * waking its task takes all the others off, there and then.  Who grants need
 * not know of selects, but must
 *   - take the node off before it wakes the task, so that the select sees which
 *     one it was;
 *   - after a wake take nothing for granted that it knew of any list: other
 *     nodes have left, maybe from the very list that it walks through. */

#include "task/debug.h"
#include "task/park.h"

#include <errno.h>

/* For ili_park(). */
static inline void ili_waiter_abort(void *arg)
{
    ili_list_remove(&((il_waiter *)arg)->link);
}

/* Whether those who wait do so in this thread; true if nobody does. */
static inline bool ili_waiters_are_here(const ili_list *list)
{
    return ili_list_empty(list) ||
           ILI_CONTAINER(list->next, il_waiter, link)->task->sched ==
               ili_sched_current;
}

/* The one who has waited longest, off the list; NULL if nobody does. */
static inline il_waiter *ili_waiters_pop(ili_list *list)
{
    il_link *link = ili_list_pop(list);

    return link ? ILI_CONTAINER(link, il_waiter, link) : NULL;
}

/* Debug mode: it is ended while tasks wait for it. */
static inline void ili_waiters_freed(const ili_list *list)
{
    size_t n = 0;

    for (const il_link *link = list->next; link != list; link = link->next)
        n++;
    ili_debug_freed(ili_sched_current,
                    ILI_CONTAINER(list->next, il_waiter, link)->task, n);
}

/* ili_wake() of who has waited in a channel, with the node just taken off: it may
 * be a select that only receives, and that wants to know which node it was. */
bool ili_waiter_wake_slowly(il_waiter *waiter, int result);

/* The rest of ili_waiters_end(), from `waiter` on, who selects. */
void ili_waiters_end_slowly(ili_list *list, il_waiter *waiter, int result);

/* Everybody's wait ends with `result`; all are of this thread.  With -EOWNERDEAD
 * the object itself is ended. */
static inline void ili_waiters_end(ili_list *list, int result)
{
    ili_sched *sched = ili_sched_current;
    il_waiter *waiter;

    if (result == -EOWNERDEAD && !ili_list_empty(list) &&
        ili_debugs(sched, IL_DEBUG_FREED))
        ili_waiters_freed(list);
    waiter = ili_waiters_pop(list);
    if (!waiter)
        return;
    do {
        if (ILI_UNLIKELY(waiter->task->state != ILI_PARKED)) {
            ili_waiters_end_slowly(list, waiter, result);
            return;
        }
        ili_wake_inline(sched, waiter->task, result);
        waiter = ili_waiters_pop(list);
    } while (waiter);
    ili_sched_changed(sched);
}

/* Wait at the end of a list, which may be zeros.  Returns what it was woken
 * with, or why it could not wait; -ESRCH outside tasks. */
static inline int ili_waiters_join(ili_list *list, void *slot, const char *what)
{
    ili_sched *sched = ili_sched_current;
    il_waiter me;

    ILI_RETURN_IF_FAIL(sched && sched->current, -ESRCH);
    me.task = sched->current;
    me.slot = slot;
    ili_list_append_lazy(list, &me.link);

    return ili_park_inline(sched, me.task, ili_waiter_abort, &me, what);
}

#endif
