/* SPDX-License-Identifier: MIT */
#ifndef GLIB_KITCHEN_H
#define GLIB_KITCHEN_H

/* kitchen.h - a library whose operation is an exported task, and its caller. */

#include "guest_fixture.h"

/* --- The library -------------------------------------------------------------- */

struct order {
    int (*cook)(il_g_task *task, struct order *order); /* the body */
    GThread *thread;
    bool *over;
    int *n_destroyed;
};

/* Of the order that was given last. */
extern int n_destroyed;
extern bool body_over;

/* The body of the exported task, for an order. */
int cook(il_g_task *task, gpointer order);
/* Its GDestroyNotify. */
void order_destroy(gpointer order);

void kitchen_async(gpointer source, int (*body)(il_g_task *, struct order *),
                   GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer data);

/* --- A caller ------------------------------------------------------------------- */

struct guest {
    GAsyncResult *result; /* a reference */
    GObject *source;
    int n_called;
    bool called;
    bool end_the_loop; /* in the callback */
    int ended;         /* what that came to */
};

/* A GAsyncReadyCallback; the data is a guest. */
void served(GObject *source, GAsyncResult *result, gpointer guest);

/* Take what came back, ready for the next meal.  The caller unrefs it. */
GTask *take(struct guest *guest);

/* The error that ended it, as code of G_IO_ERROR; -1 for another domain. */
int take_error(struct guest *guest);

/* Cancels the cancellable after a random time and drops a reference to it. */
gpointer cancel_some_time(gpointer cancellable);

#endif
