/* SPDX-License-Identifier: MIT */

/* test_rwlock.c - many read or one writes, in the order they came. */

#include "support/fixture.h"
#include "support/rwlock_crowd.h"

#include <errno.h>

/* --- order -------------------------------------------------------------------- */

static void test_rwlock_serves_readers_and_writers_in_turn(void **state)
{
    struct fixture *f = *state;
    il_rwlock rwlock = IL_RWLOCK_INIT;
    struct crowd crowd;

    gather(&crowd, &rwlock, "abCDefG");
    assert_string_equal(noted(), "a b");
    assert_int_equal(il_rwlock_count_readers(&rwlock), 2);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "a b C");
    assert_ptr_equal(il_rwlock_get_writer(&rwlock), crowd.tasks[2]);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "a b C D");
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "a b C D e f");
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "a b C D e f G");
    reap_all(&crowd);
    assert_rwlock_free(&rwlock);
}

static int read_on_and_on(void *arg)
{
    struct rwlock_user *u = arg;

    for (int i = 0; i < 5; i++) {
        CHECK_INT(il_rwlock_acquire_read(u->rwlock), 0);
        note("%s", u->name);
        CHECK_INT(il_sleep(IL_MS(2)), 0);
        CHECK_INT(il_rwlock_release_read(u->rwlock), 0);
    }
    return 0;
}

/* There is always somebody who reads; the writer gets it all the same. */
static void test_rwlock_readers_do_not_starve_a_writer(void **state)
{
    struct fixture *f = *state;
    il_rwlock rwlock = { 0 };
    struct rwlock_user a = { .rwlock = &rwlock, .name = "a" };
    struct rwlock_user b = { .rwlock = &rwlock, .name = "b" };
    struct crowd writer;
    il_task *tasks[2];

    assert_int_equal(il_spawn(NULL, read_on_and_on, &a, &tasks[0]), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(il_spawn(NULL, read_on_and_on, &b, &tasks[1]), 0);
    gather(&writer, &rwlock, "W");
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
    assert_string_equal(noted(), "a b W a b a b a b a b");
    reap_all(&writer);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
    assert_rwlock_free(&rwlock);
}

static void test_rwlock_newcomers_do_not_barge(void **state)
{
    struct fixture *f = *state;
    il_rwlock rwlock = { 0 };
    struct crowd crowd;

    assert_int_equal(il_rwlock_acquire_read(&rwlock), 0);
    gather(&crowd, &rwlock, "Wr");
    assert_int_equal(il_rwlock_try_acquire_read(&rwlock), -EAGAIN);
    assert_int_equal(il_rwlock_release_read(&rwlock), 0);
    /* It is the writer's, though that has not run. */
    assert_ptr_equal(il_rwlock_get_writer(&rwlock), crowd.tasks[0]);
    assert_int_equal(il_rwlock_try_acquire_read(&rwlock), -EAGAIN);
    assert_int_equal(il_rwlock_try_acquire_write(&rwlock), -EAGAIN);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "W r");
    reap_all(&crowd);
    assert_rwlock_free(&rwlock);
}

/* --- cancelling --------------------------------------------------------------- */

static void test_rwlock_cancelled_waiter_leaves_the_others(void **state)
{
    struct fixture *f = *state;
    const char *names = "aBcdE";

    for (int victim = 0; victim < 5; victim++) {
        il_rwlock rwlock = { 0 };
        struct crowd crowd;

        assert_int_equal(il_rwlock_acquire_write(&rwlock), 0);
        gather(&crowd, &rwlock, names);
        assert_int_equal(il_task_cancel(crowd.tasks[victim]), 0);
        assert_int_equal(il_task_cancel(crowd.tasks[victim]), 0);
        assert_int_equal(il_rwlock_release_write(&rwlock), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(100)), 0);
        for (int i = 0; i < crowd.n; i++)
            assert_int_equal(crowd.users[i].r, i == victim ? -ECANCELED : 0);
        reap_all(&crowd);
        assert_rwlock_free(&rwlock);
    }
}

