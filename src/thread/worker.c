/* SPDX-License-Identifier: MIT */

/* worker.c - the life of a thread of a pool.
 *
 * It works, keeps watch, or rests until it is called to do either; crew.c says
 * what for.  Then it leaves: when it has rested for too long, when there are too
 * many, or when the pool closes.
 *
 * A thread that ends cannot join itself.  It leaves itself to be joined by the
 * next one that ends, or by who closes the pool. */

#include "config.h"

#include "thread/worker.h"

#include "base/lock.h"
#include "task/local.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

/* How long the watcher sleeps at first, and at most while all goes well. */
#define WATCH_FIRST IL_US(100)
#define WATCH_LONGEST IL_MS(1.6)

static __thread const il_pool *my_pool;
static __thread const struct ili_worker *my_self;
static __thread const struct ili_job *my_job;

bool ili_pool_is_mine(const il_pool *pool)
{
    return my_pool == pool;
}

bool il_job_is_cancelled(void)
{
    return my_job && __atomic_load_n(&my_job->is_cancelled, __ATOMIC_RELAXED);
}

/* Each of these is called with the lock held, returns with it held, and says
 * what comes next. */

/* Nothing is to be done: wait, but not for ever. */
static enum ili_role rest(il_pool *pool, struct ili_worker *me,
                          il_time spin_time)
{
    if (pool->is_closing) {
        pool->n_threads--;
        return ILI_LEAVE;
    }
    ili_crew_line_up(pool, me, spin_time);
    /* Who pushed a job before that may have thought that we would look. */
    if (ili_pool_has_incoming(pool)) {
        ili_crew_step_out(pool, me);
        ili_crew_update(pool);
        return ILI_WORK;
    }
    ili_unlock(&pool->lock);

    ili_rest(&me->rest, ili_deadline_after(me->rest.since, pool->idle_time));

    ili_lock(&pool->lock);
    if (ili_list_linked(&me->link)) { /* nobody needs us */
        ili_crew_step_out(pool, me);
        pool->n_threads--;
    }
    if (me->role != ILI_WATCH)
        ili_spin_learn(&pool->spin, &me->rest);
    return me->role;
}

/* The job has returned.  What it is in may go as soon as its task is woken; and
 * that one may have another job at once, which we will take. */
