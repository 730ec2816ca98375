/* SPDX-License-Identifier: MIT */

/* case.c - what each kind of case does for a select.
 *
 * A case that is queued is in the list of its object, as a task that waits for
 * that alone is, and whoever serves it does not see the difference.  What is off
 * is in a list of its own, so that leaving is the same for all.  Descriptors have
 * no list, but a place for one task, and then the slot says where that is. */

#include "config.h"

#include "sync/case.h"

#include "loop/fd.h"
#include "sync/channel.h"
#include "sync/semaphore.h"
#include "task/hold.h"

#include <errno.h>
#include <poll.h>

static inline il_waiter *waiter_of(il_case *c)
{
    return &c->node.future.waiter;
}

static inline void *slot_of(const il_case *c)
{
    return c->node.future.waiter.slot;
}

/* --- looking ---------------------------------------------------------------- */

/* 0: what is of that thread can be used, with that element. */
static int check(const void *thread, const void *element)
{
    if (thread == ili_this_thread())
        return element ? 0 : -EINVAL;
    return thread ? -ESRCH : -EINVAL;
}

static int can_receive(const il_case *c)
{
    const il_channel *channel = c->object;
    int r = channel ? check(channel->thread, slot_of(c)) : 0;

    return r < 0 ? r : channel && ili_channel_can_receive(channel);
}

static int can_send(const il_case *c)
{
    const il_channel *channel = c->object;
    int r = channel ? check(channel->thread, c->from) : 0;

    return r < 0 ? r : channel && ili_channel_can_send(channel);
}

/* To get from a queue or to put into it. */
static int can_use(const il_case *c)
{
    const il_queue *queue = c->object;
    bool gets = c->kind == IL_CASE_GET_;
    int r = queue ? check(queue->thread, gets ? slot_of(c) : c->from) : 0;

    if (!queue || r < 0)
        return r;
    if (queue->is_comparing)
        return -EBUSY;
    return (gets ? queue->count > 0 : queue->count < queue->capacity) ||
           queue->is_closed;
}

static int can_hear(const il_case *c)
{
    const il_subscriber *subscriber = c->object;
    const il_broadcast *broadcast;
    int r;

    if (!subscriber || subscriber->is_orphan)
        return subscriber != NULL;
    broadcast = subscriber->broadcast;
    r = broadcast ? check(broadcast->thread, slot_of(c)) : -EINVAL;
    if (r < 0)
        return r;
    return broadcast->sent != subscriber->next || broadcast->is_closed;
}

static bool has_changed(const il_watch *watch, const uint64_t *version)
{
    return watch->version > 0 && watch->version != *version;
}

static int can_see(const il_case *c)
{
    const il_watch *watch = c->object;
    const uint64_t *version = (void *)c->node.future.ret_value;
    int r = watch ? check(watch->thread, slot_of(c)) : 0;

    if (!watch || r < 0)
        return r;
    ILI_RETURN_IF_FAIL(version, -EINVAL);
    return has_changed(watch, version) || watch->is_closed;
}

static int can_pass(const il_event *event)
{
    if (!event || event->is_set)
        return event != NULL;
    return ili_waiters_are_here(&event->waiters) ? 0 : -ESRCH;
}

static int can_join(const il_task *task)
{
    if (!task || task->state == ILI_DONE)
        return task != NULL;
    ILI_RETURN_IF_FAIL(task->sched == ili_sched_current, -ESRCH);
    return task == ili_current_task() ? -EDEADLK : 0;
}

static int can_get(const il_future *future)
{
    if (!future || future->done)
        return future != NULL;
    return ili_waiters_are_here(&future->waiters) ? 0 : -ESRCH;
}

static int can_lock(const il_lock *lock)
{
    const il_task *owner = lock ? lock->hold.owner : NULL;

    if (!owner || ili_hold_is_lost(&lock->hold))
        return lock != NULL;
    if (owner == ili_as_owner(ili_current_task()))
        return -EDEADLK;
    return ili_hold_is_here(&lock->hold) ? 0 : -ESRCH;
}

