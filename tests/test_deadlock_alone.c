/* SPDX-License-Identifier: MIT */

/* test_deadlock_alone.c - whether anybody else could post to a loop. */

#include "support/fixture.h"

#include "loop/loop.h"

#include <pthread.h>
#include <signal.h>

static void ignore(int signo)
{
    (void)signo;
}

#if defined(UNDER_TSAN)
enum { HAS_THREADS = 1 };
#else
enum { HAS_THREADS = 0 };
#endif

static void test_deadlock_who_has_handlers_is_not_alone(void **state)
{
    struct fixture *f = *state;
    struct sigaction before;
    const struct sigaction action = { .sa_handler = ignore };
    /* Sanitizers and valgrind may have threads and handlers of their own. */
    bool is_alone = ili_loop_is_alone(f->loop);

    if (HAS_THREADS)
        assert_false(is_alone);
    assert_int_equal(sigaction(SIGUSR2, &action, &before), 0);
    assert_false(ili_loop_is_alone(f->loop));
    assert_int_equal(sigaction(SIGUSR2, &before, NULL), 0);
    assert_int_equal(ili_loop_is_alone(f->loop), is_alone);

    /* One that only has tasks printed posts nothing that a task waits for. */
    assert_int_equal(il_dump_on_signal(f->loop, SIGUSR2, NULL), 0);
    assert_int_equal(ili_loop_is_alone(f->loop), is_alone);

    (void)il_loop_ref(f->loop);
    assert_false(ili_loop_is_alone(f->loop));
    (void)il_loop_unref(f->loop);
    assert_int_equal(ili_loop_is_alone(f->loop), is_alone);
}

static void *look_from_a_thread(void *loop)
{
    CHECK(!ili_loop_is_alone(loop));
    return NULL;
}

static void test_deadlock_who_has_threads_is_not_alone(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, look_from_a_thread, f->loop),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static int setup_debug(void **state)
{
    int r = setup_real(state);
    struct fixture *f = *state;

    return r < 0
               ? r
               : il_loop_set_debug(f->loop, IL_DEBUG_DEADLOCK | IL_DEBUG_FATAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_debug, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* The first one: ThreadSanitizer starts its own thread with it. */
        TEST(test_deadlock_who_has_threads_is_not_alone),
        TEST(test_deadlock_who_has_handlers_is_not_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
