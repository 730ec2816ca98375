/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CHANNEL_USERS_H
#define SUPPORT_CHANNEL_USERS_H

/* channel_users.h - channels of numbers, and tasks that use them. */

#include "fixture.h"

struct sender {
    il_channel *channel;
    int first; /* the values it sends */
    int last;
    int r; /* of the last send */
};

/* A task with a struct sender; notes "s1" for what it has sent. */
int send_all(void *arg);

struct receiver {
    il_channel *channel;
    int wants; /* so many */
    int r;     /* of the last receive */
    int value; /* of the last receive */
};

/* A task with a struct receiver; notes "r1" for what it has received. */
int receive_some(void *arg);

/* Without waiting; fails the test if that cannot be. */
int take(il_channel *channel);
void give(il_channel *channel, int value);

/* Nothing to take, and it says so without touching anything. */
void assert_channel_empty(il_channel *channel);

#endif
