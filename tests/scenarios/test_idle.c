/* SPDX-License-Identifier: MIT */

/* test_idle.c - idle costs nothing, whoever sleeps for us.
 *
 * One process a host, all at the same time, each with a task that is parked
 * for ever, a connection that has been used and is quiet now, and a descriptor
 * that nothing comes from.  Ten seconds later, the only ones that a test of
 * this project really sleeps, a byte from outside wakes a task that asks how
 * often the thread has given up the processor: each time was one sleep.  All
 * but the last of them, which that byte ended, were woken from for nothing.
 *
 * One or two of these are expected: a wait on a descriptor that has been
 * waited for before is looked after once, ILI_VERIFY_AFTER of src/loop/loop.h
 * after it began.
 *
 * Processes, not threads: they share no lock whose contention would be counted
 * as well, and one that spins does not hide in the work of the others. */

#include "config.h"

#include "hosts.h"

#include "../support/check.h"
#include "../support/pipes.h"
#include "../support/scenario_tools.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 10, MOST_WAKES = 2 };

/* What a child says. */
struct report {
    long n_sleeps; /* while it idled */
    il_time idled; /* how long that was */
    il_time used;  /* processor time, also while it idled */
    bool is_sound; /* nothing went wrong besides */
};

struct guest {
    const char *name;
    host_fn *host;
    pid_t pid;
    int control; /* a byte to it ends the sleep */
    int answer;  /* a byte when it begins to idle, and the report */
};

/* --- In the child --------------------------------------------------------- */

struct idler {
    int control;
    int answer;
    int quiet[2]; /* a connection: used once */
    int never[2]; /* a pipe: nothing ever comes */
    struct report report;
};

static long n_switches(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

static int read_until_cancelled(void *arg)
{
    char byte;
    ssize_t n;

    do {
        n = il_read(*(int *)arg, &byte, 1);
    } while (n > 0);
    return (int)n;
}

static int idle(void *arg)
{
    struct idler *idler = arg;
    struct report *report = &idler->report;
    il_time begin, used;
    il_group group;
    long before;
    char byte = 0;
    bool ok;

    ok = il_group_open(&group, 0) == 0;
    ok &= il_spawn(&group, sleep_for_ever, NULL, NULL) == 0;
    ok &= il_spawn(&group, read_until_cancelled, &idler->quiet[0], NULL) == 0;
    ok &= il_spawn(&group, read_until_cancelled, &idler->never[0], NULL) == 0;
    /* Twice, since a first time may cost page faults, which count as well. */
    for (int i = 0; i < 2; i++) {
        ok &= il_write(idler->quiet[1], "x", 1) == 1;
        ok &= il_yield() == 0;
        ok &= i > 0 || il_sleep(IL_MS(50)) == 0;
    }

    ok &= write(idler->answer, "b", 1) == 1; /* it begins */
    begin = il_now();
    used = thread_time();
    before = n_switches();
    ok &= il_read(idler->control, &byte, 1) == 1;
    report->n_sleeps = n_switches() - before;
    report->used = thread_time() - used;
    report->idled = il_now() - begin;

    ok &= il_group_count(&group) == 3; /* they were there all the time */
    il_group_cancel(&group);
    ok &= il_group_close(&group) == 0;
    report->is_sound = ok;
    return 0;
}

/* Never returns. */
static void be_idle(host_fn *host, int control, int answer)
{
    struct idler idler = { .control = control, .answer = answer };
    ssize_t n;

    open_pair(idler.quiet);
    open_pipe(idler.never);
    if (host(idle, &idler) < 0)
        idler.report.is_sound = false;
    n = write(answer, &idler.report, sizeof idler.report);
    /* Without what CMocka would do at exit. */
    _exit(n == sizeof idler.report ? 0 : 1);
}

/* --- In the parent -------------------------------------------------------- */

static void start(struct guest *guest)
{
    int control[2], answer[2];

    make_pipe(control);
    make_pipe(answer);
    guest->pid = fork();
    assert_true(guest->pid >= 0);
    if (guest->pid == 0)
        be_idle(guest->host, control[0], answer[1]);
    guest->control = control[1];
    guest->answer = answer[0];
    (void)close(control[0]);
    (void)close(answer[1]);
}

/* Wait until it idles. */
static bool has_begun(const struct guest *guest)
{
    struct pollfd answer = { .fd = guest->answer, .events = POLLIN };
    char byte;

    return poll(&answer, 1, -1) == 1 && read(guest->answer, &byte, 1) == 1;
}

/* Add to `found` what it was like.  Returns whether it was idle enough. */
static bool ask(struct guest *guest, char *found, size_t size)
{
    struct report report = { 0 };
    size_t length = strlen(found);
    int status = 1;
    ssize_t n;

    if (write(guest->control, "x", 1) != 1)
        (void)kill(guest->pid, SIGKILL);
    (void)waitpid(guest->pid, &status, 0);
    n = read(guest->answer, &report, sizeof report);
    (void)close(guest->control);
    (void)close(guest->answer);
    (void)snprintf(found + length, size - length,
                   "%s: %ld wake-ups in %.1f s, %.2f ms of processor time%s; ",
                   guest->name, report.n_sleeps - 1, (double)report.idled / 1e9,
                   (double)report.used / 1e6,
                   report.is_sound ? "" : ", and it did not go well");
    /* No sleep at all would mean that the count does not count. */
    return n == sizeof report && status == 0 && report.is_sound &&
           report.n_sleeps >= 1 && report.n_sleeps <= 1 + MOST_WAKES &&
           report.idled >= IL_SEC(SECONDS - 1);
}

static void test_idle_costs_two_wake_ups_at_most(void **state)
{
    static struct guest guests[] = {
        { .name = "native", .host = run_native },
        { .name = "poll", .host = run_polled },
        { .name = "trivial", .host = run_trivial },
        { .name = "GLib guest", .host = run_glib_guest },
        { .name = "GLib owner", .host = run_glib_owner },
    };
    enum { N = sizeof guests / sizeof *guests };
    char found[800] = "";
    unsigned left = SECONDS;
    bool ok = true;

    (void)state;
    for (unsigned i = 0; i < N; i++)
        start(&guests[i]);
    for (unsigned i = 0; i < N; i++)
        ok &= has_begun(&guests[i]);
    while (left > 0)
        left = sleep(left);
    for (unsigned i = 0; i < N; i++)
        ok &= ask(&guests[i], found, sizeof found);
    print_message("# %s\n", found);
    if (!ok)
        fail_msg("more than %d wake-ups, or none counted: %s", MOST_WAKES,
                 found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_idle_costs_two_wake_ups_at_most,
                                        setup_checks, teardown_checks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
