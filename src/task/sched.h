/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_SCHED_H
#define ILI_TASK_SCHED_H

/* sched.h - one thread's ready queue and who runs now.
 *
 * The scheduler knows tasks and posted items, but no descriptors and no
 * sleeping: the loop above it drives it turn by turn.
 *
 * A *runner* is the stack from which items are run: the thread's own, or, when
 * a task has opened a nested host loop, that task's.  A task that parks hands
 * the thread straight to the next ready task; it goes back to the runner only
 * where an item is no task, where the turn is over, or when the credit is
 * spent, somebody looks at the clock, and it is late. */

#include "base/alarms.h"
#include "base/assert.h"
#include "base/list.h"
#include "coro/coro.h"
#include "coro/stack.h"
#include "task/lookahead.h"

#include <interloop/error.h>
#include <interloop/group.h>
#include <interloop/host.h>
#include <interloop/local.h>
#include <interloop/task.h>

#include <stdatomic.h>
#include <stdbool.h>

typedef struct ili_debug ili_debug;

typedef struct ili_sched {
    ili_list ready;                 /* il_item.link: what is to run, FIFO */
    void (*no_task)(il_item *item); /* with `ready` it looks like an item that
                                       is no task: one check less for il_yield;
                                       never called */
    il_task *current;    /* the running task; NULL: runner or host code */
    const il_host *host; /* set while a guest: park guard, task state */
    ili_coro *runner;    /* where to go when no task is next */
    int credit;          /* hand-overs until the runner looks at the clock */
    bool may_cross;      /* turns may follow each other without the runner */
    bool is_minded;      /* a host or debug mode minds who has the thread */
    bool handed_over;    /* from task to task, and the host has been told */
    bool told;           /* the host knows that a turn is wanted, or will ask */
    bool has_locals;     /* somebody has set a value of local.h, some time */
    int turn_depth;      /* of host dispatches around the runner */
    ili_lookahead ahead; /* who gets the thread soon */
    void *host_data;
    il_item marker; /* the end of this turn; linked while a turn is on */
    il_task
        *awaited; /* its end ends the run: turns stop following each other */

    il_time (*clock)(void *data);
    bool (*has_passed)(void *data, il_time at); /* often cheaper than `clock` */
    void *clock_data;
    il_time turn_time; /* when this turn began, for dumps */

    ili_arena *arena;  /* where stacks come from */
    size_t n_tasks;    /* how many have not ended */
    uint64_t last_id;  /* of the task spawned last */
    uint32_t rotation; /* where the next select that rotates begins */
    il_locals *locals; /* what code outside tasks sees; NULL: nothing */
    il_group root;     /* owner of tasks that name no group */
    ili_list pending;  /* il_task.pending: whose cancel state must be redone */
    ili_list visits;   /* ili_visit.link: who will come back to an object */

    il_report_fn *report; /* NULL: one line to stderr */
    void *report_arg;
    ili_debug *debug; /* NULL: it was never switched on; see debug.h */

    /* The floor above: fetch what other threads have posted. */
    void (*collect)(struct ili_sched *sched);
    /* Likewise: the credit is spent; look at the clock and grant more, less the
     * one that is wanted now, or say false: back to the runner.  Called on the
     * stack of a task that gives up the thread. */
    bool (*renew)(struct ili_sched *sched);

    atomic_bool closed; /* no new tasks, no new posts; any thread may look */
    il_loop *loop;      /* the loop above, for il_loop_current() */

    ili_alarms alarms; /* deadlines of sleeps, scopes and timers; last, since
                        * it is big */
} ili_sched;

_Static_assert(offsetof(ili_sched, no_task) == offsetof(il_item, run),
               "the ready queue looks like an item");

/* The scheduler of this thread; NULL if it has no loop. */
extern __thread ili_sched *ili_sched_current;

/* It is this one from now on; NULL: none. */
void ili_sched_set_current(ili_sched *sched);

/* 0 or -ENOMEM. */
int ili_sched_init(ili_sched *sched, il_loop *loop);
void ili_sched_fini(ili_sched *sched);

/* A loop begins with its scheduler. */
static inline ili_sched *ili_sched_of(il_loop *loop)
{
    return (ili_sched *)loop;
}

static inline il_time ili_sched_now(ili_sched *sched)
{
    return sched->clock(sched->clock_data);
}

/* Whether it is `at` or later, for where the time itself is of no interest. */
static inline bool ili_sched_has_passed(ili_sched *sched, il_time at)
{
    return sched->has_passed(sched->clock_data, at);
}

/* The time `duration` after `now`, or `now` itself; saturates. */
static inline il_time ili_deadline_after(il_time now, il_time duration)
{
    if (duration <= 0)
        return now;
    return duration > IL_FOREVER - now ? IL_FOREVER : now + duration;
}

/* A name for the calling thread that also those without a loop have. */
static inline const void *ili_this_thread(void)
{
    return &ili_sched_current;
}

/* The running task of this thread; NULL: none.  The same as il_task_current(),
 * but for hot paths, without a call. */
static inline il_task *ili_current_task(void)
{
    ili_sched *sched = ili_sched_current;

    return ILI_LIKELY(sched != NULL) ? sched->current : NULL;
}

/* Something became ready or due, or a descriptor is to be watched: if the host
 * may be about to sleep, it must be told.  Inside a turn it need not be, since
 * the turn ends with a look at everything; but a nested host loop inside a
 * task is no part of the turn. */
void ili_sched_tell_host(ili_sched *sched);

static inline void ili_sched_changed(ili_sched *sched)
{
    if (ILI_UNLIKELY(sched->host != NULL) && !sched->told)
        ili_sched_tell_host(sched);
}

/* Queue an item behind everything that is ready. */
static inline void ili_sched_queue(ili_sched *sched, il_item *item)
{
    ili_list_append(&sched->ready, &item->link);
    ili_sched_changed(sched);
}

/* Arm an alarm that is not armed. */
static inline void ili_sched_arm(ili_sched *sched, il_alarm *alarm)
{
    ili_alarms_add(&sched->alarms, alarm);
    ili_sched_changed(sched);
}

/* How deep the host is in its own dispatches; 0 without a host. */
static inline int ili_sched_depth(const ili_sched *sched)
{
    const il_host *host = sched->host;

    return host && host->depth ? host->depth(sched->host_data) : 0;
}

/* Whether something is ready, a turn that is still on counted. */
static inline bool ili_sched_is_busy(const ili_sched *sched)
{
    return sched->ready.next != &sched->ready;
}

/* Begin a turn: what is ready now belongs to it. */
void ili_sched_begin_turn(ili_sched *sched);

/* The host or what debug mode watches has changed. */
void ili_sched_set_minded(ili_sched *sched);

/* There are many more tasks than before, or fewer: fit the lookahead. */
void ili_sched_look_ahead(ili_sched *sched);

/* Run items on the stack of the caller until the turn is over (true) or the
 * credit is spent (false).  Also for nested host loops: the running task is
 * set aside meanwhile. */
bool ili_sched_run(ili_sched *sched);

#endif
