/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_DEFERRED_H
#define SUPPORT_DEFERRED_H

/* deferred.h - what a task does at its end. */

/* Notes its argument, a string. */
void say_it(void *arg);

/* They wait for 1 ms, or for the time that the argument points to, and note what
 * came of it.  What waits is refused in a cancelled task, but not under a shield. */
void wait_plainly(void *arg);
void wait_shielded(void *arg);

#endif
