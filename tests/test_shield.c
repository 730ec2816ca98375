/* SPDX-License-Identifier: MIT */

/* test_shield.c - shields, and blocks that are left in every way C offers. */

#include "support/fixture.h"

#include <errno.h>

static int clean_up_slowly(void *arg)
{
    int clean = 1;
    int r = il_sleep(IL_FOREVER);

    (void)arg;
    CHECK_INT(r, -ECANCELED);
    IL_SHIELD (IL_SEC(1), &clean) {
        CHECK(!il_task_is_cancelled(il_task_current()));
        CHECK_INT(il_yield(), 0);
        clean = il_sleep(IL_MS(100));
        note("clean");
    }
    CHECK_INT(clean, 0);
    CHECK(il_task_is_cancelled(il_task_current()));
    CHECK_INT(il_yield(), -ECANCELED);
    return r;
}

static void test_shield_lets_a_cancelled_task_wait(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, clean_up_slowly, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(99)), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_string_equal(noted(), "clean");
    assert_int_equal(reap(task), -ECANCELED);
}

static int stay_shielded(void *arg)
{
    int r = 1;

    (void)arg;
    IL_SHIELD (IL_SEC(1), &r) {
        r = il_sleep(IL_MS(100));
    }
    CHECK_INT(r, 0);
    return il_yield();
}

/* A second cancel, from whomever, does not get through either. */
static void test_shield_holds_off_cancels_that_come_later(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, stay_shielded, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_false(il_task_is_cancelled(task));
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
    assert_int_equal(reap(task), -ECANCELED);
}

static int shield_too_long(void *arg)
{
    int r = 1;

    (void)arg;
    IL_SHIELD (IL_MS(10), &r) {
        r = il_sleep(IL_FOREVER);
        note("out");
        CHECK_INT(il_yield(), -ECANCELED);
    }
    CHECK_INT(r, -ETIMEDOUT);
    return r;
}

static void test_shield_is_bounded(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, shield_too_long, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(9)), 0);
    assert_string_equal(noted(), "");
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_string_equal(noted(), "out");
    assert_int_equal(reap(task), -ETIMEDOUT);
}

static int time_out_inside(void *arg)
{
    int shielded = 1;
    int timed = 1;
    int r = il_sleep(IL_FOREVER);

    (void)arg;
    IL_SHIELD (IL_SEC(1), &shielded) {
        IL_TIMEOUT (IL_MS(10), &timed) {
            timed = il_sleep(IL_FOREVER);
        }
        CHECK_INT(timed, -ETIMEDOUT);
        shielded = il_sleep(IL_MS(1));
    }
    CHECK_INT(shielded, 0);
    return r;
}

static void test_shield_does_not_hold_off_scopes_within_it(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, time_out_inside, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_int_equal(reap(task), -ECANCELED);
}

static int shield_by_hand(void *arg)
{
    il_scope shield;

    (void)arg;
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK_INT(il_scope_enter_shield(&shield, il_deadline(IL_MS(10))), 0);
    CHECK_INT(il_yield(), 0);
    il_scope_cancel(&shield);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_scope_leave(&shield, -ECANCELED), 0);
    CHECK_INT(il_yield(), -ECANCELED);
    return 0;
}

static void test_shield_itself_can_be_cancelled(void **state)
{
    (void)state;
    assert_int_equal(il_run(shield_by_hand, NULL), 0);
}

static int child_waits(void *arg)
{
    int r = il_sleep(IL_MS(50));

    (void)arg;
    CHECK_INT(r, 0);
    note("child");
    return r;
}

static int group_in_shield(void *arg)
{
    il_group group;
    int r = 1;

    (void)arg;
    IL_SHIELD (IL_SEC(1), &r) {
        CHECK_INT(il_group_open(&group, 0), 0);
        CHECK_INT(il_spawn(&group, child_waits, NULL, NULL), 0);
        r = il_group_close(&group);
    }
    CHECK_INT(r, 0);
    return 0;
}

/* Children inherit the shelter of the scope that their group lies in. */
static void test_shield_shelters_groups_within_it(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, group_in_shield, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "child");
    assert_int_equal(reap(task), 0);
}

/* --- Leaving a block ------------------------------------------------------ */

static int return_from_block(int *result)
{
    IL_TIMEOUT (IL_MS(5), result) {
        *result = il_sleep(IL_FOREVER);
        return 77;
    }
    return 0;
}

static int leave_in_every_way(void *arg)
{
    int r = 0;
    unsigned n = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(5), &r) {
        r = il_sleep(IL_FOREVER);
        break;
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(il_yield(), 0);

    r = 0;
    IL_TIMEOUT (IL_MS(5), &r) {
        r = il_sleep(IL_FOREVER);
        n++;
        if (r < 0)
            continue;
        n += 100;
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(n, 1);
    CHECK_INT(il_yield(), 0);

    r = 0;
    IL_TIMEOUT (IL_MS(5), &r) {
        r = il_sleep(IL_FOREVER);
        goto out;
    }
    CHECK(!"goto did not leave the block");
out:
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(il_yield(), 0);

    r = 0;
    CHECK_INT(return_from_block(&r), 77);
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_shield_block_may_be_left_in_every_way(void **state)
{
    (void)state;
    assert_int_equal(il_run(leave_in_every_way, NULL), 0);
}

static int nest_blocks(void *arg)
{
    int a = 0;
    int b = 0;
    int c = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(30), &a) {
        IL_TIMEOUT (IL_MS(10), &b) {
            b = il_sleep(IL_FOREVER);
        }
        CHECK_INT(b, -ETIMEDOUT);
        IL_TIMEOUT (IL_MS(50), &c) {
            c = il_sleep(IL_FOREVER);
        }
        CHECK_INT(c, -ECANCELED);
        a = c;
    }
    CHECK_INT(a, -ETIMEDOUT);
    CHECK_INT(il_now(), IL_SEC(1) + IL_MS(30));
    return 0;
}

static void test_shield_blocks_nest(void **state)
{
    (void)state;
    assert_int_equal(il_run(nest_blocks, NULL), 0);
}

static void test_shield_block_outside_tasks_does_not_run(void **state)
{
    int timed = 0;
    int shielded = 0;

    (void)state;
    IL_TIMEOUT (IL_SEC(1), &timed) {
        fail();
    }
    IL_SHIELD (IL_SEC(1), &shielded) {
        fail();
    }
    assert_int_equal(timed, -ESRCH);
    assert_int_equal(shielded, -ESRCH);
}

static int run_without_limit(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_FOREVER, &r) {
        r = il_sleep(IL_SEC(1000));
    }
    return r;
}

static void test_shield_timeout_of_for_ever_never_fires(void **state)
{
    (void)state;
    assert_int_equal(il_run(run_without_limit, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)
#define JUMP(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shield_lets_a_cancelled_task_wait),
        TEST(test_shield_holds_off_cancels_that_come_later),
        TEST(test_shield_is_bounded),
        TEST(test_shield_does_not_hold_off_scopes_within_it),
        JUMP(test_shield_itself_can_be_cancelled),
        TEST(test_shield_shelters_groups_within_it),
        JUMP(test_shield_block_may_be_left_in_every_way),
        JUMP(test_shield_blocks_nest),
        TEST(test_shield_block_outside_tasks_does_not_run),
        JUMP(test_shield_timeout_of_for_ever_never_fires),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
