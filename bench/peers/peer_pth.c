/* SPDX-License-Identifier: MIT */

/* peer_pth.c - GNU Pth 2.0, whose threads are ours in spirit: cooperative, in
 * user space.  Each dispatch asks the kernel for the signal mask, for pending
 * signals and for descriptors, seven system calls; hence its figures.
 *
 *   yield N  pth_yield (NULL) of n threads; naming the next thread is no faster
 *   spawn    pth_spawn () and pth_join ().  Pth keeps no pool of stacks, but
 *            one of 64 KiB, its default, comes from malloc () and not from the
 *            kernel.  A thousand at once take more than twice as long each
 *
 * Pth goes through all threads in each dispatch: with 1,000 a yield takes
 * thirteen microseconds, with 10,000 most of a millisecond.  More than
 * MAX_THREADS would take minutes, and the program says that it has no figure
 * for them. */

#include "config.h"

#include "../bench.h"

#ifdef HAVE_PEER_PTH

#include <pth.h>

#include <stdlib.h>

#define N_YIELDS (100L * 1000)
#define N_SPAWNS (40L * 1000)
#define N_WARM_UP 1000L
#define MAX_THREADS 2000L
#define STACK_SIZE (64 * 1024u)

static pth_attr_t attributes;

static void begin(void)
{
    BENCH_ASSERT(pth_init());
    attributes = pth_attr_new();
    BENCH_ASSERT(attributes);
    BENCH_ASSERT(pth_attr_set(attributes, PTH_ATTR_STACK_SIZE, STACK_SIZE));
}

static long n_each; /* yields of each thread */
static double start_ns;
static double end_ns;

/* The first thread that has warmed up starts the clock, the last one stops it:
 * making threads is not counted. */
static void *yielder(void *arg)
{
    BENCH_ASSERT(pth_yield(NULL));
    BENCH_ASSERT(pth_yield(NULL));
    if (start_ns <= 0)
        start_ns = bench_cpu_ns();
    for (long i = 0; i < n_each; i++)
        BENCH_ASSERT(pth_yield(NULL));
    end_ns = bench_cpu_ns();
    return arg;
}

static void run_yield(long n)
{
    pth_t *threads;

    if (n > MAX_THREADS)
        exit(BENCH_ABSENT);
    n_each = bench_ops(N_YIELDS) / n;
    if (n_each < 1)
        n_each = 1;
    begin();
    threads = calloc((size_t)n, sizeof *threads);
    BENCH_ASSERT(threads);
    for (long i = 0; i < n; i++) {
        threads[i] = pth_spawn(attributes, yielder, NULL);
        BENCH_ASSERT(threads[i]);
    }
    for (long i = 0; i < n; i++)
        BENCH_ASSERT(pth_join(threads[i], NULL));
    bench_print("ns", (end_ns - start_ns) / (double)(n * n_each));
    free(threads);
}

static void *trivial(void *arg)
{
    return arg;
}

static void spawn(long n)
{
    for (long i = 0; i < n; i++) {
        pth_t thread = pth_spawn(attributes, trivial, NULL);

        BENCH_ASSERT(thread);
        BENCH_ASSERT(pth_join(thread, NULL));
    }
}

static void run_spawn(long n)
{
    n = bench_ops(N_SPAWNS);
    begin();
    spawn(N_WARM_UP);
    start_ns = bench_cpu_ns();
    spawn(n);
    bench_print("ns", (bench_cpu_ns() - start_ns) / (double)n);
}

#else
#define run_yield NULL
#define run_spawn NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "yield", run_yield, 64 },
        { "spawn", run_spawn, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
