/* SPDX-License-Identifier: MIT */

/* stack.c - an arena of guarded stacks.
 *
 * Stacks come in two sizes, each with a pool.  They are cut from slabs, each
 * one mapping:
 *
 *     slab: |guard|stack 0 ....|guard|stack 1 ....| ... not guarded yet ... |
 *            ^------ stride ---^                   ^ slab->n_ready
 *
 * Slabs grow fourfold, so that a hundred thousand stacks are a handful of
 * mappings.  Guards are installed in batches, when stacks are first needed.
 * Freed stacks are kept in a LIFO list, which hands out the one that is
 * warmest in the cache; the list has room for every stack there is, so putting
 * one back cannot fail.  When too many lie idle, the coldest give their pages
 * back in one call.
 *
 * The stride is an odd number of pages and the top of each stack is shifted by
 * some cache lines: otherwise the same frame of every task would compete for
 * the same few sets of the caches.
 *
 * A stack larger than both sizes is a mapping of its own and not pooled. */

#include "config.h"

#include "coro/stack.h"

#include "base/assert.h"
#include "coro/annotate.h"
#include "coro/guard.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* The largest page the processor may use; sizes are multiples of it. */
#ifdef __x86_64__
#define PAGE 4096u
#else
#define PAGE 65536u
#endif
#define FIRST_SLAB 64u
#define GUARD_BATCH 256u
#define COLOURS 16u
#define COLOUR_BYTES 64u

struct slab {
    struct slab *next; /* older, smaller ones */
    char *base;
    size_t n;       /* stacks it has room for */
    size_t n_ready; /* of them guarded */
    size_t n_taken; /* of them handed out at least once */
    unsigned ids[]; /* valgrind's names for them */
};

/* What is constant about a pool. */
struct pool_kind {
    size_t size;      /* usable bytes, colouring included */
    size_t stride;    /* guard and stack */
    size_t most;      /* stacks in the largest slab */
    size_t keep_warm; /* idle stacks that keep their pages; as many again
                         before the rest is trimmed */
};

enum { N_POOLS = 2 };

static const struct pool_kind kinds[N_POOLS] = {
    { ILI_STACK_SIZE + PAGE, ILI_STACK_GUARD + ILI_STACK_SIZE + PAGE, 65536,
      1024 },
    { ILI_STACK_LARGE + PAGE, ILI_STACK_GUARD + ILI_STACK_LARGE + PAGE, 4096,
      64 },
};

struct pool {
    struct slab *slabs; /* the newest first; only that one is not used up */
    void **idle;        /* bases of idle stacks, the warmest last */
    size_t n_idle;
    size_t n_trimmed; /* of them, from the start, without pages */
    size_t capacity;  /* of `idle`: all stacks of all slabs */
};

struct ili_arena {
    struct pool pools[N_POOLS];
    size_t n_used;    /* handed out now, own mappings included */
    ili_stack doomed; /* an own mapping to be unmapped; base NULL: none */
    bool retired;
};

/* A cheap spread over the colours: neighbours differ. */
static size_t colour(const void *base)
{
    return ((uintptr_t)base / PAGE) % COLOURS * COLOUR_BYTES;
}

