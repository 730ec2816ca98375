/* SPDX-License-Identifier: MIT */

/* test_thread_oom.c - no memory for what concerns several threads.
 *
 * The linker sends our allocations here.  The next one of the thread that asks
 * for it fails: then it is said so, nothing has happened, and the next try
 * works. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/other_loop.h"

#include <errno.h>
#include <stdlib.h>

static __thread bool must_fail;

static bool take_failure(void)
{
    bool fails = must_fail;

    must_fail = false;
    return fails;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    return take_failure() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return take_failure() ? NULL : __real_calloc(n, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return take_failure() ? NULL : __real_aligned_alloc(alignment, size);
}

static int count(void *arg)
{
    return ++*(int *)arg;
}

static void must_not_be_destroyed(void *arg, int result)
{
    (void)result;
    CHECK(arg == NULL);
}

static int offload_in_vain(void *arg)
{
    const il_offload_options options = { .fn = count,
                                         .arg = arg,
                                         .flags = IL_ABANDON,
                                         .destroy = must_not_be_destroyed };
    int result = 77;

    must_fail = true; /* there is no pool yet */
    CHECK_INT(il_offload(count, arg, &result), -ENOMEM);
    must_fail = true; /* nor memory for a job that may be left behind */
    CHECK_INT(il_offload_with(&options, &result), -ENOMEM);
    CHECK_INT(result, 77);
    CHECK_INT(il_offload(count, arg, &result), 0);
    CHECK_INT(result, 1);
    CHECK_INT(il_offload_with(&options, &result), 0);
    CHECK_INT(result, 2);
    return 0;
}

static void test_thread_oom_of_jobs(void **state)
{
    il_pool *pool = NULL;
    int n = 0;

    (void)state;
    assert_int_equal(il_run(offload_in_vain, &n), 0);
    must_fail = true;
    assert_int_equal(il_pool_new(NULL, &pool), -ENOMEM);
    assert_null(pool);
}

static int offload_to_pool(void *arg)
{
    struct gate *gate = ((void **)arg)[0];

    CHECK_INT(il_offload_to(((void **)arg)[1], gate_pass, gate, NULL), 0);
    return 0;
}

static int join(void *task)
{
    return il_task_join(task, NULL);
}

/* A job that does not end is reported, if nothing else without its name. */
static void test_thread_oom_of_a_report(void **state)
{
    struct fixture *f = *state;
    il_pool *pool = NULL;
    struct gate gate;
    il_task *task = NULL;
    void *arg[2];

    gate_init(&gate, 0);
    assert_int_equal(il_pool_new(NULL, &pool), 0);
    arg[0] = &gate;
    arg[1] = pool;
    assert_int_equal(il_spawn(NULL, offload_to_pool, arg, &task), 0);
    gate_wait_begun(&gate);
    must_fail = true;
    assert_int_equal(il_pool_close(pool, 0), -ETIMEDOUT);
    assert_false(must_fail);
    assert_string_equal(take_report(f).task_name, "(unnamed)");
    gate_open(&gate);
    assert_int_equal(il_run(join, task), 0);
    assert_int_equal(reap(task), 0);
    il_pool_unref(pool);
    gate_fini(&gate);
}

static int be_counted(void *arg)
{
    return ++*(int *)arg;
}

static void test_thread_oom_of_calls_into_other_loops(void **state)
{
    struct other_loop other = { 0 };
    il_submission *submission = NULL;
    int n = 0;
    int result = 77;

    (void)state;
    other_loop_start(&other);
    must_fail = true;
    assert_int_equal(il_call_sync(other.loop, count, &n, &result), -ENOMEM);
    must_fail = true;
    assert_int_equal(il_submit(other.loop, be_counted, &n, &submission),
                     -ENOMEM);
    assert_null(submission);
    assert_int_equal(result, 77);
    assert_int_equal(il_call_sync(other.loop, count, &n, &result), 0);
    assert_int_equal(result, 1);
    assert_int_equal(il_submit(other.loop, be_counted, &n, &submission), 0);
    assert_int_equal(il_submission_wait(submission, IL_FOREVER, &result), 0);
    assert_int_equal(result, 2);
    il_submission_unref(submission);
    other_loop_end(&other, 0);
}

static void test_thread_oom_of_a_shared_channel(void **state)
{
    il_shared_channel channel;

    (void)state;
    must_fail = true;
    assert_int_equal(il_shared_channel_init(&channel, 8, 8), -ENOMEM);
    assert_int_equal(il_shared_channel_init(&channel, 8, 8), 0);
    il_shared_channel_fini(&channel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_thread_oom_of_jobs),
        TEST(test_thread_oom_of_a_report),
        TEST(test_thread_oom_of_calls_into_other_loops),
        TEST(test_thread_oom_of_a_shared_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
