/* SPDX-License-Identifier: MIT */

/* window.c - the download window.
 *
 * Every handler here is an async slot: a task that starts inside the signal's
 * emission, may wait in the middle of its code, and is cancelled when the
 * window goes.  There is no state machine and no callback that continues where
 * another one left off.
 *
 * The window stays in memory until its last slot has returned, but its
 * children do not.  What a slot does after waiting is therefore limited to
 * plain data; drawing is left to refresh(), while the window is shown. */

#include "window.h"

#include "animation.h"
#include "graph.h"
#include "layout.h"
#include "question.h"
#include "row.h"
#include "text.h"

#include <interloop/glib.h>

#include <stdio.h>

struct _DemoWindow {
    GtkApplicationWindow parent;
    struct demo *demo;
    /* Children, as long as the window is open. */
    DemoRow *rows[CONTENT_N];
    DemoGraph *graph;
    GtkWidget *start;
    GtkWidget *cancel_all;
    GtkLabel *throughput;
    GtkLabel *received;
    GtkLabel *gap;
    GtkLabel *tasks;
    /* For the throughput. */
    uint64_t shown_bytes;
    il_time shown_at;
    double rate; /* bytes a second, smoothed */
};

G_DEFINE_FINAL_TYPE(DemoWindow, demo_window, GTK_TYPE_APPLICATION_WINDOW)

/* --- Slots -------------------------------------------------------------- */

static int run_one(void *download)
{
    return download_run(download);
}

/* The group belongs to this slot: when the window is closed, the slot is
 * cancelled, and closing the group waits until every download has given up. */
static int on_start(il_g_emission *emission, void *window)
{
    struct demo *demo = ((DemoWindow *)window)->demo;
    il_group group;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)emission;
    if (r < 0)
        return r;
    for (unsigned i = 0; i < CONTENT_N && r >= 0; i++) {
        if (demo->downloads[i].state != DOWNLOAD_RUNNING)
            r = il_spawn(&group, run_one, &demo->downloads[i], NULL);
    }
    return il_group_close(&group);
}

static int on_cancel_all(il_g_emission *emission, void *window)
{
    struct demo *demo = ((DemoWindow *)window)->demo;

    (void)emission;
    for (unsigned i = 0; i < CONTENT_N; i++)
        download_cancel(&demo->downloads[i]);
    return 0;
}

static int on_speed(il_g_emission *emission, void *window)
{
    static const char *const answers[] = { "_Slow", "_Normal", "_Fast", NULL };
    static const char *const words[] = { "slow", "normal", "fast" };
    static const uint64_t rates[] = { DEMO_SLOW, DEMO_NORMAL, DEMO_FAST };
    static const struct question what = {
        "Speed",
        "How fast should the server send?\n"
        "The downloads go on while you think about it.",
        answers, 1
    };
    DemoWindow *self = window;
    DemoQuestion *question = demo_question_new(window, &what);
    il_g_emission *answer = NULL;
    gint64 index = -1;
    int r;

    (void)emission;
    g_object_ref(question);
    gtk_window_present(GTK_WINDOW(question));
    printf("question open\n");

    r = il_g_wait_signal(question, "answered", IL_FOREVER, &answer);

    if (r == 0)
        index = il_g_emission_get_int(answer, 0);
    answer = il_g_emission_free(answer);
    if (index >= 0)
        self->demo->server.rate = rates[index];
    printf("question %s\n", index < 0 ? "closed" : words[index]);

    /* Harmless if the user or the end of the window has closed it already. */
    gtk_window_destroy(GTK_WINDOW(question));
    g_object_unref(question);
    return r;
}

/* --- Showing ------------------------------------------------------------ */

G_GNUC_PRINTF(2, 3)
static void show(GtkLabel *label, const char *format, ...)
{
    char text[64];
    va_list args;

    va_start(args, format);
    g_vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gtk_label_set_text(label, text);
}

static void measure(DemoWindow *self)
{
    il_time now = il_now();
    uint64_t bytes = self->demo->client.received;
    double passed = (double)(now - self->shown_at) / 1e9;

    if (self->shown_at > 0 && passed > 0) {
        double rate = (double)(bytes - self->shown_bytes) / passed;

        self->rate += 0.15 * (rate - self->rate);
    }
    self->shown_bytes = bytes;
    self->shown_at = now;
}

static void refresh(DemoWindow *self)
{
    const struct demo *demo = self->demo;
    unsigned n_running = 0;
    char bytes[TEXT_SIZE];

    measure(self);
    for (unsigned i = 0; i < CONTENT_N; i++) {
        demo_row_refresh(self->rows[i]);
        if (demo->downloads[i].state == DOWNLOAD_RUNNING)
            n_running++;
    }
    gtk_widget_set_sensitive(self->start, n_running < CONTENT_N);
    gtk_widget_set_sensitive(self->cancel_all, n_running > 0);

    demo_graph_add(self->graph, self->rate);
    text_bytes(bytes, self->rate);
    show(self->throughput, "%s/s", bytes);
    text_bytes(bytes, (double)demo->client.received);
    show(self->received, "%s", bytes);
    show(self->gap, "%.0f ms", frames_get_worst_ms(&demo->frames));
    show(self->tasks, "%zu", il_loop_count_tasks(il_loop_current()));
}

