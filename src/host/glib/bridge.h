/* SPDX-License-Identifier: MIT */
#ifndef ILI_HOST_GLIB_BRIDGE_H
#define ILI_HOST_GLIB_BRIDGE_H

/* bridge.h - what the files of the GLib bridge share.
 *
 * The bridge is a library of its own and uses nothing of libinterloop but its
 * public headers. */

#include <interloop/glib.h>

/* GLib 2.68 can only copy the name. */
#if !GLIB_CHECK_VERSION(2, 70, 0)
#define g_source_set_static_name g_source_set_name
#endif

#define ILI_CONTAINER_OF(pointer, type, member)                                \
    ((type *)(gpointer)((char *)(pointer)-G_STRUCT_OFFSET(type, member)))

typedef struct ili_g_bridge {
    il_loop *loop;
    GMainContext *context; /* a reference */
    gboolean is_default;   /* the context is the process's default one */
    GSource *source;       /* a reference; NULL once ended */
    GMainLoop *main_loop;  /* owner mode, while it runs */
    GQueue connections;    /* struct connection.link: all that are alive */
    GHashTable *by_id;     /* the same, by the id of the handler */
    GQueue waiters;        /* il_future: of tasks that wait for a signal */
    GQueue exports;        /* il_g_task: whose bodies run */
    GQueue streams;        /* il_g_stream: all that are not freed */
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

/* --- context.c --------------------------------------------------------------- */

/* For il_host, with the bridge as data. */
void ili_g_context_suspend(void *bridge, void **slots);
void ili_g_context_resume(void *bridge, void **slots);
void ili_g_context_hand_over(void *bridge, void **from, void **to);
void ili_g_context_task_ended(void *bridge, void **slots);

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
    GObject *sender;    /* kept by whoever holds the emission */
    const GValue *args; /* the copies, or what a closure was called with */
    GValue *copies;     /* NULL: a view */
    guint n_args;
    guint signal_id;
    GQuark detail;
    gpointer tag;       /* of a stream */
    GValue *answer;     /* the emitter's, during the first step; else NULL */
    gboolean suspended; /* the first step is over */
};

/* What a closure was called with, for as long as that lasts.  Copies nothing;
 * the hint is the marshaller's. */
il_g_emission ili_g_emission_view(const GValue *values, guint n_values,
                                  gpointer hint);

/* Make *to hold what *from says: copies if it is a view; else its copies, and
 * *from has no arguments any more.  Takes no reference to the sender. */
void ili_g_emission_move(il_g_emission *to, il_g_emission *from);
void ili_g_emission_fini(il_g_emission *emission);

/* The same for il_g_emission_free(), with a reference to the sender. */
il_g_emission *ili_g_emission_take(il_g_emission *from);

/* Any integer, enum, flags or boolean that fits.  FALSE: it is none. */
gboolean ili_g_value_get_int(const GValue *value, gint64 *ret_number);

/* --- carry.c ----------------------------------------------------------------- */

/* The emission may be moved from; NULL if none was given. */
typedef void ili_g_carried_fn(gpointer target, il_g_emission *said);

/* Call fn with a copy of the emission on the loop's thread, from any thread.
 * FALSE: the loop is closed, and it will not be called. */
gboolean ili_g_carry(il_loop *loop, ili_g_carried_fn *fn, gpointer target,
                     il_g_emission *said);

/* --- listen.c ---------------------------------------------------------------- */

/* A closure that is told in the loop's thread, wherever it was called. */
typedef struct ili_g_listener ili_g_listener;

/* It was emitted, and what was said may be moved from; or NULL: the sender
 * goes.  The listener stays valid during the call, its owner need not. */
typedef void ili_g_heard_fn(ili_g_listener *listener, il_g_emission *said);

struct ili_g_listener {
    il_loop *loop; /* a reference */
    ili_g_heard_fn *heard;
    gpointer owner;  /* for the loop's thread; NULL: nobody listens any more */
    GWeakRef sender; /* may go in any thread */
    gulong id;
};

ili_g_listener *ili_g_listen(il_loop *loop, gpointer sender, guint signal_id,
                             GQuark detail, ili_g_heard_fn *heard,
                             gpointer owner);
/* Never calls `heard`. */
void ili_g_unlisten(ili_g_listener *listener);

/* --- wait.c ------------------------------------------------------------------ */

/* How many callbacks are under way in this thread that must not suspend. */
extern __thread int ili_g_n_asking;

typedef struct ili_g_wait {
    gpointer sender;
    guint signal_id;
    GQuark detail;
    il_time timeout;
    il_g_match_fn *match;         /* NULL: any emission will do */
    bool (*holds)(gpointer data); /* asked once connected: whether there is
                                     nothing to wait for; may be NULL */
    gpointer data;                /* of both */
} ili_g_wait;

/* Wait for an emission that matches.  If it `holds`, there may be none. */
int ili_g_wait_for(ili_g_bridge *bridge, const ili_g_wait *what,
                   il_g_emission **ret_emission);

/* Wait for what only the host can bring: -ESHUTDOWN once it has gone. */
int ili_g_wait_future(ili_g_bridge *bridge, il_future *future, il_time timeout,
                      int *ret_result, void **ret_value);

/* --- gcancel.c --------------------------------------------------------------- */

/* The GCancellable cancels it no more: it is left, or its task abandoned. */
void ili_g_cancel_scope_unlink(il_g_cancel_scope *scope);

/* --- gtask.c ----------------------------------------------------------------- */

/* The loop has closed: bodies that have not returned will not. */
void ili_g_exports_end(ili_g_bridge *bridge);

/* --- stream.c ---------------------------------------------------------------- */

/* The bridge goes: all streams end, and hold nothing any more. */
void ili_g_streams_end(ili_g_bridge *bridge);

/* --- connect.c and wait.c ---------------------------------------------------- */

/* A signal by name.  FALSE: no such signal on that object. */
gboolean ili_g_find_signal(gpointer sender, const char *name, guint *ret_id,
                           GQuark *ret_detail);

void ili_g_connections_end(ili_g_bridge *bridge);
/* An il_callback_fn: fail whoever still waits for a signal. */
void ili_g_waiters_end(void *bridge);

#endif
