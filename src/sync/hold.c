/* SPDX-License-Identifier: MIT */

/* hold.c - what becomes of what a task owns.
 *
 * What a lock protects is in an unknown state if its owner has ended without
 * giving it back.  Nobody gets such a lock any more: it says -EOWNERDEAD until
 * it is ended and begun anew.
 *
 * Rejected: counting what a task owns.  Its end could say that something is
 * missing, but not let those go who wait for it.  Passing the lock on, as if it
 * had been given back: the next owner would find half of a change. */

#include "config.h"

#include "sync/hold.h"

#include <errno.h>

const char ili_noun_lock[] = "a lock";
const char ili_noun_read[] = "a lock to read";
const char ili_noun_write[] = "a lock to write";

bool ili_hold_drop(il_hold *hold, il_task *task)
{
    for (il_hold **at = &task->held; *at; at = &(*at)->outer) {
        if (*at == hold) {
            *at = hold->outer;
            hold->outer = NULL;
            hold->owner = NULL;
            return true;
        }
    }
    return false;
}

int ili_hold_not_owned(const il_hold *hold)
{
    ILI_RETURN_IF_FAIL(ili_hold_is_here(hold), -ESRCH);
    if (ili_sched_current && ili_debugs(ili_sched_current, IL_DEBUG_LOCKS))
        ili_debug_not_owner(ili_sched_current, ili_hold_task(hold), -EPERM);
    return -EPERM;
}

int ili_hold_owned_already(void)
{
    ili_sched *sched = ili_sched_current;

    if (sched && ili_debugs(sched, IL_DEBUG_LOCKS))
        ili_debug_not_owner(sched, sched->current, -EDEADLK);
    return -EDEADLK;
}

bool ili_hold_end(il_hold *hold)
{
    il_task *task = ili_hold_task(hold);

    if (!ili_hold_is_here(hold))
        return false;
    if (task)
        (void)ili_hold_drop(hold, task);
    ili_waiters_end(&hold->waiters, -EOWNERDEAD);
    ili_visits_forget(hold);
    return true;
}

void ili_hold_pass_to_select(il_hold *hold, il_task *task)
{
    if (ili_wake(task, 0))
        ili_hold_take(hold, task);
    else
        ili_hold_pass(hold);
}

/* That it is lost is told of already: it was not ended. */
static void wake_all(il_hold *hold)
{
    il_waiter *waiter;

    while ((waiter = ili_waiters_pop(&hold->waiters)) != NULL)
        ili_wake(waiter->task, -EOWNERDEAD);
}

/* Returns the one that its owner had before. */
static il_hold *lose(il_hold *hold)
{
    il_hold *outer = hold->outer;

    hold->outer = NULL;
    if (hold->lost) {
        hold->lost(hold);
    } else {
        hold->owner = ILI_LOST;
        wake_all(hold);
    }
    return outer;
}

void ili_holds_lost(il_task *task)
{
    il_hold *hold = task->held;

    while (hold && !ili_is_on_stack(hold, &task->stack))
        hold = lose(hold);
    /* On frames that the body has left is who knows what, and so it is not known
     * what it had before.  That goes on saying whose it was, so the task stays in
     * memory. */
    if (hold)
        task->refs++;
    task->held = NULL;
}

/* Who comes back from a condition is in the queue of the lock without a way out,
 * for it does not heed cancels; but it must not be woken now. */
void ili_holds_abandon(il_task *task)
{
    il_hold *hold = task->held;

    if (ili_is_parked(task) && !task->abort && task->waits_for == ili_noun_lock)
        ili_waiter_abort(task->abort_arg);
    while (hold)
        hold = lose(hold);
    task->held = NULL;
}

const il_task *ili_waits_for_whom(const il_task *task)
{
    const il_waiter *node = task->abort_arg;

    if (task->waits_for != ili_noun_lock && task->waits_for != ili_noun_read &&
        task->waits_for != ili_noun_write)
        return NULL;
    return ili_hold_task(node->slot);
}
