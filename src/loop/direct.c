/* SPDX-License-Identifier: MIT */

/* direct.c - one run of a scenario, directed step by step.
 *
 * A turn ends where the marker is in the ready queue.  Here it is put right behind
 * the first item, so each turn of the loop is one step of one task, and between
 * two of them whoever directs can look at the victim, cancel it, and choose who is
 * next.  The hot path is the same as ever and knows nothing of it.
 *
 * What the loop calls a turn, that everybody who is ready runs once before anybody
 * runs twice, is kept up by a second marker, the fence:
 *
 *     ready: | chosen | marker | others of this turn | fence | of the next turn |
 *
 * Tasks change places with tasks only, see shuffle.c. */

#include "config.h"

#include "loop/trial.h"

#include <interloop/dump.h>

#include <errno.h>

/* How long, in real time, to wait when nothing can go on: for what may come from
 * anywhere, for descriptors and other threads that are known of, and for functions
 * that run for our tasks. */
#define PATIENCE IL_MS(200)
#define PATIENCE_KNOWN IL_SEC(2)
#define PATIENCE_AWAY IL_SEC(30)
/* A step may be made to stop at one of so many operations. */
#define PAUSES 4u

/* Note an event of a task, or of none, for the story. */
static void tell(ili_trial *trial, struct ili_story_step step,
                 const il_task *task)
{
    if (task) {
        step.number = (unsigned)(task->id - trial->last_id);
        step.noun = task->waits_for;
    }
    ili_story_add(&trial->story, step, task ? ili_task_name(task) : "");
}

/* --- who is next ------------------------------------------------------------ */

void ili_trial_drop_fence(ili_trial *trial)
{
    if (ili_list_linked(&trial->fence.link))
        ili_list_remove(&trial->fence.link);
}

static bool is_turn_over(const ili_trial *trial)
{
    return !ili_list_linked(&trial->fence.link) ||
           trial->loop->sched.ready.next == &trial->fence.link;
}

/* From how many items one may be chosen: tasks up to the next callback, or that
 * one alone. */
static unsigned count_choices(const ili_trial *trial)
{
    const ili_list *ready = &trial->loop->sched.ready;
    unsigned n = 0;

    for (il_link *link = ready->next;
         link != ready && !ILI_CONTAINER(link, il_item, link)->run;
         link = link->next)
        n++;
    return n > 0 ? n : 1;
}

static il_item *take_first(ili_trial *trial)
{
    ili_list *ready = &trial->loop->sched.ready;
    unsigned n = count_choices(trial);
    unsigned i = n > 1 ? trial->director.choose(trial, n) : 0;
    il_link *link = ready->next;
    il_item *item;

    for (unsigned k = 0; k < i; k++)
        link = link->next;
    ili_list_remove(link);
    ili_list_prepend(ready, link);
    item = ILI_CONTAINER(link, il_item, link);
    if (item->run)
        tell(trial, (struct ili_story_step){ .event = ILI_EVENT_CALLBACK },
             NULL);
    else
        tell(trial,
             (struct ili_story_step){
                 .event = ILI_EVENT_TASK, .chosen = i, .n = n },
             ILI_CONTAINER(item, il_task, item));
    return item;
}

/* What a task does without waiting counts until it stops to be fair. */
static void choose_pause(ili_trial *trial, il_task *task)
{
    unsigned nth;

    if (trial->n_pauses >= trial->limits.n_pauses)
        return;
    nth = trial->director.choose(trial, PAUSES + 1);
    if (nth == 0)
        return;
    trial->n_pauses++;
    task->ops = (uint8_t)(ILI_OPS_LIMIT - nth);
    tell(trial,
         (struct ili_story_step){ .event = ILI_EVENT_PAUSE, .chosen = nth },
         NULL);
}

/* --- the victim ------------------------------------------------------------- */

static void see_grant(ili_trial *trial)
{
    const il_task *victim = trial->victim;

    if (!victim || trial->is_granted || ili_is_parked(victim) ||
        victim->state == ILI_DONE)
        return;
    trial->is_granted = true;
    trial->director.at(trial, ILI_MOMENT_GRANTED);
}

void ili_trial_see_step(ili_trial *trial, bool was_victims)
{
    const il_task *victim = trial->victim;

    if (!victim || victim->state == ILI_DONE)
        return;
    if (was_victims || trial->is_new) {
        trial->is_new = false;
        trial->is_granted = false;
        trial->n_suspensions++;
        trial->director.at(trial, ILI_MOMENT_SUSPENDED);
    } else if (!trial->is_granted && ili_is_parked(victim)) {
        trial->director.at(trial, ILI_MOMENT_WAITING);
    }
    see_grant(trial);
}

void ili_trial_set_victim(ili_trial *trial, il_task *task)
{
    (void)il_task_unref(trial->victim);
    trial->victim = il_task_ref(task);
    /* In its first step its suspension comes in the step of who spawned it. */
    trial->is_new = task != il_task_current() || task->is_eager;
    trial->is_granted = false;
    trial->n_suspensions = 0;
}

int il_test_set_victim(il_task *task)
{
    il_loop *loop = il_loop_current();

    ILI_RETURN_IF_FAIL(task, -EINVAL);
    ILI_RETURN_IF_FAIL(loop && loop->trial && task->sched == &loop->sched,
                       -ESRCH);
    ili_trial_set_victim(loop->trial, task);
    return 0;
}

