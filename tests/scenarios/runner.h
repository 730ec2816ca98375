/* SPDX-License-Identifier: MIT */
#ifndef SCENARIOS_RUNNER_H
#define SCENARIOS_RUNNER_H

/* runner.h - run the scenarios of ../support/scenarios.h under a host. */

#include "hosts.h"

#include "../support/scenarios.h"

/* Run one in the calling thread, which has no loop.  CHECK()s that it left no
 * task and no report behind. */
void run_scenario(const struct scenario *scenario, host_fn *host);

/* Run nothing, so that the libraries behind a host open what they keep open for
 * the life of the process: that is no leak.  Before the first test. */
int warm_up(host_fn *host);

/* The body of a test program: each scenario is one test of CMocka's, called
 * test_<host>_<the name of the scenario>.  @return What main() returns. */
int run_all_scenarios(const char *host_name, host_fn *host);

#endif
