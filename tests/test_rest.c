/* SPDX-License-Identifier: MIT */

/* test_rest.c - threads of a pool that look for a job before they sleep. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include "thread/pool.h"
#include "thread/worker.h"

#include "base/lock.h"

#include <errno.h>
#include <sched.h>

enum { N_CALLS = 4000, N_ROUNDS = 1500 };

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Keep the processor busy for so long; the clock is the real one. */
static void pass_time(il_time time)
{
    il_time end = ili_clock_real() + time;

    while (ili_clock_real() < end)
        continue;
}

/* --- one rest ------------------------------------------------------------- */

/* Two threads that call each other in turn. */
struct court {
    int lock;
    struct ili_rest rest;
    int n_rests; /* under the lock: how many have begun */
    int n_calls;
    int n_asleep;
};

static void *rest_and_rest(void *arg)
{
    struct court *court = arg;

    for (int i = 0; i < N_CALLS; i++) {
        ili_lock(&court->lock);
        ili_rest_begin(&court->rest, ili_clock_real(), IL_US(10));
        court->n_rests++;
        ili_unlock(&court->lock);
        /* A call that is lost ends the test by its time limit. */
        ili_rest(&court->rest, IL_FOREVER);
        ili_lock(&court->lock);
        CHECK(ili_rest_is_over(&court->rest));
        CHECK(court->rest.called_at < IL_FOREVER);
        CHECK_INT(court->n_calls, court->n_rests);
        ili_unlock(&court->lock);
    }
    return NULL;
}

static void test_rest_called_just_as_it_gives_up_is_not_lost(void **state)
{
    struct court court = { .lock = 0 };
    unsigned random = 7;
    pthread_t thread = start_thread(rest_and_rest, &court);

    (void)state;
    for (int i = 1; i <= N_CALLS; i++) {
        int *word = NULL;
        int n_rests = 0;

        while (n_rests < i) {
            ili_lock(&court.lock);
            n_rests = court.n_rests;
            ili_unlock(&court.lock);
            if (n_rests < i)
                (void)sched_yield();
        }
        pass_time(next_random(&random) % IL_US(20));
        /* Now and then it has given up for sure. */
        while (i % 16 == 0 && ili_rest_is_spinning(&court.rest))
            (void)sched_yield();
        ili_lock(&court.lock);
        court.n_calls++;
        ili_rest_call(&court.rest, &word);
        ili_unlock(&court.lock);
        if (word) {
            court.n_asleep++;
            ili_futex_wake(word);
        }
    }
    join_thread(thread);
    assert_in_range(court.n_asleep, N_CALLS / 16, N_CALLS);
}

static void test_rest_that_spins_is_called_without_the_kernel(void **state)
{
    struct ili_rest rest;
    int *word = NULL;

    (void)state;
    ili_rest_begin(&rest, ili_clock_real(), IL_SEC(1));
    assert_true(ili_rest_is_spinning(&rest));
    assert_false(ili_rest_is_over(&rest));
    ili_rest_call(&rest, &word);
    assert_null(word);
    assert_true(ili_rest_is_over(&rest));
    ili_rest(&rest, IL_FOREVER);

    ili_rest_begin(&rest, ili_clock_real(), 0);
    assert_false(ili_rest_is_spinning(&rest));
    ili_rest_call(&rest, &word);
    assert_ptr_equal(word, &rest.word);
    ili_rest(&rest, IL_FOREVER);
}

static void test_rest_ends_with_its_deadline(void **state)
{
    struct ili_rest rest;

    (void)state;
    for (int i = 0; i < 2; i++) {
        ili_rest_begin(&rest, ili_clock_real(), i * IL_US(20));
        ili_rest(&rest, rest.since + IL_US(40));
        assert_false(ili_rest_is_over(&rest));
        assert_false(ili_rest_is_spinning(&rest));
        assert_true(ili_clock_real() - rest.since >= IL_US(20));
        assert_true(rest.called_at == IL_FOREVER);
    }
}

/* --- for how long --------------------------------------------------------- */

/* A job came after so long. */
static void learn(struct ili_spin *spin, il_time waited)
{
    const struct ili_rest rest = { .since = IL_SEC(7),
                                   .called_at = IL_SEC(7) + waited };

    ili_spin_learn(spin, &rest);
}

