/* SPDX-License-Identifier: MIT */

/* limiter.c - so many tasks at a time, and each one once.
 *
 * Between any two calls into this file tasks wait only while as many tokens are
 * lent as can be, or more.  A token that is lent is in the list of what its
 * borrower owns, so whether a task has one of this limiter is found there; the
 * limiter itself knows but their number.
 *
 * Rejected: a list of the tokens in the limiter.  Tokens are on the stacks of
 * tasks; one that ends with a token would leave the limiter a link to frames that
 * are gone.  Owners that are any pointer, as in Trio: what is borrowed for
 * something that is no task belongs to code outside tasks. */

#include "config.h"

#include <interloop/limiter.h>

#include "sync/hold.h"

#include <errno.h>

static void serve(il_limiter *limiter);

/* A task has ended with it. */
static void token_lost(il_hold *hold)
{
    il_token *token = ILI_CONTAINER(hold, il_token, hold);
    il_limiter *limiter = token->limiter;
    const ili_stack *stack = &hold->owner->stack;

    *token = (il_token)IL_TOKEN_INIT;
    if (ili_is_on_stack(limiter, stack)) /* gone, as its frame is */
        return;
    if (!ili_waiters_are_here(&limiter->waiters))
        return;
    limiter->n_borrowed--;
    serve(limiter);
}

static void lend(il_limiter *limiter, il_token *token, il_task *task)
{
    token->limiter = limiter;
    limiter->n_borrowed++;
    token->hold.lost = token_lost;
    ili_hold_take_as(&token->hold, task);
}

static void serve(il_limiter *limiter)
{
    while (limiter->n_borrowed < limiter->total) {
        il_waiter *first = ili_waiters_pop(&limiter->waiters);

        if (!first)
            return;
        lend(limiter, first->slot, first->task);
        ili_wake(first->task, 0);
    }
}

/* Whether a task has borrowed from this limiter. */
static bool has_one(const il_task *task, const il_limiter *limiter)
{
    for (const il_hold *hold = task->held; hold; hold = hold->outer)
        if (hold->lost == token_lost &&
            ILI_CONTAINER(hold, const il_token, hold)->limiter == limiter)
            return true;
    return false;
}

int il_limiter_try_acquire(il_limiter *limiter, il_token *token)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(limiter && token, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&limiter->waiters), -ESRCH);
    ILI_RETURN_IF_FAIL(!token->limiter, -EBUSY);
    ILI_RETURN_IF_FAIL(!task || !has_one(task, limiter), -EDEADLK);
    if (limiter->n_borrowed >= limiter->total)
        return -EAGAIN;
    lend(limiter, token, task);
    return 0;
}

int il_limiter_acquire(il_limiter *limiter, il_token *token)
{
    il_task *task = ili_current_task();
    int r;

    ILI_RETURN_IF_FAIL(limiter && token, -EINVAL);
    if (task && ili_must_pause(task) && !ili_pause_before(task, limiter))
        return -EOWNERDEAD;
    if (ili_must_refuse(task))
        return ili_refuse(task);
    r = il_limiter_try_acquire(limiter, token);
    if (r != -EAGAIN)
        return r;

    token->limiter = limiter; /* nobody else may use it meanwhile */
    r = ili_waiters_join(&limiter->waiters, token, "a token");
    if (r < 0)
        token->limiter = NULL;
    return r;
}

int il_limiter_release(il_limiter *limiter, il_token *token)
{
    bool is_wanted;

    ILI_RETURN_IF_FAIL(limiter && token, -EINVAL);
    ILI_RETURN_IF_FAIL(token->limiter == limiter, -EPERM);
    is_wanted = !ili_list_empty(&limiter->waiters);
    ILI_RETURN_IF_FAIL(!is_wanted || ili_waiters_are_here(&limiter->waiters),
                       -ESRCH);
    if (!ili_hold_drop_as(&token->hold, ili_current_task()))
        return ili_hold_not_owned(&token->hold);
    token->limiter = NULL;
    limiter->n_borrowed--;
    if (is_wanted)
        serve(limiter);
    return 0;
}

int il_limiter_detach(il_token *token)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(token, -EINVAL);
    ILI_RETURN_IF_FAIL(task && ili_hold_drop(&token->hold, task), -EPERM);
    ili_hold_take_as(&token->hold, NULL);
    return 0;
}

int il_limiter_resize(il_limiter *limiter, size_t total)
{
    ILI_RETURN_IF_FAIL(limiter, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&limiter->waiters), -ESRCH);
    limiter->total = total;
    serve(limiter);
    return 0;
}

size_t il_limiter_get_total(const il_limiter *limiter)
{
    return limiter ? limiter->total : 0;
}

size_t il_limiter_count(const il_limiter *limiter)
{
    return limiter ? limiter->n_borrowed : 0;
}

il_task *il_limiter_get_borrower(const il_token *token)
{
    return token ? ili_hold_task(&token->hold) : NULL;
}

void il_limiter_fini(il_limiter *limiter)
{
    if (!limiter || !ili_waiters_are_here(&limiter->waiters))
        return;
    limiter->total = 0;
    ili_waiters_end(&limiter->waiters, -EOWNERDEAD);
    ili_visits_forget(limiter);
}

/* --- blocks ----------------------------------------------------------------- */

void il_token_block_enter_(struct il_token_block_ *block, il_limiter *limiter,
                           int *result)
{
    int r;

    block->token = (il_token)IL_TOKEN_INIT;
    r = il_limiter_acquire(limiter, &block->token);
    block->once = r == 0;
    if (r < 0)
        *result = r;
}

void il_token_block_leave_(struct il_token_block_ *block)
{
    if (block->token.limiter)
        (void)il_limiter_release(block->token.limiter, &block->token);
}
