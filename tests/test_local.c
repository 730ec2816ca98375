/* SPDX-License-Identifier: MIT */

/* test_local.c - values that belong to a task and are inherited. */

#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const il_local user = IL_LOCAL_INIT("nobody", NULL);
static const il_local place = IL_LOCAL_INIT(NULL, NULL);

static const char *who(void)
{
    return il_local_get(&user);
}

static int note_user(void *arg)
{
    note("%s%s", (const char *)arg, who());
    return 0;
}

static int note_user_later(void *arg)
{
    CHECK_INT(il_yield(), 0);
    return note_user(arg);
}

static int set_user(const char *name)
{
    return il_local_set(&user, (void *)(uintptr_t)name);
}

/* --- inheriting -------------------------------------------------------------- */

static int be_a_parent(void *arg)
{
    (void)arg;
    CHECK_INT(set_user("ann"), 0);
    CHECK_INT(il_spawn(NULL, note_user_later, TEXT("1:"), NULL), 0);
    CHECK_INT(set_user("bob"), 0);
    CHECK_INT(il_spawn_lazy(NULL, note_user_later, TEXT("2:"), NULL), 0);
    CHECK_INT(set_user("cid"), 0);
    note("parent:%s", who());
    return 0;
}

static void test_local_child_sees_what_was_set_when_it_was_spawned(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(who(), "nobody");
    assert_int_equal(il_spawn(NULL, be_a_parent, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "parent:cid 1:ann 2:bob");
    assert_string_equal(who(), "nobody");
}

static int set_and_wait(void *arg)
{
    CHECK_INT(il_local_set(&user, arg), 0);
    CHECK_INT(il_yield(), 0);
    note("%s", who());
    return 0;
}

static int be_a_parent_of_setters(void *arg)
{
    (void)arg;
    CHECK_INT(set_user("parent"), 0);
    CHECK_INT(il_spawn(NULL, set_and_wait, TEXT("a"), NULL), 0);
    CHECK_INT(il_spawn(NULL, set_and_wait, TEXT("b"), NULL), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    note("%s", who());
    return 0;
}

static void test_local_what_a_child_sets_is_its_own(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, be_a_parent_of_setters, NULL, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_string_equal(noted(), "a b parent");
}

static int use_two(void *arg)
{
    (void)arg;
    CHECK_INT(il_local_set(&place, TEXT("here")), 0);
    CHECK_INT(set_user("ann"), 0);
    CHECK_INT(il_spawn(NULL, note_user_later, TEXT(""), NULL), 0);
    CHECK_INT(il_local_set(&place, TEXT("there")), 0);
    CHECK_INT(il_yield(), 0);
    note("%s@%s", who(), (const char *)il_local_get(&place));
    return 0;
}

static void test_local_names_are_independent(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, use_two, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "ann ann@there");
}

static int descend(void *arg)
{
    int *depth = arg;

    if (--*depth > 0)
        return il_spawn(NULL, descend, depth, NULL);
    note("%s", who());
    return 0;
}

static int set_and_descend(void *arg)
{
    CHECK_INT(set_user("root"), 0);
    return descend(arg);
}

static void test_local_goes_down_all_generations(void **state)
{
    int depth = 50;

    (void)state;
    assert_int_equal(il_spawn(NULL, set_and_descend, &depth, NULL), 0);
    assert_string_equal(noted(), "root");
}

/* The stack of a task that had values serves the next one, which has none. */
static void test_local_next_task_on_a_stack_begins_with_nothing(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(il_spawn(NULL, set_and_wait, TEXT("a"), NULL), 0);
        settle(f);
        assert_int_equal(il_spawn(NULL, note_user, TEXT(""), NULL), 0);
    }
    assert_string_equal(noted(), "a nobody a nobody a nobody");
}

/* --- blocks ------------------------------------------------------------------ */

static int nest_blocks(void *arg)
{
    int r = 0;

    (void)arg;
    IL_WITH_LOCAL (&user, "outer", &r) {
        IL_WITH_LOCAL (&user, "inner", &r) {
            CHECK_INT(il_spawn(NULL, note_user_later, TEXT("child:"), NULL), 0);
            CHECK_INT(il_yield(), 0);
            note("%s", who());
            CHECK_INT(set_user("set"), 0); /* holds to the end of the block */
            CHECK_INT(il_local_set(&place, TEXT("p")), 0);
            note("%s", who());
        }
        note("%s", who());
        CHECK(il_local_get(&place) == NULL);
    }
    CHECK_INT(r, 0);
    note("%s", who());
    return 0;
}

static void test_local_block_undoes_what_was_set_inside(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, nest_blocks, NULL, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "child:inner inner set outer nobody");
}

static int leave_early(int how)
{
    int r = 0;

    IL_WITH_LOCAL (&user, "inside", &r) {
        if (how == 0)
            return 0;
        if (how == 1)
            break;
        goto out;
    }
out:
    return r;
}

static int leave_blocks(void *arg)
{
    (void)arg;
    for (int how = 0; how < 3; how++) {
        CHECK_INT(leave_early(how), 0);
        CHECK(strcmp(who(), "nobody") == 0);
    }
    return 0;
}

static int block_until_cancelled(void *arg)
{
    int r = 0;

    (void)arg;
    IL_WITH_LOCAL (&user, "cancelled", &r) {
        r = il_sleep(IL_FOREVER);
    }
    note("%s", who());
    return r;
}

