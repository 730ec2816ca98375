/* SPDX-License-Identifier: MIT */

/* call.c - any pair of GIO functions, _async and _finish, as one wait.
 *
 * The operation's callback points at a struct on the waiting task's stack, so
 * the task cannot leave before it was called.  GIO promises that it will be,
 * soon after a cancel.  Hence a cancelled wait cancels the operation and goes
 * on, behind a shield. */

#include "config.h"

#include "host/glib/bridge.h"

#include <errno.h>

GCancellable *il_g_call_cancellable(il_g_call *call)
{
    if (!call)
        return NULL;
    if (!call->cancellable)
        call->cancellable = g_cancellable_new();
    return call->cancellable;
}

void il_g_call_ready(GObject *source, GAsyncResult *result, gpointer data)
{
    ili_g_bridge *bridge = ili_g_bridge_get();
    il_g_call *call = data;

    (void)source;
    if (il_future_is_done(&call->called_back))
        return; /* once is all that GIO promises */
    call->result = g_object_ref(result);
    (void)il_future_set(&call->called_back, 0, NULL);
    if (bridge && !bridge->ending && G_IS_TASK(result))
        ili_g_bridge_turn(bridge);
}

/* The task was cancelled: so is the operation, and now it must call back. */
static int wait_for_the_end(il_g_call *call)
{
    il_scope shield;
    int r;

    if (call->cancellable)
        g_cancellable_cancel(call->cancellable);
    r = il_scope_enter_shield(&shield, IL_FOREVER);
    if (r < 0)
        return r;
    r = il_future_wait(&call->called_back, NULL, NULL);
    r = il_scope_leave(&shield, r);
    if (r < 0)
        return r;

    /* It may have succeeded in the meantime: a value that is there wins. */
    if (!G_IS_TASK(call->result) || !g_task_had_error(G_TASK(call->result)))
        return 0;
    g_clear_object(&call->result);
    return -ECANCELED;
}

/* We cannot wait here, but cannot leave either: the operation would write to a
 * frame that is gone.  So the context is iterated until it has called back. */
static void end_without_waiting(il_g_call *call)
{
    GMainContext *context;

    if (!call->cancellable)
        return; /* whether anything was begun cannot be known */
    g_cancellable_cancel(call->cancellable);
    context = g_main_context_ref_thread_default(); /* where GIO calls back */
    while (!il_future_is_done(&call->called_back))
        (void)g_main_context_iteration(context, TRUE);
    g_main_context_unref(context);
}

int il_g_call_wait(il_g_call *call)
{
    ili_g_bridge *bridge = ili_g_bridge_get();
    int r;

    if (!call)
        return -EINVAL;
    if (bridge)
        ili_g_bridge_count_call(bridge, 1);
    r = il_future_wait(&call->called_back, NULL, NULL);
    if (r == -ECANCELED)
        r = wait_for_the_end(call);
    if (r < 0 && r != -ECANCELED)
        end_without_waiting(call);
    if (bridge)
        ili_g_bridge_count_call(bridge, -1);
    return r;
}

void il_g_call_clear(il_g_call *call)
{
    if (!call)
        return;
    g_clear_object(&call->result);
    g_clear_object(&call->cancellable);
    il_future_fini(&call->called_back);
}
