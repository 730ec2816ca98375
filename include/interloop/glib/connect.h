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

/** A slot that gets its receiver first: a method of the receiver. */
typedef int il_g_method_fn(void *receiver, il_g_emission *emission);

/** What to do when the signal is emitted while a slot still runs. */
typedef enum il_g_policy {
    IL_G_PARALLEL = 0,        /**< start another one */
    IL_G_SKIP_WHILE_BUSY = 1, /**< drop the emission */
    IL_G_QUEUE = 2,           /**< start it when the running one has ended */
    IL_G_RESTART = 3,         /**< cancel the running one; when it has ended,
                                   start the latest */
} il_g_policy;

/** The bits of a connection's flags that are an #il_g_policy. */
#define IL_G_POLICY_MASK 0x3u

/** What can be or-ed to a policy. */
enum {
    IL_G_AFTER = 0x10,       /**< after the default handler of the signal, as
                                  with g_signal_connect_after() */
    IL_G_ANSWER_TRUE = 0x20, /**< the emitter sees TRUE, unless a slot starts
                                  and answers in its first step */
};

/**
 * Connect a slot to a signal.
 *
 * The slot starts inside each emission and may suspend.  It is cancelled when
 * the connection ends: with il_g_disconnect(), or when sender or receiver is
 * disposed or would have been finalized.  Both stay in memory until the slot
 * has returned, so its clean-up may use them.
 *
 * A handler that is blocked with g_signal_handler_block() starts no slots;
 * those that run go on.
 *
 * An emission in another thread is copied and the slot starts in the loop's
 * thread a little later; such a slot can give no answer.
 *
 * A slot begins with the values of local.h that whoever connects sees now.
 *
 * Cancelling a slot is no error; any other negative result is reported.
 *
 * `gulong il_g_connect(gpointer sender, const char *signal, il_g_slot_fn *fn,
 * gpointer receiver, unsigned flags)`
 *
 * @param sender    Any GObject.
 * @param signal    Name of a signal, with or without "::detail".
 * @param fn        The slot.
 * @param receiver  A GObject whose life bounds the connection, or NULL.
 * @param flags     An #il_g_policy: what to do while busy; perhaps or-ed with
 *                  #IL_G_AFTER and #IL_G_ANSWER_TRUE.
 * @return The handler's id, as from g_signal_connect(); 0 and a g_critical() if
 * there is no such signal, an argument is wrong, or this thread's loop is no
 * guest (yet): call il_g_begin() first, or connect in what
 * il_g_application_run() emits; 0 in silence while the loop ends.
 */
#define il_g_connect(sender, signal, fn, receiver, flags)                      \
    il_g_connect_at((sender), (signal), (fn), (receiver), (flags),             \
                    IL_SITE_(#fn))

/** The function behind il_g_connect(). */
IL_EXPORT gulong il_g_connect_at(gpointer sender, const char *signal,
                                 il_g_slot_fn *fn, gpointer receiver,
                                 unsigned flags, const il_site *site);

/**
 * Connect a slot that gets its receiver first.
 *
 * Compare g_signal_connect_swapped().  Otherwise as il_g_connect().
 */
#define il_g_connect_swapped(sender, signal, method, receiver, flags)          \
    il_g_connect_swapped_at((sender), (signal), (method), (receiver), (flags), \
                            IL_SITE_(#method))

/** The function behind il_g_connect_swapped(). */
IL_EXPORT gulong il_g_connect_swapped_at(gpointer sender, const char *signal,
                                         il_g_method_fn *method,
                                         gpointer receiver, unsigned flags,
                                         const il_site *site);

/**
 * Connect a slot that gets plain data instead of a GObject.
 *
 * @param data     Passed to the slot as its receiver.
 * @param destroy  Called when the connection and its last slot have ended, on
 *                 the loop's thread as long as the loop is not closed; may be
 *                 NULL.
 * @return As il_g_connect(); if 0, @p destroy was not called.
 */
#define il_g_connect_data(sender, signal, fn, data, destroy, flags)            \
    il_g_connect_data_at((sender), (signal), (fn), (data), (destroy), (flags), \
                         IL_SITE_(#fn))

/** The function behind il_g_connect_data(). */
IL_EXPORT gulong il_g_connect_data_at(gpointer sender, const char *signal,
                                      il_g_slot_fn *fn, gpointer data,
                                      GDestroyNotify destroy, unsigned flags,
                                      const il_site *site);

/** Everything that a connection can be told; what is not named is 0. */
typedef struct il_g_connect_options {
    il_g_slot_fn *fn;       /**< the slot */
    il_g_method_fn *method; /**< instead of fn: gets the receiver first */
    gpointer receiver;      /**< a GObject that bounds it, or NULL */
    gpointer data;          /**< without a receiver: what the slot gets */
    GDestroyNotify destroy; /**< of data, see il_g_connect_data() */
    unsigned flags;         /**< as for il_g_connect() */
    const GValue *answer;   /**< what the emitter sees unless a slot starts and
                                 answers in its first step; of the type that
                                 the signal returns; is copied */
    const il_site *site;    /**< where it is connected, for dumps; or NULL */
} il_g_connect_options;

/** Connect with all options.  @return As il_g_connect(). */
IL_EXPORT gulong il_g_connect_with(gpointer sender, const char *signal,
                                   const il_g_connect_options *options);

/**
 * End a connection; its slots are cancelled.
 *
 * g_signal_handler_disconnect() does the same, but from inside the emission it
 * takes effect only when the slot's first step is over.
 */
IL_EXPORT void il_g_disconnect(gpointer sender, gulong id);

IL_END_DECLS

#endif
