/* SPDX-License-Identifier: MIT */

/* graph.c - throughput as a landscape.
 *
 * The scale follows the highest of the shown values, slowly downwards, so that
 * one burst does not make the picture jump. */

#include "graph.h"

#define N_VALUES 160

struct _DemoGraph {
    GtkWidget parent;
    double values[N_VALUES]; /* a ring; `next` is the oldest */
    unsigned next;
    double top; /* the value at the upper edge */
};

G_DEFINE_FINAL_TYPE(DemoGraph, demo_graph, GTK_TYPE_WIDGET)

static void trace(const DemoGraph *self, cairo_t *cr, double width,
                  double height)
{
    for (unsigned i = 0; i < N_VALUES; i++) {
        double value = self->values[(self->next + i) % N_VALUES];
        double x = width * i / (N_VALUES - 1);
        double y = height - 1 - (height - 6) * value / self->top;

        if (i == 0)
            cairo_move_to(cr, x, y);
        else
            cairo_line_to(cr, x, y);
    }
}

static void demo_graph_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    DemoGraph *self = DEMO_GRAPH(widget);
    double width = gtk_widget_get_width(widget);
    double height = gtk_widget_get_height(widget);
    cairo_t *cr = gtk_snapshot_append_cairo(
        snapshot, &GRAPHENE_RECT_INIT(0, 0, (float)width, (float)height));
    cairo_pattern_t *fade = cairo_pattern_create_linear(0, 0, 0, height);

    cairo_pattern_add_color_stop_rgba(fade, 0, 0.24, 0.62, 0.84, 0.55);
    cairo_pattern_add_color_stop_rgba(fade, 1, 0.24, 0.62, 0.84, 0.06);
    trace(self, cr, width, height);
    cairo_line_to(cr, width, height);
    cairo_line_to(cr, 0, height);
    cairo_close_path(cr);
    cairo_set_source(cr, fade);
    cairo_fill(cr);
    cairo_pattern_destroy(fade);

    trace(self, cr, width, height);
    cairo_set_source_rgb(cr, 0.13, 0.49, 0.73);
    cairo_set_line_width(cr, 1.6);
    cairo_stroke(cr);
    cairo_destroy(cr);
}

static void demo_graph_class_init(DemoGraphClass *class)
{
    GTK_WIDGET_CLASS(class)->snapshot = demo_graph_snapshot;
    gtk_widget_class_set_css_name(GTK_WIDGET_CLASS(class), "graph");
}

static void demo_graph_init(DemoGraph *self)
{
    self->top = 1;
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
}

GtkWidget *demo_graph_new(void)
{
    return g_object_new(DEMO_TYPE_GRAPH, NULL);
}

void demo_graph_add(DemoGraph *self, double value)
{
    double highest = 1;

    self->values[self->next] = value;
    self->next = (self->next + 1) % N_VALUES;
    for (unsigned i = 0; i < N_VALUES; i++)
        highest = MAX(highest, self->values[i]);
    self->top = MAX(highest, self->top * 0.97);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}