static int can_take(const il_case *c)
{
    if (!c->object)
        return 0;
    return ili_semaphore_can(c->object, (uintptr_t)slot_of(c));
}

/* Whether somebody else has its place; not whether it is ready. */
static int can_watch(const il_case *c)
{
    const struct ili_fd *fd = ili_fd_find(c->fd);

    ILI_RETURN_IF_FAIL(c->events > 0 && c->events <= (IL_READ | IL_WRITE),
                       -EINVAL);
    if (!fd)
        return 0;
    return (c->events & IL_READ && fd->waiters[0]) ||
                   (c->events & IL_WRITE && fd->waiters[1])
               ? -EBUSY
               : 0;
}

static int has_come(const il_case *c)
{
    ILI_RETURN_IF_FAIL(ili_sched_current, -ESRCH);
    if (c->kind == IL_CASE_AFTER_)
        return c->at <= 0;
    return ili_sched_has_passed(ili_sched_current, c->at);
}

int ili_case_look(const il_case *c)
{
    switch (c->kind) {
    case IL_CASE_RECEIVE_:
        return can_receive(c);
    case IL_CASE_SEND_:
        return can_send(c);
    case IL_CASE_GET_:
    case IL_CASE_PUT_:
        return can_use(c);
    case IL_CASE_SUBSCRIBER_:
        return can_hear(c);
    case IL_CASE_WATCH_:
        return can_see(c);
    case IL_CASE_EVENT_:
        return can_pass(c->object);
    case IL_CASE_JOIN_:
        return can_join(c->object);
    case IL_CASE_FUTURE_:
        return can_get(c->object);
    case IL_CASE_LOCK_:
        return can_lock(c->object);
    case IL_CASE_PERMITS_:
        return can_take(c);
    case IL_CASE_FD_:
        return c->fd < 0 ? 0 : can_watch(c);
    case IL_CASE_AT_:
    case IL_CASE_AFTER_:
        return has_come(c);
    case IL_CASE_SHARED_:
        return c->object ? ((const il_case_kind *)c->from)->look(c) : 0;
    default:
        return c->kind == IL_CASE_NONE_ || c->kind & IL_CASE_OFF_ ? 0 : -EINVAL;
    }
}

int ili_case_poll(const il_case *c)
{
    struct pollfd pollfd = { .fd = c->fd, .events = POLLIN | POLLOUT };
    struct ili_fd *fd = ili_fd_find(c->fd);
    short broken = POLLERR | POLLHUP;
    int events;

    if (poll(&pollfd, 1, 0) <= 0)
        return 0;
    if (pollfd.revents & POLLNVAL)
        return -EBADF;
    events = (pollfd.revents & (POLLIN | broken) ? IL_READ : 0) |
             (pollfd.revents & (POLLOUT | broken) ? IL_WRITE : 0);
    if (fd && events & IL_READ)
        fd->hints &= (uint8_t)~ILI_FD_DRAINED; /* the next read need not wait */
    return events & c->events;
}

/* --- firing at once --------------------------------------------------------- */

static int see(il_case *c)
{
    uint64_t *version = (void *)c->node.future.ret_value;

    return has_changed(c->object, version)
               ? il_watch_get(c->object, slot_of(c), version)
               : -EPIPE;
}

int ili_case_fire(il_case *c)
{
    void *slot = slot_of(c);
    void **ret_value = c->node.future.ret_value;

    switch (c->kind) {
    case IL_CASE_RECEIVE_:
        return il_channel_try_receive(c->object, slot);
    case IL_CASE_SEND_:
        return il_channel_try_send(c->object, c->from);
    case IL_CASE_GET_:
        return il_queue_try_get(c->object, slot);
    case IL_CASE_PUT_:
        return il_queue_try_put(c->object, c->from);
    case IL_CASE_SUBSCRIBER_:
        return il_subscriber_try_receive(c->object, slot, (void *)ret_value);
    case IL_CASE_WATCH_:
        return see(c);
    case IL_CASE_JOIN_:
        return il_task_try_join(c->object, (void *)ret_value);
    case IL_CASE_FUTURE_:
        return il_future_try_get(c->object, slot, ret_value);
    case IL_CASE_LOCK_:
        return il_lock_try_acquire(c->object);
    case IL_CASE_PERMITS_:
        return il_semaphore_try_acquire(c->object, (uintptr_t)slot);
    case IL_CASE_FD_:
        return c->result;
    case IL_CASE_SHARED_:
        return ((const il_case_kind *)c->from)->fire(c);
    default: /* an event or a time, of which nothing is taken */
        return 0;
    }
}

