/* SPDX-License-Identifier: MIT */

/* ready.c - a task that tells whoever spawned it that it is ready.
 *
 * Until then it lives in a group of its own on the stack of the one that waits,
 * who does nothing but close that group.  So a cancel of the caller reaches it,
 * and its end is waited for, by what groups do anyway.  When it is ready it moves
 * to the group that it is for; the other one is empty then, and its close
 * returns.
 *
 * Between any two calls, a group with ILI_GROUP_STARTS is part of a struct start
 * and has one task at most; and the group that the task is for has counted it,
 * so that it is still there.
 *
 * Rejected: the task is the group's from the beginning.  A cancel of the caller
 * would have to find it, and its error would reach both.
 * Rejected: a handle for the body to call.  A function that can be spawned
 * either way would have to be told which way it was. */

#include "config.h"

#include <interloop/ready.h>

#include "task/combine.h"

struct start {
    il_group group;  /* where the task is until it is ready */
    il_group *owner; /* and where it goes */
    void *value;
    bool is_ready;
};

int il_ready(void *value)
{
    il_task *task = ili_current_task();
    struct start *start;

    ILI_RETURN_IF_FAIL(task, -ESRCH);
    if (!(task->group->flags & ILI_GROUP_STARTS))
        return 0;
    start = ILI_CONTAINER(task->group, struct start, group);
    /* Who waits will say that nothing has happened. */
    if (start->group.scope.cause)
        return -ECANCELED;
    start->value = value;
    start->is_ready = true;
    ili_group_move(task, start->owner);
    return 0;
}

/* Whether the group may get a task, as when it is spawned. */
static int check_owner(const ili_sched *sched, const il_group *owner)
{
    ILI_RETURN_IF_FAIL(owner->sched == sched, -ESRCH);
    ILI_RETURN_IF_FAIL(!sched->closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(owner->scope.cause == NULL, -ECANCELED);
    return 0;
}

/* What it came to that the task is not ready; `started` is what spawning came
 * to. */
static int wait_for_it(struct start *start, int started)
{
    int r = ili_group_finish(&start->group, started);

    /* It has moved before any cancel of the caller that close tells of. */
    if (start->is_ready)
        return 0;
    ili_group_forget(start->owner);
    return r < 0 ? r : -EPROTO;
}

static int start_task(il_group *owner, const il_spawn_options *options,
                      il_task **ret_task, void **ret_value, bool *ret_started)
{
    ili_sched *sched = ili_sched_current;
    struct start start = { .owner = owner };
    il_task *task = NULL;
    int r;

    ILI_RETURN_IF_FAIL(sched && sched->current, -ESRCH);
    if (!owner)
        start.owner = &sched->root;
    r = check_owner(sched, start.owner);
    if (r == 0)
        r = il_group_open(&start.group, 0);
    if (r < 0)
        return r;
    start.group.flags |= ILI_GROUP_STARTS;
    ili_group_expect(start.owner);
    r = il_spawn_with(&start.group, options, &task);
    *ret_started = r == 0;

    r = wait_for_it(&start, r);
    if (r == 0 && ret_value)
        *ret_value = start.value;
    if (r == 0 && ret_task)
        *ret_task = task;
    else
        (void)il_task_unref(task);
    return r;
}

int il_spawn_ready_with(il_group *group, const il_spawn_options *options,
                        il_task **ret_task, void **ret_value)
{
    bool started = false;
    int r = start_task(group, options, ret_task, ret_value, &started);

    if (!started && options && options->destroy)
        options->destroy(options->arg);
    return r;
}

int il_spawn_ready_at(il_group *group, il_task_fn *fn, void *arg,
                      il_task **ret_task, void **ret_value, const il_site *site)
{
    const il_spawn_options options = { .fn = fn, .arg = arg, .site = site };

    return il_spawn_ready_with(group, &options, ret_task, ret_value);
}
