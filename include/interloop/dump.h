/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_DUMP_H
#define INTERLOOP_DUMP_H

/**
 * @file dump.h
 * @brief Who is there, and what does everybody wait for?
 */

#include <interloop/export.h>

#include <stddef.h>
#include <stdio.h>

IL_BEGIN_DECLS

typedef struct il_loop il_loop;
typedef struct il_task il_task;

/**
 * Print this thread's tasks as a tree, at any time, from anywhere on it.
 *
 * One line a task: name, state, what it waits for since when, where it was
 * spawned; children are indented below the task that spawned them.
 *
 * @param file  Where to; not closed.
 * @return How many tasks were printed, or -ESRCH without a loop.
 */
IL_EXPORT int il_dump_tasks(FILE *file);

/** How many tasks of a loop have not ended. */
IL_EXPORT size_t il_loop_count_tasks(const il_loop *loop);

/**
 * All tasks of a loop that have not ended.
 *
 * @param      loop       A loop of this thread.
 * @param[out] ret_tasks  Room for @p capacity tasks, in no particular order; the
 *                        caller drops the references.
 * @param      capacity   May be 0.
 * @return How many there are, of which @p capacity at most were returned, or
 * -ESRCH for a loop that is not this thread's.
 */
IL_EXPORT int il_loop_get_tasks(il_loop *loop, il_task **ret_tasks,
                                size_t capacity);

IL_END_DECLS

#endif
