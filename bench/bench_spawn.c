/* SPDX-License-Identifier: MIT */

/* bench_spawn.c - the life of a task that does nothing.
 *
 *   ours        il_spawn (), which runs it at once, and il_task_join ()
 *   ours-lazy   il_spawn_lazy () and il_task_join (): through the ready queue,
 *               which is what State Threads does
 *   ours-batch  1,000 lazy tasks in a group, then il_group_close ()
 *   hand, hand-lazy, hand-batch
 *               the same three by hand, see hand.h
 *   st, st-batch
 *               st_thread_create () and st_thread_join ()
 *
 * All reuse stacks: the first round, in which they are made, is not counted. */

#include "config.h"

#include "bench.h"
#include "hand.h"

#include <interloop/interloop.h>

#define N_SPAWNS (2L * 1000 * 1000)
#define BATCH 1000L

static long n_spawns;
static long n_run; /* proves that the bodies ran */

static int trivial(void *arg)
{
    (void)arg;
    n_run++;
    return 0;
}

/* Time a function that spawns and joins `batch` tasks, warmed up once. */
static void measure(void (*spawn)(void), long batch)
{
    double start;
    long i;

    spawn();
    n_run = 0;
    start = bench_cpu_ns();
    for (i = 0; i < n_spawns; i += batch)
        spawn();
    bench_print("ns", (bench_cpu_ns() - start) / (double)n_run);
    BENCH_ASSERT(n_run >= n_spawns);
}

static void ours_eager(void)
{
    il_task *task;

    BENCH_CHECK(il_spawn(NULL, trivial, NULL, &task));
    BENCH_CHECK(il_task_join(task, NULL));
    il_task_unref(task);
}

static void ours_lazy(void)
{
    il_task *task;

    BENCH_CHECK(il_spawn_lazy(NULL, trivial, NULL, &task));
    BENCH_CHECK(il_task_join(task, NULL));
    il_task_unref(task);
}

static void ours_batch(void)
{
    il_group group;
    long i;

    BENCH_CHECK(il_group_open(&group, 0));
    for (i = 0; i < BATCH; i++)
        BENCH_CHECK(il_spawn_lazy(&group, trivial, NULL, NULL));
    BENCH_CHECK(il_group_close(&group));
}

static int eager_main(void *arg)
{
    (void)arg;
    measure(ours_eager, 1);
    return 0;
}

static int lazy_main(void *arg)
{
    (void)arg;
    measure(ours_lazy, 1);
    return 0;
}

static int batch_main(void *arg)
{
    (void)arg;
    measure(ours_batch, BATCH);
    return 0;
}

static void run_ours(long n)
{
    n_spawns = bench_ops(n);
    BENCH_CHECK(il_run(eager_main, NULL));
}

static void run_ours_lazy(long n)
{
    n_spawns = bench_ops(n);
    BENCH_CHECK(il_run(lazy_main, NULL));
}

static void run_ours_batch(long n)
{
    n_spawns = bench_ops(n);
    BENCH_CHECK(il_run(batch_main, NULL));
}

#ifdef HAVE_HAND

static long hand_trivial(void *arg)
{
    (void)arg;
    n_run++;
    return 0;
}

static void hand_eager(void)
{
    BENCH_CHECK(hand_join(hand_spawn(hand_trivial, NULL)));
}

static void hand_lazy(void)
{
    BENCH_CHECK(hand_join(hand_spawn_lazy(hand_trivial, NULL)));
}

static void hand_many(void)
{
    static hand_task *tasks[BATCH];
    long i;

    for (i = 0; i < BATCH; i++)
        tasks[i] = hand_spawn_lazy(hand_trivial, NULL);
    for (i = 0; i < BATCH; i++)
        BENCH_CHECK(hand_join(tasks[i]));
}

static void run_hand(long n)
{
    n_spawns = bench_ops(n);
    hand_begin(1);
    measure(hand_eager, 1);
}

static void run_hand_lazy(long n)
{
    n_spawns = bench_ops(n);
    hand_begin(1);
    measure(hand_lazy, 1);
}

static void run_hand_batch(long n)
{
    n_spawns = bench_ops(n);
    hand_begin(BATCH);
    measure(hand_many, BATCH);
}

#else
#define run_hand NULL
#define run_hand_lazy NULL
#define run_hand_batch NULL
#endif

#ifdef HAVE_PEER_ST

#include <st.h>

static void *st_trivial(void *arg)
{
    (void)arg;
    n_run++;
    return NULL;
}

static void st_single(void)
{
    st_thread_t thread = st_thread_create(st_trivial, NULL, 1, 0);

    BENCH_ASSERT(thread);
    BENCH_CHECK(st_thread_join(thread, NULL));
}

static void st_many(void)
{
    static st_thread_t threads[BATCH];
    long i;

    for (i = 0; i < BATCH; i++) {
        threads[i] = st_thread_create(st_trivial, NULL, 1, 0);
        BENCH_ASSERT(threads[i]);
    }
    for (i = 0; i < BATCH; i++)
        BENCH_CHECK(st_thread_join(threads[i], NULL));
}

static void run_st(long n)
{
    n_spawns = bench_ops(n);
    BENCH_CHECK(st_init());
    measure(st_single, 1);
}

static void run_st_batch(long n)
{
    n_spawns = bench_ops(n);
    BENCH_CHECK(st_init());
    measure(st_many, BATCH);
}

#else
#define run_st NULL
#define run_st_batch NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, N_SPAWNS },
        { "ours-lazy", run_ours_lazy, N_SPAWNS },
        { "ours-batch", run_ours_batch, N_SPAWNS },
        { "hand", run_hand, N_SPAWNS },
        { "hand-lazy", run_hand_lazy, N_SPAWNS },
        { "hand-batch", run_hand_batch, N_SPAWNS },
        { "st", run_st, N_SPAWNS },
        { "st-batch", run_st_batch, N_SPAWNS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
