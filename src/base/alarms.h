/* SPDX-License-Identifier: MIT */
#ifndef ILI_BASE_ALARMS_H
#define ILI_BASE_ALARMS_H

/* alarms.h - what is due when.
 *
 * A set of il_alarm nodes ordered by time, ties in the order of arming.  No
 * operation allocates, so arming a deadline cannot fail.
 *
 * It is a timing wheel, which alarms.c explains.  Arming and disarming are
 * inline: a block with a timeout does both each time it is entered and left. */

#include "base/assert.h"
#include "base/list.h"

#include <interloop/node.h>

#include <stdbool.h>
#include <stdint.h>

/* For each of the eight bytes of a time, one slot for each of its values. */
#define ILI_N_SLOTS (8 * 256)

typedef struct ili_slot {
    ili_list list;    /* il_alarm.link: in the order of arming */
    il_time earliest; /* none here is due before; IL_FOREVER when empty */
    il_time latest;   /* of the one armed last, as long as the list is in the
                       * order of deadlines too; IL_FOREVER: it is not */
} ili_slot;

/* The slots come first, so that the address of one is found with less. */
typedef struct ili_alarms {
    ili_slot slots[ILI_N_SLOTS];
    il_time next;    /* none at all is due before... */
    bool is_exact;   /* ...and one is due then; IL_FOREVER if there is none */
    bool is_ready;   /* the slots are initialised */
    uint32_t words;  /* which words of `occupied` are not 0 */
    il_time base;    /* none in the wheel is due before */
    il_time now;     /* when ili_alarms_fire() was last called */
    ili_slot before; /* what is due before base */
    uint64_t occupied[ILI_N_SLOTS / 64]; /* a bit a slot: it is not empty */
    uint64_t unsure[ILI_N_SLOTS / 64];   /* its `earliest` may be gone */
} ili_alarms;

static inline bool ili_alarm_armed(const il_alarm *alarm)
{
    return ili_list_linked(&alarm->link);
}

void ili_alarms_init(ili_alarms *alarms);

/* Disarm all. */
void ili_alarms_clear(ili_alarms *alarms);

/* One of those that are armed, whichever; NULL: there is none. */
il_alarm *ili_alarms_any(const ili_alarms *alarms);

static inline bool ili_alarms_empty(const ili_alarms *alarms)
{
    return alarms->words == 0 && ili_list_empty(&alarms->before.list);
}

/* Nothing is due before this; cheap, but maybe nothing is due then either. */
static inline il_time ili_alarms_bound(const ili_alarms *alarms)
{
    return alarms->next;
}

/* When the earliest is due; IL_FOREVER when there is none. */
il_time ili_alarms_find_next(ili_alarms *alarms);

static inline il_time ili_alarms_next(ili_alarms *alarms)
{
    return ILI_LIKELY(alarms->is_exact) ? alarms->next
                                        : ili_alarms_find_next(alarms);
}

/* Disarm and fire everything that is due at `now`, earliest first. */
void ili_alarms_fire(ili_alarms *alarms, il_time now);

/* --- Slots ---------------------------------------------------------------- */

/* The slot of an alarm that is due at base or later: the highest byte in which
 * the two differ, and its value. */
static inline unsigned ili_alarms_slot_of(const ili_alarms *alarms, il_time at)
{
    uint64_t differs = (uint64_t)(at ^ alarms->base);
    unsigned shift = (63u ^ (unsigned)__builtin_clzll(differs | 1)) & ~7u;

    return shift << 5 | (unsigned)((uint64_t)at >> shift & 255);
}

static inline void ili_slot_reset(ili_slot *slot)
{
    slot->earliest = IL_FOREVER;
    slot->latest = INT64_MIN;
}

static inline void ili_slot_append(ili_slot *slot, il_alarm *alarm)
{
    il_time at = alarm->at;

    ili_list_append(&slot->list, &alarm->link);
    slot->earliest = at < slot->earliest ? at : slot->earliest;
    slot->latest = at >= slot->latest ? at : IL_FOREVER;
}

/* Append to its slot an alarm that is due at base or later. */
static inline void ili_alarms_place(ili_alarms *alarms, il_alarm *alarm)
{
    unsigned i = ili_alarms_slot_of(alarms, alarm->at);

    ili_slot_append(&alarms->slots[i], alarm);
    alarms->occupied[i / 64] |= (uint64_t)1 << i % 64;
    alarms->words |= 1u << i / 64;
}

/* The last alarm of slot i has gone. */
static inline void ili_alarms_vacate(ili_alarms *alarms, unsigned i)
{
    uint64_t others = ~((uint64_t)1 << i % 64);

    ili_slot_reset(&alarms->slots[i]);
    alarms->unsure[i / 64] &= others;
    alarms->occupied[i / 64] &= others;
    if (!alarms->occupied[i / 64])
        alarms->words &= ~(1u << i / 64);
}

/* The earliest of slot i has gone, others are left. */
void ili_alarms_lost_earliest(ili_alarms *alarms, unsigned i);

/* One that is due before base has come or gone. */
void ili_alarms_place_before(ili_alarms *alarms, il_alarm *alarm);
void ili_alarms_lost_before(ili_alarms *alarms, il_time at);

/* --- Arming --------------------------------------------------------------- */

/* Arm an alarm that is not armed; its `at` and `fire` are set. */
static inline void ili_alarms_add(ili_alarms *alarms, il_alarm *alarm)
{
    ILI_ASSERT(!ili_alarm_armed(alarm));

    if (alarm->at < alarms->next) {
        alarms->next = alarm->at;
        alarms->is_exact = true;
    }
    if (ILI_LIKELY(alarm->at >= alarms->base))
        ili_alarms_place(alarms, alarm);
    else
        ili_alarms_place_before(alarms, alarm);
}

/* Disarm an armed alarm. */
static inline void ili_alarms_remove(ili_alarms *alarms, il_alarm *alarm)
{
    il_time at = alarm->at;
    il_link *next = alarm->link.next;
    bool is_single = alarm->link.prev == next; /* then they are the head */
    unsigned i;

    ILI_ASSERT(ili_alarm_armed(alarm));

    ili_list_remove(&alarm->link);
    if (at == alarms->next)
        alarms->is_exact = false;
    if (ILI_UNLIKELY(at < alarms->base)) {
        ili_alarms_lost_before(alarms, at);
    } else if (is_single) {
        ili_slot *slot = ILI_CONTAINER(next, ili_slot, list);

        ili_alarms_vacate(alarms, (unsigned)(slot - alarms->slots));
    } else {
        i = ili_alarms_slot_of(alarms, at);
        if (at == alarms->slots[i].earliest)
            ili_alarms_lost_earliest(alarms, i);
    }
}

#endif
