/* SPDX-License-Identifier: MIT */

/* test_explore_cases.c - waiting for the first of several things in every order,
 * cancelled everywhere.
 *
 * Exactly one case has happened, and nothing of the others. */

#include "support/exploring.h"

#include <string.h>

static struct {
    il_channel channel;
    il_lock lock;
    il_semaphore semaphore;
    il_event event;
    int sent;
    int received;
    int fired[6];
    int cancelled;
} hall;

static int hall_setup(void *arg)
{
    (void)arg;
    memset(&hall, 0, sizeof hall);
    hall.semaphore = (il_semaphore)IL_SEMAPHORE_INIT(0);
    return il_channel_init(&hall.channel, sizeof(int), 0);
}

/* What fired is ours, and nothing else. */
static void look_at(int fired, int value)
{
    bool owns = il_lock_get_owner(&hall.lock) == il_task_current();

    HOLDS(owns == (fired == 1));
    HOLDS(value == (fired == 0 ? 1 : 77));
    if (fired == 0)
        hall.received++;
    if (fired == 1)
        HOLDS(il_lock_release(&hall.lock) == 0);
    if (fired == 2)
        HOLDS(il_semaphore_release(&hall.semaphore, 1) == 0);
}

static int choose(void *arg)
{
    int r = 0;

    (void)arg;
    for (int i = 0; i < 3 && r >= 0; i++) {
        int value = 77;
        il_case cases[] = {
            IL_CASE_RECEIVE(&hall.channel, &value),
            IL_CASE_LOCK(&hall.lock),
            IL_CASE_PERMITS(&hall.semaphore, 1),
            IL_CASE_EVENT(&hall.event),
            IL_CASE_AFTER(IL_MS(2)),
        };

        r = il_select(cases, 5, i == 0 ? 0 : IL_SELECT_ROTATE);
        HOLDS(r == -ECANCELED || (r >= 0 && r < 5 && cases[r].result == 0));
        look_at(r, value);
        if (r >= 0)
            hall.fired[r]++;
        else
            hall.cancelled++;
    }
    return r < 0 ? r : 0;
}

static int receive_one(void *arg)
{
    int value = 77;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(1), &r) {
        r = il_channel_receive(&hall.channel, &value);
    }
    HOLDS(r == 0 || r == -ETIMEDOUT || r == -ECANCELED);
    HOLDS(value == (r == 0 ? 1 : 77));
    hall.received += r == 0;
    return r == -ETIMEDOUT ? 0 : r;
}

/* Its cases go in and out of the queues without a trace. */
static int send_some(void *arg)
{
    int value = 1;
    int r = 0;

    (void)arg;
    for (int i = 0; i < 2 && r >= 0; i++) {
        il_case cases[] = { IL_CASE_SEND(&hall.channel, &value),
                            IL_CASE_AFTER(IL_MS(1)) };

        r = il_select(cases, 2, 0);
        HOLDS(r >= 0 || r == -ECANCELED);
        HOLDS(r < 0 || cases[r].result == 0);
        hall.sent += r == 0;
    }
    return r < 0 ? r : 0;
}

static int hold_and_release(void *arg)
{
    int r = il_lock_acquire(&hall.lock);

    (void)arg;
    if (r < 0)
        return r;
    (void)il_yield();
    HOLDS(il_semaphore_release(&hall.semaphore, 1) == 0);
    (void)il_yield();
    HOLDS(il_lock_release(&hall.lock) == 0);
    return 0;
}

static int open_for_a_moment(void *arg)
{
    (void)arg;
    (void)il_yield();
    HOLDS(il_event_set(&hall.event) == 0);
    il_event_clear(&hall.event);
    return 0;
}

/* In all runs: each case has to fire in some. */
static int total[6];

static int hall_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(hall.sent == hall.received);
    HOLDS(hall.cancelled <= 1);
    HOLDS(!il_lock_is_held(&hall.lock));
    HOLDS(il_lock_try_acquire(&hall.lock) == 0);
    HOLDS(il_lock_release(&hall.lock) == 0);
    HOLDS(il_semaphore_count(&hall.semaphore) == 1);
    HOLDS(il_channel_try_send(&hall.channel, &result) == -EAGAIN);
    for (int i = 0; i < 6; i++)
        total[i] += hall.fired[i];
    il_channel_fini(&hall.channel);
    return verdict();
}

