/* SPDX-License-Identifier: MIT */

/* 15_gtk_progress.c - twenty jobs, four at once, and a list that shows them.
 *
 * needs-display.  A job is a GObject in a GListStore.  Its task sets the job's
 * properties, the list's rows are bound to them, and neither knows of the other.
 *
 * The group is the gate: it owns the tasks that run, and a job is spawned only
 * when it has fewer than four.  When the window is closed the slot is cancelled
 * and its group, that is all jobs, with it. */

#include <gtk/gtk.h>
#include <interloop/glib.h>
#include <stdio.h>
#include <stdlib.h>

#define N_JOBS 20
#define N_AT_ONCE 4

/* --- A job, as others see it ---------------------------------------------- */

G_DECLARE_FINAL_TYPE(Job, job, EXAMPLE, JOB, GObject)

struct _Job {
    GObject parent;
    int number;
    double progress;
    const char *status;
    gboolean done;
    il_task *task; /* while it runs */
};

G_DEFINE_TYPE(Job, job, G_TYPE_OBJECT)

enum { PROGRESS = 1, STATUS, DONE, N_PROPERTIES };
static GParamSpec *properties[N_PROPERTIES];

static void job_get_property(GObject *object, guint id, GValue *value,
                             GParamSpec *spec)
{
    Job *job = EXAMPLE_JOB(object);

    (void)spec;
    if (id == PROGRESS)
        g_value_set_double(value, job->progress);
    else if (id == STATUS)
        g_value_set_static_string(value, job->status);
    else
        g_value_set_boolean(value, job->done);
}

static void job_class_init(JobClass *class)
{
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS |
                        G_PARAM_EXPLICIT_NOTIFY;

    G_OBJECT_CLASS(class)->get_property = job_get_property;
    properties[PROGRESS] =
        g_param_spec_double("progress", NULL, NULL, 0, 1, 0, flags);
    properties[STATUS] = g_param_spec_string("status", NULL, NULL, NULL, flags);
    properties[DONE] = g_param_spec_boolean("done", NULL, NULL, FALSE, flags);
    g_object_class_install_properties(G_OBJECT_CLASS(class), N_PROPERTIES,
                                      properties);
}

static void job_init(Job *job)
{
    job->status = "waiting";
}

static void job_set(Job *job, double progress, const char *status,
                    gboolean done)
{
    job->progress = progress;
    job->status = status;
    job->done = done;
    g_object_notify_by_pspec(G_OBJECT(job), properties[PROGRESS]);
    g_object_notify_by_pspec(G_OBJECT(job), properties[STATUS]);
    if (done) /* never taken back */
        g_object_notify_by_pspec(G_OBJECT(job), properties[DONE]);
}

static void job_cancel(Job *job)
{
    if (job->task)
        il_task_cancel(job->task);
    else if (!job->done)
        job_set(job, 0, "cancelled", TRUE);
}

/* --- The tasks ------------------------------------------------------------ */

static int run_job(void *arg)
{
    Job *job = arg;
    int r = 0;

    job->task = il_task_current();
    for (int percent = 0; percent < 100 && r >= 0; percent++) {
        job_set(job, percent / 100.0, "running", FALSE);
        r = il_sleep(IL_MS(3 + job->number % 5));
    }
    job->task = NULL;
    job_set(job, r < 0 ? job->progress : 1, r < 0 ? "cancelled" : "done", TRUE);
    return r;
}

/* start::clicked, IL_G_SKIP_WHILE_BUSY */
static int run_jobs(il_g_emission *emission, void *jobs)
{
    il_group group;
    int closed;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE | IL_GROUP_COLLECT);

    (void)emission;
    if (r < 0)
        return r;
    g_list_store_remove_all(jobs);
    for (guint i = 0; i < N_JOBS; i++) {
        g_autoptr(Job) job = g_object_new(job_get_type(), NULL);

        job->number = (int)i + 1;
        g_list_store_append(jobs, job);
    }
    for (guint i = 0; r >= 0 && i < N_JOBS; i++) {
        g_autoptr(Job) job = g_list_model_get_item(jobs, i);

        while (r >= 0 && il_group_count(&group) >= N_AT_ONCE) {
            il_task *ended = NULL;

            r = il_group_next(&group, &ended);
            il_task_unref(ended);
        }
        if (r >= 0 && !job->done) /* it may have been cancelled */
            r = il_spawn(&group, run_job, job, NULL);
    }
    /* Waits for the last ones.  The store, the slot's receiver, keeps them. */
    closed = il_group_close(&group);
    return r < 0 ? r : closed;
}

