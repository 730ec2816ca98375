/* SPDX-License-Identifier: MIT */

/* test_lock.c - one task at a time; the next owner is made in the release. */

#include "support/fixture.h"

#include <errno.h>

struct user {
    il_lock *lock;
    const char *name;
    il_time keeps_it; /* for so long */
    int r;            /* of il_lock_acquire(); 1 while it waits */
    int slept;        /* of the sleep with the lock */
};

static int use(void *arg)
{
    struct user *u = arg;

    u->r = 1;
    u->r = il_lock_acquire(u->lock);
    note("%s%s", u->name, u->r == 0 ? "" : "!");
    if (u->r < 0)
        return u->r;
    CHECK(il_lock_get_owner(u->lock) == il_task_current());
    u->slept = il_sleep(u->keeps_it);
    CHECK_INT(il_lock_release(u->lock), 0);
    return 0;
}

static struct user make_user(il_lock *lock, const char *name)
{
    return (struct user){ .lock = lock, .name = name, .keeps_it = IL_MS(10) };
}

static il_task *start(struct user *u)
{
    il_task *task;

    assert_int_equal(il_spawn(NULL, use, u, &task), 0);
    return task;
}

/* Nobody has it and nobody will get it by mistake. */
static void assert_free(il_lock *lock)
{
    assert_false(il_lock_is_held(lock));
    assert_null(il_lock_get_owner(lock));
    assert_int_equal(il_lock_try_acquire(lock), 0);
    assert_int_equal(il_lock_release(lock), 0);
}

/* --- order -------------------------------------------------------------------- */

static void test_lock_is_given_in_the_order_they_came(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    struct user users[4];
    il_task *tasks[4];

    for (int i = 0; i < 4; i++) {
        static const char *const names[] = { "a", "b", "c", "d" };

        users[i] = make_user(&lock, names[i]);
        tasks[i] = start(&users[i]);
    }
    assert_string_equal(noted(), "a");
    assert_ptr_equal(il_lock_get_owner(&lock), tasks[0]);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_ptr_equal(il_lock_get_owner(&lock), tasks[1]);
    assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
    assert_string_equal(noted(), "a b c d");
    for (int i = 0; i < 4; i++)
        assert_int_equal(reap(tasks[i]), 0);
    assert_free(&lock);
}

static int barge(void *arg)
{
    il_lock *lock = arg;

    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_lock_acquire(lock), 0);
        note("x");
        CHECK_INT(il_yield(), 0);
        CHECK_INT(il_lock_release(lock), 0);
        CHECK_INT(il_lock_try_acquire(lock), i < 2 ? -EAGAIN : 0);
        if (i == 2)
            CHECK_INT(il_lock_release(lock), 0);
    }
    return 0;
}

static int take_twice(void *arg)
{
    for (int i = 0; i < 2; i++) {
        CHECK_INT(il_lock_acquire(arg), 0);
        note("y");
        CHECK_INT(il_lock_release(arg), 0);
    }
    return 0;
}

/* Released is given: who releases and wants it again has to queue. */
static void test_lock_bpo_32734_is_never_free_but_reserved(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;

    assert_int_equal(il_spawn(NULL, barge, &lock, NULL), 0);
    assert_int_equal(il_spawn(NULL, take_twice, &lock, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "x y x y x");
    assert_free(&lock);
}

/* --- cancelling --------------------------------------------------------------- */

static void test_lock_bpo_27585_cancelled_waiter_leaves_the_others(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++)
        for (int late = 0; late < 2; late++) {
            il_lock lock = IL_LOCK_INIT;
            struct user owner = make_user(&lock, "o");
            struct user users[3] = { make_user(&lock, "a"),
                                     make_user(&lock, "b"),
                                     make_user(&lock, "c") };
            il_task *first = start(&owner);
            il_task *tasks[3];

            for (int i = 0; i < 3; i++)
                tasks[i] = start(&users[i]);
            assert_int_equal(il_task_cancel(tasks[victim]), 0);
            if (late)
                settle(f); /* else the release finds it ready, not gone */
            assert_int_equal(il_task_cancel(tasks[victim]),
                             0 - EALREADY * late);
            assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
            for (int i = 0; i < 3; i++) {
                assert_int_equal(users[i].r, i == victim ? -ECANCELED : 0);
                assert_int_equal(reap(tasks[i]), users[i].r);
            }
            assert_int_equal(reap(first), 0);
            assert_free(&lock);
        }
}

