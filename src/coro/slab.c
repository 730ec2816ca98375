/* SPDX-License-Identifier: MIT */

/* slab.c - address space for very many stacks of one size.
 *
 * A slab is one mapping and consists of chunks of 63 stacks:
 *
 *     slab:  |notes|chunk 0 |chunk 1 | ...                    |chunk n - 1 |
 *                   ^ lo                                                 hi ^
 *     chunk: |guard|stack 0 ....|guard|stack 1 ....| ... |stack 62 ....|rest|
 *             ^------ stride ---^
 *
 * Slabs grow fourfold, so that a million stacks are a handful of mappings.
 * Guards are installed from the start of a chunk onwards, in batches, when
 * stacks are needed.  So a stack is
 *
 *     bare      no guard yet: its number is >= guarded[chunk]
 *     cold      guarded and idle: its bit in cold[chunk] is set
 *     out       handed out: neither
 *
 * The page tables of a stack are a sixth of what its first page takes, and the
 * guards keep them in being.  When many stacks are cold, a chunk in which all
 * are is *razed*: mapped anew, which drops pages, guards and page tables at
 * once and costs hardly more than dropping the pages.  A chunk is a whole number
 * of page tables for that: one that two chunks share would outlive both.  When
 * nearly all stacks are idle, slabs are unmapped from both ends: lo and hi move
 * towards each other, and never back, until nothing is left.
 *
 * Rejected: one list of idle stacks.  It cannot tell which neighbours are idle
 * as well, and for a million stacks it is 8 MB that stay.
 *
 * Rejected: giving a chunk back by MADV_GUARD_REMOVE and MADV_DONTNEED.  It is
 * four times as slow, and most kernels keep the page tables. */

#include "config.h"

#include "coro/slab.h"

#include "base/assert.h"
#include "coro/annotate.h"
#include "coro/guard.h"
#include "coro/stack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* What one page table of the lowest level maps, with pages of 4 KiB. */
#define TABLE ((size_t)2 << 20)

#define WORD_BITS 64u
#define LOWEST_BITS(n) (((uint64_t)1 << (n)) - 1)

/* Stacks guarded at once when few are out. */
#define FEWEST_GUARDS 4u

struct slab {
    il_link link; /* in ili_slabs.list */
    char *base;   /* of chunk 0, on a page table's border */
    size_t n;     /* stacks it had room for: a multiple of 63, or fewer */
    size_t lo;    /* chunks from here on are still mapped ... */
    size_t hi;    /* ... up to here */
    char *first;  /* what is mapped for them begins here, ... */
    char *end;    /* ... and ends here */
    size_t notes; /* bytes from this struct on that have a mapping, too */

    size_t n_cold;
    size_t n_known; /* stacks, from the start, that annotate.h knows */
    size_t bare;    /* no chunk before this one has bare stacks */

    unsigned *ids;      /* valgrind's names for stacks; NULL: it is not there */
    uint64_t *has_cold; /* a bit for each chunk */
    uint64_t *cold;     /* a word for each chunk, a bit for each stack */
    uint8_t *guarded;   /* for each chunk: how many of its stacks are */
};

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static size_t chunk_bytes(const ili_slab_kind *kind)
{
    return round_up(ILI_CHUNK * kind->stride, TABLE);
}

/* How many stacks chunk c has. */
static unsigned chunk_size(const struct slab *slab, size_t c)
{
    size_t rest = slab->n - c * ILI_CHUNK;

    return (unsigned)(rest < ILI_CHUNK ? rest : ILI_CHUNK);
}

static char *chunk_at(const ili_slabs *slabs, const struct slab *slab, size_t c)
{
    return slab->base + c * chunk_bytes(slabs->kind);
}

static char *stack_at(const ili_slabs *slabs, const struct slab *slab, size_t i)
{
    return chunk_at(slabs, slab, i / ILI_CHUNK) +
           i % ILI_CHUNK * slabs->kind->stride + ILI_STACK_GUARD;
}

static bool is_first(const ili_slabs *slabs, const struct slab *slab)
{
    return slabs->list.next == &slab->link;
}

/* --- The life of a slab --------------------------------------------------- */

