/* SPDX-License-Identifier: MIT */

/* guest.c - which mode a loop is in.
 *
 *                  il_loop_attach            il_loop_start
 *      native ----------------------> owner ---------------> guest
 *        ^                              |                      |
 *        +------- il_loop_detach -------+----------------------+
 *
 * Nothing moves: ready queue, alarms and descriptors do not know who sleeps
 * for them.  With a host there is someone to tell when something happens
 * between turns, and turns come from il_loop_turn(). */

#include "config.h"

#include <interloop/host.h>

#include "loop/loop.h"

#include <errno.h>

/* Where no mode may change: while it runs, and inside a turn or a first step,
 * where a stop may be pending. */
static bool is_busy(const il_loop *loop)
{
    return loop->running || loop->sched.runner || loop->sched.current;
}

static int check_host(const il_loop *loop, const il_host *host)
{
    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(host && host->request_turn, -EINVAL);
    ILI_RETURN_IF_FAIL(!host->suspend == !host->resume, -EINVAL);
    ILI_RETURN_IF_FAIL(host->suspend || !host->hand_over, -EINVAL);
    return 0;
}

static void set_host(il_loop *loop, const il_host *host, void *data)
{
    loop->sched.host = host;
    loop->sched.host_data = data;
    ili_sched_set_minded(&loop->sched);
}

int il_loop_attach(il_loop *loop, const il_host *host, void *data)
{
    int r = check_host(loop, host);

    if (r < 0)
        return r;
    ILI_RETURN_IF_FAIL(host->run && host->quit, -EINVAL);
    ILI_RETURN_IF_FAIL(!is_busy(loop) && !loop->sched.host, -EBUSY);
    set_host(loop, host, data);
    loop->mode = IL_MODE_OWNER;
    return 0;
}

int il_loop_start(il_loop *loop, const il_host *host, void *data)
{
    ili_sched *sched = ili_sched_of(loop);
    int r;

    if (loop && !host) {
        host = sched->host;
        data = sched->host_data;
    }
    r = check_host(loop, host);
    if (r < 0)
        return r;
    ILI_RETURN_IF_FAIL(!is_busy(loop), -EBUSY);
    ILI_RETURN_IF_FAIL(!sched->host ||
                           (sched->host == host && sched->host_data == data),
                       -EBUSY);

    set_host(loop, host, data);
    loop->mode = IL_MODE_GUEST;
    loop->stop = false;
    loop->running = true;
    sched->told = true;
    /* Other threads may post before the first turn. */
    (void)ili_inbox_may_sleep(loop);
    host->request_turn(data);
    return 0;
}

int il_loop_detach(il_loop *loop)
{
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(loop->sched.host, -ESRCH);
    ILI_RETURN_IF_FAIL(!loop->sched.runner && !loop->sched.current, -EBUSY);
    ILI_RETURN_IF_FAIL(!loop->owned, -EBUSY);
    ili_tasks_leave_host(&loop->sched);
    set_host(loop, NULL, NULL);
    loop->mode = IL_MODE_NATIVE;
    loop->sched.told = false;
    loop->running = false;
    return 0;
}

il_mode il_loop_get_mode(const il_loop *loop)
{
    return loop ? loop->mode : IL_MODE_NATIVE;
}

bool il_loop_is_in_turn(const il_loop *loop)
{
    return ili_loop_is_here(loop) &&
           (loop->sched.runner || loop->sched.current);
}

void **il_loop_task_slots(il_loop *loop)
{
    if (!ili_loop_is_here(loop) || !loop->sched.host || !loop->sched.current)
        return NULL;
    return loop->sched.current->host_slot;
}

bool il_loop_is_guest(const il_loop *loop)
{
    return loop && loop->mode == IL_MODE_GUEST;
}
