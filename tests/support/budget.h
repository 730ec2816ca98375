/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_BUDGET_H
#define SUPPORT_BUDGET_H

/* budget.h - a task that does one thing again and again, without having to wait. */

#include "fixture.h"

struct op {
    const char *name;
    int (*fn)(void *things);
    bool is_result; /* a result that is there for good, also if cancelled */
};

/* Each one lets another task run after so many at most as src/task/task.h allows.
 * `group` is open meanwhile, collects, and belongs to the task. */
void check_turns(struct fixture *f, const struct op *ops, size_t n,
                 il_group *group, void *things);

/* The same in a first step: the one that has spawned the task goes on. */
void check_first_step(struct fixture *f, const struct op *ops, size_t n,
                      il_group *group, void *things);

/* In a task that is cancelled each one is refused, but for results. */
void check_cancelled(struct fixture *f, const struct op *ops, size_t n,
                     il_group *group, void *things);

#endif
