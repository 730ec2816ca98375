/* SPDX-License-Identifier: MIT */

/* peer_event.c - libevent 2.1, in a program of its own: libev, which is under
 * libinterloop, exports functions of the same names.
 *
 * Each contender is the fastest of the forms that libevent offers.  What all
 * share: events are made once and assigned, not allocated; a base of one thread
 * has no locks (EVENT_BASE_FLAG_NOLOCK); timers are started in callbacks, where
 * libevent takes the time that it has read already.
 *
 *   timer-cancel N  event_del () and event_add () of one of n pending timers.
 *                   The delays are random, so event_base_init_common_timeout ()
 *                   is of no use
 *   timer-expire N  100 timers at a time that are due at once, n others pending
 *   post N          n callbacks that event_active () themselves.  libevent runs
 *                   what a callback activates before it polls again, so it is
 *                   told to poll after n (event_config_set_max_dispatch_
 *                   interval ()): a turn is a turn.  Activating from outside
 *                   and calling event_base_loop () for each turn is slower
 *   inbox           in peer_event_inbox.c
 *   turn N          event_base_loop () with EVLOOP_NONBLOCK and n descriptors
 *                   on which nothing happens
 *   pingpong        a byte over two pipes and back, as in bench_pingpong.c */

#include "config.h"

#include "../bench.h"
#include "peer_event.h"

#ifdef HAVE_PEER_EVENT

#include <event2/event.h>
#include <event2/event_struct.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define N_CYCLES (3L * 1000 * 1000)
#define N_EXPIRIES (2L * 1000 * 1000)
#define N_CALLS (5L * 1000 * 1000)
#define N_TURNS (1000L * 1000)
#define N_ROUND_TRIPS (200L * 1000)
#define N_WARM_UP 10000L
#define N_HOT 100 /* timers that expire together */
#define N_DELAYS 65536L

/* Readers offer more room than a byte, as those of every protocol do. */
#define BUFFER_SIZE 64

struct event_base *base;
static struct event *events;
static long n_left;
static double start_ns;

static void *allocate(long n, size_t size)
{
    void *memory = calloc((size_t)n, size);

    BENCH_ASSERT(memory);
    return memory;
}

void make_base(int flags, long max_callbacks)
{
    struct event_config *config = event_config_new();

    BENCH_ASSERT(config);
    BENCH_CHECK(event_config_set_flag(config, flags));
    if (max_callbacks > 0)
        BENCH_CHECK(event_config_set_max_dispatch_interval(
            config, NULL, (int)max_callbacks, 0));
    base = event_base_new_with_config(config);
    BENCH_ASSERT(base);
    event_config_free(config);
}

static void nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* --- Timers --------------------------------------------------------------- */

static struct timeval delays[N_DELAYS];

/* Those of bench_timer.c. */
static void make_delays(void)
{
    uint64_t x = 88172645463325252u; /* xorshift64: the same in every run */
    long i;

    for (i = 0; i < N_DELAYS; i++) {
        unsigned ms;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        ms = 1000000 + (unsigned)(x % 1000000);
        delays[i].tv_sec = ms / 1000;
        delays[i].tv_usec = ms % 1000 * 1000L;
    }
}

/* Start n timers that stay pending. */
static void make_pending(long n)
{
    long i;

    make_delays();
    make_base(EVENT_BASE_FLAG_NOLOCK, 0);
    events = allocate(n, sizeof *events);
    for (i = 0; i < n; i++) {
        BENCH_CHECK(event_assign(&events[i], base, -1, 0, nothing, NULL));
        BENCH_CHECK(event_add(&events[i], &delays[i * 7 & (N_DELAYS - 1)]));
    }
}

static void cycle_timers(long n_cycles, long n_timers)
{
    long timer = 0;
    long i;

    for (i = 0; i < n_cycles; i++) {
        BENCH_CHECK(event_del(&events[timer]));
        BENCH_CHECK(event_add(&events[timer], &delays[i & (N_DELAYS - 1)]));
        timer = timer + 1 == n_timers ? 0 : timer + 1;
    }
}

static void on_cycles(evutil_socket_t fd, short what, void *n_timers)
{
    long n = bench_ops(N_CYCLES);

    (void)fd;
    (void)what;
    cycle_timers(N_WARM_UP, *(long *)n_timers);
    start_ns = bench_cpu_ns();
    cycle_timers(n, *(long *)n_timers);
    bench_print("ns", (bench_cpu_ns() - start_ns) / (double)n);
}

static void run_timer_cancel(long n)
{
    struct event cycles;

    make_pending(n);
    BENCH_CHECK(event_assign(&cycles, base, -1, 0, on_cycles, &n));
    event_active(&cycles, EV_TIMEOUT, 0);
    BENCH_CHECK(event_base_loop(base, EVLOOP_NONBLOCK));
}

static struct event hot[N_HOT];
static int n_hot; /* have not expired yet */

static void start_hot(void)
{
    static const struct timeval at_once = { 0, 0 };

    n_hot = N_HOT;
    for (int i = 0; i < N_HOT; i++)
        BENCH_CHECK(event_add(&hot[i], &at_once));
}

