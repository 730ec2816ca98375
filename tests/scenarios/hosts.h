/* SPDX-License-Identifier: MIT */
#ifndef SCENARIOS_HOSTS_H
#define SCENARIOS_HOSTS_H

/* hosts.h - every way to run a main task, as one function each.
 *
 * Each makes a loop for the calling thread, runs the main task to its end,
 * and closes the loop; what must be true of every host is CHECK()ed: that the
 * main task ends in time, and that the loop closes with 0. */

#include <interloop/interloop.h>

/* @return The body's result, or a negative errno. */
typedef int host_fn(il_task_fn *fn, void *arg);

/* il_run(): the loop sleeps by itself. */
host_fn run_native;

/* A plain loop around ppoll(), with il_loop_fd(), il_loop_next_deadline() and
 * il_loop_turn() and nothing else. */
host_fn run_polled;

/* A guest of trivial_host.h. */
host_fn run_trivial;

/* The same in owner mode. */
host_fn run_trivial_owner;

/* glib_hosts.c: a guest of the thread-default main context, inside
 * g_main_loop_run(). */
host_fn run_glib_guest;

/* il_g_run() on the thread-default main context. */
host_fn run_glib_owner;

/* The guest, in a thread and on a main context of its own. */
host_fn run_glib_thread;

#endif