/* Map room for n stacks, or for as many as the kernel gives. */
static char *map_slab(size_t *n, size_t stride)
{
    for (; *n > 0; *n /= 4) {
        void *p = mmap(NULL, *n * stride, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (p != MAP_FAILED) {
            /* A huge page would make a whole slab resident at once. */
            (void)madvise(p, *n * stride, MADV_NOHUGEPAGE);
            return p;
        }
    }
    return NULL;
}

static int add_slab(struct pool *pool, const struct pool_kind *kind)
{
    size_t n = pool->slabs ? pool->slabs->n * 4 : FIRST_SLAB;
    struct slab *slab;
    void **idle;
    char *base;

    if (n > kind->most)
        n = kind->most;
    base = map_slab(&n, kind->stride);
    if (!base)
        return -ENOMEM;

    slab = calloc(1, sizeof *slab + n * sizeof slab->ids[0]);
    idle = realloc(pool->idle, (pool->capacity + n) * sizeof *idle);
    if (idle)
        pool->idle = idle;
    if (!slab || !idle) {
        free(slab);
        (void)munmap(base, n * kind->stride);
        return -ENOMEM;
    }
    slab->base = base;
    slab->n = n;
    slab->next = pool->slabs;
    pool->slabs = slab;
    pool->capacity += n;
    return 0;
}

/* Guard the next few stacks of the newest slab. */
static int guard_some(struct slab *slab, size_t stride)
{
    size_t n = slab->n - slab->n_ready;
    size_t done;

    if (n > GUARD_BATCH)
        n = GUARD_BATCH;
    done = ili_guard_install(slab->base + slab->n_ready * stride,
                             ILI_STACK_GUARD, stride, n);
    slab->n_ready += done;
    return done > 0 ? 0 : -ENOMEM;
}

static char *stack_of(const struct slab *slab, size_t i, size_t stride)
{
    return slab->base + i * stride + ILI_STACK_GUARD;
}

/* A stack that was never used. */
static int take_fresh(struct pool *pool, const struct pool_kind *kind,
                      void **ret_base)
{
    struct slab *slab = pool->slabs;
    int r;

    if (!slab || slab->n_taken == slab->n) {
        r = add_slab(pool, kind);
        if (r < 0)
            return r;
        slab = pool->slabs;
    }
    if (slab->n_taken == slab->n_ready) {
        r = guard_some(slab, kind->stride);
        if (r < 0)
            return r;
    }
    *ret_base = stack_of(slab, slab->n_taken, kind->stride);
    slab->ids[slab->n_taken] = ili_annotate_stack_new(*ret_base, kind->size);
    slab->n_taken++;
    return 0;
}

static void unmap_doomed(ili_arena *arena)
{
    ili_stack *stack = &arena->doomed;

    if (!stack->base)
        return;
    ili_annotate_stack_gone(stack->base, stack->size, stack->id);
    (void)munmap((char *)stack->base - ILI_STACK_GUARD, stack->mapped);
    stack->base = NULL;
}

static int map_own(size_t size, ili_stack *ret_stack)
{
    size_t whole = (size + PAGE - 1) / PAGE * PAGE + ILI_STACK_GUARD;
    char *p = mmap(NULL, whole, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED)
        return -ENOMEM;
    (void)madvise(p, whole, MADV_NOHUGEPAGE);
    if (ili_guard_install(p, ILI_STACK_GUARD, whole, 1) != 1) {
        (void)munmap(p, whole);
        return -ENOMEM;
    }
    ret_stack->base = p + ILI_STACK_GUARD;
    ret_stack->size = whole - ILI_STACK_GUARD;
    ret_stack->mapped = whole;
    ret_stack->id = ili_annotate_stack_new(ret_stack->base, ret_stack->size);
    return 0;
}

/* Give back the pages of the coldest idle stacks. */
static void trim(struct pool *pool, const struct pool_kind *kind)
{
    size_t n = pool->n_idle - kind->keep_warm - pool->n_trimmed;

    ili_guard_release_pages(pool->idle + pool->n_trimmed, kind->size, n);
    pool->n_trimmed += n;
}

static void free_pool(struct pool *pool, const struct pool_kind *kind)
{
    while (pool->slabs) {
        struct slab *slab = pool->slabs;

        for (size_t i = 0; i < slab->n_taken; i++)
            ili_annotate_stack_gone(stack_of(slab, i, kind->stride), kind->size,
                                    slab->ids[i]);
        pool->slabs = slab->next;
        (void)munmap(slab->base, slab->n * kind->stride);
        free(slab);
    }
    free(pool->idle);
}

static void destroy(ili_arena *arena)
{
    unmap_doomed(arena);
    for (int i = 0; i < N_POOLS; i++)
        free_pool(&arena->pools[i], &kinds[i]);
    free(arena);
}

ili_arena *ili_arena_new(void)
{
    return calloc(1, sizeof(ili_arena));
}

void ili_arena_retire(ili_arena *arena)
{
    arena->retired = true;
    if (arena->n_used == 0)
        destroy(arena);
}

static int take(ili_arena *arena, int i, ili_stack *ret_stack)
{
    struct pool *pool = &arena->pools[i];
    void *base;

    if (pool->n_idle > 0) {
        base = pool->idle[--pool->n_idle];
        if (pool->n_trimmed > pool->n_idle)
            pool->n_trimmed = pool->n_idle;
        ili_annotate_stack_reuse(base, kinds[i].size);
    } else {
        int r = take_fresh(pool, &kinds[i], &base);

        if (r < 0)
            return r;
    }
    ret_stack->base = base;
    ret_stack->size = kinds[i].size - colour(base);
    ret_stack->mapped = 0;
    ret_stack->pool = i;
    return 0;
}

int ili_arena_get(ili_arena *arena, size_t size, ili_stack *ret_stack)
{
    int r;

    unmap_doomed(arena);
    if (size <= ILI_STACK_SIZE)
        r = take(arena, 0, ret_stack);
    else if (size <= ILI_STACK_LARGE)
        r = take(arena, 1, ret_stack);
    else
        r = map_own(size, ret_stack);
    arena->n_used += r == 0;
    return r;
}

void ili_arena_put(ili_arena *arena, const ili_stack *stack)
{
    ILI_ASSERT(arena->n_used > 0);

    unmap_doomed(arena);
    arena->n_used--;
    if (stack->mapped) {
        arena->doomed = *stack;
    } else {
        struct pool *pool = &arena->pools[stack->pool];
        const struct pool_kind *kind = &kinds[stack->pool];

        pool->idle[pool->n_idle++] = stack->base;
        if (pool->n_idle - pool->n_trimmed > 2 * kind->keep_warm &&
            !arena->retired)
            trim(pool, kind);
    }
    if (arena->retired && arena->n_used == 0)
        destroy(arena);
}
