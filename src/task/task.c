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

#include "task/debug.h"
#include "task/hold.h"
#include "task/local.h"
#include "task/park.h"
#include "task/spawn.h"
#include "task/task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char ili_noun_end[] = "the end of a task";

/* What ili_joined_task() finds where the list begins. */
_Static_assert(offsetof(il_task, no_joiner) - offsetof(il_task, joiners) ==
                   offsetof(il_joiner, task),
               "a joiner has its task or a function behind the link");

/* Whether its result is an error that somebody should hear of. */
static inline bool is_failure(const il_task *task, int result)
{
    return ILI_UNLIKELY(result < 0) &&
           !(result == -ECANCELED && task->root.cause);
}

/* Debug mode has the ended in a list. */
static __attribute__((noinline)) void free_slowly(il_task *task)
{
    if (ili_list_linked(&task->pending))
        ili_list_remove(&task->pending);
    ili_arena_put(task->arena, &task->stack);
}

static inline void free_task(il_task *task)
{
    if (ILI_UNLIKELY(!ili_arena_put_quickly(task->arena, &task->stack)))
        free_slowly(task);
}

static inline void release(il_task *task)
{
    ILI_ASSERT(task->refs > 0);
    if (--task->refs == 0)
        free_task(task);
}

/* The last handle has gone, or there never was one: nobody will ask. */
static __attribute__((noinline)) void report_if_unheard(il_task *task)
{
    /* With another report on its way, this is called again after that. */
    if (task->state == ILI_DONE && task->unheard && !task->joined &&
        !task->arena->retired && !ili_list_linked(&task->report.link)) {
        task->joined = true;
        ili_report(task, IL_REPORT_UNHANDLED, task->result,
                   "task failed and nobody asked why");
    }
}

static __attribute__((noinline)) void leave_unheard(il_task *task)
{
    task->unheard = true;
    if (task->refs == 1)
        report_if_unheard(task);
}

static __attribute__((noinline)) void tell_joiners(il_task *task)
{
    il_link *link;

    while ((link = ili_list_pop(&task->joiners)) != NULL) {
        il_joiner *joiner = ILI_CONTAINER(link, il_joiner, link);

        if (ILI_UNLIKELY(!joiner->task)) {
            joiner->ended(joiner, task);
        } else {
            task->joined = true;
            ili_wake(joiner->task, 0);
        }
    }
}

/* Its storage was on frames that are gone, and others may use it any moment. */
static _Noreturn void die_of_open_scope(const il_task *task)
{
    const il_site *site = task->site;
    char place[200] = "";

    if (site && site->file)
        (void)snprintf(place, sizeof place, " spawned at %s:%u", site->file,
                       site->line);
    fprintf(stderr,
            "interloop: task '%s'%s ended with a group or scope open: close or "
            "leave it before the body returns\n",
            ili_task_name(task), place);
    abort();
}

/* What it protected is in an unknown state, but that is the owner's fault and
 * no reason to abort. */
static void lose_holds(il_task *task)
{
    ili_report(task, IL_REPORT_LOST_LOCK, -EOWNERDEAD,
               "task ended and still owned a lock or token");
    ili_holds_lost(task);
}

static inline bool has_a_rest(const ili_sched *sched, const il_task *task)
{
    return task->root.inner || task->root.flags || task->cancelled ||
           task->held || sched->is_minded;
}

/* The body has returned, and others do for the task what it has left to them: its
 * argument and its values are there until the last of them has returned. */
static __attribute__((noinline)) void clean_up(il_task *task)
{
    if (task->root.inner)
        die_of_open_scope(task);
    ili_scope_undo(&task->root);
    if (task->destroy)
        task->destroy(task->arg); /* may wait, as the body may */
    /* A destructor may defer something, and what that does may set a value. */
    while (task->root.flags & ILI_SCOPE_DEFERRED || task->locals) {
        ili_scope_undo(&task->root);
        ili_locals_drop(&task->locals);
    }
}

/* What few tasks have to do at their end.  The next one expects the block as
 * this one has found it. */
static __attribute__((noinline)) void finish_rest(ili_sched *sched,
                                                  il_task *task)
{
    if (task->root.inner)
        die_of_open_scope(task);
    if (task->held)
        lose_holds(task);
    if (sched->debug)
        ili_debug_ends(sched, task);
    if (sched->host)
        ili_task_left_host(task);
    ili_scope_end_all(task);
    task->root.flags = 0;
    task->root.cause = NULL;
    task->ignored = 0;
}

/* Go on with whoever comes after a task that has ended.  What ends with this does
 * not return, but is not told to the compiler as such: see context.h. */
static inline __attribute__((always_inline)) void leave(ili_sched *sched,
                                                        il_task *task)
{
    ili_coro_leave(&task->coro,
                   task->is_eager ? task->return_to : ili_next(sched));
}

