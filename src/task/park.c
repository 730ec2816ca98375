/* SPDX-License-Identifier: MIT */

/* park.c - the one place where a task gives up the thread.
 *
 * Here, and nowhere else, it is decided whether a wait was granted or
 * cancelled.  A wake takes the task out of PARKED; a cancel finds only tasks
 * that are PARKED.  So whichever comes first wins, a granted value is never
 * lost, and -ECANCELED means that nothing happened.
 *
 * The switch stands in two functions that are not inlined, one for tasks that
 * wait and one for those that yield.  So tasks park at the same depth in the
 * same code, and the processor predicts where they return to.  What is waited
 * for most has a third way, ili_park_inline(), which is the first without its
 * exceptions and one level less deep. */

#include "config.h"

#include "task/park.h"

#include "task/debug.h"
#include "task/task.h"

#include <errno.h>

/* A task that ran into so many refused suspensions is told on, and from then
 * on yields at each, so that it cannot keep the thread to itself. */
#define IGNORED_LIMIT 100u

static void host_suspend(ili_sched *sched, il_task *task)
{
    if (sched->host->suspend)
        sched->host->suspend(sched->host_data, task->host_slot);
}

static void host_resume(ili_sched *sched, il_task *task)
{
    if (sched->host && sched->host->resume)
        sched->host->resume(sched->host_data, task->host_slot);
}

void ili_task_got_thread(il_task *task)
{
    ili_sched *sched = task->sched;

    if (sched->debug)
        ili_step_first(sched, task);
    if (sched->handed_over) {
        sched->handed_over = false;
        return;
    }
    task->depth = ili_sched_depth(sched);
    host_resume(sched, task);
}

void ili_task_left_host(il_task *task)
{
    const ili_sched *sched = task->sched;

    if (sched->host->task_ended)
        sched->host->task_ended(sched->host_data, task->host_slot);
    for (int i = 0; i < IL_HOST_SLOTS; i++)
        task->host_slot[i] = NULL; /* the next host's, or the next task's */
}

void ili_tasks_leave_host(ili_sched *sched)
{
    for (il_task *task = ili_task_after(sched, NULL); task;
         task = ili_task_after(sched, task)) {
        if (sched->host->task_ended)
            host_resume(sched, task);
        ili_task_left_host(task);
    }
}

void ili_minded_arrived(ili_sched *sched)
{
    il_task *task = sched->current;

    if (sched->debug)
        ili_step_resume(sched, task);
    if (sched->handed_over) { /* who did that has told the host */
        sched->handed_over = false;
        return;
    }
    /* Only a runner brings a parked task back, however many tasks handed
     * on the thread in between: nobody need ask the host. */
    task->depth = sched->turn_depth;
    host_resume(sched, task);
}

/* Choose who is next and let the host put aside what is the task's. */
static ili_coro *leave_host(ili_sched *sched, il_task *task)
{
    bool is_eager = task->is_eager;
    il_task *next;
    ili_coro *to;

    if (!sched->host->hand_over || is_eager) {
        host_suspend(sched, task);
        return ili_after(sched, task);
    }
    to = ili_after(sched, task);
    next = sched->current;
    if (next) {
        next->depth = sched->turn_depth;
        sched->handed_over = true;
        sched->host->hand_over(sched->host_data, task->host_slot,
                               next->host_slot);
    } else {
        host_suspend(sched, task);
    }
    return to;
}

static ili_coro *leave_minded(ili_sched *sched, il_task *task)
{
    if (sched->debug)
        ili_debug_leaves(sched, task);
    return sched->host ? leave_host(sched, task) : ili_after(sched, task);
}

/* Leave the stack of the running task, whose state says why, and come back some
 * time. */
static inline __attribute__((always_inline)) void give_up(ili_sched *sched,
                                                          il_task *task)
{
    task->ops = 0;
    ili_leave_for(sched, task,
                  sched->is_minded ? leave_minded(sched, task)
                                   : ili_after(sched, task));
}

/* The running task is about to give up the thread, but stays ready. */
static inline __attribute__((always_inline)) void queue_self(ili_sched *sched,
                                                             il_task *task)
{
    ili_queue_task(sched, task, ili_context_here());
    ili_sched_changed(sched);
}

/* A suspension inside a cancelled scope: refused, but not for ever quietly. */
int ili_refuse(il_task *task)
{
    bool is_told = false;

    if (task->ignored++ == 0)
        task->refused_since = 0; /* not known before somebody watches */
    if (task->sched->debug)
        is_told = ili_debug_refused(task);
    if (task->ignored == IGNORED_LIMIT && !is_told)
        ili_report(task, IL_REPORT_IGNORED_CANCEL, -ECANCELED,
                   "task goes on though it is cancelled");
    if (task->ignored >= IGNORED_LIMIT)
        ili_requeue(task);
    return -ECANCELED;
}

/* Parking underneath a host dispatch that began after the task was resumed
 * would leave that dispatch on a stack that does not run. */
static bool is_nested(const ili_sched *sched, const il_task *task)
{
    return sched->host && ili_sched_depth(sched) != task->depth;
}

bool ili_is_nested(const il_task *task)
{
    return is_nested(task->sched, task);
}

static int refuse_nested(il_task *task)
{
    ili_report(task, IL_REPORT_NESTED_PARK, -EDEADLK,
               "task would wait underneath a nested host loop");
    return -EDEADLK;
}

int ili_check_park(void)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(task, -ESRCH);
    if (ILI_UNLIKELY(is_nested(task->sched, task)))
        return refuse_nested(task);
    return ili_must_refuse(task) ? ili_refuse(task) : 0;
}

void ili_pause(il_task *task)
{
    task->ops = 0;
    ili_requeue(task);
}

