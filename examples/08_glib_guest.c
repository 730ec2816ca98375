/* SPDX-License-Identifier: MIT */

/* 08_glib_guest.c - tasks in a GLib program that runs its own GMainLoop.
 *
 * A door emits "knock".  The slot that answers is a task: it reads a letter
 * with GIO in the middle of its code, and the next knock waits in a queue until
 * it has ended.  The program's other task knocks, and waits for a signal. */

#include <interloop/glib.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define EXAMPLE_TYPE_DOOR (door_get_type())
G_DECLARE_FINAL_TYPE(Door, door, EXAMPLE, DOOR, GObject)

struct _Door {
    GObject parent;
    int n_letters;
};

G_DEFINE_TYPE(Door, door, G_TYPE_OBJECT)

static void door_class_init(DoorClass *class)
{
    GType type = G_TYPE_FROM_CLASS(class);

    g_signal_new("knock", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_FILE);
    g_signal_new("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, G_TYPE_INT);
}

static void door_init(Door *self)
{
    (void)self;
}

/* Any pair of GIO functions can be waited for like this. */
static int read_letter(GFile *file, char **ret_text)
{
    g_autoptr(GError) error = NULL;
    il_g_call call = IL_G_CALL_INIT;
    int r;

    g_file_load_contents_async(file, il_g_call_cancellable(&call),
                               il_g_call_ready, &call);
    r = il_g_call_wait(&call);
    if (r >= 0 && !g_file_load_contents_finish(file, call.result, ret_text,
                                               NULL, NULL, &error)) {
        printf("  no letter: %s\n", error->message);
        r = -EIO;
    }
    il_g_call_clear(&call);
    return r;
}

/* The emission's arguments stay valid as long as the slot runs. */
static int on_knock(il_g_emission *emission, void *receiver)
{
    Door *door = il_g_emission_get_sender(emission);
    const char *who = il_g_emission_get_string(emission, 0);
    GFile *file = il_g_emission_get_object(emission, 1);
    g_autofree char *text = NULL;
    int r;

    (void)receiver; /* nobody in particular */
    printf("  %s knocks\n", who);
    r = read_letter(file, &text);
    if (r < 0)
        return r;

    printf("  %s brings a letter: %s\n", who, text);
    if (++door->n_letters == 2)
        g_signal_emit_by_name(door, "closed", door->n_letters);
    return 0;
}

static int knock_and_wait(Door *door, GFile *file)
{
    il_g_emission *closed;
    int r;

    printf("two visitors\n");
    g_signal_emit_by_name(door, "knock", "the postman", file);
    g_signal_emit_by_name(door, "knock", "the neighbour", file);
    printf("both have knocked\n");

    r = il_g_wait_signal(door, "closed", IL_SEC(10), &closed);
    if (r < 0)
        return r;
    printf("the door is closed after %d letters\n",
           (int)il_g_emission_get_int(closed, 0));
    il_g_emission_free(closed);

    r = il_g_wait_signal(door, "knock", IL_MS(20), NULL);
    printf("nobody else comes: %s\n", il_strerror(r));
    return r == -ETIMEDOUT ? 0 : r;
}

static int story(void *main_loop)
{
    g_autoptr(Door) door = g_object_new(EXAMPLE_TYPE_DOOR, NULL);
    g_autoptr(GFileIOStream) stream = NULL;
    g_autoptr(GFile) file = g_file_new_tmp("letter-XXXXXX", &stream, NULL);
    int r = -EIO;

    /* One answers at a time; who comes meanwhile waits. */
    il_g_connect(door, "knock", on_knock, NULL, IL_G_QUEUE);
    if (file && g_file_replace_contents(file, "Dear all,", 9, NULL, FALSE,
                                        G_FILE_CREATE_NONE, NULL, NULL, NULL))
        r = knock_and_wait(door, file);
    if (file)
        (void)g_file_delete(file, NULL, NULL);
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
        printf("ending: %s\n", il_strerror(il_g_end(loop, IL_SEC(5))));
    }
    g_main_loop_unref(main_loop);
    if (r < 0 || result < 0)
        fprintf(stderr, "08_glib_guest: %s\n", il_strerror(r < 0 ? r : result));
    return r < 0 || result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
