/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_H
#define INTERLOOP_GLIB_H

/**
 * @file glib.h
 * @brief Tasks in GLib and GTK programs.
 *
 *     il_loop *loop;
 *     int r = il_g_begin (NULL, &loop);
 *     …
 *     g_application_run (app, argc, argv);
 *     il_g_end (loop, IL_SEC (5));
 *
 * Between the two, every task of this thread may use GLib and GTK objects of
 * the context.  Slots of il_g_connect() are tasks that start inside the signal
 * emission.  All functions are for the thread that iterates the context.
 *
 * Tasks spawned in between have stacks of 8 MiB of address space, because GTK
 * needs them.  GLib aborts when memory runs out, so nothing here returns
 * -ENOMEM.
 */

#include <interloop/interloop.h>

#include <gio/gio.h>

IL_BEGIN_DECLS

/** @name Guest and owner */
/**@{*/

/**
 * Become a guest of a main context.
 *
 * @param      context   The context; NULL for the default one.
 * @param[out] ret_loop  The thread's loop, to be given to il_g_end().
 * @retval 0       A guest from now on.
 * @retval -EBUSY  The thread's loop runs or is a guest already.
 * @return Another negative errno from il_loop_new().
 */
IL_EXPORT IL_MUST_CHECK int il_g_begin(GMainContext *context,
                                       il_loop **ret_loop);

/**
 * Stop being a guest: end every task and close the loop.
 *
 * For after the application's loop has ended, or before.  Connections of
 * il_g_connect() are disconnected, every task is cancelled and finishes its
 * clean-up in native mode.  Waiting for a signal fails with -ESHUTDOWN.  GIO
 * operations that are under way are cancelled; while tasks wait for them, the
 * context is iterated, since nobody else does.
 *
 * @param loop   From il_g_begin(), not NULL; the reference is taken, except for
 *               -EBUSY and -EINVAL.
 * @param grace  Nanoseconds the tasks may take.
 * @return As il_loop_close(); -EINVAL if @p loop is not this thread's guest;
 * -EBUSY inside a turn, where nothing happened.
 */
IL_EXPORT int il_g_end(il_loop *loop, il_time grace);

/**
 * Owner mode: run a main task to its end; GLib and GTK work inside it.
 *
 * Begins, runs the context's loop until @p main_fn has returned, ends with
 * five seconds of grace; tasks that would not end then are reported, and the
 * body's result is returned all the same.
 *
 * @param context  The context; NULL for the default one.
 * @return The body's result, or what il_g_begin() returned, or -EINTR if the
 * loop was stopped before the body returned.
 */
IL_EXPORT int il_g_run(GMainContext *context, il_task_fn *main_fn, void *arg);

/**@}*/
/** @name Slots */
/**@{*/

/** One emission of a signal: its sender and a copy of its arguments. */
typedef struct il_g_emission il_g_emission;

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

/** The object that emitted. */
IL_EXPORT gpointer il_g_emission_get_sender(const il_g_emission *emission);

/** How many arguments the signal has, the sender not counted. */
IL_EXPORT guint il_g_emission_get_n_args(const il_g_emission *emission);

/**
 * An argument, as long as the emission lives; NULL beyond the last.
 *
 * In a slot that is until it returns.
 */
IL_EXPORT const GValue *il_g_emission_get_arg(const il_g_emission *emission,
                                              guint index);

/** An integer, enum, flags or boolean argument; 0 if it is none. */
IL_EXPORT gint64 il_g_emission_get_int(const il_g_emission *emission,
                                       guint index);

/** An object argument; NULL if it is none. */
IL_EXPORT gpointer il_g_emission_get_object(const il_g_emission *emission,
                                            guint index);

/** A string argument; NULL if it is none. */
IL_EXPORT const char *il_g_emission_get_string(const il_g_emission *emission,
                                               guint index);

/**
 * Answer a signal that wants a value, e.g. GtkWindow::close-request.
 *
 * Only before the slot first suspends: the emitter does not wait.
 *
 * @retval 0        The emitter will see it.
 * @retval -EALREADY The slot has suspended before.
 * @retval -EINVAL  The signal returns nothing, or another type.
 */
