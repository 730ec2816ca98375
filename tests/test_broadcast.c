/* SPDX-License-Identifier: MIT */

/* test_broadcast.c - each subscriber gets each value, or knows how many it
 * missed. */

#include "support/fixture.h"
#include "support/hearers.h"
#include "support/tasks.h"

#include <errno.h>
#include <string.h>

/* --- who gets what ---------------------------------------------------------- */

static void test_broadcast_reaches_everybody_in_order(void **state)
{
    il_broadcast broadcast;
    il_subscriber s[3];

    (void)state;
    make_broadcast(&broadcast, 4);
    say(&broadcast, 0); /* nobody listens */
    for (int i = 0; i < 3; i++)
        subscribe(&s[i], &broadcast);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3; i++)
            say(&broadcast, 3 * round + i);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(il_subscriber_count(&s[i]), 3);
            for (int k = 0; k < 3; k++)
                assert_hears(&s[i], 3 * round + k, 0);
            assert_silent(&s[i], -EAGAIN);
        }
    }
    for (int i = 0; i < 3; i++)
        il_subscriber_fini(&s[i]);
    il_broadcast_fini(&broadcast);
}

static void test_broadcast_tells_how_many_were_missed(void **state)
{
    il_broadcast broadcast;
    il_subscriber slow;
    il_subscriber quick;

    (void)state;
    make_broadcast(&broadcast, 3);
    subscribe(&slow, &broadcast);
    subscribe(&quick, &broadcast);
    for (int i = 0; i < 10; i++) {
        say(&broadcast, i);
        assert_hears(&quick, i, 0);
    }
    assert_int_equal(il_subscriber_count(&slow), 3);
    assert_hears(&slow, 7, 7);
    say(&broadcast, 10);
    assert_hears(&slow, 8, 0); /* said once */
    say(&broadcast, 11);
    say(&broadcast, 12);
    assert_hears(&slow, 10, 1);
    assert_hears(&slow, 11, 0);
    assert_hears(&slow, 12, 0);
    assert_silent(&slow, -EAGAIN);
    il_subscriber_fini(&slow);
    il_subscriber_fini(&quick);
    il_broadcast_fini(&broadcast);
}

static void test_broadcast_of_one_keeps_the_latest(void **state)
{
    il_broadcast broadcast;
    il_subscriber s;
    int value = -1;

    (void)state;
    make_broadcast(&broadcast, 1);
    subscribe(&s, &broadcast);
    for (int i = 0; i < 4; i++)
        say(&broadcast, i);
    assert_int_equal(il_subscriber_receive(&s, &value, NULL), 0);
    assert_int_equal(value, 3);
    assert_silent(&s, -EAGAIN);
    il_subscriber_fini(&s);
    il_broadcast_fini(&broadcast);
}

static void test_broadcast_late_subscriber_gets_what_comes(void **state)
{
    il_broadcast broadcast;
    il_subscriber s;

    (void)state;
    make_broadcast(&broadcast, 3);
    say(&broadcast, 1);
    subscribe(&s, &broadcast);
    assert_silent(&s, -EAGAIN);
    say(&broadcast, 2);
    assert_hears(&s, 2, 0);
    il_subscriber_fini(&s);
    subscribe(&s, &broadcast); /* anew */
    say(&broadcast, 3);
    assert_hears(&s, 3, 0);
    il_subscriber_fini(&s);
    il_broadcast_fini(&broadcast);
}

/* More values than a number of 32 bits, and of 64 bits. */
static void test_broadcast_counts_on_and_on(void **state)
{
    static const uint64_t begin[] = { UINT32_MAX - 1, UINT64_MAX - 1 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        il_broadcast broadcast;
        il_subscriber s;

        make_broadcast(&broadcast,
                       4); /* a power of two goes on around the end */
        broadcast.sent = begin[i];
        subscribe(&s, &broadcast);
        for (int n = 0; n < 6; n++)
            say(&broadcast, n);
        assert_hears(&s, 2, 2);
        for (int n = 3; n < 6; n++)
            assert_hears(&s, n, 0);
        il_subscriber_fini(&s);
        il_broadcast_fini(&broadcast);
    }
}

