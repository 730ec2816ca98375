/* SPDX-License-Identifier: MIT */

/* test_race.c - several attempts, of which one is enough. */

#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>

/* An attempt notes "name@begin" and, if it is cancelled, "name-end". */
struct attempt {
    const char *name;
    il_time duration;
    int result;       /* if it is not cancelled */
    il_time clean_up; /* if it is */
    int instead;      /* what it returns then; 0: the cancel */
};

static int try(void *arg)
{
    const struct attempt *attempt = arg;
    int clean = 0;
    int r;

    note("%s@%d", attempt->name, (int)now_ms());
    r = attempt->duration ? il_sleep(attempt->duration) : 0;
    if (r == 0)
        return attempt->result;
    if (attempt->clean_up) {
        IL_SHIELD (IL_SEC(1), &clean) {
            clean = il_sleep(attempt->clean_up);
        }
        CHECK_INT(clean, 0);
    }
    note("%s-%d", attempt->name, (int)now_ms());
    return attempt->instead ? attempt->instead : r;
}

/* --- staggered ------------------------------------------------------------------ */

static int begin_after_delay(void *arg)
{
    struct attempt a = { .name = "a",
                         .duration = IL_SEC(9),
                         .clean_up = IL_MS(20) };
    struct attempt b = { .name = "b", .duration = IL_MS(300), .result = 5 };
    struct attempt c = { .name = "c", .duration = IL_SEC(9) };
    struct attempt d = { .name = "d", .duration = IL_SEC(9) };
    il_call calls[] = {
        { try, &a, 0 }, { try, &b, 0 }, { try, &c, 0 }, { try, &d, 0 }
    };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_race_staggered(calls, 4, IL_MS(200), &winner), 0);
    CHECK_INT(winner, 1);
    CHECK_INT(now_ms(), 520); /* the losers have cleaned up */
    CHECK_INT(calls[0].result, -ECANCELED);
    CHECK_INT(calls[1].result, 5);
    CHECK_INT(calls[2].result, -ECANCELED);
    CHECK_INT(calls[3].result, -ECANCELED);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_race_staggered_begins_the_next_after_a_delay(void **state)
{
    (void)state;
    run(begin_after_delay);
    assert_string_equal(noted(), "a@0 b@200 c@400 c-500 a-520");
}

static int begin_after_failure(void *arg)
{
    struct attempt a = { .name = "a", .duration = IL_MS(50), .result = -EIO };
    struct attempt b = { .name = "b", .result = -EPERM };
    struct attempt c = { .name = "c", .duration = IL_MS(10), .result = 3 };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 }, { try, &c, 0 } };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_race_staggered(calls, 3, IL_MS(200), &winner), 0);
    CHECK_INT(winner, 2);
    CHECK_INT(now_ms(), 60);
    CHECK_INT(calls[0].result, -EIO);
    CHECK_INT(calls[1].result, -EPERM);
    return 0;
}

static void test_race_staggered_begins_the_next_when_one_fails(void **state)
{
    (void)state;
    run(begin_after_failure);
    assert_string_equal(noted(), "a@0 b@50 c@50");
}

static int fail_out_of_order(void *arg)
{
    struct attempt a = { .name = "a", .duration = IL_MS(250), .result = -EIO };
    struct attempt b = { .name = "b", .duration = IL_SEC(9) };
    struct attempt c = { .name = "c", .duration = IL_MS(10), .result = 3 };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 }, { try, &c, 0 } };

    (void)arg;
    CHECK_INT(il_race_staggered(calls, 3, IL_MS(200), NULL), 0);
    return 0;
}

/* Another one is on its way: nothing is won by beginning a third. */
static void
test_race_staggered_failure_of_an_earlier_one_begins_none(void **state)
{
    (void)state;
    run(fail_out_of_order);
    assert_string_equal(noted(), "a@0 b@200 c@400 b-410");
}

static int win_at_once(void *arg)
{
    struct attempt a = { .name = "a", .result = 8 };
    struct attempt b = { .name = "b", .duration = IL_SEC(9) };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 } };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_race_staggered(calls, 2, IL_MS(200), &winner), 0);
    CHECK_INT(winner, 0);
    CHECK_INT(calls[0].result, 8);
    CHECK_INT(calls[1].result, -ECANCELED);
    CHECK_INT(il_yield(), 0);
    return 0;
}

/* gh-124309: an attempt that ended in its first step was not known yet, and
 * more were begun. */
static void test_race_staggered_is_won_in_a_first_step(void **state)
{
    (void)state;
    run(win_at_once);
    assert_string_equal(noted(), "a@0");
}

static int fail_all(void *arg)
{
    struct attempt a = { .name = "a", .duration = IL_MS(90), .result = -EIO };
    struct attempt b = { .name = "b", .duration = IL_MS(10), .result = -EPERM };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 } };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_race_staggered(calls, 2, IL_MS(50), &winner), -EPERM);
    CHECK_INT(now_ms(), 90);
    CHECK_INT(winner, 99);
    CHECK_INT(calls[0].result, -EIO);
    CHECK_INT(il_race_staggered(calls, 0, IL_MS(50), &winner), -EINVAL);
    CHECK_INT(il_race_staggered(NULL, 2, IL_MS(50), &winner), -EINVAL);
    return 0;
}