int ili_give_way(il_task *task)
{
    ili_pause(task);
    return 0;
}

int ili_spend(void)
{
    il_task *task = ili_current_task();

    if (ili_must_refuse(task))
        return ili_refuse(task);
    if (task && ili_must_pause(task))
        ili_pause(task);
    return 0;
}

int il_checkpoint(void)
{
    return ili_spend();
}

static inline __attribute__((always_inline)) int
park_as(enum ili_task_state state, ili_abort_fn *abort, void *arg,
        const char *waits_for)
{
    ili_sched *sched = ili_sched_current;
    il_task *task = sched ? sched->current : NULL;
    int r = 0;

    if (ILI_UNLIKELY(!task))
        r = -ESRCH;
    else if (ILI_UNLIKELY(is_nested(sched, task)))
        r = refuse_nested(task);
    else if (ILI_UNLIKELY(task->cancelled && abort))
        r = -ECANCELED;
    if (ILI_UNLIKELY(r < 0)) {
        if (abort)
            abort(arg);
        return r == -ECANCELED ? ili_refuse(task) : r;
    }

    ili_begin_wait(sched, task, abort, arg, waits_for);
    task->state = (uint8_t)state;

    give_up(sched, task);
    return sched->current->wake_result;
}

int ili_park(ili_abort_fn *abort, void *arg, const char *waits_for)
{
    return park_as(ILI_PARKED, abort, arg, waits_for);
}

int ili_park_selecting(ili_abort_fn *abort, void *arg, const char *waits_for)
{
    return park_as(ILI_SELECTING, abort, arg, waits_for);
}

bool ili_wake(il_task *task, int result)
{
    ili_sched *sched = task->sched;

    if (ILI_UNLIKELY(task->state != ILI_PARKED))
        return ili_wake_selecting(task, result); /* the last thing: no frame */
    (void)ili_wake_inline(sched, task, result);
    ili_sched_changed(sched);
    return true;
}

/* The grant claims the task: from here on it is in no list, and no other grant
 * and no cancel can find it.  But another thread may have claimed it already:
 * then it goes on SELECTING until that one's wake-up is here. */
bool ili_wake_selecting(il_task *task, int result)
{
    ILI_ASSERT(task->state == ILI_SELECTING);
    task->state = ILI_PARKED;
    task->wake_result = result;
    task->abort(task->abort_arg);
    if (ili_may_refuse(task))
        return false;
    ili_wake_parked(task->sched, task, result);
    ili_sched_changed(task->sched);
    return true;
}

void ili_requeue(il_task *task)
{
    ili_sched *sched = task->sched;

    if (is_nested(sched, task))
        return;
    queue_self(sched, task);

    give_up(sched, task);
}

void ili_cancel_wait(il_task *task)
{
    if (!ili_is_parked(task) || !task->abort)
        return;
    task->abort(task->abort_arg);
    task->state = ILI_PARKED; /* a select has nothing more to leave */
    (void)ili_wake(task, -ECANCELED);
}

/* The rest of il_yield(), with what only some need.  These are functions of
 * their own because each saves six registers for the switch: il_yield() saves
 * none. */
static __attribute__((noinline)) int yield_with_care(ili_sched *sched,
                                                     il_task *task)
{
    if (task->cancelled)
        return ili_refuse(task);
    if (is_nested(sched, task))
        return refuse_nested(task);
    queue_self(sched, task);

    give_up(sched, task);
    return 0;
}

static __attribute__((noinline)) int yield_among_many(ili_sched *sched,
                                                      il_task *task)
{
    ili_queue_task(sched, task, ili_context_here());
    task->ops = 0;

    ili_leave_for(sched, task, ili_next(sched));
    return 0;
}

static __attribute__((noinline)) int yield_among_few(ili_sched *sched,
                                                     il_task *task)
{
    ili_list_append(&sched->ready, &task->item.link);
    task->ops = 0;

    ili_leave_for(sched, task, ili_next_of(sched, false));
    return 0;
}

int il_yield(void)
{
    ili_sched *sched = ili_sched_current;
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(task, -ESRCH);
    if (ILI_UNLIKELY(task->unusual || sched->is_minded))
        return yield_with_care(sched, task);
    if (ILI_UNLIKELY(sched->ahead.ring != NULL))
        return yield_among_many(sched, task);
    return yield_among_few(sched, task);
}

/* --- waiting for a time ---------------------------------------------------- */

struct sleeper {
    il_alarm alarm; /* first: dumps want to know until when */
    il_task *task;
};

static void sleeper_due(il_alarm *alarm)
{
    ili_wake(ILI_CONTAINER(alarm, struct sleeper, alarm)->task, 0);
}

static void sleeper_abort(void *arg)
{
    struct sleeper *sleeper = arg;

    if (ili_alarm_armed(&sleeper->alarm))
        ili_alarms_remove(&sleeper->task->sched->alarms, &sleeper->alarm);
}

/* The time has not passed, or only just. */
static int sleep_until(il_task *task, il_time deadline)
{
    struct sleeper me = { .alarm = { .at = deadline, .fire = sleeper_due },
                          .task = task };

    if (deadline != IL_FOREVER)
        ili_sched_arm(task->sched, &me.alarm);
    return ili_park(sleeper_abort, &me, "time");
}

int il_sleep_until(il_time deadline)
{
    il_task *task = ili_current_task();

    ILI_RETURN_IF_FAIL(task, -ESRCH);
    if (ili_sched_has_passed(task->sched, deadline))
        return il_yield();
    return sleep_until(task, deadline);
}

int il_sleep(il_time duration)
{
    il_task *task = ili_current_task();

    if (!task || duration <= 0)
        return il_yield();
    return sleep_until(
        task, ili_deadline_after(ili_sched_now(task->sched), duration));
}
