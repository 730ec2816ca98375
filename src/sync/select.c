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
 * A select that only receives from channels is the frequent one, and has loops of
 * its own, which go through its cases without asking for kinds.  Looking and
 * queueing are two of them on purpose: who finds something has linked nothing that
 * it must unlink.
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
#include "sync/channel.h"
#include "task/park.h"

#include <errno.h>
#include <limits.h>

/* What selects mostly do is done here without a call: receive from channels.
 * NULL: it is something else, or off, or a mistake. */
static inline il_channel *receives_from(const il_case *c, const void *here)
{
    il_channel *channel = c->object;

    if (ILI_UNLIKELY(c->kind != IL_CASE_RECEIVE_ || !channel))
        return NULL;
    return ILI_LIKELY(channel->thread == here) ? channel : NULL;
}

/* --- looking ---------------------------------------------------------------- */

/* The first of some cases that can fire, descriptors left out, if there are any,
 * and that is noted.  -EAGAIN: none can. */
static inline int find(const il_case *cases, size_t from, size_t to,
                       bool *has_fds)
{
    const void *here = ili_this_thread();

    __asm__("" : "+r"(here)); /* or it is computed anew for each case */
    for (size_t i = from; i < to; i++) {
        const il_case *c = &cases[i];
        const il_channel *channel = receives_from(c, here);
        int r;

        if (channel)
            r = ili_channel_can_receive(channel);
        else if (ili_case_is_clear_event(c))
            continue;
        else
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

/* Those before `start` are known to be idle, if the flags do not say otherwise. */
static inline int choose(il_case *cases, size_t n, size_t start, unsigned flags,
                         bool waits)
{
    bool has_fds = false;
    int r;

    if (flags & IL_SELECT_ROTATE)
        start = next_start(n);
    r = find(cases, start, n, &has_fds);
    if (r == -EAGAIN && flags & IL_SELECT_ROTATE)
        r = find(cases, 0, start, &has_fds);
    if (ILI_UNLIKELY(has_fds) && (r >= 0 || (r == -EAGAIN && !waits)))
        r = prefer_fd(cases, n, start, r);
    return r;
}

/* --- waiting ---------------------------------------------------------------- */

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

/* The same where all are to receive, and who serves has said which one it was. */
static void leave_receivers(void *arg)
{
    struct ili_selection *me = arg;
    il_case *end = me->cases + me->n;
    il_case *c = me->cases;

    do
        ili_list_remove(ili_case_link(c));
    while (++c < end);
}

/* A node that has just left a list still knows who was before it, and so can
 * learn who is behind it.  To take it off once more changes nothing then, and so
 * it need not be told from the others. */
static void put_half_back(il_link *link)
{
    link->next = link->prev->next;
}

bool ili_waiter_wake_slowly(il_waiter *waiter, int result)
{
    il_task *task = waiter->task;

    if (task->abort == leave_receivers && task->state == ILI_SELECTING) {
        struct ili_selection *selection = task->abort_arg;

        selection->fired = ILI_CONTAINER(waiter, il_case, node.future.waiter);
        put_half_back(&waiter->link);
        task->state = ILI_PARKED; /* as ili_wake_selecting() would */
        leave_receivers(selection);
    }
    return ili_wake(task, result);
}

void ili_waiters_end_slowly(ili_list *list, il_waiter *waiter, int result)
{
    do {
        (void)ili_waiter_wake_slowly(waiter, result);
        waiter = ili_waiters_pop(list);
    } while (waiter);
}

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

/* It is to receive, and can be queued. */
static inline bool is_receiver(il_case *c)
{
    return ILI_LIKELY(c->kind == IL_CASE_RECEIVE_ && c->object &&
                      c->node.future.waiter.slot &&
                      !ili_list_linked(ili_case_link(c)));
}

/* 0, or why not, and then all is as before. */
static inline int enqueue_all(struct ili_selection *me)
{
    il_case *end = me->cases + me->n;
    int n_on = 0;

    for (il_case *c = me->cases; c < end; c++) {
        int r;

        if (is_receiver(c)) {
            ili_case_enqueue_receiver(c, me->task);
            n_on = 1;
            continue;
        }
        r = ili_case_enqueue(c, me->task);
        if (ILI_UNLIKELY(r < 0))
            return undo(me, c, r);
        n_on |= r;
    }
    return n_on ? 0 : undo(me, end, -EINVAL);
}

/* The same where all are to receive, and there is one. */
static inline int enqueue_receivers(struct ili_selection *me)
{
    il_case *end = me->cases + me->n;
    il_case *c = me->cases;

    do {
        if (ILI_UNLIKELY(!c->node.future.waiter.slot ||
                         ili_list_linked(ili_case_link(c))))
            return undo(me, c, ili_case_enqueue(c, me->task));
        ili_case_enqueue_receiver(c, me->task);
    } while (++c < end);
    return 0;
}

static inline __attribute__((always_inline)) int
wait_in(struct ili_selection *me, int r, ili_abort_fn *leave)
{
    if (ILI_LIKELY(r == 0))
        r = ili_park_selecting_inline(me->task->sched, me->task, leave, me,
                                      "the first of several");
    if (ILI_UNLIKELY(!me->fired))
        return r;
    me->fired->result = ili_case_came(me->fired, r);
    return (int)(me->fired - me->cases);
}

static __attribute__((noinline)) int wait_for_one(il_case *cases, size_t n,
                                                  il_task *task)
{
    struct ili_selection me = { .cases = cases, .n = n, .task = task };

    int r = wait_in(&me, enqueue_all(&me), leave_all);

    return ILI_UNLIKELY(r == -EREMOTE) ? ili_select_shared(cases, n, task) : r;
}

static __attribute__((noinline)) int wait_to_receive(il_case *cases, size_t n,
                                                     il_task *task)
{
    struct ili_selection me = { .cases = cases, .n = n, .task = task };

    return wait_in(&me, enqueue_receivers(&me), leave_receivers);
}

/* --- either way ------------------------------------------------------------- */

/* The same again: another thread has done something meanwhile. */
static __attribute__((noinline)) int again(il_case *cases, size_t n,
                                           unsigned flags)
{
    return il_select(cases, n, flags);
}

static __attribute__((noinline)) int pause_with(int i, il_task *task)
{
    ili_pause(task);
    return i;
}

/* Case number i has fired, by the running task or, if that is NULL, by code that
 * spends nothing.  But -EAGAIN: another thread was faster. */
static inline int fired(const il_case *c, int i, il_task *task)
{
    if (ILI_UNLIKELY(c->result == -EAGAIN))
        return -EAGAIN;
    return task && ili_must_pause(task) ? pause_with(i, task) : i;
}

/* Case number i can receive: returns i; -EAGAIN; or, since nobody has looked at
 * this yet, -EINVAL: it has nowhere to put it. */
static inline int receive(il_case *c, int i, il_task *task)
{
    void *slot = c->node.future.waiter.slot;

    ILI_RETURN_IF_FAIL(slot, -EINVAL);
    c->result = ili_channel_take(c->object, slot);
    return fired(c, i, task);
}

/* Likewise, for all kinds. */
static int fire(il_case *cases, int i, il_task *task)
{
    il_case *c = &cases[i];

    if (c->kind == IL_CASE_RECEIVE_)
        return receive(c, i, task);
    c->result = ili_case_fire(c);
    return fired(c, i, task);
}

/* The rest of il_select() for a task: c can receive, and is the first that can
 * do anything. */
static __attribute__((noinline)) int select_one(il_case *cases, size_t n,
                                                il_case *c, il_task *task)
{
    int r = receive(c, (int)(c - cases), task);

    return ILI_UNLIKELY(r == -EAGAIN) ? again(cases, n, 0) : r;
}

/* Likewise: those before `start` cannot. */
static __attribute__((noinline)) int select_any(il_case *cases, size_t n,
                                                size_t start, unsigned flags)
{
    il_task *task = ili_current_task();
    int r = choose(cases, n, start, flags, true);

    if (r >= 0) {
        r = fire(cases, r, task);
    } else if (r == -EAGAIN) {
        ILI_RETURN_IF_FAIL(task, -ESRCH);
        r = wait_for_one(cases, n, task);
    }
    return ILI_UNLIKELY(r == -EAGAIN) ? again(cases, n, flags) : r;
}

static inline bool is_call(const il_case *cases, size_t n, unsigned flags)
{
    return (cases || n == 0) && n <= INT_MAX && !(flags & ~IL_SELECT_ROTATE);
}

/* With flags, of no cases, of a task that is cancelled, or of none; or a
 * mistake. */
static __attribute__((noinline)) int select_with_care(il_case *cases, size_t n,
                                                      unsigned flags)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(is_call(cases, n, flags), -EINVAL);
    return ili_must_refuse(task) ? ili_refuse(task)
                                 : select_any(cases, n, 0, flags);
}

int il_select(il_case *cases, size_t n, unsigned flags)
{
    const void *here = ili_this_thread();
    il_task *task = ili_current_task();
    il_case *end = cases + n;
    il_case *c = cases;

    if (ILI_UNLIKELY(!task || task->cancelled || !cases || flags ||
                     n - 1 >= INT_MAX))
        return select_with_care(cases, n, flags);
    __asm__("" : "+r"(here)); /* or it is computed anew for each case */
    do {
        const il_channel *channel = receives_from(c, here);

        if (ILI_UNLIKELY(!channel))
            return select_any(cases, n, (size_t)(c - cases), 0);
        if (ili_channel_can_receive(channel))
            return select_one(cases, n, c, task);
    } while (++c < end);
    return wait_to_receive(cases, n, task);
}

int il_try_select(il_case *cases, size_t n, unsigned flags)
{
    int r;

    ILI_RETURN_IF_FAIL(is_call(cases, n, flags), -EINVAL);
    do {
        r = choose(cases, n, 0, flags, false);
        if (r < 0)
            return r;
        r = fire(cases, r, NULL);
    } while (ILI_UNLIKELY(r == -EAGAIN));
    return r;
}
