/* SPDX-License-Identifier: MIT */

/* future.c - a result that is not there yet.
 *
 * A waiter is a node on the stack of the task that waits.  Setting the future
 * writes the outcome to where each one wants it and wakes its task: from then on
 * that task does not look at the future, which may be gone when it runs. */

#include "config.h"

#include <interloop/future.h>

#include "task/debug.h"
#include "task/park.h"
#include "task/post.h"
#include "task/task.h"

#include <errno.h>

/* Whoever grants the wait writes straight to where the task wants the outcome. */
static inline il_future_waiter *waiter_of(const il_link *link)
{
    return ILI_CONTAINER(link, il_future_waiter, waiter.link);
}

/* A hook of a loop that has closed in the meantime is its owner's again. */
static void post_hook(il_callback *callback)
{
    ili_sched *sched = ili_sched_current;

    if (sched && sched->loop == callback->loop && !sched->closed)
        ili_callback_queue(sched, callback);
    else
        ili_callback_unhook(callback);
}

/* A hook remembers its thread, in a field that only posts from other threads
 * need, because its loop may be gone when somebody asks. */
static il_callback *this_thread(void)
{
    return (il_callback *)ili_this_thread();
}

/* Whether those who wait do so in this thread. */
static inline bool is_here(const il_future *future)
{
    const il_link *first = future->waiters.next;
    const il_link *hook = future->hooks.next;

    if (!ili_list_empty(&future->waiters) &&
        waiter_of(first)->waiter.task->sched != ili_sched_current)
        return false;
    return ili_list_empty(&future->hooks) ||
           ILI_CONTAINER(hook, il_callback, item.link)->next == this_thread();
}

static inline void settle(il_future *future, int result, void *value)
{
    future->done = true;
    future->result = result;
    future->value = value;
}

static inline void deliver(const il_future_waiter *waiter, int result,
                           void *value)
{
    if (waiter->waiter.slot)
        *(int *)waiter->waiter.slot = result;
    if (waiter->ret_value)
        *waiter->ret_value = value;
}

/* The same as wake_all() from `link` on, one by one: the wake of a select may
 * take further nodes off. */
static __attribute__((noinline)) void
wake_rest(il_future *future, il_link *link, int result, void *value)
{
    future->waiters.next = link;
    link->prev = &future->waiters;
    while ((link = ili_list_pop(&future->waiters)) != NULL) {
        if (ili_wake(waiter_of(link)->waiter.task, 0))
            deliver(waiter_of(link), result, value);
    }
}

/* Those who wait go on, in the order they came; somebody does, and all of them
 * in this thread.  The list is taken off as a whole, since a woken task never
 * looks at its node. */
static inline __attribute__((always_inline)) void
wake_all(il_future *future, int result, void *value)
{
    ili_sched *sched = ili_sched_current;
    il_link *link = future->waiters.next;

    future->waiters.next = NULL;
    do {
        il_future_waiter *waiter = waiter_of(link);

        if (ili_may_refuse(waiter->waiter.task)) {
            wake_rest(future, link, result, value);
            return;
        }
        deliver(waiter, result, value);
        link = link->next;
        ili_wake_parked(sched, waiter->waiter.task, 0);
    } while (link != &future->waiters);
    ili_sched_changed(sched);
}

/* Apart from il_future_set(), which needs no frame without hooks. */
static __attribute__((noinline)) int set_with_hooks(il_future *future,
                                                    int result, void *value)
{
    il_link *link;

    ILI_RETURN_IF_FAIL(is_here(future), -ESRCH);
    settle(future, result, value);
    if (!ili_list_empty(&future->waiters))
        wake_all(future, result, value);
    while ((link = ili_list_pop(&future->hooks)) != NULL)
        post_hook(ILI_CONTAINER(link, il_callback, item.link));
    return 0;
}

int il_future_set(il_future *future, int result, void *value)
{
    ILI_RETURN_IF_FAIL(future, -EINVAL);
    if (future->done)
        return -EALREADY;
    if (ILI_UNLIKELY(future->hooks.next != NULL))
        return set_with_hooks(future, result, value);
    ILI_RETURN_IF_FAIL(is_here(future), -ESRCH);
    settle(future, result, value);
    if (!ili_list_empty(&future->waiters))
        wake_all(future, result, value);
    return 0;
}

bool il_future_is_done(const il_future *future)
{
    return future->done;
}

static inline void outcome(const il_future *future, int *ret_result,
                           void **ret_value)
{
    if (ret_result)
        *ret_result = future->result;
    if (ret_value)
        *ret_value = future->value;
}

int il_future_try_get(const il_future *future, int *ret_result,
                      void **ret_value)
{
    ILI_RETURN_IF_FAIL(future, -EINVAL);
    if (!future->done)
        return -EAGAIN;
    outcome(future, ret_result, ret_value);
    return 0;
}

static void waiter_abort(void *arg)
{
    ili_list_remove(&((il_waiter *)arg)->link);
}

/* Apart from il_future_wait(), which needs no frame then if it does not wait. */
static __attribute__((noinline)) int
wait_for_it(il_future *future, int *ret_result, void **ret_value)
{
    ili_sched *sched = ili_sched_current;
    il_future_waiter me;

    ILI_RETURN_IF_FAIL(sched && sched->current, -ESRCH);
    me.waiter.task = sched->current;
    me.waiter.slot = ret_result;
    me.ret_value = ret_value;
    ili_list_append_lazy(&future->waiters, &me.waiter.link);

    return ili_park_inline(sched, me.waiter.task, waiter_abort, &me,
                           "a future");
}

int il_future_wait(il_future *future, int *ret_result, void **ret_value)
{
    ILI_RETURN_IF_FAIL(future, -EINVAL);
    if (!future->done)
        return wait_for_it(future, ret_result, ret_value);
    outcome(future, ret_result, ret_value);
    return ili_spent(ili_current_task());
}

int il_future_on_done(il_future *future, il_callback *callback)
{
    ili_sched *sched = ili_sched_current;

    ILI_RETURN_IF_FAIL(future && callback && callback->fn, -EINVAL);
    ILI_RETURN_IF_FAIL(sched, -ESRCH);
    ILI_RETURN_IF_FAIL(!sched->closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_callback_hook(sched, callback), -EBUSY);
    if (future->done) {
        ili_callback_queue(sched, callback);
        return 0;
    }
    callback->loop = sched->loop;
    callback->next = this_thread();
    ili_list_append_lazy(&future->hooks, &callback->item.link);
    return 0;
}

static __attribute__((noinline)) void tell_of_end(const il_future *future)
{
    const il_link *first = future->waiters.next;
    size_t n = 0;

    for (const il_link *link = first; link != &future->waiters;
         link = link->next)
        n++;
    ili_debug_freed(ili_sched_current,
                    ILI_CONTAINER(first, const il_waiter, link)->task, n);
}

void il_future_fini(il_future *future)
{
    il_link *link;

    if (!future || !is_here(future))
        return;
    if (!ili_list_empty(&future->waiters) &&
        ili_debugs(ili_sched_current, IL_DEBUG_FREED))
        tell_of_end(future);
    while ((link = ili_list_pop(&future->waiters)) != NULL)
        ili_wake(waiter_of(link)->waiter.task, -EOWNERDEAD);
    while ((link = ili_list_pop(&future->hooks)) != NULL)
        ili_callback_unhook(ILI_CONTAINER(link, il_callback, item.link));
    *future = (il_future)IL_FUTURE_INIT;
}
