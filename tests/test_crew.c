/* SPDX-License-Identifier: MIT */

/* test_crew.c - who of a pool's threads is called for a job, and when. */

#include "support/few_threads.h"
#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include "base/lock.h"
#include "thread/worker.h"

#include <sched.h>

static void let_end(struct gated_client *c, il_task *task)
{
    gate_open(&c->gate);
    finish(task);
    gate_fini(&c->gate);
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int offload_once(void *pool)
{
    return il_offload_to(pool, do_nothing, NULL, NULL);
}

struct counts {
    unsigned n_threads;
    unsigned n_idle;
    unsigned n_slow;
    int attention;
    bool has_watcher;
};

static struct counts count(il_pool *pool)
{
    struct counts counts;

    ili_lock(&pool->lock);
    counts =
        (struct counts){ pool->n_threads, pool->n_idle, pool->n_slow,
                         __atomic_load_n(&pool->attention, __ATOMIC_RELAXED),
                         pool->watcher != NULL };
    ili_unlock(&pool->lock);
    return counts;
}

/* Until `n` of its threads do nothing; the test's own limit ends it. */
static struct counts wait_for_idle(il_pool *pool, unsigned n)
{
    struct counts counts;

    while ((counts = count(pool)).n_idle != n || counts.has_watcher)
        (void)sched_yield();
    return counts;
}

/* Only the first of the jobs beside one that blocks has to be watched: that one
 * does not count as work any more. */
static void test_crew_jobs_do_not_wait_beside_one_that_blocks(void **state)
{
    il_pool *pool = make_named_pool(4, IL_FOREVER);
    struct gated_client c;
    il_task *task = spawn_client(&c, pool, 3);
    struct counts counts;

    (void)state;
    gate_wait_begun(&c.gate);
    counts = count(pool);
    assert_int_equal(counts.attention, ILI_POOL_AWAKE);
    assert_int_equal(counts.n_slow, 0);

    assert_int_equal(il_run(offload_once, pool), 0);
    counts = wait_for_idle(pool, count(pool).n_threads - 1);
    assert_int_equal(counts.n_slow, 1);
    assert_int_equal(counts.attention, ILI_POOL_ASLEEP);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(il_run(offload_once, pool), 0);
        assert_int_equal(wait_for_idle(pool, counts.n_threads - 1).n_threads,
                         counts.n_threads);
    }

    let_end(&c, task);
    assert_int_equal(c.r, 0);
    assert_int_equal(c.result, 3);
    counts = wait_for_idle(pool, counts.n_threads);
    assert_int_equal(counts.n_slow, 0);
    assert_int_equal(counts.attention, ILI_POOL_ASLEEP);
    end_pool(pool);
}

/* All there may be block: what comes waits for one of them, and is not lost. */
static void test_crew_jobs_wait_when_all_block(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_named_pool(2, IL_FOREVER);
    struct gated_client c[4];
    il_task *tasks[4];

    for (int i = 0; i < 2; i++) {
        tasks[i] = spawn_client(&c[i], pool, i);
        gate_wait_begun(&c[i].gate);
    }
    for (int i = 2; i < 4; i++)
        tasks[i] = spawn_client(&c[i], pool, i);
    settle(f);
    assert_int_equal(count(pool).attention, ILI_POOL_WATCHED);
    assert_int_equal(il_pool_count_waiting(pool), 2);
    for (int i = 0; i < 4; i++) {
        let_end(&c[i], tasks[i]);
        assert_int_equal(c[i].r, 0);
        assert_int_equal(c[i].result, i);
    }
    assert_int_equal(il_pool_count_threads(pool), 2);
    end_pool(pool);
}

/* One thread blocks, the other has left, and there is no third: the job waits
 * for the one that is there. */
static void
test_crew_job_waits_for_a_slow_thread_if_there_is_no_other(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_named_pool(4, IL_MS(1));
    struct gated_client c[2];
    il_task *tasks[2];

    tasks[0] = spawn_client(&c[0], pool, 5);
    gate_wait_begun(&c[0].gate);
    assert_int_equal(il_run(offload_once, pool), 0);
    while (count(pool).n_threads > 1)
        (void)sched_yield();
    assert_int_equal(count(pool).n_slow, 1);

    n_may_start = 0;
    tasks[1] = spawn_client(&c[1], pool, 6);
    settle(f);
    assert_int_equal(c[1].r, 1);
    assert_int_equal(il_pool_count_waiting(pool), 1);
    for (int i = 0; i < 2; i++) {
        let_end(&c[i], tasks[i]);
        assert_int_equal(c[i].r, 0);
        assert_int_equal(c[i].result, 5 + i);
    }
    n_may_start = -1;
    end_pool(pool);
}

/* A pool that closes while some are slow runs what is queued. */
static void test_crew_closes_while_some_block(void **state)
{
    il_pool *pool = make_named_pool(2, IL_FOREVER);
    struct gated_client c[3];
    il_task *tasks[3];

    (void)state;
    tasks[0] = spawn_client(&c[0], pool, 0);
    gate_wait_begun(&c[0].gate);
    assert_int_equal(il_run(offload_once, pool), 0);
    for (int i = 1; i < 3; i++)
        tasks[i] = spawn_client(&c[i], pool, i);
    for (int i = 0; i < 3; i++)
        gate_open(&c[i].gate);
    assert_int_equal(il_pool_close(pool, IL_FOREVER), 0);
    for (int i = 0; i < 3; i++) {
        let_end(&c[i], tasks[i]);
        assert_int_equal(c[i].r, 0);
        assert_int_equal(c[i].result, i);
    }
    assert_null(il_pool_unref(pool));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_crew_jobs_do_not_wait_beside_one_that_blocks),
        TEST(test_crew_jobs_wait_when_all_block),
        TEST(test_crew_job_waits_for_a_slow_thread_if_there_is_no_other),
        TEST(test_crew_closes_while_some_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
