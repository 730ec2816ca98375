/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_POOL_CLIENTS_H
#define SUPPORT_POOL_CLIENTS_H

/* pool_clients.h - pools, and tasks that wait for a job behind a gate. */

#include "gates.h"

#include <interloop/interloop.h>

il_pool *make_pool(unsigned max_threads);

/* With threads of other than the usual idle time and stacks, and a name that
 * is too long. */
il_pool *make_named_pool(unsigned max_threads, il_time idle_time);

/* Close it when all is done, and drop the reference. */
void end_pool(il_pool *pool);

/* Until it has so many threads; the test's own limit ends it. */
void wait_for_threads(il_pool *pool, size_t n);

/* A job that counts in an int that it has run. */
int count_job(void *n);

/* A task that has 200 jobs done in a pool, each when the last has ended. */
int offload_one_after_the_other(void *pool);

/* The gate is to be ended by the test. */
struct gated_client {
    il_pool *pool; /* NULL: the process's */
    struct gate gate;
    int r; /* 1 while it waits */
    int result;
};

/* Its task. */
int offload_gate(void *client);

/* Make a client and start its task in this thread's loop. */
il_task *spawn_client(struct gated_client *c, il_pool *pool, int result);

#endif
