/* SPDX-License-Identifier: MIT */
#ifndef DEMO_LAYOUT_H
#define DEMO_LAYOUT_H

/**
 * @file layout.h
 * @brief Tells on stdout where widgets are, for programs that click on them.
 *
 *     layout main start 75 23
 *     layout main start -
 *
 * The numbers are the centre of the widget in its window; the dash means that
 * clicking makes no sense at the moment.  Printed when it changes, and only if
 * layout_enable() was called.
 */

#include <gtk/gtk.h>

/** Begin to print; before the first window is made. */
void layout_enable(void);

/** Tell about a widget as long as it lives. */
void layout_watch(GtkWidget *widget, const char *window, const char *name);

/** Tell about a window's own close button, once the window is shown. */
void layout_watch_close(GtkWindow *window, const char *name);

#endif
