/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_QUEUE_H
#define INTERLOOP_QUEUE_H

/**
 * @file queue.h
 * @brief Work to be done, in an order of your choice, and waiting until it is.
 *
 * asyncio's Queue, LifoQueue and PriorityQueue.  Elements of one size are copied
 * in by who puts and out by who gets.  What comes out next depends on how the
 * queue was made: what went in first, what went in last, or what a function of
 * yours says comes before all others; of equals the one that went in first.
 *
 * There is room for a number of elements; when it is used up, who puts waits.
 * Nothing is lost and nothing comes twice: an element belongs to who puts it
 * until il_queue_put() has returned 0.  Tasks that wait are served in the order
 * they came, and nobody overtakes them.  A task that waits to put has put
 * nothing yet: its element takes part in the order once there is room.
 *
 * What was got is not done yet.  If whoever gets elements calls
 * il_queue_task_done() for each when it has dealt with it, il_queue_join() waits
 * until nothing is left to be done.
 *
 * Where the order is that of sending, and nobody joins, a channel does the same
 * with less, see channel.h.
 *
 * A queue is caller's storage and belongs to the thread that initialised it;
 * calls from another get -ESRCH.
 */

#include <interloop/export.h>
#include <interloop/node.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

IL_BEGIN_DECLS

/**
 * Say which of two elements comes out first.
 *
 * Runs inside calls that put, get or close.  It must not use the queue, which
 * refuses with -EBUSY, and should not suspend, for others would be refused
 * meanwhile.
 *
 * @param a    An element.
 * @param b    Another one.
 * @param arg  As given to il_queue_init_priority().
 * @return Less than 0: @p a; more than 0: @p b; 0: the one that went in first.
 */
typedef int il_queue_compare_fn(const void *a, const void *b, void *arg);

/**
 * Disposes of an element that nobody will get.
 *
 * Runs inside il_queue_close_now() or il_queue_fini(), on the caller's stack.
 * The element is in the queue no more.
 *
 * @param element  The element; valid during the call.
 * @param arg      As given to il_queue_set_destroy().
 */
typedef void il_queue_destroy_fn(void *element, void *arg);

/** A queue; begin with il_queue_init() or its like.  Its fields are private. */
typedef struct il_queue {
    il_link getters;              /**< private: tasks, in order */
    il_link putters;              /**< private: tasks, in order */
    il_link joiners;              /**< private: tasks, in order */
    unsigned char *elements;      /**< private: room for them */
    void *ranks;                  /**< private: a heap; NULL: no priorities */
    size_t element_size;          /**< private: in bytes */
    size_t capacity;              /**< private: in elements */
    size_t first;                 /**< private: place of the oldest */
    size_t count;                 /**< private: how many are in it */
    size_t unfinished;            /**< private: put, and not done */
    uint64_t n_put;               /**< private: numbers for the heap */
    il_queue_compare_fn *compare; /**< private: NULL: no priorities */
    void *compare_arg;            /**< private */
    il_queue_destroy_fn *destroy; /**< private: may be NULL */
    void *destroy_arg;            /**< private */
    const void *thread;           /**< private: whose it is */
    bool is_lifo;                 /**< private */
    bool is_closed;               /**< private */
    bool is_comparing;            /**< private: the order is being looked for */
} il_queue;

/**
 * Make a queue that gives first what went in first.
 *
 * @param queue         Caller's storage; need not be initialised.
 * @param element_size  Bytes of one element, at least 1.
 * @param capacity      For how many elements there is room, at least 1.
 * @retval 0        Made; end it with il_queue_fini().
 * @retval -EINVAL  No queue, elements without a size, or no room.
 * @retval -ENOMEM  Out of memory.  Nothing after this can fail so.
 */
IL_EXPORT IL_MUST_CHECK int il_queue_init(il_queue *queue, size_t element_size,
                                          size_t capacity);

/** The same for one that gives first what went in last. */
IL_EXPORT IL_MUST_CHECK int
il_queue_init_lifo(il_queue *queue, size_t element_size, size_t capacity);

/**
 * The same for one that gives first what comes before all others.
 *
 * @param queue         Caller's storage; need not be initialised.
 * @param element_size  Bytes of one element, at least 1.
 * @param capacity      For how many elements there is room, at least 1.
 * @param compare       Says what comes first; must not change its mind about
 *                      elements that are in the queue.
 * @param arg           Passed to @p compare.
 * @retval 0        Made; end it with il_queue_fini().
 * @retval -EINVAL  No queue, elements without a size, no room, or nothing to
 *                  compare with.
 * @retval -ENOMEM  Out of memory.  Nothing after this can fail so.
 */
IL_EXPORT IL_MUST_CHECK int
il_queue_init_priority(il_queue *queue, size_t element_size, size_t capacity,
                       il_queue_compare_fn *compare, void *arg);

/**
 * Say what is to be done with elements that nobody will get.
 *
 * @param queue    A queue.
 * @param destroy  Called for each; NULL: nothing is to be done.
 * @param arg      Passed to @p destroy.
 */
IL_EXPORT void il_queue_set_destroy(il_queue *queue,
                                    il_queue_destroy_fn *destroy, void *arg);

