/* SPDX-License-Identifier: MIT */

/* test_limiter.c - tokens have owners; how many there are may change. */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>

struct borrower {
    il_limiter *limiter;
    const char *name;
    il_token token;
    int r;     /* of il_limiter_acquire(); 1 while it waits */
    int slept; /* of the sleep with the token */
};

/* Have a token for 10 ms. */
static int borrow(void *arg)
{
    struct borrower *b = arg;

    b->r = 1;
    b->r = il_limiter_acquire(b->limiter, &b->token);
    note("%s%s", b->name, b->r == 0 ? "" : "!");
    if (b->r < 0)
        return 0;
    CHECK(il_limiter_get_borrower(&b->token) == il_task_current());
    b->slept = il_sleep(IL_MS(10));
    CHECK_INT(il_limiter_release(b->limiter, &b->token), 0);
    CHECK(il_limiter_get_borrower(&b->token) == NULL);
    return 0;
}

struct crowd {
    struct borrower borrowers[6];
    il_task *tasks[6];
    char names[6][2];
    int n;
};

static void gather(struct crowd *crowd, il_limiter *limiter, const char *names)
{
    crowd->n = (int)strlen(names);
    for (int i = 0; i < crowd->n; i++) {
        struct borrower *b = &crowd->borrowers[i];

        crowd->names[i][0] = names[i];
        crowd->names[i][1] = '\0';
        *b = (struct borrower){ .limiter = limiter, .name = crowd->names[i] };
        assert_int_equal(il_spawn(NULL, borrow, b, &crowd->tasks[i]), 0);
    }
}

static void reap_all(const struct crowd *crowd)
{
    for (int i = 0; i < crowd->n; i++)
        assert_int_equal(reap(crowd->tasks[i]), 0);
}

/* --- order -------------------------------------------------------------------- */

static void test_limiter_lends_so_many_in_the_order_they_came(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = IL_LIMITER_INIT(2);
    struct crowd crowd;

    gather(&crowd, &limiter, "abcde");
    assert_string_equal(noted(), "a b");
    assert_int_equal(il_limiter_count(&limiter), 2);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "a b c d");
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "a b c d e");
    assert_int_equal(il_limiter_count(&limiter), 0);
    reap_all(&crowd);
}

static void test_limiter_newcomers_do_not_barge(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = IL_LIMITER_INIT(1);
    il_token mine = IL_TOKEN_INIT;
    il_token late = IL_TOKEN_INIT;
    struct crowd crowd;

    assert_int_equal(il_limiter_acquire(&limiter, &mine), 0);
    gather(&crowd, &limiter, "a");
    assert_int_equal(il_limiter_release(&limiter, &mine), 0);
    /* It is a's, though a has not run. */
    assert_ptr_equal(il_limiter_get_borrower(&crowd.borrowers[0].token),
                     crowd.tasks[0]);
    assert_int_equal(il_limiter_try_acquire(&limiter, &late), -EAGAIN);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    reap_all(&crowd);
}

static void test_limiter_grows_and_shrinks(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = { 0 };
    struct crowd crowd;

    gather(&crowd, &limiter, "abcdef");
    assert_string_equal(noted(), "");
    assert_int_equal(il_limiter_resize(&limiter, 3), 0);
    assert_int_equal(il_limiter_get_total(&limiter), 3);
    assert_int_equal(il_limiter_count(&limiter), 3);
    settle(f);
    assert_string_equal(noted(), "a b c");
    assert_int_equal(il_limiter_resize(&limiter, 1), 0);
    assert_int_equal(il_limiter_count(&limiter), 3); /* nobody loses one */
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "a b c d");
    assert_int_equal(il_limiter_resize(&limiter, (size_t)-1), 0);
    settle(f);
    assert_string_equal(noted(), "a b c d e f");
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(il_limiter_count(&limiter), 0);
    reap_all(&crowd);
}

/* --- cancelling --------------------------------------------------------------- */

static void test_limiter_cancelled_waiter_borrows_nothing(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_limiter limiter = { 0 };
        struct crowd crowd;

        gather(&crowd, &limiter, "abc");
        assert_int_equal(il_task_cancel(crowd.tasks[victim]), 0);
        assert_int_equal(il_task_cancel(crowd.tasks[victim]), 0);
        assert_int_equal(il_limiter_resize(&limiter, 1), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(crowd.borrowers[i].r,
                             i == victim ? -ECANCELED : 0);
        assert_null(crowd.borrowers[victim].token.limiter);
        assert_int_equal(il_limiter_count(&limiter), 0);
        reap_all(&crowd);
    }
}

