/* SPDX-License-Identifier: MIT */

/* bench_inbox.c - posts with a payload from another thread, as fast as it can.
 *
 * A thread sends numbers; the loop's thread adds them up.  The two have a
 * processor each where there are two.
 *
 *   ours   il_post_threadsafe () of a callback inside the message
 *   channel
 *          a task in a loop of either thread, il_shared_channel_send () and
 *          il_shared_channel_receive () with room for N_MESSAGES
 *   hand   the least that will do, written for this: a list of messages, one
 *          compare-and-swap to push, one exchange to take all, and an eventfd
 *          that is written only if the other side sleeps in epoll_wait ()
 *   uv     that list, and uv_async_send () for each message
 *   ev     that list, and ev_async_send () for each message
 *   glib   g_main_context_invoke_full ()
 *
 * libuv and libev have no payload: all their users have a queue beside the
 * handle, and this is the fastest one there is.
 *
 * ns is wall time, cpu_ns the processor time of both threads.  Messages are used
 * in turn and no memory is allocated on the way (GLib does so itself).  There
 * are N_MESSAGES of them, so that as many may be under way; the sender waits
 * when all are.  It sleeps then: looking again and again would count as its
 * work, and would take the line of the counter from the receiver. */

#include "config.h"

#include "bench.h"
#include "machine.h"

#include <interloop/interloop.h>

#include <ev.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define N_SENT (4L * 1000 * 1000)
#define N_MESSAGES 4096L
/* So many go back to the sender at once. */
#define N_RETURNED (N_MESSAGES / 8)

struct message {
    union {
        il_callback callback;
        struct message *next;
    } in;
    long payload;
};

static struct message messages[N_MESSAGES];
static long n_sent;
static sem_t room; /* counts N_RETURNED messages each */

/* The receiver's. */
static long sum;
static long n_received;

/* On a line of its own: both sides write it. */
static _Alignas(128) _Atomic(struct message *) queue; /* newest first */
static atomic_bool asleep;
static int wake_fd;

/* How a contender sends. */
static void (*post)(struct message *message);

/* --- The sender -------------------------------------------------------------- */

static void *sender(void *arg)
{
    (void)arg;
    bench_pin_to(1);
    for (long i = 0; i < n_sent; i++) {
        struct message *message = &messages[i % N_MESSAGES];

        if (i % N_RETURNED == 0)
            BENCH_CHECK(sem_wait(&room));
        message->payload = i;
        post(message);
    }
    return NULL;
}

/* --- The receiver ------------------------------------------------------------ */

/* Returns whether it was the last. */
static bool receive(const struct message *message)
{
    sum += message->payload;
    if (++n_received % N_RETURNED == 0)
        BENCH_CHECK(sem_post(&room));
    return n_received == n_sent;
}

static void push(struct message *message)
{
    struct message *head = atomic_load_explicit(&queue, memory_order_relaxed);

    do {
        message->in.next = head;
    } while (!atomic_compare_exchange_weak(&queue, &head, message));
}

/* Receive all that is queued, oldest first. */
static bool drain(void)
{
    struct message *newest = atomic_exchange(&queue, NULL);
    struct message *oldest = NULL;
    bool last = false;

    while (newest) {
        struct message *next = newest->in.next;

        newest->in.next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        /* Received messages are the sender's again. */
        struct message *next = oldest->in.next;

        last = receive(oldest);
        oldest = next;
    }
    return last;
}

static void measure_with(void *(*send)(void *arg), void (*run)(void),
                         long standard)
{
    pthread_t thread;
    double start;
    double cpu;

    n_sent = bench_ops(standard);
    BENCH_CHECK(sem_init(&room, 0, N_MESSAGES / N_RETURNED));
    bench_pin_to(0);
    BENCH_CHECK(-pthread_create(&thread, NULL, send, NULL));
    start = bench_wall_ns();
    cpu = bench_cpu_ns();
    run();
    start = bench_wall_ns() - start;
    cpu = bench_cpu_ns() - cpu;
    BENCH_CHECK(-pthread_join(thread, NULL));
    BENCH_ASSERT(sum == n_sent * (n_sent - 1) / 2);
    bench_print("ns", start / (double)n_sent);
    bench_print("cpu_ns", cpu / (double)n_sent);
}

static void measure(void (*run)(void), long standard)
{
    measure_with(sender, run, standard);
}

/* --- Ours --------------------------------------------------------------------- */

static il_loop *loop;

static void on_post(void *message)
{
    if (receive(message))
        il_loop_stop(loop);
}

static void post_ours(struct message *message)
{
    BENCH_CHECK(il_post_threadsafe(loop, &message->in.callback));
}

static void loop_ours(void)
{
    BENCH_CHECK(il_loop_run(loop));
}

static void run_ours(long n)
{
    (void)n;
    BENCH_CHECK(il_loop_new(&loop));
    for (long i = 0; i < N_MESSAGES; i++)
        messages[i].in.callback =
            (il_callback)IL_CALLBACK_INIT(on_post, &messages[i]);
    post = post_ours;
    measure(loop_ours, N_SENT);
    BENCH_CHECK(il_loop_close(loop, 0));
    il_loop_unref(loop);
}

