/* SPDX-License-Identifier: MIT */
#ifndef ILI_SYNC_HOLD_H
#define ILI_SYNC_HOLD_H

/* hold.h - waiting for what somebody else owns, and passing it on.
 *
 * The node of who waits has the il_hold as its slot, so that a dump can say
 * whose it is. */

#include "sync/waiter.h"
#include "task/hold.h"
#include "task/visit.h"

/* What tasks wait for then. */
extern const char ili_noun_lock[];
extern const char ili_noun_read[];
extern const char ili_noun_write[];

/* The rest of ili_hold_pass(), if the first one selects: another thread may have
 * been faster with it, and then it is the next one's turn. */
void ili_hold_pass_to_select(il_hold *hold, il_task *task);

/* It was taken from its owner: the task that has waited longest gets it, else
 * nobody. */
static inline void ili_hold_pass(il_hold *hold)
{
    il_waiter *next = ili_waiters_pop(&hold->waiters);

    if (!next) {
        hold->waiters.next = NULL; /* releasing looks at this alone */
        return;
    }
    if (ili_may_refuse(next->task)) {
        ili_hold_pass_to_select(hold, next->task);
        return;
    }
    ili_hold_take(hold, next->task);
    ili_wake_parked(ili_sched_current, next->task, 0);
    ili_sched_changed(ili_sched_current);
}

/* Whether something is in the frames of a task. */
static inline bool ili_is_on_stack(const void *thing, const ili_stack *stack)
{
    return (uintptr_t)thing - (uintptr_t)stack->base < stack->size;
}

/* It was to be given back by who does not own it.  Returns -EPERM, or -ESRCH if
 * that is in another thread. */
int ili_hold_not_owned(const il_hold *hold);

/* It was to be waited for by who owns it.  Returns -EDEADLK. */
int ili_hold_owned_already(void);

/* Who waits, or may have stopped before it, gets -EOWNERDEAD; its owner does
 * not own it any more.  Returns whether this is the thread to do so. */
bool ili_hold_end(il_hold *hold);

#endif
