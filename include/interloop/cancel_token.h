/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_CANCEL_TOKEN_H
#define INTERLOOP_CANCEL_TOKEN_H

/**
 * @file cancel_token.h
 * @brief Cancel what belongs together, in whatever threads it is.
 *
 *     static il_cancel_token quit;               // zeros are a token
 *     …
 *     IL_UNTIL_CANCELLED (&quit, &r) {    // in tasks of any loop
 *         r = serve(connection);
 *     }
 *     …
 *     il_cancel_token_cancel(&quit);             // from any thread
 *
 * A token is a switch that is off and can be put on once.  Scopes listen to it,
 * in tasks of any number of loops, and are cancelled with it; tasks and threads
 * wait for it; jobs and computations ask it now and then.  Tokens form trees:
 * who cancels one cancels those below it.
 *
 * A token is caller's storage.  It must stay until every call on it has
 * returned; il_cancel_token_fini() is its end, and may be called by whoever
 * knows that it is cancelled, also while il_cancel_token_cancel() has not
 * returned in another thread.
 */

#include <interloop/export.h>
#include <interloop/loop.h>
#include <interloop/node.h>
#include <interloop/scope.h>
#include <interloop/shared_future.h>
#include <interloop/time.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/** A token.  #IL_CANCEL_TOKEN_INIT or zeros make it valid.  Fields private. */
typedef struct il_cancel_token {
    struct il_cancel_token *parent; /**< private: NULL: it stands alone */
    il_link sibling;                /**< private: in the parent's list */
    il_link children;               /**< private */
    il_link scopes;                 /**< private: those that listen, in order */
    il_shared_future done;          /**< private: for those who wait */
    unsigned lock;    /**< private: which lock protects the tree */
    int is_cancelled; /**< private */
} il_cancel_token;

/** A token that is not cancelled and belongs to no other. */
#define IL_CANCEL_TOKEN_INIT                                                   \
    {                                                                          \
        0, { 0, 0 }, { 0, 0 }, { 0, 0 }, IL_SHARED_FUTURE_INIT, 0, 0           \
    }

/**
 * Make a token that is cancelled with another one, or by itself.
 *
 * @param token   Caller's storage; need not be initialised.
 * @param parent  Any token; if it is cancelled, so is the new one at once.
 * @retval 0        Made; end it with il_cancel_token_fini().
 * @retval -EINVAL  No token or no parent, or both are the same.
 */
IL_EXPORT int il_cancel_token_init_child(il_cancel_token *token,
                                         il_cancel_token *parent);

/**
 * Cancel a token and those below it, from any thread.  Runs nothing.
 *
 * Scopes of the calling thread's loop are cancelled when this returns, those of
 * other loops in one of their next turns.  What was written before can be read
 * by whoever sees that it is cancelled.
 *
 * @retval 0          Cancelled.
 * @retval -EALREADY  It was before.
 * @retval -EINVAL    @p token is NULL.
 */
IL_EXPORT int il_cancel_token_cancel(il_cancel_token *token);

/** Whether it is cancelled; from any thread.  @param token  NULL: it is not. */
IL_EXPORT bool il_cancel_token_is_cancelled(const il_cancel_token *token);

/**
 * Wait until a token is cancelled; in a task of any loop, or in a plain thread.
 *
 * @suspends If it is not.  Outside tasks it blocks the thread.
 *
 * @param token    A token.
 * @param timeout  Nanoseconds to wait at most, on the clock of a task's loop;
 *                 #IL_FOREVER.
 * @retval 0            The token is cancelled.
 * @retval -ETIMEDOUT   @p timeout has passed.
 * @retval -ECANCELED   The caller is a task and was cancelled first.
 * @retval -EOWNERDEAD  il_cancel_token_fini() was called; do not touch it
 *                      again.
 * @retval -EDEADLK     It is not cancelled, in a callback of a loop that runs, or
 *                      under a nested host loop.
 * @retval -EINVAL      @p token is NULL.
 */
