/* SPDX-License-Identifier: MIT */

/* kitchen.c - a library whose operation is an exported task, and its caller. */

#include "kitchen.h"

#include <errno.h>

int n_destroyed;
bool body_over;

int cook(il_g_task *task, gpointer data)
{
    struct order *order = data;
    int r = order->cook(task, order);

    CHECK_INT(*order->n_destroyed, 0);
    if (order->over)
        *order->over = true;
    return r;
}

void order_destroy(gpointer data)
{
    struct order *order = data;

    CHECK(order->thread == g_thread_self());
    ++*order->n_destroyed;
    g_free(order);
}

void kitchen_async(gpointer source, int (*body)(il_g_task *, struct order *),
                   GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer data)
{
    struct order *order = g_new0(struct order, 1);

    order->cook = body;
    order->thread = g_thread_self();
    order->n_destroyed = &n_destroyed;
    order->over = &body_over;
    n_destroyed = 0;
    body_over = false;
    il_g_task_run(source, kitchen_async, cancellable, callback, data, cook,
                  order, order_destroy);
}

void served(GObject *source, GAsyncResult *result, gpointer data)
{
    struct guest *guest = data;
    il_loop *loop = il_loop_current();

    CHECK(il_task_current() == NULL);
    CHECK_INT(n_destroyed, 1);
    guest->source = source;
    guest->result = g_object_ref(result);
    guest->n_called++;
    guest->called = true;
    if (guest->end_the_loop)
        guest->ended = il_g_end(loop, IL_SEC(5));
}

GTask *take(struct guest *guest)
{
    GTask *gtask = G_TASK(guest->result);

    assert_true(g_task_is_valid(gtask, NULL));
    assert_true(g_async_result_is_tagged(guest->result,
                                         (gpointer)(void *)kitchen_async));
    *guest = (struct guest){ .result = NULL };
    return gtask;
}

int take_error(struct guest *guest)
{
    GTask *gtask = take(guest);
    g_autoptr(GError) error = NULL;

    assert_int_equal(g_task_propagate_int(gtask, &error), -1);
    g_object_unref(gtask);
    assert_non_null(error);
    return error->domain == G_IO_ERROR ? error->code : -1;
}

gpointer cancel_some_time(gpointer cancellable)
{
    if (g_random_int_range(0, 4) > 0)
        g_usleep((gulong)g_random_int_range(0, 60));
    g_cancellable_cancel(cancellable);
    g_object_unref(cancellable);
    return NULL;
}
