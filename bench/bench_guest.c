/* SPDX-License-Identifier: MIT */

/* bench_guest.c - what being a guest of GLib costs.
 *
 *   yield, native-yield  n tasks that yield, as a guest and natively
 *   post, native-post    n callbacks that post themselves again
 *   ours-host            a callback of GLib posts n callbacks; when the last
 *                        one has run it makes the source ready again
 *   glib-host            the same with n idle sources
 *
 * (The round trips through pipes are in bench_pingpong.)  A native loop looks
 * at the clock every 256 items, a guest every 16, and after two milliseconds it
 * goes back to its host. */

#include "config.h"

#include "bench.h"

#include <interloop/glib.h>
#include <interloop/interloop.h>

#include <stdlib.h>

#define N_YIELDS (8L * 1000 * 1000)
#define N_POSTS (8L * 1000 * 1000)
#define N_HOST_CALLS (1000L * 1000)

static il_loop *loop;
static GMainLoop *main_loop; /* NULL: native */
static long n_left;

static void begin_guest(void)
{
    main_loop = g_main_loop_new(NULL, FALSE);
    BENCH_CHECK(il_g_begin(NULL, &loop));
}

static void end_guest(void)
{
    BENCH_CHECK(il_g_end(loop, IL_SEC(1)));
    g_main_loop_unref(main_loop);
}

static void begin_native(void)
{
    BENCH_CHECK(il_loop_new(&loop));
}

static void end_native(void)
{
    BENCH_CHECK(il_loop_close(loop, IL_SEC(1)));
    il_loop_unref(loop);
}

static void stop(void)
{
    if (main_loop)
        g_main_loop_quit(main_loop);
    else
        il_loop_stop(loop);
}

static void run_loop(long n_items)
{
    double start = bench_cpu_ns();

    if (main_loop)
        g_main_loop_run(main_loop);
    else
        BENCH_CHECK(il_loop_run(loop));
    bench_print("ns", (bench_cpu_ns() - start) / (double)n_items);
}

/* --- Yields ---------------------------------------------------------------- */

static long n_each; /* yields of each task */

static int yielding_task(void *arg)
{
    long i;

    (void)arg;
    for (i = 0; i < n_each; i++)
        BENCH_CHECK(il_yield());
    return 0;
}

static int spawn_yielders(void *arg)
{
    il_group group;
    long i;

    (void)arg;
    BENCH_CHECK(il_group_open(&group, 0));
    for (i = 0; i < n_left; i++)
        BENCH_CHECK(il_spawn_lazy(&group, yielding_task, NULL, NULL));
    BENCH_CHECK(il_group_close(&group));
    stop();
    return 0;
}

static void measure_yields(long n)
{
    n_left = n;
    n_each = bench_ops(N_YIELDS) / n + 1;
    BENCH_CHECK(il_spawn_lazy(NULL, spawn_yielders, NULL, NULL));
    run_loop(n_each * n);
}

static void run_yield(long n)
{
    begin_guest();
    measure_yields(n);
    end_guest();
}

static void run_native_yield(long n)
{
    begin_native();
    measure_yields(n);
    end_native();
}

/* --- Posts ------------------------------------------------------------------ */

static il_callback *make_callbacks(long n, il_callback_fn *fn)
{
    il_callback *callbacks = calloc((size_t)n, sizeof *callbacks);
    long i;

    BENCH_ASSERT(callbacks);
    for (i = 0; i < n; i++)
        callbacks[i] = (il_callback)IL_CALLBACK_INIT(fn, &callbacks[i]);
    return callbacks;
}

static void post_all(il_callback *callbacks, long n)
{
    long i;

    for (i = 0; i < n; i++)
        BENCH_CHECK(il_post(loop, &callbacks[i]));
}

static void on_post(void *arg)
{
    if (--n_left > 0)
        BENCH_CHECK(il_post(loop, arg));
    else if (n_left == 0)
        stop();
}

static il_callback *measure_posts(long n)
{
    il_callback *callbacks = make_callbacks(n, on_post);

    n_left = bench_ops(N_POSTS);
    post_all(callbacks, n);
    run_loop(n_left);
    return callbacks;
}

static void run_post(long n)
{
    il_callback *callbacks;

    begin_guest();
    callbacks = measure_posts(n);
    end_guest();
    free(callbacks);
}

static void run_native_post(long n)
{
    il_callback *callbacks;

    begin_native();
    callbacks = measure_posts(n);
    end_native();
    free(callbacks);
}

/* --- From the host's callbacks ------------------------------------------------- */

static GSource *driver; /* ready when its ready time is set */
static long n_batch;
static long n_missing;
static il_callback *host_callbacks;

/* One of the n has run. */
static void arrived(void)
{
    if (--n_missing > 0)
        return;
    n_left -= n_batch;
    if (n_left <= 0)
        g_main_loop_quit(main_loop);
    else
        g_source_set_ready_time(driver, 0);
}

static void on_host_post(void *arg)
{
    (void)arg;
    arrived();
}

static gboolean on_host_idle(gpointer arg)
{
    (void)arg;
    arrived();
    return G_SOURCE_REMOVE;
}

static gboolean drive_ours(gpointer arg)
{
    (void)arg;
    g_source_set_ready_time(driver, -1);
    n_missing = n_batch;
    post_all(host_callbacks, n_batch);
    return G_SOURCE_CONTINUE;
}

static gboolean drive_glib(gpointer arg)
{
    long i;

    (void)arg;
    g_source_set_ready_time(driver, -1);
    n_missing = n_batch;
    for (i = 0; i < n_batch; i++)
        g_idle_add(on_host_idle, NULL);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_driver(GSource *source, GSourceFunc fn, gpointer data)
{
    (void)source;
    return fn(data);
}

static void measure_host(long n, GSourceFunc drive)
{
    static GSourceFuncs functions = { .dispatch = dispatch_driver };

    n_batch = n;
    n_left = bench_ops(N_HOST_CALLS);
    begin_guest();
    host_callbacks = make_callbacks(n, on_host_post);
    driver = g_source_new(&functions, sizeof *driver);
    g_source_set_callback(driver, drive, NULL, NULL);
    g_source_set_ready_time(driver, 0);
    g_source_attach(driver, NULL);
    run_loop(n_left);
    g_source_destroy(driver);
    g_source_unref(driver);
    end_guest();
    free(host_callbacks);
}

static void run_ours_host(long n)
{
    measure_host(n, drive_ours);
}

static void run_glib_host(long n)
{
    measure_host(n, drive_glib);
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "yield", run_yield, 64 },
        { "native-yield", run_native_yield, 64 },
        { "post", run_post, 1 },
        { "native-post", run_native_post, 1 },
        { "ours-host", run_ours_host, 1 },
        { "glib-host", run_glib_host, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
