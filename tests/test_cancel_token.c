/* SPDX-License-Identifier: MIT */

/* test_cancel_token.c - cancel what belongs together, in whatever threads it is. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/listeners.h"
#include "support/other_loop.h"
#include "support/tasks.h"

#include <errno.h>
#include <sys/wait.h>

static void assert_was_told(const struct listener *l)
{
    assert_int_equal(l->waited, -ECANCELED);
    assert_true(l->was_cancelled);
    assert_int_equal(l->left, 0); /* it was this scope */
    assert_int_equal(l->next, 0); /* and nothing stays behind */
}

/* --- one token ------------------------------------------------------------ */

static void test_cancel_token_is_cancelled_once(void **state)
{
    static il_cancel_token token;

    (void)state;
    assert_false(il_cancel_token_is_cancelled(&token));
    assert_int_equal(il_cancel_token_wait(&token, 0), -ETIMEDOUT);
    assert_int_equal(il_cancel_token_cancel(&token), 0);
    assert_int_equal(il_cancel_token_cancel(&token), -EALREADY);
    assert_true(il_cancel_token_is_cancelled(&token));
    assert_int_equal(il_cancel_token_wait(&token, 0), 0);
    assert_int_equal(il_cancel_token_wait(&token, IL_FOREVER), 0);
    il_cancel_token_fini(&token);
    assert_false(
        il_cancel_token_is_cancelled(&token)); /* it can be used again */
    il_cancel_token_fini(&token);
}

static void
test_cancel_token_cancels_scopes_of_this_thread_at_once(void **state)
{
    struct fixture *f = *state;
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;
    struct listener l[3];
    il_task *tasks[3];

    for (int i = 0; i < 3; i++) {
        l[i] = listener(&token);
        tasks[i] = spawn(wait_in_scope, &l[i]);
    }
    assert_int_equal(il_cancel_token_cancel(&token), 0);
    assert_int_equal(l[0].waited, 1); /* queued, not run */
    settle(f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(reap(tasks[i]), 0);
        assert_was_told(&l[i]);
    }
    il_cancel_token_fini(&token);
}

static int cancel_own(void *arg)
{
    il_cancel_token *token = arg;
    il_cancel_token_scope scope;

    CHECK_INT(il_cancel_token_enter(&scope, token), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_cancel_token_cancel(token), 0);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_cancel_token_leave(&scope, -ECANCELED), 0);
    return il_yield();
}

static void test_cancel_token_cancelled_by_who_listens(void **state)
{
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;

    (void)state;
    assert_int_equal(il_run(cancel_own, &token), 0);
    il_cancel_token_fini(&token);
}

static void test_cancel_token_cancels_scopes_of_other_threads(void **state)
{
    struct other_loop other = { 0 };
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;
    struct listener l[4];
    il_submission *submissions[2];
    il_task *tasks[2];

    (void)state;
    other_loop_start(&other);
    for (int i = 0; i < 4; i++)
        l[i] = listener(&token);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            il_submit(other.loop, wait_in_scope, &l[i], &submissions[i]), 0);
        tasks[i] = spawn(wait_in_scope, &l[2 + i]);
    }
    join_thread(start_thread(cancel_token, &token));
    for (int i = 0; i < 2; i++) {
        finish(tasks[i]);
        assert_int_equal(il_submission_wait(submissions[i], IL_FOREVER, NULL),
                         0);
        il_submission_unref(submissions[i]);
    }
    for (int i = 0; i < 4; i++)
        assert_was_told(&l[i]);
    other_loop_end(&other, 0);
    il_cancel_token_fini(&token);
}

static void test_cancel_token_cancelled_before_cancels_at_once(void **state)
{
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;
    struct listener l = listener(&token);

    (void)state;
    assert_int_equal(il_cancel_token_cancel(&token), 0);
    finish(spawn(wait_in_scope, &l));
    assert_was_told(&l);
    il_cancel_token_fini(&token);
}

/* --- scopes --------------------------------------------------------------- */

static int leave_normally(void *arg)
{
    for (int i = 0; i < 3; i++) {
        il_cancel_token_scope scope;

        CHECK_INT(il_cancel_token_enter(&scope, arg), 0);
        CHECK_INT(il_yield(), 0);
        CHECK_INT(il_cancel_token_leave(&scope, 5), 5);
    }
    return il_yield();
}

