/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_EXPLORING_H
#define SUPPORT_EXPLORING_H

/* exploring.h - scenarios that are run in every order and cancelled everywhere.
 *
 * A scenario says by HOLDS() what must be so at any time; its check() ends with
 * `return verdict(arg)`.  So the run fails in which something did not hold, and
 * explore.h tells its story. */

#include "check.h"

#include <interloop/explore.h>
#include <interloop/interloop.h>

#include <errno.h>

/* Note that the run is bad unless CONDITION holds.  Comes to CONDITION. */
#define HOLDS(condition) holds((condition), #condition, __FILE__, __LINE__)

bool holds(bool condition, const char *text, const char *file, int line);

/* 0 if everything did since the last verdict; else -EPROTO. */
int verdict(void);

/* Whether a task that succeeds without waiting may be made to stop first, and so
 * be overtaken: then nothing is said about the order of those who come. */
bool may_pause(void);

/* In every order; in every order with a cancel at any moment; with any task kept
 * from running; with pauses; with delays.  A failure fails the test. */
void explore_all(const il_test_scenario *scenario);

/* The same with at most so many runs of each kind. */
void explore_some(const il_test_scenario *scenario, unsigned long n_runs);

/* Cancelled in every way at every suspension; at least at so many. */
void inject_all(const il_test_scenario *scenario, unsigned n_suspensions);

/* Explore, or inject into, what should fail; what was told about it, told() has. */
int find_by_exploring(il_test_scenario scenario, il_test_limits limits,
                      il_test_report *report);
int find_by_injecting(il_test_scenario scenario, unsigned kinds,
                      il_test_report *report);
const char *told(void);

/* For tests without a loop of their own. */
int setup_bare(void **state);
int teardown_bare(void **state);

#define BARE_TEST(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_bare, teardown_bare)

/* --- a cast of tasks ---------------------------------------------------------- */

/* The tasks of a scenario, started in this order, without arguments. */
struct cast {
    il_task_fn *fns[5];
    size_t n;
    size_t victim; /* which of them may be cancelled */
};

/* A body whose argument is a cast: waits until all have ended.  Their errors are
 * theirs. */
int play(void *cast);

/* Start a task with an argument of its own in a group that waits for it; the
 * victim is the one that may be cancelled. */
void start_part(il_group *group, il_task_fn *fn, const void *arg, size_t size,
                bool is_victim);

/* Start `n` of them, whose arguments are their numbers, in a group that waits
 * for them.  Their errors are theirs. */
int play_parts(il_task_fn *const *fns, int n, int victim);

/* --- who comes first is served first ----------------------------------------- */

enum { MAX_TICKETS = 32 };

/* Of something that one task has at a time.  Zeros: nobody has come. */
struct queue {
    il_task *waiting[MAX_TICKETS]; /* NULL: not any more */
    int n;
};

/* The running task is about to wait; comes to its ticket. */
int take_ticket(struct queue *queue);

/* It was served, and nobody who came before still waits; or it gave up. */
void use_ticket(struct queue *queue, int ticket, int result);

#endif
