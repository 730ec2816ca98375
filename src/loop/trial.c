/* SPDX-License-Identifier: MIT */

/* trial.c - a run of a scenario: what is before it, after it, and thought of it.
 *
 * A loop costs more than most scenarios.  So it is kept for the next run, unless
 * something was left in it, or it has known descriptors: which of these the
 * kernel still watches would be different each time. */

#include "config.h"

#include "loop/trial.h"

#include <interloop/dump.h>
#include <interloop/testing.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* For tasks that were left behind. */
#define GRACE IL_SEC(5)
/* Turns for what is ready when the main task has ended. */
#define LAST_TURNS 16

/* --- telling ---------------------------------------------------------------- */

const char *ili_trial_name(const il_test_scenario *scenario)
{
    return scenario->name ? scenario->name : "scenario";
}

const char *ili_trial_replay(const il_test_scenario *scenario)
{
    const char *text = getenv("INTERLOOP_TEST_TRACE");
    const char *name = ili_trial_name(scenario);
    size_t n = strlen(name);

    if (!text || strncmp(text, name, n) != 0 || text[n] != '/')
        return NULL;
    return text + n + 1;
}

FILE *ili_trial_log(const ili_trial *trial)
{
    return trial->scenario->log ? trial->scenario->log : stderr;
}

void ili_trial_tell(ili_trial *trial, int error)
{
    const char *name = ili_trial_name(trial->scenario);
    FILE *log = ili_trial_log(trial);

    if (error < 0)
        fprintf(log, "interloop: %s: run %lu has failed: %s, %s\n", name,
                trial->n_runs, il_strerror(error), trial->why);
    else
        fprintf(log, "interloop: %s: run %lu\n", name, trial->n_runs);
    ili_story_tell(&trial->story, log);
    if (trial->is_over)
        fprintf(log, "      main returned %s\n", il_strerror(trial->result));
    fprintf(log, "INTERLOOP_TEST_TRACE='%s/", name);
    trial->director.trace(trial, log);
    fputs("' runs it again\n", log);
    (void)fflush(log);
}

/* At once: the program may not survive what comes next. */
int ili_trial_fail(ili_trial *trial, int error, const char *why)
{
    if (!trial->why) {
        trial->why = why;
        ili_trial_tell(trial, error);
    }
    return error;
}

void ili_trial_report(ili_trial *trial, il_test_report *report)
{
    char text[sizeof report->trace];
    FILE *file = fmemopen(text, sizeof text, "w");
    bool is_whole = false;

    if (file) {
        trial->director.trace(trial, file);
        fputc('\0', file);
        is_whole = fclose(file) == 0;
    }
    (void)snprintf(report->trace, sizeof report->trace, "%s",
                   is_whole ? text : "(too long)");
}

/* --- one run ---------------------------------------------------------------- */

static int run_body(void *arg)
{
    ili_trial *trial = arg;
    int r = il_scope_enter(&trial->scope, IL_FOREVER);

    if (r < 0)
        return r;
    r = trial->scenario->body(trial->scenario->arg);
    return il_scope_leave(&trial->scope, r);
}

static int start(ili_trial *trial)
{
    const il_spawn_options options = { .fn = run_body,
                                       .arg = trial,
                                       .name = "main" };
    int r;

    trial->director.at(trial, ILI_MOMENT_BEGIN);
    r = il_spawn_with(NULL, &options, &trial->main);
    if (r < 0)
        return ili_trial_fail(trial, r, "the main task could not be spawned");
    if (!trial->victim)
        ili_trial_set_victim(trial, trial->main);
    ili_trial_see_step(trial, false);
    return 0;
}

/* The main task runs to its end, or as far as it comes. */
static int perform(ili_trial *trial)
{
    int r;

    trial->last_id = trial->loop->sched.last_id;
    trial->loop->running = true;
    r = start(trial);
    if (r == 0)
        r = ili_trial_drive(trial);
    if (trial->main)
        trial->is_over = il_task_try_join(trial->main, &trial->result) == 0;
    trial->leaks.tasks = il_loop_count_tasks(trial->loop);
    if (r == 0 && trial->leaks.tasks > 0) {
        (void)il_dump_tasks(ili_trial_log(trial));
        r = ili_trial_fail(trial, -EUCLEAN, "tasks were left behind");
    }
    ili_trial_drop_fence(trial);
    ili_trial_disarm(trial);
    trial->loop->running = false;
    trial->loop->stop = false;
    /* A failure that nobody has asked for is reported now. */
    trial->victim = il_task_unref(trial->victim);
    trial->main = il_task_unref(trial->main);
    return r;
}

/* --- the loop around it ----------------------------------------------------- */

