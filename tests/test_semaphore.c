/* SPDX-License-Identifier: MIT */

/* test_semaphore.c - permits go to who came first, and none gets lost. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct user {
    il_semaphore *semaphore;
    const char *name;
    size_t n;
    int r;     /* of il_semaphore_acquire(); 1 while it waits */
    int slept; /* of the sleep with the permits */
};

/* Have the permits for 10 ms. */
static int use(void *arg)
{
    struct user *u = arg;

    u->r = 1;
    u->r = il_semaphore_acquire(u->semaphore, u->n);
    note("%s%s", u->name, u->r == 0 ? "" : "!");
    if (u->r < 0)
        return 0;
    u->slept = il_sleep(IL_MS(10));
    CHECK_INT(il_semaphore_release(u->semaphore, u->n), 0);
    return 0;
}

static struct user make_user(il_semaphore *semaphore, const char *name,
                             size_t n)
{
    return (struct user){ .semaphore = semaphore, .name = name, .n = n };
}

static il_task *start(struct user *u)
{
    il_task *task;

    assert_int_equal(il_spawn(NULL, use, u, &task), 0);
    return task;
}

static void assert_has(il_semaphore *semaphore, size_t n)
{
    assert_int_equal(il_semaphore_count(semaphore), n);
    assert_int_equal(il_semaphore_try_acquire(semaphore, n + 1), -EAGAIN);
    if (n > 0) {
        assert_int_equal(il_semaphore_try_acquire(semaphore, n), 0);
        assert_int_equal(il_semaphore_release(semaphore, n), 0);
    }
}

/* --- order -------------------------------------------------------------------- */

static void test_semaphore_lets_so_many_at_a_time(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(2);
    struct user u[5];
    il_task *tasks[5];

    for (int i = 0; i < 5; i++) {
        static const char *const names[] = { "a", "b", "c", "d", "e" };

        u[i] = make_user(&semaphore, names[i], 1);
        tasks[i] = start(&u[i]);
    }
    assert_string_equal(noted(), "a b");
    assert_int_equal(il_semaphore_count(&semaphore), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "a b c d");
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "a b c d e");
    for (int i = 0; i < 5; i++)
        assert_int_equal(reap(tasks[i]), 0);
    assert_has(&semaphore, 2);
}

static void test_semaphore_serves_who_wants_many_in_turn(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(3);
    struct user a = make_user(&semaphore, "a", 2);
    struct user big = make_user(&semaphore, "big", 3);
    struct user small = make_user(&semaphore, "small", 1);
    il_task *tasks[3] = { start(&a), start(&big), start(&small) };

    /* One is there, and nobody may have it. */
    assert_int_equal(il_semaphore_count(&semaphore), 1);
    assert_int_equal(small.r, 1);
    assert_int_equal(il_semaphore_try_acquire(&semaphore, 1), -EAGAIN);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "a big");
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_string_equal(noted(), "a big small");
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
    assert_has(&semaphore, 3);
}

static void test_semaphore_gh_90155_newcomers_do_not_barge(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(0);
    struct user a = make_user(&semaphore, "a", 1);
    struct user b = make_user(&semaphore, "b", 1);
    struct user late = make_user(&semaphore, "late", 1);
    il_task *tasks[3] = { start(&a), start(&b), NULL };

    assert_int_equal(il_semaphore_release(&semaphore, 1), 0);
    /* It is a's, though a has not run. */
    assert_int_equal(il_semaphore_count(&semaphore), 0);
    assert_int_equal(il_semaphore_try_acquire(&semaphore, 1), -EAGAIN);
    tasks[2] = start(&late);
    assert_int_equal(late.r, 1);
    assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
    assert_string_equal(noted(), "a b late");
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
    assert_has(&semaphore, 1);
}

/* --- cancelling --------------------------------------------------------------- */