/* Readers had to wait for a writer that waits; when it goes, they need not. */
static void test_rwlock_cancelled_writer_lets_readers_in(void **state)
{
    struct fixture *f = *state;
    il_rwlock rwlock = { 0 };
    struct crowd crowd;

    assert_int_equal(il_rwlock_acquire_read(&rwlock), 0);
    gather(&crowd, &rwlock, "WabX");
    assert_int_equal(il_task_cancel(crowd.tasks[0]), 0);
    assert_int_equal(il_rwlock_count_readers(&rwlock), 3);
    settle(f);
    assert_string_equal(noted(), "a b W!");
    assert_int_equal(il_rwlock_release_read(&rwlock), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "a b W! X");
    reap_all(&crowd);
    assert_rwlock_free(&rwlock);
}

static void test_rwlock_given_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_rwlock rwlock = { 0 };
    struct crowd crowd;

    assert_int_equal(il_rwlock_acquire_write(&rwlock), 0);
    gather(&crowd, &rwlock, "aB");
    crowd.users[0].sleep_ends = -ECANCELED;
    assert_int_equal(il_rwlock_release_write(&rwlock), 0);
    assert_int_equal(il_task_cancel(crowd.tasks[0]), 0);
    settle(f); /* a has it and gives it to B */
    assert_int_equal(crowd.users[0].r, 0);
    assert_int_equal(crowd.users[1].r, 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    reap_all(&crowd);
    assert_rwlock_free(&rwlock);
}

static int use_in_time(void *arg)
{
    struct rwlock_user *u = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        (void)use_rwlock(u);
        r = u->r;
    }
    u->r = r;
    return 0;
}

/* The other one's time with it is over as ours to wait is, in either order. */
static void test_rwlock_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "a", "A" };

    for (int way = 0; way < 4; way++) {
        il_rwlock rwlock = { 0 };
        struct rwlock_user owner = { .rwlock = &rwlock,
                                     .name = names[way / 2] };
        struct rwlock_user u = { .rwlock = &rwlock,
                                 .name = names[1 - way / 2] };
        bool late = way % 2;
        il_task *tasks[2];

        u.sleep_ends = late ? -ECANCELED : 0; /* no time is left */
        assert_int_equal(il_rwlock_acquire_write(&rwlock), 0);
        if (late)
            assert_int_equal(il_spawn(NULL, use_in_time, &u, &tasks[1]), 0);
        assert_int_equal(il_spawn(NULL, use_rwlock, &owner, &tasks[0]), 0);
        if (!late)
            assert_int_equal(il_spawn(NULL, use_in_time, &u, &tasks[1]), 0);
        assert_int_equal(il_rwlock_release_write(&rwlock), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
        assert_int_equal(u.r, late ? 0 : -ETIMEDOUT);
        assert_int_equal(reap(tasks[0]), 0);
        assert_int_equal(reap(tasks[1]), 0);
        assert_rwlock_free(&rwlock);
    }
}

static int use_although_cancelled(void *arg)
{
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK_INT(il_rwlock_acquire_read(arg), -ECANCELED);
    CHECK_INT(il_rwlock_acquire_write(arg), -ECANCELED);
    return 0;
}

static void test_rwlock_that_is_free_does_not_hide_a_cancel(void **state)
{
    il_rwlock rwlock = { 0 };

    (void)state;
    assert_int_equal(il_spawn(NULL, use_although_cancelled, &rwlock, NULL), 0);
    assert_rwlock_free(&rwlock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rwlock_serves_readers_and_writers_in_turn),
        TEST(test_rwlock_readers_do_not_starve_a_writer),
        TEST(test_rwlock_newcomers_do_not_barge),
        TEST(test_rwlock_cancelled_waiter_leaves_the_others),
        TEST(test_rwlock_cancelled_writer_lets_readers_in),
        TEST(test_rwlock_given_wins_over_a_late_cancel),
        TEST(test_rwlock_deadline_at_the_same_instant),
        TEST(test_rwlock_that_is_free_does_not_hide_a_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