static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    if (--n_hot > 0)
        return;
    n_left -= N_HOT;
    if (n_left > 0)
        start_hot();
    else
        BENCH_CHECK(event_base_loopbreak(base));
}

static void expire(long n)
{
    n_left = n;
    start_hot();
    BENCH_CHECK(event_base_loop(base, 0));
}

static void run_timer_expire(long n)
{
    long n_expiries = bench_ops(N_EXPIRIES) / N_HOT * N_HOT;

    make_pending(n);
    for (int i = 0; i < N_HOT; i++)
        BENCH_CHECK(event_assign(&hot[i], base, -1, 0, on_expiry, NULL));
    expire(N_WARM_UP);
    start_ns = bench_cpu_ns();
    expire(n_expiries);
    bench_print("ns", (bench_cpu_ns() - start_ns) / (double)n_expiries);
}

/* --- Posts ---------------------------------------------------------------- */

static void on_post(evutil_socket_t fd, short what, void *event)
{
    (void)fd;
    (void)what;
    /* The last one as well: the next run begins with all n of them. */
    event_active(event, EV_TIMEOUT, 0);
    if (--n_left == 0)
        BENCH_CHECK(event_base_loopbreak(base));
}

static void run_post(long n)
{
    long n_calls = bench_ops(N_CALLS);
    long i;

    make_base(EVENT_BASE_FLAG_NOLOCK, n);
    events = allocate(n, sizeof *events);
    for (i = 0; i < n; i++) {
        BENCH_CHECK(event_assign(&events[i], base, -1, 0, on_post, &events[i]));
        event_active(&events[i], EV_TIMEOUT, 0);
    }
    n_left = N_WARM_UP;
    BENCH_CHECK(event_base_loop(base, 0));
    n_left = n_calls;
    start_ns = bench_cpu_ns();
    BENCH_CHECK(event_base_loop(base, 0));
    bench_print("ns", (bench_cpu_ns() - start_ns) / (double)n_calls);
}

/* --- Descriptors ---------------------------------------------------------- */

static void turn(long n)
{
    for (long i = 0; i < n; i++)
        BENCH_CHECK(event_base_loop(base, EVLOOP_NONBLOCK));
}

static void run_turn(long n)
{
    long n_turns = bench_ops(N_TURNS);

    make_base(EVENT_BASE_FLAG_NOLOCK, 0);
    events = allocate(n, sizeof *events);
    for (long i = 0; i < n; i++) {
        int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

        BENCH_CHECK(fd);
        BENCH_CHECK(event_assign(&events[i], base, fd, EV_READ | EV_PERSIST,
                                 nothing, NULL));
        BENCH_CHECK(event_add(&events[i], NULL));
    }
    turn(1000);
    start_ns = bench_cpu_ns();
    turn(n_turns);
    bench_print("ns", (bench_cpu_ns() - start_ns) / (double)n_turns);
}

/* sides[0] reads from pipe 0 and writes to pipe 1, sides[1] the other way. */
static struct side {
    int in;
    int out;
} sides[2];

static void on_byte(evutil_socket_t fd, short what, void *arg)
{
    struct side *side = arg;
    char buffer[BUFFER_SIZE];

    (void)what;
    BENCH_ASSERT(read(fd, buffer, sizeof buffer) == 1);
    if (side == &sides[1] && --n_left == 0)
        BENCH_CHECK(event_base_loopbreak(base));
    else
        BENCH_ASSERT(write(side->out, buffer, 1) == 1);
}

static void pass_bytes(long n)
{
    n_left = n;
    BENCH_ASSERT(write(sides[1].out, "x", 1) == 1);
    BENCH_CHECK(event_base_loop(base, 0));
}

static void run_pingpong(long n)
{
    struct event readers[2];
    int a[2];
    int b[2];

    n = bench_ops(N_ROUND_TRIPS);
    make_base(EVENT_BASE_FLAG_NOLOCK, 0);
    BENCH_CHECK(pipe2(a, O_NONBLOCK | O_CLOEXEC));
    BENCH_CHECK(pipe2(b, O_NONBLOCK | O_CLOEXEC));
    sides[0] = (struct side){ a[0], b[1] };
    sides[1] = (struct side){ b[0], a[1] };
    for (int i = 0; i < 2; i++) {
        BENCH_CHECK(event_assign(&readers[i], base, sides[i].in,
                                 EV_READ | EV_PERSIST, on_byte, &sides[i]));
        BENCH_CHECK(event_add(&readers[i], NULL));
    }
    pass_bytes(1000);
    start_ns = bench_cpu_ns();
    pass_bytes(n);
    bench_print("ns", (bench_cpu_ns() - start_ns) / (double)n);
}

#else
#define run_timer_cancel NULL
#define run_timer_expire NULL
#define run_post NULL
#define run_turn NULL
#define run_pingpong NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "timer-cancel", run_timer_cancel, 1000 },
        { "timer-expire", run_timer_expire, 1000 },
        { "post", run_post, 100 },
        { "inbox", run_inbox, 1 },
        { "inbox-event", run_inbox_event, 1 },
        { "inbox-once", run_inbox_once, 1 },
        { "turn", run_turn, 1000 },
        { "pingpong", run_pingpong, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