/* It was given before the cancel came: it is kept, and given back. */
static void test_lock_given_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    struct user u = make_user(&lock, "u");
    struct user next = make_user(&lock, "n");
    il_task *task;
    il_task *other;

    assert_int_equal(il_lock_acquire(&lock), 0);
    task = start(&u);
    other = start(&next);
    assert_int_equal(il_lock_release(&lock), 0);
    assert_ptr_equal(il_lock_get_owner(&lock), task);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_ptr_equal(il_lock_get_owner(&lock), task);
    settle(f);
    assert_int_equal(u.r, 0);
    assert_int_equal(u.slept, -ECANCELED);
    assert_ptr_equal(il_lock_get_owner(&lock), other);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(reap(task), 0);
    assert_int_equal(reap(other), 0);
    assert_free(&lock);
}

static int use_in_time(void *arg)
{
    struct user *u = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = use(u);
    }
    u->r = r;
    return 0;
}

/* Owner's sleep and waiter's deadline are due together, in either order. */
static void test_lock_deadline_at_the_same_instant_loses_nothing(void **state)
{
    struct fixture *f = *state;

    for (int waiter_first = 0; waiter_first < 2; waiter_first++) {
        il_lock lock = IL_LOCK_INIT;
        struct user owner = make_user(&lock, "o");
        struct user u = make_user(&lock, "u");
        il_task *tasks[2];

        assert_int_equal(il_lock_acquire(&lock), 0);
        if (waiter_first) {
            assert_int_equal(il_spawn(NULL, use_in_time, &u, &tasks[1]), 0);
            tasks[0] = start(&owner);
        } else {
            tasks[0] = start(&owner);
            assert_int_equal(il_spawn(NULL, use_in_time, &u, &tasks[1]), 0);
        }
        assert_int_equal(il_lock_release(&lock), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
        /* It got the lock and was out of time with it, or without. */
        assert_int_equal(u.r, waiter_first ? 0 : -ETIMEDOUT);
        assert_int_equal(u.slept, waiter_first ? -ECANCELED : 0);
        assert_int_equal(reap(tasks[0]), 0);
        assert_int_equal(reap(tasks[1]), 0);
        assert_free(&lock);
    }
}

static int take_although_cancelled(void *arg)
{
    il_lock *lock = arg;

    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK_INT(il_lock_acquire(lock), -ECANCELED);
    CHECK(!il_lock_is_held(lock));
    CHECK_INT(il_lock_try_acquire(lock), 0); /* waits for nothing */
    CHECK_INT(il_lock_release(lock), 0);
    return 0;
}

static void test_lock_that_is_free_does_not_hide_a_cancel(void **state)
{
    il_lock lock = IL_LOCK_INIT;
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, take_although_cancelled, &lock, &task), 0);
    assert_int_equal(reap(task), 0);
}

/* --- owners ------------------------------------------------------------------- */

static int try_mischief(void *arg)
{
    CHECK_INT(il_lock_release(arg), -EPERM);
    CHECK_INT(il_lock_try_acquire(arg), -EAGAIN);
    return 0;
}

static int own(void *arg)
{
    il_lock *lock = arg;

    CHECK_INT(il_lock_release(lock), -EPERM);
    CHECK_INT(il_lock_acquire(lock), 0);
    CHECK_INT(il_lock_acquire(lock), -EDEADLK);
    CHECK_INT(il_lock_try_acquire(lock), -EDEADLK);
    CHECK_INT(il_spawn(NULL, try_mischief, lock, NULL), 0);
    CHECK(il_lock_get_owner(lock) == il_task_current());
    CHECK_INT(il_lock_release(lock), 0);
    CHECK_INT(il_lock_release(lock), -EPERM);
    return 0;
}

