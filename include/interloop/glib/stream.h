/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_GLIB_STREAM_H
#define INTERLOOP_GLIB_STREAM_H

/**
 * @file glib/stream.h
 * @brief Emissions of several signals and senders, one after the other.
 *
 *     r = il_g_stream_new (16, IL_G_DROP_OLDEST, &stream);
 *     if (r == 0)
 *         r = il_g_stream_add (stream, monitor, "changed", NULL);
 *     while (r == 0 && (r = il_g_stream_next (stream, IL_FOREVER, &e)) == 0) {
 *         …
 *         e = il_g_emission_free (e);
 *     }
 *     stream = il_g_stream_free (stream);
 *
 * A stream stays connected while its task is busy elsewhere and keeps what is
 * emitted meanwhile, up to its capacity; so nothing is missed between two
 * waits, unless it overflows, which it counts.  Emissions come in the order of
 * emission, whoever emitted them.  Those of other threads are copied there and
 * take their place when they arrive in the loop's thread; those of one thread
 * stay in order.
 *
 * A stream keeps no reference to its senders, but a buffered emission does
 * until it was taken and freed or dropped, so that a task always gets a sender
 * it can use.  Hence:
 *  - a sender that is disposed, as a closed window is, is noticed at once;
 *  - one that everybody else has let go is finalized, and noticed, when its last
 *    buffered emission has gone;
 *  - a sender that frees a stream of its own signals in its finalizer might
 *    never get there: it should do so in what makes others let go of it, or the
 *    task that reads the stream should free it.
 *
 * One task waits at a time.  For the thread of a loop that is a guest, see
 * il_g_begin().
 */

#include <interloop/glib/emission.h>
#include <interloop/interloop.h>

#include <glib-object.h>

IL_BEGIN_DECLS

/** A stream of emissions. */
typedef struct il_g_stream il_g_stream;

/** What to do with an emission when the buffer is full. */
typedef enum il_g_overflow {
    IL_G_DROP_OLDEST = 0, /**< drop the one that has waited longest */
    IL_G_DROP_NEWEST = 1, /**< drop the new one */
    IL_G_LATEST_ONLY = 2, /**< keep nothing but the latest: a capacity of 1 */
} il_g_overflow;

/**
 * Make a stream that hears nothing yet.
 *
 * @param      capacity    Emissions that it may hold, at least 1; memory is
 *                         taken as they come.  For #IL_G_LATEST_ONLY any.
 * @param      overflow    What to drop beyond that.
 * @param[out] ret_stream  The stream, to be freed by the caller.
 * @retval 0           Made.
 * @retval -EINVAL     A capacity of 0, or no such @p overflow.
 * @retval -ESHUTDOWN  This thread's loop is no guest (any more).
 */
IL_EXPORT IL_MUST_CHECK int il_g_stream_new(guint capacity,
                                            il_g_overflow overflow,
                                            il_g_stream **ret_stream);

/**
 * Hear a signal from now on; also while a task waits.
 *
 * Any number of senders and signals; what is added twice is heard twice.  It
 * ends with the stream or with the sender.
 *
 * @param stream  The stream.
 * @param sender  Any GObject.
 * @param signal  Name of a signal, with or without "::detail".
 * @param tag     Given back by il_g_emission_get_tag(), to tell emissions
 *                apart.
 * @retval 0           Connected.
 * @retval -EINVAL     No stream, no GObject, or no such signal.
 * @retval -ESHUTDOWN  The loop is no guest any more.
 * @retval -ESRCH      Another thread's stream.
 */
IL_EXPORT IL_MUST_CHECK int il_g_stream_add(il_g_stream *stream,
                                            gpointer sender, const char *signal,
                                            gpointer tag);

/**
 * Take the next emission; wait for it if there is none.
 *
 * @suspends Unless one is buffered and the caller is not cancelled.
 *
 * @param      stream        The stream.
 * @param      timeout       Nanoseconds; #IL_FOREVER for no limit; 0 or less
 *                           does not wait.
 * @param[out] ret_emission  To be freed with il_g_emission_free(); it holds a
 *                           reference to the sender.  NULL: drop it.
 * @retval 0            Taken.
 * @retval -ETIMEDOUT   None came in time.
 * @retval -ECANCELED   The caller is cancelled.  As with every error nothing
 *                      was taken, and the stream goes on hearing.
 * @retval -EOWNERDEAD  None is buffered, and there is no sender (any more); or
 *                      the stream was freed while the caller waited.
 * @retval -EBUSY       Another task waits for this stream.
 * @retval -ESHUTDOWN   The loop is no guest any more.
 * @retval -EINVAL      No stream.
 * @retval -ESRCH       Not in a task, or another thread's stream.
 * @retval -EDEADLK     It must wait, under a nested host loop.
 */
IL_EXPORT IL_MUST_CHECK int il_g_stream_next(il_g_stream *stream,
                                             il_time timeout,
                                             il_g_emission **ret_emission);

/**
 * Take the next emission if there is one; also outside tasks.
 *
 * @retval 0            Taken.
 * @retval -EAGAIN      None is buffered.
 * @return Otherwise as il_g_stream_next().
 */
IL_EXPORT int il_g_stream_try_next(il_g_stream *stream,
                                   il_g_emission **ret_emission);

/** How many emissions were dropped since the stream was made because its buffer
 *  was full. */
IL_EXPORT guint64 il_g_stream_get_n_lost(const il_g_stream *stream);

/**
 * Disconnect everything, drop what is buffered, free the stream.
 *
 * At any time, also inside an emission that it hears.  A task that waits for it
 * gets -EOWNERDEAD.
 *
 * @param stream  May be NULL.
 * @return NULL; in another thread than the loop's, as long as that is a guest,
 * @p stream, and nothing was done.
 */
IL_EXPORT il_g_stream *il_g_stream_free(il_g_stream *stream);

IL_END_DECLS

#endif
