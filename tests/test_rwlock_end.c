/* SPDX-License-Identifier: MIT */

/* test_rwlock_end.c - owners of read-write locks, blocks, locks that go, and misuse. */

#include "support/dump_text.h"
#include "support/fixture.h"
#include "support/rwlock_crowd.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* --- owners, blocks ------------------------------------------------------------- */

static int try_mischief(void *arg)
{
    CHECK_INT(il_rwlock_release_write(arg), -EPERM);
    CHECK_INT(il_rwlock_release_read(arg), -EPERM);
    CHECK_INT(il_rwlock_try_acquire_write(arg), -EAGAIN);
    CHECK_INT(il_rwlock_try_acquire_read(arg), -EAGAIN);
    return 0;
}

static int write_twice(void *arg)
{
    il_rwlock *rwlock = arg;

    CHECK_INT(il_rwlock_acquire_write(rwlock), 0);
    CHECK_INT(il_rwlock_acquire_write(rwlock), -EDEADLK);
    CHECK_INT(il_rwlock_acquire_read(rwlock), -EDEADLK);
    CHECK_INT(il_rwlock_try_acquire_read(rwlock), -EDEADLK);
    CHECK_INT(il_spawn(NULL, try_mischief, rwlock, NULL), 0);
    CHECK_INT(il_rwlock_release_write(rwlock), 0);
    CHECK_INT(il_rwlock_release_write(rwlock), -EPERM);
    CHECK_INT(il_rwlock_release_read(rwlock), -EPERM);
    return 0;
}

static void test_rwlock_belongs_to_its_writer_alone(void **state)
{
    il_rwlock rwlock = { 0 };

    (void)state;
    assert_int_equal(il_spawn(NULL, write_twice, &rwlock, NULL), 0);
    assert_rwlock_free(&rwlock);
    /* Code outside tasks is one owner. */
    assert_int_equal(il_rwlock_acquire_write(&rwlock), 0);
    assert_int_equal(il_rwlock_acquire_write(&rwlock), -EDEADLK);
    assert_int_equal(il_spawn(NULL, try_mischief, &rwlock, NULL), 0);
    assert_int_equal(il_rwlock_release_write(&rwlock), 0);
    assert_int_equal(il_rwlock_release_write(&rwlock), -EPERM);
    assert_int_equal(il_rwlock_acquire_read(&rwlock), 0);
    assert_int_equal(il_rwlock_acquire_read(&rwlock), 0);
    assert_int_equal(il_rwlock_acquire_write(&rwlock),
                     -ESRCH); /* cannot wait */
    assert_int_equal(il_rwlock_release_read(&rwlock), 0);
    assert_int_equal(il_rwlock_release_read(&rwlock), 0);
    assert_rwlock_free(&rwlock);
}

static int write_and_forget(void *arg)
{
    CHECK_INT(il_rwlock_acquire_write(arg), 0);
    return il_sleep(IL_MS(1));
}

static void test_rwlock_of_a_writer_that_ended_is_lost(void **state)
{
    struct fixture *f = *state;
    il_rwlock rwlock = { 0 };
    struct crowd crowd;

    assert_int_equal(il_spawn(NULL, write_and_forget, &rwlock, NULL), 0);
    gather(&crowd, &rwlock, "aB");
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
    assert_int_equal(crowd.users[0].r, -EOWNERDEAD);
    assert_int_equal(crowd.users[1].r, -EOWNERDEAD);
    reap_all(&crowd);
    assert_int_equal(il_rwlock_try_acquire_read(&rwlock), -EOWNERDEAD);
    assert_int_equal(il_rwlock_acquire_write(&rwlock), -EOWNERDEAD);
    il_rwlock_fini(&rwlock);
    assert_rwlock_free(&rwlock);
}

static int use_blocks(void *arg)
{
    il_rwlock *rwlock = arg;
    int r = 5;

    IL_WITH_READ_LOCK (rwlock, &r) {
        IL_WITH_READ_LOCK (rwlock, &r) {
            CHECK_INT(il_rwlock_count_readers(rwlock), 2);
            break;
        }
        CHECK_INT(il_rwlock_count_readers(rwlock), 1);
    }
    CHECK_INT(r, 5);
    IL_WITH_WRITE_LOCK (rwlock, &r) {
        CHECK(il_rwlock_get_writer(rwlock) == il_task_current());
        IL_WITH_READ_LOCK (rwlock, &r) {
            CHECK(false);
        }
        CHECK_INT(r, -EDEADLK);
        CHECK_INT(il_rwlock_release_write(rwlock), 0);
    }
    IL_WITH_WRITE_LOCK (rwlock, &r) {
        il_rwlock_fini(rwlock);
        free(rwlock);
        return 7;
    }
    return 8;
}

static void test_rwlock_block_ends_what_it_began(void **state)
{
    il_rwlock *rwlock = calloc(1, sizeof *rwlock);
    il_rwlock other = { 0 };
    il_task *task;
    int r = 1;

    (void)state;
    assert_non_null(rwlock);
    assert_int_equal(il_spawn(NULL, use_blocks, rwlock, &task), 0);
    assert_int_equal(reap(task), 7);
    IL_WITH_WRITE_LOCK (&other, &r) {
        r = 2;
    }
    assert_int_equal(r, 2);
    assert_rwlock_free(&other);
}