static void test_limiter_lent_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = { 0 };
    struct crowd crowd;

    gather(&crowd, &limiter, "ab");
    assert_int_equal(il_limiter_resize(&limiter, 1), 0);
    assert_int_equal(il_task_cancel(crowd.tasks[0]), 0);
    assert_int_equal(il_limiter_count(&limiter), 1);
    settle(f);
    assert_int_equal(crowd.borrowers[0].r, 0);
    assert_int_equal(crowd.borrowers[0].slept, -ECANCELED);
    assert_int_equal(crowd.borrowers[1].r, 0); /* a gave it on */
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    reap_all(&crowd);
}

static int borrow_in_time(void *arg)
{
    struct borrower *b = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        (void)borrow(b);
        r = b->r;
    }
    b->r = r;
    return 0;
}

static void test_limiter_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int late = 0; late < 2; late++) {
        il_limiter limiter = { 0 };
        struct borrower a = { .limiter = &limiter, .name = "a" };
        struct borrower b = { .limiter = &limiter, .name = "b" };
        il_task *tasks[2];

        if (late)
            assert_int_equal(il_spawn(NULL, borrow_in_time, &b, &tasks[1]), 0);
        assert_int_equal(il_spawn(NULL, borrow, &a, &tasks[0]), 0);
        if (!late)
            assert_int_equal(il_spawn(NULL, borrow_in_time, &b, &tasks[1]), 0);
        assert_int_equal(il_limiter_resize(&limiter, 1), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
        assert_int_equal(b.r, late ? 0 : -ETIMEDOUT);
        assert_int_equal(il_limiter_count(&limiter), 0);
        assert_int_equal(reap(tasks[0]), 0);
        assert_int_equal(reap(tasks[1]), 0);
    }
}

/* --- owners ------------------------------------------------------------------- */

static int try_mischief(void *arg)
{
    struct borrower *b = arg;
    il_token other = IL_TOKEN_INIT;
    il_limiter elsewhere = IL_LIMITER_INIT(1);

    CHECK_INT(il_limiter_release(b->limiter, &b->token), -EPERM);
    CHECK_INT(il_limiter_release(b->limiter, &other), -EPERM);
    CHECK_INT(il_limiter_release(&elsewhere, &b->token), -EPERM);
    CHECK_INT(il_limiter_try_acquire(&elsewhere, &b->token), -EBUSY);
    CHECK_INT(il_limiter_acquire(&elsewhere, &b->token), -EBUSY);
    CHECK_INT(il_limiter_detach(&b->token), -EPERM);
    return 0;
}

static int borrow_twice(void *arg)
{
    struct borrower *b = arg;
    il_limiter elsewhere = IL_LIMITER_INIT(1);
    il_token other = IL_TOKEN_INIT;

    CHECK_INT(il_limiter_acquire(b->limiter, &b->token), 0);
    CHECK_INT(il_limiter_acquire(&elsewhere, &other), 0);
    CHECK_INT(il_limiter_release(&elsewhere, &other), 0);
    CHECK_INT(il_limiter_acquire(b->limiter, &other), -EDEADLK);
    CHECK_INT(il_limiter_try_acquire(b->limiter, &other), -EDEADLK);
    CHECK_INT(il_limiter_acquire(b->limiter, &b->token), -EBUSY);
    CHECK_INT(il_spawn(NULL, try_mischief, b, NULL), 0);
    CHECK_INT(il_limiter_release(b->limiter, &b->token), 0);
    CHECK_INT(il_limiter_release(b->limiter, &b->token), -EPERM);
    return 0;
}

static void test_limiter_token_belongs_to_its_borrower(void **state)
{
    il_limiter limiter = IL_LIMITER_INIT(2);
    struct borrower b = { .limiter = &limiter };
    il_token tokens[3] = { IL_TOKEN_INIT, IL_TOKEN_INIT, IL_TOKEN_INIT };

    (void)state;
    assert_int_equal(il_spawn(NULL, borrow_twice, &b, NULL), 0);
    assert_int_equal(il_limiter_count(&limiter), 0);
    /* Code outside tasks may have several. */
    assert_int_equal(il_limiter_acquire(&limiter, &tokens[0]), 0);
    assert_int_equal(il_limiter_try_acquire(&limiter, &tokens[1]), 0);
    assert_int_equal(il_limiter_acquire(&limiter, &tokens[2]), -ESRCH);
    assert_int_equal(il_limiter_release(&limiter, &tokens[2]), -EPERM);
    b.token = tokens[0];
    assert_int_equal(il_spawn(NULL, try_mischief, &b, NULL), 0);
    assert_int_equal(il_limiter_release(&limiter, &tokens[0]), 0);
    assert_int_equal(il_limiter_release(&limiter, &tokens[1]), 0);
    assert_int_equal(il_limiter_count(&limiter), 0);
}

