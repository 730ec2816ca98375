/* SPDX-License-Identifier: MIT */

/* uses_glib.c - as uses.c, for the macros of the GLib headers. */

#include <interloop/glib.h>

void use_async(gpointer object, GAsyncReadyCallback callback);
int use_glib(gpointer object);

static int slot(il_g_emission *emission, void *receiver)
{
    (void)receiver;
    return il_g_emission_get_boolean(emission, 0);
}

static int method(void *receiver, il_g_emission *emission)
{
    return slot(emission, receiver);
}

static int work(il_g_task *task, gpointer data)
{
    (void)data;
    return il_g_task_get_cancellable(task) != NULL;
}

void use_async(gpointer object, GAsyncReadyCallback callback)
{
    il_g_task_run(object, use_async, NULL, callback, NULL, work, NULL, NULL);
    il_g_task_run(object, NULL, NULL, callback, NULL, work, NULL, NULL);
}

int use_glib(gpointer object)
{
    il_g_call call = IL_G_CALL_INIT;
    gulong id[3];
    int r = 0;

    id[0] = il_g_connect(object, "a", slot, NULL, IL_G_QUEUE | IL_G_AFTER);
    id[1] = il_g_connect_swapped(object, "a", method, object, IL_G_PARALLEL);
    id[2] = il_g_connect_data(object, "a", slot, object, NULL, 0);
    IL_G_CANCELLABLE (NULL, &r) {
        r = il_g_call_wait(&call);
    }
    il_g_call_clear(&call);
    return id[0] && id[1] && id[2] ? r : -1;
}
