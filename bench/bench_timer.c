/* SPDX-License-Identifier: MIT */

/* bench_timer.c - timers: stopped before they fire, as timeouts are, or not.
 *
 * timers.h says what is measured: cancel-X, constant-X, expire-X, all-X.
 *
 * Ours takes points in time where the others take delays from the time that
 * their loop has read: whoever starts many reads it once, and so do we.
 *
 * The hand-written limit is a heap of four children a node, with the key beside
 * the pointer and the place in the timer: libev's, without the rest of libev. */

#include "config.h"

#include "timers.h"

#include <interloop/interloop.h>

#include <ev.h>
#include <sys/epoll.h>

/* --- Ours ----------------------------------------------------------------- */

static il_loop *loop;
static il_timer *timers;
static il_time loop_now;

static void ours_start(long i, int64_t delay)
{
    BENCH_CHECK(il_timer_start(loop, &timers[i], loop_now + delay));
}

static void ours_stop(long i)
{
    BENCH_ASSERT(il_timer_stop(&timers[i]));
}

static void on_timer(void *arg)
{
    (void)arg;
    if (is_last_of_batch())
        loop_now = il_now();
    if (!fired(ours_start))
        BENCH_CHECK(il_loop_stop(loop));
}

static void ours_open(long n)
{
    long i;

    BENCH_CHECK(il_loop_new(&loop));
    BENCH_CHECK(il_loop_turn(loop, 0)); /* it knows what time it is */
    loop_now = il_now();
    timers = allocate(n, sizeof *timers);
    for (i = 0; i < n; i++)
        timers[i] = (il_timer)IL_TIMER_INIT(on_timer, NULL);
}

static void ours_run(void)
{
    BENCH_CHECK(il_loop_run(loop));
}

CONTENDER(ours)

/* --- libev ---------------------------------------------------------------- */

static struct ev_loop *ev;
static ev_timer *ev_timers;

static void libev_start(long i, int64_t delay)
{
    ev_timer_set(&ev_timers[i], (double)delay / 1e9, 0.);
    ev_timer_start(ev, &ev_timers[i]);
}

static void libev_stop(long i)
{
    ev_timer_stop(ev, &ev_timers[i]);
}

static void on_ev_timer(struct ev_loop *l, ev_timer *timer, int events)
{
    (void)timer;
    (void)events;
    if (!fired(libev_start))
        ev_break(l, EVBREAK_ALL);
}

static void libev_open(long n)
{
    long i;

    ev = ev_loop_new(EVFLAG_AUTO);
    BENCH_ASSERT(ev);
    ev_timers = allocate(n, sizeof *ev_timers);
    for (i = 0; i < n; i++)
        ev_timer_init(&ev_timers[i], on_ev_timer, 0., 0.);
}

static void libev_run(void)
{
    ev_run(ev, 0);
}

CONTENDER(libev)

/* --- libuv ---------------------------------------------------------------- */

static unsigned ms_of(int64_t delay)
{
    return (unsigned)((delay + MS - 1) / MS);
}

#ifdef HAVE_PEER_UV

#include <uv.h>

static uv_loop_t uv;
static uv_timer_t *uv_timers;
static bool uv_over;

static void on_uv_timer(uv_timer_t *timer);

static void libuv_start(long i, int64_t delay)
{
    BENCH_CHECK(uv_timer_start(&uv_timers[i], on_uv_timer, ms_of(delay), 0));
}

static void libuv_stop(long i)
{
    BENCH_CHECK(uv_timer_stop(&uv_timers[i]));
}

static void on_uv_timer(uv_timer_t *timer)
{
    (void)timer;
    if (!fired(libuv_start))
        uv_over = true;
}

static void libuv_open(long n)
{
    long i;

    BENCH_CHECK(uv_loop_init(&uv));
    uv_timers = allocate(n, sizeof *uv_timers);
    for (i = 0; i < n; i++)
        BENCH_CHECK(uv_timer_init(&uv, &uv_timers[i]));
}

/* uv_run(UV_RUN_DEFAULT) would sleep by the time that it read before the
 * callbacks. */
static void libuv_run(void)
{
    while (!uv_over)
        (void)uv_run(&uv, UV_RUN_NOWAIT);
}

CONTENDER(libuv)

#else
#define libuv_cancel NULL
#define libuv_constant NULL
#define libuv_expire NULL
#define libuv_all NULL
#endif

/* --- GLib ----------------------------------------------------------------- */

