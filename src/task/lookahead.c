/* SPDX-License-Identifier: MIT */

/* lookahead.c - how large the ring is.
 *
 * It has room for every task there is, since all may be ready; it doubles when
 * a task is spawned that would not fit, and shrinks when tasks have ended.
 * Without memory for it things go slower, and that is all: spawning does not
 * fail for it, and waking never allocates.
 *
 * Below FEW tasks what they touch fits into the caches anyway. */

#include "config.h"

#include "task/lookahead.h"

#include <stdlib.h>

#define FEW 256u
#define MANY ((size_t)1 << 31) /* indices have 32 bits */

void ili_lookahead_init(ili_lookahead *ahead)
{
    *ahead = (ili_lookahead){ .most = FEW };
}

void ili_lookahead_fini(ili_lookahead *ahead)
{
    free(ahead->ring);
    ili_lookahead_init(ahead);
}

void ili_lookahead_resize(ili_lookahead *ahead, size_t n)
{
    size_t size = FEW;

    while (size < n)
        size *= 2;
    ili_lookahead_fini(ahead);
    if (size > FEW && size <= MANY)
        ahead->ring = calloc(size, sizeof *ahead->ring);
    ahead->mask = (uint32_t)(size - 1);
    ahead->most = size;
    ahead->least = size > FEW ? size / 8 : 0;
}
