/* SPDX-License-Identifier: MIT */

/* 13_gtk_form_window.h - the window of 13_gtk_form.c. */

#ifndef FORM_WINDOW_H
#define FORM_WINDOW_H

#include <gtk/gtk.h>

#define FORM_TYPE_WINDOW (form_window_get_type())
G_DECLARE_FINAL_TYPE(FormWindow, form_window, FORM, WINDOW,
                     GtkApplicationWindow)

struct _FormWindow {
    GtkApplicationWindow parent;

    GtkWidget *name, *verdict;
    GtkWidget *city, *n_found, *cancelled;
    GtkWidget *progress, *outcome, *submit;
    GtkWidget *clock;
    GtkStringList *found;

    gboolean name_is_free;
    gboolean busy; /* submitting */

    GPtrArray *mine; /* references to the widgets above, see the .c file */
};

FormWindow *form_window_new(GtkApplication *app);

/* Make the button agree with the two variables. */
void form_window_update(FormWindow *self);

void form_window_clear_found(FormWindow *self);

/* Set a label's text. */
void form_window_say(GtkWidget *label, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

#endif
