/* SPDX-License-Identifier: MIT */

/* test_alarms.c - what is due when: the timing wheel.
 *
 * Beside a few facts there is a model, an array that is searched from end to
 * end, and random programs that must find both of one mind: which alarm fires,
 * in which order, and when the next one is due. */

#include "support/check.h"

#include "base/alarms.h"

#include <string.h>

/* More of them for who has the time: -DN_SEEDS=100000. */
#ifndef N_SEEDS
#define N_SEEDS 1000
#endif
enum { MOST = 2000 };

/* Some styles of deadlines, see some_time(). */
enum { NEAR = 0, FAR = 6, ANY = 9 };

/* --- The model ------------------------------------------------------------ */

struct member {
    il_alarm alarm;
    bool is_armed;
    uint64_t order; /* of arming */
};

static struct {
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
} m;

static uint64_t random_bits(void)
{
    m.random ^= m.random << 13;
    m.random ^= m.random >> 7;
    m.random ^= m.random << 17;
    return m.random;
}

static unsigned below(unsigned n)
{
    return (unsigned)((random_bits() >> 20) % n);
}

static struct member *earliest(void)
{
    struct member *first = NULL;

    for (unsigned i = 0; i < m.n; i++) {
        struct member *member = &m.members[i];

        if (!member->is_armed)
            continue;
        if (!first || member->alarm.at < first->alarm.at ||
            (member->alarm.at == first->alarm.at &&
             member->order < first->order))
            first = member;
    }
    return first;
}

static void arm(struct member *member, il_time at)
{
    member->alarm.at = at;
    member->is_armed = true;
    member->order = m.n_armings++;
    ili_alarms_add(&m.alarms, &member->alarm);
}

static void disarm(struct member *member)
{
    member->is_armed = false;
    ili_alarms_remove(&m.alarms, &member->alarm);
}

/* --- What holds between any two calls ------------------------------------- */

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

static void look_at_wheel(void)
{
    const ili_alarms *a = &m.alarms;

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

static void look_at_next(void)
{
    const struct member *first = earliest();
    il_time next = first ? first->alarm.at : IL_FOREVER;

    assert_true(ili_alarms_bound(&m.alarms) <= next);
    assert_true(ili_alarms_next(&m.alarms) == next);
    assert_true(ili_alarms_bound(&m.alarms) == next);
    assert_int_equal(ili_alarms_empty(&m.alarms), !first);
}

/* --- Random programs ------------------------------------------------------ */

static il_time later(il_time time, uint64_t by)
{
    return time > 0 && by > (uint64_t)(IL_FOREVER - time)
               ? IL_FOREVER
               : (il_time)((uint64_t)time + by);
}

static il_time sooner(il_time time, uint64_t by)
{
    return time < 0 && by > (uint64_t)time - (uint64_t)INT64_MIN
               ? INT64_MIN
               : (il_time)((uint64_t)time - by);
}

/* Deadlines of all kinds: near, far, around where a byte changes, equal to
 * others, past, and the ends of time. */
static il_time some_time(void)
{
    switch (m.style == ANY ? below(ANY) : m.style) {
    case NEAR:
        return later(m.now, below(300));
    case 1:
        return later(m.now, random_bits() >> (25 + below(38)));
    case 2:
        return later(m.now, 60000000000); /* in order */
    case 3:
        return later(m.now, (1 + below(2)) * (uint64_t)30000000000);
    case 4:
        return m.members[below(m.n)].alarm.at;
    case 5:
        return later(m.now, 65534 + below(3) * 65536 + below(4)) & ~0xffff;
    case FAR:
        return later(m.centre, below(100000)); /* all together */
    case 7:
        return sooner(m.now, random_bits() >> (1 + below(63)));
    default:
        return below(2) ? IL_FOREVER - below(2) : INT64_MIN + below(2);
    }
}

static void meddle(void);

static void fire(il_alarm *alarm)
{
    struct member *member = ILI_CONTAINER(alarm, struct member, alarm);

    assert_ptr_equal(member, earliest());
    assert_true(alarm->at <= m.now);
    assert_false(ili_alarm_armed(alarm));
    member->is_armed = false;
    m.n_fired++;
    if (m.is_meddling)
        meddle();
}

static void meddle(void)
{
    struct member *other = &m.members[below(m.n)];
    il_time at = some_time();

    if (other->is_armed && below(2))
        disarm(other);
    /* Not for ever. */
    if (!other->is_armed && (at > m.now || below(4) == 0))
        arm(other, at);
    if (below(8) == 0)
        look_at_next();
}

static void fire_due(il_time now)
{
    const struct member *first;

    m.now = now;
    ili_alarms_fire(&m.alarms, now);
    first = earliest();
    assert_true(!first || first->alarm.at > now);
    assert_true(ili_alarms_bound(&m.alarms) <=
                (first ? first->alarm.at : IL_FOREVER));
}

/* Time goes on a little, to the next deadline, or far; now and then back. */
static il_time some_later_time(void)
{
    const struct member *first = earliest();

    switch (m.is_alternating && below(8) ? 0 : below(8)) {
    case 0:
    case 1:
    case 2:
        return later(m.now, below(1000));
    case 3:
        /* Further, but rarely, or the end of time would come too soon. */
        return later(m.now,
                     random_bits() >> ((below(20) ? 40 : 10) + below(20)));
    case 4:
        return sooner(m.now, below(3));
    default:
        if (!first || first->alarm.at < m.now || first->alarm.at == IL_FOREVER)
            return m.now;
        return sooner(first->alarm.at, below(2));
    }
}

/* A few or nearly all of them go, the earliest first. */
static void disarm_the_next(unsigned n)
{
    struct member *member;

    while (n-- > 0 && (member = earliest()) != NULL) {
        disarm(member);
        if (below(4) == 0)
            look_at_next();
    }
}

static void do_something(void)
{
    struct member *member = &m.members[below(m.n)];

    switch (below(16)) {
    case 0:
        look_at_next();
        break;
    case 1:
        disarm_the_next(below(64) ? 1 : below(m.n));
        break;
    case 2:
    case 3:
        fire_due(some_later_time());
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        if (member->is_armed)
            disarm(member);
        break;
    default:
        if (!member->is_armed)
            arm(member, some_time());
    }
}

static void begin(uint64_t seed, unsigned n)
{
    memset(&m, 0, sizeof m);
    ili_alarms_init(&m.alarms);
    m.random = seed * 0x9e3779b97f4a7c15u + 1;
    m.n = n;
    for (unsigned i = 0; i < n; i++)
        m.members[i].alarm.fire = fire;
    for (unsigned i = 0; i < 10; i++)
        (void)random_bits();
}

static void run_program(uint64_t seed, unsigned n, unsigned n_steps)
{
    begin(seed, n);
    m.is_alternating = seed % 3 == 0;
    m.style = below(ANY + 1);
    m.is_meddling = below(2);
    m.now = below(4) ? (il_time)(random_bits() >> (1 + below(62))) / 8 : 0;
    m.centre = later(m.now, random_bits() >> (10 + below(30)));
    if (below(2))
        fire_due(m.now);
    for (unsigned i = 0; i < n_steps; i++) {
        do_something();
        if (i % 64 == 0)
            look_at_wheel();
        if (i % 250 == 0 && m.is_alternating) {
            m.style = m.style == NEAR ? FAR : NEAR;
            m.centre = later(m.now, random_bits() >> (10 + below(30)));
        }
    }
    look_at_next();
    look_at_wheel();
}

static void test_alarms_do_what_a_sorted_list_would(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++)
        run_program(seed, 3 + (unsigned)seed % 20, 2000);
}

