/* SPDX-License-Identifier: MIT */

/* wait.c - several tasks that are waited for at once.
 *
 * The one that waits is on the list of each, with a node that it has brought.
 * The end that fulfils the wait wakes it.  What ends between that and its next
 * step finds a wait that is over, and leaves its node off the list; the others
 * are taken off when the waiting task goes on.  So between any two calls, nodes
 * are in lists only while their task is PARKED, or READY and not yet gone on.
 *
 * Who waits for all of them is on the list of one at a time, and when that ends
 * on that of another.  The last comes first: it was often spawned last and will
 * end last, and then that was all.
 *
 * Nobody has heard of an error before the wait has returned it: a wait that is
 * cancelled has marked no task as joined.
 *
 * Rejected: an array of tasks, and nodes on the stack of the one that waits.
 * There would be a limit to how many they are, or an overflow. */

#include "config.h"

#include <interloop/wait.h>

#include "task/combine.h"
#include "task/park.h"

enum until { ANY, ERROR, ALL };

/* On the stack of the task that waits. */
struct wait {
    il_task *task;
    il_awaited *awaited;
    size_t n;
    enum until until;
    size_t n_left; /* how many have not ended; 0: it is over */
    size_t index;  /* of the one that fulfilled it; n: none did alone */
};

static bool has_failed(const il_task *task)
{
    return task->result < 0 && task->result != -ECANCELED;
}

/* Whether the end of this one is enough. */
static bool fulfils(const struct wait *wait, const il_task *task)
{
    return wait->until == ANY || (wait->until == ERROR && has_failed(task));
}

static void ended(il_joiner *joiner, il_task *task);

static void listen_to(il_awaited *one)
{
    one->joiner.task = NULL;
    one->joiner.ended = ended;
    ili_task_on_end(one->task, &one->joiner);
}

/* Hear of the end of the last one before `i` that has not ended.  Returns
 * whether there is one. */
static bool listen_before(struct wait *wait, size_t i)
{
    while (i-- > 0) {
        il_awaited *one = &wait->awaited[i];

        if (one->task->state != ILI_DONE) {
            listen_to(one);
            return true;
        }
    }
    return false;
}

static void ended(il_joiner *joiner, il_task *task)
{
    il_awaited *one = ILI_CONTAINER(joiner, il_awaited, joiner);
    struct wait *wait = one->wait;
    size_t index = (size_t)(one - wait->awaited);

    if (wait->n_left == 0)
        return;
    if (fulfils(wait, task))
        wait->index = index;
    else if (wait->until == ALL ? listen_before(wait, index)
                                : --wait->n_left > 0)
        return;
    wait->n_left = 0;
    ili_wake(wait->task, 0);
}

/* Whether this one can be waited for by whoever runs. */
static int check(const il_task *task, const ili_sched *sched)
{
    ILI_RETURN_IF_FAIL(task, -EINVAL);
    if (task->state == ILI_DONE)
        return 0;
    ILI_RETURN_IF_FAIL(sched && task->sched == sched, -ESRCH);
    ILI_RETURN_IF_FAIL(task != sched->current, -EDEADLK);
    return 0;
}

/* Look who has ended already. */
static int begin(struct wait *wait, const ili_sched *sched)
{
    wait->index = wait->n;
    wait->n_left = wait->n;
    for (size_t i = 0; i < wait->n; i++) {
        const il_task *task = wait->awaited[i].task;
        int r = check(task, sched);

        if (r < 0)
            return r;
        if (task->state != ILI_DONE)
            continue;
        wait->n_left--;
        if (wait->index == wait->n && fulfils(wait, task))
            wait->index = i;
    }
    return 0;
}

/* Whether that was enough. */
static bool is_over(const struct wait *wait)
{
    return wait->index < wait->n || wait->n_left == 0;
}

static void attach(struct wait *wait)
{
    for (size_t i = 0; i < wait->n; i++) {
        il_awaited *one = &wait->awaited[i];

        one->joiner.link.next = NULL;
        one->wait = wait;
        il_task_ref(one->task); /* others may drop the handle meanwhile */
        if (wait->until != ALL && one->task->state != ILI_DONE)
            listen_to(one);
    }
    if (wait->until == ALL)
        (void)listen_before(wait, wait->n);
}

/* For ili_park(): the references are dropped by the task itself, since the last
 * one may free a stack or queue a report. */
static void detach(void *arg)
{
    struct wait *wait = arg;

    for (size_t i = 0; i < wait->n; i++) {
        il_joiner *joiner = &wait->awaited[i].joiner;

        if (ili_list_linked(&joiner->link))
            ili_list_remove(&joiner->link);
    }
}

