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

int il_timer_start(il_loop *loop, il_timer *timer, il_time at)
{
    ILI_RETURN_IF_FAIL(loop && timer && timer->callback.fn, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
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

bool il_timer_stop(il_timer *timer)
{
    if (!timer || !ili_sched_current)
        return false;
    if (ili_alarm_armed(&timer->alarm)) {
        ILI_RETURN_IF_FAIL(timer->callback.loop == ili_sched_current->loop,
                           false);
        ili_alarms_remove(&ili_sched_current->alarms, &timer->alarm);
        return true;
    }
    return is_queued(timer) && il_callback_cancel(&timer->callback);
}

bool il_timer_is_active(const il_timer *timer)
{
    return ili_alarm_armed(&timer->alarm) || is_queued(timer);
}
