/* SPDX-License-Identifier: MIT */

/* worker.c - the threads of a pool, and how many there are.
 *
 * Waking a thread takes as long as twenty short jobs, and threads that take
 * jobs from each other are slower than one that does them all.  So a pool does
 * with one thread, and a second works only if it has been seen that jobs have
 * to wait:
 *
 *   - A job that comes while nobody works wakes a thread: the one that fell
 *     asleep last, whose memory is in the caches.
 *   - One that comes while somebody works, and is not taken at once, wakes
 *     nobody to work, but if need be a thread that *keeps watch*: it sleeps for
 *     a moment and then looks whether jobs that were there before still are.
 *     For each of these it wakes or makes a thread, until there are as many as
 *     may be.
 *   - It goes to sleep itself when no job waits.
 *
 * So while a pool is busy with short jobs, nobody is woken but once in a while
 * the one who watches, and a submitter needs no lock; and a job never waits
 * behind one that blocks for longer than that moment.
 *
 * `attention` tells submitters which of these it is.  They push first and look
 * at it then; who lowers it writes it first and looks at what came in then.  So
 * one of the two sees the other.
 *
 * A thread that ends cannot join itself.  It leaves itself to be joined by the
 * next one that ends, or by who closes the pool.
 *
 * Rejected: threads that take several jobs each, so that these need the lock
 * more seldom; of those the ones behind a job that blocks would be lost to the
 * others, and to a cancel.  A timer of a loop instead of a thread that watches:
 * a loop that computes would have to look after jobs that others wait for. */

#include "config.h"

#include "thread/pool.h"

#include "base/lock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

/* How long the watcher sleeps at first, and at most while all goes well. */
#define WATCH_FIRST IL_US(100)
#define WATCH_LONGEST IL_MS(1.6)

enum role { ILI_WORK, ILI_WATCH, ILI_LEAVE };

/* On the thread's own stack. */
struct ili_worker {
    il_link all;         /* in pool->workers */
    il_link link;        /* in pool->idle */
    int word;            /* atomic: it sleeps on this while it is 0 */
    enum role role;      /* what it was woken for */
    int is_busy;         /* atomic: runs a job, */
    const il_site *site; /* which; may be NULL */
};

/* A watcher that was made and has not begun to run. */
static struct ili_worker unborn;

static __thread const il_pool *my_pool;
static __thread const struct ili_job *my_job;

static void *start_working(void *pool);
static void *start_watching(void *pool);

/* --- what is to be done, under the lock ----------------------------------- */

static unsigned count_awake(const il_pool *pool)
{
    return pool->n_threads - pool->n_idle - (pool->watcher ? 1 : 0);
}

static void set_attention(il_pool *pool)
{
    int attention = ILI_POOL_AWAKE;

    if (count_awake(pool) == 0)
        attention = ILI_POOL_ASLEEP;
    else if (pool->watcher ||
             (pool->n_threads >= pool->max_threads && pool->n_idle == 0))
        attention = ILI_POOL_WATCHED;
    if (pool->attention != attention)
        __atomic_store_n(&pool->attention, attention, __ATOMIC_SEQ_CST);
}

/* --- threads, under the lock ---------------------------------------------- */

/* Signals are for threads that know of them. */
static int create(il_pool *pool, enum role role)
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

/* Its first act is to lock the pool, so it may be counted after it was made. */
static bool add_thread(il_pool *pool, enum role role)
{
    if (pool->n_threads >= pool->max_threads || create(pool, role) < 0)
        return false;
    (void)__atomic_fetch_add(&pool->refs, 1, __ATOMIC_RELAXED);
    pool->n_threads++;
    pool->n_alive++;
    if (role == ILI_WATCH)
        pool->watcher = &unborn;
    return true;
}

/* A thread that sleeps gets a role.  Waking it comes later: returns its word. */
static int *assign(struct ili_worker *worker, enum role role)
{
    worker->role = role;
    __atomic_store_n(&worker->word, 1, __ATOMIC_RELEASE);
    return &worker->word;
}

