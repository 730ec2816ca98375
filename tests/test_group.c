/* SPDX-License-Identifier: MIT */

/* test_group.c - a closed group has no tasks, and the first error counts. */

#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>

struct child {
    il_time duration;
    int result;
    const char *name;
    int r; /* what the sleep came to */
};

static int live(void *arg)
{
    struct child *child = arg;

    child->r = 1;
    child->r = il_sleep(child->duration);
    if (child->name)
        note("%s%s", child->name, child->r == -ECANCELED ? "-" : "");
    return child->r < 0 ? child->r : child->result;
}

static int close_waits(void *arg)
{
    struct child a = { .duration = IL_MS(30), .name = "a", .result = 5 };
    struct child b = { .duration = IL_MS(10), .name = "b" };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_group_count(&group), 0);
    CHECK_INT(il_spawn(&group, live, &a, NULL), 0);
    CHECK_INT(il_spawn_lazy(&group, live, &b, NULL), 0);
    CHECK_INT(il_group_count(&group), 2);
    CHECK_INT(il_sleep(IL_MS(20)), 0);
    CHECK_INT(il_group_count(&group), 1);
    CHECK_INT(il_group_close(&group), 0);
    note("closed");
    CHECK_INT(now_ms(), 30);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_group_close_waits_for_all(void **state)
{
    (void)state;
    run(close_waits);
    assert_string_equal(noted(), "b a closed");
}

static int close_empty(void *arg)
{
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 1u << 30), -EINVAL);
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(il_group_close(&group), -ESRCH);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_group_empty_one_closes_at_once(void **state)
{
    il_group group;

    (void)state;
    assert_int_equal(il_group_open(&group, 0), -ESRCH);
    run(close_empty);
}

static int first_error(void *arg)
{
    struct child good = { .duration = IL_FOREVER, .name = "good" };
    struct child bad = { .duration = IL_MS(10), .result = -EIO, .name = "bad" };
    struct child worse = { .duration = IL_FOREVER, .name = "worse" };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, live, &good, NULL), 0);
    CHECK_INT(il_spawn(&group, live, &bad, NULL), 0);
    CHECK_INT(il_spawn(&group, live, &worse, NULL), 0);
    CHECK_INT(il_group_close(&group), -EIO);
    CHECK_INT(good.r, -ECANCELED);
    CHECK_INT(worse.r, -ECANCELED);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_group_first_error_cancels_the_siblings(void **state)
{
    (void)state;
    run(first_error);
    assert_string_equal(noted(), "bad good- worse-");
}

static int error_cancels_body(void *arg)
{
    struct child bad = { .duration = IL_MS(10), .result = -EIO };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, live, &bad, NULL), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK_INT(now_ms(), 10);
    CHECK(il_task_is_cancelled(il_task_current()));
    CHECK_INT(il_group_close(&group), -EIO);
    CHECK(!il_task_is_cancelled(il_task_current()));
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_group_first_error_cancels_the_body(void **state)
{
    (void)state;
    run(error_cancels_body);
}

static int fail_now(void *arg)
{
    return *(int *)arg;
}

static int error_in_first_step(void *arg)
{
    int error = -EPERM;
    struct child other = { .duration = IL_FOREVER };
    il_task *task = NULL;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, live, &other, NULL), 0);
    CHECK_INT(il_spawn(&group, fail_now, &error, &task), 0);
    CHECK(il_task_is_done(task));
    CHECK_INT(il_spawn(&group, live, &other, NULL), -ECANCELED);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_group_close(&group), -EPERM);
    il_task_unref(task);
    return 0;
}

/* The spawn succeeds all the same; the error arrives afterwards. */
static void test_group_error_of_a_first_step_surfaces_later(void **state)
{
    (void)state;
    run(error_in_first_step);
}

