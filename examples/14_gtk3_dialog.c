/* SPDX-License-Identifier: MIT */

/* 14_gtk3_dialog.c - gtk_dialog_run() in a task, while others go on.
 *
 * needs-display.  GTK 3, and no GtkApplication: gtk_main() as ever.
 *
 * gtk_dialog_run() is a loop inside the loop.  A task may call it, as the first
 * button shows: the clock is another task and ticks on.  But the loop then lives
 * on the task's own stack, and cancelling the task does not end the dialog.  With
 * il_modal(), as the second button shows, GTK has the stack it is used to, the
 * task waits as for anything else, and who cancels it has the dialog ended. */

#include <gtk/gtk.h>
#include <interloop/glib.h>
#include <stdio.h>
#include <stdlib.h>

/* --- A dialog ------------------------------------------------------------- */

struct question {
    GtkWidget *window;
    const char *text;
    GtkWidget *dialog; /* while it is shown */
};

/* Returns a GTK_RESPONSE. */
static int run_dialog(void *arg)
{
    struct question *question = arg;
    GtkDialogFlags flags = GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT |
                           GTK_DIALOG_USE_HEADER_BAR;
    GtkWidget *dialog = gtk_dialog_new_with_buttons(
        "Question", GTK_WINDOW(question->window), flags, "No", GTK_RESPONSE_NO,
        "Yes", GTK_RESPONSE_YES, NULL);
    GtkWidget *content = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
    GtkWidget *label = gtk_label_new(question->text);
    int answer;

    g_object_set(label, "margin", 24, "visible", TRUE, NULL);
    gtk_container_add(GTK_CONTAINER(content), label);
    question->dialog = dialog;
    answer = gtk_dialog_run(GTK_DIALOG(dialog));
    question->dialog = NULL;
    /* NONE: it was destroyed, with the window perhaps. */
    if (answer != GTK_RESPONSE_NONE)
        gtk_widget_destroy(dialog);
    return answer;
}

static void end_dialog(void *arg)
{
    struct question *question = arg;

    if (question->dialog)
        gtk_dialog_response(GTK_DIALOG(question->dialog), GTK_RESPONSE_CANCEL);
}

static void tell(GtkWidget *label, int answer)
{
    const char *text = answer == GTK_RESPONSE_YES  ? "Yes"
                       : answer == GTK_RESPONSE_NO ? "No"
                                                   : "No answer";

    printf("dialog: %s\n", text);
    gtk_label_set_text(GTK_LABEL(label), text);
}

/* --- The slots ------------------------------------------------------------ */

static int ask_directly(il_g_emission *emission, void *label)
{
    struct question question = { .window = gtk_widget_get_toplevel(label),
                                 .text = "Does the clock go on?" };
    int r;

    (void)emission;
    gtk_label_set_text(label, "thinking …");
    r = il_sleep(IL_MS(200));
    if (r < 0)
        return r;
    tell(label, run_dialog(&question));
    return 0;
}

static int ask_modal(il_g_emission *emission, void *label)
{
    struct question question = { .window = gtk_widget_get_toplevel(label),
                                 .text = "Does it go on now?" };
    int answer;
    int r;

    (void)emission;
    r = il_modal(run_dialog, &question, end_dialog, &answer);
    if (r < 0)
        return r;
    tell(label, answer);
    return 0;
}

/* The clock.  It is the window that bounds it. */
static int run_clock(il_g_emission *emission, void *label)
{
    il_time start = il_now();

    (void)emission;
    for (int tenth = 0;; tenth++) {
        g_autofree char *text =
            g_strdup_printf("%d.%d s", tenth / 10, tenth % 10);
        int r;

        gtk_label_set_text(label, text);
        r = il_sleep_until(start + IL_MS(100) * (tenth + 1));
        if (r < 0)
            return r;
    }
}

/* --- The program ---------------------------------------------------------- */

static GtkWidget *new_window(void)
{
    GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
    GtkWidget *header = gtk_header_bar_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    GtkWidget *clock = gtk_label_new(NULL);
    GtkWidget *direct = gtk_button_new_with_label("gtk_dialog_run()");
    GtkWidget *modal = gtk_button_new_with_label("il_modal()");
    GtkWidget *answer = gtk_label_new("Ask something.");
    PangoAttrList *big = pango_attr_list_new();

    pango_attr_list_insert(big, pango_attr_scale_new(2.5));
    pango_attr_list_insert(big, pango_attr_font_features_new("tnum"));
    gtk_label_set_attributes(GTK_LABEL(clock), big);
    pango_attr_list_unref(big);
    gtk_header_bar_set_title(GTK_HEADER_BAR(header), "Dialogs");
    gtk_header_bar_set_show_close_button(GTK_HEADER_BAR(header), TRUE);
    gtk_window_set_title(GTK_WINDOW(window), "Dialogs");
    gtk_window_set_titlebar(GTK_WINDOW(window), header);
    gtk_window_set_default_size(GTK_WINDOW(window), 360, 300);
    gtk_container_set_border_width(GTK_CONTAINER(box), 24);
    gtk_container_add(GTK_CONTAINER(window), box);
    gtk_container_add(GTK_CONTAINER(box), clock);
    gtk_container_add(GTK_CONTAINER(box), direct);
    gtk_container_add(GTK_CONTAINER(box), modal);
    gtk_container_add(GTK_CONTAINER(box), answer);

    il_g_connect(window, "map", run_clock, clock, IL_G_SKIP_WHILE_BUSY);
    il_g_connect(direct, "clicked", ask_directly, answer, IL_G_SKIP_WHILE_BUSY);
    il_g_connect(modal, "clicked", ask_modal, answer, IL_G_SKIP_WHILE_BUSY);
    return window;
}

int main(int argc, char **argv)
{
    GtkWidget *window;
    il_loop *loop;

    gtk_init(&argc, &argv);
    if (il_g_begin(NULL, &loop) < 0)
        return EXIT_FAILURE;
    window = new_window();
    g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
    gtk_widget_show_all(window);
    gtk_main();
    if (il_g_end(loop, IL_SEC(5)) < 0)
        return EXIT_FAILURE;
    printf("closed\n");
    return EXIT_SUCCESS;
}
