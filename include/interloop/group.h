/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GROUP_H
#define INTERLOOP_GROUP_H

/**
 * @file group.h
 * @brief Owners of tasks: when a group is closed, its tasks are over.
 *
 *     il_group group;
 *     int r = il_group_open (&group, 0);
 *     …
 *     (void)il_spawn (&group, fetch, &a, NULL);
 *     (void)il_spawn (&group, fetch, &b, NULL);  // refused if a has failed
 *     r = il_group_close (&group);   // both have ended; the first error
 *
 * Opening a group enters a scope and closing it leaves it, so groups and
 * scopes nest strictly, and the code between the two is cancelled with the
 * children when one of them fails.  A group belongs to the task that opened
 * it; a task that returns with a group or scope open aborts the program.
 *
 * To run several functions and wait for them there are shorter ways in
 * combine.h.
 */

#include <interloop/export.h>
#include <interloop/node.h>
#include <interloop/scope.h>
#include <interloop/task.h>

IL_BEGIN_DECLS

/** A group; lives on the stack of the task that opens it.  Fields private. */
struct il_group {
    il_scope scope;   /**< private: cancels body and children */
    il_link children; /**< private: tasks that have not ended */
    il_link ended;    /**< private: ended tasks il_group_next() will give */
    struct ili_sched *sched; /**< private */
    il_task *waiter;         /**< private: the owner, inside close or next */
    size_t n_children;       /**< private */
    int error;               /**< private: the first error */
    unsigned flags;          /**< private */
    struct il_failures *failures; /**< private: who wants them all, or NULL */
    void *reserved[1];            /**< private */
};

/** A child's error neither cancels the others nor becomes close's result.  It is
 *  reported, unless somebody joins the child or keeps its failures. */
#define IL_GROUP_SUPERVISE 1u
/** Keep ended tasks for il_group_next().  Usually together with
 *  #IL_GROUP_SUPERVISE: otherwise the first error cancels the owner as well, and
 *  il_group_next() may return -ECANCELED instead of the task that failed. */
#define IL_GROUP_COLLECT 2u

/**
 * Open a group.
 *
 * @param group  Caller's storage; need not be initialised.
 * @param flags  #IL_GROUP_SUPERVISE, #IL_GROUP_COLLECT or 0.
 * @retval 0        Open; must be closed by the same task.
 * @retval -EINVAL   Unknown flags.
 * @retval -ESRCH    Not in a task.
 * @retval -EDEADLK  Under a nested host loop, where it could not be closed.
 */
IL_EXPORT int il_group_open(il_group *group, unsigned flags);

/**
 * Wait until every task of the group has ended, then leave it.
 *
 * Always waits for all, also when cancelled: then the children are cancelled
 * too and this waits for them to finish their clean-up.
 *
 * @suspends If a task is still running, and now and then if none is.
 *
 * @retval 0           All ended well, or the group was cancelled with
 *                     il_group_cancel().
 * @retval -ECANCELED  A scope around the group was cancelled.
 * @retval -ESRCH      The caller did not open the group.
 * @retval -EINVAL     A scope or group inside it is still open.
 * @retval -EDEADLK    Under a nested host loop with tasks still running: the
 *                     group stays open.
 * @return Otherwise the first error of a child, also of one that was joined.
 */
IL_EXPORT int il_group_close(il_group *group);

/** Cancel every task of the group and the code inside it.  Runs nothing. */
IL_EXPORT void il_group_cancel(il_group *group);

/**
 * Wait for the next task of an #IL_GROUP_COLLECT group to end.
 *
 * @suspends If none has ended since the last call, and now and then if one has.
 *
 * @param      group     The group; called by its owner.
 * @param[out] ret_task  The task, in the order they ended; the caller drops
 *                       the reference.
 * @retval 0           A task was returned.
 * @retval -ENOENT     No task is left.
 * @retval -ECANCELED  The caller was cancelled, or a child failed in a group
 *                     that does not supervise.
 * @retval -EINVAL     The group does not collect.
 * @retval -ESRCH      The caller did not open the group.
 */
IL_EXPORT IL_MUST_CHECK int il_group_next(il_group *group, il_task **ret_task);

