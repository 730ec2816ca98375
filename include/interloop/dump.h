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

IL_END_DECLS

#endif
