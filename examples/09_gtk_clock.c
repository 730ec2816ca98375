/* SPDX-License-Identifier: MIT */

/* 09_gtk_clock.c - a clock: one task loops, sleeps and writes to a label.
 *
 * needs-display.  Its time is set to noon when it starts, which makes what it
 * prints the same every day.  It ends when its window is closed, or by itself
 * after INTERLOOP_EXAMPLE_SECONDS. */

#include <gtk/gtk.h>
#include <interloop/glib.h>

#include <stdio.h>
#include <stdlib.h>

/* The label bounds this slot: when its window is closed the sleep returns
 * -ECANCELED.  A sleep that was over in that very turn returns 0, but then the
 * label, which stays in memory as long as its slot, is not shown any more.
 *
 * Sleeping until a point in time, not for a second, keeps the clock exact: what
 * the drawing took is not added. */
static int run_clock(il_g_emission *emission, void *label)
{
    il_time start = il_now();

    (void)emission;
    for (int second = 0; gtk_widget_get_mapped(label); second++) {
        char text[16];
        int r;

        (void)snprintf(text, sizeof text, "%02d:%02d:%02d",
                       (12 + second / 3600) % 24, second / 60 % 60,
                       second % 60);
        gtk_label_set_text(label, text);
        /* How many ticks there will be is not known; the first is certain. */
        if (second == 0)
            printf("%s\n", text);
        r = il_sleep_until(start + IL_SEC(second + 1));
        if (r < 0)
            return r;
    }
    return 0;
}

/* For the test of this example. */
static int close_later(il_g_emission *emission, void *window)
{
    const char *seconds = getenv("INTERLOOP_EXAMPLE_SECONDS");
    int r;

    (void)emission;
    if (!seconds)
        return 0;
    r = il_sleep(IL_SEC(atof(seconds)));
    if (r >= 0)
        gtk_window_close(window);
    return r;
}

static void activate(GtkApplication *app)
{
    GtkWidget *window = gtk_application_window_new(app);
    GtkWidget *label = gtk_label_new(NULL);
    PangoAttrList *attributes = pango_attr_list_new();

    pango_attr_list_insert(attributes, pango_attr_scale_new(5));
    pango_attr_list_insert(attributes, pango_attr_font_features_new("tnum"));
    gtk_label_set_attributes(GTK_LABEL(label), attributes);
    pango_attr_list_unref(attributes);
    gtk_widget_set_margin_start(label, 48);
    gtk_widget_set_margin_end(label, 48);
    gtk_widget_set_margin_top(label, 32);
    gtk_widget_set_margin_bottom(label, 32);
    gtk_window_set_title(GTK_WINDOW(window), "Clock");
    gtk_window_set_child(GTK_WINDOW(window), label);

    il_g_connect(window, "map", run_clock, label, IL_G_SKIP_WHILE_BUSY);
    il_g_connect(window, "map", close_later, window, IL_G_SKIP_WHILE_BUSY);
    gtk_window_present(GTK_WINDOW(window));
}

int main(int argc, char **argv)
{
    GtkApplication *app = gtk_application_new(NULL, G_APPLICATION_NON_UNIQUE);
    il_loop *loop;
    int status;
    int r = il_g_begin(NULL, &loop);

    if (r < 0) {
        fprintf(stderr, "09_gtk_clock: %s\n", il_strerror(r));
        return EXIT_FAILURE;
    }
    g_signal_connect(app, "activate", G_CALLBACK(activate), NULL);
    status = g_application_run(G_APPLICATION(app), argc, argv);
    r = il_g_end(loop, IL_SEC(5));
    g_object_unref(app);
    printf("the clock stops: %s\n", il_strerror(r));
    return r < 0 ? EXIT_FAILURE : status;
}
