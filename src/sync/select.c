/* SPDX-License-Identifier: MIT */

/* select.c - wait for several things, of which exactly one happens.
 *
 * First all cases are looked at, in order, and nothing else: the first one that
 * can fire does so, by the function that does it alone.  Nobody runs in between,
 * so what was seen still holds.
 *
 * If none can, each gets its node into the queue of its object, and the task
 * parks as SELECTING.  Whoever serves one of the nodes takes it off and wakes
 * the task, and that claims it: before anything else happens all other nodes
 * leave their queues, and the one that had left already is the case that fired.
 * So
 *   - a node is in a queue exactly as long as its task can be served: nobody has
 *     to tell served ones from others, and what is true of a queue of tasks that
 *     wait for one thing is true of one with selects;
 *   - a select cannot be served twice, and a cancel that comes later finds
 *     nothing to cancel;
 *   - from then on no object is touched, and may go.
 *
 * It costs the plain operations nothing: where they made sure that the task they
 * wake is PARKED they still do, and one that is not goes the long way.
 *
 * A select that sends to and receives from one channel cannot meet itself: it
 * looks before it queues, and queueing looks at nobody.
 *
 * Descriptors have no queue, but a place for one task.  To know whether one is
 * ready costs a system call: it is made only if a later case could fire, or if
 * the select may not wait.
 *
 * Rejected: nodes that stay until the task runs, to be skipped by others.  Then
 * a channel with receivers in its queue might have none, each operation would
 * have to look for one, and a queue could be full of nodes that lead nowhere.  A
 * task for each case, of which the first cancels the others: what two of them
 * have received at the same time is there twice.  A random order: two runs of a
 * program would differ. */

#include "config.h"

#include <interloop/select.h>

#include "sync/case.h"
#include "task/park.h"

#include <errno.h>
#include <limits.h>

/* What selects mostly do is done here without a call: receive from channels. */
static inline bool receives(const il_case *c)
{
    return c->kind == IL_CASE_RECEIVE_ && c->object;
}

/* The first of some cases that can fire, descriptors left out, if there are any,
 * and that is noted.  -EAGAIN: none can. */
static inline int find(const il_case *cases, size_t from, size_t to,
                       bool *has_fds)
{
    const void *here = ili_this_thread();

    __asm__("" : "+r"(here)); /* or it is computed anew for each case */
    for (size_t i = from; i < to; i++) {
        const il_case *c = &cases[i];
        const il_channel *channel = c->object;
        int r;

        if (ILI_LIKELY(receives(c) && channel->thread == here)) {
            if (ili_case_can_receive(channel))
                return (int)i;
            continue;
        }
        r = ili_case_look(c);
        if (r != 0)
            return r > 0 ? (int)i : r;
        *has_fds |= c->kind == IL_CASE_FD_;
    }
    return -EAGAIN;
}

/* `found` or -EAGAIN is the one that can fire; but a descriptor may come first. */
static __attribute__((noinline)) int prefer_fd(il_case *cases, size_t n,
                                               size_t start, int found)
{
    for (size_t k = 0, i = start; k < n && i != (size_t)found; k++) {
        il_case *c = &cases[i];
        int r = c->kind == IL_CASE_FD_ && c->fd >= 0 ? ili_case_poll(c) : 0;

        if (r != 0) {
            c->result = r;
            return (int)i;
        }
        if (++i == n)
            i = 0;
    }
    return found;
}

/* Where to begin: steps of the golden section, as these are spread evenly
 * however many selects of whatever size take turns.  Each loop has its own, so
 * that a program does the same in each of its runs. */
static size_t next_start(size_t n)
{
    ili_sched *sched = ili_sched_current;

    if (!sched)
        return 0;
    sched->rotation += UINT32_C(0x9e3779b9);
    return (size_t)((uint64_t)sched->rotation * n >> 32);
}

static inline int choose(il_case *cases, size_t n, unsigned flags, bool waits)
{
    bool has_fds = false;
    size_t start = flags & IL_SELECT_ROTATE ? next_start(n) : 0;
    int r = find(cases, start, n, &has_fds);

    if (r == -EAGAIN)
        r = find(cases, 0, start, &has_fds);
    if (ILI_UNLIKELY(has_fds) && (r >= 0 || (r == -EAGAIN && !waits)))
        r = prefer_fd(cases, n, start, r);
    return r;
}

