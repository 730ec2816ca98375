/* SPDX-License-Identifier: MIT */

/* modal.c - run a function on the host's stack while a task waits.
 *
 * The request is an item at the very front of the ready queue, behind others of
 * its kind, on the stack of the task that waits for it.  Until the item comes
 * up it can be taken back.  From then on the function uses what is on the
 * task's stack, so the wait cannot be given up any more; a cancel is only told
 * to `quit`.
 *
 * Nothing special is done for nested loops: the function is called as every
 * posted callback is, and turns below those are in order.
 *
 * Rejected: calling it in il_loop_turn() after the turn.  With many ready
 * items that is late, and in native mode there is no such place. */

#include "config.h"

#include <interloop/modal.h>
#include <interloop/scope.h>

#include "loop/loop.h"

#include <errno.h>

struct modal {
    il_item item; /* in the ready queue until it comes up */
    il_task *task;
    il_task_fn *fn;
    void *arg;
    il_callback quit; /* registered while fn runs */
    int result;
};

static void run_modal(il_item *item)
{
    struct modal *modal = ILI_CONTAINER(item, struct modal, item);

    modal->task->abort = NULL;
    if (modal->quit.fn)
        (void)il_scope_on_cancel(modal->task->scope, &modal->quit);
    modal->result = modal->fn(modal->arg);
    (void)il_callback_cancel(&modal->quit);
    ili_wake(modal->task, 0);
}

/* Before everything else, but behind those that came first: several tasks may
 * ask in their first steps before the queue is looked at. */
static void queue(ili_sched *sched, struct modal *modal)
{
    il_link *at = sched->ready.next;

    while (at != &sched->ready &&
           ILI_CONTAINER(at, il_item, link)->run == run_modal)
        at = at->next;
    ili_list_insert_before(at, &modal->item.link);
    ili_sched_changed(sched);
}

static void modal_abort(void *arg)
{
    struct modal *modal = arg;

    ili_list_remove(&modal->item.link);
}

int il_modal(il_task_fn *fn, void *arg, il_callback_fn *quit, int *ret_result)
{
    ili_sched *sched = ili_sched_current;
    struct modal modal = { .item = { .run = run_modal },
                           .fn = fn,
                           .arg = arg,
                           .quit = IL_CALLBACK_INIT(quit, arg) };
    int r;

    ILI_RETURN_IF_FAIL(fn, -EINVAL);
    ILI_RETURN_IF_FAIL(sched && sched->current, -ESRCH);
    modal.task = sched->current;
    queue(sched, &modal);

    r = ili_park(modal_abort, &modal, "a modal function");
    if (r == 0 && ret_result)
        *ret_result = modal.result;
    return r;
}
