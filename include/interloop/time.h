/* SPDX-License-Identifier: MIT */
#ifndef INTERLOOP_TIME_H
#define INTERLOOP_TIME_H

/**
 * @file time.h
 * @brief Times and durations: 64-bit nanoseconds, monotonic.
 *
 * There is one unit and one type for both.  Because it is an integer there is
 * no NaN, and every operation here saturates instead of overflowing.
 */

#include <interloop/export.h>

#include <stdint.h>

IL_BEGIN_DECLS

/** A point on the loop's monotonic clock, or a duration, in nanoseconds. */
typedef int64_t il_time;

/** A deadline that never comes, a duration that never ends. */
#define IL_FOREVER INT64_MAX

/** A duration from a number of nanoseconds. */
#define IL_NS(n) ((il_time)(n))
/** A duration from seconds; takes fractions, rounds, saturates.  Like the two
 *  below a macro that evaluates its argument several times. */
#define IL_SEC(s) IL_SCALE_(s, 1e9)
/** A duration from milliseconds; takes fractions, rounds, saturates. */
#define IL_MS(ms) IL_SCALE_(ms, 1e6)
/** A duration from microseconds; takes fractions, rounds, saturates. */
#define IL_US(us) IL_SCALE_(us, 1e3)

/* A constant expression where x is one, so that it can initialise statics. */
#define IL_SCALE_(x, ns)                                                       \
    ((x) * (ns) >= 9.2e18 ? IL_FOREVER                                         \
     : (x) * (ns) <= -9.2e18                                                   \
         ? -IL_FOREVER                                                         \
         : (il_time)((x) * (ns) + ((x) * (ns) < 0 ? -0.5 : 0.5)))

/**
 * The time now, on the clock of this thread's loop.
 *
 * Always read afresh, so that code between two turns sees the truth too.  A
 * thread without a loop gets CLOCK_MONOTONIC; a loop under test gets its
 * virtual clock.
 */
IL_EXPORT il_time il_now(void);

/**
 * The deadline that lies @p duration from now.
 *
 * @param duration  Nanoseconds; negative counts as 0, #IL_FOREVER stays so.
 */
IL_EXPORT il_time il_deadline(il_time duration);

IL_END_DECLS

#endif
