/* SPDX-License-Identifier: MIT */

/* rush.c - threads that want something of a loop while it closes. */

#include "rush.h"

#include "gates.h"
#include "other_loop.h"

#include <sched.h>

static void rush_once(void *(*fn)(void *rush), il_time grace, int n_before)
{
    struct other_loop other = { 0 };
    struct rush rush = { 0 };
    pthread_t threads[2];

    other_loop_start(&other);
    rush.loop = il_loop_ref(other.loop);
    for (int i = 0; i < 2; i++)
        threads[i] = start_thread(fn, &rush);
    while (atomic_load(&rush.n_begun) < n_before)
        (void)sched_yield();
    other_loop_end(&other, grace);
    for (int i = 0; i < 2; i++)
        join_thread(threads[i]);
    il_loop_unref(rush.loop);
}

void rush_while_it_closes(void *(*fn)(void *rush), il_time grace)
{
    for (int round = 0; round < 50; round++)
        rush_once(fn, grace, 1 + round % 7);
}
