/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_SPAWN_H
#define ILI_TASK_SPAWN_H

/* spawn.h - what making a task and being one share. */

/* The first code of every task, on its own stack. */
void ili_task_entry(void);

#endif
