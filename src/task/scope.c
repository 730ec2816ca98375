/* SPDX-License-Identifier: MIT */

/* scope.c - who is cancelled, and because of whom.
 *
 * Scopes form a tree that follows the stacks: inside one task they are a
 * chain, and the outermost of a task hangs below the scope of the group that
 * owns the task:
 *
 *     loop's root group
 *       task A: root - scope - group g - scope
 *                               |
 *                               task B: root - scope
 *                               task C: root
 *
 * Each scope knows its `cause`: the outermost cancelled scope from itself
 * outwards that no shield hides; NULL if there is none.  A task is cancelled
 * when its innermost scope has a cause.  Every change redoes the causes of the
 * chain and then those of every task below it, with a work list instead of
 * recursion: a tree of tasks may be deeper than a stack.
 *
 * Rejected: counting cancels as asyncio does.  A count cannot tell whose
 * cancel it was, and asyncio lost some three times over. */

#include "config.h"

#include <interloop/scope.h>

#include "task/dump.h"
#include "task/post.h"
#include "task/task.h"

#include <errno.h>

enum {
    CANCELLED = 1,  /* by call or deadline */
    TIMED_OUT = 2,  /* by deadline */
    SHIELD = 4,     /* causes further out do not count */
    IS_GROUP = 8,   /* part of an il_group: has tasks below it */
    HAS_HOOKS = 16, /* `hooks` is a list; else it was never written to */
    /* further ones: enum ili_scope_flag */
};

static void set_cause(il_scope *scope)
{
    il_scope *outer = scope->outer ? scope->outer->cause : NULL;

    if (scope->flags & SHIELD)
        outer = NULL;
    scope->cause = outer ? outer : scope->flags & CANCELLED ? scope : NULL;
}

static void push_pending(ili_sched *sched, il_task *task)
{
    if (ili_list_linked(&task->pending) || task->state == ILI_DONE)
        return;
    ili_list_append(&sched->pending, &task->pending);
}

static void push_children(ili_sched *sched, il_group *group)
{
    for (il_link *link = group->children.next; link != &group->children;
         link = link->next)
        push_pending(sched, ILI_CONTAINER(link, il_task, sibling));
}

il_group *ili_scope_next_group(il_scope *scope)
{
    while (scope && !(scope->flags & IS_GROUP))
        scope = scope->inner;
    return scope ? ILI_CONTAINER(scope, il_group, scope) : NULL;
}

/* What a task's cause means for its present wait. */
static void set_cancelled(il_task *task)
{
    bool cancelled = task->scope->cause != NULL;

    if (cancelled && !task->cancelled)
        task->ignored = 0;
    task->cancelled = cancelled;
    if (cancelled)
        ili_cancel_wait(task);
}

/* The scope has got a cause: whoever wants to know of it is told, but later,
 * and before the task goes on if it was waiting, for that is queued after. */
static void post_hooks(ili_sched *sched, il_scope *scope)
{
    il_link *link;

    while ((link = ili_list_pop(&scope->hooks)) != NULL)
        ili_callback_queue(sched, ILI_CONTAINER(link, il_callback, item.link));
}

/* The scope ends: callbacks that it still holds are their owners' again. */
static __attribute__((noinline)) void drop_all_hooks(il_scope *scope)
{
    il_link *link;

    while ((link = ili_list_pop(&scope->hooks)) != NULL)
        ili_callback_unhook(ILI_CONTAINER(link, il_callback, item.link));
}

static inline void drop_hooks(il_scope *scope)
{
    if (ILI_UNLIKELY(scope->flags & HAS_HOOKS))
        drop_all_hooks(scope);
}

/* Redo one chain, from `scope` inwards. */
static void redo_chain(ili_sched *sched, il_scope *scope)
{
    for (; scope; scope = scope->inner) {
        il_scope *before = scope->cause;

        set_cause(scope);
        if (scope->flags & IS_GROUP && scope->cause != before)
            push_children(sched, ILI_CONTAINER(scope, il_group, scope));
        if (scope->flags & HAS_HOOKS && scope->cause)
            post_hooks(sched, scope);
    }
}

static void redo_pending(ili_sched *sched)
{
    il_link *link;

    while ((link = ili_list_pop(&sched->pending)) != NULL) {
        il_task *task = ILI_CONTAINER(link, il_task, pending);

        redo_chain(sched, &task->root);
        set_cancelled(task);
    }
}

/* A scope has changed: redo it, what is inside it, and what hangs below. */
static void propagate(ili_sched *sched, il_scope *scope)
{
    redo_chain(sched, scope);
    if (scope->task)
        set_cancelled(scope->task);
    redo_pending(sched);
}

void ili_scope_move(il_task *task, il_scope *outer)
{
    task->root.outer = outer;
    if (outer->cause != task->root.cause)
        propagate(task->sched, &task->root);
}