static void test_rest_spins_while_jobs_come_soon(void **state)
{
    struct ili_spin spin = { .time = 0 };
    il_time longest;
    int n = 0;

    (void)state;
    learn(&spin, IL_MS(1));
    assert_int_equal(spin.time, 0);
    for (int i = 0; i < 10; i++)
        learn(&spin, IL_US(30));
    longest = spin.time;
    assert_in_range(longest, IL_US(30), IL_US(100));
    learn(&spin, IL_US(30));
    assert_int_equal(spin.time, longest);
    for (n = 0; spin.time > 0; n++)
        learn(&spin, IL_MS(1));
    assert_in_range(n, 2, 5);
}

/* Nobody has called. */
static void test_rest_spins_less_when_no_job_comes(void **state)
{
    struct ili_spin spin = { .time = IL_US(40) };
    const struct ili_rest rest = { .called_at = IL_FOREVER };

    (void)state;
    ili_spin_learn(&spin, &rest);
    assert_int_equal(spin.time, IL_US(20));
}

static void test_rest_after_long_jobs_does_not_spin(void **state)
{
    const struct ili_spin spin = { .time = IL_US(40) };

    (void)state;
    assert_int_equal(ili_spin_time(&spin, IL_US(150), 0, 1), IL_US(40));
    assert_int_equal(ili_spin_time(&spin, IL_US(350), 0, 1), 0);
    assert_int_equal(ili_spin_time(&spin, IL_US(350), 0, 2), IL_US(40));
    assert_int_equal(ili_spin_time(&spin, IL_US(1), 0, 0), 0);
}

static void test_rest_does_not_spin_where_processors_are_scarce(void **state)
{
    struct ili_spin spin = { .time = IL_US(40) };
    const struct ili_rest rest = { .since = IL_SEC(7),
                                   .called_at = IL_SEC(7) + IL_MS(1),
                                   .away = IL_MS(1) };

    (void)state;
    ili_spin_learn(&spin, &rest);
    assert_int_equal(spin.time, 0);
    for (int i = 0; i < 10; i++)
        learn(&spin, IL_US(30));
    assert_true(spin.time > 0);
    assert_int_equal(
        ili_spin_time(&spin, IL_SEC(7) + IL_MS(20), IL_SEC(7), 100), 0);
    assert_true(ili_spin_time(&spin, IL_SEC(7) + IL_MS(40),
                              IL_SEC(7) + IL_MS(40), 1) > 0);
}

static void *check_one_processor(void *arg)
{
    il_pool *pool = NULL;
    cpu_set_t all;
    cpu_set_t one;
    int i = 0;

    (void)arg;
    CHECK_INT(sched_getaffinity(0, sizeof all, &all), 0);
    while (!CPU_ISSET(i, &all))
        i++;
    CPU_ZERO(&one);
    CPU_SET(i, &one);
    CHECK_INT(sched_setaffinity(0, sizeof one, &one), 0);
    CHECK_INT(il_pool_new(NULL, &pool), 0);
    CHECK(pool->spin.is_off);
    pool->spin.time = IL_US(40);
    CHECK_INT(ili_spin_time(&pool->spin, 0, 0, 1), 0);
    il_pool_unref(pool);
    return NULL;
}

static void test_rest_does_not_spin_on_one_processor(void **state)
{
    (void)state;
    join_thread(start_thread(check_one_processor, NULL));
}

/* --- pools ---------------------------------------------------------------- */

/* As if jobs had come soon all the time, and processors were plenty. */
static void encourage(il_pool *pool)
{
    ili_lock(&pool->lock);
    __atomic_store_n(&pool->spin.is_off, false, __ATOMIC_RELAXED);
    pool->spin.not_before = 0;
    pool->spin.time = IL_US(30);
    ili_unlock(&pool->lock);
}

static int add_one(void *arg)
{
    return ++*(int *)arg;
}

struct client {
    il_pool *pool;
    unsigned random;
    il_time longest; /* between two jobs */
    int n_rounds;
    int n;
};

static int offload_now_and_then(void *arg)
{
    struct client *c = arg;
    int result = 0;

    for (int i = 1; i <= c->n_rounds; i++) {
        encourage(c->pool);
        CHECK_INT(il_offload_to(c->pool, add_one, &c->n, &result), 0);
        CHECK_INT(result, i);
        pass_time(next_random(&c->random) % c->longest);
    }
    return 0;
}

