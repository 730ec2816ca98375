/* SPDX-License-Identifier: MIT */

/* bench_latency.c - from a post in another thread to its callback's beginning.
 *
 * A thread sleeps in its loop; a poster gives it something to do, waits until it
 * has been done, and pauses, so that the thread really sleeps again.  All that
 * are compared take turns, post by post: whatever the machine does besides then
 * meets each of them alike.  Wall time, in microseconds.
 *
 * ours: the main thread sleeps in GLib's main loop
 *
 *   p50_us, p99_us                il_post_threadsafe ()
 *   invoke_p50_us, invoke_p99_us  g_main_context_invoke ()
 *   floor_p50_us, floor_p99_us    write () to an eventfd that a source polls:
 *                                 what waking a thread costs at the least
 *
 * native: two threads on the same processor sleep in epoll_wait ()
 *
 *   p50_us, p99_us                il_post_threadsafe () to a native loop
 *   floor_p50_us, floor_p99_us    write () to an eventfd that the other thread
 *                                 waits for, by hand; it begins when it has read
 *
 * n is the number of posts of each. */

#include "config.h"

#include "bench.h"
#include "machine.h"

#include <interloop/glib.h>
#include <interloop/interloop.h>

#include <glib-unix.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define N_POSTS 5000L
#define N_WARM_UP 200L
#define PAUSE_NS 150000L

enum { OURS, INVOKE, FLOOR, NATIVE, BY_HAND, N_WAYS };

static il_loop *loop;
static GMainLoop *main_loop;
static int floor_fd;
static long n_posts;
static double *took_us[N_WAYS];
static double begun_ns; /* written by whoever wakes before it answers */
static sem_t answer;

/* --- Who wakes ----------------------------------------------------------------- */

static void arrived(void)
{
    begun_ns = bench_wall_ns();
    BENCH_CHECK(sem_post(&answer));
}

static void on_post(void *arg)
{
    (void)arg;
    arrived();
}

static gboolean on_invoke(gpointer arg)
{
    (void)arg;
    arrived();
    return G_SOURCE_REMOVE;
}

static gboolean on_floor(gint fd, GIOCondition condition, gpointer arg)
{
    guint64 count;

    (void)condition;
    (void)arg;
    /* Before the answer: the poster may be faster with its next one. */
    BENCH_ASSERT(read(fd, &count, sizeof count) == sizeof count);
    arrived();
    return G_SOURCE_CONTINUE;
}

/* --- The poster ---------------------------------------------------------------- */

static void post(int way)
{
    static il_callback callback = IL_CALLBACK_INIT(on_post, NULL);
    static const guint64 one = 1;

    switch (way) {
    case OURS:
    case NATIVE:
        BENCH_CHECK(il_post_threadsafe(loop, &callback));
        break;
    case INVOKE:
        g_main_context_invoke(NULL, on_invoke, NULL);
        break;
    default:
        BENCH_ASSERT(write(floor_fd, &one, sizeof one) == sizeof one);
        break;
    }
}

static void let_it_sleep(void)
{
    const struct timespec pause = { .tv_nsec = PAUSE_NS };

    (void)nanosleep(&pause, NULL);
}

/* Those from `first` to `last` in turns. */
static void compete(int first, int last)
{
    int n_ways = last - first + 1;

    for (long i = -N_WARM_UP; i < n_posts; i++) {
        for (int k = 0; k < n_ways; k++) {
            /* Each comes after each of the others equally often. */
            int way = i & 1 ? last - k : first + k;
            double posted_ns;

            let_it_sleep();
            posted_ns = bench_wall_ns();
            post(way);
            BENCH_CHECK(sem_wait(&answer));
            if (i >= 0)
                took_us[way][i] = (begun_ns - posted_ns) / 1e3;
        }
    }
}

static gpointer poster(gpointer arg)
{
    (void)arg;
    compete(OURS, FLOOR);
    g_main_loop_quit(main_loop);
    return NULL;
}

/* --- Figures --------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_figures(int way, const char *p50, const char *p99)
{
    double *us = took_us[way];

    qsort(us, (size_t)n_posts, sizeof *us, compare);
    bench_print(p50, us[(n_posts - 1) / 2]);
    bench_print(p99, us[(n_posts - 1) * 99 / 100]);
}

static void prepare(long n)
{
    n_posts = bench_ops(n);
    for (int way = 0; way < N_WAYS; way++) {
        took_us[way] = calloc((size_t)n_posts, sizeof(double));
        BENCH_ASSERT(took_us[way]);
    }
    floor_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    BENCH_CHECK(floor_fd);
    BENCH_CHECK(sem_init(&answer, 0, 0));
}

static void run_ours(long n)
{
    GThread *thread;

    prepare(n);
    main_loop = g_main_loop_new(NULL, FALSE);
    g_unix_fd_add(floor_fd, G_IO_IN, on_floor, NULL);
    BENCH_CHECK(il_g_begin(NULL, &loop));

    thread = g_thread_new("poster", poster, NULL);
    g_main_loop_run(main_loop);
    g_thread_join(thread);

    BENCH_CHECK(il_g_end(loop, IL_SEC(1)));
    print_figures(OURS, "p50_us", "p99_us");
    print_figures(INVOKE, "invoke_p50_us", "invoke_p99_us");
    print_figures(FLOOR, "floor_p50_us", "floor_p99_us");
}

/* --- Without GLib ------------------------------------------------------------------ */

static gpointer run_native_loop(gpointer arg)
{
    (void)arg;
    bench_pin_to(0);
    BENCH_CHECK(il_loop_new(&loop));
    BENCH_CHECK(sem_post(&answer));
    BENCH_CHECK(il_loop_run(loop));
    BENCH_CHECK(il_loop_close(loop, 0));
    il_loop_unref(loop);
    return NULL;
}

static void stop_loop(void *arg)
{
    (void)arg;
    BENCH_CHECK(il_loop_stop(loop));
}

/* Until the poster sends more than one. */
static gpointer wait_by_hand(gpointer arg)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    guint64 count;

    (void)arg;
    bench_pin_to(0);
    BENCH_CHECK(epoll);
    BENCH_CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, floor_fd, &event));
    for (;;) {
        BENCH_CHECK(epoll_wait(epoll, &event, 1, -1));
        BENCH_ASSERT(read(floor_fd, &count, sizeof count) == sizeof count);
        if (count > 1)
            break;
        arrived();
    }
    BENCH_CHECK(close(epoll));
    return NULL;
}

static void run_native(long n)
{
    static il_callback stop = IL_CALLBACK_INIT(stop_loop, NULL);
    static const guint64 enough = 2;
    GThread *native;
    GThread *by_hand;

    prepare(n);
    native = g_thread_new("native", run_native_loop, NULL);
    BENCH_CHECK(sem_wait(&answer));
    by_hand = g_thread_new("by hand", wait_by_hand, NULL);
    bench_pin_to(1);
    compete(NATIVE, BY_HAND);

    BENCH_CHECK(il_post_threadsafe(loop, &stop));
    BENCH_ASSERT(write(floor_fd, &enough, sizeof enough) == sizeof enough);
    g_thread_join(native);
    g_thread_join(by_hand);
    print_figures(NATIVE, "p50_us", "p99_us");
    print_figures(BY_HAND, "floor_p50_us", "floor_p99_us");
}

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, N_POSTS },
        { "native", run_native, N_POSTS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
