/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_SCENARIO_TOOLS_H
#define SUPPORT_SCENARIO_TOOLS_H

/* scenario_tools.h - what scenarios are written with.
 *
 * All of it is safe inside tasks and in several threads at once, unlike
 * note() and the assertions of CMocka. */

#include "check.h"
#include "scenarios.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Words in the order in which things happened.  Begin with zeros. */
struct trace {
    char text[512];
    size_t length;
};

/* Add a word after a blank. */
void trace_add(struct trace *trace, const char *word);

/* Note a failure unless the words are EXPECTED; prints both. */
#define CHECK_TRACE(trace, expected)                                           \
    check_trace((trace), (expected), __FILE__, __LINE__)

/* Behind the macro. */
bool check_trace(const struct trace *trace, const char *expected,
                 const char *file, int line);

/* Yield some times, add a word, come to a result.  One that is cancelled
 * meanwhile adds nothing and returns -ECANCELED.  It counts turns and not
 * milliseconds, of which others on the machine may take any number. */
struct actor {
    struct trace *trace;
    const char *word;
    int n_yields;
    int result;
};

int act(void *actor);      /* as a task */
void act_now(void *actor); /* as a callback: does not yield */

/* Let a time pass, and whatever became due or ready by then run.  A sleep alone
 * does not wait for what was woken together with it. */
void settle_for(il_time duration);

/* Tasks: end with *RESULT; wait for a cancel. */
int return_int(void *result);
int sleep_for_ever(void *unused);

/* Both ends non-blocking; close_both() of pipes.h. */
void open_pipe(int fds[2]);
void open_pair(int fds[2]);

/* A descriptor number that the kernel gives to nobody by itself, so that a
 * scenario may close it and open it again while other threads open theirs. */
int own_number(void);

/* Processor time that this thread has used. */
il_time thread_time(void);

/* Reports of this thread's loop are kept from now on. */
void watch_reports(il_loop *loop);

/* Forget the oldest report and note a failure unless it was this one. */
void expect_report(il_report_kind kind, int error);

/* How many reports were kept that nobody expected; forgets them. */
unsigned drop_reports(void);

#endif
