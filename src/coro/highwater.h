/* SPDX-License-Identifier: MIT */
#ifndef ILI_CORO_HIGHWATER_H
#define ILI_CORO_HIGHWATER_H

/* highwater.h - how much of a stack was touched. */

#include <stddef.h>

/* How many bytes below `top` were used at most, in a stack that begins, with a
 * page, at `base`.  Whole pages where memory must not be looked at. */
size_t ili_stack_used(const void *base, const void *top);

/* Everything below `top` is zeros again, without pages.  Nobody is on it. */
void ili_stack_clean(void *base, const void *top);

#endif
