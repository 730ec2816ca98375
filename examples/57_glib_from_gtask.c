/* SPDX-License-Identifier: MIT */

/* 57_glib_from_gtask.c - a chain of callbacks, and the same as a task.
 *
 * Both copy a file with GIO and can be cancelled.  The first is a GTask and two
 * callbacks that hand a struct along; the second is a function.  doc/gtask.md
 * quotes the marked parts. */

#include <interloop/glib.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* before { */
struct copying {
    GFile *to;
    char *text;
};

static void copying_free(gpointer data)
{
    struct copying *copying = data;

    g_object_unref(copying->to);
    g_free(copying->text);
    g_free(copying);
}

static void on_replaced(GObject *to, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    GError *error = NULL;

    if (g_file_replace_contents_finish(G_FILE(to), result, NULL, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static void on_loaded(GObject *from, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    struct copying *copying = g_task_get_task_data(task);
    GError *error = NULL;
    gsize size;

    if (!g_file_load_contents_finish(G_FILE(from), result, &copying->text,
                                     &size, NULL, &error)) {
        g_task_return_error(task, error);
        return;
    }
    g_file_replace_contents_async(
        copying->to, copying->text, size, NULL, FALSE, G_FILE_CREATE_NONE,
        g_task_get_cancellable(task), on_replaced, g_object_ref(task));
}

static void copy_async(GFile *from, GFile *to, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer data)
{
    GTask *task = g_task_new(from, cancellable, callback, data);
    struct copying *copying = g_new0(struct copying, 1);

    copying->to = g_object_ref(to);
    g_task_set_task_data(task, copying, copying_free);
    g_file_load_contents_async(from, cancellable, on_loaded, task);
}

static gboolean copy_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
/* before } */

/* after { */
static int copy(GFile *from, GFile *to)
{
    g_autofree char *text = NULL;
    il_g_call call = IL_G_CALL_INIT;
    GError *error = NULL;
    gsize size = 0;
    int r;

    g_file_load_contents_async(from, il_g_call_cancellable(&call),
                               il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0) {
        g_file_load_contents_finish(from, call.result, &text, &size, NULL,
                                    &error);
        r = il_g_propagate(error); /* 0 if there is none */
    }
    il_g_call_clear(&call);
    if (r < 0)
        return r;

    g_file_replace_contents_async(
        to, text, size, NULL, FALSE, G_FILE_CREATE_NONE,
        il_g_call_cancellable(&call), il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0) {
        g_file_replace_contents_finish(to, call.result, NULL, &error);
        r = il_g_propagate(error);
    }
    il_g_call_clear(&call);
    return r;
}
/* after } */

/* export { */
struct paths {
    GFile *from;
    GFile *to;
};

static void paths_free(gpointer data)
{
    struct paths *paths = data;

    g_object_unref(paths->from);
    g_object_unref(paths->to);
    g_free(paths);
}

static int copy_body(il_g_task *task, gpointer data)
{
    struct paths *paths = data;

    il_g_task_return_boolean(task, TRUE);
    return copy(paths->from, paths->to); /* an error counts instead of TRUE */
}

static void copy_by_task_async(GFile *from, GFile *to,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
    struct paths *paths = g_new(struct paths, 1);

    paths->from = g_object_ref(from);
    paths->to = g_object_ref(to);
    il_g_task_run(from, copy_by_task_async, cancellable, callback, data,
                  copy_body, paths, paths_free);
}
/* export } */

/* Both have the same signature and the same _finish, so users need not change. */
typedef void copy_fn(GFile *from, GFile *to, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data);

static int try_out(const char *name, copy_fn *start, GFile *from, GFile *to)
{
    g_autofree char *text = NULL;
    il_g_call call = IL_G_CALL_INIT;
    GError *error = NULL;
    int r;

    start(from, to, il_g_call_cancellable(&call), il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0) {
        copy_finish(call.result, &error);
        r = il_g_propagate(error);
    }
    il_g_call_clear(&call);
    if (r == 0 && g_file_load_contents(to, NULL, &text, NULL, NULL, NULL))
        printf("%s: %s\n", name, text);
    (void)g_file_delete(to, NULL, NULL);
    return r;
}

/* cancellable { */
static int wait_for_ever(GCancellable *cancellable)
{
    int r = 0;

    IL_G_CANCELLABLE (cancellable, &r) {
        r = il_sleep(IL_FOREVER);
    }
    return r;
}
/* cancellable } */

static gboolean press_cancel(gpointer cancellable)
{
    g_cancellable_cancel(cancellable);
    return G_SOURCE_REMOVE;
}

static int be_cancelled(void)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    int r;

    g_timeout_add(10, press_cancel, cancellable);
    r = wait_for_ever(cancellable);
    printf("cancelled: %s\n", il_strerror(r));
    return r == -ECANCELED ? 0 : r;
}

/* stop { */
struct search {
    il_scope *running; /* NULL: there is nothing to stop */
};

static gboolean press_stop(gpointer data)
{
    struct search *search = data;

    if (search->running)
        il_scope_cancel(search->running);
    return G_SOURCE_REMOVE;
}

static int run_search(struct search *search)
{
    il_scope scope;
    int r = il_scope_enter(&scope, IL_FOREVER);

    if (r < 0)
        return r;
    search->running = &scope;
    r = il_sleep(IL_FOREVER);
    search->running = NULL;
    r = il_scope_leave(&scope, r); /* 0 if the button did it */
    if (il_scope_is_cancelled(&scope))
        printf("stopped\n");
    return r;
}
/* stop } */

static int be_stopped(void)
{
    struct search search = { NULL };

    g_timeout_add(10, press_stop, &search);
    return run_search(&search);
}

/* together { */
static int tick(void *arg)
{
    const char *name = arg;
    int r = 0;

    for (int i = 1; i <= 2 && r == 0; i++) {
        r = il_sleep(IL_MS(10)); /* instead of g_timeout_add() */
        if (r == 0)
            printf("%s %d\n", name, i);
    }
    return r;
}

static int both(void)
{
    char one[] = "one";
    char two[] = "two";
    il_call calls[] = {
        { .fn = tick, .arg = one },
        { .fn = tick, .arg = two },
    };

    return il_gather(calls, 2); /* a callback that counts others: no more */
}
/* together } */

static int story(void *main_loop)
{
    g_autofree char *folder = g_dir_make_tmp("copy-XXXXXX", NULL);
    g_autoptr(GFile) top = g_file_new_for_path(folder ? folder : "/nowhere");
    g_autoptr(GFile) from = g_file_get_child(top, "from");
    g_autoptr(GFile) to = g_file_get_child(top, "to");
    int r = -EIO;

    if (g_file_replace_contents(from, "a letter", 8, NULL, FALSE,
                                G_FILE_CREATE_NONE, NULL, NULL, NULL))
        r = try_out("GTask", copy_async, from, to);
    if (r >= 0)
        r = try_out("task", copy_by_task_async, from, to);
    (void)g_file_delete(from, NULL, NULL);
    (void)g_file_delete(top, NULL, NULL);
    if (r >= 0)
        r = be_cancelled();
    if (r >= 0)
        r = be_stopped();
    if (r >= 0)
        r = both();
    g_main_loop_quit(main_loop);
    return r;
}

int main(void)
{
    GMainLoop *main_loop = g_main_loop_new(NULL, FALSE);
    il_task *task = NULL;
    il_loop *loop;
    int result = -ECANCELED;
    int r = il_g_begin(NULL, &loop);

    if (r >= 0) {
        /* Lazy, so that it cannot end before the loop runs that it quits. */
        r = il_spawn_lazy(NULL, story, main_loop, &task);
        if (r >= 0)
            g_main_loop_run(main_loop);
        if (r >= 0)
            (void)il_task_try_join(task, &result);
        task = il_task_unref(task);
        (void)il_g_end(loop, IL_SEC(5));
    }
    g_main_loop_unref(main_loop);
    if (r < 0 || result < 0)
        fprintf(stderr, "57_glib_from_gtask: %s\n",
                il_strerror(r < 0 ? r : result));
    return r < 0 || result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
