/* SPDX-License-Identifier: MIT */

/* describe.c - what there is to wait for, in one table.
 *
 * A task says with a noun what it waits for.  Here the nouns have a meaning:
 * where the object is, when the task is in a list of it, and whether the wait
 * can be ended only by what runs in this loop.  A noun that is not here is
 * printed all the same, and counts as something from outside. */

#include "config.h"

#include "loop/fd.h"
#include "sync/case.h"
#include "sync/hold.h"
#include "task/dump.h"

#include <interloop/broadcast.h>
#include <interloop/channel.h>
#include <interloop/future.h>
#include <interloop/queue.h>
#include <interloop/rwlock.h>
#include <interloop/watch.h>

#include <string.h>

enum kind {
    LIST,  /* abort_arg is a node in a list of the object */
    HOLD,  /* likewise, and its slot is the object's il_hold */
    JOIN,  /* a task's end */
    CLOSE, /* the end of all tasks of the innermost group */
    NEXT,  /* of one of them; abort_arg is the group */
    TIME,  /* abort_arg begins with an alarm, which may not be armed */
    FD,    /* abort_arg is a struct ili_fd */
    FIRST, /* abort_arg is a struct ili_selection */
    INNER, /* none of these */
};

static const struct noun {
    const char *text;
    enum kind kind;
    size_t offset; /* of the list's head in the object */
} nouns[] = {
    { "a barrier", LIST, 0 },
    { "a broadcast", LIST, offsetof(il_subscriber, waiters) },
    { "a change", LIST, offsetof(il_watch, waiters) },
    { "a condition", LIST, 0 },
    { "a descriptor", FD, 0 },
    { "a future", LIST, offsetof(il_future, waiters) },
    { "a lock", HOLD, 0 },
    { "a lock to read", HOLD, offsetof(il_rwlock, hold) },
    { "a lock to write", HOLD, offsetof(il_rwlock, hold) },
    { "a modal function", INNER, 0 },
    { "a queue to be done", LIST, offsetof(il_queue, joiners) },
    { "a semaphore", LIST, 0 },
    { "a task to be ready", CLOSE, 0 },
    { "a token", LIST, 0 },
    { "a wait group", LIST, 0 },
    { "an event", LIST, 0 },
    { "room for the next item of a map", INNER, 0 },
    { "room in a channel", LIST, offsetof(il_channel, senders) },
    { "room in a queue", LIST, offsetof(il_queue, putters) },
    { "something in a channel", LIST, offsetof(il_channel, receivers) },
    { "something in a queue", LIST, offsetof(il_queue, getters) },
    { "the end of a task", JOIN, 0 },
    { "the end of several tasks", INNER, 0 },
    { "the first of several", FIRST, 0 },
    { "the next task of a group", NEXT, 0 },
    { "the tasks of a group", CLOSE, 0 },
    { "time", TIME, 0 },
    { "what is done once", LIST, 0 },
};

static const struct noun *noun_of(const il_task *task)
{
    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++)
        if (task->waits_for && strcmp(nouns[i].text, task->waits_for) == 0)
            return &nouns[i];
    return NULL;
}

bool ili_wait_is_in_list(const il_task *task)
{
    const struct noun *noun = noun_of(task);

    return noun && (noun->kind == LIST || noun->kind == HOLD);
}

static const struct ili_selection *selection_of(const il_task *task)
{
    const struct noun *noun = noun_of(task);

    return noun && noun->kind == FIRST ? task->abort_arg : NULL;
}

size_t ili_wait_count_nodes(const il_task *task)
{
    const struct ili_selection *selection = selection_of(task);

    if (selection)
        return selection->n;
    return task->abort_arg && ili_wait_is_in_list(task) ? 1 : 0;
}

const il_link *ili_wait_node(const il_task *task, size_t i)
{
    const struct ili_selection *selection = selection_of(task);

    return selection ? ili_case_link(&selection->cases[i]) : task->abort_arg;
}

bool ili_wait_is_inner(const il_task *task)
{
    const struct noun *noun = noun_of(task);

    if (noun && noun->kind == FIRST)
        return !ili_selection_has_fd(task->abort_arg);
    return noun && noun->kind != FD;
}

static void describe_hold(const il_task *task, const struct noun *noun,
                          ili_wait *wait)
{
    const il_waiter *node = task->abort_arg;

    wait->object = (const char *)node->slot - noun->offset;
    wait->whom = ili_hold_task(node->slot);
}

static void describe_fd(const il_task *task, ili_wait *wait)
{
    const struct ili_fd *fd = task->abort_arg;

    wait->fd = fd->number;
    wait->events = (fd->waiters[0] == task ? IL_READ : 0) |
                   (fd->waiters[1] == task ? IL_WRITE : 0);
}

static void describe_group(const il_group *group, ili_wait *wait)
{
    wait->object = group;
    wait->n_tasks = group->n_children;
}

void ili_wait_describe(const il_task *task, const il_link *head,
                       ili_wait *ret_wait)
{
    const struct noun *noun = noun_of(task);

    *ret_wait = (ili_wait){ .fd = -1, .until = IL_FOREVER };
    switch (noun ? noun->kind : INNER) {
    case LIST:
        if (head)
            ret_wait->object = (const char *)head - noun->offset;
        break;
    case HOLD:
        /* Coming back from a condition it has no way out, and so no argument
         * to be found by. */
        if (task->abort_arg)
            describe_hold(task, noun, ret_wait);
        break;
    case JOIN:
        ret_wait->whom = ili_joined_task(task);
        break;
    case CLOSE:
        describe_group(ILI_CONTAINER(task->scope, il_group, scope), ret_wait);
        break;
    case NEXT:
        describe_group(task->abort_arg, ret_wait);
        break;
    case TIME:
        if (ili_alarm_armed(task->abort_arg))
            ret_wait->until = ((const il_alarm *)task->abort_arg)->at;
        break;
    case FD:
        describe_fd(task, ret_wait);
        break;
    case FIRST:
    case INNER:
        break;
    }
}

bool ili_wait_case(const il_task *task, size_t i, ili_wait *ret_wait)
{
    const struct ili_selection *selection = selection_of(task);
    const il_case *c;

    if (!selection || i >= selection->n)
        return false;
    c = &selection->cases[i];
    *ret_wait = (ili_wait){ .fd = -1, .until = IL_FOREVER };
    switch (c->kind) {
    case IL_CASE_FD_:
        ret_wait->fd = c->fd;
        ret_wait->events = c->events;
        break;
    case IL_CASE_AT_:
    case IL_CASE_AFTER_:
        if (ili_alarm_armed(&c->node.alarm))
            ret_wait->until = c->node.alarm.at;
        break;
    case IL_CASE_JOIN_:
        ret_wait->whom = c->object;
        break;
    default:
        ret_wait->object = c->object;
        break;
    }
    return true;
}
