/* SPDX-License-Identifier: MIT */

/* test_defer_scope.c - clean-up at the end of a scope or a group. */

#include "support/deferred.h"
#include "support/fixture.h"

#include <errno.h>

/* --- the end of a scope ------------------------------------------------------ */

static int leave_scope(void *arg)
{
    il_scope outer;
    il_scope inner;

    (void)arg;
    CHECK_INT(il_defer(say_it, TEXT("task")), 0);
    CHECK_INT(il_scope_enter(&outer, IL_FOREVER), 0);
    CHECK_INT(il_scope_enter(&inner, IL_FOREVER), 0);
    CHECK_INT(il_scope_defer(&outer, say_it, TEXT("outer")), 0);
    CHECK_INT(il_scope_defer(NULL, say_it, TEXT("inner")), 0);
    CHECK_INT(il_scope_defer(&inner, say_it, TEXT("innermost")), 0);
    CHECK_INT(il_scope_defer(&inner, say_it, TEXT("not this")), 0);
    CHECK(il_scope_undefer(NULL, say_it, TEXT("not this")));
    note("leave");
    CHECK_INT(il_scope_leave(&inner, 3), 3);
    note("left");
    CHECK_INT(il_scope_leave(&outer, 0), 0);
    return 0;
}

static void test_defer_scope_is_done_when_the_scope_is_left(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, leave_scope, NULL, NULL), 0);
    assert_string_equal(noted(), "leave innermost inner left outer task");
}

static int time_out(void *arg)
{
    il_time *duration = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(5), &r) {
        CHECK_INT(il_scope_defer(NULL, wait_shielded, duration), 0);
        CHECK_INT(il_scope_defer(NULL, wait_plainly, TEXT("plain")), 0);
        r = il_sleep(IL_SEC(1));
    }
    note("%s", il_strerror(r));
    return 0;
}

/* Inside the scope: its deadline has passed for what is deferred, too. */
static void test_defer_scope_feels_the_deadline_of_its_scope(void **state)
{
    struct fixture *f = *state;
    il_time duration = IL_MS(1);

    assert_int_equal(il_spawn(NULL, time_out, &duration, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "plain:ECANCELED shielded:success ETIMEDOUT");
}

static int let_it_pass(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(5), &r) {
        CHECK_INT(il_scope_defer(NULL, wait_plainly, TEXT("a")), 0);
        CHECK_INT(il_scope_defer(NULL, wait_plainly, TEXT("b")), 0);
        r = il_sleep(IL_MS(4));
    }
    note("%s", il_strerror(r)); /* the work was done in time */
    return 0;
}

static void
test_defer_scope_is_bounded_by_the_deadline_of_its_scope(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, let_it_pass, NULL, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    /* At the same instant the sleep was begun later than the deadline. */
    assert_string_equal(noted(), "b:ECANCELED a:ECANCELED success");
}

static void leave_again(void *arg)
{
    CHECK_INT(il_scope_leave(arg, 0), -EINVAL);
    say_it(TEXT("refused"));
}

static int leave_twice(void *arg)
{
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    CHECK_INT(il_scope_defer(&scope, leave_again, &scope), 0);
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    CHECK_INT(il_scope_defer(&scope, say_it, NULL), -ESRCH); /* left */
    CHECK(!il_scope_undefer(&scope, say_it, NULL));
    return 0;
}

static void test_defer_scope_cannot_leave_the_scope_itself(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, leave_twice, NULL, NULL), 0);
    assert_string_equal(noted(), "refused");
}

/* --- the end of a group ------------------------------------------------------ */

static int child(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    CHECK_INT(il_scope_defer(il_group_scope(arg), say_it, TEXT("by the child")),
              0);
    note("child");
    return 0;
}

static int late_child(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    note("late");
    return 0;
}

static void spawn_late(void *arg)
{
    note("spawns");
    CHECK_INT(il_group_close(arg), -EINVAL);
    CHECK_INT(il_spawn(arg, late_child, NULL, NULL), 0);
}

static int close_group(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_scope_defer(il_group_scope(&group), spawn_late, &group), 0);
    CHECK_INT(il_spawn(&group, child, &group, NULL), 0);
    CHECK_INT(il_group_close(&group), 0);
    note("closed");
    return 0;
}

static void
test_defer_scope_of_a_group_comes_when_its_tasks_have_ended(void **state)
{
    struct fixture *f = *state;

    assert_null(il_group_scope(NULL));
    assert_int_equal(il_spawn(NULL, close_group, NULL, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "child by the child spawns late closed");
}

static int fail_at_once(void *arg)
{
    (void)arg;
    return -EIO;
}

static int close_failed_group(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_scope_defer(NULL, wait_plainly, TEXT("deferred")), 0);
    CHECK_INT(il_spawn(&group, fail_at_once, NULL, NULL), 0);
    CHECK_INT(il_group_close(&group), -EIO);
    note("closed");
    return 0;
}

static void
test_defer_scope_of_a_group_comes_when_a_task_has_failed(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, close_failed_group, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "deferred:ECANCELED closed");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defer_scope_is_done_when_the_scope_is_left),
        TEST(test_defer_scope_feels_the_deadline_of_its_scope),
        TEST(test_defer_scope_is_bounded_by_the_deadline_of_its_scope),
        TEST(test_defer_scope_cannot_leave_the_scope_itself),
        TEST(test_defer_scope_of_a_group_comes_when_its_tasks_have_ended),
        TEST(test_defer_scope_of_a_group_comes_when_a_task_has_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
