/* SPDX-License-Identifier: MIT */

/* spy.c - tells what a GTK program shows, and closes it when asked.
 *
 * Linked into the GTK examples, so that those need no line that only their test
 * wants.  Without the two variables below it does nothing.
 *
 * INTERLOOP_SPY names a file that always holds what can be seen now, one thing a
 * line, renewed when it has changed:
 *
 *     window Sign up
 *     entry GtkEntry 233 81 ada
 *     button Submit 391 371 off
 *     label 3.2 s
 *     progress 0.52
 *
 * The numbers are the centre in the window's surface; the word before them is
 * the widget's name, or its type if it has none.  A script waits for a line and
 * clicks on it; see window.sh.  The file is a look at the screen and nothing
 * else: a label that came and went between two looks was not seen.
 *
 * Once a file of that name with ".close" behind it is there, the main window is
 * closed, as by its own button.  That works behind a modal dialog, too, where
 * nobody can click.  INTERLOOP_EXAMPLE_SECONDS does the same when the time is up,
 * for those who compare what an example prints.
 *
 * GTK 3 and GTK 4 differ in how one finds the children and where a widget is. */

#include <gtk/gtk.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void tell(GtkWidget *widget, gpointer report);

#if GTK_CHECK_VERSION(4, 0, 0)

static gboolean locate(GtkWidget *widget, double *ret_x, double *ret_y)
{
    GtkNative *native = gtk_widget_get_native(widget);
    graphene_rect_t area;

    if (!native ||
        !gtk_widget_compute_bounds(widget, GTK_WIDGET(native), &area))
        return FALSE;
    gtk_native_get_surface_transform(native, ret_x, ret_y);
    *ret_x += (double)(area.origin.x + area.size.width / 2);
    *ret_y += (double)(area.origin.y + area.size.height / 2);
    return TRUE;
}

static const char *text_of(GtkWidget *entry)
{
    return gtk_editable_get_text(GTK_EDITABLE(entry));
}

static gboolean is_close_button(GtkWidget *button)
{
    return gtk_widget_has_css_class(button, "close");
}

static void tell_children(GtkWidget *widget, GString *report)
{
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
         child = gtk_widget_get_next_sibling(child))
        tell(child, report);
}

static void close_window(GtkWindow *window)
{
    gtk_window_close(window);
}

#else

static gboolean locate(GtkWidget *widget, double *ret_x, double *ret_y)
{
    GtkWidget *window = gtk_widget_get_toplevel(widget);
    int x, y;

    if (!gtk_widget_translate_coordinates(
            widget, window, gtk_widget_get_allocated_width(widget) / 2,
            gtk_widget_get_allocated_height(widget) / 2, &x, &y))
        return FALSE;
    *ret_x = x;
    *ret_y = y;
    return TRUE;
}

static const char *text_of(GtkWidget *entry)
{
    return gtk_entry_get_text(GTK_ENTRY(entry));
}

static gboolean is_close_button(GtkWidget *button)
{
    return gtk_style_context_has_class(gtk_widget_get_style_context(button),
                                       "close");
}

static void tell_children(GtkWidget *widget, GString *report)
{
    if (GTK_IS_CONTAINER(widget))
        gtk_container_forall(GTK_CONTAINER(widget), tell, report);
}

/* gtk_window_close() would be refused behind a modal dialog. */
static void close_window(GtkWindow *window)
{
    gtk_widget_destroy(GTK_WIDGET(window));
}

#endif

/* Neither menus nor tooltips. */
static gboolean is_shown(gpointer window)
{
    return gtk_widget_get_mapped(window) && gtk_window_get_title(window);
}

/* A click on a window that was never drawn may be lost. */
static gboolean is_drawn(gpointer window)
{
    GdkFrameClock *clock = gtk_widget_get_frame_clock(window);

    return clock && gdk_frame_clock_get_frame_counter(clock) >= 0;
}

static void tell_place(GtkWidget *widget, GString *report, const char *what,
                       const char *name, const char *state)
{
    double x, y;

    if (locate(widget, &x, &y))
        g_string_append_printf(report, "%s %s %d %d %s\n", what, name, (int)x,
                               (int)y, state);
}

static void tell_button(GtkWidget *button, GString *report)
{
    const char *name = gtk_button_get_label(GTK_BUTTON(button));

    if (!name)
        name = is_close_button(button) ? "close" : gtk_widget_get_name(button);
    tell_place(button, report, "button", name,
               gtk_widget_is_sensitive(button) ? "on" : "off");
}

static void tell(GtkWidget *widget, gpointer data)
{
    GString *report = data;

    if (!gtk_widget_get_mapped(widget))
        return;
    if (GTK_IS_BUTTON(widget))
        tell_button(widget, report);
    else if (GTK_IS_EDITABLE(widget))
        tell_place(widget, report, "entry", gtk_widget_get_name(widget),
                   text_of(widget));
    else if (GTK_IS_PROGRESS_BAR(widget))
        g_string_append_printf(
            report, "progress %.2f\n",
            gtk_progress_bar_get_fraction(GTK_PROGRESS_BAR(widget)));
    else if (GTK_IS_LABEL(widget))
        g_string_append_printf(report, "label %s\n",
                               gtk_label_get_text(GTK_LABEL(widget)));
    else
        tell_children(widget, report);
}

/* In one piece: who reads the file sees one moment, not two halves. */
static void replace_file(const char *path, const char *text)
{
    g_autofree char *new_path = g_strconcat(path, ".new", NULL);
    FILE *file = fopen(new_path, "w");

    if (!file)
        return;
    fputs(text, file);
    fclose(file);
    (void)rename(new_path, path);
}

static gboolean look(gpointer path)
{
    static char *before;
    g_autoptr(GString) report = g_string_new(NULL);
    g_autoptr(GList) windows = gtk_window_list_toplevels();

    for (GList *i = windows; i; i = i->next) {
        if (!is_shown(i->data) || !is_drawn(i->data))
            continue;
        g_string_append_printf(report, "window %s\n",
                               gtk_window_get_title(i->data));
        tell_children(i->data, report);
    }
    if (g_strcmp0(before, report->str) != 0) {
        replace_file(path, report->str);
        g_free(before);
        before = g_strdup(report->str);
    }
    return G_SOURCE_CONTINUE;
}

/* The main window; its dialogs go with it. */
static gboolean close_main_window(gpointer data)
{
    g_autoptr(GList) windows = gtk_window_list_toplevels();

    (void)data;
    for (GList *i = windows; i; i = i->next) {
        if (is_shown(i->data) && !gtk_window_get_transient_for(i->data)) {
            close_window(i->data);
            return G_SOURCE_REMOVE;
        }
    }
    return G_SOURCE_CONTINUE; /* not there yet */
}

static gboolean close_when_asked(gpointer path)
{
    return access(path, F_OK) == 0 ? close_main_window(NULL)
                                   : G_SOURCE_CONTINUE;
}

__attribute__((constructor)) static void begin(void)
{
    const char *seconds = getenv("INTERLOOP_EXAMPLE_SECONDS");
    const char *path = getenv("INTERLOOP_SPY");

    if (seconds)
        g_timeout_add((guint)(atof(seconds) * 1000), close_main_window, NULL);
    if (path) {
        g_timeout_add_full(G_PRIORITY_DEFAULT, 20, look, g_strdup(path),
                           g_free);
        g_timeout_add_full(G_PRIORITY_DEFAULT, 20, close_when_asked,
                           g_strconcat(path, ".close", NULL), g_free);
    }
}
