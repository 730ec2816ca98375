/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_SELECT_H
#define INTERLOOP_SELECT_H

/**
 * @file select.h
 * @brief Wait for several things; exactly one happens.
 *
 * What a task could wait for alone can be a *case*: to receive from a channel or
 * send to one, a queue, a broadcast, a watch, a descriptor, the end of a task, a
 * future, an event, a time, a lock, permits of a semaphore.  il_select() waits for several and returns the
 * index of the one that *fired*:
 *
 *     il_case cases[] = {
 *         IL_CASE_EVENT(&server->stop),
 *         IL_CASE_RECEIVE(&server->jobs, &job),
 *         IL_CASE_AFTER(IL_SEC(30)),
 *     };
 *
 *     switch (r = il_select(cases, 3, 0)) {
 *     case 0:
 *         return 0;
 *     case 1:
 *         return cases[1].result == 0 ? work(&job) : cases[1].result;
 *     case 2:
 *         return say_that_we_are_bored();
 *     }
 *     return r;
 *
 * The case that fired has happened, as if its function alone had been called,
 * and its `result` is what that function would have returned: a receive from a
 * closed channel fires with -EPIPE.  With the others nothing has happened:
 * nothing was sent or received, no lock taken, no variable touched.
 *
 * Of several cases that can fire at once the first in the array does.  So put
 * first what must not wait, as a stop; or let #IL_SELECT_ROTATE be just to all.
 *
 * Cases are caller's storage and may be used again, by one task at a time.
 *
 * For what several threads share there are cases in shared_select.h.
 */

#include <interloop/broadcast.h>
#include <interloop/channel.h>
#include <interloop/event.h>
#include <interloop/export.h>
#include <interloop/future.h>
#include <interloop/io.h>
#include <interloop/lock.h>
#include <interloop/node.h>
#include <interloop/queue.h>
#include <interloop/semaphore.h>
#include <interloop/task.h>
#include <interloop/time.h>
#include <interloop/watch.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

IL_BEGIN_DECLS

/** One of the things that il_select() waits for; begin with one of IL_CASE_*.
 *  All fields but the result are private. */
typedef struct il_case {
    int kind;         /**< private */
    int result;       /**< of the operation, once it has fired */
    int fd;           /**< private */
    int events;       /**< private */
    void *object;     /**< private: what is waited for */
    const void *from; /**< private: what is to be sent; or who waits */
    il_time at;       /**< private: deadline or duration */
    union {
        il_future_waiter future; /**< private: in the queue of the object */
        il_joiner joiner;        /**< private: of a task */
        il_alarm alarm;          /**< private: of a time */
        il_shared_waiter shared; /**< private: of what threads share */
    } node;                      /**< private */
} il_case;

/** For il_select(): do not favour the first cases.  Each call begins to look at
 *  another one, so that of those that can always fire each does its share. */
#define IL_SELECT_ROTATE 1u

/**
 * Receive from a channel, as il_channel_receive(): 0, -EPIPE, -EOWNERDEAD.
 *
 * @param channel      `il_channel *`; NULL: the case is off.
 * @param ret_element  `void *`: where to put it.
 */
#define IL_CASE_RECEIVE(channel, ret_element)                                  \
    IL_CASE_(IL_CASE_RECEIVE_, IL_CASE_IS_(il_channel, channel),               \
             IL_CASE_TO_(ret_element), 0, 0)

/**
 * Send to a channel, as il_channel_send(): 0, -EPIPE, -EOWNERDEAD.
 *
 * @param channel  `il_channel *`; NULL: the case is off.
 * @param element  `const void *`: copied when the case fires, not before.
 */
#define IL_CASE_SEND(channel, element)                                         \
    IL_CASE_(IL_CASE_SEND_, IL_CASE_IS_(il_channel, channel), 0, 0, (element))

/**
 * Get from a queue, as il_queue_get(): 0, -EPIPE, -EOWNERDEAD.
 *
 * @param queue        `il_queue *`; NULL: the case is off.
 * @param ret_element  `void *`: where to put it.
 */
#define IL_CASE_GET(queue, ret_element)                                        \
    IL_CASE_(IL_CASE_GET_, IL_CASE_IS_(il_queue, queue),                       \
             IL_CASE_TO_(ret_element), 0, 0)

/**
 * Put into a queue, as il_queue_put(): 0, -EPIPE, -EOWNERDEAD.
 *
 * @param queue    `il_queue *`; NULL: the case is off.
 * @param element  `const void *`: copied when the case fires, not before.
 */
#define IL_CASE_PUT(queue, element)                                            \
    IL_CASE_(IL_CASE_PUT_, IL_CASE_IS_(il_queue, queue), 0, 0, (element))

