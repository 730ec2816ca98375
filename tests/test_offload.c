/* SPDX-License-Identifier: MIT */

/* test_offload.c - functions in other threads: results, mistakes, cancels. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include <errno.h>
#include <signal.h>

/* A task that offloads one job. */
struct client {
    il_pool *pool; /* NULL: the process's */
    il_job_fn *fn;
    void *arg;
    int r;
    int result;
    int next; /* of a yield after that */
};

static int offload(void *arg)
{
    struct client *c = arg;

    c->r = 1;
    c->result = 77;
    c->r = il_offload_to(c->pool, c->fn, c->arg, &c->result);
    c->next = il_yield();
    return 0;
}

static struct client client(il_pool *pool, struct gate *gate)
{
    return (struct client){ .pool = pool, .fn = gate_pass, .arg = gate };
}

/* --- results -------------------------------------------------------------- */

struct visit {
    pthread_t thread;
    il_loop *loop;
    il_task *task;
    bool blocks_signals;
};

static int look_around(void *arg)
{
    struct visit *visit = arg;
    sigset_t set;

    visit->thread = pthread_self();
    visit->loop = il_loop_current();
    visit->task = il_task_current();
    CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
    visit->blocks_signals = sigismember(&set, SIGINT) == 1;
    return 42;
}

static void test_offload_runs_a_job_in_another_thread(void **state)
{
    struct visit visit = { .loop = (void *)&visit, .task = (void *)&visit };
    struct client c = { .fn = look_around, .arg = &visit };

    (void)state;
    finish(spawn(offload, &c));
    assert_int_equal(c.r, 0);
    assert_int_equal(c.result, 42);
    assert_int_equal(c.next, 0);
    assert_false(pthread_equal(visit.thread, pthread_self()));
    assert_null(visit.loop);
    assert_null(visit.task);
    assert_true(visit.blocks_signals);
}

static int fail_with_ecanceled(void *arg)
{
    (void)arg;
    return -ECANCELED;
}

/* What it means that it was run, and what it returned, are two things. */
static void test_offload_result_is_not_that_of_waiting(void **state)
{
    struct client c = { .fn = fail_with_ecanceled };

    (void)state;
    finish(spawn(offload, &c));
    assert_int_equal(c.r, 0);
    assert_int_equal(c.result, -ECANCELED);
}

static int offload_for_nobody(void *arg)
{
    return il_offload(gate_pass, arg, NULL);
}

static void test_offload_result_may_be_left(void **state)
{
    struct gate gate;

    (void)state;
    gate_init(&gate, 5);
    gate_open(&gate);
    assert_int_equal(il_run(offload_for_nobody, &gate), 0);
    assert_int_equal(gate.n_ran, 1);
    gate_fini(&gate);
}

static int let_it_end(void *arg)
{
    gate_wait_begun(arg);
    note("others");
    gate_open(arg);
    return 0;
}

static void test_offload_lets_other_tasks_run(void **state)
{
    struct gate gate;
    struct client c = client(NULL, &gate);
    il_task *task;

    (void)state;
    gate_init(&gate, 1);
    task = spawn(offload, &c);
    assert_int_equal(c.r, 1);
    assert_int_equal(il_run(let_it_end, &gate), 0);
    finish(task);
    assert_int_equal(c.r, 0);
    assert_string_equal(noted(), "others");
    gate_fini(&gate);
}

enum { N_JOBS = 20 };

struct numbered {
    int number;
    int *n_done;
};

static int count(void *arg)
{
    struct numbered *n = arg;

    CHECK_INT(n->number, *n->n_done);
    ++*n->n_done;
    return 0;
}

/* One thread takes them in the order they came. */
static void test_offload_keeps_the_order(void **state)
{
    il_pool *pool = make_pool(1);
    struct client clients[N_JOBS];
    struct numbered jobs[N_JOBS];
    il_task *tasks[N_JOBS];
    int n_done = 0;

    (void)state;
    for (int i = 0; i < N_JOBS; i++) {
        jobs[i] = (struct numbered){ i, &n_done };
        clients[i] =
            (struct client){ .pool = pool, .fn = count, .arg = &jobs[i] };
        tasks[i] = spawn(offload, &clients[i]);
    }
    for (int i = 0; i < N_JOBS; i++)
        finish(tasks[i]);
    assert_int_equal(n_done, N_JOBS);
    end_pool(pool);
}

