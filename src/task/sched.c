/* SPDX-License-Identifier: MIT */

/* sched.c - turns and runners.
 *
 * A turn is marked by an item of its own in the ready queue: what lies before
 * the marker belongs to this turn, what is added lies behind it.  The marker
 * belongs to the scheduler, not to a runner: a nested host loop simply goes on
 * with the turn that it interrupted, and the outer runner finds it finished.
 *
 * Between any two calls into this file:
 *   - an item is in the queue at most once;
 *   - a task in the queue is READY, and every READY task is in the queue;
 *   - `current` is the task whose stack we are on, except that it is NULL on a
 *     runner's stack, whoever else may own that;
 *   - if a runner is on, the marker is in the queue or the credit is spent. */

#include "config.h"

#include "task/sched.h"

#include <interloop/inline.h>

#include "task/debug.h"
#include "task/park.h"
#include "task/post.h"
#include "task/task.h"

#include <errno.h>
#include <string.h>

__thread ili_sched *ili_sched_current;
__thread struct il_inline_thread_ *il_inline_1_;

/* Whether the inline functions of public headers find the fields where they
 * look; sanitizers and the portable switch keep more in a task. */
#define INLINE_FITS                                                            \
    (offsetof(struct il_inline_thread_, current) ==                            \
         offsetof(ili_sched, current) &&                                       \
     offsetof(struct il_inline_task_, ops) == offsetof(il_task, ops) &&        \
     offsetof(struct il_inline_task_, cancelled) ==                            \
         offsetof(il_task, cancelled) &&                                       \
     offsetof(struct il_inline_task_, held) == offsetof(il_task, held))

_Static_assert(IL_INLINE_OPS_ == ILI_OPS_LIMIT, "both count the same");

void ili_sched_set_current(ili_sched *sched)
{
    ili_sched_current = sched;
    il_inline_1_ = INLINE_FITS ? (struct il_inline_thread_ *)sched : NULL;
}

/* What the marker and the end of the queue have instead of work; only its being
 * there matters. */
static void no_task(il_item *item)
{
    (void)item;
}

int ili_sched_init(ili_sched *sched, il_loop *loop)
{
    memset(sched, 0, offsetof(ili_sched, alarms));
    ili_alarms_init(&sched->alarms);
    sched->arena = ili_arena_new();
    if (!sched->arena)
        return -ENOMEM;
    ili_list_init(&sched->ready);
    ili_list_init(&sched->pending);
    ili_list_init(&sched->visits);
    ili_group_init(&sched->root, sched, NULL, IL_GROUP_SUPERVISE);
    ili_lookahead_init(&sched->ahead);
    sched->marker.run = no_task;
    sched->no_task = no_task;
    sched->loop = loop;
    return 0;
}

/* Timers are their owners' again.  Handles may outlive the loop: their tasks
 * keep stack and arena. */
void ili_sched_fini(ili_sched *sched)
{
    ili_alarms_clear(&sched->alarms);
    for (il_task *task = ili_task_after(sched, NULL); task;
         task = ili_task_after(sched, task))
        task->sched = NULL; /* it was abandoned, its scopes are still entered */
    ili_arena_retire(sched->arena);
    sched->arena = NULL;
    ili_lookahead_fini(&sched->ahead);
}

void ili_sched_begin_turn(ili_sched *sched)
{
    ILI_ASSERT(!ili_list_linked(&sched->marker.link));
    ili_list_append(&sched->ready, &sched->marker.link);
}

void ili_sched_tell_host(ili_sched *sched)
{
    if (sched->runner && ili_sched_depth(sched) <= sched->turn_depth)
        return;
    sched->told = true;
    sched->host->request_turn(sched->host_data);
}

/* Take off the first item, of a queue that has one. */
static inline void take_first(ili_sched *sched, il_item *first)
{
    il_link *next = first->link.next;

    /* It is known what lies before: one load less than any removal. */
    sched->ready.next = next;
    next->prev = &sched->ready;
    first->link.next = NULL;
}

