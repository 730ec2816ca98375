/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_DEFER_H
#define INTERLOOP_DEFER_H

/**
 * @file defer.h
 * @brief Clean-up that is decided at run time; asyncio's AsyncExitStack.
 *
 * Whoever gets something that has to be given back says there and then how, and
 * it is done at the end, the latest first, on every path: of a block, of a scope
 * or group, or of the task.
 *
 *     fd = open_socket(name);
 *     r = il_defer(close_politely, connection);   // when this task ends
 *
 * What is deferred is done by the task itself, at the end of the stretch and
 * inside it.  It may wait.  If the stretch is cancelled, or its deadline has
 * passed, waiting is refused there as everywhere: what has to wait all the same
 * does so inside IL_SHIELD().
 *
 * A task that is abandoned when its loop closes does nothing any more, and so
 * nothing of this either.
 */

#include <interloop/export.h>
#include <interloop/scope.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/** What is to be done.  Functions such as free() will do. */
typedef void il_defer_fn(void *arg);

/**
 * Have something done when the running task ends.
 *
 * After its body has returned, before the destructor of its argument; the task's
 * result stays what the body returned.  The end waits for it, and so do those
 * who join the task or close its group.
 *
 * @param fn   What is to be done; may wait, and may defer more, which is done
 *             next.
 * @param arg  Passed to it.  The body's locals are gone by then.
 * @retval 0        It will be done.
 * @retval -EINVAL  @p fn is NULL.
 * @retval -ENOMEM  Out of memory: it will not.
 * @retval -ESRCH   Not in a task.
 */
IL_EXPORT IL_MUST_CHECK int il_defer(il_defer_fn *fn, void *arg);

/**
 * Not that, after all: the latest that was deferred with just these two.
 *
 * For what has gone to somebody else's hands.
 *
 * @return Whether it was found; then it is not done.
 */
IL_EXPORT bool il_undefer(il_defer_fn *fn, void *arg);

/**
 * Have something done when a scope is left; for a group, see il_group_scope().
 *
 * il_scope_leave() does it before all else; il_group_close() when all tasks of the
 * group have ended.  If it spawns tasks in the group, these are waited for, too.
 *
 * @param scope  An entered scope of any task of this thread; NULL for the
 *               innermost one of the calling task.
 * @param fn     As for il_defer().
 * @param arg    Passed to it.
 * @retval 0        It will be done.
 * @retval -EINVAL  @p fn is NULL.
 * @retval -ENOMEM  Out of memory: it will not.
 * @retval -ESRCH   Nobody is in that scope, or a task of another thread; or
 *                  @p scope is NULL outside tasks.
 */
IL_EXPORT IL_MUST_CHECK int il_scope_defer(il_scope *scope, il_defer_fn *fn,
                                           void *arg);

/** As il_undefer(), for il_scope_defer(). */
IL_EXPORT bool il_scope_undefer(il_scope *scope, il_defer_fn *fn, void *arg);

/**
 * Have something done at the end of the block that this stands in.
 *
 *     char *line = malloc(size);
 *     IL_DEFER (free, line);
 *
 * Takes no memory and cannot fail; outside tasks, too.  @p arg is evaluated here.
 * Several in one block are done in reverse order, together with what il_auto()
 * and IL_CLEANUP() have in it.  There is no way to take it back; for that there
 * are il_autoptr() and IL_STEAL().
 *
 * @param fn   `void (void *)`.
 * @param arg  A pointer.
 */
#define IL_DEFER(fn, arg) IL_DEFER_(fn, arg, __COUNTER__)

/** @cond */

struct il_defer_block_ {
    il_defer_fn *fn;
    void *arg;
};

static inline void il_defer_block_leave_(struct il_defer_block_ *block)
{
    block->fn(block->arg);
}

#define IL_DEFER_(fn, arg, n) IL_DEFER_N_(fn, arg, n)
#define IL_DEFER_N_(fn, arg, n)                                                \
    struct il_defer_block_ il_defer_##n                                        \
        __attribute__((cleanup(il_defer_block_leave_), unused)) = { (fn),      \
                                                                    (arg) }

/** @endcond */

IL_END_DECLS

#endif
