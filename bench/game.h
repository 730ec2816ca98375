/* SPDX-License-Identifier: MIT */
#ifndef IL_BENCH_GAME_H
#define IL_BENCH_GAME_H

/* game.h - two tasks that give something to each other, and back.
 *
 * Each player makes n_each moves; the figure is one move.  It is a header, so
 * that the players, which are a program's own, are compiled together with what
 * they count in. */

#include "bench.h"

#include <interloop/interloop.h>

#include <stdint.h>

static long n_each; /* moves of each player */

static struct {
    il_task_fn *player; /* its argument is 0 or 1 */
    long n_moves;       /* of both, unless the driver wants another number */
    intptr_t first;     /* who begins */
} game;

static void game_play(void)
{
    il_group group;

    BENCH_CHECK(il_group_open(&group, 0));
    for (intptr_t i = 0; i < 2; i++)
        BENCH_CHECK(
            il_spawn_lazy(&group, game.player, (void *)(i ^ game.first), NULL));
    BENCH_CHECK(il_group_close(&group));
}

/* Time a game, warmed up by a shorter one. */
static int game_main(void *arg)
{
    long n = bench_ops(game.n_moves) / 2;
    double start;

    (void)arg;
    n_each = 1000;
    game_play();
    n_each = n;
    start = bench_cpu_ns();
    game_play();
    bench_print("ns", (bench_cpu_ns() - start) / (2.0 * (double)n));
    return 0;
}

static inline void game_run(il_task_fn *player, long n_moves)
{
    game.player = player;
    game.n_moves = n_moves;
    BENCH_CHECK(il_run(game_main, NULL));
}

/* Two tasks that yield, the measure for all others. */
static inline int game_yielder(void *arg)
{
    (void)arg;
    for (long i = 0; i < n_each; i++)
        BENCH_CHECK(il_yield());
    return 0;
}

#ifdef HAVE_PEER_ST

#include <st.h>

/* The same with two threads of State Threads, after st_init(). */
static inline void game_run_st(void *(*player)(void *arg), long n_moves)
{
    st_thread_t threads[2];
    double start;

    n_each = bench_ops(n_moves) / 2;
    start = bench_cpu_ns();
    for (int i = 0; i < 2; i++) {
        threads[i] = st_thread_create(player, (void *)(intptr_t)i, 1, 0);
        BENCH_ASSERT(threads[i]);
    }
    for (int i = 0; i < 2; i++)
        BENCH_CHECK(st_thread_join(threads[i], NULL));
    bench_print("ns", (bench_cpu_ns() - start) / (2.0 * (double)n_each));
}

#endif

#endif
