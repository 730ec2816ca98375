/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_HEARERS_H
#define SUPPORT_HEARERS_H

/* hearers.h - broadcasts of numbers, and who listens. */

#include "fixture.h"

struct hearer {
    il_subscriber *subscriber;
    const char *name;
    int wants; /* so many */
    int value; /* of the last receive */
    int r;     /* of the last receive; 1 while it waits */
    uint64_t missed;
};

/* A task with a struct hearer; notes its name, each value, and a "-" for each
 * that it has missed. */
int hear_some(void *arg);

void make_broadcast(il_broadcast *broadcast, size_t capacity);
void subscribe(il_subscriber *subscriber, il_broadcast *broadcast);
void say(il_broadcast *broadcast, int value);

/* Receive without waiting: that value, having missed so many. */
void assert_hears(il_subscriber *subscriber, int expected, int missed);

/* Nothing to receive, for the reason `why`, and nothing is touched. */
void assert_silent(il_subscriber *subscriber, int why);

#endif
