/* SPDX-License-Identifier: MIT */
#ifndef DEMO_ANIMATION_H
#define DEMO_ANIMATION_H

/**
 * @file animation.h
 * @brief A knot that turns with every frame, and tells of frames that were
 * late.
 */

#include "frames.h"

#include <gtk/gtk.h>

/**
 * Make the animation.
 *
 * @param frames  Told about each frame; must outlive the widget.
 */
GtkWidget *demo_animation_new(struct frames *frames);

#endif
