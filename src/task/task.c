/* SPDX-License-Identifier: MIT */

/* task.c - the life of a task: first step, end, and what handles can ask.
 *
 * A task is alive as long as it runs or somebody holds a reference.  When the
 * last reference goes, its stack, and with it the control block, goes back to
 * the arena: also while the task is still executing its very last
 * instructions on it, because nothing takes a stack out of the arena before
 * the switch away from it. */

#include "config.h"

#include <interloop/task.h>

#include "task/park.h"
#include "task/spawn.h"
#include "task/task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* On the stack of a task that waits for another one's end. */
struct joiner {
    il_link link; /* in il_task.joiners, in the order they came */
    il_task *task;
};

/* Whether its result is an error that somebody should hear of. */
static bool has_failed(const il_task *task)
{
    return task->result < 0 &&
           !(task->result == -ECANCELED && task->root.cause);
}

static void free_task(il_task *task)
{
    ili_stack stack = task->stack;

    ili_list_remove(&task->all);
    ili_arena_put(task->arena, &stack);
}

static void release(il_task *task)
{
    ILI_ASSERT(task->refs > 0);
    if (--task->refs == 0)
        free_task(task);
}

/* The last handle has gone, or there never was one: nobody will ask. */
static void report_if_unheard(il_task *task)
{
    /* With another report on its way, this is called again after that. */
    if (task->state == ILI_DONE && task->unheard && !task->joined &&
        task->sched && !ili_list_linked(&task->report.link)) {
        task->joined = true;
        ili_report(task, IL_REPORT_UNHANDLED, task->result,
                   "task failed and nobody asked why");
    }
}

static void wake_joiners(il_task *task)
{
    il_link *link;

    while ((link = ili_list_pop(&task->joiners)) != NULL) {
        task->joined = true;
        ili_wake(ILI_CONTAINER(link, struct joiner, link)->task, 0);
    }
}

/* Its storage was on frames that are gone, and others may use it any moment. */
static _Noreturn void die_of_open_scope(const il_task *task)
{
    const il_site *site = task->site;

    fprintf(stderr,
            "interloop: task '%s' spawned at %s:%u ended with a group or scope "
            "open\n",
            ili_task_name(task), site ? site->file : "?",
            site ? site->line : 0);
    abort();
}

/* The body has returned.  Runs on the task's own stack, to its very end. */
static _Noreturn void finish(il_task *task, int result)
{
    ili_sched *sched = task->sched;
    ili_coro *to;

    if (task->destroy)
        task->destroy(task->arg); /* may wait, as the body may */
    if (ILI_UNLIKELY(task->scope != &task->root))
        die_of_open_scope(task);
    ili_scope_end_all(task);
    if (ILI_UNLIKELY(sched->host != NULL))
        ili_task_left_host(task);

    task->result = result;
    task->state = ILI_DONE;
    sched->n_tasks--;
    if (task == sched->awaited)
        sched->may_cross = false;
    wake_joiners(task);
    task->unheard = ili_group_ended(task, has_failed(task));
    if (task->refs == 1)
        report_if_unheard(task);
    release(task);

    to = task->return_to;
    ili_coro_leave(&task->coro, to ? to : ili_next(sched));
}

/* The first code of every task. */
void ili_task_entry(void)
{
    il_task *task = ili_sched_current->current;

    ili_coro_arrived(&task->coro);
    if (task->sched->host)
        ili_task_got_thread(task);
    /* Only a lazy task can be cancelled already: its body never runs. */
    finish(task, task->cancelled ? -ECANCELED : task->fn(task->arg));
}

void ili_task_start(il_task *task)
{
    ili_sched *sched = task->sched;
    il_task *creator = sched->current;
    ili_coro host;
    ili_coro *here = &host;

    if (creator) {
        creator->state = ILI_NESTED;
        here = &creator->coro;
    } else {
        ili_coro_here(&host);
    }
    task->return_to = here;
    task->state = ILI_RUNNING;
    sched->current = task;

    ili_coro_switch(here, &task->coro);

    sched->current = creator;
    if (creator)
        creator->state = ILI_RUNNING;
}

void ili_task_orphan(il_task *task)
{
    task->sched = NULL;
    task->group = NULL;
    ili_list_remove(&task->all);
    ili_list_init(&task->all); /* so that it can be removed again */
}

/* --- what handles can do ---------------------------------------------------- */

il_task *il_task_current(void)
{
    ili_sched *sched = ili_sched_current;

    return sched ? sched->current : NULL;
}

il_task *il_task_ref(il_task *task)
{
    task->refs++;
    return task;
}

il_task *il_task_unref(il_task *task)
{
    if (!task)
        return NULL;
    if (task->refs == 1)
        report_if_unheard(task); /* takes a reference for the time being */
    release(task);
    return NULL;
}

bool il_task_is_done(const il_task *task)
{
    return task->state == ILI_DONE;
}

bool il_task_is_cancelled(const il_task *task)
{
    return task->cancelled;
}

int il_task_try_join(il_task *task, int *ret_result)
{
    ILI_RETURN_IF_FAIL(task, -EINVAL);
    if (task->state != ILI_DONE)
        return -EAGAIN;
    task->joined = true;
    if (ret_result)
        *ret_result = task->result;
    return 0;
}

static void joiner_abort(void *arg)
{
    ili_list_remove(&((struct joiner *)arg)->link);
}

int il_task_join(il_task *task, int *ret_result)
{
    struct joiner me = { .task = il_task_current() };
    int r = il_task_try_join(task, ret_result);

    if (r != -EAGAIN)
        return r;
    ILI_RETURN_IF_FAIL(me.task && task->sched == me.task->sched, -ESRCH);
    ILI_RETURN_IF_FAIL(me.task != task, -EDEADLK);

    il_task_ref(task); /* the handle may be dropped by others meanwhile */
    ili_list_append_lazy(&task->joiners, &me.link);

    r = ili_park(joiner_abort, &me, "the end of a task");
    if (r == 0)
        r = il_task_try_join(task, ret_result);
    (void)il_task_unref(task);
    return r;
}

int il_task_cancel(il_task *task)
{
    ILI_RETURN_IF_FAIL(task, -EINVAL);
    if (task->state == ILI_DONE)
        return -EALREADY;
    ILI_RETURN_IF_FAIL(task->sched == ili_sched_current, -ESRCH);
    il_scope_cancel(&task->root);
    return 0;
}

const char *il_task_get_name(const il_task *task)
{
    return ili_task_name(task);
}

void il_task_set_name(il_task *task, const char *name)
{
    (void)snprintf(task->name, sizeof task->name, "%s", name ? name : "");
}
