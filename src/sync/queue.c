/* SPDX-License-Identifier: MIT */

/* queue.c - work to be done, in one of three orders.
 *
 * Between any two calls into this file:
 *   - tasks wait to get only while the queue is empty, and to put only while it
 *     is full;
 *   - nobody waits in a closed queue but those who join;
 *   - tasks join only while something is unfinished, which is what is in the
 *     queue and what was got and is not done.
 *
 * As in a channel nobody is woken to look for itself: an element goes straight
 * to who waits for one, and room that becomes free is filled at once.  asyncio
 * wakes one to try again; elements and wake-ups were lost there, and who had
 * waited longest could be overtaken.
 *
 * The order of priorities is found by a function of the user's.  It runs when an
 * element is in its place and everybody who has to be woken is, so that whatever
 * it does, nothing is half done; see heap.c.
 *
 * Rejected: three types with a dozen functions each, which differ in two lines.
 * Counting what is unfinished in channels as well, whose every message would
 * pay for it.  A queue without room: with nothing in it there is no order. */

#include "config.h"

#include <interloop/queue.h>

#include "sync/element.h"
#include "sync/heap.h"
#include "sync/waiter.h"

#include <errno.h>
#include <stdlib.h>

/* --- what is next ----------------------------------------------------------- */

static void *place(const il_queue *queue, size_t index)
{
    return queue->elements + index * queue->element_size;
}

/* There is room.  sort_in() will have to follow. */
static void add(il_queue *queue, const void *element)
{
    size_t index = queue->count;

    if (queue->ranks) {
        index = ili_heap_add(queue);
    } else {
        if (!queue->is_lifo) {
            index += queue->first;
            if (index >= queue->capacity)
                index -= queue->capacity;
        }
        queue->count++;
    }
    ili_copy(place(queue, index), element, queue->element_size);
    queue->unfinished++;
}

static void sort_in(il_queue *queue)
{
    if (queue->ranks)
        ili_heap_rise(queue);
}

/* There is one.  Its place is good until the next add(); mend() will have to
 * follow. */
static void *take(il_queue *queue)
{
    size_t index = queue->first;

    if (queue->ranks)
        return place(queue, ili_heap_take(queue));
    queue->count--;
    if (queue->is_lifo)
        return place(queue, queue->count);
    if (++queue->first == queue->capacity)
        queue->first = 0;
    return place(queue, index);
}

static void mend(il_queue *queue)
{
    if (queue->ranks && queue->count > 1)
        ili_heap_sink(queue);
}

/* --- life ------------------------------------------------------------------- */

static int make(il_queue *queue, size_t element_size, size_t capacity,
                bool has_ranks)
{
    const size_t rank_size = has_ranks ? sizeof(struct ili_rank) : 0;
    unsigned char *memory;

    ILI_RETURN_IF_FAIL(queue && element_size > 0 && capacity > 0, -EINVAL);
    if (ili_is_too_big(capacity, element_size, rank_size))
        return -ENOMEM;
    /* The ranks come first, since elements may have any size. */
    memory = malloc(capacity * (element_size + rank_size));
    if (!memory)
        return -ENOMEM;
    *queue = (il_queue){ .elements = memory + capacity * rank_size,
                         .ranks = has_ranks ? memory : NULL,
                         .element_size = element_size,
                         .capacity = capacity,
                         .thread = ili_this_thread() };
    if (has_ranks)
        ili_heap_init(queue);
    return 0;
}

int il_queue_init(il_queue *queue, size_t element_size, size_t capacity)
{
    return make(queue, element_size, capacity, false);
}

int il_queue_init_lifo(il_queue *queue, size_t element_size, size_t capacity)
{
    int r = make(queue, element_size, capacity, false);

    if (r == 0)
        queue->is_lifo = true;
    return r;
}

int il_queue_init_priority(il_queue *queue, size_t element_size,
                           size_t capacity, il_queue_compare_fn *compare,
                           void *arg)
{
    int r;

    ILI_RETURN_IF_FAIL(compare, -EINVAL);
    r = make(queue, element_size, capacity, true);
    if (r == 0) {
        queue->compare = compare;
        queue->compare_arg = arg;
    }
    return r;
}

void il_queue_set_destroy(il_queue *queue, il_queue_destroy_fn *destroy,
                          void *arg)
{
    if (!queue)
        return;
    queue->destroy = destroy;
    queue->destroy_arg = arg;
}

/* 0, or why it cannot be used here at all. */
static int check(const il_queue *queue)
{
    ILI_RETURN_IF_FAIL(queue && queue->thread, -EINVAL);
    ILI_RETURN_IF_FAIL(queue->thread == ili_this_thread(), -ESRCH);
    return 0;
}

/* 0, or why nothing can be put or got. */
static int check_element(const il_queue *queue, const void *element)
{
    int r = check(queue);

    if (r < 0)
        return r;
    ILI_RETURN_IF_FAIL(element, -EINVAL);
    return queue->is_comparing ? -EBUSY : 0;
}

static void finish_one(il_queue *queue)
{
    if (--queue->unfinished == 0)
        ili_waiters_end(&queue->joiners, 0);
}

