/* SPDX-License-Identifier: MIT */

/* timer.c - callbacks at a point in time: an alarm that posts.
 *
 * A timer is idle, armed, or due with its callback on the ready queue; never
 * two of these.  Only the loop's thread touches it, so the callback's state
 * needs no atomic exchange here. */

#include "config.h"

#include <interloop/timer.h>

#include "loop/loop.h"

#include <errno.h>

static bool is_queued(const il_timer *timer)
{
    return ili_callback_state(&timer->callback) != ILI_CALLBACK_IDLE;
}

static void timer_due(il_alarm *alarm)
{
    il_timer *timer = ILI_CONTAINER(alarm, il_timer, alarm);

    ILI_ASSERT(!is_queued(timer));
    ili_callback_ready(ili_sched_current, &timer->callback);
}

static void timer_due_with_locals(il_alarm *alarm)
{
    il_timer *timer = ILI_CONTAINER(alarm, il_timer, alarm);

    ILI_ASSERT(!is_queued(timer));
    ili_callback_come(ili_sched_current, &timer->callback);
}

/* What this destroys may stop others, so each is looked for anew. */
void ili_timers_forget(ili_sched *sched)
{
    il_alarm *alarm;

    while (sched->has_locals &&
           (alarm = ili_alarms_any(&sched->alarms)) != NULL) {
        ili_alarms_remove(&sched->alarms, alarm);
        if (alarm->fire == timer_due_with_locals)
            ili_callback_forget(
                &ILI_CONTAINER(alarm, il_timer, alarm)->callback);
    }
}

/* Nobody sees values of local.h, or it has none. */
static inline __attribute__((always_inline)) int
start(il_loop *loop, il_timer *timer, il_time at)
{
    if (ili_alarm_armed(&timer->alarm)) {
        ILI_RETURN_IF_FAIL(timer->callback.loop == loop, -EBUSY);
        ili_alarms_remove(&loop->sched.alarms, &timer->alarm);
    } else if (is_queued(timer)) {
        ILI_RETURN_IF_FAIL(timer->callback.loop == loop, -EBUSY);
        (void)il_callback_cancel(&timer->callback);
    }
    timer->alarm.at = at;
    timer->alarm.fire = timer_due;
    timer->callback.loop = loop;
    ili_sched_arm(&loop->sched, &timer->alarm);
    return 0;
}

static inline bool stop(ili_sched *sched, il_timer *timer)
{
    if (ili_alarm_armed(&timer->alarm)) {
        ILI_RETURN_IF_FAIL(timer->callback.loop == sched->loop, false);
        ili_alarms_remove(&sched->alarms, &timer->alarm);
        return true;
    }
    return is_queued(timer) && il_callback_cancel(&timer->callback);
}

/* The rest of both functions otherwise, apart so that the usual way needs no
 * registers for it. */
static __attribute__((noinline)) int
start_with_locals(il_loop *loop, il_timer *timer, il_time at)
{
    il_locals *before = timer->callback.locals;
    int r;

    timer->callback.locals = NULL;
    r = start(loop, timer, at);
    if (r < 0) {
        timer->callback.locals = before;
        return r;
    }
    ili_callback_capture(&loop->sched, &timer->callback);
    timer->alarm.fire = timer_due_with_locals;
    (void)il_locals_unref(before);
    return 0;
}

static __attribute__((noinline)) bool stop_with_locals(ili_sched *sched,
                                                       il_timer *timer)
{
    il_locals *before = timer->callback.locals;

    timer->callback.locals = NULL;
    if (!stop(sched, timer)) {
        timer->callback.locals = before;
        return false;
    }
    (void)il_locals_unref(before);
    return true;
}

int il_timer_start(il_loop *loop, il_timer *timer, il_time at)
{
    ILI_RETURN_IF_FAIL(loop && timer && timer->callback.fn, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    if (ILI_UNLIKELY(loop->sched.has_locals))
        return start_with_locals(loop, timer, at);
    return start(loop, timer, at);
}

bool il_timer_stop(il_timer *timer)
{
    ili_sched *sched = ili_sched_current;

    if (!timer || !sched)
        return false;
    if (ILI_UNLIKELY(sched->has_locals))
        return stop_with_locals(sched, timer);
    return stop(sched, timer);
}

bool il_timer_is_active(const il_timer *timer)
{
    return ili_alarm_armed(&timer->alarm) || is_queued(timer);
}
