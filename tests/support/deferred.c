/* SPDX-License-Identifier: MIT */

/* deferred.c - what a task does at its end. */

#include "deferred.h"

#include "check.h"

#include <interloop/interloop.h>

void say_it(void *arg)
{
    note("%s", (const char *)arg);
}

void wait_plainly(void *arg)
{
    note("%s:%s", (const char *)arg, il_strerror(il_sleep(IL_MS(1))));
}

void wait_shielded(void *arg)
{
    int r = 0;

    IL_SHIELD (IL_SEC(1), &r) {
        r = il_sleep(*(il_time *)arg);
    }
    note("shielded:%s", il_strerror(r));
}
