/* SPDX-License-Identifier: MIT */

/* test_explore_combine.c - waiting for several tasks, starting them, mapping, in
 * every order, cancelled everywhere.
 *
 * Nobody is left running; what was won is not lost; results are where they belong. */

#include "support/exploring.h"

#include <string.h>

static struct {
    int running;
    int most; /* at the same time */
    int begun;
    int ended;
} crew;

static int crew_setup(void *arg)
{
    (void)arg;
    memset(&crew, 0, sizeof crew);
    return 0;
}

static int crew_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result >= 0 || result == -ECANCELED || result == -ETIMEDOUT);
    HOLDS(crew.running == 0);
    HOLDS(crew.begun == crew.ended);
    return verdict();
}

static void try_all(const char *name, il_task_fn *body, unsigned n_suspensions)
{
    const il_test_scenario scenario = {
        .name = name, .body = body, .setup = crew_setup, .check = crew_check
    };

    explore_some(&scenario, 1500);
    inject_all(&scenario, n_suspensions);
}

/* Ends after so many milliseconds, with that as its result, or fails. */
struct job {
    int ms;
    int result;
};

static int do_job(void *arg)
{
    struct job job = *(const struct job *)arg;
    int clean_up = 0;
    int r;

    crew.begun++;
    if (++crew.running > crew.most)
        crew.most = crew.running;
    r = il_sleep(IL_MS(job.ms));
    IL_SHIELD (IL_MS(9), &clean_up) {
        clean_up = il_yield();
    }
    HOLDS(clean_up == 0);
    crew.running--;
    crew.ended++;
    return r < 0 ? r : job.result;
}

/* --- combinators ---------------------------------------------------------------- */

static int stagger(void *arg)
{
    struct job jobs[] = { { 5, 1 }, { 2, -EIO }, { 1, 3 } };
    il_call calls[] = { { .fn = do_job, .arg = &jobs[0] },
                        { .fn = do_job, .arg = &jobs[1] },
                        { .fn = do_job, .arg = &jobs[2] } };
    size_t winner = 77;
    int r = il_race_staggered(calls, 3, IL_MS(2), &winner);

    (void)arg;
    HOLDS(crew.running == 0);
    HOLDS(r == 0 || r == -ECANCELED);
    HOLDS(r == 0 ? winner < 3 && calls[winner].result >= 0 : winner == 77);
    for (int i = 0; i < 3 && r < 0; i++)
        HOLDS(calls[i].result < 0);
    return r;
}

static void test_explore_staggered_race_gh_124309_leaves_nobody(void **state)
{
    (void)state;
    try_all("staggered", stagger, 1);
}

static int take_first(void *arg)
{
    struct job jobs[] = { { 1, -EIO }, { 1, 2 }, { 3, 3 } };
    il_call calls[] = { { .fn = do_job, .arg = &jobs[0] },
                        { .fn = do_job, .arg = &jobs[1] },
                        { .fn = do_job, .arg = &jobs[2] } };
    size_t index = 77;
    int r = il_first(calls, 3, &index);

    (void)arg;
    HOLDS(crew.running == 0);
    HOLDS(r == 0 || r == -ECANCELED);
    HOLDS(r == 0 ? index < 3 && calls[index].result == jobs[index].result
                 : index == 77);
    return r;
}

static void test_explore_first_takes_one_of_those_that_came(void **state)
{
    (void)state;
    try_all("first", take_first, 1);
}

static int map_some(void *arg)
{
    struct job jobs[] = { { 2, 1 }, { 1, 2 }, { 1, 3 }, { 1, 4 } };
    int results[] = { 77, 77, 77, 77 };
    int r = il_map(jobs, 4, sizeof *jobs, 2, do_job, results);

    (void)arg;
    HOLDS(crew.running == 0);
    HOLDS(crew.most <= 2);
    HOLDS(r == 0 || r == -ECANCELED);
    for (int i = 0; i < 4; i++)
        HOLDS(results[i] == jobs[i].result ||
              (r < 0 && results[i] == -ECANCELED));
    return r;
}

