/* SPDX-License-Identifier: MIT */

/* sleeper.c - wait for another thread.
 *
 * A task is woken by a post to its loop, which is on the sleeper's own stack; a
 * plain thread sleeps on a word there.
 *
 * Two things may be gone when a wake-up comes, and neither is touched:
 *
 *   - The sleeper, if it was only waiting for the wake-up: so the wake-up is
 *     the last that is done with it.
 *   - The loop.  As long as a task waits, its loop is there.  But as soon as
 *     the post is in the inbox, the task may run, end, and the loop be closed
 *     and freed, while the poster still looks whether the loop has to be woken.
 *     So posters are counted, and a loop is freed when nobody posts.
 *
 * A task that would not end is abandoned when its loop closes, and somebody may
 * still wake it, much later.  Each such sleeper keeps a reference of the loop,
 * which goes with the wake-up that is refused. */

#include "config.h"

#include "loop/sleeper.h"

#include "base/lock.h"

#include <errno.h>
#include <sched.h>

/* --- waking --------------------------------------------------------------- */

void ili_sleeper_arrive(void *arg)
{
    struct ili_sleeper *me = arg;
    il_loop *loop = me->loop;

    me->arrived = 1;
    loop->n_remote--;
    if (loop->remote_kept)
        ili_loop_release(loop); /* close holds another one */
    /* Cancelled, it may be ready by now, or abandoned. */
    if (me->task->state == ILI_PARKED)
        ili_wake(me->task, 0);
}

/* From a thread that may be the last but one to know the loop. */
static void post(il_loop *loop, il_callback *callback)
{
    int r;

    (void)atomic_fetch_add(&loop->n_posters, 1);
    r = il_post_threadsafe(loop, callback);
    (void)atomic_fetch_sub(&loop->n_posters, 1);
    if (r < 0) /* closed, and the task was abandoned */
        ili_loop_release(loop);
}

void ili_sleeper_wake(struct ili_sleeper *sleeper, int result)
{
    il_loop *loop = sleeper->loop;

    sleeper->result = result;
    if (!loop) {
        __atomic_store_n(&sleeper->arrived, 1, __ATOMIC_RELEASE);
        ili_futex_wake(&sleeper->arrived);
    } else if (ili_loop_is_here(loop)) {
        ili_sleeper_arrive(sleeper);
    } else {
        post(loop, &sleeper->callback);
    }
}

void ili_sleepers_wake(ili_list *taken, int result)
{
    il_link *link;

    /* A link is good until its owner is woken. */
    while ((link = ili_list_pop(taken)) != NULL)
        ili_sleeper_wake(ILI_CONTAINER(link, struct ili_sleeper, link), result);
}

/* --- claims --------------------------------------------------------------- */

enum claim { WAITING, TAKEN, LEAVING };

