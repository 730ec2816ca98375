/* SPDX-License-Identifier: MIT */

/* main.c - interloop-demo: a server, its downloads and a window in one thread.
 *
 * The application's loop runs as in every GTK program; interloop is its guest
 * from il_g_begin() to il_g_end().  The window may be closed at any moment, in
 * the middle of downloads or with a question open.  What still runs then is
 * cancelled and finishes its clean-up inside il_g_end(), and the program checks
 * that nothing is left: no byte, no task, no descriptor, no window. */

#include "demo.h"
#include "descriptors.h"
#include "layout.h"
#include "style.h"
#include "window.h"

#include <interloop/glib.h>

#include <glib-unix.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

struct program {
    GtkApplication *app;
    GtkWindow *window; /* NULL once it has been finalized */
    gboolean print_layout;
    struct demo demo;
};

static void on_activate(GApplication *app, gpointer data)
{
    struct program *program = data;

    if (!program->window) {
        style_load();
        if (program->print_layout)
            layout_enable();
        program->window = demo_window_new(GTK_APPLICATION(app), &program->demo);
        g_object_add_weak_pointer(G_OBJECT(program->window),
                                  (gpointer *)&program->window);
    }
    gtk_window_present(program->window);
}

/* Not g_application_quit(): the application's loop ends by itself when it has
 * no window any more, and the windows end in the usual way. */
static void quit(struct program *program)
{
    if (program->window)
        gtk_window_destroy(program->window);
}

static void on_quit(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    (void)action;
    (void)parameter;
    quit(data);
}

static gboolean on_signal(gpointer data)
{
    quit(data);
    return G_SOURCE_CONTINUE;
}

static int run_application(struct program *program, int argc, char **argv)
{
    static const char *const accels[] = { "<Control>q", NULL };
    static const GActionEntry actions[] = { { .name = "quit",
                                              .activate = on_quit } };
    const GOptionEntry options[] = {
        { "print-layout", 0, 0, G_OPTION_ARG_NONE, &program->print_layout,
          "Tell on stdout where the buttons are", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    guint sigint = g_unix_signal_add(SIGINT, on_signal, program);
    guint sigterm = g_unix_signal_add(SIGTERM, on_signal, program);
    int status;

    program->app =
        gtk_application_new("org.interloop.Demo", G_APPLICATION_NON_UNIQUE);
    g_application_add_main_option_entries(G_APPLICATION(program->app), options);
    g_action_map_add_action_entries(G_ACTION_MAP(program->app), actions,
                                    G_N_ELEMENTS(actions), program);
    gtk_application_set_accels_for_action(program->app, "app.quit", accels);
    g_signal_connect(program->app, "activate", G_CALLBACK(on_activate),
                     program);
    status = g_application_run(G_APPLICATION(program->app), argc, argv);
    g_source_remove(sigint);
    g_source_remove(sigterm);
    return status;
}

static void init_demo(struct demo *demo)
{
    demo->client.port = demo->server.port;
    for (unsigned i = 0; i < CONTENT_N; i++) {
        demo->downloads[i] = (struct download){ .client = &demo->client,
                                                .file = &content_files[i],
                                                .number = i + 1 };
    }
}

/* End the guest and count what is left.  Returns the number of complaints. */
static int end_and_check(struct program *program, il_loop *loop,
                         const struct descriptors *before)
{
    const struct demo *demo = &program->demo;
    struct descriptors after;
    int complaints = 0;
    size_t n_tasks;
    int r;

    printf("tasks at the end: %zu\n", il_loop_count_tasks(loop));
    il_loop_ref(loop); /* to look at it once more */
    r = il_g_end(loop, IL_SEC(5));
    n_tasks = il_loop_count_tasks(loop);
    loop = il_loop_unref(loop);
    g_clear_object(&program->app);
    descriptors_look(&after);

    printf("bytes received: %" PRIu64 " (server sent %" PRIu64 ")\n",
           demo->client.received, demo->server.sent);
    printf("worst frame gap: %.1f ms\n", frames_get_worst_ms(&demo->frames));
    printf("tasks left: %zu\n", n_tasks);
    printf("descriptors left: %d\n", after.n - before->n);
    if (r < 0) {
        fprintf(stderr, "il_g_end: %s\n", il_strerror(r));
        complaints++;
    }
    if (n_tasks > 0) {
        (void)il_dump_tasks(stderr);
        complaints++;
    }
    if (demo->client.received != demo->server.sent) {
        fprintf(stderr, "bytes were lost\n");
        complaints++;
    }
    if (after.n_ours > before->n_ours) {
        fprintf(stderr, "%d sockets were left open\n",
                after.n_ours - before->n_ours);
        complaints++;
    }
    if (program->window) {
        fprintf(stderr, "the window was never freed\n");
        complaints++;
    }
    return complaints;
}

int main(int argc, char **argv)
{
    static struct program program; /* outlives every task */
    struct descriptors before;
    il_loop *loop;
    int complaints;
    int status;
    int r;

    /* Whoever reads this through a pipe wants each line at once. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    setlocale(LC_ALL, "");
    /* Before the count: GTK's connection to the display is not ours. */
    if (!gtk_init_check()) {
        fprintf(stderr, "interloop-demo: there is no display; drive.sh brings "
                        "its own\n");
        return EXIT_FAILURE;
    }
    descriptors_look(&before);

    r = il_g_begin(NULL, &loop);
    if (r >= 0) {
        r = server_start(&program.demo.server, DEMO_NORMAL);
        if (r < 0)
            (void)il_g_end(loop, 0);
    }
    if (r < 0) {
        fprintf(stderr, "interloop-demo: %s\n", il_strerror(r));
        return EXIT_FAILURE;
    }
    init_demo(&program.demo);
    status = run_application(&program, argc, argv);
    complaints = end_and_check(&program, loop, &before);
    return status != 0 || complaints > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
