/* SPDX-License-Identifier: MIT */

/* scenarios_group.c - groups, gather, race. */

#include "config.h"

#include "scenario_tools.h"

#include <string.h>

static int close_waits_for_all(void *arg)
{
    struct trace trace = { 0 };
    struct actor actors[] = { { &trace, "slow", 3, 0 },
                              { &trace, "quick", 0, 0 },
                              { &trace, "soon", 1, 0 } };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_spawn(&group, act, &actors[i], NULL), 0);
    CHECK_INT(il_group_count(&group), 2);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(il_group_count(&group), 0);
    CHECK_TRACE(&trace, "quick soon slow");
    return 0;
}

static int count_and_wait(void *arg)
{
    ++*(unsigned *)arg;
    return il_sleep(IL_FOREVER);
}

static int fail_soon(void *arg)
{
    (void)arg;
    CHECK_INT(il_yield(), 0);
    return -EIO;
}

static int error_ends_the_group(void *arg)
{
    unsigned n = 0;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 10; i++)
        CHECK_INT(il_spawn(&group, count_and_wait, &n, NULL), 0);
    CHECK_INT(il_spawn(&group, fail_soon, NULL, NULL), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED); /* the body too */
    CHECK_INT(il_group_close(&group), -EIO);
    CHECK_INT(n, 10);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static int cancelled_group_takes_no_tasks(void *arg)
{
    unsigned n = 0;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, count_and_wait, &n, NULL), 0);
    il_group_cancel(&group);
    CHECK_INT(il_spawn(&group, count_and_wait, &n, NULL), -ECANCELED);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(il_spawn(&group, count_and_wait, &n, NULL), -ESRCH);
    CHECK_INT(il_group_close(&group), -ESRCH);
    CHECK_INT(n, 1);
    return 0;
}

static int supervisor_lets_others_live(void *arg)
{
    struct trace trace = { 0 };
    struct actor failing = { &trace, "failing", 0, -EIO };
    struct actor other = { &trace, "other", 1, 0 };
    il_group group;
    il_task *task;
    int result = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_spawn(&group, act, &failing, &task), 0);
    CHECK_INT(il_spawn(&group, act, &other, NULL), 0);
    CHECK_INT(il_task_join(task, &result), 0);
    CHECK_INT(result, -EIO);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_TRACE(&trace, "failing other");
    il_task_unref(task);
    return 0;
}

static int next_gives_the_order_of_ends(void *arg)
{
    struct trace trace = { 0 };
    struct actor actors[] = { { &trace, "c", 3, 30 },
                              { &trace, "a", 0, -EIO },
                              { &trace, "b", 1, 10 } };
    const int expected[] = { -EIO, 10, 30 };
    il_group group;
    il_task *task = NULL;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT | IL_GROUP_SUPERVISE), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_spawn(&group, act, &actors[i], NULL), 0);
    for (int i = 0; i < 3; i++) {
        int result = 0;

        CHECK_INT(il_group_next(&group, &task), 0);
        CHECK_INT(il_task_try_join(task, &result), 0);
        CHECK_INT(result, expected[i]);
        task = il_task_unref(task);
    }
    CHECK_INT(il_group_next(&group, &task), -ENOENT);
    CHECK(task == NULL);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static int own_a_group(void *arg)
{
    struct trace *trace = arg;
    struct actor actor = { trace, "never", 100, 0 };
    il_group group;
    int r;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, act, &actor, NULL), 0);
    CHECK_INT(il_spawn(&group, act, &actor, NULL), 0);
    r = il_group_close(&group);
    trace_add(trace, r == -ECANCELED ? "cancelled" : "wrong");
    return r;
}

static int cancel_reaches_groups_inside(void *arg)
{
    struct trace trace = { 0 };
    il_group outer, inner;

    (void)arg;
    CHECK_INT(il_group_open(&outer, 0), 0);
    CHECK_INT(il_group_open(&inner, 0), 0);
    CHECK_INT(il_group_close(&outer), -EINVAL); /* not the innermost */
    CHECK_INT(il_spawn(&outer, own_a_group, &trace, NULL), 0);
    CHECK_INT(il_spawn(&inner, own_a_group, &trace, NULL), 0);
    il_group_cancel(&outer);
    CHECK_INT(il_group_close(&inner), -ECANCELED);
    CHECK_INT(il_group_close(&outer), 0);
    CHECK_TRACE(&trace, "cancelled cancelled");
    return 0;
}