static void keep_report(const il_report *report, void *arg)
{
    ili_trial *trial = arg;

    if (trial->reported[0])
        return;
    (void)snprintf(trial->reported, sizeof trial->reported, "%s: %s (%s)",
                   report->task_name, report->message,
                   il_strerror(report->error));
}

static int open_loop(ili_trial *trial)
{
    int r;

    if (!trial->loop) {
        r = il_loop_new(&trial->loop);
        if (r < 0)
            return ili_trial_fail(trial, r, "there is no loop for it");
        trial->n_own = ili_count_descriptors() - trial->n_before;
    }
    trial->loop->is_virtual = false; /* time begins anew... */
    trial->loop->sched.rotation = 0; /* ...and so do selects that rotate */
    r = il_test_use_virtual_time(trial->loop, IL_TEST_AUTOJUMP);
    ILI_ASSERT(r == 0);
    trial->loop->trial = trial;
    il_loop_set_report_handler(trial->loop, keep_report, trial);
    return 0;
}

static void close_loop(ili_trial *trial)
{
    (void)il_loop_close(trial->loop, GRACE);
    trial->loop = il_loop_unref(trial->loop);
}

static bool is_clean(const il_loop *loop)
{
    return loop->sched.n_tasks == 0 && loop->n_fds == 0 && !loop->lender &&
           ili_list_empty(&loop->at_close) &&
           ili_alarms_empty(&loop->sched.alarms) &&
           !ili_sched_is_busy(&loop->sched) && ili_poller_is_idle(loop->poller);
}

/* What is queued runs: reports, first of all. */
static void leave_loop(ili_trial *trial)
{
    il_loop *loop = trial->loop;

    for (int i = 0; i < LAST_TURNS && ili_sched_is_busy(&loop->sched) &&
                    loop->sched.n_tasks == 0;
         i++)
        ili_loop_one_turn(loop, 0);
    loop->trial = NULL;
    if (!is_clean(loop))
        close_loop(trial);
}

/* --- what to think of it ---------------------------------------------------- */

static bool is_result_fine(const ili_trial *trial)
{
    int r = trial->result;

    return r >= 0 ||
           (trial->was_meddled && (r == -ECANCELED || r == -ETIMEDOUT));
}

static int ask_check(ili_trial *trial, int error)
{
    const il_test_scenario *scenario = trial->scenario;
    int r = 0;

    if (scenario->check)
        r = scenario->check(scenario->arg, error < 0 ? error : trial->result);
    if (error < 0)
        return error;
    if (r < 0)
        return ili_trial_fail(trial, r, "says the check");
    if (!scenario->check && !is_result_fine(trial))
        return ili_trial_fail(trial, trial->result,
                              "the main task returned this");
    return 0;
}

static void forget_last_run(ili_trial *trial)
{
    trial->n_suspensions = 0;
    trial->n_delays = 0;
    trial->n_pauses = 0;
    trial->n_steps = 0;
    trial->story.n = 0;
    trial->leaks = (il_test_leaks){ 0, 0 };
    trial->result = 0;
    trial->was_meddled = false;
    trial->has_diverged = false;
    trial->is_over = false;
    trial->why = NULL;
    trial->reported[0] = '\0';
}

int ili_trial_run(ili_trial *trial)
{
    const il_test_scenario *scenario = trial->scenario;
    int r;

    forget_last_run(trial);
    trial->n_runs++;
    r = open_loop(trial);
    if (r < 0)
        return r;
    if (scenario->setup)
        r = scenario->setup(scenario->arg);
    if (r < 0)
        return ili_trial_fail(trial, r, "says the setup");

    r = perform(trial);
    leave_loop(trial);
    if (r == 0 && trial->reported[0])
        r = ili_trial_fail(trial, -EUCLEAN, trial->reported);
    r = ask_check(trial, r);
    trial->leaks.descriptors = ili_count_descriptors() - trial->n_before -
                               (trial->loop ? trial->n_own : 0);
    if (r == 0 && trial->leaks.descriptors > 0)
        r = ili_trial_fail(trial, -EUCLEAN, "descriptors were left behind");
    return r;
}

/* The fence is looked at and never run. */
static void never(il_item *item)
{
    (void)item;
}

int ili_trial_begin(ili_trial *trial)
{
    ILI_RETURN_IF_FAIL(!il_loop_current(), -EBUSY);
    trial->fence.run = never;
    trial->n_before = ili_count_descriptors();
    if (trial->limits.n_steps == 0)
        trial->limits.n_steps = 10000;
    return 0;
}

void ili_trial_end(ili_trial *trial)
{
    if (trial->loop)
        close_loop(trial);
    ili_story_fini(&trial->story);
}
