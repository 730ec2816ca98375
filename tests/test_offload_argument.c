/* SPDX-License-Identifier: MIT */

/* test_offload_argument.c - jobs whose argument somebody has to dispose of. */

#include "support/few_threads.h"
#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include <errno.h>
#include <sched.h>

/* What becomes of an argument is said by one call of its destructor, or by what
 * il_offload_with() returns. */
struct owned {
    il_pool *pool; /* NULL: the process's */
    struct gate gate;
    int r;
    int n_destroyed; /* atomic */
    int with;
    pthread_t where;
};

static int pass_owned(void *arg)
{
    return gate_pass(&((struct owned *)arg)->gate);
}

static void destroy_owned(void *arg, int result)
{
    struct owned *owned = arg;

    owned->with = result;
    owned->where = pthread_self();
    (void)__atomic_fetch_add(&owned->n_destroyed, 1, __ATOMIC_RELEASE);
}

static int count_destroyed(const struct owned *owned)
{
    return __atomic_load_n(&owned->n_destroyed, __ATOMIC_ACQUIRE);
}

static int offload_owned(void *arg)
{
    struct owned *owned = arg;
    const il_offload_options options = { .pool = owned->pool,
                                         .fn = pass_owned,
                                         .arg = owned,
                                         .flags = IL_ABANDON,
                                         .destroy = destroy_owned };

    owned->r = 1;
    owned->r = il_offload_with(&options, NULL);
    return 0;
}

static il_task *spawn_owned(struct owned *owned, il_pool *pool, int result)
{
    il_task *task = NULL;

    *owned = (struct owned){ .pool = pool };
    gate_init(&owned->gate, result);
    assert_int_equal(il_spawn(NULL, offload_owned, owned, &task), 0);
    return task;
}

static void
test_offload_argument_is_the_callers_if_there_is_no_thread(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_pool(4);
    struct owned owned;
    il_task *task;

    n_may_start = 0;
    task = spawn_owned(&owned, pool, 0);
    settle(f);
    n_may_start = -1;
    assert_int_equal(owned.r, -ENOMEM);
    assert_int_equal(reap(task), 0);
    end_pool(pool);
    task = spawn_owned(&owned, pool = make_pool(1), 0);
    gate_open(&owned.gate);
    finish(task);
    assert_int_equal(owned.r, 0);
    assert_int_equal(count_destroyed(&owned), 0);
    end_pool(pool);
    gate_fini(&owned.gate);
}

/* One runs and one waits when the pool closes: neither argument is destroyed,
 * for both tasks learn what has become of it. */
static void
test_offload_argument_is_the_callers_if_the_pool_closes(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_pool(1);
    struct owned owned[2];
    il_task *tasks[2];

    for (int i = 0; i < 2; i++) {
        tasks[i] = spawn_owned(&owned[i], pool, i);
        if (i == 0)
            gate_wait_begun(&owned[0].gate);
    }
    assert_int_equal(il_pool_close(pool, 0), -ETIMEDOUT);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK_JOB);
    finish(tasks[1]);
    assert_int_equal(owned[1].r, -ESHUTDOWN);
    gate_open(&owned[0].gate);
    finish(tasks[0]);
    assert_int_equal(owned[0].r, 0);
    assert_null(il_pool_unref(pool));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(count_destroyed(&owned[i]), 0);
        gate_fini(&owned[i].gate);
    }
}

/* Left behind when its loop closes, in a pool that closes with it: it is
 * destroyed once, in its own thread, when it ends. */
static void test_offload_left_behind_outlives_loop_and_pool(void **state)
{
    struct fixture *f = *state;
    static struct owned owned;
    il_task *task = spawn_owned(&owned, NULL, 4);

    gate_wait_begun(&owned.gate);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    f->loop = il_loop_unref(f->loop);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK_JOB);
    assert_int_equal(reap(task), 0);
    assert_int_equal(owned.r, -ECANCELED);
    assert_int_equal(count_destroyed(&owned), 0);
    gate_open(&owned.gate);
    while (count_destroyed(&owned) == 0)
        (void)sched_yield();
    assert_int_equal(owned.with, 4);
    assert_false(pthread_equal(owned.where, pthread_self()));
    assert_int_equal(count_destroyed(&owned), 1);
    gate_fini(&owned.gate);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_offload_argument_is_the_callers_if_there_is_no_thread),
        TEST(test_offload_argument_is_the_callers_if_the_pool_closes),
        TEST_REAL(test_offload_left_behind_outlives_loop_and_pool),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
