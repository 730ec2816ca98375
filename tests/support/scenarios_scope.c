/* SPDX-License-Identifier: MIT */

/* scenarios_scope.c - deadlines, cancel switches, shields. */

#include "config.h"

#include "scenario_tools.h"

static int timeout_ends_a_wait(void *arg)
{
    il_time before = il_now();
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(1), &r) {
        r = il_sleep(IL_FOREVER);
        CHECK_INT(r, -ECANCELED);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK(il_now() - before >= IL_MS(1));
    CHECK_INT(il_yield(), 0);
    return 0;
}

static int unused_timeout_changes_nothing(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_SEC(50), &r) {
        r = il_sleep(IL_US(50)) + 3;
    }
    CHECK_INT(r, 3);
    IL_TIMEOUT (IL_US(300), &r) {
        r = 4;
    }
    CHECK_INT(r, 4);
    CHECK_INT(il_sleep(IL_US(500)), 0); /* the deadline has gone with it */
    return 0;
}

static int inner_timeout_fires_alone(void *arg)
{
    int inner = 0;
    int outer = 0;

    (void)arg;
    IL_TIMEOUT (IL_SEC(50), &outer) {
        IL_TIMEOUT (IL_US(500), &inner) {
            inner = il_sleep(IL_FOREVER);
        }
        CHECK_INT(inner, -ETIMEDOUT);
        outer = il_yield();
    }
    CHECK_INT(outer, 0);
    return 0;
}

static int outer_timeout_ends_the_inner_block(void *arg)
{
    int inner = 0;
    int outer = 0;

    (void)arg;
    IL_TIMEOUT (IL_US(500), &outer) {
        IL_TIMEOUT (IL_SEC(50), &inner) {
            inner = il_sleep(IL_FOREVER);
        }
        CHECK_INT(inner, -ECANCELED); /* it was not this one */
        CHECK_INT(il_yield(), -ECANCELED);
        outer = inner;
    }
    CHECK_INT(outer, -ETIMEDOUT);
    CHECK_INT(il_yield(), 0);
    return 0;
}

/* Both pass while nothing runs, the inner one first: the outermost that is
 * cancelled is the cause. */
static int outer_of_passed_timeouts_counts(void *arg)
{
    il_time at = il_deadline(IL_US(500));
    il_scope outer, inner;

    (void)arg;
    CHECK_INT(il_scope_enter(&outer, at), 0);
    CHECK_INT(il_scope_enter(&inner, at - 1), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    while (!il_scope_is_timed_out(&outer))
        il_scope_set_deadline(&outer, at); /* which may just have come */
    CHECK(il_scope_is_timed_out(&inner));
    CHECK_INT(il_scope_leave(&inner, -ECANCELED), -ECANCELED);
    CHECK_INT(il_scope_leave(&outer, -ECANCELED), -ETIMEDOUT);
    return 0;
}

static int past_deadline_cancels_at_once(void *arg)
{
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, il_now() - IL_MS(1)), 0);
    CHECK(il_scope_is_timed_out(&scope));
    CHECK(il_task_is_cancelled(il_task_current()));
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ETIMEDOUT);
    CHECK(!il_task_is_cancelled(il_task_current()));
    return 0;
}

static int deadline_can_be_moved(void *arg)
{
    il_time soon = runs_slowly() ? IL_SEC(1) : IL_MS(20);
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, il_deadline(soon)), 0);
    il_scope_set_deadline(&scope, IL_FOREVER);
    CHECK_INT(il_sleep(soon + IL_MS(5)), 0);
    il_scope_set_deadline(&scope, il_deadline(IL_SEC(50)));
    CHECK_INT(il_yield(), 0);
    il_scope_set_deadline(&scope, il_deadline(IL_US(500)));
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ETIMEDOUT);
    return 0;
}

static int cancel_scope(void *arg)
{
    il_scope_cancel(arg);
    il_scope_cancel(arg);
    return 0;
}

