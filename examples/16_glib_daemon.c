/* SPDX-License-Identifier: MIT */

/* 16_glib_daemon.c - tasks in a GLib daemon that was there before.
 *
 * The daemon is written as such programs are: options, a socket service, lines
 * read by callbacks, a source and a timeout of its own, SIGTERM.  Two of its
 * commands take several steps, and these became tasks.  NEW marks what was
 * added for that; no line of the old program was changed. */

#include <interloop/glib.h> /* NEW */

#include <glib-unix.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

typedef struct session {
    GSocketConnection *connection;
    GDataInputStream *input;
    il_task *job; /* NEW: the last task that it started, or NULL */
} session;

static GMainLoop *main_loop;
static GQueue journal = G_QUEUE_INIT; /* lines that are not written yet */
static GString *answers;              /* to the client */
static int seconds = 60;
static const GOptionEntry options[] = {
    { "seconds", 's', 0, G_OPTION_ARG_INT, &seconds, "Stop after", "N" },
    { 0 },
};

#define report(...) g_queue_push_tail(&journal, g_strdup_printf(__VA_ARGS__))

static gboolean journal_prepare(GSource *source, int *timeout_ms)
{
    (void)source;
    *timeout_ms = -1;
    return !g_queue_is_empty(&journal);
}

static gboolean journal_dispatch(GSource *s, GSourceFunc fn, gpointer data)
{
    (void)s, (void)fn, (void)data;
    for (char *line; (line = g_queue_pop_head(&journal)) != NULL; g_free(line))
        puts(line);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs journal_funcs = { .prepare = journal_prepare,
                                      .dispatch = journal_dispatch };

static gboolean on_stop(gpointer why)
{
    report("stopped by %s", (const char *)why);
    g_main_loop_quit(main_loop);
    return G_SOURCE_CONTINUE;
}

static void answer(session *s, const char *text)
{
    (void)g_output_stream_printf(
        g_io_stream_get_output_stream(G_IO_STREAM(s->connection)), NULL, NULL,
        NULL, "%s\n", text);
}

static session *session_new(GSocketConnection *connection)
{
    session *s = g_rc_box_new0(session);

    s->connection = g_object_ref(connection);
    s->input = g_data_input_stream_new(
        g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    return s;
}

static void session_clear(gpointer data)
{
    session *s = data;

    il_task_unref(s->job); /* NEW */
    g_object_unref(s->input);
    g_object_unref(s->connection);
}

/* NEW: a task that calls old code.  Its first step runs inside on_line(), so
 * it can take its reference by itself. */
static int fetch(void *arg)
{
    session *s = g_rc_box_acquire(arg);
    int r = 0;

    for (int page = 1; r == 0 && page <= 3; page++) {
        report("fetch: page %d", page);
        r = il_sleep(IL_MS(5));
    }
    if (r == 0)
        answer(s, "fetched");
    g_rc_box_release_full(s, session_clear);
    return r;
}

/* NEW: a task that SIGTERM finds at work: il_g_end() cancels it and waits. */
static int backup(void *arg)
{
    int clean = 0, r;

    answer(arg, "begun");
    r = il_sleep(IL_SEC(60));
    report("backup: %s", il_strerror(r));
    IL_SHIELD (IL_SEC(2), &clean) {
        clean = il_sleep(IL_MS(20)); /* no half of it is left behind */
    }
    report("backup: cleaned up, %s", il_strerror(clean));
    return r;
}

static void on_line(GObject *source, GAsyncResult *result, gpointer data)
{
    session *s = data;
    g_autofree char *line = g_data_input_stream_read_line_finish(
        G_DATA_INPUT_STREAM(source), result, NULL, NULL);

    if (!line) {    /* the client has gone */
        if (s->job) /* NEW */
            (void)il_task_cancel(s->job);
        g_rc_box_release_full(s, session_clear);
        return;
    }
    report("asked for %s", line);
    s->job = il_task_unref(s->job); /* NEW */
    if (strcmp(line, "hello") == 0)
        answer(s, "hello");
    else if (strcmp(line, "fetch") == 0) /* NEW */
        (void)il_spawn(NULL, fetch, s, &s->job);
    else if (strcmp(line, "backup") == 0) /* NEW */
        (void)il_spawn(NULL, backup, s, &s->job);
    else
        answer(s, "what?");
    g_data_input_stream_read_line_async(s->input, 0, NULL, on_line, s);
}

static gboolean on_incoming(gpointer service, GSocketConnection *c)
{
    session *s = session_new(c);

    (void)service;
    g_data_input_stream_read_line_async(s->input, 0, NULL, on_line, s);
    return TRUE;
}

/* The client: asks, ends the daemon, returns its session to be closed. */
static gpointer client(gpointer port)
{
    static const char *const lines[] = { "hello", "fetch", "why", "backup" };
    g_autoptr(GSocketClient) net = g_socket_client_new();
    g_autoptr(GSocketConnection) c = g_socket_client_connect_to_host(
        net, "127.0.0.1", (guint16)GPOINTER_TO_UINT(port), NULL, NULL);
    session *s = session_new(c);

    answers = g_string_new("the client got");
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *line = NULL;

        answer(s, lines[i]);
        line = g_data_input_stream_read_line(s->input, NULL, NULL, NULL);
        g_string_append_printf(answers, " %s", line ? line : "-");
    }
    (void)kill(getpid(), SIGTERM);
    return s;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GSocketService) service = g_socket_service_new();
    GSocketListener *listener = G_SOCKET_LISTENER(service);
    GSource *source = g_source_new(&journal_funcs, sizeof *source);
    GThread *thread;
    guint port;
    il_loop *loop; /* NEW */

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, NULL))
        return 2;
    if (il_g_begin(NULL, &loop) < 0) /* NEW */
        return 1;
    main_loop = g_main_loop_new(NULL, FALSE);
    g_source_attach(source, NULL);
    g_unix_signal_add(SIGTERM, on_stop, (gpointer) "SIGTERM");
    g_timeout_add_seconds((guint)seconds, on_stop, (gpointer) "--seconds");
    g_signal_connect(service, "incoming", G_CALLBACK(on_incoming), NULL);
    port = g_socket_listener_add_any_inet_port(listener, NULL, NULL);
    thread = g_thread_new("client", client, GUINT_TO_POINTER(port));
    g_main_loop_run(main_loop);

    report("ended: %s", il_strerror(il_g_end(loop, IL_SEC(5)))); /* NEW */
    g_rc_box_release_full(g_thread_join(thread), session_clear);
    report("%s", answers->str);
    (void)journal_dispatch(source, NULL, NULL);
    return 0;
}
