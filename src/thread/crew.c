/* SPDX-License-Identifier: MIT */

/* crew.c - how many threads of a pool work.
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
 *     Who is still in the job that it was in a moment before is *slow*, and from
 *     now on does not count as working: the next job wakes a thread at once.
 *   - It goes to sleep itself when no job waits.
 *   - A thread that has done its job and finds no other looks for one for a
 *     while before it sleeps, if that has paid lately; see rest.c.
 *
 * So while a pool is busy with short jobs, nobody is woken but once in a while
 * the one who watches, and a submitter needs no lock; and a job never waits
 * behind one that blocks for longer than that moment.
 *
 * `attention` tells submitters which of these it is.  They push first and look
 * at it then; who lowers it writes it first and looks at what came in then.  So
 * one of the two sees the other.
 *
 * Rejected: threads that take several jobs each, so that these need the lock
 * more seldom; of those the ones behind a job that blocks would be lost to the
 * others, and to a cancel.  A timer of a loop instead of a thread that watches:
 * a loop that computes would have to look after jobs that others wait for. */

#include "config.h"

#include "thread/worker.h"

#include "base/lock.h"

#include <errno.h>

/* A watcher that was made and has not begun to run. */
static struct ili_worker unborn;

void ili_crew_wake(int *word)
{
    if (word)
        ili_futex_wake(word);
}

void ili_crew_update(il_pool *pool)
{
    int attention = ILI_POOL_AWAKE;

    if (!pool->watcher && pool->n_threads >= pool->max_threads &&
        pool->n_idle == 0)
        attention = ILI_POOL_WATCHED;
    else if (ili_crew_count_awake(pool) == 0)
        attention = ILI_POOL_ASLEEP;
    else if (pool->watcher)
        attention = ILI_POOL_WATCHED;
    if (pool->attention != attention)
        __atomic_store_n(&pool->attention, attention, __ATOMIC_SEQ_CST);
}

void ili_crew_inspect(il_pool *pool, bool again)
{
    for (il_link *link = pool->workers.next; link != &pool->workers;
         link = link->next) {
        struct ili_worker *worker = ILI_CONTAINER(link, struct ili_worker, all);

        if (again && !worker->is_slow && ili_worker_is_busy(worker) &&
            worker->n_jobs == worker->n_seen) {
            worker->is_slow = true;
            pool->n_slow++;
        }
        worker->n_seen = worker->n_jobs;
    }
    ili_crew_update(pool);
}

void ili_crew_is_back(il_pool *pool, struct ili_worker *me)
{
    if (!me->is_slow)
        return;
    me->is_slow = false;
    pool->n_slow--;
    ili_crew_update(pool);
}

/* --- threads -------------------------------------------------------------- */

/* Its first act is to lock the pool, so it may be counted after it was made. */
static bool add_thread(il_pool *pool, enum ili_role role)
{
    if (pool->n_threads >= pool->max_threads ||
        ili_worker_start(pool, role) < 0)
        return false;
    (void)__atomic_fetch_add(&pool->refs, 1, __ATOMIC_RELAXED);
    pool->n_threads++;
    pool->n_alive++;
    if (role == ILI_WATCH)
        pool->watcher = &unborn;
    return true;
}

enum ili_role ili_crew_join(il_pool *pool, struct ili_worker *me,
                            enum ili_role role)
{
    ili_list_append(&pool->workers, &me->all);
    if (role != ILI_WATCH || pool->watcher != &unborn)
        return ILI_WORK;
    pool->watcher = me;
    return ILI_WATCH;
}

/* A thread that rests gets a role.  Waking it comes later: returns its word, or
 * NULL if it does not sleep. */
static int *assign(struct ili_worker *worker, enum ili_role role)
{
    int *word = NULL;

    worker->role = role;
    ili_rest_call(&worker->rest, &word);
    return word;
}

static struct ili_worker *first_idle(const il_pool *pool)
{
    return ILI_CONTAINER(pool->idle.next, struct ili_worker, link);
}

static int *assign_idle(il_pool *pool, enum ili_role role)
{
    struct ili_worker *worker = first_idle(pool);

    ili_list_remove(&worker->link);
    pool->n_idle--;
    if (role == ILI_WATCH)
        pool->watcher = worker;
    return assign(worker, role);
}

bool ili_crew_find(il_pool *pool, enum ili_role role, int **ret_word)
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

/* At most one spins, and that one is called first. */
void ili_crew_line_up(il_pool *pool, struct ili_worker *me, il_time spin_time)
{
    bool has_spinner = pool->n_idle > 0 &&
                       ili_rest_is_spinning(&first_idle(pool)->rest);

    ili_rest_begin(&me->rest, ili_clock_real(), has_spinner ? 0 : spin_time);
    me->role = ILI_LEAVE;
    if (has_spinner)
        ili_list_insert_before(pool->idle.next->next, &me->link);
    else
        ili_list_prepend(&pool->idle, &me->link);
    pool->n_idle++;
    ili_crew_update(pool);
}

void ili_crew_step_out(il_pool *pool, struct ili_worker *me)
{
    ili_list_remove(&me->link);
    pool->n_idle--;
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
        n += !ili_worker_is_busy(ILI_CONTAINER(link, struct ili_worker, all));
    return n > others ? n - others : 0;
}

/* Jobs are queued: see to it that somebody works, and that somebody keeps watch
 * over those that will not be taken at once.  False if there is nobody who
 * could work. */
static bool see_to_it(il_pool *pool, int **ret_word)
{
    if (ili_crew_count_awake(pool) == 0) {
        if (ili_crew_find(pool, ILI_WORK, ret_word))
            return true;
        if (!pool->watcher)
            return pool->n_slow > 0;
        *ret_word = assign_watcher(pool);
    } else if (!pool->watcher && !pool->is_closing &&
               pool->n_queued > count_free(pool)) {
        (void)ili_crew_find(pool, ILI_WATCH, ret_word);
    }
    return true;
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
    ili_crew_update(pool);
    ili_unlock(&pool->lock);
    ili_crew_wake(word);
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
        ili_crew_wake(assign_idle(pool, ILI_WORK));
    if (pool->watcher)
        ili_crew_wake(assign_watcher(pool));
    ili_crew_update(pool);
}

void ili_pool_fit(il_pool *pool)
{
    int *word = NULL;

    while (pool->n_threads > pool->max_threads && pool->n_idle > 0) {
        pool->n_threads--;
        ili_crew_wake(assign_idle(pool, ILI_LEAVE));
    }
    ili_pool_collect(pool);
    if (pool->n_queued > 0)
        (void)see_to_it(pool, &word);
    ili_crew_update(pool);
    ili_crew_wake(word);
}
