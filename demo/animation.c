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

#define N_PIECES 180

struct piece {
    double x[2], y[2]; /* ends, in units of the knot */
    double depth;      /* of its middle; greater is nearer */
    double where;      /* on the line, 0 to 1 */
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
    double left = ((const struct piece *)a)->depth;
    double right = ((const struct piece *)b)->depth;

    return (left > right) - (left < right);
}

static void make_pieces(struct piece *pieces, double seconds)
{
    double spin = seconds * 0.7;
    double tilt = 0.55 * sin(seconds * 0.45);
    double z[2];

    for (int i = 0; i < N_PIECES; i++) {
        struct piece *p = &pieces[i];

        for (int end = 0; end < 2; end++) {
            double t = 2 * G_PI * (i + end) / N_PIECES;

            point_at(t, spin, tilt, &p->x[end], &p->y[end], &z[end]);
        }
        p->depth = (z[0] + z[1]) / 2;
        p->where = (double)i / N_PIECES;
    }
    qsort(pieces, N_PIECES, sizeof *pieces, compare_depth);
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

/* A piece reaches from `from` to `to` of its length. */
static void trace(cairo_t *cr, const struct piece *p, double from, double to)
{
    double dx = p->x[1] - p->x[0];
    double dy = p->y[1] - p->y[0];

    cairo_move_to(cr, p->x[0] + from * dx, p->y[0] + from * dy);
    cairo_line_to(cr, p->x[0] + to * dx, p->y[0] + to * dy);
}

/* The colour overlaps the neighbours and the rim does not: else each piece
 * would draw its rim over the colour of the one before. */
static void draw_piece(cairo_t *cr, const struct piece *p)
{
    trace(cr, p, 0.1, 0.9);
    cairo_set_source_rgb(cr, 0.10, 0.11, 0.17);
    cairo_set_line_width(cr, 0.88);
    cairo_stroke(cr);

    trace(cr, p, -0.6, 1.6);
    set_colour(cr, p->where, p->depth);
    cairo_set_line_width(cr, 0.58);
    cairo_stroke(cr);
}

static void draw(GtkDrawingArea *area, cairo_t *cr, int width, int height,
                 gpointer data)
{
    GdkFrameClock *clock = gtk_widget_get_frame_clock(GTK_WIDGET(area));
    double seconds = (double)gdk_frame_clock_get_frame_time(clock) / 1e6;
    double scale = MIN(width, height) / 7.4;
    struct piece pieces[N_PIECES];

    (void)data;
    make_pieces(pieces, seconds);
    cairo_translate(cr, width / 2.0, height / 2.0);
    cairo_scale(cr, scale, scale);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
    for (int i = 0; i < N_PIECES; i++)
        draw_piece(cr, &pieces[i]);
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
