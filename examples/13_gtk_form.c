/* SPDX-License-Identifier: MIT */

/* 13_gtk_form.c - a form that asks a server while somebody fills it in.
 *
 * needs-display.  Each of these is one slot, written from top to bottom:
 *   - the name is checked when no key was pressed for 150 ms; another key
 *     cancels a check that is under way and begins anew (IL_G_RESTART);
 *   - cities are found one by one; another key cancels the search as well;
 *   - Submit takes seconds, asks a question in the middle, and cannot be
 *     pressed again meanwhile (IL_G_SKIP_WHILE_BUSY);
 *   - a clock ticks, to show that nothing of this makes the window wait.
 *
 * Closing the window cancels whatever goes on, wherever it waits.  What it looks
 * like is in 13_gtk_form_window.c. */

#include "13_gtk_form_window.h"

#include <errno.h>
#include <interloop/glib.h>
#include <stdio.h>
#include <stdlib.h>

/* --- A server that takes its time --- */

/* 0: the name is free. */
static int server_check_name(const char *name)
{
    static const char *const taken[] = { "ada", "alan", "grace", NULL };
    int r;

    printf("server: %s?\n", name);
    r = il_sleep(IL_MS(250));
    if (r < 0)
        return r;
    return g_strv_contains(taken, name) ? -EEXIST : 0;
}

/* The next city that begins with the letters, NULL after the last. */
static int server_find_city(const char *letters, size_t *position,
                            const char **ret_city)
{
    static const char *const cities[] = { "Leeds",  "Leipzig",     "Lille",
                                          "Lima",   "Lisbon",      "Ljubljana",
                                          "London", "Los Angeles", "Louvain",
                                          "Lyon",   NULL };
    const char *city;
    int r;

    while ((city = cities[*position])) {
        r = il_sleep(IL_MS(80));
        if (r < 0)
            return r;
        (*position)++;
        if (g_str_match_string(letters, city, FALSE))
            break;
    }
    *ret_city = city;
    return 0;
}

/* --- The slots --- */

/* name::changed, IL_G_RESTART */
static int check_name(il_g_emission *emission, void *receiver)
{
    FormWindow *self = receiver;
    g_autofree char *name = NULL;
    int r;

    (void)emission;
    self->name_is_free = FALSE;
    form_window_update(self);
    form_window_say(self->verdict, "…");
    r = il_sleep(IL_MS(150));
    if (r < 0)
        return r; /* another key came, and a new check with it */
    name = g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->name)));
    form_window_say(self->verdict, "asking about %s", name);
    r = *name ? server_check_name(name) : -EINVAL;
    if (r == -ECANCELED)
        return r;
    self->name_is_free = r == 0;
    form_window_update(self);
    form_window_say(self->verdict, r == 0  ? "✓ free"
                                   : *name ? "✗ taken"
                                           : "✗ missing");
    return 0;
}

/* city::search-changed, IL_G_RESTART */
static int search(il_g_emission *emission, void *receiver)
{
    FormWindow *self = receiver;
    g_autofree char *letters =
        g_strdup(gtk_editable_get_text(GTK_EDITABLE(self->city)));
    const char *city = NULL;
    size_t position = 0;
    unsigned n = 0;
    int r;

    (void)emission;
    form_window_clear_found(self);
    do {
        form_window_say(self->n_found, "%u so far …", n);
        r = *letters ? server_find_city(letters, &position, &city) : 0;
        if (r < 0) {
            /* This could wait too, under a shield: the next search begins
             * when this one has ended. */
            form_window_say(self->cancelled, "“%s” was cancelled after %u",
                            letters, n);
            return r;
        }
        if (city) {
            gtk_string_list_append(self->found, city);
            n++;
        }
    } while (city);
    form_window_say(self->n_found, "%u found", n);
    return 0;
}

