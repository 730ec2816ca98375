/* SPDX-License-Identifier: MIT */
#ifndef ILI_SYNC_CASE_H
#define ILI_SYNC_CASE_H

/* case.h - what each kind of case does for a select; see select.c for when.
 *
 * Receiving from a channel is inline, because that is what selects mostly do.
 *
 * A kind is added in these places:
 *   - select.h: a number and a macro; the number is below that of permits if its
 *     node is in a list and need only be taken off it;
 *   - ili_case_look(): whether it can fire now, or what is wrong;
 *   - ili_case_fire(): let it;
 *   - ili_case_enqueue(): queue its node, so that whoever serves it takes the node
 *     off, gives what there is to give, and calls ili_wake() with the result;
 *   - ili_case_leave(), if its number is not below that of permits;
 *   - ili_case_complete(), if the task has to do something when it runs again;
 *   - describe.c, if a dump is to tell more than the address of its object.
 * One of a higher floor is none of these but an il_case_kind. */

#include "base/list.h"
#include "loop/sleeper.h"
#include "sync/waiter.h"

#include <interloop/select.h>

/* A select that waits; on its stack. */
struct ili_selection {
    il_case *cases;
    size_t n; /* how many are queued */
    il_task *task;
    il_case *fired; /* NULL: none has */
    bool has_left;  /* semaphores that now have to serve others */
};

/* What a kind of case does that a higher floor has: something that several
 * threads share, with a lock. */
struct il_case_kind {
    /* As ili_case_look(). */
    int (*look)(const il_case *c);
    /* As ili_case_fire(); -EAGAIN: another thread was faster. */
    int (*fire)(il_case *c);
    /* Put the node into a list, by ili_choice_join(); -EAGAIN: it can fire now. */
    int (*join)(il_case *c, struct ili_sleeper *sleeper);
    /* Take the node off, under the lock. */
    void (*leave)(il_case *c);
};

/* The rest of il_select() if one of the cases is of such a kind.  -EAGAIN: one
 * can fire now, so all are to be looked at again. */
int ili_select_shared(il_case *cases, size_t n, il_task *task);

/* Whether it also waits for something from outside. */
static inline bool ili_selection_has_fd(const struct ili_selection *selection)
{
    for (size_t i = 0; i < selection->n; i++)
        if (selection->cases[i].kind == IL_CASE_FD_ &&
            selection->cases[i].fd >= 0)
            return true;
    return false;
}

/* Of all kinds in all queues it is where the node begins. */
static inline il_link *ili_case_link(il_case *c)
{
    return &c->node.future.waiter.link;
}

/* --- looking ---------------------------------------------------------------- */

/* Whether it can fire: 1; 0; or what is wrong with it.  What is off cannot.  Of a
 * descriptor it only says what is wrong. */
int ili_case_look(const il_case *c);

/* Whether it waits for an event that is not set and for which nobody else waits,
 * as is the rule with those that stop something. */
static inline bool ili_case_is_clear_event(const il_case *c)
{
    const il_event *event = c->object;

    return c->kind == IL_CASE_EVENT_ && event && !event->is_set &&
           ili_list_empty(&event->waiters);
}

/* What of its events a descriptor has; -EBADF: it is not open. */
int ili_case_poll(const il_case *c);

/* It can fire: do it.  What this returns is the result; -EAGAIN: another thread
 * was faster. */
int ili_case_fire(il_case *c);

/* --- queueing --------------------------------------------------------------- */

/* It cannot fire now.  1: it may later; 0: it is off; or why it cannot be waited
 * for, and then nothing was done; -EREMOTE: by ili_select_shared() it can. */
int ili_case_enqueue(il_case *c, il_task *task);

/* The same for what is known not to be queued, to receive, and to be on.  In an
 * order in which compilers leave each store alone: two put into one are slower. */
static inline void ili_case_enqueue_receiver(il_case *c, il_task *task)
{
    ili_list *list = &((il_channel *)c->object)->receivers;
    il_link *link = ili_case_link(c);
    il_link *last = list->prev;

    c->node.future.waiter.task = task;
    link->next = list;
    last->next = link;
    link->prev = last;
    list->prev = link;
}

/* --- leaving ---------------------------------------------------------------- */

bool ili_case_leave(il_case *c, struct ili_selection *selection);

/* Take it out of where it is queued.  Returns whether it was there no more: then
 * it is the one that fired. */
static inline bool ili_case_leave_quickly(il_case *c,
                                          struct ili_selection *selection)
{
    if (ILI_UNLIKELY((uint8_t)c->kind >= IL_CASE_PERMITS_))
        return ili_case_leave(c, selection);
    if (!ili_list_linked(ili_case_link(c)))
        return true;
    ili_list_remove(ili_case_link(c));
    return false;
}

/* It has fired with that result, which this completes. */
int ili_case_complete(const il_case *c, int result);

static inline int ili_case_came(const il_case *c, int result)
{
    return ILI_LIKELY(c->kind == IL_CASE_RECEIVE_)
               ? result
               : ili_case_complete(c, result);
}

/* After all have left, if one has left a semaphore: others may fit now. */
void ili_cases_serve(void);

#endif
