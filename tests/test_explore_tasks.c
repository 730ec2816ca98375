/* SPDX-License-Identifier: MIT */

/* test_explore_tasks.c - groups, combinators, joins, sleeps and descriptors in every
 * order, cancelled everywhere.
 *
 * Whatever happens, nobody is left running when who waits for it has returned. */

#include "support/exploring.h"
#include "support/pipes.h"

#include <string.h>

static struct {
    int running;
    int begun;
    int ended;
    int r[4];
} crew;

static int crew_setup(void *arg)
{
    (void)arg;
    memset(&crew, 0, sizeof crew);
    return 0;
}

/* Fails or ends well after so many milliseconds, with some clean-up. */
struct job {
    int ms;
    int result;
};

static int do_job(void *arg)
{
    struct job job = *(const struct job *)arg;
    int clean_up = 0;
    int r;

    crew.running++;
    crew.begun++;
    r = il_sleep(IL_MS(job.ms));
    IL_SHIELD (IL_MS(5), &clean_up) {
        clean_up = il_yield();
    }
    HOLDS(clean_up == 0);
    crew.running--;
    crew.ended++;
    return r < 0 ? r : job.result;
}

static int crew_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result >= 0 || result == -ECANCELED || result == -ETIMEDOUT ||
          result == -EIO);
    HOLDS(crew.running == 0);
    HOLDS(crew.begun == crew.ended);
    return verdict();
}

static il_test_scenario crew_scenario(const char *name, il_task_fn *body)
{
    return (il_test_scenario){
        .name = name, .body = body, .setup = crew_setup, .check = crew_check
    };
}

/* --- combinators ---------------------------------------------------------------- */

static int gather_jobs(void *arg)
{
    struct job jobs[] = { { 1, 0 }, { 2, 3 }, { 2, -EIO } };
    il_call calls[] = { { .fn = do_job, .arg = &jobs[0] },
                        { .fn = do_job, .arg = &jobs[1] },
                        { .fn = do_job, .arg = &jobs[2] } };
    int r = il_gather(calls, 3);

    (void)arg;
    HOLDS(crew.running == 0);
    HOLDS(r == -EIO || r == -ECANCELED);
    HOLDS(calls[0].result == 0 || calls[0].result == -ECANCELED);
    HOLDS(calls[2].result == -EIO || calls[2].result == -ECANCELED);
    HOLDS(r == -ECANCELED || calls[2].result == -EIO);
    return r;
}

static void test_explore_gather_waits_for_all(void **state)
{
    il_test_scenario scenario = crew_scenario("gather", gather_jobs);

    (void)state;
    explore_all(&scenario);
    inject_all(&scenario, 1);
}

static int race_jobs(void *arg)
{
    struct job jobs[] = { { 1, -EIO }, { 2, 4 }, { 2, 5 } };
    il_call calls[] = { { .fn = do_job, .arg = &jobs[0] },
                        { .fn = do_job, .arg = &jobs[1] },
                        { .fn = do_job, .arg = &jobs[2] } };
    size_t winner = 77;
    int r = il_race(calls, 3, &winner);

    (void)arg;
    HOLDS(crew.running == 0);
    if (r == 0) {
        HOLDS(winner == 1 || winner == 2);
        HOLDS(winner < 3 && calls[winner].result == jobs[winner].result);
    } else {
        HOLDS(winner == 77);
        HOLDS(r == -ECANCELED);
        for (int i = 0; i < 3; i++)
            HOLDS(calls[i].result < 0);
    }
    return r;
}

static void test_explore_race_bpo_37658_keeps_what_was_won(void **state)
{
    il_test_scenario scenario = crew_scenario("race", race_jobs);

    (void)state;
    explore_all(&scenario);
    inject_all(&scenario, 1);
}

/* --- groups --------------------------------------------------------------------- */

/* A failure that a group has no use for is reported. */
static void ignore_report(const il_report *report, void *arg)
{
    (void)arg;
    HOLDS(report->kind == IL_REPORT_UNHANDLED && report->error == -EIO);
}