/* gh-135836: without a winner there is always an error that says why. */
static void test_race_staggered_without_winner_has_an_error(void **state)
{
    (void)state;
    run(fail_all);
    assert_string_equal(noted(), "a@0 b@50");
}

static int stagger_by(il_time delay)
{
    struct attempt a = { .name = "a", .duration = IL_MS(30), .result = -EIO };
    struct attempt b = { .name = "b", .duration = IL_MS(20), .result = -EIO };
    struct attempt c = { .name = "c", .duration = IL_MS(40), .result = 3 };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 }, { try, &c, 0 } };

    return il_race_staggered(calls, 3, delay, NULL);
}

static int stagger_by_extremes(void *arg)
{
    (void)arg;
    CHECK_INT(stagger_by(0), 0);
    CHECK_INT(now_ms(), 40);
    CHECK_INT(stagger_by(-1), 0);
    CHECK_INT(now_ms(), 80);
    CHECK_INT(stagger_by(IL_FOREVER), 0);
    CHECK_INT(now_ms(), 170);
    return 0;
}

static void test_race_staggered_takes_any_delay(void **state)
{
    (void)state;
    run(stagger_by_extremes);
    assert_string_equal(noted(), "a@0 b@0 c@0 a@40 b@40 c@40 a@80 b@110 c@130");
}

static int end_and_begin(void *arg)
{
    struct attempt a = { .name = "a", .duration = IL_MS(20), .result = 1 };
    struct attempt b = { .name = "b", .duration = IL_MS(20), .result = 2 };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 } };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_race_staggered(calls, 2, IL_MS(20), &winner), 0);
    CHECK_INT(winner, 0);
    CHECK_INT(now_ms(), 20);
    CHECK_INT(calls[0].result, 1);
    CHECK_INT(calls[1].result, -ECANCELED);
    return 0;
}

/* The delay and the winner in one turn. */
static void test_race_staggered_is_won_as_the_delay_passes(void **state)
{
    (void)state;
    run(end_and_begin);
}

/* --- losers ------------------------------------------------------------------------ */

static int win_twice(void *arg)
{
    struct attempt a = { .name = "a", .duration = IL_SEC(9), .instead = 4 };
    struct attempt b = { .name = "b", .duration = IL_MS(10), .result = 5 };
    struct attempt c = { .name = "c", .duration = IL_MS(10), .result = 6 };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 }, { try, &c, 0 } };
    size_t winner = 99;

    (void)arg;
    CHECK_INT(il_race(calls, 3, &winner), 0);
    CHECK_INT(winner, 1);
    CHECK_INT(calls[0].result, 4); /* in spite of its cancel */
    CHECK_INT(calls[1].result, 5);
    CHECK_INT(calls[2].result, 6); /* it had slept when it was cancelled */
    return 0;
}

static void test_race_shows_losers_that_succeeded_too(void **state)
{
    (void)state;
    run(win_twice);
}

static int clean_up_slowly(void *arg)
{
    struct attempt a = { .name = "a",
                         .duration = IL_SEC(9),
                         .clean_up = IL_MS(30) };
    struct attempt b = { .name = "b", .duration = IL_MS(10) };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 } };

    (void)arg;
    CHECK_INT(il_race(calls, 2, NULL), 0);
    CHECK_INT(now_ms(), 40);
    CHECK_INT(il_first(calls, 2, NULL), 0);
    CHECK_INT(now_ms(), 80);
    return 0;
}

static void test_race_waits_for_the_losers(void **state)
{
    (void)state;
    run(clean_up_slowly);
}

/* --- cancelled ----------------------------------------------------------------------- */

struct runner {
    il_call *calls;
    size_t n;
    il_time delay; /* -1: il_first() */
    size_t winner;
    int r;
    int next; /* what the suspension after it came to */
};

static int race(void *arg)
{
    struct runner *me = arg;

    me->winner = 99;
    me->r = me->delay < 0
                ? il_first(me->calls, me->n, &me->winner)
                : il_race_staggered(me->calls, me->n, me->delay, &me->winner);
    me->next = il_yield();
    return 0;
}

