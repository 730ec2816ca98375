/* SPDX-License-Identifier: MIT */

/* bench_switch.c - from one stack to another and nothing else.
 *
 *   ours, boost, hand
 *               main and one coroutine switch back and forth; the figure is one
 *               way
 *   ours-rounded, boost-rounded, hand-rounded
 *               the same after one of the two has rounded a number, which
 *               leaves a flag in its MXCSR
 *   ours-deep, boost-deep, hand-deep
 *               64 coroutines in a ring, each straight to the next, from the
 *               bottom of eight nested calls from which they return in between
 *
 * The peer is Boost.Context through the C functions below its C++ interface,
 * which its library exports without a header.  All keep the callee-saved
 * registers and the floating-point modes.  With Boost whoever arrives is handed
 * what the previous one can be gone on with at, and has to store it; that is
 * its interface, and main and coroutine do the same with less. */

#include "config.h"

#include "bench.h"
#include "context/context.h"
#include "deep.h"
#include "hand.h"

#include <stdint.h>
#include <stdlib.h>

#define N_ROUND_TRIPS (20L * 1000 * 1000)
#define N_DEEP (8L * 1000 * 1000)
#define STACK_SIZE 65536
#define RING 64

/* Tops that lie apart by a whole number of pages would share the cache's sets. */
#define STRIDE (STACK_SIZE + 64)

static char stacks[RING][STRIDE] __attribute__((aligned(64)));
static char *const stack = stacks[0];

/* Leave the flag of an inexact result behind. */
static void round_a_number(void)
{
    volatile double one = 1;
    volatile double three = 3;

    one = one / three;
}

static void print(double start, double n)
{
    bench_print("ns", (bench_cpu_ns() - start) / n);
}

/* --- the ring ----------------------------------------------------------------- */

static long at;         /* who runs */
static long n_ring_ops; /* switches until main goes on; a multiple of RING */
static double ring_start;

/* Whose turn it is, after one whole round not counted. */
static inline long step(void)
{
    if (at == RING - 1 && ring_start <= 0)
        ring_start = bench_cpu_ns();
    at = (at + 1) & (RING - 1);
    return at;
}

static void begin_ring(void)
{
    long n = bench_ops(N_DEEP);

    n_ring_ops = n < RING ? RING : n - n % RING;
    at = RING - 1;
    ring_start = 0;
}

/* --- ours ----------------------------------------------------------------------- */

static ili_context main_context;
static ili_context contexts[RING];

static void body(void)
{
    for (;;)
        ili_context_switch(&contexts[0], &main_context);
}

static void rounding_body(void)
{
    round_a_number();
    body();
}

static void run_ours_with(void (*fn)(void))
{
    long n = bench_ops(N_ROUND_TRIPS);
    double start;
    long i;

    ili_context_make(&contexts[0], stack, STACK_SIZE, fn);
    ili_context_switch(&main_context, &contexts[0]);
    start = bench_cpu_ns();
    for (i = 0; i < n; i++)
        ili_context_switch(&main_context, &contexts[0]);
    print(start, 2.0 * (double)n);
}

static void run_ours(long n)
{
    (void)n;
    run_ours_with(body);
}

static void run_ours_rounded(long n)
{
    (void)n;
    run_ours_with(rounding_body);
}

static inline __attribute__((always_inline)) long ours_next(void)
{
    long me = at;

    ili_context_switch(&contexts[me], &contexts[step()]);
    return 0;
}

BENCH_DEEP(ours_deep, ours_next)

static void deep_body(void)
{
    while (at != 0 || n_ring_ops > 0) {
        if (at == 0)
            n_ring_ops -= RING;
        (void)ours_deep();
    }
    ili_context_switch(&contexts[0], &main_context);
}

static void run_ours_deep(long n)
{
    (void)n;
    begin_ring();
    n = n_ring_ops;
    for (long i = 0; i < RING; i++)
        ili_context_make(&contexts[i], stacks[i], STACK_SIZE, deep_body);
    at = 0;
    ili_context_switch(&main_context, &contexts[0]);
    print(ring_start, (double)(n - RING));
}

/* --- by hand ---------------------------------------------------------------------- */

#ifdef HAVE_HAND

static hand_context hand_main;
static hand_context hands[RING];

