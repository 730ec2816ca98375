/* SPDX-License-Identifier: MIT */

/* explore.c - a scenario in every order.
 *
 * A tree of choices is walked depth first, without keeping any state but the path:
 * each run makes the choices on the path again, then the first one wherever there
 * is a new choice, to its end.  The next path is the same up to the last choice
 * that has an alternative left.
 *
 *     run 1   0 0 0          3 choices between two
 *     run 2   0 0 1
 *     run 3   0 1 0          what comes after the changed one may be different,
 *     run 4   0 1 1          more or less of it
 *     run 5   1 0
 *
 * First is what would happen without anybody choosing; every other choice is a
 * detour.  Most bugs need but one or two of them, and with a limit to that long
 * scenarios become possible.
 *
 * Rejected: leaving out orders that come to the same, because the two tasks have
 * nothing to do with each other.  Nobody knows what tasks touch. */

#include "config.h"

#include <interloop/explore.h>

#include "loop/shuffle.h"
#include "loop/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Runs, where nothing else is said. */
#define RUNS 20000u

struct choice {
    unsigned n;     /* how many there were; 0: not known yet */
    unsigned taken; /* from 0 */
    bool is_fixed;  /* no detour is left for another one */
};

struct explorer {
    ili_trial trial;
    struct choice *path;
    size_t n_path; /* choices on it */
    size_t room;
    size_t at;          /* in this run: the next choice */
    unsigned n_detours; /* in this run, so far */
    unsigned n_cancels; /* likewise */
    uint64_t random;
    bool is_cut; /* a limit has left out something */
};

static struct explorer *explorer_of(ili_trial *trial)
{
    return trial->director.data;
}

static void grow(struct explorer *e)
{
    size_t room = e->room > 0 ? e->room * 2 : 64;

    e->path = realloc(e->path, room * sizeof *e->path);
    ILI_ASSERT(e->path && "no memory for a path");
    e->room = room;
}

/* A choice that has not been there before. */
static struct choice *append(struct explorer *e)
{
    if (e->n_path == e->room)
        grow(e);
    e->path[e->n_path] = (struct choice){ 0 };
    return &e->path[e->n_path++];
}

static void make(struct explorer *e, struct choice *choice, unsigned n)
{
    const il_test_limits *limits = &e->trial.limits;

    choice->n = n;
    choice->is_fixed = limits->n_detours > 0 &&
                       e->n_detours >= limits->n_detours;
    if (choice->is_fixed)
        e->is_cut = true;
    else if (limits->seed != 0)
        choice->taken = (unsigned)(ili_random(&e->random) % n);
}

static unsigned choose(ili_trial *trial, unsigned n)
{
    struct explorer *e = explorer_of(trial);
    struct choice *choice = e->at < e->n_path ? &e->path[e->at] : append(e);

    e->at++;
    if (choice->n == 0 && choice->taken == 0)
        make(e, choice, n);
    if (choice->n == 0) /* of a path that was given */
        choice->n = n;
    if (choice->n != n || choice->taken >= n) {
        trial->has_diverged = true;
        return 0;
    }
    e->n_detours += choice->taken > 0;
    return choice->taken;
}

static void at_moment(ili_trial *trial, enum ili_moment moment)
{
    struct explorer *e = explorer_of(trial);

    if (moment != ILI_MOMENT_BEGIN && e->n_cancels < trial->limits.n_cancels &&
        choose(trial, 2)) {
        e->n_cancels++;
        ili_trial_cancel(trial);
    }
}

/* The next path; false: this was the last. */
static bool go_on(struct explorer *e)
{
    if (e->trial.limits.seed != 0) {
        e->n_path = 0;
        return true;
    }
    while (e->n_path > 0) {
        struct choice *last = &e->path[e->n_path - 1];

        if (!last->is_fixed && last->taken + 1 < last->n) {
            last->taken++;
            return true;
        }
        e->n_path--;
    }
    return false;
}

static int run(struct explorer *e)
{
    int r;

    e->at = 0;
    e->n_detours = 0;
    e->n_cancels = 0;
    r = ili_trial_run(&e->trial);
    if (r >= 0 && (e->trial.has_diverged || e->at < e->n_path))
        r = ili_trial_fail(&e->trial, -EILSEQ,
                           "it is not the same as the run before");
    return r;
}

/* --- paths as text ---------------------------------------------------------- */

/* Only detours: "3=1,7=2" takes the second at the third choice, the third at the
 * seventh; "0" takes none. */
static void write_path(ili_trial *trial, FILE *file)
{
    const struct explorer *e = explorer_of(trial);
    const char *separator = "";

    for (size_t i = 0; i < e->n_path; i++) {
        if (e->path[i].taken == 0)
            continue;
        fprintf(file, "%s%zu=%u", separator, i + 1, e->path[i].taken);
        separator = ",";
    }
    if (!separator[0])
        fputc('0', file);
}

static int read_path(struct explorer *e, const char *text)
{
    while (*text && strcmp(text, "0") != 0) {
        unsigned place;
        unsigned taken;
        int n = 0;

        if (sscanf(text, "%u=%u%n", &place, &taken, &n) != 2 ||
            place <= e->n_path || place > 1000000)
            return -EINVAL;
        while (e->n_path < place)
            (void)append(e);
        e->path[place - 1].taken = taken;
        text += n;
        text += *text == ',';
    }
    return 0;
}

/* --- all of it -------------------------------------------------------------- */

static int run_one(struct explorer *e, const char *path)
{
    int r = read_path(e, path);

    if (r < 0)
        return r;
    e->trial.limits.seed = 0;
    e->trial.limits.n_detours = 0;
    r = run(e);
    if (r >= 0)
        ili_trial_tell(&e->trial, 0);
    return r;
}

static int run_all(struct explorer *e, il_test_report *report)
{
    unsigned long most = e->trial.limits.n_runs;
    int r;

    do {
        r = run(e);
        if (e->n_path > report->n_choices)
            report->n_choices = (unsigned)e->n_path;
        if (r < 0)
            return r;
    } while (go_on(e) && e->trial.n_runs < most);
    report->is_complete = e->n_path == 0 && !e->is_cut &&
                          e->trial.limits.seed == 0;
    return 0;
}

static int check(const il_test_scenario *scenario, const il_test_limits *limits)
{
    ILI_RETURN_IF_FAIL(scenario && scenario->body, -EINVAL);
    ILI_RETURN_IF_FAIL(!limits || !(limits->flags & ~IL_TEST_ANY_ORDER),
                       -EINVAL);
    return 0;
}

int il_test_explore(const il_test_scenario *scenario,
                    const il_test_limits *limits, il_test_report *ret_report)
{
    struct explorer e = { .trial = { .scenario = scenario } };
    il_test_report report = { 0 };
    const char *path;
    int r = check(scenario, limits);

    if (r < 0)
        return r;
    if (limits)
        e.trial.limits = *limits;
    if (e.trial.limits.n_runs == 0)
        e.trial.limits.n_runs = RUNS;
    e.random = e.trial.limits.seed;
    e.trial.director = (ili_director){ choose, at_moment, write_path, &e };
    r = ili_trial_begin(&e.trial);
    if (r < 0)
        return r;

    path = ili_trial_replay(scenario);
    r = path ? run_one(&e, path) : run_all(&e, &report);
    report.n_runs = e.trial.n_runs;
    report.result = e.trial.result;
    report.leaks = e.trial.leaks;
    if (r < 0)
        ili_trial_report(&e.trial, &report);
    ili_trial_end(&e.trial);
    free(e.path);
    if (ret_report)
        *ret_report = report;
    return r;
}
