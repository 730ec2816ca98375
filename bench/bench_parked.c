/* SPDX-License-Identifier: MIT */

/* bench_parked.c - very many tasks that wait: what each takes, what is given
 * back.
 *
 *   ours       n tasks wait for one future; then all are woken and end
 *   st         the same for a condition of State Threads, whose stacks have no
 *              guards
 *   hand       no tasks at all: what the kernel takes for n guarded stacks of
 *              which one page is used, asked for in the best way we know
 *
 * They print
 *
 *   tasks          how many waited at the same time
 *   finished       how many of them ran on to their end
 *   guarded        how many have a guard below their stack (not st)
 *   bytes          resident memory for each, page tables not included
 *   page_tables    KiB of page tables for all of them
 *   mappings       by how many lines /proc/self/maps grew
 *   ns             spawn, first step and wait, for each, on fresh stacks
 *   ns_end         wake, last step and end, for each
 *   bytes_left     what stays resident afterwards, for each
 *   left           memory and page tables afterwards, in percent of those
 *                  before; the loop goes on, and ten tasks have ended before
 *   left_closed    the same for the closed loop (ours only)
 *
 * Memory that nobody has used yet may be slow at first touch, as a hypervisor
 * has to find it.  That is neither ours nor the kernel's, and would meet whoever
 * runs first: so as much as will be needed is used once before. */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define N_TASKS 100000L
#define PAGE 4096L

/* A page, its share of page tables, and a little more. */
#define NEEDED 5500L

/* A guard is looked for this far below a task's frame. */
#define REACH (1024 * 1024L)

/* --- What the process holds ----------------------------------------------- */

struct footprint {
    double resident;    /* bytes */
    double page_tables; /* bytes */
    long mappings;
};

/* The value of a line of a file in /proc, in bytes. */
static double field(const char *path, const char *name)
{
    char line[512];
    double kib = -1;
    FILE *file = fopen(path, "r");

    BENCH_ASSERT(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = atof(line + strlen(name));
    }
    fclose(file);
    BENCH_ASSERT(kib >= 0);
    return kib * 1024;
}

static struct footprint look(void)
{
    struct footprint f = { 0, 0, 0 };
    FILE *file;
    int c;

    /* Other files tell what each CPU last said, give or take some pages. */
    f.resident = field("/proc/self/smaps_rollup", "Rss:");
    f.page_tables = field("/proc/self/status", "VmPTE:");
    file = fopen("/proc/self/maps", "r");
    BENCH_ASSERT(file);
    while ((c = getc(file)) != EOF)
        f.mappings += c == '\n';
    fclose(file);
    return f;
}

static void print_left(const char *metric, const struct footprint *before)
{
    struct footprint now = look();

    bench_print(metric, (now.resident + now.page_tables) * 100 /
                            (before->resident + before->page_tables));
}

static struct footprint before;

/* Looking and printing take memory, too, the first time. */
static struct footprint look_before(void)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%.3f\n", look().resident);
    return look();
}

static long n_parked;
static long n_finished;

/* All n are waiting. */
static void print_parked(long n, double ns)
{
    struct footprint now = look();

    bench_print("tasks", (double)n_parked);
    bench_print("bytes", (now.resident - before.resident) / (double)n);
    bench_print("page_tables", (now.page_tables - before.page_tables) / 1024);
    bench_print("mappings", (double)(now.mappings - before.mappings));
    bench_print("ns", ns / (double)n);
}

/* All n have ended. */
static void print_ended(long n, double ns)
{
    bench_print("ns_end", ns / (double)n);
    bench_print("finished", (double)n_finished);
    bench_print("bytes_left", (look().resident - before.resident) / (double)n);
    print_left("left", &before);
}

static void use_memory_once(long n)
{
    size_t size = (size_t)(n * NEEDED);
    double available = field("/proc/meminfo", "MemAvailable:");
    volatile char *p;

    if (available < (double)size * 1.1) {
        fprintf(stderr, "%.1f GiB of memory needed\n",
                (double)size * 1.1 / (1 << 30));
        exit(BENCH_ABSENT);
    }
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);
    BENCH_ASSERT(p != MAP_FAILED);
    for (size_t i = 0; i < size; i += PAGE)
        p[i] = 1;
    munmap((void *)p, size);
}

/* --- Guards --------------------------------------------------------------- */

/* Ask the kernel, which says EFAULT where we would crash. */
static bool is_readable(int fd, uintptr_t address)
{
    ssize_t r = pwrite(fd, (const void *)address, 1, 0);

    if (r < 0)
        BENCH_ASSERT(errno == EFAULT);
    return r == 1;
}

static uintptr_t page_of(const void *p)
{
    return (uintptr_t)p & ~(uintptr_t)(PAGE - 1);
}

/* How far below a frame its guard is. */
static uintptr_t guard_depth(int fd, const void *frame)
{
    uintptr_t depth = 0;

    while (depth < REACH && is_readable(fd, page_of(frame) - depth))
        depth += PAGE;
    return depth;
}

/* --- Ours ----------------------------------------------------------------- */

/* On the stack of each task: an array would be memory that is not theirs. */
struct sleeper {
    struct sleeper *next;
};

static struct sleeper *sleepers;
static il_future gate;

static int sleeper(void *arg)
{
    struct sleeper me = { sleepers };

    (void)arg;
    sleepers = &me;
    n_parked++;
    BENCH_CHECK(il_future_wait(&gate, NULL, NULL));
    n_finished++;
    return 0;
}

/* Looking for the guard of each one page by page would fill the page tables
 * with nothing: where that of one is, those of the others are. */