/* Each is found by a thread that spins, or wakes one, or comes in between. */
static void test_rest_finds_jobs_that_come_as_it_gives_up(void **state)
{
    struct client c = { .pool = make_named_pool(1, IL_FOREVER),
                        .random = 5,
                        .longest = IL_US(60),
                        .n_rounds = N_ROUNDS };

    (void)state;
    assert_int_equal(il_run(offload_now_and_then, &c), 0);
    assert_int_equal(il_pool_count_threads(c.pool), 1);
    end_pool(c.pool);
}

/* The thread's time to go comes while it spins, or right after. */
static void test_rest_finds_jobs_that_come_as_it_leaves(void **state)
{
    struct client c = { .pool = make_named_pool(2, IL_US(40)),
                        .random = 6,
                        .longest = IL_US(80),
                        .n_rounds = N_ROUNDS / 2 };

    (void)state;
    assert_int_equal(il_run(offload_now_and_then, &c), 0);
    end_pool(c.pool);
}

static void *offload_in_a_loop(void *client)
{
    CHECK_INT(il_run(offload_now_and_then, client), 0);
    return NULL;
}

/* How many threads of a pool spin. */
static int count_spinners(il_pool *pool)
{
    int n = 0;

    ili_lock(&pool->lock);
    for (il_link *link = pool->idle.next; link != &pool->idle;
         link = link->next)
        n += ili_rest_is_spinning(
            &ILI_CONTAINER(link, struct ili_worker, link)->rest);
    ili_unlock(&pool->lock);
    return n;
}

static void test_rest_one_spins_at_a_time(void **state)
{
    enum { N = 3 };
    il_pool *pool = make_named_pool(N, IL_FOREVER);
    struct client clients[N];
    pthread_t threads[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        clients[i] = (struct client){ .pool = pool,
                                      .random = (unsigned)i,
                                      .longest = IL_US(40),
                                      .n_rounds = N_ROUNDS / N };
        threads[i] = start_thread(offload_in_a_loop, &clients[i]);
    }
    for (int i = 0; i < N_ROUNDS; i++) {
        assert_in_range(count_spinners(pool), 0, 1);
        pass_time(IL_US(5));
    }
    for (int i = 0; i < N; i++)
        join_thread(threads[i]);
    end_pool(pool);
}

static int offload_once(void *pool)
{
    int n = 0;

    CHECK_INT(il_offload_to(pool, add_one, &n, NULL), 0);
    return 0;
}

/* It would spin for as long as the test may run. */
static void make_it_spin(il_pool *pool)
{
    ili_lock(&pool->lock);
    __atomic_store_n(&pool->spin.is_off, false, __ATOMIC_RELAXED);
    pool->spin.time = IL_SEC(1000);
    ili_unlock(&pool->lock);
    assert_int_equal(il_run(offload_once, pool), 0);
}

static void test_rest_that_spins_sees_the_end_of_its_pool(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        il_pool *pool = make_named_pool(1, IL_FOREVER);

        make_it_spin(pool);
        assert_int_equal(il_pool_close(pool, IL_FOREVER), 0);
        assert_int_equal(il_pool_count_threads(pool), 0);
        assert_null(il_pool_unref(pool));
    }
}

/* One works, the other spins when it is told to go. */
static void test_rest_that_spins_leaves_when_there_are_too_many(void **state)
{
    il_pool *pool = make_named_pool(2, IL_FOREVER);
    struct gated_client blocker;
    il_task *task = spawn_client(&blocker, pool, 0);

    (void)state;
    gate_wait_begun(&blocker.gate);
    make_it_spin(pool);
    assert_int_equal(il_pool_set_max_threads(pool, 1), 0);
    wait_for_threads(pool, 1);
    gate_open(&blocker.gate);
    finish(task);
    end_pool(pool);
    gate_fini(&blocker.gate);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rest_called_just_as_it_gives_up_is_not_lost),
        TEST(test_rest_that_spins_is_called_without_the_kernel),
        TEST(test_rest_ends_with_its_deadline),
        TEST(test_rest_spins_while_jobs_come_soon),
        TEST(test_rest_spins_less_when_no_job_comes),
        TEST(test_rest_after_long_jobs_does_not_spin),
        TEST(test_rest_does_not_spin_where_processors_are_scarce),
        TEST(test_rest_does_not_spin_on_one_processor),
        TEST(test_rest_finds_jobs_that_come_as_it_gives_up),
        TEST(test_rest_finds_jobs_that_come_as_it_leaves),
        TEST(test_rest_one_spins_at_a_time),
        TEST(test_rest_that_spins_sees_the_end_of_its_pool),
        TEST(test_rest_that_spins_leaves_when_there_are_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