static int scope_is_cancelled_by_another_task(void *arg)
{
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    CHECK_INT(il_spawn_lazy(NULL, cancel_scope, &scope, NULL), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), 0);
    CHECK(il_scope_is_cancelled(&scope));
    CHECK(!il_scope_is_timed_out(&scope));
    CHECK_INT(il_yield(), 0);
    return 0;
}

static int work_under_a_shield(void *arg)
{
    struct trace *trace = arg;
    int r = 0;

    IL_SHIELD (IL_SEC(50), &r) {
        r = il_sleep(IL_MS(1));
        trace_add(trace, r == 0 ? "shielded" : "hit");
    }
    CHECK_INT(r, 0);
    trace_add(trace, il_yield() == -ECANCELED ? "cancelled" : "missed");
    return -ECANCELED;
}

static int shield_holds_off_a_cancel(void *arg)
{
    struct trace trace = { 0 };
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn(NULL, work_under_a_shield, &trace, &task), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK(!il_task_is_cancelled(task));
    CHECK_INT(il_task_join(task, NULL), 0);
    CHECK_TRACE(&trace, "shielded cancelled");
    il_task_unref(task);
    return 0;
}

static int shield_ends_at_its_deadline(void *arg)
{
    int r = 0;

    (void)arg;
    IL_SHIELD (IL_US(500), &r) {
        r = il_sleep(IL_FOREVER);
    }
    CHECK_INT(r, -ETIMEDOUT);
    return 0;
}

static int timeout_inside_a_shield(void *arg)
{
    il_scope outer;
    int r = 0;
    int inner = 0;

    (void)arg;
    CHECK_INT(il_scope_enter(&outer, IL_FOREVER), 0);
    il_scope_cancel(&outer);
    IL_SHIELD (IL_SEC(50), &r) {
        IL_TIMEOUT (IL_US(500), &inner) {
            inner = il_sleep(IL_FOREVER);
        }
        r = il_yield();
    }
    CHECK_INT(inner, -ETIMEDOUT);
    CHECK_INT(r, 0);
    CHECK_INT(il_scope_leave(&outer, il_yield()), 0);
    return 0;
}

static int return_out_of_a_block(int *r)
{
    IL_TIMEOUT (IL_SEC(50), r) {
        *r = 1;
        return 5;
    }
    return 6;
}

static int block_can_be_left_anyhow(void *arg)
{
    int n = 0;
    int r = 0;

    (void)arg;
    for (int i = 0; i < 3; i++) {
        IL_TIMEOUT (IL_US(300), &r) {
            n++;
            break;
        }
        n += 10;
    }
    CHECK_INT(n, 33);
    CHECK_INT(return_out_of_a_block(&r), 5);
    IL_TIMEOUT (IL_US(300), &r) {
        goto out;
    }
out:
    CHECK_INT(il_sleep(IL_US(500)), 0); /* no deadline was left behind */
    return 0;
}

static int error_in_a_block_stays_itself(void *arg)
{
    il_scope scope;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_US(300), &r) {
        CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
        r = -EIO;
    }
    CHECK_INT(r, -EIO);
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, 0), -ESRCH);
    return 0;
}

const struct scenario scenarios_scope[] = {
    { "a timeout ends a wait", timeout_ends_a_wait },
    { "an unused timeout changes nothing", unused_timeout_changes_nothing },
    { "the inner of two timeouts fires alone", inner_timeout_fires_alone },
    { "the outer of two timeouts ends the inner block",
      outer_timeout_ends_the_inner_block },
    { "the outer of two passed timeouts counts",
      outer_of_passed_timeouts_counts },
    { "a deadline in the past cancels at once", past_deadline_cancels_at_once },
    { "a deadline can be moved", deadline_can_be_moved },
    { "a scope is cancelled by another task",
      scope_is_cancelled_by_another_task },
    { "a shield holds off a cancel", shield_holds_off_a_cancel },
    { "a shield ends at its deadline", shield_ends_at_its_deadline },
    { "a timeout works inside a shield", timeout_inside_a_shield },
    { "a timed block can be left anyhow", block_can_be_left_anyhow },
    { "an error in a timed block stays itself", error_in_a_block_stays_itself },
    { NULL, NULL },
};