/* start::clicked too: wait for a property of each job. */
static int tell_all_done(il_g_emission *emission, void *label)
{
    g_autoptr(GListModel) jobs = g_object_ref(g_object_get_data(label, "jobs"));
    int n_cancelled = 0;

    (void)emission;
    gtk_label_set_text(label, "");
    for (guint i = 0; i < N_JOBS; i++) {
        g_autoptr(Job) job = g_list_model_get_item(jobs, i);
        g_autofree char *text = NULL;
        int r = il_g_wait_property_boolean(job, "done", TRUE, IL_FOREVER);

        if (r < 0)
            return r;
        n_cancelled += job->progress < 1;
        text = i + 1 < N_JOBS ? g_strdup_printf("%u of %d …", i + 1, N_JOBS)
               : n_cancelled  ? g_strdup_printf("%d cancelled", n_cancelled)
                              : g_strdup("All done.");
        gtk_label_set_text(label, text);
    }
    return 0;
}

/* --- The window ----------------------------------------------------------- */

static GtkWidget *new_row(gpointer item, gpointer data)
{
    Job *job = item;
    g_autofree char *name = g_strdup_printf("Job %d", job->number);
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *label = gtk_label_new(name);
    GtkWidget *progress = gtk_progress_bar_new();
    GtkWidget *status = gtk_label_new(NULL);
    GtkWidget *cancel = gtk_button_new_with_label("Cancel");

    (void)data;
    g_object_set(label, "xalign", 0.0, "width-chars", 7, NULL);
    g_object_set(status, "xalign", 0.0, "width-chars", 9, NULL);
    gtk_widget_add_css_class(status, "dim-label");
    g_object_set(progress, "hexpand", TRUE, "valign", GTK_ALIGN_CENTER, NULL);
    gtk_box_append(GTK_BOX(row), label);
    gtk_box_append(GTK_BOX(row), progress);
    gtk_box_append(GTK_BOX(row), status);
    gtk_box_append(GTK_BOX(row), cancel);

    g_object_bind_property(job, "progress", progress, "fraction",
                           G_BINDING_SYNC_CREATE);
    g_object_bind_property(job, "status", status, "label",
                           G_BINDING_SYNC_CREATE);
    g_object_bind_property(job, "done", cancel, "sensitive",
                           G_BINDING_SYNC_CREATE | G_BINDING_INVERT_BOOLEAN);
    g_signal_connect_object(cancel, "clicked", G_CALLBACK(job_cancel), job,
                            G_CONNECT_SWAPPED);
    return row;
}

static void cancel_all(GListModel *jobs)
{
    for (guint i = 0; i < g_list_model_get_n_items(jobs); i++) {
        g_autoptr(Job) job = g_list_model_get_item(jobs, i);

        job_cancel(job);
    }
}

static void activate(GtkApplication *app)
{
    g_autoptr(GListStore) jobs = g_list_store_new(job_get_type());
    GtkWidget *window = gtk_application_window_new(app);
    GtkWidget *header = gtk_header_bar_new();
    GtkWidget *start = gtk_button_new_with_label("Start");
    GtkWidget *cancel = gtk_button_new_with_label("Cancel all");
    GtkWidget *summary = gtk_label_new(NULL);
    GtkWidget *scroller = gtk_scrolled_window_new();
    GtkWidget *list = gtk_list_box_new();

    gtk_list_box_bind_model(GTK_LIST_BOX(list), G_LIST_MODEL(jobs), new_row,
                            NULL, NULL);
    gtk_list_box_set_selection_mode(GTK_LIST_BOX(list), GTK_SELECTION_NONE);
    gtk_widget_add_css_class(list, "rich-list");
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), list);
    gtk_header_bar_pack_start(GTK_HEADER_BAR(header), start);
    gtk_header_bar_pack_start(GTK_HEADER_BAR(header), cancel);
    gtk_header_bar_pack_end(GTK_HEADER_BAR(header), summary);
    gtk_window_set_titlebar(GTK_WINDOW(window), header);
    gtk_window_set_title(GTK_WINDOW(window), "Jobs");
    gtk_window_set_default_size(GTK_WINDOW(window), 520, 420);
    gtk_window_set_child(GTK_WINDOW(window), scroller);

    il_g_connect(start, "clicked", run_jobs, jobs, IL_G_SKIP_WHILE_BUSY);
    g_object_set_data(G_OBJECT(summary), "jobs", jobs);
    il_g_connect(start, "clicked", tell_all_done, summary, IL_G_RESTART);
    g_signal_connect_object(cancel, "clicked", G_CALLBACK(cancel_all), jobs,
                            G_CONNECT_SWAPPED);
    gtk_window_present(GTK_WINDOW(window));
}

int main(int argc, char **argv)
{
    g_autoptr(GtkApplication) app = NULL;
    int status;

    app = gtk_application_new(NULL, G_APPLICATION_NON_UNIQUE);
    g_signal_connect(app, "activate", G_CALLBACK(activate), NULL);
    status = il_g_application_run(G_APPLICATION(app), argc, argv);
    printf("jobs: closed\n");
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
