/* SPDX-License-Identifier: MIT */

/* test_together.c - several loops in several threads at once.
 *
 * Each thread has a kind of host of its own and runs every scenario, while the
 * others do the same: nothing is shared but the process. */

#include "../support/check.h"
#include "runner.h"

#include <glib.h>
#include <pthread.h>

struct member {
    host_fn *host;
    bool own_context;
};

/* Set when all threads are there, so that none has finished before. */
static pthread_barrier_t all_there;

static void *run_all(void *arg)
{
    const struct member *member = arg;
    GMainContext *context = NULL;

    if (member->own_context) {
        context = g_main_context_new();
        g_main_context_push_thread_default(context);
    }
    (void)pthread_barrier_wait(&all_there);
    for (unsigned i = 0; scenario_at(i); i++)
        run_scenario(scenario_at(i), member->host);
    if (context) {
        g_main_context_pop_thread_default(context);
        g_main_context_unref(context);
    }
    return NULL;
}

static void test_together_loops_of_several_threads(void **state)
{
    static const struct member members[] = {
        { run_native, false },    { run_polled, false },
        { run_trivial, false },   { run_trivial_owner, false },
        { run_glib_guest, true }, { run_glib_owner, true },
    };
    enum { N = sizeof members / sizeof *members };
    pthread_t threads[N];

    (void)state;
    assert_int_equal(pthread_barrier_init(&all_there, NULL, N), 0);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, run_all, (void *)&members[i]), 0);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(pthread_barrier_destroy(&all_there), 0);
}

static int group_setup(void **state)
{
    (void)state;
    return warm_up(run_glib_guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_together_loops_of_several_threads,
                                        setup_checks, teardown_checks),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