static void note_meddling(ili_trial *trial, enum ili_event event)
{
    trial->was_meddled = true;
    tell(trial, (struct ili_story_step){ .event = event }, trial->victim);
}

void ili_trial_cancel(ili_trial *trial)
{
    note_meddling(trial, ILI_EVENT_CANCEL);
    (void)il_task_cancel(trial->victim);
}

static void pass_deadline(ili_trial *trial, il_scope *scope)
{
    note_meddling(trial, ILI_EVENT_DEADLINE);
    il_scope_set_deadline(scope, il_now());
}

void ili_trial_time_out(ili_trial *trial)
{
    bool is_main = trial->victim == trial->main;

    if (trial->victim && trial->victim->state != ILI_DONE)
        pass_deadline(trial, is_main ? &trial->scope : &trial->victim->root);
}

bool ili_trial_time_out_inner(ili_trial *trial)
{
    il_scope *scope = trial->victim->scope;

    if (!ili_alarm_armed(&scope->alarm))
        return false;
    pass_deadline(trial, scope);
    return true;
}

static void alarm_due(il_alarm *alarm)
{
    ili_trial_time_out(ILI_CONTAINER(alarm, ili_trial, alarm));
}

void ili_trial_disarm(ili_trial *trial)
{
    if (ili_alarm_armed(&trial->alarm))
        ili_alarms_remove(&trial->loop->sched.alarms, &trial->alarm);
}

void ili_trial_time_out_at(ili_trial *trial, il_time at)
{
    ili_trial_disarm(trial);
    trial->alarm.at = at;
    trial->alarm.fire = alarm_due;
    ili_alarms_add(&trial->loop->sched.alarms, &trial->alarm);
}

/* --- time ------------------------------------------------------------------- */

static void jump(il_loop *loop)
{
    loop->virtual_now = ili_alarms_next(&loop->sched.alarms);
    ili_loop_poll(loop, 0);
}

static il_time patience_with(const il_loop *loop)
{
    if (loop->n_away > 0)
        return PATIENCE_AWAY;
    if (loop->n_remote > 0 || !ili_poller_is_idle(loop->poller))
        return PATIENCE_KNOWN;
    return PATIENCE;
}

/* Nothing is due any more; perhaps something comes from outside. */
static int wait_for_others(il_loop *loop)
{
    il_time deadline = ili_clock_real() + patience_with(loop);

    while (!ili_sched_is_busy(&loop->sched)) {
        il_time left = deadline - ili_clock_real();

        if (left <= 0)
            return -EDEADLK;
        if (ili_inbox_may_sleep(loop)) {
            (void)ili_poller_run(loop->poller, left);
            ili_inbox_awake(loop);
        }
        ili_loop_poll(loop, 0);
    }
    return 0;
}

/* Time passes on the real clock while functions run for our tasks in other threads,
 * and then only there. */
static bool may_jump(il_loop *loop)
{
    return loop->n_away == 0 &&
           ili_alarms_next(&loop->sched.alarms) != IL_FOREVER;
}

static bool may_delay(const ili_trial *trial)
{
    return trial->n_delays < trial->limits.n_delays && may_jump(trial->loop);
}

static int begin_turn(ili_trial *trial)
{
    il_loop *loop = trial->loop;

    ili_trial_drop_fence(trial);
    ili_loop_poll(loop, 0);
    if (ili_sched_is_busy(&loop->sched) && may_delay(trial) &&
        trial->director.choose(trial, 2)) {
        trial->n_delays++;
        tell(trial, (struct ili_story_step){ .event = ILI_EVENT_DELAY }, NULL);
        jump(loop);
    }
    while (!ili_sched_is_busy(&loop->sched)) {
        if (may_jump(loop)) {
            jump(loop);
        } else {
            int r = wait_for_others(loop);

            if (r < 0)
                return r;
        }
    }
    see_grant(trial);
    if (!(trial->limits.flags & IL_TEST_ANY_ORDER))
        ili_list_append(&loop->sched.ready, &trial->fence.link);
    return 0;
}

/* --- steps ------------------------------------------------------------------- */

static void run_step(ili_trial *trial)
{
    il_loop *loop = trial->loop;
    il_item *item = take_first(trial);
    il_task *task = NULL;

    if (!item->run) {
        task = ILI_CONTAINER(item, il_task, item);
        choose_pause(trial, task);
        task->waits_for = NULL; /* if it yields now, it waits for nothing */
    }
    ili_list_insert_before(item->link.next, &loop->sched.marker.link);
    loop->sched.may_cross = false;
    ili_loop_one_turn(loop, 0);
    trial->n_steps++;
    ili_trial_see_step(trial, task && task == trial->victim);
}

int ili_trial_drive(ili_trial *trial)
{
    while (!il_task_is_done(trial->main)) {
        if (trial->has_diverged)
            return ili_trial_fail(trial, -EILSEQ,
                                  "it is not the same as the run before");
        if (trial->loop->stop)
            return ili_trial_fail(trial, -EINTR, "the loop was stopped");
        if (is_turn_over(trial) && begin_turn(trial) < 0) {
            (void)il_dump_tasks(ili_trial_log(trial));
            return ili_trial_fail(trial, -EDEADLK, "nothing can go on");
        }
        if (trial->n_steps >= trial->limits.n_steps)
            return ili_trial_fail(trial, -ELOOP, "it does not come to an end");
        run_step(trial);
    }
    return 0;
}