static void test_explore_map_keeps_its_limit(void **state)
{
    (void)state;
    try_all("map", map_some, 1);
}

/* --- waiting -------------------------------------------------------------------- */

static int wait_for_any(void *arg)
{
    struct job jobs[] = { { 2, 5 }, { 2, 6 } };
    il_awaited awaited[2];
    il_group group;
    size_t index = 77;
    int n;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)arg;
    if (r < 0)
        return r;
    for (int i = 0; i < 2; i++) {
        awaited[i] = (il_awaited){ 0 };
        HOLDS(il_spawn(&group, do_job, &jobs[i], &awaited[i].task) == 0);
    }
    n = il_wait_any(awaited, 2, &index);
    HOLDS(n == -ECANCELED ? index == 77 : n >= 1 && n <= 2 && index < 2);
    if (n > 0) {
        HOLDS(awaited[index].has_ended);
        HOLDS(awaited[index].result == jobs[index].result);
        HOLDS(awaited[0].has_ended + awaited[1].has_ended == n);
        n = il_wait_all(awaited, 2);
        HOLDS(n == -ECANCELED ||
              (n >= 0 && awaited[0].result == 5 && awaited[1].result == 6));
    }
    il_group_cancel(&group);
    r = il_group_close(&group);
    for (int i = 0; i < 2; i++)
        (void)il_task_unref(awaited[i].task);
    return r < 0 ? r : n < 0 ? n : 0;
}

static void test_explore_wait_any_says_who_has_ended(void **state)
{
    (void)state;
    try_all("wait any", wait_for_any, 1);
}

static int wait_in_time(void *arg)
{
    struct job job = { 3, 8 };
    int result = 77;
    il_group group;
    il_task *task;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);
    int waited;

    (void)arg;
    if (r < 0)
        return r;
    HOLDS(il_spawn(&group, do_job, &job, &task) == 0);
    waited = il_wait_for(task, IL_MS(3), &result); /* at the same instant */
    HOLDS(waited == 0 || waited == -ETIMEDOUT || waited == -ECANCELED);
    /* A timeout stops the task and waits for it; its value wins. */
    HOLDS(waited == 0 ? result == 8 || result == -ECANCELED : result == 77);
    r = il_group_close(&group);
    (void)il_task_unref(task);
    return r < 0 ? r : waited == -ETIMEDOUT ? 0 : waited;
}

static void test_explore_wait_for_bpo_37658_keeps_the_result(void **state)
{
    (void)state;
    try_all("wait for", wait_in_time, 1);
}

/* --- being ready ---------------------------------------------------------------- */

static int get_ready(void *arg)
{
    int r = il_sleep(IL_MS(1));

    crew.begun++;
    crew.running++;
    if (r == 0)
        r = il_ready(arg);
    HOLDS(r == 0 || r == -ECANCELED);
    if (r == 0)
        r = il_sleep(IL_MS(2));
    crew.running--;
    crew.ended++;
    return r;
}

static int start_service(void *arg)
{
    int service = 5;
    void *value = NULL;
    il_task *task = NULL;
    il_group group;
    int ready;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)arg;
    if (r < 0)
        return r;
    ready = il_spawn_ready(&group, get_ready, &service, &task, &value);
    HOLDS(ready == 0 || ready == -ECANCELED);
    HOLDS(ready == 0 ? value == &service && task : !value && !task);
    HOLDS(ready == 0 || crew.running == 0);
    r = il_group_close(&group);
    (void)il_task_unref(task);
    return r < 0 ? r : ready;
}

static void test_explore_ready_waits_or_ends_the_task(void **state)
{
    (void)state;
    try_all("ready", start_service, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_staggered_race_gh_124309_leaves_nobody),
        BARE_TEST(test_explore_first_takes_one_of_those_that_came),
        BARE_TEST(test_explore_map_keeps_its_limit),
        BARE_TEST(test_explore_wait_any_says_who_has_ended),
        BARE_TEST(test_explore_wait_for_bpo_37658_keeps_the_result),
        BARE_TEST(test_explore_ready_waits_or_ends_the_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
