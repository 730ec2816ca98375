/* SPDX-License-Identifier: MIT */
#ifndef ILI_SYNC_ELEMENT_H
#define ILI_SYNC_ELEMENT_H

/* element.h - values of one size, copied in and out. */

#include "task/task.h"

#include <stdint.h>
#include <string.h>

/* Pointers and the like are moved without a call. */
static inline void ili_copy(void *to, const void *from, size_t size)
{
    if (ILI_LIKELY(size == sizeof(void *)))
        memcpy(to, from, sizeof(void *));
    else
        memcpy(to, from, size);
}

/* Whether so many fit into memory at all, with `more` bytes each. */
static inline bool ili_is_too_big(size_t n, size_t size, size_t more)
{
    return size > PTRDIFF_MAX - more || n > PTRDIFF_MAX / (size + more);
}

/* Apart, so that its callers need no frame for what is usual. */
static __attribute__((noinline, unused)) int ili_give_way(il_task *task)
{
    ili_pause(task);
    return 0;
}

/* The end of what succeeded without waiting; `task` is the running one or NULL.
 * The last thing to be done, since what it was done to may go meanwhile. */
static inline int ili_spent(il_task *task)
{
    return task && ili_must_pause(task) ? ili_give_way(task) : 0;
}

#endif
