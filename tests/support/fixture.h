/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

/* fixture.h - a loop under virtual time for one test.
 *
 * The teardown closes the loop and fails the test if a CHECK() failed, if a
 * descriptor leaked, if the loop did not close cleanly, or if the library
 * reported an error that the test did not take with take_report(). */

#include "check.h"

#include <interloop/interloop.h>
#include <interloop/testing.h>

enum { MAX_REPORTS = 16 };

/* A report, kept beyond the call that delivered it. */
struct kept_report {
    il_report_kind kind;
    int error;
    char task_name[32];
    char file[128];
    char waits_for[32]; /* empty: for nothing */
    char details[256];  /* empty: none */
    il_time duration;
    unsigned line;
    bool outside_tasks; /* il_task_current() was NULL during the call */
};

struct fixture {
    il_loop *loop;
    struct kept_report reports[MAX_REPORTS]; /* not taken yet, oldest first */
    unsigned n_reports;
};

/* The clock jumps to the next deadline when all are blocked. */
int setup(void **state);

/* The clock moves by il_test_advance() only. */
int setup_manual(void **state);

/* The clock is the real one. */
int setup_real(void **state);

int teardown(void **state);

/* For a loop that a test made by itself: send its reports to the fixture. */
void keep_reports(struct fixture *f, il_loop *loop);

/* Take the oldest report out; fails the test if there is none. */
struct kept_report take_report(struct fixture *f);

/* Take the oldest report, which must be this one, and made outside of tasks. */
struct kept_report take_report_of(struct fixture *f, il_report_kind kind,
                                  int error, const char *task_name);

/* Run turns until every task is blocked; fails the test on an error. */
void settle(struct fixture *f);

/* Take the result of a task that must have ended and drop the reference. */
int reap(il_task *task);

#endif
