/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_ONCE_H
#define INTERLOOP_ONCE_H

/**
 * @file once.h
 * @brief Done by whoever comes first, for all.
 *
 * The first task that asks runs a function, which may wait; whoever asks
 * meanwhile waits for it, and whoever asks later gets its result at once.  For
 * what is needed by many, if at all: a connection, a table that is loaded.
 *
 * If the function fails, or the task that runs it is cancelled, that task gets
 * the error, and the next one in the queue runs its own function in turn.  So
 * nobody hears of a failure that another task's cancel has caused, and the
 * next caller tries again.  A task that would not end when its loop closed counts
 * as one that has failed.
 *
 * It is caller's storage, used from one loop's thread only.
 */

#include <interloop/export.h>
#include <interloop/node.h>
#include <interloop/task.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/** What is done once.  #IL_ONCE_INIT or zeros make it valid: it is not done.
 *  Fields private. */
typedef struct il_once {
    il_link waiters;          /**< private: tasks, in the order they came */
    struct il_once_run_ *run; /**< private: who runs it now, or will */
    int result;               /**< private: once it is done */
    bool is_done;             /**< private */
} il_once;

/** Something that is not done. */
#define IL_ONCE_INIT                                                           \
    {                                                                          \
        { 0, 0 }, 0, 0, false                                                  \
    }

/**
 * Do it, unless it is done.
 *
 * The function runs in the caller, on its stack.  Once it has returned 0 or
 * more, it is done, and nobody's function runs any more.
 *
 * @suspends If somebody is doing it; as @p fn does; and now and then if it is
 * done.
 *
 * @param once  What is to be done; must stay until this returns, or be ended
 *              with il_once_fini(), also by @p fn itself.
 * @param fn    How to do it.
 * @param arg   Passed to @p fn.
 * @return The result of the function that did it, 0 or more, or what @p fn
 * returned if it failed, or
 * @retval -ECANCELED   The caller was cancelled first.  What is done already is
 *                      done for cancelled tasks, too.
 * @retval -EDEADLK     Called by @p fn itself; or it must wait, under a nested
 *                      host loop.
 * @retval -EOWNERDEAD  il_once_fini() was called; do not touch it again.
 * @retval -EINVAL      Nothing to be done, or no function.
 * @retval -ESRCH       It must wait and the caller is not a task, or it is being
 *                      done in another thread.
 */
IL_EXPORT IL_MUST_CHECK int il_once_run(il_once *once, il_task_fn *fn,
                                        void *arg);

/** Whether it is done. */
IL_EXPORT bool il_once_is_done(const il_once *once);

/**
 * Forget that it was done.  Tasks that wait get -EOWNERDEAD; one that is doing
 * it goes on, and gets its own result.  While it is being done in another thread
 * it is left alone.
 */
IL_EXPORT void il_once_fini(il_once *once);

IL_END_DECLS

#endif
