/* SPDX-License-Identifier: MIT */

/* test_alarms.c - what is due when: facts about the timing wheel. */

#include "support/alarm_model.h"
#include "support/check.h"

#include "base/alarms.h"

#include <string.h>

/* --- Facts ---------------------------------------------------------------- */

static void test_alarms_zeroed_one_is_not_armed(void **state)
{
    il_alarm alarm;

    (void)state;
    memset(&alarm, 0, sizeof alarm);
    assert_false(ili_alarm_armed(&alarm));
    assert_true(ili_alarms_empty(&model.alarms));
    assert_true(ili_alarms_next(&model.alarms) == IL_FOREVER);
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
    model.n = N;
    for (unsigned i = 0; i < N; i++) {
        arm(&model.members[i], times[i]);
        look_at_next();
    }
    look_at_wheel();
    fire_due(INT64_MIN);
    assert_int_equal(model.n_fired, 2);
    fire_due(0);
    assert_int_equal(model.n_fired, 5);
    fire_due(IL_FOREVER - 1);
    assert_int_equal(model.n_fired, N - 2);
    look_at_next();
    look_at_wheel();
    fire_due(IL_FOREVER);
    assert_int_equal(model.n_fired, N);
}

/* Only what is due never lies where nothing else has been yet. */
static void test_alarms_first_one_may_be_due_never(void **state)
{
    (void)state;
    model.n = 3;
    arm(&model.members[0], IL_FOREVER);
    look_at_next();
    fire_due(1000);
    arm(&model.members[1], IL_FOREVER);
    disarm(&model.members[0]);
    look_at_next();
    arm(&model.members[2], 2000);
    look_at_next();
    look_at_wheel();
    fire_due(2000);
    assert_int_equal(model.n_fired, 1);
    disarm(&model.members[1]);
    assert_true(ili_alarms_empty(&model.alarms));
}

static void test_alarms_many_due_never_can_go(void **state)
{
    (void)state;
    model.n = 100;
    for (unsigned i = 0; i < model.n; i++)
        arm(&model.members[i], IL_FOREVER);
    for (unsigned i = 0; i < model.n; i++) {
        look_at_next();
        disarm(&model.members[i]);
    }
    arm(&model.members[0], 5);
    look_at_next();
    look_at_wheel();
}

/* Each time the earliest one goes and somebody asks for the next: in the order
 * of deadlines, and armed in another one. */
static void test_alarms_next_is_exact_when_the_earliest_goes(void **state)
{
    (void)state;
    fire_due((il_time)1 << 47);
    for (unsigned i = 0; i < model.n; i++)
        arm(&model.members[i],
            model.now + 60000000000 + (il_time)below(20000) * 1000003);
    for (unsigned i = 0; i < model.n; i++) {
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
    model.n = 500;
    for (unsigned i = 0; i < 200; i++)
        arm(&model.members[i], model.now + ((il_time)1 << 40) + below(1 << 30));
    disarm(earliest());
    look_at_next();
    assert_true(model.alarms.base > model.now);
    for (unsigned i = 200; i < model.n; i++) {
        arm(&model.members[i], model.now + below(1 << 20));
        if (i % 10 == 0)
            look_at_next();
        if (i % 50 == 0)
            look_at_wheel();
    }
    disarm(earliest());
    look_at_next();
    assert_true(model.alarms.base == model.now); /* too many to be kept aside */
    look_at_wheel();
    fire_due(model.now + (1 << 19));
    look_at_wheel();
    fire_due(model.now + (1 << 19));
    assert_int_equal(model.n_fired, 299);
    fire_due(IL_FOREVER - 1);
    assert_int_equal(model.n_fired, 498);
}

static void test_alarms_past_ones_fire_in_order(void **state)
{
    (void)state;
    fire_due((il_time)1 << 47);
    for (unsigned i = 0; i < model.n; i++)
        arm(&model.members[i], model.now - (il_time)below(500));
    look_at_next();
    fire_due(model.now);
    assert_int_equal(model.n_fired, model.n);
    assert_true(ili_alarms_empty(&model.alarms));
}

static il_alarm *victim;

static void remove_victim(il_alarm *alarm)
{
    (void)alarm;
    ili_alarms_remove(&model.alarms, victim);
    victim->at = 7;
    ili_alarms_add(&model.alarms, victim);
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
    ili_alarms_add(&model.alarms, &moved);
    ili_alarms_add(&model.alarms, &mover);
    ili_alarms_add(&model.alarms, &other);
    ili_alarms_fire(&model.alarms, 10);
    assert_string_equal(noted(), "6 7");
}

static void test_alarms_cleared_ones_are_not_armed(void **state)
{
    (void)state;
    fire_due(1000);
    for (unsigned i = 0; i < model.n; i++)
        arm(&model.members[i], (il_time)below(1 << 20));
    ili_alarms_clear(&model.alarms);
    for (unsigned i = 0; i < model.n; i++)
        assert_false(ili_alarm_armed(&model.members[i].alarm));
    assert_true(ili_alarms_empty(&model.alarms));
    assert_true(ili_alarms_next(&model.alarms) == IL_FOREVER);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_alarms, teardown_alarms)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
