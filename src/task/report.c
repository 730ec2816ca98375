/* SPDX-License-Identifier: MIT */

/* report.c - errors that nobody handles reach somebody.
 *
 * A report is an item in the ready queue that lives in the task it is about
 * and holds a reference to it: reporting allocates nothing, and the handler,
 * which is user's code, never runs inside a task or inside a wake. */

#include "config.h"

#include <interloop/error.h>

#include "task/dump.h"
#include "task/task.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* In one call, since others may print, too, and in one line, whatever the names in
 * it are. */
static void print(const il_report *report)
{
    char place[200] = "";
    char line[1000];

    if (report->line > 0)
        (void)snprintf(place, sizeof place, " %s at %s:%u",
                       report->kind == IL_REPORT_STUCK_JOB ? "offloaded"
                                                           : "spawned",
                       report->file, report->line);
    (void)snprintf(
        line, sizeof line, "interloop: %s: '%s'%s%s%s%s%s%s%s", report->message,
        report->task_name, place, report->error < 0 ? ": " : "",
        report->error < 0 ? il_strerror(report->error) : "",
        report->details ? ": " : "", report->details ? report->details : "",
        report->waits_for ? ", waits for " : "",
        report->waits_for ? report->waits_for : "");
    for (char *c = line; *c; c++)
        *c = ili_printed(*c);
    fprintf(stderr, "%s\n", line);
}

void ili_report_tell(ili_sched *sched, const il_report *report)
{
    if (sched->report)
        sched->report(report, sched->report_arg);
    else
        print(report);
}

void ili_report_now(ili_sched *sched, const il_task *task, il_report_kind kind,
                    int error, const char *message)
{
    const il_site *site = task->site;
    const il_report report = { .kind = kind,
                               .error = error,
                               .task_name = ili_task_name(task),
                               .file = site && site->file ? site->file : "?",
                               .line = site ? site->line : 0,
                               .message = message,
                               .waits_for = ili_is_parked(task)
                                                ? task->waits_for
                                                : NULL };

    ili_report_tell(sched, &report);
}

void ili_report_outside(const il_report *report)
{
    const ili_sched *sched = ili_sched_current;

    if (sched && sched->report)
        sched->report(report, sched->report_arg);
    else
        print(report);
}

static void tell(il_item *item)
{
    il_task *task = ILI_CONTAINER(item, il_task, report);

    if (task->sched)
        ili_report_now(task->sched, task, task->report_kind, task->report_error,
                       task->report_message);
    (void)il_task_unref(task);
}

void ili_report(il_task *task, il_report_kind kind, int error,
                const char *message)
{
    if (ili_list_linked(&task->report.link))
        return;
    if (task->sched->closed) { /* no turn will come any more */
        ili_report_now(task->sched, task, kind, error, message);
        return;
    }
    task->report.run = tell;
    task->report_kind = kind;
    task->report_error = error;
    task->report_message = message;
    (void)il_task_ref(task);
    ili_sched_queue(task->sched, &task->report);
}

const char *il_strerror(int result)
{
    /* There is no positive INT_MIN. */
    const char *name = result >= 0        ? "success"
                       : result > INT_MIN ? strerrorname_np(-result)
                                          : NULL;

    return name ? name : "unknown error";
}

/* What strerror() says of these is about sockets, processes and mutexes. */
static const char *meaning(int code)
{
    switch (code) {
    case ECANCELED:
        return "Operation was cancelled";
    case ETIMEDOUT:
        return "Operation timed out";
    case ESRCH:
        return "Not possible outside a task or in this thread";
    case EALREADY:
        return "It has happened before";
    case EPIPE:
        return "It is closed or broken";
    case EDEADLK:
        return "Waiting here could never end";
    case EPROTO:
        return "It ended without becoming ready";
    case EOWNERDEAD:
        return "What was waited for has gone";
    case ESHUTDOWN:
        return "The loop is closed";
    default:
        return strerrordesc_np(code);
    }
}

const char *il_error_text(int result)
{
    const char *text = result >= 0        ? "Success"
                       : result > INT_MIN ? meaning(-result)
                                          : NULL;

    return text ? text : "Unknown error";
}
