/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_SCOPE_H
#define INTERLOOP_SCOPE_H

/**
 * @file scope.h
 * @brief Deadlines, cancel switches and shields for a stretch of a task.
 *
 * A scope is entered and left by one task, strictly nested.  While it is
 * cancelled, every suspension inside it returns -ECANCELED at once: a cancel
 * is a state, not an event, so an ignored result cannot lose it.  A value that
 * was granted before the cancel arrived is delivered all the same.
 *
 * Each cancel belongs to the scope that caused it; where several scopes are
 * cancelled, the outermost is the cause.
 */

#include <interloop/export.h>
#include <interloop/node.h>
#include <interloop/task.h>
#include <interloop/time.h>

IL_BEGIN_DECLS

typedef struct il_callback il_callback;

/** A scope; lives on the task's stack.  Its fields are private. */
typedef struct il_scope {
    struct il_scope *outer; /**< private */
    struct il_scope *inner; /**< private */
    struct il_scope *cause; /**< private: who cancels here; NULL: nobody */
    unsigned flags;         /**< private */
    il_task *task;          /**< private: who entered; NULL: not entered */
    il_alarm alarm;         /**< private: the deadline */
    il_link hooks;          /**< private: callbacks to post, in order */
    struct il_deferred_ *deferred; /**< private: the latest, see defer.h */
} il_scope;

/**
 * Enter a scope.
 *
 * @param scope     Caller's storage; need not be initialised.
 * @param deadline  Point in time at which it cancels itself; #IL_FOREVER for
 *                  none.  A deadline that has passed cancels at once.
 * @retval 0       Entered; must be left by the same task.
 * @retval -ESRCH  Not in a task.
 */
IL_EXPORT int il_scope_enter(il_scope *scope, il_time deadline);

/**
 * Enter a scope that holds off cancels from outside.
 *
 * For clean-up that has to wait.  It is bounded: when @p deadline passes, the
 * scope is cancelled like any other.
 *
 * @return As il_scope_enter().
 */
IL_EXPORT int il_scope_enter_shield(il_scope *scope, il_time deadline);

/**
 * Leave the innermost scope and settle what its result means.
 *
 * @param scope   The innermost scope of the calling task.
 * @param result  What the code inside came to.
 * @return @p result, except where it is -ECANCELED because of this very scope:
 * then -ETIMEDOUT if its deadline fired, or 0 if il_scope_cancel() was called
 * (ask il_scope_is_cancelled(), which still answers after leaving).
 * @retval -EINVAL  Not the innermost scope, or a group's: nothing was left.
 * @retval -ESRCH   Not entered by the calling task: nothing was left.
 */
IL_EXPORT int il_scope_leave(il_scope *scope, int result);

/** Cancel a scope from the loop's thread.  Runs nothing, repeats harmlessly. */
IL_EXPORT void il_scope_cancel(il_scope *scope);

/**
 * Post a callback when a scope is cancelled; at once if it is already.
 *
 * By whomever: by itself, by its deadline, or by a scope around it that no
 * shield hides.  For what has to be told of a cancel besides the task itself,
 * such as a worker in another thread.
 *
 * Never runs it inside this call or inside what cancels.  When the scope is
 * left before it is cancelled, or its task ends, the callback is its owner's
 * again and does not run.  Once posted it runs, also when the scope has been
 * left in the meantime; il_callback_cancel() prevents this, too.
 *
 * @param scope     An entered scope of any task of this thread; NULL for the
 *                  innermost one of the calling task.
 * @param callback  Initialised, not queued.  A scope may have any number, which
 *                  are posted in the order they came.  Must stay until the scope is
 *                  left: variables of a task's body are gone before the
 *                  outermost scope is.
 * @retval 0        Registered; il_callback_cancel() takes it back.
 * @retval -EINVAL  @p callback is NULL or has no function.
 * @retval -ESRCH   Nobody is in that scope, or a task of another thread; or
 *                  @p scope is NULL outside tasks.
 * @retval -EBUSY   The callback is queued already.
 */
