/* SPDX-License-Identifier: MIT */

/* pool_clients.c - pools, and tasks that wait for a job behind a gate. */

#include "pool_clients.h"

#include "check.h"

#include <sched.h>

il_pool *make_pool(unsigned max_threads)
{
    const il_pool_options options = { .max_threads = max_threads };
    il_pool *pool = NULL;

    assert_int_equal(il_pool_new(&options, &pool), 0);
    return pool;
}

il_pool *make_named_pool(unsigned max_threads, il_time idle_time)
{
    const il_pool_options options = { .max_threads = max_threads,
                                      .idle_time = idle_time,
                                      .stack_size = 256 * 1024,
                                      .name = "a name that is too long" };
    il_pool *pool = NULL;

    assert_int_equal(il_pool_new(&options, &pool), 0);
    return pool;
}

void end_pool(il_pool *pool)
{
    assert_int_equal(il_pool_close(pool, IL_FOREVER), 0);
    assert_null(il_pool_unref(pool));
}

void wait_for_threads(il_pool *pool, size_t n)
{
    while (il_pool_count_threads(pool) != n)
        (void)sched_yield();
}

int count_job(void *n)
{
    ++*(int *)n;
    return 0;
}

int offload_one_after_the_other(void *pool)
{
    int n = 0;

    for (int i = 0; i < 200; i++)
        CHECK_INT(il_offload_to(pool, count_job, &n, NULL), 0);
    CHECK_INT(n, 200);
    return 0;
}

int offload_gate(void *client)
{
    struct gated_client *c = client;

    c->r = 1;
    c->result = 77;
    c->r = il_offload_to(c->pool, gate_pass, &c->gate, &c->result);
    return 0;
}

il_task *spawn_client(struct gated_client *c, il_pool *pool, int result)
{
    il_task *task = NULL;

    c->pool = pool;
    gate_init(&c->gate, result);
    assert_int_equal(il_spawn(NULL, offload_gate, c, &task), 0);
    return task;
}
