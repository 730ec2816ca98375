/* SPDX-License-Identifier: MIT */

/* test_pool_close.c - the end of a pool. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int try_closed_pool(void *pool)
{
    int n = 0;

    CHECK_INT(il_offload_to(pool, count_job, &n, NULL), -ESHUTDOWN);
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

/* An argument that holds a reference of the pool it is used in, and drops it in
 * the end: the last one. */
struct errand {
    il_pool *pool;
    struct gate gate;
    sem_t *destroyed;
    int with;
};

static int pass_errand(void *arg)
{
    return gate_pass(&((struct errand *)arg)->gate);
}

static void destroy_errand(void *arg, int result)
{
    struct errand *errand = arg;
    sem_t *destroyed = errand->destroyed;

    CHECK_INT(result, errand->with);
    gate_fini(&errand->gate);
    CHECK_INT(il_pool_close(errand->pool, 0), -EDEADLK);
    il_pool_unref(errand->pool);
    free(errand);
    CHECK_INT(sem_post(destroyed), 0);
}

static int run_errand(void *arg)
{
    struct errand *errand = arg;
    const il_offload_options options = { .pool = errand->pool,
                                         .fn = pass_errand,
                                         .arg = errand,
                                         .flags = IL_ABANDON,
                                         .destroy = destroy_errand };

    return il_offload_with(&options, NULL);
}

/* What has no loop to report to goes to stderr: it is a pipe meanwhile. */
struct listener {
    int before;
    int fds[2];
};

static void begin_listening(struct listener *listener)
{
    assert_int_equal(pipe2(listener->fds, O_CLOEXEC | O_NONBLOCK), 0);
    listener->before = dup(STDERR_FILENO);
    assert_true(listener->before >= 0);
    assert_true(dup2(listener->fds[1], STDERR_FILENO) >= 0);
}

/* How many bytes were written. */
static int end_listening(const struct listener *listener)
{
    char buffer[256];
    ssize_t n;

    assert_true(dup2(listener->before, STDERR_FILENO) >= 0);
    n = read(listener->fds[0], buffer, sizeof buffer);
    close(listener->before);
    close(listener->fds[0]);
    close(listener->fds[1]);
    return n < 0 ? 0 : (int)n;
}

/* The thread is none that would not end: it does not wait for itself, and
 * nothing is reported. */
static void test_pool_dropped_by_a_job_left_behind(void **state)
{
    struct listener listener;
    struct fixture *f = *state;
    struct errand *errand = calloc(1, sizeof *errand);
    struct gate *gate;
    il_task *task = NULL;
    sem_t destroyed;

    assert_non_null(errand);
    assert_int_equal(sem_init(&destroyed, 0, 0), 0);
    errand->pool = make_pool(2);
    errand->destroyed = &destroyed;
    errand->with = 9;
    gate = &errand->gate;
    gate_init(gate, 9);
    assert_int_equal(il_spawn(NULL, run_errand, errand, &task), 0);
    gate_wait_begun(gate);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    begin_listening(&listener);
    gate_open(gate);
    while (sem_wait(&destroyed) != 0)
        continue;
    assert_int_equal(end_listening(&listener), 0);
    assert_int_equal(sem_destroy(&destroyed), 0);
}

static void test_pool_refuses_misuse(void **state)
{
    const il_pool_options no_time = { .idle_time = -1 };
    const il_pool_options no_stack = { .stack_size = 1 };
    il_pool *pool = NULL;

    (void)state;
    assert_int_equal(il_pool_new(&no_time, &pool), -EINVAL);
    assert_int_equal(il_pool_new(&no_stack, &pool), -EINVAL);
    assert_int_equal(il_pool_new(NULL, NULL), -EINVAL);
    assert_null(pool);
    assert_int_equal(il_pool_new(NULL, &pool), 0);
    assert_null(il_pool_unref(pool));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pool_close_runs_what_is_queued),
        TEST(test_pool_without_threads_closes_at_once),
        TEST(test_pool_unref_of_the_last_closes),
        TEST(test_pool_close_reports_jobs_that_do_not_end),
        TEST(test_pool_limit_can_be_lowered_while_jobs_run),
        TEST(test_pool_closed_in_a_task_lets_others_run),
        TEST(test_pool_closed_in_a_task_reports_outside_of_it),
        TEST(test_pool_is_not_closed_where_that_would_block),
        TEST(test_pool_dropped_by_a_job_left_behind),
        TEST(test_pool_refuses_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
