/* SPDX-License-Identifier: MIT */

/* alone.c - whether anybody else could post to a loop.
 *
 * The kernel knows how many threads there are, and which signals have handlers.
 * Those that a mistake of the program itself raises do not count, nor do those
 * that have tasks printed. */

#include "config.h"

#include "loop/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* glibc has handlers of its own from here to SIGRTMIN. */
#define FIRST_REALTIME 32

static bool counts(int signo)
{
    switch (signo) {
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGSEGV:
    case SIGSYS:
    case SIGTRAP:
        return false;
    default:
        return !(signo >= FIRST_REALTIME && signo < SIGRTMIN) &&
               !ili_dump_is_signal(signo);
    }
}

static bool has_handlers(unsigned long long caught)
{
    for (int signo = 1; signo <= 64; signo++)
        if (caught >> (signo - 1) & 1 && counts(signo))
            return true;
    return false;
}

/* Without /proc nobody knows, so there may be somebody. */
static bool is_only_thread(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    unsigned long threads = 0;
    unsigned long long caught = 0;
    char line[256];

    if (!file)
        return false;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "Threads:", 8) == 0)
            threads = strtoul(line + 8, NULL, 10);
        else if (strncmp(line, "SigCgt:", 7) == 0)
            caught = strtoull(line + 7, NULL, 16);
    }
    (void)fclose(file);
    return threads == 1 && !has_handlers(caught);
}

bool ili_loop_is_alone(const il_loop *loop)
{
    return atomic_load(&loop->refs) == 1 && is_only_thread();
}
