/* SPDX-License-Identifier: MIT */

/* runner.c - make a test of every scenario.
 *
 * A host may run the main task in a thread of its own, and reports are kept by
 * thread.  Some of them come only while the loop closes, after the scenario.  So
 * the last look at them is taken by a callback that runs when the loop closes:
 * that is in the right thread and late enough. */

#include "config.h"

#include "runner.h"

#include "../support/scenario_tools.h"

#include <stdio.h>

enum { NAME_SIZE = 96 };

/* What the tests of one program have in common. */
static host_fn *program_host;

struct run {
    const struct scenario *scenario;
    bool closed; /* the loop, after the scenario */
    il_callback at_close;
};

static void look_at_reports(void *arg)
{
    struct run *run = arg;

    run->closed = true;
    (void)check_int(drop_reports(), 0, run->scenario->name, __FILE__, __LINE__);
}

static int run_main(void *arg)
{
    struct run *run = arg;
    il_loop *loop = il_loop_current();
    int r;

    (void)drop_reports();
    watch_reports(loop);
    CHECK_INT(il_loop_at_close(loop, &run->at_close), 0);
    r = run->scenario->fn(NULL);
    (void)check_int((long long)il_loop_count_tasks(loop), 1,
                    run->scenario->name, __FILE__, __LINE__);
    return r;
}

void run_scenario(const struct scenario *scenario, host_fn *host)
{
    struct run run = { .scenario = scenario,
                       .at_close = IL_CALLBACK_INIT(look_at_reports, &run) };

    (void)check_int(host(run_main, &run), 0, scenario->name, __FILE__,
                    __LINE__);
    CHECK(run.closed);
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

int warm_up(host_fn *host)
{
    return host(do_nothing, NULL);
}

static int group_setup(void **state)
{
    (void)state;
    return warm_up(program_host);
}

static void test(void **state)
{
    run_scenario(*state, program_host);
}

/* "a task" under "poll" is test_poll_a_task. */
static void write_name(char name[NAME_SIZE], const char *host_name,
                       const struct scenario *scenario)
{
    (void)snprintf(name, NAME_SIZE, "test_%s_%s", host_name, scenario->name);
    for (char *c = name; *c; c++)
        if (*c == ' ')
            *c = '_';
}

int run_all_scenarios(const char *host_name, host_fn *host)
{
    static char names[MOST_SCENARIOS][NAME_SIZE];
    static struct CMUnitTest tests[MOST_SCENARIOS];
    const struct scenario *scenario;
    unsigned n = 0;

    /* When one hangs, the output shall tell which came before. */
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    program_host = host;
    for (; (scenario = scenario_at(n)) != NULL; n++) {
        if (n == MOST_SCENARIOS) {
            fputs("MOST_SCENARIOS in scenarios.h is too small\n", stderr);
            return 1;
        }
        write_name(names[n], host_name, scenario);
        tests[n] = (struct CMUnitTest){ .name = names[n],
                                        .test_func = test,
                                        .setup_func = setup_checks,
                                        .teardown_func = teardown_checks,
                                        .initial_state = (void *)scenario };
    }
    /* Behind cmocka_run_group_tests_name(), which counts an array. */
    return _cmocka_run_group_tests(host_name, tests, n, group_setup, NULL);
}
