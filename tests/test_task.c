/* SPDX-License-Identifier: MIT */

/* test_task.c - when a task runs, and who is current meanwhile. */

#include "support/fixture.h"

#include <errno.h>
#include <stdlib.h>

static int yield_once(void *arg)
{
    const char *name = arg;

    note("%s1", name);
    CHECK_INT(il_yield(), 0);
    note("%s2", name);
    return 0;
}

static int answer(void *arg)
{
    (void)arg;
    return 42;
}

static void test_task_runs_its_first_step_inside_spawn(void **state)
{
    struct fixture *f = *state;

    note("before");
    assert_int_equal(il_spawn(NULL, yield_once, TEXT("a"), NULL), 0);
    note("after");
    settle(f);

    assert_string_equal(noted(), "before a1 after a2");
}

static int spawn_two(void *arg)
{
    (void)arg;
    note("before");
    CHECK_INT(il_spawn(NULL, yield_once, TEXT("a"), NULL), 0);
    note("between");
    CHECK_INT(il_spawn(NULL, yield_once, TEXT("b"), NULL), 0);
    note("after");
    return 0;
}

/* The spawner goes on at once, ahead of everything that was ready already. */
static void test_task_spawned_by_a_task_gives_the_thread_back(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn_lazy(NULL, spawn_two, NULL, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, yield_once, TEXT("x"), NULL), 0);
    settle(f);

    assert_string_equal(noted(), "before a1 between b1 after x1 a2 b2 x2");
}

static void test_task_that_ends_in_its_first_step_is_done(void **state)
{
    il_task *task = NULL;

    (void)state;
    assert_int_equal(il_spawn(NULL, answer, NULL, &task), 0);
    assert_true(il_task_is_done(task));
    assert_int_equal(reap(task), 42);
}

static int remember_current(void *arg)
{
    il_task **seen = arg;

    seen[0] = il_task_current();
    CHECK_INT(il_yield(), 0);
    seen[1] = il_task_current();
    return 0;
}

static void note_current(void *arg)
{
    (void)arg;
    note(il_task_current() ? "task" : "none");
}

struct family {
    il_task *child;
    il_task *seen_by_child[2];
    il_task *seen_by_parent[3];
};

static int parent_looks(void *arg)
{
    struct family *family = arg;

    family->seen_by_parent[0] = il_task_current();
    CHECK_INT(
        il_spawn(NULL, remember_current, family->seen_by_child, &family->child),
        0);
    family->seen_by_parent[1] = il_task_current();
    CHECK_INT(il_yield(), 0);
    family->seen_by_parent[2] = il_task_current();
    return 0;
}

static void test_task_current_is_right_at_every_moment(void **state)
{
    struct fixture *f = *state;
    struct family family = { 0 };
    il_callback look = IL_CALLBACK_INIT(note_current, NULL);
    il_task *parent;

    assert_null(il_task_current());
    assert_int_equal(il_spawn(NULL, parent_looks, &family, &parent), 0);
    assert_null(il_task_current());
    assert_int_equal(il_post(f->loop, &look), 0);
    settle(f);
    assert_null(il_task_current());

    for (int i = 0; i < 3; i++)
        assert_ptr_equal(family.seen_by_parent[i], parent);
    for (int i = 0; i < 2; i++)
        assert_ptr_equal(family.seen_by_child[i], family.child);
    assert_ptr_not_equal(parent, family.child);
    assert_string_equal(noted(), "none");
    assert_int_equal(reap(parent), 0);
    assert_int_equal(reap(family.child), 0);
}

struct tower {
    unsigned height;
    unsigned n_begun;
    unsigned n_ended;
};

/* Each storey spawns the next one in its first step. */
static int build(void *arg)
{
    struct tower *tower = arg;
    il_task *me = il_task_current();

    if (++tower->n_begun < tower->height)
        CHECK_INT(il_spawn(NULL, build, tower, NULL), 0);
    CHECK(il_task_current() == me);
    CHECK_INT(il_yield(), 0);
    CHECK(il_task_current() == me);
    tower->n_ended++;
    return 0;
}

static void test_task_first_steps_may_nest_deeply(void **state)
{
    struct fixture *f = *state;
    struct tower tower = { .height = 500 };

    assert_int_equal(il_spawn(NULL, build, &tower, NULL), 0);
    assert_int_equal(tower.n_begun, 500);
    assert_int_equal(tower.n_ended, 0);
    settle(f);
    assert_int_equal(tower.n_ended, 500);
}

static void test_task_lazy_one_waits_for_its_turn(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn_lazy(NULL, yield_once, TEXT("a"), NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, yield_once, TEXT("b"), NULL), 0);
    assert_int_equal(il_spawn(NULL, yield_once, TEXT("c"), NULL), 0);
    note("spawned");
    settle(f);

    assert_string_equal(noted(), "c1 spawned a1 b1 c2 a2 b2");
}

static int spawn_lazily(void *arg)
{
    (void)arg;
    CHECK_INT(il_spawn_lazy(NULL, yield_once, TEXT("a"), NULL), 0);
    note("spawned");
    return 0;
}

static void test_task_lazy_one_spawned_by_a_task_waits_too(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn_lazy(NULL, spawn_lazily, NULL, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, yield_once, TEXT("b"), NULL), 0);
    settle(f);

    assert_string_equal(noted(), "spawned b1 a1 b2 a2");
}