/* Address space that no page is counted for before it is touched. */
static char *map(void *at, size_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *p = mmap(at, size, PROT_READ | PROT_WRITE,
                   at ? flags | MAP_FIXED : flags, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    /* A huge page would make a whole chunk resident at once. */
    (void)madvise(p, size, MADV_NOHUGEPAGE);
    return p;
}

/* Map a slab for n stacks.  What is noted about it comes first in the mapping: in
 * the heap it would keep more than itself from being given back. */
static struct slab *map_slab(const ili_slab_kind *kind, size_t n)
{
    size_t chunks = (n + ILI_CHUNK - 1) / ILI_CHUNK;
    size_t words = (chunks + WORD_BITS - 1) / WORD_BITS;
    size_t notes = round_up(sizeof(struct slab) + chunks +
                                (words + chunks) * sizeof(uint64_t),
                            ILI_PAGE);
    size_t size = n < ILI_CHUNK ? n * kind->stride : chunks * chunk_bytes(kind);
    char *p = map(NULL, notes + TABLE - ILI_PAGE + size);
    struct slab *slab = (struct slab *)p;

    if (!p)
        return NULL;
    slab->n = n;
    slab->hi = chunks;
    slab->has_cold = (uint64_t *)(slab + 1);
    slab->cold = slab->has_cold + words;
    slab->guarded = (uint8_t *)(slab->cold + chunks);
    slab->first = p + notes;
    slab->base = (char *)round_up((uintptr_t)slab->first, TABLE);
    slab->end = slab->first + TABLE - ILI_PAGE + size;
    slab->notes = notes;
    return slab;
}

/* Add a slab, four times as large as the one before, or as large as the kernel
 * gives: some whole chunks or a part of one. */
static int add_slab(ili_slabs *slabs)
{
    size_t n = ILI_CHUNK;
    struct slab *slab;

    if (!ili_list_empty(&slabs->list))
        n = 4 * ILI_CONTAINER(slabs->list.prev, struct slab, link)->n;
    if (n > slabs->kind->most * ILI_CHUNK)
        n = slabs->kind->most * ILI_CHUNK;
    do {
        if (n > ILI_CHUNK)
            n -= n % ILI_CHUNK;
        slab = map_slab(slabs->kind, n);
        n = n > 3 ? n / 4 : n - 1;
    } while (!slab && n > 0);
    if (!slab)
        return -ENOMEM;
    ili_list_append(&slabs->list, &slab->link);
    return 0;
}

/* Stacks of chunks `from` up to `to` are about to be unmapped. */
static void annotate_gone(const ili_slabs *slabs, const struct slab *slab,
                          size_t from, size_t to)
{
    size_t i = from * ILI_CHUNK;
    size_t end = to * ILI_CHUNK;

    for (; i < end && i < slab->n_known; i++)
        ili_annotate_stack_gone(stack_at(slabs, slab, i), slabs->kind->size,
                                slab->ids ? slab->ids[i] : 0);
}

static void free_slab(ili_slabs *slabs, struct slab *slab)
{
    annotate_gone(slabs, slab, slab->lo, slab->hi);
    slabs->n_cold -= slab->n_cold;
    ili_list_remove(&slab->link);
    free(slab->ids);
    (void)munmap(slab->first, (size_t)(slab->end - slab->first));
    (void)munmap(slab, slab->notes);
}

void ili_slabs_init(ili_slabs *slabs, const ili_slab_kind *kind)
{
    *slabs = (ili_slabs){ .kind = kind };
    ili_list_init(&slabs->list);
}

void ili_slabs_fini(ili_slabs *slabs)
{
    while (!ili_list_empty(&slabs->list))
        free_slab(slabs, ILI_CONTAINER(slabs->list.next, struct slab, link));
}

/* --- Taking --------------------------------------------------------------- */

/* The lowest chunk of a slab that has bare stacks; hi if there is none. */
static size_t find_bare(struct slab *slab)
{
    size_t c = slab->bare > slab->lo ? slab->bare : slab->lo;

    while (c < slab->hi && slab->guarded[c] == chunk_size(slab, c))
        c++;
    slab->bare = c;
    return c;
}

static void set_cold(ili_slabs *slabs, struct slab *slab, size_t c,
                     uint64_t bits)
{
    size_t n = (size_t)__builtin_popcountll(bits);

    slab->cold[c] |= bits;
    slab->has_cold[c / WORD_BITS] |= (uint64_t)1 << c % WORD_BITS;
    slab->n_cold += n;
    slabs->n_cold += n;
}

static void clear_cold(ili_slabs *slabs, struct slab *slab, size_t c,
                       uint64_t bits)
{
    size_t n = (size_t)__builtin_popcountll(bits);

    slab->cold[c] &= ~bits;
    if (slab->cold[c] == 0)
        slab->has_cold[c / WORD_BITS] &= ~((uint64_t)1 << c % WORD_BITS);
    slab->n_cold -= n;
    slabs->n_cold -= n;
}

/* Guard stacks of a chunk, as many at once as are out already, so that a small
 * program pays for few and a large one makes few calls. */
static int guard_some(ili_slabs *slabs, struct slab *slab, size_t c)
{
    const ili_slab_kind *kind = slabs->kind;
    unsigned from = slab->guarded[c];
    size_t n = chunk_size(slab, c) - from;
    size_t most = slabs->n_out > FEWEST_GUARDS ? slabs->n_out : FEWEST_GUARDS;
    size_t done;

    if (n > most)
        n = most;
    done = ili_guard_install(chunk_at(slabs, slab, c) + from * kind->stride,
                             ILI_STACK_GUARD, kind->stride, n);
    if (done == 0)
        return -ENOMEM;
    set_cold(slabs, slab, c, LOWEST_BITS(done) << from);
    slab->guarded[c] = (uint8_t)(from + done);
    return 0;
}

/* Make some stacks cold that were bare. */
static int make_cold(ili_slabs *slabs)
{
    int r;

    for (il_link *at = slabs->list.next; at != &slabs->list; at = at->next) {
        struct slab *slab = ILI_CONTAINER(at, struct slab, link);
        size_t c = find_bare(slab);

        if (c < slab->hi)
            return guard_some(slabs, slab, c);
    }
    r = add_slab(slabs);
    if (r < 0)
        return r;
    return guard_some(slabs, ILI_CONTAINER(slabs->list.prev, struct slab, link),
                      0);
}

/* Valgrind and LeakSanitizer learn of a stack when it is taken for the first
 * time.  As the lowest are taken first, those they know come before all others. */
static void annotate_new(const ili_slabs *slabs, struct slab *slab, size_t i,
                         void *base)
{
    unsigned id;

    if (i < slab->n_known)
        return;
    ILI_ASSERT(i == slab->n_known);
    slab->n_known++;
    id = ili_annotate_stack_new(base, slabs->kind->size);
    if (id != 0 && !slab->ids)
        slab->ids = calloc(slab->n, sizeof *slab->ids);
    if (slab->ids)
        slab->ids[i] = id;
}

/* Take up to n cold stacks of one slab. */
static size_t take_from(ili_slabs *slabs, struct slab *slab, void **bases,
                        size_t n)
{
    size_t taken = 0;

    for (size_t w = slab->lo / WORD_BITS; taken < n && slab->n_cold > 0;) {
        uint64_t chunks = slab->has_cold[w];
        size_t c, i;

        if (chunks == 0) {
            w++;
            continue;
        }
        c = w * WORD_BITS + (size_t)__builtin_ctzll(chunks);
        i = c * ILI_CHUNK + (size_t)__builtin_ctzll(slab->cold[c]);
        clear_cold(slabs, slab, c, slab->cold[c] & -slab->cold[c]);
        bases[taken] = stack_at(slabs, slab, i);
        annotate_new(slabs, slab, i, bases[taken]);
        taken++;
    }
    slabs->n_out += taken;
    return taken;
}

int ili_slabs_take(ili_slabs *slabs, void **bases, size_t n)
{
    size_t taken = 0;

    while (taken < n) {
        il_link *at;

        if (slabs->n_cold == 0 && make_cold(slabs) < 0)
            break;
        for (at = slabs->list.next; at != &slabs->list; at = at->next)
            taken += take_from(slabs, ILI_CONTAINER(at, struct slab, link),
                               bases + taken, n - taken);
    }
    return taken > 0 ? (int)taken : -ENOMEM;
}

/* --- Putting back --------------------------------------------------------- */

/* The slab of a stack, and its number there; NULL if it was unmapped. */
static struct slab *find(const ili_slabs *slabs, const char *base,
                         size_t *ret_i)
{
    size_t chunk = chunk_bytes(slabs->kind);

    /* The newest one is the largest. */
    for (il_link *at = slabs->list.prev; at != &slabs->list; at = at->prev) {
        struct slab *slab = ILI_CONTAINER(at, struct slab, link);

        if (base >= slab->first && base < slab->end) {
            size_t offset = (size_t)(base - slab->base);

            *ret_i = offset / chunk * ILI_CHUNK +
                     offset % chunk / slabs->kind->stride;
            return slab;
        }
    }
    return NULL;
}

/* Whether no stack of the chunk is out. */
static bool is_idle(const struct slab *slab, size_t c)
{
    return slab->cold[c] == LOWEST_BITS(slab->guarded[c]);
}

/* The same, and there is something to be had by razing it. */
static bool is_cold(const struct slab *slab, size_t c)
{
    return slab->guarded[c] > 0 && is_idle(slab, c);
}

static void make_bare(ili_slabs *slabs, struct slab *slab, size_t c)
{
    if (slab->guarded[c] == 0)
        return; /* and do not touch what was never touched */
    clear_cold(slabs, slab, c, slab->cold[c]);
    slab->guarded[c] = 0;
    if (slab->bare > c)
        slab->bare = c;
}

/* Map idle chunks anew.  If the kernel does not want to, and it may be at its
 * limit of mappings, nothing has happened. */
static bool raze(ili_slabs *slabs, struct slab *slab, size_t from, size_t to)
{
    if (!map(chunk_at(slabs, slab, from),
             (to - from) * chunk_bytes(slabs->kind)))
        return false;
    for (size_t c = from; c < to; c++)
        make_bare(slabs, slab, c);
    return true;
}

/* Raze a chunk if it is idle and too many stacks are cold, and with it those
 * behind that are idle, too: in larger pieces it costs less. */
static bool raze_if_many(ili_slabs *slabs, struct slab *slab, size_t c)
{
    size_t keep = slabs->kind->keep_cold;
    size_t to = c;

    if (slabs->n_cold <= keep || is_first(slabs, slab))
        return false;
    while (to < slab->hi && is_cold(slab, to) &&
           (to - c) * ILI_CHUNK < slabs->n_cold - keep)
        to++;
    return to > c && raze(slabs, slab, c, to);
}

void ili_slabs_put(ili_slabs *slabs, void **bases, size_t n)
{
    size_t n_released = 0;

    for (size_t k = 0; k < n; k++) {
        size_t i;
        struct slab *slab = find(slabs, bases[k], &i);

        set_cold(slabs, slab, i / ILI_CHUNK, (uint64_t)1 << i % ILI_CHUNK);
    }
    slabs->n_out -= n;
    for (size_t k = 0; k < n; k++) {
        size_t i;
        struct slab *slab = find(slabs, bases[k], &i);
        size_t c = i / ILI_CHUNK;

        /* Its neighbour in the chunk may have been here before. */
        if (slab->guarded[c] > 0 && !raze_if_many(slabs, slab, c))
            bases[n_released++] = bases[k];
    }
    ili_guard_release_pages(bases, slabs->kind->size, n_released);
}

/* Unmap the bare chunks at both ends; the slab itself when there are no
 * others. */
static void cut(ili_slabs *slabs, struct slab *slab)
{
    size_t lo = slab->lo;
    size_t hi = slab->hi;
    char *p;

    while (lo < hi && slab->guarded[lo] == 0)
        lo++;
    while (lo < hi && slab->guarded[hi - 1] == 0)
        hi--;
    if (lo == hi) {
        free_slab(slabs, slab);
        return;
    }
    if (lo > slab->lo) {
        annotate_gone(slabs, slab, slab->lo, lo);
        if (slab->n_known < lo * ILI_CHUNK)
            slab->n_known = lo * ILI_CHUNK;
        p = chunk_at(slabs, slab, lo);
        (void)munmap(slab->first, (size_t)(p - slab->first));
        slab->first = p;
        slab->lo = lo;
    }
    if (hi < slab->hi) {
        annotate_gone(slabs, slab, hi, slab->hi);
        p = chunk_at(slabs, slab, hi);
        (void)munmap(p, (size_t)(slab->end - p));
        slab->end = p;
        slab->hi = hi;
    }
}

void ili_slabs_shrink(ili_slabs *slabs, size_t n)
{
    il_link *next;

    for (il_link *at = slabs->list.next->next; at != &slabs->list; at = next) {
        struct slab *slab = ILI_CONTAINER(at, struct slab, link);

        next = at->next;
        for (size_t c = slab->lo; c < slab->hi && slab->n_cold > 0; c++) {
            if (!is_cold(slab, c))
                continue;
            if (n < ILI_CHUNK)
                return;
            n -= ILI_CHUNK;
            (void)raze(slabs, slab, c, c + 1);
        }
        cut(slabs, slab);
    }
}
