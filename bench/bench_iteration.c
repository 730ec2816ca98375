/* SPDX-License-Identifier: MIT */

/* bench_iteration.c - an iteration of the host in which nothing happens.
 *
 * g_main_context_iteration (NULL, FALSE) again and again, while in the context
 * there is
 *
 *   ours         a guest with nothing to do
 *   ours-fds     a guest in which n tasks wait for a descriptor each
 *   ours-timers  a guest with n timers, all of them far away
 *   empty        nothing
 *   glib-fds     n sources of g_unix_fd_add ()
 *   glib-timers  n sources of g_timeout_add_seconds () */

#include "config.h"

#include "bench.h"
#include "machine.h"

#include <interloop/glib.h>
#include <interloop/interloop.h>

#include <glib-unix.h>
#include <stdlib.h>

#define N_FDS 1000L
#define N_TIMERS (100L * 1000)
/* Of the measurement, once warm, if it is not told how many iterations. */
#define SPAN_NS 300e6
#define N_WARM_UP 20
#define N_AT_ONCE 20

#define FAR_S 1000

static void measure(void)
{
    long n_wanted = bench_ops(0);
    long n = 0;
    double start;
    double now;
    int i;

    for (i = 0; i < N_WARM_UP; i++)
        g_main_context_iteration(NULL, FALSE);
    start = bench_cpu_ns();
    do {
        for (i = 0; i < N_AT_ONCE; i++)
            BENCH_ASSERT(!g_main_context_iteration(NULL, FALSE));
        n += N_AT_ONCE;
        now = bench_cpu_ns();
    } while (n_wanted ? n < n_wanted : now - start < SPAN_NS);
    bench_print("ns", (now - start) / (double)n);
}

/* --- Ours ----------------------------------------------------------------- */

static il_loop *begin(void)
{
    il_loop *loop;

    BENCH_CHECK(il_g_begin(NULL, &loop));
    return loop;
}

static void run_ours(long n)
{
    il_loop *loop = begin();

    (void)n;
    measure();
    BENCH_CHECK(il_g_end(loop, IL_SEC(1)));
}

static int waiting_task(void *arg)
{
    (void)arg;
    return il_wait_fd(bench_new_descriptor(), IL_READ);
}

static void run_ours_fds(long n)
{
    il_loop *loop = begin();
    long i;

    bench_allow_descriptors(n);
    for (i = 0; i < n; i++)
        BENCH_CHECK(il_spawn(NULL, waiting_task, NULL, NULL));
    measure();
    BENCH_CHECK(il_g_end(loop, IL_SEC(1)));
}

static void never(void *arg)
{
    bench_fail("timer", *(int *)arg);
}

static void run_ours_timers(long n)
{
    static int zero;
    il_timer *timers = calloc((size_t)n, sizeof *timers);
    il_loop *loop = begin();
    long i;

    BENCH_ASSERT(timers);
    for (i = 0; i < n; i++) {
        timers[i] = (il_timer)IL_TIMER_INIT(never, &zero);
        BENCH_CHECK(
            il_timer_start(loop, &timers[i], il_deadline(IL_SEC(FAR_S))));
    }
    measure();
    BENCH_CHECK(il_g_end(loop, IL_SEC(1)));
    free(timers);
}

/* --- GLib ------------------------------------------------------------------- */

static void run_empty(long n)
{
    (void)n;
    measure();
}

static gboolean on_fd(gint fd, GIOCondition condition, gpointer data)
{
    (void)condition;
    (void)data;
    bench_fail("descriptor", fd);
    return G_SOURCE_CONTINUE;
}

static void run_glib_fds(long n)
{
    long i;

    bench_allow_descriptors(n);
    for (i = 0; i < n; i++)
        g_unix_fd_add(bench_new_descriptor(), G_IO_IN, on_fd, NULL);
    measure();
}

static gboolean on_timeout(gpointer data)
{
    bench_fail("timeout", data != NULL);
    return G_SOURCE_CONTINUE;
}

static void run_glib_timers(long n)
{
    long i;

    for (i = 0; i < n; i++)
        g_timeout_add_seconds(FAR_S, on_timeout, NULL);
    measure();
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, 1 },
        { "ours-fds", run_ours_fds, N_FDS },
        { "ours-timers", run_ours_timers, N_TIMERS },
        { "empty", run_empty, 1 },
        { "glib-fds", run_glib_fds, N_FDS },
        { "glib-timers", run_glib_timers, N_TIMERS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
