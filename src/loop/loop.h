/* SPDX-License-Identifier: MIT */
#ifndef ILI_LOOP_LOOP_H
#define ILI_LOOP_LOOP_H

/* loop.h - the loop, seen from inside.
 *
 *     mode     | entry                       | who sleeps
 *     ---------+-----------------------------+--------------------------------
 *     native   | il_loop_run                 | the poller, in run.c
 *     owner    | il_loop_attach, il_loop_run | the host, which we run
 *     guest    | il_loop_start               | the host; it calls il_loop_turn
 *
 * The mode only says who calls ili_loop_poll(); ready queue, alarms and
 * descriptors are the same in all of them.
 *
 * In each mode the loop is stopped or running.  Between the two lies `stop`:
 * asked to, but the turn that is on has to end first. */

#include "loop/poller.h"
#include "task/post.h"
#include "task/sched.h"
#include "task/task.h"

#include <interloop/loop.h>

#include <stdatomic.h>

struct ili_fd;
struct ili_lender;
struct ili_shuffle;
struct ili_trial;

/* How long a wait may rest on an unverified watch while nothing comes, see
 * fd.c. */
#define ILI_VERIFY_AFTER IL_MS(10)

struct il_loop {
    ili_sched sched; /* first: what tasks know of the loop */
    atomic_uint refs;
    ili_poller *poller; /* NULL once closed */

    /* fd.c: what is known of descriptors, by number */
    struct ili_fd **fds; /* pages of records; NULL: nothing known */
    size_t n_fds;        /* length of that array */
    ili_list unverified; /* ili_fd.link: waits on watches armed before, and
                          * some that are over */
    ili_list touched;    /* ili_fd.touched: the kernel will be told of */
    il_time verify_at;   /* on the real clock: when these are to be looked at;
                          * IL_FOREVER: there are none */
    bool heard;          /* since that was set, some descriptor was ready */

    struct ili_lender
        *lender; /* lender.c: what is lent; NULL: nothing so far */

    /* inbox.c: posts of other threads */
    _Atomic(il_callback *) inbox; /* newest first; of a closed loop a mark */
    atomic_bool need_wake;        /* we sleep, or are about to */
    int wake_fd; /* an eventfd; kept until the last reference goes */
    ili_watch wake_watch;

    /* sleeper.c: tasks that other threads will wake */
    unsigned n_remote;     /* how many there are */
    bool remote_kept;      /* each of them has a reference: we close */
    atomic_uint n_posters; /* other threads that are posting to wake one */

    /* thread/: functions that run for our tasks in other threads */
    unsigned n_away; /* how many of them are waited for, and */
    il_time away_by; /* until when, on the real clock */
    unsigned
        n_unlooked; /* so many go by before the next look at one's result */
    unsigned look_pause; /* what it was set to when the last look was in vain */
    struct il_pool *pool;   /* the default one, once it was used */
    il_callback leave_pool; /* at close */

    /* cancel_token.c: scopes to be cancelled, the last one first; atomic */
    struct il_cancel_token_scope *cancelled_scopes;
    il_callback on_cancelled; /* posted for these */

    /* turn.c */
    int credit_size; /* items between two looks at the clock */
    il_time
        slice_end; /* on the real clock: when tasks must stop handing over */
    unsigned busy_turns; /* without a pause */
    il_time looked_at;   /* when the clock was last looked at */
    bool only_ran;       /* since then nothing but items took time */
    il_time polled_at;   /* its value at the last poll */
    bool jump_next;      /* a guest's virtual clock may jump in the next turn */

    il_mode mode;
    bool running;      /* il_loop_run, il_run, or started as a guest */
    bool stop;         /* asked to stop: after the next turn to end */
    bool owned;        /* the host's loop runs because we run it */
    bool in_deadlock;  /* `stop` is for that; see deadlock.c */
    ili_list at_close; /* il_callback.item.link, the next to run first */

    bool is_virtual; /* testing.c */
    bool autojump;
    il_time virtual_now;
    struct ili_shuffle *shuffle; /* shuffle.c: order of tasks; NULL: FIFO */
    struct ili_trial *trial;     /* trial.c: who directs; NULL: nobody */
};

