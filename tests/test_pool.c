/* SPDX-License-Identifier: MIT */

/* test_pool.c - how many threads a pool has. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"

#include <errno.h>
#include <sched.h>

/* --- growing -------------------------------------------------------------- */

static void test_pool_one_job_at_a_time_needs_one_thread(void **state)
{
    il_pool *pool = make_named_pool(0, IL_FOREVER);

    (void)state;
    assert_int_equal(il_pool_count_threads(pool), 0);
    assert_int_equal(il_run(offload_one_after_the_other, pool), 0);
    assert_int_equal(il_pool_count_threads(pool), 1);
    end_pool(pool);
}

/* Jobs that go on only when all of them have begun. */
struct meeting {
    il_pool *pool;
    pthread_barrier_t barrier;
    unsigned n;
};

static int meet(void *arg)
{
    struct meeting *meeting = arg;
    int r = pthread_barrier_wait(&meeting->barrier);

    CHECK(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
    return 0;
}

static int offload_meet(void *arg)
{
    struct meeting *meeting = arg;

    return il_offload_to(meeting->pool, meet, meeting, NULL);
}

static int offload_all(void *arg)
{
    struct meeting *meeting = arg;
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    for (unsigned i = 0; i < meeting->n; i++)
        CHECK_INT(il_spawn(&group, offload_meet, meeting, NULL), 0);
    return il_group_close(&group);
}

static void test_pool_grows_while_jobs_block(void **state)
{
    struct meeting meeting = { .n = 20 };

    (void)state;
    meeting.pool = make_named_pool(20, IL_FOREVER);
    assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, 20), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(il_run(offload_all, &meeting), 0);
        assert_int_equal(il_pool_count_threads(meeting.pool), 20);
    }
    end_pool(meeting.pool);
    assert_int_equal(pthread_barrier_destroy(&meeting.barrier), 0);
}

struct crowd {
    il_pool *pool;
    int n_inside; /* atomic */
    int most;     /* atomic */
};

static int enter_and_leave(void *arg)
{
    struct crowd *crowd = arg;
    int n = __atomic_add_fetch(&crowd->n_inside, 1, __ATOMIC_SEQ_CST);
    int most = __atomic_load_n(&crowd->most, __ATOMIC_SEQ_CST);

    while (n > most &&
           !__atomic_compare_exchange_n(&crowd->most, &most, n, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        continue;
    (void)sched_yield();
    __atomic_sub_fetch(&crowd->n_inside, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static int offload_enter(void *arg)
{
    struct crowd *crowd = arg;
    int r = 0;

    for (int i = 0; i < 50 && r == 0; i++)
        r = il_offload_to(crowd->pool, enter_and_leave, crowd, NULL);
    return r;
}

static int offload_crowd(void *crowd)
{
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    for (unsigned i = 0; i < 40; i++)
        CHECK_INT(il_spawn(&group, offload_enter, crowd, NULL), 0);
    return il_group_close(&group);
}

static void test_pool_never_runs_more_than_its_limit(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit <= 3; limit++) {
        struct crowd crowd = { .pool = make_named_pool(limit, IL_FOREVER) };

        assert_int_equal(il_run(offload_crowd, &crowd), 0);
        assert_in_range(crowd.most, 1, limit);
        assert_in_range(il_pool_count_threads(crowd.pool), 1, limit);
        end_pool(crowd.pool);
    }
}

static int raise_limit(void *pool)
{
    CHECK_INT(il_pool_set_max_threads(pool, 3), 0);
    return 0;
}

static int meet_with_a_late_limit(void *arg)
{
    struct meeting *meeting = arg;
    il_call calls[] = { { .fn = offload_all, .arg = meeting },
                        { .fn = raise_limit, .arg = meeting->pool } };

    return il_gather(calls, 2);
}

/* Two of the three jobs block, and no further one comes. */
static void test_pool_limit_can_be_raised_while_all_block(void **state)
{
    struct meeting meeting = { .n = 3 };

    (void)state;
    meeting.pool = make_named_pool(2, IL_FOREVER);
    assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, 3), 0);
    assert_int_equal(il_run(meet_with_a_late_limit, &meeting), 0);
    end_pool(meeting.pool);
    assert_int_equal(pthread_barrier_destroy(&meeting.barrier), 0);
}

static void test_pool_limit_can_be_lowered(void **state)
{
    struct meeting meeting = { .n = 6 };

    (void)state;
    meeting.pool = make_named_pool(6, IL_FOREVER);
    assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, 6), 0);
    assert_int_equal(il_run(offload_all, &meeting), 0);
    assert_int_equal(il_pool_count_threads(meeting.pool), 6);
    assert_int_equal(il_pool_set_max_threads(meeting.pool, 0), -EINVAL);
    assert_int_equal(il_pool_set_max_threads(meeting.pool, 2), 0);
    wait_for_threads(meeting.pool, 2);
    assert_int_equal(il_run(offload_one_after_the_other, meeting.pool), 0);
    end_pool(meeting.pool);
    assert_int_equal(pthread_barrier_destroy(&meeting.barrier), 0);
}

