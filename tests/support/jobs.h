/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_JOBS_H
#define SUPPORT_JOBS_H

/* jobs.h - tasks that take their time, and how they took a cancel. */

#include <interloop/interloop.h>

struct job {
    il_time duration;
    int result;
    int r;         /* what the sleep came to; 1 until then */
    bool stubborn; /* returns its result even when cancelled */
    il_task *task;
};

/* A task with a struct job. */
int do_job(void *arg);

#endif
