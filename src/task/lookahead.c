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

static void set_room(ili_lookahead *ahead, size_t n)
{
    void *p = MAP_FAILED;

    if (ahead->room)
        (void)munmap(ahead->room, ahead->n_room * sizeof *ahead->room);
    if (n > 0 && n <= MANY)
        p = mmap(NULL, n * sizeof *ahead->room, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ahead->room = p == MAP_FAILED ? NULL : p;
    ahead->n_room = n;
}

void ili_lookahead_fini(ili_lookahead *ahead)
{
    set_room(ahead, 0);
    ili_lookahead_init(ahead);
}

void ili_lookahead_resize(ili_lookahead *ahead, size_t n)
{
    bool used = n > FEW;
    size_t size = SMALL;

    while (size < n)
        size *= 2;
    if (ahead->n_room != size && (used || ahead->n_room > SMALL))
        set_room(ahead, used ? size : 0);
    ahead->ring = used ? ahead->room : NULL;
    ahead->mask = (uint32_t)(size - 1);
    ahead->in = 0;
    ahead->out = 0;
    ahead->most = used ? size : FEW;
    ahead->least = size > SMALL ? size / 8 : used ? FEW / 2 : 0;
}
