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
typedef struct ili_watch ili_watch;

/* The descriptor is ready in the watch's direction, or `failed`: it is not
 * open, and the watch has stopped. */
typedef void ili_watch_fn(void *data, bool failed);

/* 0 or a negative errno. */
int ili_poller_new(ili_poller **ret_poller);
void ili_poller_free(ili_poller *poller);

/* The descriptor that a host can poll; may change in ili_poller_run(). */
int ili_poller_fd(ili_poller *poller);

/* Tell the kernel what is to be watched, wait for at most `timeout`
 * nanoseconds (IL_FOREVER: without limit; 0: not at all), call back. */
void ili_poller_run(ili_poller *poller, il_time timeout);

/* Whether nothing is watched but the loop's own eventfd. */
bool ili_poller_is_idle(const ili_poller *poller);

/* Watch one direction (IL_READ or IL_WRITE) of a descriptor.  Made stopped.
 * NULL when out of memory. */
ili_watch *ili_watch_new(ili_poller *poller, int fd, int direction,
                         ili_watch_fn *fn, void *data);
ili_watch *ili_watch_free(ili_watch *watch);

/* 0 or -ENOMEM.  Takes effect in the next ili_poller_run(). */
int ili_watch_start(ili_watch *watch);
void ili_watch_stop(ili_watch *watch);
bool ili_watch_is_started(const ili_watch *watch);

/* Make sure that the kernel watches the file that has this number now, in case
 * the number was closed and opened again since the watch was started. */
void ili_watch_verify(ili_watch *watch);

#endif
