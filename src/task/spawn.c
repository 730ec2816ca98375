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
 * step does, the group knows of it.
 *
 * The control block outlives its task: what each task leaves as it was found,
 * and what depends on the stack alone, is set once.  A stack comes back from the
 * pool as it was put, or as zeros, and what is made points at itself. */

#include "config.h"

#include <interloop/task.h>

#include "task/debug.h"
#include "task/local.h"
#include "task/park.h"
#include "task/spawn.h"
#include "task/task.h"

#include <errno.h>
#include <string.h>

#define COPY_MAX 1024u
#define STACK_MAX ((size_t)1 << 30)

/* What every task leaves as it finds it; the rest of a fresh block is zeros or
 * is set below, before it is looked at. */
static __attribute__((noinline)) void
make_block(il_task *task, ili_sched *sched, ili_stack stack)
{
    memset(task, 0, sizeof *task);
    task->stack = stack;
    task->arena = sched->arena;
    task->sched = sched;
    task->scope = &task->root;
    task->root.task = task;
}

static inline bool is_made(const il_task *task)
{
    return ILI_LIKELY(task->root.task == task);
}

/* The control block right below the top of a stack, which is aligned. */
static inline il_task *block_below(char *top)
{
    return (il_task *)(top - sizeof(il_task));
}

static __attribute__((noinline)) il_task *
take_slowly(ili_sched *sched, size_t size, int *ret_error)
{
    ili_stack stack;
    il_task *task;

    *ret_error = ili_arena_get(sched->arena, size, &stack);
    if (*ret_error < 0)
        return NULL;
    task = block_below((char *)stack.base + stack.size);
    if (!is_made(task))
        make_block(task, sched, stack);
    if (ili_debugs(sched, IL_DEBUG_STACK))
        ili_highwater_begin(task);
    return task;
}

/* Take a stack and find the control block in it; NULL if there is none. */
static inline il_task *take(ili_sched *sched, size_t size, int *ret_error)
{
    ili_arena *arena = sched->arena;
    ili_pool *pool = &arena->pools[0];
    void *base;
    char *top;

    if (ILI_UNLIKELY(size > 0 || sched->host)) {
        if (size == 0)
            size = sched->host->stack_size;
        pool = ili_arena_pool(arena, size);
    }
    base = ili_arena_get_quickly(arena, pool);
    if (ILI_UNLIKELY(!base))
        return take_slowly(sched, size, ret_error);
    top = ili_pool_top(pool, base);
    if (!is_made(block_below(top)))
        make_block(block_below(top), sched, ili_pool_stack(arena, pool, base));
    return block_below(top);
}

static inline void fill_in(ili_sched *sched, il_task *task, il_group *group,
                           const il_spawn_options *options, unsigned refs)
{
    task->state = ILI_READY;
    task->ops = 0;
    task->cancelled = false; /* a cancelled group takes no tasks */
    task->is_eager = false;
    task->has_joiners = false;
    task->joined = false;
    task->unheard = false;
    task->has_name = false;
    task->fn = options->fn;
    task->arg = options->arg;
    task->destroy = options->destroy;
    task->site = options->site;
    task->refs = refs;
    task->id = ++sched->last_id;
    task->parent = sched->current ? sched->current->id : 0;
    task->root.outer = &group->scope;
    if (ILI_UNLIKELY(sched->has_locals))
        ili_locals_give(sched, task,
                        options->flags & IL_LOCALS ? options->locals
                                                   : *ili_locals_place(sched));
    if (ILI_UNLIKELY(options->name != NULL))
        il_task_set_name(task, options->name);
}

/* Where the first frame begins: below the copy of the argument, if any. */
static inline char *copy_argument(il_task *task,
                                  const il_spawn_options *options)
{
    uintptr_t at = (uintptr_t)task;

    if (options->copy_size > 0) {
        at = (at - options->copy_size) & ~(uintptr_t)15;
        task->arg = memcpy((void *)at, options->arg, options->copy_size);
    }
    return (char *)at;
}

