/* SPDX-License-Identifier: MIT */

/* bench_post.c - what a turn of the loop costs, and a callback in it.
 *
 * n callbacks run in each turn and ask for another run in the next one.  With
 * 1 the figure is a turn: polling and looking at the clock.  With 100 it is
 * mostly a callback.  The peers use what is cheapest there and lasts: one idle
 * handle or source for each callback.
 *
 * `hand` is the least that will do, a linked list of callbacks of which a turn
 * runs those that are there when it begins.  It never polls, nothing is checked,
 * nothing can be taken back; but posting is a call, not inlined. */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <ev.h>
#include <stdlib.h>

#define N_CALLS (3L * 1000 * 1000)

static long n_calls;
static long n_left;

static void print_result(double start)
{
    bench_print("ns", (bench_cpu_ns() - start) / (double)n_calls);
}

static void *allocate(long n, size_t size)
{
    void *memory = calloc((size_t)n, size);

    BENCH_ASSERT(memory);
    return memory;
}

static il_loop *loop;

static void on_post(void *arg)
{
    if (--n_left <= 0)
        il_loop_stop(loop);
    else if (il_post(loop, arg) < 0)
        bench_fail("il_post", -1);
}

static void run_ours(long n)
{
    il_callback *callbacks = allocate(n, sizeof *callbacks);
    double start;
    long i;

    n_left = n_calls = bench_ops(N_CALLS);
    BENCH_CHECK(il_loop_new(&loop));
    for (i = 0; i < n; i++) {
        callbacks[i] = (il_callback)IL_CALLBACK_INIT(on_post, &callbacks[i]);
        BENCH_CHECK(il_post(loop, &callbacks[i]));
    }
    start = bench_cpu_ns();
    BENCH_CHECK(il_loop_run(loop));
    print_result(start);
    BENCH_CHECK(il_loop_close(loop, 0));
    il_loop_unref(loop);
    free(callbacks);
}

struct call {
    struct call *next;
    void (*fn)(struct call *call);
};

static struct {
    struct call *first;
    struct call **last; /* where the next one goes */
} queue = { NULL, &queue.first };

static __attribute__((noinline)) void post_by_hand(struct call *call)
{
    call->next = NULL;
    *queue.last = call;
    queue.last = &call->next;
}

static void on_call(struct call *call)
{
    if (--n_left > 0)
        post_by_hand(call);
}

static void run_hand(long n)
{
    struct call *calls = allocate(n, sizeof *calls);
    double start;
    long i;

    n_left = n_calls = bench_ops(N_CALLS);
    for (i = 0; i < n; i++) {
        calls[i].fn = on_call;
        post_by_hand(&calls[i]);
    }
    start = bench_cpu_ns();
    while (n_left > 0) {
        struct call *call = queue.first;

        queue.first = NULL;
        queue.last = &queue.first;
        while (call) {
            struct call *next = call->next;

            call->fn(call);
            call = next;
        }
    }
    print_result(start);
    free(calls);
}

static void on_ev_idle(struct ev_loop *ev, ev_idle *idle, int events)
{
    (void)idle;
    (void)events;
    if (--n_left <= 0)
        ev_break(ev, EVBREAK_ONE);
}

static void run_ev(long n)
{
    struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
    ev_idle *idles = allocate(n, sizeof *idles);
    double start;
    long i;

    BENCH_ASSERT(ev);
    n_left = n_calls = bench_ops(N_CALLS);
    for (i = 0; i < n; i++) {
        ev_idle_init(&idles[i], on_ev_idle);
        ev_idle_start(ev, &idles[i]);
    }
    start = bench_cpu_ns();
    ev_run(ev, 0);
    print_result(start);
    ev_loop_destroy(ev);
    free(idles);
}

#ifdef HAVE_PEER_UV

#include <uv.h>

static void on_uv_idle(uv_idle_t *idle)
{
    if (--n_left <= 0)
        uv_stop(idle->loop);
}

static void run_uv(long n)
{
    uv_loop_t uv;
    uv_idle_t *idles = allocate(n, sizeof *idles);
    double start;
    long i;

    n_left = n_calls = bench_ops(N_CALLS);
    BENCH_CHECK(uv_loop_init(&uv));
    for (i = 0; i < n; i++) {
        BENCH_CHECK(uv_idle_init(&uv, &idles[i]));
        BENCH_CHECK(uv_idle_start(&idles[i], on_uv_idle));
    }
    start = bench_cpu_ns();
    uv_run(&uv, UV_RUN_DEFAULT);
    print_result(start);
}

#else
#define run_uv NULL
#endif

#ifdef HAVE_PEER_GLIB

#include <glib.h>

static gboolean on_glib_idle(gpointer main_loop)
{
    if (--n_left <= 0)
        g_main_loop_quit(main_loop);
    return G_SOURCE_CONTINUE;
}

static void run_glib(long n)
{
    GMainLoop *main_loop = g_main_loop_new(NULL, FALSE);
    double start;
    long i;

    n_left = n_calls = bench_ops(N_CALLS);
    for (i = 0; i < n; i++)
        g_idle_add(on_glib_idle, main_loop);
    start = bench_cpu_ns();
    g_main_loop_run(main_loop);
    print_result(start);
    g_main_loop_unref(main_loop);
}

#else
#define run_glib NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, 1 }, { "hand", run_hand, 1 }, { "ev", run_ev, 1 },
        { "uv", run_uv, 1 },     { "glib", run_glib, 1 }, { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
