/* SPDX-License-Identifier: MIT */

/* frames.c - the gap between two frames.
 *
 * What a window does in its first second (fonts, icons, shaders, style) would
 * drown the figure, and is nobody's fault here; it is left out. */

#include "frames.h"

#define FIRST_SECOND INT64_C(1000000)

void frames_tick(struct frames *frames, int64_t now_us)
{
    int64_t gap = now_us - frames->last_us;

    if (frames->first_us == 0)
        frames->first_us = now_us;
    if (frames->last_us != 0 &&
        frames->last_us - frames->first_us >= FIRST_SECOND) {
        frames->n++;
        if (gap > frames->worst_us)
            frames->worst_us = gap;
    }
    frames->last_us = now_us;
}

void frames_pause(struct frames *frames)
{
    frames->last_us = 0;
}

double frames_get_worst_ms(const struct frames *frames)
{
    return (double)frames->worst_us / 1e3;
}
