/* SPDX-License-Identifier: MIT */

/* close.c - the end of a loop.
 *
 * Everything is cancelled and then run natively, whatever the mode was: the
 * host may be gone.  Tasks may clean up, within the grace.  What does not end
 * then is abandoned: it is detached from what it waits for, its stack is never
 * used again, and it is reported by name. */

#include "config.h"

#include <interloop/host.h>
#include <interloop/loop.h>

#include "loop/loop.h"
#include "loop/shuffle.h"
#include "task/debug.h"
#include "task/hold.h"
#include "task/local.h"

#include <errno.h>

int il_loop_at_close(il_loop *loop, il_callback *callback)
{
    ILI_RETURN_IF_FAIL(loop && callback && callback->fn, -EINVAL);
    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(ili_callback_hook(&loop->sched, callback), -EBUSY);
    callback->loop = loop;
    ili_list_prepend(&loop->at_close, &callback->item.link);
    return 0;
}

/* Turns for posts when all tasks have ended. */
#define LAST_TURNS 16

static void run_hooks(il_loop *loop)
{
    il_link *link;

    while ((link = ili_list_pop(&loop->at_close)) != NULL) {
        il_callback *callback = ILI_CONTAINER(link, il_callback, item.link);

        ili_callback_unhook(callback);
        callback->fn(callback->arg);
    }
}

/* A virtual clock stands still as long as tasks yield to each other.  If for so
 * long, in real time, none of them ends, none will; unless they wait for other
 * threads. */
#define VIRTUAL_PATIENCE IL_SEC(1)

/* Turns until all tasks have ended or the time is up; at least one, for what
 * was posted. */
static void drain(il_loop *loop, il_time deadline)
{
    bool autojump = loop->autojump;
    il_time last_end = ili_clock_real();
    unsigned n_away;
    size_t n_tasks;

    /* Nobody is left to move a virtual clock by hand. */
    loop->autojump = true;
    do {
        n_tasks = loop->sched.n_tasks;
        n_away = loop->n_away;
        loop->stop = false; /* nothing stops this */
        ili_loop_one_turn(loop, n_tasks > 0 ? deadline : 0);
        if (loop->sched.n_tasks != n_tasks || n_away > 0)
            last_end = ili_clock_real();
        else if (loop->is_virtual &&
                 ili_clock_real() - last_end > VIRTUAL_PATIENCE)
            break;
    } while (loop->sched.n_tasks > 0 && ili_sched_now(&loop->sched) < deadline);
    loop->autojump = autojump;
}

/* What ended last may have left posts, and these others; but a callback that
 * always posts itself does not go on for ever. */
static void run_last_posts(il_loop *loop)
{
    for (int i = 0; i < LAST_TURNS && ili_sched_is_busy(&loop->sched); i++)
        ili_loop_one_turn(loop, 0);
}

static void abandon(ili_sched *sched, il_task *task)
{
    ili_report_now(sched, task, IL_REPORT_STUCK, -ETIMEDOUT,
                   "task did not end when the loop closed");
    if (task->state == ILI_READY)
        ili_list_remove(&task->item.link);
    if (ili_is_parked(task) && task->abort)
        task->abort(task->abort_arg);
    ili_holds_abandon(task);
    ili_scope_end_all(task);
    task->state = ILI_DONE;
    task->result = -ECANCELED;
    task->refs++; /* its stack still has frames: never reuse it */
    sched->n_tasks--;
}

static size_t abandon_all(ili_sched *sched)
{
    size_t n = 0;

    for (il_task *task = ili_task_after(sched, NULL); task;
         task = ili_task_after(sched, task)) {
        abandon(sched, task);
        n++;
    }
    return n;
}

/* Other threads may still wake tasks that were abandoned.  Each of these has a
 * reference of the loop until then; see sleeper.c. */
static void keep_for_wakers(il_loop *loop)
{
    loop->remote_kept = true;
    (void)atomic_fetch_add(&loop->refs, loop->n_remote);
}

/* Callbacks that were queued but will not run are their owners' again. */
static void drop_ready(ili_sched *sched)
{
    il_link *link;

    if (ili_list_linked(&sched->marker.link))
        ili_list_remove(&sched->marker.link);
    while ((link = ili_list_pop(&sched->ready)) != NULL) {
        il_item *item = ILI_CONTAINER(link, il_item, link);

        ili_item_drop(item);
    }
}

int il_loop_close(il_loop *loop, il_time grace)
{
    ili_sched *sched;
    size_t n_stuck;

    if (!loop)
        return 0;
    sched = &loop->sched;
    ILI_RETURN_IF_FAIL(!sched->closed, -EALREADY);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(!sched->runner && !sched->current, -EBUSY);
    ILI_RETURN_IF_FAIL(!loop->running || (sched->host && !loop->owned), -EBUSY);

    (void)il_loop_ref(loop); /* a hook may drop the last one */
    loop->running = true;
    loop->away_by = ili_deadline_after(ili_clock_real(), grace);
    ili_scope_cancel_root(sched);
    /* A host that is still there goes on minding its per-task state. */
    drain(loop, il_deadline(grace));
    if (sched->host)
        (void)il_loop_detach(loop);
    n_stuck = abandon_all(sched);
    keep_for_wakers(loop);
    ili_inbox_close(loop);
    run_last_posts(loop);
    sched->closed = true;
    drop_ready(sched);
    run_hooks(loop);
    ili_debug_end(sched);
    ili_dump_signals_close(loop);
    ili_timers_forget(sched);
    while (sched->locals) /* a destructor may set another value */
        ili_locals_drop(&sched->locals);

    ili_fds_free(loop);
    ili_lender_close(loop);
    ili_shuffle_end(loop);
    ili_poller_free(loop->poller);
    loop->poller = NULL;
    loop->running = false;
    ili_sched_fini(sched);
    ili_sched_set_current(NULL);
    ili_loop_release(loop);
    return n_stuck > 0 ? -ETIMEDOUT : 0;
}
