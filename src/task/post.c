/* SPDX-License-Identifier: MIT */

/* post.c - run a callback in the next turn. */

#include "config.h"

#include "task/post.h"

#include <errno.h>

void ili_callback_run(il_item *item)
{
    ili_callback_run_inline(item);
}

/* The same for one that is owed more runs than this: the next one is behind
 * what is ready by now. */
static void run_and_queue(il_item *item)
{
    il_callback *callback = ILI_CONTAINER(item, il_callback, item);
    int n = callback->state - 1;

    if (n == ILI_CALLBACK_READY)
        item->run = ili_callback_run;
    ili_callback_set_state(callback, n);
    ili_sched_queue(ili_sched_current, item);
    callback->fn(callback->arg);
}

/* The first of its runs; those that other threads are owed see nothing of this. */
void ili_callback_run_with_locals(il_item *item)
{
    ili_sched *sched = ili_sched_current;
    il_callback *callback = ILI_CONTAINER(item, il_callback, item);
    il_locals *outer = sched->locals;

    sched->locals = callback->locals;
    callback->locals = NULL;
    if (callback->state == ILI_CALLBACK_READY) {
        ili_callback_run_inline(item);
    } else {
        item->run = run_and_queue;
        run_and_queue(item);
    }
    ili_locals_drop(&sched->locals);
    sched->locals = outer;
}

void ili_callback_owe(ili_sched *sched, il_callback *callback)
{
    if (ILI_LIKELY(callback->state == ILI_CALLBACK_IDLE)) {
        ili_callback_ready(sched, callback);
    } else {
        if (!callback->locals)
            callback->item.run = run_and_queue;
        ili_callback_set_state(callback, callback->state + 1);
    }
}

il_callback_fn *ili_item_function(const il_item *item)
{
    if (item->run != ili_callback_run && item->run != run_and_queue)
        return NULL;
    return ILI_CONTAINER(item, const il_callback, item)->fn;
}

void ili_item_drop(il_item *item)
{
    il_callback *callback = ILI_CONTAINER(item, il_callback, item);

    if (item->run == ili_callback_run || item->run == run_and_queue ||
        item->run == ili_callback_run_with_locals) {
        ili_callback_forget(callback);
        ili_callback_set_state(callback, ILI_CALLBACK_IDLE);
    } else if (item->run) {
        item->run(item); /* a report: told late rather than never */
    }
}

/* It will see what the caller sees.  Apart, so that il_post() needs no frame. */
static __attribute__((noinline)) int give_locals(ili_sched *sched,
                                                 il_callback *callback)
{
    ili_callback_capture(sched, callback);
    if (callback->locals)
        callback->item.run = ili_callback_run_with_locals;
    return 0;
}

int il_post(il_loop *loop, il_callback *callback)
{
    ili_sched *sched = ili_sched_current;

    ILI_RETURN_IF_FAIL(loop && callback && callback->fn, -EINVAL);
    ILI_RETURN_IF_FAIL(!ili_sched_of(loop)->closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(sched == ili_sched_of(loop), -ESRCH);
    if (ILI_UNLIKELY(!ili_callback_post(sched, callback)))
        return -EBUSY;
    return ILI_LIKELY(!sched->has_locals) ? 0 : give_locals(sched, callback);
}

/* Take it out of the list that it is in. */
static bool take_out(const ili_sched *sched, il_callback *callback)
{
    int state = ili_callback_state(callback);

    if (state == ILI_CALLBACK_IDLE || callback->loop != sched->loop)
        return false;
    ili_list_remove(&callback->item.link);
    ili_callback_forget(callback);
    if (state == ILI_CALLBACK_HOOK)
        ili_callback_unhook(callback);
    else
        ili_callback_set_state(callback, ILI_CALLBACK_IDLE);
    return true;
}

bool il_callback_cancel(il_callback *callback)
{
    ili_sched *sched = ili_sched_current;

    if (!callback || !sched)
        return false;
    /* One that comes from another thread is in a list only once it has
     * arrived. */
    if (__atomic_load_n(&callback->claim, __ATOMIC_ACQUIRE) &&
        ili_callback_state(callback) != ILI_CALLBACK_HOOK)
        sched->collect(sched);
    return take_out(sched, callback);
}