static long count_guarded(void)
{
    int fd = memfd_create("probe", MFD_CLOEXEC);
    uintptr_t depth = guard_depth(fd, sleepers);
    long count = 0;

    BENCH_ASSERT(fd >= 0);
    for (const struct sleeper *s = sleepers; s; s = s->next)
        if (!is_readable(fd, page_of(s) - depth) || guard_depth(fd, s) < REACH)
            count++;
    close(fd);
    return count;
}

/* Until they wait; returns how long it took. */
static double spawn(il_group *group, long n)
{
    double start;
    long i;

    gate = (il_future)IL_FUTURE_INIT;
    sleepers = NULL;
    n_parked = n_finished = 0;
    BENCH_CHECK(il_group_open(group, 0));
    start = bench_cpu_ns();
    for (i = 0; i < n; i++)
        BENCH_CHECK(il_spawn(group, sleeper, NULL, NULL));
    BENCH_ASSERT(n_parked == n && n_finished == 0);
    return bench_cpu_ns() - start;
}

static double end(il_group *group)
{
    double start = bench_cpu_ns();

    BENCH_CHECK(il_future_set(&gate, 0, NULL));
    BENCH_CHECK(il_group_close(group));
    return bench_cpu_ns() - start;
}

static int ours_main(void *arg)
{
    long n = *(long *)arg;
    il_group group;

    (void)spawn(&group, 10);
    (void)count_guarded();
    (void)end(&group);
    before = look_before();
    print_parked(n, spawn(&group, n));
    bench_print("guarded", (double)count_guarded());
    print_ended(n, end(&group));
    return 0;
}

static int warm_up_main(void *arg)
{
    il_group group;

    (void)arg;
    (void)spawn(&group, 10);
    (void)end(&group);
    return 0;
}

static void run_ours(long n)
{
    struct footprint closed;

    use_memory_once(n);
    BENCH_CHECK(il_run(warm_up_main, NULL));
    closed = look_before();
    BENCH_CHECK(il_run(ours_main, &n));
    print_left("left_closed", &closed);
}

/* --- By hand -------------------------------------------------------------- */

#define STACK (256 * 1024L)
#define GUARD (64 * 1024L)
#define BATCH 64

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* One call for up to BATCH regions, `stride` apart. */
static void advise(int self, char *first, size_t size, long n, int advice)
{
    struct iovec vector[BATCH];
    ssize_t done;

    for (long i = 0; i < n; i++)
        vector[i] = (struct iovec){ first + i * (GUARD + STACK), size };
    done = syscall(SYS_process_madvise, self, vector, n, advice, 0);
    if (done < 0 && errno == EINVAL)
        exit(BENCH_ABSENT); /* an older kernel */
    BENCH_ASSERT(done == (ssize_t)size * n);
}

static void run_hand(long n)
{
    size_t size = (size_t)(n * (GUARD + STACK));
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    double start;
    char *p;
    long i, k;

    BENCH_ASSERT(self >= 0);
    use_memory_once(n);
    before = look_before();
    start = bench_cpu_ns();
    p = mmap(NULL, size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    BENCH_ASSERT(p != MAP_FAILED);
    BENCH_CHECK(madvise(p, size, MADV_NOHUGEPAGE));
    for (i = 0; i < n; i += BATCH) {
        char *at = p + i * (GUARD + STACK);

        k = n - i < BATCH ? n - i : BATCH;
        advise(self, at, GUARD, k, MADV_GUARD_INSTALL);
        advise(self, at + GUARD + STACK - PAGE, PAGE, k, MADV_POPULATE_WRITE);
        for (; k > 0; k--)
            at[k * (GUARD + STACK) - 8] = 1;
    }
    n_parked = n;
    print_parked(n, bench_cpu_ns() - start);
    bench_print("guarded", (double)n);

    start = bench_cpu_ns();
    BENCH_CHECK(munmap(p, size));
    n_finished = n;
    print_ended(n, bench_cpu_ns() - start);
}

/* --- State Threads -------------------------------------------------------- */

#ifdef HAVE_PEER_ST

#include <st.h>

static st_cond_t st_gate;
static st_thread_t *threads;

static void *st_sleeper(void *arg)
{
    (void)arg;
    n_parked++;
    st_cond_wait(st_gate);
    n_finished++;
    return NULL;
}

static void st_spawn(long n)
{
    long i;

    n_parked = n_finished = 0;
    for (i = 0; i < n; i++) {
        threads[i] = st_thread_create(st_sleeper, NULL, 1, 0);
        BENCH_ASSERT(threads[i]);
    }
    st_usleep(0); /* they start only when we wait */
}

static double st_end(long n)
{
    double start = bench_cpu_ns();
    long i;

    BENCH_CHECK(st_cond_broadcast(st_gate));
    for (i = 0; i < n; i++)
        BENCH_CHECK(st_thread_join(threads[i], NULL));
    return bench_cpu_ns() - start;
}

static void run_st(long n)
{
    double start;

    use_memory_once(n);
    threads = malloc((size_t)n * sizeof *threads);
    BENCH_ASSERT(threads);
    /* Written to, so that its pages are not counted as the threads'. */
    memset(threads, 1, (size_t)n * sizeof *threads);
    BENCH_CHECK(st_init());
    st_gate = st_cond_new();
    BENCH_ASSERT(st_gate);

    st_spawn(10);
    (void)st_end(10);
    before = look_before();
    start = bench_cpu_ns();
    st_spawn(n);
    BENCH_ASSERT(n_parked == n && n_finished == 0);
    print_parked(n, bench_cpu_ns() - start);
    print_ended(n, st_end(n));
}

#else
#define run_st NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, N_TASKS },
        { "st", run_st, N_TASKS },
        { "hand", run_hand, N_TASKS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
