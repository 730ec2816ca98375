/* SPDX-License-Identifier: MIT */

/* bench_yield.c - tasks that do nothing but let the others run.
 *
 * The figure is one yield: through the ready queue into the next task.  All
 * run in a ring, so that each gets as many turns as every other.
 *
 * State Threads has no yield.  Its fair ways to hand on:
 *   st        each thread signals the next one's condition and waits on its
 *             own; one thread is runnable at a time
 *   st-sleep  st_usleep (0): through the timer heap and the idle thread
 * The first is two to eight times as fast and is the peer of the table.  One
 * condition for all is no faster with 2 threads and quadratic with more. */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <stdlib.h>

#define N_YIELDS (8L * 1000 * 1000)

static long n_tasks;
static long n_each; /* yields of each task */

static int yielder(void *arg)
{
    long i;

    (void)arg;
    for (i = 0; i < n_each; i++)
        BENCH_CHECK(il_yield());
    return 0;
}

static int ours_main(void *arg)
{
    il_group group;
    double start;
    long i;

    (void)arg;
    BENCH_CHECK(il_group_open(&group, 0));
    start = bench_cpu_ns();
    for (i = 0; i < n_tasks; i++)
        BENCH_CHECK(il_spawn_lazy(&group, yielder, NULL, NULL));
    BENCH_CHECK(il_group_close(&group));
    bench_print("ns", (bench_cpu_ns() - start) / (double)(n_tasks * n_each));
    return 0;
}

static void run_ours(long n)
{
    n_tasks = n;
    n_each = bench_ops(N_YIELDS) / n + 1;
    BENCH_CHECK(il_run(ours_main, NULL));
}

#ifdef HAVE_PEER_ST

#include <st.h>

static st_cond_t *conditions;

static void *st_yielder(void *arg)
{
    long me = (long)arg;
    st_cond_t mine = conditions[me];
    st_cond_t next = conditions[(me + 1) % n_tasks];
    long i;

    for (i = 0; i < n_each; i++) {
        st_cond_signal(next);
        st_cond_wait(mine);
    }
    st_cond_signal(next);
    return NULL;
}

static void *st_sleep_yielder(void *arg)
{
    long i;

    (void)arg;
    for (i = 0; i < n_each; i++)
        st_usleep(0);
    return NULL;
}

static void run_st_with(void *(*fn)(void *arg), long n)
{
    st_thread_t *threads = calloc((size_t)n, sizeof *threads);
    double start;
    long i;

    n_tasks = n;
    n_each = bench_ops(N_YIELDS) / n + 1;
    conditions = calloc((size_t)n, sizeof *conditions);
    BENCH_ASSERT(threads && conditions);
    BENCH_CHECK(st_init());
    for (i = 0; i < n; i++) {
        conditions[i] = st_cond_new();
        BENCH_ASSERT(conditions[i]);
    }
    start = bench_cpu_ns();
    for (i = 0; i < n; i++) {
        threads[i] = st_thread_create(fn, (void *)i, 1, 0);
        BENCH_ASSERT(threads[i]);
    }
    for (i = 0; i < n; i++)
        BENCH_CHECK(st_thread_join(threads[i], NULL));
    bench_print("ns", (bench_cpu_ns() - start) / (double)(n * n_each));
    free(conditions);
    free(threads);
}

static void run_st(long n)
{
    run_st_with(st_yielder, n);
}

static void run_st_sleep(long n)
{
    run_st_with(st_sleep_yielder, n);
}

#else
#define run_st NULL
#define run_st_sleep NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, 64 },
        { "st", run_st, 64 },
        { "st-sleep", run_st_sleep, 64 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
