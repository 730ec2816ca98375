/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_LOOP_H
#define INTERLOOP_LOOP_H

/**
 * @file loop.h
 * @brief The loop: one per thread, run by itself or inside a foreign loop.
 *
 * One turn of the loop:
 *  1. compute how long to sleep: not at all if anything is ready, else until
 *     the nearest deadline;
 *  2. poll descriptors;
 *  3. queue what they woke, then due timers in deadline order, ties FIFO;
 *  4. run exactly the items that are ready now, tasks and posts in one FIFO;
 *     what they add belongs to the next turn;
 *  5. look at stop and at the time budget.
 *
 * A loop that has been busy for many turns without a pause may skip steps 1
 * to 3 for a few microseconds.  A guest skips step 2 where its host has just
 * done it: what is ready then runs first.
 *
 * Unless a comment says otherwise, functions here are for the loop's thread.
 */

#include <interloop/error.h>
#include <interloop/export.h>
#include <interloop/node.h>
#include <interloop/task.h>
#include <interloop/time.h>

IL_BEGIN_DECLS

/** @name Life of a loop */
/**@{*/

/**
 * Make a loop for the calling thread.
 *
 * @param[out] ret_loop  The loop, owned by the caller: il_loop_close(), then
 *                       il_loop_unref().
 * @retval 0        Made.
 * @retval -EBUSY   The thread has a loop that is not closed.
 * @retval -ENOMEM  Out of memory.
 * @return Another negative errno if the kernel gives no descriptors.
 */
IL_EXPORT IL_MUST_CHECK int il_loop_new(il_loop **ret_loop);

/** Who sleeps for a loop; see host.h. */
typedef enum il_mode {
    IL_MODE_NATIVE = 0, /**< the loop itself */
    IL_MODE_OWNER = 1,  /**< a host that il_run() and il_loop_run() run */
    IL_MODE_GUEST = 2,  /**< a host that the application runs */
} il_mode;

/** Take a reference; from any thread that already holds one. */
IL_EXPORT il_loop *il_loop_ref(il_loop *loop);

/**
 * Drop a reference; from any thread.  Closes the loop with a grace of 0 if
 * the last one goes before il_loop_close(), which only the loop's thread may
 * let happen.  @param loop  May be NULL.  @return NULL.
 */
IL_EXPORT il_loop *il_loop_unref(il_loop *loop);

/**
 * Cancel every task, run natively until they have ended, and close.
 *
 * In order: no new tasks in the root group; every task cancelled; turns in
 * native mode until all have ended or @p grace has passed; tasks that would
 * not end are reported and abandoned on their stacks; posts are refused;
 * callbacks of il_loop_at_close(), last registered first.
 *
 * A guest should be detached first if the host's functions cannot be called
 * any more; else they go on minding the tasks' state until these have ended.
 *
 * @param loop   The loop; NULL is nothing to do.
 * @param grace  Nanoseconds to wait for tasks.
 * @retval 0           Nothing is left.
 * @retval -ETIMEDOUT  Tasks were abandoned; their locals were not cleaned up.
 * @retval -EBUSY      Called from inside a turn, or while the loop runs.
 * @retval -EALREADY   It is closed.
 */
IL_EXPORT int il_loop_close(il_loop *loop, il_time grace);

/** The loop of this thread, or NULL. */
IL_EXPORT il_loop *il_loop_current(void);

/**@}*/
/** @name Native and owner mode: this thread belongs to us */
/**@{*/

/**
 * Run a function as the main task and return what it returned.
 *
 * With il_loop_attach() the host's loop runs meanwhile, else ours.  Makes a
 * loop if the thread has none, and closes that one afterwards: tasks
 * of the root group that still run are cancelled and given five seconds.
 *
 * @param main_fn  The body of the main task.
 * @param arg      Passed to it.
 * @return The body's result, or
 * @retval -EBUSY      The thread's loop is running already, or is a guest.
 * @retval -EINTR      il_loop_stop(), or an end of the host's loop, came before
 *                     the end of the main task.  In native mode that goes on
 *                     with the next run, so @p arg must stay valid; else see
 *                     il_loop_run_owned().
 * @return Otherwise what il_loop_new() or il_spawn() returned.
 */
IL_EXPORT int il_run(il_task_fn *main_fn, void *arg);

/**
 * Run turns until il_loop_stop(), or until the host's loop has ended.
 *
 * @retval 0           Stopped.
 * @retval -EBUSY      It is running, or a guest.
 * @retval -ESHUTDOWN  It is closed.
 */
IL_EXPORT int il_loop_run(il_loop *loop);

