/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_DEBUG_H
#define INTERLOOP_DEBUG_H

/**
 * @file debug.h
 * @brief Be told of mistakes that otherwise only make a program slow or silent.
 *
 * Debug mode watches a loop for steps that keep the thread for too long, waits
 * that cannot end, locks that are released by others, cancels that are ignored,
 * stacks that are nearly full, objects that are freed while tasks wait for them,
 * and for what is left over at the end.  Each is a report: a line on stderr, or a
 * call of the loop's report handler, see error.h.
 *
 * It is off unless asked for, and then costs nothing.  Without a change to a
 * program the environment switches it on: `INTERLOOP_DEBUG=1`, or a list such as
 * `INTERLOOP_DEBUG=slow=20,deadlock`.  The words are those of the flags below.
 */

#include <interloop/export.h>
#include <interloop/task.h>
#include <interloop/time.h>

#include <stddef.h>

IL_BEGIN_DECLS

typedef struct il_loop il_loop;

/** @name What to watch */
/**@{*/

/** `slow`, `slow=MS`: a step of a task, from getting the thread to giving it up,
 *  or a callback takes longer than 100 ms, or MS, on the real clock. */
#define IL_DEBUG_SLOW 1u
/** `deadlock`: tasks wait for each other in a circle, in any mode; or, in native
 *  mode, every task waits and there is no deadline, no descriptor and nobody who
 *  could post. */
#define IL_DEBUG_DEADLOCK 2u
/** `locks`: a lock is released by who does not own it, or acquired by who does. */
#define IL_DEBUG_LOCKS 4u
/** `cancel`: a task goes on though it is cancelled; without this it is told of
 *  later. */
#define IL_DEBUG_CANCEL 8u
/** `stack`: a task uses more than 80 % of its stack.  Makes
 *  il_task_stack_used() exact. */
#define IL_DEBUG_STACK 16u
/** `freed`: an object is ended while tasks wait for it. */
#define IL_DEBUG_FREED 32u
/** `leaks`: the loop closes, and there are references to ended tasks, or tasks
 *  that never ran. */
#define IL_DEBUG_LEAKS 64u
/** `1`, `all`: all of the above. */
#define IL_DEBUG_ALL 127u
/** `fatal`, with #IL_DEBUG_DEADLOCK: if every task waits, il_run() and
 *  il_loop_run() return -EDEADLK after the report. */
#define IL_DEBUG_FATAL 256u

/**@}*/

/** When to report.  Fields that are 0 take the value in brackets. */
typedef struct il_debug_limits {
    il_time step; /**< longest step of a task, or callback (100 ms) */
    il_time
        blocked;    /**< so long every task has waited while another thread or a
                          signal handler could have posted (5 s); if nobody
                          could, that is told at once */
    il_time cancel; /**< so long a task has been refused to wait (1 s) */
    unsigned n_refused;     /**< or so often (10) */
    unsigned stack_percent; /**< of a stack in use (80) */
} il_debug_limits;

/**
 * Choose what loops watch that are made from now on; instead of the environment.
 *
 * From any thread.
 *
 * @param flags  Any of #IL_DEBUG_ALL and #IL_DEBUG_FATAL; 0: nothing.
 * @retval 0        Chosen.
 * @retval -EINVAL  Unknown flags.
 */
IL_EXPORT int il_set_debug(unsigned flags);

/**
 * Choose what a loop watches from now on.
 *
 * @param loop   A loop of this thread, at any time.
 * @param flags  As for il_set_debug().
 * @retval 0           Chosen.
 * @retval -EINVAL     Unknown flags.
 * @retval -ESRCH      Another thread's loop.
 * @retval -ESHUTDOWN  It is closed.
 * @retval -ENOMEM     Out of memory.
 */
IL_EXPORT int il_loop_set_debug(il_loop *loop, unsigned flags);

/** What it watches; 0: nothing. */
IL_EXPORT unsigned il_loop_get_debug(const il_loop *loop);

/**
 * Choose when a loop reports.
 *
 * @param loop    A loop of this thread.
 * @param limits  Copied; NULL: the usual values.
 * @return As il_loop_set_debug(); -EINVAL for negative times and a percentage
 * over 100.
 */
IL_EXPORT int il_loop_set_debug_limits(il_loop *loop,
                                       const il_debug_limits *limits);

/**
 * The most of its stack that a task has used so far, in bytes.
 *
 * With #IL_DEBUG_STACK exact to a few words; else, and under valgrind, whole
 * pages, also those that an earlier task on the same stack has left behind.
 *
 * @param task  Of this thread, also one that has ended.
 */
IL_EXPORT size_t il_task_stack_used(const il_task *task);

/** How many bytes of stack a task has. */
IL_EXPORT size_t il_task_stack_size(const il_task *task);

IL_END_DECLS

#endif
