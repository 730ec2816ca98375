/* SPDX-License-Identifier: MIT */

/* bench_yield.c - tasks that do nothing but let the others run.
 *
 * The figure is one yield: through the ready queue into the next task.  All
 * run in a ring, so that each gets as many turns as every other.  The first one
 * that has gone round a few times starts the clock and the last one stops it:
 * making tasks is not counted.
 *
 *   ours, hand  il_yield (), and the same by hand (hand.h)
 *   ours-deep, hand-deep, st-deep
 *               each yields at the bottom of eight nested calls, and returns
 *               from them before the next: what the processor has to predict
 *   st          State Threads has no yield.  Each thread signals the next one's
 *               condition and waits on its own; one thread is runnable at a
 *               time
 *   st-sleep    st_usleep (0): through the timer heap and the idle thread
 *
 * Of the two the first is two to eight times as fast and is the peer of the
 * table.  One condition for all is no faster with 2 threads and quadratic with
 * more. */

#include "config.h"

#include "bench.h"
#include "deep.h"
#include "hand.h"

#include <interloop/interloop.h>

#include <stdlib.h>

#define N_YIELDS (8L * 1000 * 1000)
#define MANY 10000L /* tasks: each yield misses the caches, fewer will do */
#define WARM_UP 20L

static long n_tasks;
static long n_ops;
static long n_left; /* tasks that are not done */
static long n_made; /* those that know their number */
static double start;

static void begin(long n)
{
    n_tasks = n;
    n_ops = bench_ops(n < MANY ? N_YIELDS : N_YIELDS / 4);
    n_left = n;
    n_made = 0;
    start = 0;
}

/* What a task does with its way to yield.  The last round may be for some of
 * them alone, so that the number of yields is exact. */
static inline __attribute__((always_inline)) void go_round(long (*yield)(void))
{
    long n = n_ops / n_tasks + (n_made < n_ops % n_tasks);

    n_made++;
    for (long i = 0; i < WARM_UP; i++)
        BENCH_CHECK(yield());
    if (start <= 0)
        start = bench_cpu_ns();
    for (long i = 0; i < n; i++)
        BENCH_CHECK(yield());
    if (--n_left == 0)
        bench_print("ns", (bench_cpu_ns() - start) / (double)n_ops);
}

/* --- ours ------------------------------------------------------------------- */

static inline __attribute__((always_inline)) long ours_yield(void)
{
    return il_yield();
}

BENCH_DEEP(ours_deep, ours_yield)

static il_task_fn *body;

static int yielder(void *arg)
{
    (void)arg;
    go_round(ours_yield);
    return 0;
}

static int deep_yielder(void *arg)
{
    (void)arg;
    go_round(ours_deep);
    return 0;
}

static int ours_main(void *arg)
{
    il_group group;

    (void)arg;
    BENCH_CHECK(il_group_open(&group, 0));
    for (long i = 0; i < n_tasks; i++)
        BENCH_CHECK(il_spawn_lazy(&group, body, NULL, NULL));
    BENCH_CHECK(il_group_close(&group));
    return 0;
}

static void run_ours(long n)
{
    begin(n);
    body = yielder;
    BENCH_CHECK(il_run(ours_main, NULL));
}

static void run_ours_deep(long n)
{
    begin(n);
    body = deep_yielder;
    BENCH_CHECK(il_run(ours_main, NULL));
}

/* --- by hand ---------------------------------------------------------------- */

#ifdef HAVE_HAND

static inline __attribute__((always_inline)) long by_hand(void)
{
    hand_yield();
    return 0;
}

BENCH_DEEP(hand_deep, by_hand)

static long hand_yielder(void *arg)
{
    (void)arg;
    go_round(by_hand);
    return 0;
}

static long hand_deep_yielder(void *arg)
{
    (void)arg;
    go_round(hand_deep);
    return 0;
}

static void run_hand_with(hand_fn *fn, long n)
{
    hand_task **tasks = calloc((size_t)n, sizeof(hand_task *));

    BENCH_ASSERT(tasks);
    begin(n);
    hand_begin(n);
    for (long i = 0; i < n; i++)
        tasks[i] = hand_spawn_lazy(fn, NULL);
    for (long i = 0; i < n; i++)
        BENCH_CHECK(hand_join(tasks[i]));
    free(tasks);
}

static void run_hand(long n)
{
    run_hand_with(hand_yielder, n);
}

static void run_hand_deep(long n)
{
    run_hand_with(hand_deep_yielder, n);
}

#else
#define run_hand NULL
#define run_hand_deep NULL
#endif

/* --- State Threads ---------------------------------------------------------- */

#ifdef HAVE_PEER_ST

#include <st.h>

static st_cond_t *conditions;
static long current;

/* The order is fixed, so the running thread's number is known without asking. */
static inline __attribute__((always_inline)) long st_hand_on(void)
{
    long me = current;
    long next = me + 1 == n_tasks ? 0 : me + 1;

    current = next;
    st_cond_signal(conditions[next]);
    return st_cond_wait(conditions[me]);
}

static inline __attribute__((always_inline)) long st_usleep_0(void)
{
    return st_usleep(0);
}

BENCH_DEEP(st_deep, st_hand_on)

/* Whoever is done still has to wake the next one. */
static void pass_on(void)
{
    long next = current + 1 == n_tasks ? 0 : current + 1;

    current = next;
    st_cond_signal(conditions[next]);
}

static void *st_yielder(void *arg)
{
    (void)arg;
    go_round(st_hand_on);
    pass_on();
    return NULL;
}

static void *st_deep_yielder(void *arg)
{
    (void)arg;
    go_round(st_deep);
    pass_on();
    return NULL;
}

static void *st_sleep_yielder(void *arg)
{
    (void)arg;
    go_round(st_usleep_0);
    return NULL;
}

static void run_st_with(void *(*fn)(void *arg), long n)
{
    st_thread_t *threads = calloc((size_t)n, sizeof *threads);

    begin(n);
    n_ops -= n_ops % n; /* a ring of conditions cannot end in its midst */
    conditions = calloc((size_t)n, sizeof *conditions);
    BENCH_ASSERT(threads && conditions && n_ops > 0);
    BENCH_CHECK(st_init());
    for (long i = 0; i < n; i++) {
        conditions[i] = st_cond_new();
        BENCH_ASSERT(conditions[i]);
    }
    for (long i = 0; i < n; i++) {
        threads[i] = st_thread_create(fn, NULL, 1, 0);
        BENCH_ASSERT(threads[i]);
    }
    for (long i = 0; i < n; i++)
        BENCH_CHECK(st_thread_join(threads[i], NULL));
    free(conditions);
    free(threads);
}

static void run_st(long n)
{
    run_st_with(st_yielder, n);
}

static void run_st_deep(long n)
{
    run_st_with(st_deep_yielder, n);
}

static void run_st_sleep(long n)
{
    run_st_with(st_sleep_yielder, n);
}

#else
#define run_st NULL
#define run_st_deep NULL
#define run_st_sleep NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, 64 },
        { "ours-deep", run_ours_deep, 64 },
        { "hand", run_hand, 64 },
        { "hand-deep", run_hand_deep, 64 },
        { "st", run_st, 64 },
        { "st-deep", run_st_deep, 64 },
        { "st-sleep", run_st_sleep, 64 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
