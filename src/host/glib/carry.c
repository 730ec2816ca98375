/* SPDX-License-Identifier: MIT */

/* carry.c - what happens to an object in another thread is told in ours.
 *
 * A signal may be emitted, and a last reference dropped, in any thread; tasks
 * live in one.  What has to be known is copied into a message and posted.  Who
 * gets it may move the emission out, so that this is the only copy. */

#include "config.h"

#include "host/glib/bridge.h"

typedef struct message {
    il_callback callback;
    il_loop *loop; /* a reference */
    ili_g_carried_fn *fn;
    gpointer target;
    il_g_emission said; /* without a sender: none */
} message;

static void message_free(message *m)
{
    ili_g_emission_fini(&m->said);
    g_clear_object(&m->said.sender);
    (void)il_loop_unref(m->loop);
    g_free(m);
}

static void deliver(void *data)
{
    message *m = data;

    m->fn(m->target, m->said.sender ? &m->said : NULL);
    message_free(m);
}

gboolean ili_g_carry(il_loop *loop, ili_g_carried_fn *fn, gpointer target,
                     il_g_emission *said)
{
    message *m = g_new0(message, 1);

    m->callback = (il_callback)IL_CALLBACK_INIT(deliver, m);
    m->loop = il_loop_ref(loop);
    m->fn = fn;
    m->target = target;
    if (said) {
        ili_g_emission_move(&m->said, said);
        g_object_ref(m->said.sender);
    }
    if (il_post_threadsafe(loop, &m->callback) == 0)
        return TRUE;
    message_free(m);
    return FALSE;
}
