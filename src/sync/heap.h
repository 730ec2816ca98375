/* SPDX-License-Identifier: MIT */
#ifndef ILI_SYNC_HEAP_H
#define ILI_SYNC_HEAP_H

/* heap.h - which element of a queue comes before all others. */

#include <interloop/queue.h>

/* An element's place among the others.  In il_queue.ranks as many as there is
 * room for; the first `count` are a heap, the others tell which places are
 * free. */
struct ili_rank {
    uint64_t number; /* so many were put before it */
    size_t place;    /* of the element */
};

/* All places are free. */
void ili_heap_init(il_queue *queue);

/* The place of a new element, which is in the heap from now on, but not yet
 * where it belongs: ili_heap_rise() once it is there. */
size_t ili_heap_add(il_queue *queue);

/* The place of the first element, which is out of the heap from now on; good
 * until the next one is added.  Another one is where it was, but does not belong
 * there: ili_heap_sink(). */
size_t ili_heap_take(il_queue *queue);

/* These call the user's function, and nobody else may use the queue
 * meanwhile. */
void ili_heap_rise(il_queue *queue);
void ili_heap_sink(il_queue *queue);

#endif
