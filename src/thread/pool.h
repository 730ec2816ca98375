/* SPDX-License-Identifier: MIT */
#ifndef ILI_THREAD_POOL_H
#define ILI_THREAD_POOL_H

/* pool.h - threads that run jobs, seen from inside.
 *
 * A job goes this way:
 *
 *     task            incoming ----> queue ----> a worker
 *       push            a stack,       a list,     runs it, wakes the task
 *                       no lock        in order
 *
 *     state     | where                    | left by
 *     ----------+--------------------------+--------------------------------------
 *     QUEUED    | incoming or queue        | a worker, a cancel, the pool's end
 *     RUNNING   | a worker has it          | its end; a cancel, if abandonable
 *     DONE      | its task will be woken   |
 *     TAKEN     | the task's again         |
 *     ABANDONED | the worker's alone       | its end
 *
 * QUEUED is left under the pool's lock, RUNNING by whoever changes it first.
 * The job is on the stack of its task, but one that can be abandoned is on the
 * heap: then the task frees it, or after ABANDONED the worker. */

#include "base/list.h"
#include "loop/sleeper.h"
#include "thread/rest.h"

#include <interloop/local.h>
#include <interloop/offload.h>

#include <pthread.h>

enum ili_job_state {
    ILI_JOB_QUEUED,
    ILI_JOB_RUNNING,
    ILI_JOB_DONE,
    ILI_JOB_TAKEN,
    ILI_JOB_ABANDONED,
};

struct ili_job {
    struct ili_job *next; /* in pool->incoming: the one before */
    il_link link;         /* in pool->queue */
    il_job_fn *fn;
    void *arg;
    void (*destroy)(void *arg, int result); /* may be NULL */
    const il_site *site;                    /* may be NULL */
    const il_locals *locals;                /* what it sees; its task's */
    struct ili_sleeper *sleeper;            /* whom to wake; not if ABANDONED */
    int state;                              /* atomic */
    int is_cancelled;                       /* atomic: for the job itself */
    int result;                             /* once DONE */
    bool can_abandon;                       /* and is on the heap */
};

/* What a submitter has to do after a push. */
enum ili_attention {
    ILI_POOL_ASLEEP, /* nobody works: wake a thread */
    ILI_POOL_AWAKE,  /* somebody works: see to it that a thread keeps watch */
    ILI_POOL_WATCHED, /* nothing: somebody keeps watch, or all that may work do */
};

struct il_pool {
    /* What submitters write, on a line of their own. */
    _Alignas(64) struct ili_job *incoming; /* atomic; newest first; or closed */
    int attention;                         /* atomic; written under the lock */

    _Alignas(64) int lock; /* for all of the following */
    ili_list queue;        /* ili_job.link, in the order they came */
    size_t n_queued;
    uint64_t n_taken;           /* jobs that have left the queue, ever */
    ili_list workers;           /* worker.all: every thread */
    ili_list idle;              /* worker.link: they rest, the latest first,
                                   but for one that spins */
    struct ili_spin spin;       /* for how long that pays */
    struct ili_worker *watcher; /* keeps watch; NULL: nobody does */
    unsigned n_threads;         /* those that stay */
    unsigned n_idle;
    unsigned n_slow;  /* is_slow of these: they may block for ever */
    unsigned n_alive; /* the leaving ones, too */
    unsigned max_threads;
    bool is_closing;
    bool is_deserted;           /* nobody waits for its threads any more */
    bool has_zombie;            /* a thread has ended and is to be joined: */
    pthread_t zombie;           /* by the next one that ends, or who closes */
    struct ili_sleeper *closer; /* whom to wake when no thread is left */

    il_time idle_time;
    size_t stack_size;
    char name[16];
    unsigned users; /* atomic: references of others */
    unsigned refs;  /* atomic: one for all of those, one for each thread */
};

/* --- queue.c -------------------------------------------------------------- */

/* Put a job where those who take jobs will look.  0 or -ESHUTDOWN. */
int ili_pool_push(il_pool *pool, struct ili_job *job);

/* Whether something was pushed that is not in the queue. */
bool ili_pool_has_incoming(il_pool *pool);

/* Take a job back; false if it has begun, or was ended by the pool. */
bool ili_pool_take_back(il_pool *pool, struct ili_job *job);

/* Those below want the lock to be held. */

/* Everything that was pushed is in the queue after this. */
void ili_pool_collect(il_pool *pool);

/* The same, and from now on no job can be pushed. */
void ili_pool_refuse(il_pool *pool);

/* A job leaves the queue and gets a state. */
void ili_pool_unqueue(il_pool *pool, struct ili_job *job, int state);

/* The first job, RUNNING from now on; NULL: there is none. */
struct ili_job *ili_pool_take(il_pool *pool);

/* --- crew.c --------------------------------------------------------------- */

/* Queue a job and see to it that it is run.  0, -ESHUTDOWN or -ENOMEM; then it
 * is the caller's. */
int ili_pool_submit(il_pool *pool, struct ili_job *job);

/* Those below want the lock to be held. */

/* No job comes any more, threads without one leave. */
void ili_pool_end_threads(il_pool *pool);

/* There may be more threads than before, or fewer. */
void ili_pool_fit(il_pool *pool);

/* --- worker.c ------------------------------------------------------------- */

/* Whether this thread is one of the pool's. */
bool ili_pool_is_mine(const il_pool *pool);

/* Where each job was offloaded that runs now, in other threads than this one;
 * NULL: unknown.  Wants the lock to be held. */
void ili_pool_each_busy(il_pool *pool,
                        void (*fn)(const il_site *site, void *arg), void *arg);

/* --- pool.c --------------------------------------------------------------- */

/* Drop a thread's reference. */
void ili_pool_release(il_pool *pool);

/* The process's pool, which the loop then uses until it closes. */
int ili_pool_of_loop(il_loop *loop, il_pool **ret_pool);

#endif
