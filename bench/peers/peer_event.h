/* SPDX-License-Identifier: MIT */
#ifndef IL_PEER_EVENT_H
#define IL_PEER_EVENT_H

/* peer_event.h - what the two files of peer_event share. */

#ifdef HAVE_PEER_EVENT

#include "../bench.h"

#include <event2/event.h>

extern struct event_base *base;

/* Make a base that polls after max_callbacks, or when it has none left if that
 * is 0. */
void make_base(int flags, long max_callbacks);

bench_fn run_inbox;
bench_fn run_inbox_event;
bench_fn run_inbox_once;

#else
#define run_inbox NULL
#define run_inbox_event NULL
#define run_inbox_once NULL
#endif

#endif
