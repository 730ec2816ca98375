/* SPDX-License-Identifier: MIT */

/* row.c - the view of one download.
 *
 * The button's slot *is* the download: pressed on a row at rest it runs
 * download_run() to the end, pressed again meanwhile, a second task of the
 * same slot cancels the first one's scope.  Hence IL_G_PARALLEL.
 *
 * A slot may outlive the row's children for a moment: GTK takes them away when
 * the window is closed, the row itself stays until its slots have returned.
 * So slots touch the download, which is plain data, and only demo_row_refresh()
 * touches widgets. */

#include "row.h"

#include "layout.h"
#include "text.h"

#include <interloop/glib.h>

#include <errno.h>

struct _DemoRow {
    GtkBox parent;
    struct download *download;
    /* Children, as long as the window is open. */
    GtkLabel *status;
    GtkProgressBar *progress;
    GtkButton *button;
    /* What the last refresh showed. */
    enum download_state shown;
    uint64_t shown_bytes;
    il_time shown_at;
    double rate; /* bytes a second, smoothed */
};

G_DEFINE_FINAL_TYPE(DemoRow, demo_row, GTK_TYPE_BOX)

static int on_button(il_g_emission *emission, void *row)
{
    DemoRow *self = row;
    int r;

    (void)emission;
    if (self->download->state == DOWNLOAD_RUNNING) {
        download_cancel(self->download);
        return 0;
    }
    r = download_run(self->download);
    /* A failure is shown in the row; nobody else needs to hear of it. */
    return r == -ECANCELED ? r : 0;
}

static char *describe(const DemoRow *self)
{
    const struct download *d = self->download;
    char size[TEXT_SIZE], received[TEXT_SIZE], rate[TEXT_SIZE];

    text_bytes(size, (double)d->file->size);
    text_bytes(received, (double)d->received);
    text_bytes(rate, self->rate);
    switch (d->state) {
    case DOWNLOAD_RUNNING:
        return g_strdup_printf("%s of %s  ·  %s/s", received, size, rate);
    case DOWNLOAD_DONE:
        return g_strdup_printf("%s in %.1f s", size,
                               (double)(d->ended - d->began) / 1e9);
    case DOWNLOAD_CANCELLED:
        return g_strdup_printf("cancelled after %s", received);
    case DOWNLOAD_FAILED:
        return g_strdup_printf("failed: %s", il_strerror(d->error));
    case DOWNLOAD_IDLE:
    default:
        return g_strdup(size);
    }
}

static void measure(DemoRow *self)
{
    const struct download *d = self->download;
    il_time now = il_now();
    il_time passed = now - self->shown_at;

    if (d->state != self->shown || d->received < self->shown_bytes) {
        self->rate = 0;
    } else if (passed > 0) {
        double rate = (double)(d->received - self->shown_bytes) * 1e9 /
                      (double)passed;

        self->rate += 0.2 * (rate - self->rate);
    }
    self->shown_bytes = d->received;
    self->shown_at = now;
}

static void show_state(DemoRow *self)
{
    static const struct {
        const char *class;
        const char *icon;
        const char *tooltip;
    } looks[] = {
        { "idle", "media-playback-start-symbolic", "Download" },
        { "running", "window-close-symbolic", "Cancel" },
        { "done", "view-refresh-symbolic", "Download again" },
        { "cancelled", "view-refresh-symbolic", "Download again" },
        { "failed", "view-refresh-symbolic", "Download again" },
    };
    enum download_state state = self->download->state;

    gtk_widget_remove_css_class(GTK_WIDGET(self), looks[self->shown].class);
    gtk_widget_add_css_class(GTK_WIDGET(self), looks[state].class);
    gtk_button_set_icon_name(self->button, looks[state].icon);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->button), looks[state].tooltip);
    self->shown = state;
}

void demo_row_refresh(DemoRow *self)
{
    const struct download *d = self->download;
    g_autofree char *status = NULL;

    measure(self);
    if (d->state != self->shown)
        show_state(self);
    status = describe(self);
    gtk_label_set_text(self->status, status);
    gtk_progress_bar_set_fraction(self->progress,
                                  (double)d->received / (double)d->file->size);
}

static void demo_row_class_init(DemoRowClass *class)
{
    gtk_widget_class_set_css_name(GTK_WIDGET_CLASS(class), "row");
}

static void demo_row_init(DemoRow *self)
{
    GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);

    self->status = GTK_LABEL(gtk_label_new(NULL));
    self->progress = GTK_PROGRESS_BAR(gtk_progress_bar_new());
    self->button = GTK_BUTTON(gtk_button_new());

    gtk_box_set_spacing(GTK_BOX(self), 16);
    gtk_widget_set_hexpand(column, TRUE);
    gtk_widget_set_valign(column, GTK_ALIGN_CENTER);
    gtk_box_append(GTK_BOX(self), column);
    gtk_box_append(GTK_BOX(column), gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8));
    gtk_box_append(GTK_BOX(column), GTK_WIDGET(self->progress));
    gtk_widget_add_css_class(GTK_WIDGET(self->status), "status");
    gtk_widget_add_css_class(GTK_WIDGET(self->button), "circular");
    gtk_widget_set_valign(GTK_WIDGET(self->button), GTK_ALIGN_CENTER);
    gtk_box_append(GTK_BOX(self), GTK_WIDGET(self->button));
    il_g_connect(self->button, "clicked", on_button, self, IL_G_PARALLEL);
}

GtkWidget *demo_row_new(struct download *download)
{
    DemoRow *self = g_object_new(DEMO_TYPE_ROW, NULL);
    GtkWidget *column = gtk_widget_get_first_child(GTK_WIDGET(self));
    GtkWidget *title = gtk_widget_get_first_child(column);
    GtkWidget *name = gtk_label_new(download->file->name);
    char key[16];

    self->download = download;
    gtk_widget_add_css_class(name, "name");
    gtk_label_set_xalign(GTK_LABEL(name), 0);
    gtk_widget_set_hexpand(name, TRUE);
    gtk_box_append(GTK_BOX(title), name);
    gtk_box_append(GTK_BOX(title), GTK_WIDGET(self->status));

    self->shown = DOWNLOAD_RUNNING; /* not what it is, so that it is shown */
    demo_row_refresh(self);
    g_snprintf(key, sizeof key, "row%u", download->number);
    layout_watch(GTK_WIDGET(self->button), "main", key);
    return GTK_WIDGET(self);
}
