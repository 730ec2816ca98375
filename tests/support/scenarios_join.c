/* SPDX-License-Identifier: MIT */

/* scenarios_join.c - how tasks end, and who hears of it. */

#include "config.h"

#include "scenario_tools.h"

static int join_waits_for_the_end(void *arg)
{
    struct trace trace = { 0 };
    struct actor task = { &trace, "task", 1, 7 };
    il_task *handle;
    int result = 0;

    (void)arg;
    CHECK_INT(il_spawn(NULL, act, &task, &handle), 0);
    CHECK_INT(il_task_join(handle, &result), 0);
    trace_add(&trace, "joined");
    CHECK_TRACE(&trace, "task joined");
    CHECK_INT(result, 7);
    result = 0;
    CHECK_INT(il_task_join(handle, &result), 0);
    CHECK_INT(result, 7);
    il_task_unref(handle);
    return 0;
}

struct joiner {
    struct trace *trace;
    const char *word;
    il_task *task;
};

static int join_and_add(void *arg)
{
    struct joiner *joiner = arg;
    int result = 0;

    CHECK_INT(il_task_join(joiner->task, &result), 0);
    CHECK_INT(result, 7);
    trace_add(joiner->trace, joiner->word);
    return 0;
}

static int many_join_one(void *arg)
{
    struct trace trace = { 0 };
    struct actor task = { &trace, "task", 1, 7 };
    struct joiner joiners[] = { { &trace, "a", NULL },
                                { &trace, "b", NULL },
                                { &trace, "c", NULL } };
    il_task *handle;
    il_group group;

    (void)arg;
    CHECK_INT(il_spawn(NULL, act, &task, &handle), 0);
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < 3; i++) {
        joiners[i].task = handle;
        CHECK_INT(il_spawn(&group, join_and_add, &joiners[i], NULL), 0);
    }
    CHECK_INT(il_group_close(&group), 0);
    CHECK_TRACE(&trace, "task a b c");
    il_task_unref(handle);
    return 0;
}

static int try_join_does_not_wait(void *arg)
{
    static int five = 5;
    il_task *task;
    int result = 1;

    (void)arg;
    CHECK_INT(il_spawn_lazy(NULL, return_int, &five, &task), 0);
    CHECK_INT(il_task_try_join(task, &result), -EAGAIN);
    CHECK_INT(result, 1);
    CHECK_INT(il_yield(), 0);
    CHECK(il_task_is_done(task));
    CHECK_INT(il_task_try_join(task, &result), 0);
    CHECK_INT(result, 5);
    il_task_unref(task);
    return 0;
}

static int join_it(void *arg)
{
    return il_task_join(arg, NULL);
}

static int cancelled_joiner_harms_nobody(void *arg)
{
    struct trace trace = { 0 };
    struct actor actor = { &trace, "task", 20, 0 };
    il_task *task, *joiner;
    int result = 0;

    (void)arg;
    CHECK_INT(il_spawn(NULL, act, &actor, &task), 0);
    CHECK_INT(il_spawn(NULL, join_it, task, &joiner), 0);
    CHECK_INT(il_task_cancel(joiner), 0);
    CHECK_INT(il_task_join(joiner, &result), 0);
    CHECK_INT(result, -ECANCELED);
    CHECK(!il_task_is_done(task));
    CHECK_INT(il_task_join(task, NULL), 0);
    CHECK_TRACE(&trace, "task");
    il_task_unref(joiner);
    il_task_unref(task);
    return 0;
}

static int task_cannot_join_itself(void *arg)
{
    int result = 1;

    (void)arg;
    CHECK_INT(il_task_join(il_task_current(), &result), -EDEADLK);
    CHECK_INT(result, 1);
    return 0;
}

static int lost_error_is_reported_once(void *arg)
{
    static int error = -EIO;
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, return_int, &error, &task), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(drop_reports(), 0); /* somebody may still ask */
    il_task_unref(task);
    CHECK_INT(drop_reports(), 0); /* not inside a call */
    CHECK_INT(il_yield(), 0);
    expect_report(IL_REPORT_UNHANDLED, -EIO);
    CHECK_INT(il_spawn_lazy(NULL, return_int, &error, NULL), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_yield(), 0);
    expect_report(IL_REPORT_UNHANDLED, -EIO);
    CHECK_INT(drop_reports(), 0);
    return 0;
}

/* Joined, asked for, belonging to a group, or a cancel that was asked for. */
static int heard_error_is_not_reported(void *arg)
{
    static int error = -EIO;
    il_task *tasks[3];
    il_group group;

    (void)arg;
    CHECK_INT(il_spawn(NULL, return_int, &error, &tasks[0]), 0);
    CHECK_INT(il_spawn(NULL, return_int, &error, &tasks[1]), 0);
    CHECK_INT(il_spawn(NULL, sleep_for_ever, NULL, &tasks[2]), 0);
    CHECK_INT(il_task_join(tasks[0], NULL), 0);
    CHECK_INT(il_task_try_join(tasks[1], NULL), 0);
    CHECK_INT(il_task_cancel(tasks[2]), 0);
    for (int i = 0; i < 3; i++)
        il_task_unref(tasks[i]);
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, return_int, &error, NULL), 0);
    CHECK_INT(il_group_close(&group), -EIO);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(drop_reports(), 0);
    return 0;
}

static int reference_may_go_first(void *arg)
{
    struct trace trace = { 0 };
    struct actor actor = { &trace, "task", 1, 0 };
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, act, &actor, &task), 0);
    CHECK(il_task_unref(task) == NULL);
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "task");
    return 0;
}

const struct scenario scenarios_join[] = {
    { "joining waits for the end", join_waits_for_the_end },
    { "many join one task", many_join_one },
    { "trying to join does not wait", try_join_does_not_wait },
    { "a cancelled joiner harms nobody", cancelled_joiner_harms_nobody },
    { "a task cannot join itself", task_cannot_join_itself },
    { "a lost error is reported once", lost_error_is_reported_once },
    { "an error that was heard is not reported", heard_error_is_not_reported },
    { "the reference may go before the end", reference_may_go_first },
    { NULL, NULL },
};
