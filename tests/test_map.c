/* SPDX-License-Identifier: MIT */

/* test_map.c - one function for many items, so many at a time. */

#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>
#include <string.h>

enum { N = 10 };

struct item {
    il_time duration;
    int result;
    il_time clean_up; /* if it is cancelled */
    int n_begun;
    int end_ms;
};

static int n_running;
static int most_running;

static int work(void *arg)
{
    struct item *item = arg;
    int clean = 0;
    int r;

    item->n_begun++;
    if (++n_running > most_running)
        most_running = n_running;
    r = item->duration ? il_sleep(item->duration) : 0;
    if (r < 0 && item->clean_up) {
        IL_SHIELD (IL_SEC(1), &clean) {
            clean = il_sleep(item->clean_up);
        }
    }
    n_running--;
    item->end_ms = (int)now_ms();
    return r < 0 ? r : item->result;
}

static void fill(struct item items[N], il_time duration)
{
    memset(items, 0, N * sizeof *items);
    for (int i = 0; i < N; i++)
        items[i] = (struct item){ .duration = duration, .result = i };
    n_running = 0;
    most_running = 0;
}

/* --- limits ----------------------------------------------------------------------- */

static int map_with_limits(void *arg)
{
    static const struct {
        size_t limit;
        int most;
        int rounds;
    } cases[] = { { 1, 1, 10 }, { 3, 3, 4 },  { 9, 9, 2 },
                  { N, N, 1 },  { 11, N, 1 }, { SIZE_MAX, N, 1 } };
    struct item items[N];
    int results[N];

    (void)arg;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        il_time before = now_ms();

        fill(items, IL_MS(10));
        CHECK_INT(
            il_map(items, N, sizeof *items, cases[i].limit, work, results), 0);
        CHECK_INT(most_running, cases[i].most);
        CHECK_INT(now_ms() - before, cases[i].rounds * 10);
        for (int j = 0; j < N; j++) {
            CHECK_INT(items[j].n_begun, 1);
            CHECK_INT(results[j], j);
        }
    }
    return 0;
}

static void test_map_runs_no_more_than_its_limit(void **state)
{
    (void)state;
    run(map_with_limits);
}

static int map_unequal(void *arg)
{
    struct item items[N];
    int results[N];

    (void)arg;
    fill(items, 0);
    for (int i = 0; i < N; i++)
        items[i].duration = IL_MS(10 * (i % 3)); /* some end at once */
    CHECK_INT(il_map(items, N, sizeof *items, 2, work, results), 0);
    for (int i = 0; i < N; i++)
        CHECK_INT(results[i], i);
    CHECK_INT(most_running, 2);
    /* Two at a time: 10 20 | 10 20 | 10 20, the third 10 begins as the first
     * has ended. */
    CHECK_INT(now_ms(), 50);
    CHECK_INT(il_map(items, N, sizeof *items, 2, work, NULL), 0);
    CHECK_INT(il_map(NULL, 0, 0, 2, work, NULL), 0);
    return 0;
}

static void test_map_begins_in_order_and_keeps_results_in_order(void **state)
{
    (void)state;
    run(map_unequal);
}

static int count_turns(void *arg)
{
    while (il_yield() == 0)
        ++*(int *)arg;
    return 0;
}

static int do_nothing(void *arg)
{
    ++*(char *)arg;
    return 0;
}

static int map_without_waiting(void *arg)
{
    static char bytes[5000];
    il_group group;
    int turns = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, count_turns, &turns, NULL), 0);
    CHECK_INT(il_map(bytes, sizeof bytes, 1, 4, do_nothing, NULL), 0);
    CHECK(turns >= 50);
    il_group_cancel(&group);
    CHECK_INT(il_group_close(&group), 0);
    CHECK(bytes[0] == 1 && bytes[sizeof bytes - 1] == 1);
    CHECK(memchr(bytes, 0, sizeof bytes) == NULL);
    return 0;
}

static void test_map_of_items_that_never_wait_starves_nobody(void **state)
{
    (void)state;
    run(map_without_waiting);
}

/* --- errors ------------------------------------------------------------------------ */

static int map_with_error(void *arg)
{
    struct item items[N];
    int results[N];

    (void)arg;
    fill(items, IL_MS(10));
    items[3].result = -EIO;
    items[4].duration = IL_SEC(9);
    items[4].clean_up = IL_MS(7);
    CHECK_INT(il_map(items, N, sizeof *items, 3, work, results), -EIO);
    CHECK_INT(now_ms(), 27); /* waited for the clean-up */
    CHECK_INT(results[2], 2);
    CHECK_INT(results[3], -EIO);
    CHECK_INT(results[4], -ECANCELED);
    for (int i = 6; i < N; i++) {
        CHECK_INT(items[i].n_begun, 0);
        CHECK_INT(results[i], -ECANCELED);
    }
    CHECK_INT(n_running, 0);
    CHECK_INT(il_yield(), 0);
    fill(items, 0);
    items[2].result = -EPERM;
    CHECK_INT(il_map(items, N, sizeof *items, 3, work, results), -EPERM);
    CHECK_INT(items[3].n_begun, 0);
    return 0;
}

static void test_map_error_cancels_the_rest_and_begins_no_more(void **state)
{
    (void)state;
    run(map_with_error);
}