static int wait_with(void *arg)
{
    struct borrower *b = arg;

    b->r = il_limiter_acquire(b->limiter, &b->token);
    return 0;
}

/* A token that somebody waits with is not for others. */
static void test_limiter_token_waits_for_one(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = { 0 };
    struct borrower b = { .limiter = &limiter, .r = 1 };
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_with, &b, &task), 0);
    assert_int_equal(il_limiter_try_acquire(&limiter, &b.token), -EBUSY);
    assert_int_equal(il_limiter_release(&limiter, &b.token), -EPERM);
    assert_int_equal(il_spawn(NULL, try_mischief, &b, NULL), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(b.r, -ECANCELED);
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_limiter_resize(&limiter, 1), 0);
    assert_int_equal(il_limiter_try_acquire(&limiter, &b.token), 0);
    assert_int_equal(il_limiter_release(&limiter, &b.token), 0);
}

static int borrow_and_detach(void *arg)
{
    struct borrower *b = arg;

    CHECK_INT(il_limiter_acquire(b->limiter, &b->token), 0);
    CHECK_INT(il_limiter_detach(&b->token), 0);
    CHECK_INT(il_limiter_detach(&b->token), -EPERM);
    CHECK_INT(il_limiter_release(b->limiter, &b->token), -EPERM);
    return 0;
}

static void test_limiter_token_can_outlive_its_task(void **state)
{
    il_limiter limiter = IL_LIMITER_INIT(1);
    struct borrower b = { .limiter = &limiter };

    (void)state;
    assert_int_equal(il_spawn(NULL, borrow_and_detach, &b, NULL), 0);
    assert_int_equal(il_limiter_count(&limiter), 1);
    assert_int_equal(il_limiter_detach(&b.token), -EPERM);
    assert_int_equal(il_limiter_release(&limiter, &b.token), 0);
    assert_int_equal(il_limiter_count(&limiter), 0);
}

static int borrow_and_forget(void *arg)
{
    struct borrower *b = arg;

    CHECK_INT(il_limiter_acquire(b->limiter, &b->token), 0);
    return il_sleep(IL_MS(1));
}

static void test_limiter_token_of_a_task_that_ended_goes_back(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = IL_LIMITER_INIT(1);
    struct borrower b = { .limiter = &limiter };
    struct crowd crowd;

    assert_int_equal(il_spawn(NULL, borrow_and_forget, &b, NULL), 0);
    gather(&crowd, &limiter, "a");
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
    assert_string_equal(noted(), "a");
    assert_null(il_limiter_get_borrower(&b.token));
    assert_int_equal(il_limiter_release(&limiter, &b.token), -EPERM);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(il_limiter_count(&limiter), 0);
    reap_all(&crowd);
}

static int forget_with_the_limiter(void *arg)
{
    il_limiter limiter = IL_LIMITER_INIT(1);

    return il_limiter_acquire(&limiter, arg);
}

/* Its limiter was on the stack: there is nothing to go back to. */
static void test_limiter_that_went_with_its_task_is_not_touched(void **state)
{
    struct fixture *f = *state;
    il_token token = IL_TOKEN_INIT;

    assert_int_equal(il_spawn(NULL, forget_with_the_limiter, &token, NULL), 0);
    settle(f);
    assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
    assert_null(il_limiter_get_borrower(&token));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_limiter_lends_so_many_in_the_order_they_came),
        TEST(test_limiter_newcomers_do_not_barge),
        TEST(test_limiter_grows_and_shrinks),
        TEST(test_limiter_cancelled_waiter_borrows_nothing),
        TEST(test_limiter_lent_wins_over_a_late_cancel),
        TEST(test_limiter_deadline_at_the_same_instant),
        TEST(test_limiter_token_belongs_to_its_borrower),
        TEST(test_limiter_token_waits_for_one),
        TEST(test_limiter_token_can_outlive_its_task),
        TEST(test_limiter_token_of_a_task_that_ended_goes_back),
        TEST(test_limiter_that_went_with_its_task_is_not_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
