/* SPDX-License-Identifier: MIT */

/* circle.c - tasks that wait for each other.
 *
 * A task that waits for a lock waits for its owner, one that joins for the task
 * it joins, and one that closes a group for every task below that.  Whoever
 * begins such a wait as the last of a circle finds itself when it follows it.
 * A deadline, a cancel or an end of the lock may still undo the circle; but each
 * was written to be able to wait for the other.
 *
 * Followed is the one task that is waited for, and the tasks of a group only if
 * that is where the circle closes: a circle through the groups of several tasks
 * is not found here, only when nothing is left that runs. */

#include "config.h"

#include "task/debug.h"

#include "task/hold.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* For whose end or release it waits; NULL: for none in particular. */
static const il_task *next_of(const il_task *task)
{
    if (task->state != ILI_PARKED)
        return NULL;
    return task->waits_for == ili_noun_end ? ili_joined_task(task)
                                           : ili_waits_for_whom(task);
}

/* The group for whose tasks it waits. */
static const il_group *closing(const il_task *task)
{
    if (task->state != ILI_PARKED || (task->waits_for != ili_noun_tasks &&
                                      task->waits_for != ili_noun_ready))
        return NULL;
    return ILI_CONTAINER(task->scope, const il_group, scope);
}

static il_task *first_of(const il_group *group)
{
    return ili_list_empty(&group->children)
               ? NULL
               : ILI_CONTAINER(group->children.next, il_task, sibling);
}

/* Whether closing the group waits for the task. */
static bool is_below(const il_task *task, const il_group *group)
{
    for (; task; task = task->group->scope.task)
        if (task->group == group)
            return true;
    return false;
}

/* Whether `task` waits for `end`, itself, or through one that closes a group. */
static bool waits_for(const il_task *task, const il_task *end)
{
    const il_group *group = closing(task);

    return next_of(task) == end || (group && is_below(end, group));
}

/* Whether `end` is where following the waits from `task` leads. */
static bool leads_to(const ili_sched *sched, const il_task *task,
                     const il_task *end)
{
    /* A circle further on has no end. */
    for (size_t n = 0; task && n <= sched->n_tasks; n++) {
        if (waits_for(task, end))
            return true;
        task = next_of(task);
    }
    return false;
}

/* --- words ---------------------------------------------------------------------- */

struct words {
    char text[ILI_NOTE_SIZE];
    size_t length;
};

static void add(struct words *words, const il_task *task)
{
    const il_task *next = next_of(task);
    bool joins = task->waits_for == ili_noun_end;
    int n;

    n = snprintf(
        words->text + words->length, sizeof words->text - words->length,
        "%s'%s' waits for %s%s%s%s", words->length > 0 ? ", " : "",
        ili_task_name(task), joins ? "the end" : task->waits_for,
        next ? " of '" : "", next ? ili_task_name(next) : "", next ? "'" : "");
    if (n > 0)
        words->length += (size_t)n;
    if (words->length >= sizeof words->text)
        words->length = sizeof words->text - 1;
}

static void report(ili_sched *sched, const il_task *task, const il_task *from)
{
    struct words words = { .length = 0 };
    const il_task *t = from;

    if (from != task)
        add(&words, task);
    do {
        add(&words, t);
        t = waits_for(t, task) ? NULL : next_of(t);
    } while (t);
    (void)ili_debug_note(sched, task, IL_REPORT_CIRCLE, -EDEADLK,
                         "tasks wait for each other", "%s", words.text);
}

void ili_circle_look(ili_sched *sched, const il_task *task)
{
    const il_group *group = closing(task);

    if (leads_to(sched, task, task)) {
        report(sched, task, task);
        return;
    }
    if (!group)
        return;
    /* Its tasks and what is below them come one after the other. */
    for (il_task *t = first_of(group); t && is_below(t, group);
         t = ili_task_after(sched, t)) {
        if (leads_to(sched, t, task)) {
            report(sched, task, t);
            return;
        }
    }
}
