/* SPDX-License-Identifier: MIT */

/* bench_slot.c - a signal, from its emission to what it has set going being
 * over.
 *
 *   ours       a slot that ends in its first step: the emitter waits for it
 *   handler    a plain handler of the same signal
 *   ours-yield a slot that suspends once; n emissions, then turns of the
 *              context until all have ended
 *   gtask      the same with a GTask: made in a handler, returned, called back
 *   ours-wait  a task that waits for the signal again and again
 *   glib-once  a handler that disconnects itself and lets an idle source go
 *              on, which connects it again
 *
 * The signal has one integer argument and a marshaller of its own, the fastest
 * there is. */

#include "config.h"

#include "bench.h"

#include <interloop/glib.h>
#include <interloop/interloop.h>

#define N_EMISSIONS (1000L * 1000)

static il_loop *loop;
static GObject *sender;
static guint fired;
static long n_seen; /* slots, handlers or callbacks that have done their work */
static gint64 sum;

/* --- The sender ------------------------------------------------------------ */

static GObject *make_sender(void)
{
    const GTypeInfo info = {
        .class_size = sizeof(GObjectClass),
        .instance_size = sizeof(GObject),
    };
    GType type = g_type_register_static(G_TYPE_OBJECT, "BenchSender", &info, 0);

    fired = g_signal_new("fired", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                         g_cclosure_marshal_VOID__INT, G_TYPE_NONE, 1,
                         G_TYPE_INT);
    return g_object_new(type, NULL);
}

static void emit(long i)
{
    g_signal_emit(sender, fired, 0, (int)(i & 0xff));
}

static void begin(void)
{
    sender = make_sender();
    n_seen = 0;
    BENCH_CHECK(il_g_begin(NULL, &loop));
}

static void end(double start, long n)
{
    bench_print("ns", (bench_cpu_ns() - start) / (double)n);
    BENCH_ASSERT(n_seen == n && sum > 0);
    BENCH_CHECK(il_g_end(loop, IL_SEC(1)));
    g_object_unref(sender);
}

/* Emit n at a time and let the context work until all is done. */
static void emit_in_batches(long n)
{
    long total = bench_ops(N_EMISSIONS) / n * n;
    double start = bench_cpu_ns();
    long i;

    for (i = 0; i < total;) {
        do
            emit(i++);
        while (i % n != 0);
        while (n_seen < i)
            g_main_context_iteration(NULL, TRUE);
    }
    end(start, total);
}

static void emit_all(long n)
{
    double start = bench_cpu_ns();
    long i;

    n = bench_ops(n);
    for (i = 0; i < n; i++)
        emit(i);
    end(start, n);
}

/* --- Slots and handlers ------------------------------------------------------ */

static int slot(il_g_emission *emission, void *receiver)
{
    (void)receiver;
    sum += il_g_emission_get_int(emission, 0);
    n_seen++;
    return 0;
}

static void run_ours(long n)
{
    begin();
    BENCH_ASSERT(il_g_connect(sender, "fired", slot, NULL, IL_G_PARALLEL));
    emit_all(n);
}

static void handler(GObject *object, int value, gpointer data)
{
    (void)object;
    (void)data;
    sum += value;
    n_seen++;
}

static void run_handler(long n)
{
    begin();
    g_signal_connect(sender, "fired", G_CALLBACK(handler), NULL);
    emit_all(n);
}

static int yielding_slot(il_g_emission *emission, void *receiver)
{
    BENCH_CHECK(il_yield());
    return slot(emission, receiver);
}

static void run_yield(long n)
{
    begin();
    BENCH_ASSERT(
        il_g_connect(sender, "fired", yielding_slot, NULL, IL_G_PARALLEL));
    emit_in_batches(n);
}

static void on_task(GObject *object, GAsyncResult *result, gpointer data)
{
    (void)object;
    (void)data;
    sum += g_task_propagate_int(G_TASK(result), NULL);
    n_seen++;
}

static void task_handler(GObject *object, int value, gpointer data)
{
    GTask *task = g_task_new(object, NULL, on_task, data);

    g_task_return_int(task, value);
    g_object_unref(task);
}

static void run_gtask(long n)
{
    begin();
    g_signal_connect(sender, "fired", G_CALLBACK(task_handler), NULL);
    emit_in_batches(n);
}

/* --- Waiting ------------------------------------------------------------------ */

static int waiting_task(void *arg)
{
    il_g_emission *emission;

    (void)arg;
    while (il_g_wait_signal(sender, "fired", IL_FOREVER, &emission) == 0) {
        sum += il_g_emission_get_int(emission, 0);
        n_seen++;
        (void)il_g_emission_free(emission);
    }
    return 0;
}

static void run_wait(long n)
{
    begin();
    BENCH_CHECK(il_spawn(NULL, waiting_task, NULL, NULL));
    emit_in_batches(n);
}

static gulong once_id;

static gboolean go_on(gpointer data);

static void once(GObject *object, int value, gpointer data)
{
    g_signal_handler_disconnect(object, once_id);
    sum += value;
    g_idle_add(go_on, data);
}

static gboolean go_on(gpointer data)
{
    n_seen++;
    once_id = g_signal_connect(sender, "fired", G_CALLBACK(once), data);
    return G_SOURCE_REMOVE;
}

static void run_once(long n)
{
    begin();
    once_id = g_signal_connect(sender, "fired", G_CALLBACK(once), NULL);
    emit_in_batches(n);
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, N_EMISSIONS },
        { "handler", run_handler, N_EMISSIONS },
        { "ours-yield", run_yield, 1 },
        { "gtask", run_gtask, 1 },
        { "ours-wait", run_wait, 1 },
        { "glib-once", run_once, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
