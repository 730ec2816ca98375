/* SPDX-License-Identifier: MIT */

/* run.c - native mode and owner mode: this thread is ours until we stop.
 *
 * The two differ in who goes from turn to turn.  In native mode that is a loop
 * here; in owner mode it is the host's, which we run, and the turns reach us
 * through il_loop_turn() as those of a guest do.
 *
 * A stop takes effect at the end of a turn, never inside one: what was ready
 * together is run together.  Only a guest that is stopped by interleaved code
 * stops at once, because there may be no host left to run another turn. */

#include "config.h"

#include <interloop/host.h>
#include <interloop/loop.h>
#include <interloop/timer.h>

#include "loop/loop.h"

#include <errno.h>

/* What il_run() gives to tasks that are left when the main task ends, and to a
 * main task that is left when the host ends. */
#define GRACE IL_SEC(5)

/* --- stopping ----------------------------------------------------------------- */

void ili_loop_turn_ended(il_loop *loop)
{
    /* The turn goes on when its budget is granted anew, or further up. */
    if (ili_list_linked(&loop->sched.marker.link) || loop->sched.runner)
        return;
    if (loop->owned) {
        loop->running = false;
        loop->sched.host->quit(loop->sched.host_data);
        return; /* whoever runs the host clears `stop` */
    }
    loop->stop = false;
    if (loop->sched.host)
        loop->running = false;
}

int il_loop_stop(il_loop *loop)
{
    ili_sched *sched = ili_sched_of(loop);
    bool is_guest;

    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!sched->closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    is_guest = loop->mode == IL_MODE_GUEST && !loop->owned;
    ILI_RETURN_IF_FAIL(!is_guest || loop->running, -EALREADY);
    sched->may_cross = false;
    loop->stop = true;
    if (is_guest && !sched->runner) {
        /* What is left of a turn is kept for when it is started again. */
        loop->stop = false;
        loop->running = false;
    }
    if (loop->owned)
        ili_sched_changed(sched);
    return 0;
}

/* --- native mode -------------------------------------------------------------- */

static int check_run(const il_loop *loop)
{
    ILI_RETURN_IF_FAIL(!loop->running && !loop->sched.runner, -EBUSY);
    ILI_RETURN_IF_FAIL(!loop->sched.current, -EBUSY);
    ILI_RETURN_IF_FAIL(loop->mode != IL_MODE_GUEST, -EBUSY);
    return 0;
}

static void run_host(il_loop *loop)
{
    loop->owned = true;
    /* What became ready before the loop had a host, or while nothing ran. */
    ili_sched_changed(&loop->sched);
    (void)loop->sched.host->run(loop->sched.host_data);
    loop->owned = false;
}

/* The result of a run, unless it was ended because it could not go on. */
static int take_deadlock(il_loop *loop, int result)
{
    bool in_deadlock = loop->in_deadlock;

    loop->in_deadlock = false;
    return in_deadlock ? -EDEADLK : result;
}

int il_loop_run(il_loop *loop)
{
    int r;

    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    r = check_run(loop);
    if (r < 0)
        return r;
    loop->running = true;
    if (loop->sched.host)
        run_host(loop);
    else
        do {
            ili_loop_one_turn(loop, IL_FOREVER);
        } while (!loop->stop);
    loop->stop = false;
    loop->running = false;
    return take_deadlock(loop, 0);
}

static int spawn_main(il_task_fn *main_fn, void *arg, il_task **ret_task)
{
    const il_spawn_options options = { .fn = main_fn,
                                       .arg = arg,
                                       .name = "main" };

    return il_spawn_with(NULL, &options, ret_task);
}

/* The main task has ended, or something else has ended the run. */
static int take_result(il_task *task)
{
    int result = -EINTR;

    (void)il_task_try_join(task, &result);
    (void)il_task_unref(task);
    return result;
}