IL_EXPORT IL_MUST_CHECK int il_cancel_token_wait(il_cancel_token *token,
                                                 il_time timeout);

/**
 * End a token.  Those who wait for it get -EOWNERDEAD, scopes that listen do
 * not any more, and the tokens below it stand alone from now on.
 *
 * @param token  May be NULL.
 */
IL_EXPORT void il_cancel_token_fini(il_cancel_token *token);

/** @name Scopes that listen */
/**@{*/

/** A scope that listens to a token; lives on the task's stack.  Fields
 *  private. */
typedef struct il_cancel_token_scope {
    il_scope scope;                     /**< private */
    il_link link;                       /**< private: in the token's list */
    il_loop *loop;                      /**< private: the task's */
    struct il_cancel_token_scope *next; /**< private: on its way to the loop */
    unsigned lock;                      /**< private: the tree's */
    int state;                          /**< private: under that lock */
    il_callback at_close; /**< private: if its task does not end */
} il_cancel_token_scope;

/**
 * Enter a scope that is cancelled with a token; at once if that is cancelled.
 *
 * @param scope  Caller's storage; need not be initialised.
 * @param token  NULL: a scope like any other, for functions whose caller need
 *               not give them a token.
 * @retval 0        Entered; il_cancel_token_leave() by the same task.
 * @retval -EINVAL  No scope.
 * @retval -ESRCH   Not in a task.
 */
IL_EXPORT int il_cancel_token_enter(il_cancel_token_scope *scope,
                                    il_cancel_token *token);

/**
 * Leave it, which must be the innermost scope.  Does not wait.
 *
 * A token that is cancelled meanwhile in another thread may be too late: then
 * nothing happens to the task.
 *
 * @return As il_scope_leave(): @p result, or 0 if that is -ECANCELED because of
 * the token, which il_cancel_token_is_cancelled() then tells.
 */
IL_EXPORT int il_cancel_token_leave(il_cancel_token_scope *scope, int result);

/**
 * Run a block until it ends or a token is cancelled.
 *
 *     int r = 0;
 *     IL_UNTIL_CANCELLED (&quit, &r) {
 *         r = il_channel_receive (&channel, &element);
 *     }
 *
 * As IL_TIMEOUT() in every other way.
 *
 * @param token   `il_cancel_token *`; may be NULL.
 * @param result  `int *`: what the block comes to; settled when it is left, as
 *                il_cancel_token_leave() does.
 */
#define IL_UNTIL_CANCELLED(token, result)                                      \
    IL_CANCEL_TOKEN_BLOCK_(token, result, __COUNTER__)

/** The variable behind IL_UNTIL_CANCELLED(); private. */
typedef struct il_cancel_token_block {
    il_cancel_token_scope scope; /**< private */
    int *result;                 /**< private */
    bool once;                   /**< private */
} il_cancel_token_block;

/** Behind IL_UNTIL_CANCELLED(); private. */
IL_EXPORT void il_cancel_token_block_(il_cancel_token_block *block,
                                      il_cancel_token *token, int *result);
/** Behind IL_UNTIL_CANCELLED(); private. */
IL_EXPORT void il_cancel_token_block_leave_(il_cancel_token_block *block);

/* The names are numbered, so that blocks can be nested without shadowing. */
#define IL_CANCEL_TOKEN_BLOCK_(token, result, n)                               \
    IL_CANCEL_TOKEN_BLOCK_N_(token, result, n)
#define IL_CANCEL_TOKEN_BLOCK_N_(token, result, n)                             \
    for (il_cancel_token_block il_cancel_token_block_##n                       \
         __attribute__((cleanup(il_cancel_token_block_leave_), unused)),       \
         *il_cancel_token_start_##n =                                          \
             (il_cancel_token_block_(&il_cancel_token_block_##n, (token),      \
                                     (result)),                                \
              &il_cancel_token_block_##n);                                     \
         il_cancel_token_start_##n->once;                                      \
         il_cancel_token_start_##n->once = false)

/**@}*/

IL_END_DECLS

#endif
