/* SPDX-License-Identifier: MIT */

/* test_alarms_random.c - the timing wheel and its model are of one mind.
 *
 * Random programs arm and disarm alarms and let time pass. */

#include "support/alarm_model.h"
#include "support/check.h"

#include "base/alarms.h"

/* More of them for who has the time: -DN_SEEDS=100000. */
#ifndef N_SEEDS
#define N_SEEDS 1000
#endif

/* --- Random programs ------------------------------------------------------ */

/* Time goes on a little, to the next deadline, or far; now and then back. */
static il_time some_later_time(void)
{
    const struct member *first = earliest();

    switch (model.is_alternating && below(8) ? 0 : below(8)) {
    case 0:
    case 1:
    case 2:
        return later(model.now, below(1000));
    case 3:
        /* Further, but rarely, or the end of time would come too soon. */
        return later(model.now,
                     random_bits() >> ((below(20) ? 40 : 10) + below(20)));
    case 4:
        return sooner(model.now, below(3));
    default:
        if (!first || first->alarm.at < model.now ||
            first->alarm.at == IL_FOREVER)
            return model.now;
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
    struct member *member = &model.members[below(model.n)];

    switch (below(16)) {
    case 0:
        look_at_next();
        break;
    case 1:
        disarm_the_next(below(64) ? 1 : below(model.n));
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

static void run_program(uint64_t seed, unsigned n, unsigned n_steps)
{
    begin_model(seed, n);
    model.is_alternating = seed % 3 == 0;
    model.style = below(ANY + 1);
    model.is_meddling = below(2);
    model.now = below(4) ? (il_time)(random_bits() >> (1 + below(62))) / 8 : 0;
    model.centre = later(model.now, random_bits() >> (10 + below(30)));
    if (below(2))
        fire_due(model.now);
    for (unsigned i = 0; i < n_steps; i++) {
        do_something();
        if (i % 64 == 0)
            look_at_wheel();
        if (i % 250 == 0 && model.is_alternating) {
            model.style = model.style == NEAR ? FAR : NEAR;
            model.centre = later(model.now, random_bits() >> (10 + below(30)));
        }
    }
    look_at_next();
    look_at_wheel();
}

static void test_alarms_do_what_a_sorted_list_would(void **state)
{
    (void)state;
    const uint64_t n_seeds = runs_slowly() ? N_SEEDS / 10 : N_SEEDS;

    for (uint64_t seed = 1; seed <= n_seeds; seed++)
        run_program(seed, 3 + (unsigned)seed % 20, 2000);
}

/* So many that slots are too long to be looked through. */
static void test_alarms_do_so_in_crowds(void **state)
{
    (void)state;
    const uint64_t n_seeds = runs_slowly() ? N_SEEDS / 100 : N_SEEDS / 10;

    for (uint64_t seed = 1; seed <= n_seeds; seed++)
        run_program(1000 + seed, 100 + (unsigned)seed % 60 * 10, 4000);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_alarms, teardown_alarms)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_alarms_do_what_a_sorted_list_would),
        TEST(test_alarms_do_so_in_crowds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
