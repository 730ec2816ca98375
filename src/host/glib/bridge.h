/* SPDX-License-Identifier: MIT */
#ifndef ILI_HOST_GLIB_BRIDGE_H
#define ILI_HOST_GLIB_BRIDGE_H

/* bridge.h - what the files of the GLib bridge share.
 *
 * The bridge is a library of its own and uses nothing of libinterloop but its
 * public headers. */

#include <interloop/glib.h>

#define ILI_CONTAINER_OF(pointer, type, member)                                \
    ((type *)(gpointer)((char *)(pointer)-G_STRUCT_OFFSET(type, member)))

typedef struct ili_g_bridge {
    il_loop *loop;
    GMainContext *context; /* a reference */
    GSource *source;       /* a reference; NULL once ended */
    GMainLoop *main_loop;  /* owner mode, while it runs */
    GQueue connections;    /* struct connection.link: all that are alive */
    GHashTable *by_id;     /* the same, by the id of the handler */
    GQueue waiters;        /* struct waiter: tasks that wait for a signal */
    GQueue exports;        /* il_g_task: whose bodies run */
    guint n_calls;         /* tasks that wait for a GIO operation */
    il_callback end_waits; /* posted when the host has gone */
    il_timer pump;         /* iterates the context while ending */
    il_callback closing;   /* called when the loop closes without us */
    gboolean ending;       /* the host's loop may be gone */
} ili_g_bridge;

/* This thread's bridge; NULL before il_g_begin() and after il_g_end(). */
ili_g_bridge *ili_g_bridge_get(void);

/* Called last in a callback that the host has dispatched: run a turn at once
 * instead of in the host's next iteration, if nothing tells against it. */
void ili_g_bridge_turn(ili_g_bridge *bridge);

/* A task begins or ends to wait for a GIO operation. */
void ili_g_bridge_count_call(ili_g_bridge *bridge, int change);

/* Where a task keeps the GError that it propagated last. */
#define ILI_G_SLOT_ERROR 2

/* --- keep.c ------------------------------------------------------------------ */

/* Keeps an object in memory; told when nobody else does. */
typedef struct ili_g_keeper ili_g_keeper;
typedef void ili_g_keeper_fn(gpointer data);

struct ili_g_keeper {
    GObject *object;
    ili_g_keeper_fn *alone; /* only queues: called while somebody, in whatever
                               thread, drops a reference */
    gpointer data;
};

void ili_g_keep(ili_g_keeper *keeper, gpointer object, ili_g_keeper_fn *alone,
                gpointer data);
void ili_g_let_go(ili_g_keeper *keeper);

/* --- watch.c ----------------------------------------------------------------- */

/* Told once when an object is disposed, in the thread that does it. */
typedef struct ili_g_watch {
    struct ili_g_watched *record; /* NULL: not watching, or told */
    GList link;                   /* in record->watches */
    void (*hold)(gpointer data); /* take a reference for `gone`; under a lock */
    void (*gone)(gpointer data);
    gpointer data;
} ili_g_watch;

/* With hold, gone and data filled in. */
void ili_g_watch_begin(ili_g_watch *watch, GObject *object);
void ili_g_watch_end(ili_g_watch *watch);

/* --- emission.c -------------------------------------------------------------- */

struct il_g_emission {
    GObject *sender; /* kept by whoever holds the emission */
    GValue *args;    /* copies */
    guint n_args;
    GValue *answer;     /* the emitter's, during the first step; else NULL */
    gboolean suspended; /* the first step is over */
};

/* Copy what a closure was called with; the first value is the sender. */
void ili_g_emission_init(il_g_emission *emission, const GValue *values,
                         guint n_values);
void ili_g_emission_fini(il_g_emission *emission);

/* --- carry.c ----------------------------------------------------------------- */

typedef void ili_g_carried_fn(gpointer target, const GValue *values,
                              guint n_values);

/* Call fn with copies of the values on the loop's thread, from any thread.
 * FALSE: the loop is closed, and it will not be called. */
gboolean ili_g_carry(il_loop *loop, ili_g_carried_fn *fn, gpointer target,
                     const GValue *values, guint n_values);

/* --- gcancel.c --------------------------------------------------------------- */

/* The GCancellable cancels it no more: it is left, or its task abandoned. */
void ili_g_cancel_scope_unlink(il_g_cancel_scope *scope);

/* --- gtask.c ----------------------------------------------------------------- */

/* The loop has closed: bodies that have not returned will not. */
void ili_g_exports_end(ili_g_bridge *bridge);

/* --- connect.c and wait.c ---------------------------------------------------- */

/* A signal by name.  FALSE: no such signal on that object. */
gboolean ili_g_find_signal(gpointer sender, const char *name, guint *ret_id,
                           GQuark *ret_detail);

void ili_g_connections_end(ili_g_bridge *bridge);
/* An il_callback_fn: fail whoever still waits for a signal. */
void ili_g_waiters_end(void *bridge);

#endif
