/* SPDX-License-Identifier: MIT */
#ifndef ILI_THREAD_SHARED_FUTURE_H
#define ILI_THREAD_SHARED_FUTURE_H

/* shared_future.h - for what has one inside. */

#include "loop/sleeper.h"

#include <interloop/shared_future.h>

/* There will be no result: waiting fails with `error` from now on.  Nothing
 * happens if it was set. */
void ili_shared_future_give_up(il_shared_future *future, int error);

/* il_shared_future_wait(), for a dump that says what it is. */
int ili_shared_future_wait(il_shared_future *future, il_time timeout,
                           int *ret_result, void **ret_value, const char *what);

/* A select joins those who wait: 1; -EAGAIN: there is a result. */
int ili_shared_future_join(il_shared_future *future, il_shared_waiter *node,
                           struct ili_sleeper *sleeper);
void ili_shared_future_leave(il_shared_future *future, il_shared_waiter *node);

#endif