static int *assign_idle(il_pool *pool, enum role role)
{
    struct ili_worker *worker =
        ILI_CONTAINER(pool->idle.next, struct ili_worker, link);

    ili_list_remove(&worker->link);
    pool->n_idle--;
    if (role == ILI_WATCH)
        pool->watcher = worker;
    return assign(worker, role);
}

/* Find a thread for a role; false if there is none.  If one has to be woken,
 * `*ret_word` says where. */
static bool find_thread(il_pool *pool, enum role role, int **ret_word)
{
    if (pool->n_idle > 0) {
        *ret_word = assign_idle(pool, role);
        return true;
    }
    return add_thread(pool, role);
}

/* The one who keeps watch is to work. */
static int *assign_watcher(il_pool *pool)
{
    struct ili_worker *watcher = pool->watcher;

    pool->watcher = NULL;
    return watcher == &unborn ? NULL : assign(watcher, ILI_WORK);
}

static bool is_busy(const struct ili_worker *worker)
{
    return __atomic_load_n(&worker->is_busy, __ATOMIC_RELAXED);
}

/* How many threads are about to look for a job.  One that has not begun to run
 * counts as none. */
static size_t count_free(const il_pool *pool)
{
    size_t n = 0;
    size_t others = pool->n_idle + (pool->n_alive - pool->n_threads) +
                    (pool->watcher && pool->watcher != &unborn ? 1 : 0);

    for (const il_link *link = pool->workers.next; link != &pool->workers;
         link = link->next)
        n += !is_busy(ILI_CONTAINER(link, struct ili_worker, all));
    return n > others ? n - others : 0;
}

/* Jobs are queued: see to it that somebody works, and that somebody keeps watch
 * over those that will not be taken at once.  False if there is nobody who
 * could work. */
static bool see_to_it(il_pool *pool, int **ret_word)
{
    if (count_awake(pool) == 0) {
        if (find_thread(pool, ILI_WORK, ret_word))
            return true;
        if (!pool->watcher)
            return false;
        *ret_word = assign_watcher(pool);
    } else if (!pool->watcher && !pool->is_closing &&
               pool->n_queued > count_free(pool)) {
        (void)find_thread(pool, ILI_WATCH, ret_word);
    }
    return true;
}

static void wake(int *word)
{
    if (word)
        ili_futex_wake(word);
}

/* --- submitting ----------------------------------------------------------- */

/* Apart, so that it is out of the way where the pool is watched. */
static __attribute__((noinline)) int attend(il_pool *pool, struct ili_job *job)
{
    int *word = NULL;
    int r = 0;

    ili_lock(&pool->lock);
    ili_pool_collect(pool);
    /* It may be gone already: someone else has woken a thread. */
    if (pool->n_queued > 0 && !see_to_it(pool, &word) &&
        __atomic_load_n(&job->state, __ATOMIC_RELAXED) == ILI_JOB_QUEUED) {
        ili_pool_unqueue(pool, job, ILI_JOB_TAKEN);
        r = -ENOMEM;
    }
    set_attention(pool);
    ili_unlock(&pool->lock);
    wake(word);
    return r;
}

int ili_pool_submit(il_pool *pool, struct ili_job *job)
{
    int r = ili_pool_push(pool, job);

    if (r < 0 ||
        __atomic_load_n(&pool->attention, __ATOMIC_SEQ_CST) == ILI_POOL_WATCHED)
        return r;
    return attend(pool, job);
}

void ili_pool_end_threads(il_pool *pool)
{
    ili_pool_refuse(pool);
    pool->is_closing = true;
    while (pool->n_idle > 0)
        wake(assign_idle(pool, ILI_WORK));
    if (pool->watcher)
        wake(assign_watcher(pool));
    set_attention(pool);
}

void ili_pool_fit(il_pool *pool)
{
    int *word = NULL;

    while (pool->n_threads > pool->max_threads && pool->n_idle > 0) {
        pool->n_threads--;
        wake(assign_idle(pool, ILI_LEAVE));
    }
    ili_pool_collect(pool);
    if (pool->n_queued > 0)
        (void)see_to_it(pool, &word);
    set_attention(pool);
    wake(word);
}

bool ili_pool_is_mine(const il_pool *pool)
{
    return my_pool == pool;
}

bool il_job_is_cancelled(void)
{
    return my_job && __atomic_load_n(&my_job->is_cancelled, __ATOMIC_RELAXED);
}

