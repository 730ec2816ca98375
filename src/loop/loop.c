/* SPDX-License-Identifier: MIT */

/* loop.c - the life of a loop.
 *
 * Two things may outlive closing: the struct, because other threads may hold
 * references to post to it, and the arena, because of handles to tasks.  The
 * descriptor that posters write to stays open as long as the struct, or a late
 * poster could write into a stranger's file. */

#include "config.h"

#include <interloop/dump.h>
#include <interloop/loop.h>

#include "loop/loop.h"
#include "task/debug.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static void free_loop(il_loop *loop)
{
    /* Whoever woke one of our last tasks may not be back from the post. */
    while (atomic_load(&loop->n_posters) > 0)
        (void)sched_yield();
    if (loop->wake_fd >= 0)
        (void)close(loop->wake_fd);
    free(loop);
}

/* Undo what il_loop_new() has done so far. */
static int give_up(il_loop *loop, int error)
{
    ili_poller_free(loop->poller);
    free(loop->sched.debug);
    if (loop->sched.arena)
        ili_arena_retire(loop->sched.arena);
    free_loop(loop);
    return error;
}

int il_loop_new(il_loop **ret_loop)
{
    il_loop *loop;
    int r;

    ILI_RETURN_IF_FAIL(ret_loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!ili_sched_current, -EBUSY);
    loop = calloc(1, sizeof *loop);
    if (!loop)
        return -ENOMEM;
    loop->wake_fd = -1;
    loop->away_by = IL_FOREVER;
    r = ili_sched_init(&loop->sched, loop);
    if (r < 0)
        return give_up(loop, r);
    loop->sched.clock = ili_clock_of_loop;
    loop->sched.has_passed = ili_clock_has_passed;
    loop->sched.clock_data = loop;
    loop->sched.collect = ili_inbox_collect;
    loop->sched.renew = ili_loop_renew;
    atomic_init(&loop->refs, 1);
    loop->credit_size = 1;
    loop->slice_end = IL_FOREVER;
    ili_list_init(&loop->unverified);
    loop->verify_at = IL_FOREVER;
    ili_list_init(&loop->touched);
    ili_list_init(&loop->at_close);

    r = ili_debug_begin(&loop->sched);
    if (r < 0)
        return give_up(loop, r);
    r = ili_poller_new(&loop->poller);
    if (r < 0)
        return give_up(loop, r);
    r = ili_inbox_open(loop);
    if (r < 0)
        return give_up(loop, r);
    /* A host may sleep on the poller before the first turn: from now on the
     * kernel knows of the inbox. */
    (void)ili_poller_run(loop->poller, 0);
    loop->looked_at = loop->sched.turn_time = ili_clock_real();
    ili_sched_set_current(&loop->sched);
    *ret_loop = loop;
    return 0;
}

il_loop *il_loop_ref(il_loop *loop)
{
    atomic_fetch_add(&loop->refs, 1);
    return loop;
}

void ili_loop_release(il_loop *loop)
{
    if (atomic_fetch_sub(&loop->refs, 1) == 1)
        free_loop(loop);
}

il_loop *il_loop_unref(il_loop *loop)
{
    if (!loop)
        return NULL;
    /* Nobody else can take one when this is the last. */
    if (atomic_load(&loop->refs) == 1 && !loop->sched.closed)
        (void)il_loop_close(loop, 0);
    ILI_ASSERT((atomic_load(&loop->refs) > 1 || loop->sched.closed) &&
               "the last reference went too early");
    ili_loop_release(loop);
    return NULL;
}

il_loop *il_loop_current(void)
{
    return ili_sched_current ? ili_sched_current->loop : NULL;
}

bool il_loop_is_running(const il_loop *loop)
{
    return loop && loop->running;
}

void il_loop_set_report_handler(il_loop *loop, il_report_fn *fn, void *arg)
{
    if (!loop)
        return;
    loop->sched.report = fn;
    loop->sched.report_arg = arg;
}

size_t il_loop_count_tasks(const il_loop *loop)
{
    return loop ? loop->sched.n_tasks : 0;
}
