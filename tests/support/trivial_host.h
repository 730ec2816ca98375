/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_TRIVIAL_HOST_H
#define SUPPORT_TRIVIAL_HOST_H

/* trivial_host.h - the smallest host there is.
 *
 * A run queue of one element (the requested turn) in front of poll() on the
 * loop's descriptor.  It proves that the contract of host.h suffices, and
 * counts what it is asked for. */

#include <interloop/interloop.h>

#include <stdbool.h>

struct trivial_host {
    il_loop *loop;
    bool turn_requested;
    bool quit;
    int depth;           /* rounds that are under way, one inside the other */
    unsigned n_requests; /* request_turn() calls */
    unsigned n_turns;    /* il_loop_turn() calls */
    unsigned n_wakes;    /* times poll() returned */
    unsigned n_suspends;
    unsigned n_resumes;
};

/* Make a guest of LOOP.  @return As il_loop_start(). */
int trivial_host_attach(struct trivial_host *host, il_loop *loop);

/* Owner mode: il_run() and il_loop_run() run this host. */
int trivial_host_own(struct trivial_host *host, il_loop *loop);

/* Its functions, for hosts that differ in one. */
const il_host *trivial_host_functions(void);

/* Sleep and run turns until quit is set or LIMIT_MS passed. */
void trivial_host_run(struct trivial_host *host, int limit_ms);

/* One round: at most one sleep of at most LIMIT_MS and one turn.  May be called
 * inside a task, which is a nested host loop. */
void trivial_host_iterate(struct trivial_host *host, int limit_ms);

#endif
