/* SPDX-License-Identifier: MIT */

/* queue.c - jobs that wait for a thread.
 *
 * A job is pushed onto a stack without a lock: a loop must not wait for threads
 * that it has nothing to do with.  Whoever has the pool's lock takes all of
 * that stack and turns it round, and so there is one queue in the order they
 * came, of which each job can be taken: by a thread, or back. */

#include "config.h"

#include "thread/pool.h"

#include "base/lock.h"

#include <errno.h>

/* What `incoming` of a closed pool is. */
static struct ili_job closed;

int ili_pool_push(il_pool *pool, struct ili_job *job)
{
    struct ili_job *head = __atomic_load_n(&pool->incoming, __ATOMIC_RELAXED);

    do {
        if (head == &closed)
            return -ESHUTDOWN;
        job->next = head;
    } while (!__atomic_compare_exchange_n(&pool->incoming, &head, job, true,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return 0;
}

bool ili_pool_has_incoming(il_pool *pool)
{
    struct ili_job *job = __atomic_load_n(&pool->incoming, __ATOMIC_SEQ_CST);

    return job && job != &closed;
}

/* All that has come in goes to the end of the queue, in the order it came. */
static void collect_for(il_pool *pool, struct ili_job *successor)
{
    struct ili_job *job =
        __atomic_exchange_n(&pool->incoming, successor, __ATOMIC_SEQ_CST);
    il_link *last = pool->queue.prev;

    for (; job; job = job->next) { /* the newest first */
        ili_list_insert_before(last->next, &job->link);
        pool->n_queued++;
    }
}

void ili_pool_collect(il_pool *pool)
{
    if (ili_pool_has_incoming(pool))
        collect_for(pool, NULL);
}

void ili_pool_refuse(il_pool *pool)
{
    collect_for(pool, &closed);
}

void ili_pool_unqueue(il_pool *pool, struct ili_job *job, int state)
{
    ili_list_remove(&job->link);
    pool->n_queued--;
    pool->n_taken++;
    __atomic_store_n(&job->state, state, __ATOMIC_RELEASE);
}

struct ili_job *ili_pool_take(il_pool *pool)
{
    struct ili_job *job;

    if (ili_list_empty(&pool->queue))
        ili_pool_collect(pool);
    if (ili_list_empty(&pool->queue))
        return NULL;
    job = ILI_CONTAINER(pool->queue.next, struct ili_job, link);
    ili_pool_unqueue(pool, job, ILI_JOB_RUNNING);
    return job;
}

bool ili_pool_take_back(il_pool *pool, struct ili_job *job)
{
    bool is_queued;

    ili_lock(&pool->lock);
    ili_pool_collect(pool);
    is_queued = __atomic_load_n(&job->state, __ATOMIC_RELAXED) ==
                ILI_JOB_QUEUED;
    if (is_queued)
        ili_pool_unqueue(pool, job, ILI_JOB_TAKEN);
    ili_unlock(&pool->lock);
    return is_queued;
}