/* A sleep that is over counts even if the window was closed before this task
 * ran again, so the result of il_sleep() alone does not say that there still
 * is something to draw on. */
static int on_map(il_g_emission *emission, void *window)
{
    DemoWindow *self = window;

    (void)emission;
    layout_watch_close(GTK_WINDOW(self), "main");
    while (gtk_widget_get_mapped(GTK_WIDGET(self))) {
        int r;

        refresh(self);
        r = il_sleep(IL_MS(50));
        if (r < 0)
            return r;
    }
    return 0;
}

/* --- Building ----------------------------------------------------------- */

static GtkWidget *add_button(DemoWindow *self, const char *label,
                             const char *name, il_g_slot_fn *slot,
                             il_g_policy policy)
{
    GtkWidget *button = gtk_button_new_with_mnemonic(label);

    il_g_connect(button, "clicked", slot, self, policy);
    layout_watch(button, "main", name);
    return button;
}

static GtkWidget *make_header(DemoWindow *self)
{
    GtkWidget *header = gtk_header_bar_new();
    GtkWidget *speed;

    self->start =
        add_button(self, "_Download all", "start", on_start, IL_G_PARALLEL);
    self->cancel_all = add_button(self, "_Cancel all", "cancel-all",
                                  on_cancel_all, IL_G_PARALLEL);
    speed =
        add_button(self, "_Speed…", "speed", on_speed, IL_G_SKIP_WHILE_BUSY);
    gtk_widget_add_css_class(self->start, "suggested-action");
    gtk_header_bar_pack_start(GTK_HEADER_BAR(header), self->start);
    gtk_header_bar_pack_start(GTK_HEADER_BAR(header), self->cancel_all);
    gtk_header_bar_pack_end(GTK_HEADER_BAR(header), speed);
    return header;
}

static GtkLabel *add_figure(GtkWidget *grid, int column, const char *caption)
{
    GtkWidget *value = gtk_label_new(NULL);
    GtkWidget *below = gtk_label_new(caption);

    gtk_widget_add_css_class(value, "figure");
    gtk_widget_add_css_class(below, "caption");
    gtk_label_set_xalign(GTK_LABEL(value), 0);
    gtk_label_set_xalign(GTK_LABEL(below), 0);
    /* As wide as its widest value: figures must not move each other. */
    gtk_label_set_width_chars(GTK_LABEL(value), 10);
    gtk_widget_set_hexpand(value, TRUE);
    gtk_grid_attach(GTK_GRID(grid), value, column, 0, 1, 1);
    gtk_grid_attach(GTK_GRID(grid), below, column, 1, 1, 1);
    return GTK_LABEL(value);
}

static GtkWidget *make_overview(DemoWindow *self)
{
    GtkWidget *overview = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 28);
    GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 14);
    GtkWidget *grid = gtk_grid_new();
    GtkWidget *graph = demo_graph_new();

    gtk_grid_set_column_homogeneous(GTK_GRID(grid), TRUE);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
    self->throughput = add_figure(grid, 0, "throughput");
    self->received = add_figure(grid, 1, "received");
    self->gap = add_figure(grid, 2, "worst frame gap");
    self->tasks = add_figure(grid, 3, "tasks");
    self->graph = DEMO_GRAPH(graph);

    gtk_widget_set_vexpand(graph, TRUE);
    gtk_widget_set_hexpand(column, TRUE);
    gtk_box_append(GTK_BOX(column), grid);
    gtk_box_append(GTK_BOX(column), graph);
    gtk_box_append(GTK_BOX(overview), demo_animation_new(&self->demo->frames));
    gtk_box_append(GTK_BOX(overview), column);
    gtk_widget_add_css_class(overview, "overview");
    return overview;
}

static void demo_window_class_init(DemoWindowClass *class)
{
    (void)class;
}

static void demo_window_init(DemoWindow *self)
{
    gtk_window_set_title(GTK_WINDOW(self), "interloop");
    gtk_window_set_default_size(GTK_WINDOW(self), 760, -1);
    il_g_connect(self, "map", on_map, self, IL_G_SKIP_WHILE_BUSY);
}

GtkWindow *demo_window_new(GtkApplication *app, struct demo *demo)
{
    DemoWindow *self = g_object_new(DEMO_TYPE_WINDOW, "application", app, NULL);
    GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *list = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

    self->demo = demo;
    gtk_window_set_titlebar(GTK_WINDOW(self), make_header(self));
    gtk_box_append(GTK_BOX(column), make_overview(self));
    gtk_box_append(GTK_BOX(column), list);
    gtk_widget_add_css_class(list, "downloads");
    for (unsigned i = 0; i < CONTENT_N; i++) {
        GtkWidget *row = demo_row_new(&demo->downloads[i]);

        gtk_box_append(GTK_BOX(list), row);
        self->rows[i] = DEMO_ROW(row);
    }
    gtk_window_set_child(GTK_WINDOW(self), column);
    return GTK_WINDOW(self);
}
