/* SPDX-License-Identifier: MIT */

/* bench_switch.c - from one stack to another and nothing else.
 *
 * main and one coroutine switch back and forth; the figure is one way.  The
 * peer is Boost.Context through the C functions below its C++ interface, which
 * its library exports without a header.  Both keep the callee-saved registers
 * and the floating-point modes. */

#include "config.h"

#include "bench.h"
#include "context/context.h"

#include <stdint.h>
#include <stdlib.h>

#define N_ROUND_TRIPS (20L * 1000 * 1000)
#define STACK_SIZE 65536

static char stack[STACK_SIZE] __attribute__((aligned(64)));

static ili_context main_context;
static ili_context coroutine;

static void body(void)
{
    for (;;)
        ili_context_switch(&coroutine, &main_context);
}

static void run_ours(long n)
{
    double start;
    long i;

    n = bench_ops(n);
    ili_context_make(&coroutine, stack, sizeof stack, body);
    start = bench_cpu_ns();
    for (i = 0; i < n; i++)
        ili_context_switch(&main_context, &coroutine);
    bench_print("ns", (bench_cpu_ns() - start) / (2.0 * (double)n));
}

#ifdef HAVE_PEER_BOOST

typedef void *fcontext_t;

typedef struct {
    fcontext_t fctx; /* where we came from */
    void *data;
} transfer_t;

transfer_t jump_fcontext(fcontext_t to, void *data);
fcontext_t make_fcontext(void *top, size_t size, void (*fn)(transfer_t));

static void boost_body(transfer_t from)
{
    for (;;)
        from = jump_fcontext(from.fctx, NULL);
}

static void run_boost(long n)
{
    transfer_t from;
    double start;
    long i;

    n = bench_ops(n);
    from.fctx = make_fcontext(stack + sizeof stack, sizeof stack, boost_body);
    start = bench_cpu_ns();
    for (i = 0; i < n; i++)
        from = jump_fcontext(from.fctx, NULL);
    bench_print("ns", (bench_cpu_ns() - start) / (2.0 * (double)n));
}

#else
#define run_boost NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, N_ROUND_TRIPS },
        { "boost", run_boost, N_ROUND_TRIPS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
