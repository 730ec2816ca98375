/* SPDX-License-Identifier: MIT */

/* bench_frames.c - does a window still move while tasks are always busy?
 *
 * A GTK 4 window redraws in every frame and notes when, while somebody burns
 * 20 microseconds of processor time at a time for ever:
 *
 *   ours    four tasks that yield in between, as a GLib guest
 *   crowd   a hundred thousand of them
 *   idle    a plain g_idle_add (), GLib's own answer
 *   timeout a plain g_timeout_add (0): default priority, above drawing
 *   alone   nobody
 *
 * For n seconds after one of warm-up.  Prints
 *
 *   p50_ms, p99_ms, max_ms   of the gaps between frames
 *   fps                      frames a second
 *   share                    percent of the thread that the burning got */

#include "config.h"

#include "bench.h"

#include <interloop/glib.h>

#include <gtk/gtk.h>
#include <stdlib.h>

#define SECONDS 5L
#define WARM_UP_NS 1e9
#define BURN_NS 20e3
#define N_TASKS 4
#define N_CROWD (100L * 1000)
#define MAX_FRAMES 100000

static GMainLoop *main_loop;
static double begin_ns; /* end of the warm-up; all in wall time */
static double end_ns;
static double burnt_ns;
static double last_frame_ns;
static double gaps_ms[MAX_FRAMES];
static int n_gaps;

static void note_gap(double now)
{
    if (last_frame_ns >= begin_ns && n_gaps < MAX_FRAMES)
        gaps_ms[n_gaps++] = (now - last_frame_ns) / 1e6;
    last_frame_ns = now;
}

static gboolean on_frame(GtkWidget *widget, GdkFrameClock *clock, gpointer arg)
{
    double now = bench_wall_ns();

    (void)clock;
    (void)arg;
    if (now < end_ns)
        note_gap(now);
    else
        g_main_loop_quit(main_loop);
    gtk_widget_queue_draw(widget);
    return G_SOURCE_CONTINUE;
}

static void draw(GtkDrawingArea *area, cairo_t *cairo, int width, int height,
                 gpointer arg)
{
    (void)area;
    (void)arg;
    cairo_set_source_rgb(cairo, (n_gaps % 60) / 60., .5, .5);
    cairo_rectangle(cairo, 0, 0, width, height);
    cairo_fill(cairo);
}

static void burn(void)
{
    double start = bench_wall_ns();
    double now;

    do
        now = bench_wall_ns();
    while (now - start < BURN_NS);
    if (start >= begin_ns && start < end_ns)
        burnt_ns += now - start;
    if (start >= end_ns)
        g_main_loop_quit(main_loop);
}

static void open_window(void)
{
    GtkWidget *window;
    GtkWidget *area;

    if (!gtk_init_check()) {
        fputs("no display\n", stderr);
        exit(BENCH_ABSENT);
    }
    window = gtk_window_new();
    area = gtk_drawing_area_new();
    gtk_window_set_default_size(GTK_WINDOW(window), 400, 300);
    gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(area), draw, NULL, NULL);
    gtk_window_set_child(GTK_WINDOW(window), area);
    gtk_widget_add_tick_callback(area, on_frame, NULL, NULL);
    gtk_window_present(GTK_WINDOW(window));
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double percentile(int percent)
{
    return gaps_ms[(n_gaps - 1) * percent / 100];
}

/* Run GTK for n seconds and print what came of it. */
static void measure(long n)
{
    double now = bench_wall_ns();

    begin_ns = now + WARM_UP_NS;
    end_ns = begin_ns + (double)n * 1e9;
    g_main_loop_run(main_loop);

    /* What has not come by the end is a gap, too. */
    note_gap(bench_wall_ns());
    if (n_gaps == 0)
        gaps_ms[n_gaps++] = (double)n * 1e3;
    qsort(gaps_ms, (size_t)n_gaps, sizeof *gaps_ms, compare);
    bench_print("p50_ms", percentile(50));
    bench_print("p99_ms", percentile(99));
    bench_print("max_ms", gaps_ms[n_gaps - 1]);
    bench_print("fps", (n_gaps - 1) / (double)n);
    bench_print("share", burnt_ns / ((double)n * 1e9) * 100);
}

static int burning_task(void *arg)
{
    (void)arg;
    do
        burn();
    while (il_yield() == 0);
    return 0;
}

static void run_tasks(long n, long n_tasks)
{
    il_loop *loop;
    long i;

    main_loop = g_main_loop_new(NULL, FALSE);
    BENCH_CHECK(il_g_begin(NULL, &loop));
    open_window();
    for (i = 0; i < n_tasks; i++)
        BENCH_CHECK(il_spawn_lazy(NULL, burning_task, NULL, NULL));
    measure(n);
    BENCH_CHECK(il_g_end(loop, IL_SEC(10)));
}

static void run_ours(long n)
{
    run_tasks(n, N_TASKS);
}

static void run_crowd(long n)
{
    run_tasks(n, N_CROWD);
}

static gboolean burning_source(gpointer arg)
{
    (void)arg;
    burn();
    return G_SOURCE_CONTINUE;
}

static void run_idle(long n)
{
    main_loop = g_main_loop_new(NULL, FALSE);
    open_window();
    g_idle_add(burning_source, NULL);
    measure(n);
}

static void run_timeout(long n)
{
    main_loop = g_main_loop_new(NULL, FALSE);
    open_window();
    g_timeout_add(0, burning_source, NULL);
    measure(n);
}

static void run_alone(long n)
{
    main_loop = g_main_loop_new(NULL, FALSE);
    open_window();
    measure(n);
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, SECONDS },   { "crowd", run_crowd, SECONDS },
        { "idle", run_idle, SECONDS },   { "timeout", run_timeout, SECONDS },
        { "alone", run_alone, SECONDS }, { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