static int map_with_errors(void *arg)
{
    struct item items[N];
    int results[N];

    (void)arg;
    fill(items, IL_MS(10));
    items[0].result = -EIO;
    items[1].result = -EPERM;
    CHECK_INT(il_map(items, N, sizeof *items, 3, work, results), -EIO);
    CHECK_INT(results[1], -EPERM);
    CHECK_INT(il_map(items, N, sizeof *items, 3, work, NULL), -EIO);
    return 0;
}

static void test_map_second_error_is_in_the_results_or_reported(void **state)
{
    struct kept_report report;

    run(map_with_errors);
    report = take_report(*state);
    assert_int_equal(report.error, -EPERM);
    assert_string_equal(report.task_name, "il_map");
}

static int map_all(void *arg)
{
    struct item items[N];
    int results[N];

    (void)arg;
    fill(items, IL_MS(10));
    items[0].duration = 0;
    items[0].result = -EPERM;
    items[3].result = -EIO;
    items[9].result = -EIO;
    CHECK_INT(il_map_all(items, N, sizeof *items, 3, work, results), 3);
    CHECK_INT(now_ms(), 30);
    for (int i = 0; i < N; i++)
        CHECK_INT(results[i], items[i].result);
    CHECK_INT(il_map_all(items, N, sizeof *items, 3, work, NULL), 3);
    CHECK_INT(il_map_all(items + 1, 1, sizeof *items, 3, work, NULL), 0);
    return 0;
}

/* And reports none. */
static void test_map_all_counts_the_errors(void **state)
{
    (void)state;
    run(map_all);
}

/* --- cancelled ----------------------------------------------------------------------- */

struct victim {
    struct item items[N];
    int results[N];
    bool all;
    int r;
    int next; /* what the suspension after it came to */
};

static int map(void *arg)
{
    struct victim *me = arg;

    me->r = (me->all ? il_map_all : il_map)(me->items, N, sizeof *me->items, 3,
                                            work, me->results);
    me->next = il_yield();
    return 0;
}

static void cancel_at(struct fixture *f, bool all, int at_ms)
{
    struct victim me = { .all = all };
    il_task *task;

    fill(me.items, IL_MS(10));
    me.items[5].clean_up = IL_MS(5);
    assert_int_equal(il_spawn(NULL, map, &me, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(at_ms)), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    (void)il_task_cancel(task); /* which may have ended by now */
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(me.r, -ECANCELED);
    assert_int_equal(me.next, -ECANCELED);
    assert_int_equal(n_running, 0);
    for (int i = 0; i < N; i++)
        assert_int_equal(me.results[i], i < at_ms / 10 * 3 ? i : -ECANCELED);
    assert_int_equal(reap(task), 0);
}

static void test_map_cancelled_at_every_moment_waits_for_all(void **state)
{
    for (int at = 0; at < 40; at += 5) {
        cancel_at(*state, false, at);
        cancel_at(*state, true, at);
    }
}

static il_task *mapper;
static int n_begun;

/* The first makes room and wakes the caller, which the second cancels then. */
static int end_or_cancel(void *arg)
{
    int r;

    n_begun++;
    r = il_sleep(IL_MS(10));
    if (*(char *)arg == 'c')
        CHECK_INT(il_task_cancel(mapper), 0);
    return r;
}

static int map_and_be_cancelled(void *arg)
{
    char items[] = "ecxxx";
    int results[5];

    (void)arg;
    CHECK_INT(il_map(items, 5, 1, 2, end_or_cancel, results), -ECANCELED);
    CHECK_INT(results[0], 0);
    CHECK_INT(results[1], 0);
    CHECK_INT(results[2], -ECANCELED);
    return 0;
}

static void test_map_cancelled_with_room_begins_no_more(void **state)
{
    struct fixture *f = *state;

    n_begun = 0;
    assert_int_equal(il_spawn(NULL, map_and_be_cancelled, NULL, &mapper), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(n_begun, 2);
    assert_int_equal(reap(mapper), 0);
}

/* --- misuse ------------------------------------------------------------------------ */

static int refuse(void *arg)
{
    char byte = 0;
    int result = 0x5eed;

    (void)arg;
    CHECK_INT(il_map(NULL, 1, 1, 1, do_nothing, &result), -EINVAL);
    CHECK_INT(il_map(&byte, 1, 1, 0, do_nothing, &result), -EINVAL);
    CHECK_INT(il_map(&byte, 1, 1, 1, NULL, &result), -EINVAL);
    CHECK_INT(il_map_all(&byte, 1, 1, 0, do_nothing, &result), -EINVAL);
    CHECK_INT(byte, 0);
    CHECK_INT(result, 0x5eed);
    return 0;
}

static void test_map_refuses_nonsense(void **state)
{
    char byte = 0;
    int result = 0x5eed;

    (void)state;
    run(refuse);
    assert_int_equal(il_map(&byte, 1, 1, 1, do_nothing, &result), -ESRCH);
    assert_int_equal(il_map_all(&byte, 1, 1, 1, do_nothing, &result), -ESRCH);
    assert_int_equal(result, 0x5eed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define TEST_MANUAL(name)                                                      \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_map_runs_no_more_than_its_limit),
        TEST(test_map_begins_in_order_and_keeps_results_in_order),
        TEST(test_map_of_items_that_never_wait_starves_nobody),
        TEST(test_map_error_cancels_the_rest_and_begins_no_more),
        TEST(test_map_second_error_is_in_the_results_or_reported),
        TEST(test_map_all_counts_the_errors),
        TEST_MANUAL(test_map_cancelled_at_every_moment_waits_for_all),
        TEST_MANUAL(test_map_cancelled_with_room_begins_no_more),
        TEST(test_map_refuses_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