/* Take the first item off the queue and run it.  Callbacks are the usual case
 * here, for tasks hand the thread on to each other; to know their function saves
 * a jump. */
static inline __attribute__((always_inline)) void
run_item(ili_sched *sched, ili_coro *here, il_item *item, bool watched)
{
    if (watched && item->run) {
        take_first(sched, item);
        ili_step_item(sched, item);
    } else if (ILI_LIKELY(item->run == ili_callback_run)) {
        take_first(sched, item);
        ili_callback_run_inline(item);
    } else if (item->run) {
        take_first(sched, item);
        item->run(item);
    } else {
        ili_lookahead_step(&sched->ahead);
        ili_coro_switch(here, ili_resume(sched, item));
    }
    ILI_ASSERT(sched->current == NULL);
}

/* The turn is over when its marker comes up, or when it is gone because a
 * nested runner has brought the turn to its end.  That one has left no credit,
 * so the marker need not be looked for each time. */
static inline __attribute__((always_inline)) bool
run_turn(ili_sched *sched, ili_coro *here, bool watched)
{
    for (;;) {
        il_item *item = ILI_CONTAINER(sched->ready.next, il_item, link);

        if (ILI_UNLIKELY(item == &sched->marker)) {
            if (sched->credit > 0)
                item = ili_cross_turn(sched);
            if (item == &sched->marker) {
                ili_list_remove(&item->link);
                return true;
            }
        }
        if (ILI_UNLIKELY(--sched->credit < 0))
            return !ili_list_linked(&sched->marker.link);
        run_item(sched, here, item, watched);
    }
}

static __attribute__((noinline)) bool run_watched(ili_sched *sched,
                                                  ili_coro *here)
{
    struct ili_step *outer = ili_step_nest(sched);
    bool over;

    sched->debug->n_steps += sched->ready.next != &sched->marker.link;
    over = run_turn(sched, here, true);

    ili_step_unnest(sched, outer);
    return over;
}

/* A task has opened a nested host loop, on top of which others run. */
static void set_aside(ili_sched *sched, il_task *task)
{
    task->state = ILI_ASIDE;
    if (sched->host && sched->host->suspend)
        sched->host->suspend(sched->host_data, task->host_slot);
}

static void take_back(ili_sched *sched, il_task *task)
{
    task->state = ILI_READY;
    if (sched->host && sched->host->resume)
        sched->host->resume(sched->host_data, task->host_slot);
}

void ili_sched_set_minded(ili_sched *sched)
{
    const ili_debug *debug = sched->debug;

    sched->is_minded = sched->host ||
                       (debug && debug->flags & ~ILI_DEBUG_BLOCKED);
}

void ili_sched_look_ahead(ili_sched *sched)
{
    if (ili_lookahead_resize(&sched->ahead, sched->n_tasks))
        return;
    for (il_link *link = sched->ready.next; link != &sched->ready;
         link = link->next) {
        il_item *item = ILI_CONTAINER(link, il_item, link);
        il_task *task = ILI_CONTAINER(item, il_task, item);

        if (!item->run)
            ili_lookahead_note(&sched->ahead, task,
                               ili_context_sp(&task->coro.context));
    }
}

bool ili_sched_run(ili_sched *sched)
{
    ili_coro here;
    ili_coro *outer = sched->runner;
    il_task *aside = sched->current;
    int outer_depth = sched->turn_depth;
    bool over;

    if (ILI_UNLIKELY(aside != NULL))
        set_aside(sched, aside);
    ili_coro_here(&here);
    sched->runner = &here;
    sched->current = NULL;
    sched->turn_depth = ili_sched_depth(sched);
    over = ILI_UNLIKELY(sched->debug != NULL) ? run_watched(sched, &here)
                                              : run_turn(sched, &here, false);
    if (outer)
        sched->credit = 0; /* its turn may be over */
    sched->runner = outer;
    sched->current = aside;
    sched->turn_depth = outer_depth;
    if (ILI_UNLIKELY(aside != NULL))
        take_back(sched, aside);
    return over;
}
