/* SPDX-License-Identifier: MIT */

/* pool.c - the life of pools, and the one that the process has.
 *
 * A pool outlives those who use it as long as one of its threads does: a job
 * that would not end when the pool was closed still needs it when it does end.
 *
 * The process's pool has a user in each loop that has ever run a job.  It is
 * made for the first of them and closed with the last one, within what is left
 * of that loop's grace.  So a program that has no loop any more has no such
 * threads either, and a library that uses loops leaves none behind.
 *
 * Rejected: a pool for each loop, whose threads would be too many where loops
 * are many; the jobs of all of them block in the same kernel and wait for the
 * same disk.  Threads that stay for ever: leak checkers find them, and a
 * library could not be unloaded. */

#include "config.h"

#include <interloop/offload.h>

#include "thread/pool.h"

#include "base/lock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough to wait for many things, few enough for a machine. */
#define MAX_THREADS 32u
#define IDLE_TIME IL_SEC(5)

static int process_lock;       /* for the following */
static il_pool *process_pool;  /* NULL: nobody uses it */
static unsigned process_users; /* loops */
static unsigned process_max_threads = MAX_THREADS;

/* --- life ----------------------------------------------------------------- */

/* Better now than with each job. */
static bool can_have_stack(size_t size)
{
    pthread_attr_t attr;
    bool can = true;

    if (size > 0 && pthread_attr_init(&attr) == 0) {
        can = pthread_attr_setstacksize(&attr, size) == 0;
        (void)pthread_attr_destroy(&attr);
    }
    return can;
}

int il_pool_new(const il_pool_options *options, il_pool **ret_pool)
{
    static const il_pool_options standard;
    il_pool *pool;

    if (!options)
        options = &standard;
    ILI_RETURN_IF_FAIL(ret_pool && options->idle_time >= 0, -EINVAL);
    ILI_RETURN_IF_FAIL(can_have_stack(options->stack_size), -EINVAL);
    pool = aligned_alloc(_Alignof(il_pool), sizeof *pool);
    if (!pool)
        return -ENOMEM;
    memset(pool, 0, sizeof *pool);
    ili_list_init(&pool->queue);
    ili_list_init(&pool->workers);
    ili_list_init(&pool->idle);
    ili_spin_init(&pool->spin);
    pool->max_threads = options->max_threads ? options->max_threads
                                             : MAX_THREADS;
    pool->idle_time = options->idle_time ? options->idle_time : IDLE_TIME;
    pool->stack_size = options->stack_size;
    (void)snprintf(pool->name, sizeof pool->name, "%s",
                   options->name ? options->name : "il-pool");
    pool->users = 1;
    pool->refs = 1;
    *ret_pool = pool;
    return 0;
}

void ili_pool_release(il_pool *pool)
{
    if (__atomic_fetch_sub(&pool->refs, 1, __ATOMIC_ACQ_REL) == 1)
        free(pool);
}

il_pool *il_pool_ref(il_pool *pool)
{
    (void)__atomic_fetch_add(&pool->users, 1, __ATOMIC_RELAXED);
    return pool;
}

/* --- closing -------------------------------------------------------------- */

/* Where a job was offloaded that would not end. */
struct stuck {
    const il_site **sites; /* room for each */
    size_t n;
};

static void note_stuck(const il_site *site, void *arg)
{
    struct stuck *stuck = arg;

    if (stuck->sites)
        stuck->sites[stuck->n] = site;
    stuck->n++;
}

static void report_stuck(void *arg)
{
    const struct stuck *stuck = arg;

    for (size_t i = 0; i < stuck->n; i++) {
        const il_site *site = stuck->sites ? stuck->sites[i] : NULL;
        const il_report report = {
            .kind = IL_REPORT_STUCK_JOB,
            .error = -ETIMEDOUT,
            .task_name = site && site->name ? site->name : "(unnamed)",
            .file = site && site->file ? site->file : "?",
            .line = site ? site->line : 0,
            .message = "job did not end when its pool closed",
        };

        ili_report_outside(&report);
    }
}

/* The closer has waited long enough. */
static bool stop_waiting(struct ili_sleeper *me)
{
    il_pool *pool = me->slot;
    bool is_waiting;

    ili_lock(&pool->lock);
    is_waiting = pool->closer == me;
    pool->closer = NULL;
    ili_unlock(&pool->lock);
    return is_waiting;
}

/* The time is up: nobody waits for the threads any more, jobs that have not
 * begun will not, and those that run are noted. */
static void desert(il_pool *pool, struct stuck *stuck)
{
    ili_list ended;

    ili_list_init(&ended);
    ili_lock(&pool->lock);
    pool->is_deserted = pool->n_alive > 0;
    while (!ili_list_empty(&pool->queue)) {
        struct ili_job *job =
            ILI_CONTAINER(pool->queue.next, struct ili_job, link);

        ili_pool_unqueue(pool, job, ILI_JOB_DONE);
        ili_list_append(&ended, &job->sleeper->node.link);
    }
    stuck->sites = calloc(pool->n_alive + 1, sizeof *stuck->sites);
    ili_pool_each_busy(pool, note_stuck, stuck);
    ili_unlock(&pool->lock);
    ili_sleepers_wake(&ended, -ESHUTDOWN);
}

/* A virtual clock stands still meanwhile, but not for longer than the grace. */
static int wait_in_task(struct ili_sleeper *me, il_time deadline)
{
    il_loop *loop = me->loop;
    il_time before = loop->away_by;
    int r;

    if (deadline < before)
        loop->away_by = deadline;
    loop->n_away++;
    r = ili_sleep(me, deadline - ili_clock_real(), "the threads of a pool");
    loop->n_away--;
    loop->away_by = before;
    return r;
}

