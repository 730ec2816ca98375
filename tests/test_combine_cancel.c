/* SPDX-License-Identifier: MIT */

/* test_combine_cancel.c - each way of running several functions is cancelled at
 * every moment, by somebody who comes before it in a turn or after it. */

#include "support/fixture.h"

#include <errno.h>

enum { N = 4 };

static int n_open; /* resources held */
static il_call calls[N];
static il_time durations[N];
static int results[N];

/* Each sleeps, cleans up for 2 ms and has its index as result. */
static int work(void *arg)
{
    size_t i = (size_t)((il_time *)arg - durations);
    int clean = 0;
    int r;

    n_open++;
    r = il_sleep(durations[i]);
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(2));
    }
    CHECK_INT(clean, 0);
    n_open--;
    return r < 0 ? r : (int)i;
}

static int work_in_vain(void *arg)
{
    int r = work(arg);

    return r < 0 ? r : -EIO;
}

static int by_gather(void)
{
    return il_gather(calls, N);
}

static int by_gather_all(void)
{
    return il_gather_all(calls, N);
}

static int by_race(void)
{
    return il_race(calls, N, NULL);
}

static int by_race_staggered(void)
{
    return il_race_staggered(calls, N, IL_MS(3), NULL);
}

static int by_race_of_failures(void)
{
    for (int i = 0; i < N; i++)
        calls[i].fn = work_in_vain;
    return il_race_staggered(calls, N, IL_MS(3), NULL);
}

static int by_first(void)
{
    return il_first(calls, N, NULL);
}

static int by_map(void)
{
    return il_map(durations, N, sizeof *durations, 2, work, results);
}

static int by_map_all(void)
{
    return il_map_all(durations, N, sizeof *durations, 3, work_in_vain,
                      results);
}

static struct way {
    const char *name;
    int (*run)(void);
    int expected; /* if nobody cancels it */
    int end_ms;   /* likewise */
} ways[] = {
    { "gather", by_gather, 0, 10 },
    { "gather all", by_gather_all, 0, 10 },
    { "race", by_race, 0, 6 },
    { "race staggered", by_race_staggered, 0, 9 },
    { "race of failures", by_race_of_failures, -EIO, 16 },
    { "first", by_first, 0, 6 },
    { "map", by_map, 0, 14 },
    { "map all", by_map_all, 4, 10 },
};

struct story {
    const struct way *way;
    il_task *victim;
    il_time at;
    il_time end;
    int r;
    int next; /* the suspension after it */
};

static int be_victim(void *arg)
{
    struct story *story = arg;

    story->r = story->way->run();
    story->end = il_now();
    CHECK_INT(n_open, 0); /* every loser was waited for */
    story->next = il_yield();
    return 0;
}

static int cancel_twice(void *arg)
{
    struct story *story = arg;

    CHECK_INT(il_sleep(story->at), 0);
    if (il_task_is_done(story->victim))
        return 0;
    CHECK_INT(il_task_cancel(story->victim), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    if (!il_task_is_done(story->victim))
        CHECK_INT(il_task_cancel(story->victim), 0);
    return 0;
}

static void reset(void)
{
    static const il_time standard[] = { IL_MS(6), IL_MS(2), IL_MS(8),
                                        IL_MS(4) };

    for (int i = 0; i < N; i++) {
        durations[i] = standard[i];
        calls[i] = (il_call){ work, &durations[i], 0x5eed };
        results[i] = 0x5eed;
    }
}

static void tell(struct fixture *f, const struct way *way, il_time at,
                 bool victim_first)
{
    struct story story = { .way = way, .at = at };
    il_time begin = il_now();

    reset();
    if (victim_first)
        assert_int_equal(il_spawn(NULL, be_victim, &story, &story.victim), 0);
    assert_int_equal(il_spawn(NULL, cancel_twice, &story, NULL), 0);
    if (!victim_first)
        assert_int_equal(il_spawn(NULL, be_victim, &story, &story.victim), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_int_equal(reap(story.victim), 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
    /* What it would come to, or the cancel, if that came in time. */
    if (story.r != way->expected)
        assert_int_equal(story.r, -ECANCELED);
    if (at > IL_MS(way->end_ms)) {
        assert_int_equal(story.r, way->expected);
        assert_int_equal((story.end - begin) / IL_MS(1), way->end_ms);
    }
    if (story.r == -ECANCELED) {
        assert_int_equal(story.next, -ECANCELED);
        assert_true(story.end - begin <= at + IL_MS(2));
    }
    if (at < IL_MS(2))
        assert_int_equal(story.r, -ECANCELED);
}

static void test_combine_cancelled_at_every_moment_cleans_up(void **state)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        note("%s", ways[i].name); /* for whoever looks at a failure */
        for (int half_ms = 0; half_ms <= 44; half_ms++) {
            tell(*state, &ways[i], IL_MS(0.5) * half_ms, true);
            tell(*state, &ways[i], IL_MS(0.5) * half_ms, false);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_combine_cancelled_at_every_moment_cleans_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
