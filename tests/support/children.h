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

#endif