IL_EXPORT int il_g_emission_set_return(il_g_emission *emission,
                                       const GValue *value);

/** The same for signals that return a boolean. */
IL_EXPORT int il_g_emission_set_return_boolean(il_g_emission *emission,
                                               gboolean value);

/** Free an emission that il_g_wait_signal() gave.  @return NULL. */
IL_EXPORT il_g_emission *il_g_emission_free(il_g_emission *emission);

/**@}*/
/** @name Waiting for GLib */
/**@{*/

/**
 * Wait for the next emission of a signal.
 *
 * @suspends Always, except for errors.
 *
 * @param      sender        Any GObject.
 * @param      signal        Name of a signal, with or without "::detail".
 * @param      timeout       Nanoseconds; #IL_FOREVER for no limit.
 * @param[out] ret_emission  The emission, to be freed by the caller; may be
 *                           NULL.
 * @retval 0            It was emitted.
 * @retval -ETIMEDOUT   It was not, in time.
 * @retval -ECANCELED   The caller was cancelled.
 * @retval -EOWNERDEAD  The sender was disposed or finalized.  A GtkWindow that
 *                      is closed is not, while somebody holds a reference.
 * @retval -ESHUTDOWN   The loop is no guest (any more), or never was one: under
 *                      il_run() nobody runs the host; use il_g_run().
 * @retval -EINVAL      No GObject, or no such signal.
 * @retval -ESRCH       Not in a task.
 */
IL_EXPORT IL_MUST_CHECK int il_g_wait_signal(gpointer sender,
                                             const char *signal,
                                             il_time timeout,
                                             il_g_emission **ret_emission);

/** A GIO operation that a task waits for; lives on its stack. */
typedef struct il_g_call {
    GAsyncResult *result;      /**< for the operation's _finish function */
    GCancellable *cancellable; /**< private */
    il_future called_back;     /**< private */
    void *reserved[2];         /**< private */
} il_g_call;

/** Every call starts like this. */
#define IL_G_CALL_INIT                                                         \
    {                                                                          \
        NULL, NULL, IL_FUTURE_INIT,                                            \
        {                                                                      \
            NULL, NULL                                                         \
        }                                                                      \
    }

/**
 * The cancellable to give to the operation, borrowed from the call.
 *
 * Cancelling the task cancels it; cancelling it directly lets the operation
 * end and il_g_call_wait() return 0, for `_finish` to tell.
 */
IL_EXPORT GCancellable *il_g_call_cancellable(il_g_call *call);

/** The callback to give to the operation, with the call as its user data.  Give
 *  it the cancellable too: without, a wait that is refused leaves the operation
 *  with a pointer to a call that is gone. */
IL_EXPORT void il_g_call_ready(GObject *source, GAsyncResult *result,
                               gpointer call);

/**
 * Wait until the operation has called back.
 *
 *     il_g_call call = IL_G_CALL_INIT;
 *     g_file_load_contents_async (file, il_g_call_cancellable (&call),
 *                                 il_g_call_ready, &call);
 *     r = il_g_call_wait (&call);
 *     if (r == 0)
 *         ok = g_file_load_contents_finish (file, call.result, …);
 *     il_g_call_clear (&call);
 *
 * When the task is cancelled the operation is cancelled too, and this goes on
 * waiting until it has called back, as GIO promises it will: its data is on
 * the caller's stack.
 *
 * @suspends Unless it has called back already.
 *
 * @retval 0           Finish it with `call->result`.
 * @retval -ECANCELED  The task was cancelled and the operation did not
 *                     succeed; there is nothing to finish.
 * @retval -ESRCH      Not in a task.
 * @retval -EDEADLK    Under a nested host loop.  In these two cases, if the
 *                     operation was given the cancellable, it was cancelled
 *                     and the context iterated until it had called back.
 */
IL_EXPORT IL_MUST_CHECK int il_g_call_wait(il_g_call *call);

/** Drop what the call holds; afterwards it can be used again. */
IL_EXPORT void il_g_call_clear(il_g_call *call);

/**@}*/

IL_END_DECLS

#endif