static __attribute__((noinline)) void
finish_with_care(ili_sched *sched, il_task *task, int result)
{
    bool failed;

    if (task->destroy ||
        task->root.flags & (ILI_SCOPE_DEFERRED | ILI_SCOPE_LOCALS))
        clean_up(task);
    failed = is_failure(task, result);
    if (has_a_rest(sched, task))
        finish_rest(sched, task);

    task->result = result;
    task->state = ILI_DONE;
    sched->n_tasks--;
    if (task == sched->awaited)
        sched->may_cross = false;
    if (sched->n_tasks < sched->ahead.least)
        ili_sched_look_ahead(sched);
    if (task->has_joiners)
        tell_joiners(task);
    if (ili_group_ended(task, failed))
        leave_unheard(task);
    release(task);
    leave(sched, task);
}

static __attribute__((noinline)) void free_and_leave(ili_sched *sched,
                                                     il_task *task)
{
    free_slowly(task);
    leave(sched, task);
}

/* Whether nobody waits for its end and nothing is left to be done. */
static inline bool ends_simply(const ili_sched *sched, const il_task *task)
{
    return !task->destroy && !has_a_rest(sched, task) && !task->has_joiners &&
           task != sched->awaited && sched->n_tasks > sched->ahead.least &&
           !ili_group_minds(task->group);
}

/* The body has returned.  Runs on the task's own stack, to its very end.
 *
 * What most tasks do is done here without calling anything, so that no
 * registers have to be saved for it. */
static inline __attribute__((always_inline)) void finish(int result)
{
    ili_sched *sched = ili_sched_current;
    il_task *task = sched->current;

    if (ILI_UNLIKELY(result < 0 || !ends_simply(sched, task))) {
        finish_with_care(sched, task, result);
        return;
    }
    task->result = result;
    task->state = ILI_DONE;
    sched->n_tasks--;
    ili_group_leave(task);
    ILI_ASSERT(task->refs > 0);
    if (--task->refs == 0 &&
        ILI_UNLIKELY(!ili_arena_put_quickly(task->arena, &task->stack)))
        free_and_leave(sched, task);
    else
        leave(sched, task);
}

static __attribute__((noinline)) int never_run(const il_task *task)
{
    if (ili_debugs(task->sched, IL_DEBUG_LEAKS))
        ili_debug_never_ran(task);
    return -ECANCELED;
}

/* Only a lazy task can be cancelled already: its body never runs. */
static inline int run_body(const il_task *task)
{
    return ILI_UNLIKELY(task->cancelled) ? never_run(task)
                                         : task->fn(task->arg);
}

/* The first code of every task. */
void ili_task_entry(void)
{
    ili_coro_arrived(&ili_sched_current->current->coro);
    if (ILI_UNLIKELY(ili_sched_current->is_minded))
        ili_task_got_thread(ili_sched_current->current);
    finish(run_body(ili_sched_current->current));
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

/* The last one, of a task that has ended or will do so unseen. */
static __attribute__((noinline)) void unref_unheard(il_task *task)
{
    report_if_unheard(task); /* takes a reference for the time being */
    release(task);
}

il_task *il_task_unref(il_task *task)
{
    if (ILI_UNLIKELY(!task))
        return NULL;
    if (ILI_UNLIKELY(task->unheard) && task->refs == 1)
        unref_unheard(task);
    else
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
    ili_list_remove(&((il_joiner *)arg)->link);
}

static __attribute__((noinline)) int wait_for_end(il_task *task,
                                                  int *ret_result)
{
    ili_sched *sched = ili_sched_current;
    il_joiner me;
    int r;

    ILI_RETURN_IF_FAIL(sched && sched->current && task->sched == sched, -ESRCH);
    ILI_RETURN_IF_FAIL(sched->current != task, -EDEADLK);
    me.task = sched->current;

    il_task_ref(task); /* the handle may be dropped by others meanwhile */
    ili_task_on_end(task, &me);

    r = ili_park_inline(sched, me.task, joiner_abort, &me, ili_noun_end);
    if (r == 0)
        r = il_task_try_join(task, ret_result);
    (void)il_task_unref(task);
    return r;
}

int il_task_join(il_task *task, int *ret_result)
{
    ILI_RETURN_IF_FAIL(task, -EINVAL);
    if (task->state != ILI_DONE)
        return wait_for_end(task, ret_result);
    task->joined = true;
    if (ret_result)
        *ret_result = task->result;
    return ili_spent(ili_current_task());
}

/* Round the list: where it begins, there is neither a task nor a function. */
const il_task *ili_joined_task(const il_task *task)
{
    const il_joiner *joiner = task->abort_arg;

    while (joiner->task || joiner->ended)
        joiner = ILI_CONTAINER(joiner->link.next, const il_joiner, link);
    return ILI_CONTAINER(&joiner->link, const il_task, joiners);
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

void *il_task_get_arg(const il_task *task)
{
    return task->arg;
}

/* How many bytes of a name there is room for, whole characters of UTF-8. */
static size_t name_length(const char *name)
{
    size_t n = strnlen(name, ILI_NAME_SIZE);

    if (n < ILI_NAME_SIZE)
        return n;
    for (n--; n > ILI_NAME_SIZE - 4 && (name[n] & 0xc0) == 0x80; n--)
        continue;
    return n;
}

/* The new name may be a part of the old one. */
void il_task_set_name(il_task *task, const char *name)
{
    size_t n = name ? name_length(name) : 0;

    if (n > 0)
        memmove(task->name, name, n);
    task->name[n] = '\0';
    task->has_name = task->name[0] != '\0';
}
