/* SPDX-License-Identifier: MIT */

/* semaphore.c - so many at a time.
 *
 * Between any two calls into this file tasks wait only while there are fewer
 * permits than the first of them wants.  So permits may be there that nobody
 * gets: they are kept for the first, who otherwise might wait for ever.  Each
 * change serves the queue from its head: a release, and the cancel of a task
 * that wanted many, behind which others would fit.
 *
 * Who is served has its permits, and its node is in no list any more; it need
 * not look again, and a later cancel takes nothing back.
 *
 * What was taken and what was given are counted apart, for then neither side has
 * to wait until the other one's store has come through.  Both may overflow, and
 * their difference is right all the same.
 *
 * Rejected: counting down for a task when it runs, as asyncio did.  Newcomers
 * came first, and a task that was cancelled in between took a permit with it. */

#include "config.h"

#define IL_NO_INLINE /* here they are */
#include <interloop/semaphore.h>

#include "sync/semaphore.h"
#include "sync/waiter.h"
#include "task/visit.h"

#include <errno.h>

struct waiting {
    il_waiter node; /* slot: how many, as a number */
    il_semaphore *semaphore;
};

void ili_semaphore_serve(il_semaphore *semaphore)
{
    ili_list *waiters = &semaphore->waiters;

    while (!ili_list_empty(waiters)) {
        il_waiter *first = ILI_CONTAINER(waiters->next, il_waiter, link);
        size_t n = (uintptr_t)first->slot;

        if (il_semaphore_count(semaphore) < n)
            return;
        semaphore->taken += n;
        ili_list_remove(&first->link);
        if (ILI_UNLIKELY(!ili_wake(first->task, 0)))
            semaphore->taken -= n;
    }
    waiters->next = NULL; /* the short ways look at this alone */
}

static void waiting_abort(void *arg)
{
    struct waiting *me = arg;

    ili_waiter_abort(&me->node);
    ili_semaphore_serve(me->semaphore);
}

static int check(const il_semaphore *semaphore, size_t n)
{
    ILI_RETURN_IF_FAIL(semaphore && n > 0 && n <= SIZE_MAX - semaphore->beyond,
                       -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&semaphore->waiters), -ESRCH);
    return 0;
}

static bool has(const il_semaphore *semaphore, size_t n)
{
    return ili_list_empty(&semaphore->waiters) &&
           il_semaphore_count(semaphore) >= n;
}

int ili_semaphore_can(const il_semaphore *semaphore, size_t n)
{
    int r = check(semaphore, n);

    return r < 0 ? r : has(semaphore, n);
}

int il_semaphore_try_acquire(il_semaphore *semaphore, size_t n)
{
    int r = check(semaphore, n);

    if (r < 0)
        return r;
    if (!has(semaphore, n))
        return -EAGAIN;
    semaphore->taken += n;
    return 0;
}

/* Where nothing is inline, nobody else counts. */
static __attribute__((noinline)) int take(il_semaphore *semaphore, size_t n,
                                          il_task *task)
{
    semaphore->taken += n;
    if (task)
        task->ops++;
    return 0;
}

int il_semaphore_acquire_slowly_(il_semaphore *semaphore, size_t n)
{
    il_task *task = ili_current_task();
    struct waiting me = { .node = { .task = task,
                                    .slot = (void *)(uintptr_t)n },
                          .semaphore = semaphore };
    int r = check(semaphore, n);

    if (r < 0)
        return r;
    if (task && ili_must_pause_first(task) &&
        !ili_pause_before(task, semaphore))
        return -EOWNERDEAD;
    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (has(semaphore, n))
        return take(semaphore, n, task);
    ILI_RETURN_IF_FAIL(task, -ESRCH);
    ili_list_append_lazy(&semaphore->waiters, &me.node.link);

    return ili_park_inline(task->sched, task, waiting_abort, &me,
                           "a semaphore");
}

int il_semaphore_acquire(il_semaphore *semaphore, size_t n)
{
    return ILI_LIKELY(il_semaphore_acquire_quickly_(semaphore, n))
               ? 0
               : il_semaphore_acquire_slowly_(semaphore, n);
}

int il_semaphore_release_slowly_(il_semaphore *semaphore, size_t n)
{
    ILI_RETURN_IF_FAIL(semaphore && n > 0, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&semaphore->waiters), -ESRCH);
    if (n > SIZE_MAX - semaphore->beyond - il_semaphore_count(semaphore))
        return semaphore->beyond ? -EPERM : -EOVERFLOW;
    semaphore->given += n;
    ili_semaphore_serve(semaphore);
    return 0;
}

int il_semaphore_release(il_semaphore *semaphore, size_t n)
{
    return ILI_LIKELY(il_semaphore_release_quickly_(semaphore, n))
               ? 0
               : il_semaphore_release_slowly_(semaphore, n);
}

size_t il_semaphore_count(const il_semaphore *semaphore)
{
    return semaphore ? semaphore->given - semaphore->taken : 0;
}

void il_semaphore_fini(il_semaphore *semaphore)
{
    if (!semaphore || !ili_waiters_are_here(&semaphore->waiters))
        return;
    semaphore->taken = semaphore->given; /* nobody is served any more */
    ili_waiters_end(&semaphore->waiters, -EOWNERDEAD);
    ili_visits_forget(semaphore);
    *semaphore = (il_semaphore)IL_SEMAPHORE_INIT(0);
}
