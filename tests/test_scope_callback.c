/* SPDX-License-Identifier: MIT */

/* test_scope_callback.c - callbacks that are posted when a scope is cancelled. */

#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>
#include <stdlib.h>

static void tell(void *text)
{
    CHECK(il_task_current() == NULL);
    note("%s", (const char *)text);
}

#define TELL(text) IL_CALLBACK_INIT(tell, TEXT(text))

static int cancel_by_call(void *arg)
{
    il_callback first = TELL("first"), second = TELL("second");
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &first), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &second), 0);
    CHECK_INT(il_yield(), 0);
    il_scope_cancel(&scope);
    il_scope_cancel(&scope);
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), 0);
    note("left");
    CHECK_INT(il_yield(), 0);
    note("next");
    return 0;
}

/* Also when the scope has been left before they could. */
static void test_scope_callback_runs_once_later_in_order(void **state)
{
    (void)state;
    run(cancel_by_call);
    assert_string_equal(noted(), "left first second next");
}

static int wait_for_deadline(void *arg)
{
    il_callback callback = TELL("told");
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, il_deadline(IL_MS(10))), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &callback), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    note("woken");
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ETIMEDOUT);
    return 0;
}

static void test_scope_callback_is_told_of_a_deadline(void **state)
{
    (void)state;
    run(wait_for_deadline);
    assert_string_equal(noted(), "told woken");
}

static int leave_first(void *arg)
{
    il_callback callback = TELL("told");
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, il_deadline(IL_MS(10))), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &callback), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &callback), -EBUSY);
    CHECK_INT(il_post(il_loop_current(), &callback), -EBUSY);
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    CHECK(!il_callback_cancel(&callback));
    CHECK_INT(il_sleep(IL_MS(20)), 0);
    CHECK_INT(il_post(il_loop_current(), &callback), 0);
    CHECK_INT(il_yield(), 0);
    return 0;
}

/* It was left in time, so nothing was told, and the callback is ours again. */
static void test_scope_callback_is_given_back_when_left(void **state)
{
    (void)state;
    run(leave_first);
    assert_string_equal(noted(), "told");
}

static int take_back(void *arg)
{
    il_callback callback = TELL("told"), other = TELL("other");
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &callback), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &other), 0);
    CHECK(il_callback_cancel(&callback));
    CHECK(!il_callback_cancel(&callback));
    CHECK_INT(il_scope_on_cancel(&scope, &callback), 0);
    CHECK(il_callback_cancel(&callback));
    il_scope_cancel(&scope);
    CHECK_INT(il_scope_on_cancel(&scope, &callback), 0);
    CHECK(il_callback_cancel(&callback)); /* queued by now */
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_scope_callback_can_be_taken_back(void **state)
{
    (void)state;
    run(take_back);
    assert_string_equal(noted(), "other");
}

static int register_late(void *arg)
{
    il_callback callback = TELL("told");
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, 0), 0);
    CHECK(il_scope_is_timed_out(&scope));
    CHECK_INT(il_scope_on_cancel(NULL, &callback), 0);
    note("registered");
    CHECK_INT(il_scope_on_cancel(NULL, &callback), -EBUSY);
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_scope_callback_is_posted_at_once_if_cancelled(void **state)
{
    (void)state;
    run(register_late);
    assert_string_equal(noted(), "registered told");
}

struct nest {
    il_scope *outer; /* of the task, to be cancelled from outside */
    il_callback in_group, in_child, in_shield, at_root;
};

static int child(void *arg)
{
    struct nest *nest = arg;

    CHECK_INT(il_scope_on_cancel(NULL, &nest->in_child), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    return -ECANCELED;
}

static int shielded(void *arg)
{
    struct nest *nest = arg;
    int r = 0;

    IL_SHIELD (IL_SEC(1), &r) {
        CHECK_INT(il_scope_on_cancel(NULL, &nest->in_shield), 0);
        r = il_sleep(IL_MS(50));
    }
    CHECK_INT(r, 0);
    return r;
}

static int nested(void *arg)
{
    struct nest *nest = arg;
    il_scope outer;
    il_group group;

    CHECK_INT(il_scope_on_cancel(NULL, &nest->at_root), 0);
    CHECK_INT(il_scope_enter(&outer, il_deadline(IL_MS(10))), 0);
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_scope_on_cancel(NULL, &nest->in_group), 0);
    CHECK_INT(il_spawn(&group, child, nest, NULL), 0);
    CHECK_INT(il_spawn(&group, shielded, nest, NULL), 0);
    CHECK_INT(il_group_close(&group), -ECANCELED);
    CHECK_INT(il_scope_leave(&outer, -ECANCELED), -ETIMEDOUT);
    return 0;
}

/* Through a group into other tasks, but not behind a shield nor outwards. */
static void test_scope_callback_follows_the_cause(void **state)
{
    static struct nest nest;

    (void)state;
    nest = (struct nest){ .in_group = TELL("group"),
                          .in_child = TELL("child"),
                          .in_shield = TELL("shield"),
                          .at_root = TELL("root") };
    assert_int_equal(il_run(nested, &nest), 0);
    assert_string_equal(noted(), "group child");
    assert_int_equal(nest.in_shield.state, 0);
    assert_int_equal(nest.at_root.state, 0);
}

static int wait_with_callback(void *callback)
{
    int r;

    CHECK_INT(il_scope_on_cancel(NULL, callback), 0);
    r = il_sleep(IL_MS(10));
    note("%s", il_strerror(r));
    return r;
}

