/* SPDX-License-Identifier: MIT */

/* carry.c - what happens to an object in another thread is told in ours.
 *
 * A signal may be emitted, and a last reference dropped, in any thread; tasks
 * live in one.  What has to be known is copied into a message and posted. */

#include "config.h"

#include "host/glib/bridge.h"

typedef struct message {
    il_callback callback;
    il_loop *loop; /* a reference */
    ili_g_carried_fn *fn;
    gpointer target;
    GValue *values; /* copies */
    guint n_values;
} message;

static void message_free(message *m)
{
    for (guint i = 0; i < m->n_values; i++)
        g_value_unset(&m->values[i]);
    g_free(m->values);
    (void)il_loop_unref(m->loop);
    g_free(m);
}

static void deliver(void *data)
{
    message *m = data;

    m->fn(m->target, m->values, m->n_values);
    message_free(m);
}

gboolean ili_g_carry(il_loop *loop, ili_g_carried_fn *fn, gpointer target,
                     const GValue *values, guint n_values)
{
    message *m = g_new0(message, 1);

    m->callback = (il_callback)IL_CALLBACK_INIT(deliver, m);
    m->loop = il_loop_ref(loop);
    m->fn = fn;
    m->target = target;
    m->n_values = n_values;
    m->values = g_new0(GValue, n_values + 1);
    for (guint i = 0; i < n_values; i++) {
        g_value_init(&m->values[i], G_VALUE_TYPE(&values[i]));
        g_value_copy(&values[i], &m->values[i]);
    }
    if (il_post_threadsafe(loop, &m->callback) == 0)
        return TRUE;
    message_free(m);
    return FALSE;
}