/* Has it ended by now, be it because of which the wait is over or not? */
static bool note_result(il_awaited *one)
{
    one->has_ended = one->task->state == ILI_DONE;
    if (one->has_ended)
        (void)il_task_try_join(one->task, &one->result);
    return one->has_ended;
}

/* Nobody was waited for. */
static int note_results(struct wait *wait)
{
    size_t n_ended = 0;

    for (size_t i = 0; i < wait->n; i++)
        n_ended += note_result(&wait->awaited[i]);
    return ili_count(n_ended);
}

static int wait_attached(ili_sched *sched, struct wait *wait)
{
    size_t n_ended = 0;
    int r;

    attach(wait);

    r = ili_park_inline(sched, wait->task, detach, wait,
                        "the end of several tasks");
    /* One look at each task: they are far apart. */
    for (size_t i = 0; i < wait->n; i++) {
        il_awaited *one = &wait->awaited[i];

        if (r == 0) {
            if (ili_list_linked(&one->joiner.link))
                ili_list_remove(&one->joiner.link);
            n_ended += note_result(one);
        }
        (void)il_task_unref(one->task);
    }
    return r < 0 ? r : ili_count(n_ended);
}

static int wait_until(struct wait *wait, size_t *ret_index)
{
    ili_sched *sched = ili_sched_current;
    int r;

    ILI_RETURN_IF_FAIL(wait->awaited || wait->n == 0, -EINVAL);
    wait->task = ili_current_task();
    /* Before anything is looked at, since others run meanwhile. */
    if (wait->task && ili_must_pause(wait->task))
        ili_pause(wait->task);
    r = begin(wait, sched);
    if (r < 0)
        return r;
    if (is_over(wait)) {
        r = note_results(wait);
    } else {
        ILI_RETURN_IF_FAIL(wait->task, -ESRCH);
        r = wait_attached(sched, wait);
    }
    if (r >= 0 && ret_index)
        *ret_index = wait->index;
    return r;
}

int il_wait_any(il_awaited *awaited, size_t n, size_t *ret_index)
{
    struct wait wait = { .awaited = awaited, .n = n, .until = ANY };

    ILI_RETURN_IF_FAIL(n > 0, -EINVAL);
    return wait_until(&wait, ret_index);
}

int il_wait_error(il_awaited *awaited, size_t n, size_t *ret_index)
{
    struct wait wait = { .awaited = awaited, .n = n, .until = ERROR };

    return wait_until(&wait, ret_index);
}

int il_wait_all(il_awaited *awaited, size_t n)
{
    struct wait wait = { .awaited = awaited, .n = n, .until = ALL };

    return wait_until(&wait, NULL);
}

/* --- one task, and its end --------------------------------------------------- */

int il_wait_for(il_task *task, il_time duration, int *ret_result)
{
    ili_sched *sched = ili_sched_current;
    il_scope limit;
    il_scope shield;
    int result;
    int r;

    ILI_RETURN_IF_FAIL(task, -EINVAL);
    if (task->state == ILI_DONE)
        return il_task_join(task, ret_result);
    ILI_RETURN_IF_FAIL(sched && sched->current, -ESRCH);
    il_task_ref(task);
    (void)il_scope_enter(&limit,
                         ili_deadline_after(ili_sched_now(sched), duration));

    r = il_task_join(task, &result);
    if (r == -ECANCELED) {
        (void)il_task_cancel(task);
        (void)il_scope_enter_shield(&shield, IL_FOREVER);

        r = il_task_join(task, &result);
        (void)il_scope_leave(&shield, 0);
        /* Who has ended well or failed in spite of the cancel has a result. */
        if (r == 0 && result == -ECANCELED)
            r = -ECANCELED;
    }
    r = il_scope_leave(&limit, r);
    if (r == 0 && ret_result)
        *ret_result = result;
    (void)il_task_unref(task);
    return r;
}

int il_task_stop(il_task *task, il_time grace, int *ret_result)
{
    ili_sched *sched = ili_sched_current;
    il_scope shield;

    ILI_RETURN_IF_FAIL(task, -EINVAL);
    if (task->state == ILI_DONE)
        return il_task_join(task, ret_result);
    ILI_RETURN_IF_FAIL(sched && sched->current && task->sched == sched, -ESRCH);
    ILI_RETURN_IF_FAIL(sched->current != task, -EDEADLK);
    (void)il_task_cancel(task);
    (void)il_scope_enter_shield(
        &shield, ili_deadline_after(ili_sched_now(sched), grace));
    return il_scope_leave(&shield, il_task_join(task, ret_result));
}