/* Takes them as they end, and stops after the first two. */
static int collect_jobs(void *arg)
{
    struct job jobs[] = { { 2, 1 }, { 1, -EIO }, { 2, 3 } };
    unsigned flags = IL_GROUP_COLLECT | IL_GROUP_SUPERVISE;
    il_group group;
    il_task *task;
    int n = 0;
    int r = il_group_open(&group, flags);

    (void)arg;
    il_loop_set_report_handler(il_loop_current(), ignore_report, NULL);
    if (r < 0)
        return r;
    for (int i = 0; i < 3; i++)
        HOLDS(il_spawn(&group, do_job, &jobs[i], NULL) == 0);
    while (n < 2 && (r = il_group_next(&group, &task)) == 0) {
        HOLDS(il_task_is_done(task));
        (void)il_task_try_join(task, NULL);
        (void)il_task_unref(task);
        n++;
    }
    HOLDS(r == 0 || r == -ECANCELED);
    il_group_cancel(&group);
    r = il_group_close(&group);
    HOLDS(crew.running == 0);
    HOLDS(r == 0 || r == -ECANCELED);
    return r;
}

static void test_explore_group_gives_each_end_once(void **state)
{
    il_test_scenario scenario = crew_scenario("collect", collect_jobs);

    (void)state;
    explore_all(&scenario);
    inject_all(&scenario, 2);
}

/* The first failure cancels the others and the one who waits for something else. */
static int fail_together(void *arg)
{
    struct job jobs[] = { { 1, -EIO }, { 1, -EIO }, { 3, 0 } };
    il_group group;
    int slept;
    int r = il_group_open(&group, 0);

    (void)arg;
    il_loop_set_report_handler(il_loop_current(), ignore_report, NULL);
    if (r < 0)
        return r;
    for (int i = 0; i < 3; i++)
        HOLDS(il_spawn(&group, do_job, &jobs[i], NULL) == 0);
    slept = il_sleep(IL_MS(2));
    HOLDS(slept == 0 || slept == -ECANCELED);
    r = il_group_close(&group);
    HOLDS(r == -EIO || r == -ECANCELED);
    HOLDS(crew.running == 0);
    return r;
}

static void test_explore_group_gh_94398_fails_as_one(void **state)
{
    il_test_scenario scenario = crew_scenario("group", fail_together);

    (void)state;
    explore_all(&scenario);
    inject_all(&scenario, 1);
}

/* --- joins ---------------------------------------------------------------------- */

static int join_it(void *arg)
{
    il_task *task = *(il_task *const *)arg;
    int result = 77;
    int r = il_task_join(task, &result);

    HOLDS(r == 0 || r == -ECANCELED);
    HOLDS(result == (r == 0 ? 6 : 77));
    crew.r[0] += r == 0;
    crew.r[1] += r < 0;
    return r;
}

static int join_by_three(void *arg)
{
    struct job job = { 1, 6 };
    il_group group;
    il_task *task;
    il_task *joiner;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    (void)arg;
    if (r < 0)
        return r;
    HOLDS(il_spawn(&group, do_job, &job, &task) == 0);
    HOLDS(il_spawn_copy(&group, join_it, &task, sizeof task, NULL) == 0);
    HOLDS(il_spawn_copy(&group, join_it, &task, sizeof task, &joiner) == 0);
    HOLDS(il_test_set_victim(joiner) == 0);
    HOLDS(il_spawn_copy(&group, join_it, &task, sizeof task, NULL) == 0);
    r = il_group_close(&group);
    HOLDS(crew.r[0] + crew.r[1] == 3);
    HOLDS(crew.r[1] <= 1);
    (void)il_task_unref(joiner);
    (void)il_task_unref(task);
    return r;
}

static void test_explore_join_tells_all_and_cancels_nobody(void **state)
{
    il_test_scenario scenario = crew_scenario("join", join_by_three);

    (void)state;
    explore_all(&scenario);
    inject_all(&scenario, 1);
}

/* --- time ----------------------------------------------------------------------- */

/* Whose deadline it was is never mixed up. */
static int nest_deadlines(void *arg)
{
    int inner = 0;
    int outer = 0;
    il_time start = il_now();

    (void)arg;
    IL_TIMEOUT (IL_MS(5), &outer) {
        IL_TIMEOUT (IL_MS(3), &inner) {
            inner = il_sleep(IL_MS(3)); /* at the same instant */
        }
        HOLDS(inner == 0 || inner == -ETIMEDOUT || inner == -ECANCELED);
        HOLDS(inner != 0 || il_now() == start + IL_MS(3));
        HOLDS(inner != -ETIMEDOUT || !il_task_is_cancelled(il_task_current()));
        outer = il_sleep(IL_MS(10));
        HOLDS(outer == -ECANCELED);
    }
    HOLDS(outer == -ETIMEDOUT || outer == -ECANCELED);
    return outer == -ETIMEDOUT ? 0 : outer;
}

