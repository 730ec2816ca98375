/* SPDX-License-Identifier: MIT */

/* other_loop.c - a loop that runs in a thread of its own. */

#include "other_loop.h"

#include "check.h"
#include "gates.h"

#include <errno.h>

static void stop(void *arg)
{
    struct other_loop *other = arg;

    CHECK_INT(il_loop_stop(other->loop), 0);
}

static void keep_quiet(const il_report *report, void *arg)
{
    (void)report;
    (void)arg;
}

static void *run(void *arg)
{
    struct other_loop *other = arg;
    il_loop *loop = NULL;

    CHECK_INT(il_loop_new(&loop), 0);
    if (other->is_quiet)
        il_loop_set_report_handler(loop, keep_quiet, NULL);
    other->loop = il_loop_ref(loop);
    CHECK_INT(sem_post(&other->ready), 0);
    CHECK_INT(il_loop_run(loop), 0);
    other->closed = il_loop_close(loop, other->grace);
    il_loop_unref(loop);
    return NULL;
}

void other_loop_start(struct other_loop *other)
{
    other->stop = (il_callback)IL_CALLBACK_INIT(stop, other);
    CHECK_INT(sem_init(&other->ready, 0, 0), 0);
    other->thread = start_thread(run, other);
    while (sem_wait(&other->ready) != 0)
        CHECK_INT(errno, EINTR);
}

void other_loop_end(struct other_loop *other, il_time grace)
{
    other->grace = grace;
    CHECK_INT(il_post_threadsafe(other->loop, &other->stop), 0);
    join_thread(other->thread);
    other->loop = il_loop_unref(other->loop);
    CHECK_INT(sem_destroy(&other->ready), 0);
}