/* --- the life of a thread ------------------------------------------------- */

/* Until it is assigned a role; false if the deadline has come first. */
static bool sleep_until(struct ili_worker *me, il_time deadline)
{
    while (!__atomic_load_n(&me->word, __ATOMIC_ACQUIRE))
        if (!ili_futex_wait(&me->word, 0, deadline))
            return false;
    return true;
}

/* Each of these is called with the lock held, returns with it held, and says
 * what comes next. */

/* Nothing is to be done: sleep, but not for ever. */
static enum role rest(il_pool *pool, struct ili_worker *me)
{
    if (pool->is_closing) {
        pool->n_threads--;
        return ILI_LEAVE;
    }
    me->word = 0;
    me->role = ILI_LEAVE;
    ili_list_prepend(&pool->idle, &me->link);
    pool->n_idle++;
    set_attention(pool);
    /* Who pushed a job before that may have thought that we would look. */
    if (ili_pool_has_incoming(pool)) {
        ili_list_remove(&me->link);
        pool->n_idle--;
        set_attention(pool);
        return ILI_WORK;
    }
    ili_unlock(&pool->lock);

    (void)sleep_until(me,
                      ili_deadline_after(ili_clock_real(), pool->idle_time));

    ili_lock(&pool->lock);
    if (ili_list_linked(&me->link)) { /* nobody needs us */
        ili_list_remove(&me->link);
        pool->n_idle--;
        pool->n_threads--;
    }
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

static enum role work(il_pool *pool, struct ili_worker *me)
{
    struct ili_job *job;

    for (;;) {
        if (pool->n_threads > pool->max_threads) {
            pool->n_threads--;
            return ILI_LEAVE;
        }
        job = ili_pool_take(pool);
        if (!job)
            return rest(pool, me);
        __atomic_store_n(&me->is_busy, 1, __ATOMIC_RELAXED);
        me->site = job->site;
        ili_unlock(&pool->lock);

        my_job = job;
        finish(me, job, job->fn(job->arg));
        my_job = NULL;

        ili_lock(&pool->lock);
    }
}

/* So many jobs have waited too long: a thread for each.  False if there are not
 * enough. */
static bool spread(il_pool *pool, uint64_t n)
{
    for (; n > 0; n--) {
        int *word = NULL;

        if (!find_thread(pool, ILI_WORK, &word))
            return false;
        wake(word);
    }
    return true;
}

static enum role watch(il_pool *pool, struct ili_worker *me)
{
    il_time period = WATCH_FIRST;

    for (;;) {
        uint64_t seen;
        bool assigned;

        ili_pool_collect(pool);
        seen = pool->n_taken + pool->n_queued;
        me->word = 0;
        ili_unlock(&pool->lock);

        assigned = sleep_until(me, ili_clock_real() + period);

        ili_lock(&pool->lock);
        if (assigned || pool->watcher != me)
            return me->role;
        ili_pool_collect(pool);
        if (pool->n_queued == 0) {
            pool->watcher = NULL;
            return rest(pool, me);
        }
        if (period < WATCH_LONGEST)
            period *= 2;
        if (pool->n_taken >= seen)
            continue;
        if (!spread(pool, seen - pool->n_taken)) {
            pool->watcher = NULL;
            set_attention(pool);
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

static void *live(il_pool *pool, enum role role)
{
    struct ili_worker me = { .word = 0 };

    my_pool = pool;
    (void)pthread_setname_np(pthread_self(), pool->name);
    ili_lock(&pool->lock);
    ili_list_append(&pool->workers, &me.all);
    if (role == ILI_WATCH && pool->watcher == &unborn)
        pool->watcher = &me;
    else
        role = ILI_WORK;
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

/* --- for pool.c ----------------------------------------------------------- */

void ili_pool_each_busy(il_pool *pool, void (*fn)(const il_site *, void *arg),
                        void *arg)
{
    for (il_link *link = pool->workers.next; link != &pool->workers;
         link = link->next) {
        struct ili_worker *worker = ILI_CONTAINER(link, struct ili_worker, all);

        if (is_busy(worker))
            fn(worker->site, arg);
    }
}
