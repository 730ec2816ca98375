/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_TASK_H
#define INTERLOOP_TASK_H

/**
 * @file task.h
 * @brief Functions that run on stacks of their own and can wait.
 *
 * A task starts *eagerly*: its first step runs inside the call that spawns
 * it, until it suspends for the first time; then the caller goes on.  A caller
 * that is itself a task is suspended meanwhile.
 *
 * A task belongs to the loop of the thread that spawned it and never leaves
 * that thread.  Every function here is for that thread only.
 */

#include <interloop/export.h>
#include <interloop/time.h>

#include <stdbool.h>
#include <stddef.h>

IL_BEGIN_DECLS

/** A task.  Lives until its last reference is dropped and it has ended. */
typedef struct il_task il_task;
typedef struct il_group il_group;
typedef struct il_loop il_loop;

/**
 * The body of a task.
 *
 * @return Zero or more for success, a negative errno for failure.
 */
typedef int il_task_fn(void *arg);

/** Where in the source a task was spawned; filled in by the macros. */
typedef struct il_site {
    const char *name; /**< the body as it was written in the source */
    const char *file; /**< source file */
    unsigned line;    /**< source line */
} il_site;

/** How to spawn a task, where the plain macros do not suffice. */
typedef struct il_spawn_options {
    il_task_fn *fn;             /**< the body */
    void *arg;                  /**< its argument */
    size_t copy_size;           /**< copy so many bytes of arg to the new stack;
                                 0 passes the pointer.  At most 1024. */
    void (*destroy)(void *arg); /**< called once with what the body got, when
                                 the task ends, also if it never ran; NULL:
                                 nothing to do */
    const char *name;    /**< name for reports and dumps; copied; NULL takes
                                 the site's */
    const il_site *site; /**< static; NULL: unknown */
    size_t stack_size;   /**< bytes of stack; 0 takes the default: 256 KiB,
                              or what the host's code needs, see host.h */
    unsigned flags;      /**< #IL_LAZY, #IL_LOCALS or 0 */
    struct il_locals *locals; /**< with #IL_LOCALS: the values of local.h to
                                   begin with, NULL for none; the caller keeps
                                   its reference */
} il_spawn_options;

/** Queue the first step instead of running it inside the spawning call. */
#define IL_LAZY 1u
/** Begin with the values of il_spawn_options, not with those of who spawns. */
#define IL_LOCALS 2u

#define IL_SITE_(name_)                                                        \
    (__extension__({                                                           \
        static const il_site il_site_ = { (name_), __FILE__, __LINE__ };       \
        &il_site_;                                                             \
    }))

/**
 * Spawn a task and run its first step.
 *
 * `int il_spawn(il_group *group, il_task_fn *fn, void *arg, il_task **ret_task)`
 *
 * @p arg may point at the caller's locals if the body reads them before it
 * first suspends.
 *
 * @param      group     The group that owns the task; NULL for the loop's
 *                       root group, which keeps it alive and reports its
 *                       error if nobody joins it.
 * @param      fn        The body.
 * @param      arg       Passed to the body.
 * @param[out] ret_task  A reference that the caller drops with
 *                       il_task_unref(); NULL if the task needs none.
 * @retval 0           The task has run up to its first suspension or its end.
 *                     An error of its first step stays in the task.
 * @retval -ESRCH      This thread has no loop, or @p group is another loop's or
 *                     was closed.
 * @retval -ECANCELED  The group is cancelled and takes no new tasks.
 * @retval -ESHUTDOWN  The loop is closed.
 * @retval -ENOMEM     No memory for a stack.
 */
