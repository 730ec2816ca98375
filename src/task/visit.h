/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_VISIT_H
#define ILI_TASK_VISIT_H

/* visit.h - a task comes back to an object after others have run.
 *
 * Who waits for something is in its list, and hears when it is ended.  Who has
 * to touch it afterwards, or has stopped before it, is not.  It leaves a visit
 * with the scheduler, on its own stack, and finds there whether the object was
 * ended meanwhile.  There are few at a time: tasks that are ready. */

#include "task/task.h"

struct ili_visit {
    il_link link;       /* in sched->visits, in no order that matters */
    const void *object; /* NULL: it was ended */
};

static inline void ili_visit_begin(ili_sched *sched, struct ili_visit *visit,
                                   const void *object)
{
    visit->object = object;
    ili_list_append(&sched->visits, &visit->link);
}

/* Whether the object is still there. */
static inline bool ili_visit_end(struct ili_visit *visit)
{
    ili_list_remove(&visit->link);
    return visit->object != NULL;
}

/* The object ends: who comes back to it must not touch it. */
static inline void ili_visits_forget(const void *object)
{
    ili_sched *sched = ili_sched_current;

    if (!sched)
        return;
    for (il_link *link = sched->visits.next; link != &sched->visits;
         link = link->next) {
        struct ili_visit *visit = ILI_CONTAINER(link, struct ili_visit, link);

        if (visit->object == object)
            visit->object = NULL;
    }
}

/* The running task has done much without waiting: let the others run before it
 * takes something that they may want, too.  Returns whether the object is still
 * there. */
static inline bool ili_pause_before(il_task *task, const void *object)
{
    struct ili_visit visit;

    ili_visit_begin(task->sched, &visit, object);
    ili_pause(task);
    return ili_visit_end(&visit);
}

#endif