#ifdef HAVE_PEER_GLIB

#include <glib.h>

static GMainLoop *glib_loop;
static guint *glib_timers;

static gboolean on_glib_timer(gpointer arg);

static void glib_start(long i, int64_t delay)
{
    glib_timers[i] = g_timeout_add(ms_of(delay), on_glib_timer, NULL);
}

static void glib_stop(long i)
{
    g_source_remove(glib_timers[i]);
}

static gboolean on_glib_timer(gpointer arg)
{
    (void)arg;
    if (!fired(glib_start))
        g_main_loop_quit(glib_loop);
    return G_SOURCE_REMOVE;
}

static void glib_open(long n)
{
    glib_loop = g_main_loop_new(NULL, FALSE);
    glib_timers = allocate(n, sizeof *glib_timers);
}

static void glib_run(void)
{
    g_main_loop_run(glib_loop);
}

CONTENDER(glib)

#else
#define glib_cancel NULL
#define glib_constant NULL
#define glib_expire NULL
#define glib_all NULL
#endif

/* --- Written by hand ------------------------------------------------------ */

struct hand_timer {
    long place; /* in the heap */
    void (*fn)(struct hand_timer *timer);
};

struct hand_node {
    int64_t at;
    struct hand_timer *timer;
};

static struct hand_timer *hand_timers;
static struct hand_node *heap;
static long heap_size;
static int64_t hand_now;
static bool hand_over;

static void heap_put(long place, struct hand_node node)
{
    heap[place] = node;
    node.timer->place = place;
}

static void heap_up(long place, struct hand_node node)
{
    while (place > 0 && heap[(place - 1) / 4].at > node.at) {
        heap_put(place, heap[(place - 1) / 4]);
        place = (place - 1) / 4;
    }
    heap_put(place, node);
}

static void heap_down(long place, struct hand_node node)
{
    for (;;) {
        long child = 4 * place + 1;
        long last = child + 4 < heap_size ? child + 4 : heap_size;
        long least = child;

        if (child >= heap_size)
            break;
        while (++child < last)
            if (heap[child].at < heap[least].at)
                least = child;
        if (heap[least].at >= node.at)
            break;
        heap_put(place, heap[least]);
        place = least;
    }
    heap_put(place, node);
}

static void hand_start(long i, int64_t delay)
{
    struct hand_node node = { hand_now + delay, &hand_timers[i] };

    heap_up(heap_size++, node);
}

static void hand_remove(long place)
{
    struct hand_node last = heap[--heap_size];

    if (place == heap_size)
        return;
    if (place > 0 && heap[(place - 1) / 4].at > last.at)
        heap_up(place, last);
    else
        heap_down(place, last);
}

static void hand_stop(long i)
{
    hand_remove(hand_timers[i].place);
}

static void on_hand_timer(struct hand_timer *timer)
{
    (void)timer;
    if (!fired(hand_start))
        hand_over = true;
}

static void hand_open(long n)
{
    long i;

    heap = allocate(n, sizeof *heap);
    hand_timers = allocate(n, sizeof *hand_timers);
    for (i = 0; i < n; i++)
        hand_timers[i].fn = on_hand_timer;
    hand_now = now_ns;
}

/* One descriptor is polled, as the others poll the one that wakes them. */
static void hand_run(void)
{
    int poller = epoll_create1(0);
    struct epoll_event event;
    struct timespec t;

    while (!hand_over) {
        BENCH_CHECK(epoll_wait(poller, &event, 1, 0));
        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        hand_now = t.tv_sec * S + t.tv_nsec;
        while (!hand_over && heap[0].at <= hand_now) {
            struct hand_timer *timer = heap[0].timer;

            hand_remove(0);
            timer->fn(timer);
        }
    }
}

CONTENDER(hand)

#define ROWS(title, name)                                                      \
    { "cancel-" title, name##_cancel, 1000 },                                  \
        { "constant-" title, name##_constant, 1000 },                          \
        { "expire-" title, name##_expire, 1000 },                              \
    {                                                                          \
        "all-" title, name##_all, 1000                                         \
    }

int main(int argc, char **argv)
{
    static const struct bench_contender table[] = {
        ROWS("ours", ours), ROWS("ev", libev),  ROWS("uv", libuv),
        ROWS("glib", glib), ROWS("hand", hand), { NULL, NULL, 0 },
    };

    make_random();
    return bench_main(argc, argv, table);
}
