/* SPDX-License-Identifier: MIT */

/* turn.c - one turn after the other.
 *
 *   1. compute the sleep: none if anything is ready, else until the nearest
 *      deadline
 *   2. poll descriptors
 *   3. queue what they woke, what other threads posted, then due alarms in the
 *      order of their deadlines
 *   4. run exactly what is ready now
 *   5. look at stop and budget
 *
 * Step 2 costs a system call.  A loop that never pauses, such as two tasks
 * that yield to each other, would spend most of its time in it, so after many
 * busy turns a new turn may begin without steps 1 to 3.  The clock is looked at
 * when the *credit* is spent; the next turn polls if the last poll is a while
 * ago, or if there is something to collect that needs no poll.  That is decided
 * on the stack of whoever has spent it.  The credit is a
 * number of items; it shrinks when they turn out to take long and grows when
 * they are short, so that the clock is looked at every few microseconds whatever
 * the tasks do.
 *
 * Reading the clock takes as long as four posts.  libev does so after it has
 * polled, and we ask it what it saw; we look ourselves when a sleep is to end at
 * a deadline, and when the credit is spent.
 *
 * A guest's host polls our descriptor before it lets us run and again before it
 * sleeps.  So a slice begins with what is there already, and ends without a
 * poll of its own if nothing is watched: a post from another thread then runs
 * before any system call. */

#include "config.h"

#include "loop/loop.h"
#include "loop/shuffle.h"
#include "task/debug.h"

#include <errno.h>

/* Turns without a pause before polls may be skipped. */
#define BUSY_TURNS 64u
/* Between two looks at the clock: items at most, and the time to aim at.  A
 * guest looks more often: a sudden change to long items must not cost the
 * host a frame. */
#define CREDIT_NATIVE 256
#define CREDIT_GUEST 16
#define LOOK_SOON IL_US(20)
#define LOOK_LATE IL_US(100)
/* Between two polls of a busy loop.  A guest's host polls as well. */
#define POLL_NATIVE IL_US(20)
#define POLL_GUEST IL_US(100)

/* What ran took so long: set how many items may run until the next look. */
static void set_credit(il_loop *loop, il_time took)
{
    int most = loop->sched.host ? CREDIT_GUEST : CREDIT_NATIVE;

    if (took > LOOK_LATE)
        loop->credit_size /= 2;
    else if (took < LOOK_SOON)
        loop->credit_size *= 2;
    if (loop->credit_size > most)
        loop->credit_size = most;
    if (loop->credit_size < 1)
        loop->credit_size = 1;
}

/* It is now that late. */
static void note_time(il_loop *loop, il_time now)
{
    if (loop->only_ran)
        set_credit(loop, now - loop->looked_at);
    loop->only_ran = false;
    loop->looked_at = now;
}

static void look(il_loop *loop)
{
    note_time(loop, ili_clock_real());
}

static bool run_items(il_loop *loop)
{
    bool over;

    loop->sched.credit = loop->credit_size;
    over = ili_sched_run(&loop->sched);
    loop->only_ran = true;
    return over;
}

/* The time on the loop's clock when it was last looked at. */
static il_time time_seen(const il_loop *loop)
{
    return loop->is_virtual ? loop->virtual_now : loop->looked_at;
}

/* Until when the poller may sleep; 0: not at all. */
static il_time wake_at(il_loop *loop, il_time limit)
{
    il_time next;

    if (ili_sched_is_busy(&loop->sched) || loop->stop || limit == 0)
        return 0;
    next = ili_alarms_next(&loop->sched.alarms);
    if (limit < next)
        next = limit;
    return next > 0 ? next : 0;
}

/* A virtual clock stands still while functions run for our tasks in other
 * threads: those take time on the real one.  Returns how long to sleep for them:
 * until one comes back, unless a grace ends. */
static il_time wait_for_away(const il_loop *loop)
{
    il_time now;

    if (loop->n_away == 0 || loop->away_by == IL_FOREVER)
        return loop->n_away == 0 ? 0 : IL_FOREVER;
    now = ili_clock_real();
    return loop->away_by > now ? loop->away_by - now : 0;
}

