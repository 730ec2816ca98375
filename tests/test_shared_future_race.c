/* SPDX-License-Identifier: MIT */

/* test_shared_future_race.c - futures between threads that are set, given up and
 * freed at the same time. */

#include "support/fixture.h"
#include "support/gates.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { N_ROUNDS = 1000 };

struct round {
    il_shared_future future;
};

static struct round *rounds[N_ROUNDS];
static atomic_int round_now;

static void *set_all(void *arg)
{
    (void)arg;
    for (int i = 0; i < N_ROUNDS; i++) {
        while (atomic_load(&round_now) < i)
            (void)sched_yield();
        CHECK_INT(il_shared_future_set(&rounds[i]->future, i, NULL), 0);
    }
    return NULL;
}

static void new_round(int i)
{
    rounds[i] = calloc(1, sizeof **rounds);
    CHECK(rounds[i] != NULL);
    atomic_store(&round_now, i);
}

/* The future is freed as soon as its result is known, by one who looks, by one
 * who waits in a task, and by one who blocks. */
static int free_at_once(void *arg)
{
    (void)arg;
    for (int i = 0; i < N_ROUNDS; i++) {
        int result = -1;

        new_round(i);
        if (i % 3 == 0)
            while (!il_shared_future_is_done(&rounds[i]->future))
                CHECK_INT(il_yield(), 0);
        CHECK_INT(il_shared_future_wait(&rounds[i]->future, IL_FOREVER, &result,
                                        NULL),
                  0);
        CHECK_INT(result, i);
        free(rounds[i]);
    }
    return 0;
}

static void test_shared_future_may_go_while_the_setter_is_not_back(void **state)
{
    pthread_t thread;

    (void)state;
    atomic_store(&round_now, -1);
    thread = start_thread(set_all, NULL);
    assert_int_equal(il_run(free_at_once, NULL), 0);
    join_thread(thread);
}

/* A cancel, a timeout and the result meet in all orders; the wait comes to one
 * of them and nothing of it is left. */
static int wait_with_timeouts(void *arg)
{
    int n_got = 0;

    (void)arg;
    for (int i = 0; i < N_ROUNDS; i++) {
        il_time timeout = IL_US(i % 50);
        int result = -1;
        int r;

        new_round(i);
        r = il_shared_future_wait(&rounds[i]->future, timeout, &result, NULL);
        CHECK(r == -ETIMEDOUT || (r == 0 && result == i));
        n_got += r == 0;
        while (!il_shared_future_is_done(&rounds[i]->future))
            CHECK_INT(il_yield(), 0);
        free(rounds[i]);
    }
    return n_got;
}

static void test_shared_future_timeout_races_with_the_result(void **state)
{
    pthread_t thread;

    (void)state;
    atomic_store(&round_now, -1);
    thread = start_thread(set_all, NULL);
    assert_true(il_run(wait_with_timeouts, NULL) >= 0);
    join_thread(thread);
}

/* The same for a plain thread that blocks. */
static void *block_with_timeouts(void *arg)
{
    for (int i = 0; i < N_ROUNDS; i++) {
        int result = -1;
        int r;

        new_round(i);
        r = il_shared_future_wait(&rounds[i]->future, IL_US(i % 50), &result,
                                  NULL);
        CHECK(r == -ETIMEDOUT || (r == 0 && result == i));
        while (!il_shared_future_is_done(&rounds[i]->future))
            (void)sched_yield();
        free(rounds[i]);
    }
    return arg;
}

static void test_shared_future_timeout_races_in_a_thread(void **state)
{
    pthread_t threads[2];

    (void)state;
    atomic_store(&round_now, -1);
    threads[0] = start_thread(set_all, NULL);
    threads[1] = start_thread(block_with_timeouts, NULL);
    join_thread(threads[0]);
    join_thread(threads[1]);
}

#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REAL(test_shared_future_may_go_while_the_setter_is_not_back),
        TEST_REAL(test_shared_future_timeout_races_with_the_result),
        TEST_REAL(test_shared_future_timeout_races_in_a_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
