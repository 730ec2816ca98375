/* SPDX-License-Identifier: MIT */

/* bench_latency.c - from a post in another thread to its callback's beginning.
 *
 * The main thread sleeps in GLib's main loop; a poster gives it something to
 * do, waits until it has been done, and pauses, so that the main thread really
 * sleeps again.  All contenders take turns, post by post: whatever the machine
 * does besides then meets each of them alike.  Wall time, in microseconds:
 *
 *   p50_us, p99_us                il_post_threadsafe ()
 *   invoke_p50_us, invoke_p99_us  g_main_context_invoke ()
 *   floor_p50_us, floor_p99_us    write () to an eventfd that a source polls:
 *                                 what waking a thread costs at the least
 *
 * n is the number of posts of each. */

#include "config.h"

#include "bench.h"

#include <interloop/glib.h>
#include <interloop/interloop.h>

#include <glib-unix.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define N_POSTS 5000L
#define N_WARM_UP 200L
#define PAUSE_NS 150000L

enum { OURS, INVOKE, FLOOR, N_WAYS };

static il_loop *loop;
static GMainLoop *main_loop;
static int floor_fd;
static long n_posts;
static double *took_us[N_WAYS];
static double begun_ns; /* written by the main thread before it answers */
static sem_t answer;

/* --- The main thread --------------------------------------------------------- */

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
    arrived();
    BENCH_ASSERT(read(fd, &count, sizeof count) == sizeof count);
    return G_SOURCE_CONTINUE;
}

/* --- The poster ---------------------------------------------------------------- */

static void post(int way)
{
    static il_callback callback = IL_CALLBACK_INIT(on_post, NULL);
    static const guint64 one = 1;

    switch (way) {
    case OURS:
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

static gpointer poster(gpointer arg)
{
    long i;

    (void)arg;
    for (i = -N_WARM_UP; i < n_posts; i++) {
        for (int k = 0; k < N_WAYS; k++) {
            /* Each comes after each of the others equally often. */
            int way = i & 1 ? N_WAYS - 1 - k : k;
            double posted_ns;

            let_it_sleep();
            posted_ns = bench_wall_ns();
            post(way);
            BENCH_CHECK(sem_wait(&answer));
            if (i >= 0)
                took_us[way][i] = (begun_ns - posted_ns) / 1e3;
        }
    }
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

static void run_all(long n)
{
    GThread *thread;

    n = bench_ops(n);
    n_posts = n;
    for (int way = 0; way < N_WAYS; way++) {
        took_us[way] = calloc((size_t)n, sizeof(double));
        BENCH_ASSERT(took_us[way]);
    }
    floor_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    BENCH_CHECK(floor_fd);
    BENCH_CHECK(sem_init(&answer, 0, 0));
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

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_all, N_POSTS },
        { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