/* 1: yes.  0: no, or the dialog was closed. */
static int ask(GtkWindow *parent, const char *question)
{
#if GTK_CHECK_VERSION(4, 10, 0)
    static const char *const answers[] = { "Stop", "Continue", NULL };
    g_autoptr(GtkAlertDialog) dialog = gtk_alert_dialog_new("%s", question);
    il_g_call call = IL_G_CALL_INIT;
    int r;

    gtk_alert_dialog_set_buttons(dialog, answers);
    gtk_alert_dialog_set_cancel_button(dialog, 0);
    gtk_alert_dialog_set_default_button(dialog, 1);
    gtk_alert_dialog_choose(dialog, parent, il_g_call_cancellable(&call),
                            il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0)
        r = gtk_alert_dialog_choose_finish(dialog, call.result, NULL) == 1;
    il_g_call_clear(&call);
    return r;
#else
    GtkDialogFlags flags = GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT |
                           GTK_DIALOG_USE_HEADER_BAR;
    g_autoptr(GtkWidget) dialog = g_object_ref(gtk_dialog_new_with_buttons(
        "Question", parent, flags, "Stop", GTK_RESPONSE_CANCEL, "Continue",
        GTK_RESPONSE_ACCEPT, NULL));
    GtkWidget *content = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
    il_g_emission *response;
    int r;

    gtk_box_append(GTK_BOX(content), gtk_label_new(question));
    gtk_widget_set_size_request(content, 280, 80);
    gtk_widget_set_vexpand(gtk_widget_get_first_child(content), TRUE);
    gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_ACCEPT);
    gtk_window_present(GTK_WINDOW(dialog));
    r = il_g_wait_signal(dialog, "response", IL_FOREVER, &response);
    if (r == 0) {
        r = il_g_emission_get_int(response, 0) == GTK_RESPONSE_ACCEPT;
        il_g_emission_free(response);
    }
    gtk_window_destroy(GTK_WINDOW(dialog));
    return r;
#endif
}

/* 1: sent.  0: not, somebody said no. */
static int upload(FormWindow *self)
{
    GtkProgressBar *progress = GTK_PROGRESS_BAR(self->progress);

    for (int percent = 0; percent <= 100; percent += 5) {
        int r;

        gtk_progress_bar_set_fraction(progress, percent / 100.0);
        form_window_say(self->outcome, "%d %%", percent);
        if (percent == 50) {
            r = ask(GTK_WINDOW(self), "Half of it is sent. Continue?");
            if (r <= 0)
                return r;
        }
        r = il_sleep(IL_MS(40));
        if (r < 0)
            return r;
    }
    return 1;
}

/* submit::clicked, IL_G_SKIP_WHILE_BUSY */
static int submit(il_g_emission *emission, void *receiver)
{
    FormWindow *self = receiver;
    int r;

    (void)emission;
    self->busy = TRUE;
    form_window_update(self);
    r = upload(self);
    self->busy = FALSE;
    form_window_update(self);
    form_window_say(self->outcome, r == 1 ? "✓ sent" : "✗ not sent");
    printf("form: %s\n", r == 1 ? "sent" : r == 0 ? "stopped" : il_strerror(r));
    return r;
}

/* window::map, IL_G_SKIP_WHILE_BUSY */
static int run_clock(il_g_emission *emission, void *receiver)
{
    FormWindow *self = receiver;
    il_time start = il_now();

    (void)emission;
    for (int tenth = 0;; tenth++) {
        int r = il_sleep_until(start + IL_MS(100) * tenth);

        if (r < 0)
            return r;
        form_window_say(self->clock, "%d.%d s", tenth / 10, tenth % 10);
    }
}

/* --- The program --- */

static void activate(GtkApplication *app)
{
    FormWindow *window = form_window_new(app);

    il_g_connect(window->name, "changed", check_name, window, IL_G_RESTART);
    il_g_connect(window->city, "search-changed", search, window, IL_G_RESTART);
    il_g_connect(window->submit, "clicked", submit, window,
                 IL_G_SKIP_WHILE_BUSY);
    il_g_connect(window, "map", run_clock, window, IL_G_SKIP_WHILE_BUSY);
    gtk_window_present(GTK_WINDOW(window));
}

int main(int argc, char **argv)
{
    g_autoptr(GtkApplication) app = NULL;
    int status;

    app = gtk_application_new(NULL, G_APPLICATION_NON_UNIQUE);
    g_signal_connect(app, "activate", G_CALLBACK(activate), NULL);
    status = il_g_application_run(G_APPLICATION(app), argc, argv);
    printf("form: closed\n");
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