static int two_errors(void *arg)
{
    struct child first = { .duration = IL_MS(10), .result = -EIO };
    struct child second = { .duration = IL_MS(10), .result = -EPERM };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, live, &first, NULL), 0);
    CHECK_INT(il_spawn(&group, live, &second, NULL), 0);
    CHECK_INT(il_group_close(&group), -EIO);
    CHECK_INT(second.r, 0);
    return 0;
}

/* The second one cannot be returned, so it is reported. */
static void test_group_first_of_two_errors_counts(void **state)
{
    struct fixture *f = *state;

    run(two_errors);
    assert_int_equal(take_report(f).error, -EPERM);
}

static int supervise(void *arg)
{
    struct child bad = { .duration = IL_MS(10), .result = -EIO };
    struct child good = { .duration = IL_MS(20) };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_spawn(&group, live, &bad, NULL), 0);
    CHECK_INT(il_spawn(&group, live, &good, NULL), 0);
    CHECK_INT(il_sleep(IL_MS(15)), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(good.r, 0);
    CHECK_INT(now_ms(), 20);
    return 0;
}

static void test_group_supervised_error_is_reported_not_returned(void **state)
{
    struct fixture *f = *state;

    run(supervise);
    assert_int_equal(take_report(f).error, -EIO);
}

static int cancel_group(void *arg)
{
    struct child a = { .duration = IL_FOREVER };
    struct child b = { .duration = IL_FOREVER };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, live, &a, NULL), 0);
    CHECK_INT(il_spawn(&group, live, &b, NULL), 0);
    il_group_cancel(&group);
    il_group_cancel(&group);
    CHECK_INT(a.r, 1);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_spawn(&group, live, &a, NULL), -ECANCELED);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(a.r, -ECANCELED);
    CHECK_INT(b.r, -ECANCELED);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_group_cancelled_by_hand_closes_well(void **state)
{
    (void)state;
    run(cancel_group);
}

static int lonely_cancel(void *arg)
{
    struct child a = { .duration = IL_FOREVER };
    struct child b = { .duration = IL_MS(10) };
    il_task *task = NULL;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, live, &a, &task), 0);
    CHECK_INT(il_spawn(&group, live, &b, NULL), 0);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(a.r, -ECANCELED);
    CHECK_INT(b.r, 0);
    il_task_unref(task);
    return 0;
}

static void test_group_one_cancelled_child_is_no_error(void **state)
{
    (void)state;
    run(lonely_cancel);
}

struct nested {
    il_group *group;
    struct child grandchild;
};

static int spawn_into_group(void *arg)
{
    struct nested *nested = arg;

    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK_INT(il_spawn(nested->group, live, &nested->grandchild, NULL), 0);
    return 0;
}

static int children_add_children(void *arg)
{
    il_group group;
    struct nested nested = { &group, { .duration = IL_MS(20) } };

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, spawn_into_group, &nested, NULL), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(nested.grandchild.r, 0);
    CHECK_INT(now_ms(), 30);
    return 0;
}

static void test_group_children_may_add_children_while_it_closes(void **state)
{
    (void)state;
    run(children_add_children);
}

static int close_foreign(void *arg)
{
    CHECK_INT(il_group_close(arg), -ESRCH);
    return 0;
}

static int owner_only(void *arg)
{
    il_task *task = NULL;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_spawn(NULL, close_foreign, &group, NULL), 0);
    CHECK_INT(il_group_next(&group, &task), -ENOENT);
    CHECK(task == NULL);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_group_is_closed_by_its_owner_only(void **state)
{
    (void)state;
    run(owner_only);
}

/* --- Cancels from outside ------------------------------------------------- */

static int slow_cleaner(void *arg)
{
    int clean = 1;
    int r = il_sleep(IL_FOREVER);

    (void)arg;
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(50));
    }
    CHECK_INT(clean, 0);
    note("clean");
    return r;
}

