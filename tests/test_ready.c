/* SPDX-License-Identifier: MIT */

/* test_ready.c - a task says that it is ready, and who spawned it goes on. */

#include "support/fixture.h"
#include "support/servers.h"
#include "support/tasks.h"

#include <errno.h>
#include <string.h>

/* --- ready ------------------------------------------------------------------------ */

static int begin_server(void *arg)
{
    struct server server = { .preparation = IL_MS(10),
                             .life = IL_MS(50),
                             .value = 80 };
    void *value = NULL;
    il_task *task = NULL;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn_ready(&group, serve, &server, &task, &value), 0);
    CHECK_INT(now_ms(), 10);
    CHECK(value == &server.value);
    CHECK_INT(server.said, 0);
    CHECK(strcmp(il_task_get_name(task), "serve") == 0);
    CHECK(!il_task_is_done(task));
    CHECK_INT(il_group_count(&group), 1);
    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(now_ms(), 60);
    CHECK_INT(server.r, 0);
    il_task_unref(task);
    return 0;
}

static void test_ready_lets_the_caller_go_on_with_a_value(void **state)
{
    (void)state;
    run(begin_server);
}

static int begin_at_once(void *arg)
{
    struct server server = { .life = IL_MS(50), .value = 80 };
    struct server brief = { .result = 3 };
    void *value = NULL;
    il_task *task;
    il_group group;
    int result = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn_ready(&group, serve, &server, NULL, &value), 0);
    CHECK(value == &server.value);
    /* Ready and over, all in its first step. */
    CHECK_INT(il_spawn_ready(&group, serve, &brief, &task, NULL), 0);
    CHECK_INT(now_ms(), 0);
    CHECK_INT(il_task_try_join(task, &result), 0);
    CHECK_INT(result, 3);
    il_task_unref(task);
    CHECK_INT(il_group_count(&group), 1);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_ready_in_the_first_step_does_not_suspend(void **state)
{
    (void)state;
    run(begin_at_once);
}

/* --- where it lives --------------------------------------------------------------- */

static int fail_later(void *arg)
{
    struct server server = { .preparation = IL_MS(10),
                             .life = IL_MS(10),
                             .result = -EIO };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn_ready(&group, serve, &server, NULL, NULL), 0);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK_INT(now_ms(), 20);
    CHECK_INT(il_group_close(&group), -EIO);
    return 0;
}

static void test_ready_task_fails_as_any_of_its_group(void **state)
{
    (void)state;
    run(fail_later);
}

static int outlive_a_scope(void *arg)
{
    struct server server = { .preparation = IL_MS(10), .life = IL_MS(50) };
    il_group group;
    int r = 0;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    IL_TIMEOUT (IL_MS(20), &r) {
        r = il_spawn_ready(&group, serve, &server, NULL, NULL);
        CHECK_INT(r, 0);
        r = il_sleep(IL_FOREVER);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(server.r, 0);
    CHECK_INT(now_ms(), 60);
    return 0;
}

static void test_ready_task_outlives_the_callers_scopes(void **state)
{
    (void)state;
    run(outlive_a_scope);
}

static int cancel_the_group(void *arg)
{
    struct server server = { .preparation = IL_MS(10), .life = IL_MS(50) };
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn_ready(&group, serve, &server, NULL, NULL), 0);
    il_group_cancel(&group);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(server.r, -ECANCELED);
    return 0;
}

static void test_ready_task_is_cancelled_with_its_group(void **state)
{
    (void)state;
    run(cancel_the_group);
}

/* A task outside the group adds to it while its owner closes it. */
struct adder {
    il_group *group;
    struct server *server;
    int r;
};

static int add(void *arg)
{
    struct adder *adder = arg;

    adder->r = il_spawn_ready(adder->group, serve, adder->server, NULL, NULL);
    return 0;
}

static int close_meanwhile(struct server *server, int expected, il_time end)
{
    il_group group;
    struct adder adder = { &group, server, 0x5eed };
    il_time before = now_ms();

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(NULL, add, &adder, NULL), 0);
    CHECK_INT(il_group_count(&group), 1); /* expected */
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(now_ms() - before, end);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(adder.r, expected);
    return 0;
}

static int close_while_they_start(void *arg)
{
    struct server good = { .preparation = IL_MS(10), .life = IL_MS(10) };
    struct server bad = { .preparation = IL_MS(10), .failure = -EIO };

    (void)arg;
    CHECK_INT(close_meanwhile(&good, 0, 20), 0);
    CHECK_INT(good.r, 0);
    CHECK_INT(close_meanwhile(&bad, -EIO, 10), 0);
    return 0;
}

