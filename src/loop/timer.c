/* SPDX-License-Identifier: MIT */

/* timer.c - callbacks at a point in time: an alarm that posts. */

#include "config.h"

#include <interloop/timer.h>

#include "loop/loop.h"

#include <errno.h>

static void timer_due(il_alarm *alarm)
{
    il_timer *timer = ILI_CONTAINER(alarm, il_timer, alarm);

    if (ili_callback_claim(&timer->callback, ILI_CALLBACK_READY))
        ili_callback_queue(ili_sched_current, &timer->callback);
}

int il_timer_start(il_loop *loop, il_timer *timer, il_time at)
{
    ILI_RETURN_IF_FAIL(loop && timer && timer->callback.fn, -EINVAL);
    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(
        !il_timer_is_active(timer) || timer->callback.loop == loop, -EBUSY);
    (void)il_timer_stop(timer);
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
    return il_callback_cancel(&timer->callback);
}

bool il_timer_is_active(const il_timer *timer)
{
    return ili_alarm_armed(&timer->alarm) ||
           __atomic_load_n(&timer->callback.state, __ATOMIC_ACQUIRE) !=
               ILI_CALLBACK_IDLE;
}
