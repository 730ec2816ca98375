/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_CONNECT_H
#define INTERLOOP_GLIB_CONNECT_H

/**
 * @file glib/connect.h
 * @brief Async slots: functions connected to signals that run as tasks.
 *
 * A slot starts inside the emission and may wait.  For the loop's thread; what
 * other threads emit is carried over.
 */

#include <interloop/glib/emission.h>
#include <interloop/interloop.h>

#include <glib-object.h>

IL_BEGIN_DECLS

/** A slot; runs as a task, its first step inside the emission. */
typedef int il_g_slot_fn(il_g_emission *emission, void *receiver);

/** What to do when the signal is emitted while a slot still runs. */
typedef enum il_g_policy {
    IL_G_PARALLEL = 0,        /**< start another one */
    IL_G_SKIP_WHILE_BUSY = 1, /**< drop the emission */
    IL_G_QUEUE = 2,           /**< start it when the running one has ended */
    IL_G_RESTART = 3,         /**< cancel the running one; when it has ended,
                                   start the latest */
} il_g_policy;

/**
 * Connect a slot to a signal.
 *
 * The slot starts inside each emission and may suspend.  It is cancelled when
 * the connection ends: with il_g_disconnect(), or when sender or receiver is
 * disposed or would have been finalized.  Both stay in memory until the slot
 * has returned, so its clean-up may use them.
 *
 * An emission in another thread is copied and the slot starts in the loop's
 * thread a little later; such a slot can give no answer.
 *
 * Cancelling a slot is no error; any other negative result is reported.
 *
 * `gulong il_g_connect(gpointer sender, const char *signal, il_g_slot_fn *fn,
 * gpointer receiver, il_g_policy policy)`
 *
 * @param sender    Any GObject.
 * @param signal    Name of a signal, with or without "::detail".
 * @param fn        The slot.
 * @param receiver  A GObject whose life bounds the connection, or NULL.
 * @param policy    What to do while busy.
 * @return The handler's id, as from g_signal_connect(); 0 if there is no such
 * signal, no loop, or an argument is wrong.
 */
#define il_g_connect(sender, signal, fn, receiver, policy)                     \
    il_g_connect_at((sender), (signal), (fn), (receiver), (policy),            \
                    IL_SITE_(#fn))

/** The function behind il_g_connect(). */
IL_EXPORT gulong il_g_connect_at(gpointer sender, const char *signal,
                                 il_g_slot_fn *fn, gpointer receiver,
                                 il_g_policy policy, const il_site *site);

/**
 * Connect a slot that gets plain data instead of a GObject.
 *
 * @param data     Passed to the slot as its receiver.
 * @param destroy  Called when the connection and its last slot have ended;
 *                 may be NULL.
 * @return As il_g_connect(); if 0, @p destroy was not called.
 */
#define il_g_connect_data(sender, signal, fn, data, destroy, policy)           \
    il_g_connect_data_at((sender), (signal), (fn), (data), (destroy),          \
                         (policy), IL_SITE_(#fn))

/** The function behind il_g_connect_data(). */
IL_EXPORT gulong il_g_connect_data_at(gpointer sender, const char *signal,
                                      il_g_slot_fn *fn, gpointer data,
                                      GDestroyNotify destroy,
                                      il_g_policy policy, const il_site *site);

/**
 * End a connection; its slots are cancelled.
 *
 * g_signal_handler_disconnect() does the same.
 */
IL_EXPORT void il_g_disconnect(gpointer sender, gulong id);

IL_END_DECLS

#endif