static inline int check(const il_spawn_options *options)
{
    ILI_RETURN_IF_FAIL(options && options->fn, -EINVAL);
    ILI_RETURN_IF_FAIL(options->copy_size <= COPY_MAX, -EINVAL);
    ILI_RETURN_IF_FAIL(options->copy_size == 0 || options->arg, -EINVAL);
    ILI_RETURN_IF_FAIL(options->stack_size <= STACK_MAX, -EINVAL);
    ILI_RETURN_IF_FAIL((options->flags & ~(IL_LAZY | IL_LOCALS)) == 0, -EINVAL);
    return 0;
}

int ili_spawn_check(const il_spawn_options *options)
{
    return check(options);
}

/* The group the task will belong to, or why it may not. */
static inline int choose_group(ili_sched *sched, il_group **group)
{
    ILI_RETURN_IF_FAIL(sched, -ESRCH);
    if (!*group)
        *group = &sched->root;
    ILI_RETURN_IF_FAIL((*group)->sched == sched, -ESRCH);
    ILI_RETURN_IF_FAIL(!sched->closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL((*group)->scope.cause == NULL, -ECANCELED);
    return 0;
}

static inline void enter_lists(ili_sched *sched, il_group *group, il_task *task)
{
    ili_group_add(group, task);
    if (ILI_UNLIKELY(++sched->n_tasks > sched->ahead.most))
        ili_sched_look_ahead(sched);
}

/* Run the first step here and now, on what is below `top`. */
static inline __attribute__((always_inline)) void
start(ili_sched *sched, il_task *task, char *top)
{
    il_task *creator = sched->current;
    char *base = task->stack.base;
    ili_coro host;
    ili_coro *here = &host;

    if (ILI_LIKELY(creator != NULL))
        here = &creator->coro;
    else
        ili_coro_here(&host);
    task->return_to = here;
    task->is_eager = true;
    sched->current = task;

    ili_coro_enter(here, &task->coro, base, (size_t)(top - base),
                   ili_task_entry);

    sched->current = creator;
}

/* Inlined into each of the functions below, which know most of the options. */
static inline __attribute__((always_inline)) int
spawn(il_group *group, const il_spawn_options *options, il_task **ret_task)
{
    ili_sched *sched = ili_sched_current;
    il_task *task;
    char *top;
    int r = check(options);

    if (ILI_UNLIKELY(r < 0))
        return r;
    r = choose_group(sched, &group);
    if (ILI_UNLIKELY(r < 0))
        return r;
    task = take(sched, options->stack_size, &r);
    if (ILI_UNLIKELY(!task))
        return r;
    fill_in(sched, task, group, options, ret_task ? 2 : 1);
    top = copy_argument(task, options);
    enter_lists(sched, group, task);

    /* Before the first step: it may end the task, or ask for the handle. */
    if (ret_task)
        *ret_task = task;
    if (options->flags & IL_LAZY) {
        ili_coro_make(&task->coro, task->stack.base,
                      (size_t)(top - (char *)task->stack.base), ili_task_entry);
        ili_queue_task(sched, task, task);
        ili_sched_changed(sched);
    } else {
        start(sched, task, top);
    }
    return 0;
}

int il_spawn_with(il_group *group, const il_spawn_options *options,
                  il_task **ret_task)
{
    return spawn(group, options, ret_task);
}

int il_spawn_at(il_group *group, il_task_fn *fn, void *arg, il_task **ret_task,
                const il_site *site)
{
    const il_spawn_options options = { .fn = fn, .arg = arg, .site = site };

    return spawn(group, &options, ret_task);
}

int il_spawn_lazy_at(il_group *group, il_task_fn *fn, void *arg,
                     il_task **ret_task, const il_site *site)
{
    const il_spawn_options options = {
        .fn = fn, .arg = arg, .site = site, .flags = IL_LAZY
    };

    return spawn(group, &options, ret_task);
}

int il_spawn_copy_at(il_group *group, il_task_fn *fn, const void *arg,
                     size_t size, il_task **ret_task, const il_site *site)
{
    const il_spawn_options options = {
        .fn = fn, .arg = (void *)arg, .copy_size = size, .site = site
    };

    return spawn(group, &options, ret_task);
}