/* Elements that nobody will get.  The queue is closed: nothing can be put in
 * the place of one that is being destroyed. */
static void dispose(il_queue *queue)
{
    while (queue->count > 0) {
        void *element = take(queue);

        finish_one(queue); /* before it is compared: nobody has got it */
        mend(queue);
        if (queue->destroy)
            queue->destroy(element, queue->destroy_arg);
    }
}

static void close_with(il_queue *queue, int result)
{
    queue->is_closed = true;
    ili_waiters_end(&queue->getters, result);
    ili_waiters_end(&queue->putters, result);
}

void il_queue_fini(il_queue *queue)
{
    if (check(queue) < 0 || queue->is_comparing)
        return;
    close_with(queue, -EOWNERDEAD);
    ili_waiters_end(&queue->joiners, -EOWNERDEAD);
    dispose(queue);
    free(queue->ranks ? queue->ranks : queue->elements);
    *queue = (il_queue){ .thread = NULL };
}

/* --- putting ---------------------------------------------------------------- */

/* 0, or -EAGAIN: it has to wait for room. */
static int put(il_queue *queue, const void *element)
{
    il_waiter *getter;

    if (queue->is_closed)
        return -EPIPE;
    if (queue->count == queue->capacity)
        return -EAGAIN;
    do
        getter = ili_waiters_pop(&queue->getters);
    while (getter && ILI_UNLIKELY(!ili_wake(getter->task, 0)));
    if (getter) {
        queue->unfinished++;
        ili_copy(getter->slot, element, queue->element_size);
    } else {
        add(queue, element);
        sort_in(queue);
    }
    return 0;
}

int il_queue_try_put(il_queue *queue, const void *element)
{
    int r = check_element(queue, element);

    return r < 0 ? r : put(queue, element);
}

int il_queue_put(il_queue *queue, const void *element)
{
    il_task *task = ili_current_task();
    int r = check_element(queue, element);

    if (r < 0)
        return r;
    if (ili_must_refuse(task))
        return ili_refuse(task);
    r = put(queue, element);
    if (r == -EAGAIN) /* nobody writes to the slot of one who puts */
        return ili_waiters_join(&queue->putters, (void *)element,
                                "room in a queue");
    return r < 0 ? r : ili_spent(task);
}

/* --- getting ---------------------------------------------------------------- */

/* There is room: who has waited longest to put has it. */
static void refill(il_queue *queue)
{
    il_waiter *putter;

    do {
        putter = ili_waiters_pop(&queue->putters);
        if (!putter)
            return;
    } while (ILI_UNLIKELY(!ili_wake(putter->task, 0)));
    add(queue, putter->slot);
    sort_in(queue);
}

/* 0, or -EAGAIN: it has to wait for one. */
static int get(il_queue *queue, void *ret_element)
{
    if (queue->count == 0)
        return queue->is_closed ? -EPIPE : -EAGAIN;
    ili_copy(ret_element, take(queue), queue->element_size);
    mend(queue);
    refill(queue);
    return 0;
}

int il_queue_try_get(il_queue *queue, void *ret_element)
{
    int r = check_element(queue, ret_element);

    return r < 0 ? r : get(queue, ret_element);
}

int il_queue_get(il_queue *queue, void *ret_element)
{
    il_task *task = ili_current_task();
    int r = check_element(queue, ret_element);

    if (r < 0)
        return r;
    if (ili_must_refuse(task))
        return ili_refuse(task);
    r = get(queue, ret_element);
    if (r == -EAGAIN)
        return ili_waiters_join(&queue->getters, ret_element,
                                "something in a queue");
    return r < 0 ? r : ili_spent(task);
}

/* --- until all is done ------------------------------------------------------ */

int il_queue_task_done(il_queue *queue)
{
    int r = check(queue);

    if (r < 0)
        return r;
    ILI_RETURN_IF_FAIL(queue->unfinished > queue->count, -EPERM);
    finish_one(queue);
    return 0;
}

int il_queue_join(il_queue *queue)
{
    int r = check(queue);

    if (r < 0)
        return r;
    if (queue->unfinished == 0)
        return ili_spend();
    return ili_waiters_join(&queue->joiners, NULL, "a queue to be done");
}

/* --- closing ---------------------------------------------------------------- */

int il_queue_close(il_queue *queue)
{
    int r = check(queue);

    if (r < 0)
        return r;
    if (queue->is_closed)
        return -EALREADY;
    close_with(queue, -EPIPE);
    return 0;
}

int il_queue_close_now(il_queue *queue)
{
    int r = check(queue);

    if (r < 0)
        return r;
    ILI_RETURN_IF_FAIL(!queue->is_comparing, -EBUSY);
    close_with(queue, -EPIPE);
    dispose(queue);
    return 0;
}

bool il_queue_is_closed(const il_queue *queue)
{
    return !queue || queue->is_closed;
}

size_t il_queue_count(const il_queue *queue)
{
    return queue ? queue->count : 0;
}

size_t il_queue_unfinished(const il_queue *queue)
{
    return queue ? queue->unfinished : 0;
}
