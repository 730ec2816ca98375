/* SPDX-License-Identifier: MIT */

/* test_owner.c - what a host that we run is told, and when it is left. */

#include "support/fixture.h"
#include "support/trivial_host.h"

#include <interloop/host.h>

#include <errno.h>

/* A host that runs a turn when it was asked to, and has nothing to do when it
 * was not; then it ends. */
struct obedient {
    il_loop *loop;
    bool requested;
    bool quit;
};

static void request_turn(void *data)
{
    ((struct obedient *)data)->requested = true;
}

static int run(void *data)
{
    struct obedient *host = data;

    host->quit = false;
    while (host->requested && !host->quit) {
        host->requested = false;
        if (il_loop_turn(host->loop, IL_MS(2)) == 1)
            host->requested = true;
    }
    return 0;
}

static void quit(void *data)
{
    ((struct obedient *)data)->quit = true;
}

static const il_host obedient_host = {
    .name = "obedient",
    .request_turn = request_turn,
    .run = run,
    .quit = quit,
};

static int note_and_stop(void *arg)
{
    note("%s", (const char *)arg);
    return il_loop_stop(il_loop_current());
}

/* The host knew of no turn to run and slept for ever. */
static void test_owner_runs_what_was_ready_before_there_was_a_host(void **state)
{
    struct fixture *f = *state;
    struct obedient host = { .loop = f->loop };

    assert_int_equal(il_spawn_lazy(NULL, note_and_stop, TEXT("before"), NULL),
                     0);
    assert_int_equal(il_loop_attach(f->loop, &obedient_host, &host), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(noted(), "before");
    assert_true(host.quit);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

/* The turn that it asks for between two runs is not taken, but not forgotten. */
static void test_owner_runs_what_became_ready_between_two_runs(void **state)
{
    struct fixture *f = *state;
    struct obedient host = { .loop = f->loop };

    assert_int_equal(il_loop_attach(f->loop, &obedient_host, &host), 0);
    assert_int_equal(il_spawn_lazy(NULL, note_and_stop, TEXT("between"), NULL),
                     0);
    assert_true(host.requested);
    assert_int_equal(run(&host), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(noted(), "between");
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static void test_owner_stopped_before_a_run_ends_it(void **state)
{
    struct fixture *f = *state;
    struct obedient host = { .loop = f->loop };

    assert_int_equal(il_loop_attach(f->loop, &obedient_host, &host), 0);
    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_true(host.quit);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static int stop_and_wait(void *arg)
{
    (void)arg;
    CHECK_INT(il_loop_stop(il_loop_current()), 0);
    CHECK_INT(il_sleep(IL_MS(1)), -ECANCELED);
    note("cancelled");
    return -ECANCELED;
}

/* That stopped the guest at once, and then the host was run: for ever. */
static void test_owner_stopped_in_the_first_step_of_main_returns(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    il_time begin = il_now();

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_loop_run_owned(f->loop, stop_and_wait, NULL), -EINTR);
    assert_string_equal(noted(), "cancelled");
    assert_true(il_now() == begin);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static int sleep_for_seven(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(1)) < 0 ? -1 : 7;
}

static void test_owner_leaves_a_guest_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_loop_run_owned(f->loop, sleep_for_seven, NULL), 7);
    assert_true(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(il_loop_run_owned(f->loop, sleep_for_seven, NULL), 7);
    assert_false(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_start(f->loop, NULL, NULL), 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static int clean_up_for_eight_seconds(void *arg)
{
    int r = 0;

    (void)arg;
    CHECK_INT(il_loop_stop(il_loop_current()), 0);
    IL_SHIELD (IL_SEC(8), &r) {
        r = il_sleep(IL_FOREVER);
    }
    note("clean");
    return 0;
}

static int wait_for_it(void *arg)
{
    (void)arg;
    return il_sleep(IL_SEC(10));
}

/* The host ran until the main task had ended, however long that took. */
static void test_owner_leaves_a_main_task_after_five_seconds(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    il_time begin = il_now();

    assert_int_equal(trivial_host_own(&host, f->loop), 0);
    assert_int_equal(
        il_loop_run_owned(f->loop, clean_up_for_eight_seconds, NULL), -EINTR);
    assert_true(il_now() - begin == IL_SEC(5));
    assert_string_equal(noted(), "");
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(il_run(wait_for_it, NULL), 0);
    assert_string_equal(noted(), "clean");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_owner_runs_what_was_ready_before_there_was_a_host),
        TEST(test_owner_runs_what_became_ready_between_two_runs),
        TEST(test_owner_stopped_before_a_run_ends_it),
        TEST(test_owner_stopped_in_the_first_step_of_main_returns),
        TEST(test_owner_leaves_a_guest_as_it_was),
        TEST(test_owner_leaves_a_main_task_after_five_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