/* Nobody writes to a scope that was left. */
static void test_cancel_token_scope_that_was_left_hears_nothing(void **state)
{
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;

    (void)state;
    assert_int_equal(il_run(leave_normally, &token), 0);
    assert_int_equal(il_cancel_token_cancel(&token), 0);
    il_cancel_token_fini(&token);
}

/* The cancel is there, but in another thread, and our loop does not run. */
static int leave_late(void *arg)
{
    il_cancel_token_scope scope;
    il_cancel_token_scope other;

    CHECK_INT(il_cancel_token_enter(&other, arg), 0);
    CHECK_INT(il_cancel_token_enter(&scope, arg), 0);
    join_thread(start_thread(cancel_token, arg));
    CHECK_INT(il_cancel_token_leave(&scope, -ECANCELED),
              -ECANCELED); /* not ours */
    CHECK(!il_scope_is_cancelled(&scope.scope));
    CHECK(il_scope_is_cancelled(&other.scope));
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_cancel_token_leave(&other, 3), 3);
    return il_yield();
}

static void test_cancel_token_that_comes_too_late_does_nothing(void **state)
{
    struct fixture *f = *state;
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;

    assert_int_equal(il_run(leave_late, &token), 0);
    settle(f);
    il_cancel_token_fini(&token);
}

static int in_blocks(void *arg)
{
    il_cancel_token *token = arg;
    int outer = 0;
    int inner = 0;

    IL_UNTIL_CANCELLED (NULL, &outer) {
        IL_UNTIL_CANCELLED (token, &inner) {
            inner = il_sleep(IL_MS(1));
            CHECK_INT(inner, 0);
            CHECK_INT(il_cancel_token_cancel(token), 0);
            inner = il_sleep(IL_MS(1));
            CHECK_INT(inner, -ECANCELED);
            break;
        }
        CHECK_INT(inner, 0);
        outer = il_sleep(IL_MS(1));
    }
    return outer;
}

static int cancel_around(void *arg)
{
    il_scope scope;
    int r = 0;

    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    IL_UNTIL_CANCELLED (arg, &r) {
        il_scope_cancel(&scope);
        r = il_yield();
    }
    CHECK_INT(r, -ECANCELED); /* another's cancel stays one */
    CHECK_INT(il_scope_leave(&scope, r), 0);
    return 0;
}

static void test_cancel_token_blocks_end_when_it_is_cancelled(void **state)
{
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;
    int r = 0;

    (void)state;
    assert_int_equal(il_run(cancel_around, &token), 0);
    assert_int_equal(il_run(in_blocks, &token), 0);
    IL_UNTIL_CANCELLED (&token, &r) {
        assert_true(false);
    }
    assert_int_equal(r, -ESRCH);
    il_cancel_token_fini(&token);
}

static int leave_wrongly(void *arg)
{
    il_cancel_token_scope outer;
    il_cancel_token_scope inner;
    il_cancel_token_scope never = { .state = 0 };

    CHECK_INT(il_cancel_token_enter(&outer, arg), 0);
    CHECK_INT(il_cancel_token_enter(&inner, arg), 0);
    CHECK_INT(il_cancel_token_leave(&outer, 0), -EINVAL);
    CHECK_INT(il_cancel_token_leave(&never, 0), -ESRCH);
    CHECK_INT(il_cancel_token_leave(NULL, 0), -EINVAL);
    CHECK_INT(il_cancel_token_leave(&inner, 1), 1);
    CHECK_INT(il_cancel_token_leave(&inner, 1), -ESRCH);
    CHECK_INT(il_cancel_token_leave(&outer, 2), 2);
    return 0;
}

