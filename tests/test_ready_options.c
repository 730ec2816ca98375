/* SPDX-License-Identifier: MIT */

/* test_ready_options.c - il_ready() by whom nobody waits for, options, and mistakes. */

#include "support/fixture.h"
#include "support/servers.h"
#include "support/tasks.h"

#include <errno.h>
#include <string.h>

/* --- not ready -------------------------------------------------------------------- */

static int fail_before(void *arg)
{
    struct server bad = { .preparation = IL_MS(10), .failure = -EADDRINUSE };
    struct server at_once = { .failure = -EADDRINUSE };
    struct server silent = { .preparation = IL_MS(10), .is_silent = true };
    il_task *task = arg;
    void *value = arg;
    il_group group;

    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn_ready(&group, serve, &bad, &task, &value), -EADDRINUSE);
    CHECK_INT(il_spawn_ready(&group, serve, &at_once, &task, &value),
              -EADDRINUSE);
    CHECK_INT(il_spawn_ready(&group, serve, &silent, &task, &value), -EPROTO);
    CHECK(task == arg && value == arg);
    CHECK_INT(il_group_count(&group), 0);
    CHECK_INT(il_yield(), 0); /* nothing is cancelled */
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

/* And nothing is reported. */
static void test_ready_failure_before_is_the_callers(void **state)
{
    (void)state;
    run(fail_before);
}

static int cancel_self(void *arg)
{
    (void)arg;
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    return il_sleep(IL_FOREVER);
}

static int begin_a_suicide(void *arg)
{
    (void)arg;
    CHECK_INT(il_spawn_ready(NULL, cancel_self, NULL, NULL, NULL), -EPROTO);
    return 0;
}

/* -ECANCELED would say that the caller is. */
static void test_ready_task_cancelled_by_somebody_was_not_ready(void **state)
{
    (void)state;
    run(begin_a_suicide);
}

/* --- il_ready() elsewhere ----------------------------------------------------------- */

static int say_it_often(void *arg)
{
    (void)arg;
    CHECK_INT(il_ready(TEXT("first")), 0);
    CHECK_INT(il_ready(TEXT("second")), 0);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_ready(TEXT("third")), 0);
    return 5;
}

static int spawn_either_way(void *arg)
{
    void *value = NULL;
    il_task *task;
    int result;

    (void)arg;
    CHECK_INT(il_spawn_ready(NULL, say_it_often, NULL, NULL, &value), 0);
    CHECK(strcmp(value, "first") == 0);
    CHECK_INT(il_spawn(NULL, say_it_often, NULL, &task), 0);
    CHECK_INT(il_task_join(task, &result), 0);
    CHECK_INT(result, 5);
    il_task_unref(task);
    CHECK_INT(il_ready(NULL), 0);
    return 0;
}

static void test_ready_need_not_be_waited_for(void **state)
{
    (void)state;
    assert_int_equal(il_ready(NULL), -ESRCH);
    run(spawn_either_way);
}

/* --- options ------------------------------------------------------------------------ */

static int n_destroyed;

static void destroy(void *arg)
{
    (void)arg;
    n_destroyed++;
}

static int begin_with_options(void *arg)
{
    struct server server = { .preparation = IL_MS(10), .life = IL_MS(10) };
    struct server bad = { .preparation = IL_MS(10), .failure = -ENOMEM };
    il_spawn_options options = { .fn = serve,
                                 .arg = &server,
                                 .destroy = destroy,
                                 .name = "server",
                                 .flags = IL_LAZY };
    il_task *task;
    il_group group;

    (void)arg;
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_spawn_ready_with(&group, &options, &task, NULL), 0);
    CHECK(strcmp(il_task_get_name(task), "server") == 0);
    CHECK_INT(n_destroyed, 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    il_task_unref(task);
    CHECK_INT(n_destroyed, 1);
    options.arg = &bad;
    CHECK_INT(il_spawn_ready_with(&group, &options, NULL, NULL), -ENOMEM);
    CHECK_INT(n_destroyed, 2);
    options.flags = 0x5eed;
    CHECK_INT(il_spawn_ready_with(&group, &options, NULL, NULL), -EINVAL);
    CHECK_INT(n_destroyed, 3);
    options.flags = 0;
    il_group_cancel(&group);
    CHECK_INT(il_spawn_ready_with(&group, &options, NULL, NULL), -ECANCELED);
    CHECK_INT(n_destroyed, 4);
    CHECK_INT(il_spawn_ready_with(&group, NULL, NULL, NULL), -ECANCELED);
    CHECK_INT(il_group_close(&group), 0);
    return 0;
}

static void test_ready_takes_every_option_and_the_argument(void **state)
{
    (void)state;
    n_destroyed = 0;
    run(begin_with_options);
}

static int refuse(void *arg)
{
    struct server server = { .life = 0 };
    il_group group;

    (void)arg;
    CHECK_INT(il_spawn_ready(NULL, NULL, NULL, NULL, NULL), -EINVAL);
    CHECK_INT(il_spawn_ready_with(NULL, NULL, NULL, NULL), -EINVAL);
    CHECK_INT(il_group_open(&group, 0), 0);
    CHECK_INT(il_group_close(&group), 0);
    CHECK_INT(il_spawn_ready(&group, serve, &server, NULL, NULL), -ESRCH);
    return 0;
}

static void test_ready_refuses_nonsense(void **state)
{
    struct server server = { .life = 0 };

    (void)state;
    assert_int_equal(il_spawn_ready(NULL, serve, &server, NULL, NULL), -ESRCH);
    run(refuse);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ready_failure_before_is_the_callers),
        TEST(test_ready_task_cancelled_by_somebody_was_not_ready),
        TEST(test_ready_need_not_be_waited_for),
        TEST(test_ready_takes_every_option_and_the_argument),
        TEST(test_ready_refuses_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
