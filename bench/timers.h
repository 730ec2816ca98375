/* SPDX-License-Identifier: MIT */
#ifndef IL_BENCH_TIMERS_H
#define IL_BENCH_TIMERS_H

/* timers.h - what bench_timer.c measures, whoever has the timers.
 *
 *   cancel    n timers are pending; again and again one of them is stopped and
 *             started anew with a random delay
 *   constant  the same, but all delays are equal, so that the one that is
 *             stopped was always the next to fire
 *   expire    n timers are pending and stay so; a hundred more with random
 *             delays are started, fire in one iteration of the loop, and the
 *             callback of the last starts the next hundred
 *   all       n timers with random delays are started and all fire, about a
 *             hundred in an iteration; the last one starts them again
 *
 * The figure is one stop and one start, or one start and one callback with its
 * share of the iteration.
 *
 * A timer that fires has to wait for it, which would measure the wait.  So time
 * is what this program says: it defines clock_gettime() and gettimeofday(),
 * which all contenders call, and moves the clock on when a hundred have fired.
 * Each contender runs in its usual way, sees that the next are due, polls its
 * descriptors without sleeping, and fires them.  Reading this clock takes 2 ns
 * instead of 25: each contender reads it once or twice an iteration. */

#include "bench.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define N_CYCLES (2L * 1000 * 1000)
#define BATCH 100L
#define N_WARM_UP_BATCHES 20L

#define US 1000L
#define MS (1000L * US)
#define S (1000L * MS)

/* The delay of those that are stopped: from here, and so much more. */
#define CANCEL_NS (1000 * S)
/* What stays pending is due after the last batch, and before a month. */
#define FAR_NS (1000 * 1000 * S)
/* A batch is due within so much, and all are. */
#define NEAR_NS (100 * MS)
#define ALL_NS (100 * S)

/* --- Time ----------------------------------------------------------------- */

static int64_t now_ns = 1000000 * S;

/* For the libraries too. */
#define SHARED __attribute__((visibility("default")))

SHARED int clock_gettime(clockid_t clock, struct timespec *t)
{
    if (clock == CLOCK_PROCESS_CPUTIME_ID)
        return (int)syscall(SYS_clock_gettime, clock, t);
    t->tv_sec = now_ns / S;
    t->tv_nsec = now_ns % S;
    return 0;
}

SHARED int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    (void)zone;
    t->tv_sec = now_ns / S;
    t->tv_usec = now_ns % S / US;
    return 0;
}

/* Random bits; a power of two of them, so that choosing costs nothing that
 * would count. */
#define N_RANDOM 65536L

static uint32_t random_bits[N_RANDOM];

static void make_random(void)
{
    uint64_t x = 88172645463325252u; /* xorshift64: the same in every run */
    long i;

    for (i = 0; i < N_RANDOM; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        random_bits[i] = (uint32_t)x;
    }
}

static uint32_t random_of(long i)
{
    return random_bits[i & (N_RANDOM - 1)];
}

static int64_t random_delay(long i)
{
    return CANCEL_NS + (int64_t)(random_of(i) >> 2) * US;
}

/* What comes later is due later. */
static int64_t constant_delay(long i)
{
    return CANCEL_NS + i * US;
}

static int64_t far_delay(long i)
{
    return FAR_NS + (int64_t)(random_of(i) >> 2) * US;
}

static int64_t near_delay(long i)
{
    return (int64_t)(random_of(i) % NEAR_NS) + 1;
}

static int64_t any_delay(long i)
{
    return (int64_t)(((uint64_t)random_of(i) << 16 | random_of(i * 7) >> 16) %
                     ALL_NS) +
           1;
}

/* --- What is measured ----------------------------------------------------- */

#define INLINE static inline __attribute__((always_inline))

typedef int64_t delay_fn(long i);
typedef void start_fn(long timer, int64_t delay);
typedef void stop_fn(long timer);

static void *allocate(long n, size_t size)
{
    void *memory = calloc((size_t)n, size);

    BENCH_ASSERT(memory);
    return memory;
}

/* Stop a timer and start it anew, again and again, all in turn. */
INLINE void restart(long n, delay_fn *delay, start_fn *start, stop_fn *stop)
{
    long n_cycles = bench_ops(N_CYCLES);
    double before;
    long timer = 0;
    long i;

    for (i = 0; i < n; i++)
        start(i, delay(i));
    before = bench_cpu_ns();
    for (i = 0; i < n_cycles; i++) {
        stop(timer);
        start(timer, delay(n + i));
        timer = timer + 1 == n ? 0 : timer + 1;
    }
    bench_print("ns", (bench_cpu_ns() - before) / (double)n_cycles);
}

