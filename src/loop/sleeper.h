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
 *       unlock                           from its slot
 *       ili_sleep()                      unlock
 *                                        ili_sleeper_wake()
 *
 * A cancel or a deadline may come at any moment, in the thread that waits,
 * whose node others look at.  So each node is claimed once, by one exchange:
 *
 *   WAITING   it is in the list
 *   TAKEN     by who grants it.  It is off the list, and the wake-up is on its way;
 *             a cancel that comes now is too late: the sleeper waits for it
 *   LEAVING   by a cancel or a deadline.  It is in the list until its own thread
 *             has got the lock; others pass it over
 *
 * So here, too, -ECANCELED means that nothing happened.  Whoever is TAKEN never
 * looks at what it has waited for, which may be gone; and who ends that waits
 * for those who are LEAVING.
 *
 * Waking comes after unlocking, and is the last that is done with either: so
 * who was woken may free what it has waited for, and the lock is not held while
 * a loop is woken by a system call. */

#include "loop/loop.h"

struct ili_sleeper {
    il_link link;  /* in a list of what is waited for */
    il_task *task; /* NULL: a plain thread waits */
    il_loop *loop; /* the task's; it stays, see sleeper.c */
    void *slot;    /* where a value goes to or comes from; may be NULL */
    int result;    /* what it was woken with, once it has arrived */
    int claim;     /* atomic: see above */
    int arrived;   /* 1: the wake-up is here; plain threads sleep on it */
    bool has_left; /* a task: it waits for nothing any more, by a cancel */
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

/* For a `leave`: claim the node; false if it was taken. */
bool ili_sleeper_claim(struct ili_sleeper *me);

/* A whole `leave` for a node in a list under a lock. */
bool ili_sleeper_leave(struct ili_sleeper *me, int *lock);

/* --- who grants ----------------------------------------------------------- */

/* Under the lock: who has waited longest, taken and off the list; NULL: nobody. */
struct ili_sleeper *ili_sleepers_pop(ili_list *list);

/* Wake somebody who was taken; from any thread, once, without the lock. */
void ili_sleeper_wake(struct ili_sleeper *sleeper, int result);

/* Wake everybody in a list of those who were taken. */
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