/**
 * Receive from a broadcast, as il_subscriber_receive(): 0, -EPIPE, -EOWNERDEAD.
 *
 * @param subscriber   `il_subscriber *`; NULL: the case is off.
 * @param ret_element  `void *`: where to put it.
 * @param ret_missed   `uint64_t *`: how many it has missed; may be NULL.
 */
#define IL_CASE_SUBSCRIBER(subscriber, ret_element, ret_missed)                \
    IL_CASE_(IL_CASE_SUBSCRIBER_, IL_CASE_IS_(il_subscriber, subscriber),      \
             IL_CASE_TO_(ret_element),                                         \
             (void **)(void *)IL_CASE_IS_(uint64_t, ret_missed), 0)

/**
 * Wait until a watch has changed, as il_watch_next(): 0, -EPIPE, -EOWNERDEAD.
 *
 * It gives the value that woke it.  If that is not the latest any more, the next
 * select will fire at once.
 *
 * @param watch      `il_watch *`; NULL: the case is off.
 * @param version    `uint64_t *`: which one you have seen; becomes that of the
 *                   value.
 * @param ret_value  `void *`: where to put it.
 */
#define IL_CASE_WATCH(watch, version, ret_value)                               \
    IL_CASE_(IL_CASE_WATCH_, IL_CASE_IS_(il_watch, watch),                     \
             IL_CASE_TO_(ret_value),                                           \
             (void **)(void *)IL_CASE_IS_(uint64_t, version), 0)

/**
 * Wait for a descriptor, as il_wait_fd(): the events that came, or -EBADF.
 *
 * @param fd      A descriptor; negative: the case is off.
 * @param events  #IL_READ, #IL_WRITE or both.
 */
#define IL_CASE_FD(fd, events)                                                 \
    {                                                                          \
        IL_CASE_FD_, 0, (fd), (events), 0, 0, 0, IL_CASE_NODE_(0, 0)           \
    }

/**
 * Wait for the end of a task, as il_task_join(): 0.
 *
 * @param task        `il_task *`; NULL: the case is off.
 * @param ret_result  `int *`: becomes the task's result; may be NULL.
 */
#define IL_CASE_JOIN(task, ret_result)                                         \
    IL_CASE_(IL_CASE_JOIN_, IL_CASE_IS_(il_task, task), 0,                     \
             (void **)(void *)IL_CASE_IS_(int, ret_result), 0)

/**
 * Wait for a future, as il_future_wait(): 0, -EOWNERDEAD.
 *
 * @param future      `il_future *`; NULL: the case is off.
 * @param ret_result  `int *`: becomes its result; may be NULL.
 * @param ret_value   `void **`: becomes its value; may be NULL.
 */
#define IL_CASE_FUTURE(future, ret_result, ret_value)                          \
    IL_CASE_(IL_CASE_FUTURE_, IL_CASE_IS_(il_future, future),                  \
             IL_CASE_IS_(int, ret_result), IL_CASE_IS_(void *, ret_value), 0)

/**
 * Wait until an event is set, as il_event_wait(): 0, -EOWNERDEAD.
 *
 * @param event  `il_event *`; NULL: the case is off.
 */
#define IL_CASE_EVENT(event)                                                   \
    IL_CASE_(IL_CASE_EVENT_, IL_CASE_IS_(il_event, event), 0, 0, 0)

/**
 * Get a lock, as il_lock_acquire(): 0, -EOWNERDEAD.
 *
 * @param lock  `il_lock *`; NULL: the case is off.
 */
#define IL_CASE_LOCK(lock)                                                     \
    IL_CASE_(IL_CASE_LOCK_, IL_CASE_IS_(il_lock, lock), 0, 0, 0)

/**
 * Take permits of a semaphore, as il_semaphore_acquire(): 0, -EOWNERDEAD.
 *
 * @param semaphore  `il_semaphore *`; NULL: the case is off.
 * @param n          How many, at least 1.
 */
#define IL_CASE_PERMITS(semaphore, n)                                          \
    IL_CASE_(IL_CASE_PERMITS_, IL_CASE_IS_(il_semaphore, semaphore),           \
             (void *)(uintptr_t)(n), 0, 0)

/**
 * Wait until a point in time, as il_sleep_until(): 0.
 *
 * @param deadline  `il_time`; #IL_FOREVER never comes.
 */
#define IL_CASE_AT(deadline)                                                   \
    {                                                                          \
        IL_CASE_AT_, 0, 0, 0, 0, 0, (deadline), IL_CASE_NODE_(0, 0)            \
    }

/**
 * Wait for a while, counted from each call of il_select() anew: 0.
 *
 * @param duration  `il_time`; 0 or less: fires at once.
 */
