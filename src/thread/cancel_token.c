/* SPDX-License-Identifier: MIT */

/* cancel_token.c - cancel what belongs together, in whatever threads it is.
 *
 * A scope may only be cancelled in its own thread.  So who cancels a token
 * takes the scopes off its list and puts them onto a stack of their loops, and
 * posts a callback that every loop has for this:
 *
 *     who cancels                    a scope's thread
 *       lock                           the loop's callback: take the stack, cancel
 *       token->scopes                  each scope
 *         -> loop->cancelled_scopes
 *       post                           or leave: lock, look whether it is on its
 *       unlock                         way; if so, take the stack, cancel others
 *
 * So leaving a scope never waits for a callback that is on its way: the stack
 * is its own thread's to empty.  And as leaving takes the lock, who has it
 * knows that the scopes are there, and their loops with them.  A task that is
 * abandoned when its loop closes leaves by a callback at that time.
 *
 * The locks are not in the tokens but in a table, by the address of a tree's
 * root when it began.  So one can be taken whatever has become of the token:
 * for a scope that outlives it, for children that do.  A tree has one lock,
 * which makes cancelling all of it one act.
 *
 * Rejected: a callback in each scope, posted by itself: leaving a scope would
 * have to wait until it has come.  References of tokens: then making one could
 * fail, and a token that is a static variable would not do. */

#include "config.h"

#include <interloop/cancel_token.h>

#include "base/list.h"
#include "base/lock.h"
#include "loop/loop.h"
#include "thread/shared_future.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>

/* Trees that share a lock only wait for each other's few instructions. */
#define N_LOCKS 64u

static struct {
    _Alignas(64) int lock;
} locks[N_LOCKS];

/* Of a scope, under the lock. */
enum state {
    DEAF,      /* it listens to nothing, or not any more */
    LISTENING, /* it is in its token's list */
    SENT,      /* it was put onto its loop's stack */
};

/* --- locks ---------------------------------------------------------------- */

/* Which one a token has: its own address says, unless its root's did. */
static unsigned lock_of(const il_cancel_token *token)
{
    uint64_t mixed = (uint64_t)(uintptr_t)token * UINT64_C(0x9e3779b97f4a7c15);

    return token->lock > 0 ? token->lock - 1 : (unsigned)(mixed >> 58);
}

/* In the child of a fork: whoever had one is not there. */
static void free_locks(void)
{
    for (unsigned i = 0; i < N_LOCKS; i++)
        locks[i].lock = 0;
}

static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, free_locks);
}

static void lock(unsigned number)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, watch_forks);
    ili_lock(&locks[number % N_LOCKS].lock);
}

static void unlock(unsigned number)
{
    ili_unlock(&locks[number % N_LOCKS].lock);
}

/* --- the tree ------------------------------------------------------------- */

/* The next one below `top`, parents first; NULL: that was all. */
static il_cancel_token *token_after(const il_cancel_token *top,
                                    il_cancel_token *token)
{
    if (!ili_list_empty(&token->children))
        return ILI_CONTAINER(token->children.next, il_cancel_token, sibling);
    while (token != top) {
        il_cancel_token *parent = token->parent;

        if (token->sibling.next != &parent->children)
            return ILI_CONTAINER(token->sibling.next, il_cancel_token, sibling);
        token = parent;
    }
    return NULL;
}

int il_cancel_token_init_child(il_cancel_token *token, il_cancel_token *parent)
{
    unsigned number;
    bool is_cancelled;

    ILI_RETURN_IF_FAIL(token && parent && token != parent, -EINVAL);
    number = lock_of(parent);
    *token = (il_cancel_token){ .lock = number + 1 };
    lock(number);
    is_cancelled = parent->is_cancelled;
    if (!is_cancelled) {
        token->parent = parent;
        ili_list_append_lazy(&parent->children, &token->sibling);
    }
    unlock(number);
    if (is_cancelled)
        (void)il_cancel_token_cancel(token);
    return 0;
}

/* --- scopes on their way to their loops ----------------------------------- */

/* On the loop's thread: cancel the scopes that have been put onto its stack,
 * the first one first, but for one that is being left. */
static void cancel_sent(il_loop *loop, const il_cancel_token_scope *except)
{
    il_cancel_token_scope *scope =
        __atomic_exchange_n(&loop->cancelled_scopes, NULL, __ATOMIC_ACQUIRE);
    il_cancel_token_scope *first = NULL;

    while (scope) {
        il_cancel_token_scope *next = scope->next;

        scope->next = first;
        first = scope;
        scope = next;
    }
    for (; first; first = first->next)
        if (first != except)
            il_scope_cancel(&first->scope);
}

static void on_sent(void *loop)
{
    cancel_sent(loop, NULL);
}

/* Under the lock, so that the scope's loop is there, see above. */
static void send_off(il_cancel_token_scope *scope)
{
    il_loop *loop = scope->loop;
    il_cancel_token_scope *first =
        __atomic_load_n(&loop->cancelled_scopes, __ATOMIC_RELAXED);

    scope->state = SENT;
    do
        scope->next = first;
    while (!__atomic_compare_exchange_n(&loop->cancelled_scopes, &first, scope,
                                        true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED));
    /* Refused, it is on its way already, or the loop closes: then nothing is
     * left that could be cancelled. */
    if (!ili_loop_is_here(loop))
        (void)il_post_threadsafe(loop, &loop->on_cancelled);
}

