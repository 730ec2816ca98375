/* SPDX-License-Identifier: MIT */

/* waitgroup.c - wait until all that was begun is done.
 *
 * Tasks wait only while the count is not 0.  Who brings it there wakes them, and
 * they do not look again.  So it can be used anew at once; in Go that is a race,
 * since there a waiter looks again when it runs. */

#include "config.h"

#include <interloop/waitgroup.h>

#include "sync/waiter.h"

#include <errno.h>

int il_waitgroup_add(il_waitgroup *waitgroup, size_t n)
{
    ILI_RETURN_IF_FAIL(waitgroup, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&waitgroup->waiters), -ESRCH);
    ILI_RETURN_IF_FAIL(n <= (size_t)-1 - waitgroup->count, -EOVERFLOW);
    waitgroup->count += n;
    return 0;
}

int il_waitgroup_done(il_waitgroup *waitgroup)
{
    ILI_RETURN_IF_FAIL(waitgroup, -EINVAL);
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&waitgroup->waiters), -ESRCH);
    ILI_RETURN_IF_FAIL(waitgroup->count > 0, -EPERM);
    if (--waitgroup->count == 0)
        ili_waiters_end(&waitgroup->waiters, 0);
    return 0;
}

int il_waitgroup_wait(il_waitgroup *waitgroup)
{
    ILI_RETURN_IF_FAIL(waitgroup, -EINVAL);
    if (waitgroup->count == 0)
        return ili_spend();
    ILI_RETURN_IF_FAIL(ili_waiters_are_here(&waitgroup->waiters), -ESRCH);
    return ili_waiters_join(&waitgroup->waiters, NULL, "a wait group");
}

size_t il_waitgroup_count(const il_waitgroup *waitgroup)
{
    return waitgroup ? waitgroup->count : 0;
}

void il_waitgroup_fini(il_waitgroup *waitgroup)
{
    if (!waitgroup || !ili_waiters_are_here(&waitgroup->waiters))
        return;
    ili_waiters_end(&waitgroup->waiters, -EOWNERDEAD);
    *waitgroup = (il_waitgroup)IL_WAITGROUP_INIT;
}
