/* SPDX-License-Identifier: MIT */

/* test_ready_cancel.c - cancels before, at and after the moment a task is
 * ready. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>

/* It prepares for 20 ms, is ready, lives for 20 ms and cleans up for 5. */
struct server {
    il_group *group;
    int n_open; /* resources it holds */
    int said;   /* what il_ready() came to; 0x5eed: not called */
    int r;      /* what il_spawn_ready() came to */
    int next;   /* the suspension after it */
};

static int serve(void *arg)
{
    struct server *server = arg;
    int clean = 0;
    int r;

    server->n_open++;
    server->said = 0x5eed;
    r = il_sleep(IL_MS(20));
    if (r == 0)
        r = server->said = il_ready(server);
    if (r == 0)
        r = il_sleep(IL_MS(20));
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(5));
    }
    CHECK_INT(clean, 0);
    server->n_open--;
    return r;
}

static int begin(void *arg)
{
    struct server *server = arg;
    void *value = NULL;
    il_task *task = NULL;

    server->r = il_spawn_ready(server->group, serve, server, &task, &value);
    server->next = il_yield();
    CHECK_INT(server->r == 0, value == server);
    CHECK_INT(server->r == 0, task != NULL);
    il_task_unref(task);
    return 0;
}

static void cancel_at(struct fixture *f, int at_ms)
{
    struct server server = { .group = NULL };
    il_task *task;

    assert_int_equal(il_spawn(NULL, begin, &server, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(at_ms)), 0);
    if (!il_task_is_done(task)) {
        assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(server.n_open, 1); /* waits for the clean-up */
    }
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(reap(task), 0);
    assert_int_equal(server.r, at_ms < 20 ? -ECANCELED : 0);
    assert_int_equal(server.next, at_ms < 20 ? -ECANCELED : 0);
    assert_int_equal(server.n_open, at_ms >= 20 && at_ms < 40);
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
    assert_int_equal(server.n_open, 0);
    assert_int_equal(server.said, at_ms < 20 ? 0x5eed : 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static void test_ready_cancelled_at_every_moment_leaves_nothing(void **state)
{
    for (int at_ms = 0; at_ms <= 50; at_ms += 5)
        cancel_at(*state, at_ms);
}

/* --- the same instant --------------------------------------------------------------- */

struct race {
    il_task *caller;
    int said;
    int r;
    int next;
};

/* Ready, and then its caller is cancelled before it runs. */
static int be_ready_and_cancel(void *arg)
{
    struct race *race = arg;

    CHECK_INT(il_sleep(IL_MS(10)), 0);
    race->said = il_ready(NULL);
    CHECK_INT(il_task_cancel(race->caller), 0);
    return il_sleep(IL_MS(10));
}

/* The other way round. */
static int cancel_and_be_ready(void *arg)
{
    struct race *race = arg;

    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK_INT(il_task_cancel(race->caller), 0);
    race->said = il_ready(NULL);
    CHECK_INT(il_sleep(IL_MS(10)), race->said);
    return race->said;
}

static int begin_ready_and_cancel(void *arg)
{
    struct race *race = arg;

    race->caller = il_task_current();
    race->r = il_spawn_ready(NULL, be_ready_and_cancel, race, NULL, NULL);
    race->next = il_yield();
    return 0;
}

static int begin_cancel_and_ready(void *arg)
{
    struct race *race = arg;

    race->caller = il_task_current();
    race->r = il_spawn_ready(NULL, cancel_and_be_ready, race, NULL, NULL);
    race->next = il_yield();
    return 0;
}

static void test_ready_before_a_cancel_is_ready(void **state)
{
    struct fixture *f = *state;
    struct race race = { .r = 0x5eed };

    assert_int_equal(il_spawn(NULL, begin_ready_and_cancel, &race, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(race.said, 0);
    assert_int_equal(race.r, 0);
    assert_int_equal(race.next, -ECANCELED);
    assert_int_equal(il_loop_count_tasks(f->loop), 1);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static void test_ready_after_a_cancel_is_too_late(void **state)
{
    struct fixture *f = *state;
    struct race race = { .r = 0x5eed };

    assert_int_equal(il_spawn(NULL, begin_cancel_and_ready, &race, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(race.said, -ECANCELED);
    assert_int_equal(race.r, -ECANCELED);
    assert_int_equal(race.next, -ECANCELED);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static int begin_within(void *arg)
{
    struct server server = { .group = NULL };
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(20), &r) {
        r = il_spawn_ready(NULL, serve, &server, NULL, NULL);
    }
    /* The child was put to sleep later, so the deadline comes first. */
    CHECK_INT(r, -ETIMEDOUT);
    CHECK(server.said == 0x5eed || server.said == -ECANCELED);
    CHECK_INT(server.n_open, 0);
    return 0;
}

static void test_ready_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_run(begin_within, NULL), 0);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

/* A cancelled child that goes on under a shield still cannot become ready. */
static int prepare_under_a_shield(void *arg)
{
    int r = 0;

    IL_SHIELD (IL_SEC(1), &r) {
        r = il_sleep(IL_MS(10));
    }
    CHECK_INT(r, 0);
    *(int *)arg = il_ready(NULL);
    return 7;
}

static int begin_shielded(void *arg)
{
    int said = 0x5eed;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(5), &r) {
        r = il_spawn_ready(NULL, prepare_under_a_shield, &said, NULL, NULL);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(said, -ECANCELED);
    return 0;
}

static void test_ready_is_too_late_under_a_shield_as_well(void **state)
{
    (void)state;
    assert_int_equal(il_run(begin_shielded, NULL), 0);
}

/* But what is cancelled by itself alone may still be ready, and is cancelled. */
static int begin_cancelled_child(void *arg)
{
    (void)arg;
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK_INT(il_ready(NULL), 0);
    CHECK_INT(il_yield(), -ECANCELED);
    return -ECANCELED;
}

static int begin_cancelled(void *arg)
{
    il_task *task;
    int result = 0;

    (void)arg;
    CHECK_INT(il_spawn_ready(NULL, begin_cancelled_child, NULL, &task, NULL),
              0);
    CHECK_INT(il_task_try_join(task, &result), 0);
    CHECK_INT(result, -ECANCELED);
    il_task_unref(task);
    return 0;
}

static void test_ready_task_may_be_cancelled_by_itself(void **state)
{
    (void)state;
    assert_int_equal(il_run(begin_cancelled, NULL), 0);
}

/* --- seen from outside --------------------------------------------------------------- */

static void test_ready_caller_is_told_on_by_the_dump(void **state)
{
    struct fixture *f = *state;
    struct server server = { .group = NULL };

    assert_int_equal(il_spawn(NULL, begin, &server, NULL), 0);
    dump_as(il_dump_tasks, 2);
    assert_true(has("begin: waits for a task to be ready"));
    assert_true(has("  serve: waits for time"));
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
}

static void test_ready_wait_ends_with_the_loop(void **state)
{
    struct fixture *f = *state;
    struct server server = { .group = NULL, .r = 0x5eed };

    assert_int_equal(il_spawn(NULL, begin, &server, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), 0);
    assert_int_equal(server.r, -ECANCELED);
    assert_int_equal(server.n_open, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define TEST_MANUAL(name)                                                      \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_MANUAL(test_ready_cancelled_at_every_moment_leaves_nothing),
        TEST_MANUAL(test_ready_before_a_cancel_is_ready),
        TEST_MANUAL(test_ready_after_a_cancel_is_too_late),
        TEST(test_ready_deadline_at_the_same_instant),
        TEST(test_ready_is_too_late_under_a_shield_as_well),
        TEST(test_ready_task_may_be_cancelled_by_itself),
        TEST_MANUAL(test_ready_caller_is_told_on_by_the_dump),
        TEST_MANUAL(test_ready_wait_ends_with_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