static void finish(struct ili_worker *me, struct ili_job *job, int result)
{
    int running = ILI_JOB_RUNNING;

    job->result = result;
    if (job->can_abandon &&
        !__atomic_compare_exchange_n(&job->state, &running, ILI_JOB_DONE, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (job->destroy)
            job->destroy(job->arg, result);
        free(job);
        __atomic_store_n(&me->is_busy, 0, __ATOMIC_RELAXED);
    } else {
        __atomic_store_n(&me->is_busy, 0, __ATOMIC_RELAXED);
        ili_sleeper_wake(job->sleeper, 0);
    }
}

/* How long it is to look for the next job; not if others do that anyway. */
static il_time spin_time(const il_pool *pool, il_time since, unsigned n_jobs)
{
    if (pool->spin.time == 0 || ili_crew_count_awake(pool) > 1)
        return 0;
    return ili_spin_time(&pool->spin, ili_clock_real(), since, n_jobs);
}

static int run(const struct ili_job *job)
{
    int result;

    ili_locals_lent = job->locals;
    result = job->fn(job->arg);
    ili_locals_lent = NULL;
    return result;
}

static enum ili_role work(il_pool *pool, struct ili_worker *me)
{
    struct ili_job *job;
    unsigned n_jobs = 0;
    il_time since = 0;

    for (;;) {
        if (pool->n_threads > pool->max_threads) {
            pool->n_threads--;
            return ILI_LEAVE;
        }
        job = ili_pool_take(pool);
        if (!job)
            return rest(pool, me, spin_time(pool, since, n_jobs));
        __atomic_store_n(&me->is_busy, 1, __ATOMIC_RELAXED);
        me->site = job->site;
        me->n_jobs++;
        ili_unlock(&pool->lock);
        if (n_jobs++ == 0)
            since = ili_clock_real();

        my_job = job;
        finish(me, job, run(job));
        my_job = NULL;

        ili_lock(&pool->lock);
        ili_crew_is_back(pool, me);
    }
}

/* So many jobs have waited too long: a thread for each.  False if there are not
 * enough. */
static bool spread(il_pool *pool, uint64_t n)
{
    for (; n > 0; n--) {
        int *word = NULL;

        if (!ili_crew_find(pool, ILI_WORK, &word))
            return false;
        ili_crew_wake(word);
    }
    return true;
}

static enum ili_role watch(il_pool *pool, struct ili_worker *me)
{
    il_time period = WATCH_FIRST;

    ili_crew_inspect(pool, false);
    for (;;) {
        uint64_t seen;

        ili_pool_collect(pool);
        seen = pool->n_taken + pool->n_queued;
        ili_rest_begin(&me->rest, ili_clock_real(), 0);
        ili_unlock(&pool->lock);

        ili_rest(&me->rest, me->rest.since + period);

        ili_lock(&pool->lock);
        if (ili_rest_is_over(&me->rest))
            return me->role;
        ili_crew_inspect(pool, true);
        ili_pool_collect(pool);
        if (pool->n_queued == 0) {
            pool->watcher = NULL;
            return rest(pool, me, 0);
        }
        if (period < WATCH_LONGEST)
            period *= 2;
        if (pool->n_taken >= seen)
            continue;
        if (!spread(pool, seen - pool->n_taken)) {
            pool->watcher = NULL;
            ili_crew_update(pool);
            return ILI_WORK;
        }
        period = WATCH_FIRST;
    }
}

/* With the lock held; gives it back for good. */
static void leave(il_pool *pool, struct ili_worker *me)
{
    bool has_other = pool->has_zombie;
    pthread_t other = pool->zombie;
    struct ili_sleeper *closer = NULL;

    ili_list_remove(&me->all);
    pool->n_alive--;
    ili_pool_fit(pool); /* those who stay have to do what is left */
    pool->has_zombie = pool->n_alive > 0 || !pool->is_deserted;
    pool->zombie = pthread_self();
    if (!pool->has_zombie)
        (void)pthread_detach(pthread_self());
    if (pool->n_alive == 0) {
        closer = pool->closer;
        pool->closer = NULL;
    }
    ili_unlock(&pool->lock);

    if (has_other)
        (void)pthread_join(other, NULL);
    if (closer)
        ili_sleeper_wake(closer, 0);
    ili_pool_release(pool);
}

static void *live(il_pool *pool, enum ili_role role)
{
    struct ili_worker me = { .is_busy = 0 };

    my_pool = pool;
    my_self = &me;
    (void)pthread_setname_np(pthread_self(), pool->name);
    ili_lock(&pool->lock);
    role = ili_crew_join(pool, &me, role);
    while (role != ILI_LEAVE)
        role = role == ILI_WATCH ? watch(pool, &me) : work(pool, &me);
    leave(pool, &me);
    return NULL;
}

static void *start_working(void *pool)
{
    return live(pool, ILI_WORK);
}

static void *start_watching(void *pool)
{
    return live(pool, ILI_WATCH);
}

/* --- making one ----------------------------------------------------------- */

/* Signals are for threads that know of them. */
int ili_worker_start(il_pool *pool, enum ili_role role)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    int r;

    if (pthread_attr_init(&attr) != 0)
        return -ENOMEM;
    r = pool->stack_size ? pthread_attr_setstacksize(&attr, pool->stack_size)
                         : 0;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    if (r == 0)
        r = pthread_create(&thread, &attr,
                           role == ILI_WATCH ? start_watching : start_working,
                           pool);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
    return r == 0 ? 0 : -ENOMEM;
}

/* --- for pool.c ----------------------------------------------------------- */

void ili_pool_each_busy(il_pool *pool, void (*fn)(const il_site *, void *arg),
                        void *arg)
{
    for (il_link *link = pool->workers.next; link != &pool->workers;
         link = link->next) {
        struct ili_worker *worker = ILI_CONTAINER(link, struct ili_worker, all);

        if (worker != my_self && ili_worker_is_busy(worker))
            fn(worker->site, arg);
    }
}
