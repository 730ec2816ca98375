/* SPDX-License-Identifier: MIT */

/* test_host_slots.c - what a host remembers with each task, and when it may
 * forget. */

#include "support/fixture.h"

#include <errno.h>
#include <stdlib.h>

/* A host that keeps memory in the last slot of each task. */
struct minder {
    bool resumed; /* a task has the thread */
    unsigned n_kept;
    unsigned n_ended;
    unsigned n_hand_overs;
};

enum { LAST = IL_HOST_SLOTS - 1 };

static void request_turn(void *data)
{
    (void)data;
}

static void mind_suspend(void *data, void **slots)
{
    struct minder *minder = data;

    CHECK(minder->resumed);
    CHECK(slots[LAST] != NULL);
    minder->resumed = false;
}

static void mind_resume(void *data, void **slots)
{
    struct minder *minder = data;

    CHECK(!minder->resumed);
    minder->resumed = true;
    if (!slots[LAST]) {
        slots[LAST] = malloc(1);
        minder->n_kept++;
    }
}

static void mind_end(void *data, void **slots)
{
    struct minder *minder = data;

    CHECK(minder->resumed);
    minder->resumed = false;
    CHECK(slots[LAST] != NULL);
    free(slots[LAST]);
    minder->n_kept--;
    minder->n_ended++;
}

static const il_host minding = { .name = "minding",
                                 .request_turn = request_turn,
                                 .suspend = mind_suspend,
                                 .resume = mind_resume,
                                 .task_ended = mind_end };

/* Two in one. */
static void mind_hand_over(void *data, void **from, void **to)
{
    struct minder *minder = data;

    mind_suspend(data, from);
    mind_resume(data, to);
    minder->n_hand_overs++;
}

static const il_host minding_more = { .name = "minding more",
                                      .request_turn = request_turn,
                                      .suspend = mind_suspend,
                                      .resume = mind_resume,
                                      .hand_over = mind_hand_over,
                                      .task_ended = mind_end };

static void turns(struct fixture *f)
{
    for (int i = 0; i < 5; i++)
        CHECK_INT(il_loop_turn(f->loop, IL_MS(1)) >= 0, 1);
}

static int yield_twice(void *arg)
{
    int r;

    CHECK(il_loop_task_slots(il_loop_current()) != NULL);
    CHECK(il_loop_task_slots(NULL) == NULL);
    CHECK(il_loop_is_in_turn(il_loop_current()));
    (void)arg;
    r = il_yield();
    return r < 0 ? r : il_yield();
}

static int end_at_once(void *arg)
{
    (void)arg;
    return 7;
}

static void test_host_is_told_once_of_each_task_that_ends(void **state)
{
    struct fixture *f = *state;
    struct minder minder = { .resumed = false };
    il_task *task;

    assert_int_equal(il_loop_start(f->loop, &minding, &minder), 0);
    assert_false(il_loop_is_in_turn(f->loop));
    assert_null(il_loop_task_slots(f->loop));
    assert_int_equal(il_spawn(NULL, end_at_once, NULL, NULL), 0);
    assert_int_equal(minder.n_ended, 1);
    assert_int_equal(il_spawn(NULL, yield_twice, NULL, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, yield_twice, NULL, &task), 0);
    assert_int_equal(minder.n_kept, 1);
    assert_int_equal(il_task_cancel(task), 0); /* before its first step */
    turns(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(minder.n_ended, 3);
    assert_int_equal(minder.n_kept, 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static int spawn_some(void *arg)
{
    int r;

    (void)arg;
    CHECK_INT(il_spawn_lazy(NULL, yield_twice, NULL, NULL), 0);
    CHECK_INT(il_spawn_lazy(NULL, end_at_once, NULL, NULL), 0);
    r = il_sleep(IL_MS(1));
    return r < 0 ? r : il_yield();
}

static void note_nothing(void *arg)
{
    (void)arg;
}

/* First steps, eager ones, ends and posts in between: each task is told of once,
 * whichever way it gets the thread. */
static void test_host_is_told_of_hand_overs_in_one_call(void **state)
{
    struct fixture *f = *state;
    struct minder minder = { .resumed = false };
    il_callback post = IL_CALLBACK_INIT(note_nothing, NULL);

    assert_int_equal(il_loop_start(f->loop, &minding_more, &minder), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(il_spawn_lazy(NULL, spawn_some, NULL, NULL), 0);
        assert_int_equal(il_spawn(NULL, yield_twice, NULL, NULL), 0);
        (void)il_post(f->loop, &post);
    }
    while (il_loop_count_tasks(f->loop) > 0)
        turns(f);
    assert_true(minder.n_hand_overs >= 3);
    assert_int_equal(minder.n_ended, 12);
    assert_int_equal(minder.n_kept, 0);
    assert_false(minder.resumed);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static void test_host_that_cannot_suspend_cannot_hand_over(void **state)
{
    struct fixture *f = *state;
    const il_host odd = { .name = "odd",
                          .request_turn = request_turn,
                          .hand_over = mind_hand_over };

    assert_int_equal(il_loop_start(f->loop, &odd, NULL), -EINVAL);
}

static int sleep_a_while(void *arg)
{
    int r = il_sleep(IL_SEC(1000));

    (void)arg;
    CHECK(il_loop_task_slots(il_loop_current()) == NULL);
    return r;
}

/* They end natively, or under another host, which knows nothing of the first. */
static void test_host_that_goes_is_told_of_the_tasks_that_stay(void **state)
{
    struct fixture *f = *state;
    struct minder minder = { .resumed = false }, other = { .resumed = false };
    il_task *task, *second;

    assert_int_equal(il_loop_start(f->loop, &minding, &minder), 0);
    assert_int_equal(il_spawn(NULL, sleep_a_while, NULL, &task), 0);
    assert_int_equal(il_spawn(NULL, yield_twice, NULL, &second), 0);
    assert_int_equal(minder.n_kept, 2);
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(minder.n_kept, 0);

    assert_int_equal(il_loop_start(f->loop, &minding, &other), 0);
    turns(f);
    assert_int_equal(reap(second), 0);
    assert_int_equal(other.n_ended, 1);
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(other.n_kept, 0);
    assert_int_equal(other.n_ended, 2); /* the sleeping one, for good measure */
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(minder.n_ended, 2);
    assert_int_equal(other.n_ended, 2);
}

static int never_end(void *arg)
{
    int r = 0;

    (void)arg;
    IL_SHIELD (IL_SEC(1000), &r) {
        r = il_sleep(IL_FOREVER);
    }
    CHECK(!"an abandoned task went on");
    return r;
}

static void test_host_is_told_of_tasks_that_are_abandoned(void **state)
{
    struct fixture *f = *state;
    struct minder minder = { .resumed = false };

    assert_int_equal(il_loop_start(f->loop, &minding, &minder), 0);
    assert_int_equal(il_spawn(NULL, never_end, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, yield_twice, NULL, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, 0), -ETIMEDOUT);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    assert_int_equal(minder.n_ended, 2);
    assert_int_equal(minder.n_kept, 0);
    f->loop = il_loop_unref(f->loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_host_is_told_once_of_each_task_that_ends),
        TEST(test_host_is_told_of_hand_overs_in_one_call),
        TEST(test_host_that_cannot_suspend_cannot_hand_over),
        TEST(test_host_that_goes_is_told_of_the_tasks_that_stay),
        TEST(test_host_is_told_of_tasks_that_are_abandoned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