/* --- Ours, through a channel ------------------------------------------------------ */

static il_shared_channel channel;

static int send_all(void *arg)
{
    (void)arg;
    for (long i = 0; i < n_sent; i++)
        BENCH_CHECK(il_shared_channel_send(&channel, &i, IL_FOREVER));
    return 0;
}

static void *sender_loop(void *arg)
{
    bench_pin_to(1);
    BENCH_CHECK(il_run(send_all, arg));
    return NULL;
}

static int receive_all(void *arg)
{
    long number;

    (void)arg;
    for (long i = 0; i < n_sent; i++) {
        BENCH_CHECK(il_shared_channel_receive(&channel, &number, IL_FOREVER));
        sum += number;
    }
    return 0;
}

static void loop_channel(void)
{
    BENCH_CHECK(il_run(receive_all, NULL));
}

static void run_channel(long n)
{
    (void)n;
    BENCH_CHECK(il_shared_channel_init(&channel, sizeof(long), N_MESSAGES));
    measure_with(sender_loop, loop_channel, N_SENT);
    il_shared_channel_fini(&channel);
}

/* --- By hand -------------------------------------------------------------------- */

static void post_hand(struct message *message)
{
    static const uint64_t one = 1;

    push(message);
    if (atomic_load(&asleep) && atomic_exchange(&asleep, false))
        BENCH_ASSERT(write(wake_fd, &one, sizeof one) == sizeof one);
}

static void loop_hand(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    uint64_t count;

    BENCH_CHECK(epoll);
    BENCH_CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, wake_fd, &event));
    while (!drain()) {
        atomic_store(&asleep, true);
        if (atomic_load(&queue)) {
            atomic_store_explicit(&asleep, false, memory_order_relaxed);
            continue;
        }
        BENCH_CHECK(epoll_wait(epoll, &event, 1, -1));
        BENCH_ASSERT(read(wake_fd, &count, sizeof count) == sizeof count);
    }
    BENCH_CHECK(close(epoll));
}

static void run_hand(long n)
{
    (void)n;
    /* Blocking: a flag that was taken back may be followed by a late write. */
    wake_fd = eventfd(0, EFD_CLOEXEC);
    BENCH_CHECK(wake_fd);
    post = post_hand;
    measure(loop_hand, N_SENT);
}

/* --- libev --------------------------------------------------------------------- */

static struct ev_loop *ev;
static ev_async ev_wake;

static void on_ev_wake(struct ev_loop *ev_loop, ev_async *async, int events)
{
    (void)async;
    (void)events;
    if (drain())
        ev_break(ev_loop, EVBREAK_ONE);
}

static void post_ev(struct message *message)
{
    push(message);
    ev_async_send(ev, &ev_wake);
}

static void loop_ev(void)
{
    ev_run(ev, 0);
}

static void run_ev(long n)
{
    (void)n;
    ev = ev_loop_new(EVFLAG_AUTO);
    BENCH_ASSERT(ev);
    ev_async_init(&ev_wake, on_ev_wake);
    ev_async_start(ev, &ev_wake);
    post = post_ev;
    measure(loop_ev, N_SENT);
    ev_loop_destroy(ev);
}

/* --- libuv ----------------------------------------------------------------------- */

#ifdef HAVE_PEER_UV

#include <uv.h>

static uv_loop_t uv;
static uv_async_t uv_wake;

static void on_uv_wake(uv_async_t *async)
{
    if (drain())
        uv_stop(async->loop);
}

static void post_uv(struct message *message)
{
    push(message);
    BENCH_CHECK(uv_async_send(&uv_wake));
}

static void loop_uv(void)
{
    uv_run(&uv, UV_RUN_DEFAULT);
}

static void run_uv(long n)
{
    (void)n;
    BENCH_CHECK(uv_loop_init(&uv));
    BENCH_CHECK(uv_async_init(&uv, &uv_wake, on_uv_wake));
    post = post_uv;
    measure(loop_uv, N_SENT);
}

#else
#define run_uv NULL
#endif

/* --- GLib ------------------------------------------------------------------------ */

#ifdef HAVE_PEER_GLIB

#include <glib.h>

static GMainLoop *main_loop;

static gboolean on_invoke(gpointer message)
{
    if (receive(message))
        g_main_loop_quit(main_loop);
    return G_SOURCE_REMOVE;
}

static void post_glib(struct message *message)
{
    g_main_context_invoke_full(NULL, G_PRIORITY_DEFAULT, on_invoke, message,
                               NULL);
}

static void loop_glib(void)
{
    g_main_loop_run(main_loop);
}

static void run_glib(long n)
{
    (void)n;
    main_loop = g_main_loop_new(NULL, FALSE);
    /* Else the sender may own the context first, and run them itself. */
    BENCH_ASSERT(g_main_context_acquire(NULL));
    post = post_glib;
    measure(loop_glib, N_SENT / 20); /* it takes that much longer */
    g_main_context_release(NULL);
    g_main_loop_unref(main_loop);
}

#else
#define run_glib NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, 1 }, { "channel", run_channel, 1 },
        { "hand", run_hand, 1 }, { "ev", run_ev, 1 },
        { "uv", run_uv, 1 },     { "glib", run_glib, 1 },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
