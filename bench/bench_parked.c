/* SPDX-License-Identifier: MIT */

/* bench_parked.c - very many tasks that wait.
 *
 * Spawns n tasks that sleep until they are woken, looks at what the process
 * holds then, wakes all and lets them run to their end.  Prints
 *
 *   tasks          how many waited at the same time
 *   finished       how many of them ran on to their end
 *   guarded        how many have a guard below their stack (ours only)
 *   bytes          resident memory for each, page tables not included
 *   page_tables    KiB of page tables for all of them
 *   mappings       by how many lines /proc/self/maps grew
 *   ns             spawn, first step and park, for each
 *   ns_end         wake, last step and end, for each */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_TASKS 100000L
#define PAGE 4096L

/* A guard is looked for this far below a task's first frame. */
#define REACH (1024 * 1024L)

struct footprint {
    long resident; /* bytes */
    long mappings;
    long page_tables; /* KiB */
};

static struct footprint look(void)
{
    struct footprint f = { 0, 0, 0 };
    char line[512];
    FILE *file;

    file = fopen("/proc/self/statm", "r");
    BENCH_ASSERT(file && fscanf(file, "%*d %ld", &f.resident) == 1);
    f.resident *= PAGE;
    fclose(file);
    file = fopen("/proc/self/status", "r");
    BENCH_ASSERT(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmPTE:", 6) == 0)
            f.page_tables = atol(line + 6);
    }
    fclose(file);
    file = fopen("/proc/self/maps", "r");
    BENCH_ASSERT(file);
    while (fgets(line, sizeof line, file)) {
        if (strchr(line, '\n'))
            f.mappings++;
    }
    fclose(file);
    return f;
}

static struct footprint before; /* any loop or task was made */
static long n_parked;
static long n_finished;

static void report(long n, double spawn_ns)
{
    struct footprint now = look();

    bench_print("tasks", (double)n_parked);
    bench_print("bytes", (double)(now.resident - before.resident) / (double)n);
    bench_print("page_tables", (double)(now.page_tables - before.page_tables));
    bench_print("mappings", (double)(now.mappings - before.mappings));
    bench_print("ns", spawn_ns / (double)n);
}

/* Ask the kernel, which says EFAULT where we would crash. */
static bool is_readable(int fd, uintptr_t address)
{
    ssize_t r = pwrite(fd, (const void *)address, 1, 0);

    if (r < 0)
        BENCH_ASSERT(errno == EFAULT);
    return r == 1;
}

static bool is_guarded(int fd, const char *frame)
{
    uintptr_t address = (uintptr_t)frame & ~(uintptr_t)(PAGE - 1);
    uintptr_t end = address - REACH;

    while (address > end && is_readable(fd, address))
        address -= PAGE;
    return address > end;
}

/* Walking through every stack would fill the page tables with nothing: where
 * the guard of the first one is, those of the others are. */
static long count_guarded(char *const *frames, long n)
{
    int fd = memfd_create("probe", MFD_CLOEXEC);
    uintptr_t guard = (uintptr_t)frames[0] & ~(uintptr_t)(PAGE - 1);
    long depth;
    long count = 0;
    long i;

    BENCH_ASSERT(fd >= 0);
    for (depth = 0; depth < REACH && is_readable(fd, guard); depth += PAGE)
        guard -= PAGE;
    for (i = 0; i < n; i++) {
        uintptr_t address = (uintptr_t)frames[i] & ~(uintptr_t)(PAGE - 1);

        if (!is_readable(fd, address - (uintptr_t)depth) ||
            is_guarded(fd, frames[i]))
            count++;
    }
    close(fd);
    return count;
}

static il_future gate;
static char **frames;

static int sleeper(void *arg)
{
    char local;

    *(char **)arg = &local;
    n_parked++;
    BENCH_CHECK(il_future_wait(&gate, NULL, NULL));
    n_finished++;
    return 0;
}

static int ours_main(void *arg)
{
    long n = *(long *)arg;
    il_group group;
    double start;
    long i;

    BENCH_CHECK(il_group_open(&group, 0));
    start = bench_cpu_ns();
    for (i = 0; i < n; i++)
        BENCH_CHECK(il_spawn(&group, sleeper, &frames[i], NULL));
    report(n, bench_cpu_ns() - start);
    BENCH_ASSERT(il_group_count(&group) == (size_t)n && n_finished == 0);
    bench_print("guarded", (double)count_guarded(frames, n));

    start = bench_cpu_ns();
    BENCH_CHECK(il_future_set(&gate, 0, NULL));
    BENCH_CHECK(il_group_close(&group));
    bench_print("ns_end", (bench_cpu_ns() - start) / (double)n);
    bench_print("finished", (double)n_finished);
    return 0;
}

static void run_ours(long n)
{
    /* Written to, so that its pages are not counted as the tasks'. */
    frames = malloc((size_t)n * sizeof *frames);
    BENCH_ASSERT(frames);
    memset(frames, 1, (size_t)n * sizeof *frames);
    before = look();
    BENCH_CHECK(il_run(ours_main, &n));
    free(frames);
}

#ifdef HAVE_PEER_ST

#include <st.h>

static st_cond_t st_gate;

static void *st_sleeper(void *arg)
{
    (void)arg;
    n_parked++;
    st_cond_wait(st_gate);
    n_finished++;
    return NULL;
}

static void run_st(long n)
{
    st_thread_t *threads = malloc((size_t)n * sizeof *threads);
    double start;
    long i;

    BENCH_ASSERT(threads);
    memset(threads, 1, (size_t)n * sizeof *threads);
    before = look();
    BENCH_CHECK(st_init());
    st_gate = st_cond_new();
    BENCH_ASSERT(st_gate);
    start = bench_cpu_ns();
    for (i = 0; i < n; i++) {
        threads[i] = st_thread_create(st_sleeper, NULL, 1, 0);
        BENCH_ASSERT(threads[i]);
    }
    st_usleep(0); /* they start only when we wait */
    BENCH_ASSERT(n_parked == n && n_finished == 0);
    report(n, bench_cpu_ns() - start);

    start = bench_cpu_ns();
    BENCH_CHECK(st_cond_broadcast(st_gate));
    for (i = 0; i < n; i++)
        BENCH_CHECK(st_thread_join(threads[i], NULL));
    bench_print("ns_end", (bench_cpu_ns() - start) / (double)n);
    bench_print("finished", (double)n_finished);
    free(threads);
}

#else
#define run_st NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, N_TASKS },
        { "st", run_st, N_TASKS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
