/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_DEBUG_H
#define ILI_TASK_DEBUG_H

/* debug.h - debug mode, seen from inside.
 *
 * Where tasks get the thread and give it up, one flag is tested for hosts
 * anyway: sched->is_minded.  Debug mode sets it, too, so that all of this is on
 * paths that a native loop takes at no other time.  What is rare in itself, such
 * as ending an object that is waited for, asks ili_debugs().
 *
 * Debug reports are kept in the loop's own room until they are told, since they
 * have words of their own, and a task may have ended by then. */

#include "task/task.h"

#include <interloop/debug.h>

#define ILI_NOTES 8
#define ILI_NOTE_SIZE 224

/* One of il_debug's flags for the library's own use: a run in which every task
 * waits is reported and ended.  It watches no steps, so tasks go the short ways. */
#define ILI_DEBUG_BLOCKED (1u << 30)

/* A report that waits to be told. */
struct ili_note {
    il_report_kind kind;
    int error;
    il_time duration;
    const char *message; /* a constant, as the next ones */
    const char *waits_for;
    const char *file;
    unsigned line;
    char name[64];
    char details[ILI_NOTE_SIZE]; /* empty: none */
};

struct ili_debug {
    unsigned flags; /* 0: off again */
    il_debug_limits limits;
    struct ili_step *step; /* the innermost that is on; NULL: none */
    size_t n_steps;        /* that have begun, and turns with something to do */
    ili_list
        ended; /* il_task.pending: tasks that have ended and are not free */

    il_item item; /* queued while there are notes */
    unsigned n_notes;
    unsigned n_lost; /* for which there was no room */
    struct ili_note notes[ILI_NOTES];

    /* deadlock.c */
    size_t blocked_at;     /* n_steps then */
    il_time blocked_since; /* on the real clock; 0: something has run since */
    bool blocked_is_told;
};

/* Whether the loop watches for any of these. */
static inline bool ili_debugs(const ili_sched *sched, unsigned flags)
{
    return ILI_UNLIKELY(sched->debug != NULL) && sched->debug->flags & flags;
}

/* --- debug.c ---------------------------------------------------------------- */

/* A loop is made: what the program or the environment wants.  0 or -ENOMEM. */
int ili_debug_begin(ili_sched *sched);

/* A test runs: watch for ILI_DEBUG_BLOCKED as well.  0 or -ENOMEM. */
int ili_debug_test(ili_sched *sched);

/* It is closed, and nothing runs any more. */
void ili_debug_end(ili_sched *sched);

/* Report soon, outside every task.  `task` may be NULL.  Returns the note, of
 * which more may be set; NULL if there is no room. */
struct ili_note *ili_debug_note(ili_sched *sched, const il_task *task,
                                il_report_kind kind, int error,
                                const char *message, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* Report here and now. */
void ili_debug_tell(ili_sched *sched, const il_task *task, il_report_kind kind,
                    int error, const char *message, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The list of what waits for something is ended. */
void ili_debug_freed(ili_sched *sched, const il_task *first, size_t n);

/* The running task, or NULL, got -EPERM or -EDEADLK for what `owner` owns, a
 * task or NULL. */
void ili_debug_not_owner(ili_sched *sched, const il_task *owner, int error);

/* A task that is cancelled was refused once more.  Returns whether it has been
 * told on. */
bool ili_debug_refused(il_task *task);

/* A task ends that was cancelled before it began. */
void ili_debug_never_ran(const il_task *task);

/* The running task is about to give up the thread, or to end. */
void ili_debug_leaves(ili_sched *sched, il_task *task);
void ili_debug_ends(ili_sched *sched, il_task *task);

/* --- environment.c ---------------------------------------------------------- */

/* What INTERLOOP_DEBUG asks for; says so if it does not understand.  Limits that
 * it does not name stay. */
unsigned ili_debug_parse(const char *text, il_debug_limits *limits);

/* --- slow.c ----------------------------------------------------------------- */

/* The real clock. */
il_time ili_debug_now(void);

/* A task gets the thread; for the first time; gives it up or ends. */
void ili_step_resume(ili_sched *sched, il_task *task);
void ili_step_first(ili_sched *sched, il_task *task);
void ili_step_end(ili_sched *sched, il_task *task);

/* Run an item that is no task. */
void ili_step_item(ili_sched *sched, il_item *item);

/* A nested host loop begins to run items, on top of a step or of nothing;
 * returns what to end it with. */
struct ili_step *ili_step_nest(ili_sched *sched);
void ili_step_unnest(ili_sched *sched, struct ili_step *outer);

/* The host has the thread inside a step: that may take any time. */
void ili_step_host_waits(ili_sched *sched);

/* --- highwater.c ------------------------------------------------------------ */

/* A stack was taken for a task: nothing of an earlier one may be left. */
void ili_highwater_begin(const il_task *task);

/* The running task gives up the thread or ends: warn if it has come far. */
void ili_highwater_look(ili_sched *sched, il_task *task, bool ends);

/* --- circle.c --------------------------------------------------------------- */

/* The task begins to wait: is that for itself in the end? */
void ili_circle_look(ili_sched *sched, const il_task *task);

#endif