static void test_explore_select_fires_exactly_one(void **state)
{
    struct cast cast = { { hold_and_release, choose, receive_one, send_some,
                           open_for_a_moment },
                         5,
                         1 };
    const il_test_scenario scenario = { .name = "select",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = hall_setup,
                                        .check = hall_check };

    (void)state;
    for (int i = 0; i < 2; i++) {
        explore_some(&scenario, 1500);
        cast.victim = 3;
    }
    for (cast.victim = 1; cast.victim < 4; cast.victim++)
        inject_all(&scenario, 0);
    for (int i = 0; i < 5; i++)
        assert_true(total[i] > 0);
}

/* Two that choose from the same two things, which come once each. */
static int choose_from_two(void *arg)
{
    int value = 77;
    int r;
    il_case cases[] = { IL_CASE_RECEIVE(&hall.channel, &value),
                        IL_CASE_PERMITS(&hall.semaphore, 1) };

    (void)arg;
    r = il_select(cases, 2, 0);
    HOLDS(value == (r == 0 ? 1 : 77));
    hall.received += r == 0;
    if (r >= 0)
        hall.fired[r]++;
    hall.cancelled += r == -ECANCELED;
    return r < 0 ? r : 0;
}

static int give_both(void *arg)
{
    int value = 1;
    int r = 0;

    (void)arg;
    (void)il_yield();
    HOLDS(il_semaphore_release(&hall.semaphore, 1) == 0);
    IL_TIMEOUT (IL_MS(1), &r) {
        r = il_channel_send(&hall.channel, &value);
    }
    HOLDS(r == 0 || r == -ETIMEDOUT);
    hall.sent += r == 0;
    return 0;
}

static int pair_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(hall.sent == hall.received);
    HOLDS(hall.fired[0] <= 1 && hall.fired[1] <= 1);
    HOLDS(hall.fired[0] + hall.fired[1] + hall.cancelled == 2);
    HOLDS(il_semaphore_count(&hall.semaphore) == 1 - (size_t)hall.fired[1]);
    il_channel_fini(&hall.channel);
    return verdict();
}

static void test_explore_select_shares_what_there_is(void **state)
{
    struct cast cast = { { choose_from_two, choose_from_two, give_both },
                         3,
                         0 };
    const il_test_scenario scenario = { .name = "select from two",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = hall_setup,
                                        .check = pair_check };

    (void)state;
    for (cast.victim = 0; cast.victim < 2; cast.victim++) {
        explore_some(&scenario, 1500);
        inject_all(&scenario, 1);
    }
}

/* --- the same in each run --------------------------------------------------------- */

enum { N_TURNS = 8 };

static int fired[N_TURNS];
static int first_fired[N_TURNS];
static int n_runs;

static int rotate(void *arg)
{
    il_event events[] = { IL_EVENT_INIT, IL_EVENT_INIT, IL_EVENT_INIT };
    il_group group;
    int r = il_group_open(&group, 0);

    if (r < 0)
        return r;
    HOLDS(il_spawn(&group, open_for_a_moment, arg, NULL) == 0);
    HOLDS(il_spawn(&group, open_for_a_moment, arg, NULL) == 0);
    for (int i = 0; i < 3; i++)
        HOLDS(il_event_set(&events[i]) == 0);
    for (int i = 0; i < N_TURNS; i++) {
        il_case cases[] = { IL_CASE_EVENT(&events[0]),
                            IL_CASE_EVENT(&events[1]),
                            IL_CASE_EVENT(&events[2]) };

        fired[i] = il_select(cases, 3, IL_SELECT_ROTATE);
    }
    return il_group_close(&group);
}

static int expect_as_before(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    if (n_runs++ == 0)
        memcpy(first_fired, fired, sizeof fired);
    HOLDS(memcmp(first_fired, fired, sizeof fired) == 0);
    return verdict();
}

/* Whose turn it is must not depend on the runs before. */
static void test_explore_select_rotates_alike_in_each_run(void **state)
{
    const il_test_scenario scenario = { .name = "rotate",
                                        .body = rotate,
                                        .check = expect_as_before };

    (void)state;
    memset(&hall, 0, sizeof hall);
    assert_int_equal(il_test_explore(&scenario, NULL, NULL), 0);
    assert_true(n_runs > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_select_fires_exactly_one),
        BARE_TEST(test_explore_select_shares_what_there_is),
        BARE_TEST(test_explore_select_rotates_alike_in_each_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