static void deadline_passed(il_alarm *alarm)
{
    il_scope *scope = ILI_CONTAINER(alarm, il_scope, alarm);

    if (scope->flags & CANCELLED)
        return;
    scope->flags |= CANCELLED | TIMED_OUT;
    propagate(scope->task->sched, scope);
}

static inline void disarm(ili_sched *sched, il_scope *scope)
{
    if (ili_alarm_armed(&scope->alarm))
        ili_alarms_remove(&sched->alarms, &scope->alarm);
}

/* Timers fire only in turns; a deadline that has passed must stop the very next
 * suspension.  The alarm is not armed. */
static inline void arm(il_scope *scope, il_time deadline, bool has_passed)
{
    scope->alarm.at = deadline;
    scope->alarm.fire = deadline_passed;
    if (ILI_UNLIKELY(has_passed))
        deadline_passed(&scope->alarm);
    else
        ili_sched_arm(scope->task->sched, &scope->alarm);
}

static inline void init(il_scope *scope, il_task *task, il_scope *outer,
                        unsigned flags)
{
    scope->outer = outer;
    scope->inner = NULL;
    scope->task = task;
    scope->alarm.link.next = NULL; /* not armed */
    scope->flags = flags;
    set_cause(scope);
}

static inline void push(il_task *task, il_scope *scope, unsigned flags)
{
    init(scope, task, task->scope, flags);
    task->scope->inner = scope;
    task->scope = scope;
    task->cancelled = scope->cause != NULL;
}

void ili_scope_init_group(il_scope *scope, il_task *task)
{
    if (task)
        push(task, scope, IS_GROUP);
    else
        init(scope, NULL, NULL, IS_GROUP);
}

/* Nothing of it has to be given back or done any more. */
static inline void pop(il_scope *scope)
{
    il_task *task = scope->task;

    ILI_ASSERT(task && task->scope == scope && scope->outer &&
               "scopes are left in the order of entering");
    disarm(task->sched, scope);
    task->scope = scope->outer;
    task->scope->inner = NULL;
    task->cancelled = task->scope->cause != NULL;
    if (!task->cancelled)
        task->ignored = 0;
    scope->task = NULL;
}

void ili_scope_pop(il_scope *scope)
{
    drop_hooks(scope);
    pop(scope);
}

/* What few scopes have.  As long as something is done inside it, its deadline may
 * pass and its hooks be posted. */
static __attribute__((noinline)) void end_rest(il_scope *scope)
{
    if (scope->flags & ILI_SCOPE_DEFERRED)
        ili_scope_undo(scope);
    drop_hooks(scope);
}

void ili_scope_end_all(il_task *task)
{
    for (il_scope *scope = &task->root; scope; scope = scope->inner)
        drop_hooks(scope);
}

/* Inlined, because scopes are entered for a single read or write. */
static inline __attribute__((always_inline)) int
enter(il_scope *scope, il_time deadline, unsigned flags)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(scope, -EINVAL);
    ILI_RETURN_IF_FAIL(task, -ESRCH);
    push(task, scope, flags);
    if (deadline != IL_FOREVER)
        arm(scope, deadline, ili_sched_has_passed(task->sched, deadline));
    return 0;
}

int il_scope_enter(il_scope *scope, il_time deadline)
{
    return enter(scope, deadline, 0);
}

int il_scope_enter_shield(il_scope *scope, il_time deadline)
{
    return enter(scope, deadline, SHIELD);
}

int il_scope_leave(il_scope *scope, int result)
{
    ILI_RETURN_IF_FAIL(scope && !(scope->flags & (IS_GROUP | ILI_SCOPE_ENDING)),
                       -EINVAL);
    ILI_RETURN_IF_FAIL(scope->task && scope->task == ili_current_task(),
                       -ESRCH);
    ILI_RETURN_IF_FAIL(scope->task->scope == scope, -EINVAL);
    if (ILI_UNLIKELY(scope->flags & (ILI_SCOPE_DEFERRED | HAS_HOOKS)))
        end_rest(scope);
    pop(scope);
    if (ILI_LIKELY(result != -ECANCELED || scope->cause != scope))
        return result;
    return scope->flags & TIMED_OUT ? -ETIMEDOUT : 0;
}

/* A task of this thread, whose loop is not gone. */
static bool is_here(const il_task *task)
{
    return ili_sched_current && task->sched == ili_sched_current;
}

void il_scope_cancel(il_scope *scope)
{
    if (!scope || scope->flags & CANCELLED)
        return;
    if (scope->task && !is_here(scope->task))
        return;
    scope->flags |= CANCELLED;
    if (scope->task) {
        disarm(scope->task->sched, scope);
        propagate(scope->task->sched, scope);
    }
}

/* The root group's scope belongs to no task. */
void ili_scope_cancel_root(ili_sched *sched)
{
    sched->root.scope.flags |= CANCELLED;
    propagate(sched, &sched->root.scope);
}

