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
 *     running    | -                | park, end, or spawning a task
 *     nested     | -                | the task it spawned parks or ends
 *     PARKED     | a waiter's list  | ili_wake()
 *     SELECTING  | several of them  | ili_wake(), which leaves the others
 *     DONE       | -                | the last reference is dropped
 *
 * Neither `running` nor `nested` is stored: such tasks are READY.  Who runs is
 * sched->current, or, under a nested host loop that it has opened, ASIDE.  Who is
 * nested is where a task that is_eager will return to. */

#include "task/sched.h"

#include <interloop/scope.h>
#include <interloop/task.h>

enum ili_task_state {
    ILI_READY,
    ILI_ASIDE,
    ILI_PARKED,
    ILI_SELECTING,
    ILI_DONE,
};

/* Detach a waiter from what it waits for; runs inside cancel, only queues. */
typedef void ili_abort_fn(void *arg);

#define ILI_NAME_SIZE 32

/* Debug mode: a stretch of a task, or a callback, that has the thread. */
struct ili_step {
    il_time began; /* on the real clock, less what lay inside it */
    struct ili_step *outer;
};

struct il_task {
    /* The first line of the cache is all that a switch looks at; right below
     * it is the task's first frame. */
    _Alignas(64) il_item item; /* in sched->ready while READY; run is NULL */
    ili_coro coro;             /* its stack while it does not run */
    uint8_t state;
    uint8_t ops; /* operations since it last gave up the thread */
    union {
        struct {
            bool cancelled; /* root scope or one around it, unshielded */
            bool is_eager;  /* in its first step, inside il_spawn() */
        };
        uint16_t unusual; /* either of them */
    };
    bool has_joiners; /* `joiners` is a list; else it was never written to */
    bool joined;      /* somebody has seen the result */
    bool unheard;     /* DONE with an error that no group will return */
    bool has_name;    /* of its own */

    /* The second and the third: beginning and end. */
    il_hold *held;       /* the latest of what it owns; see hold.h */
    ili_coro *return_to; /* while is_eager: who started it */
    il_task_fn *fn;
    void *arg;
    void (*destroy)(void *arg);
    const il_site *site;
    il_group *group; /* owner, until DONE */
    unsigned refs;   /* one for running, one each for handles */
    int result;      /* of the body, once DONE */
    uint64_t id;     /* counts up; for the tree of il_dump_tasks() */
    il_link sibling; /* in group->children, or in group->ended */
    uint64_t parent; /* id of who spawned it; 0: no task */
    il_scope root;   /* outermost scope */

    /* Waiting. */
    ili_sched *sched;    /* of no use once the loop is gone */
    ili_abort_fn *abort; /* while PARKED: how to detach; NULL: not at all */
    void *abort_arg;
    const char *waits_for; /* while PARKED: a noun for dumps */
    il_time since;         /* while PARKED: since when */
    int wake_result;       /* what ili_park() will return */
    int depth;             /* of host dispatches when it last got the thread */
    unsigned ignored;      /* suspensions refused since it was cancelled */
    il_scope *scope;       /* innermost scope */

