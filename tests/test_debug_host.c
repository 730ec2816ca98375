/* SPDX-License-Identifier: MIT */

/* test_debug_host.c - steps that keep the thread, when a host is there.
 *
 * Work takes no time here: it puts the real clock forward. */

#include "support/fixture.h"
#include "support/slow.h"
#include "support/trivial_host.h"

static struct trivial_host host;

static int run_nested(void *arg)
{
    (void)arg;
    work(IL_SEC(600));
    for (int i = 0; i < 3; i++) {
        work(IL_SEC(600)); /* by whomever */
        trivial_host_iterate(&host, 0);
    }
    work(IL_SEC(300));
    return 0;
}

static int tick(void *arg)
{
    int r = 0;

    (void)arg;
    for (int i = 0; i < 10 && r == 0; i++)
        r = il_yield();
    return r;
}

/* Others ran meanwhile, so the thread was not kept. */
static void test_debug_host_nested_loop_does_not_count(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    host = (struct trivial_host){ 0 };
    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn(NULL, tick, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, run_nested, NULL, &task), 0);
    for (int i = 0; i < 20; i++)
        trivial_host_iterate(&host, 0);
    assert_int_equal(reap(task), 0);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

/* A host that runs us without asking before how long it may sleep. */
static void run_turn(struct fixture *f)
{
    host.depth++;
    CHECK(il_loop_turn(f->loop, 0) >= 0);
    host.depth--;
}

static int turn_in_the_midst(void *arg)
{
    work(IL_SEC(600));
    run_turn(arg);
    work(IL_SEC(600));
    return 0;
}

static int turn_and_work(void *arg)
{
    run_turn(arg);
    work(IL_SEC(1500));
    return 0;
}

/* Others could run in the midst of it, so there were two shorter ones. */
static void test_debug_host_step_begins_anew_after_a_turn(void **state)
{
    struct fixture *f = *state;

    host = (struct trivial_host){ 0 };
    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn(NULL, tick, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, turn_in_the_midst, f, NULL), 0);
    for (int i = 0; i < 5; i++)
        trivial_host_iterate(&host, 0);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(il_spawn(NULL, tick, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, turn_and_work, f, NULL), 0);
    for (int i = 0; i < 5; i++)
        trivial_host_iterate(&host, 0);
    expect_slow(f, "turn_and_work", IL_SEC(1500));
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static void test_debug_host_step_of_a_guest_is_told(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    host = (struct trivial_host){ 0 };
    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn(NULL, work_in_the_second_step, NULL, &task), 0);
    for (int i = 0; i < 20; i++)
        trivial_host_iterate(&host, 0);
    expect_slow(f, "work_in_the_second_step", IL_SEC(1500));
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_slow, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_debug_host_nested_loop_does_not_count),
        TEST(test_debug_host_step_begins_anew_after_a_turn),
        TEST(test_debug_host_step_of_a_guest_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
