/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_SPAWN_H
#define ILI_TASK_SPAWN_H

/* spawn.h - what making a task and being one share. */

#include <interloop/task.h>

/* Whether a task can be made so: 0 or -EINVAL. */
int ili_spawn_check(const il_spawn_options *options);

/* The first code of every task, on its own stack. */
void ili_task_entry(void);

#endif