static inline il_loop *ili_loop_of(ili_sched *sched)
{
    return (il_loop *)sched;
}

/* The calling thread's loop if it is this one. */
static inline bool ili_loop_is_here(const il_loop *loop)
{
    return loop && ili_sched_current == &loop->sched;
}

/* Drop a reference of a closed loop. */
void ili_loop_release(il_loop *loop);

/* --- clock.c ---------------------------------------------------------------- */

il_time ili_clock_real(void);
/* For ili_sched.clock, with the loop as data. */
il_time ili_clock_of_loop(void *loop);
/* For ili_sched.has_passed, likewise. */
bool ili_clock_has_passed(void *loop, il_time at);

/* --- turn.c ----------------------------------------------------------------- */

/* Steps 1 to 3 of a turn: sleep until something is to be done, but not beyond
 * `limit` on the loop's clock, and queue it. */
void ili_loop_poll(il_loop *loop, il_time limit);

/* For ili_sched.renew. */
bool ili_loop_renew(ili_sched *sched);

/* One whole turn; what is left of an interrupted one counts as a turn. */
void ili_loop_one_turn(il_loop *loop, il_time limit);

/* Turns without sleeping until there is nothing to do (0) or, on the real
 * clock, `deadline` has passed (1).  `looked`: the clock was looked at just
 * now. */
int ili_loop_slice(il_loop *loop, il_time deadline, bool looked);

/* A host is there, but no turn is to run. */
static inline bool ili_loop_is_halted(const il_loop *loop)
{
    return loop->sched.host && !loop->running;
}

/* --- timer.c ---------------------------------------------------------------- */

/* The loop goes: timers that are started are their owners' again. */
void ili_timers_forget(ili_sched *sched);

/* --- run.c ------------------------------------------------------------------ */

/* A turn of a guest or an owner has ended; if it was the last, stop. */
void ili_loop_turn_ended(il_loop *loop);

/* --- deadlock.c ------------------------------------------------------------- */

/* In debug mode: nothing is ready and nothing will be due.  Reports it if nobody
 * can wake the loop; returns how long it may sleep. */
il_time ili_deadlock_look(il_loop *loop);

/* --- alone.c ---------------------------------------------------------------- */

/* Whether nobody but the loop's tasks and callbacks could post to it: this is
 * the only thread, has no signal handlers, and nobody else has the loop. */
bool ili_loop_is_alone(const il_loop *loop);

/* --- inspect.c -------------------------------------------------------------- */

/* The loop closes: it prints its tasks no more when signals come. */
void ili_dump_signals_close(const il_loop *loop);

/* Whether nothing is done about a signal but that tasks are printed. */
bool ili_dump_is_signal(int signo);

/* --- inbox.c ---------------------------------------------------------------- */

/* Queue what other threads have posted. */
void ili_inbox_collect(ili_sched *sched);

/* A glance; what is posted this moment may not be seen. */
bool ili_inbox_is_empty(const il_loop *loop);

/* Say that we are about to sleep.  False: do not, something has come. */
bool ili_inbox_may_sleep(il_loop *loop);
void ili_inbox_awake(il_loop *loop);

/* Without a poll: what woke us need not wake us once more. */
void ili_inbox_quieten(il_loop *loop);

int ili_inbox_open(il_loop *loop);
/* Refuse posts from now on and queue what is there. */
void ili_inbox_close(il_loop *loop);

/* --- fd.c ------------------------------------------------------------------- */

/* Before the kernel is told of changes: fail the waits for descriptors that
 * are not open.  Returns whether there were any. */
bool ili_fds_check(il_loop *loop);

/* It is `verify_at`: check watches that were armed before their wait began. */
void ili_fds_verify(il_loop *loop);

/* The poller's tick came at `now`, which may be too early for `verify_at`. */
void ili_fds_ticked(il_loop *loop, il_time now);
void ili_fds_free(il_loop *loop);

/* --- lender.c --------------------------------------------------------------- */

/* What is lent stays until it is returned. */
void ili_lender_close(il_loop *loop);

#endif
