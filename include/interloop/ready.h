/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_READY_H
#define INTERLOOP_READY_H

/**
 * @file ready.h
 * @brief Spawn a task and wait until it says that it is ready.
 *
 *     static int serve (void *arg)
 *     {
 *         int fd = listen_somewhere (arg);
 *         …
 *         r = il_ready (&port);          // the other one goes on
 *         …
 *     }
 *
 *     r = il_spawn_ready (&group, serve, &options, NULL, &port);
 *
 * When il_spawn_ready() returns 0 the server can be used; if it could not be
 * started, the caller has its error.  Without this a program that connects to
 * its own server has to try again and again.
 *
 * Until it is ready the task belongs to the caller: when the caller is cancelled
 * so is the task, and the call returns after its end.  From then on it belongs
 * to the group that was given, with its scopes, and not to the caller any more.
 */

#include <interloop/export.h>
#include <interloop/group.h>
#include <interloop/task.h>

IL_BEGIN_DECLS

/**
 * Spawn a task and wait until it calls il_ready().
 *
 * `int il_spawn_ready(il_group *group, il_task_fn *fn, void *arg, il_task
 * **ret_task, void **ret_value)`
 *
 * @p group waits for the task from the beginning, but cancels it and hears of
 * its error only when it is ready.
 *
 * @suspends Unless the task is ready, or ends, in its first step.
 *
 * @param      group      The group that will own the task; NULL for the loop's
 *                        root group.
 * @param      fn         The body.
 * @param      arg        Passed to the body.
 * @param[out] ret_task   As for il_spawn(); may be NULL.
 * @param[out] ret_value  What the task gave to il_ready(); may be NULL.
 * @retval 0           It is ready.  It may have ended since, but its reference
 *                     is the caller's.
 * @retval -EPROTO     It ended well, or was cancelled by somebody, without
 *                     having called il_ready().
 * @retval -ECANCELED  The caller was cancelled first and the task has ended; or
 *                     the group is cancelled and takes no new tasks.
 * @retval -ESRCH      Not in a task, or @p group is another loop's or was
 *                     closed.
 * @retval -EDEADLK    Under a nested host loop.
 * @retval -ESHUTDOWN  The loop is closed.
 * @retval -ENOMEM     No memory for a stack.
 * @return Otherwise the task's error: it failed before it was ready.
 */
#define il_spawn_ready(group, fn, arg, ret_task, ret_value)                    \
    il_spawn_ready_at((group), (fn), (arg), (ret_task), (ret_value),           \
                      IL_SITE_(#fn))

/** The function behind il_spawn_ready(). */
IL_EXPORT IL_MUST_CHECK int il_spawn_ready_at(il_group *group, il_task_fn *fn,
                                              void *arg, il_task **ret_task,
                                              void **ret_value,
                                              const il_site *site);

/**
 * The same with every option.
 *
 * Since an error may be the task's or the call's, the argument is given away in
 * any case: where no task was made, `destroy` is called with `arg` here.
 *
 * @param      group      As for il_spawn_ready().
 * @param      options    As for il_spawn_with().
 * @param[out] ret_task   As for il_spawn_ready().
 * @param[out] ret_value  As for il_spawn_ready().
 * @return As il_spawn_ready(); -EINVAL as il_spawn_with().
 */
IL_EXPORT IL_MUST_CHECK int il_spawn_ready_with(il_group *group,
                                                const il_spawn_options *options,
                                                il_task **ret_task,
                                                void **ret_value);

/**
 * Say that the running task is ready.  Runs nothing.
 *
 * In a task for which nobody waits in il_spawn_ready(), or does not any more,
 * this does nothing, so that a function can be spawned either way.
 *
 * @param value  What il_spawn_ready() returns; it must be there when that task
 *               runs, by when this one may have ended.
 * @retval 0           Said; or nobody has to know.
 * @retval -ECANCELED  Who waits was cancelled, and so is this task: clean up.
 * @retval -ESRCH      Not in a task.
 */
IL_EXPORT int il_ready(void *value);

IL_END_DECLS

#endif
