/* SPDX-License-Identifier: MIT */

/* layout.c - a tick callback on every widget that somebody may click on.
 *
 * GTK has no signal for "this widget is somewhere else now".  A look with
 * every frame costs little and sees every change one frame later. */

#include "layout.h"

#include <math.h>
#include <stdbool.h>

struct spot {
    char *name;
    int x, y;
    bool usable;
};

static bool enabled;

static void free_spot(gpointer data)
{
    struct spot *spot = data;

    if (spot->usable)
        g_print("layout %s -\n", spot->name);
    g_free(spot->name);
    g_free(spot);
}

/* The centre in the window's surface, which is what the X server knows. */
static bool locate(GtkWidget *widget, int *ret_x, int *ret_y)
{
    GtkNative *native = gtk_widget_get_native(widget);
    graphene_rect_t area;
    double dx, dy;

    if (!native || !gtk_widget_get_mapped(widget) ||
        !gtk_widget_compute_bounds(widget, GTK_WIDGET(native), &area) ||
        gtk_widget_get_width(widget) < 1)
        return false;
    gtk_native_get_surface_transform(native, &dx, &dy);
    *ret_x = (int)lround(dx + (double)(area.origin.x + area.size.width / 2));
    *ret_y = (int)lround(dy + (double)(area.origin.y + area.size.height / 2));
    return true;
}

static gboolean look(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
    struct spot *spot = data;
    int x = spot->x, y = spot->y;
    bool usable = locate(widget, &x, &y) && gtk_widget_is_sensitive(widget);

    (void)clock;
    if (usable && (!spot->usable || x != spot->x || y != spot->y))
        g_print("layout %s %d %d\n", spot->name, x, y);
    else if (!usable && spot->usable)
        g_print("layout %s -\n", spot->name);
    spot->x = x;
    spot->y = y;
    spot->usable = usable;
    return G_SOURCE_CONTINUE;
}

void layout_enable(void)
{
    enabled = true;
}

void layout_watch(GtkWidget *widget, const char *window, const char *name)
{
    struct spot *spot;

    /* A window that is shown again watches its close button again. */
    if (!enabled || g_object_get_data(G_OBJECT(widget), "layout"))
        return;
    spot = g_new0(struct spot, 1);
    spot->name = g_strdup_printf("%s %s", window, name);
    g_object_set_data(G_OBJECT(widget), "layout", spot);
    gtk_widget_add_tick_callback(widget, look, spot, free_spot);
}

/* GTK's header bar makes its close button by itself and gives it this class. */
static GtkWidget *find_close(GtkWidget *widget)
{
    GtkWidget *found = NULL;

    if (GTK_IS_BUTTON(widget) && gtk_widget_has_css_class(widget, "close"))
        return widget;
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child && !found;
         child = gtk_widget_get_next_sibling(child))
        found = find_close(child);
    return found;
}

void layout_watch_close(GtkWindow *window, const char *name)
{
    GtkWidget *button = find_close(GTK_WIDGET(window));

    if (button)
        layout_watch(button, name, "close");
}
