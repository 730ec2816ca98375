/* SPDX-License-Identifier: MIT */

/* test_watch.c - the latest value, and nobody misses the last one. */

#include "support/fixture.h"
#include "support/tasks.h"
#include "support/viewers.h"

#include <errno.h>
#include <string.h>

/* --- the latest value --------------------------------------------------------- */

static void test_watch_has_the_latest_value(void **state)
{
    il_watch watch;
    uint64_t version = 99;
    int value = 99;

    (void)state;
    make_watch(&watch);
    assert_int_equal(il_watch_version(&watch), 0);
    assert_int_equal(il_watch_get(&watch, &value, &version), -EAGAIN);
    assert_int_equal(value, 99);
    assert_int_equal(version, 99);
    for (int i = 1; i <= 5; i++) {
        set_watch(&watch, 10 * i);
        assert_int_equal(il_watch_get(&watch, &value, &version), 0);
        assert_int_equal(value, 10 * i);
        assert_int_equal(version, i);
        assert_int_equal(il_watch_version(&watch), i);
    }
    assert_int_equal(il_watch_get(&watch, NULL, NULL), 0);
    il_watch_fini(&watch);
}

static void test_watch_next_is_what_was_not_seen(void **state)
{
    il_watch watch;
    uint64_t seen = 0;
    int value = 99;

    (void)state;
    make_watch(&watch);
    set_watch(&watch, 1);
    assert_int_equal(il_watch_next(&watch, &seen, &value), 0);
    assert_int_equal(value, 1);
    assert_int_equal(seen, 1);
    assert_int_equal(il_watch_next(&watch, &seen, &value), -ESRCH); /* waits */
    set_watch(&watch, 2);
    set_watch(&watch, 3); /* 2 is skipped */
    assert_int_equal(il_watch_next(&watch, &seen, &value), 0);
    assert_int_equal(value, 3);
    assert_int_equal(seen, 3);
    set_watch(&watch, 3); /* the same, but set anew */
    assert_int_equal(il_watch_next(&watch, &seen, &value), 0);
    assert_int_equal(seen, 4);
    seen = 1000; /* of another watch */
    assert_int_equal(il_watch_next(&watch, &seen, &value), 0);
    assert_int_equal(seen, 4);
    il_watch_fini(&watch);
}

static void test_watch_wakes_all_who_wait(void **state)
{
    struct fixture *f = *state;
    il_watch watch;
    struct viewer a = { &watch, "a", 0, 0, 1, 0 };
    struct viewer b = { &watch, "b", 0, 0, 2, 0 };
    il_task *tasks[2];

    make_watch(&watch);
    tasks[0] = spawn(view, &a); /* there is no value yet */
    tasks[1] = spawn(view, &b);
    assert_int_equal(a.r, 1);
    set_watch(&watch, 5);
    settle(f);
    assert_string_equal(noted(), "a5.1 b5.1");
    assert_int_equal(b.r, 1);
    set_watch(&watch, 6);
    settle(f);
    assert_string_equal(noted(), "a5.1 b5.1 b6.2");
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_watch_fini(&watch);
}

/* Of several values in a row a task gets the one that is the latest when it
 * runs. */
static void test_watch_gives_the_latest_when_it_returns(void **state)
{
    struct fixture *f = *state;
    il_watch watch;
    struct viewer a = { &watch, "a", 0, 0, 2, 0 };
    il_task *task;

    make_watch(&watch);
    task = spawn(view, &a);
    set_watch(&watch, 5);
    set_watch(&watch, 6);
    set_watch(&watch, 7);
    settle(f);
    assert_string_equal(noted(), "a7.3");
    assert_int_equal(a.r, 1); /* and there is nothing it has not seen */
    assert_int_equal(il_watch_close(&watch), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    il_watch_fini(&watch);
}

static void test_watch_copies_values_of_any_size(void **state)
{
    static const size_t sizes[] = { 1, 2, 4, 7, 8, 16, 24, 1000 };
    unsigned char in[1000];
    unsigned char out[1001];
    unsigned char storage[1000];

    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        il_watch watch;
        uint64_t seen = 0;

        memset(out, 0, sizeof out);
        assert_int_equal(il_watch_init_with(&watch, sizes[i], storage), 0);
        assert_int_equal(il_watch_set(&watch, in), 0);
        assert_int_equal(il_watch_set(&watch, storage), 0); /* its own */
        assert_int_equal(il_watch_next(&watch, &seen, out), 0);
        assert_memory_equal(in, out, sizes[i]);
        assert_int_equal(out[sizes[i]], 0);
        il_watch_fini(&watch);
    }
}

/* --- the last value --------------------------------------------------------- */

static void test_watch_last_value_is_never_missed(void **state)
{
    struct fixture *f = *state;
    il_watch watch;
    struct viewer waits = { &watch, "a", 0, 0, 9, 0 };
    struct viewer behind = { &watch, "b", 1, 0, 9, 0 };
    int value = 9;
    il_task *tasks[2];

    make_watch(&watch);
    set_watch(&watch, 1);
    tasks[0] = spawn(view, &waits);
    set_watch(&watch, 2);
    set_watch(&watch, 3);
    assert_false(il_watch_is_closed(&watch));
    assert_int_equal(il_watch_close(&watch), 0);
    assert_true(il_watch_is_closed(&watch));
    assert_int_equal(il_watch_close(&watch), -EALREADY);
    assert_int_equal(il_watch_set(&watch, &value), -EPIPE);
    tasks[1] = spawn(view, &behind);
    settle(f);
    assert_string_equal(noted(), "a1.1 b3.3 a3.3");
    assert_int_equal(waits.r, -EPIPE);
    assert_int_equal(behind.r, -EPIPE);
    assert_int_equal(il_watch_get(&watch, &value, NULL), 0);
    assert_int_equal(value, 3);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
    il_watch_fini(&watch);
}

static void test_watch_closed_without_a_value(void **state)
{
    struct fixture *f = *state;
    il_watch watch;
    struct viewer v = { &watch, "v", 0, 77, 1, 0 };
    uint64_t seen = 0;
    int value = 77;
    il_task *task;

    make_watch(&watch);
    task = spawn(view, &v);
    assert_int_equal(il_watch_close(&watch), 0);
    settle(f);
    assert_int_equal(v.r, -EPIPE);
    assert_int_equal(v.value, 77);
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_watch_next(&watch, &seen, &value), -EPIPE);
    il_watch_fini(&watch);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_watch_has_the_latest_value),
        TEST(test_watch_next_is_what_was_not_seen),
        TEST(test_watch_wakes_all_who_wait),
        TEST(test_watch_gives_the_latest_when_it_returns),
        TEST(test_watch_copies_values_of_any_size),
        TEST(test_watch_last_value_is_never_missed),
        TEST(test_watch_closed_without_a_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