struct crowd {
    unsigned next;
    il_future gate;
};

struct member {
    struct crowd *crowd;
    unsigned index;
};

static int stand_in_line(void *arg)
{
    struct member *member = arg;

    CHECK_INT(il_future_wait(&member->crowd->gate, NULL, NULL), 0);
    CHECK_INT(member->crowd->next++, member->index);
    return 0;
}

static void test_task_ten_thousand_wake_in_order(void **state)
{
    enum { N = MANY(10000) };
    static struct member members[N];
    struct fixture *f = *state;
    struct crowd crowd = { 0, IL_FUTURE_INIT };

    for (unsigned i = 0; i < N; i++) {
        members[i] = (struct member){ &crowd, i };
        assert_int_equal(il_spawn(NULL, stand_in_line, &members[i], NULL), 0);
    }
    assert_int_equal(il_loop_count_tasks(f->loop), N);
    assert_int_equal(il_future_set(&crowd.gate, 0, NULL), 0);
    assert_int_equal(crowd.next, 0);
    settle(f);

    assert_int_equal(crowd.next, N);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

/* Stacks are used again: far more tasks than could live at once. */
static void test_task_stacks_are_used_again(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    for (int i = 0; i < MANY(200000); i++) {
        assert_int_equal(il_spawn(NULL, answer, NULL, &task), 0);
        if (reap(task) != 42)
            fail();
    }
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static int use_stack(void *arg)
{
    volatile unsigned char frame[200 * 1024];

    (void)arg;
    for (size_t i = 0; i < sizeof frame; i += 512)
        frame[i] = (unsigned char)(i >> 9);
    CHECK_INT(il_yield(), 0);
    for (size_t i = 0; i < sizeof frame; i += 512)
        if (!CHECK_INT(frame[i], (unsigned char)(i >> 9)))
            break;
    return 0;
}

static void test_task_locals_survive_suspension(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 8; i++)
        assert_int_equal(il_spawn(NULL, use_stack, NULL, NULL), 0);
    settle(f);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static int use_a_megabyte(void *arg)
{
    volatile unsigned char frame[1024 * 1024];

    (void)arg;
    for (size_t i = 0; i < sizeof frame; i += 1024)
        frame[i] = 1;
    return frame[4096];
}

static void test_task_stack_size_is_honoured(void **state)
{
    il_task *task;
    il_spawn_options options = { .fn = use_a_megabyte,
                                 .stack_size = 2 * 1024 * 1024 };

    (void)state;
    assert_int_equal(il_spawn_with(NULL, &options, &task), 0);
    assert_int_equal(reap(task), 1);
}

static int compute(void *arg)
{
    double *sum = arg;

    for (int i = 1; i <= 100; i++) {
        *sum += 1.0 / i;
        CHECK_INT(il_yield(), 0);
    }
    return 0;
}

/* Floating-point values in flight belong to the task that computes them. */
static void test_task_arithmetic_is_not_mixed_up(void **state)
{
    struct fixture *f = *state;
    double sums[3] = { 0, 1000, 2000 };
    double expected = 0;

    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, compute, &sums[i], NULL), 0);
    settle(f);

    for (int i = 1; i <= 100; i++)
        expected += 1.0 / i;
    for (int i = 0; i < 3; i++)
        assert_true(sums[i] - i * 1000 - expected < 1e-9 &&
                    expected - (sums[i] - i * 1000) < 1e-9);
}

static int set_errno(void *arg)
{
    errno = *(int *)arg;
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_task_library_reports_nothing_by_errno(void **state)
{
    struct fixture *f = *state;
    int value = 77;

    errno = 0;
    assert_int_equal(il_yield(), -ESRCH);
    assert_int_equal(errno, 0);
    assert_int_equal(il_spawn(NULL, set_errno, &value, NULL), 0);
    settle(f);
}

static void test_task_functions_fail_without_a_loop(void **state)
{
    il_task *task = (il_task *)(void *)state;
    char nobody = 0;

    assert_null(il_loop_current());
    assert_int_equal(il_spawn(NULL, answer, NULL, &task), -ESRCH);
    assert_int_equal(il_spawn_lazy(NULL, answer, NULL, &task), -ESRCH);
    assert_int_equal(il_spawn_copy(NULL, answer, &nobody, 0, &task), -ESRCH);
    assert_ptr_equal(task, state);
    assert_null(il_task_current());
    assert_int_equal(il_yield(), -ESRCH);
    assert_int_equal(il_sleep(IL_MS(1)), -ESRCH);
    assert_null(il_task_unref(NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_task_runs_its_first_step_inside_spawn),
        TEST(test_task_spawned_by_a_task_gives_the_thread_back),
        TEST(test_task_that_ends_in_its_first_step_is_done),
        TEST(test_task_current_is_right_at_every_moment),
        TEST(test_task_first_steps_may_nest_deeply),
        TEST(test_task_lazy_one_waits_for_its_turn),
        TEST(test_task_lazy_one_spawned_by_a_task_waits_too),
        TEST(test_task_ten_thousand_wake_in_order),
        TEST(test_task_stacks_are_used_again),
        TEST(test_task_locals_survive_suspension),
        TEST(test_task_stack_size_is_honoured),
        TEST(test_task_arithmetic_is_not_mixed_up),
        TEST(test_task_library_reports_nothing_by_errno),
        cmocka_unit_test(test_task_functions_fail_without_a_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
