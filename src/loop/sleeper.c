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
#include <stdint.h>

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
    if (ili_is_parked(me->task))
        (void)ili_wake(me->task, 0);
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

/* --- claims --------------------------------------------------------------- */

/* Whom a sleeper is taken by that leaves. */
static il_shared_waiter leaving;

static bool claim(struct ili_sleeper *sleeper, il_shared_waiter *by)
{
    il_shared_waiter *nobody = NULL;

    return __atomic_compare_exchange_n(&sleeper->taken, &nobody, by, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Marks at a node's `sleeper`, from when somebody takes it off whose sleeper is
 * taken; then, at last, that is NULL. */
enum mark {
    BY_OTHERS = 1,
    BY_ITSELF = 2,
};

static bool mark(il_shared_waiter *node, void *sleeper, enum mark how)
{
    void *marked = (char *)sleeper + how;

    return __atomic_compare_exchange_n(&node->sleeper, &sleeper, marked, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Of a node that is in a list, under its lock. */
static struct ili_sleeper *sleeper_of(const il_shared_waiter *node)
{
    uintptr_t marked =
        (uintptr_t)__atomic_load_n(&node->sleeper, __ATOMIC_ACQUIRE);

    return (void *)(marked & ~(uintptr_t)(BY_OTHERS | BY_ITSELF));
}

static il_shared_waiter *waiter_of(il_link *link)
{
    return ILI_CONTAINER(link, il_shared_waiter, link);
}

void ili_waiter_wake(il_shared_waiter *node, int result)
{
    ili_sleeper_wake(sleeper_of(node), result);
}

void ili_sleepers_wake(ili_list *taken, int result)
{
    il_link *link;

    /* A link is good until its owner is woken. */
    while ((link = ili_list_pop(taken)) != NULL)
        ili_waiter_wake(waiter_of(link), result);
}

bool ili_sleeper_claim(struct ili_sleeper *me)
{
    return claim(me, &leaving);
}

bool ili_sleeper_leave(struct ili_sleeper *me, int *lock)
{
    if (!ili_sleeper_claim(me))
        return false;
    ili_lock(lock);
    ili_list_remove(&me->node.link);
    ili_unlock(lock);
    return true;
}

bool ili_sleepers_wait(const ili_list *list, const struct ili_sleeper *except)
{
    for (il_link *link = list->next; link && link != list; link = link->next) {
        struct ili_sleeper *sleeper = sleeper_of(waiter_of(link));

        if (sleeper != except &&
            !__atomic_load_n(&sleeper->taken, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

/* A select's node that leads nowhere any more: the object may go before its
 * thread comes.  Setting it to NULL is the last that is done with it. */
static void shed(il_shared_waiter *node, struct ili_sleeper *sleeper)
{
    if (!sleeper->is_choice || !mark(node, sleeper, BY_OTHERS))
        return;
    ili_list_remove(&node->link);
    __atomic_store_n(&node->sleeper, NULL, __ATOMIC_RELEASE);
}

il_shared_waiter *ili_sleepers_pop(ili_list *list)
{
    il_link *next;

    for (il_link *link = list->next; link && link != list; link = next) {
        il_shared_waiter *node = waiter_of(link);
        struct ili_sleeper *sleeper = sleeper_of(node);

        next = link->next;
        if (claim(sleeper, node)) {
            ili_list_remove(link);
            return node;
        }
        shed(node, sleeper);
    }
    return NULL;
}

void ili_sleepers_end(ili_list *list, int *lock, int result)
{
    bool is_empty;

    do {
        il_shared_waiter *node;
        ili_list taken;

        ili_list_init(&taken);
        ili_lock(lock);
        while ((node = ili_sleepers_pop(list)) != NULL)
            ili_list_append(&taken, &node->link);
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
    me->node = (il_shared_waiter){ .sleeper = me, .slot = slot };
}

int ili_sleeper_init(struct ili_sleeper *me,
                     bool (*leave)(struct ili_sleeper *me), void *slot)
{
    *me = (struct ili_sleeper){ .task = ili_current_task(),
                                .slot = slot,
                                .leave = leave,
                                .callback =
                                    IL_CALLBACK_INIT(ili_sleeper_arrive, me) };
    me->node = (il_shared_waiter){ .sleeper = me, .slot = slot };
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

/* --- several nodes -------------------------------------------------------- */

int ili_choice_init(struct ili_sleeper *me)
{
    int r = ili_sleeper_init(me, NULL, NULL);

    if (r < 0)
        return r;
    ILI_ASSERT(me->task);
    me->is_choice = true;
    me->loop->n_remote++;
    return 0;
}

void ili_choice_join(struct ili_sleeper *me, il_shared_waiter *node,
                     ili_list *list)
{
    node->sleeper = me;
    ili_list_append_lazy(list, &node->link);
}

bool ili_choice_claim(struct ili_sleeper *me)
{
    if (me->has_left || !claim(me, &leaving))
        return me->has_left;
    me->has_left = true;
    me->loop->n_remote--;
    return true;
}

bool ili_choice_must_leave(il_shared_waiter *node)
{
    for (;;) {
        uintptr_t marked =
            (uintptr_t)__atomic_load_n(&node->sleeper, __ATOMIC_ACQUIRE);

        if (!marked)
            return false;
        if (marked & BY_OTHERS) /* for a few instructions more */
            (void)sched_yield();
        else if (mark(node, (void *)marked, BY_ITSELF))
            return true;
    }
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
