/* SPDX-License-Identifier: MIT */

/* 18_glib_async_api.c - a library whose callers need not know of tasks.
 *
 * The bakery offers bake_async() and bake_finish(), as GIO does for all that
 * takes long; inside, each is a task that reads like a recipe.  One customer
 * uses callbacks.  The other is a task itself and waits with il_g_call. */

#include <interloop/glib.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* --- The library ---------------------------------------------------------- */

/* Reading is GIO's; its error goes up as a code, the task keeps the words. */
static int read_recipe(const char *path)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autofree char *text = NULL;
    il_g_call call = IL_G_CALL_INIT;
    GError *error = NULL;
    int r;

    g_file_load_contents_async(file, il_g_call_cancellable(&call),
                               il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0 && !g_file_load_contents_finish(file, call.result, &text, NULL,
                                               NULL, &error))
        r = il_g_propagate(error);
    il_g_call_clear(&call);
    return r;
}

static int bake(il_g_task *task, gpointer data)
{
    const char *bread = data;
    int cooled = 0;
    int r = 0;

    if (g_str_equal(bread, "cake"))
        r = read_recipe("/nowhere/cake.txt");
    if (r < 0)
        return r;

    printf("  %s is in the oven\n", bread);
    r = il_sleep(g_str_equal(bread, "sourdough") ? IL_SEC(60) : IL_MS(5));
    IL_SHIELD (IL_SEC(1), &cooled) {
        cooled = il_sleep(IL_MS(5)); /* whatever has happened */
        printf("  the oven is off\n");
    }
    if (r == 0)
        il_g_task_return_pointer(task, g_strdup_printf("a warm %s", bread),
                                 g_free);
    return r;
}

static void bake_async(const char *bread, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer data)
{
    il_g_task_run(NULL, bake_async, cancellable, callback, data, bake,
                  g_strdup(bread), g_free);
}

static char *bake_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

/* --- A customer with callbacks -------------------------------------------- */

static void on_baked(GObject *source, GAsyncResult *result, gpointer main_loop)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bread = bake_finish(result, &error);

    (void)source;
    if (bread)
        printf("called back: %s\n", bread);
    else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        printf("called back: cancelled\n");
    else
        printf("called back: %s\n", error->message);
    g_main_loop_quit(main_loop);
}

static gboolean lose_patience(gpointer cancellable)
{
    printf("the customer leaves\n");
    g_cancellable_cancel(cancellable);
    return G_SOURCE_REMOVE;
}

static void buy(const char *bread, GMainLoop *main_loop)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();

    bake_async(bread, cancellable, on_baked, main_loop);
    printf("%s is ordered\n", bread);
    if (g_str_equal(bread, "sourdough"))
        g_timeout_add(20, lose_patience, cancellable);
    g_main_loop_run(main_loop);
}

/* --- A customer that is a task -------------------------------------------- */

static int fetch(const char *bread)
{
    il_g_call call = IL_G_CALL_INIT;
    g_autofree char *got = NULL;
    GError *error = NULL;
    int r;

    bake_async(bread, il_g_call_cancellable(&call), il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r == 0) {
        got = bake_finish(call.result, &error);
        r = il_g_propagate(error);
    }
    il_g_call_clear(&call);
    if (r == 0)
        printf("waited for: %s\n", got);
    return r;
}

static int customer(void *main_loop)
{
    g_autoptr(GError) error = NULL;
    int r = fetch("roll");

    if (r == 0)
        r = fetch("cake");
    error = il_g_error_from(r);
    printf("no cake, %s: %s\n", il_strerror(r), error ? error->message : "?");

    IL_TIMEOUT (IL_MS(20), &r) {
        r = fetch("sourdough");
    }
    printf("no sourdough: %s\n", il_strerror(r));
    g_main_loop_quit(main_loop);
    return r == -ETIMEDOUT ? 0 : r;
}

int main(void)
{
    GMainLoop *main_loop = g_main_loop_new(NULL, FALSE);
    il_loop *loop;
    int r = il_g_begin(NULL, &loop);

    if (r >= 0) {
        buy("loaf", main_loop);
        buy("cake", main_loop);
        buy("sourdough", main_loop);
        r = il_spawn_lazy(NULL, customer, main_loop, NULL);
        if (r >= 0)
            g_main_loop_run(main_loop);
        printf("ending: %s\n", il_strerror(il_g_end(loop, IL_SEC(5))));
    }
    g_main_loop_unref(main_loop);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
