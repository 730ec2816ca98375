/* SPDX-License-Identifier: MIT */

/* hosts.c - every way to run a main task that needs no other library. */

#include "config.h"

#include "hosts.h"

#include "../support/check.h"
#include "../support/trivial_host.h"

#include <errno.h>
#include <poll.h>

/* A main task that takes longer hangs. */
#define LIMIT IL_SEC(30)

static int close_loop(il_loop *loop)
{
    int r = il_loop_close(loop, IL_SEC(5));

    CHECK_INT(r, 0);
    CHECK(il_loop_current() == NULL);
    il_loop_unref(loop);
    return r;
}

static int take_result(il_task *task)
{
    int result = -ETIME;

    CHECK_INT(il_task_try_join(task, &result), 0);
    il_task_unref(task);
    return result;
}

int run_native(il_task_fn *fn, void *arg)
{
    int r = il_run(fn, arg);

    CHECK(il_loop_current() == NULL);
    return r;
}

/* --- Any loop that can poll ----------------------------------------------- */

static void sleep_until_due(il_loop *loop)
{
    struct pollfd pollfd = { .fd = il_loop_fd(loop), .events = POLLIN };
    il_time deadline = il_loop_next_deadline(loop);
    il_time left = deadline - il_now(); /* 0 means now */
    struct timespec ts = { 0, 0 };

    if (left > 0)
        ts = (struct timespec){ left / IL_SEC(1), left % IL_SEC(1) };
    (void)ppoll(&pollfd, 1, deadline == IL_FOREVER ? NULL : &ts, NULL);
}

int run_polled(il_task_fn *fn, void *arg)
{
    il_time end = il_deadline(LIMIT);
    il_loop *loop;
    il_task *task;
    int r = il_loop_new(&loop);

    if (r < 0)
        return r;
    r = il_spawn(NULL, fn, arg, &task);
    while (r >= 0 && !il_task_is_done(task) && il_now() < end) {
        sleep_until_due(loop);
        r = il_loop_turn(loop, IL_MS(2));
        CHECK(r == 0 || r == 1);
    }
    r = take_result(task);
    (void)close_loop(loop);
    return r;
}

/* --- The trivial host ----------------------------------------------------- */

struct main_task {
    il_task_fn *fn;
    void *arg;
    struct trivial_host *host;
};

static int run_then_quit(void *arg)
{
    struct main_task *m = arg;
    int r = m->fn(m->arg);

    m->host->quit = true;
    return r;
}

int run_trivial(il_task_fn *fn, void *arg)
{
    struct trivial_host host;
    struct main_task m = { fn, arg, &host };
    il_loop *loop;
    il_task *task;
    int r = il_loop_new(&loop);

    if (r < 0)
        return r;
    CHECK_INT(trivial_host_attach(&host, loop), 0);
    CHECK(il_loop_is_guest(loop));
    CHECK_INT(il_spawn(NULL, run_then_quit, &m, &task), 0);
    trivial_host_run(&host, (int)(LIMIT / IL_MS(1)));
    CHECK(host.quit);
    r = take_result(task);
    CHECK_INT(il_loop_count_tasks(loop), 0);
    CHECK_INT(il_loop_detach(loop), 0);
    CHECK(!il_loop_is_guest(loop));
    CHECK_INT(host.depth, 0);
    (void)close_loop(loop);
    return r;
}

int run_trivial_owner(il_task_fn *fn, void *arg)
{
    struct trivial_host host;
    il_loop *loop;
    int r = il_loop_new(&loop);

    if (r < 0)
        return r;
    CHECK_INT(trivial_host_attach(&host, loop), 0);
    r = il_loop_run_owned(loop, fn, arg);
    CHECK_INT(il_loop_count_tasks(loop), 0);
    /* Closed as a guest: its functions are called to the end. */
    (void)close_loop(loop);
    CHECK(host.n_resumes > 0);
    return r;
}
