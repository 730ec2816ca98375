/* SPDX-License-Identifier: MIT */
#ifndef ILI_SYNC_ENDS_H
#define ILI_SYNC_ENDS_H

/* ends.h - what a channel knows of its ends. */

#include <interloop/ends.h>

/* Free a channel that goes with its last end, if that has been dropped. */
void ili_channel_free_unused(il_channel *channel);

#endif