static void test_scope_callback_of_a_task_is_told_of_its_cancel(void **state)
{
    struct fixture *f = *state;
    static il_callback callback;
    il_task *task;

    callback = (il_callback)TELL("told");
    assert_int_equal(il_spawn(NULL, wait_with_callback, &callback, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_string_equal(noted(), "");
    settle(f);
    assert_string_equal(noted(), "told ECANCELED");
    assert_int_equal(reap(task), -ECANCELED);
}

static void
test_scope_callback_is_given_back_by_the_end_of_the_task(void **state)
{
    struct fixture *f = *state;
    static il_callback callback;
    il_task *task;

    callback = (il_callback)TELL("told");
    assert_int_equal(il_spawn(NULL, wait_with_callback, &callback, &task), 0);
    (void)il_test_advance(f->loop, IL_MS(10));
    settle(f);
    assert_string_equal(noted(), "success");
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_post(f->loop, &callback), 0);
    settle(f);
    assert_string_equal(noted(), "success told");
}

struct given {
    il_scope *scope;
    il_callback again, freed;
};

static il_callback *heap_callback;

static void free_itself(void *arg)
{
    (void)arg;
    free(heap_callback);
    heap_callback = NULL;
    note("freed");
}

static void cancel_again(void *arg)
{
    struct given *given = arg;

    il_scope_cancel(given->scope);
    given->again = (il_callback)TELL("again");
    CHECK_INT(il_scope_on_cancel(given->scope, &given->again), 0);
}

static int callbacks_at_work(void *arg)
{
    struct given *given = arg;
    il_scope scope;

    given->scope = &scope;
    CHECK_INT(il_scope_enter(&scope, il_deadline(IL_MS(10))), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &given->again), 0);
    CHECK_INT(il_scope_on_cancel(&scope, heap_callback), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    return 0;
}

static void test_scope_callback_may_register_and_free_itself(void **state)
{
    static struct given given;

    (void)state;
    given.again = (il_callback)IL_CALLBACK_INIT(cancel_again, &given);
    heap_callback = malloc(sizeof *heap_callback);
    assert_non_null(heap_callback);
    *heap_callback = (il_callback)IL_CALLBACK_INIT(free_itself, NULL);
    assert_int_equal(il_run(callbacks_at_work, &given), 0);
    assert_null(heap_callback);
    assert_string_equal(noted(), "freed again");
}

static int misuse(void *arg)
{
    il_callback callback = TELL("told"), empty = IL_CALLBACK_INIT(NULL, NULL);
    il_scope scope;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
    CHECK_INT(il_scope_on_cancel(&scope, NULL), -EINVAL);
    CHECK_INT(il_scope_on_cancel(&scope, &empty), -EINVAL);
    CHECK_INT(il_scope_leave(&scope, 0), 0);
    CHECK_INT(il_scope_on_cancel(&scope, &callback), -ESRCH);
    CHECK_INT(callback.state, 0);
    return 0;
}

static void test_scope_callback_refuses_what_makes_no_sense(void **state)
{
    il_callback callback = TELL("told");

    (void)state;
    run(misuse);
    assert_int_equal(il_scope_on_cancel(NULL, &callback), -ESRCH);
    assert_int_equal(callback.state, 0);
    assert_string_equal(noted(), "");
}

static int never_end(void *arg)
{
    struct nest *nest = arg;
    static il_scope inner;
    int r = 0;

    IL_SHIELD (IL_SEC(1000), &r) {
        CHECK_INT(il_scope_enter(&inner, IL_FOREVER), 0);
        nest->outer = &inner;
        CHECK_INT(il_scope_on_cancel(NULL, &nest->in_shield), 0);
        r = il_sleep(IL_FOREVER);
    }
    CHECK(!"an abandoned task went on");
    return r;
}

static void look_after_the_end(void *arg)
{
    struct nest *nest = arg;

    CHECK_INT(il_scope_on_cancel(nest->outer, &nest->at_root), -ESRCH);
    CHECK_INT(nest->in_shield.state, 0);
    note("closed");
}

/* Its scopes are never left. */
static void test_scope_callback_is_given_back_by_an_abandoned_task(void **state)
{
    struct fixture *f = *state;
    static struct nest nest;
    static il_callback closing;
    il_loop *loop = f->loop;

    nest = (struct nest){ .in_shield = TELL("told"), .at_root = TELL("root") };
    closing = (il_callback)IL_CALLBACK_INIT(look_after_the_end, &nest);
    assert_int_equal(il_spawn(NULL, never_end, &nest, NULL), 0);
    assert_int_equal(il_loop_at_close(loop, &closing), 0);
    assert_int_equal(il_loop_close(loop, 0), -ETIMEDOUT);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    assert_string_equal(noted(), "closed");
    (void)il_loop_unref(loop);
    f->loop = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_scope_callback_runs_once_later_in_order),
        TEST(test_scope_callback_is_told_of_a_deadline),
        TEST(test_scope_callback_is_given_back_when_left),
        TEST(test_scope_callback_can_be_taken_back),
        TEST(test_scope_callback_is_posted_at_once_if_cancelled),
        TEST(test_scope_callback_follows_the_cause),
        TEST(test_scope_callback_of_a_task_is_told_of_its_cancel),
        TEST(test_scope_callback_is_given_back_by_the_end_of_the_task),
        TEST(test_scope_callback_may_register_and_free_itself),
        TEST(test_scope_callback_refuses_what_makes_no_sense),
        TEST(test_scope_callback_is_given_back_by_an_abandoned_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
