/* SPDX-License-Identifier: MIT */

/* scenarios_combine.c - maps, staggered races, waiting for several tasks, tasks
 * that become ready. */

#include "config.h"

#include "scenario_tools.h"

static int staggered_race_begins_one_by_one(void *arg)
{
    struct trace trace = { 0 };
    struct actor bad = { &trace, "bad", 2, -EIO };
    struct actor good = { &trace, "good", 1, 7 };
    struct actor never = { &trace, "never", 0, 8 };
    il_call calls[] = { { sleep_for_ever, NULL, 0 },
                        { act, &bad, 0 },
                        { act, &good, 0 },
                        { act, &never, 0 } };
    size_t winner = 9;

    (void)arg;
    CHECK_INT(il_race_staggered(calls, 3, IL_US(100), &winner), 0);
    CHECK_INT(winner, 2);
    CHECK_INT(calls[0].result, -ECANCELED);
    CHECK_INT(calls[2].result, 7);
    /* For ever: only an error lets the next one begin. */
    CHECK_INT(il_race_staggered(calls + 1, 3, IL_FOREVER, &winner), 0);
    CHECK_INT(winner, 1);
    CHECK_TRACE(&trace, "bad good bad good");
    return 0;
}

static int map_keeps_its_limit(void *arg)
{
    struct trace trace = { 0 };
    struct actor actors[] = { { &trace, "a", 1, 1 },
                              { &trace, "b", 20, 2 },
                              { &trace, "c", 1, 3 },
                              { &trace, "d", 0, -EIO } };
    int results[4];

    (void)arg;
    CHECK_INT(il_map_all(actors, 4, sizeof *actors, 2, act, results), 1);
    CHECK_TRACE(&trace, "a c d b");
    for (int i = 0; i < 3; i++)
        CHECK_INT(results[i], i + 1);
    CHECK_INT(results[3], -EIO);
    CHECK_INT(il_map(actors, 4, sizeof *actors, 2, act, results), -EIO);
    CHECK_INT(results[1], -ECANCELED);
    return 0;
}

static int wait_leaves_the_others_alone(void *arg)
{
    struct trace trace = { 0 };
    struct actor actors[] = { { &trace, "a", 20, 1 },
                              { &trace, "b", 1, -EIO } };
    il_awaited awaited[2] = { { .task = NULL } };
    size_t which = 9;
    int r = 0;

    (void)arg;
    for (int i = 0; i < 2; i++)
        CHECK_INT(il_spawn(NULL, act, &actors[i], &awaited[i].task), 0);
    CHECK_INT(il_wait_any(awaited, 2, &which), 1);
    CHECK_INT(which, 1);
    CHECK_INT(awaited[1].result, -EIO);
    IL_TIMEOUT (0, &r) {
        r = il_wait_all(awaited, 2);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(il_wait_all(awaited, 2), 2);
    CHECK_TRACE(&trace, "b a");
    for (int i = 0; i < 2; i++)
        il_task_unref(awaited[i].task);
    return 0;
}

static int wait_for_cancels_at_its_end(void *arg)
{
    int result = 0;
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, sleep_for_ever, NULL, &task), 0);
    CHECK_INT(il_wait_for(task, IL_US(100), &result), -ETIMEDOUT);
    CHECK(il_task_is_done(task));
    CHECK_INT(il_task_stop(task, IL_SEC(1), &result), 0);
    CHECK_INT(result, -ECANCELED);
    il_task_unref(task);
    return 0;
}

/* Ready after so many yields; a negative number is an error instead. */
static int become_ready(void *arg)
{
    int *n_yields = arg;

    if (*n_yields < 0)
        return il_yield() < 0 ? -ECANCELED : *n_yields;
    for (int i = *n_yields; i > 0; i--)
        CHECK_INT(il_yield(), 0);
    CHECK_INT(il_ready(n_yields), 0);
    return sleep_for_ever(NULL);
}

static int ready_tasks_are_the_groups(void *arg)
{
    int at_once = 0;
    int soon = 3;
    int bad = -EADDRINUSE;
    void *value = NULL;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn_ready(&group, become_ready, &at_once, NULL, &value), 0);
    CHECK(value == &at_once);
    CHECK_INT(il_spawn_ready(&group, become_ready, &soon, NULL, &value), 0);
    CHECK(value == &soon);
    CHECK_INT(il_spawn_ready(&group, become_ready, &bad, NULL, &value),
              -EADDRINUSE);
    CHECK_INT(il_group_count(&group), 2);
    il_group_cancel(&group);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static int failures_are_listed(void *arg)
{
    struct trace trace = { 0 };
    struct actor a = { &trace, "a", 2, -EIO };
    struct actor b = { &trace, "b", 0, -EPERM };
    il_failure list[2];
    il_failures failures = IL_FAILURES_INIT(list);
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_group_keep_failures(&group, &failures), 0);
    CHECK_INT(il_spawn(&group, act, &a, NULL), 0);
    CHECK_INT(il_spawn(&group, act, &b, NULL), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(failures.n, 2);
    CHECK_INT(list[0].error, -EPERM);
    CHECK_INT(list[1].error, -EIO);
    return 0;
}

const struct scenario scenarios_combine[] = {
    { "a staggered race begins one by one", staggered_race_begins_one_by_one },
    { "a map keeps its limit", map_keeps_its_limit },
    { "waiting for some leaves the others alone",
      wait_leaves_the_others_alone },
    { "waiting with a limit cancels at its end", wait_for_cancels_at_its_end },
    { "a task that is ready is its group's", ready_tasks_are_the_groups },
    { "a list tells who failed", failures_are_listed },
    { NULL, NULL },
};
