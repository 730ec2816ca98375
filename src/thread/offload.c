/* SPDX-License-Identifier: MIT */

/* offload.c - a task waits for a function that runs in another thread.
 *
 * The job is on the task's stack, and so may be its argument.  So a cancel
 * takes the job back if it has not begun, and else is nothing but a hint to the
 * job: the wait goes on to the job's end, and its result counts, as everywhere
 * when a value comes before a cancel.
 *
 * A job that may be abandoned is on the heap.  When its task is cancelled, the
 * two are parted by one exchange: either the worker was first, and the task
 * gets the result, or the task was, and the worker never looks at it again.
 *
 * Where nothing else is ready, a task that has just offloaded looks for the result
 * for LOOK_TIME before it parks.  A worker that looks for jobs, see rest.c, has run
 * a short one before that, and the loop need not go to sleep only to be woken,
 * which takes ten times as long.  It is this short because the thread may be
 * somebody else's, as a guest's is; and each look in vain doubles the number of
 * jobs that are not looked for after it. */

#include "config.h"

#include <interloop/offload.h>

#include "base/lock.h"
#include "loop/loop.h"
#include "thread/pool.h"

#include <errno.h>
#include <stdlib.h>

#define LOOK_TIME IL_US(5)
#define LONGEST_PAUSE 63
/* Looks, each of some ten nanoseconds, between two at the clock. */
#define N_LOOKS 16

/* On the task's stack. */
struct offload {
    struct ili_sleeper sleeper; /* its slot points here */
    il_pool *pool;
    struct ili_job *job;
    bool is_abandoned; /* do not touch the job */
};

/* The task is cancelled, or abandoned by its loop. */
static bool leave_job(struct ili_sleeper *me)
{
    struct offload *offload = me->slot;
    struct ili_job *job = offload->job;
    int running = ILI_JOB_RUNNING;

    if (__atomic_load_n(&job->state, __ATOMIC_ACQUIRE) == ILI_JOB_QUEUED &&
        ili_pool_take_back(offload->pool, job))
        return true;
    __atomic_store_n(&job->is_cancelled, 1, __ATOMIC_RELAXED);
    offload->is_abandoned =
        job->can_abandon &&
        __atomic_compare_exchange_n(&job->state, &running, ILI_JOB_ABANDONED,
                                    false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    return offload->is_abandoned;
}

/* --- looking for the result --------------------------------------------------- */

/* Of a loop that runs a turn, but for the running task. */
static bool has_nothing_ready(const ili_sched *sched)
{
    const il_link *next = sched->ready.next;

    if (next == &sched->marker.link)
        next = next->next;
    return next == &sched->ready;
}

/* Whether a post comes soon; that it is another one costs a turn. */
static bool look(const il_loop *loop)
{
    il_time limit = ili_clock_real() + LOOK_TIME;

    do {
        for (int i = 0; i < N_LOOKS; i++) {
            if (!ili_inbox_is_empty(loop))
                return true;
            ili_relax();
        }
    } while (ili_clock_real() < limit);
    return false;
}

/* Its only job has begun or is about to. */
static void look_for_result(il_loop *loop)
{
    if (loop->n_unlooked > 0) {
        loop->n_unlooked--;
        return;
    }
    if (!has_nothing_ready(&loop->sched))
        return;
    if (look(loop))
        loop->look_pause = 0;
    else if (loop->look_pause < LONGEST_PAUSE)
        loop->look_pause += loop->look_pause + 1;
    loop->n_unlooked = loop->look_pause;
}

/* --- waiting for it ----------------------------------------------------------- */

/* A job that can be abandoned takes time on nobody's account. */
static int wait_for_job(struct offload *offload)
{
    il_loop *loop = offload->sleeper.loop;
    unsigned n_away = offload->job->can_abandon ? 0 : 1;
    int r;

    r = ili_pool_submit(offload->pool, offload->job);
    if (r < 0)
        return r;
    loop->n_away += n_away;
    if (loop->n_away <= 1 && !ili_spin_is_off(&offload->pool->spin))
        look_for_result(loop);
    r = ili_sleep(&offload->sleeper, IL_FOREVER, "a job in another thread");
    loop->n_away -= n_away;
    return r;
}

/* Run a job that is filled in but for whom to wake. */
static int run(struct offload *offload)
{
    int r;

    ILI_RETURN_IF_FAIL(offload->job->fn, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_current_task(), -ESRCH);
    r = ili_sleeper_init(&offload->sleeper, leave_job, offload);
    if (r < 0)
        return r;
    if (!offload->pool) {
        r = ili_pool_of_loop(offload->sleeper.loop, &offload->pool);
        if (r < 0)
            return r;
    }
    offload->job->sleeper = &offload->sleeper;
    /* They belong to this thread: not for one that may be left behind. */
    if (!offload->job->can_abandon)
        offload->job->locals = offload->sleeper.task->locals;
    return wait_for_job(offload);
}

int il_offload_at(il_pool *pool, il_job_fn *fn, void *arg, int *ret_result,
                  const il_site *site)
{
    struct ili_job job = { .fn = fn, .arg = arg, .site = site };
    struct offload offload = { .pool = pool, .job = &job };
    int r = run(&offload);

    if (r == 0 && ret_result)
        *ret_result = job.result;
    return r;
}

/* The caller gets nothing but its result, if any. */
static int settle(const struct offload *offload, int r, int *ret_result)
{
    struct ili_job *job = offload->job;

    if (offload->is_abandoned)
        return r;
    if (r == 0 && ret_result)
        *ret_result = job->result;
    if (r == -ECANCELED && job->destroy)
        job->destroy(job->arg, r);
    free(job);
    return r;
}

static int run_abandonable(const il_offload_options *options, int *ret_result)
{
    struct offload offload = { .pool = options->pool };

    offload.job = calloc(1, sizeof *offload.job);
    if (!offload.job)
        return -ENOMEM;
    offload.job->fn = options->fn;
    offload.job->arg = options->arg;
    offload.job->destroy = options->destroy;
    offload.job->site = options->site;
    offload.job->can_abandon = true;
    return settle(&offload, run(&offload), ret_result);
}

int il_offload_with(const il_offload_options *options, int *ret_result)
{
    ILI_RETURN_IF_FAIL(options, -EINVAL);
    ILI_RETURN_IF_FAIL((options->flags & ~IL_ABANDON) == 0, -EINVAL);
    if (options->flags & IL_ABANDON)
        return run_abandonable(options, ret_result);
    ILI_RETURN_IF_FAIL(!options->destroy, -EINVAL);
    return il_offload_at(options->pool, options->fn, options->arg, ret_result,
                         options->site);
}
