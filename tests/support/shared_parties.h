/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_SHARED_PARTIES_H
#define SUPPORT_SHARED_PARTIES_H

/* shared_parties.h - channels of numbers between threads, and who uses them. */

#include <interloop/interloop.h>

/* A task, or a thread, that sends or receives once. */
struct party {
    il_shared_channel *channel;
    il_time timeout;
    int value;
    int r;    /* 1 while it waits */
    int next; /* of a yield after that */
};

/* One that waits for ever. */
struct party party(il_shared_channel *channel, int value);

/* Tasks with a struct party; they note "s1" or "r1" if they succeed. */
int send_one(void *arg);
int receive_one(void *arg);

/* A thread with a channel: returns how many were accepted, as an intptr_t. */
void *send_until_closed(void *channel);

/* Thirty times a loop of another thread is closed while `fn`, a task with a channel
 * that never ends, receives what is sent there: it is abandoned, wherever it is.
 * Nobody writes to it any more, and the channel works. */
void outlive_abandoned_receivers(il_task_fn *fn);

void init_shared(il_shared_channel *channel, size_t capacity);

/* Without waiting; fails the test if that cannot be. */
void give_shared(il_shared_channel *channel, int value);
int take_shared(il_shared_channel *channel);

#endif
