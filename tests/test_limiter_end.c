/* SPDX-License-Identifier: MIT */

/* test_limiter_end.c - blocks with a token, limiters that go, and misuse. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Have a token for 10 ms. */
static int borrow(void *arg)
{
    int r = 0;

    IL_WITH_TOKEN (arg, &r) {
        note("in");
        r = il_sleep(IL_MS(10));
    }
    note("%d", r);
    return 0;
}

static int leave_in_every_way(void *arg)
{
    il_limiter *limiter = arg;
    int r = 5;

    IL_WITH_TOKEN (limiter, &r) {
        CHECK_INT(il_limiter_count(limiter), 1);
        IL_WITH_TOKEN (limiter, &r) {
            CHECK(false);
        }
        CHECK_INT(r, -EDEADLK);
        r = 6;
        break;
    }
    CHECK_INT(r, 6);
    CHECK_INT(il_limiter_count(limiter), 0);
    IL_WITH_TOKEN (limiter, &r) {
        il_limiter_fini(limiter);
    }
    CHECK_INT(il_limiter_count(limiter), 0);
    CHECK_INT(il_limiter_resize(limiter, 1), 0);
    IL_WITH_TOKEN (limiter, &r) {
        return 7;
    }
    return 8;
}

static void test_limiter_block_gives_the_token_back(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = IL_LIMITER_INIT(1);
    il_task *tasks[3];
    int r = 1;

    assert_int_equal(il_spawn(NULL, leave_in_every_way, &limiter, &tasks[0]),
                     0);
    assert_int_equal(reap(tasks[0]), 7);
    assert_int_equal(il_limiter_count(&limiter), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, borrow, &limiter, &tasks[i]), 0);
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "in -125 0 in 0");
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
    IL_WITH_TOKEN (&limiter, &r) {
        r = 2;
    }
    assert_int_equal(r, 2);
    IL_WITH_TOKEN (NULL, &r) {
        r = 3;
    }
    assert_int_equal(r, -EINVAL);
}

static void test_limiter_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = { 0 };
    il_task *tasks[2];

    il_limiter_fini(NULL);
    il_limiter_fini(&limiter);
    for (int i = 0; i < 2; i++)
        assert_int_equal(il_spawn(NULL, borrow, &limiter, &tasks[i]), 0);
    il_limiter_fini(&limiter);
    memset(&limiter, 0x55, sizeof limiter); /* nobody may look at it again */
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    settle(f);
    assert_string_equal(noted(), "-130 -130");
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

static void test_limiter_end_leaves_tokens_that_are_lent(void **state)
{
    il_limiter limiter = IL_LIMITER_INIT(2);
    il_token token = IL_TOKEN_INIT;

    (void)state;
    assert_int_equal(il_limiter_acquire(&limiter, &token), 0);
    il_limiter_fini(&limiter);
    assert_int_equal(il_limiter_count(&limiter), 1);
    assert_int_equal(il_limiter_get_total(&limiter), 0);
    assert_int_equal(il_limiter_release(&limiter, &token), 0);
    assert_int_equal(il_limiter_count(&limiter), 0);
}

static int borrow_often(void *arg)
{
    int r = 0;

    for (int i = 0; i < 1000 && r == 0; i++)
        IL_WITH_TOKEN (arg, &r) {
            r = 0;
        }
    note("often");
    return r;
}

static void test_limiter_with_tokens_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = IL_LIMITER_INIT(1);
    il_limiter *ended = calloc(1, sizeof *ended);
    il_task *tasks[4];

    assert_non_null(ended);
    assert_int_equal(il_limiter_resize(ended, 1), 0);
    assert_int_equal(il_spawn(NULL, borrow_often, &limiter, &tasks[0]), 0);
    assert_int_equal(il_spawn(NULL, borrow_often, ended, &tasks[1]), 0);
    assert_int_equal(il_spawn(NULL, borrow_often, &limiter, &tasks[2]), 0);
    assert_false(il_task_is_done(tasks[0]));
    assert_int_equal(il_limiter_count(&limiter), 0); /* stands back */
    assert_int_equal(il_spawn(NULL, borrow, &limiter, &tasks[3]), 0);
    assert_string_equal(noted(), "in");
    assert_int_equal(il_task_cancel(tasks[2]), 0);
    il_limiter_fini(ended);
    free(ended);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), -EOWNERDEAD);
    assert_int_equal(reap(tasks[2]), -ECANCELED);
    assert_int_equal(reap(tasks[3]), 0);
}

static int mistake_it_for_ours(void *arg)
{
    il_token token = IL_TOKEN_INIT;

    CHECK_INT(il_limiter_acquire(arg, &token), -ESRCH);
    CHECK_INT(il_limiter_try_acquire(arg, &token), -ESRCH);
    CHECK_INT(il_limiter_resize(arg, 1), -ESRCH);
    return 0;
}

struct loan {
    il_limiter limiter;
    il_token token;
};

