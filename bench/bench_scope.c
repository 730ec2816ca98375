/* SPDX-License-Identifier: MIT */

/* bench_scope.c - deadlines and cancels.
 *
 * Enter and leave, nothing inside; the figure is both together:
 *
 *   none       a scope without a deadline
 *   deadline   one with an absolute deadline, an hour from now
 *   timeout    IL_TIMEOUT (), whose deadline counts from now: one reading of
 *              the clock is part of it
 *   clock      that reading alone, clock_gettime ()
 *
 * Cancelling; N tasks at a time, the figure is one task:
 *
 *   cancel     wakes a task that is parked, to its end and the join
 *   spawn      the measure for it: spawn, run, join a task that does nothing
 *   group      il_group_cancel () and il_group_close (), for all that wait
 *   life       spawn, park, cancel, end, join */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define N_SCOPES (20L * 1000 * 1000)
#define N_TASKS (2L * 1000 * 1000)

static long n_ops;

/* --- scopes ---------------------------------------------------------------- */

static void none(void)
{
    il_scope scope;

    BENCH_CHECK(il_scope_enter(&scope, IL_FOREVER));
    BENCH_CHECK(il_scope_leave(&scope, 0));
}

static il_time in_an_hour;

static void deadline(void)
{
    il_scope scope;

    BENCH_CHECK(il_scope_enter(&scope, in_an_hour));
    BENCH_CHECK(il_scope_leave(&scope, 0));
}

static int inside;

static void timeout(void)
{
    int r = 0;

    IL_TIMEOUT (IL_SEC(3600), &r) {
        inside++;
    }
    BENCH_CHECK(r);
}

static void clock_alone(void)
{
    struct timespec t;

    BENCH_CHECK(clock_gettime(CLOCK_MONOTONIC, &t));
}

/* Inlined with the function, so that no call of ours is counted. */
static inline __attribute__((always_inline)) int measure(void (*one)(void))
{
    double start;

    in_an_hour = il_deadline(IL_SEC(3600));
    n_ops = bench_ops(N_SCOPES);
    start = bench_cpu_ns();
    for (long i = 0; i < n_ops; i++)
        one();
    bench_print("ns", (bench_cpu_ns() - start) / (double)n_ops);
    return 0;
}

static int none_main(void *arg)
{
    (void)arg;
    return measure(none);
}

static int deadline_main(void *arg)
{
    (void)arg;
    return measure(deadline);
}

static int timeout_main(void *arg)
{
    (void)arg;
    return measure(timeout);
}

static int clock_main(void *arg)
{
    (void)arg;
    return measure(clock_alone);
}

/* --- tasks ----------------------------------------------------------------- */

static long n_tasks; /* at a time */
static il_task **tasks;
static il_future never = IL_FUTURE_INIT;
static double spent; /* in what is measured */

static int park(void *arg)
{
    int r = il_future_wait(&never, NULL, NULL);

    (void)arg;
    return r == -ECANCELED ? 0 : -EIO;
}

static int trivial(void *arg)
{
    (void)arg;
    return 0;
}

static void join(long i)
{
    int result = -EIO;

    BENCH_CHECK(il_task_join(tasks[i], &result));
    BENCH_CHECK(result);
    tasks[i] = il_task_unref(tasks[i]);
}

/* Park a batch, and time what ends it. */
static void cancel_round(void)
{
    double start;

    for (long i = 0; i < n_tasks; i++)
        BENCH_CHECK(il_spawn(NULL, park, NULL, &tasks[i]));
    start = bench_cpu_ns();
    for (long i = 0; i < n_tasks; i++)
        BENCH_CHECK(il_task_cancel(tasks[i]));
    for (long i = 0; i < n_tasks; i++)
        join(i);
    spent += bench_cpu_ns() - start;
}

static void group_round(void)
{
    il_group group;
    double start;

    BENCH_CHECK(il_group_open(&group, 0));
    for (long i = 0; i < n_tasks; i++)
        BENCH_CHECK(il_spawn(&group, park, NULL, NULL));
    start = bench_cpu_ns();
    il_group_cancel(&group);
    BENCH_CHECK(il_group_close(&group));
    spent += bench_cpu_ns() - start;
}

/* These two are timed as a whole: with one task at a time the clock would cost
 * more than the task. */
static void spawn_round(void)
{
    for (long i = 0; i < n_tasks; i++)
        BENCH_CHECK(il_spawn(NULL, trivial, NULL, &tasks[i]));
    for (long i = 0; i < n_tasks; i++)
        join(i);
}

static void life_round(void)
{
    for (long i = 0; i < n_tasks; i++)
        BENCH_CHECK(il_spawn(NULL, park, NULL, &tasks[i]));
    for (long i = 0; i < n_tasks; i++)
        BENCH_CHECK(il_task_cancel(tasks[i]));
    for (long i = 0; i < n_tasks; i++)
        join(i);
}

static void (*task_round)(void);
static bool is_timed_as_a_whole;

static int rounds_main(void *arg)
{
    long n_rounds = bench_ops(N_TASKS) / n_tasks + 1;
    double start;

    (void)arg;
    tasks = calloc((size_t)n_tasks, sizeof *tasks);
    BENCH_ASSERT(tasks);
    task_round(); /* makes the stacks */
    spent = 0;
    start = bench_cpu_ns();
    for (long i = 0; i < n_rounds; i++)
        task_round();
    if (is_timed_as_a_whole)
        spent = bench_cpu_ns() - start;
    bench_print("ns", spent / (double)(n_rounds * n_tasks));
    free(tasks);
    return 0;
}

static void run_rounds(void (*round)(void), bool as_a_whole, long n)
{
    task_round = round;
    is_timed_as_a_whole = as_a_whole;
    n_tasks = n;
    BENCH_CHECK(il_run(rounds_main, NULL));
}

static void run_cancel(long n)
{
    run_rounds(cancel_round, false, n);
}

static void run_group(long n)
{
    run_rounds(group_round, false, n);
}

static void run_spawn(long n)
{
    run_rounds(spawn_round, true, n);
}

static void run_life(long n)
{
    run_rounds(life_round, true, n);
}

static void run_none(long n)
{
    (void)n;
    BENCH_CHECK(il_run(none_main, NULL));
}

static void run_deadline(long n)
{
    (void)n;
    BENCH_CHECK(il_run(deadline_main, NULL));
}

static void run_timeout(long n)
{
    (void)n;
    BENCH_CHECK(il_run(timeout_main, NULL));
}

static void run_clock(long n)
{
    (void)n;
    BENCH_CHECK(il_run(clock_main, NULL));
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "none", run_none, 1 },
        { "deadline", run_deadline, 1 },
        { "timeout", run_timeout, 1 },
        { "clock", run_clock, 1 },
        { "cancel", run_cancel, 1000 },
        { "spawn", run_spawn, 1000 },
        { "group", run_group, 1000 },
        { "life", run_life, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
