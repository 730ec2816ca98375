/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_LIMITER_H
#define INTERLOOP_LIMITER_H

/**
 * @file limiter.h
 * @brief So many tasks at a time, and each one once.
 *
 * A limiter lends tokens.  Each borrower brings an il_token of its own, which
 * says that it has one; so it is known who has borrowed, a token cannot be given
 * back twice or by somebody else, and a task that has one already is told so
 * instead of waiting for itself.  How many can be lent may change at any time.
 *
 * For limits on connections, threads, requests.  Where permits are added and
 * taken by different tasks, or several at once, there is semaphore.h.
 *
 * If a task ends with a token, that is reported and the token goes back; if the
 * token was on its stack, it is lost.
 *
 * Limiters and tokens are caller's storage, used from one loop's thread only.
 */

#include <interloop/export.h>
#include <interloop/node.h>
#include <interloop/task.h>

#include <stdbool.h>
#include <stddef.h>

IL_BEGIN_DECLS

/** A limiter.  #IL_LIMITER_INIT or zeros (lends nothing yet) make it valid.
 *  Fields private. */
typedef struct il_limiter {
    il_link waiters;   /**< private: tasks, in the order they came */
    size_t total;      /**< private: so many can be lent */
    size_t n_borrowed; /**< private: may be more than that for a while */
} il_limiter;

/** A limiter that lends @p n tokens. */
#define IL_LIMITER_INIT(n)                                                     \
    {                                                                          \
        { 0, 0 }, (n), 0                                                       \
    }

/** A token.  #IL_TOKEN_INIT or zeros make it valid: it is not borrowed.  Fields
 *  private. */
typedef struct il_token {
    il_hold hold;        /**< private: who has borrowed it */
    il_limiter *limiter; /**< private: whose it is; NULL: not borrowed */
} il_token;

/** A token that is not borrowed. */
#define IL_TOKEN_INIT                                                          \
    {                                                                          \
        { { 0, 0 }, 0, 0, 0 }, 0                                               \
    }

/**
 * Borrow a token.
 *
 * Code outside tasks can borrow any number, as long as there are some.
 *
 * @suspends If all are lent, and now and then if not, so that a task that finds
 * one each time cannot keep the thread.
 *
 * @param limiter  The limiter; must stay until its tokens are back.
 * @param token    The caller's storage; must stay until it is given back.
 * @retval 0            Borrowed; il_limiter_release() gives it back.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EBUSY       @p token is borrowed.
 * @retval -EDEADLK     The caller has a token of this limiter; or it must wait,
 *                      under a nested host loop.
 * @retval -EOWNERDEAD  il_limiter_fini() was called; do not touch it again.
 * @retval -EINVAL      No limiter or no token.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's tasks wait.
 */
IL_EXPORT IL_MUST_CHECK int il_limiter_acquire(il_limiter *limiter,
                                               il_token *token);

/**
 * Borrow a token without waiting.
 *
 * @retval 0         Borrowed.
 * @retval -EAGAIN   All are lent.
 * @retval -EBUSY    @p token is borrowed.
 * @retval -EDEADLK  The caller has a token of this limiter.
 * @retval -EINVAL   No limiter or no token.
 * @retval -ESRCH    Another thread's tasks wait.
 */
IL_EXPORT IL_MUST_CHECK int il_limiter_try_acquire(il_limiter *limiter,
                                                   il_token *token);

/**
 * Give a token back; the task that has waited longest gets one.  Runs nothing.
 *
 * @retval 0        Given back.
 * @retval -EPERM   It is not borrowed from this limiter, or not by the caller.
 * @retval -EINVAL  No limiter or no token.
 * @retval -ESRCH   Another thread's.
 */
IL_EXPORT int il_limiter_release(il_limiter *limiter, il_token *token);

/**
 * From now on the token belongs to code outside tasks, which gives it back.
 *
 * For work that outlives the task that has begun it.  The storage must too.
 *
 * @retval 0        Done.
 * @retval -EPERM   The caller has not borrowed it, or is no task.
 * @retval -EINVAL  @p token is NULL.
 */
IL_EXPORT int il_limiter_detach(il_token *token);

/**
 * Change how many can be lent.  More: tasks that wait get them.  Less: tokens
 * that are lent stay so, and come back in their time.
 *
 * @retval 0        Done.
 * @retval -EINVAL  @p limiter is NULL.
 * @retval -ESRCH   Another thread's tasks wait; post to that loop.
 */
IL_EXPORT int il_limiter_resize(il_limiter *limiter, size_t total);

/** How many can be lent. */
IL_EXPORT size_t il_limiter_get_total(const il_limiter *limiter);

/** How many are lent. */
IL_EXPORT size_t il_limiter_count(const il_limiter *limiter);

/** The task that has borrowed a token, without a reference; NULL: none. */
IL_EXPORT il_task *il_limiter_get_borrower(const il_token *token);

/** End a limiter.  Tasks that still wait get -EOWNERDEAD, and it lends no more.
 *  Tokens that are lent can be given back as long as the storage is there.  One
 *  that another thread's tasks wait for is left alone. */
IL_EXPORT void il_limiter_fini(il_limiter *limiter);

/**
 * Run a block that has a token.
 *
 *     int r = 0;
 *     IL_WITH_TOKEN (&connections, &r) {
 *         r = fetch(address);
 *     }
 *
 * As IL_WITH_LOCK(); the limiter must stay until the block is left.
 */
#define IL_WITH_TOKEN(limiter, result)                                         \
    IL_WITH_TOKEN_(limiter, result, __COUNTER__)

/** @cond */

/* The variable behind IL_WITH_TOKEN(). */
struct il_token_block_ {
    il_token token;
    bool once;
};

IL_EXPORT void il_token_block_enter_(struct il_token_block_ *block,
                                     il_limiter *limiter, int *result);
IL_EXPORT void il_token_block_leave_(struct il_token_block_ *block);

#define IL_WITH_TOKEN_(limiter, result, n) IL_WITH_TOKEN_N_(limiter, result, n)
#define IL_WITH_TOKEN_N_(limiter, result, n)                                   \
    for (struct il_token_block_ il_block_##n                                   \
         __attribute__((cleanup(il_token_block_leave_), unused)),              \
         *il_start_##n =                                                       \
             (il_token_block_enter_(&il_block_##n, (limiter), (result)),       \
              &il_block_##n);                                                  \
         il_start_##n->once; il_start_##n->once = false)

/** @endcond */

IL_END_DECLS

#endif