int il_scope_on_cancel(il_scope *scope, il_callback *callback)
{
    il_task *task = il_task_current();

    ILI_RETURN_IF_FAIL(callback && callback->fn, -EINVAL);
    if (!scope && task)
        scope = task->scope;
    ILI_RETURN_IF_FAIL(scope && scope->task && is_here(scope->task), -ESRCH);
    ILI_RETURN_IF_FAIL(scope->task->state != ILI_DONE, -ESRCH); /* abandoned */
    ILI_RETURN_IF_FAIL(ili_callback_hook(scope->task->sched, callback), -EBUSY);
    if (scope->cause) {
        ili_callback_queue(scope->task->sched, callback);
        return 0;
    }
    if (!(scope->flags & HAS_HOOKS))
        ili_list_init(&scope->hooks);
    scope->flags |= HAS_HOOKS;
    callback->loop = scope->task->sched->loop;
    ili_list_append(&scope->hooks, &callback->item.link);
    return 0;
}

void il_scope_set_deadline(il_scope *scope, il_time deadline)
{
    if (!scope || !scope->task || !is_here(scope->task) ||
        scope->flags & CANCELLED)
        return;
    disarm(scope->task->sched, scope);
    if (deadline != IL_FOREVER)
        arm(scope, deadline,
            ili_sched_has_passed(scope->task->sched, deadline));
}

static il_time own_deadline(const il_scope *scope)
{
    bool has_one = ili_alarm_armed(&scope->alarm) || scope->flags & TIMED_OUT;

    return has_one ? scope->alarm.at : IL_FOREVER;
}

/* From the innermost scope outwards, through the tasks that it is below. */
static il_time deadline_around(const il_task *task)
{
    il_time earliest = IL_FOREVER;

    if (task->cancelled)
        return 0;
    for (const il_scope *scope = task->scope; scope; scope = scope->outer) {
        il_time deadline = own_deadline(scope);

        if (deadline < earliest)
            earliest = deadline;
        if (scope->flags & SHIELD)
            break;
    }
    return earliest;
}

il_time il_scope_get_deadline(const il_scope *scope)
{
    const il_task *task = ili_current_task();

    if (scope)
        return own_deadline(scope);
    return task ? deadline_around(task) : IL_FOREVER;
}

il_time ili_scope_deadline(const il_task *task, bool *ret_shielded)
{
    il_time earliest = IL_FOREVER;

    *ret_shielded = false;
    for (const il_scope *scope = task->scope; scope && !*ret_shielded;
         scope = scope->outer) {
        if (own_deadline(scope) < earliest)
            earliest = own_deadline(scope);
        *ret_shielded = (scope->flags & SHIELD) != 0;
    }
    return earliest;
}

bool il_scope_is_cancelled(const il_scope *scope)
{
    return (scope->flags & CANCELLED) != 0;
}

bool il_scope_is_timed_out(const il_scope *scope)
{
    return (scope->flags & TIMED_OUT) != 0;
}

/* --- blocks ----------------------------------------------------------------- */

/* Whether the block runs at all. */
static inline __attribute__((always_inline)) bool
enter_block(il_scope_block *block, int *result, unsigned flags)
{
    il_task *task = ili_current_task();

    block->result = result;
    block->once = task != NULL;
    if (ILI_LIKELY(task != NULL)) {
        push(task, &block->scope, flags);
        return true;
    }
    block->scope.task = NULL;
    *result = -ESRCH;
    return false;
}

/* Where time counts from now the clock is read once: a duration that is not 0
 * has not passed. */
static inline __attribute__((always_inline)) void
begin_block(il_scope_block *block, il_time duration, int *result,
            unsigned flags)
{
    ili_sched *sched = ili_sched_current;
    il_time now;
    il_time deadline;

    if (!enter_block(block, result, flags) || duration == IL_FOREVER)
        return;
    now = ili_sched_now(sched);
    deadline = ili_deadline_after(now, duration);
    if (deadline != IL_FOREVER)
        arm(&block->scope, deadline, deadline <= now);
}

void il_scope_block_timeout_(il_scope_block *block, il_time duration,
                             int *result)
{
    begin_block(block, duration, result, 0);
}

void il_scope_block_until_(il_scope_block *block, il_time deadline, int *result)
{
    ili_sched *sched = ili_sched_current;

    if (enter_block(block, result, 0) && deadline != IL_FOREVER)
        arm(&block->scope, deadline, ili_sched_has_passed(sched, deadline));
}

void il_scope_block_shield_(il_scope_block *block, il_time duration,
                            int *result)
{
    begin_block(block, duration, result, SHIELD);
}

void il_scope_block_leave_(il_scope_block *block)
{
    if (ILI_LIKELY(block->scope.task != NULL))
        *block->result = il_scope_leave(&block->scope, *block->result);
}
