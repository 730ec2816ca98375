/* SPDX-License-Identifier: MIT */

/* future.c - a result that is not there yet.
 *
 * A waiter is a node on the stack of the task that waits.  Setting the future
 * unlinks each one, notes the outcome in it and wakes its task: from then on
 * that task does not look at the future, which may be gone when it runs. */

#include "config.h"

#include <interloop/future.h>

#include "task/post.h"
#include "task/task.h"

#include <errno.h>

/* On the stack of a task that waits. */
struct waiter {
    il_link link; /* in il_future.waiters, in the order they came */
    il_task *task;
    int result;
    void *value;
};

static void wake_all(il_future *future, int wake_result)
{
    il_link *link;

    while ((link = ili_list_pop(&future->waiters)) != NULL) {
        struct waiter *waiter = ILI_CONTAINER(link, struct waiter, link);

        waiter->result = future->result;
        waiter->value = future->value;
        ili_wake(waiter->task, wake_result);
    }
}

/* A hook of a loop that has closed in the meantime is its owner's again. */
static void post_hook(il_callback *callback)
{
    ili_sched *sched = ili_sched_current;

    if (sched && sched->loop == callback->loop && !sched->closed)
        ili_callback_queue(sched, callback);
    else
        __atomic_store_n(&callback->state, ILI_CALLBACK_IDLE, __ATOMIC_RELEASE);
}

/* A name for this thread.  A hook remembers it, in a field that only posts from
 * other threads need, because its loop may be gone when somebody asks. */
static il_callback *this_thread(void)
{
    return (il_callback *)(void *)&ili_sched_current;
}

/* Whether those who wait do so in this thread. */
static bool is_here(const il_future *future)
{
    const il_link *waiter = future->waiters.next;
    const il_link *hook = future->hooks.next;

    if (!ili_list_empty(&future->waiters) &&
        ILI_CONTAINER(waiter, struct waiter, link)->task->sched !=
            ili_sched_current)
        return false;
    return ili_list_empty(&future->hooks) ||
           ILI_CONTAINER(hook, il_callback, item.link)->next == this_thread();
}

int il_future_set(il_future *future, int result, void *value)
{
    il_link *link;

    ILI_RETURN_IF_FAIL(future, -EINVAL);
    if (future->done)
        return -EALREADY;
    ILI_RETURN_IF_FAIL(is_here(future), -ESRCH);
    future->done = true;
    future->result = result;
    future->value = value;
    wake_all(future, 0);
    while ((link = ili_list_pop(&future->hooks)) != NULL)
        post_hook(ILI_CONTAINER(link, il_callback, item.link));
    return 0;
}

bool il_future_is_done(const il_future *future)
{
    return future->done;
}

int il_future_try_get(const il_future *future, int *ret_result,
                      void **ret_value)
{
    ILI_RETURN_IF_FAIL(future, -EINVAL);
    if (!future->done)
        return -EAGAIN;
    if (ret_result)
        *ret_result = future->result;
    if (ret_value)
        *ret_value = future->value;
    return 0;
}

static void waiter_abort(void *arg)
{
    ili_list_remove(&((struct waiter *)arg)->link);
}

int il_future_wait(il_future *future, int *ret_result, void **ret_value)
{
    struct waiter me = { .task = il_task_current() };
    int r = il_future_try_get(future, ret_result, ret_value);

    if (r != -EAGAIN)
        return r;
    ILI_RETURN_IF_FAIL(me.task, -ESRCH);
    ili_list_append_lazy(&future->waiters, &me.link);

    r = ili_park(waiter_abort, &me, "a future");
    if (r == 0 && ret_result)
        *ret_result = me.result;
    if (r == 0 && ret_value)
        *ret_value = me.value;
    return r;
}

int il_future_on_done(il_future *future, il_callback *callback)
{
    ili_sched *sched = ili_sched_current;

    ILI_RETURN_IF_FAIL(future && callback && callback->fn, -EINVAL);
    ILI_RETURN_IF_FAIL(sched, -ESRCH);
    ILI_RETURN_IF_FAIL(!sched->closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_callback_claim(callback, ILI_CALLBACK_HOOK), -EBUSY);
    if (future->done) {
        ili_callback_queue(sched, callback);
        return 0;
    }
    callback->loop = sched->loop;
    callback->next = this_thread();
    ili_list_append_lazy(&future->hooks, &callback->item.link);
    return 0;
}

void il_future_fini(il_future *future)
{
    il_link *link;

    if (!future || !is_here(future))
        return;
    wake_all(future, -EOWNERDEAD);
    while ((link = ili_list_pop(&future->hooks)) != NULL)
        __atomic_store_n(&ILI_CONTAINER(link, il_callback, item.link)->state,
                         ILI_CALLBACK_IDLE, __ATOMIC_RELEASE);
    *future = (il_future)IL_FUTURE_INIT;
}