#define il_spawn(group, fn, arg, ret_task)                                     \
    il_spawn_at((group), (fn), (arg), (ret_task), IL_SITE_(#fn))

/**
 * Spawn a task whose first step waits for the next turn.
 *
 * As il_spawn().  If it is cancelled before that, the body never runs.
 */
#define il_spawn_lazy(group, fn, arg, ret_task)                                \
    il_spawn_lazy_at((group), (fn), (arg), (ret_task), IL_SITE_(#fn))

/**
 * Spawn a task that gets a copy of its argument, kept on its own stack.
 *
 * `int il_spawn_copy(il_group *, il_task_fn *, const void *arg, size_t size,
 * il_task **)`.  As il_spawn(); -EINVAL if @p size is over 1024.  The copy is
 * aligned to 16 bytes; a size of 0 passes the pointer itself.
 */
#define il_spawn_copy(group, fn, arg, size, ret_task)                          \
    il_spawn_copy_at((group), (fn), (arg), (size), (ret_task), IL_SITE_(#fn))

/** The function behind il_spawn(). */
IL_EXPORT int il_spawn_at(il_group *group, il_task_fn *fn, void *arg,
                          il_task **ret_task, const il_site *site);
/** The function behind il_spawn_lazy(). */
IL_EXPORT int il_spawn_lazy_at(il_group *group, il_task_fn *fn, void *arg,
                               il_task **ret_task, const il_site *site);
/** The function behind il_spawn_copy(). */
IL_EXPORT int il_spawn_copy_at(il_group *group, il_task_fn *fn, const void *arg,
                               size_t size, il_task **ret_task,
                               const il_site *site);

/**
 * Spawn a task with every option.
 *
 * @param      group     As for il_spawn().
 * @param      options   Read during the call only.
 * @param[out] ret_task  As for il_spawn().
 * @return As il_spawn(); also -EINVAL for a NULL body, a copy over 1024 bytes,
 * unknown flags or a stack size over 1 GiB.  On failure `destroy` is not
 * called: the argument is still the caller's.
 */
IL_EXPORT int il_spawn_with(il_group *group, const il_spawn_options *options,
                            il_task **ret_task);

/**
 * Wait for a task to end and take its result.
 *
 * Any number of tasks may join the same one, also after it ended.  Cancelling
 * the caller does not cancel @p task.
 *
 * @suspends Unless the task has ended already, and now and then if it has, so that
 * a task that joins one after the other cannot keep the thread.
 *
 * @param      task        The task; the caller keeps its reference.
 * @param[out] ret_result  What the body returned; may be NULL.
 * @retval 0           It has ended.
 * @retval -ECANCELED  The caller was cancelled first.
 * @retval -EDEADLK    @p task is the caller itself, or under a nested host
 *                     loop.
 * @retval -ESRCH      It still runs and the caller is not a task.
 */
IL_EXPORT IL_MUST_CHECK int il_task_join(il_task *task, int *ret_result);

/**
 * Ask a task to end.
 *
 * Cancels the task's outermost scope: every suspension in it returns
 * -ECANCELED from now on, until the body returns.  Nothing runs inside this
 * call.  A value the task was already given is not taken back.
 *
 * @retval 0          Asked; asking again changes nothing.
 * @retval -EALREADY  The task has ended.
 * @retval -ESRCH     Another thread's task.
 */
IL_EXPORT int il_task_cancel(il_task *task);

/** Take another reference.  @return @p task. */
IL_EXPORT il_task *il_task_ref(il_task *task);

/**
 * Drop a reference; the task itself goes on.
 *
 * If this was the last one, the task has failed and nobody joined it, the
 * error is reported.  @param task  May be NULL.  @return NULL.
 */
IL_EXPORT il_task *il_task_unref(il_task *task);

/** The running task; NULL outside every task.  Under a nested host loop: the
 *  task that opened it. */
IL_EXPORT il_task *il_task_current(void);

/** Whether the task has ended. */
IL_EXPORT bool il_task_is_done(const il_task *task);

/**
 * Whether il_task_cancel() was called on it or a scope around it was
 * cancelled, and no shield holds this off at the moment.
 */
IL_EXPORT bool il_task_is_cancelled(const il_task *task);

/**
 * The result of a task that has ended.
 *
 * @retval -EAGAIN  It has not.
 * @retval 0        @p ret_result was set.
 */
IL_EXPORT int il_task_try_join(il_task *task, int *ret_result);

/** The task's name; valid as long as the reference. */
IL_EXPORT const char *il_task_get_name(const il_task *task);

/** The argument that the body got.  What it points to may be gone; a copy is
 *  there as long as the reference. */
IL_EXPORT void *il_task_get_arg(const il_task *task);

/** Rename a task; copies at most 31 bytes, whole characters of UTF-8.  NULL or ""
 *  takes the name away that was set. */
IL_EXPORT void il_task_set_name(il_task *task, const char *name);

/**
 * Let every other ready task and post run first.
 *
 * @suspends Always.
 * @retval 0           The turn came round.
 * @retval -ECANCELED  The task is cancelled.
 * @retval -ESRCH      Not in a task.
 * @retval -EDEADLK    Under a nested host loop, see host.h.
 */
IL_EXPORT int il_yield(void);

/**
 * Give others a chance, for code of yours that may go on for long without a wait.
 *
 * All that waits in this library does this where it need not wait, so that a task
 * that always finds something to do starves nobody.
 *
 * @suspends Each 64th time, as il_yield(), counted together with everything else
 * that the task did without waiting.
 *
 * @retval 0           Go on.  Always outside tasks.
 * @retval -ECANCELED  The task is cancelled.
 */
IL_EXPORT int il_checkpoint(void);

/**
 * Wait for a time to pass.
 *
 * Never returns early.  @suspends Always; a duration of 0 or less yields.
 *
 * @param duration  Nanoseconds, e.g. IL_MS(20); #IL_FOREVER waits for cancel.
 * @return As il_yield().
 */
IL_EXPORT IL_MUST_CHECK int il_sleep(il_time duration);

/** Wait for a point in time; as il_sleep(). */
IL_EXPORT IL_MUST_CHECK int il_sleep_until(il_time deadline);

IL_END_DECLS

#endif
