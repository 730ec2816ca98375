/* SPDX-License-Identifier: MIT */

/* bench_offload.c - a job that does nothing, in another thread and back.
 *
 * n are under way at a time: each is handed over anew when its result is there.
 * Wall time for each, as a user sees it: with n of 1 it is mostly the kernel's
 * time for waking the one thread and then the other.
 *
 *   ours  n tasks that call il_offload () again and again
 *   hand  the least that will do, written for this: one thread, a list under a
 *         mutex and a condition to it, a list without a lock back, and an eventfd
 *         that is written when that was empty
 *   uv    n requests of uv_queue_work (), each queued again by its callback
 *   glib  g_thread_pool_push () to a pool of one, back by g_idle_add () */

#include "config.h"

#include "bench.h"

#include <interloop/interloop.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define N_JOBS 300000L
/* One at a time takes much longer. */
#define N_JOBS_ALONE 30000L
#define N_WARM_UP 2000L

static long n_depth;
static long n_left;   /* to be handed over */
static long n_missed; /* handed over, and not back yet */
static double start_ns;
static long n_jobs;

static void begin(long n, long ops)
{
    n_jobs = n_left = ops;
    n_depth = n_missed = n;
    start_ns = bench_wall_ns();
}

static long standard_ops(long n)
{
    return bench_ops(n == 1 ? N_JOBS_ALONE : N_JOBS);
}

static void print_result(void)
{
    bench_print("ns", (bench_wall_ns() - start_ns) / (double)n_jobs);
}

/* --- ours --------------------------------------------------------------------- */

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int hand_over(void *arg)
{
    (void)arg;
    while (n_left-- > 0)
        BENCH_CHECK(il_offload(do_nothing, NULL, NULL));
    return 0;
}

static void hand_over_all(void)
{
    il_group group;

    BENCH_CHECK(il_group_open(&group, 0));
    for (long i = 0; i < n_depth; i++)
        BENCH_CHECK(il_spawn(&group, hand_over, NULL, NULL));
    BENCH_CHECK(il_group_close(&group));
}

static int ours_main(void *arg)
{
    long n = *(long *)arg;

    begin(n, N_WARM_UP);
    hand_over_all();
    begin(n, standard_ops(n));
    hand_over_all();
    print_result();
    return 0;
}

static void run_ours(long n)
{
    BENCH_CHECK(il_run(ours_main, &n));
}

/* --- by hand ------------------------------------------------------------------- */

struct job {
    struct job *next;
    int (*fn)(void *arg);
    int result;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static struct job *first;
static struct job **last = &first;
static bool asleep;
static bool over;
static _Alignas(128) _Atomic(struct job *) done; /* the latest first */
static int wake_fd;

static void complete(struct job *job)
{
    static const uint64_t one = 1;
    struct job *head = atomic_load(&done);

    do {
        job->next = head;
    } while (!atomic_compare_exchange_weak(&done, &head, job));
    if (!head)
        BENCH_ASSERT(write(wake_fd, &one, sizeof one) == sizeof one);
}

static void *work(void *arg)
{
    (void)arg;
    for (;;) {
        struct job *job;

        BENCH_CHECK(-pthread_mutex_lock(&mutex));
        asleep = true;
        while (!first && !over)
            BENCH_CHECK(-pthread_cond_wait(&not_empty, &mutex));
        asleep = false;
        job = first;
        first = NULL;
        last = &first;
        BENCH_CHECK(-pthread_mutex_unlock(&mutex));
        if (!job)
            return NULL;
        while (job) {
            struct job *next = job->next;

            job->result = job->fn(NULL);
            complete(job);
            job = next;
        }
    }
}

static void submit(struct job *job)
{
    bool wake;

    job->next = NULL;
    BENCH_CHECK(-pthread_mutex_lock(&mutex));
    *last = job;
    last = &job->next;
    wake = asleep;
    asleep = false;
    BENCH_CHECK(-pthread_mutex_unlock(&mutex));
    if (wake)
        BENCH_CHECK(-pthread_cond_signal(&not_empty));
}

/* All that has come back, in the order it was done. */
static struct job *take_done(void)
{
    struct job *newest = atomic_exchange(&done, NULL);
    struct job *oldest = NULL;

