/* SPDX-License-Identifier: MIT */

/* broadcast.c - each subscriber gets each value, or is told what it missed.
 *
 * Values are numbered from the first one on.  The ring has the latest of them,
 * value n in place n modulo its capacity, and a subscriber is nothing but the
 * number of the value that it gets next: what it has missed is a subtraction.
 *
 * Between any two calls into this file tasks wait with a subscriber only while
 * it has got everything, so one who waits is never behind, and a value that is
 * sent goes straight into its variable.
 *
 * Sending looks at every subscriber, also at those nobody waits with.  A list of
 * those who do would spare that where most are behind, but then all have a copy
 * to make anyway.
 *
 * Rejected: an error for what was missed, as Tokio has it.  An error says here
 * that nothing has happened, and every loop would have to go round once more.
 * Senders that wait for the slowest: then one who does not listen stops all;
 * who wants that has a channel for each. */

#include "config.h"

#include <interloop/broadcast.h>

#include "sync/element.h"
#include "sync/waiter.h"

#include <errno.h>
#include <stdlib.h>

static void *place(const il_broadcast *broadcast, uint64_t number)
{
    return broadcast->ring +
           (size_t)(number % broadcast->capacity) * broadcast->element_size;
}

static int check(const il_broadcast *broadcast)
{
    ILI_RETURN_IF_FAIL(broadcast && broadcast->thread, -EINVAL);
    ILI_RETURN_IF_FAIL(broadcast->thread == ili_this_thread(), -ESRCH);
    return 0;
}

/* --- the broadcast ---------------------------------------------------------- */

int il_broadcast_init_with(il_broadcast *broadcast, size_t element_size,
                           size_t capacity, void *storage)
{
    ILI_RETURN_IF_FAIL(broadcast && storage && capacity > 0, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_ring_check(capacity, element_size) == 0, -EINVAL);
    *broadcast = (il_broadcast){ .ring = storage,
                                 .element_size = element_size,
                                 .capacity = capacity,
                                 .thread = ili_this_thread() };
    ili_list_init(&broadcast->subscribers);
    return 0;
}

int il_broadcast_init(il_broadcast *broadcast, size_t element_size,
                      size_t capacity)
{
    void *ring;
    int r;

    ILI_RETURN_IF_FAIL(broadcast && capacity > 0, -EINVAL);
    r = ili_ring_new(capacity, element_size, &ring);
    if (r < 0)
        return r;
    r = il_broadcast_init_with(broadcast, element_size, capacity, ring);
    ILI_ASSERT(r == 0);
    broadcast->owns_ring = true;
    return 0;
}

/* One of the tasks that wait with it gets the value, which is in the ring. */
static void serve(const il_broadcast *broadcast, il_subscriber *subscriber)
{
    il_waiter *waiter;

    do {
        waiter = ili_waiters_pop(&subscriber->waiters);
        if (!waiter)
            return;
    } while (ILI_UNLIKELY(!ili_wake(waiter->task, 0)));
    ili_copy(waiter->slot, place(broadcast, subscriber->next++),
             broadcast->element_size);
}

int il_broadcast_send(il_broadcast *broadcast, const void *element)
{
    int r = check(broadcast);

    if (r < 0)
        return r;
    ILI_RETURN_IF_FAIL(element, -EINVAL);
    if (broadcast->is_closed)
        return -EPIPE;
    ili_copy(place(broadcast, broadcast->sent++), element,
             broadcast->element_size);
    for (il_link *link = broadcast->subscribers.next;
         link != &broadcast->subscribers; link = link->next)
        serve(broadcast, ILI_CONTAINER(link, il_subscriber, link));
    return 0;
}

/* Whoever waits, with whichever subscriber. */
static void end_waits(il_broadcast *broadcast, int result)
{
    broadcast->is_closed = true;
    for (il_link *link = broadcast->subscribers.next;
         link != &broadcast->subscribers; link = link->next)
        ili_waiters_end(&ILI_CONTAINER(link, il_subscriber, link)->waiters,
                        result);
}

