/* SPDX-License-Identifier: MIT */

/* rwlock.c - many may read, or one may write.
 *
 * Between any two calls into this file:
 *   - the writer is the owner of `hold`, and then nobody reads;
 *   - tasks wait only while the first of them cannot be served: it wants to read
 *     and somebody writes, or it wants to write and somebody reads or writes.
 *
 * Each change serves the queue from its head, as in a semaphore: a release, and
 * the cancel of a writer behind which readers would fit.
 *
 * Rejected: preferring writers, which starves readers, and readers, which starves
 * writers.  Letting a task read twice that reads already: it would have to be
 * known who reads, so reading would need a record of the caller's. */

#include "config.h"

#include <interloop/rwlock.h>

#include "sync/hold.h"

#include <errno.h>

struct waiting {
    il_waiter node; /* slot: the il_hold */
    bool writes;
};

static il_rwlock *rwlock_of(il_hold *hold)
{
    return ILI_CONTAINER(hold, il_rwlock, hold);
}

static bool fits(const il_rwlock *rwlock, bool writes)
{
    return !rwlock->hold.owner && !(writes && rwlock->n_readers > 0);
}

static void take(il_rwlock *rwlock, il_task *task, bool writes)
{
    if (writes)
        ili_hold_take_as(&rwlock->hold, task);
    else
        rwlock->n_readers++;
}

static void serve(il_rwlock *rwlock)
{
    ili_list *waiters = &rwlock->hold.waiters;

    while (!ili_list_empty(waiters)) {
        struct waiting *first =
            ILI_CONTAINER(waiters->next, struct waiting, node.link);

        if (!fits(rwlock, first->writes))
            return;
        ili_list_remove(&first->node.link);
        take(rwlock, first->node.task, first->writes);
        ili_wake(first->node.task, 0);
    }
}

static void waiting_abort(void *arg)
{
    struct waiting *me = arg;

    ili_waiter_abort(&me->node);
    serve(rwlock_of(me->node.slot));
}

static bool is_here(const il_rwlock *rwlock)
{
    return ili_hold_is_here(&rwlock->hold) &&
           ili_waiters_are_here(&rwlock->hold.waiters);
}

static int try_acquire(il_rwlock *rwlock, il_task *task, bool writes)
{
    ILI_RETURN_IF_FAIL(rwlock, -EINVAL);
    if (rwlock->hold.owner && ili_hold_is_lost(&rwlock->hold))
        return -EOWNERDEAD;
    ILI_RETURN_IF_FAIL(is_here(rwlock), -ESRCH);
    if (rwlock->hold.owner == ili_as_owner(task))
        return -EDEADLK;
    if (!fits(rwlock, writes) || !ili_list_empty(&rwlock->hold.waiters))
        return -EAGAIN;
    take(rwlock, task, writes);
    return 0;
}

static int acquire(il_rwlock *rwlock, bool writes)
{
    il_task *task = ili_current_task();
    struct waiting me = { .node = { .task = task }, .writes = writes };
    int r;

    ILI_RETURN_IF_FAIL(rwlock, -EINVAL);
    if (task && ili_must_pause(task) && !ili_pause_before(task, rwlock))
        return -EOWNERDEAD;
    if (ili_must_refuse(task))
        return ili_refuse(task);
    r = try_acquire(rwlock, task, writes);
    if (ILI_LIKELY(r == 0))
        return 0;
    if (r != -EAGAIN)
        return r == -EDEADLK ? ili_hold_owned_already() : r;
    ILI_RETURN_IF_FAIL(task, -ESRCH);
    me.node.slot = &rwlock->hold;
    ili_list_append_lazy(&rwlock->hold.waiters, &me.node.link);

    return ili_park(waiting_abort, &me,
                    writes ? ili_noun_write : ili_noun_read);
}

int il_rwlock_acquire_read(il_rwlock *rwlock)
{
    return acquire(rwlock, false);
}

int il_rwlock_acquire_write(il_rwlock *rwlock)
{
    return acquire(rwlock, true);
}

int il_rwlock_try_acquire_read(il_rwlock *rwlock)
{
    return try_acquire(rwlock, ili_current_task(), false);
}

int il_rwlock_try_acquire_write(il_rwlock *rwlock)
{
    return try_acquire(rwlock, ili_current_task(), true);
}

int il_rwlock_release_read(il_rwlock *rwlock)
{
    ILI_RETURN_IF_FAIL(rwlock, -EINVAL);
    ILI_RETURN_IF_FAIL(is_here(rwlock), -ESRCH);
    ILI_RETURN_IF_FAIL(rwlock->n_readers > 0, -EPERM);
    rwlock->n_readers--;
    serve(rwlock);
    return 0;
}

int il_rwlock_release_write(il_rwlock *rwlock)
{
    ILI_RETURN_IF_FAIL(rwlock, -EINVAL);
    if (!ili_hold_drop_as(&rwlock->hold, ili_current_task()))
        return is_here(rwlock) ? ili_hold_not_owned(&rwlock->hold) : -ESRCH;
    serve(rwlock);
    return 0;
}

size_t il_rwlock_count_readers(const il_rwlock *rwlock)
{
    return rwlock ? rwlock->n_readers : 0;
}

il_task *il_rwlock_get_writer(const il_rwlock *rwlock)
{
    return rwlock && !ili_hold_is_lost(&rwlock->hold)
               ? ili_hold_task(&rwlock->hold)
               : NULL;
}

void il_rwlock_fini(il_rwlock *rwlock)
{
    if (rwlock && ili_waiters_are_here(&rwlock->hold.waiters) &&
        ili_hold_end(&rwlock->hold))
        *rwlock = (il_rwlock)IL_RWLOCK_INIT;
}

/* --- blocks ----------------------------------------------------------------- */

void il_rwlock_block_enter_(struct il_rwlock_block_ *block, il_rwlock *rwlock,
                            int *result, bool writes)
{
    int r = acquire(rwlock, writes);

    block->once = r == 0;
    block->rwlock = r == 0 ? rwlock : NULL;
    block->writes = writes;
    if (r < 0)
        *result = r;
}

/* A writer may have released or ended the lock inside the block: then it is not
 * touched. */
void il_rwlock_block_leave_(struct il_rwlock_block_ *block)
{
    if (!block->rwlock)
        return;
    if (!block->writes)
        (void)il_rwlock_release_read(block->rwlock);
    else if (ili_hold_drop_as(&block->rwlock->hold, ili_current_task()))
        serve(block->rwlock);
}
