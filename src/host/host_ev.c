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
    struct ev_fork moved;  /* the backend's descriptor was made anew */
    int fd;                /* the backend's; -1: ask again */
    unsigned n_ready;      /* counts watches that have called back */
    unsigned n_started;    /* watches, the loop's own eventfd among them */
};

struct ili_watch {
    struct ev_io io;
    ili_poller *poller;
    ili_watch_fn *fn;
    void *data;
    bool counted; /* in poller->n_started */
};

static void on_sleep_over(struct ev_loop *loop, struct ev_timer *timer, int e)
{
    (void)loop;
    (void)timer;
    (void)e;
}

static void on_moved(struct ev_loop *loop, struct ev_fork *fork, int e)
{
    (void)loop;
    (void)e;
    ((ili_poller *)fork->data)->fd = -1;
}

int ili_poller_new(ili_poller **ret_poller)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ili_poller *poller = calloc(1, sizeof *poller);

    if (!poller)
        return -ENOMEM;
    (void)pthread_once(&once, set_allocator);
    out_of_memory = false;
    poller->fd = -1;
    poller->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    poller->outer = ev_loop_new(EVBACKEND_SELECT | EVFLAG_NOENV);
    if (!poller->loop || !poller->outer) {
        bool memory = out_of_memory;

        ili_poller_free(poller);
        return memory ? -ENOMEM : -EMFILE;
    }
    ev_timer_init(&poller->sleep, on_sleep_over, 0., 0.);
    ev_fork_init(&poller->moved, on_moved);
    poller->moved.data = poller;
    ev_fork_start(poller->loop, &poller->moved);
    ev_unref(poller->loop);
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
        if (ev_is_active(&poller->moved)) {
            ev_ref(poller->loop);
            ev_fork_stop(poller->loop, &poller->moved);
        }
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
    unsigned n_ready = poller->n_ready;

    /* New watches reach the kernel only inside ev_run(). */
    (void)ev_run(poller->loop, EVRUN_NOWAIT);
    if (poller->n_ready != n_ready)
        return;
    pollfd.fd = ili_poller_fd(poller);
    (void)ppoll(&pollfd, 1, &ts, NULL);
    (void)ev_run(poller->loop, EVRUN_NOWAIT);
}

void ili_poller_run(ili_poller *poller, il_time timeout)
{
    struct ev_loop *loop = poller->loop;

    if (timeout <= 0) {
        (void)ev_run(loop, EVRUN_NOWAIT);
    } else if (timeout < COARSE) {
        sleep_precisely(poller, timeout);
    } else if (timeout == IL_FOREVER) {
        ev_ref(loop); /* else a loop without watches does not wait */
        (void)ev_run(loop, EVRUN_ONCE);
        ev_unref(loop);
    } else {
        /* Counted from when libev last looked at its clock: it may end too
         * early, and then the next turn sleeps for the rest. */
        ev_timer_set(&poller->sleep, (double)(timeout - IL_MS(1)) / 1e9, 0.);
        ev_timer_start(loop, &poller->sleep);
        (void)ev_run(loop, EVRUN_ONCE);
        ev_timer_stop(loop, &poller->sleep);
    }
}

bool ili_poller_is_idle(const ili_poller *poller)
{
    return poller->n_started <= 1;
}

/* --- watches ------------------------------------------------------------------ */

/* libev stops a watch by itself when its descriptor is not open. */
static void count(ili_watch *watch)
{
    bool active = ev_is_active(&watch->io);

    if (active != watch->counted)
        watch->poller->n_started += active ? 1u : -1u;
    watch->counted = active;
}

static void on_ready(struct ev_loop *loop, struct ev_io *io, int events)
{
    ili_watch *watch = ILI_CONTAINER(io, ili_watch, io);

    (void)loop;
    count(watch);
    watch->poller->n_ready++;
    watch->fn(watch->data, (events & EV_ERROR) != 0);
}

ili_watch *ili_watch_new(ili_poller *poller, int fd, int direction,
                         ili_watch_fn *fn, void *data)
{
    ili_watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return NULL;
    ev_io_init(&watch->io, on_ready, fd,
               direction == IL_READ ? EV_READ : EV_WRITE);
    watch->poller = poller;
    watch->fn = fn;
    watch->data = data;
    return watch;
}

ili_watch *ili_watch_free(ili_watch *watch)
{
    if (watch)
        ili_watch_stop(watch);
    free(watch);
    return NULL;
}

int ili_watch_start(ili_watch *watch)
{
    if (ev_is_active(&watch->io))
        return 0;
    if (!has_room_for(watch->io.fd))
        return -ENOMEM;
    out_of_memory = false;
    ev_io_start(watch->poller->loop, &watch->io);
    if (out_of_memory) {
        ev_io_stop(watch->poller->loop, &watch->io);
        return -ENOMEM;
    }
    count(watch);
    return 0;
}

void ili_watch_stop(ili_watch *watch)
{
    if (ev_is_active(&watch->io) || ev_is_pending(&watch->io))
        ev_io_stop(watch->poller->loop, &watch->io);
    count(watch);
}

bool ili_watch_is_started(const ili_watch *watch)
{
    return ev_is_active(&watch->io);
}

void ili_watch_verify(ili_watch *watch)
{
    int fd = watch->io.fd;
    int events = watch->io.events & (EV_READ | EV_WRITE);

    /* Setting a watch anew makes libev tell the kernel once more: a live
     * registration answers EEXIST, a lost one is made good, and a closed
     * descriptor is reported as failed. */
    ev_io_stop(watch->poller->loop, &watch->io);
    ev_io_set(&watch->io, fd, events);
    ev_io_start(watch->poller->loop, &watch->io);
}
