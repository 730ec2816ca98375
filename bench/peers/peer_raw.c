/* SPDX-License-Identifier: MIT */

/* peer_raw.c - what the machine gives, without any library: no loop is faster.
 *
 *   syscall   getppid (), which does nothing: into the kernel and back
 *   clock     clock_gettime (CLOCK_MONOTONIC), which does not enter it
 *   epoll N   epoll_wait () that finds nothing among n descriptors
 *   eventfd   a write () to an eventfd and a read () from it
 *   pingpong  a byte over two pipes and back, as in bench_pingpong.c: one
 *             level-triggered epoll, a reader's callback found by its pointer
 *   futex N   from a wake in one thread to the first instruction in another
 *             that slept, on one processor, where the scheduler likes to put
 *             them; n times; wall time, microseconds: p50_us, p99_us
 *   futex-across N
 *             the same with a processor for each
 *
 * The kernel is entered by the C library's functions, as everybody enters it:
 * they cost a few ns of some hundred.  For the futex there is none. */

#include "config.h"

#include "../bench.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define N_CALLS (2L * 1000 * 1000)
#define N_CLOCKS (10L * 1000 * 1000)
#define N_ROUND_TRIPS (200L * 1000)
#define N_WAKES 2000L
#define N_WARM_UP 1000L
#define PAUSE_NS 150000L

/* Readers offer more room than a byte, as those of every protocol do. */
#define BUFFER_SIZE 64

/* Time a function that does something n times, warmed up. */
static void measure(void (*fn)(long n), long n)
{
    double start;

    fn(N_WARM_UP);
    start = bench_cpu_ns();
    fn(n);
    bench_print("ns", (bench_cpu_ns() - start) / (double)n);
}

/* --- Calls ---------------------------------------------------------------- */

static void call(long n)
{
    for (long i = 0; i < n; i++)
        BENCH_CHECK(getppid());
}

static void run_syscall(long n)
{
    (void)n;
    measure(call, bench_ops(N_CALLS));
}

static void look_at_clock(long n)
{
    struct timespec t;

    for (long i = 0; i < n; i++)
        BENCH_CHECK(clock_gettime(CLOCK_MONOTONIC, &t));
}

static void run_clock(long n)
{
    (void)n;
    measure(look_at_clock, bench_ops(N_CLOCKS));
}

/* --- Descriptors ---------------------------------------------------------- */

static int epoll_fd;

static void watch(int fd, void *data)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = data };

    BENCH_CHECK(fd);
    BENCH_CHECK(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event));
}

static void poll_nothing(long n)
{
    struct epoll_event events[64];

    for (long i = 0; i < n; i++)
        BENCH_ASSERT(epoll_wait(epoll_fd, events, 64, 0) == 0);
}

static void run_epoll(long n)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    BENCH_CHECK(epoll_fd);
    for (long i = 0; i < n; i++)
        watch(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), NULL);
    measure(poll_nothing, bench_ops(N_CALLS));
}

static int event_fd;

static void set_and_clear(long n)
{
    uint64_t value = 1;

    for (long i = 0; i < n; i++) {
        BENCH_ASSERT(write(event_fd, &value, sizeof value) == sizeof value);
        BENCH_ASSERT(read(event_fd, &value, sizeof value) == sizeof value);
    }
}

static void run_eventfd(long n)
{
    (void)n;
    event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    BENCH_CHECK(event_fd);
    measure(set_and_clear, bench_ops(N_CALLS) / 2);
}

/* sides[0] reads from pipe 0 and writes to pipe 1, sides[1] the other way. */
static struct side {
    int in;
    int out;
} sides[2];

static long n_left; /* round trips */

static void pass_on(struct side *side)
{
    char buffer[BUFFER_SIZE];

    BENCH_ASSERT(read(side->in, buffer, sizeof buffer) == 1);
    if (side == &sides[1] && --n_left == 0)
        return;
    BENCH_ASSERT(write(side->out, buffer, 1) == 1);
}