static void test_pool_shrinks_when_idle(void **state)
{
    struct meeting meeting = { .n = 5 };

    (void)state;
    meeting.pool = make_named_pool(5, IL_MS(1));
    assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, 5), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(il_run(offload_all, &meeting), 0);
        wait_for_threads(meeting.pool, 0);
    }
    end_pool(meeting.pool);
    assert_int_equal(pthread_barrier_destroy(&meeting.barrier), 0);
}

/* Threads that are about to leave are in the way of none that come. */
static void test_pool_shrinks_and_grows_at_the_same_time(void **state)
{
    struct crowd crowd = { .pool = make_named_pool(4, 1) };

    (void)state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(il_run(offload_crowd, &crowd), 0);
    end_pool(crowd.pool);
}

/* --- the process's pool --------------------------------------------------- */

static int use_process_pool(void *arg)
{
    int n = 0;

    (void)arg;
    CHECK_INT(il_offload(count_job, &n, NULL), 0);
    CHECK_INT(il_pool_count_threads(NULL), 1);
    CHECK_INT(il_pool_count_waiting(NULL), 0);
    return n;
}

static void *run_other_loop(void *arg)
{
    (void)arg;
    CHECK_INT(il_run(use_process_pool, NULL), 1);
    return NULL;
}

static void test_pool_of_the_process_goes_with_the_last_loop(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_pool_count_threads(NULL), 0);
    assert_int_equal(il_pool_count_waiting(NULL), 0);
    join_thread(start_thread(run_other_loop, NULL));
    assert_int_equal(il_pool_count_threads(NULL), 0);

    assert_int_equal(il_run(use_process_pool, NULL), 1);
    join_thread(start_thread(run_other_loop, NULL));
    assert_int_equal(il_pool_count_threads(NULL), 1);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(il_pool_count_threads(NULL), 0);
}

static int offload_meet_in_process_pool(void *arg)
{
    CHECK_INT(il_offload(meet, arg, NULL), 0);
    return 0;
}

static int meet_in_process_pool(void *arg)
{
    il_call calls[3];

    for (int i = 0; i < 3; i++)
        calls[i] = (il_call){ .fn = offload_meet_in_process_pool, .arg = arg };
    CHECK_INT(il_pool_set_max_threads(NULL, 3), 0);
    return il_gather(calls, 3);
}

static void test_pool_of_the_process_can_be_limited(void **state)
{
    struct meeting meeting = { .n = 3 };

    (void)state;
    assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, 3), 0);
    assert_int_equal(il_pool_set_max_threads(NULL, 1), 0);
    assert_int_equal(il_run(use_process_pool, NULL), 1);
    assert_int_equal(il_run(meet_in_process_pool, &meeting), 0);
    assert_int_equal(il_pool_set_max_threads(NULL, 32), 0);
    assert_int_equal(pthread_barrier_destroy(&meeting.barrier), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pool_one_job_at_a_time_needs_one_thread),
        TEST(test_pool_grows_while_jobs_block),
        TEST(test_pool_never_runs_more_than_its_limit),
        TEST(test_pool_limit_can_be_raised_while_all_block),
        TEST(test_pool_limit_can_be_lowered),
        TEST(test_pool_shrinks_when_idle),
        TEST(test_pool_shrinks_and_grows_at_the_same_time),
        TEST(test_pool_of_the_process_goes_with_the_last_loop),
        TEST(test_pool_of_the_process_can_be_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
