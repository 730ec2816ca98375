/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_LOCAL_H
#define ILI_TASK_LOCAL_H

/* local.h - who has which values; see local.c.
 *
 * Whoever has none has NULL.  `has_locals` of the scheduler says whether anybody
 * ever had some: as long as not, nothing else is looked at. */

#include "task/task.h"

#include <interloop/local.h>

/* Where the running code has its values. */
static inline il_locals **ili_locals_place(ili_sched *sched)
{
    return sched->current ? &sched->current->locals : &sched->locals;
}

/* There are none there any more. */
static inline void ili_locals_drop(il_locals **place)
{
    il_locals *locals = *place;

    *place = NULL;
    (void)il_locals_unref(locals);
}

/* What this thread sees while it has no loop, of a task that waits meanwhile:
 * nobody sets another value in an array of which that task has a reference, and
 * its count is not touched.  NULL: nothing. */
extern __thread const il_locals *ili_locals_lent;

/* A task that has none begins with these. */
void ili_locals_give(ili_sched *sched, il_task *task, il_locals *locals);

#endif
