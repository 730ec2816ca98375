/* SPDX-License-Identifier: MIT */

/* test_virtual.c - the virtual clock of a loop that has a host.
 *
 * The host is foreign and knows nothing of it: what a turn returns and when the
 * next is due must suffice. */

#include "support/fixture.h"
#include "support/pipes.h"
#include "support/trivial_host.h"

#include <unistd.h>

static int sleep_an_hour(void *arg)
{
    int r = il_sleep(IL_SEC(3600));

    (void)arg;
    note(r == 0 ? "slept" : "cancelled");
    return r;
}

static void note_it(void *arg)
{
    note("%s", (const char *)arg);
}

/* Nobody need know that time is virtual: there seems to be work, and when the
 * host has come to it, its own work is done. */
static void test_virtual_time_jumps_when_the_host_comes_back(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn(NULL, sleep_an_hour, NULL, NULL), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 1);
    assert_int_equal(il_now(), IL_SEC(1));
    assert_int_equal(il_loop_next_deadline(f->loop), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 0);
    assert_string_equal(noted(), "slept");
    assert_int_equal(il_now(), IL_SEC(3601));
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static void test_virtual_time_stays_while_the_host_works(void **state)
{
    struct fixture *f = *state;
    il_callback post = IL_CALLBACK_INIT(note_it, TEXT("post"));
    il_timer timer = IL_TIMER_INIT(note_it, TEXT("timer"));
    struct trivial_host host;

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn(NULL, sleep_an_hour, NULL, NULL), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 1);
    assert_int_equal(il_post(f->loop, &post), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 1);
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(7))), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 1);
    assert_string_equal(noted(), "post");
    assert_int_equal(il_now(), IL_SEC(1));
    assert_int_equal(il_loop_turn(f->loop, 0), 1);
    assert_string_equal(noted(), "post timer");
    assert_int_equal(il_now(), IL_SEC(1) + IL_MS(7));

    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);
    assert_int_equal(il_loop_turn(f->loop, 0), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 0);
    assert_int_equal(il_now(), IL_SEC(1) + IL_MS(7));
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(3600)), 0);
    assert_string_equal(noted(), "post timer slept");
}

static void test_virtual_time_by_hand_does_not_jump(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn(NULL, sleep_an_hour, NULL, NULL), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 0);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_SEC(3601));
    assert_int_equal(il_test_advance(f->loop, IL_SEC(3600)), 0);
    assert_string_equal(noted(), "slept");
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static void test_virtual_time_never_reaches_for_ever(void **state)
{
    struct fixture *f = *state;
    il_timer last = IL_TIMER_INIT(note_it, TEXT("last"));
    il_timer never = IL_TIMER_INIT(note_it, TEXT("never"));

    assert_int_equal(il_timer_start(f->loop, &last, IL_FOREVER - 1), 0);
    assert_int_equal(il_timer_start(f->loop, &never, IL_FOREVER), 0);
    assert_int_equal(il_test_advance(f->loop, IL_FOREVER - 1), 0);
    assert_int_equal(il_test_advance(f->loop, IL_FOREVER - 1), 0);
    assert_string_equal(noted(), "last");
    assert_true(il_timer_stop(&never));
}

/* When a wait on an old watch is verified is a moment of the real clock; said to
 * who sleeps by the virtual one, it would be hours ahead. */
static void test_virtual_wait_to_be_verified_is_due_at_once(void **state)
{
    struct fixture *f = *state;
    struct reader first = { .name = "first" };
    struct reader second = { .name = "second" };
    int fds[2];

    make_pipe(fds);
    first.fd = second.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &first, NULL), 0);
    settle(f);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_int_equal(il_spawn(NULL, read_once, &second, NULL), 0);
    assert_int_equal(il_loop_next_deadline(f->loop), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 0);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);
    assert_int_equal(write(fds[1], "x", 1), 1);
    settle(f);
    assert_string_equal(noted(), "first:1 second:1");
    close_both(fds);
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_virtual_time_jumps_when_the_host_comes_back, setup),
        TEST(test_virtual_time_stays_while_the_host_works, setup),
        TEST(test_virtual_time_by_hand_does_not_jump, setup_manual),
        TEST(test_virtual_time_never_reaches_for_ever, setup_manual),
        TEST(test_virtual_wait_to_be_verified_is_due_at_once, setup_manual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
