/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_ERROR_H
#define INTERLOOP_ERROR_H

/**
 * @file error.h
 * @brief What results mean, and how errors nobody handles are reported.
 *
 * Every function that can fail returns an int (or ssize_t): zero or more is
 * success, a negative errno is failure.  errno itself is never used.  A
 * function that failed had no effect and left its out-parameters alone.
 *
 * | code | meaning |
 * | --- | --- |
 * | -ECANCELED | the task was cancelled here; nothing happened |
 * | -ETIMEDOUT | a deadline of the caller's own passed |
 * | -EINVAL | an argument makes no sense |
 * | -EPERM | it is not the caller's, or not taken: nothing to give back |
 * | -ESRCH | not in a task, or in another thread than the loop's |
 * | -EBUSY | somebody else is using it |
 * | -EALREADY | it happened before |
 * | -EAGAIN | it would have to wait |
 * | -EPIPE | it is closed or broken: nothing goes in, or comes out any more |
 * | -EDEADLK | waiting here could never end |
 * | -EPROTO | a task ended without having said that it is ready |
 * | -EOWNERDEAD | the object that was waited for has gone |
 * | -ESHUTDOWN | the loop is closed, or the host has gone |
 * | -ENOMEM | out of memory |
 */

#include <interloop/export.h>
#include <interloop/time.h>

IL_BEGIN_DECLS

typedef struct il_loop il_loop;

/** What a report is about. */
typedef enum il_report_kind {
    IL_REPORT_UNHANDLED,      /**< a task failed and nobody will ask why */
    IL_REPORT_IGNORED_CANCEL, /**< a task goes on though it is cancelled */
    IL_REPORT_STUCK,          /**< a task would not end when the loop closed */
    IL_REPORT_NESTED_PARK,    /**< a task waited under a nested host loop */
    IL_REPORT_LOST_LOCK,      /**< a task ended and owned a lock or a token */
    IL_REPORT_STUCK_JOB,      /**< a job would not end when its pool closed */
    /* The following only with il_loop_set_debug(). */
    IL_REPORT_SLOW,      /**< a task or callback kept the thread for long */
    IL_REPORT_CIRCLE,    /**< tasks wait for each other */
    IL_REPORT_DEADLOCK,  /**< every task waits, and nothing will wake one */
    IL_REPORT_NOT_OWNER, /**< a lock was released by who does not own it, or
                              acquired by who does */
    IL_REPORT_STACK,     /**< a task has used most of its stack */
    IL_REPORT_FREED,     /**< something was ended while tasks waited for it */
    IL_REPORT_LEAK,      /**< what the closing loop found left over */
} il_report_kind;

/** One report.  All of it is valid only during the call. */
typedef struct il_report {
    il_report_kind kind;   /**< what happened */
    int error;             /**< negative errno, or 0 */
    const char *task_name; /**< the task's name, or the job's; "(callback)" or
                                "(no task)" if it is about none */
    const char *file;      /**< source file that spawned or offloaded it; "?" if
                                unknown */
    unsigned line;         /**< line that did; 0 if unknown */
    const char *message;   /**< one sentence without a full stop */
    const char *waits_for; /**< what the task waits for now, e.g. "time"; NULL
                                if it does not wait */
    const char *details;   /**< more about it, e.g. "took 0.312 s"; NULL: there
                                is no more */
    il_time duration;      /**< #IL_REPORT_SLOW: how long it took, on the real
                                clock; else 0 */
} il_report;

/** Receives reports.  Runs on the loop's thread, outside every task. */
typedef void il_report_fn(const il_report *report, void *arg);

/**
 * Choose who hears about errors that nobody handles.
 *
 * Without a handler one line goes to stderr.
 *
 * @param loop  A loop of the calling thread.
 * @param fn    The handler; NULL restores the default.
 * @param arg   Passed to @p fn.
 */
IL_EXPORT void il_loop_set_report_handler(il_loop *loop, il_report_fn *fn,
                                          void *arg);

/**
 * The name of a result, for logs and for developers.
 *
 * @param result  Any result; positive ones count as success.
 * @return A constant string such as "ECANCELED"; never NULL.
 */
IL_EXPORT const char *il_strerror(int result);

/**
 * What a result means, for the people who use a program.
 *
 * For the codes of the table above in their meaning here, for all others as
 * strerror() has it; in English.
 *
 * @param result  As for il_strerror().
 * @return A constant string such as "Operation was cancelled", without a full
 * stop; never NULL.
 */
IL_EXPORT const char *il_error_text(int result);

IL_END_DECLS

#endif
