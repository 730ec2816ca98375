/* SPDX-License-Identifier: MIT */

/* test_defer.c - clean-up that is decided at run time: the latest first, on every
 * path, by the task itself. */

#include "support/deferred.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* --- the end of a task ------------------------------------------------------- */

static int defer_three(void *arg)
{
    CHECK_INT(il_defer(say_it, TEXT("1")), 0);
    CHECK_INT(il_defer(say_it, TEXT("2")), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_defer(say_it, TEXT("3")), 0);
    note("body");
    return *(int *)arg;
}

static void test_defer_is_done_in_reverse_when_the_task_ends(void **state)
{
    struct fixture *f = *state;
    int results[] = { 0, 7, -EIO };

    for (int i = 0; i < 3; i++) {
        il_task *task;

        forget_notes();
        assert_int_equal(il_spawn(NULL, defer_three, &results[i], &task), 0);
        settle(f);
        assert_string_equal(noted(), "body 3 2 1");
        assert_int_equal(reap(task), results[i]);
    }
}

static int defer_and_sleep(void *arg)
{
    (void)arg;
    CHECK_INT(il_defer(say_it, TEXT("deferred")), 0);
    return il_sleep(IL_FOREVER);
}

static void test_defer_is_done_when_the_task_is_cancelled(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, defer_and_sleep, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_string_equal(noted(), "");
    settle(f);
    assert_string_equal(noted(), "deferred");
    assert_int_equal(reap(task), -ECANCELED);
}

static int defer_waits(void *arg)
{
    CHECK_INT(il_defer(wait_plainly, TEXT("plain")), 0);
    CHECK_INT(il_defer(wait_shielded, arg), 0);
    CHECK_INT(il_defer(wait_plainly, TEXT("first")), 0);
    return il_sleep(IL_MS(10));
}

static void test_defer_may_wait_under_a_shield_when_cancelled(void **state)
{
    struct fixture *f = *state;
    il_time times[] = { IL_MS(5), IL_SEC(5) };
    il_task *task;

    assert_int_equal(il_spawn(NULL, defer_waits, &times[0], &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
    assert_int_equal(reap(task), 0);
    assert_string_equal(noted(),
                        "first:success shielded:success plain:success");

    for (int i = 0; i < 2; i++) {
        forget_notes();
        assert_int_equal(il_spawn(NULL, defer_waits, &times[i], &task), 0);
        assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_false(il_task_is_done(task)); /* its end waits */
        assert_int_equal(il_task_try_join(task, NULL), -EAGAIN);
        assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
        assert_int_equal(reap(task), -ECANCELED);
        assert_string_equal(noted(), i == 0
                                         ? "first:ECANCELED shielded:success "
                                           "plain:ECANCELED"
                                         : "first:ECANCELED shielded:ETIMEDOUT "
                                           "plain:ECANCELED");
    }
}

static int defer_a_wait(void *arg)
{
    CHECK_INT(il_defer(wait_plainly, arg), 0);
    return 5;
}

static void
test_defer_cancelled_while_it_waits_goes_on_with_the_rest(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, defer_a_wait, TEXT("wait"), &task), 0);
    assert_false(il_task_is_done(task));
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), 5); /* the body had returned */
    assert_string_equal(noted(), "wait:ECANCELED");
}

static int join_it(void *arg)
{
    int result = 0;

    CHECK_INT(il_task_join(arg, &result), 0);
    note("joined:%d", result);
    return 0;
}

static void test_defer_is_waited_for_by_who_joins(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, defer_a_wait, TEXT("wait"), &task), 0);
    assert_int_equal(il_spawn(NULL, join_it, task, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "");
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_string_equal(noted(), "wait:success joined:5");
    assert_int_equal(reap(task), 5);
}

static void defer_more(void *arg)
{
    say_it(TEXT("outer"));
    CHECK_INT(il_defer(say_it, arg), 0);
    CHECK_INT(il_scope_defer(NULL, say_it, TEXT("next")), 0);
}

static int defer_what_defers(void *arg)
{
    CHECK_INT(il_defer(say_it, TEXT("last")), 0);
    CHECK_INT(il_defer(defer_more, arg), 0);
    return 0;
}

static void test_defer_done_last_may_defer_more(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, defer_what_defers, TEXT("more"), NULL), 0);
    assert_string_equal(noted(), "outer next more last");
}

static void destroy_and_defer(void *arg)
{
    say_it(arg);
    CHECK_INT(il_defer(say_it, TEXT("at last")), 0);
}

static int defer_once(void *arg)
{
    return il_defer(say_it, arg);
}

static void test_defer_comes_before_the_destructor_of_the_argument(void **state)
{
    const il_spawn_options options = { .fn = defer_once,
                                       .arg = TEXT("arg"),
                                       .destroy = destroy_and_defer };

    (void)state;
    assert_int_equal(il_spawn_with(NULL, &options, NULL), 0);
    assert_string_equal(noted(), "arg arg at last");
}

static int take_back(void *arg)
{
    (void)arg;
    CHECK_INT(il_defer(say_it, TEXT("a")), 0);
    CHECK_INT(il_defer(say_it, TEXT("b")), 0);
    CHECK_INT(il_defer(say_it, TEXT("a")), 0);
    CHECK(il_undefer(say_it, TEXT("a"))); /* the latest */
    CHECK(!il_undefer(free, TEXT("a")));
    CHECK(!il_undefer(say_it, NULL));
    CHECK_INT(il_yield(), 0);
    return 0;
}