static int cancelled_owner_ends_its_children(void *arg)
{
    struct trace trace = { 0 };
    il_task *task;
    int result = 0;

    (void)arg;
    CHECK_INT(il_spawn(NULL, own_a_group, &trace, &task), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK_INT(il_task_join(task, &result), 0);
    CHECK_INT(result, -ECANCELED);
    CHECK_TRACE(&trace, "cancelled");
    il_task_unref(task);
    return 0;
}

/* The owner of a child of the group adds more to it. */
static int spawn_into(void *arg)
{
    il_group *group = arg;
    static int zero;

    CHECK_INT(il_sleep(IL_US(100)), 0);
    CHECK_INT(il_spawn(group, return_int, &zero, NULL), 0);
    CHECK_INT(il_spawn_lazy(group, return_int, &zero, NULL), 0);
    return 0;
}

static int group_grows_while_it_closes(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, spawn_into, &group, NULL), 0);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static int gather_keeps_the_order(void *arg)
{
    struct trace trace = { 0 };
    struct actor actors[] = { { &trace, "a", 3, 1 },
                              { &trace, "b", 0, 2 },
                              { &trace, "c", 1, 3 } };
    il_call calls[] = { { act, &actors[0], 0 },
                        { act, &actors[1], 0 },
                        { act, &actors[2], 0 } };

    (void)arg;
    CHECK_INT(il_gather(calls, 3), 0);
    CHECK_TRACE(&trace, "b c a");
    for (int i = 0; i < 3; i++)
        CHECK_INT(calls[i].result, i + 1);
    CHECK_INT(il_gather(NULL, 0), 0);
    return 0;
}

static int gather_stops_at_an_error(void *arg)
{
    struct trace trace = { 0 };
    struct actor early = { &trace, "early", 0, 2 };
    il_call calls[] = { { sleep_for_ever, NULL, 0 },
                        { act, &early, 0 },
                        { fail_soon, NULL, 0 } };

    (void)arg;
    CHECK_INT(il_gather(calls, 3), -EIO);
    CHECK_INT(calls[0].result, -ECANCELED);
    CHECK_INT(calls[1].result, 2);
    CHECK_INT(calls[2].result, -EIO);
    return 0;
}

static int race_is_won_by_the_first(void *arg)
{
    struct trace trace = { 0 };
    struct actor first = { &trace, "first", 3, 5 };
    struct actor later = { &trace, "later", 100, 6 };
    il_call calls[] = { { act, &later, 0 },
                        { fail_soon, NULL, 0 },
                        { act, &first, 0 } };
    size_t winner = 9;

    (void)arg;
    CHECK_INT(il_race(calls, 3, &winner), 0);
    CHECK_INT(winner, 2);
    CHECK_INT(calls[0].result, -ECANCELED);
    CHECK_INT(calls[1].result, -EIO);
    CHECK_INT(calls[2].result, 5);
    CHECK_TRACE(&trace, "first");
    return 0;
}

static int race_that_all_lose(void *arg)
{
    struct trace trace = { 0 };
    struct actor late = { &trace, "late", 3, -EPERM };
    il_call calls[] = { { act, &late, 0 }, { fail_soon, NULL, 0 } };
    size_t winner = 9;

    (void)arg;
    CHECK_INT(il_race(calls, 2, &winner), -EIO);
    CHECK_INT(winner, 9);
    CHECK_INT(calls[0].result, -EPERM);
    CHECK_INT(il_race(calls, 0, &winner), -EINVAL);
    return 0;
}

const struct scenario scenarios_group[] = {
    { "closing a group waits for all", close_waits_for_all },
    { "an error ends the group", error_ends_the_group },
    { "a cancelled group takes no tasks", cancelled_group_takes_no_tasks },
    { "a supervising group lets the others live", supervisor_lets_others_live },
    { "next gives tasks in the order of their ends",
      next_gives_the_order_of_ends },
    { "a cancel reaches groups inside groups", cancel_reaches_groups_inside },
    { "a cancelled owner ends its children",
      cancelled_owner_ends_its_children },
    { "a group may grow while it closes", group_grows_while_it_closes },
    { "gather keeps results in the order of calls", gather_keeps_the_order },
    { "gather stops at the first error", gather_stops_at_an_error },
    { "a race is won by the first to succeed", race_is_won_by_the_first },
    { "a race that all lose gives the first error", race_that_all_lose },
    { NULL, NULL },
};