static void test_broadcast_copies_values_of_any_size(void **state)
{
    static const size_t sizes[] = { 1, 2, 4, 7, 8, 16, 24, 1000 };
    unsigned char in[1000];
    unsigned char out[1001];
    unsigned char storage[2000];

    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        il_broadcast broadcast;
        il_subscriber s;

        memset(out, 0, sizeof out);
        assert_int_equal(
            il_broadcast_init_with(&broadcast, sizes[i], 2, storage), 0);
        subscribe(&s, &broadcast);
        for (int n = 0; n < 3; n++)
            assert_int_equal(il_broadcast_send(&broadcast, in), 0);
        assert_int_equal(il_subscriber_try_receive(&s, out, NULL), 0);
        assert_memory_equal(in, out, sizes[i]);
        assert_int_equal(out[sizes[i]], 0);
        il_broadcast_fini(&broadcast);
        il_subscriber_fini(&s);
    }
}

/* --- who waits -------------------------------------------------------------- */

static void test_broadcast_wakes_all_who_wait(void **state)
{
    struct fixture *f = *state;
    il_broadcast broadcast;
    il_subscriber s[2];
    struct hearer a = { &s[0], "a", 3, 0, 0, 0 };
    struct hearer b = { &s[1], "b", 3, 0, 0, 0 };
    il_task *tasks[2];

    make_broadcast(&broadcast, 2);
    subscribe(&s[0], &broadcast);
    subscribe(&s[1], &broadcast);
    tasks[1] = spawn(hear_some, &b);
    tasks[0] = spawn(hear_some, &a);
    say(&broadcast, 1);
    assert_int_equal(a.value, 1); /* before they run */
    assert_int_equal(b.value, 1);
    say(&broadcast, 2);
    say(&broadcast, 3);
    assert_int_equal(il_subscriber_count(&s[0]), 2);
    settle(f);
    /* In the order they subscribed. */
    assert_string_equal(noted(), "a1 a2 a3 b1 b2 b3");
    assert_int_equal(a.missed, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(reap(tasks[i]), 0);
        il_subscriber_fini(&s[i]);
    }
    il_broadcast_fini(&broadcast);
}

/* Several tasks with one subscriber share the values between them. */
static void
test_broadcast_subscriber_serves_in_the_order_they_came(void **state)
{
    struct fixture *f = *state;
    il_broadcast broadcast;
    il_subscriber s;
    struct hearer a = { &s, "a", 1, 0, 0, 0 };
    struct hearer b = { &s, "b", 1, 0, 0, 0 };
    struct hearer c = { &s, "c", 1, 0, 0, 0 };
    il_task *tasks[3];

    make_broadcast(&broadcast, 2);
    subscribe(&s, &broadcast);
    tasks[0] = spawn(hear_some, &a);
    tasks[1] = spawn(hear_some, &b);
    tasks[2] = spawn(hear_some, &c);
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    say(&broadcast, 1);
    say(&broadcast, 2);
    say(&broadcast, 3);
    settle(f);
    assert_string_equal(noted(), "a1 c2");
    assert_int_equal(b.r, -ECANCELED);
    assert_int_equal(b.value, 77);
    assert_hears(&s, 3, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_subscriber_fini(&s);
    il_broadcast_fini(&broadcast);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_broadcast_reaches_everybody_in_order),
        TEST(test_broadcast_tells_how_many_were_missed),
        TEST(test_broadcast_of_one_keeps_the_latest),
        TEST(test_broadcast_late_subscriber_gets_what_comes),
        TEST(test_broadcast_counts_on_and_on),
        TEST(test_broadcast_copies_values_of_any_size),
        TEST(test_broadcast_wakes_all_who_wait),
        TEST(test_broadcast_subscriber_serves_in_the_order_they_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
