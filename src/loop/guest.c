/* SPDX-License-Identifier: MIT */

/* guest.c - from native to guest and back.
 *
 * Nothing moves: ready queue, alarms and descriptors do not know who sleeps
 * for them.  A guest has a host to tell when something happens between turns,
 * and turns come from il_loop_turn(). */

#include "config.h"

#include <interloop/host.h>

#include "loop/loop.h"

#include <errno.h>

int il_loop_start(il_loop *loop, const il_host *host, void *data)
{
    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(host && host->request_turn, -EINVAL);
    ILI_RETURN_IF_FAIL(!host->suspend == !host->resume, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->running && !loop->sched.runner, -EBUSY);
    ILI_RETURN_IF_FAIL(!loop->sched.current, -EBUSY);

    loop->sched.host = host;
    loop->sched.host_data = data;
    loop->running = true;
    loop->stop = false;
    loop->sched.told = true;
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
    loop->sched.host = NULL;
    loop->sched.host_data = NULL;
    loop->sched.told = false;
    loop->running = false;
    loop->stop = false;
    return 0;
}

bool il_loop_is_guest(const il_loop *loop)
{
    return loop && loop->sched.host != NULL;
}
