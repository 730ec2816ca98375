/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_TASKS_H
#define SUPPORT_TASKS_H

/* tasks.h - run this or that in the fixture's loop. */

#include "fixture.h"

/* The virtual time that has passed. */
il_time now_ms(void);

/* Run a body as the main task; it must return 0. */
void run(il_task_fn *body);

/* Start a task in this thread's loop; fails the test if that cannot be. */
il_task *spawn(il_task_fn *fn, void *arg);

/* Run the loop until a task has ended. */
void run_until_ended(il_task *task);

/* The same for one that ends with 0; and drop the reference. */
void finish(il_task *task);

/* A task that lets others run once. */
int yield(void *arg);

#endif
