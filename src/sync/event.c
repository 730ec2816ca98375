/* SPDX-License-Identifier: MIT */

/* event.c - a gate for tasks.
 *
 * Setting it lets everybody through who waits at that moment: they are woken
 * there and then and do not look at the event again.  So one that is cleared
 * before they run has still let them through, and one that goes meanwhile is
 * not touched.
 *
 * Rejected: waking them to look again, as condition variables do.  Of a set
 * that is followed by a clear nobody would learn. */

#include "config.h"

#define IL_NO_INLINE /* here they are */
#include <interloop/event.h>

#include "sync/waiter.h"

#include <errno.h>

int il_event_set_slowly_(il_event *event)
{
    ILI_RETURN_IF_FAIL(event, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&event->waiters), -ESRCH);
    event->is_set = true;
    ili_waiters_end(&event->waiters, 0);
    event->waiters.next = NULL; /* the short way looks at this alone */
    return 0;
}

int il_event_set(il_event *event)
{
    return ILI_LIKELY(il_event_set_quickly_(event))
               ? 0
               : il_event_set_slowly_(event);
}

void il_event_clear(il_event *event)
{
    if (event)
        event->is_set = false;
}

bool il_event_is_set(const il_event *event)
{
    return event && event->is_set;
}

int il_event_wait_slowly_(il_event *event)
{
    ILI_RETURN_IF_FAIL(event, -EINVAL);
    if (event->is_set)
        return ili_spend();
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&event->waiters), -ESRCH);
    return ili_waiters_join(&event->waiters, NULL, "an event");
}

int il_event_wait(il_event *event)
{
    return ILI_LIKELY(il_event_wait_quickly_(event))
               ? 0
               : il_event_wait_slowly_(event);
}

void il_event_fini(il_event *event)
{
    if (!event || !ili_waiters_are_here(&event->waiters))
        return;
    ili_waiters_end(&event->waiters, -EOWNERDEAD);
    *event = (il_event)IL_EVENT_INIT;
}
