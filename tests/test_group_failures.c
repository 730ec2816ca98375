/* SPDX-License-Identifier: MIT */

/* test_group_failures.c - who failed with what, and groups that go on. */

#include "support/children.h"
#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>
#include <string.h>

static int begin(il_group *group, const char *name, struct child *child)
{
    const il_spawn_options options = { .fn = live, .arg = child, .name = name };

    return il_spawn_with(group, &options, NULL);
}

static void check_failure(const il_failure *failure, const char *name,
                          int error)
{
    CHECK(strcmp(failure->name, name) == 0);
    CHECK_INT(failure->error, error);
}

/* --- the list ------------------------------------------------------------------- */

static int keep_all(void *arg)
{
    struct child children[] = { { IL_MS(20), -EIO, 0 },
                                { IL_MS(30), -EPERM, -EBADF },
                                { IL_FOREVER, 0, 0 },
                                { IL_FOREVER, 0, 7 },
                                { 0, 5, 0 } };
    static const char *const names[] = { "a", "b", "c", "d", "e" };
    il_failure list[4];
    il_failures failures = IL_FAILURES_INIT(list);
    il_group group;

    (void)arg;
    CHECK_INT(failures.capacity, 4);
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_group_keep_failures(&group, &failures), 0);
    for (int i = 0; i < 5; i++)
        CHECK_INT(begin(&group, names[i], &children[i]), 0);
    CHECK_INT(il_group_close(&group), -EIO);
    /* c was cancelled, which is no failure; b failed when it was. */
    CHECK_INT(failures.n, 2);
    check_failure(&list[0], "a", -EIO);
    check_failure(&list[1], "b", -EBADF);
    CHECK(list[0].site == NULL);
    return 0;
}

/* The second would be reported otherwise. */
static void test_group_failures_are_kept_in_the_order_they_came(void **state)
{
    (void)state;
    run(keep_all);
}

static int keep_site(void *arg)
{
    struct child bad = { 0, -EIO, 0 };
    il_failure failure = { 0 };
    il_failures failures = { &failure, 1, 0 };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_group_keep_failures(&group, &failures), 0);
    CHECK_INT(il_spawn(&group, live, &bad, NULL), 0);
    CHECK_INT(failures.n, 1); /* at once */
    check_failure(&failure, "live", -EIO);
    CHECK(failure.site && failure.site->line == __LINE__ - 3);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_group_failures_know_name_and_place(void **state)
{
    (void)state;
    run(keep_site);
}

static int keep_some(void *arg)
{
    struct child bad = { IL_MS(10), -EIO, 0 };
    il_failure list[2];
    il_failures failures = IL_FAILURES_INIT(list);
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_group_keep_failures(&group, &failures), 0);
    CHECK_INT(begin(&group, "a", &bad), 0);
    CHECK_INT(begin(&group, "b", &bad), 0);
    CHECK_INT(begin(&group, "c", &bad), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(failures.n, 3);
    check_failure(&list[1], "b", -EIO);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void
test_group_failures_without_room_are_counted_and_reported(void **state)
{
    struct kept_report report;

    run(keep_some);
    report = take_report(*state);
    assert_string_equal(report.task_name, "c");
    assert_int_equal(report.error, -EIO);
}

static int keep_none(void *arg)
{
    struct child bad = { IL_MS(10), -EIO, 0 };
    il_failures failures = { NULL, 0, 0 };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_group_keep_failures(&group, &failures), 0);
    CHECK_INT(begin(&group, "a", &bad), 0);
    CHECK_INT(il_group_close(&group), -EIO);
    CHECK_INT(failures.n, 1);
    CHECK_INT(il_group_open(&group, IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_group_keep_failures(&group, &failures), 0);
    CHECK_INT(il_group_keep_failures(&group, NULL), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(failures.n, 1);
    return 0;
}

static void test_group_failures_may_be_counted_only(void **state)
{
    (void)state;
    run(keep_none);
}

static int refuse(void *arg)
{
    il_group *group = arg;
    il_failures failures = { NULL, 0, 0 };

    CHECK_INT(il_group_keep_failures(group, &failures), -ESRCH);
    return 0;
}

static int refuse_nonsense(void *arg)
{
    il_failures nothing = { NULL, 3, 0 };
    il_failures failures = { NULL, 0, 0 };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_group_keep_failures(NULL, &failures), -EINVAL);
    CHECK_INT(il_group_keep_failures(&group, &nothing), -EINVAL);
    CHECK_INT(il_spawn(&group, refuse, &group, NULL), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(il_group_keep_failures(&group, &failures), -ESRCH);
    return 0;
}

static void test_group_failures_are_the_owners(void **state)
{
    (void)state;
    run(refuse_nonsense);
}

/* --- supervisors ------------------------------------------------------------------ */

static int supervise(void *arg)
{
    struct child bad = { IL_MS(10), -EIO, 0 };
    struct child good = { IL_MS(20), 4, 0 };
    il_task *tasks[2];
    il_group group;
    int result;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_spawn(&group, live, &bad, NULL), 0);
    CHECK_INT(il_spawn(&group, live, &good, &tasks[0]), 0);
    CHECK_INT(il_sleep(IL_MS(15)), 0); /* nor is the body cancelled */
    CHECK_INT(il_spawn(&group, live, &good, &tasks[1]), 0);
    CHECK_INT(il_group_close(&group), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(il_task_try_join(tasks[i], &result), 0);
        CHECK_INT(result, 4);
        il_task_unref(tasks[i]);
    }
    return 0;
}

static void
test_group_failures_leave_siblings_of_a_supervisor_alone(void **state)
{
    struct kept_report report;

    run(supervise);
    report = take_report(*state);
    assert_int_equal(report.kind, IL_REPORT_UNHANDLED);
    assert_int_equal(report.error, -EIO);
    assert_string_equal(report.task_name, "live");
}

static int supervise_in_group(void *arg)
{
    struct child bad = { IL_MS(10), -EIO, 0 };
    struct child slow = { IL_FOREVER, 0, 0 };
    il_group outer;
    il_group inner;

    (void)arg;
    CHECK_INT(il_group_open(&outer, 0), 0);
    CHECK_INT(il_group_open(&inner, IL_GROUP_SUPERVISE), 0);
    CHECK_INT(il_spawn(&inner, live, &slow, NULL), 0);
    CHECK_INT(il_spawn(&outer, live, &bad, NULL), 0);
    CHECK_INT(il_group_close(&inner), -ECANCELED);
    CHECK_INT(il_group_close(&outer), -EIO);
    return 0;
}

/* A supervisor shelters its children from each other, not from outside. */
static void test_group_failures_around_a_supervisor_cancel_it(void **state)
{
    (void)state;
    run(supervise_in_group);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_group_failures_are_kept_in_the_order_they_came),
        TEST(test_group_failures_know_name_and_place),
        TEST(test_group_failures_without_room_are_counted_and_reported),
        TEST(test_group_failures_may_be_counted_only),
        TEST(test_group_failures_are_the_owners),
        TEST(test_group_failures_leave_siblings_of_a_supervisor_alone),
        TEST(test_group_failures_around_a_supervisor_cancel_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
