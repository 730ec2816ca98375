/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_POST_H
#define ILI_TASK_POST_H

/* post.h - callbacks in the ready queue.
 *
 * A callback is posted by its loop's thread or by others, and each side says so
 * in a word of its own:
 *
 *     state | claim | where it is
 *     ------+-------+-----------------------------------------------------
 *       0   |   0   | nowhere: it is the caller's
 *       n   |   0   | in sched->ready, to be run n times
 *       0   |   1   | in the inbox, on its way from another thread
 *       n   |   1   | both
 *     HOOK  |   1   | in a list of something that will happen
 *
 * `state` is written by the loop's thread only, so il_post() needs no locked
 * instruction; one costs as much as the rest of a post and its run.  The thread
 * that has set `claim` may put the callback into the inbox; the loop clears it
 * when it has taken it out, before the run.  So another thread is refused only
 * while a post of its kind is on its way, and may rely on a run that begins
 * later.  `state` would tell it only what was: the run could have begun, and
 * have looked at what the poster has just written before that was there.  Hence
 * n: a post that comes from another thread when the callback is ready already is
 * owed a run of its own.
 *
 * A callback that somebody of the loop's thread has given to the loop sees his
 * values; so it has a reference to them, from then until it runs or is given back.
 * Only the loop's thread touches that. */

#include "task/local.h"

#include <interloop/loop.h>

/* Values of il_callback.state; more than READY: so many runs. */
enum ili_callback_state {
    ILI_CALLBACK_HOOK = -1,
    ILI_CALLBACK_IDLE,
    ILI_CALLBACK_READY,
};

static inline int ili_callback_state(const il_callback *callback)
{
    return __atomic_load_n(&callback->state, __ATOMIC_ACQUIRE);
}

static inline void ili_callback_set_state(il_callback *callback, int state)
{
    __atomic_store_n(&callback->state, state, __ATOMIC_RELEASE);
}

/* Whose it is; other threads look, too. */
static inline void ili_callback_set_loop(il_callback *callback, il_loop *loop)
{
    __atomic_store_n(&callback->loop, loop, __ATOMIC_RELAXED);
}

/* From any thread; false if it is claimed already. */
static inline bool ili_callback_claim(il_callback *callback)
{
    return __atomic_exchange_n(&callback->claim, 1, __ATOMIC_ACQ_REL) == 0;
}

static inline void ili_callback_unclaim(il_callback *callback)
{
    __atomic_store_n(&callback->claim, 0, __ATOMIC_RELEASE);
}

/* An il_item.run: the one of a callback that is to run once. */
__attribute__((visibility("hidden"))) void ili_callback_run(il_item *item);

/* What it does, for the hot path.  The storage is the owner's from before the
 * call: the function may free it, or post it once more. */
static inline void ili_callback_run_inline(il_item *item)
{
    il_callback *callback = ILI_CONTAINER(item, il_callback, item);
    il_callback_fn *fn = callback->fn;
    void *arg = callback->arg;

    ili_callback_set_state(callback, ILI_CALLBACK_IDLE);
    fn(arg);
}

/* The one of a callback that has values. */
void ili_callback_run_with_locals(il_item *item);

/* It will see what the caller sees now, if that is anything. */
static inline void ili_callback_capture(ili_sched *sched, il_callback *callback)
{
    if (ILI_UNLIKELY(sched->has_locals))
        callback->locals = il_locals_ref(*ili_locals_place(sched));
}

/* It is its owner's again. */
static inline void ili_callback_forget(il_callback *callback)
{
    if (ILI_UNLIKELY(callback->locals != NULL))
        ili_locals_drop(&callback->locals);
}

/* Put an idle callback on the ready queue. */
static inline void ili_callback_ready(ili_sched *sched, il_callback *callback)
{
    callback->item.run = ili_callback_run;
    ili_callback_set_loop(callback, sched->loop);
    ili_callback_set_state(callback, ILI_CALLBACK_READY);
    ili_sched_queue(sched, &callback->item);
}

/* The same, after it was given to the loop and waited for something. */
static inline void ili_callback_come(ili_sched *sched, il_callback *callback)
{
    ili_callback_ready(sched, callback);
    if (ILI_UNLIKELY(callback->locals != NULL))
        callback->item.run = ili_callback_run_with_locals;
}

/* Post to this thread's scheduler; false if it is in use. */
static inline bool ili_callback_post(ili_sched *sched, il_callback *callback)
{
    if (ILI_UNLIKELY(ili_callback_state(callback) != ILI_CALLBACK_IDLE ||
                     __atomic_load_n(&callback->claim, __ATOMIC_ACQUIRE)))
        return false;
    ili_callback_ready(sched, callback);
    return true;
}

/* Take an idle callback as a hook of this thread's loop; false if it is in use.
 * The caller puts item.link into a list, or queues it at once. */
static inline bool ili_callback_hook(ili_sched *sched, il_callback *callback)
{
    if (ili_callback_state(callback) != ILI_CALLBACK_IDLE ||
        !ili_callback_claim(callback))
        return false;
    ili_callback_set_state(callback, ILI_CALLBACK_HOOK);
    ili_callback_capture(sched, callback);
    return true;
}

/* A hook, out of its list, is its owner's again. */
static inline void ili_callback_unhook(il_callback *callback)
{
    ili_callback_forget(callback);
    ili_callback_set_state(callback, ILI_CALLBACK_IDLE);
    ili_callback_unclaim(callback);
}

/* It is to run once more: put it on the ready queue if it is not there. */
void ili_callback_owe(ili_sched *sched, il_callback *callback);

/* The same for a hook, which is out of its list. */
static inline void ili_callback_queue(ili_sched *sched, il_callback *callback)
{
    ili_callback_set_state(callback, ILI_CALLBACK_IDLE);
    ili_callback_unclaim(callback);
    ili_callback_come(sched, callback);
}

/* What a callback in the queue will call; NULL: it is no callback. */
il_callback_fn *ili_item_function(const il_item *item);

/* The item will not run: if it is a callback, it is its owner's again. */
void ili_item_drop(il_item *item);

#endif
