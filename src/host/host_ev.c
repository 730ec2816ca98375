/* SPDX-License-Identifier: MIT */

/* host_ev.c - libev: which descriptors are ready, and the native sleep.
 *
 * Of libev we use ev_io and one ev_timer.  Deadlines are our own, because a
 * host must know the next one and libev has no call for it.  Wake-ups from
 * other threads are our own eventfd: ev_async does not wake a host that sleeps
 * on the backend's descriptor, and aborts when descriptors run out.
 *
 * The backend's descriptor is not public, but embedding one loop in another
 * needs it: starting an ev_embed leaves it in a public field.
 *
 * libev aborts when an allocation fails.  Its allocator is therefore ours,
 * with a reserve to fall back on: the failing call still succeeds inside
 * libev, we see that the reserve was touched, undo, and report -ENOMEM. */

#include "config.h"

#include "loop/poller.h"

#include "base/assert.h"
#include "base/list.h"

#include <errno.h>
#include <ev.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- memory that does not run out at once ----------------------------------- */

#define RESERVE ((size_t)256 * 1024)

static struct {
    pthread_mutex_t lock;
    size_t used;
    _Alignas(16) char bytes[RESERVE]; /* untouched unless memory runs out */
} reserve = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Set when this thread had to take from the reserve. */
static __thread bool out_of_memory;

static bool from_reserve(const void *p)
{
    return (const char *)p >= reserve.bytes &&
           (const char *)p < reserve.bytes + RESERVE;
}

/* Blocks of the reserve are never given back; it is for the rare day. */
static void *take_reserve(const void *old, size_t old_size, size_t size)
{
    char *p = NULL;

    out_of_memory = true;
    (void)pthread_mutex_lock(&reserve.lock);
    if (size <= RESERVE - reserve.used) {
        p = reserve.bytes + reserve.used;
        reserve.used += (size + 15) & ~(size_t)15;
    }
    (void)pthread_mutex_unlock(&reserve.lock);
    if (p && old_size > 0)
        memcpy(p, old, old_size < size ? old_size : size);
    return p;
}

static void *allocate(void *old, long size)
{
    void *p;

    if (size == 0) {
        if (!from_reserve(old))
            free(old);
        return NULL;
    }
    /* Its size is not known; what is copied beyond its end is never used. */
    if (from_reserve(old))
        return take_reserve(
            old, (size_t)(reserve.bytes + RESERVE - (char *)old), (size_t)size);
    p = realloc(old, (size_t)size);
    if (!p) {
        p = take_reserve(old, old ? malloc_usable_size(old) : 0, (size_t)size);
        if (p)
            free(old);
    }
    return p;
}

static void set_allocator(void)
{
    ev_set_allocator(allocate);
}

/* libev keeps an array indexed by descriptor and doubles it.  For numbers so
 * high that the reserve would not do, see first whether there is memory. */
static bool has_room_for(int fd)
{
    size_t size = ((size_t)fd + 1) * 2 * 32;
    void *p;

    if (size < RESERVE / 4)
        return true;
    p = malloc(size);
    free(p);
    return p != NULL;
}

/* --- the poller -------------------------------------------------------------- */

struct ili_poller {
    struct ev_loop *loop;
    struct ev_loop *outer; /* exists only to ask for the descriptor */
    struct ev_timer sleep; /* bounds the native sleep */
    struct ev_timer tick;  /* see ili_poller_tick() */
    bool ticked;           /* that one came */
    unsigned n_soon;       /* polls in a row that came back soon */
    unsigned patience;     /* so many of them, and one is made without sleep */
    unsigned n_found;      /* such that found something, in a row */
    il_time slept_at;      /* when the last one that might sleep came back */
    struct ev_timer clock; /* never due for long: tells the time */
    struct ev_fork moved;  /* the backend's descriptor was made anew */
    int fd;                /* the backend's; -1: ask again */
    unsigned n_started;    /* watches, the loop's own eventfd among them */
};

/* Counts the watches of this thread's poller that have called back. */
static __thread unsigned n_ready;

static inline struct ev_io *io_of(ili_watch *watch)
{
    _Static_assert(sizeof(struct ev_io) <= sizeof watch->libev, "");
    return (struct ev_io *)watch;
}

/* All that a timer is for is that ev_run() returns. */
static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int e)
{
    (void)loop;
    (void)timer;
    (void)e;
}

static void on_tick(struct ev_loop *loop, struct ev_timer *timer, int e)
{
    (void)timer;
    (void)e;
    ((ili_poller *)ev_userdata(loop))->ticked = true;
}

