/* SPDX-License-Identifier: MIT */

/* test_shuffle.c - ready tasks in an order from a seed. */

#include "support/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 6 };

static int say_twice(void *arg)
{
    for (int i = 0; i < 2; i++) {
        CHECK_INT(il_yield(), 0);
        note("%s", (const char *)arg);
    }
    return 0;
}

static void say(void *arg)
{
    note("%s", (const char *)arg);
}

static void spawn_all(void)
{
    static const char *const names[N] = { "a", "b", "c", "d", "e", "f" };

    for (int i = 0; i < N; i++)
        assert_int_equal(
            il_spawn(NULL, say_twice, (void *)(uintptr_t)names[i], NULL), 0);
}

/* What they say with a seed, in a buffer. */
static void hear(struct fixture *f, uint64_t seed, char *said, size_t size)
{
    forget_notes();
    assert_int_equal(il_test_use_seed(f->loop, seed), 0);
    spawn_all();
    settle(f);
    (void)snprintf(said, size, "%s", noted());
}

static void test_shuffle_seed_decides_the_order(void **state)
{
    char first[100];
    char again[100];
    int different = 0;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        hear(*state, seed, first, sizeof first);
        hear(*state, seed, again, sizeof again);
        assert_string_equal(first, again);
        different += strcmp(first, "a b c d e f a b c d e f") != 0;
    }
    assert_true(different >= 19);
    hear(*state, 0, first, sizeof first);
    assert_string_equal(first, "a b c d e f a b c d e f");
}

/* Nobody runs twice before everybody has run once. */
static void test_shuffle_keeps_turns(void **state)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        char said[100];

        hear(*state, seed, said, sizeof said);
        for (int half = 0; half < 2; half++)
            for (char c = 'a'; c < 'a' + N; c++)
                assert_non_null(memchr(said + half * 2 * N, c, 2 * N - 1));
    }
}

static void test_shuffle_reaches_every_order(void **state)
{
    struct fixture *f = *state;
    bool seen[6] = { false };
    int n = 0;

    for (uint64_t seed = 1; seed <= 100; seed++) {
        int place[3];

        forget_notes();
        assert_int_equal(il_test_use_seed(f->loop, seed), 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_spawn_lazy(NULL, say_twice,
                                           i == 0   ? TEXT("0")
                                           : i == 1 ? TEXT("1")
                                                    : TEXT("2"),
                                           NULL),
                             0);
        settle(f);
        for (int i = 0; i < 3; i++)
            place[i] = noted()[2 * i] - '0';
        seen[place[0] * 2 + (place[1] > place[2])] = true;
    }
    for (int i = 0; i < 6; i++)
        n += seen[i];
    assert_int_equal(n, 6);
}

static int note_once(void *arg)
{
    note("%s", (const char *)arg);
    return 0;
}

