/* SPDX-License-Identifier: MIT */

/* slow.c - who keeps the thread.
 *
 * A *step* is what a task does from getting the thread to giving it up, or the
 * run of a callback.  Steps lie inside each other: in its first step a task is
 * on top of whoever has spawned it.  Each counts its own time only, so when an
 * inner one ends, the outer one is as if it had begun later by so much.
 *
 * A nested host loop inside a step runs others, and is measured by itself: the
 * step begins anew after it.  While the host sleeps or does its own work there,
 * nobody is kept from anything, so a step in which the host has looked at our
 * deadlines is not measured any further.
 *
 * Time is that of the real clock, whatever the loop's clock is. */

#include "config.h"

#include "task/debug.h"

#include "task/post.h"

#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

/* A step that is not measured any further. */
#define NEVER IL_FOREVER

il_time ili_debug_now(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (il_time)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void begin(ili_debug *debug, struct ili_step *step,
                  struct ili_step *outer)
{
    debug->n_steps++;
    debug->step = step;
    step->outer = outer;
    step->began = debug->flags & IL_DEBUG_SLOW ? ili_debug_now() : NEVER;
}

/* How long it took; 0 if that is not known. */
static il_time end(ili_debug *debug, struct ili_step *step)
{
    il_time took;

    if (debug->step != step) /* it began before we were switched on */
        return 0;
    debug->step = step->outer;
    if (step->began == NEVER)
        return 0;
    took = ili_debug_now() - step->began;
    if (step->outer && step->outer->began != NEVER)
        step->outer->began += took;
    return took;
}

static bool is_slow(const ili_debug *debug, il_time took)
{
    return debug->flags & IL_DEBUG_SLOW && took >= debug->limits.step;
}

/* --- tasks ---------------------------------------------------------------------- */

void ili_step_resume(ili_sched *sched, il_task *task)
{
    begin(sched->debug, &task->step, NULL);
}

void ili_step_first(ili_sched *sched, il_task *task)
{
    task->stack_is_told = false;
    begin(sched->debug, &task->step,
          task->is_eager ? sched->debug->step : NULL);
}

void ili_step_end(ili_sched *sched, il_task *task)
{
    ili_debug *debug = sched->debug;
    il_time took = end(debug, &task->step);
    struct ili_note *note;

    if (!is_slow(debug, took))
        return;
    note = ili_debug_note(sched, task, IL_REPORT_SLOW, 0,
                          "task kept the thread for long", "took %.3f s",
                          (double)took / 1e9);
    if (note)
        note->duration = took;
}

/* --- callbacks ------------------------------------------------------------------ */

/* Its function has a name only if that is exported. */
static void report_callback(ili_sched *sched, il_callback_fn *fn, il_time took)
{
    void *address = (void *)(uintptr_t)fn;
    struct ili_note *note;
    Dl_info info;

    if (dladdr(address, &info) == 0 || info.dli_saddr != address)
        info.dli_sname = NULL;
    note = ili_debug_note(
        sched, NULL, IL_REPORT_SLOW, 0, "callback kept the thread for long",
        "took %.3f s, function %p%s%s", (double)took / 1e9, address,
        info.dli_sname ? " " : "", info.dli_sname ? info.dli_sname : "");
    if (!note)
        return;
    note->duration = took;
    (void)snprintf(note->name, sizeof note->name, "(callback)");
}

void ili_step_item(ili_sched *sched, il_item *item)
{
    il_callback_fn *fn = ili_item_function(item);
    ili_debug *debug = sched->debug;
    struct ili_step step;
    il_time took;

    begin(debug, &step, NULL);
    item->run(item); /* and its storage may be gone */
    took = end(debug, &step);
    /* A modal function may take its time, and a report is ours. */
    if (fn && is_slow(debug, took))
        report_callback(sched, fn, took);
}

/* --- hosts ---------------------------------------------------------------------- */

struct ili_step *ili_step_nest(ili_sched *sched)
{
    struct ili_step *outer = sched->debug->step;

    sched->debug->step = NULL;
    return outer;
}

void ili_step_unnest(ili_sched *sched, struct ili_step *outer)
{
    sched->debug->step = outer;
    if (outer && outer->began != NEVER)
        outer->began = ili_debug_now();
}

void ili_step_host_waits(ili_sched *sched)
{
    if (sched->debug->step)
        sched->debug->step->began = NEVER;
}
