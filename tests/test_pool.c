/* SPDX-License-Identifier: MIT */

/* test_pool.c - how many threads a pool has, and its end. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include <errno.h>
#include <sched.h>

/* Until it has so many threads; the test's own limit ends it. */
static void wait_for_threads(il_pool *pool, size_t n)
{
    while (il_pool_count_threads(pool) != n)
        (void)sched_yield();
}

/* --- growing -------------------------------------------------------------- */

static int return_at_once(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static int offload_one_after_the_other(void *pool)
{
    int n = 0;

    for (int i = 0; i < 200; i++)
        CHECK_INT(il_offload_to(pool, return_at_once, &n, NULL), 0);
    CHECK_INT(n, 200);
    return 0;
}

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
    CHECK_INT(il_offload(return_at_once, &n, NULL), 0);
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

/* --- the end -------------------------------------------------------------- */

static int try_closed_pool(void *pool)
{
    int n = 0;

    CHECK_INT(il_offload_to(pool, return_at_once, &n, NULL), -ESHUTDOWN);
    CHECK_INT(n, 0);
    return 0;
}

static void test_pool_close_runs_what_is_queued(void **state)
{
    il_pool *pool = make_named_pool(1, IL_FOREVER);
    struct gated_client c[3];
    il_task *tasks[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        tasks[i] = spawn_client(&c[i], pool, i);
    for (int i = 0; i < 3; i++)
        gate_open(&c[i].gate);
    assert_int_equal(il_pool_close(pool, IL_FOREVER), 0);
    assert_int_equal(il_pool_count_threads(pool), 0);
    for (int i = 0; i < 3; i++) {
        finish(tasks[i]);
        assert_int_equal(c[i].r, 0);
        assert_int_equal(c[i].result, i);
        gate_fini(&c[i].gate);
    }
    assert_int_equal(il_pool_close(pool, 0), -EALREADY);
    assert_int_equal(il_run(try_closed_pool, pool), 0);
    assert_null(il_pool_unref(pool));
}

static void test_pool_without_threads_closes_at_once(void **state)
{
    il_pool *pool = make_named_pool(1, IL_FOREVER);

    (void)state;
    assert_int_equal(il_pool_close(pool, 0), 0);
    assert_null(il_pool_unref(pool));
    assert_null(il_pool_unref(NULL));
    assert_int_equal(il_pool_close(NULL, 0), -EINVAL);
}

static void test_pool_unref_of_the_last_closes(void **state)
{
    il_pool *pool = make_named_pool(1, IL_FOREVER);

    (void)state;
    assert_int_equal(il_run(offload_one_after_the_other, pool), 0);
    assert_ptr_equal(il_pool_ref(pool), pool);
    assert_null(il_pool_unref(pool));
    assert_int_equal(il_pool_count_threads(pool), 1);
    (void)il_pool_unref(pool);
}

/* A thread per job at most: so the one that runs is stuck, the other is ended. */
static void test_pool_close_reports_jobs_that_do_not_end(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_named_pool(1, IL_FOREVER);
    struct gated_client c[2];
    il_task *tasks[2];
    struct kept_report report;

    for (int i = 0; i < 2; i++)
        tasks[i] = spawn_client(&c[i], pool, i);
    gate_wait_begun(&c[0].gate);
    assert_int_equal(il_pool_close(pool, 0), -ETIMEDOUT);
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_STUCK_JOB);
    assert_int_equal(report.error, -ETIMEDOUT);
    assert_string_equal(report.task_name, "gate_pass");
    assert_true(report.outside_tasks);
    finish(tasks[1]);
    assert_int_equal(c[1].r, -ESHUTDOWN);
    assert_int_equal(c[1].result, 77);
    assert_int_equal(c[0].r, 1);

    /* The thread keeps what it needs of the pool. */
    assert_null(il_pool_unref(pool));
    gate_open(&c[0].gate);
    finish(tasks[0]);
    assert_int_equal(c[0].r, 0);
    assert_int_equal(c[0].result, 0);
    for (int i = 0; i < 2; i++)
        gate_fini(&c[i].gate);
}

/* Threads that are too many end with the job that they run. */
static void test_pool_limit_can_be_lowered_while_jobs_run(void **state)
{
    il_pool *pool = make_named_pool(2, IL_FOREVER);
    struct gated_client c[2];
    il_task *tasks[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        tasks[i] = spawn_client(&c[i], pool, i);
    for (int i = 0; i < 2; i++)
        gate_wait_begun(&c[i].gate);
    assert_int_equal(il_pool_set_max_threads(pool, 1), 0);
    assert_int_equal(il_pool_count_threads(pool), 2);
    for (int i = 0; i < 2; i++) {
        gate_open(&c[i].gate);
        finish(tasks[i]);
        assert_int_equal(c[i].r, 0);
        gate_fini(&c[i].gate);
    }
    wait_for_threads(pool, 1);
    end_pool(pool);
}

struct closing {
    il_pool *pool;
    il_time grace;
    int r;
    int next;
};

static int close_pool(void *arg)
{
    struct closing *closing = arg;

    closing->r = 1;
    closing->r = il_pool_close(closing->pool, closing->grace);
    closing->next = il_yield();
    return 0;
}

static void test_pool_closed_in_a_task_lets_others_run(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_named_pool(1, IL_FOREVER);
    struct closing closing = { .pool = pool, .grace = IL_FOREVER };
    struct gated_client c;
    il_task *tasks[2];

    tasks[0] = spawn_client(&c, pool, 4);
    gate_wait_begun(&c.gate);
    assert_int_equal(il_spawn(NULL, close_pool, &closing, &tasks[1]), 0);
    assert_int_equal(closing.r, 1);
    assert_int_equal(il_pool_close(pool, 0), -EALREADY);
    /* It cannot be cancelled, as the end of a group cannot. */
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    settle(f);
    assert_int_equal(closing.r, 1);
    gate_open(&c.gate);
    finish(tasks[1]);
    assert_int_equal(closing.r, 0);
    assert_int_equal(closing.next, -ECANCELED);
    finish(tasks[0]);
    assert_int_equal(c.r, 0);
    assert_null(il_pool_unref(pool));
    gate_fini(&c.gate);
}

/* The grace is real time, also under a virtual clock. */
static void test_pool_closed_in_a_task_reports_outside_of_it(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_named_pool(1, IL_FOREVER);
    struct closing closing = { .pool = pool, .grace = IL_MS(1) };
    struct gated_client c;
    il_task *tasks[2];
    struct kept_report report;

    tasks[0] = spawn_client(&c, pool, 4);
    gate_wait_begun(&c.gate);
    assert_int_equal(il_spawn(NULL, close_pool, &closing, &tasks[1]), 0);
    finish(tasks[1]);
    assert_int_equal(closing.r, -ETIMEDOUT);
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_STUCK_JOB);
    assert_true(report.outside_tasks);
    assert_null(il_pool_unref(pool));
    gate_open(&c.gate);
    finish(tasks[0]);
    assert_int_equal(c.r, 0);
    gate_fini(&c.gate);
}

static int close_own_pool(void *pool)
{
    return il_pool_close(pool, 0);
}

static int offload_closing(void *pool)
{
    int result = 0;

    CHECK_INT(il_offload_to(pool, close_own_pool, pool, &result), 0);
    return result;
}

static void close_in_callback(void *arg)
{
    struct closing *closing = arg;

    closing->r = il_pool_close(closing->pool, 0);
}

static void test_pool_is_not_closed_where_that_would_block(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_named_pool(1, IL_FOREVER);
    struct closing closing = { .pool = pool };
    il_callback callback = IL_CALLBACK_INIT(close_in_callback, &closing);

    assert_int_equal(il_run(offload_closing, pool), -EDEADLK);
    assert_int_equal(il_post(f->loop, &callback), 0);
    assert_int_equal(il_run(yield, NULL), 0);
    assert_int_equal(closing.r, -EDEADLK);
    end_pool(pool);
}

static void test_pool_refuses_misuse(void **state)
{
    const il_pool_options no_time = { .idle_time = -1 };
    il_pool *pool = NULL;

    (void)state;
    assert_int_equal(il_pool_new(&no_time, &pool), -EINVAL);
    assert_int_equal(il_pool_new(NULL, NULL), -EINVAL);
    assert_null(pool);
    assert_int_equal(il_pool_new(NULL, &pool), 0);
    assert_null(il_pool_unref(pool));
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
        TEST(test_pool_close_runs_what_is_queued),
        TEST(test_pool_without_threads_closes_at_once),
        TEST(test_pool_unref_of_the_last_closes),
        TEST(test_pool_close_reports_jobs_that_do_not_end),
        TEST(test_pool_limit_can_be_lowered_while_jobs_run),
        TEST(test_pool_closed_in_a_task_lets_others_run),
        TEST(test_pool_closed_in_a_task_reports_outside_of_it),
        TEST(test_pool_is_not_closed_where_that_would_block),
        TEST(test_pool_refuses_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
