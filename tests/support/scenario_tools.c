/* SPDX-License-Identifier: MIT */

/* scenario_tools.c - what scenarios are written with.
 *
 * Reports are kept by thread and not by scenario: whatever is still on its way
 * when the main task ends arrives while the loop closes, after the scenario. */

#include "config.h"

#include "scenario_tools.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_KEPT = 8, FIRST_OWN = 500, N_OWN = 400 };

struct kept {
    il_report_kind kind;
    int error;
};

static __thread struct kept kept[MAX_KEPT];
static __thread unsigned n_kept;

void trace_add(struct trace *trace, const char *word)
{
    int n = snprintf(trace->text + trace->length,
                     sizeof trace->text - trace->length, "%s%s",
                     trace->length ? " " : "", word);

    CHECK(n > 0 && (size_t)n < sizeof trace->text - trace->length);
    trace->length = strlen(trace->text);
}

bool check_trace(const struct trace *trace, const char *expected,
                 const char *file, int line)
{
    char message[160];

    if (strcmp(trace->text, expected) == 0)
        return true;
    (void)snprintf(message, sizeof message, "\"%.70s\", expected \"%.70s\"",
                   trace->text, expected);
    return check_true(false, message, file, line);
}

int act(void *arg)
{
    struct actor *actor = arg;

    for (int i = 0; i < actor->n_yields; i++)
        if (il_yield() < 0)
            return -ECANCELED;
    trace_add(actor->trace, actor->word);
    return actor->result;
}

void act_now(void *arg)
{
    struct actor *actor = arg;

    trace_add(actor->trace, actor->word);
}

void settle_for(il_time duration)
{
    CHECK_INT(il_sleep(duration), 0);
    /* One to see what is due, one to let it run, one for what it woke. */
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_yield(), 0);
}

int return_int(void *result)
{
    return *(int *)result;
}

int sleep_for_ever(void *unused)
{
    (void)unused;
    return il_sleep(IL_FOREVER);
}

void open_pipe(int fds[2])
{
    CHECK_INT(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
}

void open_pair(int fds[2])
{
    CHECK_INT(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
        0);
}

int own_number(void)
{
    static atomic_uint n_threads;
    static __thread int number;

    if (number == 0)
        number = FIRST_OWN + (int)(atomic_fetch_add(&n_threads, 1) % N_OWN);
    return number;
}

il_time thread_time(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (il_time)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void keep(const il_report *report, void *arg)
{
    (void)arg;
    CHECK(il_task_current() == NULL);
    CHECK(report->task_name && report->file && report->message);
    if (n_kept < MAX_KEPT)
        kept[n_kept] = (struct kept){ report->kind, report->error };
    n_kept++;
}

void watch_reports(il_loop *loop)
{
    il_loop_set_report_handler(loop, keep, NULL);
}

void expect_report(il_report_kind kind, int error)
{
    if (!CHECK(n_kept > 0))
        return;
    CHECK_INT(kept[0].kind, kind);
    CHECK_INT(kept[0].error, error);
    n_kept--;
    memmove(kept, kept + 1, sizeof kept - sizeof *kept);
}

unsigned drop_reports(void)
{
    unsigned n = n_kept;

    n_kept = 0;
    return n;
}