static int borrow_for_a_while(void *arg)
{
    struct loan *loan = arg;

    CHECK_INT(il_limiter_acquire(&loan->limiter, &loan->token), 0);
    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK_INT(il_limiter_release(&loan->limiter, &loan->token), 0);
    return 0;
}

static void *use_from_other_thread(void *arg)
{
    struct loan *loan = arg;

    CHECK_INT(mistake_it_for_ours(&loan->limiter), 0);
    CHECK_INT(il_run(mistake_it_for_ours, &loan->limiter), 0);
    CHECK_INT(il_limiter_release(&loan->limiter, &loan->token), -ESRCH);
    il_limiter_fini(&loan->limiter);
    return NULL;
}

static void test_limiter_of_another_thread_is_refused(void **state)
{
    struct fixture *f = *state;
    struct loan loan = { IL_LIMITER_INIT(1), IL_TOKEN_INIT };
    il_task *tasks[2];
    pthread_t thread;

    assert_int_equal(il_spawn(NULL, borrow_for_a_while, &loan, &tasks[0]), 0);
    assert_int_equal(il_spawn(NULL, borrow, &loan.limiter, &tasks[1]), 0);
    assert_int_equal(
        pthread_create(&thread, NULL, use_from_other_thread, &loan), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "in 0");
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static void ignore_report(const il_report *report, void *arg)
{
    (void)report;
    (void)arg;
}

struct foreign_loan {
    il_limiter limiter;
    il_token tokens[2];
    pthread_barrier_t meet;
};

/* Returns with a token, which goes back by itself; its thread must not wake
 * anybody of another one. */
static int keep_a_token(void *arg)
{
    struct foreign_loan *loan = arg;

    CHECK_INT(il_limiter_acquire(&loan->limiter, &loan->tokens[1]), 0);
    (void)pthread_barrier_wait(&loan->meet);
    (void)pthread_barrier_wait(&loan->meet);
    return 0;
}

static void *borrow_in_other_thread(void *arg)
{
    struct foreign_loan *loan = arg;
    il_loop *loop;

    CHECK_INT(il_limiter_try_acquire(&loan->limiter, &loan->tokens[0]), 0);
    CHECK_INT(il_loop_new(&loop), 0);
    il_loop_set_report_handler(loop, ignore_report, NULL);
    CHECK_INT(il_run(keep_a_token, arg), 0);
    CHECK_INT(il_limiter_release(&loan->limiter, &loan->tokens[0]), -ESRCH);
    CHECK_INT(il_loop_close(loop, 0), 0);
    (void)il_loop_unref(loop);
    return NULL;
}

/* As long as nobody waits, a limiter is of no thread.  Tokens that come back from
 * the wrong one used to wake the task that waits there. */
static void test_limiter_token_of_another_thread_wakes_nobody(void **state)
{
    struct fixture *f = *state;
    struct foreign_loan loan = { .limiter = IL_LIMITER_INIT(2) };
    il_task *task;
    pthread_t thread;

    assert_int_equal(pthread_barrier_init(&loan.meet, NULL, 2), 0);
    assert_int_equal(
        pthread_create(&thread, NULL, borrow_in_other_thread, &loan), 0);
    (void)pthread_barrier_wait(&loan.meet);
    assert_int_equal(il_spawn(NULL, borrow, &loan.limiter, &task), 0);
    (void)pthread_barrier_wait(&loan.meet);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_barrier_destroy(&loan.meet), 0);
    settle(f);
    assert_false(il_task_is_done(task));
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
}

static void test_limiter_misuse_is_refused(void **state)
{
    struct fixture *f = *state;
    il_limiter limiter = { 0 };
    il_token token = IL_TOKEN_INIT;
    il_task *task;

    assert_int_equal(il_limiter_acquire(NULL, &token), -EINVAL);
    assert_int_equal(il_limiter_acquire(&limiter, NULL), -EINVAL);
    assert_int_equal(il_limiter_try_acquire(NULL, &token), -EINVAL);
    assert_int_equal(il_limiter_try_acquire(&limiter, NULL), -EINVAL);
    assert_int_equal(il_limiter_release(NULL, &token), -EINVAL);
    assert_int_equal(il_limiter_release(&limiter, NULL), -EINVAL);
    assert_int_equal(il_limiter_detach(NULL), -EINVAL);
    assert_int_equal(il_limiter_resize(NULL, 1), -EINVAL);
    assert_int_equal(il_limiter_get_total(NULL), 0);
    assert_int_equal(il_limiter_count(NULL), 0);
    assert_null(il_limiter_get_borrower(NULL));
    assert_int_equal(il_spawn(NULL, borrow, &limiter, &task), 0);
    dump_now();
    assert_true(has("waits for a token"));
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_limiter_block_gives_the_token_back),
        TEST(test_limiter_end_wakes_the_waiters),
        TEST(test_limiter_end_leaves_tokens_that_are_lent),
        TEST(test_limiter_with_tokens_starves_nobody),
        TEST(test_limiter_of_another_thread_is_refused),
        TEST(test_limiter_token_of_another_thread_wakes_nobody),
        TEST(test_limiter_misuse_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
