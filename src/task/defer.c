/* SPDX-License-Identifier: MIT */

/* defer.c - clean-up that is decided at run time.
 *
 * Each scope may have a list of what is to be done when its task leaves it, the
 * latest first; for a task as a whole that is its outermost scope.  It is done by
 * that task, inside the scope, so a deadline bounds it and a cancel is felt, as
 * by any other code in there; what has to wait all the same has IL_SHIELD().
 *
 * A record is off the list before its function is called: what that defers in
 * turn is done next, and a cancel or another task finds the list whole.
 *
 * Rejected: records of the caller's, as callbacks have them.  What is deferred to
 * the end of a task is done when all its frames are gone, and such a record would
 * have to be on one of them.  Doing it for tasks that are abandoned: nobody knows
 * who still uses what they have. */

#include "config.h"

#include <interloop/defer.h>

#include "task/task.h"

#include <errno.h>
#include <stdlib.h>

struct il_deferred_ {
    struct il_deferred_ *outer; /* deferred before it; NULL: none */
    il_defer_fn *fn;
    void *arg;
};

static struct il_deferred_ *latest(const il_scope *scope)
{
    return scope->flags & ILI_SCOPE_DEFERRED ? scope->deferred : NULL;
}

void ili_scope_undo(il_scope *scope)
{
    struct il_deferred_ *record = latest(scope);

    scope->flags |= ILI_SCOPE_ENDING;
    while (record) {
        struct il_deferred_ now = *record;

        scope->deferred = now.outer;
        free(record);
        now.fn(now.arg);
        record = scope->deferred;
    }
    scope->flags &= ~(unsigned)(ILI_SCOPE_ENDING | ILI_SCOPE_DEFERRED);
}

/* The scope that is meant, if it is somebody's of this thread. */
static il_scope *entered(il_scope *scope)
{
    il_task *task = ili_current_task();

    if (!scope && task)
        scope = task->scope;
    if (!scope || !scope->task || !ili_sched_current ||
        scope->task->sched != ili_sched_current ||
        scope->task->state == ILI_DONE)
        return NULL;
    return scope;
}

int il_scope_defer(il_scope *scope, il_defer_fn *fn, void *arg)
{
    struct il_deferred_ *record;

    ILI_RETURN_IF_FAIL(fn, -EINVAL);
    scope = entered(scope);
    ILI_RETURN_IF_FAIL(scope, -ESRCH);
    record = malloc(sizeof *record);
    if (!record)
        return -ENOMEM;
    *record = (struct il_deferred_){ latest(scope), fn, arg };
    scope->deferred = record;
    scope->flags |= ILI_SCOPE_DEFERRED;
    return 0;
}

bool il_scope_undefer(il_scope *scope, il_defer_fn *fn, void *arg)
{
    scope = entered(scope);
    if (!scope || !latest(scope))
        return false;
    for (struct il_deferred_ **at = &scope->deferred; *at; at = &(*at)->outer) {
        struct il_deferred_ *record = *at;

        if (record->fn == fn && record->arg == arg) {
            *at = record->outer;
            free(record);
            return true;
        }
    }
    return false;
}

/* The outermost scope of the running task; NULL: there is none. */
static il_scope *whole_task(void)
{
    il_task *task = ili_current_task();

    return task ? &task->root : NULL;
}

int il_defer(il_defer_fn *fn, void *arg)
{
    return il_scope_defer(whole_task(), fn, arg);
}

bool il_undefer(il_defer_fn *fn, void *arg)
{
    return il_scope_undefer(whole_task(), fn, arg);
}
