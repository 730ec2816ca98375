/* SPDX-License-Identifier: MIT */
#ifndef ILI_CORO_STACK_H
#define ILI_CORO_STACK_H

/* stack.h - where coroutines get their stacks from.
 *
 * An arena belongs to one thread.  It reserves address space for many stacks
 * at once, guards them, and keeps freed ones for the next taker. */

#include "base/assert.h"
#include "coro/annotate.h"
#include "coro/slab.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Usable bytes of an ordinary stack, of one for code that expects the stack of
 * a main thread, and of the guard below each. */
#define ILI_STACK_SIZE (256u * 1024u)
#define ILI_STACK_LARGE (8192u * 1024u)
#define ILI_STACK_GUARD (64u * 1024u)

#define ILI_POOLS 2
#define ILI_COLOURS 32u
#define ILI_COLOUR_BYTES 64u

/* A stack: usable from `base` up to `base + size`. */
typedef struct ili_stack {
    void *base;
    size_t size;
    int pool;    /* which; negative: none, it is a mapping of its own */
    unsigned id; /* valgrind's name for it, if it is a mapping of its own */
} ili_stack;

/* Stacks of one size. */
typedef struct ili_pool {
    void **warm; /* bases of idle stacks, the warmest last */
    size_t n_warm;
    size_t relief;   /* when so many are warm, see relieve() */
    size_t n_used;   /* handed out */
    size_t size;     /* usable bytes of each, colouring included */
    size_t capacity; /* of `warm`: enough for all there are, or for the most */
    size_t credit;   /* stacks taken cold since idle ones were let go */
    bool lets_go;    /* it is going, and none was taken cold since */
    ili_slabs slabs;
} ili_pool;

typedef struct ili_arena {
    bool is_plain;    /* none of the next two, nor is there a doomed stack */
    bool retired;     /* only kept for its last stacks */
    bool is_watched;  /* the short ways are barred */
    size_t n_own;     /* mappings of their own that are handed out */
    ili_stack doomed; /* one of them, to be unmapped; base NULL: none */
    ili_pool pools[ILI_POOLS];
} ili_arena;

/* NULL when out of memory. */
ili_arena *ili_arena_new(void);

/* The arena is not needed any more; it goes when its last stack is put. */
void ili_arena_retire(ili_arena *arena);

/* Whether the short ways below are barred, for who wants to see all that is taken
 * and put. */
void ili_arena_watch(ili_arena *arena, bool watch);

/* Where the stack ends that begins there and is one of the pool's: the tops are
 * spread over some colours, in such a way that those of neighbours differ. */
static inline char *ili_pool_top(const ili_pool *pool, void *base)
{
    return (char *)base + pool->size -
           ((uintptr_t)base / ILI_PAGE) % ILI_COLOURS * ILI_COLOUR_BYTES;
}

static inline ili_stack ili_pool_stack(const ili_arena *arena,
                                       const ili_pool *pool, void *base)
{
    return (
        ili_stack){ .base = base,
                    .size = (size_t)(ili_pool_top(pool, base) - (char *)base),
                    .pool = (int)(pool - arena->pools) };
}

/* The pool for stacks of at least `size` bytes; NULL: there is none. */
static inline ili_pool *ili_arena_pool(ili_arena *arena, size_t size)
{
    if (ILI_UNLIKELY(size > ILI_STACK_LARGE))
        return NULL;
    return &arena->pools[size > ILI_STACK_SIZE];
}

/* The short ways of the two functions below, which leave the rest to them: take
 * the warmest stack of a pool, or NULL; put a stack back, or return false. */
static inline void *ili_arena_get_quickly(const ili_arena *arena,
                                          ili_pool *pool)
{
    void *base;

    if (ILI_UNLIKELY(!pool || pool->n_warm == 0 || !arena->is_plain))
        return NULL;
    base = pool->warm[--pool->n_warm];
    pool->n_used++;
    ili_annotate_stack_reuse(base, pool->size);
    return base;
}

static inline bool ili_arena_put_quickly(ili_arena *arena,
                                         const ili_stack *stack)
{
    ili_pool *pool = &arena->pools[stack->pool > 0];

    if (ILI_UNLIKELY(stack->pool < 0 || !arena->is_plain ||
                     pool->n_warm + 1 >= pool->relief))
        return false;
    ILI_ASSERT(pool->n_used > 0);
    pool->n_used--;
    pool->warm[pool->n_warm++] = stack->base;
    return true;
}

/* Take a stack of at least `size` bytes; 0 means an ordinary one.  Returns 0
 * or -ENOMEM.  What is in it is what was in it when it was put back, or zeros. */
int ili_arena_get(ili_arena *arena, size_t size, ili_stack *ret_stack);

/* Give a stack back.  May be called on that very stack: it is neither touched
 * nor reused before the next call into the arena. */
void ili_arena_put(ili_arena *arena, const ili_stack *stack);

#endif