static int outer_cancel(void *arg)
{
    il_group outer, inner;
    int r;

    (void)arg;
    CHECK_INT(il_group_open(&outer, 0), 0);
    CHECK_INT(il_spawn(&outer, slow_cleaner, NULL, NULL), 0);
    CHECK_INT(il_group_open(&inner, 0), 0);
    CHECK_INT(il_spawn(&inner, slow_cleaner, NULL, NULL), 0);
    r = il_group_close(&inner);
    CHECK_INT(r, -ECANCELED);
    note("inner");
    r = il_group_close(&outer);
    CHECK_INT(r, -ECANCELED);
    note("outer");
    CHECK_INT(il_yield(), -ECANCELED);
    return r;
}

static void test_group_close_waits_for_clean_up_when_cancelled(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, outer_cancel, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "clean clean inner outer");
    assert_int_equal(reap(task), -ECANCELED);
}

static int nested_error(void *arg)
{
    struct child bad = { .duration = IL_MS(10), .result = -EIO };
    struct child outer_child = { .duration = IL_MS(30) };
    il_group outer, inner;

    (void)arg;
    CHECK_INT(il_group_open(&outer, 0), 0);
    CHECK_INT(il_spawn(&outer, live, &outer_child, NULL), 0);
    CHECK_INT(il_group_open(&inner, 0), 0);
    CHECK_INT(il_spawn(&inner, live, &bad, NULL), 0);
    CHECK_INT(il_group_close(&inner), -EIO);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_group_close(&outer), 0);
    CHECK_INT(outer_child.r, 0);
    return 0;
}

static void test_group_error_stays_in_its_group(void **state)
{
    (void)state;
    run(nested_error);
}

static int time_out_group(void *arg)
{
    struct child a = { .duration = IL_FOREVER };
    il_group group;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(10), &r) {
        CHECK_INT(il_group_open(&group, 0), 0);
        CHECK_INT(il_spawn(&group, live, &a, NULL), 0);
        r = il_group_close(&group);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(a.r, -ECANCELED);
    return 0;
}

static void test_group_is_reached_by_a_timeout_around_it(void **state)
{
    (void)state;
    run(time_out_group);
}

static int count_up(void *arg)
{
    CHECK_INT(il_yield(), 0);
    ++*(unsigned *)arg;
    return 0;
}

static int ten_thousand(void *arg)
{
    unsigned n = 0;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    for (int i = 0; i < MANY(10000); i++)
        CHECK_INT(il_spawn(&group, count_up, &n, NULL), 0);
    CHECK_INT(il_group_count(&group), MANY(10000));
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(n, MANY(10000));
    return 0;
}

static void test_group_takes_ten_thousand_children(void **state)
{
    (void)state;
    run(ten_thousand);
}

static int spawn_after_close(void *arg)
{
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(il_spawn(&group, count_up, arg, NULL), -ESRCH);
    return 0;
}

/* The task would have been a child of storage that is about to go. */
static void test_group_closed_one_takes_no_tasks(void **state)
{
    (void)state;
    run(spawn_after_close);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_group_close_waits_for_all),
        TEST(test_group_empty_one_closes_at_once),
        TEST(test_group_first_error_cancels_the_siblings),
        TEST(test_group_first_error_cancels_the_body),
        TEST(test_group_error_of_a_first_step_surfaces_later),
        TEST(test_group_first_of_two_errors_counts),
        TEST(test_group_supervised_error_is_reported_not_returned),
        TEST(test_group_cancelled_by_hand_closes_well),
        TEST(test_group_one_cancelled_child_is_no_error),
        TEST(test_group_children_may_add_children_while_it_closes),
        TEST(test_group_is_closed_by_its_owner_only),
        TEST(test_group_close_waits_for_clean_up_when_cancelled),
        TEST(test_group_error_stays_in_its_group),
        TEST(test_group_is_reached_by_a_timeout_around_it),
        TEST(test_group_takes_ten_thousand_children),
        TEST(test_group_closed_one_takes_no_tasks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
