/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_POST_H
#define ILI_TASK_POST_H

/* post.h - callbacks in the ready queue.
 *
 * A callback is in one place at a time; its state says in which.  The state is
 * atomic because il_post_threadsafe() claims a callback from another thread;
 * every other change happens on the loop's thread. */

#include "task/sched.h"

#include <interloop/loop.h>

enum ili_callback_state {
    ILI_CALLBACK_IDLE,  /* the caller's */
    ILI_CALLBACK_READY, /* in sched->ready */
    ILI_CALLBACK_INBOX, /* on its way from another thread */
    ILI_CALLBACK_HOOK,  /* in a list of something that will happen */
};

/* Take an idle callback for `state`; false if it is in use. */
static inline bool ili_callback_claim(il_callback *callback, int state)
{
    int idle = ILI_CALLBACK_IDLE;

    return __atomic_compare_exchange_n(&callback->state, &idle, state, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Put a claimed callback that is in no list on the ready queue. */
void ili_callback_queue(ili_sched *sched, il_callback *callback);

/* The item will not run: if it is a callback, it is its owner's again. */
void ili_item_drop(il_item *item);

#endif
