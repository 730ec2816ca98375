/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

/* check.h - assertions that are safe inside tasks.
 *
 * CMocka's assert_*() leave by longjmp().  Inside a task that would leave the
 * scheduler believing that the task still runs, and the next test would die of
 * it.  So: assert_*() in the body of a test, CHECK() wherever a task or a
 * callback runs.  CHECK() writes down what failed, and end_checks() in the
 * teardown turns that into a failure of the test.
 *
 * All of this may be called from any thread. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Note a failure unless CONDITION holds.  Comes to CONDITION. */
#define CHECK(condition) check_true((condition), #condition, __FILE__, __LINE__)

/* Note a failure unless both are the same number; prints both.  Comes to
 * whether they were. */
#define CHECK_INT(actual, expected)                                            \
    check_int((actual), (expected), #actual, __FILE__, __LINE__)

/* gcc's ThreadSanitizer knows 8,128 stacks at most. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#endif
#ifdef UNDER_TSAN
#define MANY(n) ((n) < 2000 ? (n) : 2000)
#else
#define MANY(n) (n)
#endif

/* Whether everything takes many times as long, in an emulator or valgrind: whoever
 * sets INTERLOOP_TEST_SECONDS says so.  A test may do less of the same then. */
bool runs_slowly(void);

/* A string literal as the argument of a task. */
#define TEXT(literal) ((void *)(uintptr_t)("" literal))

/* Behind the macros. */
bool check_true(bool holds, const char *text, const char *file, int line);
bool check_int(long long actual, long long expected, const char *text,
               const char *file, int line);

/* Forget failures and notes, count open descriptors, start the time limit.
 * The setup of every test calls this first. */
void begin_checks(void);

/* Stop the time limit; fail the test if a CHECK() failed or a descriptor
 * leaked.  The teardown of every test calls this last. */
void end_checks(void);

/* These two, for a test that has no loop, or makes its own. */
int setup_checks(void **state);
int teardown_checks(void **state);

/* Write down that something happened.  Notes are separated by blanks, so that
 * a test of an order reads assert_string_equal(noted(), "a b c"). */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What was noted since begin_checks() or forget_notes(). */
const char *noted(void);
void forget_notes(void);

/* How many descriptors this process has open. */
int count_descriptors(void);

#endif
