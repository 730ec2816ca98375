/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_QUEUE_USERS_H
#define SUPPORT_QUEUE_USERS_H

/* queue_users.h - queues of numbers, and tasks that use them. */

#include "fixture.h"

/* The three orders. */
enum { FIFO, LIFO, PRIORITY, N_ORDERS };

/* Small numbers come first. */
int by_number(const void *a, const void *b, void *arg);

il_queue make_queue(int order, size_t capacity);

/* Without waiting; fails the test if that cannot be. */
void put(il_queue *queue, int value);
int get(il_queue *queue);

/* Nothing to get, and it says so without touching anything. */
void assert_queue_empty(il_queue *queue);

struct queue_user {
    il_queue *queue;
    const char *name; /* to note; NULL: what was done, and the value */
    int value;        /* to put, or got */
    int r;            /* 1 while it waits */
};

/* Tasks with a struct queue_user. */
int put_one(void *arg);
int get_one(void *arg);
int join_one(void *arg);

#endif
