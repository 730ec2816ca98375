/* SPDX-License-Identifier: MIT */

/* lookahead.c - how large the ring is.
 *
 * It has room for every task there is, since all may be ready; it doubles when
 * a task is spawned that would not fit, and shrinks when tasks have ended.
 * Without memory for it things go slower, and that is all: spawning does not
 * fail for it, and waking never allocates.
 *
 * Below FEW tasks what they touch fits into the caches anyway.
 *
 * A large ring is a mapping of ours.  A large block that malloc() maps, and that
 * is freed, lets it map less from then on and keep more: after a million tasks
 * the rings of the last few thousand would stay in the heap. */

#include "config.h"

#include "task/lookahead.h"

#include <stdlib.h>
#include <sys/mman.h>

#define FEW 256u
#define LARGE 65536u           /* bytes, well below what malloc() maps */
#define MANY ((size_t)1 << 31) /* indices have 32 bits */

void ili_lookahead_init(ili_lookahead *ahead)
{
    *ahead = (ili_lookahead){ .most = FEW };
}

static size_t ring_size(const ili_lookahead *ahead)
{
    return ((size_t)ahead->mask + 1) * sizeof *ahead->ring;
}

static ili_glance *new_ring(const ili_lookahead *ahead)
{
    size_t size = ring_size(ahead);
    void *p;

    if (size < LARGE)
        return calloc(1, size);
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void ili_lookahead_fini(ili_lookahead *ahead)
{
    if (ahead->ring && ring_size(ahead) >= LARGE)
        (void)munmap(ahead->ring, ring_size(ahead));
    else
        free(ahead->ring);
    ili_lookahead_init(ahead);
}

void ili_lookahead_resize(ili_lookahead *ahead, size_t n)
{
    size_t size = FEW;

    while (size < n)
        size *= 2;
    ili_lookahead_fini(ahead);
    ahead->mask = (uint32_t)(size - 1);
    if (size > FEW && size <= MANY)
        ahead->ring = new_ring(ahead);
    ahead->most = size;
    ahead->least = size > FEW ? size / 8 : 0;
}
