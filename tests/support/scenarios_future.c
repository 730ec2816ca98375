/* SPDX-License-Identifier: MIT */

/* scenarios_future.c - results that are not there yet. */

#include "config.h"

#include "scenario_tools.h"

#include <stdlib.h>

struct waiting {
    struct trace *trace;
    const char *word;
    il_future *future;
    int expected; /* of il_future_wait() */
};

static int wait_and_add(void *arg)
{
    struct waiting *w = arg;
    void *value = NULL;
    int result = 0;

    CHECK_INT(il_future_wait(w->future, &result, &value), w->expected);
    CHECK_INT(result, w->expected == 0 ? 8 : 0);
    CHECK(value == (w->expected == 0 ? w->future : NULL));
    trace_add(w->trace, w->word);
    return 0;
}

static void spawn_three(il_group *group, struct waiting waiting[3])
{
    CHECK_INT(il_group_open(group, 0), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_spawn(group, wait_and_add, &waiting[i], NULL), 0);
}

static int future_wakes_all_in_order(void *arg)
{
    struct trace trace = { 0 };
    il_future future = IL_FUTURE_INIT;
    struct waiting waiting[] = { { &trace, "a", &future, 0 },
                                 { &trace, "b", &future, 0 },
                                 { &trace, "c", &future, 0 } };
    il_group group;

    (void)arg;
    spawn_three(&group, waiting);
    CHECK_INT(il_future_set(&future, 8, &future), 0);
    trace_add(&trace, "set"); /* nobody runs inside */
    CHECK_INT(il_group_close(&group), 0);
    CHECK_TRACE(&trace, "set a b c");
    return 0;
}

static int done_future_does_not_wait(void *arg)
{
    struct trace trace = { 0 };
    struct actor other = { .trace = &trace, .word = "other" };
    il_future future = IL_FUTURE_INIT;
    int result = 0;
    il_task *task;

    (void)arg;
    CHECK_INT(il_future_set(&future, 8, NULL), 0);
    CHECK_INT(il_spawn_lazy(NULL, act, &other, &task), 0);
    CHECK_INT(il_future_wait(&future, &result, NULL), 0);
    CHECK_INT(result, 8);
    CHECK_TRACE(&trace, "");
    CHECK_INT(il_task_join(task, NULL), 0);
    il_task_unref(task);
    return 0;
}

static int future_is_set_once(void *arg)
{
    il_future future = IL_FUTURE_INIT;
    int result = 1;

    (void)arg;
    CHECK_INT(il_future_try_get(&future, &result, NULL), -EAGAIN);
    CHECK_INT(result, 1);
    CHECK(!il_future_is_done(&future));
    CHECK_INT(il_future_set(&future, -EIO, NULL), 0);
    CHECK_INT(il_future_set(&future, 2, NULL), -EALREADY);
    CHECK(il_future_is_done(&future));
    CHECK_INT(il_future_wait(&future, &result, NULL), 0);
    CHECK_INT(result, -EIO);
    return 0;
}

static int ended_future_tells_who_waits(void *arg)
{
    struct trace trace = { 0 };
    il_future future = IL_FUTURE_INIT;
    struct waiting waiting[] = { { &trace, "a", &future, -EOWNERDEAD },
                                 { &trace, "b", &future, -EOWNERDEAD },
                                 { &trace, "c", &future, -EOWNERDEAD } };
    il_group group;

    (void)arg;
    spawn_three(&group, waiting);
    il_future_fini(&future);
    trace_add(&trace, "ended");
    CHECK_INT(il_group_close(&group), 0);
    CHECK_TRACE(&trace, "ended a b c");
    return 0;
}

static int cancelled_waiter_leaves_the_future(void *arg)
{
    struct trace trace = { 0 };
    il_future future = IL_FUTURE_INIT;
    struct waiting waiting[] = { { &trace, "a", &future, 0 },
                                 { &trace, "gone", &future, -ECANCELED },
                                 { &trace, "c", &future, 0 } };
    il_task *tasks[3];

    (void)arg;
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_spawn(NULL, wait_and_add, &waiting[i], &tasks[i]), 0);
    CHECK_INT(il_task_cancel(tasks[1]), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_future_set(&future, 8, &future), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_task_join(tasks[i], NULL), 0);
        il_task_unref(tasks[i]);
    }
    CHECK_TRACE(&trace, "gone a c");
    return 0;
}

static int hook_runs_in_a_later_turn(void *arg)
{
    struct trace trace = { 0 };
    struct actor actors[] = { { .trace = &trace, .word = "first" },
                              { .trace = &trace, .word = "second" },
                              { .trace = &trace, .word = "gone" },
                              { .trace = &trace, .word = "late" } };
    il_future future = IL_FUTURE_INIT;
    il_callback hooks[4];

    (void)arg;
    for (int i = 0; i < 4; i++)
        hooks[i] = (il_callback)IL_CALLBACK_INIT(act_now, &actors[i]);
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_future_on_done(&future, &hooks[i]), 0);
    CHECK_INT(il_future_on_done(&future, &hooks[0]), -EBUSY);
    CHECK(il_callback_cancel(&hooks[2]));
    CHECK_INT(il_future_set(&future, 0, NULL), 0);
    CHECK_INT(il_future_on_done(&future, &hooks[3]), 0);
    CHECK_TRACE(&trace, "");
    CHECK_INT(il_yield(), 0);
    CHECK_TRACE(&trace, "first second late");
    return 0;
}

/* A woken waiter does not look at the future any more: it may be gone. */
static int future_may_go_after_it_was_set(void *arg)
{
    struct trace trace = { 0 };
    il_task *task;
    il_future *future = calloc(1, sizeof *future);
    int result = 0;

    (void)arg;
    if (!CHECK(future != NULL))
        return 0;
    {
        struct waiting waiting = { &trace, "woken", future, 0 };

        CHECK_INT(il_spawn(NULL, wait_and_add, &waiting, &task), 0);
        CHECK_INT(il_future_set(future, 8, future), 0);
        free(future);
        CHECK_INT(il_task_join(task, &result), 0);
    }
    CHECK_TRACE(&trace, "woken");
    il_task_unref(task);
    return 0;
}

const struct scenario scenarios_future[] = {
    { "a future wakes all in order", future_wakes_all_in_order },
    { "a future that is done does not wait", done_future_does_not_wait },
    { "a future is set once", future_is_set_once },
    { "a future that ends tells who waits", ended_future_tells_who_waits },
    { "a cancelled waiter leaves the future to others",
      cancelled_waiter_leaves_the_future },
    { "a hook of a future runs in a later turn", hook_runs_in_a_later_turn },
    { "a future may go after it was set", future_may_go_after_it_was_set },
    { NULL, NULL },
};