/* Virtual time passes when everybody waits. */
static il_time sleep_virtually(il_loop *loop, il_time limit, il_time timeout)
{
    il_time away = wait_for_away(loop);
    il_time next;

    if (timeout > 0 && away > 0)
        return away;
    if (timeout == 0 || !loop->autojump)
        return timeout == IL_FOREVER ? IL_FOREVER : 0;
    (void)ili_fds_check(loop);
    (void)ili_poller_run(loop->poller, 0);
    ili_inbox_collect(&loop->sched);
    next = ili_alarms_next(&loop->sched.alarms);
    if (limit < next)
        next = limit;
    if (ili_sched_is_busy(&loop->sched) || next == IL_FOREVER)
        return ili_sched_is_busy(&loop->sched) ? 0 : IL_FOREVER;
    loop->virtual_now = next;
    return 0;
}

/* Nothing but virtual time can go on.  A host must not sleep then: it comes
 * back when nothing of its own is left to do, and time jumps. */
static bool waits_for_jump(il_loop *loop)
{
    return loop->is_virtual && loop->autojump && loop->sched.host &&
           !loop->stop && !ili_sched_is_busy(&loop->sched) &&
           wait_for_away(loop) == 0 &&
           ili_alarms_next(&loop->sched.alarms) != IL_FOREVER;
}

/* How long it may sleep when it may sleep until then. */
static il_time sleep_time(const il_loop *loop, il_time until)
{
    if (until == 0 || until == IL_FOREVER)
        return until;
    return until > time_seen(loop) ? until - time_seen(loop) : 0;
}

/* Nothing is ready: the time that the poller may sleep. */
static il_time about_to_sleep(il_loop *loop, il_time timeout)
{
    if (!ili_inbox_may_sleep(loop))
        return 0;
    if (timeout == IL_FOREVER &&
        ili_debugs(&loop->sched, IL_DEBUG_DEADLOCK | ILI_DEBUG_BLOCKED)) {
        timeout = ili_deadlock_look(loop);
        if (timeout == 0)
            ili_inbox_awake(loop);
    }
    return timeout;
}

/* `looked`: the clock was looked at just now. */
static void poll_and_queue(il_loop *loop, il_time limit, bool looked)
{
    ili_sched *sched = &loop->sched;
    il_time until = wake_at(loop, limit);
    il_time timeout;
    bool ticked;

    if (!looked && until > 0 && until < IL_FOREVER)
        look(loop);
    timeout = sleep_time(loop, until);
    if (timeout > 0)
        loop->busy_turns = 0;
    if (ILI_UNLIKELY(loop->looked_at >= loop->verify_at)) {
        ili_fds_verify(loop);
        if (ili_sched_is_busy(&loop->sched))
            timeout = 0;
    }
    if (loop->is_virtual)
        timeout = sleep_virtually(loop, limit, timeout);
    if (timeout > 0)
        timeout = about_to_sleep(loop, timeout);

    if (!ili_list_empty(&loop->touched) && ili_fds_check(loop))
        timeout = 0;
    ticked = ili_poller_run(loop->poller, timeout);
    if (timeout > 0) {
        ili_inbox_awake(loop);
        loop->only_ran = false;
    }
    note_time(loop, ili_poller_now(loop->poller));
    loop->polled_at = loop->looked_at;
    if (ILI_UNLIKELY(ticked))
        ili_fds_ticked(loop, loop->looked_at);

    ili_inbox_collect(sched);
    sched->turn_time = time_seen(loop);
    ili_alarms_fire(&sched->alarms, sched->turn_time);
}

static void poll_quietly(il_loop *loop, il_time limit, bool looked)
{
    bool told = loop->sched.told;

    /* What is queued now runs in this turn: the host need not be asked for
     * another one. */
    loop->sched.told = true;
    poll_and_queue(loop, limit, looked);
    loop->sched.told = told;
}