/* --- mistakes ------------------------------------------------------------- */

static int misuse(void *arg)
{
    const il_offload_options no_fn = { .arg = arg };
    const il_offload_options unknown = { .fn = gate_pass, .flags = 8 };
    const il_offload_options no_abandon = { .fn = gate_pass,
                                            .destroy = (void *)misuse };
    const il_offload_options nothing = { .flags = IL_ABANDON };
    int result = 77;

    CHECK_INT(il_offload(NULL, NULL, &result), -EINVAL);
    CHECK_INT(il_offload_with(NULL, &result), -EINVAL);
    CHECK_INT(il_offload_with(&no_fn, &result), -EINVAL);
    CHECK_INT(il_offload_with(&unknown, &result), -EINVAL);
    CHECK_INT(il_offload_with(&no_abandon, &result), -EINVAL);
    CHECK_INT(il_offload_with(&nothing, &result), -EINVAL);
    CHECK_INT(result, 77);
    CHECK(!il_job_is_cancelled());
    return 0;
}

static void *offload_without_a_loop(void *arg)
{
    CHECK_INT(il_offload(gate_pass, arg, NULL), -ESRCH);
    return NULL;
}

static void test_offload_refuses_misuse(void **state)
{
    struct gate gate;

    (void)state;
    gate_init(&gate, 0);
    assert_int_equal(il_run(misuse, NULL), 0);
    assert_int_equal(il_offload(gate_pass, &gate, NULL), -ESRCH);
    join_thread(start_thread(offload_without_a_loop, &gate));
    assert_int_equal(gate.n_ran, 0);
    gate_fini(&gate);
}

/* --- cancels -------------------------------------------------------------- */

/* Of three jobs behind one that blocks, any one can be taken back. */
static void test_offload_cancelled_before_it_begins_does_not_run(void **state)
{
    (void)state;
    for (int victim = 0; victim < 3; victim++) {
        il_pool *pool = make_pool(1);
        struct gate gates[4];
        struct client c[4];
        il_task *tasks[4];

        for (int i = 0; i < 4; i++) {
            gate_init(&gates[i], i);
            c[i] = client(pool, &gates[i]);
            tasks[i] = spawn(offload, &c[i]);
            if (i == 0)
                gate_wait_begun(&gates[0]);
        }
        assert_int_equal(il_pool_count_waiting(pool), 3);
        assert_int_equal(il_task_cancel(tasks[1 + victim]), 0);
        assert_int_equal(il_task_cancel(tasks[1 + victim]), 0);
        assert_int_equal(il_pool_count_waiting(pool), 2);
        finish(tasks[1 + victim]);
        assert_int_equal(c[1 + victim].r, -ECANCELED);
        assert_int_equal(c[1 + victim].result, 77);
        for (int i = 0; i < 4; i++)
            gate_open(&gates[i]);
        for (int i = 0; i < 4; i++) {
            if (i == 1 + victim) {
                assert_int_equal(gates[i].n_ran, 0);
            } else {
                finish(tasks[i]);
                assert_int_equal(c[i].r, 0);
                assert_int_equal(c[i].result, i);
            }
            gate_fini(&gates[i]);
        }
        end_pool(pool);
    }
}

/* Its argument may be on the task's stack. */
static void test_offload_cancelled_while_it_runs_waits_for_its_end(void **state)
{
    struct fixture *f = *state;
    struct gate gate;
    struct client c = client(NULL, &gate);
    il_task *task;

    gate_init(&gate, 9);
    task = spawn(offload, &c);
    gate_wait_begun(&gate);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_int_equal(c.r, 1);
    }
    gate_open(&gate);
    finish(task);
    assert_int_equal(c.r, 0); /* the value wins */
    assert_int_equal(c.result, 9);
    assert_int_equal(c.next, -ECANCELED);
    assert_true(gate.cancelled);
    gate_fini(&gate);
}

