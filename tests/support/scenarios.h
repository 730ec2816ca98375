/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_SCENARIOS_H
#define SUPPORT_SCENARIOS_H

/* scenarios.h - main tasks that must behave the same under every host.
 *
 * Each checks itself with CHECK() and returns 0.  They use real time, a few
 * milliseconds each. */

#include <interloop/interloop.h>

struct scenario {
    const char *name;
    il_task_fn *fn; /* ignores its argument */
};

extern const struct scenario scenarios[];
extern const unsigned n_scenarios;

#endif
