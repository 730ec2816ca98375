/* SPDX-License-Identifier: MIT */

/* condition.c - wait until something that a lock protects has changed.
 *
 * A task that waits is in one list, from the moment it gives the lock away to
 * the moment it has it again:
 *
 *     the condition's --- notified ---> the lock's ---> has the lock, returns 0
 *           |
 *           +--- cancelled ---> ready ---> the lock's ---> -ECANCELED
 *
 * Notifying moves its node from one list to the other.  So it is woken once,
 * with the lock in its hands, and not to queue for it.  From then on no cancel
 * reaches it: it has got what it waited for.  A notify therefore is never
 * given to a task that does not use it, and there is none to be passed on,
 * except where the lock is lost.
 *
 * Between cancelled and ready a task is in no list, but has to touch the lock
 * afterwards: that is a visit.
 *
 * Rejected: a condition that is bound to one lock.  It would save an argument,
 * but not be zeros when it begins.  Notifying with the lock only: tasks do not
 * run at the same time, so nothing can change between a look and a wait, and a
 * callback, which cannot wait for the lock, may notify. */

#include "config.h"

#include <interloop/condition.h>

#include "sync/hold.h"

#include <errno.h>
#include <limits.h>

struct waiting {
    il_waiter node;         /* slot: the lock's il_hold */
    struct ili_visit visit; /* begun by a cancel */
};

static void waiting_abort(void *arg)
{
    struct waiting *me = arg;

    ili_list_remove(&me->node.link);
    ili_visit_begin(me->node.task->sched, &me->visit, me->node.slot);
}

/* ili_hold_is_lost() for who knows that whoever has the lock is of this thread,
 * as those who wait are. */
static inline bool is_lost(const il_hold *hold)
{
    const il_task *owner = ili_hold_task(hold);

    return owner ? owner->state == ILI_DONE : hold->owner == ILI_LOST;
}

/* Get the lock again, come what may. */
static __attribute__((noinline)) int come_back(struct waiting *me)
{
    il_hold *hold = me->node.slot;

    if (!ili_visit_end(&me->visit) || is_lost(hold))
        return -EOWNERDEAD;
    if (!hold->owner) {
        ili_hold_take(hold, me->node.task);
        return 0;
    }
    ili_list_append_lazy(&hold->waiters, &me->node.link);

    return ili_park(NULL, me, ili_noun_lock);
}

int il_condition_wait(il_condition *condition, il_lock *lock)
{
    il_task *task = ili_current_task();
    struct waiting me = { .node = { .task = task } };
    int r;

    ILI_RETURN_IF_FAIL(condition && lock, -EINVAL);
    ILI_RETURN_IF_FAIL(task && ili_waiters_are_here(&condition->waiters),
                       -ESRCH);
    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (ili_is_nested(task)) /* refused and reported, with the lock */
        return ili_park(NULL, NULL, NULL);
    ILI_RETURN_IF_FAIL(ili_hold_drop(&lock->hold, task), -EPERM);
    ili_hold_pass(&lock->hold);
    me.node.slot = &lock->hold;
    ili_list_append_lazy(&condition->waiters, &me.node.link);

    r = ili_park(waiting_abort, &me, "a condition");
    if (r == -ECANCELED) {
        r = come_back(&me);
        return r < 0 ? r : -ECANCELED;
    }
    return r;
}

/* A task has been notified; returns whether that is of use to it. */
static bool move_on(il_waiter *node)
{
    il_hold *hold = node->slot;
    il_task *task = node->task;

    if (!hold->owner) {
        ili_hold_take(hold, task);
        ili_wake(task, 0);
        return true;
    }
    if (is_lost(hold)) {
        ili_wake(task, -EOWNERDEAD);
        return false;
    }
    ili_list_append_lazy(&hold->waiters, &node->link);
    task->abort = NULL;
    task->waits_for = ili_noun_lock;
    return true;
}

int il_condition_notify(il_condition *condition, size_t n)
{
    il_waiter *node;
    int done = 0;

    ILI_RETURN_IF_FAIL(condition, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&condition->waiters), -ESRCH);
    if (n > INT_MAX)
        n = INT_MAX;
    while ((size_t)done < n &&
           (node = ili_waiters_pop(&condition->waiters)) != NULL)
        done += move_on(node);
    return done;
}

int il_condition_notify_all(il_condition *condition)
{
    return il_condition_notify(condition, INT_MAX);
}

void il_condition_fini(il_condition *condition)
{
    if (!condition || !ili_waiters_are_here(&condition->waiters))
        return;
    ili_waiters_end(&condition->waiters, -EOWNERDEAD);
    *condition = (il_condition)IL_CONDITION_INIT;
}