void ili_loop_poll(il_loop *loop, il_time limit)
{
    poll_quietly(loop, limit, false);
}

/* Turns that follow each other without the runner are not shuffled. */
static void begin_turn(il_loop *loop)
{
    loop->busy_turns++;
    loop->sched.may_cross = loop->busy_turns >= BUSY_TURNS &&
                            !loop->is_virtual && !loop->stop;
    if (ILI_UNLIKELY(loop->shuffle != NULL)) {
        loop->sched.may_cross = false;
        ili_shuffle_turn(loop);
    }
    ili_sched_begin_turn(&loop->sched);
}

/* Whether a busy loop has gone on for long enough without a poll. */
static bool is_poll_due(const il_loop *loop)
{
    il_time period = loop->sched.host ? POLL_GUEST : POLL_NATIVE;

    return loop->looked_at - loop->polled_at >= period ||
           ili_alarms_bound(&loop->sched.alarms) <= loop->looked_at;
}

/* The credit is spent: see whether turns may go on following each other. */
static void check_crossing(il_loop *loop)
{
    if (is_poll_due(loop) || !ili_inbox_is_empty(loop))
        loop->sched.may_cross = false;
}

/* A clock that is looked at right where the credit is spent costs no way to the
 * runner and back.  The turn may be over: a nested host loop ends it. */
bool ili_loop_renew(ili_sched *sched)
{
    il_loop *loop = ili_loop_of(sched);

    if (!ili_list_linked(&sched->marker.link))
        return false;
    loop->only_ran = true;
    look(loop);
    check_crossing(loop);
    if (loop->looked_at >= loop->slice_end)
        return false;
    sched->credit = loop->credit_size - 1;
    return true;
}

void ili_loop_one_turn(il_loop *loop, il_time limit)
{
    if (ili_list_linked(&loop->sched.marker.link)) {
        look(loop);
    } else {
        ili_loop_poll(loop, limit);
        begin_turn(loop);
    }
    while (!run_items(loop)) {
        look(loop);
        check_crossing(loop);
    }
}

/* Whether the kernel may know something that a guest's host, which is about to
 * poll, would not tell just as soon. */
static bool is_worth_polling(const il_loop *loop)
{
    return !ili_poller_is_idle(loop->poller) ||
           !ili_list_empty(&loop->touched) ||
           ili_alarms_bound(&loop->sched.alarms) <= loop->looked_at;
}

/* Whether the kernel may be left alone before the next turn of a slice.  The
 * host has polled before the first one, and will after the last. */
static bool may_skip_poll(const il_loop *loop, bool ran)
{
    if (!ili_sched_is_busy(&loop->sched))
        return ran && !is_worth_polling(loop);
    return !ran || (loop->busy_turns >= BUSY_TURNS && !is_poll_due(loop));
}

/* Queue what the next turn of a slice is to run. */
static void gather(il_loop *loop, bool ran, bool looked)
{
    if (loop->sched.host && !loop->is_virtual && !loop->stop) {
        ili_inbox_collect(&loop->sched);
        if (may_skip_poll(loop, ran)) {
            loop->sched.turn_time = loop->looked_at;
            if (!ili_sched_is_busy(&loop->sched))
                ili_inbox_quieten(loop);
            return;
        }
    }
    poll_quietly(loop, 0, looked);
}

static int run_slice(il_loop *loop, il_time deadline, bool looked)
{
    /* However short the budget, something is done. */
    for (bool ran = false;; ran = looked = true) {
        if (ran)
            look(loop);
        if (!ili_list_linked(&loop->sched.marker.link)) {
            gather(loop, ran, looked);
            /* A stop from interleaved code comes after one more turn. */
            if (!ili_sched_is_busy(&loop->sched) || (loop->stop && ran))
                break;
            begin_turn(loop);
        } else if (ran) {
            check_crossing(loop);
        } else {
            loop->sched.may_cross = false;
        }
        if (ran && loop->looked_at >= deadline)
            return 1;
        (void)run_items(loop);
    }
    loop->busy_turns = 0;
    /* Not now: the host has had no look at its own since this turn began. */
    loop->jump_next = waits_for_jump(loop);
    return ili_sched_is_busy(&loop->sched) || loop->jump_next ||
           !ili_inbox_may_sleep(loop);
}