static void test_semaphore_bpo_45997_cancelled_takes_no_permit(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_semaphore semaphore = IL_SEMAPHORE_INIT(0);
        struct user u[3] = { make_user(&semaphore, "a", 1),
                             make_user(&semaphore, "b", 2),
                             make_user(&semaphore, "c", 3) };
        il_task *tasks[3];

        for (int i = 0; i < 3; i++)
            tasks[i] = start(&u[i]);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_semaphore_release(&semaphore, 5), 0);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(u[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(reap(tasks[i]), 0);
        }
        assert_has(&semaphore, 5);
    }
}

/* Behind one that wanted many others had to wait; when it goes, they need not
 * wait any more. */
static void test_semaphore_gh_93222_cancel_serves_who_is_behind(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(3);
    struct user big = make_user(&semaphore, "big", 4);
    struct user u[3] = { make_user(&semaphore, "a", 1),
                         make_user(&semaphore, "b", 2),
                         make_user(&semaphore, "c", 1) };
    il_task *first = start(&big);
    il_task *tasks[3];

    for (int i = 0; i < 3; i++)
        tasks[i] = start(&u[i]);
    assert_int_equal(il_task_cancel(first), 0);
    settle(f);
    assert_string_equal(noted(), "a b big!");
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
    assert_int_equal(big.r, -ECANCELED);
    assert_int_equal(reap(first), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
    assert_has(&semaphore, 3);
}

static void test_semaphore_granted_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(0);
    struct user u = make_user(&semaphore, "u", 2);
    il_task *task = start(&u);

    assert_int_equal(il_semaphore_release(&semaphore, 2), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_semaphore_count(&semaphore), 0);
    settle(f);
    assert_int_equal(u.r, 0);
    assert_int_equal(u.slept, -ECANCELED);
    assert_int_equal(reap(task), 0);
    assert_has(&semaphore, 2);
}

static int use_in_time(void *arg)
{
    struct user *u = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        (void)use(u);
        r = u->r;
    }
    u->r = r;
    return 0;
}

/* A release and a deadline are due together, in either order. */
static void test_semaphore_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int late = 0; late < 2; late++) {
        il_semaphore semaphore = IL_SEMAPHORE_INIT(1);
        struct user owner = make_user(&semaphore, "o", 1);
        struct user u = make_user(&semaphore, "u", 1);
        il_task *tasks[2];

        assert_int_equal(il_semaphore_acquire(&semaphore, 1), 0);
        if (late)
            assert_int_equal(il_spawn(NULL, use_in_time, &u, &tasks[1]), 0);
        tasks[0] = start(&owner);
        if (!late)
            assert_int_equal(il_spawn(NULL, use_in_time, &u, &tasks[1]), 0);
        assert_int_equal(il_semaphore_release(&semaphore, 1), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
        assert_int_equal(u.r, late ? 0 : -ETIMEDOUT);
        assert_int_equal(reap(tasks[0]), 0);
        assert_int_equal(reap(tasks[1]), 0);
        assert_has(&semaphore, 1);
    }
}

static int take_although_cancelled(void *arg)
{
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    CHECK_INT(il_semaphore_acquire(arg, 1), -ECANCELED);
    CHECK_INT(il_semaphore_try_acquire(arg, 1), 0); /* waits for nothing */
    CHECK_INT(il_semaphore_release(arg, 1), 0);
    return 0;
}

static void test_semaphore_with_permits_does_not_hide_a_cancel(void **state)
{
    il_semaphore semaphore = IL_SEMAPHORE_INIT(1);
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, take_although_cancelled, &semaphore, &task),
                     0);
    assert_int_equal(reap(task), 0);
    assert_has(&semaphore, 1);
}

/* --- bounds, blocks ------------------------------------------------------------- */

