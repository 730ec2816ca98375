/* SPDX-License-Identifier: MIT */

/* test_scope_deadline.c - until when a scope lasts, and the task inside it. */

#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>

/* Virtual clocks begin at one second. */
static il_time at_ms(int ms)
{
    return IL_SEC(1) + IL_MS(ms);
}

static int ask_for_it(void *arg)
{
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    CHECK(il_scope_get_deadline(&scope) == IL_FOREVER);
    il_scope_set_deadline(&scope, at_ms(20));
    CHECK_INT(il_scope_get_deadline(&scope), at_ms(20));
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    CHECK(il_scope_get_deadline(&scope) == IL_FOREVER);

    CHECK_INT(il_scope_enter(&scope, at_ms(20)), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK_INT(il_scope_get_deadline(&scope), at_ms(20)); /* passed */
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ETIMEDOUT);
    CHECK_INT(il_scope_get_deadline(&scope), at_ms(20));

    CHECK_INT(il_scope_enter(&scope, at_ms(50)), 0);
    il_scope_cancel(&scope);
    CHECK(il_scope_get_deadline(&scope) == IL_FOREVER);
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    return 0;
}

static void test_scope_deadline_can_be_asked_for(void **state)
{
    (void)state;
    run(ask_for_it);
}

static int ask_child(void *arg)
{
    *(il_time *)arg = il_scope_get_deadline(NULL);
    return 0;
}

static int ask_around(void *arg)
{
    il_time seen = 0;
    il_group group;
    int limit = 0;
    int inner = 0;
    int shield = 0;

    (void)arg;
    CHECK(il_scope_get_deadline(NULL) == IL_FOREVER);
    IL_TIMEOUT (IL_MS(20), &limit) {
        CHECK_INT(il_scope_get_deadline(NULL), at_ms(20));
        IL_TIMEOUT (IL_MS(30), &inner) { /* the one further out is earlier */
            CHECK_INT(il_scope_get_deadline(NULL), at_ms(20));
        }
        IL_SHIELD (IL_MS(40), &shield) {
            CHECK_INT(il_scope_get_deadline(NULL), at_ms(40));
        }
        CHECK_INT(il_group_open(&group, 0), 0);
        CHECK_INT(il_spawn(&group, ask_child, &seen, NULL), 0);
        CHECK_INT(seen, at_ms(20)); /* it holds for tasks below as well */
        CHECK_INT(il_group_close(&group), 0);
        CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
        CHECK(il_scope_get_deadline(NULL) < il_now());
        IL_SHIELD (IL_FOREVER, &shield) {
            CHECK(il_scope_get_deadline(NULL) == IL_FOREVER);
        }
    }
    CHECK(il_scope_get_deadline(NULL) == IL_FOREVER);
    return 0;
}

static void test_scope_deadline_of_a_task_is_the_earliest_around(void **state)
{
    (void)state;
    assert_true(il_scope_get_deadline(NULL) == IL_FOREVER);
    run(ask_around);
}

/* --- IL_TIMEOUT_AT() ----------------------------------------------------------- */

static int share_a_limit(void *arg)
{
    il_time deadline = il_deadline(IL_MS(20));
    int r = 0;

    (void)arg;
    IL_TIMEOUT_AT (deadline, &r) {
        r = il_sleep(IL_MS(15));
    }
    CHECK_INT(r, 0);
    IL_TIMEOUT_AT (deadline, &r) {
        r = il_sleep(IL_MS(15));
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(il_now(), deadline);
    r = 0;
    IL_TIMEOUT_AT (deadline, &r) { /* has passed: fires at the first wait */
        r = il_yield();
    }
    CHECK_INT(r, -ETIMEDOUT);
    r = 0;
    IL_TIMEOUT_AT (IL_FOREVER, &r) {
        r = il_sleep(IL_SEC(1000));
    }
    CHECK_INT(r, 0);
    return 0;
}

static void test_scope_deadline_is_shared_by_blocks(void **state)
{
    int r = 0;

    (void)state;
    run(share_a_limit);
    IL_TIMEOUT_AT (il_deadline(IL_SEC(1)), &r) {
        fail();
    }
    assert_int_equal(r, -ESRCH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_scope_deadline_can_be_asked_for),
        TEST(test_scope_deadline_of_a_task_is_the_earliest_around),
        TEST(test_scope_deadline_is_shared_by_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
