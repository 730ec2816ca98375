/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_LOCAL_H
#define INTERLOOP_LOCAL_H

/**
 * @file local.h
 * @brief Values that belong to a task and are inherited by those it spawns.
 *
 * What every function of a task may want to know and no argument carries: the
 * request that is served, the user, where to log.  asyncio's contextvars.
 *
 *     static const il_local request = IL_LOCAL_INIT("-", NULL);
 *
 *     IL_WITH_LOCAL (&request, "GET /index", &r) {
 *         r = serve(connection);            // and whatever it calls or spawns
 *     }
 *     …
 *     log("%s: not found", (const char *)il_local_get(&request));
 *
 * A task begins with the values of whoever spawns it, as they are then: what
 * either side sets later, the other does not see.  Nothing is copied for that,
 * and who sets no values pays nothing.
 *
 * A callback sees the values of whoever posted, started or registered it, a slot
 * of the GLib bridge those of whoever connected it.  What comes from another
 * thread sees those of code outside tasks.
 *
 * Code outside tasks has values of its own, one set for each loop; tasks that it
 * spawns, and those that others submit to the loop, begin with them.
 *
 * A job of il_offload() sees the values of the task that waits for it; it cannot
 * set or keep them.  In other threads without a loop there is nothing but the
 * initial values.
 */

#include <interloop/export.h>
#include <interloop/task.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/** A name for values; a static constant.  Fields private: #IL_LOCAL_INIT. */
typedef struct il_local {
    void *initial;                /**< private: where nothing was set */
    void (*destroy)(void *value); /**< private */
} il_local;

/**
 * A name for values.
 *
 * @param initial_  What il_local_get() gives where nothing was set; never
 *                  destroyed.
 * @param destroy_  `void (void *value)`: called for a value, unless that is NULL,
 *                  when no task has it any more: inside the call that sets
 *                  another one, or at the end of the last task, on its stack.
 *                  Should not wait.  NULL: nothing is to be done.
 */
#define IL_LOCAL_INIT(initial_, destroy_)                                      \
    {                                                                          \
        (void *)(initial_), (destroy_)                                         \
    }

/** The value that the caller sees; in any thread. */
IL_EXPORT void *il_local_get(const il_local *local);

/**
 * Set a value for the rest of the running task and for whoever inherits it from
 * now on; outside tasks, for code outside tasks.
 *
 * Inside #IL_WITH_LOCAL it holds until the end of the block.
 *
 * @param local  What to set.
 * @param value  Any pointer.  If this succeeds it is the library's, which calls
 *               the destructor of @p local, if it has one.
 * @retval 0        Set.
 * @retval -ENOMEM  Out of memory.
 * @retval -EINVAL  @p local is NULL.
 * @retval -ESRCH   This thread has no loop.
 * @retval -EPERM   In a callback, which has no values of its own.
 */
IL_EXPORT int il_local_set(const il_local *local, void *value);

/**
 * Run a block in which a value is set.
 *
 * When the block is left, in whatever way, all values are again what they were
 * before, also those that were set inside.  What was spawned inside keeps them.
 * `break` and `continue` leave the block only, not a loop around it.
 *
 * @param local   What to set; evaluated once, as the others.
 * @param value   As for il_local_set().
 * @param result  `int *`: becomes an error of il_local_set(), and then the block
 *                does not run and the value is the caller's; else nothing but the
 *                block sets it.  -EPERM does not occur: callbacks may do this.
 */
#define IL_WITH_LOCAL(local, value, result)                                    \
    IL_WITH_LOCAL_(local, value, result, __COUNTER__)

/** All values that somebody sees, kept; counted references. */
typedef struct il_locals il_locals;

/**
 * Keep all values that the caller sees, for il_locals_run() or
 * il_spawn_options.  Copies nothing.
 *
 * @return A reference that il_locals_unref() drops; NULL: nothing is set, or this
 * thread has no loop.
 */
IL_EXPORT il_locals *il_locals_capture(void);

/** Take another reference.  @param locals  May be NULL.  @return @p locals. */
IL_EXPORT il_locals *il_locals_ref(il_locals *locals);

/** Drop a reference, on the thread it was taken on.  @param locals  May be NULL.
 *  @return NULL. */
IL_EXPORT il_locals *il_locals_unref(il_locals *locals);

/**
 * Call a function that sees other values.
 *
 * What it sets is gone when it returns.
 *
 * @suspends If the function does.
 *
 * @param locals  What il_locals_capture() returned; NULL: nothing is set.
 * @param fn      The function.
 * @param arg     Passed to it.
 * @return What it returned.
 * @retval -EINVAL  @p fn is NULL.
 * @retval -ESRCH   This thread has no loop.
 */
IL_EXPORT int il_locals_run(il_locals *locals, il_task_fn *fn, void *arg);

/** @cond */

/* The variable behind IL_WITH_LOCAL(). */
struct il_local_block_ {
    il_locals *outer; /* what to go back to */
    const void *loop; /* NULL: nothing was set */
    bool once;
};

IL_EXPORT void il_local_block_enter_(struct il_local_block_ *block,
                                     const il_local *local, void *value,
                                     int *result);
IL_EXPORT void il_local_block_leave_(struct il_local_block_ *block);

/* The names are numbered, so that blocks can be nested without shadowing. */
#define IL_WITH_LOCAL_(local, value, result, n)                                \
    IL_WITH_LOCAL_N_(local, value, result, n)
#define IL_WITH_LOCAL_N_(local, value, result, n)                              \
    for (struct il_local_block_ il_block_##n                                   \
         __attribute__((cleanup(il_local_block_leave_), unused)),              \
         *il_start_##n = (il_local_block_enter_(&il_block_##n, (local),        \
                                                (void *)(value), (result)),    \
                          &il_block_##n);                                      \
         il_start_##n->once; il_start_##n->once = false)

/** @endcond */

IL_END_DECLS

#endif
