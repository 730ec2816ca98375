/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_TIMER_H
#define INTERLOOP_TIMER_H

/**
 * @file timer.h
 * @brief Callbacks at a point in time.
 *
 * For code at the rim that is not a task; a task sleeps with il_sleep().
 * Never early; equal deadlines fire in the order they were started.  Timers
 * are caller's storage and belong to the loop's thread.
 */

#include <interloop/export.h>
#include <interloop/loop.h>
#include <interloop/node.h>

IL_BEGIN_DECLS

/** A timer.  Fields private. */
typedef struct il_timer {
    il_alarm alarm;       /**< private */
    il_callback callback; /**< private */
} il_timer;

/** Make a timer: `il_timer t = IL_TIMER_INIT (fn, arg);` */
#define IL_TIMER_INIT(fn_, arg_)                                               \
    {                                                                          \
        { { 0, 0 }, 0, 0 }, IL_CALLBACK_INIT(fn_, arg_)                        \
    }

/**
 * Start a timer; one that is started already moves to the new time.
 *
 * @param loop   A loop of this thread.
 * @param timer  Initialised; stays valid until it fired or was stopped.
 * @param at     Point in time; one that has passed fires in the next turn.
 * @retval 0           Started.
 * @retval -ESRCH      Another thread's loop.
 * @retval -EBUSY      It is started on another loop.
 * @retval -ESHUTDOWN  The loop is closed.
 */
IL_EXPORT int il_timer_start(il_loop *loop, il_timer *timer, il_time at);

/** Stop a timer.  @return Whether this prevented it from firing. */
IL_EXPORT bool il_timer_stop(il_timer *timer);

/** Whether it has still to fire. */
IL_EXPORT bool il_timer_is_active(const il_timer *timer);

IL_END_DECLS

#endif