    ili_list joiners;   /* il_joiner.link: who waits for it */
    void *no_joiner[2]; /* NULL: what joiners have behind the link */
    il_link pending;    /* in sched->pending; once DONE, debug->ended */
    void *host_slot[IL_HOST_SLOTS]; /* see il_host.suspend */
    il_item report;                 /* queued while a report waits to be told */
    il_report_kind report_kind;
    int report_error;
    const char *report_message; /* a constant */
    ili_stack stack;
    ili_arena *arena;
    struct ili_step step;  /* debug mode, as the next two */
    il_time refused_since; /* while `ignored`; 0: not known; IL_FOREVER: told */
    bool stack_is_told;
    il_locals *locals;        /* its values; NULL: none */
    char name[ILI_NAME_SIZE]; /* if has_name; else the site's */
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

/* What ili_park() would refuse, for those who begin something that they could
 * not take back: 0, -ECANCELED, -ESRCH, -EDEADLK. */
int ili_check_park(void);

/* The same for who has linked itself to several things.  Whoever wakes the task
 * has taken off one of them; `abort (arg)` is called then, too, and undoes the
 * rest. */
int ili_park_selecting(ili_abort_fn *abort, void *arg, const char *waits_for);

/* Put a parked task on the ready queue.  Unlink it first.
 *
 * False: it selects, and another thread has been faster; whoever grants keeps
 * what it has, for the next one.  So what is granted is moved after this, which
 * is in time: the task does not run before. */
bool ili_wake(il_task *task, int result);

/* Likewise, for one that is SELECTING. */
bool ili_wake_selecting(il_task *task, int result);

static inline bool ili_is_parked(const il_task *task)
{
    return task->state == ILI_PARKED || task->state == ILI_SELECTING;
}

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

/* After it has succeeded without waiting: whether to ili_pause(). */
static inline bool ili_must_pause(il_task *task)
{
    return ILI_UNLIKELY(++task->ops >= ILI_OPS_LIMIT);
}

/* The same in another order, for operations before which a task is to pause: who
 * has passed counts it, if it did not have to wait. */
static inline bool ili_must_pause_first(const il_task *task)
{
    return ILI_UNLIKELY(task->ops >= ILI_OPS_LIMIT - 1);
}

/* The same for who has nothing left to do but to return 0, and must not touch what
 * it was about, since others run.  Without a frame of its own. */
int ili_give_way(il_task *task);

static inline int ili_spent(il_task *task)
{
    return task && ili_must_pause(task) ? ili_give_way(task) : 0;
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

static inline const char *ili_task_name(const il_task *task)
{
    if (task->has_name)
        return task->name;
    return task->site && task->site->name ? task->site->name : "(unnamed)";
}

/* `joiner` hears of the end of a task that has not ended, unless it is taken out
 * of the list before.  Its task is woken, or `ended` is called, with the node off
 * the list; who takes note of the result then or later says so with
 * `task->joined`. */
static inline void ili_task_on_end(il_task *task, il_joiner *joiner)
{
    if (!task->has_joiners)
        ili_list_init(&task->joiners);
    task->has_joiners = true;
    ili_list_append(&task->joiners, &joiner->link);
}

/* What a task waits for that joins, that has spawned one, that closes a group. */
extern const char ili_noun_end[];
extern const char ili_noun_ready[];
extern const char ili_noun_tasks[];

/* The task whose end that one waits for. */
const il_task *ili_joined_task(const il_task *task);

/* --- scope.c -------------------------------------------------------------- */

/* Flags of a scope, beside those that scope.c keeps to itself. */
enum ili_scope_flag {
    ILI_SCOPE_DEFERRED = 32, /* `deferred` is a list; else it was never set */
    ILI_SCOPE_ENDING = 64,   /* what was deferred is being done */
    ILI_SCOPE_LOCALS = 128,  /* of a task's outermost one: the task has values,
                                or had some */
};

/* The scope of a group: entered by `task`, or NULL for the root group. */
void ili_scope_init_group(il_scope *scope, il_task *task);

/* The group that `scope` belongs to, or the next one inside it in the same task;
 * NULL: there is none. */
il_group *ili_scope_next_group(il_scope *scope);

/* The outermost scope of a task is inside another one from now on; neither that
 * nor the one before need be of the same task. */
void ili_scope_move(il_task *task, il_scope *outer);

/* Leave the innermost scope of its task. */
void ili_scope_pop(il_scope *scope);

/* The task leaves what is left of its scopes, the root at least, by ending or by
 * being abandoned. */
void ili_scope_end_all(il_task *task);

/* Cancel every task of a thread. */
void ili_scope_cancel_root(ili_sched *sched);

/* --- defer.c -------------------------------------------------------------- */

/* The running task is about to leave this scope of its own: do what was deferred,
 * and what that defers, the latest first.  May wait. */
void ili_scope_undo(il_scope *scope);

/* --- group.c -------------------------------------------------------------- */

/* All tasks that have not ended, or were abandoned, in some order: the one after
 * `task`, or the first after NULL; NULL: there are no more.  They hang in the
 * tree of groups, so no list of them is kept. */
il_task *ili_task_after(ili_sched *sched, il_task *task);

/* Fill in a group that `task` opens; NULL for the root group. */
void ili_group_init(il_group *group, ili_sched *sched, il_task *task,
                    unsigned flags);
static inline void ili_group_add(il_group *group, il_task *task)
{
    task->group = group;
    group->n_children++;
    ili_list_append(&group->children, &task->sibling);
}

/* The task has ended and leaves its group.  Returns whether its error, if it
 * failed, will reach nobody through the group. */
bool ili_group_ended(il_task *task, bool failed);

/* The two halves of this for a task that has not failed: whether somebody wants
 * to know of its end, and if not, its end. */
static inline bool ili_group_minds(const il_group *group)
{
    return group->flags & IL_GROUP_COLLECT ||
           (group->waiter && group->n_children == 1);
}

/* Flags of groups: it is that of a task which is not ready; see ready.c.  And
 * who opened it sees each task's result: errors after the first are not to be
 * reported. */
#define ILI_GROUP_STARTS 0x80000000u
#define ILI_GROUP_SEES_ALL 0x40000000u

/* A task will come, or will not after all: the group waits for it until then. */
void ili_group_expect(il_group *group);
void ili_group_forget(il_group *group);

/* The task is another group's from now on, which has expected it. */
void ili_group_move(il_task *task, il_group *group);

static inline void ili_group_leave(il_task *task)
{
    ili_list_drop(&task->sibling);
    task->group->n_children--;
}

/* --- report.c ------------------------------------------------------------- */

/* Queue a report about a task; told between items, outside every task.  A task
 * has room for one: a second one before that is dropped. */
void ili_report(il_task *task, il_report_kind kind, int error,
                const char *message);

/* The handler gets it, or else stderr. */
void ili_report_tell(ili_sched *sched, const il_report *report);

/* Tell about a task here and now; for when no turn will come any more. */
void ili_report_now(ili_sched *sched, const il_task *task, il_report_kind kind,
                    int error, const char *message);

/* Tell about what is no task, to the handler of this thread's loop if it has one.
 * Not inside a task. */
void ili_report_outside(const il_report *report);

#endif