/* --- what goes; misuse ------------------------------------------------------------ */

static void test_rwlock_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_rwlock rwlock = { 0 };
    struct crowd crowd;

    il_rwlock_fini(NULL);
    il_rwlock_fini(&rwlock);
    assert_int_equal(il_rwlock_acquire_read(&rwlock), 0);
    gather(&crowd, &rwlock, "Ab");
    il_rwlock_fini(&rwlock);
    assert_int_equal(il_rwlock_release_read(&rwlock), -EPERM);
    memset(&rwlock, 0x55, sizeof rwlock); /* nobody may look at it again */
    assert_int_equal(il_task_cancel(crowd.tasks[0]), 0);
    settle(f);
    assert_string_equal(noted(), "A! b!");
    assert_int_equal(crowd.users[0].r, -EOWNERDEAD);
    assert_int_equal(crowd.users[1].r, -EOWNERDEAD);
    reap_all(&crowd);
}

static int read_often(void *arg)
{
    int r = 0;

    for (int i = 0; i < 1000 && r == 0; i++) {
        r = il_rwlock_acquire_read(arg);
        if (r == 0)
            CHECK_INT(il_rwlock_release_read(arg), 0);
    }
    note("often");
    return r;
}

static void test_rwlock_that_is_always_free_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_rwlock rwlock = { 0 };
    il_rwlock *ended = calloc(1, sizeof *ended);
    struct crowd crowd;
    il_task *tasks[2];

    assert_non_null(ended);
    assert_int_equal(il_spawn(NULL, read_often, &rwlock, &tasks[0]), 0);
    assert_int_equal(il_spawn(NULL, read_often, ended, &tasks[1]), 0);
    assert_false(il_task_is_done(tasks[0]));
    assert_int_equal(il_rwlock_count_readers(&rwlock), 0);
    gather(&crowd, &rwlock, "W");
    assert_string_equal(noted(), "W"); /* at once */
    il_rwlock_fini(ended);
    free(ended);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), -EOWNERDEAD);
    reap_all(&crowd);
}

static int mistake_it_for_ours(void *arg)
{
    CHECK_INT(il_rwlock_acquire_read(arg), -ESRCH);
    CHECK_INT(il_rwlock_acquire_write(arg), -ESRCH);
    CHECK_INT(il_rwlock_release_read(arg), -ESRCH);
    CHECK_INT(il_rwlock_release_write(arg), -ESRCH);
    return 0;
}

static void *use_from_other_thread(void *arg)
{
    CHECK_INT(mistake_it_for_ours(arg), 0);
    CHECK_INT(il_run(mistake_it_for_ours, arg), 0);
    il_rwlock_fini(arg);
    return NULL;
}

/* While somebody writes, or reads and others wait. */
static void test_rwlock_of_another_thread_is_refused(void **state)
{
    struct fixture *f = *state;

    for (int way = 0; way < 2; way++) {
        il_rwlock rwlock = { 0 };
        struct crowd crowd;
        pthread_t thread;

        gather(&crowd, &rwlock, way ? "W" : "aB");
        assert_int_equal(
            pthread_create(&thread, NULL, use_from_other_thread, &rwlock), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
        reap_all(&crowd);
        assert_rwlock_free(&rwlock);
    }
}

static void test_rwlock_misuse_is_refused(void **state)
{
    int r = 1;

    (void)state;
    assert_int_equal(il_rwlock_acquire_read(NULL), -EINVAL);
    assert_int_equal(il_rwlock_acquire_write(NULL), -EINVAL);
    assert_int_equal(il_rwlock_try_acquire_read(NULL), -EINVAL);
    assert_int_equal(il_rwlock_try_acquire_write(NULL), -EINVAL);
    assert_int_equal(il_rwlock_release_read(NULL), -EINVAL);
    assert_int_equal(il_rwlock_release_write(NULL), -EINVAL);
    assert_int_equal(il_rwlock_count_readers(NULL), 0);
    assert_null(il_rwlock_get_writer(NULL));
    IL_WITH_READ_LOCK (NULL, &r) {
        r = 2;
    }
    assert_int_equal(r, -EINVAL);
}

static void test_rwlock_is_what_a_dump_says(void **state)
{
    struct fixture *f = *state;
    il_rwlock rwlock = { 0 };
    struct crowd crowd;

    gather(&crowd, &rwlock, "WrX");
    il_task_set_name(crowd.tasks[0], "anna");
    dump_now();
    assert_true(has("waits for a lock to read of 'anna' since"));
    assert_true(has("waits for a lock to write of 'anna' since"));
    assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
    reap_all(&crowd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rwlock_belongs_to_its_writer_alone),
        TEST(test_rwlock_of_a_writer_that_ended_is_lost),
        TEST(test_rwlock_block_ends_what_it_began),
        TEST(test_rwlock_end_wakes_the_waiters),
        TEST(test_rwlock_that_is_always_free_starves_nobody),
        TEST(test_rwlock_of_another_thread_is_refused),
        TEST(test_rwlock_misuse_is_refused),
        TEST(test_rwlock_is_what_a_dump_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
