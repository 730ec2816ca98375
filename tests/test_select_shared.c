/* SPDX-License-Identifier: MIT */

/* test_select_shared.c - selects that wait for what threads share, too; in one
 * thread, where each order can be told.  test_select_shared_rush.c has many. */

#include "support/sites.h"

#include <errno.h>

/* --- firing at once --------------------------------------------------------- */

static void test_select_shared_fires_what_can_in_order(void **state)
{
    struct site s;
    int out = 77;
    int result = 77;

    (void)state;
    open_site(&s, 2);
    assert_int_equal(site_give(&s.other, 5), 0);
    assert_int_equal(il_shared_future_set(&s.future, 6, &s), 0);
    {
        il_case cases[] = { IL_CASE_SHARED_RECEIVE(&s.shared, &out),
                            IL_CASE_SHARED_RECEIVE(NULL, &out),
                            IL_CASE_CANCELLED(&s.token),
                            IL_CASE_SHARED_RECEIVE(&s.other, &out),
                            IL_CASE_SHARED_FUTURE(&s.future, &result, NULL),
                            IL_CASE_SHARED_SEND(&s.shared, &result) };

        assert_int_equal(il_try_select(cases, 6, 0), 3);
        assert_int_equal(out, 5);
        assert_int_equal(result, 77);
        assert_int_equal(il_try_select(cases, 6, 0), 4);
        assert_int_equal(result, 6);
        assert_int_equal(il_try_select(cases, 4, 0), -EAGAIN);
        il_case_enable(&cases[4], false);
        assert_int_equal(il_try_select(cases, 6, 0), 5);
        assert_int_equal(il_try_select(cases, 6, 0), 0);
        assert_int_equal(out, 6);
        assert_int_equal(il_cancel_token_cancel(&s.token), 0);
        assert_int_equal(il_select(cases, 3, IL_SELECT_ROTATE), 2);
        assert_int_equal(cases[2].result, 0);
        assert_int_equal(il_shared_channel_close(&s.shared), 0);
        assert_int_equal(il_select(cases, 6, 0), 0);
        assert_int_equal(cases[0].result, -EPIPE);
    }
    close_site(&s);
}

static void test_select_shared_misuse_is_refused(void **state)
{
    il_shared_channel zeros = { 0 };
    struct site s;
    int out = 77;

    (void)state;
    open_site(&s, 0);
    {
        il_case cases[] = { IL_CASE_SHARED_RECEIVE(&zeros, &out),
                            IL_CASE_SHARED_SEND(&zeros, &out),
                            IL_CASE_SHARED_RECEIVE(&s.shared, NULL),
                            IL_CASE_SHARED_SEND(&s.shared, NULL),
                            IL_CASE_SHARED_FUTURE(NULL, NULL, NULL),
                            IL_CASE_CANCELLED(NULL) };

        for (int i = 0; i < 4; i++)
            assert_int_equal(il_try_select(&cases[i], 1, 0), -EINVAL);
        assert_int_equal(il_select(&cases[4], 2, 0), -ESRCH);
    }
    {
        il_case cases[] = { IL_CASE_SHARED_RECEIVE(&s.shared, &out),
                            IL_CASE_SHARED_FUTURE(&s.future, &out, NULL) };

        assert_int_equal(il_select(cases, 2, 0), -ESRCH); /* no task */
        assert_int_equal(il_try_select(cases, 2, 0), -EAGAIN);
    }
    assert_int_equal(out, 77);
    close_site(&s);
}

/* --- waiting ---------------------------------------------------------------- */

/* The others are as if nobody had waited: they fire for the next one. */
static void test_select_shared_waits_for_any_and_leaves_the_others(void **state)
{
    struct fixture *f = *state;

    for (size_t capacity = 0; capacity < 2; capacity++)
        for (int first = 0; first < N_CASES; first++)
            for (int second = 0; second < N_CASES; second++) {
                struct site s;
                struct site_user a;
                il_task *task;
                int value;

                open_site(&s, capacity);
                a = site_user(&s);
                task = start_site_user(&a);
                settle(f);
                if (first == TIME) {
                    assert_int_equal(il_run(join_site_user, task), 0);
                    assert_site_fired(&a, TIME, 0, 70 + TIME);
                    assert_int_equal(reap(task), 0);
                    close_site(&s);
                    continue;
                }
                assert_int_equal(a.which, -1);
                value = let_site_fire(&s, first);
                /* It has fired, though it has not run: nobody takes this. */
                if (second == SHARED || second == OTHER)
                    assert_int_equal(
                        site_give(second == SHARED ? &s.shared : &s.other, 9),
                        capacity > 0 ? 0 : -EAGAIN);
                else if (second == LOCAL)
                    assert_int_equal(site_give_local(&s, 9),
                                     capacity > 0 ? 0 : -EAGAIN);
                else if (second != first)
                    (void)let_site_fire(&s, second);
                settle(f);
                assert_site_fired(&a, first, 0, value);
                assert_ptr_equal(a.value, first == FUTURE ? &s : NULL);
                assert_int_equal(reap(task), 0);
                close_site(&s);
            }
}

