/* SPDX-License-Identifier: MIT */

/* scenarios_local.c - values that tasks inherit, and what they leave to be done. */

#include "config.h"

#include "scenario_tools.h"

#include <interloop/defer.h>
#include <interloop/local.h>

static const il_local word = IL_LOCAL_INIT("none", NULL);

struct teller {
    struct trace *trace;
    il_callback callback;
    il_timer timer;
    il_event told;
};

static void tell(void *arg)
{
    struct teller *t = arg;

    trace_add(t->trace, il_local_get(&word));
    CHECK_INT(il_event_set(&t->told), 0);
}

static int tell_later(void *arg)
{
    CHECK_INT(il_sleep(IL_US(100)), 0);
    tell(arg);
    return 0;
}

static int child_sees_what_was_set(void *arg)
{
    struct trace trace = { 0 };
    struct teller teller = { .trace = &trace };
    il_task *task = NULL;
    int r = 0;

    (void)arg;
    IL_WITH_LOCAL (&word, "block", &r) {
        CHECK_INT(il_spawn(NULL, tell_later, &teller, &task), 0);
    }
    CHECK_INT(r, 0);
    CHECK_INT(il_local_set(&word, TEXT("later")), 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    trace_add(&trace, il_local_get(&word));
    CHECK_TRACE(&trace, "block later");
    (void)il_task_unref(task);
    return 0;
}

static int callbacks_see_what_was_set(void *arg)
{
    struct trace trace = { 0 };
    struct teller teller = { .trace = &trace };
    il_loop *loop = il_loop_current();

    (void)arg;
    teller.callback = (il_callback)IL_CALLBACK_INIT(tell, &teller);
    teller.timer = (il_timer)IL_TIMER_INIT(tell, &teller);
    CHECK_INT(il_local_set(&word, TEXT("post")), 0);
    CHECK_INT(il_post(loop, &teller.callback), 0);
    CHECK_INT(il_local_set(&word, TEXT("later")), 0);
    CHECK_INT(il_event_wait(&teller.told), 0);
    il_event_clear(&teller.told);
    CHECK_INT(il_local_set(&word, TEXT("timer")), 0);
    CHECK_INT(il_timer_start(loop, &teller.timer, il_deadline(IL_MS(1))), 0);
    CHECK_INT(il_local_set(&word, TEXT("later")), 0);
    CHECK_INT(il_event_wait(&teller.told), 0);
    CHECK_TRACE(&trace, "post timer");
    return 0;
}

struct leaver {
    struct trace *trace;
    const char *name;
};

static void leave_in_time(void *arg)
{
    struct leaver *me = arg;
    int r = 0;

    IL_SHIELD (IL_SEC(5), &r) {
        r = il_sleep(IL_US(100));
    }
    CHECK_INT(r, 0);
    trace_add(me->trace, me->name);
}

static int defer_both(void *arg)
{
    struct leaver *leavers = arg;

    CHECK_INT(il_defer(leave_in_time, &leavers[0]), 0);
    CHECK_INT(il_defer(leave_in_time, &leavers[1]), 0);
    return il_sleep(IL_FOREVER);
}

static int deferred_waits_when_cancelled(void *arg)
{
    struct trace trace = { 0 };
    struct leaver leavers[] = { { &trace, "first" }, { &trace, "second" } };
    il_task *task;
    int result = 0;

    (void)arg;
    CHECK_INT(il_spawn(NULL, defer_both, leavers, &task), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK_INT(il_task_join(task, &result), 0);
    CHECK_INT(result, -ECANCELED);
    CHECK_TRACE(&trace, "second first");
    (void)il_task_unref(task);
    return 0;
}

const struct scenario scenarios_local[] = {
    { "a child sees what was set when it was spawned",
      child_sees_what_was_set },
    { "callbacks see what was set when they were given",
      callbacks_see_what_was_set },
    { "what a cancelled task deferred may wait under a shield",
      deferred_waits_when_cancelled },
    { NULL, NULL },
};
