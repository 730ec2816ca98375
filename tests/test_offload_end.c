/* SPDX-License-Identifier: MIT */

/* test_offload_end.c - jobs, and loops that end, clocks that stand, threads
 * that cannot be had. */

#include "support/few_threads.h"
#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_and_forget(struct fixture *f, int expected)
{
    assert_int_equal(il_loop_close(f->loop, 0), expected);
    f->loop = il_loop_unref(f->loop);
}

/* --- loops that end ------------------------------------------------------- */

static void *open_later(void *gate)
{
    for (int i = 0; i < 1000; i++)
        (void)sched_yield();
    gate_open(gate);
    return NULL;
}

static void test_offload_loop_waits_for_jobs_when_it_closes(void **state)
{
    struct fixture *f = *state;
    struct gated_client c;
    il_task *task = spawn_client(&c, NULL, 6);
    pthread_t thread;

    gate_wait_begun(&c.gate);
    thread = start_thread(open_later, &c.gate);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1000)), 0);
    assert_int_equal(reap(task), 0);
    assert_int_equal(c.r, 0);
    assert_int_equal(c.result, 6);
    join_thread(thread);
    gate_fini(&c.gate);
}

/* gh-96827, bpo-39651: what completes when the loop has closed is dropped.
 * Here nobody has a reference of the loop any more, either. */
static void test_offload_completion_after_the_loop_is_gone(void **state)
{
    struct fixture *f = *state;
    static struct gated_client c;
    il_pool *pool = make_pool(1);
    il_task *task = spawn_client(&c, pool, 6);
    struct kept_report report;

    gate_wait_begun(&c.gate);
    close_and_forget(f, -ETIMEDOUT);
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_STUCK);
    assert_string_equal(report.waits_for, "a job in another thread");
    gate_open(&c.gate);
    end_pool(pool);
    assert_int_equal(c.gate.n_ran, 1);
    assert_true(c.gate.cancelled);
    assert_int_equal(c.r, 1); /* its task never ran again */
    assert_int_equal(reap(task), -ECANCELED);
    gate_fini(&c.gate);
}

/* Of the process's pool nobody is left either. */
static void test_offload_completion_after_the_pool_is_gone(void **state)
{
    struct fixture *f = *state;
    static struct gated_client c;
    il_task *task = spawn_client(&c, NULL, 6);
    int before;

    gate_wait_begun(&c.gate);
    close_and_forget(f, -ETIMEDOUT);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK_JOB);
    before = count_descriptors();
    gate_open(&c.gate);
    /* The thread frees the loop, whose descriptor goes with it. */
    while (count_descriptors() == before)
        (void)sched_yield();
    assert_int_equal(reap(task), -ECANCELED);
    gate_fini(&c.gate);
}

