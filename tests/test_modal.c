/* SPDX-License-Identifier: MIT */

/* test_modal.c - functions that run on the stack of the loop. */

#include "support/fixture.h"

#include <errno.h>

static int answer(void *arg)
{
    CHECK(il_task_current() == NULL);
    CHECK_INT(il_yield(), -ESRCH);
    note("fn");
    return *(int *)arg;
}

static void note_post(void *arg)
{
    note("%s", (const char *)arg);
}

static int note_task(void *arg)
{
    note("%s", (const char *)arg);
    return 0;
}

static int ask_first(void *arg)
{
    static il_callback ready = IL_CALLBACK_INIT(note_post, TEXT("post"));
    il_task *me = il_task_current();
    int forty_two = 42;
    int result = 0;

    (void)arg;
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_post(il_loop_current(), &ready), 0);
    CHECK_INT(il_spawn_lazy(NULL, note_task, TEXT("task"), NULL), 0);
    CHECK_INT(il_modal(answer, &forty_two, NULL, &result), 0);
    CHECK(il_task_current() == me);
    CHECK_INT(result, 42);
    note("back");
    CHECK_INT(il_modal(answer, &forty_two, NULL, NULL), 0);
    return 0;
}

static void test_modal_function_comes_before_all_that_is_ready(void **state)
{
    (void)state;
    assert_int_equal(il_run(ask_first, NULL), 0);
    assert_string_equal(noted(), "fn post task back fn");
}

static void test_modal_works_in_a_first_step(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, ask_first, NULL, &task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    assert_string_equal(noted(), "fn post task back fn");
}

static int nested_first_step(void *arg)
{
    int result = -1;

    CHECK_INT(il_modal(answer, arg, NULL, &result), 0);
    CHECK_INT(result, 7);
    return 0;
}

static int spawn_asker(void *arg)
{
    il_task *me = il_task_current();

    CHECK_INT(il_spawn(NULL, nested_first_step, arg, NULL), 0);
    CHECK(il_task_current() == me);
    note("spawned");
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_modal_works_in_a_first_step_inside_a_task(void **state)
{
    static int seven = 7;

    (void)state;
    assert_int_equal(il_run(spawn_asker, &seven), 0);
    assert_string_equal(noted(), "spawned fn");
}

static int not_called(void *arg)
{
    (void)arg;
    CHECK(!"a modal function ran though its task was cancelled");
    return 0;
}

static void quit_not_called(void *arg)
{
    (void)arg;
    CHECK(!"quit was called for a function that did not run");
}

static int ask_in_vain(void *arg)
{
    int result = 5;

    (void)arg;
    CHECK_INT(il_modal(not_called, NULL, quit_not_called, &result), -ECANCELED);
    CHECK_INT(result, 5);
    CHECK_INT(il_modal(not_called, NULL, quit_not_called, &result), -ECANCELED);
    note("refused");
    return -ECANCELED;
}

static void test_modal_function_of_a_cancelled_task_does_not_run(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, ask_in_vain, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_string_equal(noted(), "refused");
}

static void test_modal_function_does_not_run_when_the_loop_closes(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, ask_in_vain, NULL, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "refused");
    (void)il_loop_unref(f->loop);
    assert_int_equal(il_loop_new(&f->loop), 0);
}

static il_task *asker;

static int cancel_asker(void *arg)
{
    (void)arg;
    CHECK_INT(il_task_cancel(asker), 0);
    return 9;
}

static void note_quit(void *arg)
{
    (void)arg;
    note("quit");
}

/* In native mode no turn runs meanwhile, so nobody could call quit. */
static int ask_and_be_cancelled(void *arg)
{
    int result = 0;

    (void)arg;
    CHECK_INT(il_modal(cancel_asker, NULL, note_quit, &result), 0);
    CHECK_INT(result, 9);
    CHECK_INT(il_yield(), -ECANCELED);
    note("over");
    return -ECANCELED;
}

static void test_modal_result_wins_over_a_cancel_meanwhile(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, ask_and_be_cancelled, NULL, &asker), 0);
    settle(f);
    assert_int_equal(reap(asker), -ECANCELED);
    assert_string_equal(noted(), "over");
}

static int ask_within_time(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_SEC(1), &r) {
        r = il_modal(cancel_asker, NULL, NULL, NULL);
    }
    return r;
}

static void test_modal_counts_as_a_wait_of_its_scope(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, ask_within_time, NULL, &asker), 0);
    settle(f);
    assert_int_equal(reap(asker), 0);
}

static int ask_for_note(void *arg)
{
    return il_modal(note_task, arg, NULL, NULL);
}

static void
test_modal_functions_run_in_the_order_they_were_asked_for(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, ask_for_note, TEXT("first"), NULL), 0);
    assert_int_equal(il_spawn(NULL, ask_for_note, TEXT("second"), NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, note_task, TEXT("task"), NULL), 0);
    assert_int_equal(il_spawn(NULL, ask_for_note, TEXT("third"), NULL), 0);
    settle(f);
    assert_string_equal(noted(), "first second third task");
}

static void test_modal_misuse_is_refused(void **state)
{
    int number = 1;

    (void)state;
    assert_int_equal(il_modal(answer, &number, NULL, NULL), -ESRCH);
    assert_int_equal(il_modal(NULL, &number, NULL, NULL), -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_modal_function_comes_before_all_that_is_ready),
        TEST(test_modal_works_in_a_first_step),
        TEST(test_modal_works_in_a_first_step_inside_a_task),
        TEST(test_modal_function_of_a_cancelled_task_does_not_run),
        TEST(test_modal_function_does_not_run_when_the_loop_closes),
        TEST(test_modal_result_wins_over_a_cancel_meanwhile),
        TEST(test_modal_counts_as_a_wait_of_its_scope),
        TEST(test_modal_functions_run_in_the_order_they_were_asked_for),
        TEST(test_modal_misuse_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
