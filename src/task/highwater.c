/* SPDX-License-Identifier: MIT */

/* highwater.c - how much of its stack a task has used at most.
 *
 * A stack that was never touched consists of zeros that need no pages.  So the
 * kernel knows which pages were touched, and in the lowest of them the first word
 * that is not zero is as far as the task has come: the pattern that others fill
 * stacks with is there already.  In debug mode a stack is given back to that
 * state for each task; otherwise what an earlier one has left counts, too.
 *
 * Rejected: a pattern of our own.  It would give every task all its pages. */

#include "config.h"

#include "task/debug.h"

#include "coro/highwater.h"

size_t il_task_stack_size(const il_task *task)
{
    return task ? (size_t)((const char *)task - (const char *)task->stack.base)
                : 0;
}

size_t il_task_stack_used(const il_task *task)
{
    return task ? ili_stack_used(task->stack.base, task) : 0;
}

void ili_highwater_begin(const il_task *task)
{
    ili_stack_clean(task->stack.base, task);
}

/* While it runs only how far it has come now is looked at: all of it at the
 * end. */
void ili_highwater_look(ili_sched *sched, il_task *task, bool ends)
{
    size_t size = il_task_stack_size(task);
    size_t limit = size / 100 * sched->debug->limits.stack_percent;
    size_t used;

    if (!(sched->debug->flags & IL_DEBUG_STACK) || task->stack_is_told)
        return;
    used =
        ends ? il_task_stack_used(task)
             : (size_t)((const char *)task - (const char *)ili_context_here());
    if (used <= limit)
        return;
    task->stack_is_told = true;
    (void)ili_debug_note(sched, task, IL_REPORT_STACK, 0,
                         "task has used most of its stack", "%zu of %zu bytes",
                         used, size);
}
