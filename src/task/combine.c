/* SPDX-License-Identifier: MIT */

/* combine.c - several functions at the same time: thin layers over a group.
 *
 * They wait for all, whatever happens.  One that is still running when the call
 * returns would use arguments that are gone. */

#include "config.h"

#include <interloop/combine.h>

#include "task/combine.h"

static int run_call(void *arg)
{
    il_call *call = arg;

    call->result = call->fn(call->arg);
    return call->result;
}

/* The error is a result like any other, and the group hears of none. */
static int run_call_quietly(void *arg)
{
    (void)run_call(arg);
    return 0;
}

static int gather(il_call *calls, size_t n, il_task_fn *run,
                  const il_site *site)
{
    il_group group;
    int started = 0;
    int r;

    ILI_RETURN_IF_FAIL(ili_calls_are_complete(calls, n), -EINVAL);
    r = il_group_open(&group, 0);
    if (r < 0)
        return r;
    group.flags |= ILI_GROUP_SEES_ALL;
    ili_calls_clear(calls, n);
    for (size_t i = 0; i < n && started == 0; i++)
        started = il_spawn_at(&group, run, &calls[i], NULL, site);
    return ili_group_finish(&group, started);
}

int il_gather(il_call *calls, size_t n)
{
    static const il_site site = { "il_gather", __FILE__, __LINE__ };

    return gather(calls, n, run_call, &site);
}

int il_gather_all(il_call *calls, size_t n)
{
    static const il_site site = { "il_gather_all", __FILE__, __LINE__ };
    size_t n_failed = 0;
    int r = gather(calls, n, run_call_quietly, &site);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        n_failed += calls[i].result < 0;
    return ili_count(n_failed);
}
