/* SPDX-License-Identifier: MIT */

/* test_lock_end.c - locks that go, blocks with a lock, locks that are free each
 * time, and misuse. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include "task/task.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int wait_for_it(void *arg)
{
    int r = il_lock_acquire(arg);

    note("%d", r);
    return 0;
}

/* Nobody looks at it again. */
static void end(il_lock *lock)
{
    il_lock_fini(lock);
    assert_false(il_lock_is_held(lock));
    memset(lock, 0x55, sizeof *lock);
}

/* --- locks that go ------------------------------------------------------------ */

static void test_lock_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_task *tasks[2];

    il_lock_fini(NULL);
    il_lock_fini(&lock);
    assert_int_equal(il_lock_acquire(&lock), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(il_spawn(NULL, wait_for_it, &lock, &tasks[i]), 0);
    end(&lock);
    assert_int_equal(il_task_cancel(tasks[0]), 0); /* too late */
    settle(f);
    assert_string_equal(noted(), "-130 -130");
    assert_int_equal(EOWNERDEAD, 130);
    for (int i = 0; i < 2; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

struct holder {
    il_lock *locks; /* three */
    il_event go_on;
};

static int hold(void *arg)
{
    struct holder *h = arg;

    for (int i = 0; i < 3; i++)
        CHECK_INT(il_lock_acquire(&h->locks[i]), 0);
    CHECK_INT(il_event_wait(&h->go_on), 0);
    CHECK_INT(il_lock_release(&h->locks[2]), 0);
    CHECK_INT(il_lock_release(&h->locks[0]), 0);
    return 0;
}

/* The one in the midst goes: its owner keeps the others. */
static void test_lock_end_takes_it_from_its_owner(void **state)
{
    struct fixture *f = *state;
    il_lock locks[3] = { IL_LOCK_INIT, IL_LOCK_INIT, IL_LOCK_INIT };
    struct holder h = { .locks = locks };
    il_task *task;

    assert_int_equal(il_spawn(NULL, hold, &h, &task), 0);
    end(&locks[1]);
    assert_ptr_equal(il_lock_get_owner(&locks[0]), task);
    assert_ptr_equal(il_lock_get_owner(&locks[2]), task);
    assert_int_equal(il_event_set(&h.go_on), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
    assert_false(il_lock_is_held(&locks[0]));
    assert_false(il_lock_is_held(&locks[2]));
}

static int forget_one_of_its_own(void *arg)
{
    il_lock mine = IL_LOCK_INIT;

    CHECK_INT(il_lock_acquire(arg), 0);
    return il_lock_acquire(&mine); /* as its last */
}

/* Where the lock was, other frames are by now: it is not touched. */
static void test_lock_end_with_the_frame_it_was_on_is_reported(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;

    assert_int_equal(il_spawn(NULL, forget_one_of_its_own, &lock, NULL), 0);
    settle(f);
    assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
    il_lock_fini(&lock);
}

/* What it had before the one on its frame cannot be found; but it says that its
 * owner has ended.  It went on belonging to the memory of that task, and so to
 * the next one there, or to nothing at all. */
static void test_lock_end_of_an_owner_of_one_on_its_frame_is_told(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_case wanted[] = { IL_CASE_LOCK(&lock) };

    assert_int_equal(il_spawn(NULL, forget_one_of_its_own, &lock, NULL), 0);
    settle(f);
    assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
    assert_int_equal(il_spawn(NULL, wait_for_it, &lock, NULL), 0);
    assert_string_equal(noted(), "-130");
    assert_int_equal(il_try_select(wanted, 1, 0), 0);
    assert_int_equal(wanted[0].result, -EOWNERDEAD);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    f->loop = il_loop_unref(f->loop);
    assert_int_equal(il_lock_try_acquire(&lock), -EOWNERDEAD);
    assert_false(il_lock_is_held(&lock));
    assert_null(il_lock_get_owner(&lock));
    il_lock_fini(&lock);
    assert_int_equal(il_lock_try_acquire(&lock), 0);
    assert_int_equal(il_lock_release(&lock), 0);
}

static int acquire_often(void *arg)
{
    for (int i = 0; i < 63; i++) {
        CHECK_INT(il_lock_acquire(arg), 0);
        CHECK_INT(il_lock_release(arg), 0);
    }
    return wait_for_it(arg); /* has done much: stops before the free lock */
}

/* A task that has stopped before a lock does not touch it either. */
static void test_lock_end_is_seen_by_who_stopped_before_it(void **state)
{
    struct fixture *f = *state;
    il_lock *lock = calloc(1, sizeof *lock);
    il_lock other = IL_LOCK_INIT;
    il_task *tasks[2];

    assert_non_null(lock);
    assert_int_equal(il_spawn(NULL, acquire_often, lock, &tasks[0]), 0);
    assert_int_equal(il_spawn(NULL, acquire_often, &other, &tasks[1]), 0);
    assert_false(il_task_is_done(tasks[0]));
    il_lock_fini(lock);
    free(lock);
    settle(f);
    assert_string_equal(noted(), "-130 0");
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
    assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
    il_lock_fini(&other);
}

/* --- free each time ------------------------------------------------------------ */

static int use_often(void *arg)
{
    for (int i = 0; i < 1000; i++) {
        CHECK_INT(il_lock_acquire(arg), 0);
        CHECK_INT(il_lock_release(arg), 0);
    }
    note("often");
    return 0;
}

static int use_once(void *arg)
{
    CHECK_INT(il_lock_acquire(arg), 0);
    note("once");
    CHECK_INT(il_lock_release(arg), 0);
    return 0;
}

/* Who gives way does so without the lock: the other one need not wait. */
static void test_lock_that_is_always_free_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_task *task;

    assert_int_equal(il_spawn(NULL, use_often, &lock, &task), 0);
    assert_false(il_task_is_done(task));
    assert_false(il_lock_is_held(&lock));
    assert_int_equal(il_spawn(NULL, use_once, &lock, NULL), 0);
    settle(f);
    assert_string_equal(noted(), "once often");
    assert_int_equal(reap(task), 0);
}

static int use_until_cancelled(void *arg)
{
    int r;

    while ((r = il_lock_acquire(arg)) == 0)
        CHECK_INT(il_lock_release(arg), 0);
    return r;
}

static void test_lock_that_is_always_free_does_not_hide_a_cancel(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_task *task;

    assert_int_equal(il_spawn(NULL, use_until_cancelled, &lock, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

/* --- blocks --------------------------------------------------------------------- */

static int leave_in_every_way(void *arg)
{
    il_lock *lock = arg;
    int r = 5;

    IL_WITH_LOCK (lock, &r) {
        CHECK(il_lock_get_owner(lock) == il_task_current());
    }
    CHECK(!il_lock_is_held(lock));
    CHECK_INT(r, 5);
    IL_WITH_LOCK (lock, &r) {
        r = 6;
        break;
    }
    CHECK(!il_lock_is_held(lock));
    CHECK_INT(r, 6);
    IL_WITH_LOCK (lock, &r) {
        goto out;
    }
out:
    CHECK(!il_lock_is_held(lock));
    IL_WITH_LOCK (lock, &r) {
        CHECK_INT(il_lock_release(lock), 0);
    }
    CHECK(!il_lock_is_held(lock));
    IL_WITH_LOCK (lock, &r) {
        IL_WITH_LOCK (lock, &r) {
            CHECK(false);
        }
        CHECK_INT(r, -EDEADLK);
        CHECK(il_lock_is_held(lock));
        return 7;
    }
    return 8;
}

static void test_lock_block_gives_it_back_in_every_way(void **state)
{
    il_lock lock = IL_LOCK_INIT;
    il_task *task;
    int r = 1;

    (void)state;
    assert_int_equal(il_spawn(NULL, leave_in_every_way, &lock, &task), 0);
    assert_int_equal(reap(task), 7);
    assert_false(il_lock_is_held(&lock));
    IL_WITH_LOCK (&lock, &r) {
        r = 2;
    }
    assert_int_equal(r, 2);
    assert_false(il_lock_is_held(&lock));
    IL_WITH_LOCK (NULL, &r) {
        r = 3;
    }
    assert_int_equal(r, -EINVAL);
}

static int keep_for_a_while(void *arg)
{
    int r = 0;

    IL_WITH_LOCK (arg, &r) {
        r = il_sleep(IL_MS(10));
    }
    note("%d", r);
    return 0;
}

static void test_lock_block_passes_it_on(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_task *tasks[3];

    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn(NULL, keep_for_a_while, &lock, &tasks[i]), 0);
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    settle(f);
    assert_string_equal(noted(), "-125");
    assert_int_equal(ECANCELED, 125);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "-125 0 0");
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
    assert_false(il_lock_is_held(&lock));
}

static int free_it_inside(void *arg)
{
    il_lock *lock = calloc(1, sizeof *lock);
    int r = 0;

    (void)arg;
    IL_WITH_LOCK (lock, &r) {
        il_lock_fini(lock);
        free(lock);
    }
    return r;
}

static void test_lock_that_ends_inside_its_block_is_not_touched(void **state)
{
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, free_it_inside, NULL, &task), 0);
    assert_int_equal(reap(task), 0);
}

/* --- misuse, and what dumps say --------------------------------------------------- */

static int (*const acquire_by_pointer)(il_lock *) = il_lock_acquire;

static int (*const release_by_pointer)(il_lock *) = il_lock_release;

static int call_the_library(void *arg)
{
    CHECK_INT(acquire_by_pointer(arg), 0);
    CHECK_INT(acquire_by_pointer(arg), -EDEADLK);
    CHECK_INT(release_by_pointer(arg), 0);
    CHECK_INT(release_by_pointer(arg), -EPERM);
    return 0;
}

/* What is inline, and what is not. */
static void test_lock_misuse_is_refused(void **state)
{
    il_lock lock = IL_LOCK_INIT;

    (void)state;
    assert_int_equal(il_lock_acquire(NULL), -EINVAL);
    assert_int_equal(il_lock_try_acquire(NULL), -EINVAL);
    assert_int_equal(il_lock_release(NULL), -EINVAL);
    assert_int_equal(acquire_by_pointer(NULL), -EINVAL);
    assert_int_equal(release_by_pointer(NULL), -EINVAL);
    assert_false(il_lock_is_held(NULL));
    assert_null(il_lock_get_owner(NULL));
    assert_int_equal(il_spawn(NULL, call_the_library, &lock, NULL), 0);
}

static void test_lock_is_inline_where_it_can_be(void **state)
{
    (void)state;
#ifdef __x86_64__
    assert_int_equal(il_inline_1_ != NULL,
                     offsetof(struct il_inline_task_, held) ==
                         offsetof(il_task, held));
    /* Sanitizers keep more in a task, and so does the portable switch. */
    assert_int_equal(il_inline_1_ != NULL, sizeof(ili_coro) == 32);
#endif
}

static int mistake_it_for_ours(void *arg)
{
    CHECK_INT(il_lock_acquire(arg), -ESRCH);
    CHECK_INT(il_lock_try_acquire(arg), -ESRCH);
    CHECK_INT(il_lock_release(arg), -ESRCH);
    return 0;
}

static void *use_from_other_thread(void *arg)
{
    CHECK_INT(mistake_it_for_ours(arg), 0);
    CHECK_INT(il_run(mistake_it_for_ours, arg), 0);
    il_lock_fini(arg);
    return NULL;
}

static void use_elsewhere(il_lock *lock)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, use_from_other_thread, lock),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(il_lock_is_held(lock));
}

