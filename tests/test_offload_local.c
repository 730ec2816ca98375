/* SPDX-License-Identifier: MIT */

/* test_offload_local.c - what jobs see of the values of their tasks. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/pool_clients.h"
#include "support/tasks.h"

#include <errno.h>
#include <string.h>

/* A value that notes its end. */
static void bury(void *value)
{
    note("-%s", (const char *)value);
}

static const il_local user = IL_LOCAL_INIT("nobody", NULL);
static const il_local mortal = IL_LOCAL_INIT("none", bury);

static int set_value(const il_local *local, const char *value)
{
    return il_local_set(local, (void *)(uintptr_t)value);
}

/* A job: notes who it sees. */
static int note_user(void *arg)
{
    note("%s%s", (const char *)arg, (const char *)il_local_get(&user));
    return 0;
}

/* --- whose values --------------------------------------------------------- */

static int offload_in_a_child(void *pool)
{
    CHECK_INT(il_offload_to(pool, note_user, TEXT("2:"), NULL), 0);
    CHECK_INT(set_value(&user, "child"), 0);
    CHECK_INT(il_offload_to(pool, note_user, TEXT("3:"), NULL), 0);
    return 0;
}

static int offload_here_and_there(void *pool)
{
    il_task *child = NULL;
    int r = 0;

    CHECK_INT(il_offload_to(pool, note_user, TEXT("0:"), NULL), 0);
    IL_WITH_LOCAL (&user, "ann", &r) {
        CHECK_INT(il_offload_to(pool, note_user, TEXT("1:"), NULL), 0);
        CHECK_INT(il_spawn_lazy(NULL, offload_in_a_child, pool, &child), 0);
    }
    CHECK_INT(r, 0);
    CHECK_INT(il_task_join(child, NULL), 0);
    il_task_unref(child);
    /* One thread has run them all: nothing is left behind in it. */
    CHECK_INT(il_offload_to(pool, note_user, TEXT("4:"), NULL), 0);
    return 0;
}

static void test_offload_job_sees_the_values_of_its_task(void **state)
{
    il_pool *pool = make_pool(1);

    (void)state;
    assert_int_equal(il_run(offload_here_and_there, pool), 0);
    assert_string_equal(noted(), "0:nobody 1:ann 2:ann 3:child 4:nobody");
    end_pool(pool);
}

struct look {
    il_pool *pool;
    struct gate gate;
    const char *first;
    const char *second;
};

static int look_twice(void *arg)
{
    struct look *look = arg;

    look->first = il_local_get(&user);
    (void)gate_pass(&look->gate);
    look->second = il_local_get(&user);
    return 0;
}

static int offload_look(void *arg)
{
    struct look *look = arg;

    return il_offload_to(look->pool, look_twice, look, NULL);
}

static int share_values(void *arg)
{
    struct look *look = arg;
    il_task *task = NULL;
    int r = 0;

    CHECK_INT(set_value(&user, "both"), 0);
    CHECK_INT(il_spawn(NULL, offload_look, look, &task), 0);
    gate_wait_begun(&look->gate);
    /* The job's task has the same array. */
    CHECK_INT(set_value(&user, "other"), 0);
    IL_WITH_LOCAL (&user, "inner", &r) {
        gate_open(&look->gate);
        CHECK_INT(il_task_join(task, NULL), 0);
    }
    CHECK_INT(r, 0);
    il_task_unref(task);
    return 0;
}

static void test_offload_job_does_not_see_what_others_set(void **state)
{
    struct look look = { .pool = make_pool(1) };

    (void)state;
    gate_init(&look.gate, 0);
    assert_int_equal(il_run(share_values, &look), 0);
    assert_string_equal(look.first, "both");
    assert_string_equal(look.second, "both");
    end_pool(look.pool);
    gate_fini(&look.gate);
}

/* Many tasks share values and let go of them while jobs look. */
enum { N_TASKS = 20, N_JOBS = 50 };

static int see_father(void *arg)
{
    (void)arg;
    CHECK_INT(strcmp(il_local_get(&user), "father"), 0);
    CHECK_INT(strcmp(il_local_get(&mortal), "none"), 0);
    return 0;
}

static int set_and_offload(void *pool)
{
    static const il_local other = IL_LOCAL_INIT(NULL, NULL);

    for (int i = 0; i < N_JOBS; i++) {
        CHECK_INT(il_offload_to(pool, see_father, NULL, NULL), 0);
        CHECK_INT(il_local_set(&other, pool), 0);
    }
    return 0;
}

static int offload_many(void *pool)
{
    il_call calls[N_TASKS];

    CHECK_INT(set_value(&user, "father"), 0);
    for (int i = 0; i < N_TASKS; i++)
        calls[i] = (il_call){ .fn = set_and_offload, .arg = pool };
    return il_gather(calls, N_TASKS);
}

static void test_offload_jobs_look_while_tasks_set(void **state)
{
    il_pool *pool = make_pool(3);

    (void)state;
    assert_int_equal(il_run(offload_many, pool), 0);
    end_pool(pool);
}

/* --- how long ------------------------------------------------------------- */

