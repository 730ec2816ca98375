/* SPDX-License-Identifier: MIT */

/* bench_combine.c - N functions at the same time, and the wait for all.
 *
 *   gather      il_gather ()
 *   gather-all  il_gather_all ()
 *   map         il_map () with a limit of N
 *   spawn       the measure for them: il_spawn () each with a handle, then
 *               il_task_join () each
 *   group       il_spawn () each without one, then il_group_close ()
 *   wait        spawn, and il_wait_all () instead of the joins
 *
 * The functions do nothing, or with "-yield" behind the name yield once, so that
 * they have not ended when the last one is begun.  All reuse stacks: the first
 * round, in which they are made, is not counted. */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <stdlib.h>

#define N_CALLS (2L * 1000 * 1000)
#define N 1000

static long n;
static long n_calls;
static long n_run; /* proves that the bodies ran */
static il_task_fn *body;
static il_call *calls;
static il_awaited *awaited;

static int do_nothing(void *arg)
{
    (void)arg;
    n_run++;
    return 0;
}

static int yield_once(void *arg)
{
    (void)arg;
    n_run++;
    return il_yield();
}

static void gather(void)
{
    BENCH_CHECK(il_gather(calls, (size_t)n));
}

static void gather_all(void)
{
    BENCH_CHECK(il_gather_all(calls, (size_t)n));
}

static void map(void)
{
    BENCH_CHECK(il_map(calls, (size_t)n, sizeof *calls, (size_t)n, body, NULL));
}

static void spawn_all(void)
{
    for (long i = 0; i < n; i++)
        BENCH_CHECK(il_spawn(NULL, body, &calls[i], &awaited[i].task));
}

static void drop_all(void)
{
    for (long i = 0; i < n; i++)
        il_task_unref(awaited[i].task);
}

static void spawn(void)
{
    spawn_all();
    for (long i = 0; i < n; i++)
        BENCH_CHECK(il_task_join(awaited[i].task, &calls[i].result));
    drop_all();
}

static void wait_for_all(void)
{
    spawn_all();
    BENCH_CHECK(il_wait_all(awaited, (size_t)n));
    drop_all();
}

static void group(void)
{
    il_group group;

    BENCH_CHECK(il_group_open(&group, 0));
    for (long i = 0; i < n; i++)
        BENCH_CHECK(il_spawn(&group, body, &calls[i], NULL));
    BENCH_CHECK(il_group_close(&group));
}

static int measure(void *arg)
{
    void (*run)(void) = *(void (**)(void))arg;
    double start;

    run();
    n_run = 0;
    start = bench_cpu_ns();
    for (long i = 0; i < n_calls; i += n)
        run();
    bench_print("ns", (bench_cpu_ns() - start) / (double)n_run);
    BENCH_ASSERT(n_run >= n_calls);
    return 0;
}

static void run_with(il_task_fn *fn, void (*run)(void), long number)
{
    n = number;
    n_calls = bench_ops(N_CALLS);
    body = fn;
    calls = calloc((size_t)n, sizeof *calls);
    awaited = calloc((size_t)n, sizeof *awaited);
    BENCH_ASSERT(calls && awaited);
    for (long i = 0; i < n; i++)
        calls[i].fn = fn;
    BENCH_CHECK(il_run(measure, &run));
    free(awaited);
    free(calls);
}

#define CONTENDER(name)                                                        \
    static void run_##name(long number)                                        \
    {                                                                          \
        run_with(do_nothing, name, number);                                    \
    }                                                                          \
    static void run_##name##_yield(long number)                                \
    {                                                                          \
        run_with(yield_once, name, number);                                    \
    }

CONTENDER(gather)
CONTENDER(gather_all)
CONTENDER(map)
CONTENDER(spawn)
CONTENDER(wait_for_all)
CONTENDER(group)

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "gather", run_gather, N },
        { "gather-yield", run_gather_yield, N },
        { "gather-all", run_gather_all, N },
        { "gather-all-yield", run_gather_all_yield, N },
        { "map", run_map, N },
        { "map-yield", run_map_yield, N },
        { "spawn", run_spawn, N },
        { "spawn-yield", run_spawn_yield, N },
        { "wait", run_wait_for_all, N },
        { "wait-yield", run_wait_for_all_yield, N },
        { "group", run_group, N },
        { "group-yield", run_group_yield, N },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
