/* SPDX-License-Identifier: MIT */

/* peer_event_inbox.c - messages from another thread to libevent's, as fast as
 * it can: what bench_inbox.c does with others.
 *
 *   inbox        a list of messages, one compare-and-swap to push, one exchange
 *                to take all, and event_active () if it was empty, which is
 *                faster than for each: libevent takes its lock then.  libevent
 *                itself has no queue of messages
 *   inbox-event  without a list: each message has an event
 *   inbox-once   event_base_once () for each, the post that libevent has; it
 *                allocates
 *
 * Each side has a processor where there are two.  ns is wall time, cpu_ns the
 * processor time of both.  N_MESSAGES are used in turn, so that as many may be
 * under way; the sender waits when all are. */

#include "config.h"

#include "../machine.h"
#include "peer_event.h"

#ifdef HAVE_PEER_EVENT

#include <event2/event_struct.h>
#include <event2/thread.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define N_SENT (2L * 1000 * 1000)
#define N_MESSAGES 1024L
#define N_WARM_UP (4 * N_MESSAGES)
/* Looks at what the other side has done before giving way to it. */
#define N_LOOKS 2000

struct message {
    struct message *next; /* older in the queue */
    struct event event;   /* of inbox-event */
    long payload;
};

static struct message messages[N_MESSAGES];
static long n_sent;
static long sum;
static atomic_long n_received; /* written by the receiver only */
static struct event wake;

/* On a line of its own: both sides write it. */
static _Alignas(128) _Atomic(struct message *) queue; /* newest first */

/* How a contender sends. */
static void (*post)(struct message *message);

/* --- The sender ----------------------------------------------------------- */

static void wait_for_room(long i)
{
    for (int look = 0;
         i - atomic_load_explicit(&n_received, memory_order_acquire) >=
         N_MESSAGES;
         look++)
        if (look > N_LOOKS)
            (void)sched_yield();
}

static void *sender(void *arg)
{
    long room = N_MESSAGES;

    (void)arg;
    bench_pin_to(1);
    for (long i = 0; i < n_sent; i++) {
        struct message *message = &messages[i % N_MESSAGES];

        if (i == room) {
            wait_for_room(i);
            room = atomic_load_explicit(&n_received, memory_order_acquire) +
                   N_MESSAGES;
        }
        message->payload = i;
        post(message);
    }
    return NULL;
}

static void post_to_queue(struct message *message)
{
    struct message *head = atomic_load_explicit(&queue, memory_order_relaxed);

    do {
        message->next = head;
    } while (!atomic_compare_exchange_weak(&queue, &head, message));
    if (!head)
        event_active(&wake, EV_TIMEOUT, 0);
}

static void post_event(struct message *message)
{
    event_active(&message->event, EV_TIMEOUT, 0);
}

static void on_message(evutil_socket_t fd, short what, void *message);

static void post_once(struct message *message)
{
    static const struct timeval at_once = { 0, 0 };

    BENCH_CHECK(
        event_base_once(base, -1, EV_TIMEOUT, on_message, message, &at_once));
}

/* --- The receiver --------------------------------------------------------- */

static void receive(const struct message *message)
{
    long n = atomic_load_explicit(&n_received, memory_order_relaxed) + 1;

    sum += message->payload;
    if (n == n_sent)
        BENCH_CHECK(event_base_loopbreak(base));
    atomic_store_explicit(&n_received, n, memory_order_release);
}

static void on_message(evutil_socket_t fd, short what, void *message)
{
    (void)fd;
    (void)what;
    receive(message);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct message *newest = atomic_exchange(&queue, NULL);
    struct message *oldest = NULL;

    (void)fd;
    (void)what;
    (void)arg;
    while (newest) {
        struct message *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        /* Received messages are the sender's again. */
        struct message *next = oldest->next;

        receive(oldest);
        oldest = next;
    }
}

static void pass(long n)
{
    pthread_t thread;

    n_sent = n;
    sum = 0;
    atomic_store(&n_received, 0);
    BENCH_CHECK(-pthread_create(&thread, NULL, sender, NULL));
    BENCH_CHECK(event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY));
    BENCH_CHECK(-pthread_join(thread, NULL));
    BENCH_ASSERT(sum == n * (n - 1) / 2);
}

static void measure(void (*post_fn)(struct message *message))
{
    long n = bench_ops(N_SENT);
    double start;
    double cpu;

    post = post_fn;
    BENCH_CHECK(evthread_use_pthreads());
    make_base(0, 0);
    BENCH_CHECK(event_assign(&wake, base, -1, 0, on_wake, NULL));
    for (long i = 0; i < N_MESSAGES; i++)
        BENCH_CHECK(event_assign(&messages[i].event, base, -1, 0, on_message,
                                 &messages[i]));
    bench_pin_to(0);
    pass(N_WARM_UP);
    start = bench_wall_ns();
    cpu = bench_cpu_ns();
    pass(n);
    bench_print("ns", (bench_wall_ns() - start) / (double)n);
    bench_print("cpu_ns", (bench_cpu_ns() - cpu) / (double)n);
}

void run_inbox(long n)
{
    (void)n;
    measure(post_to_queue);
}

void run_inbox_event(long n)
{
    (void)n;
    measure(post_event);
}

void run_inbox_once(long n)
{
    (void)n;
    measure(post_once);
}

#endif