IL_EXPORT int il_scope_on_cancel(il_scope *scope, il_callback *callback);

/** Move the deadline of an entered scope; #IL_FOREVER removes it. */
IL_EXPORT void il_scope_set_deadline(il_scope *scope, il_time deadline);

/**
 * When a scope will cancel itself, or what is left for the calling task.
 *
 * @param scope  An entered scope, or one that was left since; NULL for the
 *               calling task: the earliest deadline of all scopes around it
 *               that no shield hides, to be passed on to what knows no scopes.
 * @return Its deadline, passed or not; #IL_FOREVER if it has none, was
 * cancelled before, or outside tasks.  For NULL in a task that is cancelled
 * a time long past.
 */
IL_EXPORT il_time il_scope_get_deadline(const il_scope *scope);

/** Whether this scope itself was cancelled, by call or by deadline. */
IL_EXPORT bool il_scope_is_cancelled(const il_scope *scope);

/** Whether this scope's deadline fired. */
IL_EXPORT bool il_scope_is_timed_out(const il_scope *scope);

/**
 * Run a block with a time limit.
 *
 *     int r = 0;
 *     IL_TIMEOUT (IL_SEC (5), &r) {
 *         r = il_read_all (fd, buf, sizeof buf, NULL);
 *     }
 *     // r is -ETIMEDOUT only if this very block's deadline fired
 *
 * The block may be left by break, goto or return; on `return` the returned
 * value was settled before the scope was left, so set r and break instead.
 * `break` and `continue` leave the block only, not a loop around it.
 * Outside a task the block does not run and the result becomes -ESRCH.
 *
 * @param duration  Nanoseconds.
 * @param result    `int *`: what the block comes to; settled when it is left.
 */
#define IL_TIMEOUT(duration, result)                                           \
    IL_SCOPE_BLOCK_(il_scope_block_timeout_, duration, result, __COUNTER__)

/**
 * Run a block until a point in time.
 *
 * As IL_TIMEOUT(), for where several blocks share one limit.
 *
 * @param deadline  As for il_scope_enter().
 * @param result    As for IL_TIMEOUT().
 */
#define IL_TIMEOUT_AT(deadline, result)                                        \
    IL_SCOPE_BLOCK_(il_scope_block_until_, deadline, result, __COUNTER__)

/**
 * Run a block that cancels from outside do not reach, for @p duration at most.
 *
 * As IL_TIMEOUT(); this is where clean-up waits.
 */
#define IL_SHIELD(duration, result)                                            \
    IL_SCOPE_BLOCK_(il_scope_block_shield_, duration, result, __COUNTER__)

/** The variable behind IL_TIMEOUT(), IL_SHIELD() and others; private. */
typedef struct il_scope_block {
    il_scope scope; /**< private */
    int *result;    /**< private */
    bool once;      /**< private */
} il_scope_block;

/** Behind IL_TIMEOUT(); private. */
IL_EXPORT void il_scope_block_timeout_(il_scope_block *block, il_time duration,
                                       int *result);
/** Behind IL_TIMEOUT_AT(); private. */
IL_EXPORT void il_scope_block_until_(il_scope_block *block, il_time deadline,
                                     int *result);
/** Behind IL_SHIELD(); private. */
IL_EXPORT void il_scope_block_shield_(il_scope_block *block, il_time duration,
                                      int *result);
/** Behind all of them; private. */
IL_EXPORT void il_scope_block_leave_(il_scope_block *block);

/* The names are numbered, so that blocks can be nested without shadowing. */
#define IL_SCOPE_BLOCK_(enter, duration, result, n)                            \
    IL_SCOPE_BLOCK_N_(enter, duration, result, n)
#define IL_SCOPE_BLOCK_N_(enter, duration, result, n)                          \
    for (il_scope_block il_block_##n                                           \
         __attribute__((cleanup(il_scope_block_leave_), unused)),              \
         *il_start_##n =                                                       \
             (enter(&il_block_##n, (duration), (result)), &il_block_##n);      \
         il_start_##n->once; il_start_##n->once = false)

IL_END_DECLS

#endif
