/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_LOOKAHEAD_H
#define ILI_TASK_LOOKAHEAD_H

/* lookahead.h - fetch into the cache what will run soon.
 *
 * With many tasks, each one's page is far away when its turn comes, and the
 * ready queue, whose links are in these pages, says only who is next.  So the
 * order is written down a second time, in an array, and some steps before a task
 * gets the thread the processor is told to fetch what it will touch.
 *
 * The array holds addresses that are never followed, only fetched: if it is
 * wrong, nothing but time is lost.  With few tasks there is none. */

#include "base/assert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many tasks ahead: a step is some 8 ns, a fetch some 100. */
#define ILI_LOOKAHEAD_STEPS 4u

typedef struct ili_glance {
    const char *task; /* its control block */
    const char *sp;   /* where its stack is parked */
} ili_glance;

typedef struct ili_lookahead {
    ili_glance *ring; /* ready tasks in their order; NULL: none is kept */
    uint32_t mask;    /* a power of two less one */
    uint32_t in;      /* the next to be noted */
    uint32_t out;     /* the next to get the thread */
    size_t most;      /* more tasks need a larger ring */
    size_t least;     /* fewer need only a smaller one, or none */
    ili_glance *room; /* what is mapped for it; NULL: nothing */
    size_t n_room;    /* how many entries */
} ili_lookahead;

/* lookahead.c */
void ili_lookahead_init(ili_lookahead *ahead);
void ili_lookahead_fini(ili_lookahead *ahead);

/* There are n tasks.  False if there has been no ring until now: then note all
 * that are ready. */
bool ili_lookahead_resize(ili_lookahead *ahead, size_t n);

/* A task was queued. */
static inline void ili_lookahead_note(ili_lookahead *ahead, const void *task,
                                      const void *sp)
{
    if (ILI_UNLIKELY(ahead->ring != NULL))
        ahead->ring[ahead->in++ & ahead->mask] = (ili_glance){ task, sp };
}

/* The first task in the queue gets the thread. */
static inline void ili_lookahead_step(ili_lookahead *ahead)
{
    if (ILI_UNLIKELY(ahead->ring != NULL)) {
        uint32_t i = ahead->out++ + ILI_LOOKAHEAD_STEPS;
        const ili_glance *g = &ahead->ring[i & ahead->mask];

        __builtin_prefetch(g->task, 1);
        __builtin_prefetch(g->sp, 1);
        __builtin_prefetch(g->sp + 64, 1);
        __builtin_prefetch(g->sp + 128, 1);
    }
}

#endif
