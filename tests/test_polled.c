/* SPDX-License-Identifier: MIT */

/* test_polled.c - a loop that is asked for its descriptor and deadline only.
 *
 * Nobody started it as a guest, so nobody is told that a turn is due: what
 * il_loop_fd() and il_loop_next_deadline() say must suffice.  The clock is the
 * real one, since poll() is. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

enum { LIMIT_MS = 5000 };

/* What a program does between two turns.  Returns whether a turn is due
 * within LIMIT_MS. */
static bool sleep_until_due(il_loop *loop)
{
    struct pollfd p = { .fd = il_loop_fd(loop), .events = POLLIN };
    il_time deadline = il_loop_next_deadline(loop);
    int ms = LIMIT_MS;

    if (deadline != IL_FOREVER) {
        il_time left = deadline - il_now();

        if (left < IL_MS(LIMIT_MS))
            ms = left > 0 ? (int)((left + IL_MS(1) - 1) / IL_MS(1)) : 0;
    }
    return poll(&p, 1, ms) > 0 || il_now() >= deadline;
}

static void turn_until_blocked(il_loop *loop)
{
    int r;

    do {
        r = il_loop_turn(loop, IL_MS(10));
        assert_true(r >= 0);
    } while (r > 0);
}

/* The descriptor was to be told to the kernel in the next turn, but nothing
 * said that one was due. */
static void test_polled_descriptor_waited_for_between_turns(void **state)
{
    struct fixture *f = *state;
    struct waiter waiter = { .events = IL_READ, .name = "fresh" };
    int fds[2];

    make_pipe(fds);
    waiter.fd = fds[0];
    turn_until_blocked(f->loop);
    assert_int_equal(il_spawn(NULL, wait_once, &waiter, NULL), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    for (int i = 0; i < 3 && il_loop_count_tasks(f->loop) > 0; i++) {
        assert_true(sleep_until_due(f->loop));
        turn_until_blocked(f->loop);
    }
    assert_string_equal(noted(), "fresh:1");
    close_both(fds);
}

static void note_it(void *arg)
{
    note("%s", (const char *)arg);
}

struct poster {
    il_loop *loop;
    il_callback callback;
    int r;
};

static void *post(void *arg)
{
    struct poster *poster = arg;

    poster->r = il_post_threadsafe(poster->loop, &poster->callback);
    return NULL;
}

/* Ask, let another thread post, then sleep as was said. */
static void check_post_is_noticed(il_loop *loop)
{
    struct poster poster = { .loop = loop, .r = 1 };
    struct pollfd p = { .fd = il_loop_fd(loop), .events = POLLIN };
    il_time deadline = il_loop_next_deadline(loop);
    pthread_t thread;

    poster.callback = (il_callback)IL_CALLBACK_INIT(note_it, TEXT("posted"));
    assert_int_equal(pthread_create(&thread, NULL, post, &poster), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(poster.r, 0);
    assert_true(deadline == 0 || poll(&p, 1, LIMIT_MS) == 1);
    turn_until_blocked(loop);
    assert_string_equal(noted(), "posted");
}

/* A loop that has never slept was not woken, since it was not asleep. */
static void test_polled_post_before_the_first_turn(void **state)
{
    struct fixture *f = *state;

    check_post_is_noticed(f->loop);
}

static int sleep_a_little(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(1));
}

/* As above: a run ends awake. */
static void test_polled_post_after_a_run(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_run(sleep_a_little, NULL), 0);
    check_post_is_noticed(f->loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_polled_descriptor_waited_for_between_turns),
        TEST(test_polled_post_before_the_first_turn),
        TEST(test_polled_post_after_a_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
