/* SPDX-License-Identifier: MIT */

/* peer_ucontext.c - the stack switch of POSIX, as glibc has it.
 *
 *   switch  swapcontext () from main to a coroutine and back; the figure is
 *           one way
 *   spawn   getcontext (), makecontext (), there and back, on a stack that is
 *           used again: all that a user of it can save.  uc_link brings back,
 *           which spares the last swapcontext ()
 *
 * Each switch sets the signal mask, a system call; that is nearly all of it. */

#include "config.h"

#include "../bench.h"

#include <ucontext.h>

#define N_SWITCHES (2L * 1000 * 1000)
#define N_SPAWNS (800L * 1000)
#define N_WARM_UP 1000L

static ucontext_t main_context;
static ucontext_t other_context;
static char stack[64 * 1024] __attribute__((aligned(64)));
static long n_run;

/* The next switch to other_context calls fn. */
static void make(void (*fn)(void))
{
    BENCH_CHECK(getcontext(&other_context));
    other_context.uc_stack.ss_sp = stack;
    other_context.uc_stack.ss_size = sizeof stack;
    other_context.uc_link = &main_context;
    makecontext(&other_context, fn, 0);
}

static void enter(void)
{
    BENCH_CHECK(swapcontext(&main_context, &other_context));
}

static void return_always(void)
{
    for (;;)
        BENCH_CHECK(swapcontext(&other_context, &main_context));
}

static void run_switch(long n)
{
    double start;
    long i;

    n = bench_ops(N_SWITCHES);
    make(return_always);
    for (i = 0; i < N_WARM_UP; i++)
        enter();
    start = bench_cpu_ns();
    for (i = 0; i < n; i += 2)
        enter();
    bench_print("ns", (bench_cpu_ns() - start) / (double)i);
}

static void trivial(void)
{
    n_run++;
}

static void spawn(long n)
{
    for (long i = 0; i < n; i++) {
        make(trivial);
        enter();
    }
}

static void run_spawn(long n)
{
    double start;

    n = bench_ops(N_SPAWNS);
    spawn(N_WARM_UP);
    start = bench_cpu_ns();
    spawn(n);
    bench_print("ns", (bench_cpu_ns() - start) / (double)n);
    BENCH_ASSERT(n_run == n + N_WARM_UP);
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "switch", run_switch, 1 },
        { "spawn", run_spawn, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
