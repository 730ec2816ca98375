/* SPDX-License-Identifier: MIT */
#ifndef DEMO_GRAPH_H
#define DEMO_GRAPH_H

/**
 * @file graph.h
 * @brief A line of the last measurements.
 */

#include <gtk/gtk.h>

#define DEMO_TYPE_GRAPH (demo_graph_get_type())
G_DECLARE_FINAL_TYPE(DemoGraph, demo_graph, DEMO, GRAPH, GtkWidget)

/** Make an empty graph. */
GtkWidget *demo_graph_new(void);

/** Add a measurement at the right and move the others to the left. */
void demo_graph_add(DemoGraph *self, double value);

#endif
