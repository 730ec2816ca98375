/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_ALARM_MODEL_H
#define SUPPORT_ALARM_MODEL_H

/* alarm_model.h - a timing wheel and a model of it, which is an array that is
 * searched from end to end.
 *
 * Both must be of one mind: which alarm fires, in which order, and when the next
 * one is due. */

#include "base/alarms.h"

#include <stdbool.h>
#include <stdint.h>

enum { MOST = 2000 };

/* Some styles of deadlines, see some_time(). */
enum { NEAR = 0, FAR = 6, ANY = 9 };

struct member {
    il_alarm alarm;
    bool is_armed;
    uint64_t order; /* of arming */
};

struct alarm_model {
    ili_alarms alarms;
    struct member members[MOST];
    unsigned n;
    uint64_t n_armings;
    uint64_t n_fired;
    il_time now;
    uint64_t random;
    bool is_meddling;    /* alarms that fire arm and disarm others */
    unsigned style;      /* of deadlines */
    bool is_alternating; /* they are near and far in turns, and time is slow */
    il_time centre;
};

extern struct alarm_model model;

/* A new model of `n` alarms, none of them armed. */
void begin_model(uint64_t seed, unsigned n);

/* For a test that has one of MOST. */
int setup_alarms(void **state);
int teardown_alarms(void **state);

uint64_t random_bits(void);
unsigned below(unsigned n);

/* Of those that are armed; NULL: none is. */
struct member *earliest(void);

/* In both. */
void arm(struct member *member, il_time at);
void disarm(struct member *member);
void fire_due(il_time now);

/* Fail the test unless the wheel is whole, and both agree what is next. */
void look_at_wheel(void);
void look_at_next(void);

/* Times that stop at the ends of time. */
il_time later(il_time time, uint64_t by);
il_time sooner(il_time time, uint64_t by);

/* Deadlines of all kinds: near, far, around where a byte changes, equal to
 * others, past, and the ends of time. */
il_time some_time(void);

#endif