static int take_all_back(void *arg)
{
    CHECK_INT(il_defer(say_it, arg), 0);
    CHECK(il_undefer(say_it, arg));
    CHECK(!il_undefer(say_it, arg));
    CHECK_INT(il_defer(say_it, TEXT("again")), 0);
    return 0;
}

static void test_defer_can_be_taken_back(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, take_back, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "b a");
    forget_notes();
    assert_int_equal(il_spawn(NULL, take_all_back, TEXT("x"), NULL), 0);
    assert_string_equal(noted(), "again");
}

/* The stack of a task that deferred serves the next one. */
static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void test_defer_leaves_nothing_to_the_next_task(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(il_spawn(NULL, defer_once, TEXT("x"), NULL), 0);
        assert_int_equal(il_spawn(NULL, do_nothing, NULL, NULL), 0);
    }
    assert_string_equal(noted(), "x x x");
}

static const il_local name = IL_LOCAL_INIT(NULL, say_it);

static int never_end(void *arg)
{
    int r = 0;

    CHECK_INT(il_local_set(&name, arg), 0);
    CHECK_INT(il_defer(say_it, arg), 0);
    IL_SHIELD (IL_FOREVER, &r) {
        r = il_sleep(IL_FOREVER);
    }
    return r;
}

/* Somebody may still use what it has. */
static void test_defer_is_not_done_for_an_abandoned_task(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, never_end, TEXT("never"), NULL), 0);
    assert_int_equal(il_loop_close(f->loop, 0), -ETIMEDOUT);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    assert_string_equal(noted(), "");
}

/* --- blocks ------------------------------------------------------------------ */

static int leave_block(int how)
{
    IL_DEFER(say_it, TEXT("1"));
    IL_DEFER(say_it, TEXT("2"));
    for (int i = 0; i < 2; i++) {
        IL_DEFER(say_it, TEXT("loop"));
        if (how == 0)
            return 0;
        if (how == 1)
            break;
        if (how == 2)
            continue;
        goto out;
    }
out:
    note("out");
    return 0;
}

static void test_defer_of_a_block_is_done_however_it_is_left(void **state)
{
    const char *expected[] = { "loop 2 1", "loop out 2 1", "loop loop out 2 1",
                               "loop out 2 1" };

    (void)state;
    for (int how = 0; how < 4; how++) {
        forget_notes();
        assert_int_equal(leave_block(how), 0);
        assert_string_equal(noted(), expected[how]);
    }
}

static int wait_in_a_block(void *arg)
{
    IL_DEFER(wait_plainly, TEXT("block"));
    (void)arg;
    return il_sleep(IL_MS(1));
}

static void test_defer_of_a_block_may_wait(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, wait_in_a_block, NULL, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "block:success");
}

/* --- misuse ------------------------------------------------------------------ */

static int defer_nothing(void *arg)
{
    (void)arg;
    CHECK_INT(il_defer(NULL, NULL), -EINVAL);
    CHECK_INT(il_scope_defer(NULL, NULL, NULL), -EINVAL);
    CHECK(!il_undefer(say_it, NULL));
    return 0;
}

static int wait_in_a_scope(void *arg)
{
    CHECK_INT(il_scope_enter(arg, IL_FOREVER), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK_INT(il_scope_leave(arg, 0), 0);
    return 0;
}

static void *defer_elsewhere(void *scope)
{
    CHECK_INT(il_scope_defer(scope, say_it, TEXT("no")), -ESRCH);
    CHECK(!il_scope_undefer(scope, say_it, TEXT("no")));
    CHECK_INT(il_defer(say_it, TEXT("no")), -ESRCH);
    return NULL;
}

static void test_defer_is_refused_where_nobody_would_do_it(void **state)
{
    struct fixture *f = *state;
    il_scope scope = { 0 };
    pthread_t thread;
    il_task *task;

    assert_int_equal(il_defer(say_it, NULL), -ESRCH);
    assert_int_equal(il_scope_defer(NULL, say_it, NULL), -ESRCH);
    assert_int_equal(il_scope_defer(&scope, say_it, NULL), -ESRCH);
    assert_false(il_undefer(say_it, NULL));
    assert_int_equal(il_spawn(NULL, defer_nothing, NULL, NULL), 0);

    assert_int_equal(il_spawn(NULL, wait_in_a_scope, &scope, &task), 0);
    assert_int_equal(pthread_create(&thread, NULL, defer_elsewhere, &scope), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(il_scope_defer(&scope, say_it, TEXT("yes")), 0);
    il_task_cancel(task);
    settle(f);
    assert_int_equal(reap(task), 0);
    assert_string_equal(noted(), "yes");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defer_is_done_in_reverse_when_the_task_ends),
        TEST(test_defer_is_done_when_the_task_is_cancelled),
        TEST(test_defer_may_wait_under_a_shield_when_cancelled),
        TEST(test_defer_cancelled_while_it_waits_goes_on_with_the_rest),
        TEST(test_defer_is_waited_for_by_who_joins),
        TEST(test_defer_done_last_may_defer_more),
        TEST(test_defer_comes_before_the_destructor_of_the_argument),
        TEST(test_defer_can_be_taken_back),
        TEST(test_defer_leaves_nothing_to_the_next_task),
        TEST(test_defer_is_not_done_for_an_abandoned_task),
        TEST(test_defer_of_a_block_is_done_however_it_is_left),
        TEST(test_defer_of_a_block_may_wait),
        TEST(test_defer_is_refused_where_nobody_would_do_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