/* --- queueing --------------------------------------------------------------- */

/* What is off is in a list of its own: leaving is the same for all. */
static inline int stay_off(il_case *c)
{
    ili_list_init(ili_case_link(c));
    return 0;
}

static inline int queue(il_case *c, ili_list *list, il_task *task)
{
    waiter_of(c)->task = task;
    ili_list_append_lazy(list, ili_case_link(c));
    return 1;
}

/* Who waits, for kinds that have no room for that in their node. */
static il_task *who_waits(const il_case *c)
{
    return (il_task *)c->from;
}

static void task_has_ended(il_joiner *joiner, il_task *task)
{
    const il_case *c = ILI_CONTAINER(joiner, il_case, node.joiner);
    int *ret_result = (void *)c->node.future.ret_value;

    if (!ili_wake(who_waits(c), 0))
        return;
    task->joined = true;
    if (ret_result)
        *ret_result = task->result;
}

static int queue_joiner(il_case *c, il_task *task)
{
    c->from = task;
    c->node.joiner.task = NULL;
    c->node.joiner.ended = task_has_ended;
    ili_task_on_end(c->object, &c->node.joiner);
    return 1;
}

static int queue_fd(il_case *c, il_task *task)
{
    struct ili_fd *fd = ili_fd_find(c->fd);

    if (ili_fd_is_prepared(fd, c->events)) {
        ili_fd_note_unverified(fd);
    } else {
        int r = ili_fd_prepare(c->fd, c->events, &fd);

        if (r < 0)
            return r;
    }
    if (c->events & IL_READ)
        fd->waiters[0] = task;
    if (c->events & IL_WRITE)
        fd->waiters[1] = task;
    waiter_of(c)->slot = fd;
    ili_sched_changed(task->sched);
    return 1;
}

static void time_has_come(il_alarm *alarm)
{
    (void)ili_wake(who_waits(ILI_CONTAINER(alarm, il_case, node.alarm)), 0);
}

static int queue_alarm(il_case *c, il_task *task)
{
    il_alarm *alarm = &c->node.alarm;

    alarm->at = c->at;
    if (c->kind == IL_CASE_AFTER_)
        alarm->at = ili_deadline_after(ili_sched_now(task->sched), c->at);
    alarm->fire = time_has_come;
    c->from = task;
    if (alarm->at == IL_FOREVER)
        (void)stay_off(c);
    else
        ili_sched_arm(task->sched, alarm);
    return 1;
}

