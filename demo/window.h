/* SPDX-License-Identifier: MIT */
#ifndef DEMO_WINDOW_H
#define DEMO_WINDOW_H

/**
 * @file window.h
 * @brief The download window.
 */

#include "demo.h"

#include <gtk/gtk.h>

#define DEMO_TYPE_WINDOW (demo_window_get_type())
G_DECLARE_FINAL_TYPE(DemoWindow, demo_window, DEMO, WINDOW,
                     GtkApplicationWindow)

/** Make the window, not shown yet.  @p demo must outlive the loop. */
GtkWindow *demo_window_new(GtkApplication *app, struct demo *demo);

#endif