static void on_moved(struct ev_loop *loop, struct ev_fork *fork, int e)
{
    (void)loop;
    (void)e;
    ((ili_poller *)fork->data)->fd = -1;
}

/* After some polls that came back so soon after one another, the next one is
 * expected to find something. */
#define SOON IL_US(10)
#define LEAST_PATIENCE 8u
#define MOST_PATIENCE 4096u

/* Seconds: ten days.  Further away its difference to now would not have the
 * precision of nanoseconds. */
#define FAR 1e6

int ili_poller_new(ili_poller **ret_poller)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ili_poller *poller = calloc(1, sizeof *poller);

    if (!poller)
        return -ENOMEM;
    (void)pthread_once(&once, set_allocator);
    out_of_memory = false;
    poller->fd = -1;
    poller->patience = LEAST_PATIENCE;
    poller->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    poller->outer = ev_loop_new(EVBACKEND_SELECT | EVFLAG_NOENV);
    if (!poller->loop || !poller->outer) {
        bool memory = out_of_memory;

        ili_poller_free(poller);
        return memory ? -ENOMEM : -EMFILE;
    }
    ev_set_userdata(poller->loop, poller);
    ev_timer_init(&poller->sleep, on_timer, 0., 0.);
    ev_timer_init(&poller->tick, on_tick, 0., 0.);
    ev_timer_init(&poller->clock, on_timer, FAR, FAR);
    ev_timer_start(poller->loop, &poller->clock);
    ev_fork_init(&poller->moved, on_moved);
    poller->moved.data = poller;
    /* Its reference stays: a loop without watches is to wait, too. */
    ev_fork_start(poller->loop, &poller->moved);
    if (out_of_memory || ili_poller_fd(poller) < 0) {
        ili_poller_free(poller);
        return -ENOMEM;
    }
    *ret_poller = poller;
    return 0;
}

void ili_poller_free(ili_poller *poller)
{
    if (!poller)
        return;
    if (poller->loop) {
        if (ev_is_active(&poller->moved))
            ev_fork_stop(poller->loop, &poller->moved);
        ev_timer_stop(poller->loop, &poller->sleep);
        ev_timer_stop(poller->loop, &poller->tick);
        ev_timer_stop(poller->loop, &poller->clock);
        ev_loop_destroy(poller->loop);
    }
    if (poller->outer)
        ev_loop_destroy(poller->outer);
    free(poller);
}

int ili_poller_fd(ili_poller *poller)
{
    if (poller->fd < 0) {
        struct ev_embed embed;

        ev_embed_init(&embed, NULL, poller->loop);
        ev_embed_start(poller->outer, &embed);
        poller->fd = embed.io.fd;
        ev_embed_stop(poller->outer, &embed);
    }
    return poller->fd;
}

/* The kernel counts milliseconds here; what is left over is waited for on the
 * backend's descriptor, by a call that counts nanoseconds. */
#define COARSE (2 * IL_MS(1))

static void sleep_precisely(ili_poller *poller, il_time timeout)
{
    struct pollfd pollfd = { .events = POLLIN };
    struct timespec ts = { .tv_nsec = timeout };
    unsigned n_ready_before = n_ready;

    /* New watches reach the kernel only inside ev_run(). */
    (void)ev_run(poller->loop, EVRUN_NOWAIT);
    if (n_ready != n_ready_before)
        return;
    pollfd.fd = ili_poller_fd(poller);
    (void)ppoll(&pollfd, 1, &ts, NULL);
    (void)ev_run(poller->loop, EVRUN_NOWAIT);
}

/* Have the next sleep end in time.  A timer that is due earlier is left alone:
 * a loop that sleeps often would spend more on setting it than one sleep that
 * ends too early costs, and the next turn sleeps for the rest.  (It may be early
 * anyway: libev counts from when it last looked at its clock.) */
static void limit_sleep(ili_poller *poller, il_time timeout)
{
    double seconds = (double)(timeout - IL_MS(1)) / 1e9;

    if (ev_is_active(&poller->sleep)) {
        if (ev_timer_remaining(poller->loop, &poller->sleep) <= seconds)
            return;
        ev_timer_stop(poller->loop, &poller->sleep);
    }
    ev_timer_set(&poller->sleep, seconds, 0.);
    ev_timer_start(poller->loop, &poller->sleep);
}

il_time ili_poller_now(ili_poller *poller)
{
    /* libev tells how long a timer still has to go, and when it is due. */
    double left = ev_timer_remaining(poller->loop, &poller->clock);

    return (il_time)((poller->clock.at - left) * 1e9);
}

