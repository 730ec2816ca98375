/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_HOST_H
#define INTERLOOP_HOST_H

/**
 * @file host.h
 * @brief The contract with a foreign loop that sleeps for us.
 *
 * A host is a struct of functions.  The loop calls them; the host calls
 * il_loop_turn() from its own dispatcher, never from inside one of these
 * functions.  A loop that can only be polled needs none of this: see
 * il_loop_fd(), il_loop_next_deadline() and il_loop_turn().
 *
 * Waiting in a task underneath a host dispatch that began after the task was
 * resumed would tear the host's stack: it is refused with -EDEADLK and
 * reported.  `depth` is what this is judged by.
 */

#include <interloop/export.h>
#include <interloop/loop.h>

#include <stdbool.h>
#include <stddef.h>

IL_BEGIN_DECLS

/** How many pointers a host may remember with each task. */
#define IL_HOST_SLOTS 4

/** What a foreign loop must offer.  Functions may be NULL where noted. */
typedef struct il_host {
    const char *name; /**< for dumps and messages */

    /** Something changed between turns: call il_loop_turn() soon, and look at
     *  descriptor and deadline again.  Coalesced: called at most once until
     *  the next turn.  Called on the loop's thread only. */
    void (*request_turn)(void *data);

    /** The host looks at il_loop_next_deadline() each time before it sleeps,
     *  in nested loops too.  Then `request_turn` is called only for what
     *  changes between such a look and the next turn. */
    bool asks;

    /** How deep the host's dispatches are nested now.  NULL: always 0. */
    int (*depth)(void *data);

    /** A task is about to give up the thread: take away what it changed of
     *  the host's per-thread state, and remember it in its slots, of which
     *  there are #IL_HOST_SLOTS.  NULL: none. */
    void (*suspend)(void *data, void **slots);

    /** A task has the thread for the first time, with slots of NULL, or
     *  again: put back what was remembered.  NULL with `suspend`. */
    void (*resume)(void *data, void **slots);

    /** The thread goes from one task straight to another, which may be the same:
     *  `suspend` with the slots of the one and `resume` with those of the other,
     *  in one call, which may cost less.  It is called before the switch, and
     *  which task is the running one is not to be asked then.  NULL: the two are
     *  called.  NULL without them. */
    void (*hand_over)(void *data, void **from_slots, void **to_slots);

    /** A task has ended: undo what it changed and free what its slots hold;
     *  instead of a last `suspend`, on the task's own stack.  Every task that
     *  `resume` was called for comes here once: one that does not end under
     *  this host, because the loop is detached or the task abandoned, is
     *  resumed for it on the caller's stack; its slots are NULL again then.
     *  NULL: nothing to do. */
    void (*task_ended)(void *data, void **slots);

    /** Bytes of stack for tasks that do not ask for a size: what the host's
     *  own code needs when they call it.  0: the library's default. */
    size_t stack_size;

    /** Owner mode: run the host until `quit`.  NULL: cannot be owned. */
    int (*run)(void *data);

    /** Owner mode: end `run`.  NULL with it. */
    void (*quit)(void *data);
} il_host;

/**
 * Owner mode: il_run() and il_loop_run() will run this host.
 *
 * Ready queue, timers and descriptors stay as they are.
 *
 * @param loop  A native loop of this thread that does not run.
 * @param host  Stays valid until il_loop_detach().
 * @param data  Passed to the host's functions.
 * @retval 0           The loop is in owner mode, not running.
 * @retval -EBUSY      It is running, inside a turn, or has a host already.
 * @retval -EINVAL     `request_turn`, `run` or `quit` is missing, or one of
 *                     `suspend` and `resume`.
 * @retval -ESRCH      Another thread's loop.
 * @retval -ESHUTDOWN  It is closed.
 */
IL_EXPORT int il_loop_attach(il_loop *loop, const il_host *host, void *data);

/**
 * Become a guest: the host will run our turns.  Returns at once.
 *
 * Ready queue, timers and descriptors stay as they are.
 *
 * @param loop  A loop of this thread that does not run.
 * @param host  Stays valid until il_loop_detach().  NULL: the one that the loop
 *              has, in owner mode or as a guest that was stopped.
 * @param data  Passed to the host's functions; not looked at if @p host is
 *              NULL.
 * @retval 0           A guest now, and running.
 * @retval -EBUSY      It is running, inside a turn, or has another host.
 * @retval -EINVAL     `request_turn` is missing, or one of `suspend` and
 *                     `resume`; or there is no host.
 * @retval -ESRCH      Another thread's loop.
 * @retval -ESHUTDOWN  It is closed.
 */
IL_EXPORT int il_loop_start(il_loop *loop, const il_host *host, void *data);

/**
 * Part with the host; the loop is native from now on, and stopped.
 *
 * Tasks stay as they are; il_loop_run() or il_loop_close() goes on with them.
 *
 * @retval 0       Native now.
 * @retval -EBUSY  Called from inside a turn, or while we run the host.
 * @retval -ESRCH  It has no host, or is another thread's.
 */
IL_EXPORT int il_loop_detach(il_loop *loop);

/** What was called last: il_loop_attach(), il_loop_start(), or neither.  A guest
 *  that il_loop_run_owned() or il_g_run() runs stays a guest here. */
IL_EXPORT il_mode il_loop_get_mode(const il_loop *loop);

/**
 * The slots of the running task, for functions that its body calls.
 *
 * @return #IL_HOST_SLOTS pointers, which only the host may use; NULL outside
 * tasks or without a host.
 */
IL_EXPORT void **il_loop_task_slots(il_loop *loop);

/**
 * Whether a turn is under way or a task has the thread, also underneath a
 * nested host loop: then il_loop_detach() and il_loop_close() say -EBUSY.
 */
IL_EXPORT bool il_loop_is_in_turn(const il_loop *loop);

/** Whether the loop is a guest, started or stopped. */
IL_EXPORT bool il_loop_is_guest(const il_loop *loop);

/**
 * Run a main task to its end while the host's loop runs.
 *
 * What il_run() does in owner mode; but a guest may do it too, as long as its
 * host's loop does not run yet, or any more.
 *
 * @return The body's result, or
 * @retval -EBUSY   It is running so already.
 * @retval -EINVAL  The host cannot be owned, or the loop is no guest.
 * @retval -EINTR   The host's loop ended before the main task, which was
 *                  cancelled then and given five seconds for its clean-up, in
 *                  which the host runs once more and, if that ends, we do.  A
 *                  task that takes longer is a task like others from now on.
 */
IL_EXPORT int il_loop_run_owned(il_loop *loop, il_task_fn *main_fn, void *arg);

IL_END_DECLS

#endif
