/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_SLOW_H
#define SUPPORT_SLOW_H

/* slow.h - steps that keep the thread, in no time.
 *
 * Work puts the real clock forward.  A program that includes this is linked
 * with -Wl,--wrap=clock_gettime. */

#include "fixture.h"

/* Keep the thread for so long. */
void work(il_time duration);

/* Have slow steps reported.  Nothing but work() may look slow, however busy the
 * machine is, so that a step has to last 1,000 s. */
int watch_slow(struct fixture *f);

/* setup(), then watch_slow(). */
int setup_slow(void **state);

/* Take the oldest report: it must be of a slow step of that name. */
void expect_slow(struct fixture *f, const char *name, il_time least);

/* A task whose second step lasts 1,500 s. */
int work_in_the_second_step(void *arg);

#endif
