/* SPDX-License-Identifier: MIT */

/* test_abandoned.c - what becomes of locks and the like whose tasks would not
 * end when their loop closed.
 *
 * Such a task stays where it is, with its frames.  It gives nothing back, and
 * nobody may wake it. */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>

/* What the tasks of a test share; static, as in a program whose loop is made
 * anew. */
static struct {
    il_lock lock;
    il_condition condition;
    il_rwlock rwlock;
    il_limiter limiter;
    il_token token;
    il_once once;
    il_event never;
} things;

static int make_things(void **state)
{
    int r = setup(state);

    memset(&things, 0, sizeof things);
    things.limiter = (il_limiter)IL_LIMITER_INIT(1);
    return r;
}

/* Not even a cancel. */
static int sleep_like_the_dead(void *arg)
{
    il_scope shield;
    int r;

    (void)arg;
    CHECK_INT(il_scope_enter_shield(&shield, IL_SEC(1000)), 0);
    r = il_event_wait(&things.never);
    return il_scope_leave(&shield, r);
}

static void spawn(il_task_fn *fn)
{
    assert_int_equal(il_spawn(NULL, fn, NULL, NULL), 0);
}

/* Close the loop, which reports so many tasks. */
static void abandon(struct fixture *f, int n)
{
    settle(f);
    assert_int_equal(il_loop_close(f->loop, IL_SEC(1)), -ETIMEDOUT);
    for (int i = 0; i < n; i++)
        assert_int_equal(take_report(f).kind, IL_REPORT_STUCK);
}

static void make_another_loop(struct fixture *f)
{
    f->loop = il_loop_unref(f->loop);
    assert_int_equal(il_loop_new(&f->loop), 0);
    assert_int_equal(il_test_use_virtual_time(f->loop, IL_TEST_AUTOJUMP), 0);
    keep_reports(f, f->loop);
}

/* --- who is in the queue of a lock -------------------------------------------- */

static int hold_the_lock(void *arg)
{
    CHECK_INT(il_lock_acquire(&things.lock), 0);
    return sleep_like_the_dead(arg);
}

/* Cancelled, it waits for the lock, and nothing can take it out of there. */
static int wait_with_the_lock(void *arg)
{
    (void)arg;
    CHECK_INT(il_lock_acquire(&things.lock), 0);
    CHECK_INT(il_condition_wait(&things.condition, &things.lock), 0);
    CHECK(!"a task that was abandoned has run");
    return 0;
}

static void end_both(void *arg)
{
    (void)arg;
    il_condition_fini(&things.condition);
    il_lock_fini(&things.lock);
    CHECK(!il_lock_is_held(&things.lock));
}

/* Ending the lock woke a task that was abandoned, which aborted. */
static void test_abandoned_waiter_is_not_woken_by_a_hook(void **state)
{
    struct fixture *f = *state;
    il_callback hook = IL_CALLBACK_INIT(end_both, NULL);

    spawn(wait_with_the_lock);
    spawn(hold_the_lock);
    assert_int_equal(il_loop_at_close(f->loop, &hook), 0);
    abandon(f, 2);
}

/* The same without a loop in the thread. */
static void test_abandoned_waiter_is_not_woken_after_the_loop(void **state)
{
    struct fixture *f = *state;

    spawn(wait_with_the_lock);
    spawn(hold_the_lock);
    abandon(f, 2);
    end_both(NULL);
}

/* A lock that code outside tasks had was passed on to a task that was abandoned,
 * once cancelled and once notified. */
static void test_abandoned_waiter_does_not_get_the_lock(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        if (i > 0)
            make_another_loop(f);
        spawn(wait_with_the_lock);
        assert_int_equal(il_lock_try_acquire(&things.lock), 0);
        if (i > 0)
            assert_int_equal(il_condition_notify(&things.condition, 1), 1);
        abandon(f, 1);
        assert_int_equal(il_lock_release(&things.lock), 0);
        assert_false(il_lock_is_held(&things.lock));
    }
}

/* --- who has something -------------------------------------------------------- */

/* Its lock was nobody's thread's: neither could others have it, nor could it be
 * ended and begun anew. */