static void test_semaphore_bounded_takes_back_what_was_taken_only(void **state)
{
    il_semaphore semaphore = IL_BOUNDED_SEMAPHORE_INIT(3);

    (void)state;
    assert_int_equal(il_semaphore_release(&semaphore, 1), -EPERM);
    assert_int_equal(il_semaphore_acquire(&semaphore, 4), -EINVAL);
    assert_int_equal(il_semaphore_try_acquire(&semaphore, 4), -EINVAL);
    assert_int_equal(il_semaphore_acquire(&semaphore, 2), 0);
    assert_int_equal(il_semaphore_release(&semaphore, 3), -EPERM);
    assert_int_equal(il_semaphore_release(&semaphore, 2), 0);
    assert_int_equal(il_semaphore_count(&semaphore), 3);
}

static void test_semaphore_has_room_for_as_many_as_can_be_counted(void **state)
{
    il_semaphore semaphore = { 0 };

    (void)state;
    assert_int_equal(il_semaphore_release(&semaphore, SIZE_MAX), 0);
    assert_int_equal(il_semaphore_release(&semaphore, 1), -EOVERFLOW);
    assert_int_equal(il_semaphore_acquire(&semaphore, 1), 0);
    assert_int_equal(il_semaphore_release(&semaphore, 2), -EOVERFLOW);
    assert_int_equal(il_semaphore_count(&semaphore), SIZE_MAX - 1);
}

static int use_blocks(void *arg)
{
    il_semaphore *semaphore = arg;
    int r = 5;

    IL_WITH_PERMITS (semaphore, 2, &r) {
        CHECK_INT(il_semaphore_count(semaphore), 1);
        IL_WITH_PERMITS (semaphore, 9, &r) {
            CHECK(false);
        }
        CHECK_INT(r, -EINVAL);
        r = 6;
        break;
    }
    CHECK_INT(r, 6);
    CHECK_INT(il_semaphore_count(semaphore), 3);
    IL_WITH_PERMITS (semaphore, 3, &r) {
        return 7;
    }
    return 8;
}

static void test_semaphore_block_puts_permits_back(void **state)
{
    il_semaphore semaphore = IL_BOUNDED_SEMAPHORE_INIT(3);
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, use_blocks, &semaphore, &task), 0);
    assert_int_equal(reap(task), 7);
    assert_int_equal(il_semaphore_count(&semaphore), 3);
}

/* --- what goes; misuse ------------------------------------------------------------ */

static void test_semaphore_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(1);
    struct user a = make_user(&semaphore, "a", 2);
    struct user b = make_user(&semaphore, "b", 1);
    il_task *tasks[2];

    il_semaphore_fini(NULL);
    tasks[0] = start(&a);
    tasks[1] = start(&b);
    il_semaphore_fini(&semaphore);
    assert_int_equal(il_semaphore_count(&semaphore), 0);
    memset(&semaphore, 0x55, sizeof semaphore); /* nobody may look at it */
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    settle(f);
    assert_string_equal(noted(), "a! b!");
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(b.r, -EOWNERDEAD);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static int use_often(void *arg)
{
    int r = 0;

    for (int i = 0; i < 1000 && r == 0; i++) {
        r = il_semaphore_acquire(arg, 1);
        if (r == 0)
            CHECK_INT(il_semaphore_release(arg, 1), 0);
    }
    note("often");
    return r;
}

/* Who gives way does so without permits. */
static void test_semaphore_with_permits_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(1);
    struct user u = make_user(&semaphore, "u", 1);
    il_task *tasks[2];

    assert_int_equal(il_spawn(NULL, use_often, &semaphore, &tasks[0]), 0);
    assert_false(il_task_is_done(tasks[0]));
    assert_int_equal(il_semaphore_count(&semaphore), 1);
    tasks[1] = start(&u);
    assert_string_equal(noted(), "u");
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "u often");
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static void test_semaphore_end_is_seen_by_who_stopped_before_it(void **state)
{
    struct fixture *f = *state;
    il_semaphore *semaphore = malloc(sizeof *semaphore);
    il_task *task;

    assert_non_null(semaphore);
    *semaphore = (il_semaphore)IL_SEMAPHORE_INIT(1);
    assert_int_equal(il_spawn(NULL, use_often, semaphore, &task), 0);
    assert_false(il_task_is_done(task));
    il_semaphore_fini(semaphore);
    free(semaphore);
    settle(f);
    assert_int_equal(reap(task), -EOWNERDEAD);
}

