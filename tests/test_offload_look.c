/* SPDX-License-Identifier: MIT */

/* test_offload_look.c - tasks that look for the results of their jobs. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include "base/lock.h"
#include "loop/loop.h"
#include "thread/pool.h"

/* As where there are several processors. */
static il_pool *make_looking_pool(void)
{
    il_pool *pool = make_pool(2);

    ili_lock(&pool->lock);
    __atomic_store_n(&pool->spin.is_off, false, __ATOMIC_RELAXED);
    ili_unlock(&pool->lock);
    return pool;
}

/* A task whose job does not end before this thread says so, and so not while it is
 * looked for. */
static void offload_for_long(il_pool *pool)
{
    struct gated_client client;
    il_task *task = spawn_client(&client, pool, 7);

    gate_open(&client.gate);
    finish(task);
    assert_int_equal(client.result, 7);
    gate_fini(&client.gate);
}

static void
test_offload_looks_less_often_for_results_that_take_time(void **state)
{
    static const unsigned pauses[] = { 1, 3, 7, 15, 31, 63, 63 };
    struct fixture *f = *state;
    il_pool *pool = make_looking_pool();

    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        while (f->loop->n_unlooked > 0) {
            unsigned n = f->loop->n_unlooked;

            offload_for_long(pool);
            assert_int_equal(f->loop->n_unlooked, n - 1);
        }
        offload_for_long(pool);
        assert_int_equal(f->loop->look_pause, pauses[i]);
        assert_int_equal(f->loop->n_unlooked, pauses[i]);
    }
    end_pool(pool);
}

static void count_run(void *n)
{
    ++*(int *)n;
}

static void test_offload_looks_again_when_something_came(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_looking_pool();
    int n = 0;
    il_callback callback = IL_CALLBACK_INIT(count_run, &n);

    f->loop->look_pause = 7;
    assert_int_equal(il_post_threadsafe(f->loop, &callback), 0);
    offload_for_long(pool);
    assert_int_equal(n, 1);
    assert_int_equal(f->loop->look_pause, 0);
    assert_int_equal(f->loop->n_unlooked, 0);
    end_pool(pool);
}

static void test_offload_does_not_look_while_others_are_ready(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_looking_pool();
    int n = 0;
    il_callback callback = IL_CALLBACK_INIT(count_run, &n);

    assert_int_equal(il_post(f->loop, &callback), 0);
    offload_for_long(pool);
    assert_int_equal(n, 1);
    assert_int_equal(f->loop->look_pause, 0);
    end_pool(pool);
}

static void test_offload_does_not_look_beside_other_jobs(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_looking_pool();
    struct gated_client other;
    il_task *task;

    f->loop->n_unlooked = 1;
    task = spawn_client(&other, pool, 0);
    assert_int_equal(f->loop->n_unlooked, 0);
    offload_for_long(pool);
    assert_int_equal(f->loop->look_pause, 0);
    gate_open(&other.gate);
    finish(task);
    gate_fini(&other.gate);
    end_pool(pool);
}

static void test_offload_does_not_look_on_one_processor(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_pool(1);

    ili_lock(&pool->lock);
    __atomic_store_n(&pool->spin.is_off, true, __ATOMIC_RELAXED);
    ili_unlock(&pool->lock);
    offload_for_long(pool);
    assert_int_equal(f->loop->look_pause, 0);
    end_pool(pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_offload_looks_less_often_for_results_that_take_time),
        TEST(test_offload_looks_again_when_something_came),
        TEST(test_offload_does_not_look_while_others_are_ready),
        TEST(test_offload_does_not_look_beside_other_jobs),
        TEST(test_offload_does_not_look_on_one_processor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