static void test_lock_of_another_thread_is_refused(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_task *task;

    assert_int_equal(il_lock_acquire(&lock), 0);
    use_elsewhere(&lock);
    assert_int_equal(il_lock_release(&lock), 0);
    assert_int_equal(il_spawn(NULL, keep_for_a_while, &lock, &task), 0);
    use_elsewhere(&lock);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "0");
    assert_int_equal(reap(task), 0);
}

static void test_lock_and_its_owner_are_what_a_dump_says(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_task *tasks[2];

    for (int i = 0; i < 2; i++)
        assert_int_equal(il_spawn(NULL, keep_for_a_while, &lock, &tasks[i]), 0);
    il_task_set_name(tasks[0], "anna");
    il_task_set_name(tasks[1], "bert");
    dump_now();
    assert_true(has("bert: waits for a lock of 'anna' since"));
    assert_true(has("anna: waits for time since"));
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lock_end_wakes_the_waiters),
        TEST(test_lock_end_takes_it_from_its_owner),
        TEST(test_lock_end_with_the_frame_it_was_on_is_reported),
        TEST(test_lock_end_of_an_owner_of_one_on_its_frame_is_told),
        TEST(test_lock_end_is_seen_by_who_stopped_before_it),
        TEST(test_lock_that_is_always_free_starves_nobody),
        TEST(test_lock_that_is_always_free_does_not_hide_a_cancel),
        TEST(test_lock_block_gives_it_back_in_every_way),
        TEST(test_lock_block_passes_it_on),
        TEST(test_lock_that_ends_inside_its_block_is_not_touched),
        TEST(test_lock_misuse_is_refused),
        TEST(test_lock_is_inline_where_it_can_be),
        TEST(test_lock_of_another_thread_is_refused),
        TEST(test_lock_and_its_owner_are_what_a_dump_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