/* One has fired, or none if this is a cancel: leave all others. */
static void leave_all(void *arg)
{
    struct ili_selection *me = arg;
    il_case *end = me->cases + me->n;

    for (il_case *c = me->cases; c < end; c++)
        if (ili_case_leave_quickly(c, me) && !me->fired)
            me->fired = c;
    if (ILI_UNLIKELY(me->has_left))
        ili_cases_serve();
}

void ili_waiters_end_slowly(ili_list *list, il_waiter *waiter, int result)
{
    do {
        ili_wake(waiter->task, result);
        waiter = ili_waiters_pop(list);
    } while (waiter);
}

/* --- waiting ---------------------------------------------------------------- */

/* One cannot be waited for: those before it leave.  -EBADF: it is a descriptor
 * that is not open, and so it has fired. */
static __attribute__((noinline)) int undo(struct ili_selection *me, il_case *c,
                                          int r)
{
    me->n = (size_t)(c - me->cases);
    leave_all(me);
    if (r == -EBADF)
        me->fired = c;
    return r;
}

/* 0, or why not, and then all is as before. */
static inline int enqueue_all(struct ili_selection *me)
{
    il_task *task = me->task;
    il_case *end = me->cases + me->n;
    int n_on = 0;

    for (il_case *c = me->cases; c < end; c++) {
        int r;

        if (ILI_LIKELY(receives(c) && c->node.future.waiter.slot &&
                       !ili_list_linked(ili_case_link(c)))) {
            ili_case_enqueue_receiver(c, task);
            n_on = 1;
            continue;
        }
        r = ili_case_enqueue(c, task);
        if (r < 0)
            return undo(me, c, r);
        n_on |= r;
    }
    return n_on ? 0 : undo(me, end, -EINVAL);
}

static int wait_for_one(il_case *cases, size_t n, il_task *task)
{
    struct ili_selection me = { .cases = cases, .n = n, .task = task };
    int r = enqueue_all(&me);

    if (ILI_LIKELY(r == 0))
        r = ili_park_selecting_inline(task->sched, task, leave_all, &me,
                                      "the first of several");
    if (ILI_UNLIKELY(!me.fired))
        return r == -EREMOTE ? ili_select_shared(cases, n, task) : r;
    me.fired->result = ili_case_came(me.fired, r);
    return (int)(me.fired - cases);
}

/* cases[i] can fire: returns i; or, since find() does not look at this, -EINVAL:
 * it has nowhere to put what it receives. */
static inline int fire(il_case *cases, int i)
{
    il_case *c = &cases[i];
    void *slot = c->node.future.waiter.slot;

    if (ILI_UNLIKELY(c->kind != IL_CASE_RECEIVE_)) {
        c->result = ili_case_fire(c);
        return i;
    }
    ILI_RETURN_IF_FAIL(slot, -EINVAL);
    c->result = il_channel_try_receive(c->object, slot);
    return i;
}

static inline bool is_call(const il_case *cases, size_t n, unsigned flags)
{
    return (cases || n == 0) && n <= INT_MAX && !(flags & ~IL_SELECT_ROTATE);
}

/* The same again: another thread has done something meanwhile. */
static __attribute__((noinline)) int again(il_case *cases, size_t n,
                                           unsigned flags)
{
    return il_select(cases, n, flags);
}

int il_select(il_case *cases, size_t n, unsigned flags)
{
    il_task *task = ili_current_task();
    int r;

    ILI_RETURN_IF_FAIL(is_call(cases, n, flags), -EINVAL);
    if (ili_must_refuse(task))
        return ili_refuse(task);
    r = choose(cases, n, flags, true);
    if (r == -EAGAIN) {
        ILI_RETURN_IF_FAIL(task, -ESRCH);
        r = wait_for_one(cases, n, task);
        return ILI_UNLIKELY(r == -EAGAIN) ? again(cases, n, flags) : r;
    }
    if (r < 0)
        return r;
    r = fire(cases, r);
    if (ILI_UNLIKELY(r >= 0 && cases[r].result == -EAGAIN))
        return again(cases, n, flags);
    if (task && ili_must_pause(task))
        ili_pause(task);
    return r;
}

int il_try_select(il_case *cases, size_t n, unsigned flags)
{
    int r;

    ILI_RETURN_IF_FAIL(is_call(cases, n, flags), -EINVAL);
    do {
        r = choose(cases, n, flags, false);
        if (r >= 0)
            r = fire(cases, r);
    } while (ILI_UNLIKELY(r >= 0 && cases[r].result == -EAGAIN));
    return r;
}