static void test_lock_belongs_to_its_owner_alone(void **state)
{
    il_lock lock = { 0 };

    (void)state;
    assert_int_equal(il_spawn(NULL, own, &lock, NULL), 0);
    assert_free(&lock);
}

static int own_several(void *arg)
{
    il_lock *locks = arg;

    /* In every order of three. */
    for (int i = 0; i < 27; i++) {
        int order[3] = { i % 3, i / 3 % 3, i / 9 };

        if (order[0] == order[1] || order[1] == order[2] ||
            order[0] == order[2])
            continue;
        for (int k = 0; k < 3; k++)
            CHECK_INT(il_lock_acquire(&locks[k]), 0);
        for (int k = 0; k < 3; k++) {
            CHECK_INT(il_lock_release(&locks[order[k]]), 0);
            CHECK_INT(il_lock_release(&locks[order[k]]), -EPERM);
            CHECK(!il_lock_is_held(&locks[order[k]]));
        }
    }
    return 0;
}

static void test_lock_can_be_one_of_several(void **state)
{
    il_lock locks[3] = { IL_LOCK_INIT, IL_LOCK_INIT, IL_LOCK_INIT };

    (void)state;
    assert_int_equal(il_spawn(NULL, own_several, locks, NULL), 0);
}

static void test_lock_can_be_held_outside_tasks(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    struct user u = make_user(&lock, "u");
    il_task *task;

    assert_int_equal(il_lock_acquire(&lock), 0);
    assert_true(il_lock_is_held(&lock));
    assert_null(il_lock_get_owner(&lock));
    assert_int_equal(il_lock_acquire(&lock), -EDEADLK);
    task = start(&u);
    assert_int_equal(u.r, 1);
    assert_int_equal(il_lock_release(&lock), 0);
    assert_int_equal(il_lock_release(&lock), -EPERM);
    assert_int_equal(il_lock_acquire(&lock), -ESRCH); /* cannot wait */
    assert_int_equal(il_lock_try_acquire(&lock), -EAGAIN);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(reap(task), 0);
    assert_free(&lock);
}

static int take_and_forget(void *arg)
{
    il_lock *locks = arg;

    CHECK_INT(il_lock_acquire(&locks[0]), 0);
    CHECK_INT(il_lock_acquire(&locks[1]), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    return 0;
}

static void test_lock_of_a_task_that_ended_is_lost(void **state)
{
    struct fixture *f = *state;
    il_lock locks[2] = { IL_LOCK_INIT, IL_LOCK_INIT };
    struct user a = make_user(&locks[0], "a");
    struct user b = make_user(&locks[0], "b");
    struct user c = make_user(&locks[1], "c");
    struct kept_report report;
    il_task *tasks[3];

    assert_int_equal(il_spawn(NULL, take_and_forget, locks, NULL), 0);
    tasks[0] = start(&a);
    tasks[1] = start(&b);
    tasks[2] = start(&c);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_LOST_LOCK);
    assert_int_equal(report.error, -EOWNERDEAD);
    assert_string_equal(report.task_name, "take_and_forget");
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), -EOWNERDEAD);
    assert_int_equal(il_lock_try_acquire(&locks[0]), -EOWNERDEAD);
    assert_int_equal(il_lock_acquire(&locks[1]), -EOWNERDEAD);
    assert_int_equal(il_lock_release(&locks[1]), -EPERM);
    assert_false(il_lock_is_held(&locks[0]));
    for (int i = 0; i < 2; i++) {
        il_lock_fini(&locks[i]);
        assert_free(&locks[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lock_is_given_in_the_order_they_came),
        TEST(test_lock_bpo_32734_is_never_free_but_reserved),
        TEST(test_lock_bpo_27585_cancelled_waiter_leaves_the_others),
        TEST(test_lock_given_wins_over_a_late_cancel),
        TEST(test_lock_deadline_at_the_same_instant_loses_nothing),
        TEST(test_lock_that_is_free_does_not_hide_a_cancel),
        TEST(test_lock_belongs_to_its_owner_alone),
        TEST(test_lock_can_be_one_of_several),
        TEST(test_lock_can_be_held_outside_tasks),
        TEST(test_lock_of_a_task_that_ended_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
