/* SPDX-License-Identifier: MIT */

/* animation.c - a trefoil knot, drawn by the frame clock.
 *
 * Nothing here is a task: the frame clock drives it as in any GTK program.  If
 * tasks kept the thread for too long, the knot would stutter, and `frames`
 * would know by how much.
 *
 * The knot is a tube along one closed line.  Its pieces are painted from back
 * to front, each with a dark rim, so that strands pass over and under. */

#include "animation.h"

#include <math.h>
#include <stdlib.h>

#define N_PIECES 150
#define N_STROKES (2 * N_PIECES)

/* A stroke of the brush: a piece of the tube, or its rim. */
struct stroke {
    double x[2], y[2]; /* ends, in units of the knot */
    double depth;      /* of its middle; greater is nearer */
    double where;      /* on the line, 0 to 1; less than 0 for a rim */
};

static void point_at(double t, double spin, double tilt, double *x, double *y,
                     double *z)
{
    double u = sin(t) + 2 * sin(2 * t);
    double v = cos(t) - 2 * cos(2 * t);
    double w = -1.2 * sin(3 * t);
    double a = u * cos(spin) - v * sin(spin);
    double b = u * sin(spin) + v * cos(spin);

    *x = a * cos(tilt) + w * sin(tilt);
    *y = b;
    *z = w * cos(tilt) - a * sin(tilt);
}

static int compare_depth(const void *a, const void *b)
{
    double left = ((const struct stroke *)a)->depth;
    double right = ((const struct stroke *)b)->depth;

    return (left > right) - (left < right);
}

/* A rim is painted as if it lay a little deeper: over the strands below, but
 * not over the neighbours in its own strand. */
static void make_strokes(struct stroke *strokes, double seconds)
{
    double spin = seconds * 0.7;
    double tilt = 0.55 * sin(seconds * 0.45);
    double z[2];

    for (int i = 0; i < N_PIECES; i++) {
        struct stroke *piece = &strokes[2 * i];
        struct stroke *rim = &strokes[2 * i + 1];

        for (int end = 0; end < 2; end++) {
            /* The overlap hides the seams. */
            double t = 2 * G_PI * (i + end * 1.6) / N_PIECES;

            point_at(t, spin, tilt, &piece->x[end], &piece->y[end], &z[end]);
        }
        piece->depth = (z[0] + z[1]) / 2;
        piece->where = (double)i / N_PIECES;
        *rim = *piece;
        rim->depth -= 0.6;
        rim->where = -1;
    }
    qsort(strokes, N_STROKES, sizeof *strokes, compare_depth);
}

/* Teal to violet to coral and back. */
static void set_colour(cairo_t *cr, double where, double depth)
{
    double a = 0.5 + 0.5 * cos(2 * G_PI * where);
    double b = 0.5 + 0.5 * cos(2 * G_PI * where + 2.1);
    double light = 0.86 + 0.14 * depth / 1.4;

    cairo_set_source_rgb(cr, light * (0.26 + 0.70 * b),
                         light * (0.38 + 0.40 * a),
                         light * (0.72 + 0.24 * (1 - b)));
}

static void draw(GtkDrawingArea *area, cairo_t *cr, int width, int height,
                 gpointer data)
{
    GdkFrameClock *clock = gtk_widget_get_frame_clock(GTK_WIDGET(area));
    double seconds = (double)gdk_frame_clock_get_frame_time(clock) / 1e6;
    double scale = MIN(width, height) / 7.4;
    struct stroke strokes[N_STROKES];

    (void)data;
    make_strokes(strokes, seconds);
    cairo_translate(cr, width / 2.0, height / 2.0);
    cairo_scale(cr, scale, scale);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
    for (int i = 0; i < N_STROKES; i++) {
        const struct stroke *s = &strokes[i];

        cairo_move_to(cr, s->x[0], s->y[0]);
        cairo_line_to(cr, s->x[1], s->y[1]);
        cairo_set_line_width(cr, s->where < 0 ? 0.9 : 0.58);
        if (s->where < 0)
            cairo_set_source_rgb(cr, 0.10, 0.11, 0.17);
        else
            set_colour(cr, s->where, s->depth);
        cairo_stroke(cr);
    }
}

static gboolean on_frame(GtkWidget *area, GdkFrameClock *clock, gpointer frames)
{
    (void)clock;
    frames_tick(frames, g_get_monotonic_time());
    gtk_widget_queue_draw(area);
    return G_SOURCE_CONTINUE;
}

static void on_unmap(GtkWidget *area, gpointer frames)
{
    (void)area;
    frames_pause(frames);
}

GtkWidget *demo_animation_new(struct frames *frames)
{
    GtkWidget *area = gtk_drawing_area_new();

    gtk_drawing_area_set_content_width(GTK_DRAWING_AREA(area), 148);
    gtk_drawing_area_set_content_height(GTK_DRAWING_AREA(area), 148);
    gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(area), draw, NULL, NULL);
    gtk_widget_add_tick_callback(area, on_frame, frames, NULL);
    g_signal_connect(area, "unmap", G_CALLBACK(on_unmap), frames);
    return area;
}
