/* SPDX-License-Identifier: MIT */

/* test_call_sync.c - run a function in another loop and wait for it. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/other_loop.h"
#include "support/rush.h"
#include "support/tasks.h"

#include <errno.h>
#include <stdatomic.h>

struct visit {
    pthread_t thread;
    il_loop *loop;
    il_task *task;
};

static int look_around(void *arg)
{
    struct visit *visit = arg;

    visit->thread = pthread_self();
    visit->loop = il_loop_current();
    visit->task = il_task_current();
    return 42;
}

struct caller {
    il_loop *loop;
    il_sync_fn *fn;
    void *arg;
    int r;
    int result;
    int next;
};

static void call(struct caller *c)
{
    c->r = 1;
    c->result = 77;
    c->r = il_call_sync(c->loop, c->fn, c->arg, &c->result);
}

static int call_in_task(void *arg)
{
    struct caller *c = arg;

    call(c);
    c->next = il_yield();
    return 0;
}

static void *call_in_thread(void *arg)
{
    call(arg);
    return NULL;
}

static il_task *spawn_call(struct caller *c)
{
    il_task *task = NULL;

    assert_int_equal(il_spawn(NULL, call_in_task, c, &task), 0);
    return task;
}

static void test_call_sync_runs_on_the_loops_thread(void **state)
{
    struct other_loop other = { 0 };
    struct visit visit = { 0 };
    struct caller c = { .fn = look_around, .arg = &visit };

    (void)state;
    other_loop_start(&other);
    c.loop = other.loop;
    for (int in_task = 0; in_task < 2; in_task++) {
        visit.task = (void *)&visit;
        if (in_task)
            finish(spawn_call(&c));
        else
            join_thread(start_thread(call_in_thread, &c));
        assert_int_equal(c.r, 0);
        assert_int_equal(c.result, 42);
        assert_true(pthread_equal(visit.thread, other.thread));
        assert_ptr_equal(visit.loop, other.loop);
        assert_null(visit.task);
    }
    assert_int_equal(il_call_sync(other.loop, look_around, &visit, NULL), 0);
    other_loop_end(&other, 0);
}

static int call_own_loop(void *arg)
{
    struct visit visit = { 0 };

    CHECK_INT(il_call_sync(arg, look_around, &visit, NULL), 0);
    CHECK(visit.loop == arg);
    CHECK(visit.task == il_task_current());
    return 0;
}

static void test_call_sync_into_the_own_loop_is_a_plain_call(void **state)
{
    struct fixture *f = *state;
    struct visit visit = { 0 };
    int result = 0;

    assert_int_equal(il_call_sync(f->loop, look_around, &visit, &result), 0);
    assert_int_equal(result, 42);
    assert_int_equal(il_run(call_own_loop, f->loop), 0);
}

static void test_call_sync_lets_other_tasks_run(void **state)
{
    struct other_loop other = { 0 };
    struct gate gate;
    struct caller c = { .fn = gate_pass, .arg = &gate };
    il_task *task;

    (void)state;
    gate_init(&gate, 4);
    other_loop_start(&other);
    c.loop = other.loop;
    task = spawn_call(&c);
    gate_wait_begun(&gate);
    assert_int_equal(c.r, 1); /* we go on */
    gate_open(&gate);
    finish(task);
    assert_int_equal(c.r, 0);
    assert_int_equal(c.result, 4);
    other_loop_end(&other, 0);
    gate_fini(&gate);
}

static void test_call_sync_cancelled_before_it_begins_does_not_run(void **state)
{
    struct fixture *f = *state;
    struct other_loop other = { 0 };
    struct gate gates[2];
    struct caller c[2];
    il_task *tasks[2];

    other_loop_start(&other);
    for (int i = 0; i < 2; i++) {
        gate_init(&gates[i], i);
        c[i] = (struct caller){ .loop = other.loop,
                                .fn = gate_pass,
                                .arg = &gates[i] };
        tasks[i] = spawn_call(&c[i]);
    }
    gate_wait_begun(&gates[0]);
    for (int i = 0; i < 2; i++)
        assert_int_equal(il_task_cancel(tasks[i]), 0);
    settle(f);
    assert_int_equal(c[1].r, -ECANCELED);
    assert_int_equal(c[1].result, 77);
    assert_int_equal(reap(tasks[1]), 0);
    assert_int_equal(c[0].r, 1); /* it runs: its argument may be on our stack */
    gate_open(&gates[0]);
    finish(tasks[0]);
    assert_int_equal(c[0].r, 0); /* the value wins */
    assert_int_equal(c[0].next, -ECANCELED);
    other_loop_end(&other, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gates[i].n_ran, i == 0);
        gate_fini(&gates[i]);
    }
}

static void test_call_sync_into_a_closed_loop_fails(void **state)
{
    struct other_loop other = { 0 };
    struct visit visit = { 0 };
    il_loop *loop;
    int result = 77;

    (void)state;
    other_loop_start(&other);
    loop = il_loop_ref(other.loop);
    other_loop_end(&other, 0);
    assert_int_equal(il_call_sync(loop, look_around, &visit, &result),
                     -ESHUTDOWN);
    assert_int_equal(result, 77);
    il_loop_unref(loop);
}

static int count_call(void *arg)
{
    struct rush *rush = arg;

    return ++rush->n_ran;
}

/* Until it is refused. */
static void *call_again_and_again(void *arg)
{
    struct rush *rush = arg;
    int r;

    do {
        r = il_call_sync(rush->loop, count_call, rush, NULL);
        atomic_fetch_add(&rush->n_begun, 1);
    } while (r == 0);
    CHECK_INT(r, -ESHUTDOWN);
    return NULL;
}

/* No call hangs, however it meets the close. */
static void test_call_sync_while_the_loop_closes(void **state)
{
    (void)state;
    rush_while_it_closes(call_again_and_again, 0);
}

static void call_in_callback(void *arg)
{
    call(arg);
}

static void test_call_sync_refuses_what_cannot_end(void **state)
{
    struct fixture *f = *state;
    struct other_loop other = { 0 };
    struct visit visit = { 0 };
    struct caller c = { .fn = look_around, .arg = &visit };
    il_callback callback = IL_CALLBACK_INIT(call_in_callback, &c);

    other_loop_start(&other);
    c.loop = other.loop;
    assert_int_equal(il_post(f->loop, &callback), 0);
    assert_int_equal(il_run(yield, NULL), 0);
    assert_int_equal(c.r, -EDEADLK);
    assert_int_equal(il_call_sync(NULL, look_around, &visit, NULL), -EINVAL);
    assert_int_equal(il_call_sync(other.loop, NULL, &visit, NULL), -EINVAL);
    other_loop_end(&other, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_call_sync_runs_on_the_loops_thread),
        TEST(test_call_sync_into_the_own_loop_is_a_plain_call),
        TEST(test_call_sync_lets_other_tasks_run),
        TEST(test_call_sync_cancelled_before_it_begins_does_not_run),
        TEST(test_call_sync_into_a_closed_loop_fails),
        TEST(test_call_sync_while_the_loop_closes),
        TEST(test_call_sync_refuses_what_cannot_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
