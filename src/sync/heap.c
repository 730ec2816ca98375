/* SPDX-License-Identifier: MIT */

/* heap.c - which element of a queue comes before all others.
 *
 * A binary heap of ranks.  Elements stay where they were put: what moves is a
 * number and an index, however big they are, and the user's function never sees
 * one that is on its way.
 *
 * Of equals the one that was put first comes out first, because each has a
 * number and no two have the same.
 *
 * That function may be wrong about everything, and may even suspend: it decides
 * which rank goes where, but not whether one is lost, and `is_comparing` keeps
 * others out until all are back in their places.
 *
 * Rejected: a sorted list, which is quicker for a handful and slow for many.
 * Pairing heaps and the like, whose nodes must be allocated. */

#include "config.h"

#include "sync/heap.h"

#include "base/assert.h"

static struct ili_rank *ranks_of(const il_queue *queue)
{
    return queue->ranks;
}

static const void *element_at(const il_queue *queue, size_t place)
{
    return queue->elements + place * queue->element_size;
}

static bool comes_before(const il_queue *queue, struct ili_rank a,
                         struct ili_rank b)
{
    int r = queue->compare(element_at(queue, a.place),
                           element_at(queue, b.place), queue->compare_arg);

    return r < 0 || (r == 0 && a.number < b.number);
}

void ili_heap_init(il_queue *queue)
{
    for (size_t i = 0; i < queue->capacity; i++)
        ranks_of(queue)[i] = (struct ili_rank){ .place = i };
}

size_t ili_heap_add(il_queue *queue)
{
    struct ili_rank *rank = &ranks_of(queue)[queue->count++];

    rank->number = queue->n_put++;
    return rank->place;
}

size_t ili_heap_take(il_queue *queue)
{
    struct ili_rank *ranks = ranks_of(queue);
    size_t place = ranks[0].place;

    ranks[0] = ranks[--queue->count];
    ranks[queue->count].place = place;
    return place;
}

void ili_heap_rise(il_queue *queue)
{
    struct ili_rank *ranks = ranks_of(queue);
    size_t i = queue->count - 1;
    struct ili_rank rank = ranks[i];

    queue->is_comparing = true;
    while (i > 0) {
        size_t above = (i - 1) / 2;

        if (!comes_before(queue, rank, ranks[above]))
            break;
        ranks[i] = ranks[above];
        i = above;
    }
    ranks[i] = rank;
    queue->is_comparing = false;
}

void ili_heap_sink(il_queue *queue)
{
    struct ili_rank *ranks = ranks_of(queue);
    struct ili_rank rank = ranks[0];
    size_t i = 0;

    queue->is_comparing = true;
    for (;;) {
        size_t below = 2 * i + 1;

        if (below >= queue->count)
            break;
        if (below + 1 < queue->count &&
            comes_before(queue, ranks[below + 1], ranks[below]))
            below++;
        if (!comes_before(queue, ranks[below], rank))
            break;
        ranks[i] = ranks[below];
        i = below;
    }
    ranks[i] = rank;
    queue->is_comparing = false;
}