/**
 * Stop the loop; whatever is ready or will be due is kept.
 *
 * When, depends on who calls it.  In a task or callback, also in a nested host
 * loop below one: after the current turn, when the nested loop has ended.  In
 * interleaved code a guest stops at once, since its host may not run any more,
 * and an owner after one more turn.  Native and owner mode, while not running:
 * the next run does one turn without sleeping, also with or without a host
 * meanwhile; il_loop_start() forgets it.
 *
 * Stopping again before it has stopped changes nothing.  A stopped guest goes
 * on with il_loop_start().
 *
 * @retval 0           It will stop, or has stopped.
 * @retval -EALREADY   A guest that is not started.
 * @retval -ESRCH      Another thread's loop.
 * @retval -ESHUTDOWN  It is closed.
 */
IL_EXPORT int il_loop_stop(il_loop *loop);

/** Whether il_loop_run() or il_run() is under way, or a guest is started. */
IL_EXPORT bool il_loop_is_running(const il_loop *loop);

/**@}*/
/** @name Posting callbacks */
/**@{*/

/** A callback.  Runs on the loop's thread, outside every task. */
typedef void il_callback_fn(void *arg);

/** A callback that can be queued; caller's storage.  Fields private. */
typedef struct il_callback {
    il_item item;             /**< private: ready queue or hook list */
    struct il_callback *next; /**< private: inbox */
    il_callback_fn *fn;       /**< what to call; set before posting */
    void *arg;                /**< passed to fn */
    il_loop *loop;            /**< private */
    int state;                /**< private: where its loop has it */
    int claim;                /**< private: whether another thread has it */
    struct il_locals *locals; /**< private: what it will see; NULL: what code
                                   outside tasks sees */
} il_callback;

/** Make a callback: `il_callback cb = IL_CALLBACK_INIT (fn, arg);` */
#define IL_CALLBACK_INIT(fn_, arg_)                                            \
    {                                                                          \
        { { 0, 0 }, 0 }, 0, (fn_), (arg_), 0, 0, 0, 0                          \
    }

/**
 * Queue a callback for the next turn; asyncio's call_soon().
 *
 * Exactly once, in FIFO order with tasks, never inside this call.  The storage
 * is the caller's again when the callback has begun to run.
 *
 * @retval 0           Queued.
 * @retval -EBUSY      It is queued already.
 * @retval -ESRCH      Another thread's loop.
 * @retval -ESHUTDOWN  The loop is closed.
 */
IL_EXPORT int il_post(il_loop *loop, il_callback *callback);

/**
 * The same from any thread.  Takes no lock and never blocks.
 *
 * Posts of one thread run in their order.  The loop is woken at most once for
 * all that arrives while it sleeps.  The caller must hold a reference to
 * @p loop or know otherwise that it exists.
 *
 * One callback may be posted by several threads, as a signal to the loop: its
 * next run sees what each of them has written before, whether its post was
 * taken or found the callback queued.  If the loop's thread has queued it by
 * il_post(), that does not count for others; it runs once more for them.
 *
 * @retval 0           Queued.
 * @retval -EBUSY      It is queued already and will begin to run after this
 *                     call, or it is registered to be called some time.
 * @retval -ESHUTDOWN  The loop is closed; the callback will not run.
 */
IL_EXPORT int il_post_threadsafe(il_loop *loop, il_callback *callback);

/**
 * Take a callback back, on the loop's thread.
 *
 * @return Whether this prevented it from running; its storage is then free.
 */
IL_EXPORT bool il_callback_cancel(il_callback *callback);

/**
 * Run a callback when the loop closes, after its tasks have ended.
 *
 * Last registered, first run.  @return As il_post().
 */
IL_EXPORT int il_loop_at_close(il_loop *loop, il_callback *callback);

/**@}*/
/** @name Being a guest of any loop; see host.h for writing a host */
/**@{*/

/**
 * The descriptor that becomes readable when a turn is due.
 *
 * Does not tell about deadlines: sleep no longer than
 * il_loop_next_deadline().  May change: ask again after each turn.
 */
IL_EXPORT int il_loop_fd(il_loop *loop);

/**
 * When the next turn is due: a point in time, 0 if now, #IL_FOREVER if only
 * the descriptor can tell.
 */
IL_EXPORT il_time il_loop_next_deadline(il_loop *loop);

/**
 * Run turns without sleeping, for as long as there is work and time.
 *
 * @param loop    A loop that is not running by itself.  May be called from a
 *                nested host loop inside one of our tasks: that task is set
 *                aside meanwhile.
 * @param budget  Nanoseconds after which to return though there is work.
 * @retval 0           Nothing to do until descriptor or deadline, or stopped.
 * @retval 1           There is more work: come back soon.
 * @retval -EBUSY      il_loop_run() is under way.
 * @retval -ESHUTDOWN  The loop is closed.
 */
IL_EXPORT int il_loop_turn(il_loop *loop, il_time budget);

/**@}*/

IL_END_DECLS

#endif
