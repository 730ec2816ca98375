/* SPDX-License-Identifier: MIT */

/* test_select_shared_loops.c - selects in loops that are stopped, closed, or given
 * up on, while another thread hands over. */

#include "support/fixture.h"
#include "support/gates.h"
#include "support/other_loop.h"
#include "support/shared_parties.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

/* --- stopped ------------------------------------------------------------------ */

static int select_one(void *channel)
{
    int value = -1;
    il_case cases[] = { IL_CASE_SHARED_RECEIVE(channel, &value),
                        IL_CASE_AFTER(IL_SEC(100)) };

    CHECK_INT(il_select(cases, 2, 0), 0);
    CHECK_INT(cases[0].result, 0);
    return value;
}

static void *give_three(void *channel)
{
    const int three = 3;

    CHECK_INT(il_shared_channel_try_send(channel, &three), 0);
    return NULL;
}

static int join(void *task)
{
    int result = -1;

    CHECK_INT(il_task_join(task, &result), 0);
    return result;
}

/* What it was handed it has, whenever its loop runs, and whatever has become of
 * the channel. */
static void
test_select_shared_of_a_loop_that_does_not_run_has_its_value(void **state)
{
    il_shared_channel channel;
    il_task *task = NULL;

    (void)state;
    init_shared(&channel, 0);
    assert_int_equal(il_spawn(NULL, select_one, &channel, &task), 0);
    join_thread(start_thread(give_three, &channel));
    il_shared_channel_fini(&channel);
    assert_int_equal(il_run(join, task), 3);
    il_task_unref(task);
}

/* --- closed ------------------------------------------------------------------- */

struct visit {
    il_shared_channel channel;
    atomic_int n_received;
};

static int receive_by_select(void *arg)
{
    struct visit *visit = arg;
    int value;
    il_case cases[] = { IL_CASE_SHARED_RECEIVE(&visit->channel, &value),
                        IL_CASE_AFTER(IL_SEC(100)) };

    while (il_select(cases, 2, 0) == 0 && cases[0].result == 0)
        atomic_fetch_add(&visit->n_received, 1);
    return 0;
}

/* The close cancels the select: what was on its way it has, all else is there. */
static void test_select_shared_loses_nothing_when_its_loop_closes(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct visit visit = { .n_received = 0 };
        struct other_loop other = { 0 };
        il_submission *submission = NULL;
        pthread_t thread;
        void *n_sent = NULL;
        int n_left = 0;
        int value;

        init_shared(&visit.channel, (size_t)round % 3);
        other_loop_start(&other);
        assert_int_equal(
            il_submit(other.loop, receive_by_select, &visit, &submission), 0);
        thread = start_thread(send_until_closed, &visit.channel);
        while (atomic_load(&visit.n_received) < round % 5)
            (void)sched_yield();
        other_loop_end(&other, IL_SEC(60));
        il_submission_unref(submission);
        assert_int_equal(il_shared_channel_close(&visit.channel), 0);
        assert_int_equal(pthread_join(thread, &n_sent), 0);
        while (il_shared_channel_try_receive(&visit.channel, &value) == 0)
            n_left++;
        assert_int_equal(atomic_load(&visit.n_received) + n_left,
                         (intptr_t)n_sent);
        il_shared_channel_fini(&visit.channel);
    }
}

/* --- given up on -------------------------------------------------------------- */

static int select_shielded(void *channel)
{
    il_event event = IL_EVENT_INIT;
    int value = 0;
    int r = 0;

    IL_SHIELD (IL_FOREVER, &r) {
        il_case cases[] = { IL_CASE_SHARED_RECEIVE(channel, &value),
                            IL_CASE_EVENT(&event) };

        while (il_select(cases, 2, 0) == 0 && cases[0].result == 0)
            continue;
    }
    return r;
}

/* Nobody writes to a task that is gone, and the channel works. */
static void test_select_shared_abandoned_leaves_the_channel(void **state)
{
    (void)state;
    outlive_abandoned_receivers(select_shielded);
}

#define TEST_REAL(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REAL(test_select_shared_of_a_loop_that_does_not_run_has_its_value),
        TEST_REAL(test_select_shared_loses_nothing_when_its_loop_closes),
        TEST_REAL(test_select_shared_abandoned_leaves_the_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
