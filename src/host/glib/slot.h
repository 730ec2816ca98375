/* SPDX-License-Identifier: MIT */
#ifndef ILI_HOST_GLIB_SLOT_H
#define ILI_HOST_GLIB_SLOT_H

/* slot.h - connections and the runs of their slots, for connect.c and slot.c.
 *
 * A connection is a closure on the sender.  It ends when the handler is
 * disconnected, when the sender drops its handlers in dispose, when the
 * receiver is disposed, or with the bridge; from then on no slot starts, and
 * those that run are cancelled.  Sender and receiver may go in any thread;
 * everything else happens in the loop's.
 *
 * Each run of a slot is a *call*: an emission, a task, and keepers of sender
 * and receiver.
 *
 *     emission -> marshal -> policy -> start -> slot ... -> ended -> clean_up
 *                               \-> queue ----^ (post)               (post) */

#include "host/glib/bridge.h"

typedef struct connection {
    gatomicrefcount refs; /* the closure's, one for each call */
    ili_g_bridge *bridge; /* NULL once ended */
    GList link;           /* in bridge->connections until ended */
    il_loop *loop;        /* a reference: others post to it, even late */
    GWeakRef sender;
    gulong id;
    il_g_slot_fn *fn;
    il_g_method_fn *method; /* instead of fn: gets the receiver first */
    gpointer receiver;      /* what the slot gets */
    GWeakRef bound;         /* the receiver, if it is an object */
    gboolean is_bound;
    ili_g_watch watch;      /* for the receiver's end */
    GDestroyNotify destroy; /* for a receiver that is plain data */
    unsigned flags;         /* il_g_policy and others */
    GValue answer;          /* unless the slot gives one; constant */
    const il_site *site;
    il_locals *locals;      /* what whoever connected saw; until ended */
    GQueue running;         /* struct call */
    GQueue queued;          /* struct call: not started yet */
    il_callback start_next; /* posted when a call has ended */
} connection;

typedef struct call {
    il_g_emission emission; /* first: what the slot gets */
    connection *connection; /* a reference */
    il_task *task;          /* a reference; NULL while queued */
    ili_g_keeper sender;
    ili_g_keeper receiver;
    gboolean *ended;    /* set when it ends inside the spawning call */
    il_loop *loop;      /* a reference: others post to it, even late */
    gboolean unwanted;  /* cancelled; if queued, it will not start */
    il_callback cancel; /* posted when another thread wants it cancelled */
    il_callback clean_up;
} call;

/* --- connect.c ---------------------------------------------------------------- */

connection *ili_g_connection_ref(connection *conn);
void ili_g_connection_unref(connection *conn);

/* --- slot.c ------------------------------------------------------------------- */

/* A call that may be queued or started; `receiver` is alive or NULL.  What was
 * said is moved. */
call *ili_g_call_new(connection *conn, GObject *receiver, il_g_emission *said);

/* Run the slot's first step; `answer` is the emitter's, or NULL.  FALSE: there was
 * none, the call is gone. */
gboolean ili_g_call_start(call *c, GValue *answer);

/* Nothing runs and nothing waits for its turn. */
gboolean ili_g_calls_are_idle(const connection *conn);
void ili_g_calls_cancel_running(connection *conn);
/* Calls that have not started; arbitrary code may run. */
void ili_g_calls_drop(GQueue *calls);

/* An il_callback_fn, with a reference to the connection: start what is queued,
 * now that nothing runs. */
void ili_g_calls_start_next(void *conn);

#endif