static void pass_bytes(long n)
{
    struct epoll_event events[64];

    n_left = n;
    BENCH_ASSERT(write(sides[1].out, "x", 1) == 1);
    while (n_left > 0) {
        int n_events = epoll_wait(epoll_fd, events, 64, -1);

        BENCH_CHECK(n_events);
        for (int i = 0; i < n_events; i++)
            pass_on(events[i].data.ptr);
    }
}

static void run_pingpong(long n)
{
    int a[2];
    int b[2];

    (void)n;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    BENCH_CHECK(epoll_fd);
    BENCH_CHECK(pipe2(a, O_NONBLOCK | O_CLOEXEC));
    BENCH_CHECK(pipe2(b, O_NONBLOCK | O_CLOEXEC));
    sides[0] = (struct side){ a[0], b[1] };
    sides[1] = (struct side){ b[0], a[1] };
    for (int i = 0; i < 2; i++)
        watch(sides[i].in, &sides[i]);
    measure(pass_bytes, bench_ops(N_ROUND_TRIPS));
}

/* --- Threads -------------------------------------------------------------- */

static atomic_int wakes; /* the futex: how often the sleeper was woken */
static atomic_int answers;
static double woken_ns; /* written by the sleeper before it answers */

static void futex_wait(atomic_int *word, int while_it_is)
{
    while (atomic_load(word) == while_it_is)
        (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_it_is, NULL,
                      NULL, 0);
}

static void futex_wake(atomic_int *word)
{
    atomic_fetch_add(word, 1);
    BENCH_CHECK(syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
}

static int sleeper_cpu;

static void pin_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    BENCH_CHECK(-pthread_setaffinity_np(pthread_self(), sizeof set, &set));
}

static void *sleeper(void *n)
{
    pin_to(sleeper_cpu);
    for (int i = 0; i < *(const long *)n; i++) {
        futex_wait(&wakes, i);
        woken_ns = bench_wall_ns();
        futex_wake(&answers);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure_wakes(long n)
{
    const struct timespec pause = { .tv_nsec = PAUSE_NS };
    double *took_us;
    pthread_t thread;

    n = bench_ops(n);
    took_us = calloc((size_t)n, sizeof *took_us);
    BENCH_ASSERT(took_us);
    BENCH_CHECK(-pthread_create(&thread, NULL, sleeper, &n));
    for (int i = 0; i < n; i++) {
        double start;

        /* The other thread shall really sleep. */
        (void)nanosleep(&pause, NULL);
        start = bench_wall_ns();
        futex_wake(&wakes);
        futex_wait(&answers, i);
        took_us[i] = (woken_ns - start) / 1e3;
    }
    BENCH_CHECK(-pthread_join(thread, NULL));
    qsort(took_us, (size_t)n, sizeof *took_us, compare);
    bench_print("p50_us", took_us[(n - 1) / 2]);
    bench_print("p99_us", took_us[(n - 1) * 99 / 100]);
    free(took_us);
}

static void run_futex(long n)
{
    sleeper_cpu = sched_getcpu();
    BENCH_CHECK(sleeper_cpu);
    pin_to(sleeper_cpu);
    measure_wakes(n);
}

static void run_futex_across(long n)
{
    cpu_set_t allowed;
    int poster_cpu = sched_getcpu();

    BENCH_CHECK(poster_cpu);
    BENCH_CHECK(sched_getaffinity(0, sizeof allowed, &allowed));
    CPU_CLR(poster_cpu, &allowed);
    if (CPU_COUNT(&allowed) == 0)
        exit(BENCH_ABSENT);
    while (!CPU_ISSET(sleeper_cpu, &allowed))
        sleeper_cpu++;
    pin_to(poster_cpu);
    measure_wakes(n);
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "syscall", run_syscall, 1 },
        { "clock", run_clock, 1 },
        { "epoll", run_epoll, 1000 },
        { "eventfd", run_eventfd, 1 },
        { "pingpong", run_pingpong, 1 },
        { "futex", run_futex, N_WAKES },
        { "futex-across", run_futex_across, N_WAKES },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
