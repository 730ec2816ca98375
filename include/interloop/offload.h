/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_OFFLOAD_H
#define INTERLOOP_OFFLOAD_H

/**
 * @file offload.h
 * @brief Run functions that block in other threads, and wait for their results.
 *
 *     static int look_up(void *arg);      // blocks: getaddrinfo() and the like
 *     …
 *     r = il_offload(look_up, &query, &result);   // only this task waits
 *
 * A *job* is such a function; it runs in a thread of a *pool*.  There is one
 * for the whole process, which is made when it is needed and ends with the last
 * loop that has used it; a part of a program can have pools of its own, with
 * limits of their own.
 *
 * A pool begins with one thread and gets more only while jobs wait though it
 * has threads that work: jobs that are short share one, jobs that block get one
 * each, up to the limit.  Threads without work end after a while.
 *
 * A function that runs in a thread cannot be stopped.  So a task that is
 * cancelled takes its job back if it has not begun, and otherwise waits until
 * it ends: the argument may be on the task's stack.  With #IL_ABANDON it leaves
 * the job behind instead.
 *
 * After fork() the child has none of these threads.  Pools that it inherited
 * are of no use to it, as loops are; a loop of its own gets a new one.
 */

#include <interloop/export.h>
#include <interloop/task.h>
#include <interloop/time.h>

#include <stdbool.h>
#include <stddef.h>

IL_BEGIN_DECLS

/** Threads that run jobs.  Its functions are for any thread. */
typedef struct il_pool il_pool;

/**
 * A job.  Runs in a thread that has no loop, with every signal blocked.
 *
 * It may use everything that is for any thread, such as il_call_sync(); it must
 * return.  il_local_get() gives what the task sees that waits for it, but with
 * #IL_ABANDON the initial values.  What these point to is used by two threads.
 *
 * @return The job's result.
 */
typedef int il_job_fn(void *arg);

/** How to run a job, where il_offload() does not suffice. */
typedef struct il_offload_options {
    il_pool *pool;  /**< where it runs; NULL: the process's pool */
    il_job_fn *fn;  /**< the job */
    void *arg;      /**< its argument */
    unsigned flags; /**< #IL_ABANDON or 0 */
    void (*destroy)(void *arg, int result); /**< with #IL_ABANDON, see there */
    const il_site *site; /**< static, for reports; NULL: unknown */
} il_offload_options;

/**
 * Do not wait for the job when the caller is cancelled.
 *
 * The job goes on with nobody to return to, so its argument must not be on the
 * caller's stack, and from then on is not the caller's: `destroy` is called
 * with it and with what the job has returned, in the pool's thread.  It
 * disposes of both.  So it is, in the caller's thread and with -ECANCELED, if
 * the job has been taken back before it began.
 *
 * In short: if il_offload_with() returns -ECANCELED, the argument is taken care
 * of; else it is the caller's as before.
 */
#define IL_ABANDON 1u

/**
 * Run a job in the process's pool and wait for its end.
 *
 * `int il_offload(il_job_fn *fn, void *arg, int *ret_result)`
 *
 * @suspends Always, unless it fails at once.
 *
 * @param      fn          The job.
 * @param      arg         Its argument; may be on the caller's stack.
 * @param[out] ret_result  What the job has returned; may be NULL.
 * @retval 0           The job has run, though the caller may have been cancelled
 *                     since it began.
 * @retval -ECANCELED  The caller was cancelled before the job began.  As with
 *                     every error, it will not run.
 * @retval -ESRCH      The caller is not a task.
 * @retval -EDEADLK    Under a nested host loop.
 * @retval -ESHUTDOWN  The pool is closed, or was before the job began.
 * @retval -ENOMEM     There is neither a thread nor room for one.
 * @retval -EINVAL     No function.
 */