static void test_local_block_is_left_on_every_path(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    leave_blocks(NULL); /* outside tasks, too */
    assert_int_equal(il_spawn(NULL, leave_blocks, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, block_until_cancelled, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_string_equal(noted(), "nobody");
}

/* --- outside tasks ----------------------------------------------------------- */

static void test_local_code_outside_tasks_has_values_of_its_own(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(set_user("base"), 0);
    assert_string_equal(who(), "base");
    assert_int_equal(il_spawn(NULL, note_user_later, TEXT(""), &task), 0);
    assert_int_equal(set_user("later"), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    assert_string_equal(noted(), "base");
    assert_int_equal(il_run(note_user, TEXT("")), 0);
    assert_string_equal(noted(), "base later");
}

static void *look_from_a_thread(void *arg)
{
    (void)arg;
    CHECK(strcmp(who(), "nobody") == 0);
    CHECK_INT(il_local_set(&user, TEXT("thread")), -ESRCH);
    CHECK(il_locals_capture() == NULL);
    CHECK_INT(il_locals_run(NULL, note_user, TEXT("")), -ESRCH);
    return NULL;
}

static void test_local_thread_without_a_loop_sees_initial_values(void **state)
{
    pthread_t thread;
    int r = 7;

    (void)state;
    assert_int_equal(set_user("main"), 0);
    assert_int_equal(pthread_create(&thread, NULL, look_from_a_thread, NULL),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);

    assert_int_equal(il_local_set(NULL, NULL), -EINVAL);
    assert_null(il_local_get(NULL));
    IL_WITH_LOCAL (NULL, "x", &r) {
        r = 0;
    }
    assert_int_equal(r, -EINVAL);
    assert_int_equal(il_locals_run(NULL, NULL, NULL), -EINVAL);
}

static void test_local_block_outlives_its_loop(void **state)
{
    struct fixture *f = *state;
    int r = 0;

    IL_WITH_LOCAL (&user, "short", &r) {
        assert_int_equal(il_loop_close(f->loop, 0), 0);
        assert_string_equal(who(), "nobody");
    }
    IL_WITH_LOCAL (&user, "none", &r) {
        note("not here");
    }
    assert_int_equal(r, -ESRCH);
    assert_string_equal(noted(), "");
}

/* --- kept -------------------------------------------------------------------- */

static int keep(void *arg)
{
    CHECK_INT(set_user("kept"), 0);
    *(il_locals **)arg = il_locals_capture();
    CHECK_INT(set_user("changed"), 0);
    return 0;
}

static int set_inside(void *arg)
{
    note("%s", who());
    CHECK_INT(set_user("inside"), 0);
    CHECK_INT(il_yield(), *(int *)arg);
    note("%s", who());
    return 3;
}

static int run_kept(void *arg)
{
    int expected = 0;

    CHECK_INT(il_locals_run(arg, set_inside, &expected), 3);
    note("%s", who());
    CHECK_INT(il_locals_run(NULL, note_user, TEXT("none:")), 0);
    return 0;
}

static void test_local_kept_values_can_be_run_in(void **state)
{
    struct fixture *f = *state;
    il_spawn_options options = { .fn = note_user,
                                 .arg = TEXT("spawned:"),
                                 .flags = IL_LOCALS };
    il_locals *locals = NULL;
    int expected = -ESRCH;

    assert_int_equal(il_spawn(NULL, keep, &locals, NULL), 0);
    assert_non_null(locals);
    assert_int_equal(il_spawn(NULL, run_kept, locals, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "kept inside nobody none:nobody");

    forget_notes();
    assert_int_equal(il_locals_run(locals, set_inside, &expected), 3);
    options.locals = locals;
    assert_int_equal(il_spawn_with(NULL, &options, NULL), 0);
    options.locals = NULL;
    assert_int_equal(set_user("base"), 0);
    assert_int_equal(il_spawn_with(NULL, &options, NULL), 0);
    assert_string_equal(noted(), "kept inside spawned:kept spawned:nobody");
    assert_ptr_equal(il_locals_ref(locals), locals);
    assert_null(il_locals_unref(locals));
    assert_null(il_locals_unref(locals));
    assert_null(il_locals_unref(NULL));
}

/* They belong to a thread, and nobody keeps them until the task begins. */
static void test_local_values_are_not_submitted(void **state)
{
    struct fixture *f = *state;
    il_spawn_options options = { .fn = note_user,
                                 .arg = TEXT(""),
                                 .flags = IL_LOCALS };
    il_submission *submission = NULL;

    assert_int_equal(set_user("base"), 0);
    assert_int_equal(il_submit_with(f->loop, &options, &submission), -EINVAL);
    assert_null(submission);
    options.flags = 0;
    assert_int_equal(il_submit_with(f->loop, &options, &submission), 0);
    settle(f);
    assert_string_equal(noted(), "base");
    assert_null(il_submission_unref(submission));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_local_child_sees_what_was_set_when_it_was_spawned),
        TEST(test_local_what_a_child_sets_is_its_own),
        TEST(test_local_names_are_independent),
        TEST(test_local_goes_down_all_generations),
        TEST(test_local_next_task_on_a_stack_begins_with_nothing),
        TEST(test_local_block_undoes_what_was_set_inside),
        TEST(test_local_block_is_left_on_every_path),
        TEST(test_local_code_outside_tasks_has_values_of_its_own),
        TEST(test_local_thread_without_a_loop_sees_initial_values),
        TEST(test_local_block_outlives_its_loop),
        TEST(test_local_kept_values_can_be_run_in),
        TEST(test_local_values_are_not_submitted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
