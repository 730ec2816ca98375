/* SPDX-License-Identifier: MIT */

/* group.c - owners of tasks.
 *
 * A group is on the stack of the task that opened it and holds a scope.  Its
 * children hang below that scope, so cancelling the scope, or any around it,
 * cancels them; closing has nothing to do but wait.  That wait cannot be
 * cancelled: no task outlives its group, whose storage is about to go. */

#include "config.h"

#include <interloop/group.h>

#include "task/park.h"

#include <errno.h>
#include <stdio.h>

const char ili_noun_ready[] = "a task to be ready";
const char ili_noun_tasks[] = "the tasks of a group";

void ili_group_init(il_group *group, ili_sched *sched, il_task *task,
                    unsigned flags)
{
    *group = (il_group){ .sched = sched, .flags = flags };
    ili_list_init(&group->children);
    ili_list_init(&group->ended);
    ili_scope_init_group(&group->scope, task);
}

/* The first task in the groups from `scope` inwards. */
static il_task *first_child(il_scope *scope)
{
    il_group *group = ili_scope_next_group(scope);

    while (group && ili_list_empty(&group->children))
        group = ili_scope_next_group(group->scope.inner);
    return group ? ILI_CONTAINER(group->children.next, il_task, sibling) : NULL;
}

/* First down, else on to the next sibling, be it in a further group of the same
 * owner, else up. */
il_task *ili_task_after(ili_sched *sched, il_task *task)
{
    il_task *next = first_child(task ? &task->root : &sched->root.scope);

    while (!next && task) {
        il_group *group = task->group;

        if (task->sibling.next != &group->children) {
            next = ILI_CONTAINER(task->sibling.next, il_task, sibling);
        } else {
            next = first_child(group->scope.inner);
            task = group->scope.task;
        }
    }
    return next;
}

/* Whether there is room for it. */
static bool keep_failure(il_failures *failures, const il_task *task)
{
    il_failure *failure;

    if (failures->n++ >= failures->capacity)
        return false;
    failure = &failures->list[failures->n - 1];
    failure->error = task->result;
    failure->site = task->site;
    (void)snprintf(failure->name, sizeof failure->name, "%s",
                   ili_task_name(task));
    return true;
}

/* A task has gone, and perhaps another one has come to be asked for: inside
 * il_group_next() any end will do; inside close only the last. */
static void tell_waiter(il_group *group)
{
    il_task *waiter = group->waiter;

    if (waiter && (group->n_children == 0 || !ili_list_empty(&group->ended))) {
        group->waiter = NULL;
        ili_wake(waiter, 0);
    }
}

/* Few do.  Returns whether somebody has heard of it. */
static __attribute__((noinline)) bool take_failure(il_group *group,
                                                   const il_task *task)
{
    bool heard = group->flags & ILI_GROUP_SEES_ALL;

    if (!(group->flags & IL_GROUP_SUPERVISE) && group->error == 0) {
        group->error = task->result;
        heard = true;
        il_group_cancel(group);
    }
    if (group->failures && keep_failure(group->failures, task))
        heard = true;
    return heard;
}

bool ili_group_ended(il_task *task, bool failed)
{
    il_group *group = task->group;
    bool heard = true;

    ili_group_leave(task);
    if (group->flags & IL_GROUP_COLLECT) {
        ili_list_append(&group->ended, &task->sibling);
        il_task_ref(task);
    }
    if (ILI_UNLIKELY(failed))
        heard = take_failure(group, task);
    tell_waiter(group);
    return !heard;
}

void ili_group_expect(il_group *group)
{
    group->n_children++;
}

void ili_group_forget(il_group *group)
{
    group->n_children--;
    tell_waiter(group);
}

void ili_group_move(il_task *task, il_group *group)
{
    il_group *from = task->group;

    ili_group_leave(task);
    task->group = group; /* which has counted it */
    ili_list_append(&group->children, &task->sibling);
    ili_scope_move(task, &group->scope);
    tell_waiter(from);
}

int il_group_open(il_group *group, unsigned flags)
{
    il_task *task = il_task_current();

    ILI_RETURN_IF_FAIL(group, -EINVAL);
    ILI_RETURN_IF_FAIL((flags & ~(IL_GROUP_SUPERVISE | IL_GROUP_COLLECT)) == 0,
                       -EINVAL);
    ILI_RETURN_IF_FAIL(task, -ESRCH);
    /* It could not be closed, and its storage is about to go. */
    ILI_RETURN_IF_FAIL(!ili_is_nested(task), -EDEADLK);
    ili_group_init(group, task->sched, task, flags);
    return 0;
}

