/* SPDX-License-Identifier: MIT */
#ifndef ILI_LOOP_SLEEPER_H
#define ILI_LOOP_SLEEPER_H

/* sleeper.h - who waits for another thread: a task of any loop, or a plain
 * thread.
 *
 * The node is on the stack of who waits.  It is in a list of what it waits for,
 * which has a lock, as several threads look at it:
 *
 *     who waits                        who grants
 *       ili_sleeper_init()               lock
 *       lock, look, link the node,       ili_sleepers_pop(), move a value to or
 *       unlock                           from the slot of the node
 *       ili_sleep()                      unlock
 *                                        ili_sleeper_wake()
 *
 * A cancel or a deadline may come at any moment, in the thread that waits,
 * whose node others look at.  So each sleeper is claimed once, by one exchange
 * of `taken`:
 *
 *   NULL      it waits, and its node is in the list
 *   a node    by who grants it.  The node is off the list, and the wake-up is on
 *             its way; a cancel that comes now is too late: the sleeper waits for
 *             it
 *   LEAVING   by a cancel or a deadline.  The node is in the list until its own
 *             thread has got the lock; others pass it over
 *
 * So here, too, -ECANCELED means that nothing happened.  Whoever is taken never
 * looks at what it has waited for, which may be gone; and who ends that waits
 * for those who are LEAVING.
 *
 * A select has one sleeper and a node in each of several lists.  Whoever claims
 * the sleeper by one of them knows that nothing else fires.  The other nodes
 * stay where they are until the select's thread comes, which may be late; so
 * whoever meets one takes it off, and nobody who ends what it is in waits for
 * that thread.  Which of the two takes it off is decided by marks at the node's
 * `sleeper`.
 *
 * Waking comes after unlocking, and is the last that is done with either: so
 * who was woken may free what it has waited for, and the lock is not held while
 * a loop is woken by a system call. */

#include "loop/loop.h"

struct ili_sleeper {
    il_shared_waiter node; /* in a list of what is waited for; not a select's */
    il_shared_waiter *taken; /* atomic: see above */
    il_task *task;           /* NULL: a plain thread waits */
    il_loop *loop;           /* the task's; it stays, see sleeper.c */
    void *slot;              /* for who waits, and at first in the node */
    int result;              /* what it was woken with, once it has arrived */
    int arrived;    /* 1: the wake-up is here; plain threads sleep on it */
    bool has_left;  /* a task: it waits for nothing any more, by a cancel */
    bool is_choice; /* it has several nodes, which are elsewhere */
    /* Stop waiting; false if it is granted.  Called in the thread that waits,
     * for a cancel or a deadline. */
    bool (*leave)(struct ili_sleeper *me);
    il_callback callback; /* a task: posted to its loop */
};

/* Fill in a node for the caller, and say if it must not wait: -ECANCELED,
 * -EDEADLK in callbacks of a loop that runs and under nested host loops. */
int ili_sleeper_init(struct ili_sleeper *me,
                     bool (*leave)(struct ili_sleeper *me), void *slot);

/* The same for a plain thread, without a question. */
void ili_sleeper_init_thread(struct ili_sleeper *me,
                             bool (*leave)(struct ili_sleeper *me), void *slot);

/* Wait for at most `timeout`.  The node is in a list, or was already taken off.
 * Returns what it was woken with, or -ECANCELED or -ETIMEDOUT: then it has
 * left.
 *
 * With a timeout of 0 or less a task does not suspend. */
int ili_sleep(struct ili_sleeper *me, il_time timeout, const char *what);

/* For a `leave`: claim the sleeper; false if it was taken. */
bool ili_sleeper_claim(struct ili_sleeper *me);

/* A whole `leave` for a node in a list under a lock. */
bool ili_sleeper_leave(struct ili_sleeper *me, int *lock);

/* --- several nodes -------------------------------------------------------- */

/* A sleeper of the running task, which will have several nodes; as
 * ili_sleeper_init().  It counts as remote until it has arrived or has left. */
int ili_choice_init(struct ili_sleeper *me);

/* Under the lock: put one of them into a list.  The slot is set. */
void ili_choice_join(struct ili_sleeper *me, il_shared_waiter *node,
                     ili_list *list);

/* Nothing is waited for any more, if nobody was faster.  The nodes have to leave
 * in any case, but for the one that was taken. */
bool ili_choice_claim(struct ili_sleeper *me);

/* Whether it was by that node that somebody else was faster. */
static inline bool ili_choice_is_taken(const struct ili_sleeper *me,
                                       const il_shared_waiter *node)
{
    return __atomic_load_n(&me->taken, __ATOMIC_ACQUIRE) == node;
}

/* Whether a node is still in its list, and so what that is in is there.  Then
 * take it off at once, under the lock. */
bool ili_choice_must_leave(il_shared_waiter *node);

/* --- who grants ----------------------------------------------------------- */

/* Under the lock: whether somebody waits.  Nodes of `except` do not count. */
bool ili_sleepers_wait(const ili_list *list, const struct ili_sleeper *except);

/* Under the lock: who has waited longest, taken and off the list; NULL: nobody. */
il_shared_waiter *ili_sleepers_pop(ili_list *list);

/* ili_sleeper_wake() for one of them. */
void ili_waiter_wake(il_shared_waiter *node, int result);

/* Wake somebody who was taken; from any thread, once, without the lock. */
void ili_sleeper_wake(struct ili_sleeper *sleeper, int result);

/* Wake everybody in a list of nodes that were taken. */
void ili_sleepers_wake(ili_list *taken, int result);

/* Everybody's wait ends with `result`; without the lock.  After this nobody who
 * has waited looks at what the list is in. */
void ili_sleepers_end(ili_list *list, int *lock, int result);

/* What is posted to wake a task, on the loop's thread, with the sleeper.  It
 * runs nothing, so the inbox calls it at once: the task is ready in the place
 * that the post has, and not a turn later. */
void ili_sleeper_arrive(void *sleeper);

/* Run a function in this thread outside every task.  A task waits meanwhile,
 * however it is cancelled, unless it is under a nested host loop. */
void ili_run_outside(il_callback_fn *fn, void *arg);

#endif