/* So many that slots are too long to be looked through. */
static void test_alarms_do_so_in_crowds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= N_SEEDS / 10; seed++)
        run_program(1000 + seed, 100 + (unsigned)seed % 60 * 10, 4000);
}

/* --- Facts ---------------------------------------------------------------- */

static int setup_alarms(void **state)
{
    (void)state;
    begin_checks();
    begin(1, MOST);
    return 0;
}

static int teardown_alarms(void **state)
{
    (void)state;
    end_checks();
    return 0;
}

static void test_alarms_zeroed_one_is_not_armed(void **state)
{
    il_alarm alarm;

    (void)state;
    memset(&alarm, 0, sizeof alarm);
    assert_false(ili_alarm_armed(&alarm));
    assert_true(ili_alarms_empty(&m.alarms));
    assert_true(ili_alarms_next(&m.alarms) == IL_FOREVER);
}

static void test_alarms_any_time_is_a_deadline(void **state)
{
    static const il_time times[] = { IL_FOREVER,
                                     IL_FOREVER - 1,
                                     IL_FOREVER,
                                     INT64_MIN,
                                     -1,
                                     0,
                                     1,
                                     255,
                                     256,
                                     (il_time)1 << 56,
                                     ((il_time)1 << 56) - 1,
                                     INT64_MIN + 1,
                                     INT64_MIN };
    enum { N = sizeof times / sizeof times[0] };

    (void)state;
    m.n = N;
    for (unsigned i = 0; i < N; i++) {
        arm(&m.members[i], times[i]);
        look_at_next();
    }
    look_at_wheel();
    fire_due(INT64_MIN);
    assert_int_equal(m.n_fired, 2);
    fire_due(0);
    assert_int_equal(m.n_fired, 5);
    fire_due(IL_FOREVER - 1);
    assert_int_equal(m.n_fired, N - 2);
    look_at_next();
    look_at_wheel();
    fire_due(IL_FOREVER);
    assert_int_equal(m.n_fired, N);
}

/* Only what is due never lies where nothing else has been yet. */
static void test_alarms_first_one_may_be_due_never(void **state)
{
    (void)state;
    m.n = 3;
    arm(&m.members[0], IL_FOREVER);
    look_at_next();
    fire_due(1000);
    arm(&m.members[1], IL_FOREVER);
    disarm(&m.members[0]);
    look_at_next();
    arm(&m.members[2], 2000);
    look_at_next();
    look_at_wheel();
    fire_due(2000);
    assert_int_equal(m.n_fired, 1);
    disarm(&m.members[1]);
    assert_true(ili_alarms_empty(&m.alarms));
}

