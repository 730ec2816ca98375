/* SPDX-License-Identifier: MIT */

/* bench_pool.c - what a task costs whose stack was another one's before.
 *
 * N tasks are made, wait for one thing, are woken and end; then the same again
 * on the same stacks.  The figure is making them:
 *
 *   ours       il_spawn(), with the first step and the wait in it
 *   ours-lazy  il_spawn_lazy(), which makes a task and queues it
 *   st         st_thread_create(), which makes a thread and queues it
 *
 * A look at the clock is a system call, so its own time is subtracted. */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <stdlib.h>

#define N_TASKS 1000L
#define N_CREATED (1000L * 1000)

/* Make n tasks, have them end; returns how long the first took. */
typedef double create_fn(long n);

/* What of two looks at the clock lies between them. */
static double looking(void)
{
    double sum = 0;
    int i;

    for (i = 0; i < 1000; i++) {
        double start = bench_cpu_ns();

        sum += bench_cpu_ns() - start;
    }
    return sum / 1000;
}

static void measure(create_fn *create, long n)
{
    long rounds = bench_ops(N_CREATED) / n + 1;
    double clock = looking();
    double sum = 0;
    long i;

    for (i = 0; i < 3; i++)
        (void)create(n);
    for (i = 0; i < rounds; i++)
        sum += create(n) - clock;
    bench_print("ns", sum / (double)(rounds * n));
}

static il_future gate;

static int sleeper(void *arg)
{
    (void)arg;
    BENCH_CHECK(il_future_wait(&gate, NULL, NULL));
    return 0;
}

static void end(il_group *group)
{
    BENCH_CHECK(il_future_set(&gate, 0, NULL));
    BENCH_CHECK(il_group_close(group));
    gate = (il_future)IL_FUTURE_INIT;
}

static double create(long n)
{
    il_group group;
    double start;
    double took;
    long i;

    BENCH_CHECK(il_group_open(&group, 0));
    start = bench_cpu_ns();
    for (i = 0; i < n; i++)
        BENCH_CHECK(il_spawn(&group, sleeper, NULL, NULL));
    took = bench_cpu_ns() - start;
    end(&group);
    return took;
}

static double create_lazily(long n)
{
    il_group group;
    double start;
    double took;
    long i;

    BENCH_CHECK(il_group_open(&group, 0));
    start = bench_cpu_ns();
    for (i = 0; i < n; i++)
        BENCH_CHECK(il_spawn_lazy(&group, sleeper, NULL, NULL));
    took = bench_cpu_ns() - start;
    BENCH_CHECK(il_yield());
    end(&group);
    return took;
}

static create_fn *chosen;

static int ours_main(void *arg)
{
    measure(chosen, *(long *)arg);
    return 0;
}

static void run_ours(long n)
{
    chosen = create;
    BENCH_CHECK(il_run(ours_main, &n));
}

static void run_ours_lazy(long n)
{
    chosen = create_lazily;
    BENCH_CHECK(il_run(ours_main, &n));
}

#ifdef HAVE_PEER_ST

#include <st.h>

static st_cond_t st_gate;
static st_thread_t *threads;

static void *st_sleeper(void *arg)
{
    (void)arg;
    BENCH_CHECK(st_cond_wait(st_gate));
    return NULL;
}

static double st_create(long n)
{
    double start = bench_cpu_ns();
    double took;
    long i;

    for (i = 0; i < n; i++) {
        threads[i] = st_thread_create(st_sleeper, NULL, 1, 0);
        BENCH_ASSERT(threads[i]);
    }
    took = bench_cpu_ns() - start;
    st_usleep(0);
    BENCH_CHECK(st_cond_broadcast(st_gate));
    for (i = 0; i < n; i++)
        BENCH_CHECK(st_thread_join(threads[i], NULL));
    return took;
}

static void run_st(long n)
{
    threads = malloc((size_t)n * sizeof *threads);
    BENCH_ASSERT(threads);
    BENCH_CHECK(st_init());
    st_gate = st_cond_new();
    BENCH_ASSERT(st_gate);
    measure(st_create, n);
}

#else
#define run_st NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, N_TASKS },
        { "ours-lazy", run_ours_lazy, N_TASKS },
        { "st", run_st, N_TASKS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
