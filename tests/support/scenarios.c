/* SPDX-License-Identifier: MIT */

/* scenarios.c - all lists of scenarios as one. */

#include "config.h"

#include "scenarios.h"

static const struct scenario *const lists[] = {
    scenarios_spawn,   scenarios_join,   scenarios_cancel, scenarios_scope,
    scenarios_group,   scenarios_future, scenarios_sync,   scenarios_post,
    scenarios_time,    scenarios_timer,  scenarios_io,     scenarios_socket,
    scenarios_fd,      scenarios_thread, scenarios_order,  scenarios_state,
    scenarios_combine, scenarios_queue,  scenarios_shared, scenarios_local,
};

const struct scenario *scenario_at(unsigned index)
{
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct scenario *s = lists[i]; s->name; s++)
            if (index-- == 0)
                return s;
    return NULL;
}