#define IL_CASE_AFTER(duration)                                                \
    {                                                                          \
        IL_CASE_AFTER_, 0, 0, 0, 0, 0, (duration), IL_CASE_NODE_(0, 0)         \
    }

/** A case that is always off; zeros are one, too. */
#define IL_CASE_NONE                                                           \
    {                                                                          \
        0, 0, 0, 0, 0, 0, 0, IL_CASE_NODE_(0, 0)                               \
    }

/**
 * Wait until one of several cases fires.
 *
 * Cases that are off never fire, and their objects are not looked at.  If no
 * case can fire at once, the first one that can later does; their order does not
 * matter then.
 *
 * Nothing that a case waits for is touched after it fired: an object may go as
 * soon as whoever ended, set or closed it has returned.
 *
 * @suspends If none can fire at once, and now and then if one can, so that a
 * task that never has to wait cannot keep the thread.
 *
 * @param cases  The cases; must stay as they are until this returns.
 * @param n      How many.
 * @param flags  0 or #IL_SELECT_ROTATE.
 * @return The index of the case that fired, or a negative code: no case has.
 * @retval -ECANCELED  The caller was cancelled first.
 * @retval -EINVAL     All cases are off; or one is invalid, as its function
 *                     would say; or unknown flags.
 * @retval -EBUSY      Another task waits for the same descriptor, or with these
 *                     cases; or two cases are for one side of one descriptor.
 * @retval -EDEADLK    A case waits for the caller's own end or own lock; or this
 *                     must wait, under a nested host loop.
 * @retval -ESRCH      An object is another thread's; or this must wait and the
 *                     caller is not a task.
 * @retval -ENOMEM     A descriptor is new to the loop, and there is no memory.
 */
IL_EXPORT IL_MUST_CHECK int il_select(il_case *cases, size_t n, unsigned flags);

/**
 * Let a case fire that can do so at once; Go's select with a default.
 *
 * @param cases  The cases.
 * @param n      How many.
 * @param flags  0 or #IL_SELECT_ROTATE.
 * @return The index of the case that fired, or a negative code: no case has.
 * @retval -EAGAIN   None can fire at once, or all are off.
 * @retval -EINVAL   A case is invalid, as its function would say; or unknown
 *                   flags.
 * @retval -EBUSY    Another task waits for the same descriptor.
 * @retval -EDEADLK  A case waits for the caller's own end or own lock.
 * @retval -ESRCH    An object is another thread's, or there is a time and the
 *                   thread has no loop.
 */
IL_EXPORT IL_MUST_CHECK int il_try_select(il_case *cases, size_t n,
                                          unsigned flags);

/** @cond */

/* What a kind of case does that is in another header, see shared_select.h. */
typedef struct il_case_kind il_case_kind;

/* The kinds; those that are in the queue of an object come first. */
enum il_case_kind_ {
    IL_CASE_NONE_,
    IL_CASE_RECEIVE_,
    IL_CASE_SEND_,
    IL_CASE_GET_,
    IL_CASE_PUT_,
    IL_CASE_SUBSCRIBER_,
    IL_CASE_WATCH_,
    IL_CASE_EVENT_,
    IL_CASE_JOIN_,
    IL_CASE_FUTURE_,
    IL_CASE_LOCK_,
    IL_CASE_PERMITS_,
    IL_CASE_FD_,
    IL_CASE_AT_,
    IL_CASE_AFTER_,
    IL_CASE_SHARED_,      /* `from` is an il_case_kind */
    IL_CASE_OFF_ = 0x100, /* added to one of them */
};

#define IL_CASE_NODE_(slot, ret_value)                                         \
    {                                                                          \
        {                                                                      \
            { { 0, 0 }, 0, (slot) }, (ret_value)                               \
        }                                                                      \
    }
#define IL_CASE_(kind, object, slot, ret_value, from)                          \
    {                                                                          \
        (kind), 0, 0, 0, (object), (from), 0, IL_CASE_NODE_(slot, ret_value)   \
    }

/* The pointer itself, but a wrong one does not compile. */
#define IL_CASE_IS_(type, pointer) (1 ? (pointer) : (type *)1)
#define IL_CASE_TO_(pointer) (1 ? (pointer) : (void *)1)

/** @endcond */

/**
 * Switch a case off or on again, between two calls of il_select().
 *
 * @param c   A case.
 * @param on  Whether it may fire.
 */
static inline void il_case_enable(il_case *c, bool on)
{
    c->kind = on ? c->kind & ~IL_CASE_OFF_ : c->kind | IL_CASE_OFF_;
}

IL_END_DECLS

#endif
