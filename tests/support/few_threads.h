/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_FEW_THREADS_H
#define SUPPORT_FEW_THREADS_H

/* few_threads.h - threads that cannot be had.
 *
 * A program that includes this is linked with -Wl,--wrap=pthread_create. */

/* So many threads may still start; less than 0, as at first: any number. */
extern int n_may_start;

#endif
