/* SPDX-License-Identifier: MIT */
#ifndef ILI_TASK_TASK_H
#define ILI_TASK_TASK_H

/* task.h - the task, seen from inside.
 *
 * The control block lives at the top of the task's own stack, so that a parked
 * task costs one page.
 *
 *     state      | on a list        | left by
 *     -----------+------------------+---------------------------------
 *     READY      | sched->ready     | its turn comes
 *     RUNNING    | -                | park, end, or spawning a task
 *     NESTED     | -                | the task it spawned parks or ends
 *     PARKED     | a waiter's list  | ili_wake()
 *     DONE       | -                | the last reference is dropped */

#include "task/sched.h"

#include <interloop/scope.h>
#include <interloop/task.h>

enum ili_task_state {
    ILI_READY,
    ILI_RUNNING,
    ILI_NESTED,
    ILI_PARKED,
    ILI_DONE,
};

/* Detach a waiter from what it waits for; runs inside cancel, only queues. */
typedef void ili_abort_fn(void *arg);

#define ILI_NAME_SIZE 32

struct il_task {
    il_item item;        /* in sched->ready while READY; run is NULL */
    ili_coro coro;       /* its stack while it does not run */
    ili_sched *sched;    /* NULL once the loop is gone */
    ili_coro *return_to; /* who started it, until it first parks or ends */
    uint8_t state;
    bool cancelled;   /* root scope or a scope around it, unshielded */
    bool joined;      /* somebody has seen the result */
    bool unheard;     /* DONE with an error that no group will return */
    unsigned refs;    /* one for running, one each for handles */
    int result;       /* of the body, once DONE */
    int wake_result;  /* what ili_park() will return */
    int depth;        /* of host dispatches when it last got the thread */
    unsigned ops;     /* operations since it last gave up the thread */
    unsigned ignored; /* suspensions refused since it was cancelled */

    ili_abort_fn *abort; /* while PARKED: how to detach; NULL: not at all */
    void *abort_arg;
    const char *waits_for; /* while PARKED: a noun for dumps */
    il_time since;         /* while PARKED: since when */

    il_scope root;    /* outermost scope */
    il_scope *scope;  /* innermost scope */
    il_group *group;  /* owner; NULL once DONE */
    il_link sibling;  /* in group->children, or in group->ended */
    il_link all;      /* in sched->tasks */
    ili_list joiners; /* struct joiner.link: who waits for its end */
    uint64_t id;      /* counts up; for the tree of il_dump_tasks() */
    uint64_t parent;  /* id of who spawned it; 0: no task */
    il_link pending;  /* in sched->pending */

    il_task_fn *fn;
    void *arg;
    void (*destroy)(void *arg);
    void *host_slot[IL_HOST_SLOTS]; /* see il_host.suspend */
    il_item report;                 /* queued while a report waits to be told */
    il_report_kind report_kind;
    int report_error;
    const char *report_message; /* a constant */
    ili_stack stack;
    ili_arena *arena;
    const il_site *site;
    char name[ILI_NAME_SIZE]; /* empty: the site's */
};

/* --- park.c: the one primitive ------------------------------------------- */

/* Give up the thread until ili_wake() or a cancel.
 *
 * The caller has linked itself to what it waits for.  `abort (arg)` undoes
 * that; it is called when a cancel, or a mistake found here, ends the wait, so
 * that after a negative result the caller is linked nowhere.  A NULL `abort`
 * waits through cancels.
 *
 * Returns what ili_wake() gave, or -ECANCELED, -ESRCH, -EDEADLK. */
int ili_park(ili_abort_fn *abort, void *arg, const char *waits_for);

/* Put a parked task on the ready queue.  Unlink it first. */
void ili_wake(il_task *task, int result);

/* Give up the thread but stay ready.  Not a cancellation point. */
void ili_requeue(il_task *task);

/* A suspension of a cancelled task: -ECANCELED. */
int ili_refuse(il_task *task);

/* The running task has done much without waiting: let the others run. */
void ili_pause(il_task *task);

/* Whether the running task could not park: a host dispatch lies on its stack. */
bool ili_is_nested(const il_task *task);

/* Before an operation that may succeed without waiting: -ECANCELED if the
 * running task is cancelled; gives up the thread now and then, so that a task
 * that never has to wait cannot keep it.  0 outside tasks. */
int ili_spend(void);

/* So many operations in a row may succeed without waiting. */
#define ILI_OPS_LIMIT 64u

/* The same in two halves, for operations that cost not much more than a call,
 * and on what may be gone when the task gets the thread back.  `task` is the
 * running one, or NULL.  Before the operation: whether to ili_refuse() it. */
static inline bool ili_must_refuse(const il_task *task)
{
    return task && ILI_UNLIKELY(task->cancelled);
}

/* After it has succeeded without waiting. */
static inline void ili_spent(il_task *task)
{
    if (task && ILI_UNLIKELY(++task->ops >= ILI_OPS_LIMIT))
        ili_pause(task);
}

/* The task has got the thread, for the first time or again. */
void ili_task_got_thread(il_task *task);

/* The task that has the thread will not give it up to the host any more. */
void ili_task_left_host(il_task *task);

/* The host goes, the tasks stay; none of them has the thread. */
void ili_tasks_leave_host(ili_sched *sched);

/* End the wait of a parked task because it is cancelled. */
void ili_cancel_wait(il_task *task);

/* --- task.c: life --------------------------------------------------------- */

/* Run a fresh task's first step inside the caller. */
void ili_task_start(il_task *task);

/* The loop of this task is going; only handles keep it. */
void ili_task_orphan(il_task *task);

static inline const char *ili_task_name(const il_task *task)
{
    if (task->name[0])
        return task->name;
    return task->site && task->site->name ? task->site->name : "(unnamed)";
}

/* --- scope.c -------------------------------------------------------------- */

/* The outermost scope of a task in a group with that scope. */
void ili_scope_init_root(il_task *task, il_scope *group_scope);

/* The scope of a group: entered by `task`, or NULL for the root group. */
void ili_scope_init_group(il_scope *scope, il_task *task);

/* Leave the innermost scope of its task. */
void ili_scope_pop(il_scope *scope);

/* The task leaves what is left of its scopes, the root at least, by ending or by
 * being abandoned. */
void ili_scope_end_all(il_task *task);

/* Cancel every task of a thread. */
void ili_scope_cancel_root(ili_sched *sched);

/* --- group.c -------------------------------------------------------------- */

/* Fill in a group that `task` opens; NULL for the root group. */
void ili_group_init(il_group *group, ili_sched *sched, il_task *task,
                    unsigned flags);
void ili_group_add(il_group *group, il_task *task);

/* The task has ended and leaves its group.  Returns whether its error, if it
 * failed, will reach nobody through the group. */
bool ili_group_ended(il_task *task, bool failed);

/* --- report.c ------------------------------------------------------------- */

/* Queue a report about a task; told between items, outside every task.  A task
 * has room for one: a second one before that is dropped. */
void ili_report(il_task *task, il_report_kind kind, int error,
                const char *message);

/* Tell about a task here and now; for when no turn will come any more. */
void ili_report_now(ili_sched *sched, const il_task *task, il_report_kind kind,
                    int error, const char *message);

#endif
