/* SPDX-License-Identifier: MIT */

/* bench_turn.c - a turn of the native loop in which nothing happens.
 *
 * As programs take them that have a loop of their own, a game between two
 * frames, say: one non-blocking turn after the other, while there wait
 *
 *   ours, ev, uv                       n descriptors
 *   ours-timers, ev-timers, uv-timers  n timers, all of them far away
 *
 * None of the libraries looks at each descriptor or timer, so n should not be
 * seen. */

#include "config.h"

#include "bench.h"
#include "machine.h"

#include <interloop/interloop.h>

#include <ev.h>
#include <stdlib.h>

#define N_TURNS (1000L * 1000)
#define N_WARM_UP 1000L
#define FAR_S 100000

/* Call `turn`, an expression, often and print what one takes. */
#define MEASURE(turn)                                                          \
    do {                                                                       \
        long n_turns_ = bench_ops(N_TURNS);                                    \
        long i_;                                                               \
        double start_;                                                         \
        for (i_ = 0; i_ < N_WARM_UP; i_++)                                     \
            BENCH_CHECK(turn);                                                 \
        start_ = bench_cpu_ns();                                               \
        for (i_ = 0; i_ < n_turns_; i_++)                                      \
            BENCH_CHECK(turn);                                                 \
        bench_print("ns", (bench_cpu_ns() - start_) / (double)n_turns_);       \
    } while (0)

static void *allocate(long n, size_t size)
{
    void *memory = calloc((size_t)n, size);

    BENCH_ASSERT(memory);
    return memory;
}

/* --- Ours --------------------------------------------------------------------- */

static int waiting_task(void *arg)
{
    (void)arg;
    return il_wait_fd(bench_new_descriptor(), IL_READ);
}

static void run_ours(long n)
{
    il_loop *loop;

    bench_allow_descriptors(n);
    BENCH_CHECK(il_loop_new(&loop));
    for (long i = 0; i < n; i++)
        BENCH_CHECK(il_spawn(NULL, waiting_task, NULL, NULL));
    MEASURE(il_loop_turn(loop, 0));
    BENCH_CHECK(il_loop_close(loop, IL_SEC(1)));
    il_loop_unref(loop);
}

static void never(void *arg)
{
    bench_fail("timer", *(int *)arg);
}

static void run_ours_timers(long n)
{
    static int zero;
    il_timer *timers = allocate(n, sizeof *timers);
    il_loop *loop;

    BENCH_CHECK(il_loop_new(&loop));
    for (long i = 0; i < n; i++) {
        timers[i] = (il_timer)IL_TIMER_INIT(never, &zero);
        BENCH_CHECK(
            il_timer_start(loop, &timers[i], il_deadline(IL_SEC(FAR_S))));
    }
    MEASURE(il_loop_turn(loop, 0));
    BENCH_CHECK(il_loop_close(loop, 0));
    il_loop_unref(loop);
    free(timers);
}

/* --- libev --------------------------------------------------------------------- */

static void on_ev_io(struct ev_loop *ev, ev_io *io, int events)
{
    (void)ev;
    (void)events;
    bench_fail("descriptor", io->fd);
}

static struct ev_loop *new_ev(void)
{
    struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);

    BENCH_ASSERT(ev);
    return ev;
}

static void run_ev(long n)
{
    struct ev_loop *ev = new_ev();
    ev_io *ios = allocate(n, sizeof *ios);

    bench_allow_descriptors(n);
    for (long i = 0; i < n; i++) {
        ev_io_init(&ios[i], on_ev_io, bench_new_descriptor(), EV_READ);
        ev_io_start(ev, &ios[i]);
    }
    MEASURE(ev_run(ev, EVRUN_NOWAIT));
    ev_loop_destroy(ev);
    free(ios);
}

static void on_ev_timer(struct ev_loop *ev, ev_timer *timer, int events)
{
    (void)ev;
    (void)timer;
    bench_fail("timer", events);
}

static void run_ev_timers(long n)
{
    struct ev_loop *ev = new_ev();
    ev_timer *timers = allocate(n, sizeof *timers);

    for (long i = 0; i < n; i++) {
        ev_timer_init(&timers[i], on_ev_timer, (double)FAR_S, 0.);
        ev_timer_start(ev, &timers[i]);
    }
    MEASURE(ev_run(ev, EVRUN_NOWAIT));
    ev_loop_destroy(ev);
    free(timers);
}

/* --- libuv ----------------------------------------------------------------------- */

#ifdef HAVE_PEER_UV

#include <uv.h>

static void on_uv_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)events;
    bench_fail("descriptor", status);
}

static void run_uv(long n)
{
    uv_loop_t uv;
    uv_poll_t *polls = allocate(n, sizeof *polls);

    bench_allow_descriptors(n);
    BENCH_CHECK(uv_loop_init(&uv));
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(uv_poll_init(&uv, &polls[i], bench_new_descriptor()));
        BENCH_CHECK(uv_poll_start(&polls[i], UV_READABLE, on_uv_poll));
    }
    MEASURE(uv_run(&uv, UV_RUN_NOWAIT));
}

static void on_uv_timer(uv_timer_t *timer)
{
    (void)timer;
    bench_fail("timer", 0);
}

static void run_uv_timers(long n)
{
    uv_loop_t uv;
    uv_timer_t *timers = allocate(n, sizeof *timers);

    BENCH_CHECK(uv_loop_init(&uv));
    for (long i = 0; i < n; i++) {
        BENCH_CHECK(uv_timer_init(&uv, &timers[i]));
        BENCH_CHECK(
            uv_timer_start(&timers[i], on_uv_timer, FAR_S * 1000ull, 0));
    }
    MEASURE(uv_run(&uv, UV_RUN_NOWAIT));
}

#else
#define run_uv NULL
#define run_uv_timers NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, 1000 }, { "ours-timers", run_ours_timers, 100000 },
        { "ev", run_ev, 1000 },     { "ev-timers", run_ev_timers, 100000 },
        { "uv", run_uv, 1000 },     { "uv-timers", run_uv_timers, 100000 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
