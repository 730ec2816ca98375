/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CHILDREN_H
#define SUPPORT_CHILDREN_H

/* children.h - tasks that sleep and end as they are told. */

#include <interloop/interloop.h>

struct child {
    il_time duration;
    int result;
    int instead; /* what it returns if it is cancelled; 0: the cancel */
};

/* A task with a struct child. */
int live(void *arg);

/* Start one in the root group: nobody but who waits for it cares. */
il_task *begin_child(struct child *child);

/* Drop the references of the first `n`. */
void drop_awaited(il_awaited *awaited, int n);

#endif
