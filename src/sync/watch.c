/* SPDX-License-Identifier: MIT */

/* watch.c - the latest value of something.
 *
 * Between any two calls into this file tasks wait only while they have seen the
 * latest value, or while there is none.  Setting one grants all of them; but
 * what a task gets is the latest value when it runs, not the one that woke it:
 * of several that are set in a row nobody would want the first.
 *
 * So a value is copied twice: when it is set, since the watch may be gone when the
 * task runs, and again then, if the watch is still there; see task/visit.h.
 *
 * Rejected: receivers with a place of their own in the watch, as in a broadcast.
 * What a receiver has seen is a number, which the caller can keep. */

#include "config.h"

#include <interloop/watch.h>

#include "sync/element.h"
#include "sync/waiter.h"
#include "task/visit.h"

#include <errno.h>
#include <stdlib.h>

/* On the stack of a task that waits. */
struct watcher {
    il_future_waiter node;  /* where the value goes, and where its version */
    struct ili_visit visit; /* from when it was woken until it runs */
};

static int check(const il_watch *watch)
{
    ILI_RETURN_IF_FAIL(watch && watch->thread, -EINVAL);
    ILI_RETURN_IF_FAIL(watch->thread == ili_this_thread(), -ESRCH);
    return 0;
}

static void copy_latest(const il_watch *watch, uint64_t *version, void *value)
{
    ili_copy(value, watch->value, watch->element_size);
    *version = watch->version;
}

/* --- life ------------------------------------------------------------------- */

int il_watch_init_with(il_watch *watch, size_t element_size, void *storage)
{
    ILI_RETURN_IF_FAIL(watch && storage && element_size > 0, -EINVAL);
    *watch = (il_watch){ .value = storage,
                         .element_size = element_size,
                         .thread = ili_this_thread() };
    return 0;
}

int il_watch_init(il_watch *watch, size_t element_size)
{
    void *storage;
    int r;

    ILI_RETURN_IF_FAIL(watch, -EINVAL);
    r = ili_ring_new(1, element_size, &storage);
    if (r < 0)
        return r;
    r = il_watch_init_with(watch, element_size, storage);
    ILI_ASSERT(r == 0);
    watch->owns_value = true;
    return 0;
}

void il_watch_fini(il_watch *watch)
{
    if (check(watch) < 0)
        return;
    ili_waiters_end(&watch->waiters, -EOWNERDEAD);
    ili_visits_forget(watch);
    if (watch->owns_value)
        free(watch->value);
    *watch = (il_watch){ .thread = NULL };
}

/* --- one side --------------------------------------------------------------- */

/* A select does not come back: it has what woke it. */
static void grant(const il_watch *watch, struct watcher *watcher)
{
    il_task *task = watcher->node.waiter.task;

    if (task->state != ILI_SELECTING)
        ili_visit_begin(ili_sched_current, &watcher->visit, watch);
    if (ili_wake(task, 0))
        copy_latest(watch, (void *)watcher->node.ret_value,
                    watcher->node.waiter.slot);
}

int il_watch_set(il_watch *watch, const void *value)
{
    il_waiter *waiter;
    int r = check(watch);

    if (r < 0)
        return r;
    ILI_RETURN_IF_FAIL(value, -EINVAL);
    if (watch->is_closed)
        return -EPIPE;
    memmove(watch->value, value, watch->element_size); /* it may be its own */
    watch->version++;
    while ((waiter = ili_waiters_pop(&watch->waiters)) != NULL)
        grant(watch, ILI_CONTAINER(waiter, struct watcher, node.waiter));
    return 0;
}

int il_watch_close(il_watch *watch)
{
    int r = check(watch);

    if (r < 0)
        return r;
    if (watch->is_closed)
        return -EALREADY;
    watch->is_closed = true;
    ili_waiters_end(&watch->waiters, -EPIPE);
    return 0;
}

bool il_watch_is_closed(const il_watch *watch)
{
    return !watch || watch->is_closed;
}

/* --- the other side --------------------------------------------------------- */

int il_watch_get(const il_watch *watch, void *ret_value, uint64_t *ret_version)
{
    int r = check(watch);

    if (r < 0)
        return r;
    if (watch->version == 0)
        return -EAGAIN;
    if (ret_value)
        ili_copy(ret_value, watch->value, watch->element_size);
    if (ret_version)
        *ret_version = watch->version;
    return 0;
}

uint64_t il_watch_version(const il_watch *watch)
{
    return watch ? watch->version : 0;
}

static int wait_for_next(il_watch *watch, uint64_t *version, void *ret_value)
{
    ili_sched *sched = ili_sched_current;
    struct watcher me = { .node = { { .slot = ret_value },
                                    (void **)(void *)version } };
    int r;

    ILI_RETURN_IF_FAIL(sched && sched->current, -ESRCH);
    me.node.waiter.task = sched->current;
    ili_list_append_lazy(&watch->waiters, &me.node.waiter.link);

    r = ili_park_inline(sched, me.node.waiter.task, ili_waiter_abort,
                        &me.node.waiter, "a change");
    if (r == 0 && ili_visit_end(&me.visit))
        copy_latest(watch, version, ret_value);
    return r;
}

int il_watch_next(il_watch *watch, uint64_t *version, void *ret_value)
{
    il_task *task = ili_current_task();
    int r = check(watch);

    if (r < 0)
        return r;
    ILI_RETURN_IF_FAIL(version && ret_value, -EINVAL);
    /* Before, since afterwards there could be a later one. */
    if (task && ili_must_pause(task) && !ili_pause_before(task, watch))
        return -EOWNERDEAD;
    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (watch->version > 0 && watch->version != *version) {
        copy_latest(watch, version, ret_value);
        return 0;
    }
    return watch->is_closed ? -EPIPE : wait_for_next(watch, version, ret_value);
}
