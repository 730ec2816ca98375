/* SPDX-License-Identifier: MIT */

/* bench_call.c - one GIO operation after the other.
 *
 * The operation is as short as they come: a GTask that returns inside the
 * function that makes it, so that the context calls back in its next turn.
 * The figure is an operation, its result taken.
 *
 *   ours              a task: il_g_call_wait ()
 *   glib              a callback that begins the next operation
 *   ours-cancellable  every operation can be cancelled: a cancellable each
 *   glib-cancellable  the same with callbacks */

#include "config.h"

#include "bench.h"

#include <interloop/glib.h>
#include <interloop/interloop.h>

#define N_CALLS (300L * 1000)

static GMainLoop *main_loop;
static long n_left;
static bool cancellable;
static gint64 sum;

static void operation_async(GCancellable *cancel, GAsyncReadyCallback callback,
                            gpointer data)
{
    GTask *task = g_task_new(NULL, cancel, callback, data);

    g_task_return_int(task, 1);
    g_object_unref(task);
}

static gint64 operation_finish(GAsyncResult *result)
{
    return g_task_propagate_int(G_TASK(result), NULL);
}

/* --- Ours ----------------------------------------------------------------- */

static int calling_task(void *arg)
{
    (void)arg;
    while (n_left-- > 0) {
        il_g_call call = IL_G_CALL_INIT;

        operation_async(cancellable ? il_g_call_cancellable(&call) : NULL,
                        il_g_call_ready, &call);
        BENCH_CHECK(il_g_call_wait(&call));
        sum += operation_finish(call.result);
        il_g_call_clear(&call);
    }
    g_main_loop_quit(main_loop);
    return 0;
}

static void begin_ours(void)
{
    BENCH_CHECK(il_spawn_lazy(NULL, calling_task, NULL, NULL));
}

/* --- GLib ------------------------------------------------------------------- */

static GCancellable *cancel; /* of the operation under way */

static void begin_glib(void);

static void on_ready(GObject *source, GAsyncResult *result, gpointer data)
{
    (void)source;
    (void)data;
    sum += operation_finish(result);
    g_clear_object(&cancel);
    begin_glib();
}

static void begin_glib(void)
{
    if (n_left-- == 0) {
        g_main_loop_quit(main_loop);
        return;
    }
    if (cancellable)
        cancel = g_cancellable_new();
    operation_async(cancel, on_ready, NULL);
}

/* --- All ---------------------------------------------------------------------- */

/* There is a guest in all of them: the same context, with the same sources. */
static void measure(long n, void (*begin)(void), bool can_be_cancelled)
{
    il_loop *loop;
    double start;

    n = bench_ops(n);
    n_left = n;
    cancellable = can_be_cancelled;
    main_loop = g_main_loop_new(NULL, FALSE);
    BENCH_CHECK(il_g_begin(NULL, &loop));
    start = bench_cpu_ns();
    begin();
    g_main_loop_run(main_loop);
    bench_print("ns", (bench_cpu_ns() - start) / (double)n);
    BENCH_ASSERT(sum == n);
    BENCH_CHECK(il_g_end(loop, IL_SEC(1)));
    g_main_loop_unref(main_loop);
}

static void run_ours(long n)
{
    measure(n, begin_ours, false);
}

static void run_glib(long n)
{
    measure(n, begin_glib, false);
}

static void run_ours_cancellable(long n)
{
    measure(n, begin_ours, true);
}

static void run_glib_cancellable(long n)
{
    measure(n, begin_glib, true);
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, N_CALLS },
        { "glib", run_glib, N_CALLS },
        { "ours-cancellable", run_ours_cancellable, N_CALLS },
        { "glib-cancellable", run_glib_cancellable, N_CALLS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
