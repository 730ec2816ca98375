/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_EVENT_H
#define INTERLOOP_EVENT_H

/**
 * @file event.h
 * @brief A gate for tasks: open or closed.
 *
 * While an event is set, whoever waits for it passes at once; while it is
 * clear, tasks queue up in front of it.  Use one to let any number of tasks
 * know that something is the case, and to take that back.  For something that
 * happens once and has a result there is future.h.
 *
 * An event is caller's storage, used from one loop's thread only.
 */

#include <interloop/export.h>
#include <interloop/inline.h>
#include <interloop/node.h>

#include <stdbool.h>

IL_BEGIN_DECLS

/** An event.  #IL_EVENT_INIT or zeros make it valid and clear.  Fields
 *  private. */
typedef struct il_event {
    il_link waiters; /**< private: tasks, in the order they came */
    bool is_set;     /**< private */
} il_event;

/** An event that is clear. */
#define IL_EVENT_INIT                                                          \
    {                                                                          \
        { 0, 0 }, false                                                        \
    }

/**
 * Set it and queue everybody who waits.  Runs nothing.
 *
 * Those who wait now will pass, even if it is cleared before they run.
 *
 * @param event  An event, set or not.
 * @retval 0        It is set.
 * @retval -EINVAL  @p event is NULL.
 * @retval -ESRCH   Another thread's tasks wait for it; post to that loop.
 */
IL_EXPORT int il_event_set(il_event *event);

/** Clear it: who comes from now on has to wait.  NULL is no event. */
IL_EXPORT void il_event_clear(il_event *event);

/** Whether it is set. */
IL_EXPORT bool il_event_is_set(const il_event *event);

/**
 * Wait until it is set.
 *
 * @suspends If it is not set, and now and then if it is, so that a task that
 * finds it set each time cannot keep the thread.
 *
 * @param event  The event; must stay until this returns, or be ended with
 *               il_event_fini().
 * @retval 0            It was set, though it may have been cleared since.
 * @retval -ECANCELED   The caller was cancelled first.
 * @retval -EOWNERDEAD  il_event_fini() was called; do not touch it again.
 * @retval -EINVAL      @p event is NULL.
 * @retval -ESRCH       It is not set and the caller is not a task, or another
 *                      thread's tasks wait for it.
 * @retval -EDEADLK     It is not set, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_event_wait(il_event *event);

/** End an event.  Tasks that still wait get -EOWNERDEAD; one that another thread's
 *  tasks wait for is left alone. */
IL_EXPORT void il_event_fini(il_event *event);

/** @cond */

/* The rest of both functions, when it is not short. */
IL_EXPORT int il_event_set_slowly_(il_event *event);
IL_EXPORT int il_event_wait_slowly_(il_event *event);

/* Without waiters an event is of no thread. */
IL_INLINE_PART_ bool il_event_set_quickly_(il_event *event)
{
    if (!event || event->waiters.next)
        return false;
    event->is_set = true;
    return true;
}

IL_INLINE_PART_ bool il_event_wait_quickly_(const il_event *event)
{
    struct il_inline_task_ *task = il_inline_current_();

    return event && event->is_set && task && il_inline_may_(task);
}

#ifndef IL_NO_INLINE
IL_INLINE_ int il_event_set(il_event *event)
{
    return IL_INLINE_LIKELY_(il_event_set_quickly_(event))
               ? 0
               : il_event_set_slowly_(event);
}

IL_INLINE_ int il_event_wait(il_event *event)
{
    return IL_INLINE_LIKELY_(il_event_wait_quickly_(event))
               ? 0
               : il_event_wait_slowly_(event);
}
#endif

/** @endcond */

IL_END_DECLS

#endif