static void test_abandoned_owner_loses_its_lock(void **state)
{
    struct fixture *f = *state;

    spawn(hold_the_lock);
    abandon(f, 1);
    make_another_loop(f);
    assert_int_equal(il_lock_acquire(&things.lock), -EOWNERDEAD);
    assert_null(il_lock_get_owner(&things.lock));
    il_lock_fini(&things.lock);
    assert_int_equal(il_lock_acquire(&things.lock), 0);
    assert_int_equal(il_lock_release(&things.lock), 0);
}

static int hold_a_lock_of_its_own(void *arg)
{
    il_lock mine = IL_LOCK_INIT;

    CHECK_INT(il_lock_acquire(&things.lock), 0);
    CHECK_INT(il_lock_acquire(&mine), 0);
    return sleep_like_the_dead(arg);
}

/* The frames are there, and so all of its locks can be found. */
static void test_abandoned_owner_loses_locks_behind_one_of_its_own(void **state)
{
    struct fixture *f = *state;

    spawn(hold_a_lock_of_its_own);
    abandon(f, 1);
    assert_int_equal(il_lock_try_acquire(&things.lock), -EOWNERDEAD);
}

static int write_for_ever(void *arg)
{
    CHECK_INT(il_rwlock_acquire_write(&things.rwlock), 0);
    return sleep_like_the_dead(arg);
}

static void test_abandoned_writer_loses_its_lock(void **state)
{
    struct fixture *f = *state;

    spawn(write_for_ever);
    abandon(f, 1);
    make_another_loop(f);
    assert_int_equal(il_rwlock_try_acquire_read(&things.rwlock), -EOWNERDEAD);
    il_rwlock_fini(&things.rwlock);
    assert_int_equal(il_rwlock_try_acquire_read(&things.rwlock), 0);
    assert_int_equal(il_rwlock_release_read(&things.rwlock), 0);
}

static int borrow_for_ever(void *arg)
{
    CHECK_INT(il_limiter_acquire(&things.limiter, &things.token), 0);
    return sleep_like_the_dead(arg);
}

static void test_abandoned_borrower_loses_its_token(void **state)
{
    struct fixture *f = *state;

    spawn(borrow_for_ever);
    abandon(f, 1);
    assert_int_equal(il_limiter_count(&things.limiter), 0);
    assert_null(il_limiter_get_borrower(&things.token));
    assert_int_equal(il_limiter_try_acquire(&things.limiter, &things.token), 0);
    assert_int_equal(il_limiter_release(&things.limiter, &things.token), 0);
}

static int wait_for_the_lock(void *arg)
{
    (void)arg;
    CHECK_INT(il_scope_enter_shield(&(il_scope){ 0 }, IL_SEC(1000)), 0);
    CHECK_INT(il_lock_acquire(&things.lock), 0);
    CHECK(!"a task that was abandoned has run");
    return 0;
}

/* Those who wait for the lock of a task that is abandoned before them are
 * abandoned all the same. */
static void test_abandoned_with_the_owner_are_those_who_wait(void **state)
{
    struct fixture *f = *state;

    spawn(hold_the_lock);
    spawn(wait_for_the_lock);
    spawn(wait_for_the_lock);
    abandon(f, 3);
    assert_int_equal(il_lock_try_acquire(&things.lock), -EOWNERDEAD);
    il_lock_fini(&things.lock);
}

/* --- who does something for all ----------------------------------------------- */

static int do_it_for_ever(void *arg)
{
    return il_once_run(&things.once, sleep_like_the_dead, arg);
}

static int seven(void *arg)
{
    (void)arg;
    return 7;
}

/* As one whose function failed; others waited for it for ever. */
static void test_abandoned_once_lets_the_next_one_try(void **state)
{
    struct fixture *f = *state;

    spawn(do_it_for_ever);
    abandon(f, 1);
    make_another_loop(f);
    assert_int_equal(il_once_run(&things.once, seven, NULL), 7);
    assert_true(il_once_is_done(&things.once));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_things, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_abandoned_waiter_is_not_woken_by_a_hook),
        TEST(test_abandoned_waiter_is_not_woken_after_the_loop),
        TEST(test_abandoned_waiter_does_not_get_the_lock),
        TEST(test_abandoned_owner_loses_its_lock),
        TEST(test_abandoned_owner_loses_locks_behind_one_of_its_own),
        TEST(test_abandoned_writer_loses_its_lock),
        TEST(test_abandoned_borrower_loses_its_token),
        TEST(test_abandoned_with_the_owner_are_those_who_wait),
        TEST(test_abandoned_once_lets_the_next_one_try),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
