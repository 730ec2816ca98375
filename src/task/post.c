/* SPDX-License-Identifier: MIT */

/* post.c - run a callback in the next turn.
 *
 * The callback's storage is the caller's again before its function is called:
 * the function may free it, or post it once more. */

#include "config.h"

#include "task/post.h"

#include <errno.h>

static void run_callback(il_item *item)
{
    il_callback *callback = ILI_CONTAINER(item, il_callback, item);
    il_callback_fn *fn = callback->fn;
    void *arg = callback->arg;

    __atomic_store_n(&callback->state, ILI_CALLBACK_IDLE, __ATOMIC_RELEASE);
    fn(arg);
}

void ili_callback_queue(ili_sched *sched, il_callback *callback)
{
    callback->item.run = run_callback;
    callback->loop = sched->loop;
    __atomic_store_n(&callback->state, ILI_CALLBACK_READY, __ATOMIC_RELEASE);
    ili_sched_queue(sched, &callback->item);
}

void ili_item_drop(il_item *item)
{
    if (item->run == run_callback)
        __atomic_store_n(&ILI_CONTAINER(item, il_callback, item)->state,
                         ILI_CALLBACK_IDLE, __ATOMIC_RELEASE);
    else if (item->run)
        item->run(item); /* a report: told late rather than never */
}

int il_post(il_loop *loop, il_callback *callback)
{
    ili_sched *sched = ili_sched_current;

    ILI_RETURN_IF_FAIL(loop && callback && callback->fn, -EINVAL);
    ILI_RETURN_IF_FAIL(!ili_sched_of(loop)->closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(sched == ili_sched_of(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(ili_callback_claim(callback, ILI_CALLBACK_READY),
                       -EBUSY);
    ili_callback_queue(sched, callback);
    return 0;
}

bool il_callback_cancel(il_callback *callback)
{
    ili_sched *sched = ili_sched_current;

    if (!callback || !sched)
        return false;
    /* One that comes from another thread is in a list only once it has
     * arrived. */
    if (__atomic_load_n(&callback->state, __ATOMIC_ACQUIRE) ==
        ILI_CALLBACK_INBOX)
        sched->collect(sched);
    switch (__atomic_load_n(&callback->state, __ATOMIC_ACQUIRE)) {
    case ILI_CALLBACK_READY:
    case ILI_CALLBACK_HOOK:
        if (callback->loop != sched->loop)
            return false;
        ili_list_remove(&callback->item.link);
        __atomic_store_n(&callback->state, ILI_CALLBACK_IDLE, __ATOMIC_RELEASE);
        return true;
    default:
        return false;
    }
}