/* Before libev sleeps it looks at the clock to know for how long.  Where events
 * come so fast that it will not, it is told not to sleep, and need not look.  If
 * nothing has come, that was a system call too many, and it takes a while until
 * this is tried again: the longer, the less it has been of use. */
static bool finds_at_once(ili_poller *poller)
{
    unsigned n_ready_before = n_ready;

    if (poller->n_soon < poller->patience)
        return false;
    (void)ev_run(poller->loop, EVRUN_NOWAIT);
    /* Who waits for the tick must not sleep when it has come. */
    if (n_ready != n_ready_before || poller->ticked) {
        poller->n_found++;
        return true;
    }
    if (poller->n_found >= LEAST_PATIENCE)
        poller->patience = LEAST_PATIENCE;
    else if (poller->patience < MOST_PATIENCE)
        poller->patience *= 2;
    poller->n_found = 0;
    poller->n_soon = 0;
    return false;
}

static void wait_for_events(ili_poller *poller, il_time timeout)
{
    il_time before = poller->slept_at;

    if (finds_at_once(poller))
        return;
    if (timeout != IL_FOREVER)
        limit_sleep(poller, timeout);
    (void)ev_run(poller->loop, EVRUN_ONCE);
    poller->slept_at = ili_poller_now(poller);
    if (poller->slept_at - before < SOON)
        poller->n_soon++;
    else
        poller->n_soon = 0;
}

bool ili_poller_run(ili_poller *poller, il_time timeout)
{
    bool ticked;

    if (timeout <= 0) {
        (void)ev_run(poller->loop, EVRUN_NOWAIT);
    } else if (timeout < COARSE) {
        sleep_precisely(poller, timeout);
    } else {
        wait_for_events(poller, timeout);
    }
    ticked = poller->ticked;
    poller->ticked = false;
    return ticked;
}

void ili_poller_tick(ili_poller *poller, il_time in)
{
    ev_timer_stop(poller->loop, &poller->tick);
    ev_timer_set(&poller->tick, (double)in / 1e9, 0.);
    ev_timer_start(poller->loop, &poller->tick);
}

bool ili_poller_is_idle(const ili_poller *poller)
{
    return poller->n_started <= 1;
}

/* --- watches ------------------------------------------------------------------ */

/* libev stops a watch by itself when its descriptor is not open. */
static void count(ili_poller *poller, ili_watch *watch)
{
    bool active = ev_is_active(io_of(watch));

    if (active != watch->counted)
        poller->n_started += active ? 1u : -1u;
    watch->counted = active;
}

static void on_ready(struct ev_loop *loop, struct ev_io *io, int events)
{
    ili_watch *watch = (ili_watch *)io;

    n_ready++;
    if (ILI_UNLIKELY(events & EV_ERROR))
        count(ev_userdata(loop), watch);
    watch->fn(io->data, (events & EV_ERROR) != 0);
}

void ili_watch_init(ili_watch *watch, int fd, int direction, ili_watch_fn *fn,
                    void *data)
{
    struct ev_io *io = io_of(watch);

    ev_io_init(io, on_ready, fd, direction == IL_READ ? EV_READ : EV_WRITE);
    io->data = data;
    watch->fn = fn;
    watch->counted = false;
}

int ili_watch_start(ili_poller *poller, ili_watch *watch)
{
    struct ev_io *io = io_of(watch);

    if (ev_is_active(io))
        return 0;
    if (!has_room_for(io->fd))
        return -ENOMEM;
    out_of_memory = false;
    ev_io_start(poller->loop, io);
    if (out_of_memory) {
        ev_io_stop(poller->loop, io);
        return -ENOMEM;
    }
    count(poller, watch);
    return 0;
}

void ili_watch_stop(ili_poller *poller, ili_watch *watch)
{
    struct ev_io *io = io_of(watch);

    if (ev_is_active(io) || ev_is_pending(io))
        ev_io_stop(poller->loop, io);
    count(poller, watch);
}

void ili_watch_verify(ili_poller *poller, ili_watch *watch)
{
    struct ev_io *io = io_of(watch);
    int fd = io->fd;
    int events = io->events & (EV_READ | EV_WRITE);

    /* Setting a watch anew makes libev tell the kernel once more: a live
     * registration answers EEXIST, a lost one is made good, and a closed
     * descriptor is reported as failed. */
    ev_io_stop(poller->loop, io);
    ev_io_set(io, fd, events);
    ev_io_start(poller->loop, io);
}
