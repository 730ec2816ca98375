/* SPDX-License-Identifier: MIT */

/* queue_users.c - queues of numbers, and tasks that use them. */

#include "queue_users.h"

#include <errno.h>

int by_number(const void *a, const void *b, void *arg)
{
    int first = *(const int *)a;
    int second = *(const int *)b;

    (void)arg;
    return (first > second) - (first < second);
}

il_queue make_queue(int order, size_t capacity)
{
    il_queue queue;
    int r = -1;

    if (order == FIFO)
        r = il_queue_init(&queue, sizeof(int), capacity);
    if (order == LIFO)
        r = il_queue_init_lifo(&queue, sizeof(int), capacity);
    if (order == PRIORITY)
        r = il_queue_init_priority(&queue, sizeof(int), capacity, by_number,
                                   NULL);
    assert_int_equal(r, 0);
    return queue;
}

void put(il_queue *queue, int value)
{
    assert_int_equal(il_queue_try_put(queue, &value), 0);
}

int get(il_queue *queue)
{
    int value = -1;

    assert_int_equal(il_queue_try_get(queue, &value), 0);
    return value;
}

void assert_queue_empty(il_queue *queue)
{
    int value = 99;

    assert_int_equal(il_queue_try_get(queue, &value), -EAGAIN);
    assert_int_equal(value, 99);
    assert_int_equal(il_queue_count(queue), 0);
}

static void tell(const struct queue_user *u, char did)
{
    if (u->name)
        note("%s", u->name);
    else
        note("%c%d", did, u->value);
}

int put_one(void *arg)
{
    struct queue_user *u = arg;

    u->r = 1;
    u->r = il_queue_put(u->queue, &u->value);
    tell(u, 'p');
    return 0;
}

int get_one(void *arg)
{
    struct queue_user *u = arg;

    u->r = 1;
    u->value = 77;
    u->r = il_queue_get(u->queue, &u->value);
    tell(u, 'g');
    return 0;
}

int join_one(void *arg)
{
    struct queue_user *u = arg;

    u->r = 1;
    u->r = il_queue_join(u->queue);
    tell(u, 'j');
    return 0;
}
