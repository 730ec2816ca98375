/* SPDX-License-Identifier: MIT */

/* alarm_model.c - a timing wheel, and a model of it. */

#include "alarm_model.h"

#include "check.h"

#include <string.h>

struct alarm_model model;

uint64_t random_bits(void)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return model.random;
}

unsigned below(unsigned n)
{
    return (unsigned)((random_bits() >> 20) % n);
}

struct member *earliest(void)
{
    struct member *first = NULL;

    for (unsigned i = 0; i < model.n; i++) {
        struct member *member = &model.members[i];

        if (!member->is_armed)
            continue;
        if (!first || member->alarm.at < first->alarm.at ||
            (member->alarm.at == first->alarm.at &&
             member->order < first->order))
            first = member;
    }
    return first;
}

void arm(struct member *member, il_time at)
{
    member->alarm.at = at;
    member->is_armed = true;
    member->order = model.n_armings++;
    ili_alarms_add(&model.alarms, &member->alarm);
}

void disarm(struct member *member)
{
    member->is_armed = false;
    ili_alarms_remove(&model.alarms, &member->alarm);
}

static void look_at_list(const ili_slot *slot, bool is_unsure)
{
    il_time least = IL_FOREVER;
    il_time before = INT64_MIN;
    bool is_sorted = true;

    for (il_link *link = slot->list.next; link != &slot->list;
         link = link->next) {
        il_time at = ILI_CONTAINER(link, il_alarm, link)->at;

        assert_ptr_equal(link->next->prev, link);
        least = at < least ? at : least;
        is_sorted = is_sorted && before <= at;
        before = at;
    }
    assert_true(slot->earliest <= least);
    assert_true(slot->earliest == least || is_unsure);
    assert_true(is_sorted || slot->latest == IL_FOREVER);
    assert_true(slot->latest >= before);
}

void look_at_wheel(void)
{
    const ili_alarms *a = &model.alarms;

    look_at_list(&a->before, a->before.latest == IL_FOREVER);
    for (unsigned i = 0; a->is_ready && i < ILI_N_SLOTS; i++) {
        const ili_slot *slot = &a->slots[i];
        bool is_empty = ili_list_empty(&slot->list);

        assert_int_equal(a->occupied[i / 64] >> i % 64 & 1, !is_empty);
        assert_int_equal(a->words >> i / 64 & 1, a->occupied[i / 64] != 0);
        look_at_list(slot, a->unsure[i / 64] >> i % 64 & 1);
        for (il_link *link = slot->list.next; link != &slot->list;
             link = link->next) {
            il_time at = ILI_CONTAINER(link, il_alarm, link)->at;

            assert_true(at >= a->base);
            assert_int_equal(ili_alarms_slot_of(a, at), i);
        }
    }
}

void look_at_next(void)
{
    const struct member *first = earliest();
    il_time next = first ? first->alarm.at : IL_FOREVER;

    assert_true(ili_alarms_bound(&model.alarms) <= next);
    assert_true(ili_alarms_next(&model.alarms) == next);
    assert_true(ili_alarms_bound(&model.alarms) == next);
    assert_int_equal(ili_alarms_empty(&model.alarms), !first);
}

il_time later(il_time time, uint64_t by)
{
    return time > 0 && by > (uint64_t)(IL_FOREVER - time)
               ? IL_FOREVER
               : (il_time)((uint64_t)time + by);
}

il_time sooner(il_time time, uint64_t by)
{
    return time < 0 && by > (uint64_t)time - (uint64_t)INT64_MIN
               ? INT64_MIN
               : (il_time)((uint64_t)time - by);
}

il_time some_time(void)
{
    switch (model.style == ANY ? below(ANY) : model.style) {
    case NEAR:
        return later(model.now, below(300));
    case 1:
        return later(model.now, random_bits() >> (25 + below(38)));
    case 2:
        return later(model.now, 60000000000); /* in order */
    case 3:
        return later(model.now, (1 + below(2)) * (uint64_t)30000000000);
    case 4:
        return model.members[below(model.n)].alarm.at;
    case 5:
        return later(model.now, 65534 + below(3) * 65536 + below(4)) & ~0xffff;
    case FAR:
        return later(model.centre, below(100000)); /* all together */
    case 7:
        return sooner(model.now, random_bits() >> (1 + below(63)));
    default:
        return below(2) ? IL_FOREVER - below(2) : INT64_MIN + below(2);
    }
}

static void meddle(void);

static void fire(il_alarm *alarm)
{
    struct member *member = ILI_CONTAINER(alarm, struct member, alarm);

    assert_ptr_equal(member, earliest());
    assert_true(alarm->at <= model.now);
    assert_false(ili_alarm_armed(alarm));
    member->is_armed = false;
    model.n_fired++;
    if (model.is_meddling)
        meddle();
}

static void meddle(void)
{
    struct member *other = &model.members[below(model.n)];
    il_time at = some_time();

    if (other->is_armed && below(2))
        disarm(other);
    /* Not for ever. */
    if (!other->is_armed && (at > model.now || below(4) == 0))
        arm(other, at);
    if (below(8) == 0)
        look_at_next();
}

void fire_due(il_time now)
{
    const struct member *first;

    model.now = now;
    ili_alarms_fire(&model.alarms, now);
    first = earliest();
    assert_true(!first || first->alarm.at > now);
    assert_true(ili_alarms_bound(&model.alarms) <=
                (first ? first->alarm.at : IL_FOREVER));
}

void begin_model(uint64_t seed, unsigned n)
{
    memset(&model, 0, sizeof model);
    ili_alarms_init(&model.alarms);
    model.random = seed * 0x9e3779b97f4a7c15u + 1;
    model.n = n;
    for (unsigned i = 0; i < n; i++)
        model.members[i].alarm.fire = fire;
    for (unsigned i = 0; i < 10; i++)
        (void)random_bits();
}

int setup_alarms(void **state)
{
    (void)state;
    begin_checks();
    begin_model(1, MOST);
    return 0;
}

int teardown_alarms(void **state)
{
    (void)state;
    end_checks();
    return 0;
}