    while (newest) {
        struct job *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void loop_hand(struct job *jobs, int epoll)
{
    for (long i = 0; i < n_depth; i++) {
        n_left--;
        jobs[i].fn = do_nothing;
        submit(&jobs[i]);
    }
    while (n_missed > 0) {
        struct epoll_event event;
        uint64_t count;
        struct job *job;

        BENCH_CHECK(epoll_wait(epoll, &event, 1, -1));
        BENCH_ASSERT(read(wake_fd, &count, sizeof count) == sizeof count);
        for (job = take_done(); job;) {
            struct job *next = job->next;

            if (n_left-- > 0)
                submit(job);
            else
                n_missed--;
            job = next;
        }
    }
}

static void run_hand(long n)
{
    struct job *jobs = calloc((size_t)n, sizeof *jobs);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    pthread_t thread;

    BENCH_ASSERT(jobs);
    wake_fd = eventfd(0, EFD_CLOEXEC);
    BENCH_CHECK(wake_fd);
    BENCH_CHECK(epoll);
    BENCH_CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, wake_fd, &event));
    BENCH_CHECK(-pthread_create(&thread, NULL, work, NULL));
    begin(n, N_WARM_UP);
    loop_hand(jobs, epoll);
    begin(n, standard_ops(n));
    loop_hand(jobs, epoll);
    print_result();
    BENCH_CHECK(-pthread_mutex_lock(&mutex));
    over = true;
    BENCH_CHECK(-pthread_cond_signal(&not_empty));
    BENCH_CHECK(-pthread_mutex_unlock(&mutex));
    BENCH_CHECK(-pthread_join(thread, NULL));
    free(jobs);
}

/* --- libuv --------------------------------------------------------------------- */

#ifdef HAVE_PEER_UV

#include <uv.h>

static void uv_nothing(uv_work_t *request)
{
    (void)request;
}

static void uv_done(uv_work_t *request, int status)
{
    BENCH_CHECK(status);
    if (n_left-- > 0)
        BENCH_CHECK(uv_queue_work(request->loop, request, uv_nothing, uv_done));
}

static void queue_all(uv_loop_t *uv, uv_work_t *requests)
{
    for (long i = 0; i < n_depth; i++) {
        n_left--;
        BENCH_CHECK(uv_queue_work(uv, &requests[i], uv_nothing, uv_done));
    }
    BENCH_CHECK(uv_run(uv, UV_RUN_DEFAULT));
}

static void run_uv(long n)
{
    uv_work_t *requests = calloc((size_t)n, sizeof *requests);
    uv_loop_t uv;

    BENCH_ASSERT(requests);
    BENCH_CHECK(uv_loop_init(&uv));
    begin(n, N_WARM_UP);
    queue_all(&uv, requests);
    begin(n, standard_ops(n));
    queue_all(&uv, requests);
    print_result();
    BENCH_CHECK(uv_loop_close(&uv));
    free(requests);
}

#else
#define run_uv NULL
#endif

/* --- GLib ---------------------------------------------------------------------- */

#ifdef HAVE_PEER_GLIB

#include <glib.h>

static GThreadPool *glib_pool;
static GMainLoop *glib_loop;

static gboolean glib_done(gpointer arg)
{
    if (n_left-- > 0)
        BENCH_ASSERT(g_thread_pool_push(glib_pool, arg, NULL));
    else if (--n_missed == 0)
        g_main_loop_quit(glib_loop);
    return G_SOURCE_REMOVE;
}

static void glib_work(gpointer arg, gpointer data)
{
    (void)data;
    g_idle_add_full(G_PRIORITY_DEFAULT, glib_done, arg, NULL);
}

static void push_all(void)
{
    for (long i = 0; i < n_depth; i++) {
        n_left--;
        BENCH_ASSERT(g_thread_pool_push(glib_pool, &n_left, NULL));
    }
    g_main_loop_run(glib_loop);
}

static void run_glib(long n)
{
    glib_loop = g_main_loop_new(NULL, FALSE);
    glib_pool = g_thread_pool_new(glib_work, NULL, 1, TRUE, NULL);
    BENCH_ASSERT(glib_pool);
    begin(n, N_WARM_UP);
    push_all();
    begin(n, standard_ops(n));
    push_all();
    print_result();
    g_thread_pool_free(glib_pool, FALSE, TRUE);
    g_main_loop_unref(glib_loop);
}

#else
#define run_glib NULL
#endif

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        { "ours", run_ours, 1 }, { "hand", run_hand, 1 }, { "uv", run_uv, 1 },
        { "glib", run_glib, 1 }, { NULL, NULL, 0 },
    };

    return bench_main(argc, argv, table);
}
