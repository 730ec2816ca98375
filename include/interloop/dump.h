/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_DUMP_H
#define INTERLOOP_DUMP_H

/**
 * @file dump.h
 * @brief Who is there, and what does everybody wait for?
 *
 * Nothing has to be switched on for this.
 */

#include <interloop/export.h>
#include <interloop/time.h>

#include <stddef.h>
#include <stdio.h>

IL_BEGIN_DECLS

typedef struct il_loop il_loop;
typedef struct il_task il_task;

/**
 * Print this thread's tasks as a tree, at any time, from anywhere on it.
 *
 * One line a task: name, state, what it waits for since when and whom that belongs
 * to, its next deadline, whether it is cancelled, where it was spawned; children
 * are indented below the task that spawned them.  What would end the line is
 * printed as `?`.
 *
 * @param file  Where to; not closed.
 * @retval -EINVAL  No file.
 * @retval -ESRCH   This thread has no loop.
 * @retval -ENOMEM  Out of memory.
 * @return Otherwise how many tasks were printed.
 */
IL_EXPORT int il_dump_tasks(FILE *file);

/**
 * The same for programs: a JSON array with an object a task, each on a line, in
 * the order of spawning.
 *
 * Times are nanoseconds.  It is UTF-8, whatever a name is: bytes of it that are no
 * text become U+FFFD.  `id`, `name` and `state` are always there; what a task
 * does not have is left out.
 *
 * @return As il_dump_tasks().
 */
IL_EXPORT int il_dump_tasks_json(FILE *file);

/**
 * Print the tasks of any thread's loop, from any thread.
 *
 * That loop does it, between two steps; the calling thread is blocked meanwhile.
 *
 * @param loop     The caller must hold a reference to it.
 * @param file     Where to; used in this thread only.
 * @param timeout  Nanoseconds to wait at most, on the real clock; #IL_FOREVER.
 * @retval -ETIMEDOUT  The loop did not get to it: it does not run, or a step
 *                     keeps its thread.
 * @retval -ESHUTDOWN  It is closed.
 * @retval -ENOMEM     Out of memory.
 * @return Otherwise how many tasks were printed.
 */
IL_EXPORT int il_dump_loop(il_loop *loop, FILE *file, il_time timeout);

/**
 * Print a loop's tasks whenever the process gets a signal.
 *
 * Not inside the signal handler, but in the loop's next turn, for which it is
 * woken.  Several loops may have the same signal.  When the last of them closes,
 * the former handler is there again.
 *
 * @param loop   A loop of this thread.
 * @param signo  For instance `SIGUSR1`; 0: never again.
 * @param file   Where to; not closed, must stay until the loop is closed.  NULL:
 *               stderr.
 * @retval 0           From now on.
 * @retval -EINVAL     There is no such signal, or it cannot be handled.
 * @retval -EALREADY   The loop has a signal already.
 * @retval -EMFILE     Sixteen loops have one.
 * @retval -ESRCH      Another thread's loop.
 * @retval -ESHUTDOWN  It is closed.
 */
IL_EXPORT int il_dump_on_signal(il_loop *loop, int signo, FILE *file);

/** How many tasks of a loop have not ended. */
IL_EXPORT size_t il_loop_count_tasks(const il_loop *loop);

/**
 * All tasks of a loop that have not ended.
 *
 * @param      loop       A loop of this thread.
 * @param[out] ret_tasks  Room for @p capacity tasks, in no particular order; the
 *                        caller drops the references.
 * @param      capacity   May be 0.
 * @return How many there are, of which @p capacity at most were returned, or
 * -ESRCH for a loop that is not this thread's.
 */
IL_EXPORT int il_loop_get_tasks(il_loop *loop, il_task **ret_tasks,
                                size_t capacity);

IL_END_DECLS

#endif
