/* SPDX-License-Identifier: MIT */

/* bench_timer.c - timers that are stopped before they fire, as timeouts are.
 *
 * n timers with random delays are pending; again and again one of them is
 * stopped and started anew.  The figure is one stop and one start. */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <ev.h>
#include <stdint.h>
#include <stdlib.h>

#define N_CYCLES (2L * 1000 * 1000)

/* A power of two, so that choosing one costs nothing that would count. */
#define N_DELAYS 65536L

static unsigned delays_ms[N_DELAYS];

static void make_delays(void)
{
    uint64_t x = 88172645463325252u; /* xorshift64: the same in every run */
    long i;

    for (i = 0; i < N_DELAYS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        delays_ms[i] = 1000000 + (unsigned)(x % 1000000);
    }
}

static unsigned delay_ms(long i)
{
    return delays_ms[i & (N_DELAYS - 1)];
}

static void *allocate(long n, size_t size)
{
    void *memory = calloc((size_t)n, size);

    BENCH_ASSERT(memory);
    return memory;
}

/* Call cycle (i, which timer, its new delay) and print the figure. */
#define MEASURE(n, cycle)                                                      \
    do {                                                                       \
        long n_cycles_ = bench_ops(N_CYCLES);                                  \
        double start_ = bench_cpu_ns();                                        \
        long i_, timer_ = 0;                                                   \
        for (i_ = 0; i_ < n_cycles_; i_++) {                                   \
            cycle(timer_, delay_ms(i_));                                       \
            timer_ = timer_ + 1 == (n) ? 0 : timer_ + 1;                       \
        }                                                                      \
        bench_print("ns", (bench_cpu_ns() - start_) / (double)n_cycles_);      \
    } while (0)

static il_loop *loop;
static il_timer *timers;
static il_time loop_start;

static void nothing(void *arg)
{
    (void)arg;
}

static void ours_cycle(long i, unsigned ms)
{
    il_timer_stop(&timers[i]);
    BENCH_CHECK(
        il_timer_start(loop, &timers[i], loop_start + (il_time)ms * 1000000));
}

static void run_ours(long n)
{
    long i;

    make_delays();
    timers = allocate(n, sizeof *timers);
    BENCH_CHECK(il_loop_new(&loop));
    loop_start = il_now();
    for (i = 0; i < n; i++) {
        timers[i] = (il_timer)IL_TIMER_INIT(nothing, NULL);
        ours_cycle(i, delay_ms(i * 7));
    }
    MEASURE(n, ours_cycle);
    for (i = 0; i < n; i++)
        il_timer_stop(&timers[i]);
    BENCH_CHECK(il_loop_close(loop, 0));
    il_loop_unref(loop);
    free(timers);
}

static struct ev_loop *ev;
static ev_timer *ev_timers;

static void on_ev_timer(struct ev_loop *l, ev_timer *timer, int events)
{
    (void)l;
    (void)timer;
    (void)events;
}

static void ev_cycle(long i, unsigned ms)
{
    ev_timer_stop(ev, &ev_timers[i]);
    ev_timer_set(&ev_timers[i], ms / 1e3, 0.);
    ev_timer_start(ev, &ev_timers[i]);
}

static void run_ev(long n)
{
    long i;

    make_delays();
    ev = ev_loop_new(EVFLAG_AUTO);
    ev_timers = allocate(n, sizeof *ev_timers);
    BENCH_ASSERT(ev);
    for (i = 0; i < n; i++) {
        ev_timer_init(&ev_timers[i], on_ev_timer, 0., 0.);
        ev_cycle(i, delay_ms(i * 7));
    }
    MEASURE(n, ev_cycle);
}

#ifdef HAVE_PEER_UV

#include <uv.h>

static uv_loop_t uv;
static uv_timer_t *uv_timers;

static void on_uv_timer(uv_timer_t *timer)
{
    (void)timer;
}

static void uv_cycle(long i, unsigned ms)
{
    BENCH_CHECK(uv_timer_stop(&uv_timers[i]));
    BENCH_CHECK(uv_timer_start(&uv_timers[i], on_uv_timer, ms, 0));
}

static void run_uv(long n)
{
    long i;

    make_delays();
    uv_timers = allocate(n, sizeof *uv_timers);
    BENCH_CHECK(uv_loop_init(&uv));
    for (i = 0; i < n; i++) {
        BENCH_CHECK(uv_timer_init(&uv, &uv_timers[i]));
        uv_cycle(i, delay_ms(i * 7));
    }
    MEASURE(n, uv_cycle);
}

#else
#define run_uv NULL
#endif

#ifdef HAVE_PEER_GLIB

#include <glib.h>

static guint *glib_timers;

static gboolean on_glib_timer(gpointer arg)
{
    (void)arg;
    return G_SOURCE_REMOVE;
}

static void glib_cycle(long i, unsigned ms)
{
    if (glib_timers[i])
        g_source_remove(glib_timers[i]);
    glib_timers[i] = g_timeout_add(ms, on_glib_timer, NULL);
}

static void run_glib(long n)
{
    long i;

    make_delays();
    glib_timers = allocate(n, sizeof *glib_timers);
    for (i = 0; i < n; i++)
        glib_cycle(i, delay_ms(i * 7));
    MEASURE(n, glib_cycle);
}

#else
#define run_glib NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, 1000 }, { "ev", run_ev, 1000 },
        { "uv", run_uv, 1000 },     { "glib", run_glib, 1000 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
