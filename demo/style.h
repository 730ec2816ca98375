/* SPDX-License-Identifier: MIT */
#ifndef DEMO_STYLE_H
#define DEMO_STYLE_H

/**
 * @file style.h
 * @brief How the demo's windows look.
 */

/** Load the style for the default display; after GTK was initialised. */
void style_load(void);

#endif
