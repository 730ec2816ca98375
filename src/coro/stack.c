/* SPDX-License-Identifier: MIT */

/* stack.c - an arena of guarded stacks.
 *
 * Stacks come in two sizes, each with a pool.  Behind the pool are slabs of
 * cold stacks, which have no pages (slab.c); the pool keeps the *warm* ones,
 * idle stacks with pages.  They are a LIFO list, which hands out the one that
 * is warmest in the cache.
 *
 * An empty list is refilled with as many stacks as a large program will need
 * soon, and their topmost pages are fetched in one call: a page costs a fourth
 * less than by the exception of its first touch.
 *
 * A list that is full puts some back into the slabs, the coldest.  If no task
 * ended after that for hours, the others would stay.  So all that lies idle goes,
 * little by little, when two things hold: fewer stacks are in use than lie idle,
 * and getting all of them anew would cost little beside what cold stacks have
 * cost since that happened last.  That is what `credit` counts.  So a program that
 * often comes down from a few thousand tasks keeps what it will need again, one
 * that once had a million does not keep what it will not, and neither needs a
 * clock.
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
#include "coro/slab.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define FIRST_CAPACITY 16u

/* A refill is one stack for this many in use, up to the most.  So pages that
 * are fetched too early are some 3 % of all. */
#define REFILL_SHARE 32u
#define REFILL_MOST 64u

/* Fewer pages than this are not worth a call. */
#define POPULATE_LEAST 8u

/* "Little": so many stacks were taken cold for each that lies idle, and for the
 * calls. */
#define PRICE 8u
#define PRICE_OF_CALLS 64u

/* So many stacks lose their pages, or at most so many their guards, at a time,
 * unless only a few are left in use. */
#define STEP 256u
#define FEW 16u

/* What is constant about a pool. */
struct pool_kind {
    ili_slab_kind slabs;
    size_t most_warm; /* idle stacks with pages */
};

static const struct pool_kind kinds[ILI_POOLS] = {
    { { ILI_STACK_SIZE + ILI_PAGE, ILI_STACK_GUARD + ILI_STACK_SIZE + ILI_PAGE,
        4096, 8192 },
      2048 },
    { { ILI_STACK_LARGE + ILI_PAGE,
        ILI_STACK_GUARD + ILI_STACK_LARGE + ILI_PAGE, 1024, 512 },
      128 },
};

/* --- Stacks with mappings of their own ------------------------------------ */

static void set_plain(ili_arena *arena)
{
    arena->is_plain = !arena->retired && !arena->is_watched &&
                      !arena->doomed.base;
}

static void unmap_doomed(ili_arena *arena)
{
    ili_stack *stack = &arena->doomed;

    if (!stack->base)
        return;
    ili_annotate_stack_gone(stack->base, stack->size, stack->id);
    (void)munmap((char *)stack->base - ILI_STACK_GUARD,
                 stack->size + ILI_STACK_GUARD);
    stack->base = NULL;
    set_plain(arena);
}

static int map_own(ili_arena *arena, size_t size, ili_stack *ret_stack)
{
    size_t whole = (size + ILI_PAGE - 1) / ILI_PAGE * ILI_PAGE +
                   ILI_STACK_GUARD;
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
    ret_stack->pool = -1;
    ret_stack->id = ili_annotate_stack_new(ret_stack->base, ret_stack->size);
    arena->n_own++;
    return 0;
}

/* --- Pools ---------------------------------------------------------------- */

/* Room for `more` warm stacks, and for all that are in use, since putting one
 * back must not fail.  Beyond the most, relieve() makes room. */
static int reserve(ili_pool *pool, const struct pool_kind *kind, size_t more)
{
    size_t needed = pool->n_used + more;
    size_t capacity = pool->capacity ? pool->capacity : FIRST_CAPACITY;
    void **warm;

    if (needed > kind->most_warm)
        needed = kind->most_warm;
    if (needed <= pool->capacity)
        return 0;
    while (capacity < needed)
        capacity *= 2;
    warm = realloc(pool->warm, capacity * sizeof *warm);
    if (!warm)
        return -ENOMEM;
    pool->warm = warm;
    pool->capacity = capacity;
    return 0;
}

/* Fetch cold stacks when none is warm. */
static int refill(ili_pool *pool, const struct pool_kind *kind)
{
    size_t n = pool->n_used / REFILL_SHARE + 1;
    int r;

    if (n > REFILL_MOST)
        n = REFILL_MOST;
    r = reserve(pool, kind, n);
    if (r < 0)
        return r;
    r = ili_slabs_take(&pool->slabs, pool->warm, n);
    if (r < 0)
        return r;
    n = (size_t)r;
    if (n >= POPULATE_LEAST)
        ili_guard_populate(pool->warm, kind->slabs.size, n);
    /* The lowest is to be taken first, so last in the list. */
    for (size_t i = 0; i < n / 2; i++) {
        void *base = pool->warm[i];

        pool->warm[i] = pool->warm[n - 1 - i];
        pool->warm[n - 1 - i] = base;
    }
    pool->n_warm = n;
    pool->credit += n;
    pool->relief = 0;
    pool->lets_go = false;
    return 0;
}

