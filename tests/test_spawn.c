/* SPDX-License-Identifier: MIT */

/* test_spawn.c - arguments, destructors, names and refusals of il_spawn(). */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>

struct parcel {
    char text[40];
    int number;
};

static unsigned n_destroyed;
static const void *seen_by_body;
static const void *seen_by_destroy;

static int reset(void **state)
{
    n_destroyed = 0;
    seen_by_body = NULL;
    seen_by_destroy = NULL;
    return setup(state);
}

static void destroy(void *arg)
{
    n_destroyed++;
    seen_by_destroy = arg;
    note("destroyed");
}

static int deliver(void *arg)
{
    struct parcel *parcel = arg;

    seen_by_body = parcel;
    CHECK_INT(il_yield(), 0);
    note("%s %d", parcel->text, parcel->number);
    return parcel->number;
}

static int fail_at_once(void *arg)
{
    seen_by_body = arg;
    return -EIO;
}

static int wait_for_ever(void *arg)
{
    int r = il_sleep(IL_FOREVER);

    seen_by_body = arg;
    CHECK_INT(r, -ECANCELED);
    return r;
}

static void test_spawn_copy_is_independent_of_the_original(void **state)
{
    struct fixture *f = *state;
    struct parcel parcel = { "book", 7 };
    il_task *task;

    assert_int_equal(
        il_spawn_copy(NULL, deliver, &parcel, sizeof parcel, &task), 0);
    memset(&parcel, 0xff, sizeof parcel);
    settle(f);

    assert_string_equal(noted(), "book 7");
    assert_ptr_not_equal(seen_by_body, &parcel);
    assert_int_equal(reap(task), 7);
}

static void test_spawn_copy_also_serves_lazy_tasks(void **state)
{
    struct fixture *f = *state;
    struct parcel parcel = { "lamp", 3 };
    il_spawn_options options = { .fn = deliver,
                                 .arg = &parcel,
                                 .copy_size = sizeof parcel,
                                 .flags = IL_LAZY };

    assert_int_equal(il_spawn_with(NULL, &options, NULL), 0);
    memset(&parcel, 0xff, sizeof parcel);
    settle(f);
    assert_string_equal(noted(), "lamp 3");
}

static int check_block(void *arg)
{
    const unsigned char *block = arg;

    CHECK_INT((uintptr_t)block % 16, 0);
    CHECK_INT(il_yield(), 0);
    for (int i = 0; i < 1024; i++)
        if (!CHECK_INT(block[i], (unsigned char)(i * 7)))
            break;
    return 0;
}

