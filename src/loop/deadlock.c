/* SPDX-License-Identifier: MIT */

/* deadlock.c - every task waits, and for nothing that will come.
 *
 * Asked in debug mode before a native sleep without end: nothing is ready, no
 * deadline is left.  If then no task waits for a descriptor or something else
 * from outside, only a post could wake the loop.  Nobody can post if the process
 * has one thread, no signal handler, and nobody has a reference to the loop: that
 * is a deadlock, and is told at once.  Otherwise it may be one, and is told when
 * nothing has come for a while.
 *
 * It is told once, and again when something has run in the meantime.
 *
 * Rejected: ending the run always, as Go ends the program.  Debugging should not
 * change what a program does unless that was asked for.  A guest and an owner are
 * not asked: what a button will do, no loop can know. */

#include "config.h"

#include <interloop/dump.h>

#include "loop/loop.h"
#include "task/debug.h"
#include "task/dump.h"

#include <errno.h>
#include <stdio.h>

/* Somebody might come from outside for one of the tasks. */
static bool waits_outside(ili_sched *sched)
{
    for (il_task *task = ili_task_after(sched, NULL); task;
         task = ili_task_after(sched, task))
        if (!ili_is_parked(task) || !ili_wait_is_inner(task))
            return true;
    return false;
}

/* Callbacks of the handler have become ready, or there is a deadline now. */
static void tell(il_loop *loop, bool alone, il_time since)
{
    ili_sched *sched = &loop->sched;
    const il_task *first = ili_task_after(sched, NULL);
    size_t n = sched->n_tasks;
    const il_task *task = sched->awaited ? sched->awaited : first;

    if (alone)
        ili_debug_tell(sched, task, IL_REPORT_DEADLOCK, -EDEADLK,
                       "every task waits, and nobody can wake one",
                       "%zu task%s", n, n == 1 ? "" : "s");
    else
        ili_debug_tell(sched, task, IL_REPORT_DEADLOCK, -EDEADLK,
                       "every task waits, and nobody has woken one",
                       "%zu task%s, for %.3f s", n, n == 1 ? "" : "s",
                       (double)since / 1e9);
    if (!sched->report)
        (void)il_dump_tasks(stderr);
}

static void give_up(il_loop *loop)
{
    if (!ili_debugs(&loop->sched, IL_DEBUG_FATAL | ILI_DEBUG_BLOCKED) ||
        !loop->running)
        return;
    loop->in_deadlock = true;
    loop->stop = true;
}

/* Since when nothing has run. */
static il_time blocked_since(ili_debug *debug)
{
    if (debug->blocked_since == 0 || debug->blocked_at != debug->n_steps) {
        debug->blocked_at = debug->n_steps;
        debug->blocked_since = ili_debug_now();
        debug->blocked_is_told = false;
    }
    return debug->blocked_since;
}

il_time ili_deadlock_look(il_loop *loop)
{
    ili_debug *debug = loop->sched.debug;
    bool alone = ili_loop_is_alone(loop);
    il_time since = ili_debug_now() - blocked_since(debug);

    if (debug->blocked_is_told || loop->sched.n_tasks == 0 ||
        loop->sched.host || waits_outside(&loop->sched))
        return IL_FOREVER;
    if (!alone && since < debug->limits.blocked)
        return debug->limits.blocked - since;
    debug->blocked_is_told = true;
    tell(loop, alone, since);
    give_up(loop);
    /* The handler may have posted, or armed a timer. */
    return 0;
}
