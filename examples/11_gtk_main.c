/* SPDX-License-Identifier: MIT */

/* 11_gtk_main.c - GTK inside a main function that waits.
 *
 * needs-display.  README.md quotes the part between the two marks, and
 * tests/lint/readme.sh compares them.  What follows the second mark ends the
 * program by itself when INTERLOOP_EXAMPLE_SECONDS is set. */

/* README { */
#include <errno.h>
#include <gtk/gtk.h>
#include <interloop/glib.h>

static int count_clicks(void *arg)
{
    GtkWidget *window, *button;
    int n = 0;
    int r;

    (void)arg;
    gtk_init();
    window = gtk_window_new();
    button = gtk_button_new_with_label("Click me");
    gtk_window_set_child(GTK_WINDOW(window), button);
    gtk_window_present(GTK_WINDOW(window));

    /* Goes on as long as a click comes every ten seconds. */
    while ((r = il_g_wait_signal(button, "clicked", IL_SEC(10), NULL)) == 0) {
        g_autofree char *text = g_strdup_printf("Clicked: %d", ++n);

        gtk_button_set_label(GTK_BUTTON(button), text);
    }
    if (r == -ETIMEDOUT)
        gtk_window_destroy(GTK_WINDOW(window));
    g_print("%s after %d clicks\n", il_strerror(r), n);
    return 0;
}

int main(void)
{
    /* The special line: GTK runs until count_clicks() has returned. */
    return il_g_run(NULL, count_clicks, NULL) < 0 ? 1 : 0;
}
/* README } */

/* From here on for the test only: press the button twice, close the window
 * when the time is up. */

#include <stdlib.h>

static GtkWidget *find_window(void)
{
    g_autoptr(GListModel) windows = g_object_ref(gtk_window_get_toplevels());
    gpointer window = g_list_model_get_item(windows, 0);

    if (window)
        g_object_unref(window); /* the list keeps it */
    return window;
}

static gboolean press(gpointer data)
{
    static int n_presses;
    GtkWidget *window = find_window();

    (void)data;
    if (!window)
        return G_SOURCE_CONTINUE; /* not there yet */
    g_signal_emit_by_name(gtk_window_get_child(GTK_WINDOW(window)), "clicked");
    return ++n_presses < 2 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean close_window(gpointer data)
{
    GtkWidget *window = find_window();

    (void)data;
    if (window)
        gtk_window_close(GTK_WINDOW(window));
    return G_SOURCE_REMOVE;
}

__attribute__((constructor)) static void end_by_itself(void)
{
    const char *seconds = getenv("INTERLOOP_EXAMPLE_SECONDS");

    if (!seconds)
        return;
    g_timeout_add(50, press, NULL);
    g_timeout_add((guint)(atof(seconds) * 1000), close_window, NULL);
}