static int note_mortal(void *arg)
{
    struct look *look = arg;

    (void)gate_pass(&look->gate);
    note("job:%s", (const char *)il_local_get(&mortal));
    return 0;
}

static int offload_mortal(void *arg)
{
    struct look *look = arg;
    int r;

    CHECK_INT(set_value(&mortal, "value"), 0);
    r = il_offload_to(look->pool, note_mortal, look, NULL);
    note("task");
    return r;
}

static void test_offload_values_stay_until_the_job_has_ended(void **state)
{
    struct fixture *f = *state;
    struct look look = { .pool = make_pool(1) };
    il_task *task = NULL;

    gate_init(&look.gate, 0);
    assert_int_equal(il_spawn(NULL, offload_mortal, &look, &task), 0);
    gate_wait_begun(&look.gate);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_string_equal(noted(), "");
    gate_open(&look.gate);
    finish(task);
    assert_string_equal(noted(), "job:value task -value");
    end_pool(look.pool);
    gate_fini(&look.gate);
}

/* A task that was abandoned keeps what its job sees. */
static void test_offload_values_stay_when_the_loop_is_gone(void **state)
{
    static struct look look;
    struct fixture *f = *state;
    il_task *task = NULL;

    look.pool = make_pool(1);
    gate_init(&look.gate, 0);
    assert_int_equal(il_spawn(NULL, offload_mortal, &look, &task), 0);
    gate_wait_begun(&look.gate);
    assert_int_equal(il_loop_close(f->loop, 0), -ETIMEDOUT);
    f->loop = il_loop_unref(f->loop);
    assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
    gate_open(&look.gate);
    end_pool(look.pool);
    assert_string_equal(noted(), "job:value");
    assert_int_equal(reap(task), -ECANCELED);
    gate_fini(&look.gate);
}

/* --- what a job cannot do ------------------------------------------------- */

static int try_to_set(void *arg)
{
    int r = 0;

    (void)arg;
    CHECK_INT(set_value(&user, "job"), -ESRCH);
    IL_WITH_LOCAL (&user, "job", &r) {
        note("never");
    }
    CHECK_INT(r, -ESRCH);
    CHECK(!il_locals_capture());
    return note_user(TEXT(""));
}

static int offload_try_to_set(void *pool)
{
    CHECK_INT(set_value(&user, "task"), 0);
    return il_offload_to(pool, try_to_set, NULL, NULL);
}

static void test_offload_job_cannot_set_values(void **state)
{
    il_pool *pool = make_pool(1);

    (void)state;
    assert_int_equal(il_run(offload_try_to_set, pool), 0);
    assert_string_equal(noted(), "task");
    end_pool(pool);
}

static int use_own_loop(void *arg)
{
    il_loop *loop = NULL;

    (void)arg;
    CHECK_INT(il_loop_new(&loop), 0);
    CHECK_INT(il_run(note_user, TEXT("inside:")), 0);
    CHECK_INT(il_loop_close(loop, 0), 0);
    il_loop_unref(loop);
    return note_user(TEXT("outside:"));
}

static int offload_own_loop(void *pool)
{
    CHECK_INT(set_value(&user, "task"), 0);
    return il_offload_to(pool, use_own_loop, NULL, NULL);
}

static void test_offload_loop_of_a_job_has_values_of_its_own(void **state)
{
    il_pool *pool = make_pool(1);

    (void)state;
    assert_int_equal(il_run(offload_own_loop, pool), 0);
    assert_string_equal(noted(), "inside:nobody outside:task");
    end_pool(pool);
}

/* --- jobs that may be left behind ----------------------------------------- */

static int offload_abandonable(void *arg)
{
    struct look *look = arg;
    const il_offload_options options = {
        .pool = look->pool, .fn = look_twice, .arg = look, .flags = IL_ABANDON
    };

    CHECK_INT(set_value(&user, "task"), 0);
    return il_offload_with(&options, NULL);
}

static void test_offload_abandonable_job_sees_initial_values(void **state)
{
    struct fixture *f = *state;

    for (int leave = 0; leave < 2; leave++) {
        struct look look = { .pool = make_pool(1) };
        il_task *task = NULL;

        gate_init(&look.gate, 0);
        assert_int_equal(il_spawn(NULL, offload_abandonable, &look, &task), 0);
        gate_wait_begun(&look.gate);
        if (leave)
            assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        gate_open(&look.gate);
        end_pool(look.pool);
        settle(f);
        assert_int_equal(reap(task), leave ? -ECANCELED : 0);
        assert_string_equal(look.first, "nobody");
        assert_string_equal(look.second, "nobody");
        gate_fini(&look.gate);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_offload_job_sees_the_values_of_its_task),
        TEST(test_offload_job_does_not_see_what_others_set),
        TEST(test_offload_jobs_look_while_tasks_set),
        TEST(test_offload_values_stay_until_the_job_has_ended),
        TEST_REAL(test_offload_values_stay_when_the_loop_is_gone),
        TEST(test_offload_job_cannot_set_values),
        TEST(test_offload_loop_of_a_job_has_values_of_its_own),
        TEST(test_offload_abandonable_job_sees_initial_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