/** The scope that an open group is: for il_scope_defer(), il_scope_on_cancel(),
 *  il_scope_set_deadline().  Past its deadline the group closes as when it is
 *  cancelled with il_group_cancel(); il_scope_is_timed_out() tells them apart.
 *  NULL for NULL. */
IL_EXPORT il_scope *il_group_scope(il_group *group);

/** How many tasks have not ended, those not yet ready included. */
IL_EXPORT size_t il_group_count(const il_group *group);

/**
 * Run a block with a group that is closed at its end.
 *
 *     il_group group;
 *     int r = 0;
 *     IL_WITH_GROUP (&group, 0, &r) {
 *         r = il_spawn (&group, fetch, &a, NULL);
 *         …
 *     }
 *     // both block and tasks are over; r is the first error of either
 *
 * However the block is left, by break, goto or return, too, its end waits for the
 * tasks.  An error of the block cancels them.  Its result is settled then: a
 * -ECANCELED that comes from the group, because a task has failed or the group was
 * cancelled, becomes what il_group_close() returns.
 *
 * The block may be left by `return`, but the returned value was settled before;
 * so set r and break instead.  `break` and `continue` leave the block only, not a
 * loop around it.
 *
 * @suspends At the end, if a task is still running.
 *
 * @param group   The group.
 * @param flags   As for il_group_open().
 * @param result  `int *`: what the block comes to; an error of il_group_open(),
 *                and then the block does not run.
 */
#define IL_WITH_GROUP(group, flags, result)                                    \
    IL_WITH_GROUP_(group, flags, result, __COUNTER__)

/** The variable behind IL_WITH_GROUP(); private. */
typedef struct il_group_block {
    il_group *group; /**< private; NULL: not opened */
    int *result;     /**< private */
    bool once;       /**< private */
} il_group_block;

/** Behind IL_WITH_GROUP(); private. */
IL_EXPORT void il_group_block_enter_(il_group_block *block, il_group *group,
                                     unsigned flags, int *result);
/** Behind IL_WITH_GROUP(); private. */
IL_EXPORT void il_group_block_leave_(il_group_block *block);

/* The names are numbered, so that blocks can be nested without shadowing. */
#define IL_WITH_GROUP_(group, flags, result, n)                                \
    IL_WITH_GROUP_N_(group, flags, result, n)
#define IL_WITH_GROUP_N_(group, flags, result, n)                              \
    for (il_group_block il_block_##n                                           \
         __attribute__((cleanup(il_group_block_leave_), unused)),              \
         *il_start_##n = (il_group_block_enter_(&il_block_##n, (group),        \
                                                (flags), (result)),            \
                          &il_block_##n);                                      \
         il_start_##n->once; il_start_##n->once = false)

/** A task of a group that has failed. */
typedef struct il_failure {
    int error;           /**< what its body returned */
    const il_site *site; /**< where it was spawned; NULL: unknown */
    char name[32];       /**< its name; a copy, since the task may be gone */
} il_failure;

/** All failures of a group, in the order they came. */
typedef struct il_failures {
    il_failure *list; /**< the caller's storage; may be NULL */
    size_t capacity;  /**< for how many there is room in it */
    size_t n;         /**< how many there were; may be more than capacity */
} il_failures;

/** Failures without any, in an array. */
#define IL_FAILURES_INIT(array)                                                \
    {                                                                          \
        (array), sizeof(array) / sizeof *(array), 0                            \
    }

/**
 * Write down every task of a group that fails, not only the first.
 *
 *     il_failure list[10];
 *     il_failures failures = IL_FAILURES_INIT (list);
 *     …
 *     il_group_keep_failures (&group, &failures);
 *
 * A failure is a negative result, but not the -ECANCELED of a task that was
 * cancelled.  What is written down is handled and will not be reported; for
 * what there is no room it is as without a list, but counted.  What the group
 * does about a failure and what il_group_close() returns does not change.
 *
 * @param group     An open group; called by its owner, before the first spawn.
 * @param failures  Must stay until the group is closed, and can be read at any
 *                  time; NULL: no more.  `n` counts from what it is.
 * @retval 0        It will be.
 * @retval -EINVAL  @p group is NULL, or there is a capacity and no list.
 * @retval -ESRCH   The caller did not open the group.
 */
IL_EXPORT int il_group_keep_failures(il_group *group, il_failures *failures);

IL_END_DECLS

#endif
