/* SPDX-License-Identifier: MIT */
#ifndef ILI_LOOP_POLLER_H
#define ILI_LOOP_POLLER_H

/* poller.h - what the loop needs of whoever watches descriptors.
 *
 * Implemented one floor up, by host/host_ev.c, the only file that knows libev.
 * Callbacks run inside ili_poller_run() and only queue. */

#include <interloop/io.h>
#include <interloop/time.h>

#include <stdbool.h>

typedef struct ili_poller ili_poller;

/* The descriptor is ready in the watch's direction, or `failed`: it is not
 * open, and the watch has stopped. */
typedef void ili_watch_fn(void *data, bool failed);

/* Watches one direction of a descriptor.  It is a part of what it is for: what
 * an event needs lies together. */
typedef struct ili_watch {
    void *libev[6];   /* an ev_io; first */
    ili_watch_fn *fn; /* gets what the ev_io has as data */
    bool counted;     /* in ili_poller.n_started */
} ili_watch;

/* 0 or a negative errno. */
int ili_poller_new(ili_poller **ret_poller);
void ili_poller_free(ili_poller *poller);

/* The descriptor that a host can poll; may change in ili_poller_run(). */
int ili_poller_fd(ili_poller *poller);

/* Tell the kernel what is to be watched, wait for at most `timeout`
 * nanoseconds (IL_FOREVER: without limit; 0: not at all), call back.  Returns
 * whether the tick came. */
bool ili_poller_run(ili_poller *poller, il_time timeout);

/* Have one sleep end after that time, counted from when the last
 * ili_poller_run() came back.  There is one tick; setting it forgets it. */
void ili_poller_tick(ili_poller *poller, il_time in);

/* What the clock showed when the last ili_poller_run() came back.  Does not ask
 * the kernel, as libev has just done so. */
il_time ili_poller_now(ili_poller *poller);

/* Whether nothing is watched but the loop's own eventfd. */
bool ili_poller_is_idle(const ili_poller *poller);

/* Get ready to watch one direction (IL_READ or IL_WRITE) of a descriptor.
 * Stopped, and to be stopped before its memory goes. */
void ili_watch_init(ili_watch *watch, int fd, int direction, ili_watch_fn *fn,
                    void *data);

/* 0 or -ENOMEM.  Takes effect in the next ili_poller_run(). */
int ili_watch_start(ili_poller *poller, ili_watch *watch);
void ili_watch_stop(ili_poller *poller, ili_watch *watch);

/* Make sure that the kernel watches the file that has this number now, in case
 * the number was closed and opened again since the watch was started. */
void ili_watch_verify(ili_poller *poller, ili_watch *watch);

#endif