static void test_ready_group_waits_for_those_that_start(void **state)
{
    (void)state;
    run(close_while_they_start);
}

static int cancel_while_it_starts(void *arg)
{
    struct server server = { .preparation = IL_MS(10), .life = IL_FOREVER };
    il_group group;
    struct adder adder = { &group, &server, 0x5eed };

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(NULL, add, &adder, NULL), 0);
    il_group_cancel(&group);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(server.said, 0);
    CHECK_INT(server.r, -ECANCELED); /* as soon as it is the group's */
    CHECK_INT(il_yield(), 0);
    CHECK_INT(adder.r, 0);
    return 0;
}

static void test_ready_task_of_a_cancelled_group_is_cancelled_then(void **state)
{
    (void)state;
    run(cancel_while_it_starts);
}

static int add_to_cancelled(void *arg)
{
    struct server server = { .life = IL_FOREVER };
    il_group group;
    struct adder adder = { &group, &server, 0x5eed };

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    il_group_cancel(&group);
    CHECK_INT(il_spawn(NULL, add, &adder, NULL), 0);
    CHECK_INT(adder.r, -ECANCELED);
    CHECK_INT(server.r, 0); /* it never ran */
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

/* gh-94398: tasks were begun in a group that was going down. */
static void test_ready_cancelled_group_takes_no_tasks(void **state)
{
    (void)state;
    run(add_to_cancelled);
}

static int collect(void *arg)
{
    struct server good = { .preparation = IL_MS(10), .life = IL_MS(10) };
    struct server bad = { .preparation = IL_MS(10), .failure = -EIO };
    il_group group;
    struct adder adders[] = { { &group, &bad, 0 }, { &group, &good, 0 } };
    il_task *task = NULL;

    (void)arg;
    CHECK_INT(il_group_open(&group, IL_GROUP_COLLECT), 0);
    CHECK_INT(il_spawn(NULL, add, &adders[0], NULL), 0);
    CHECK_INT(il_group_next(&group, &task), -ENOENT); /* after its failure */
    CHECK_INT(now_ms(), 10);
    CHECK(task == NULL);
    CHECK_INT(il_spawn(NULL, add, &adders[1], NULL), 0);
    CHECK_INT(il_group_next(&group, &task), 0);
    CHECK_INT(now_ms(), 30);
    il_task_unref(task);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(adders[0].r, -EIO);
    CHECK_INT(adders[1].r, 0);
    return 0;
}

static void test_ready_tasks_are_collected_when_they_have_come(void **state)
{
    (void)state;
    run(collect);
}

static int begin_in_root(void *arg)
{
    struct server server = { .preparation = IL_MS(10), .life = IL_MS(50) };
    il_task *task;

    (void)arg;
    CHECK_INT(il_spawn_ready(NULL, serve, &server, &task, NULL), 0);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(il_task_join(task, NULL), 0);
    CHECK_INT(now_ms(), 60);
    il_task_unref(task);
    return 0;
}

static void test_ready_task_may_be_the_root_groups(void **state)
{
    (void)state;
    run(begin_in_root);
}

/* Its own groups and their tasks move with it. */
static int serve_with_helpers(void *arg)
{
    struct server helper = { .preparation = IL_FOREVER };
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn(&group, serve, &helper, NULL), 0);
    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK_INT(il_ready(NULL), 0);
    *(int *)arg = il_group_close(&group);
    return 0;
}

static int begin_family(void *arg)
{
    il_group group;
    int closed = 0x5eed;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn_ready(&group, serve_with_helpers, &closed, NULL, NULL),
              0);
    CHECK_INT(il_sleep(IL_MS(10)), 0);
    il_group_cancel(&group);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(closed, -ECANCELED);
    CHECK_INT(now_ms(), 20);
    return 0;
}

static void test_ready_task_moves_with_all_below_it(void **state)
{
    (void)state;
    run(begin_family);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ready_lets_the_caller_go_on_with_a_value),
        TEST(test_ready_in_the_first_step_does_not_suspend),
        TEST(test_ready_task_fails_as_any_of_its_group),
        TEST(test_ready_task_outlives_the_callers_scopes),
        TEST(test_ready_task_is_cancelled_with_its_group),
        TEST(test_ready_group_waits_for_those_that_start),
        TEST(test_ready_task_of_a_cancelled_group_is_cancelled_then),
        TEST(test_ready_cancelled_group_takes_no_tasks),
        TEST(test_ready_tasks_are_collected_when_they_have_come),
        TEST(test_ready_task_may_be_the_root_groups),
        TEST(test_ready_task_moves_with_all_below_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