static void hand_body(void)
{
    for (;;)
        hand_switch(&hands[0], &hand_main);
}

static void hand_rounding_body(void)
{
    round_a_number();
    hand_body();
}

static void run_hand_with(void (*fn)(void))
{
    long n = bench_ops(N_ROUND_TRIPS);
    double start;
    long i;

    hand_context_make(&hands[0], stack + STACK_SIZE, fn);
    hand_switch(&hand_main, &hands[0]);
    start = bench_cpu_ns();
    for (i = 0; i < n; i++)
        hand_switch(&hand_main, &hands[0]);
    print(start, 2.0 * (double)n);
}

static void run_hand(long n)
{
    (void)n;
    run_hand_with(hand_body);
}

static void run_hand_rounded(long n)
{
    (void)n;
    run_hand_with(hand_rounding_body);
}

static inline __attribute__((always_inline)) long hand_next(void)
{
    long me = at;

    hand_switch(&hands[me], &hands[step()]);
    return 0;
}

BENCH_DEEP(hand_deep, hand_next)

static void hand_deep_body(void)
{
    while (at != 0 || n_ring_ops > 0) {
        if (at == 0)
            n_ring_ops -= RING;
        (void)hand_deep();
    }
    hand_switch(&hands[0], &hand_main);
}

static void run_hand_deep(long n)
{
    (void)n;
    begin_ring();
    n = n_ring_ops;
    for (long i = 0; i < RING; i++)
        hand_context_make(&hands[i], stacks[i] + STACK_SIZE, hand_deep_body);
    at = 0;
    hand_switch(&hand_main, &hands[0]);
    print(ring_start, (double)(n - RING));
}

#else
#define run_hand NULL
#define run_hand_rounded NULL
#define run_hand_deep NULL
#endif

/* --- Boost.Context ------------------------------------------------------------------ */

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

static void boost_rounding_body(transfer_t from)
{
    round_a_number();
    boost_body(from);
}

static void run_boost_with(void (*fn)(transfer_t))
{
    long n = bench_ops(N_ROUND_TRIPS);
    transfer_t from;
    double start;
    long i;

    from.fctx = make_fcontext(stack + STACK_SIZE, STACK_SIZE, fn);
    from = jump_fcontext(from.fctx, NULL);
    start = bench_cpu_ns();
    for (i = 0; i < n; i++)
        from = jump_fcontext(from.fctx, NULL);
    print(start, 2.0 * (double)n);
}

static void run_boost(long n)
{
    (void)n;
    run_boost_with(boost_body);
}

static void run_boost_rounded(long n)
{
    (void)n;
    run_boost_with(boost_rounding_body);
}

static fcontext_t boost_main;
static fcontext_t boosts[RING];

static inline __attribute__((always_inline)) void arrived(transfer_t from)
{
    *(fcontext_t *)from.data = from.fctx;
}

static inline __attribute__((always_inline)) long boost_next(void)
{
    long me = at;

    arrived(jump_fcontext(boosts[step()], &boosts[me]));
    return 0;
}

BENCH_DEEP(boost_deep, boost_next)

static void boost_deep_body(transfer_t from)
{
    arrived(from);
    while (at != 0 || n_ring_ops > 0) {
        if (at == 0)
            n_ring_ops -= RING;
        (void)boost_deep();
    }
    (void)jump_fcontext(boost_main, &boosts[0]);
}

static void run_boost_deep(long n)
{
    (void)n;
    begin_ring();
    n = n_ring_ops;
    for (long i = 0; i < RING; i++)
        boosts[i] =
            make_fcontext(stacks[i] + STACK_SIZE, STACK_SIZE, boost_deep_body);
    at = 0;
    (void)jump_fcontext(boosts[0], &boost_main);
    print(ring_start, (double)(n - RING));
}

#else
#define run_boost NULL
#define run_boost_rounded NULL
#define run_boost_deep NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, 1 },
        { "ours-rounded", run_ours_rounded, 1 },
        { "ours-deep", run_ours_deep, 1 },
        { "hand", run_hand, 1 },
        { "hand-rounded", run_hand_rounded, 1 },
        { "hand-deep", run_hand_deep, 1 },
        { "boost", run_boost, 1 },
        { "boost-rounded", run_boost_rounded, 1 },
        { "boost-deep", run_boost_deep, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