/* --- cancelling ----------------------------------------------------------- */

static void cancel_one(il_cancel_token *token)
{
    il_link *link;

    if (token->is_cancelled)
        return;
    __atomic_store_n(&token->is_cancelled, 1, __ATOMIC_RELEASE);
    while ((link = ili_list_pop(&token->scopes)) != NULL)
        send_off(ILI_CONTAINER(link, il_cancel_token_scope, link));
    (void)il_shared_future_set(&token->done, 0, NULL);
}

int il_cancel_token_cancel(il_cancel_token *token)
{
    il_loop *here = il_loop_current();
    unsigned number;

    ILI_RETURN_IF_FAIL(token, -EINVAL);
    number = lock_of(token);
    lock(number);
    if (token->is_cancelled) {
        unlock(number);
        return -EALREADY;
    }
    for (il_cancel_token *t = token; t; t = token_after(token, t))
        cancel_one(t);
    unlock(number);
    /* From here on the token may be gone. */
    if (here)
        cancel_sent(here, NULL);
    return 0;
}

bool il_cancel_token_is_cancelled(const il_cancel_token *token)
{
    return token && __atomic_load_n(&token->is_cancelled, __ATOMIC_ACQUIRE);
}

int il_cancel_token_wait(il_cancel_token *token, il_time timeout)
{
    ILI_RETURN_IF_FAIL(token, -EINVAL);
    return ili_shared_future_wait(&token->done, timeout, NULL, NULL,
                                  "a cancel token");
}

static void let_scopes_be(il_cancel_token *token)
{
    il_link *link;

    while ((link = ili_list_pop(&token->scopes)) != NULL)
        ILI_CONTAINER(link, il_cancel_token_scope, link)->state = DEAF;
}

static void let_children_be(il_cancel_token *token)
{
    il_link *link;

    while ((link = ili_list_pop(&token->children)) != NULL)
        ILI_CONTAINER(link, il_cancel_token, sibling)->parent = NULL;
}

void il_cancel_token_fini(il_cancel_token *token)
{
    unsigned number;

    if (!token)
        return;
    number = lock_of(token);
    lock(number);
    if (token->parent)
        ili_list_remove(&token->sibling);
    let_children_be(token);
    let_scopes_be(token);
    unlock(number);
    il_shared_future_fini(&token->done);
    *token = (il_cancel_token)IL_CANCEL_TOKEN_INIT;
}

/* --- scopes --------------------------------------------------------------- */

static void stop_listening(void *arg)
{
    il_cancel_token_scope *scope = arg;
    int state;

    lock(scope->lock);
    state = scope->state;
    if (state == LISTENING)
        ili_list_remove(&scope->link);
    scope->state = DEAF;
    unlock(scope->lock);
    if (state == SENT)
        cancel_sent(scope->loop, scope);
}

static void start_listening(il_cancel_token_scope *scope,
                            il_cancel_token *token)
{
    il_loop *loop = scope->loop;
    bool is_cancelled;

    scope->lock = lock_of(token);
    scope->at_close = (il_callback)IL_CALLBACK_INIT(stop_listening, scope);
    (void)il_loop_at_close(loop, &scope->at_close);
    if (!loop->on_cancelled.fn)
        loop->on_cancelled = (il_callback)IL_CALLBACK_INIT(on_sent, loop);

    lock(scope->lock);
    is_cancelled = token->is_cancelled;
    if (!is_cancelled) {
        scope->state = LISTENING;
        ili_list_append_lazy(&token->scopes, &scope->link);
    }
    unlock(scope->lock);
    if (is_cancelled)
        il_scope_cancel(&scope->scope);
}

int il_cancel_token_enter(il_cancel_token_scope *scope, il_cancel_token *token)
{
    int r;

    ILI_RETURN_IF_FAIL(scope, -EINVAL);
    r = il_scope_enter(&scope->scope, IL_FOREVER);
    if (r < 0)
        return r;
    scope->loop = ili_loop_of(scope->scope.task->sched);
    scope->state = DEAF;
    scope->at_close.fn = NULL;
    if (token)
        start_listening(scope, token);
    return 0;
}

int il_cancel_token_leave(il_cancel_token_scope *scope, int result)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(scope, -EINVAL);
    ILI_RETURN_IF_FAIL(task && scope->scope.task == task, -ESRCH);
    ILI_RETURN_IF_FAIL(task->scope == &scope->scope, -EINVAL);
    if (scope->at_close.fn) {
        stop_listening(scope);
        (void)il_callback_cancel(&scope->at_close);
    }
    return il_scope_leave(&scope->scope, result);
}

void il_cancel_token_block_(il_cancel_token_block *block,
                            il_cancel_token *token, int *result)
{
    int r = il_cancel_token_enter(&block->scope, token);

    block->result = result;
    block->once = r == 0;
    if (r < 0) {
        block->scope.scope.task = NULL;
        *result = r;
    }
}

void il_cancel_token_block_leave_(il_cancel_token_block *block)
{
    if (block->scope.scope.task)
        *block->result = il_cancel_token_leave(&block->scope, *block->result);
}