static void
test_offload_job_learns_of_a_cancel_only_if_there_is_one(void **state)
{
    struct gate gate;
    struct client c = client(NULL, &gate);

    (void)state;
    gate_init(&gate, 0);
    gate_open(&gate);
    finish(spawn(offload, &c));
    assert_false(gate.cancelled);
    gate_fini(&gate);
}

static void test_offload_cancelled_after_its_end_gives_the_result(void **state)
{
    il_pool *pool = make_pool(1);
    struct gate gate;
    struct client c = client(pool, &gate);
    il_task *task;

    (void)state;
    gate_init(&gate, 3);
    task = spawn(offload, &c);
    gate_open(&gate);
    end_pool(pool); /* so it has ended, but its task has not run */
    assert_int_equal(c.r, 1);
    assert_int_equal(il_task_cancel(task), 0);
    finish(task);
    assert_int_equal(c.r, 0);
    assert_int_equal(c.result, 3);
    gate_fini(&gate);
}

static int offload_in_cancelled_scope(void *arg)
{
    il_scope scope;
    int result = 77;
    int r;

    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    il_scope_cancel(&scope);
    r = il_offload(gate_pass, arg, &result);
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(result, 77);
    return il_scope_leave(&scope, r);
}

static void test_offload_in_a_cancelled_scope_does_not_begin(void **state)
{
    struct gate gate;

    (void)state;
    gate_init(&gate, 0);
    gate_open(&gate);
    assert_int_equal(il_run(offload_in_cancelled_scope, &gate), 0);
    assert_int_equal(gate.n_ran, 0);
    gate_fini(&gate);
}

static int offload_with_a_limit(void *arg)
{
    struct client *c = arg;
    int r = 1;

    IL_TIMEOUT (IL_MS(10), &r) {
        c->r = il_offload_to(c->pool, c->fn, c->arg, &c->result);
        r = c->r;
    }
    c->next = r;
    return 0;
}

/* The deadline passes while it waits for a thread, at the very moment when it
 * gets one, and while it runs. */
static void test_offload_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int when = 0; when < 3; when++) {
        il_pool *pool = make_pool(1);
        struct gate gates[2];
        struct client c[2];
        il_task *tasks[2];

        for (int i = 0; i < 2; i++) {
            gate_init(&gates[i], i);
            c[i] = client(pool, &gates[i]);
        }
        tasks[0] = spawn(offload, &c[0]);
        gate_wait_begun(&gates[0]);
        assert_int_equal(il_spawn(NULL, offload_with_a_limit, &c[1], &tasks[1]),
                         0);
        if (when > 0)
            gate_open(&gates[0]);
        if (when > 1)
            gate_wait_begun(&gates[1]);
        assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
        gate_open(&gates[0]);
        gate_open(&gates[1]);
        finish(tasks[0]);
        finish(tasks[1]);
        assert_int_equal(c[1].r, gates[1].n_ran ? 0 : -ECANCELED);
        assert_int_equal(c[1].next, gates[1].n_ran ? 0 : -ETIMEDOUT);
        if (when != 1)
            assert_int_equal(gates[1].n_ran, when == 2);
        end_pool(pool);
        for (int i = 0; i < 2; i++)
            gate_fini(&gates[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define TEST_MANUAL(name)                                                      \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_offload_runs_a_job_in_another_thread),
        TEST(test_offload_result_is_not_that_of_waiting),
        TEST(test_offload_result_may_be_left),
        TEST(test_offload_lets_other_tasks_run),
        TEST(test_offload_keeps_the_order),
        TEST(test_offload_refuses_misuse),
        TEST(test_offload_cancelled_before_it_begins_does_not_run),
        TEST(test_offload_cancelled_while_it_runs_waits_for_its_end),
        TEST(test_offload_job_learns_of_a_cancel_only_if_there_is_one),
        TEST(test_offload_cancelled_after_its_end_gives_the_result),
        TEST(test_offload_in_a_cancelled_scope_does_not_begin),
        TEST_MANUAL(test_offload_deadline_at_the_same_instant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
