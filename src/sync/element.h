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

#endif
