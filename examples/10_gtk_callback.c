/* SPDX-License-Identifier: MIT */

/* 10_gtk_callback.c - tasks in the callbacks of a GTK program.
 *
 * needs-display.  README.md quotes the part between the two marks, and
 * tests/lint/readme.sh compares them.  What follows the second mark ends the
 * program by itself when INTERLOOP_EXAMPLE_SECONDS is set. */

/* README { */
#include <gtk/gtk.h>
#include <interloop/glib.h>

static int on_clicked(il_g_emission *emission, void *label)
{
    (void)emission;
    for (int i = 3; i > 0; i--) {
        g_autofree char *text = g_strdup_printf("%d …", i);
        int r;

        gtk_label_set_text(label, text);
        r = il_sleep(IL_SEC(1)); /* the window stays alive meanwhile */
        if (r < 0)
            return r; /* cancelled: the window was closed */
    }
    gtk_label_set_text(label, "Lift-off!");
    return 0;
}

static void activate(GtkApplication *app)
{
    GtkWidget *window = gtk_application_window_new(app);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    GtkWidget *button = gtk_button_new_with_label("Start");
    GtkWidget *label = gtk_label_new("Ready");

    gtk_box_append(GTK_BOX(box), button);
    gtk_box_append(GTK_BOX(box), label);
    gtk_window_set_child(GTK_WINDOW(window), box);

    /* The special line: each click starts a task, one at a time. */
    il_g_connect(button, "clicked", on_clicked, label, IL_G_SKIP_WHILE_BUSY);
    gtk_window_present(GTK_WINDOW(window));
}

int main(int argc, char **argv)
{
    GtkApplication *app = gtk_application_new(NULL, G_APPLICATION_NON_UNIQUE);
    int status;

    g_signal_connect(app, "activate", G_CALLBACK(activate), NULL);
    status = il_g_application_run(G_APPLICATION(app), argc, argv);
    g_object_unref(app);
    return status;
}
/* README } */

/* From here on for the test only: press the button, say what the label shows,
 * close the window when the time is up. */

#include <stdio.h>
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
    GtkWidget *window = find_window();
    GtkWidget *button;

    (void)data;
    if (!window)
        return G_SOURCE_CONTINUE; /* not there yet */
    button =
        gtk_widget_get_first_child(gtk_window_get_child(GTK_WINDOW(window)));
    g_signal_emit_by_name(button, "clicked");

    /* The first step of the slot has run inside the emission. */
    printf("label: %s\n",
           gtk_label_get_text(GTK_LABEL(gtk_widget_get_next_sibling(button))));
    return G_SOURCE_REMOVE;
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
