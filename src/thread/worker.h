/* SPDX-License-Identifier: MIT */
#ifndef ILI_THREAD_WORKER_H
#define ILI_THREAD_WORKER_H

/* worker.h - a thread of a pool, seen by the others of its crew.
 *
 * All of this wants the pool's lock to be held. */

#include "thread/pool.h"

enum ili_role { ILI_WORK, ILI_WATCH, ILI_LEAVE };

/* On the thread's own stack. */
struct ili_worker {
    il_link all;          /* in pool->workers */
    il_link link;         /* in pool->idle */
    struct ili_rest rest; /* how it waits for a role */
    enum ili_role role;   /* what it was called for */
    int is_busy;          /* atomic: runs a job, */
    const il_site *site;  /* which; may be NULL */
    unsigned n_jobs;      /* how many it has begun, */
    unsigned n_seen;      /* and at the watcher's last look */
    bool is_slow;         /* that was the same job */
};

static inline bool ili_worker_is_busy(const struct ili_worker *worker)
{
    return __atomic_load_n(&worker->is_busy, __ATOMIC_RELAXED);
}

/* --- crew.c --------------------------------------------------------------- */

/* How many work, or look for a job in the queue; not those of whom nobody knows
 * when they will look again. */
static inline unsigned ili_crew_count_awake(const il_pool *pool)
{
    return pool->n_threads - pool->n_idle - pool->n_slow -
           (pool->watcher ? 1 : 0);
}

/* Tell submitters what they have to do from now on. */
void ili_crew_update(il_pool *pool);

/* The watcher's look at those who work; `again`: it was some time ago that it
 * had the last one. */
void ili_crew_inspect(il_pool *pool, bool again);

/* A thread has finished a job. */
void ili_crew_is_back(il_pool *pool, struct ili_worker *me);

/* A thread has begun to run that was made for a role; returns which it has. */
enum ili_role ili_crew_join(il_pool *pool, struct ili_worker *me,
                            enum ili_role role);

/* A thread has nothing to do, and may be called; it looks for so long. */
void ili_crew_line_up(il_pool *pool, struct ili_worker *me, il_time spin_time);

/* It was not called, and cannot be any more. */
void ili_crew_step_out(il_pool *pool, struct ili_worker *me);

/* Find a thread for a role; false if there is none.  If one has to be woken,
 * `*ret_word` says where. */
bool ili_crew_find(il_pool *pool, enum ili_role role, int **ret_word);

/* Wake the one who sleeps on a word; NULL: nobody does.  Better without the
 * lock. */
void ili_crew_wake(int *word);

/* --- worker.c ------------------------------------------------------------- */

/* Make a thread.  0 or -ENOMEM. */
int ili_worker_start(il_pool *pool, enum ili_role role);

#endif