/* Posts are promised to come after what was ready before them. */
static void test_shuffle_leaves_callbacks_in_their_place(void **state)
{
    struct fixture *f = *state;

    for (uint64_t seed = 1; seed <= 50; seed++) {
        il_callback first = IL_CALLBACK_INIT(say, TEXT("1"));
        il_callback second = IL_CALLBACK_INIT(say, TEXT("2"));

        forget_notes();
        assert_int_equal(il_test_use_seed(f->loop, seed), 0);
        for (int i = 0; i < 2; i++)
            assert_int_equal(il_spawn_lazy(NULL, note_once, TEXT("a"), NULL),
                             0);
        assert_int_equal(il_post(f->loop, &first), 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(il_spawn_lazy(NULL, note_once, TEXT("b"), NULL),
                             0);
        assert_int_equal(il_post(f->loop, &second), 0);
        settle(f);
        assert_string_equal(noted(), "a a 1 b b b 2");
    }
}

static il_lock lock;

static int use_lock(void *arg)
{
    int r = il_lock_acquire(&lock);

    if (r < 0)
        return r;
    note("%s", (const char *)arg);
    r = il_yield();
    CHECK_INT(il_lock_release(&lock), 0);
    return r;
}

static void test_shuffle_leaves_waiters_in_their_order(void **state)
{
    struct fixture *f = *state;

    for (uint64_t seed = 1; seed <= 50; seed++) {
        forget_notes();
        assert_int_equal(il_test_use_seed(f->loop, seed), 0);
        assert_int_equal(il_spawn(NULL, use_lock, TEXT("a"), NULL), 0);
        assert_int_equal(il_spawn(NULL, use_lock, TEXT("b"), NULL), 0);
        assert_int_equal(il_spawn(NULL, use_lock, TEXT("c"), NULL), 0);
        assert_int_equal(il_spawn(NULL, use_lock, TEXT("d"), NULL), 0);
        settle(f);
        assert_string_equal(noted(), "a b c d");
    }
}

static int count(void *arg)
{
    for (int i = 0; i < 1000; i++) {
        int r = il_yield();

        if (r < 0)
            return r;
        ++*(int *)arg;
    }
    return 0;
}

static int look_at_counts(void *arg)
{
    int *counts = arg;
    il_group group;
    bool has_changed = false;
    int r = il_group_open(&group, 0);

    if (r < 0)
        return r;
    CHECK_INT(il_spawn(&group, count, &counts[0], NULL), 0);
    CHECK_INT(il_spawn(&group, count, &counts[1], NULL), 0);
    for (int i = 0; i < 900; i++) {
        r = il_yield();
        has_changed |= counts[0] < counts[1];
        CHECK(counts[0] - counts[1] <= 1 && counts[1] - counts[0] <= 1);
    }
    CHECK(has_changed);
    return il_group_close(&group);
}

/* Turns that would follow each other without a pause are shuffled, too. */
static void test_shuffle_of_a_busy_loop_on_the_real_clock(void **state)
{
    struct fixture *f = *state;
    int counts[2] = { 0, 0 };

    assert_int_equal(il_test_use_seed(f->loop, 3), 0);
    assert_int_equal(il_run(look_at_counts, counts), 0);
    assert_int_equal(counts[0] + counts[1], 2000);
}

static int nothing(void *arg)
{
    (void)arg;
    return il_yield();
}

static void test_shuffle_of_many_and_of_none(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_test_use_seed(f->loop, 12), 0);
    settle(f);
    for (int i = 0; i < MANY(5000); i++)
        assert_int_equal(il_spawn(NULL, nothing, NULL, NULL), 0);
    settle(f);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
    assert_int_equal(il_test_use_seed(NULL, 1), -EINVAL);
}

/* --- by the environment ---------------------------------------------------------- */

static int fail_unless_in_order(void *arg)
{
    char *text = arg;

    forget_notes();
    spawn_all();
    if (il_sleep(IL_SEC(1)) < 0)
        return -ECANCELED;
    (void)snprintf(text, 100, "%s", noted());
    return strcmp(text, "a b c d e f a b c d e f") == 0 ? 0 : -EPROTO;
}

/* What stderr got meanwhile. */
static int run_quietly(char *order, char *text, size_t size)
{
    FILE *file = tmpfile();
    int old = dup(STDERR_FILENO);
    size_t n;
    int r;

    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    r = il_test_run(fail_unless_in_order, order, NULL);
    assert_true(dup2(old, STDERR_FILENO) >= 0);
    assert_int_equal(close(old), 0);
    rewind(file);
    n = fread(text, 1, size - 1, file);
    text[n] = '\0';
    assert_int_equal(fclose(file), 0);
    return r;
}

static void
test_shuffle_seed_of_the_environment_is_told_on_failure(void **state)
{
    char order[100];
    char again[100];
    char text[1000];

    (void)state;
    assert_int_equal(run_quietly(order, text, sizeof text), 0);
    assert_string_equal(text, "");

    assert_int_equal(setenv("INTERLOOP_TEST_SEED", "42", 1), 0);
    assert_int_equal(run_quietly(order, text, sizeof text), -EPROTO);
    assert_string_equal(text,
                        "interloop: failed with INTERLOOP_TEST_SEED=42\n");
    assert_int_equal(run_quietly(again, text, sizeof text), -EPROTO);
    assert_string_equal(order, again);

    assert_int_equal(setenv("INTERLOOP_TEST_SEED", "random", 1), 0);
    if (run_quietly(order, text, sizeof text) < 0)
        assert_non_null(strstr(text, "INTERLOOP_TEST_SEED="));
    assert_int_equal(unsetenv("INTERLOOP_TEST_SEED"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shuffle_seed_decides_the_order),
        TEST(test_shuffle_keeps_turns),
        TEST(test_shuffle_reaches_every_order),
        TEST(test_shuffle_leaves_callbacks_in_their_place),
        TEST(test_shuffle_leaves_waiters_in_their_order),
        cmocka_unit_test_setup_teardown(
            test_shuffle_of_a_busy_loop_on_the_real_clock, setup_real,
            teardown),
        TEST(test_shuffle_of_many_and_of_none),
        cmocka_unit_test_setup_teardown(
            test_shuffle_seed_of_the_environment_is_told_on_failure,
            setup_checks, teardown_checks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
