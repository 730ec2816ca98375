/* SPDX-License-Identifier: MIT */

/* lookahead.c - how large the ring is.
 *
 * It has room for every task there is, since all may be ready; it doubles when
 * a task is spawned that would not fit, and shrinks when tasks have ended.
 * Without memory for it things go slower, and that is all: spawning does not
 * fail for it, and waking never allocates.
 *
 * Up to FEW tasks what they touch fits into the first cache, and the ring is
 * not used.  A small one stays mapped then: tasks often come in batches.
 *
 * It is a mapping, not from malloc(): a large block that malloc() maps, and that
 * is freed, makes it map less from then on and keep more. */

#include "config.h"

#include "task/lookahead.h"

#include <sys/mman.h>

#define FEW 112u
#define SMALL 4096u
#define MANY ((size_t)1 << 31) /* indices have 32 bits */

void ili_lookahead_init(ili_lookahead *ahead)
{
    *ahead = (ili_lookahead){ .most = FEW };
}

static ili_glance *map_room(size_t n)
{
    void *p = MAP_FAILED;

    if (n > 0 && n <= MANY)
        p = mmap(NULL, n * sizeof(ili_glance), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void unmap_room(ili_glance *room, size_t n)
{
    if (room)
        (void)munmap(room, n * sizeof *room);
}

void ili_lookahead_fini(ili_lookahead *ahead)
{
    unmap_room(ahead->room, ahead->n_room);
    ili_lookahead_init(ahead);
}

/* What was noted goes into the new ring.  To ask the tasks instead would take a
 * fetch from memory for each: tens of milliseconds for half a million. */
static void carry_over(ili_lookahead *ahead, const ili_glance *old,
                       uint32_t old_mask)
{
    uint32_t n = ahead->in - ahead->out;

    if (n > ahead->mask)
        n = ahead->mask;
    for (uint32_t i = ahead->out; n > 0; i++, n--)
        ahead->ring[i & ahead->mask] = old[i & old_mask];
}

static void change_room(ili_lookahead *ahead, size_t size, bool used)
{
    ili_glance *old = ahead->room;
    size_t n_old = ahead->n_room;
    uint32_t old_mask = ahead->mask;
    bool had_ring = ahead->ring != NULL;

    ahead->room = map_room(used ? size : 0);
    ahead->n_room = used ? size : 0;
    ahead->ring = ahead->room;
    ahead->mask = (uint32_t)(size - 1);
    if (had_ring && ahead->ring)
        carry_over(ahead, old, old_mask);
    unmap_room(old, n_old);
}

bool ili_lookahead_resize(ili_lookahead *ahead, size_t n)
{
    bool used = n > FEW;
    bool had_ring = ahead->ring != NULL;
    size_t size = SMALL;

    while (size < n)
        size *= 2;
    if (ahead->n_room != size && (used || ahead->n_room > SMALL))
        change_room(ahead, size, used);
    ahead->ring = used ? ahead->room : NULL;
    ahead->mask = (uint32_t)(size - 1);
    if (!had_ring)
        ahead->in = ahead->out = 0;
    ahead->most = used ? size : FEW;
    ahead->least = size > SMALL ? size / 8 : used ? FEW / 2 : 0;
    return had_ring || !ahead->ring;
}