static void test_explore_deadline_bpo_46771_belongs_to_its_scope(void **state)
{
    il_test_scenario scenario = crew_scenario("deadlines", nest_deadlines);

    (void)state;
    explore_all(&scenario);
    inject_all(&scenario, 2);
}

/* --- descriptors ---------------------------------------------------------------- */

enum { AMOUNT = 200000 }; /* more than a pipe holds */

static struct {
    int fds[2];
    size_t written;
    size_t bytes;
    char data[AMOUNT];
} flow;

static int flow_setup(void *arg)
{
    (void)arg;
    flow.written = flow.bytes = 0;
    make_pipe(flow.fds);
    return 0;
}

static int write_flow(void *arg)
{
    int r = il_write_all(flow.fds[1], flow.data, AMOUNT, &flow.written);

    (void)arg;
    HOLDS(r == 0 || r == -ECANCELED || r == -EPIPE);
    HOLDS(il_close(flow.fds[1]) == 0);
    flow.fds[1] = -1;
    return r == -EPIPE ? 0 : r;
}

static int read_flow(void *arg)
{
    char buffer[8192];
    ssize_t n;

    (void)arg;
    while ((n = il_read(flow.fds[0], buffer, sizeof buffer)) > 0)
        flow.bytes += (size_t)n;
    HOLDS(n == 0 || n == -ECANCELED);
    HOLDS(n < 0 || flow.bytes == flow.written);
    HOLDS(il_close(flow.fds[0]) == 0);
    flow.fds[0] = -1;
    return (int)n;
}

/* What the writer says to have written arrives, however it ends. */
static int flow_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0);
    HOLDS(flow.bytes <= flow.written);
    close_both(flow.fds);
    return verdict();
}

static void test_inject_descriptor_partial_write_reports_how_far(void **state)
{
    struct cast cast = { { write_flow, read_flow }, 2, 0 };
    const il_test_scenario scenario = { .name = "pipe",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = flow_setup,
                                        .check = flow_check };

    (void)state;
    for (cast.victim = 0; cast.victim < 2; cast.victim++)
        inject_all(&scenario, 2);
}

/* --- callbacks of scopes --------------------------------------------------------- */

static bool has_heard;

static void hear(void *arg)
{
    (void)arg;
    HOLDS(!has_heard);
    has_heard = true;
}

static int wait_with_callback(void *arg)
{
    il_callback callback = IL_CALLBACK_INIT(hear, NULL);
    il_scope scope;
    int r;

    (void)arg;
    has_heard = false;
    (void)il_scope_enter(&scope, il_deadline(IL_MS(2)));
    HOLDS(il_scope_on_cancel(&scope, &callback) == 0);
    r = il_sleep(IL_MS(2)); /* at the same instant */
    HOLDS(r == 0 || r == -ECANCELED);
    HOLDS(r == 0 || has_heard);
    r = il_scope_leave(&scope, r);
    (void)il_callback_cancel(&callback);
    return r == -ETIMEDOUT ? 0 : r;
}

static int yield_thrice(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++)
        (void)il_yield();
    return 0;
}

/* Who wants to know of a cancel does before the task goes on. */
static void test_explore_callback_of_a_scope_comes_first(void **state)
{
    struct cast cast = { { wait_with_callback, yield_thrice, yield_thrice },
                         3,
                         0 };
    const il_test_scenario scenario = { .name = "callback",
                                        .body = play,
                                        .arg = &cast,
                                        .setup = crew_setup,
                                        .check = crew_check };

    (void)state;
    explore_some(&scenario, 1000);
    inject_all(&scenario, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_explore_gather_waits_for_all),
        BARE_TEST(test_explore_race_bpo_37658_keeps_what_was_won),
        BARE_TEST(test_explore_group_gives_each_end_once),
        BARE_TEST(test_explore_group_gh_94398_fails_as_one),
        BARE_TEST(test_explore_join_tells_all_and_cancels_nobody),
        BARE_TEST(test_explore_deadline_bpo_46771_belongs_to_its_scope),
        BARE_TEST(test_inject_descriptor_partial_write_reports_how_far),
        BARE_TEST(test_explore_callback_of_a_scope_comes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
