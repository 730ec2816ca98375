/* SPDX-License-Identifier: MIT */
#ifndef ILI_CORO_SLAB_H
#define ILI_CORO_SLAB_H

/* slab.h - address space for very many stacks of one size.
 *
 * What is here has no pages: a stack gets them by being used, and loses them
 * by being put back.  stack.h keeps those that are used often. */

#include "base/list.h"

#include <stddef.h>

/* The largest page the processor may use; sizes are multiples of it. */
#ifdef __x86_64__
#define ILI_PAGE 4096u
#else
#define ILI_PAGE 65536u
#endif

/* Stacks in a chunk: as many as a word has bits, and a little room to round
 * the chunk up to whole page tables. */
#define ILI_CHUNK 63u

/* What is constant about stacks of one size. */
typedef struct ili_slab_kind {
    size_t size;      /* usable bytes */
    size_t stride;    /* the guard below and the stack */
    size_t most;      /* chunks in the largest slab */
    size_t keep_cold; /* cold stacks that keep their guards */
} ili_slab_kind;

typedef struct ili_slabs {
    const ili_slab_kind *kind;
    ili_list list; /* struct slab.link, the oldest first */
    size_t n_out;  /* stacks that were taken and not put back */
    size_t n_cold; /* guarded stacks that are not out */
} ili_slabs;

void ili_slabs_init(ili_slabs *slabs, const ili_slab_kind *kind);

/* Unmap everything, stacks that are out as well. */
void ili_slabs_fini(ili_slabs *slabs);

/* Take up to n stacks, at least one, those at the lowest addresses of the
 * oldest slab first; they are written to `bases`.  Returns how many, or
 * -ENOMEM. */
int ili_slabs_take(ili_slabs *slabs, void **bases, size_t n);

/* Put n stacks back: their pages go to the kernel, and where many are cold,
 * page tables as well.  `bases` is written to. */
void ili_slabs_put(ili_slabs *slabs, void **bases, size_t n);

/* Give up guards and page tables of at most n stacks that are not out, and then,
 * if there were fewer, all address space that nobody needs; the first slab
 * stays. */
void ili_slabs_shrink(ili_slabs *slabs, size_t n);

#endif