static void test_spawn_copy_takes_1024_bytes_and_no_more(void **state)
{
    struct fixture *f = *state;
    unsigned char block[1025];
    il_task *task = (il_task *)block;

    for (int i = 0; i < 1025; i++)
        block[i] = (unsigned char)(i * 7);
    assert_int_equal(il_spawn_copy(NULL, check_block, block, 1025, &task),
                     -EINVAL);
    assert_ptr_equal(task, block);
    assert_int_equal(il_spawn_copy(NULL, check_block, block, 1024, NULL), 0);
    settle(f);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static int check_alignment(void *arg)
{
    CHECK_INT((uintptr_t)arg % 16, 0);
    return 0;
}

static void test_spawn_copy_is_aligned_for_every_size(void **state)
{
    char bytes[64] = { 0 };

    (void)state;
    for (size_t size = 1; size <= sizeof bytes; size++)
        assert_int_equal(
            il_spawn_copy(NULL, check_alignment, bytes, size, NULL), 0);
}

static void test_spawn_destroys_the_argument_when_the_task_ends(void **state)
{
    struct fixture *f = *state;
    struct parcel parcel = { "cup", 1 };
    il_spawn_options options = { .fn = deliver,
                                 .arg = &parcel,
                                 .destroy = destroy };

    assert_int_equal(il_spawn_with(NULL, &options, NULL), 0);
    assert_int_equal(n_destroyed, 0);
    settle(f);

    assert_int_equal(n_destroyed, 1);
    assert_ptr_equal(seen_by_destroy, &parcel);
    assert_string_equal(noted(), "cup 1 destroyed");
}

static void test_spawn_destroys_the_copy_not_the_original(void **state)
{
    struct fixture *f = *state;
    struct parcel parcel = { "cup", 1 };
    il_spawn_options options = { .fn = deliver,
                                 .arg = &parcel,
                                 .copy_size = sizeof parcel,
                                 .destroy = destroy };

    assert_int_equal(il_spawn_with(NULL, &options, NULL), 0);
    settle(f);
    assert_int_equal(n_destroyed, 1);
    assert_ptr_equal(seen_by_destroy, seen_by_body);
    assert_ptr_not_equal(seen_by_destroy, &parcel);
}

static void test_spawn_destroys_the_argument_of_a_failed_body(void **state)
{
    int dummy = 0;
    il_task *task;
    il_spawn_options options = { .fn = fail_at_once,
                                 .arg = &dummy,
                                 .destroy = destroy };

    (void)state;
    assert_int_equal(il_spawn_with(NULL, &options, &task), 0);
    assert_int_equal(n_destroyed, 1);
    assert_int_equal(reap(task), -EIO);
    assert_int_equal(n_destroyed, 1);
}

static void test_spawn_destroys_the_argument_of_a_body_never_run(void **state)
{
    struct fixture *f = *state;
    struct parcel parcel = { "hat", 5 };
    il_task *task;
    il_spawn_options options = {
        .fn = deliver, .arg = &parcel, .destroy = destroy, .flags = IL_LAZY
    };

    assert_int_equal(il_spawn_with(NULL, &options, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(n_destroyed, 0);
    settle(f);

    assert_null(seen_by_body);
    assert_int_equal(n_destroyed, 1);
    assert_ptr_equal(seen_by_destroy, &parcel);
    assert_int_equal(reap(task), -ECANCELED);
}

static void test_spawn_destroys_the_argument_when_the_loop_closes(void **state)
{
    struct fixture *f = *state;
    il_spawn_options options = { .fn = wait_for_ever,
                                 .arg = &options,
                                 .destroy = destroy };
    il_spawn_options lazy = {
        .fn = wait_for_ever, .arg = &lazy, .destroy = destroy, .flags = IL_LAZY
    };

    assert_int_equal(il_spawn_with(NULL, &options, NULL), 0);
    assert_int_equal(il_spawn_with(NULL, &lazy, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_int_equal(n_destroyed, 2);
    assert_ptr_equal(seen_by_body, &options);
}

static void test_spawn_refuses_nonsense_and_keeps_its_hands_off(void **state)
{
    il_task *task = (il_task *)state;
    il_spawn_options no_body = { .arg = &task, .destroy = destroy };
    il_spawn_options flags = { .fn = wait_for_ever,
                               .destroy = destroy,
                               .flags = 1u << 31 };
    il_spawn_options stack = { .fn = wait_for_ever,
                               .destroy = destroy,
                               .stack_size = ((size_t)1 << 30) + 1 };
    il_spawn_options copy = { .fn = wait_for_ever,
                              .arg = &task,
                              .destroy = destroy,
                              .copy_size = SIZE_MAX };

    assert_int_equal(il_spawn_with(NULL, &no_body, &task), -EINVAL);
    assert_int_equal(il_spawn_with(NULL, &flags, &task), -EINVAL);
    assert_int_equal(il_spawn_with(NULL, &stack, &task), -EINVAL);
    assert_int_equal(il_spawn_with(NULL, &copy, &task), -EINVAL);
    assert_int_equal(il_spawn(NULL, NULL, NULL, &task), -EINVAL);
    assert_ptr_equal(task, state);
    assert_int_equal(n_destroyed, 0);
}

static void test_spawn_is_refused_by_a_closed_loop(void **state)
{
    struct fixture *f = *state;
    il_task *task = (il_task *)state;
    il_spawn_options options = { .fn = wait_for_ever, .destroy = destroy };
    int r;

    assert_int_equal(il_loop_close(f->loop, 0), 0);
    r = il_spawn_with(NULL, &options, &task);
    assert_true(r == -ESHUTDOWN || r == -ESRCH);
    assert_ptr_equal(task, state);
    assert_int_equal(n_destroyed, 0);
}

static void test_spawn_names_the_task_after_its_body(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, wait_for_ever, NULL, &task), 0);
    assert_string_equal(il_task_get_name(task), "wait_for_ever");
    il_task_unref(task);
}

static void test_spawn_copies_the_name(void **state)
{
    char name[] = "courier";
    il_task *task;
    il_spawn_options options = { .fn = wait_for_ever, .name = name };

    (void)state;
    assert_int_equal(il_spawn_with(NULL, &options, &task), 0);
    memset(name, 'x', sizeof name - 1);
    assert_string_equal(il_task_get_name(task), "courier");
    il_task_unref(task);
}

static void test_spawn_without_site_or_name_is_nameable(void **state)
{
    il_task *task;
    il_spawn_options options = { .fn = wait_for_ever };

    (void)state;
    assert_int_equal(il_spawn_with(NULL, &options, &task), 0);
    assert_non_null(il_task_get_name(task));
    il_task_set_name(task, "0123456789012345678901234567890123456789");
    assert_string_equal(il_task_get_name(task),
                        "0123456789012345678901234567890");
    il_task_set_name(task, "short");
    assert_string_equal(il_task_get_name(task), "short");
    il_task_unref(task);
}

static int read_callers_local(void *arg)
{
    int value = *(int *)arg;

    CHECK_INT(il_yield(), 0);
    return value;
}

static int lend_a_local(void *arg)
{
    int local = 11;

    CHECK_INT(il_spawn(NULL, read_callers_local, &local, arg), 0);
    local = 99;
    return 0;
}

static void test_spawn_lets_the_first_step_read_callers_locals(void **state)
{
    struct fixture *f = *state;
    il_task *task = NULL;

    assert_int_equal(il_spawn(NULL, lend_a_local, &task, NULL), 0);
    settle(f);
    assert_int_equal(reap(task), 11);
}

static int end_with_argument(void *arg)
{
    return *(int *)arg;
}

static void test_spawn_argument_can_be_asked_for(void **state)
{
    int number = 12;
    il_task *task = NULL;

    (void)state;
    assert_int_equal(il_spawn(NULL, end_with_argument, &number, &task), 0);
    assert_ptr_equal(il_task_get_arg(task), &number);
    assert_int_equal(reap(task), 12);
    assert_int_equal(
        il_spawn_copy(NULL, end_with_argument, &number, sizeof number, &task),
        0);
    assert_ptr_not_equal(il_task_get_arg(task), &number);
    assert_int_equal(*(int *)il_task_get_arg(task), 12); /* also at its end */
    assert_int_equal(reap(task), 12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_spawn_copy_is_independent_of_the_original),
        TEST(test_spawn_copy_also_serves_lazy_tasks),
        TEST(test_spawn_copy_takes_1024_bytes_and_no_more),
        TEST(test_spawn_copy_is_aligned_for_every_size),
        TEST(test_spawn_destroys_the_argument_when_the_task_ends),
        TEST(test_spawn_destroys_the_copy_not_the_original),
        TEST(test_spawn_destroys_the_argument_of_a_failed_body),
        TEST(test_spawn_destroys_the_argument_of_a_body_never_run),
        TEST(test_spawn_destroys_the_argument_when_the_loop_closes),
        TEST(test_spawn_refuses_nonsense_and_keeps_its_hands_off),
        TEST(test_spawn_is_refused_by_a_closed_loop),
        TEST(test_spawn_names_the_task_after_its_body),
        TEST(test_spawn_copies_the_name),
        TEST(test_spawn_without_site_or_name_is_nameable),
        TEST(test_spawn_lets_the_first_step_read_callers_locals),
        TEST(test_spawn_argument_can_be_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
