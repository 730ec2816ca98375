/* SPDX-License-Identifier: MIT */

/* check.c - write failures down where they happen, report them in the test.
 *
 * The first few failures are kept word by word, later ones are counted only:
 * one broken invariant in a task that loops would drown the rest. */

#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_KEPT = 8, FAILURE_SIZE = 240, NOTES_SIZE = 8192, LIMIT_S = 60 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char failures[N_KEPT][FAILURE_SIZE];
static unsigned n_failures;
static char notes[NOTES_SIZE];
static size_t notes_length;
static int descriptors_before;

static void record(const char *file, int line, const char *text)
{
    pthread_mutex_lock(&lock);
    if (n_failures < N_KEPT)
        (void)snprintf(failures[n_failures], FAILURE_SIZE, "%.60s:%d: %.160s",
                       file, line, text);
    n_failures++;
    pthread_mutex_unlock(&lock);
}

bool check_true(bool holds, const char *text, const char *file, int line)
{
    if (!holds)
        record(file, line, text);
    return holds;
}

bool check_int(long long actual, long long expected, const char *text,
               const char *file, int line)
{
    char message[FAILURE_SIZE - 80];

    if (actual == expected)
        return true;
    (void)snprintf(message, sizeof message, "%s is %lld, expected %lld", text,
                   actual, expected);
    record(file, line, message);
    return false;
}

int count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    if (!dir)
        return -1;
    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n - 3; /* ".", ".." and the directory itself */
}

bool runs_slowly(void)
{
    return getenv("INTERLOOP_TEST_SECONDS") != NULL;
}

void begin_checks(void)
{
    const char *limit = getenv("INTERLOOP_TEST_SECONDS");

    alarm(limit ? (unsigned)strtoul(limit, NULL, 10) : LIMIT_S);
    n_failures = 0;
    forget_notes();
    descriptors_before = count_descriptors();
}

/* Threads of GLib's pools may close a file after who read it has been told. */
static int wait_for_descriptors(void)
{
    int leaked = count_descriptors() - descriptors_before;

    for (int ms = 0; leaked > 0 && ms < 1000; ms++) {
        (void)usleep(1000);
        leaked = count_descriptors() - descriptors_before;
    }
    return leaked;
}

void end_checks(void)
{
    unsigned n = n_failures;
    int leaked = wait_for_descriptors();

    alarm(0);
    n_failures = 0;
    for (unsigned i = 0; i < n && i < N_KEPT; i++)
        print_error("%s\n", failures[i]);
    if (n)
        fail_msg("%u checks failed inside tasks", n);
    if (leaked)
        fail_msg("%d descriptors leaked", leaked);
}

void note(const char *format, ...)
{
    va_list arguments;
    int n;

    pthread_mutex_lock(&lock);
    if (notes_length && notes_length < sizeof notes - 1)
        notes[notes_length++] = ' ';
    va_start(arguments, format);
    n = vsnprintf(notes + notes_length, sizeof notes - notes_length, format,
                  arguments);
    va_end(arguments);
    if (n > 0)
        notes_length += (size_t)n;
    if (notes_length > sizeof notes - 1)
        notes_length = sizeof notes - 1;
    pthread_mutex_unlock(&lock);
}

const char *noted(void)
{
    return notes;
}

void forget_notes(void)
{
    notes_length = 0;
    memset(notes, 0, sizeof notes);
}

int setup_checks(void **unused)
{
    (void)unused;
    begin_checks();
    return 0;
}

int teardown_checks(void **unused)
{
    (void)unused;
    end_checks();
    return 0;
}