/* A task that never began to run its job is abandoned like any other. */
static void
test_offload_that_waits_for_a_thread_is_cancelled_at_close(void **state)
{
    struct fixture *f = *state;
    static struct gated_client c[2];
    il_pool *pool = make_pool(1);
    il_task *tasks[2];

    for (int i = 0; i < 2; i++)
        tasks[i] = spawn_client(&c[i], pool, i);
    gate_wait_begun(&c[0].gate);
    close_and_forget(f, -ETIMEDOUT);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    assert_int_equal(c[1].r, -ECANCELED);
    assert_int_equal(reap(tasks[1]), 0);
    gate_open(&c[0].gate);
    end_pool(pool);
    assert_int_equal(c[1].gate.n_ran, 0);
    assert_int_equal(reap(tasks[0]), -ECANCELED);
    for (int i = 0; i < 2; i++)
        gate_fini(&c[i].gate);
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static int offload_a_few(void *pool)
{
    for (int i = 0; i < 5; i++)
        CHECK_INT(il_offload_to(pool, do_nothing, NULL, NULL), 0);
    return 0;
}

/* The loop is closed and freed while a worker may still be on its way back from
 * the post that has woken the last task. */
static void test_offload_loop_goes_right_after_its_last_job(void **state)
{
    il_pool *pool = make_pool(2);

    (void)state;
    for (int i = 0; i < 300; i++) {
        il_loop *loop = NULL;

        assert_int_equal(il_loop_new(&loop), 0);
        assert_int_equal(il_run(offload_a_few, pool), 0);
        assert_int_equal(il_loop_close(loop, 0), 0);
        il_loop_unref(loop);
    }
    end_pool(pool);
}

/* --- inside jobs ---------------------------------------------------------- */

static int offload_again(void *pool)
{
    CHECK_INT(il_offload(do_nothing, NULL, NULL), -ESRCH);
    CHECK_INT(il_offload_to(pool, do_nothing, NULL, NULL), -ESRCH);
    CHECK_INT(il_pool_set_max_threads(pool, 1), 0);
    CHECK_INT((int)il_pool_count_threads(pool), 1);
    return 0;
}

static int offload_offloading(void *pool)
{
    return il_offload_to(pool, offload_again, pool, NULL);
}

static void test_offload_from_a_job_is_refused(void **state)
{
    il_pool *pool = make_pool(2);

    (void)state;
    assert_int_equal(il_run(offload_offloading, pool), 0);
    end_pool(pool);
}

/* --- several loops -------------------------------------------------------- */

enum { N_LOOPS = 4, N_TASKS = 10, N_JOBS = 100 };

static int add_one(void *arg)
{
    return ++*(int *)arg;
}

static int offload_many(void *arg)
{
    int n = 0;
    int result = 0;

    for (int i = 0; i < N_JOBS; i++) {
        CHECK_INT(il_offload_to(arg, add_one, &n, &result), 0);
        CHECK_INT(result, i + 1);
    }
    return 0;
}

static int run_tasks(void *pool)
{
    il_call calls[N_TASKS];

    for (int i = 0; i < N_TASKS; i++)
        calls[i] = (il_call){ .fn = offload_many, .arg = pool };
    return il_gather(calls, N_TASKS);
}

static void *run_loop(void *pool)
{
    CHECK_INT(il_run(run_tasks, pool), 0);
    return NULL;
}

static void test_offload_of_several_loops(void **state)
{
    il_pool *pools[2] = { NULL, make_pool(3) };

    (void)state;
    for (int k = 0; k < 2; k++) {
        pthread_t threads[N_LOOPS];

        for (int i = 0; i < N_LOOPS; i++)
            threads[i] = start_thread(run_loop, pools[k]);
        for (int i = 0; i < N_LOOPS; i++)
            join_thread(threads[i]);
    }
    assert_int_equal(il_pool_count_threads(NULL), 0);
    end_pool(pools[1]);
}

/* --- clocks --------------------------------------------------------------- */

static int sleep_long(void *arg)
{
    int r = il_sleep(IL_SEC(3600));

    note("slept");
    return r < 0 ? r : *(int *)arg;
}

static int offload_and_note(void *arg)
{
    int r = offload_gate(arg);

    note("ran");
    return r;
}

static int both(void *arg)
{
    int zero = 0;
    il_call calls[] = { { .fn = sleep_long, .arg = &zero },
                        { .fn = offload_and_note, .arg = arg } };

    return il_gather(calls, 2);
}

static void test_offload_virtual_time_stands_still_meanwhile(void **state)
{
    struct gated_client c = { 0 };
    pthread_t thread;
    il_time before = il_now();

    (void)state;
    gate_init(&c.gate, 0);
    /* The clock would have jumped long before. */
    thread = start_thread(open_later, &c.gate);
    assert_int_equal(il_run(both, &c), 0);
    join_thread(thread);
    assert_int_equal(c.r, 0);
    assert_string_equal(noted(), "ran slept");
    assert_int_equal(il_now() - before, IL_SEC(3600));
    gate_fini(&c.gate);
}

/* --- no threads ----------------------------------------------------------- */

static void test_offload_without_a_thread_fails(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = make_pool(4);
    struct gated_client c[3];
    il_task *tasks[3];

    n_may_start = 0;
    tasks[0] = spawn_client(&c[0], pool, 0);
    settle(f);
    assert_int_equal(c[0].r, -ENOMEM);
    assert_int_equal(c[0].result, 77);
    assert_int_equal(il_pool_count_waiting(pool), 0);

    /* With one there is at least that. */
    n_may_start = 1;
    for (int i = 1; i < 3; i++)
        tasks[i] = spawn_client(&c[i], pool, i);
    gate_open(&c[1].gate);
    gate_open(&c[2].gate);
    for (int i = 0; i < 3; i++)
        finish(tasks[i]);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(c[i].r, 0);
        assert_int_equal(c[i].result, i);
    }
    assert_int_equal(il_pool_count_threads(pool), 1);
    n_may_start = -1;
    end_pool(pool);
    for (int i = 0; i < 3; i++)
        gate_fini(&c[i].gate);
}

