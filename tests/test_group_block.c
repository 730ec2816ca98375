/* SPDX-License-Identifier: MIT */

/* test_group_block.c - a block that waits for its tasks at its end. */

#include "support/children.h"
#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>

static int wait_at_the_end(void *arg)
{
    struct child child = { IL_MS(10), 3, 0 };
    il_group group;
    int r = 5;

    (void)arg;
    IL_WITH_GROUP (&group, 0, &r) {
        CHECK_INT(il_spawn(&group, live, &child, NULL), 0);
        CHECK_INT(now_ms(), 0);
    }
    CHECK_INT(now_ms(), 10);
    CHECK_INT(r, 5); /* the block's */
    CHECK_INT(il_spawn(&group, live, &child, NULL), -ESRCH);
    IL_WITH_GROUP (&group, 0, &r) {
        r = il_spawn(&group, live, &child, NULL);
    }
    CHECK_INT(now_ms(), 20);
    CHECK_INT(r, 0);
    return 0;
}

static void test_group_block_waits_at_its_end(void **state)
{
    (void)state;
    run(wait_at_the_end);
}

static int fail_in_a_task(void *arg)
{
    struct child bad = { IL_MS(10), -EIO, 0 };
    il_group group;
    int r = 0;

    (void)arg;
    IL_WITH_GROUP (&group, 0, &r) {
        CHECK_INT(il_spawn(&group, live, &bad, NULL), 0);
        r = il_sleep(IL_FOREVER);
        CHECK_INT(r, -ECANCELED);
    }
    CHECK_INT(r, -EIO);
    r = 0;
    IL_WITH_GROUP (&group, 0, &r) {
        CHECK_INT(il_spawn(&group, live, &bad, NULL), 0);
    }
    CHECK_INT(r, -EIO);
    CHECK_INT(now_ms(), 20);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_group_block_comes_to_the_error_of_a_task(void **state)
{
    (void)state;
    run(fail_in_a_task);
}

static int fail_in_the_block(void *arg)
{
    struct child slow = { IL_FOREVER, 0, 0 };
    struct child bad = { IL_FOREVER, 0, -EIO };
    il_group group;
    int r = 0;

    (void)arg;
    IL_WITH_GROUP (&group, 0, &r) {
        CHECK_INT(il_spawn(&group, live, &slow, NULL), 0);
        CHECK_INT(il_spawn(&group, live, &bad, NULL), 0);
        r = -EPERM;
    }
    CHECK_INT(r, -EPERM);
    CHECK_INT(now_ms(), 0);
    r = 0;
    IL_WITH_GROUP (&group, IL_GROUP_SUPERVISE, &r) {
        CHECK_INT(il_spawn(&group, live, &slow, NULL), 0);
        r = -ECANCELED; /* its own: nobody has cancelled it */
    }
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_group_block_that_fails_cancels_its_tasks(void **state)
{
    struct kept_report report;

    run(fail_in_the_block);
    report = take_report(*state); /* what failed because of it */
    assert_int_equal(report.error, -EIO);
}

static int cancel_the_group(void *arg)
{
    struct child slow = { IL_FOREVER, 0, 0 };
    il_group group;
    int r = 0;

    (void)arg;
    IL_WITH_GROUP (&group, 0, &r) {
        CHECK_INT(il_spawn(&group, live, &slow, NULL), 0);
        il_group_cancel(&group);
        r = il_yield();
        CHECK_INT(r, -ECANCELED);
    }
    CHECK_INT(r, 0);
    return 0;
}

static void test_group_block_cancelled_by_hand_ends_well(void **state)
{
    (void)state;
    run(cancel_the_group);
}

static int be_cancelled(void *arg)
{
    struct child slow = { IL_FOREVER, 0, 0 };
    il_group group;
    int limit = 0;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(10), &limit) {
        IL_WITH_GROUP (&group, 0, &r) {
            CHECK_INT(il_spawn(&group, live, &slow, NULL), 0);
        }
        CHECK_INT(r, -ECANCELED); /* while it waited at its end */
        limit = r;
    }
    CHECK_INT(limit, -ETIMEDOUT);
    limit = r = 0;
    IL_TIMEOUT (IL_MS(10), &limit) {
        IL_WITH_GROUP (&group, 0, &r) {
            CHECK_INT(il_spawn(&group, live, &slow, NULL), 0);
            r = il_sleep(IL_FOREVER);
        }
        CHECK_INT(r, -ECANCELED);
        limit = r;
    }
    CHECK_INT(limit, -ETIMEDOUT);
    return 0;
}

static void test_group_block_passes_a_cancel_on(void **state)
{
    (void)state;
    run(be_cancelled);
}

static int leave_by(int way, struct child *child, int *r)
{
    il_group group;

    IL_WITH_GROUP (&group, 0, r) {
        CHECK_INT(il_spawn(&group, live, child, NULL), 0);
        *r = way;
        if (way == 1)
            break;
        if (way == 2)
            continue;
        if (way == 3)
            goto out;
        if (way == 4)
            return way;
        if (way == 5)
            CHECK_INT(il_group_close(&group), 0);
    }
out:
    return way;
}

static int leave_it(void *arg)
{
    struct child child = { IL_MS(10), 0, 0 };

    (void)arg;
    for (int way = 0; way <= 5; way++) {
        int r = 0x5eed;

        CHECK_INT(leave_by(way, &child, &r), way);
        CHECK_INT(r, way);
        CHECK_INT(now_ms(), 10 * (way + 1));
    }
    return 0;
}

static void test_group_block_may_be_left_in_every_way(void **state)
{
    (void)state;
    run(leave_it);
}

static int refuse_flags(void *arg)
{
    il_group group;
    int r = 0;

    (void)arg;
    IL_WITH_GROUP (&group, 0x5eed, &r) {
        CHECK(false);
    }
    CHECK_INT(r, -EINVAL);
    return 0;
}

static void test_group_block_does_not_run_without_a_group(void **state)
{
    il_group group;
    int r = 0;

    (void)state;
    IL_WITH_GROUP (&group, 0, &r) {
        fail();
    }
    assert_int_equal(r, -ESRCH);
    run(refuse_flags);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_group_block_waits_at_its_end),
        TEST(test_group_block_comes_to_the_error_of_a_task),
        TEST(test_group_block_that_fails_cancels_its_tasks),
        TEST(test_group_block_cancelled_by_hand_ends_well),
        TEST(test_group_block_passes_a_cancel_on),
        TEST(test_group_block_may_be_left_in_every_way),
        TEST(test_group_block_does_not_run_without_a_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
