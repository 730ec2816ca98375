/* SPDX-License-Identifier: MIT */

/* test_offload_abandon.c - jobs that nobody waits for any more. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include <errno.h>
#include <stdlib.h>

/* On the heap: argument, and what is to be freed. */
struct errand {
    struct gate gate;
    il_pool *pool;
    sem_t *destroyed; /* posted when it is */
    int *with;        /* what it was destroyed with */
    int r;
    int result;
};

static void destroy_errand(void *arg, int result)
{
    struct errand *errand = arg;
    sem_t *destroyed = errand->destroyed;

    *errand->with = result;
    gate_fini(&errand->gate);
    free(errand);
    CHECK_INT(sem_post(destroyed), 0);
}

static struct errand *make_errand(il_pool *pool, sem_t *destroyed, int *with)
{
    struct errand *errand = calloc(1, sizeof *errand);

    assert_non_null(errand);
    gate_init(&errand->gate, 8);
    errand->pool = pool;
    errand->destroyed = destroyed;
    errand->with = with;
    return errand;
}

static int pass_errand(void *arg)
{
    struct errand *errand = arg;

    return gate_pass(&errand->gate);
}

static int run_errand(void *arg)
{
    struct errand *errand = arg;
    const il_offload_options options = { .pool = errand->pool,
                                         .fn = pass_errand,
                                         .arg = errand,
                                         .flags = IL_ABANDON,
                                         .destroy = destroy_errand };
    int result = 77;
    int r = il_offload_with(&options, &result);

    if (r == -ECANCELED) {
        CHECK_INT(result, 77);
        return -ECANCELED;
    }
    errand->r = r;
    errand->result = result;
    return 0;
}

static void test_offload_abandoned_goes_on_and_is_destroyed(void **state)
{
    struct fixture *f = *state;
    sem_t destroyed;
    int with = 77;
    struct errand *errand;
    struct gate *gate;
    il_task *task = NULL;

    assert_int_equal(sem_init(&destroyed, 0, 0), 0);
    errand = make_errand(NULL, &destroyed, &with);
    gate = &errand->gate;
    assert_int_equal(il_spawn(NULL, run_errand, errand, &task), 0);
    gate_wait_begun(gate);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(with, 77);
    gate_open(gate);
    while (sem_wait(&destroyed) != 0)
        continue;
    assert_int_equal(with, 8);
    assert_int_equal(sem_destroy(&destroyed), 0);
}

static void test_offload_abandoned_before_it_begins_is_destroyed(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_pool(1);
    struct gated_client c;
    sem_t destroyed;
    int with = 77;
    il_task *blocker;
    il_task *task = NULL;

    assert_int_equal(sem_init(&destroyed, 0, 0), 0);
    blocker = spawn_client(&c, pool, 0);
    assert_int_equal(
        il_spawn(NULL, run_errand, make_errand(pool, &destroyed, &with), &task),
        0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(with, -ECANCELED);
    gate_open(&c.gate);
    finish(blocker);
    end_pool(pool);
    gate_fini(&c.gate);
    assert_int_equal(sem_destroy(&destroyed), 0);
}

static void test_offload_that_is_not_abandoned_is_the_callers(void **state)
{
    sem_t destroyed;
    int with = 77;
    struct errand *errand;

    (void)state;
    assert_int_equal(sem_init(&destroyed, 0, 0), 0);
    errand = make_errand(NULL, &destroyed, &with);
    gate_open(&errand->gate);
    assert_int_equal(il_run(run_errand, errand), 0);
    assert_int_equal(errand->r, 0);
    assert_int_equal(errand->result, 8);
    assert_int_equal(with, 77);
    destroy_errand(errand, 0);
    assert_int_equal(sem_destroy(&destroyed), 0);
}

/* Worker and cancel meet in all orders: the argument is always disposed of
 * once, by one of the two. */
static void test_offload_abandon_races_with_the_end(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_pool(2);
    sem_t destroyed;
    int n_destroyed = 0;
    int n_kept = 0;
    int value;

    assert_int_equal(sem_init(&destroyed, 0, 0), 0);
    for (int i = 0; i < 500; i++) {
        int with;
        struct errand *errand = make_errand(pool, &destroyed, &with);
        il_task *task = NULL;

        gate_open(&errand->gate);
        assert_int_equal(il_spawn(NULL, run_errand, errand, &task), 0);
        for (volatile int spin = 0; spin < i * 50; spin++)
            continue;
        assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        while (!il_task_is_done(task))
            settle(f);
        if (reap(task) == -ECANCELED) {
            n_destroyed++;
            while (sem_wait(&destroyed) != 0)
                continue;
        } else {
            n_kept++;
            destroy_errand(errand, 0);
            assert_int_equal(sem_wait(&destroyed), 0);
        }
    }
    end_pool(pool);
    assert_int_equal(n_destroyed + n_kept, 500);
    assert_int_equal(sem_getvalue(&destroyed, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(sem_destroy(&destroyed), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_offload_abandoned_goes_on_and_is_destroyed),
        TEST(test_offload_abandoned_before_it_begins_is_destroyed),
        TEST(test_offload_that_is_not_abandoned_is_the_callers),
        TEST(test_offload_abandon_races_with_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