/* The one that keeps watch works when there can be no further one. */
static void test_offload_watcher_works_if_it_must(void **state)
{
    il_pool *pool = make_pool(4);
    struct gated_client c[2];
    il_task *tasks[2];

    (void)state;
    n_may_start = 2;
    for (int i = 0; i < 2; i++) {
        c[i].pool = pool;
        gate_init(&c[i].gate, i);
        assert_int_equal(il_spawn(NULL, offload_gate, &c[i], &tasks[i]), 0);
    }
    gate_wait_begun(&c[0].gate);
    gate_wait_begun(&c[1].gate);
    n_may_start = -1;
    for (int i = 0; i < 2; i++)
        gate_open(&c[i].gate);
    for (int i = 0; i < 2; i++) {
        finish(tasks[i]);
        gate_fini(&c[i].gate);
    }
    assert_int_equal(il_pool_count_threads(pool), 2);
    end_pool(pool);
}

/* --- forks ---------------------------------------------------------------- */

#ifndef UNDER_TSAN

static int in_process_pool(void *arg)
{
    return offload_a_few(arg);
}

/* In a thread of its own, since the forking one has a loop. */
static void *use_own_loop(void *arg)
{
    *(int *)arg = il_run(in_process_pool, NULL);
    return NULL;
}

static void test_offload_works_in_a_child_with_a_loop_of_its_own(void **state)
{
    int status = -1;
    pid_t child;

    (void)state;
    assert_int_equal(il_run(in_process_pool, NULL), 0);
    assert_int_equal(il_pool_count_threads(NULL), 1);
    child = fork();
    if (child == 0) {
        int r = -1;

        (void)alarm(60);
        join_thread(start_thread(use_own_loop, &r));
        _exit(r == 0 && il_pool_count_threads(NULL) == 0 ? 0 : 1);
    }
    assert_true(child > 0);
    while (waitpid(child, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_int_equal(status, 0);
    /* Ours goes on. */
    assert_int_equal(il_run(in_process_pool, NULL), 0);
}

#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_offload_loop_waits_for_jobs_when_it_closes),
        TEST(test_offload_completion_after_the_loop_is_gone),
        TEST(test_offload_completion_after_the_pool_is_gone),
        TEST_REAL(test_offload_that_waits_for_a_thread_is_cancelled_at_close),
        cmocka_unit_test(test_offload_loop_goes_right_after_its_last_job),
        TEST(test_offload_from_a_job_is_refused),
        TEST(test_offload_of_several_loops),
        TEST(test_offload_virtual_time_stands_still_meanwhile),
        TEST(test_offload_without_a_thread_fails),
        TEST(test_offload_watcher_works_if_it_must),
#ifndef UNDER_TSAN
        TEST(test_offload_works_in_a_child_with_a_loop_of_its_own),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