static int (*const acquire_by_pointer)(il_semaphore *,
                                       size_t) = il_semaphore_acquire;

static int (*const release_by_pointer)(il_semaphore *,
                                       size_t) = il_semaphore_release;

static void test_semaphore_misuse_is_refused(void **state)
{
    il_semaphore semaphore = IL_SEMAPHORE_INIT(1);

    (void)state;
    assert_int_equal(il_semaphore_acquire(NULL, 1), -EINVAL);
    assert_int_equal(il_semaphore_acquire(&semaphore, 0), -EINVAL);
    assert_int_equal(il_semaphore_try_acquire(NULL, 1), -EINVAL);
    assert_int_equal(il_semaphore_try_acquire(&semaphore, 0), -EINVAL);
    assert_int_equal(il_semaphore_release(NULL, 1), -EINVAL);
    assert_int_equal(il_semaphore_release(&semaphore, 0), -EINVAL);
    assert_int_equal(il_semaphore_count(NULL), 0);
    /* Outside tasks what need not wait. */
    assert_int_equal(acquire_by_pointer(&semaphore, 1), 0);
    assert_int_equal(acquire_by_pointer(&semaphore, 1), -ESRCH);
    assert_int_equal(release_by_pointer(&semaphore, 1), 0);
    assert_has(&semaphore, 1);
}

static int mistake_it_for_ours(void *arg)
{
    CHECK_INT(il_semaphore_acquire(arg, 1), -ESRCH);
    CHECK_INT(il_semaphore_try_acquire(arg, 1), -ESRCH);
    CHECK_INT(il_semaphore_release(arg, 1), -ESRCH);
    return 0;
}

static void *use_from_other_thread(void *arg)
{
    CHECK_INT(mistake_it_for_ours(arg), 0);
    CHECK_INT(il_run(mistake_it_for_ours, arg), 0);
    il_semaphore_fini(arg);
    return NULL;
}

static void test_semaphore_of_another_thread_is_refused(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = { 0 };
    struct user u = make_user(&semaphore, "u", 1);
    il_task *task = start(&u);
    pthread_t thread;

    assert_int_equal(
        pthread_create(&thread, NULL, use_from_other_thread, &semaphore), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(il_semaphore_release(&semaphore, 1), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(u.r, 0);
    assert_int_equal(reap(task), 0);
}

static void test_semaphore_is_what_a_dump_says(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = { 0 };
    struct user u = make_user(&semaphore, "u", 1);
    il_task *task = start(&u);

    dump_now();
    assert_true(has("waits for a semaphore"));
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_semaphore_lets_so_many_at_a_time),
        TEST(test_semaphore_serves_who_wants_many_in_turn),
        TEST(test_semaphore_gh_90155_newcomers_do_not_barge),
        TEST(test_semaphore_bpo_45997_cancelled_takes_no_permit),
        TEST(test_semaphore_gh_93222_cancel_serves_who_is_behind),
        TEST(test_semaphore_granted_wins_over_a_late_cancel),
        TEST(test_semaphore_deadline_at_the_same_instant),
        TEST(test_semaphore_with_permits_does_not_hide_a_cancel),
        TEST(test_semaphore_bounded_takes_back_what_was_taken_only),
        TEST(test_semaphore_has_room_for_as_many_as_can_be_counted),
        TEST(test_semaphore_block_puts_permits_back),
        TEST(test_semaphore_end_wakes_the_waiters),
        TEST(test_semaphore_with_permits_starves_nobody),
        TEST(test_semaphore_end_is_seen_by_who_stopped_before_it),
        TEST(test_semaphore_misuse_is_refused),
        TEST(test_semaphore_of_another_thread_is_refused),
        TEST(test_semaphore_is_what_a_dump_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
