/* SPDX-License-Identifier: MIT */

/* jobs.c - tasks that take their time, and how they took a cancel. */

#include "jobs.h"

int do_job(void *arg)
{
    struct job *child = arg;

    child->r = 1;
    child->r = child->duration ? il_sleep(child->duration) : 0;
    if (child->r < 0 && !child->stubborn)
        return child->r;
    return child->result;
}