#define il_offload(fn, arg, ret_result)                                        \
    il_offload_at(NULL, (fn), (arg), (ret_result), IL_SITE_(#fn))

/**
 * Run a job in a pool and wait for its end.
 *
 * `int il_offload_to(il_pool *pool, il_job_fn *fn, void *arg, int
 * *ret_result)`.  As il_offload(); the pool must stay until this returns.
 */
#define il_offload_to(pool, fn, arg, ret_result)                               \
    il_offload_at((pool), (fn), (arg), (ret_result), IL_SITE_(#fn))

/** The function behind il_offload() and il_offload_to(). */
IL_EXPORT IL_MUST_CHECK int il_offload_at(il_pool *pool, il_job_fn *fn,
                                          void *arg, int *ret_result,
                                          const il_site *site);

/**
 * Run a job with every option and wait for its end.
 *
 * As il_offload(), but for what #IL_ABANDON says.
 *
 * @suspends Always, unless it fails at once.
 *
 * @param      options     Read during the call only.
 * @param[out] ret_result  As for il_offload().
 * @return As il_offload(); -EINVAL also for unknown flags, or a `destroy`
 * without #IL_ABANDON; -ENOMEM also if an abandonable job finds no memory.
 */
IL_EXPORT IL_MUST_CHECK int il_offload_with(const il_offload_options *options,
                                            int *ret_result);

/**
 * Inside a job: whether its task was cancelled, so that a long one can end
 * early.
 *
 * False in threads that run no job.
 */
IL_EXPORT bool il_job_is_cancelled(void);

/** @name Pools */
/**@{*/

/** What kind of pool; zeros are the standard. */
typedef struct il_pool_options {
    unsigned max_threads; /**< so many jobs run at a time; 0: 32 */
    il_time idle_time;    /**< how long a thread without work stays; 0: 5 s,
                               #IL_FOREVER: as long as the pool */
    size_t stack_size;    /**< bytes of stack of a thread; 0: the system's */
    const char *name; /**< its threads' name, at most 15 bytes; copied; NULL:
                               "il-pool" */
} il_pool_options;

/**
 * Make a pool.  It has no thread before it has a job.
 *
 * @param      options   NULL: the standard.
 * @param[out] ret_pool  The pool: il_pool_close(), then il_pool_unref().
 * @retval 0        Made.
 * @retval -EINVAL  No @p ret_pool, a negative time, or a stack that is too small
 *                  for a thread.
 * @retval -ENOMEM  Out of memory.
 */
IL_EXPORT IL_MUST_CHECK int il_pool_new(const il_pool_options *options,
                                        il_pool **ret_pool);

/** Take a reference; from any thread that already holds one. */
IL_EXPORT il_pool *il_pool_ref(il_pool *pool);

/**
 * Drop a reference; from any thread, one of the pool's too.  If the last one goes
 * before il_pool_close(), the pool is closed with a grace of 0.
 *
 * @param pool  May be NULL.  @return NULL.
 */
IL_EXPORT il_pool *il_pool_unref(il_pool *pool);

/**
 * Take no more jobs, run those that are there, and end the threads.
 *
 * When @p grace has passed, jobs that have not begun end with -ESHUTDOWN for
 * those who wait for them.  Jobs that run then are reported as
 * #IL_REPORT_STUCK_JOB and left to themselves: their threads end when they do,
 * and tasks that wait for them go on waiting.
 *
 * Like il_group_close() it waits though the caller is cancelled; @p grace is
 * what bounds it.
 *
 * @suspends If there are threads.  Outside tasks it blocks.
 *
 * @param pool   A pool; the process's own closes by itself.
 * @param grace  Nanoseconds to wait for jobs, on the real clock.
 * @retval 0           All threads have ended.
 * @retval -ETIMEDOUT  Jobs did not end; they were reported to the loop of this
 *                     thread, or to stderr.
 * @retval -EALREADY   It was closed before.
 * @retval -EDEADLK    In a callback of a loop that runs, under a nested host
 *                     loop, or in one of the pool's own threads.
 * @retval -EINVAL     @p pool is NULL.
 */
IL_EXPORT int il_pool_close(il_pool *pool, il_time grace);

/**
 * Change how many jobs run at a time.
 *
 * Threads that are too many end with the job that they run.
 *
 * @param pool         A pool; NULL: the process's, now and when it is made anew.
 * @param max_threads  At least 1.
 * @retval 0        Changed.
 * @retval -EINVAL  @p max_threads is 0.
 */
IL_EXPORT int il_pool_set_max_threads(il_pool *pool, unsigned max_threads);

/** How many threads there are.  @param pool  NULL: the process's. */
IL_EXPORT size_t il_pool_count_threads(il_pool *pool);

/** How many jobs wait for a thread.  @param pool  NULL: the process's. */
IL_EXPORT size_t il_pool_count_waiting(il_pool *pool);

/**@}*/

IL_END_DECLS

#endif
