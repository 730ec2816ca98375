/* SPDX-License-Identifier: MIT */

/* inject.c - a scenario that is cancelled at each of its suspensions.
 *
 * Counting is done by the trial.  A first run without any cancel says how many
 * suspensions there are, and when each of them came to its end: a deadline at that
 * very instant needs to know.  The runs after it are the same up to where they are
 * cancelled. */

#include "config.h"

#include <interloop/explore.h>

#include "loop/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How a run is cancelled; kinds that have several ways are there several times. */
enum way {
    CANCEL,
    LATE,
    TWICE,
    DEADLINE,
    TIE_BEFORE,
    TIE_AFTER,
    TIE_LATE,
    TIMEOUT,
    N_WAYS,
};

static const struct {
    const char *name; /* in traces */
    unsigned kind;
} ways[N_WAYS] = {
    [CANCEL] = { "cancel", IL_TEST_CANCEL },
    [LATE] = { "late", IL_TEST_CANCEL_LATE },
    [TWICE] = { "twice", IL_TEST_CANCEL_TWICE },
    [DEADLINE] = { "deadline", IL_TEST_DEADLINE },
    [TIE_BEFORE] = { "tie-before", IL_TEST_DEADLINE_TIE },
    [TIE_AFTER] = { "tie-after", IL_TEST_DEADLINE_TIE },
    [TIE_LATE] = { "tie-late", IL_TEST_DEADLINE_TIE },
    [TIMEOUT] = { "timeout", IL_TEST_TIMEOUT },
};

struct suspension {
    il_time began;
    il_time ended; /* IL_FOREVER: it did not */
};

struct injector {
    ili_trial trial;
    struct suspension *suspensions; /* of the run without a cancel */
    size_t n_suspensions;
    enum way way;
    unsigned k; /* where: the k-th suspension; 0: nowhere */
};

static struct injector *injector_of(ili_trial *trial)
{
    return trial->director.data;
}

static unsigned first_in_first_out(ili_trial *trial, unsigned n)
{
    (void)trial;
    (void)n;
    return 0;
}

/* --- the run without a cancel ----------------------------------------------- */

static void note_suspension(ili_trial *trial, enum ili_moment moment)
{
    struct injector *in = injector_of(trial);

    if (moment == ILI_MOMENT_SUSPENDED) {
        size_t size = (in->n_suspensions + 1) * sizeof *in->suspensions;

        in->suspensions = realloc(in->suspensions, size);
        ILI_ASSERT(in->suspensions && "no memory for a list");
        in->suspensions[in->n_suspensions++] =
            (struct suspension){ il_now(), IL_FOREVER };
    } else if (moment == ILI_MOMENT_GRANTED && in->n_suspensions > 0) {
        in->suspensions[in->n_suspensions - 1].ended = il_now();
    }
}

/* --- the others ------------------------------------------------------------- */

/* A deadline for when the k-th wait will be over.  If that is when it begins,
 * both are the same as other ways. */
static void tie(struct injector *in)
{
    const struct suspension *s = &in->suspensions[in->k - 1];

    if (s->ended > s->began && s->ended < IL_FOREVER)
        ili_trial_time_out_at(&in->trial, s->ended);
}

/* It waits for the k-th time. */
static void suspended(struct injector *in)
{
    switch (in->way) {
    case CANCEL:
    case TWICE:
        ili_trial_cancel(&in->trial);
        break;
    case DEADLINE:
        ili_trial_time_out(&in->trial);
        break;
    case TIE_AFTER:
        tie(in);
        break;
    case TIMEOUT:
        (void)ili_trial_time_out_inner(&in->trial);
        break;
    case LATE:
    case TIE_BEFORE:
    case TIE_LATE:
    case N_WAYS:
        break;
    }
}

/* Its k-th wait is over. */
static void granted(struct injector *in)
{
    if (in->way == LATE || in->way == TWICE)
        ili_trial_cancel(&in->trial);
    if (in->way == TIE_LATE)
        ili_trial_time_out(&in->trial);
}

static void inject(ili_trial *trial, enum ili_moment moment)
{
    struct injector *in = injector_of(trial);
    unsigned n = trial->n_suspensions;

    /* Before all else that is due then. */
    if (moment == ILI_MOMENT_BEGIN && in->way == TIE_BEFORE)
        tie(in);
    if (n == in->k && moment == ILI_MOMENT_SUSPENDED)
        suspended(in);
    if (n == in->k && moment == ILI_MOMENT_GRANTED)
        granted(in);
    if (n == in->k + 1 && moment == ILI_MOMENT_SUSPENDED && in->way == TWICE)
        ili_trial_cancel(trial);
}

/* --- all of it -------------------------------------------------------------- */

static void write_place(ili_trial *trial, FILE *file)
{
    const struct injector *in = injector_of(trial);

    if (in->k == 0)
        fputc('0', file);
    else
        fprintf(file, "%s@%u", ways[in->way].name, in->k);
}

static int run(struct injector *in, enum way way, unsigned k)
{
    in->way = way;
    in->k = k;
    in->trial.director.at = k > 0 ? inject : note_suspension;
    return ili_trial_run(&in->trial);
}

static int run_all(struct injector *in, unsigned kinds, il_test_report *report)
{
    int r = run(in, CANCEL, 0);

    report->n_choices = (unsigned)in->n_suspensions;
    for (enum way way = 0; way < N_WAYS && r == 0; way++)
        for (unsigned k = 1;
             k <= in->n_suspensions && ways[way].kind & kinds && r == 0; k++)
            r = run(in, way, k);
    report->is_complete = r == 0;
    return r;
}

static int find_way(const char *name, size_t n, enum way *way)
{
    for (int i = 0; i < N_WAYS; i++)
        if (strlen(ways[i].name) == n && strncmp(ways[i].name, name, n) == 0) {
            *way = (enum way)i;
            return 0;
        }
    return -EINVAL;
}

static int run_one(struct injector *in, const char *place)
{
    const char *at = strchr(place, '@');
    unsigned long k = at ? strtoul(at + 1, NULL, 10) : 0;
    enum way way = CANCEL;
    int r = at ? find_way(place, (size_t)(at - place), &way) : 0;

    if (r < 0)
        return r;
    r = run(in, CANCEL, 0);
    if (r == 0 && k > 0) {
        ILI_RETURN_IF_FAIL(k <= in->n_suspensions, -EINVAL);
        r = run(in, way, (unsigned)k);
    }
    if (r == 0)
        ili_trial_tell(&in->trial, 0);
    return r;
}

int il_test_inject(const il_test_scenario *scenario, unsigned kinds,
                   il_test_report *ret_report)
{
    struct injector in = { .trial = { .scenario = scenario } };
    il_test_report report = { 0 };
    const char *place;
    int r;

    ILI_RETURN_IF_FAIL(scenario && scenario->body, -EINVAL);
    ILI_RETURN_IF_FAIL(kinds != 0 && !(kinds & ~IL_TEST_ALL), -EINVAL);
    in.trial.director =
        (ili_director){ first_in_first_out, NULL, write_place, &in };
    r = ili_trial_begin(&in.trial);
    if (r < 0)
        return r;

    place = ili_trial_replay(scenario);
    r = place ? run_one(&in, place) : run_all(&in, kinds, &report);
    report.n_runs = in.trial.n_runs;
    report.result = in.trial.result;
    report.leaks = in.trial.leaks;
    if (r < 0)
        ili_trial_report(&in.trial, &report);
    ili_trial_end(&in.trial);
    free(in.suspensions);
    if (ret_report)
        *ret_report = report;
    return r;
}
