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
 * clean-up in native mode.  Waiting for a signal fails with -ESHUTDOWN.  GIO
 * operations that are under way are cancelled; while tasks wait for them, the
 * context is iterated, since nobody else does.
 *
 * @param loop   From il_g_begin(), not NULL; the reference is taken, except for
 *               -EBUSY and -EINVAL.
 * @param grace  Nanoseconds the tasks may take.
 * @return As il_loop_close(); -EINVAL if @p loop is not this thread's guest;
 * -EBUSY inside a turn, where nothing happened.
 */
IL_EXPORT int il_g_end(il_loop *loop, il_time grace);

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
