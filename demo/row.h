/* SPDX-License-Identifier: MIT */
#ifndef DEMO_ROW_H
#define DEMO_ROW_H

/**
 * @file row.h
 * @brief One download: name, progress, and a button to start or cancel it.
 */

#include "client.h"

#include <gtk/gtk.h>

#define DEMO_TYPE_ROW (demo_row_get_type())
G_DECLARE_FINAL_TYPE(DemoRow, demo_row, DEMO, ROW, GtkBox)

/** Make a row for a download, which must outlive the loop. */
GtkWidget *demo_row_new(struct download *download);

/** Show what has become of the download since the last call. */
void demo_row_refresh(DemoRow *self);

#endif
