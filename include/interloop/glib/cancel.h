/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_CANCEL_H
#define INTERLOOP_GLIB_CANCEL_H

/**
 * @file glib/cancel.h
 * @brief Scopes that obey a GCancellable, and GCancellables that obey a scope.
 *
 * For tasks of a loop that is a guest, see il_g_begin().  The GCancellable may
 * be cancelled in any thread and at any time.
 */

#include <interloop/interloop.h>

#include <gio/gio.h>

IL_BEGIN_DECLS

/** @name A GCancellable cancels a stretch of a task */
/**@{*/

/** A scope that a GCancellable cancels; lives on the task's stack. */
typedef struct il_g_cancel_scope {
    il_scope scope;            /**< private */
    GCancellable *cancellable; /**< private: a reference, or NULL */
    gpointer link;             /**< private: shared with the handler */
    gulong handler;            /**< private */
} il_g_cancel_scope;

/**
 * Enter a scope that is cancelled when a GCancellable is.
 *
 * At once if it is already.  If another thread cancels it, a little later.
 *
 * @param scope        Caller's storage; need not be initialised.
 * @param cancellable  The scope holds a reference; NULL makes it a plain scope.
 * @retval 0        Entered; must be left by the same task.
 * @retval -EINVAL  @p scope is NULL, or @p cancellable is something else.
 * @retval -ESRCH   Not in a task.
 */
IL_EXPORT int il_g_cancel_scope_enter(il_g_cancel_scope *scope,
                                      GCancellable *cancellable);

/**
 * Leave the innermost scope.
 *
 * @param scope   From il_g_cancel_scope_enter().
 * @param result  What the code inside came to.
 * @return @p result.  If that is -ECANCELED, the work was not done, whoever
 * wanted it: g_cancellable_is_cancelled() and il_task_is_cancelled() tell.
 * @retval -EINVAL  Not the innermost scope: nothing was left.
 * @retval -ESRCH   Not entered by the calling task: nothing was left.
 */
IL_EXPORT int il_g_cancel_scope_leave(il_g_cancel_scope *scope, int result);

/**
 * Run a block that a GCancellable cancels.
 *
 *     int r = 0;
 *     IL_G_CANCELLABLE (cancellable, &r) {
 *         r = fetch (address);
 *     }
 *     // r is -ECANCELED if it was cancelled before the work was done
 *
 * For leaving it, the same holds as for IL_TIMEOUT().  Outside a task the block
 * does not run and the result becomes -ESRCH.
 *
 * @param cancellable  A GCancellable, or NULL.
 * @param result       `int *`: what the block comes to.
 */
#define IL_G_CANCELLABLE(cancellable, result)                                  \
    IL_G_CANCEL_BLOCK_(cancellable, result, __COUNTER__)

/** The variable behind IL_G_CANCELLABLE(); private. */
typedef struct il_g_cancel_block {
    il_g_cancel_scope scope; /**< private */
    int *result;             /**< private */
    bool entered;            /**< private */
    bool once;               /**< private */
} il_g_cancel_block;

/** Behind IL_G_CANCELLABLE(); private. */
IL_EXPORT void il_g_cancel_block_enter_(il_g_cancel_block *block,
                                        GCancellable *cancellable, int *result);
/** Behind IL_G_CANCELLABLE(); private. */
IL_EXPORT void il_g_cancel_block_leave_(il_g_cancel_block *block);

/* The names are numbered, so that blocks can be nested without shadowing. */
#define IL_G_CANCEL_BLOCK_(cancellable, result, n)                             \
    IL_G_CANCEL_BLOCK_N_(cancellable, result, n)
#define IL_G_CANCEL_BLOCK_N_(cancellable, result, n)                           \
    for (il_g_cancel_block il_g_block_##n                                      \
         __attribute__((cleanup(il_g_cancel_block_leave_), unused)),           \
         *il_g_start_##n = (il_g_cancel_block_enter_(&il_g_block_##n,          \
                                                     (cancellable), (result)), \
                            &il_g_block_##n);                                  \
         il_g_start_##n->once; il_g_start_##n->once = false)

/**@}*/
/** @name A task's cancel cancels a GCancellable */
/**@{*/

/** A GCancellable tied to a task; lives on the task's stack. */
typedef struct il_g_tie {
    il_scope scope;            /**< private */
    GCancellable *cancellable; /**< private: a reference */
    il_callback callback;      /**< private */
} il_g_tie;

/**
 * A GCancellable that is cancelled when the calling task is.
 *
 *     il_g_tie tie;
 *     GCancellable *cancellable = il_g_tie_open (&tie);
 *     …
 *     g_task_run_in_thread (…);            // may look at it as long as it runs
 *     …
 *     il_g_tie_close (&tie);
 *
 * For several operations at once, and for work in other threads; for one
 * operation there is il_g_call_cancellable().  A tie is a scope: it is
 * cancelled by what cancels the task here, unshielded, timeouts included.
 * Handlers of "cancelled" run on the loop's thread outside every task, a little
 * later, or inside il_g_tie_close().
 *
 * @param tie  Caller's storage; need not be initialised.  Must be closed by the
 *             same task, innermost first.
 * @return The cancellable, borrowed until the tie is closed; it is cancelled
 * already if the task is.  NULL if not in a task; then there is nothing to
 * close.
 */
IL_EXPORT GCancellable *il_g_tie_open(il_g_tie *tie);

/**
 * Close a tie; the GCancellable is not cancelled any more.
 *
 * It is, before this returns, if the task was cancelled until now.
 *
 * @retval 0        Closed.
 * @retval -EINVAL  A scope or group inside it is still open: nothing happened.
 * @retval -ESRCH   Not opened by the calling task: nothing happened.
 */
IL_EXPORT int il_g_tie_close(il_g_tie *tie);

/**@}*/

IL_END_DECLS

#endif