static struct {
    long first;    /* the timers of a batch follow those that stay pending */
    long n_fired;  /* of this batch, or of all in this round */
    long i;        /* batches or rounds that are over */
    long n;        /* how many are measured */
    double before; /* the measurement */
    long n_all;    /* of a round; 0: there are batches */
    int64_t begin; /* of this round */
    int64_t *due;  /* the delays of a round, sorted */
} batch;

INLINE void start_batch(start_fn *start)
{
    long i;

    for (i = 0; i < BATCH; i++)
        start(batch.first + i, near_delay(batch.i * BATCH + i));
    now_ns += NEAR_NS;
}

INLINE void start_expiring(long n, start_fn *start)
{
    long i;

    for (i = 0; i < n; i++)
        start(i, far_delay(i));
    batch.first = n;
    batch.n = (bench_ops(N_CYCLES) + BATCH - 1) / BATCH;
    start_batch(start);
}

INLINE bool batch_fired(start_fn *start)
{
    batch.n_fired = 0;
    if (batch.i++ == N_WARM_UP_BATCHES)
        batch.before = bench_cpu_ns();
    if (batch.i == N_WARM_UP_BATCHES + 1 + batch.n)
        return false;
    start_batch(start);
    return true;
}

/* A hundred more are due, and maybe those of the same millisecond, in which
 * libuv and GLib count. */
static void let_more_be_due(void)
{
    long last = batch.n_fired + BATCH;

    if (last > batch.n_all)
        last = batch.n_all;
    now_ns = batch.begin + batch.due[last - 1] + MS;
}

/* In each round the delays begin somewhere else, or the processor would learn by
 * heart what happens to a thousand timers. */
INLINE void start_all(start_fn *start)
{
    long delay = batch.i * 37 % batch.n_all;
    long i;

    batch.n_fired = 0;
    batch.begin = now_ns;
    for (i = 0; i < batch.n_all; i++) {
        start(i, any_delay(delay));
        delay = delay + 1 == batch.n_all ? 0 : delay + 1;
    }
    let_more_be_due();
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;

    return (*x > *y) - (*x < *y);
}

INLINE void start_all_expiring(long n, start_fn *start)
{
    long i;

    batch.n_all = n;
    batch.n = bench_ops(N_CYCLES) / n;
    if (batch.n == 0)
        batch.n = 1;
    batch.due = allocate(n, sizeof *batch.due);
    for (i = 0; i < n; i++)
        batch.due[i] = any_delay(i);
    qsort(batch.due, (size_t)n, sizeof *batch.due, compare);
    start_all(start);
}

INLINE bool some_fired(start_fn *start)
{
    if (batch.n_fired < batch.n_all) {
        let_more_be_due();
        return true;
    }
    if (batch.i++ == 0)
        batch.before = bench_cpu_ns();
    if (batch.i == 1 + batch.n)
        return false;
    start_all(start);
    return true;
}

/* Whether this callback will read the clock. */
INLINE bool is_last_of_batch(void)
{
    return batch.n_fired + 1 == (batch.n_all ? batch.n_all : BATCH);
}

/* The work of a callback; false when it was the last one. */
INLINE bool fired(start_fn *start)
{
    batch.n_fired++;
    if (batch.n_fired % BATCH != 0 && batch.n_fired != batch.n_all)
        return true;
    return batch.n_all ? some_fired(start) : batch_fired(start);
}

static void print_expiring(void)
{
    double n = (double)batch.n * (double)(batch.n_all ? batch.n_all : BATCH);

    bench_print("ns", (bench_cpu_ns() - batch.before) / n);
}

/* The measurements for a contender with functions of its own name. */
#define CONTENDER(name)                                                        \
    static void name##_cancel(long n)                                          \
    {                                                                          \
        name##_open(n);                                                        \
        restart(n, random_delay, name##_start, name##_stop);                   \
    }                                                                          \
    static void name##_constant(long n)                                        \
    {                                                                          \
        name##_open(n);                                                        \
        restart(n, constant_delay, name##_start, name##_stop);                 \
    }                                                                          \
    static void name##_expire(long n)                                          \
    {                                                                          \
        name##_open(n + BATCH);                                                \
        start_expiring(n, name##_start);                                       \
        name##_run();                                                          \
        print_expiring();                                                      \
    }                                                                          \
    static void name##_all(long n)                                             \
    {                                                                          \
        name##_open(n);                                                        \
        start_all_expiring(n, name##_start);                                   \
        name##_run();                                                          \
        print_expiring();                                                      \
    }

#endif
