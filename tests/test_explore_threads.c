/* SPDX-License-Identifier: MIT */

/* test_explore_threads.c - what other threads do for tasks, cancelled everywhere.
 *
 * Threads are not the same each time; but what a task waits for is. */

#include "support/exploring.h"

#include <unistd.h>

static struct {
    int begun; /* changed by the job */
    int ended;
    il_time slept;
} office;

static int office_setup(void *arg)
{
    (void)arg;
    __atomic_store_n(&office.begun, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&office.ended, 0, __ATOMIC_SEQ_CST);
    return 0;
}

static int do_job(void *arg)
{
    (void)__atomic_add_fetch(&office.begun, 1, __ATOMIC_SEQ_CST);
    (void)usleep(1000);
    (void)__atomic_add_fetch(&office.ended, 1, __ATOMIC_SEQ_CST);
    return *(const int *)arg;
}

/* No virtual time passes meanwhile: the deadline, an hour ahead, does not come. */
static int offload_in_time(void *arg)
{
    int in = 6;
    int out = 77;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_SEC(3600), &r) {
        r = il_offload(do_job, &in, &out);
    }
    HOLDS(r == 0 || r == -ECANCELED || r == -ETIMEDOUT);
    HOLDS(out == (r == 0 ? 6 : 77));
    HOLDS(__atomic_load_n(&office.begun, __ATOMIC_SEQ_CST) ==
          __atomic_load_n(&office.ended, __ATOMIC_SEQ_CST));
    return r == -ETIMEDOUT ? 0 : r;
}

static int office_check(void *arg, int result)
{
    (void)arg;
    HOLDS(result == 0 || result == -ECANCELED || result == -ETIMEDOUT);
    return verdict();
}

static const il_test_scenario offloading = { .name = "offload",
                                             .body = offload_in_time,
                                             .setup = office_setup,
                                             .check = office_check };

static void test_inject_offload_leaves_no_job_behind(void **state)
{
    (void)state;
    inject_all(&offloading, 1);
}

static void test_explore_offload_stops_virtual_time(void **state)
{
    const il_test_limits limits = { .n_delays = 1, .n_cancels = 1 };
    il_test_report report;

    (void)state;
    assert_int_equal(il_test_explore(&offloading, &limits, &report), 0);
    assert_true(report.is_complete);
}

static int take_long(void *arg)
{
    (void)usleep(*(const unsigned *)arg);
    return 0;
}

/* The clock stands still until the job is done, and the loop has patience. */
static int offload_long(void *arg)
{
    unsigned us = 300000;
    il_time before = il_now();
    int r = il_offload(take_long, &us, NULL);

    (void)arg;
    HOLDS(il_now() == before);
    return r;
}

static void test_explore_waits_for_long_jobs(void **state)
{
    const il_test_scenario scenario = { .body = offload_long,
                                        .check = office_check };

    (void)state;
    assert_int_equal(il_test_explore(&scenario, NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(test_inject_offload_leaves_no_job_behind),
        BARE_TEST(test_explore_offload_stops_virtual_time),
        BARE_TEST(test_explore_waits_for_long_jobs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
