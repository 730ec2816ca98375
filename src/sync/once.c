/* SPDX-License-Identifier: MIT */

/* once.c - done by whoever comes first, for all.
 *
 * Between any two calls into this file tasks wait only while somebody runs its
 * function, or will: `run` is set, and points to a record on the stack of that
 * task.  A failure makes the task that has waited longest the next to run, there
 * and then; so nobody comes in between, and a cancel that finds it before it
 * runs is its own affair: its function is called, and fails at its first wait.
 *
 * The record says whether the il_once was ended meanwhile, so that the function
 * may do that itself.
 *
 * Rejected: telling the failure to all who wait.  A cancel belongs to one task.
 * Running the function in a task of its own: it would need a group, and nobody
 * could say whose cancel is to reach it. */

#include "config.h"

#include <interloop/once.h>

#include "sync/waiter.h"

#include <errno.h>

struct il_once_run_ {
    il_waiter node; /* while it waits */
    il_once *once;  /* NULL: it was ended */
    const void *thread;
    bool is_next; /* woken to run its function */
};

/* It is done: all who wait have the result. */
static int succeed(il_once *once, int result)
{
    once->is_done = true;
    once->result = result;
    once->run = NULL;
    ili_waiters_end(&once->waiters, result);
    return result;
}

/* Somebody else may try. */
static int fail(il_once *once, int result)
{
    il_waiter *node = ili_waiters_pop(&once->waiters);

    once->run = NULL;
    if (node) {
        once->run = ILI_CONTAINER(node, struct il_once_run_, node);
        once->run->is_next = true;
        ili_wake(node->task, 0);
    }
    return result;
}

static int run(struct il_once_run_ *me, il_task_fn *fn, void *arg)
{
    int r = fn(arg);

    if (!me->once)
        return r;
    return r < 0 ? fail(me->once, r) : succeed(me->once, r);
}

/* A task that would not end when its loop closed will not come back from its
 * function; its frames are still there. */
static bool is_abandoned(const struct il_once_run_ *run)
{
    return run->thread == ili_this_thread() && run->node.task &&
           run->node.task->state == ILI_DONE;
}

/* Until it is done, or it is our turn. */
static int wait_for_turn(struct il_once_run_ *me)
{
    const struct il_once_run_ *other = me->once->run;

    ILI_RETURN_IF_FAIL(other->thread == me->thread, -ESRCH);
    ILI_RETURN_IF_FAIL(other->node.task != me->node.task, -EDEADLK);
    ILI_RETURN_IF_FAIL(me->node.task, -ESRCH);
    ili_list_append_lazy(&me->once->waiters, &me->node.link);

    return ili_park(ili_waiter_abort, &me->node, "what is done once");
}

int il_once_run(il_once *once, il_task_fn *fn, void *arg)
{
    struct il_once_run_ me = { .node = { .task = ili_current_task() },
                               .once = once,
                               .thread = ili_this_thread() };
    int r;

    ILI_RETURN_IF_FAIL(once && fn, -EINVAL);
    if (once->is_done) {
        r = once->result;
        (void)ili_spent(me.node.task);
        return r;
    }
    if (ili_must_refuse(me.node.task))
        return ili_refuse(me.node.task);
    if (once->run && !is_abandoned(once->run)) {
        r = wait_for_turn(&me);
        if (!me.is_next)
            return r;
        if (!me.once)
            return -EOWNERDEAD;
    }
    once->run = &me;
    return run(&me, fn, arg);
}

bool il_once_is_done(const il_once *once)
{
    return once && once->is_done;
}

void il_once_fini(il_once *once)
{
    if (!once || (once->run && once->run->thread != ili_this_thread()))
        return;
    if (once->run)
        once->run->once = NULL;
    ili_waiters_end(&once->waiters, -EOWNERDEAD);
    *once = (il_once)IL_ONCE_INIT;
}
