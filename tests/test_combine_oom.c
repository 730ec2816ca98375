/* SPDX-License-Identifier: MIT */

/* test_combine_oom.c - the memory for the k-th task is missing.
 *
 * The linker sends the spawns of the library here.  Each way of running several
 * functions is tried again and again, first without memory for the first task,
 * then for the second, and so on.  Each time all that were begun must have ended
 * and cleaned up when -ENOMEM is returned. */

#include "support/fixture.h"

#include <errno.h>

enum { N = 5 };

static int spawns_left; /* so many work, then one fails */

int __real_il_spawn_at(il_group *group, il_task_fn *fn, void *arg,
                       il_task **ret_task, const il_site *site);
int __wrap_il_spawn_at(il_group *group, il_task_fn *fn, void *arg,
                       il_task **ret_task, const il_site *site);
int __real_il_spawn_with(il_group *group, const il_spawn_options *options,
                         il_task **ret_task);
int __wrap_il_spawn_with(il_group *group, const il_spawn_options *options,
                         il_task **ret_task);

int __wrap_il_spawn_at(il_group *group, il_task_fn *fn, void *arg,
                       il_task **ret_task, const il_site *site)
{
    if (spawns_left-- == 0)
        return -ENOMEM;
    return __real_il_spawn_at(group, fn, arg, ret_task, site);
}

int __wrap_il_spawn_with(il_group *group, const il_spawn_options *options,
                         il_task **ret_task)
{
    if (spawns_left-- == 0)
        return -ENOMEM;
    return __real_il_spawn_with(group, options, ret_task);
}

/* --- the work --------------------------------------------------------------------- */

static int n_begun;
static int n_open; /* resources held */

static int work(void *arg)
{
    int clean = 0;
    int r;

    (void)arg;
    n_begun++;
    n_open++;
    r = il_sleep(IL_MS(10));
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(1));
    }
    CHECK_INT(clean, 0);
    n_open--;
    return r;
}

static il_call calls[N];
static int results[N];
static char items[N];

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

static int by_first(void)
{
    return il_first(calls, N, NULL);
}

static int by_race_staggered(void)
{
    return il_race_staggered(calls, N, IL_MS(1), NULL);
}

static int by_map(void)
{
    return il_map(items, N, 1, N, work, results);
}

static int by_map_two(void)
{
    return il_map(items, N, 1, 2, work, results);
}

static int by_map_all(void)
{
    return il_map_all(items, N, 1, 2, work, results);
}

/* Of those that never began, and of those that were cancelled. */
static void check_results(int k)
{
    for (int i = 0; i < N; i++)
        CHECK(calls[i].result == -ECANCELED || i < k);
    for (int i = 0; i < N; i++)
        CHECK(results[i] == -ECANCELED || i < k);
}

static int try_without_kth(void *arg)
{
    int (*combine)(void) = *(int (**)(void))arg;

    for (int k = 0; k < N; k++) {
        for (int i = 0; i < N; i++) {
            calls[i] = (il_call){ work, NULL, -ECANCELED };
            results[i] = -ECANCELED;
        }
        n_begun = 0;
        spawns_left = k;
        CHECK_INT(combine(), -ENOMEM);
        CHECK_INT(n_begun, k);
        CHECK_INT(n_open, 0);
        check_results(k);
        CHECK_INT(il_yield(), 0);
    }
    spawns_left = N;
    CHECK(combine() >= 0);
    CHECK_INT(n_open, 0);
    return 0;
}

static void test_combine_oom_leaves_nothing_behind(void **state)
{
    static int (*const ways[])(void) = {
        by_gather, by_gather_all,     by_race,    by_first,
        by_map,    by_race_staggered, by_map_two, by_map_all,
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int (*way)(void) = ways[i];

        spawns_left = N;
        assert_int_equal(il_run(try_without_kth, &way), 0);
        assert_int_equal(il_loop_count_tasks(f->loop), 0);
    }
}

static int start_without(void *arg)
{
    il_group group;
    il_task *task = arg;

    CHECK_INT(il_group_open(&group, 0), 0);
    spawns_left = 0;
    CHECK_INT(il_spawn_ready(&group, work, NULL, &task, NULL), -ENOMEM);
    CHECK(task == arg);
    CHECK_INT(il_group_count(&group), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_combine_oom_of_a_task_to_be_ready(void **state)
{
    (void)state;
    spawns_left = N;
    n_begun = 0;
    assert_int_equal(il_run(start_without, NULL), 0);
    assert_int_equal(n_begun, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_combine_oom_leaves_nothing_behind),
        TEST(test_combine_oom_of_a_task_to_be_ready),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