static void test_alarms_many_due_never_can_go(void **state)
{
    (void)state;
    m.n = 100;
    for (unsigned i = 0; i < m.n; i++)
        arm(&m.members[i], IL_FOREVER);
    for (unsigned i = 0; i < m.n; i++) {
        look_at_next();
        disarm(&m.members[i]);
    }
    arm(&m.members[0], 5);
    look_at_next();
    look_at_wheel();
}

/* Each time the earliest one goes and somebody asks for the next: in the order
 * of deadlines, and armed in another one. */
static void test_alarms_next_is_exact_when_the_earliest_goes(void **state)
{
    (void)state;
    fire_due((il_time)1 << 47);
    for (unsigned i = 0; i < m.n; i++)
        arm(&m.members[i],
            m.now + 60000000000 + (il_time)below(20000) * 1000003);
    for (unsigned i = 0; i < m.n; i++) {
        look_at_next();
        disarm(earliest());
    }
    look_at_next();
}

/* To find the next one the wheel may turn to a time that is still to come;
 * what is armed then may be due before that. */
static void test_alarms_may_be_armed_before_what_was_looked_at(void **state)
{
    (void)state;
    fire_due((il_time)1 << 47);
    m.n = 500;
    for (unsigned i = 0; i < 200; i++)
        arm(&m.members[i], m.now + ((il_time)1 << 40) + below(1 << 30));
    disarm(earliest());
    look_at_next();
    assert_true(m.alarms.base > m.now);
    for (unsigned i = 200; i < m.n; i++) {
        arm(&m.members[i], m.now + below(1 << 20));
        if (i % 10 == 0)
            look_at_next();
        if (i % 50 == 0)
            look_at_wheel();
    }
    disarm(earliest());
    look_at_next();
    assert_true(m.alarms.base == m.now); /* too many to be kept aside */
    look_at_wheel();
    fire_due(m.now + (1 << 19));
    look_at_wheel();
    fire_due(m.now + (1 << 19));
    assert_int_equal(m.n_fired, 299);
    fire_due(IL_FOREVER - 1);
    assert_int_equal(m.n_fired, 498);
}

static void test_alarms_past_ones_fire_in_order(void **state)
{
    (void)state;
    fire_due((il_time)1 << 47);
    for (unsigned i = 0; i < m.n; i++)
        arm(&m.members[i], m.now - (il_time)below(500));
    look_at_next();
    fire_due(m.now);
    assert_int_equal(m.n_fired, m.n);
    assert_true(ili_alarms_empty(&m.alarms));
}

static il_alarm *victim;

static void remove_victim(il_alarm *alarm)
{
    (void)alarm;
    ili_alarms_remove(&m.alarms, victim);
    victim->at = 7;
    ili_alarms_add(&m.alarms, victim);
}

static void note_time(il_alarm *alarm)
{
    note("%d", (int)alarm->at);
}

static void test_alarms_due_one_may_be_moved_by_another(void **state)
{
    il_alarm mover = { .at = 5, .fire = remove_victim };
    il_alarm moved = { .at = 6, .fire = note_time };
    il_alarm other = { .at = 6, .fire = note_time };

    (void)state;
    victim = &moved;
    ili_alarms_add(&m.alarms, &moved);
    ili_alarms_add(&m.alarms, &mover);
    ili_alarms_add(&m.alarms, &other);
    ili_alarms_fire(&m.alarms, 10);
    assert_string_equal(noted(), "6 7");
}

static void test_alarms_cleared_ones_are_not_armed(void **state)
{
    (void)state;
    fire_due(1000);
    for (unsigned i = 0; i < m.n; i++)
        arm(&m.members[i], (il_time)below(1 << 20));
    ili_alarms_clear(&m.alarms);
    for (unsigned i = 0; i < m.n; i++)
        assert_false(ili_alarm_armed(&m.members[i].alarm));
    assert_true(ili_alarms_empty(&m.alarms));
    assert_true(ili_alarms_next(&m.alarms) == IL_FOREVER);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_alarms, teardown_alarms)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_alarms_do_what_a_sorted_list_would),
        TEST(test_alarms_do_so_in_crowds),
        TEST(test_alarms_zeroed_one_is_not_armed),
        TEST(test_alarms_any_time_is_a_deadline),
        TEST(test_alarms_first_one_may_be_due_never),
        TEST(test_alarms_many_due_never_can_go),
        TEST(test_alarms_next_is_exact_when_the_earliest_goes),
        TEST(test_alarms_may_be_armed_before_what_was_looked_at),
        TEST(test_alarms_past_ones_fire_in_order),
        TEST(test_alarms_due_one_may_be_moved_by_another),
        TEST(test_alarms_cleared_ones_are_not_armed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