int il_broadcast_close(il_broadcast *broadcast)
{
    int r = check(broadcast);

    if (r < 0)
        return r;
    if (broadcast->is_closed)
        return -EALREADY;
    end_waits(broadcast, -EPIPE);
    return 0;
}

bool il_broadcast_is_closed(const il_broadcast *broadcast)
{
    return !broadcast || broadcast->is_closed;
}

void il_broadcast_fini(il_broadcast *broadcast)
{
    il_link *link;

    if (check(broadcast) < 0)
        return;
    end_waits(broadcast, -EOWNERDEAD);
    while ((link = ili_list_pop(&broadcast->subscribers)) != NULL)
        *ILI_CONTAINER(link, il_subscriber, link) =
            (il_subscriber){ .is_orphan = true };
    if (broadcast->owns_ring)
        free(broadcast->ring);
    *broadcast = (il_broadcast){ .thread = NULL };
}

/* --- its subscribers -------------------------------------------------------- */

int il_subscriber_init(il_subscriber *subscriber, il_broadcast *broadcast)
{
    int r = check(broadcast);

    ILI_RETURN_IF_FAIL(subscriber, -EINVAL);
    if (r < 0)
        return r;
    if (broadcast->is_closed)
        return -EPIPE;
    *subscriber =
        (il_subscriber){ .broadcast = broadcast, .next = broadcast->sent };
    ili_list_append(&broadcast->subscribers, &subscriber->link);
    return 0;
}

void il_subscriber_fini(il_subscriber *subscriber)
{
    if (!subscriber ||
        (subscriber->broadcast && check(subscriber->broadcast) < 0))
        return;
    if (subscriber->broadcast) {
        ili_waiters_end(&subscriber->waiters, -EOWNERDEAD);
        ili_list_remove(&subscriber->link);
    }
    *subscriber = (il_subscriber){ .broadcast = NULL };
}

static int check_element(const il_subscriber *subscriber, const void *element)
{
    ILI_RETURN_IF_FAIL(subscriber && element, -EINVAL);
    if (subscriber->is_orphan)
        return -EOWNERDEAD;
    return check(subscriber->broadcast);
}

/* 0, or -EAGAIN: it has to wait. */
static int receive(il_subscriber *subscriber, void *ret_element,
                   uint64_t *ret_missed)
{
    const il_broadcast *broadcast = subscriber->broadcast;
    uint64_t behind = broadcast->sent - subscriber->next;
    uint64_t missed = 0;

    if (behind == 0)
        return broadcast->is_closed ? -EPIPE : -EAGAIN;
    if (behind > broadcast->capacity)
        missed = behind - broadcast->capacity;
    subscriber->next += missed;
    ili_copy(ret_element, place(broadcast, subscriber->next++),
             broadcast->element_size);
    if (ret_missed)
        *ret_missed = missed;
    return 0;
}

int il_subscriber_try_receive(il_subscriber *subscriber, void *ret_element,
                              uint64_t *ret_missed)
{
    int r = check_element(subscriber, ret_element);

    return r < 0 ? r : receive(subscriber, ret_element, ret_missed);
}

int il_subscriber_receive(il_subscriber *subscriber, void *ret_element,
                          uint64_t *ret_missed)
{
    il_task *task = ili_current_task();
    int r = check_element(subscriber, ret_element);

    if (r < 0)
        return r;
    if (ili_must_refuse(task))
        return ili_refuse(task);
    r = receive(subscriber, ret_element, ret_missed);
    if (r != -EAGAIN)
        return r < 0 ? r : ili_spent(task);
    r = ili_waiters_join(&subscriber->waiters, ret_element, "a broadcast");
    if (r == 0 && ret_missed)
        *ret_missed = 0;
    return r;
}

size_t il_subscriber_count(const il_subscriber *subscriber)
{
    const il_broadcast *broadcast = subscriber ? subscriber->broadcast : NULL;
    uint64_t behind = broadcast ? broadcast->sent - subscriber->next : 0;

    return broadcast && behind > broadcast->capacity ? broadcast->capacity
                                                     : (size_t)behind;
}
