/* SPDX-License-Identifier: MIT */
#ifndef ILI_SYNC_ELEMENT_H
#define ILI_SYNC_ELEMENT_H

/* element.h - values of one size, copied in and out, and room for them. */

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

/* 0; -EINVAL: they have no size; -ENOMEM: so many do not fit into memory. */
int ili_ring_check(size_t n, size_t size);

/* The same, and room for them, to be freed; NULL for none. */
int ili_ring_new(size_t n, size_t size, void **ret_ring);

#endif