/* Put the coldest n warm stacks back into the slabs. */
static void cool(ili_pool *pool, size_t n)
{
    ili_slabs_put(&pool->slabs, pool->warm, n);
    pool->n_warm -= n;
    for (size_t i = 0; i < pool->n_warm; i++)
        pool->warm[i] = pool->warm[n + i];
}

/* Whether getting anew all that lies idle would cost little beside what was
 * taken cold.  Cold stacks beyond those to be kept are not counted, as they are
 * given up whenever it can be done. */
static bool is_cheap(const ili_pool *pool, const struct pool_kind *kind)
{
    size_t n = pool->slabs.n_cold;

    if (n > kind->slabs.keep_cold)
        n = kind->slabs.keep_cold;
    return pool->credit >= PRICE * (pool->n_warm + n) + PRICE_OF_CALLS;
}

/* Let go of some that lie idle, or of all when only a few are in use.  The stack
 * that was put last stays: whoever put it may be executing on it. */
static void let_go(ili_pool *pool)
{
    size_t most = pool->n_used > FEW ? STEP : SIZE_MAX;
    size_t n = pool->n_warm - 1;

    cool(pool, n < most ? n : most);
    ili_slabs_shrink(&pool->slabs, most);
}

/* A stack was put and at least `relief` are warm now.  Do a little of what is
 * to be done, for the time belongs to whoever put it, and say when to go on. */
static void relieve(ili_pool *pool, const struct pool_kind *kind)
{
    bool cheap = is_cheap(pool, kind);
    int errno_before = errno;
    size_t relief;

    if (cheap && pool->n_used < pool->n_warm) {
        pool->lets_go = true;
        pool->credit = 0;
    }
    if (pool->lets_go) {
        let_go(pool);
        relief = pool->n_used < FEW ? pool->n_used / 2 : FEW / 2;
    } else {
        if (pool->n_warm >= kind->most_warm)
            cool(pool, kind->most_warm / 8);
        /* What is dear now stays so until more stacks were taken cold. */
        relief = cheap ? pool->n_used / 2 : kind->most_warm;
    }
    relief += pool->n_warm + 1;
    pool->relief = relief < kind->most_warm ? relief : kind->most_warm;
    errno = errno_before;
}

/* --- The arena ------------------------------------------------------------ */

ili_arena *ili_arena_new(void)
{
    ili_arena *arena = calloc(1, sizeof *arena);

    if (!arena)
        return NULL;
    arena->is_plain = true;
    for (int i = 0; i < ILI_POOLS; i++) {
        arena->pools[i].size = kinds[i].slabs.size;
        ili_slabs_init(&arena->pools[i].slabs, &kinds[i].slabs);
    }
    return arena;
}

static void destroy_unused(ili_arena *arena)
{
    size_t n_used = arena->n_own;

    for (int i = 0; i < ILI_POOLS; i++)
        n_used += arena->pools[i].n_used;
    if (n_used > 0)
        return;
    unmap_doomed(arena);
    for (int i = 0; i < ILI_POOLS; i++) {
        ili_slabs_fini(&arena->pools[i].slabs);
        free(arena->pools[i].warm);
    }
    free(arena);
}

void ili_arena_retire(ili_arena *arena)
{
    arena->retired = true;
    arena->is_plain = false;
    destroy_unused(arena);
}

void ili_arena_watch(ili_arena *arena, bool watch)
{
    arena->is_watched = watch;
    set_plain(arena);
}

static void take_warm(ili_arena *arena, ili_pool *pool, ili_stack *ret_stack)
{
    *ret_stack = ili_pool_stack(arena, pool, pool->warm[--pool->n_warm]);
    pool->n_used++;
    ili_annotate_stack_reuse(ret_stack->base, pool->size);
}

int ili_arena_get(ili_arena *arena, size_t size, ili_stack *ret_stack)
{
    int errno_before = errno;
    ili_pool *pool = ili_arena_pool(arena, size);
    int r = 0;

    unmap_doomed(arena);
    if (!pool) {
        r = map_own(arena, size, ret_stack);
    } else {
        if (pool->n_warm == 0)
            r = refill(pool, &kinds[pool - arena->pools]);
        if (r == 0)
            take_warm(arena, pool, ret_stack);
    }
    errno = errno_before;
    return r;
}

void ili_arena_put(ili_arena *arena, const ili_stack *stack)
{
    unmap_doomed(arena);
    if (stack->pool >= 0) {
        ili_pool *pool = &arena->pools[stack->pool];

        ILI_ASSERT(pool->n_used > 0);
        pool->n_used--;
        pool->warm[pool->n_warm++] = stack->base;
        if (pool->n_warm >= pool->relief)
            relieve(pool, &kinds[stack->pool]);
    } else {
        ILI_ASSERT(arena->n_own > 0);
        arena->n_own--;
        arena->doomed = *stack;
        arena->is_plain = false;
    }
    if (arena->retired)
        destroy_unused(arena);
}
