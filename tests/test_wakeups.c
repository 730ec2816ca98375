/* SPDX-License-Identifier: MIT */

/* test_wakeups.c - how often the kernel is asked to wake a loop.
 *
 * write() is wrapped by the linker and counted: thousands of posts between two
 * sleeps must cost one of them, not thousands. */

#include "support/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { N = 20000 };

static atomic_uint n_writes;
static il_callback callbacks[N];
static unsigned n_run;

/* The linker sends every call of write() here. */
ssize_t __real_write(int fd, const void *buffer, size_t size);
ssize_t __wrap_write(int fd, const void *buffer, size_t size);

ssize_t __wrap_write(int fd, const void *buffer, size_t size)
{
    atomic_fetch_add(&n_writes, 1);
    return __real_write(fd, buffer, size);
}

static void count(void *arg)
{
    (void)arg;
    n_run++;
}

static void *post_all(void *arg)
{
    for (int i = 0; i < N; i++)
        CHECK_INT(il_post_threadsafe(arg, &callbacks[i]), 0);
    return NULL;
}

static void test_wakeups_many_posts_cost_one_write(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;

    n_run = 0;
    for (int i = 0; i < N; i++)
        callbacks[i] = (il_callback)IL_CALLBACK_INIT(count, NULL);
    settle(f);
    atomic_store(&n_writes, 0);
    assert_int_equal(pthread_create(&thread, NULL, post_all, f->loop), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atomic_load(&n_writes) <= 2);
    settle(f);
    assert_int_equal(n_run, N);
    assert_true(atomic_load(&n_writes) <= 4);
}

static void test_wakeups_posts_of_the_own_thread_cost_none(void **state)
{
    struct fixture *f = *state;

    n_run = 0;
    settle(f);
    atomic_store(&n_writes, 0);
    for (int i = 0; i < N; i++) {
        callbacks[i] = (il_callback)IL_CALLBACK_INIT(count, NULL);
        assert_int_equal(il_post(f->loop, &callbacks[i]), 0);
    }
    settle(f);
    assert_int_equal(n_run, N);
    assert_int_equal(atomic_load(&n_writes), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_wakeups_many_posts_cost_one_write),
        TEST(test_wakeups_posts_of_the_own_thread_cost_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
