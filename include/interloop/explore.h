/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_EXPLORE_H
#define INTERLOOP_EXPLORE_H

/**
 * @file explore.h
 * @brief Run a scenario again and again: in every order, cancelled everywhere.
 *
 * A test that runs once has seen one order of its tasks and no cancel.  These
 * functions run it as often as it takes, and say how to run the one that failed
 * again.
 *
 * A *scenario* is a main task and what it spawns.  It runs under a virtual clock
 * in a loop that has nobody else, and has to do the same thing in each run if the
 * same tasks go first: no threads, no random numbers, no state from the run
 * before.
 *
 * A run has failed if
 *
 * - the scenario says so, see il_test_scenario.check;
 * - it leaves tasks or descriptors behind: -EUCLEAN;
 * - the library has reported something, such as a lock that was never released,
 *   unless it has set a report handler of its own: -EUCLEAN;
 * - the main task waits and nothing can wake it: -EDEADLK;
 * - it does not come to an end: -ELOOP;
 * - it does something else than in the run before: -EILSEQ.
 *
 * What has failed is told on stderr, step by step, with a line such as
 *
 *     INTERLOOP_TEST_TRACE='transfer/2=1' runs it again
 *
 * With that in its environment the program makes, of the scenario of that name,
 * this one run, and tells about it.
 *
 * None of this is for programs that work: it is slow, and it may abort() when
 * memory runs out.
 */

#include <interloop/export.h>
#include <interloop/task.h>
#include <interloop/testing.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

IL_BEGIN_DECLS

/** What is run again and again.  Only the body is needed. */
typedef struct il_test_scenario {
    const char *name; /**< in messages and traces; NULL: "scenario" */
    il_task_fn *body; /**< of the main task */
    void *arg;        /**< passed to all three functions */

    /** Called before each run, outside tasks; its error ends everything.  NULL:
     *  nothing is to be done. */
    int (*setup)(void *arg);

    /** Called once after each run for which `setup` was called, outside tasks,
     *  when nothing of the scenario runs any more: to look at what is left and to
     *  free it.  @p result is what the main task has returned, or the error that
     *  says why the run has failed already.
     *
     *  Returns 0, or a negative errno if the run was not as it should be.  NULL:
     *  what the main task returns must not be negative, except, when something
     *  was cancelled, -ECANCELED and -ETIMEDOUT. */
    int (*check)(void *arg, int result);

    FILE *log; /**< where a failure is told; NULL: stderr */
} il_test_scenario;

/**
 * Name the task that cancels are for; without this it is the main task.
 *
 * For inside a scenario: in the main task's first step, or in the first step of
 * the task itself.
 *
 * @retval 0       It is.
 * @retval -ESRCH  No scenario runs in this thread.
 */
IL_EXPORT int il_test_set_victim(il_task *task);

/** What came of it. */
typedef struct il_test_report {
    unsigned long n_runs; /**< how many there were */
    unsigned n_choices;   /**< the most choices in one run */
    bool is_complete;     /**< no limit has left out a path, and none failed */
    int result; /**< of the last run: what the main task has returned */
    il_test_leaks leaks; /**< of the last run */
    char trace[200]; /**< of the run that failed; "" if none has; "(too long)"
                            where there is no room for it: the log has it */
} il_test_report;

/** @name Orders */
/**@{*/

/** How much to try, and what besides orders.  Zeros are a good beginning. */
typedef struct il_test_limits {
    unsigned long n_runs; /**< at most; 0: 20,000 */
    unsigned n_steps;     /**< a run that takes more does not end; 0: 10,000 */
    unsigned n_detours; /**< in so many places at most somebody else goes first
                               than who was ready first; 0: everywhere */
    unsigned n_cancels; /**< the victim is cancelled: so many times in a run, at
                               every moment there is */
    unsigned n_delays;  /**< the next deadline comes though tasks are ready: as
                               if they had been slow; so many times in a run */
    unsigned n_pauses;  /**< what succeeds without waiting makes the task stop
                               nevertheless, as it does now and then to be fair: so
                               many times in a run, at any of the first four
                               operations of a step */
    unsigned flags;     /**< #IL_TEST_ANY_ORDER or 0 */
    uint64_t seed; /**< not 0: instead of every path so many at random, from
                        this seed */
} il_test_limits;

/**
 * Who is ready may be kept from running for any time, while others run again and
 * again.
 *
 * Without it everybody who is ready runs once before anybody runs twice, which the
 * loop guarantees.  There are more paths, and a task that yields until something
 * has happened may do so for ever.
 */
#define IL_TEST_ANY_ORDER 1u

/**
 * Run a scenario in every order that its tasks can have.
 *
 * Wherever several tasks are ready, each of them goes first once.  Tasks are
 * interrupted only where they wait or yield, as ever.  What is first in, first out
 * stays so: those who wait for a lock get it in the order they came, callbacks run
 * after what became ready before them, deadlines pass in order.
 *
 * @param      scenario    Is read during the call.
 * @param      limits      NULL: zeros.
 * @param[out] ret_report  May be NULL; is set unless -EINVAL or -EBUSY.
 * @retval 0        No run has failed.
 * @retval -EINVAL  There is no body, or an unknown flag.
 * @retval -EBUSY   The thread has a loop.
 * @return Otherwise the error of the run that has failed, which was the last.
 */
IL_EXPORT IL_MUST_CHECK int il_test_explore(const il_test_scenario *scenario,
                                            const il_test_limits *limits,
                                            il_test_report *ret_report);

/**@}*/
/** @name Cancels */
/**@{*/

/** It is cancelled as soon as it waits. */
#define IL_TEST_CANCEL 1u
/** It is cancelled when it need not wait any more, before it goes on. */
#define IL_TEST_CANCEL_LATE 2u
/** Both, and once more where it waits next. */
#define IL_TEST_CANCEL_TWICE 4u
/** A deadline around it passes as soon as it waits. */
#define IL_TEST_DEADLINE 8u
/** A deadline around it passes at the very instant at which it would go on: once
 *  before, once after all that is due then, and once before it runs. */
#define IL_TEST_DEADLINE_TIE 16u
/** A deadline that it has set itself passes as soon as it waits: that of its
 *  innermost scope, if that has one. */
#define IL_TEST_TIMEOUT 32u
/** All of them. */
#define IL_TEST_ALL 63u

/**
 * Run a scenario and cancel the victim at its first suspension, then once more at
 * its second, and so on until it has no more.
 *
 * Tasks run first in, first out.  Before all that the scenario runs without any
 * cancel.  The deadlines around it are around the body of the main task, or of
 * another victim as a whole; so the main task returns -ETIMEDOUT then, and another
 * victim -ECANCELED.
 *
 * @param      scenario    Is read during the call.
 * @param      kinds       #IL_TEST_CANCEL and others, or'ed; #IL_TEST_ALL.
 * @param[out] ret_report  As for il_test_explore(); the choices are the
 *                         suspensions.
 * @return As il_test_explore(); -EINVAL if @p kinds is 0 or unknown.
 */
IL_EXPORT IL_MUST_CHECK int il_test_inject(const il_test_scenario *scenario,
                                           unsigned kinds,
                                           il_test_report *ret_report);

/**@}*/

IL_END_DECLS

#endif