/* With a sleeper for the caller, on the real clock. */
static int close_pool(il_pool *pool, struct ili_sleeper *me, il_time deadline)
{
    struct stuck stuck = { NULL, 0 };
    bool waits;
    int r = 0;

    ili_lock(&pool->lock);
    if (pool->is_closing) {
        ili_unlock(&pool->lock);
        return -EALREADY;
    }
    ili_pool_end_threads(pool);
    waits = pool->n_alive > 0;
    if (waits)
        pool->closer = me;
    ili_unlock(&pool->lock);

    if (waits)
        r = me->task ? wait_in_task(me, deadline)
                     : ili_sleep(me, deadline - ili_clock_real(), "");
    if (r < 0)
        desert(pool, &stuck);
    else if (pool->has_zombie)
        (void)pthread_join(pool->zombie, NULL);
    if (stuck.n > 0)
        ili_run_outside(report_stuck, &stuck);
    free(stuck.sites);
    return r;
}

int il_pool_close(il_pool *pool, il_time grace)
{
    il_time deadline = ili_deadline_after(ili_clock_real(), grace);
    struct ili_sleeper me;
    il_scope shield;
    bool is_shielded;
    int r;

    ILI_RETURN_IF_FAIL(pool, -EINVAL);
    ILI_RETURN_IF_FAIL(!ili_pool_is_mine(pool), -EDEADLK);
    is_shielded = il_scope_enter_shield(&shield, IL_FOREVER) == 0;
    r = ili_sleeper_init(&me, stop_waiting, pool);
    if (r == 0)
        r = close_pool(pool, &me, deadline);
    if (is_shielded)
        (void)il_scope_leave(&shield, 0);
    return r;
}

il_pool *il_pool_unref(il_pool *pool)
{
    if (pool && __atomic_fetch_sub(&pool->users, 1, __ATOMIC_ACQ_REL) == 1) {
        struct ili_sleeper me;

        ili_sleeper_init_thread(&me, stop_waiting, pool);
        (void)close_pool(pool, &me, 0);
        ili_pool_release(pool);
    }
    return NULL;
}

/* --- the process's pool --------------------------------------------------- */

/* In the child of a fork: of the threads, this one alone is there. */
static void forget(void)
{
    process_lock = 0;
    process_pool = NULL;
    process_users = 0;
}

static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, forget);
}

/* A callback for when the loop closes. */
static void stop_using(void *arg)
{
    il_loop *loop = arg;
    il_pool *pool = NULL;
    struct ili_sleeper me;

    ili_lock(&process_lock);
    if (--process_users == 0) {
        pool = process_pool;
        process_pool = NULL;
    }
    ili_unlock(&process_lock);
    if (!pool)
        return;
    ili_sleeper_init_thread(&me, stop_waiting, pool);
    (void)close_pool(pool, &me, loop->away_by);
    (void)il_pool_unref(pool);
}

static int use_process_pool(void)
{
    const il_pool_options options = { .max_threads = process_max_threads };
    int r = 0;

    if (!process_pool)
        r = il_pool_new(&options, &process_pool);
    if (r == 0)
        process_users++;
    return r;
}

int ili_pool_of_loop(il_loop *loop, il_pool **ret_pool)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int r;

    if (ILI_LIKELY(loop->pool != NULL)) {
        *ret_pool = loop->pool;
        return 0;
    }
    (void)pthread_once(&once, watch_forks);
    ili_lock(&process_lock);
    r = use_process_pool();
    if (r == 0)
        loop->pool = process_pool;
    ili_unlock(&process_lock);
    if (r < 0)
        return r;
    loop->leave_pool = (il_callback)IL_CALLBACK_INIT(stop_using, loop);
    (void)il_loop_at_close(loop, &loop->leave_pool);
    *ret_pool = loop->pool;
    return 0;
}

/* --- settings and counts -------------------------------------------------- */

/* For the process's pool, which may end meanwhile. */
static il_pool *pin(il_pool *pool)
{
    if (pool)
        return pool;
    ili_lock(&process_lock);
    return process_pool;
}

static void unpin(const il_pool *pool)
{
    if (!pool)
        ili_unlock(&process_lock);
}

int il_pool_set_max_threads(il_pool *pool, unsigned max_threads)
{
    il_pool *pinned;

    ILI_RETURN_IF_FAIL(max_threads > 0, -EINVAL);
    pinned = pin(pool);
    if (!pool)
        process_max_threads = max_threads;
    if (pinned) {
        ili_lock(&pinned->lock);
        pinned->max_threads = max_threads;
        ili_pool_fit(pinned);
        ili_unlock(&pinned->lock);
    }
    unpin(pool);
    return 0;
}

size_t il_pool_count_threads(il_pool *pool)
{
    il_pool *pinned = pin(pool);
    size_t n = 0;

    if (pinned) {
        ili_lock(&pinned->lock);
        n = pinned->n_threads;
        ili_unlock(&pinned->lock);
    }
    unpin(pool);
    return n;
}

size_t il_pool_count_waiting(il_pool *pool)
{
    il_pool *pinned = pin(pool);
    size_t n = 0;

    if (pinned) {
        ili_lock(&pinned->lock);
        ili_pool_collect(pinned);
        n = pinned->n_queued;
        ili_unlock(&pinned->lock);
    }
    unpin(pool);
    return n;
}
