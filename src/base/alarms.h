/* SPDX-License-Identifier: MIT */
#ifndef ILI_BASE_ALARMS_H
#define ILI_BASE_ALARMS_H

/* alarms.h - what is due when.
 *
 * A set of il_alarm nodes ordered by time, ties in the order of arming.  No
 * operation allocates, so arming a deadline cannot fail. */

#include <interloop/node.h>

#include <stdbool.h>
#include <stddef.h>

typedef struct ili_alarms {
    il_alarm *root;      /* the earliest, NULL when empty */
    uint64_t next_order; /* the tie breaker of the next one armed */
    size_t n;            /* how many are armed */
} ili_alarms;

static inline bool ili_alarm_armed(const il_alarm *alarm)
{
    return alarm->prev != NULL;
}

/* When the earliest is due; IL_FOREVER when there is none. */
static inline il_time ili_alarms_next(const ili_alarms *alarms)
{
    return alarms->root ? alarms->root->at : IL_FOREVER;
}

/* Arm an alarm that is not armed; its `at` and `fire` are set. */
void ili_alarms_add(ili_alarms *alarms, il_alarm *alarm);

/* Disarm an armed alarm. */
void ili_alarms_remove(ili_alarms *alarms, il_alarm *alarm);

/* Disarm and fire everything that is due at `now`, earliest first. */
void ili_alarms_fire(ili_alarms *alarms, il_time now);

#endif