static void test_race_cancelled_waits_for_all(void **state)
{
    struct fixture *f = *state;

    for (int delay = -1; delay <= 20; delay += 7) {
        struct attempt a = { .name = "a",
                             .duration = IL_SEC(9),
                             .clean_up = IL_MS(5) };
        struct attempt b = { .name = "b", .duration = IL_SEC(9) };
        il_call calls[] = { { try, &a, 0 }, { try, &b, 0 } };
        struct runner me = { calls, 2, delay < 0 ? -1 : IL_MS(delay), 0, 0, 0 };
        il_task *task;

        assert_int_equal(il_spawn(NULL, race, &me, &task), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
        assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_int_equal(il_task_cancel(task), 0);
        assert_false(il_task_is_done(task));
        assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
        assert_int_equal(me.r, -ECANCELED);
        assert_int_equal(me.next, -ECANCELED);
        assert_int_equal(me.winner, 99);
        assert_int_equal(calls[0].result, -ECANCELED);
        assert_int_equal(calls[1].result, -ECANCELED);
        assert_int_equal(reap(task), 0);
    }
}

/* Who has won has made something: it must not be lost. */
static void test_race_won_before_a_cancel_has_a_winner(void **state)
{
    struct fixture *f = *state;
    struct attempt a = { .name = "a", .duration = IL_MS(10), .result = 4 };
    struct attempt b = { .name = "b",
                         .duration = IL_SEC(9),
                         .clean_up = IL_MS(5) };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 } };
    struct runner me = { calls, 2, 0, 0, 0, 0 };
    il_task *task;

    assert_int_equal(il_spawn(NULL, race, &me, &task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_false(il_task_is_done(task)); /* waits for b */
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(me.r, 0);
    assert_int_equal(me.winner, 0);
    assert_int_equal(me.next, -ECANCELED);
    assert_int_equal(reap(task), 0);
}

/* And who succeeds in spite of the cancel has, too. */
static void test_race_won_in_spite_of_a_cancel_has_a_winner(void **state)
{
    struct fixture *f = *state;
    struct attempt a = { .name = "a", .duration = IL_SEC(9), .instead = 4 };
    il_call calls[] = { { try, &a, 0 } };
    struct runner me = { calls, 1, 0, 0, 0, 0 };

    for (me.delay = -1; me.delay <= 0; me.delay++) {
        il_task *task;

        assert_int_equal(il_spawn(NULL, race, &me, &task), 0);
        assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_int_equal(me.r, 0);
        assert_int_equal(me.winner, 0);
        assert_int_equal(calls[0].result, 4);
        assert_int_equal(me.next, -ECANCELED);
        assert_int_equal(reap(task), 0);
    }
}

static int deadline_and_winner(void *arg)
{
    struct attempt a = { .name = "a", .duration = IL_MS(10), .result = 4 };
    il_call calls[] = { { try, &a, 0 } };
    size_t winner = 99;
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_race(calls, 1, &winner);
    }
    /* The deadline is first, and finds the attempt asleep; or the attempt. */
    CHECK((r == -ETIMEDOUT && winner == 99) || (r == 0 && winner == 0));
    CHECK_INT(calls[0].result, r == 0 ? 4 : -ECANCELED);
    return 0;
}

static void test_race_deadline_at_the_same_instant_as_a_winner(void **state)
{
    (void)state;
    run(deadline_and_winner);
}

/* --- il_first() ---------------------------------------------------------------------- */

static int fail_first(void *arg)
{
    struct attempt a = { .name = "a", .duration = IL_MS(20), .result = 1 };
    struct attempt b = { .name = "b", .duration = IL_MS(10), .result = -EIO };
    struct attempt c = { .name = "c", .result = -EPERM };
    il_call calls[] = { { try, &a, 0 }, { try, &b, 0 }, { try, &c, 0 } };
    size_t which = 99;

    (void)arg;
    CHECK_INT(il_first(calls, 2, &which), 0);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(which, 1);
    CHECK_INT(calls[0].result, -ECANCELED);
    CHECK_INT(calls[1].result, -EIO);
    CHECK_INT(il_first(calls, 3, &which), 0);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(which, 2);
    CHECK_INT(il_first(calls, 3, NULL), 0);
    CHECK_INT(il_first(calls, 0, &which), -EINVAL);
    CHECK_INT(il_first(NULL, 1, &which), -EINVAL);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_race_first_is_over_at_the_first_end(void **state)
{
    (void)state;
    run(fail_first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#define TEST_MANUAL(name)                                                      \
    cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_race_staggered_begins_the_next_after_a_delay),
        TEST(test_race_staggered_begins_the_next_when_one_fails),
        TEST(test_race_staggered_failure_of_an_earlier_one_begins_none),
        TEST(test_race_staggered_is_won_in_a_first_step),
        TEST(test_race_staggered_without_winner_has_an_error),
        TEST(test_race_staggered_takes_any_delay),
        TEST(test_race_staggered_is_won_as_the_delay_passes),
        TEST(test_race_shows_losers_that_succeeded_too),
        TEST(test_race_waits_for_the_losers),
        TEST_MANUAL(test_race_cancelled_waits_for_all),
        TEST_MANUAL(test_race_won_before_a_cancel_has_a_winner),
        TEST_MANUAL(test_race_won_in_spite_of_a_cancel_has_a_winner),
        TEST(test_race_deadline_at_the_same_instant_as_a_winner),
        TEST(test_race_first_is_over_at_the_first_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
