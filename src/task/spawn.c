/* SPDX-License-Identifier: MIT */

/* spawn.c - make a task and run its first step.
 *
 * The top of a task's stack, from high to low addresses:
 *
 *     | struct il_task   |  base + size, rounded down
 *     | copied argument  |
 *     | first frame      |
 *
 * A task is linked into its group before its first step, so that whatever the
 * step does, the group knows of it. */

#include "config.h"

#include <interloop/task.h>

#include "task/spawn.h"
#include "task/task.h"

#include <errno.h>
#include <string.h>

#define COPY_MAX 1024u
#define STACK_MAX ((size_t)1 << 30)

/* Field by field, for a memset of all of them is half the cost of spawning a
 * short task.  What is not named here is set before it is looked at. */
static void reset(il_task *task)
{
    task->item.link.next = NULL;
    task->item.run = NULL;
    task->return_to = NULL;
    task->state = ILI_READY;
    task->joined = false;
    task->unheard = false;
    task->refs = 1;
    task->ops = 0;
    task->ignored = 0;
    task->depth = 0;
    task->abort = NULL;
    ili_list_init(&task->joiners);
    task->pending.next = NULL;
    for (int i = 0; i < IL_HOST_SLOTS; i++)
        task->host_slot[i] = NULL;
    task->report.link.next = NULL;
    task->name[0] = '\0';
}

/* Cut the control block and the copy from the top of the stack. */
static il_task *lay_out(ili_sched *sched, const ili_stack *stack,
                        const il_spawn_options *options)
{
    uintptr_t top = (uintptr_t)stack->base + stack->size;
    uintptr_t at = (top - sizeof(il_task)) & ~(uintptr_t)63;
    il_task *task = (il_task *)at;

    reset(task);
    task->stack = *stack;
    task->sched = sched;
    task->arena = sched->arena;
    task->fn = options->fn;
    task->arg = options->arg;
    task->destroy = options->destroy;
    task->site = options->site;
    if (options->copy_size > 0) {
        at = (at - options->copy_size) & ~(uintptr_t)15;
        task->arg = memcpy((void *)at, options->arg, options->copy_size);
    }
    ili_coro_make(&task->coro, stack->base, at - (uintptr_t)stack->base,
                  ili_task_entry);
    return task;
}

static int check(const il_spawn_options *options)
{
    ILI_RETURN_IF_FAIL(options && options->fn, -EINVAL);
    ILI_RETURN_IF_FAIL(options->copy_size <= COPY_MAX, -EINVAL);
    ILI_RETURN_IF_FAIL(options->copy_size == 0 || options->arg, -EINVAL);
    ILI_RETURN_IF_FAIL(options->stack_size <= STACK_MAX, -EINVAL);
    ILI_RETURN_IF_FAIL((options->flags & ~IL_LAZY) == 0, -EINVAL);
    return 0;
}

/* The group the task will belong to, or why it may not. */
static int choose_group(ili_sched *sched, il_group **group)
{
    ILI_RETURN_IF_FAIL(sched, -ESRCH);
    if (!*group)
        *group = &sched->root;
    ILI_RETURN_IF_FAIL((*group)->sched == sched, -ESRCH);
    ILI_RETURN_IF_FAIL(!sched->closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL((*group)->scope.cause == NULL, -ECANCELED);
    return 0;
}

static int make(il_group *group, const il_spawn_options *options,
                il_task **ret_task)
{
    ili_sched *sched = group->sched;
    size_t size = options->stack_size;
    ili_stack stack;
    il_task *task;
    int r;

    if (size == 0 && sched->host)
        size = sched->host->stack_size;
    r = ili_arena_get(sched->arena, size, &stack);

    if (r < 0)
        return r;
    task = lay_out(sched, &stack, options);
    task->id = ++sched->last_id;
    task->parent = sched->current ? sched->current->id : 0;
    if (options->name)
        il_task_set_name(task, options->name);

    ili_scope_init_root(task, &group->scope);
    ili_group_add(group, task);
    ili_list_append(&sched->tasks, &task->all);
    sched->n_tasks++;
    *ret_task = task;
    return 0;
}

int il_spawn_with(il_group *group, const il_spawn_options *options,
                  il_task **ret_task)
{
    il_task *task;
    int r = check(options);

    if (r < 0)
        return r;
    r = choose_group(ili_sched_current, &group);
    if (r < 0)
        return r;
    r = make(group, options, &task);
    if (r < 0)
        return r;

    /* Before the first step: it may end the task, or ask for the handle. */
    if (ret_task)
        *ret_task = il_task_ref(task);
    if (options->flags & IL_LAZY)
        ili_sched_queue(task->sched, &task->item);
    else
        ili_task_start(task);
    return 0;
}

int il_spawn_at(il_group *group, il_task_fn *fn, void *arg, il_task **ret_task,
                const il_site *site)
{
    const il_spawn_options options = { .fn = fn, .arg = arg, .site = site };

    return il_spawn_with(group, &options, ret_task);
}

int il_spawn_lazy_at(il_group *group, il_task_fn *fn, void *arg,
                     il_task **ret_task, const il_site *site)
{
    const il_spawn_options options = {
        .fn = fn, .arg = arg, .site = site, .flags = IL_LAZY
    };

    return il_spawn_with(group, &options, ret_task);
}

int il_spawn_copy_at(il_group *group, il_task_fn *fn, const void *arg,
                     size_t size, il_task **ret_task, const il_site *site)
{
    const il_spawn_options options = {
        .fn = fn, .arg = (void *)arg, .copy_size = size, .site = site
    };

    return il_spawn_with(group, &options, ret_task);
}
