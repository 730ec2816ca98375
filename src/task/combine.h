/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_COMBINE_H
#define ILI_TASK_COMBINE_H

/* combine.h - what those have in common that run several functions. */

#include <interloop/combine.h>

#include "task/task.h"

#include <errno.h>
#include <limits.h>

/* A count as a result. */
static inline int ili_count(size_t n)
{
    return n < INT_MAX ? (int)n : INT_MAX;
}

/* Whether each call has a function. */
static inline bool ili_calls_are_complete(const il_call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!calls || !calls[i].fn)
            return false;
    return true;
}

/* Those that will not begin are as good as cancelled. */
static inline void ili_calls_clear(il_call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        calls[i].result = -ECANCELED;
}

/* All tasks of the group were started, or `started` is why not: then those that
 * were are of no use.  Waits for their end.  An error of theirs comes first, for
 * it may be why no more could be started. */
static inline int ili_group_finish(il_group *group, int started)
{
    int r;

    if (started < 0)
        il_group_cancel(group);
    r = il_group_close(group);
    return r < 0 ? r : started;
}

#endif