/**
 * Put an element.
 *
 * Hands it to the task that has waited longest to get one, else puts it into the
 * queue, else waits for room.
 *
 * @suspends If there is no room, and now and then if there is, so that a task
 * that always finds some cannot keep the thread.
 *
 * @param queue    The queue; must stay until this returns, or be ended with
 *                 il_queue_fini().
 * @param element  What to put, copied before this returns 0.
 * @retval 0            Put.
 * @retval -ECANCELED   The caller was cancelled first.  As with every error,
 *                      nothing was put.
 * @retval -EPIPE       The queue is closed, or was while this waited.
 * @retval -EOWNERDEAD  il_queue_fini() was called; do not touch it again.
 * @retval -EBUSY       Elements are being compared.
 * @retval -EINVAL      No queue or no element.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's queue.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_queue_put(il_queue *queue, const void *element);

/**
 * Put an element without waiting.
 *
 * @retval 0        Put.
 * @retval -EAGAIN  No room.
 * @retval -EPIPE   The queue is closed.
 * @retval -EBUSY   Elements are being compared.
 * @retval -EINVAL  No queue or no element.
 * @retval -ESRCH   Another thread's queue.
 */
IL_EXPORT IL_MUST_CHECK int il_queue_try_put(il_queue *queue,
                                             const void *element);

/**
 * Get the element that is next.
 *
 * @suspends If there is none, and now and then if there is, so that a task that
 * always finds one cannot keep the thread.
 *
 * @param      queue        The queue; must stay until this returns, or be ended
 *                          with il_queue_fini().
 * @param[out] ret_element  Where to put it.
 * @retval 0            Got.
 * @retval -ECANCELED   The caller was cancelled first.  As with every error,
 *                      nothing was got.
 * @retval -EPIPE       The queue is closed and empty.
 * @retval -EOWNERDEAD  il_queue_fini() was called; do not touch it again.
 * @retval -EBUSY       Elements are being compared.
 * @retval -EINVAL      No queue, or nowhere to put it.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's queue.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_queue_get(il_queue *queue, void *ret_element);

/**
 * Get the element that is next without waiting.
 *
 * @retval 0        Got.
 * @retval -EAGAIN  There is none.
 * @retval -EPIPE   The queue is closed and empty.
 * @retval -EBUSY   Elements are being compared.
 * @retval -EINVAL  No queue, or nowhere to put it.
 * @retval -ESRCH   Another thread's queue.
 */
IL_EXPORT IL_MUST_CHECK int il_queue_try_get(il_queue *queue,
                                             void *ret_element);

/**
 * One element that was got is done.  Runs nothing.
 *
 * If nothing is left, all who join at this moment go on, whatever is put before
 * they run.
 *
 * @retval 0        Counted.
 * @retval -EPERM   All that was got is done.
 * @retval -EINVAL  @p queue is NULL or was ended.
 * @retval -ESRCH   Another thread's queue.
 */
IL_EXPORT int il_queue_task_done(il_queue *queue);

/**
 * Wait until each element that was put is done, or was disposed of.
 *
 * @suspends If something is left, and now and then if nothing is, so that a task
 * that finds nothing each time cannot keep the thread.
 *
 * @param queue  The queue, open or closed; must stay until this returns, or be
 *               ended with il_queue_fini().
 * @retval 0            Nothing is left.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EOWNERDEAD  il_queue_fini() was called; do not touch it again.
 * @retval -EINVAL      No queue.
 * @retval -ESRCH       It must wait and the caller is not a task, or another
 *                      thread's queue.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_queue_join(il_queue *queue);

/**
 * Close a queue: nothing goes in any more, what is in it can be got.  asyncio's
 * shutdown().
 *
 * Whoever waits to put gets -EPIPE and keeps its element; whoever waits to get
 * gets -EPIPE, since nothing will come.  Runs nothing.
 *
 * @retval 0          Closed.
 * @retval -EALREADY  It was closed before.
 * @retval -EINVAL    @p queue is NULL or was ended.
 * @retval -ESRCH     Another thread's queue.
 */
IL_EXPORT int il_queue_close(il_queue *queue);

/**
 * Close a queue and dispose of what is in it.  asyncio's shutdown() with
 * immediate.
 *
 * Also for one that is closed but not yet empty.  What is disposed of counts as
 * done.
 *
 * @retval 0        Closed and empty.
 * @retval -EBUSY   Elements are being compared.
 * @retval -EINVAL  @p queue is NULL or was ended.
 * @retval -ESRCH   Another thread's queue.
 */
IL_EXPORT int il_queue_close_now(il_queue *queue);

/** Whether it is closed; elements may be left in it. */
IL_EXPORT bool il_queue_is_closed(const il_queue *queue);

/** How many elements are in it. */
IL_EXPORT size_t il_queue_count(const il_queue *queue);

/** How many elements were put and are not done. */
IL_EXPORT size_t il_queue_unfinished(const il_queue *queue);

/**
 * End a queue.  Tasks that still wait get -EOWNERDEAD; elements that are left
 * are disposed of.
 *
 * Zeros and NULL are nothing to end; another thread's queue, and one whose
 * elements are being compared, is left alone.
 */
IL_EXPORT void il_queue_fini(il_queue *queue);

IL_END_DECLS

#endif
