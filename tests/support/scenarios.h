/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_SCENARIOS_H
#define SUPPORT_SCENARIOS_H

/* scenarios.h - main tasks that must behave the same under every host.
 *
 * Each checks itself with CHECK() and returns 0.  They use real time, a few
 * milliseconds each at most, know nothing of who runs the loop, and may run in
 * several threads at once: what they use is on their stack.
 *
 * The programs of tests/scenarios/ run all of them, one program a host; the
 * output of any, say tests/scenarios/test_native, is the list of their names.
 * A new one is a line at the end of a scenarios_*.c file. */

#include <interloop/interloop.h>

/* Room for them; each program makes sure that it is enough. */
enum { MOST_SCENARIOS = 400 };

struct scenario {
    const char *name; /* a sentence */
    il_task_fn *fn;   /* ignores its argument */
};

/* One list a file, ended by a name of NULL. */
extern const struct scenario scenarios_cancel[];
extern const struct scenario scenarios_combine[];
extern const struct scenario scenarios_fd[];
extern const struct scenario scenarios_future[];
extern const struct scenario scenarios_group[];
extern const struct scenario scenarios_io[];
extern const struct scenario scenarios_join[];
extern const struct scenario scenarios_local[];
extern const struct scenario scenarios_order[];
extern const struct scenario scenarios_post[];
extern const struct scenario scenarios_queue[];
extern const struct scenario scenarios_scope[];
extern const struct scenario scenarios_shared[];
extern const struct scenario scenarios_socket[];
extern const struct scenario scenarios_spawn[];
extern const struct scenario scenarios_state[];
extern const struct scenario scenarios_sync[];
extern const struct scenario scenarios_thread[];
extern const struct scenario scenarios_time[];
extern const struct scenario scenarios_timer[];

/* The one with this index in all lists together; NULL beyond the last. */
const struct scenario *scenario_at(unsigned index);

#endif
