/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_PARK_H
#define ILI_TASK_PARK_H

/* park.h - who gets the thread next, and the short way into a wait and out of
 * it; the hot path, hence inline. */

#include "task/task.h"

/* The first item of the queue is a task and gets the thread. */
static inline ili_coro *ili_resume(ili_sched *sched, il_item *item)
{
    il_task *task = ILI_CONTAINER(item, il_task, item);

    /* Who has the thread is not in the queue: its own links may stay as they
     * are. */
    sched->ready.next = item->link.next;
    item->link.next->prev = &sched->ready;
    sched->current = task;
    return &task->coro;
}

/* A task that is in no list, and whose stack is or will be parked at `sp`, gets
 * its place in the queue. */
static inline void ili_queue_task(ili_sched *sched, il_task *task,
                                  const void *sp)
{
    task->state = ILI_READY;
    ili_list_append(&sched->ready, &task->item.link);
    ili_lookahead_note(&sched->ahead, task, sp);
}

/* The end of the turn has come up.  If nothing forbids it, the next turn begins
 * right here, without the detour over the runner.  Returns its first item, or
 * the marker. */
static inline il_item *ili_cross_turn(ili_sched *sched)
{
    il_link *marker = &sched->marker.link;
    il_link *first = marker->next;
    il_link *last = sched->ready.prev;

    if (!sched->may_cross || last == marker)
        return &sched->marker;
    sched->ready.next = first;
    first->prev = &sched->ready;
    marker->next = &sched->ready;
    marker->prev = last;
    last->next = marker;
    sched->ready.prev = marker;
    return ILI_CONTAINER(first, il_item, link);
}

/* Who is next: a ready task of this turn, else the runner.  `looks_ahead` is
 * false where it is known that there is nothing to see. */
static inline __attribute__((always_inline)) ili_coro *
ili_next_of(ili_sched *sched, bool looks_ahead)
{
    il_item *item = ILI_CONTAINER(sched->ready.next, il_item, link);

    /* Among few tasks the marker comes up often: nothing is looked at twice. */
    if (ILI_UNLIKELY(item == &sched->marker))
        item = ili_cross_turn(sched);
    if (ILI_LIKELY(item->run == NULL) &&
        (ILI_LIKELY(--sched->credit >= 0) || sched->renew(sched))) {
        if (looks_ahead)
            ili_lookahead_step(&sched->ahead);
        return ili_resume(sched, item);
    }
    sched->current = NULL;
    ILI_ASSERT(sched->runner);
    return sched->runner;
}

static inline ili_coro *ili_next(ili_sched *sched)
{
    return ili_next_of(sched, true);
}

/* Who goes on when `task` gives up the thread: in its first step whoever has
 * started it, who sets `current` itself, and later who is next. */
static inline __attribute__((always_inline)) ili_coro *
ili_after(ili_sched *sched, il_task *task)
{
    if (ILI_LIKELY(!task->is_eager))
        return ili_next(sched);
    task->is_eager = false;
    return task->return_to;
}

/* A task has got the thread again, and somebody minds. */
void ili_minded_arrived(ili_sched *sched);

/* Go on with `to`, and come back some time.  Then the task is `current` again; a
 * variable for it would cost more, since the compiler must keep it in memory
 * across the switch. */
static inline __attribute__((always_inline)) void
ili_leave_for(ili_sched *sched, il_task *task, ili_coro *to)
{
    if (ILI_LIKELY(to != &task->coro))
        ili_coro_switch(&task->coro, to);

    if (ILI_UNLIKELY(sched->is_minded))
        ili_minded_arrived(sched);
}

/* The running task waits from now on. */
static inline void ili_begin_wait(ili_sched *sched, il_task *task,
                                  ili_abort_fn *abort, void *arg,
                                  const char *waits_for)
{
    task->abort = abort;
    task->abort_arg = arg;
    task->waits_for = waits_for;
    /* Code between turns may come long after the last one. */
    task->since = ILI_LIKELY(sched->runner != NULL) ? sched->turn_time
                                                    : ili_sched_now(sched);
    task->state = ILI_PARKED;
    task->ops = 0;
}

/* ili_park() for what is waited for most, inlined there: that is a call less,
 * and a return less to be mispredicted.  `task` is the running one.  A cancelled
 * task, and one that somebody minds, goes the long way. */
static inline __attribute__((always_inline)) int
ili_park_inline(ili_sched *sched, il_task *task, ili_abort_fn *abort, void *arg,
                const char *waits_for)
{
    if (ILI_UNLIKELY(task->cancelled || sched->is_minded))
        return ili_park(abort, arg, waits_for);
    ili_begin_wait(sched, task, abort, arg, waits_for);

    ili_leave_for(sched, task, ili_after(sched, task));
    return sched->current->wake_result;
}

/* The same for ili_park_selecting(). */
static inline __attribute__((always_inline)) int
ili_park_selecting_inline(ili_sched *sched, il_task *task, ili_abort_fn *abort,
                          void *arg, const char *waits_for)
{
    if (ILI_UNLIKELY(task->cancelled || sched->is_minded))
        return ili_park_selecting(abort, arg, waits_for);
    ili_begin_wait(sched, task, abort, arg, waits_for);
    task->state = ILI_SELECTING;

    ili_leave_for(sched, task, ili_after(sched, task));
    return sched->current->wake_result;
}

/* Whether a waiting task may refuse a wake: it selects.  Who moves a value to one
 * that does not may do so before the wake, which is cheaper. */
static inline bool ili_may_refuse(const il_task *task)
{
    return ILI_UNLIKELY(task->state != ILI_PARKED);
}

/* ili_wake_inline() of a task that may not refuse. */
static inline void ili_wake_parked(ili_sched *sched, il_task *task, int result)
{
    task->wake_result = result;
    ili_queue_task(sched, task, ili_context_sp(&task->coro.context));
}

/* ili_wake() of a task of this thread, without ili_sched_changed(). */
static inline bool ili_wake_inline(ili_sched *sched, il_task *task, int result)
{
    if (ili_may_refuse(task))
        return ili_wake_selecting(task, result);
    ili_wake_parked(sched, task, result);
    return true;
}

#endif