int ili_case_enqueue(il_case *c, il_task *task)
{
    if (ili_list_linked(ili_case_link(c)))
        return -EBUSY;
    if (c->kind == IL_CASE_FD_ && c->fd >= 0)
        return queue_fd(c, task);
    if (c->kind == IL_CASE_AT_ || c->kind == IL_CASE_AFTER_)
        return queue_alarm(c, task);
    if (!c->object)
        return stay_off(c);
    switch (c->kind) {
    case IL_CASE_RECEIVE_:
        ILI_RETURN_IF_FAIL(waiter_of(c)->slot, -EINVAL);
        ili_case_enqueue_receiver(c, task);
        return 1;
    case IL_CASE_SEND_:
        waiter_of(c)->slot = (void *)c->from; /* nobody writes there */
        return queue(c, &((il_channel *)c->object)->senders, task);
    case IL_CASE_GET_:
        return queue(c, &((il_queue *)c->object)->getters, task);
    case IL_CASE_PUT_:
        waiter_of(c)->slot = (void *)c->from;
        return queue(c, &((il_queue *)c->object)->putters, task);
    case IL_CASE_SUBSCRIBER_:
        return queue(c, &((il_subscriber *)c->object)->waiters, task);
    case IL_CASE_WATCH_:
        return queue(c, &((il_watch *)c->object)->waiters, task);
    case IL_CASE_EVENT_:
        return queue(c, &((il_event *)c->object)->waiters, task);
    case IL_CASE_JOIN_:
        return queue_joiner(c, task);
    case IL_CASE_FUTURE_:
        return queue(c, &((il_future *)c->object)->waiters, task);
    case IL_CASE_LOCK_:
        return queue(c, &((il_lock *)c->object)->hold.waiters, task);
    case IL_CASE_PERMITS_:
        return queue(c, &((il_semaphore *)c->object)->waiters, task);
    case IL_CASE_SHARED_:
        return -EREMOTE;
    default:
        return stay_off(c);
    }
}

/* --- leaving ---------------------------------------------------------------- */

static inline bool leave_list(il_case *c)
{
    if (!ili_list_linked(ili_case_link(c)))
        return true;
    ili_list_remove(ili_case_link(c));
    return false;
}

/* Who waits for either side has lost both when one is ready. */
static bool leave_fd(il_case *c, const il_task *task)
{
    struct ili_fd *fd = waiter_of(c)->slot;
    bool was_there = true;

    waiter_of(c)->slot = NULL;
    for (int i = 0; i < 2; i++) {
        if (!(c->events & (i == 0 ? IL_READ : IL_WRITE)))
            continue;
        if (fd->waiters[i] == task)
            fd->waiters[i] = NULL;
        else
            was_there = false;
    }
    return !was_there &&
           (task->wake_result < 0 || task->wake_result & c->events);
}

/* Semaphores that somebody left who may have been the first in the queue, and
 * behind whom others fit. */
static __thread ili_list left; /* il_case.node: of such semaphores */

/* Serving wakes tasks, and if these select they leave semaphores in turn.  Only
 * the outermost call serves, or a chain of them could fill the stack. */
void ili_cases_serve(void)
{
    static __thread bool is_serving;
    il_link *link;

    if (is_serving)
        return;
    is_serving = true;
    while ((link = ili_list_pop(&left)) != NULL)
        ili_semaphore_serve(
            ILI_CONTAINER(link, il_case, node.future.waiter.link)->object);
    is_serving = false;
}

bool ili_case_leave(il_case *c, struct ili_selection *selection)
{
    bool is_off = ili_case_link(c)->next == ili_case_link(c);

    switch ((uint8_t)c->kind) {
    case IL_CASE_FD_:
        return is_off ? leave_list(c) : leave_fd(c, selection->task);
    case IL_CASE_AT_:
    case IL_CASE_AFTER_:
        if (is_off || !ili_alarm_armed(&c->node.alarm))
            return leave_list(c);
        ili_alarms_remove(&selection->task->sched->alarms, &c->node.alarm);
        return false;
    case IL_CASE_PERMITS_:
        if (leave_list(c))
            return true;
        if (!is_off) {
            ili_list_append_lazy(&left, ili_case_link(c));
            selection->has_left = true;
        }
        return false;
    default:
        return leave_list(c);
    }
}

int ili_case_complete(const il_case *c, int result)
{
    uint64_t *ret_missed = (void *)c->node.future.ret_value;

    /* The first event wakes; another may have come with it.  What was granted is
     * not taken back if the descriptor has been closed since. */
    if (c->kind == IL_CASE_FD_ && result > 0 &&
        c->events == (IL_READ | IL_WRITE)) {
        int more = ili_case_poll(c);

        return more > 0 ? result | more : result;
    }
    if (c->kind == IL_CASE_SUBSCRIBER_ && result == 0 && ret_missed)
        *ret_missed = 0; /* who waits has missed none */
    return result;
}
