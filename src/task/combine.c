/* SPDX-License-Identifier: MIT */

/* combine.c - several functions at the same time: thin layers over a group.
 *
 * Both wait for the losers.  A loser that is still running when the call
 * returns would use arguments that are gone. */

#include "config.h"

#include <interloop/group.h>

#include "task/task.h"

#include <errno.h>

static int run_call(void *arg)
{
    il_call *call = arg;

    call->result = call->fn(call->arg);
    return call->result;
}

int il_gather(il_call *calls, size_t n)
{
    static const il_site site = { "il_gather", __FILE__, __LINE__ };
    il_group group;
    int started = 0;
    int r;

    ILI_RETURN_IF_FAIL(calls || n == 0, -EINVAL);
    r = il_group_open(&group, 0);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        calls[i].result = -ECANCELED;
    for (size_t i = 0; i < n && started == 0; i++)
        started = il_spawn_at(&group, run_call, &calls[i], NULL, &site);
    if (started < 0)
        il_group_cancel(&group);
    r = il_group_close(&group);
    return r < 0 ? r : started;
}

/* A race: the runners find it through the group they run in. */
struct race {
    il_group group;
    il_call *calls;
    size_t winner; /* index; n: none yet */
    size_t n;
    int error; /* the first, in time */
};

struct runner {
    struct race *race;
    size_t index;
};

/* Errors concern nobody before all have failed: the group hears of none. */
static int run_runner(void *arg)
{
    struct runner me = *(struct runner *)arg;
    il_call *call = &me.race->calls[me.index];

    call->result = call->fn(call->arg);
    if (call->result >= 0 && me.race->winner == me.race->n) {
        me.race->winner = me.index;
        il_group_cancel(&me.race->group);
    }
    if (call->result < 0 && me.race->error == 0)
        me.race->error = call->result;
    return 0;
}

int il_race(il_call *calls, size_t n, size_t *ret_winner)
{
    static const il_site site = { "il_race", __FILE__, __LINE__ };
    struct race race = { .calls = calls, .winner = n, .n = n };
    int started = 0;
    int r;

    ILI_RETURN_IF_FAIL(calls && n > 0, -EINVAL);
    r = il_group_open(&race.group, 0);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        calls[i].result = -ECANCELED;
    for (size_t i = 0; i < n && started == 0; i++) {
        struct runner runner = { &race, i };

        started = il_spawn_at(&race.group, run_runner, &runner, NULL, &site);
    }
    if (started < 0)
        il_group_cancel(&race.group);
    r = il_group_close(&race.group);
    if (race.winner < n) {
        if (ret_winner)
            *ret_winner = race.winner;
        return 0;
    }
    if (r < 0 || started < 0)
        return r < 0 ? r : started;
    return race.error;
}