/* What has ended is not asked for any more. */
static void drop_ended(il_group *group)
{
    il_link *link;

    while ((link = ili_list_pop(&group->ended)) != NULL)
        (void)il_task_unref(ILI_CONTAINER(link, il_task, sibling));
}

static int wait_for_all(il_group *group)
{
    const char *what = group->flags & ILI_GROUP_STARTS ? ili_noun_ready
                                                       : ili_noun_tasks;
    int r = 0;

    while (group->n_children > 0 && r == 0) {
        drop_ended(group);
        group->waiter = group->scope.task;
        r = ili_park_inline(group->sched, group->waiter, NULL, NULL, what);
    }
    group->waiter = NULL;
    return r;
}

int il_group_close(il_group *group)
{
    il_scope *cause;
    il_task *task;
    int r;

    ILI_RETURN_IF_FAIL(group, -EINVAL);
    task = group->scope.task;
    ILI_RETURN_IF_FAIL(task && task == il_task_current(), -ESRCH);
    ILI_RETURN_IF_FAIL(task->scope == &group->scope, -EINVAL);

    ILI_RETURN_IF_FAIL(group->n_children == 0 || !ili_is_nested(task),
                       -EDEADLK);

    group->flags &= ~IL_GROUP_COLLECT;
    r = wait_for_all(group);
    while (r == 0 && ILI_UNLIKELY(group->scope.flags & ILI_SCOPE_DEFERRED)) {
        ILI_RETURN_IF_FAIL(!(group->scope.flags & ILI_SCOPE_ENDING), -EINVAL);
        ili_scope_undo(&group->scope);
        r = wait_for_all(group); /* there may be new ones */
    }
    if (r < 0)
        return r;
    cause = group->scope.cause;
    ili_scope_pop(&group->scope);
    group->sched = NULL; /* takes no more tasks */
    drop_ended(group);
    r = cause && cause != &group->scope ? -ECANCELED : 0;
    if (group->error < 0)
        r = group->error;
    (void)ili_spent(task);
    return r;
}

void il_group_cancel(il_group *group)
{
    if (group)
        il_scope_cancel(&group->scope);
}

static void next_abort(void *arg)
{
    ((il_group *)arg)->waiter = NULL;
}

int il_group_next(il_group *group, il_task **ret_task)
{
    int r = 0;

    ILI_RETURN_IF_FAIL(group && ret_task, -EINVAL);
    ILI_RETURN_IF_FAIL(group->flags & IL_GROUP_COLLECT, -EINVAL);
    ILI_RETURN_IF_FAIL(
        group->scope.task && group->scope.task == il_task_current(), -ESRCH);

    if (ili_list_empty(&group->ended) && group->n_children > 0) {
        group->waiter = group->scope.task;

        r = ili_park(next_abort, group, "the next task of a group");
    }
    if (r < 0)
        return r;
    /* One that was expected has not come, and was the last. */
    if (ili_list_empty(&group->ended))
        return -ENOENT;
    *ret_task = ILI_CONTAINER(ili_list_pop(&group->ended), il_task, sibling);
    return ili_spent(group->scope.task);
}

int il_group_keep_failures(il_group *group, il_failures *failures)
{
    ILI_RETURN_IF_FAIL(group, -EINVAL);
    ILI_RETURN_IF_FAIL(!failures || failures->list || failures->capacity == 0,
                       -EINVAL);
    ILI_RETURN_IF_FAIL(
        group->scope.task && group->scope.task == il_task_current(), -ESRCH);
    group->failures = failures;
    return 0;
}

il_scope *il_group_scope(il_group *group)
{
    return group ? &group->scope : NULL;
}

size_t il_group_count(const il_group *group)
{
    return group ? group->n_children : 0;
}

/* --- blocks ----------------------------------------------------------------- */

void il_group_block_enter_(il_group_block *block, il_group *group,
                           unsigned flags, int *result)
{
    int r = il_group_open(group, flags);

    block->group = r == 0 ? group : NULL;
    block->result = result;
    block->once = r == 0;
    if (r < 0)
        *result = r;
}

/* What the block comes to, with its tasks.  An error of its own is like one of a
 * task: the first counts, and what fails because of it is told elsewhere. */
static int close_block(il_group *group, int result)
{
    bool cancelled = result == -ECANCELED && group->scope.cause;
    int closed;

    if (result < 0 && !cancelled) {
        if (group->error == 0)
            group->error = result;
        il_group_cancel(group);
    }

    closed = il_group_close(group);
    return closed < 0 || cancelled ? closed : result;
}

void il_group_block_leave_(il_group_block *block)
{
    /* Unless it was closed within the block. */
    if (block->group && block->group->sched)
        *block->result = close_block(block->group, *block->result);
}
