/* SPDX-License-Identifier: MIT */
#ifndef ILI_CORO_GUARD_H
#define ILI_CORO_GUARD_H

/* guard.h - make regions of memory fault when they are touched. */

#include <stddef.h>

/* Guard n regions of `size` bytes, the first at `first`, each `stride` bytes
 * after the one before.  Returns how many of them are guarded: fewer than n
 * when the kernel allows no more mappings. */
size_t ili_guard_install(char *first, size_t size, size_t stride, size_t n);

/* Give the pages of n regions back to the kernel; they read as zeros. */
void ili_guard_release_pages(void *const *regions, size_t size, size_t n);

/* Have the kernel provide the last page of each of n regions now, if it can do
 * so in one call. */
void ili_guard_populate(void *const *regions, size_t size, size_t n);

#endif