static int run_main(il_loop *loop, il_task_fn *main_fn, void *arg)
{
    il_task *task;
    int r;

    loop->running = true;
    r = spawn_main(main_fn, arg, &task);
    if (r < 0) {
        loop->running = false;
        return r;
    }
    loop->sched.awaited = task;
    while (!il_task_is_done(task)) {
        ili_loop_one_turn(loop, IL_FOREVER);
        if (loop->stop)
            break;
    }
    loop->sched.awaited = NULL;
    loop->stop = false;
    loop->running = false;
    return take_deadlock(loop, take_result(task));
}

/* --- owner mode --------------------------------------------------------------- */

struct owned {
    il_loop *loop;
    il_task_fn *fn;
    void *arg;
};

/* The main task: does the body, then ends the host's loop. */
static int run_owned(void *arg)
{
    const struct owned *owned = arg; /* a copy on this task's stack */
    int r = owned->fn(owned->arg);

    if (owned->loop->owned)
        owned->loop->sched.host->quit(owned->loop->sched.host_data);
    return r;
}

static void enough(void *loop)
{
    (void)il_loop_stop(loop);
}

/* The host's loop has ended before the main task, whose argument may be on our
 * caller's stack.  The host may still be able to run, for what the task waits
 * for in its clean-up; if it is not, we do. */
static void end_main(il_loop *loop, il_task *task)
{
    il_time deadline = il_deadline(GRACE);
    il_timer timer = IL_TIMER_INIT(enough, loop);

    (void)il_task_cancel(task);
    loop->stop = false;
    loop->running = true;
    (void)il_timer_start(loop, &timer, deadline);
    run_host(loop);
    (void)il_timer_stop(&timer);
    while (!il_task_is_done(task) && il_now() < deadline) {
        loop->stop = false;
        ili_loop_one_turn(loop, deadline);
    }
    loop->stop = false;
}

/* With a loop that has a host and runs. */
static int run_main_owned(il_loop *loop, il_task_fn *main_fn, void *arg)
{
    struct owned owned = { .loop = loop, .fn = main_fn, .arg = arg };
    const il_spawn_options options = { .fn = run_owned,
                                       .arg = &owned,
                                       .copy_size = sizeof owned,
                                       .name = "main" };
    il_task *task;
    int r = il_spawn_with(NULL, &options, &task);

    if (r < 0)
        return r;
    /* If its first step has stopped the guest, no turn comes that could end the
     * host's loop. */
    if (!il_task_is_done(task) && loop->running)
        run_host(loop);
    loop->stop = false;
    if (il_task_is_done(task))
        return take_result(task);
    end_main(loop, task);
    (void)il_task_unref(task);
    return -EINTR;
}

int il_loop_run_owned(il_loop *loop, il_task_fn *main_fn, void *arg)
{
    const il_host *host;
    bool was_running;
    int r;

    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(main_fn, -EINVAL);
    host = loop->sched.host;
    ILI_RETURN_IF_FAIL(host && host->run && host->quit, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.runner && !loop->sched.current, -EBUSY);
    ILI_RETURN_IF_FAIL(!loop->owned, -EBUSY);

    was_running = loop->running;
    loop->running = true;
    r = run_main_owned(loop, main_fn, arg);
    /* A guest goes on being one, started or stopped. */
    loop->running = was_running;
    return r;
}

/* --- either ------------------------------------------------------------------- */

int il_run(il_task_fn *main_fn, void *arg)
{
    il_loop *loop = il_loop_current();
    int r;

    ILI_RETURN_IF_FAIL(main_fn, -EINVAL);
    if (loop) {
        r = check_run(loop);
        if (r < 0)
            return r;
        return loop->sched.host ? il_loop_run_owned(loop, main_fn, arg)
                                : run_main(loop, main_fn, arg);
    }
    r = il_loop_new(&loop);
    if (r < 0)
        return r;
    r = run_main(loop, main_fn, arg);
    (void)il_loop_close(loop, GRACE);
    (void)il_loop_unref(loop);
    return r;
}
