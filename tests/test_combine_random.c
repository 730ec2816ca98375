/* SPDX-License-Identifier: MIT */

/* test_combine_random.c - trees of functions that run at the same time, in every
 * way there is, with failures and cancels at random.
 *
 * Whatever happens: when a call has returned, all that it began is over; a result
 * is one that can be; and nothing is reported that somebody was told. */

#include "support/fixture.h"

#include <errno.h>
#include <stdint.h>

enum { N = 4, DEPTH = 3, STORIES = 2000 };

static uint32_t seed;
static int n_open; /* functions that have begun and not ended */
static int n_begun;

static unsigned pick(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 16) % n;
}

/* In steps of half a millisecond, so that much falls together. */
static il_time some_time(void)
{
    return IL_MS(0.5) * (il_time)pick(6);
}

struct node {
    int depth;
    int n_open; /* of what it began */
};

static int grow(void *arg);

static int gather(struct node *nodes)
{
    il_call calls[N];
    int r;

    for (int i = 0; i < N; i++)
        calls[i] = (il_call){ grow, &nodes[i], 0x5eed };
    r = pick(2) ? il_gather(calls, N) : il_gather_all(calls, N);
    CHECK(r <= N);
    for (int i = 0; i < N; i++)
        CHECK(calls[i].result != 0x5eed && (r != 0 || calls[i].result >= 0));
    return r;
}

static int race(struct node *nodes)
{
    il_call calls[N];
    size_t winner = N;
    unsigned way = pick(3);
    int r;

    for (int i = 0; i < N; i++)
        calls[i] = (il_call){ grow, &nodes[i], 0x5eed };
    if (way == 0)
        r = il_race(calls, N, &winner);
    else if (way == 1)
        r = il_race_staggered(calls, N, some_time(), &winner);
    else
        r = il_first(calls, N, &winner);
    CHECK((r == 0) == (winner < N));
    CHECK(r < 0 || way == 2 || calls[winner].result >= 0);
    return r;
}

static int map(struct node *nodes)
{
    int results[N] = { 0x5eed, 0x5eed, 0x5eed, 0x5eed };
    int r = (pick(2) ? il_map : il_map_all)(nodes, N, sizeof *nodes,
                                            1 + pick(N), grow, results);

    CHECK(r <= N);
    for (int i = 0; i < N; i++)
        CHECK(results[i] != 0x5eed && (r != 0 || results[i] >= 0));
    return r;
}

/* Spawned by hand, waited for, and stopped. */
static int wait(struct node *nodes)
{
    il_awaited awaited[N];
    il_failure list[N];
    il_failures failures = IL_FAILURES_INIT(list);
    il_group group;
    size_t which = N;
    int n = 0;
    int r = 0;

    CHECK_INT(il_group_open(&group, IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_group_keep_failures(&group, &failures), 0);
    while (n < N && r == 0) {
        r = il_spawn(&group, grow, &nodes[n], &awaited[n].task);
        n += r == 0;
    }
    if (n > 0)
        r = pick(2) ? il_wait_any(awaited, (size_t)n, &which)
                    : il_wait_error(awaited, (size_t)n, &which);
    CHECK(r < 0 || which == (size_t)n || awaited[which].has_ended);
    if (n > 0 && pick(2))
        (void)il_task_stop(awaited[0].task, some_time(), NULL);
    if (r > 0 && pick(2)) {
        il_group_cancel(&group);
        r = 0;
    }
    if (r >= 0)
        r = il_wait_all(awaited, (size_t)n);
    if (r == -ECANCELED)
        il_group_cancel(&group);
    (void)il_group_close(&group);
    for (int i = 0; i < n; i++) {
        CHECK(il_task_is_done(awaited[i].task));
        il_task_unref(awaited[i].task);
    }
    return r;
}

/* It is ready at some time, and goes on. */
static int get_ready(void *arg)
{
    int r = il_sleep(some_time());

    if (r == 0 && pick(4) > 0)
        r = il_ready(arg);
    return r < 0 ? r : grow(arg);
}

static int start(struct node *nodes)
{
    il_failures failures = { NULL, 0, 0 };
    void *value = NULL;
    il_group group;
    int closed;
    int r = 0;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_group_keep_failures(&group, &failures), 0);
    IL_TIMEOUT (IL_MS(2), &r) {
        r = il_spawn_ready(&group, get_ready, &nodes[0], NULL, &value);
    }
    CHECK((r == 0) == (value == &nodes[0]));
    CHECK_INT(il_group_count(&group), nodes[0].n_open > 0 && r == 0);
    if (pick(2))
        il_group_cancel(&group);
    closed = il_group_close(&group);
    CHECK(failures.n <= 1);
    return r < 0 ? r : closed;
}

static int end(struct node *nodes)
{
    int r = il_sleep(some_time());

    (void)nodes;
    if (r == 0 && pick(3) == 0)
        r = -EIO;
    return r;
}

static int grow(void *arg)
{
    static int (*const ways[])(struct node *) = { gather, race,  map,
                                                  wait,   start, end };
    struct node *me = arg;
    struct node nodes[N] = { { 0, 0 } };
    int r;

    me->n_open++;
    n_open++;
    n_begun++;
    for (int i = 0; i < N; i++)
        nodes[i].depth = me->depth - 1;
    r = (me->depth > 0 ? ways[pick(6)] : end)(nodes);
    for (int i = 0; i < N; i++)
        CHECK_INT(nodes[i].n_open, 0);
    n_open--;
    me->n_open--;
    return r;
}

static int tell(void *arg)
{
    struct node root = { DEPTH, 0 };

    (void)arg;
    (void)grow(&root);
    return 0;
}

/* Reports of second errors of plain groups would be left over: there are none. */
static void test_combine_random_stories_leave_nothing_behind(void **state)
{
    struct fixture *f = *state;

    for (uint32_t story = 0; story < STORIES; story++) {
        il_task *task;

        seed = story;
        assert_int_equal(il_spawn(NULL, tell, NULL, &task), 0);
        if (pick(3) > 0) {
            assert_int_equal(il_test_advance(f->loop, some_time()), 0);
            (void)il_task_cancel(task);
        }
        assert_int_equal(il_test_advance(f->loop, IL_SEC(10)), 0);
        assert_true(il_task_is_done(task));
        il_task_unref(task);
        assert_int_equal(n_open, 0);
        assert_int_equal(il_loop_count_tasks(f->loop), 0);
    }
    assert_true(n_begun > 10 * STORIES); /* or it has tested nothing */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_combine_random_stories_leave_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