static void test_cancel_token_misuse_is_refused(void **state)
{
    il_cancel_token token = IL_CANCEL_TOKEN_INIT;
    il_cancel_token_scope scope;

    (void)state;
    assert_int_equal(il_cancel_token_cancel(NULL), -EINVAL);
    assert_int_equal(il_cancel_token_wait(NULL, 0), -EINVAL);
    assert_false(il_cancel_token_is_cancelled(NULL));
    assert_int_equal(il_cancel_token_init_child(NULL, &token), -EINVAL);
    assert_int_equal(il_cancel_token_init_child(&token, NULL), -EINVAL);
    assert_int_equal(il_cancel_token_init_child(&token, &token), -EINVAL);
    assert_int_equal(il_cancel_token_enter(NULL, &token), -EINVAL);
    assert_int_equal(il_cancel_token_enter(&scope, &token), -ESRCH);
    il_cancel_token_fini(NULL);
    assert_int_equal(il_run(leave_wrongly, &token), 0);
    il_cancel_token_fini(&token);
}

/* --- trees ---------------------------------------------------------------- */

static void test_cancel_token_cancels_those_below_it(void **state)
{
    (void)state;
    for (int victim = 0; victim < 6; victim++) {
        /*   0 - 1 - 2, 3
         *     - 4 - 5        */
        static const int parents[] = { -1, 0, 1, 1, 0, 4 };
        il_cancel_token tokens[6] = { IL_CANCEL_TOKEN_INIT };

        for (int i = 1; i < 6; i++)
            assert_int_equal(
                il_cancel_token_init_child(&tokens[i], &tokens[parents[i]]), 0);
        if (victim == 1) /* what is cancelled already is passed over */
            assert_int_equal(il_cancel_token_cancel(&tokens[2]), 0);
        assert_int_equal(il_cancel_token_cancel(&tokens[victim]), 0);
        for (int i = 0; i < 6; i++) {
            bool is_below = i == victim;

            for (int k = i; k >= 0; k = parents[k])
                is_below = is_below || k == victim;
            assert_int_equal(il_cancel_token_is_cancelled(&tokens[i]),
                             is_below);
        }
        for (int i = 5; i >= 0; i--)
            il_cancel_token_fini(&tokens[i]);
    }
}

static void test_cancel_token_born_to_a_cancelled_one_is_cancelled(void **state)
{
    il_cancel_token parent = IL_CANCEL_TOKEN_INIT;
    il_cancel_token child;

    (void)state;
    assert_int_equal(il_cancel_token_cancel(&parent), 0);
    assert_int_equal(il_cancel_token_init_child(&child, &parent), 0);
    assert_true(il_cancel_token_is_cancelled(&child));
    assert_int_equal(il_cancel_token_wait(&child, 0), 0);
    il_cancel_token_fini(&parent);
    il_cancel_token_fini(&child);
}

/* In any order: what outlives its parent stands alone, with what is below it. */
static void test_cancel_token_outlives_its_parent(void **state)
{
    struct fixture *f = *state;
    il_cancel_token tokens[3] = { IL_CANCEL_TOKEN_INIT };
    struct listener l = listener(&tokens[2]);
    il_task *task;

    for (int i = 1; i < 3; i++)
        assert_int_equal(il_cancel_token_init_child(&tokens[i], &tokens[i - 1]),
                         0);
    task = spawn(wait_in_scope, &l);
    il_cancel_token_fini(&tokens[0]);
    assert_int_equal(il_cancel_token_cancel(&tokens[0]), 0);
    assert_false(il_cancel_token_is_cancelled(&tokens[2]));
    assert_int_equal(il_cancel_token_cancel(&tokens[1]), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    assert_was_told(&l);
    il_cancel_token_fini(&tokens[1]);
    il_cancel_token_fini(&tokens[2]);
    il_cancel_token_fini(&tokens[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cancel_token_is_cancelled_once),
        TEST(test_cancel_token_cancels_scopes_of_this_thread_at_once),
        TEST(test_cancel_token_cancelled_by_who_listens),
        TEST(test_cancel_token_cancels_scopes_of_other_threads),
        TEST(test_cancel_token_cancelled_before_cancels_at_once),
        TEST(test_cancel_token_scope_that_was_left_hears_nothing),
        TEST(test_cancel_token_that_comes_too_late_does_nothing),
        TEST(test_cancel_token_blocks_end_when_it_is_cancelled),
        TEST(test_cancel_token_misuse_is_refused),
        TEST(test_cancel_token_cancels_those_below_it),
        TEST(test_cancel_token_born_to_a_cancelled_one_is_cancelled),
        TEST(test_cancel_token_outlives_its_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