int ili_loop_slice(il_loop *loop, il_time deadline, bool looked)
{
    il_time outer_end = loop->slice_end;
    int r;

    loop->slice_end = deadline;
    r = run_slice(loop, deadline, looked);
    loop->slice_end = outer_end;
    return r;
}

/* Whether the host has come back since, and nobody has asked it to. */
static bool take_jump(il_loop *loop)
{
    bool jump = loop->jump_next && !loop->sched.told && waits_for_jump(loop);

    loop->jump_next = false;
    return jump;
}

/* Asked to stop, and the turn that will be the last is done but for what lies
 * on the stack below this nested host loop. */
static bool is_last_turn_below(const il_loop *loop)
{
    return loop->stop && loop->sched.runner &&
           !ili_list_linked(&loop->sched.marker.link);
}

static bool host_asks(const il_loop *loop)
{
    return loop->sched.host && loop->sched.host->asks;
}

int il_loop_turn(il_loop *loop, il_time budget)
{
    il_time deadline = 0;
    bool looked;
    bool jump;
    int r;

    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(!loop->sched.closed, -ESHUTDOWN);
    ILI_RETURN_IF_FAIL(ili_loop_is_here(loop), -ESRCH);
    ILI_RETURN_IF_FAIL(!loop->running || loop->sched.host, -EBUSY);
    /* The host may have slept since the last look.  If there is nothing yet to
     * run, the poll will tell the time. */
    looked = loop->sched.host || budget > 0 ||
             ili_sched_is_busy(&loop->sched) ||
             !ili_list_empty(&loop->unverified);
    loop->only_ran = false;
    if (looked)
        look(loop);
    jump = take_jump(loop);
    loop->sched.told = host_asks(loop);
    if (ili_loop_is_halted(loop) || is_last_turn_below(loop)) {
        /* Nothing runs, but what is readable must not stay so. */
        ili_loop_poll(loop, 0);
        return 0;
    }
    if (jump)
        ili_loop_poll(loop, IL_FOREVER); /* does not sleep: there are alarms */
    if (budget > 0)
        deadline = budget > IL_FOREVER - loop->looked_at
                       ? IL_FOREVER
                       : loop->looked_at + budget;
    r = ili_loop_slice(loop, deadline, looked);
    if (loop->stop)
        ili_loop_turn_ended(loop);
    return r;
}

int il_loop_fd(il_loop *loop)
{
    ILI_RETURN_IF_FAIL(loop, -EINVAL);
    ILI_RETURN_IF_FAIL(loop->poller, -ESHUTDOWN);
    return ili_poller_fd(loop->poller);
}

il_time il_loop_next_deadline(il_loop *loop)
{
    il_time next;

    if (loop && loop->sched.debug && ili_loop_is_here(loop))
        ili_step_host_waits(&loop->sched);
    if (!loop || loop->sched.closed || ili_loop_is_halted(loop) ||
        is_last_turn_below(loop))
        return IL_FOREVER;
    /* From here on a host that asks has to be told of changes. */
    if (host_asks(loop))
        loop->sched.told = false;
    if (ili_sched_is_busy(&loop->sched) || loop->sched.told || loop->stop ||
        !ili_list_empty(&loop->touched) || waits_for_jump(loop))
        return 0;
    /* Who asks is about to sleep. */
    if (!ili_inbox_may_sleep(loop))
        return 0;
    next = ili_alarms_next(&loop->sched.alarms);
    if (next < 0) /* hosts subtract the time it is now */
        next = 0;
    /* That moment is on the real clock; a virtual one does not wait for it. */
    return loop->verify_at < next ? loop->verify_at : next;
}
