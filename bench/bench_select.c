/* SPDX-License-Identifier: MIT */

/* bench_select.c - what it costs to wait for one of several channels.
 *
 * Two tasks play ball as in bench_wait, but each has N channels without capacity,
 * and the ball comes through one after the other, so on average half of the cases
 * stand before the one that fires.  Who begins decides who waits, for the whole
 * game: senders, or those who select.
 *
 *   meet N     il_channel_send (), which waits, and il_select () over N receives
 *   given      il_channel_send (), which waits, and il_channel_receive ()
 *   wait N     il_channel_send () and il_select () over N receives, which waits
 *   receive    il_channel_send () and il_channel_receive (), which waits
 *   ready N    one task: il_channel_try_send () to one of N channels, and
 *              il_select () over them, which finds it
 *   taken      il_channel_try_send () and il_channel_receive () */

#include "config.h"

#include "bench.h"
#include "game.h"

#define N_THROWS (4L * 1000 * 1000)
#define N_READY (10L * 1000 * 1000)
#define MOST 256

static il_channel channels[2][MOST];
static long n_cases;
static long caught;

static void open_channels(size_t capacity)
{
    BENCH_ASSERT(n_cases <= MOST);
    for (int me = 0; me < 2; me++)
        for (long i = 0; i < n_cases; i++)
            BENCH_CHECK(
                il_channel_init(&channels[me][i], sizeof(long), capacity));
}

static void close_channels(void)
{
    for (int me = 0; me < 2; me++)
        for (long i = 0; i < n_cases; i++)
            il_channel_fini(&channels[me][i]);
}

static void make_cases(il_case *cases, long me, long *message)
{
    for (long i = 0; i < n_cases; i++)
        cases[i] = (il_case)IL_CASE_RECEIVE(&channels[me][i], message);
}

/* Player 1 waits for the first throw.  If it begins, it is always who receives
 * that waits, else it is who sends. */
static void run_game(il_task_fn *player, long n, int first)
{
    n_cases = n;
    game.first = first;
    open_channels(0);
    game_run(player, N_THROWS);
    close_channels();
}

static int select_player(void *arg)
{
    long me = (long)(intptr_t)arg;
    long message = 1;
    il_case cases[MOST];

    make_cases(cases, me, &message);
    if (me == 1)
        BENCH_CHECK(il_select(cases, (size_t)n_cases, 0));
    for (long i = 0, k = 0; i < n_each; i++) {
        BENCH_CHECK(il_channel_send(&channels[1 - me][k], &message));
        BENCH_CHECK(il_select(cases, (size_t)n_cases, 0));
        caught += message;
        if (++k == n_cases)
            k = 0;
    }
    if (me == 0)
        BENCH_CHECK(il_channel_send(&channels[1][0], &message));
    return 0;
}

static void run_wait(long n)
{
    run_game(select_player, n, 1);
}

static int receive_player(void *arg)
{
    long me = (long)(intptr_t)arg;
    long message = 1;

    if (me == 1)
        BENCH_CHECK(il_channel_receive(&channels[1][0], &message));
    for (long i = 0; i < n_each; i++) {
        BENCH_CHECK(il_channel_send(&channels[1 - me][0], &message));
        BENCH_CHECK(il_channel_receive(&channels[me][0], &message));
        caught += message;
    }
    if (me == 0)
        BENCH_CHECK(il_channel_send(&channels[1][0], &message));
    return 0;
}

static void run_receive(long n)
{
    run_game(receive_player, n, 1);
}

static void run_meet(long n)
{
    run_game(select_player, n, 0);
}

static void run_given(long n)
{
    run_game(receive_player, n, 0);
}

static int ready_main(void *arg)
{
    long n = bench_ops(N_READY);
    long message = 1;
    il_case cases[MOST];
    double start;

    (void)arg;
    make_cases(cases, 0, &message);
    start = bench_cpu_ns();
    for (long i = 0, k = 0; i < n; i++) {
        BENCH_CHECK(il_channel_try_send(&channels[0][k], &message));
        BENCH_CHECK(il_select(cases, (size_t)n_cases, 0));
        caught += message;
        if (++k == n_cases)
            k = 0;
    }
    bench_print("ns", (bench_cpu_ns() - start) / (double)n);
    return 0;
}

static int taken_main(void *arg)
{
    long n = bench_ops(N_READY);
    long message = 1;
    double start;

    (void)arg;
    start = bench_cpu_ns();
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(il_channel_try_send(&channels[0][0], &message));
        BENCH_CHECK(il_channel_receive(&channels[0][0], &message));
        caught += message;
    }
    bench_print("ns", (bench_cpu_ns() - start) / (double)n);
    return 0;
}

static void run_alone(il_task_fn *fn, long n)
{
    n_cases = n;
    open_channels(1);
    BENCH_CHECK(il_run(fn, NULL));
    close_channels();
}

static void run_ready(long n)
{
    run_alone(ready_main, n);
}

static void run_taken(long n)
{
    run_alone(taken_main, n);
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "meet", run_meet, 8 },   { "given", run_given, 1 },
        { "wait", run_wait, 8 },   { "receive", run_receive, 1 },
        { "ready", run_ready, 8 }, { "taken", run_taken, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
