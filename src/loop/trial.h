/* SPDX-License-Identifier: MIT */
#ifndef ILI_LOOP_TRIAL_H
#define ILI_LOOP_TRIAL_H

/* trial.h - runs of a scenario, directed step by step. */

#include "loop/loop.h"
#include "loop/story.h"

#include <interloop/explore.h>

/* Where the victim may be cancelled. */
enum ili_moment {
    ILI_MOMENT_BEGIN,     /* there is no task yet, not even a victim */
    ILI_MOMENT_SUSPENDED, /* it has just begun to wait, or has yielded */
    ILI_MOMENT_GRANTED,   /* it is ready, but has not run */
    ILI_MOMENT_WAITING,   /* it still waits, and somebody else has run */
};

typedef struct ili_trial ili_trial;

/* Who decides. */
typedef struct ili_director {
    /* One of n, which is 2 or more; 0 is what would happen without. */
    unsigned (*choose)(ili_trial *trial, unsigned n);
    void (*at)(ili_trial *trial, enum ili_moment moment);
    /* Say which run this was. */
    void (*trace)(ili_trial *trial, FILE *file);
    void *data;
} ili_director;

struct ili_trial {
    const il_test_scenario *scenario;
    il_test_limits limits; /* without zeros that mean something else */
    ili_director director;
    il_loop *loop;        /* kept from run to run as long as it is clean */
    int n_before;         /* descriptors open without it */
    int n_own;            /* its own */
    unsigned long n_runs; /* so far */

    /* One run. */
    uint64_t last_id;       /* of a task before it */
    il_task *main;          /* a reference; NULL: none */
    il_scope scope;         /* around its body */
    il_task *victim;        /* a reference */
    bool is_new;            /* it has become the victim since the last step */
    bool is_granted;        /* in this suspension */
    unsigned n_suspensions; /* of the victim, so far */
    unsigned n_delays;
    unsigned n_pauses;
    unsigned n_steps;
    il_item fence;  /* in the ready queue: the end of this turn */
    il_alarm alarm; /* a deadline around the victim */
    ili_story story;
    il_test_leaks leaks;
    int result;         /* of the main task */
    bool was_meddled;   /* something was cancelled */
    bool has_diverged;  /* it is not like the one before */
    bool is_over;       /* the main task has returned */
    const char *why;    /* what has failed, and was told; NULL: nothing */
    char reported[120]; /* the first report of the library */
};

/* Get ready for runs; the trial is zeros but for what describes them. */
int ili_trial_begin(ili_trial *trial);

/* One run, from setup to check.  0 or the error with which it has failed. */
int ili_trial_run(ili_trial *trial);

/* Tell about the last run, which has failed with `error` or not at all. */
void ili_trial_tell(ili_trial *trial, int error);

/* Say into the report which run has failed; cut off it would be another one. */
void ili_trial_report(ili_trial *trial, il_test_report *report);

void ili_trial_end(ili_trial *trial);

/* What the environment asks for: the path of the run of this scenario, or NULL. */
const char *ili_trial_replay(const il_test_scenario *scenario);

const char *ili_trial_name(const il_test_scenario *scenario);

/* --- for directors ---------------------------------------------------------- */

void ili_trial_cancel(ili_trial *trial);

/* The deadline around the victim passes now, or at that moment. */
void ili_trial_time_out(ili_trial *trial);
void ili_trial_time_out_at(ili_trial *trial, il_time at);

/* That of the victim's innermost scope does; false: it has none. */
bool ili_trial_time_out_inner(ili_trial *trial);

/* --- between trial.c and direct.c --------------------------------------------- */

/* The run has failed: tell why, unless it has failed before.  Comes to `error`. */
int ili_trial_fail(ili_trial *trial, int error, const char *why);
FILE *ili_trial_log(const ili_trial *trial);

void ili_trial_set_victim(ili_trial *trial, il_task *task);

/* A step is over, of the victim or of somebody else. */
void ili_trial_see_step(ili_trial *trial, bool was_victims);

/* Until the main task has ended: 0, or why it cannot. */
int ili_trial_drive(ili_trial *trial);

/* Leave nothing in the loop. */
void ili_trial_drop_fence(ili_trial *trial);
void ili_trial_disarm(ili_trial *trial);

/* --- testing.c -------------------------------------------------------------- */

/* How many this process has open. */
int ili_count_descriptors(void);

#endif
