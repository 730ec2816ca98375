/* SPDX-License-Identifier: MIT */

/* race.c - several functions, of which one is enough.
 *
 * Who wins is decided in the runners: the first that ends well, or at all,
 * writes down its index and cancels the group.  Errors concern nobody before all
 * have failed, so the group hears of none.
 *
 * A winner counts even if the caller is cancelled at the same moment: it has
 * happened, and what it has made must not be lost.
 *
 * The staggered race begins one, then waits for its failure under a time limit.
 * A winner, whoever it is, ends that wait through the group's scope; a failure
 * of an earlier one does not, for then another attempt is on its way already. */

#include "config.h"

#include <interloop/combine.h>
#include <interloop/future.h>

#include "task/combine.h"

struct race {
    il_group group;
    il_call *calls;
    size_t n;
    size_t winner;    /* index; n: none yet */
    int error;        /* the first, in time */
    bool end_is_won;  /* who fails first has won as well */
    size_t last;      /* index of the one begun last */
    il_future failed; /* it has failed */
};

/* Read in the first step, while it is there. */
struct runner {
    struct race *race;
    size_t index;
};

static bool wins(const struct race *race, int result)
{
    if (race->winner < race->n)
        return false;
    /* A call that is cancelled with its caller and fails has not come first. */
    return result >= 0 || (race->end_is_won && !race->group.scope.cause);
}

static int run_runner(void *arg)
{
    struct runner me = *(struct runner *)arg;
    struct race *race = me.race;
    il_call *call = &race->calls[me.index];

    call->result = call->fn(call->arg);
    if (wins(race, call->result)) {
        race->winner = me.index;
        il_group_cancel(&race->group);
    } else if (call->result < 0) {
        if (race->error == 0)
            race->error = call->result;
        if (me.index == race->last)
            (void)il_future_set(&race->failed, 0, NULL);
    }
    return 0;
}

/* Wait until the one begun last has failed, or for so long.  0: go on. */
static int wait_for_failure(struct race *race, il_time delay)
{
    ili_sched *sched = ili_sched_current;
    il_scope limit;
    int r;

    if (delay <= 0)
        return 0;
    (void)il_scope_enter(&limit,
                         ili_deadline_after(ili_sched_now(sched), delay));

    r = il_future_wait(&race->failed, NULL, NULL);
    r = il_scope_leave(&limit, r);
    return r == -ETIMEDOUT ? 0 : r;
}

static int begin_all(struct race *race, il_time delay, const il_site *site)
{
    int r = 0;

    for (size_t i = 0; i < race->n && r == 0; i++) {
        struct runner runner = { race, i };

        race->last = i;
        race->failed = (il_future)IL_FUTURE_INIT;
        r = il_spawn_at(&race->group, run_runner, &runner, NULL, site);
        if (r == 0 && i + 1 < race->n && race->winner == race->n)
            r = wait_for_failure(race, delay);
    }
    return r;
}

static int run(struct race *race, il_time delay, const il_site *site,
               size_t *ret_winner)
{
    int r;

    ILI_RETURN_IF_FAIL(race->n > 0, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_calls_are_complete(race->calls, race->n), -EINVAL);
    r = il_group_open(&race->group, 0);
    if (r < 0)
        return r;
    race->winner = race->n;
    ili_calls_clear(race->calls, race->n);
    r = ili_group_finish(&race->group, begin_all(race, delay, site));
    if (race->winner < race->n) {
        if (ret_winner)
            *ret_winner = race->winner;
        return 0;
    }
    return r < 0 ? r : race->error;
}

int il_race(il_call *calls, size_t n, size_t *ret_winner)
{
    static const il_site site = { "il_race", __FILE__, __LINE__ };
    struct race race = { .calls = calls, .n = n };

    return run(&race, 0, &site, ret_winner);
}

int il_race_staggered(il_call *calls, size_t n, il_time delay,
                      size_t *ret_winner)
{
    static const il_site site = { "il_race_staggered", __FILE__, __LINE__ };
    struct race race = { .calls = calls, .n = n };

    return run(&race, delay, &site, ret_winner);
}

int il_first(il_call *calls, size_t n, size_t *ret_index)
{
    static const il_site site = { "il_first", __FILE__, __LINE__ };
    struct race race = { .calls = calls, .n = n, .end_is_won = true };

    return run(&race, 0, &site, ret_index);
}
