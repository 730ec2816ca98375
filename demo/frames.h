/* SPDX-License-Identifier: MIT */
#ifndef DEMO_FRAMES_H
#define DEMO_FRAMES_H

/**
 * @file frames.h
 * @brief How long a window did not draw, at worst.
 *
 * Measured by the wall, not by the frame clock, which smooths its times.
 */

#include <stdint.h>

/** A measurement; zeros begin it. */
struct frames {
    int64_t first_us; /* when the first frame came; 0: none yet */
    int64_t last_us;  /* when the last one came; 0: start anew */
    int64_t worst_us; /* the longest gap after the first second */
    uint64_t n;       /* frames after the first second */
};

/** A frame begins.  The first second is a window's own and does not count. */
void frames_tick(struct frames *frames, int64_t now_us);

/** The window is not shown for a while: that is no gap. */
void frames_pause(struct frames *frames);

/** The longest gap in milliseconds. */
double frames_get_worst_ms(const struct frames *frames);

#endif
