/* SPDX-License-Identifier: MIT */

/* exploring.c - scenarios that are run in every order and cancelled everywhere. */

#include "exploring.h"

#include <stdlib.h>

enum { SLOW_RUNS = 500 };

static struct {
    bool is_bad;
    bool may_pause;
} state;

bool holds(bool condition, const char *text, const char *file, int line)
{
    if (!condition && !state.is_bad) {
        state.is_bad = true;
        print_error("%s:%d: does not hold: %s\n", file, line, text);
    }
    return condition;
}

int verdict(void)
{
    bool is_bad = state.is_bad;

    state.is_bad = false;
    return is_bad ? -EPROTO : 0;
}

bool may_pause(void)
{
    return state.may_pause;
}

/* The unlimited ones must come to their end.  ThreadSanitizer, for which a task is
 * expensive and nothing new happens, sees a few runs; memcheck, which is to look
 * at every kind, but not at all that go the same ways, a part. */
static void explore(const il_test_scenario *scenario,
                    const il_test_limits *chosen)
{
    il_test_limits limits = *chosen;
    il_test_report report = { 0 };
    bool has_limit;

#ifdef UNDER_TSAN
    limits.n_runs = 40;
#endif
    if (runs_slowly() && (limits.n_runs == 0 || limits.n_runs > SLOW_RUNS))
        limits.n_runs = SLOW_RUNS;
    has_limit = limits.n_runs > 0 || limits.n_detours > 0;
    state.may_pause = limits.n_pauses > 0;
    assert_int_equal(il_test_explore(scenario, &limits, &report), 0);
    if (getenv("INTERLOOP_TEST_VERBOSE"))
        print_message("%s: %lu paths, %u choices, %s\n", scenario->name,
                      report.n_runs, report.n_choices,
                      report.is_complete ? "all" : "not all");
    assert_true(report.is_complete || has_limit);
}

/* All kinds but plain orders. */
static void explore_more(const il_test_scenario *scenario, unsigned long n)
{
    explore(scenario, &(il_test_limits){ .n_cancels = 1, .n_runs = n });
    explore(scenario,
            &(il_test_limits){ .n_cancels = 1, .n_detours = 3, .n_runs = n });
    explore(scenario, &(il_test_limits){ .flags = IL_TEST_ANY_ORDER,
                                         .n_cancels = 1,
                                         .n_detours = 3,
                                         .n_runs = n });
    explore(scenario,
            &(il_test_limits){
                .n_pauses = 2, .n_cancels = 1, .n_detours = 3, .n_runs = n });
    explore(scenario,
            &(il_test_limits){
                .n_delays = 2, .n_cancels = 1, .n_detours = 4, .n_runs = n });
    explore(scenario, &(il_test_limits){ .n_delays = 1,
                                         .n_cancels = 1,
                                         .n_pauses = 1,
                                         .seed = 5,
                                         .flags = IL_TEST_ANY_ORDER,
                                         .n_runs = n });
}

void explore_all(const il_test_scenario *scenario)
{
    explore(scenario, &(il_test_limits){ 0 });
    explore_more(scenario, 3000);
}

void explore_some(const il_test_scenario *scenario, unsigned long n_runs)
{
    explore(scenario, &(il_test_limits){ .n_runs = n_runs });
    explore_more(scenario, n_runs);
}

void inject_all(const il_test_scenario *scenario, unsigned n_suspensions)
{
    il_test_report report = { 0 };

    state.may_pause = false;
    assert_int_equal(il_test_inject(scenario, IL_TEST_ALL, &report), 0);
    assert_true(report.is_complete);
    assert_true(report.n_choices >= n_suspensions);
}

/* --- what should fail --------------------------------------------------------- */

static char *story;
static size_t story_size;

static void begin_story(il_test_scenario *scenario)
{
    free(story);
    scenario->log = open_memstream(&story, &story_size);
    assert_non_null(scenario->log);
}

int find_by_exploring(il_test_scenario scenario, il_test_limits limits,
                      il_test_report *report)
{
    int r;

    begin_story(&scenario);
    r = il_test_explore(&scenario, &limits, report);
    assert_int_equal(fclose(scenario.log), 0);
    return r;
}

int find_by_injecting(il_test_scenario scenario, unsigned kinds,
                      il_test_report *report)
{
    int r;

    begin_story(&scenario);
    r = il_test_inject(&scenario, kinds, report);
    assert_int_equal(fclose(scenario.log), 0);
    return r;
}

const char *told(void)
{
    return story ? story : "";
}

/* --- bare tests --------------------------------------------------------------- */

int setup_bare(void **unused)
{
    (void)unused;
    state.is_bad = false;
    begin_checks();
    return 0;
}

int teardown_bare(void **unused)
{
    (void)unused;
    free(story);
    story = NULL;
    end_checks();
    return 0;
}

int play(void *arg)
{
    static const char *const names[] = { "a", "b", "c", "d", "e" };
    const struct cast *cast = arg;
    il_group group;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    for (size_t i = 0; i < cast->n; i++) {
        il_task *task;

        HOLDS(il_spawn_with(
                  &group,
                  &(il_spawn_options){ .fn = cast->fns[i], .name = names[i] },
                  &task) == 0);
        if (i == cast->victim)
            HOLDS(il_test_set_victim(task) == 0);
        (void)il_task_unref(task);
    }
    return il_group_close(&group);
}

void start_part(il_group *group, il_task_fn *fn, const void *arg, size_t size,
                bool is_victim)
{
    il_task *task = NULL;

    HOLDS(il_spawn_copy(group, fn, arg, size, &task) == 0);
    if (is_victim)
        HOLDS(il_test_set_victim(task) == 0);
    (void)il_task_unref(task);
}

int play_parts(il_task_fn *const *fns, int n, int victim)
{
    il_group group;
    int r = il_group_open(&group, IL_GROUP_SUPERVISE);

    if (r < 0)
        return r;
    for (int i = 0; i < n; i++)
        start_part(&group, fns[i], &i, sizeof i, i == victim);
    return il_group_close(&group);
}

int take_ticket(struct queue *queue)
{
    if (!HOLDS(queue->n < MAX_TICKETS))
        return 0;
    queue->waiting[queue->n] = il_task_current();
    return queue->n++;
}

/* One that was cancelled, but has not run yet, waits no more. */
void use_ticket(struct queue *queue, int ticket, int result)
{
    queue->waiting[ticket] = NULL;
    for (int i = 0; i < ticket && result >= 0 && !state.may_pause; i++)
        HOLDS(!queue->waiting[i] || il_task_is_cancelled(queue->waiting[i]));
}
