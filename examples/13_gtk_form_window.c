/* SPDX-License-Identifier: MIT */

/* 13_gtk_form_window.c - what the window of 13_gtk_form.c looks like.
 *
 * Nothing here knows of tasks, with one thing in mind for them: the window holds
 * references to the widgets that slots use.  A slot that is cancelled because
 * the window was closed keeps its receiver, the window, in memory; through these
 * references it finds all widgets as they were and need not ask which of them
 * are still there. */

#include "13_gtk_form_window.h"

G_DEFINE_TYPE(FormWindow, form_window, GTK_TYPE_APPLICATION_WINDOW)

void form_window_update(FormWindow *self)
{
    gtk_widget_set_sensitive(self->submit, self->name_is_free && !self->busy);
}

void form_window_clear_found(FormWindow *self)
{
    guint n = g_list_model_get_n_items(G_LIST_MODEL(self->found));

    gtk_string_list_splice(self->found, 0, n, NULL);
}

void form_window_say(GtkWidget *label, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    gtk_label_set_text(GTK_LABEL(label), text);
}

static void form_window_finalize(GObject *object)
{
    FormWindow *self = FORM_WINDOW(object);

    g_ptr_array_unref(self->mine);
    g_object_unref(self->found);
    G_OBJECT_CLASS(form_window_parent_class)->finalize(object);
}

static void form_window_class_init(FormWindowClass *class)
{
    G_OBJECT_CLASS(class)->finalize = form_window_finalize;
}

static GtkWidget *mine(FormWindow *self, GtkWidget *widget)
{
    g_ptr_array_add(self->mine, g_object_ref_sink(widget));
    return widget;
}

static GtkWidget *my_label(FormWindow *self, const char *style)
{
    GtkWidget *label = mine(self, gtk_label_new(NULL));

    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_widget_add_css_class(label, style);
    return label;
}

static GtkWidget *new_row(gpointer string, gpointer data)
{
    GtkWidget *label = gtk_label_new(gtk_string_object_get_string(string));

    (void)data;
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    return label;
}

static GtkWidget *new_results(FormWindow *self)
{
    GtkWidget *list = gtk_list_box_new();
    GtkWidget *scroller = gtk_scrolled_window_new();

    gtk_list_box_bind_model(GTK_LIST_BOX(list), G_LIST_MODEL(self->found),
                            new_row, NULL, NULL);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), list);
    gtk_scrolled_window_set_has_frame(GTK_SCROLLED_WINDOW(scroller), TRUE);
    gtk_widget_set_size_request(scroller, -1, 120);
    gtk_widget_set_vexpand(scroller, TRUE);
    return scroller;
}

static void form_window_init(FormWindow *self)
{
    GtkWidget *header = gtk_header_bar_new();
    GtkGrid *grid = GTK_GRID(gtk_grid_new());

    self->mine = g_ptr_array_new_with_free_func(g_object_unref);
    self->found = gtk_string_list_new(NULL);
    self->name = mine(self, gtk_entry_new());
    self->verdict = my_label(self, "dim-label");
    self->city = mine(self, gtk_search_entry_new());
    self->n_found = my_label(self, "dim-label");
    self->cancelled = my_label(self, "dim-label");
    self->progress = mine(self, gtk_progress_bar_new());
    self->outcome = my_label(self, "dim-label");
    self->submit = mine(self, gtk_button_new_with_label("Submit"));
    self->clock = my_label(self, "numeric");
    form_window_update(self);

    gtk_grid_set_row_spacing(grid, 10);
    gtk_grid_set_column_spacing(grid, 12);
    gtk_grid_attach(grid, gtk_label_new("Name"), 0, 0, 1, 1);
    gtk_grid_attach(grid, self->name, 1, 0, 1, 1);
    gtk_grid_attach(grid, self->verdict, 2, 0, 1, 1);
    gtk_grid_attach(grid, gtk_label_new("City"), 0, 1, 1, 1);
    gtk_grid_attach(grid, self->city, 1, 1, 1, 1);
    gtk_grid_attach(grid, self->n_found, 2, 1, 1, 1);
    gtk_grid_attach(grid, new_results(self), 1, 2, 2, 1);
    gtk_grid_attach(grid, self->cancelled, 1, 3, 2, 1);
    gtk_grid_attach(grid, self->progress, 0, 4, 3, 1);
    gtk_grid_attach(grid, self->outcome, 0, 5, 2, 1);
    gtk_grid_attach(grid, self->submit, 2, 5, 1, 1);
    gtk_widget_set_margin_start(GTK_WIDGET(grid), 24);
    gtk_widget_set_margin_end(GTK_WIDGET(grid), 24);
    gtk_widget_set_margin_top(GTK_WIDGET(grid), 24);
    gtk_widget_set_margin_bottom(GTK_WIDGET(grid), 24);
    gtk_widget_set_hexpand(self->name, TRUE);
    gtk_widget_set_size_request(self->verdict, 130, -1);
    gtk_widget_add_css_class(self->submit, "suggested-action");

    gtk_header_bar_pack_start(GTK_HEADER_BAR(header), self->clock);
    gtk_window_set_titlebar(GTK_WINDOW(self), header);
    gtk_window_set_title(GTK_WINDOW(self), "Sign up");
    gtk_window_set_default_size(GTK_WINDOW(self), 460, 460);
    gtk_window_set_child(GTK_WINDOW(self), GTK_WIDGET(grid));
}

FormWindow *form_window_new(GtkApplication *app)
{
    return g_object_new(FORM_TYPE_WINDOW, "application", app, NULL);
}