static bool claim(struct ili_sleeper *sleeper, int how)
{
    int waiting = WAITING;

    return __atomic_compare_exchange_n(&sleeper->claim, &waiting, how, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

bool ili_sleeper_claim(struct ili_sleeper *me)
{
    return claim(me, LEAVING);
}

bool ili_sleeper_leave(struct ili_sleeper *me, int *lock)
{
    if (!ili_sleeper_claim(me))
        return false;
    ili_lock(lock);
    ili_list_remove(&me->link);
    ili_unlock(lock);
    return true;
}

struct ili_sleeper *ili_sleepers_pop(ili_list *list)
{
    for (il_link *link = list->next; link && link != list; link = link->next) {
        struct ili_sleeper *sleeper =
            ILI_CONTAINER(link, struct ili_sleeper, link);

        if (claim(sleeper, TAKEN)) {
            ili_list_remove(link);
            return sleeper;
        }
    }
    return NULL;
}

void ili_sleepers_end(ili_list *list, int *lock, int result)
{
    bool is_empty;

    do {
        struct ili_sleeper *sleeper;
        ili_list taken;

        ili_list_init(&taken);
        ili_lock(lock);
        while ((sleeper = ili_sleepers_pop(list)) != NULL)
            ili_list_append(&taken, &sleeper->link);
        is_empty = ili_list_empty(list);
        ili_unlock(lock);
        ili_sleepers_wake(&taken, result);
        if (!is_empty) /* somebody is about to leave by itself */
            (void)sched_yield();
    } while (!is_empty);
}

/* --- waiting -------------------------------------------------------------- */

/* A plain thread may have a loop, but not wait while that one runs: nobody
 * would go on with its tasks, for one of which it may wait. */
static bool may_block(void)
{
    const ili_sched *sched = ili_sched_current;

    return !sched || !(sched->runner || sched->loop->running);
}

void ili_sleeper_init_thread(struct ili_sleeper *me,
                             bool (*leave)(struct ili_sleeper *me), void *slot)
{
    *me = (struct ili_sleeper){ .slot = slot, .leave = leave };
}

int ili_sleeper_init(struct ili_sleeper *me,
                     bool (*leave)(struct ili_sleeper *me), void *slot)
{
    *me = (struct ili_sleeper){ .task = ili_current_task(),
                                .slot = slot,
                                .leave = leave,
                                .callback =
                                    IL_CALLBACK_INIT(ili_sleeper_arrive, me) };
    if (!me->task)
        return may_block() ? 0 : -EDEADLK;
    me->loop = ili_loop_of(me->task->sched);
    return ili_check_park();
}

/* The task is cancelled, or abandoned when its loop closes. */
static void abort_sleep(void *arg)
{
    struct ili_sleeper *me = arg;

    me->has_left = me->leave(me);
    if (me->has_left)
        me->loop->n_remote--;
}

static int sleep_task(struct ili_sleeper *me, const char *what)
{
    int r;

    me->loop->n_remote++;

    r = ili_park(abort_sleep, me, what);
    if (me->has_left)
        return r;
    /* Granted, and then cancelled: the wake-up is on its way. */
    while (!me->arrived)
        (void)ili_park(NULL, NULL, what);
    return me->result;
}

static int sleep_task_until(struct ili_sleeper *me, il_time deadline,
                            const char *what)
{
    il_scope scope;

    (void)il_scope_enter(&scope, deadline);
    return il_scope_leave(&scope, sleep_task(me, what));
}

static int sleep_thread(struct ili_sleeper *me, il_time timeout)
{
    il_time deadline = ili_deadline_after(ili_clock_real(), timeout);

    while (!__atomic_load_n(&me->arrived, __ATOMIC_ACQUIRE)) {
        if (ili_futex_wait(&me->arrived, 0, deadline))
            continue;
        if (me->leave(me))
            return -ETIMEDOUT;
        deadline = IL_FOREVER; /* the wake-up is on its way */
    }
    return me->result;
}

int ili_sleep(struct ili_sleeper *me, il_time timeout, const char *what)
{
    if (!me->task)
        return sleep_thread(me, timeout);
    if (timeout == IL_FOREVER)
        return sleep_task(me, what);
    return sleep_task_until(me, il_deadline(timeout), what);
}

/* --- outside -------------------------------------------------------------- */

struct errand {
    il_callback_fn *fn;
    void *arg;
    il_task *task; /* NULL: it is done */
};

static void run_errand(void *arg)
{
    struct errand *errand = arg;
    il_task *task = errand->task;

    errand->fn(errand->arg);
    errand->task = NULL;
    if (task->state == ILI_PARKED) /* else it was abandoned */
        ili_wake(task, 0);
}

void ili_run_outside(il_callback_fn *fn, void *arg)
{
    struct errand errand = { fn, arg, ili_current_task() };
    il_callback callback = IL_CALLBACK_INIT(run_errand, &errand);

    if (!errand.task || ili_is_nested(errand.task) ||
        il_post(errand.task->sched->loop, &callback) < 0) {
        fn(arg);
        return;
    }
    while (errand.task)
        (void)ili_park(NULL, NULL, "a report");
}
