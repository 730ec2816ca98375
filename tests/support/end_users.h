/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_END_USERS_H
#define SUPPORT_END_USERS_H

/* end_users.h - channels with counted ends, and who uses them. */

#include "fixture.h"

struct ends {
    il_sender tx;
    il_receiver rx;
    int n_destroyed;
};

struct ends open_ends(size_t capacity);

struct end_user {
    il_sender tx;
    il_receiver rx;
    int value;
    int r; /* 1 while it waits */
};

/* Tasks with a struct end_user.  They own the end that they were given, and drop
 * it when they have ended; they note what came of it. */
int send_and_drop(void *arg);
int receive_and_drop(void *arg);

/* Without waiting; fails the test if that cannot be. */
void send_now(const il_sender *tx, int value);
void assert_receives(const il_receiver *rx, int expected);

/* Nothing comes any more, and nothing is touched. */
void assert_ended(const il_receiver *rx);

#endif
