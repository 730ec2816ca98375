/* SPDX-License-Identifier: MIT */

/* test_host_combine.c - where a host's dispatch lies on the stack, nobody can
 * wait for others: whoever tries is refused and waits nowhere. */

#include "support/fixture.h"
#include "support/trivial_host.h"

#include <errno.h>

static int n_begun;

static int nap(void *arg)
{
    (void)arg;
    n_begun++;
    return il_sleep(IL_MS(1));
}

static int be_refused(void *arg)
{
    struct trivial_host *host = arg;
    il_call calls[] = { { nap, NULL, 0 }, { nap, NULL, 0 } };
    il_awaited awaited[1];
    il_task *task;
    size_t which = 99;
    int result = 0x5eed;
    void *value = host;

    CHECK_INT(il_spawn(NULL, nap, NULL, &task), 0);
    awaited[0].task = task;
    host->depth++;
    CHECK_INT(il_gather_all(calls, 2), -EDEADLK);
    CHECK_INT(il_race_staggered(calls, 2, IL_MS(1), &which), -EDEADLK);
    CHECK_INT(il_first(calls, 2, &which), -EDEADLK);
    CHECK_INT(il_map(calls, 2, sizeof *calls, 1, nap, NULL), -EDEADLK);
    CHECK_INT(il_map_all(calls, 2, sizeof *calls, 1, nap, NULL), -EDEADLK);
    CHECK_INT(il_spawn_ready(NULL, nap, NULL, NULL, &value), -EDEADLK);
    CHECK_INT(il_wait_any(awaited, 1, &which), -EDEADLK);
    CHECK_INT(il_wait_error(awaited, 1, &which), -EDEADLK);
    CHECK_INT(il_wait_all(awaited, 1), -EDEADLK);
    CHECK_INT(il_wait_for(task, IL_MS(1), &result), -EDEADLK);
    CHECK_INT(n_begun, 1);
    CHECK(!il_task_is_cancelled(task));
    CHECK_INT(il_task_stop(task, IL_MS(1), &result), -EDEADLK);
    CHECK(il_task_is_cancelled(task)); /* this much it could do */
    host->depth--;
    CHECK_INT(which, 99);
    CHECK_INT(result, 0x5eed);
    CHECK(value == host);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_wait_all(awaited, 1), 1);
    CHECK_INT(awaited[0].result, -ECANCELED);
    il_task_unref(task);
    host->quit = true;
    return 0;
}

static void test_host_combine_is_refused_under_a_dispatch(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;

    n_begun = 0;
    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn_lazy(NULL, be_refused, &host, NULL), 0);
    trivial_host_run(&host, 5000);
    assert_true(host.quit);
    assert_int_equal(take_report(f).kind, IL_REPORT_NESTED_PARK);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_host_combine_is_refused_under_a_dispatch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
