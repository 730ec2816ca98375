/* SPDX-License-Identifier: MIT */

/* context.c - the thread-default main context belongs to the task.
 *
 * GLib keeps a stack of contexts for each thread, and GIO calls back in the
 * topmost.  A task that pushes one and waits must not lend it to whoever runs
 * meanwhile: what it has pushed is popped when it gives up the thread, and
 * pushed again when it gets it back.  GLib cannot be asked how many contexts
 * there are, so each task remembers which one was on top when it began. */

#include "config.h"

#include "host/glib/bridge.h"

/* GIO calls back in the thread-default context, and in a thread that has none
 * that is the process's default one: in another thread, if ours is not that. */
static gboolean gets_context(const ili_g_bridge *bridge, void *const *slots)
{
    return !slots[0] && !bridge->is_default;
}

/* slots[0]: the thread-default context that was there when the task got the
 * thread; slots[1]: a GSList of those it has pushed since, innermost last;
 * slots[ILI_G_SLOT_ERROR]: see gerror.c. */
void ili_g_context_suspend(void *data, void **slots)
{
    const ili_g_bridge *bridge = data;
    GMainContext *top = g_main_context_get_thread_default();

    while (top && top != slots[0]) {
        GMainContext *popped = g_main_context_ref(top);

        g_main_context_pop_thread_default(popped);
        top = g_main_context_get_thread_default();
        if (!top && popped == bridge->context && gets_context(bridge, slots))
            g_main_context_unref(popped); /* nothing to remember */
        else
            slots[1] = g_slist_prepend(slots[1], popped);
    }
}

void ili_g_context_resume(void *data, void **slots)
{
    const ili_g_bridge *bridge = data;

    slots[0] = g_main_context_get_thread_default();
    if (gets_context(bridge, slots))
        g_main_context_push_thread_default(bridge->context);
    while (slots[1]) {
        GSList *first = slots[1];

        g_main_context_push_thread_default(first->data);
        g_main_context_unref(first->data);
        slots[1] = g_slist_delete_link(first, first);
    }
}

/* GLib takes long to answer, and most tasks have pushed nothing: then the one
 * answer is what both have found. */
void ili_g_context_hand_over(void *data, void **from, void **to)
{
    GMainContext *top = g_main_context_get_thread_default();

    if (G_LIKELY(top == from[0] && !to[1] && !gets_context(data, from))) {
        to[0] = top;
    } else {
        ili_g_context_suspend(data, from);
        ili_g_context_resume(data, to);
    }
}

/* What the task has pushed and forgotten must not stay for others. */
void ili_g_context_task_ended(void *data, void **slots)
{
    GMainContext *top = g_main_context_get_thread_default();

    (void)data;
    for (; top && top != slots[0]; top = g_main_context_get_thread_default())
        g_main_context_pop_thread_default(top);
    if (slots[ILI_G_SLOT_ERROR])
        g_error_free(slots[ILI_G_SLOT_ERROR]);
}
