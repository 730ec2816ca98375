/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_GUEST_H
#define INTERLOOP_GLIB_GUEST_H

/**
 * @file glib/guest.h
 * @brief Our loop inside a GLib main context, or around it.
 *
 *     il_loop *loop;
 *     int r = il_g_begin (NULL, &loop);
 *     …
 *     g_application_run (app, argc, argv);
 *     il_g_end (loop, IL_SEC (5));
 *
 * Between the two, every task of this thread may use GLib and GTK objects of
 * the context.  All functions are for the thread that iterates the context.
 *
 * Tasks spawned in between have stacks of 8 MiB of address space, because GTK
 * needs them.
 */

#include <interloop/interloop.h>

#include <gio/gio.h>

IL_BEGIN_DECLS

/**
 * Become a guest of a main context.
 *
 * Tasks have that as their thread-default context, where GIO's operations call
 * back, unless the thread has another one when they go on.
 *
 * @param      context   The context; NULL for the default one.
 * @param[out] ret_loop  The thread's loop, to be given to il_g_end().
 * @retval 0       A guest from now on.
 * @retval -EBUSY  The thread's loop runs or is a guest already.
 * @return Another negative errno from il_loop_new().
 */
IL_EXPORT IL_MUST_CHECK int il_g_begin(GMainContext *context,
                                       il_loop **ret_loop);

/**
 * Stop being a guest: end every task and close the loop.
 *
 * For after the application's loop has ended, or before.  Connections of
 * il_g_connect() are disconnected, every task is cancelled and finishes its
 * clean-up in native mode.  Waiting for a signal from then on, behind a shield,
 * fails with -ESHUTDOWN.  GIO operations that are under way are cancelled; while
 * tasks wait for them, the context is iterated, since nobody else does.
 *
 * @param loop   From il_g_begin(), not NULL; the reference is taken, except for
 *               -EBUSY and -EINVAL.
 * @param grace  Nanoseconds the tasks may take.
 * @return As il_loop_close(); -EINVAL if @p loop is not this thread's guest;
 * -EBUSY inside a turn, where nothing happened.
 */
IL_EXPORT int il_g_end(il_loop *loop, il_time grace);

/**
 * Run an application with our loop as its guest, from beginning to end.
 *
 * il_g_begin() on the default context, g_application_run(), il_g_end() with
 * five seconds of grace; tasks that would not end then are reported.  Signals
 * of the application, "activate" first of all, may be connected with
 * il_g_connect() in its "startup" or class functions, when the loop is there.
 *
 * @return What g_application_run() returned, or
 * @retval -EINVAL  No GApplication.
 * @retval -EBUSY   The thread's loop runs or is a guest already.
 */
IL_EXPORT int il_g_application_run(GApplication *application, int argc,
                                   char **argv);

/**
 * How long our turns may follow each other before the application gets the
 * thread again.
 *
 * Longer slices cost less and delay input and drawing more: with 2 ms, the
 * default, a window keeps 60 frames a second beside tasks that are always
 * busy, with 8 ms it has 30.
 *
 * @param loop   This thread's guest.
 * @param slice  Nanoseconds, above 0.  A task that does not suspend for longer
 *               is not interrupted.
 * @retval 0        From the next slice on.
 * @retval -EINVAL  No slice, or the loop is no guest of GLib.
 */
IL_EXPORT int il_g_set_slice(il_loop *loop, il_time slice);

/**
 * The priorities of our source in the main context.
 *
 * @param loop           This thread's guest.
 * @param priority       When there is little to do; by default
 *                       G_PRIORITY_DEFAULT.
 * @param busy_priority  After a slice in which not everything could be done,
 *                       until it is; by default G_PRIORITY_DEFAULT_IDLE.  Above
 *                       that of GTK's drawing, G_PRIORITY_HIGH_IDLE + 20, a
 *                       busy guest lets no window draw.
 * @retval 0        From now on.
 * @retval -EINVAL  The second is the more urgent one, or the loop is no guest
 *                  of GLib.
 */
IL_EXPORT int il_g_set_priority(il_loop *loop, int priority, int busy_priority);

/**
 * Owner mode: run a main task to its end; GLib and GTK work inside it.
 *
 * Begins, runs the context's loop until @p main_fn has returned, ends with
 * five seconds of grace; tasks that would not end then are reported, and the
 * body's result is returned all the same.
 *
 * @param context  The context; NULL for the default one.
 * @return The body's result, or what il_g_begin() returned, or -EINTR if the
 * loop was stopped before the body returned.
 */
IL_EXPORT int il_g_run(GMainContext *context, il_task_fn *main_fn, void *arg);

IL_END_DECLS

#endif