static void test_select_shared_sends_to_who_comes(void **state)
{
    struct fixture *f = *state;

    for (int which = SHARED; which <= LOCAL; which++) {
        struct site s;
        struct site_user a;
        il_task *task;
        int value = -1;

        if (which == FUTURE || which == TOKEN)
            continue;
        open_site(&s, 0);
        a = site_user(&s);
        a.sends = true;
        task = start_site_user(&a);
        if (which == LOCAL)
            assert_int_equal(il_channel_try_receive(&s.local, &value), 0);
        else
            value = site_take(which == SHARED ? &s.shared : &s.other);
        assert_int_equal(value, 70 + which);
        assert_int_equal(site_take(&s.shared), -EAGAIN);
        assert_int_equal(site_take(&s.other), -EAGAIN);
        assert_int_equal(il_channel_try_receive(&s.local, &value), -EAGAIN);
        settle(f);
        assert_site_fired(&a, which, 0, 70 + which);
        assert_int_equal(reap(task), 0);
        close_site(&s);
    }
}

/* Two selects, neither of which can do anything without the other. */
static void test_select_shared_meets_another_select(void **state)
{
    struct fixture *f = *state;

    for (int sender_first = 0; sender_first < 2; sender_first++) {
        struct site s;
        struct site_user a;
        struct site_user b;
        il_task *tasks[2];

        open_site(&s, 0);
        a = site_user(&s);
        b = site_user(&s);
        b.sends = true;
        tasks[0] = start_site_user(sender_first ? &b : &a);
        tasks[1] = start_site_user(sender_first ? &a : &b);
        settle(f);
        assert_site_fired(&a, SHARED, 0, 70 + SHARED);
        assert_site_fired(&b, SHARED, 0, 70 + SHARED);
        for (int i = 0; i < 2; i++)
            assert_int_equal(reap(tasks[i]), 0);
        close_site(&s);
    }
}

static int send_and_receive(void *arg)
{
    struct site *s = arg;
    int in = 5;
    int out = 77;
    il_case cases[] = { IL_CASE_SHARED_SEND(&s->shared, &in),
                        IL_CASE_SHARED_RECEIVE(&s->shared, &out),
                        IL_CASE_AFTER(IL_MS(1)) };

    CHECK_INT(il_select(cases, 3, 0), 2);
    CHECK_INT(out, 77);
    return 0;
}

static void test_select_shared_does_not_meet_itself(void **state)
{
    struct site s;

    (void)state;
    open_site(&s, 0);
    assert_int_equal(il_run(send_and_receive, &s), 0);
    close_site(&s);
}

static void test_select_shared_is_served_in_the_order_it_came(void **state)
{
    struct fixture *f = *state;
    struct site s;
    struct site_user c[3];
    il_task *tasks[3];

    open_site(&s, 1);
    for (int i = 0; i < 3; i++) {
        c[i] = site_user(&s);
        tasks[i] = start_site_user(&c[i]);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(site_give(&s.shared, i), 0);
    settle(f);
    for (int i = 0; i < 3; i++) {
        assert_site_fired(&c[i], SHARED, 0, i);
        assert_int_equal(reap(tasks[i]), 0);
    }
    assert_int_equal(site_take(&s.shared), -EAGAIN);
    close_site(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_select_shared_fires_what_can_in_order),
        TEST(test_select_shared_misuse_is_refused),
        TEST(test_select_shared_waits_for_any_and_leaves_the_others),
        TEST(test_select_shared_sends_to_who_comes),
        TEST(test_select_shared_meets_another_select),
        TEST(test_select_shared_does_not_meet_itself),
        TEST(test_select_shared_is_served_in_the_order_it_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
