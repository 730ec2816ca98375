/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_TESTING_H
#define INTERLOOP_TESTING_H

/**
 * @file testing.h
 * @brief Virtual time, orders at random and leak checks for tests.
 *
 * Under a virtual clock a test of timeouts takes no time: whenever every task
 * waits and no descriptor is ready, the clock jumps to the next deadline.
 *
 * explore.h runs a test in every order, and cancels it everywhere.
 */

#include <interloop/export.h>
#include <interloop/loop.h>
#include <interloop/task.h>
#include <interloop/time.h>

#include <stddef.h>
#include <stdint.h>

IL_BEGIN_DECLS

/** The virtual clock advances only when told. */
#define IL_TEST_MANUAL 0
/** The virtual clock jumps to the next deadline when all are blocked.  That of
 *  a guest, and of an owner, jumps when its host comes back though nothing is
 *  ready: il_loop_turn() asks for that with 1, so that the host first does what
 *  it has to do itself. */
#define IL_TEST_AUTOJUMP 1

/**
 * Give a loop a virtual clock that starts at one second.
 *
 * @param loop  A loop of this thread that does not run and has no timers.
 * @param mode  #IL_TEST_MANUAL or #IL_TEST_AUTOJUMP.
 * @retval 0       Time is virtual from now on.
 * @retval -EBUSY  It runs, or has timers.
 * @retval -EINVAL Unknown mode.
 */
IL_EXPORT int il_test_use_virtual_time(il_loop *loop, int mode);

/**
 * Advance the virtual clock and run what becomes due, step by step.
 *
 * Called outside tasks.  Each deadline on the way gets its own turn at its
 * own time.
 *
 * @retval 0       Advanced.
 * @retval -EINVAL The loop has no virtual clock, or @p duration is negative
 *                 or #IL_FOREVER.
 */
IL_EXPORT int il_test_advance(il_loop *loop, il_time duration);

/**
 * Run turns, without letting time pass, until every task is blocked.
 *
 * Called outside tasks; descriptors are polled, never waited for.
 *
 * @return How many turns ran, or -EBUSY.
 */
IL_EXPORT int il_test_run_until_blocked(il_loop *loop);

/**
 * Let the ready tasks of each turn run in an order that looks random.
 *
 * The same seed gives the same order.  Which of two tasks that are ready runs
 * first is all that changes: each of them runs once in a turn; callbacks run after
 * what became ready before them; who waits for a lock, a channel and the like is
 * served in the order they came.
 *
 * A task that yields lets those run that are ready in its turn, as ever; those that
 * it has woken itself may run after it.
 *
 * @param loop  A loop of this thread; from its next turn on.
 * @param seed  Any; 0 is first in, first out again.
 * @retval 0        Done.
 * @retval -ENOMEM  No memory.
 * @retval -ESRCH   Another thread's loop.
 */
IL_EXPORT int il_test_use_seed(il_loop *loop, uint64_t seed);

/** What il_test_run() found besides the result. */
typedef struct il_test_leaks {
    size_t tasks;    /**< tasks that had not ended when main returned */
    int descriptors; /**< more descriptors open after than before */
} il_test_leaks;

/**
 * Run a main task under a virtual clock and fail on what it leaves behind.
 *
 * The thread must have no loop.  Prints the leaked tasks to stderr.
 *
 * If INTERLOOP_TEST_SEED is in the environment, tasks run in an order from that
 * seed, see il_test_use_seed(); "random" takes a new one each time.  When the run
 * fails then, stderr gets the seed.
 *
 * @param      main_fn    The body.
 * @param      arg        Passed to it.
 * @param[out] ret_leaks  What leaked; may be NULL; set unless @p main_fn is NULL.
 * @return The body's result if it is negative; else
 * @retval -EDEADLK  Every task waits, and nobody can wake one, or has for five
 *                   seconds; the tasks were printed to stderr.
 * @retval -EUCLEAN  Tasks or descriptors were left behind.
 * @return Otherwise the body's result.
 */
IL_EXPORT int il_test_run(il_task_fn *main_fn, void *arg,
                          il_test_leaks *ret_leaks);

IL_END_DECLS

#endif
