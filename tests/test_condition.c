/* SPDX-License-Identifier: MIT */

/* test_condition.c - who waits has the lock again when it goes on, and what it
 * was notified of is not lost. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct store {
    il_lock lock;
    il_condition changed;
};

struct taker {
    struct store *store;
    const char *name;
    int r;     /* of il_condition_wait(); 1 while it waits */
    int slept; /* of the sleep with the lock after that */
};

/* Have the lock, wait once, keep the lock for 10 ms. */
static int take(void *arg)
{
    struct taker *t = arg;
    il_lock *lock = &t->store->lock;

    CHECK_INT(il_lock_acquire(lock), 0);
    t->r = 1;
    t->r = il_condition_wait(&t->store->changed, lock);
    note("%s%s", t->name, t->r == 0 ? "" : "!");
    if (t->r == -EOWNERDEAD)
        return 0;
    CHECK(il_lock_get_owner(lock) == il_task_current());
    t->slept = il_sleep(IL_MS(10));
    CHECK_INT(il_lock_release(lock), 0);
    return 0;
}

static struct taker make_taker(struct store *store, const char *name)
{
    return (struct taker){ .store = store, .name = name };
}

static il_task *start(struct taker *t)
{
    il_task *task;

    assert_int_equal(il_spawn(NULL, take, t, &task), 0);
    return task;
}

static void assert_free(struct store *store)
{
    assert_false(il_lock_is_held(&store->lock));
    assert_int_equal(il_condition_notify_all(&store->changed), 0);
}

static void test_condition_notifies_in_the_order_they_came(void **state)
{
    struct fixture *f = *state;
    struct store store = { 0 };
    struct taker t[4];
    il_task *tasks[4];

    for (int i = 0; i < 4; i++) {
        static const char *const names[] = { "a", "b", "c", "d" };

        t[i] = make_taker(&store, names[i]);
        tasks[i] = start(&t[i]);
    }
    assert_false(il_lock_is_held(&store.lock)); /* all gave it away */
    assert_int_equal(il_condition_notify(&store.changed, 0), 0);
    assert_int_equal(il_condition_notify(&store.changed, 1), 1);
    assert_ptr_equal(il_lock_get_owner(&store.lock), tasks[0]);
    settle(f);
    assert_string_equal(noted(), "a");
    assert_int_equal(il_condition_notify(&store.changed, 2), 2);
    assert_int_equal(il_test_advance(f->loop, IL_MS(30)), 0);
    assert_string_equal(noted(), "a b c");
    assert_int_equal(il_condition_notify_all(&store.changed), 1);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "a b c d");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(t[i].r, 0);
        assert_int_equal(reap(tasks[i]), 0);
    }
    assert_free(&store);
}

static int lock_for_a_while(void *arg)
{
    struct store *store = arg;

    CHECK_INT(il_lock_acquire(&store->lock), 0);
    note("locked");
    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK_INT(il_lock_release(&store->lock), 0);
    return 0;
}

/* Who is notified queues for the lock behind those who wait for it already. */
static void test_condition_notified_overtake_nobody(void **state)
{
    struct fixture *f = *state;
    struct store store = { 0 };
    struct taker a = make_taker(&store, "a");
    il_task *task = start(&a);

    for (int i = 0; i < 2; i++)
        assert_int_equal(il_spawn(NULL, lock_for_a_while, &store, NULL), 0);
    assert_int_equal(il_condition_notify_all(&store.changed), 1);
    assert_int_equal(il_spawn(NULL, lock_for_a_while, &store, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
    assert_string_equal(noted(), "locked locked a locked");
    assert_int_equal(reap(task), 0);
    assert_free(&store);
}

/* --- cancelling --------------------------------------------------------------- */

/* However often, and however long the lock cannot be had. */
static void test_condition_bpo_22970_holds_the_lock_when_cancelled(void **state)
{
    struct fixture *f = *state;
    struct store store = { 0 };
    struct taker a = make_taker(&store, "a");
    il_task *task = start(&a);

    assert_int_equal(il_lock_acquire(&store.lock), 0);
    assert_int_equal(il_task_cancel(task), 0);
    for (int i = 0; i < 3; i++) {
        settle(f);
        assert_int_equal(a.r, 1);
        assert_int_equal(il_task_cancel(task), 0);
    }
    assert_int_equal(il_lock_release(&store.lock), 0);
    assert_ptr_equal(il_lock_get_owner(&store.lock), task);
    settle(f);
    assert_int_equal(a.r, -ECANCELED);
    assert_int_equal(a.slept, -ECANCELED);
    assert_int_equal(reap(task), 0);
    assert_free(&store);
}

/* The cancelled one was not notified: the next one is. */
static void test_condition_bpo_32841_cancelled_leaves_the_others(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        struct store store = { 0 };
        struct taker t[3] = { make_taker(&store, "a"), make_taker(&store, "b"),
                              make_taker(&store, "c") };
        il_task *tasks[3];

        for (int i = 0; i < 3; i++)
            tasks[i] = start(&t[i]);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_condition_notify(&store.changed, 2), 2);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(50)), 0);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(t[i].r, i == victim ? -ECANCELED : 0);
            assert_int_equal(reap(tasks[i]), 0);
        }
        assert_free(&store);
    }
}

/* Notified and then cancelled, before it ran, or while it waited for the lock:
 * it was notified, and says so; then it hears of the cancel. */
static void test_condition_gh_112202_notify_is_not_lost(void **state)
{
    struct fixture *f = *state;

    for (int locked = 0; locked < 2; locked++) {
        struct store store = { 0 };
        struct taker a = make_taker(&store, "a");
        struct taker b = make_taker(&store, "b");
        il_task *tasks[2] = { start(&a), start(&b) };

        if (locked)
            assert_int_equal(il_lock_acquire(&store.lock), 0);
        assert_int_equal(il_condition_notify(&store.changed, 1), 1);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(il_task_cancel(tasks[0]), 0);
            if (locked)
                settle(f);
        }
        if (locked)
            assert_int_equal(il_lock_release(&store.lock), 0);
        settle(f);
        assert_int_equal(a.r, 0);
        assert_int_equal(a.slept, -ECANCELED);
        assert_int_equal(b.r, 1); /* not notified */
        assert_int_equal(il_condition_notify(&store.changed, 1), 1);
        assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
        assert_int_equal(b.r, 0);
        assert_int_equal(reap(tasks[0]), 0);
        assert_int_equal(reap(tasks[1]), 0);
        assert_free(&store);
    }
}

static int take_in_time(void *arg)
{
    struct taker *t = arg;
    int r = 0;

    CHECK_INT(il_lock_acquire(&t->store->lock), 0);
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_condition_wait(&t->store->changed, &t->store->lock);
    }
    CHECK(il_lock_get_owner(&t->store->lock) == il_task_current());
    CHECK_INT(il_lock_release(&t->store->lock), 0);
    t->r = r;
    return 0;
}

static int notify_later(void *arg)
{
    struct store *store = arg;

    CHECK_INT(il_sleep(IL_MS(10)), 0);
    note("%d", il_condition_notify(&store->changed, 1));
    return 0;
}

/* Notify and deadline are due together, in either order. */
static void test_condition_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int notify_first = 0; notify_first < 2; notify_first++) {
        struct store store = { 0 };
        struct taker t = make_taker(&store, "t");
        il_task *tasks[2];

        if (notify_first)
            assert_int_equal(il_spawn(NULL, notify_later, &store, &tasks[1]),
                             0);
        assert_int_equal(il_spawn(NULL, take_in_time, &t, &tasks[0]), 0);
        if (!notify_first)
            assert_int_equal(il_spawn(NULL, notify_later, &store, &tasks[1]),
                             0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
        settle(f);
        /* Deadlines come before tasks, so the notify finds nobody. */
        assert_int_equal(t.r, -ETIMEDOUT);
        assert_string_equal(noted(), notify_first ? "0 0" : "0");
        assert_int_equal(reap(tasks[0]), 0);
        assert_int_equal(reap(tasks[1]), 0);
        assert_free(&store);
    }
}

static int wait_although_cancelled(void *arg)
{
    struct store *store = arg;

    CHECK_INT(il_lock_acquire(&store->lock), 0);
    CHECK_INT(il_task_cancel(il_task_current()), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(il_condition_wait(&store->changed, &store->lock), -ECANCELED);
        CHECK(il_lock_get_owner(&store->lock) == il_task_current());
    }
    CHECK_INT(il_lock_release(&store->lock), 0);
    return 0;
}

static void test_condition_does_not_begin_to_wait_cancelled(void **state)
{
    struct store store = { 0 };
    il_task *task;

    (void)state;
    assert_int_equal(il_spawn(NULL, wait_although_cancelled, &store, &task), 0);
    assert_int_equal(reap(task), 0);
    assert_free(&store);
}

/* --- what goes ------------------------------------------------------------------ */

/* Waiting, notified and cancelled ones, all without touching either again. */
static void test_condition_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    struct store *store = calloc(1, sizeof *store);
    struct taker t[4];
    il_task *tasks[4];

    assert_non_null(store);
    il_condition_fini(NULL);
    for (int i = 0; i < 4; i++) {
        t[i] = make_taker(store, "x");
        tasks[i] = start(&t[i]);
    }
    assert_int_equal(il_lock_acquire(&store->lock), 0);
    assert_int_equal(il_condition_notify(&store->changed, 1), 1);
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    settle(f); /* the first two wait for the lock */
    assert_int_equal(il_task_cancel(tasks[2]), 0);
    il_condition_fini(&store->changed);
    il_lock_fini(&store->lock);
    free(store);
    settle(f);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(t[i].r, -EOWNERDEAD);
        assert_int_equal(reap(tasks[i]), 0);
    }
}

static int take_and_forget(void *arg)
{
    struct store *store = arg;

    CHECK_INT(il_lock_acquire(&store->lock), 0);
    return il_sleep(IL_MS(1));
}

/* Nobody can use a notify any more. */
static void test_condition_of_a_lost_lock_is_of_no_use(void **state)
{
    struct fixture *f = *state;
    struct store store = { 0 };
    struct taker a = make_taker(&store, "a");
    struct taker b = make_taker(&store, "b");
    struct taker c = make_taker(&store, "c");
    il_task *tasks[3] = { start(&a), start(&b), start(&c) };

    assert_int_equal(il_spawn(NULL, take_and_forget, &store, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    assert_int_equal(take_report(f).kind, IL_REPORT_LOST_LOCK);
    assert_int_equal(il_task_cancel(tasks[2]), 0);
    assert_int_equal(il_condition_notify(&store.changed, 1), 0);
    settle(f);
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(b.r, -EOWNERDEAD);
    assert_int_equal(c.r, -EOWNERDEAD);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

/* --- misuse, and what dumps say --------------------------------------------------- */

static int wait_without_the_lock(void *arg)
{
    struct store *store = arg;

    CHECK_INT(il_condition_wait(&store->changed, &store->lock), -EPERM);
    CHECK_INT(il_condition_wait(&store->changed, NULL), -EINVAL);
    CHECK_INT(il_condition_wait(NULL, &store->lock), -EINVAL);
    return 0;
}

static void test_condition_misuse_is_refused(void **state)
{
    struct store store = { IL_LOCK_INIT, IL_CONDITION_INIT };

    (void)state;
    assert_int_equal(il_condition_notify(NULL, 1), -EINVAL);
    assert_int_equal(il_condition_notify_all(NULL), -EINVAL);
    assert_int_equal(il_condition_notify(&store.changed, (size_t)-1), 0);
    assert_int_equal(il_condition_wait(&store.changed, &store.lock), -ESRCH);
    assert_int_equal(il_spawn(NULL, wait_without_the_lock, &store, NULL), 0);
    /* Somebody else's. */
    assert_int_equal(il_lock_acquire(&store.lock), 0);
    assert_int_equal(il_spawn(NULL, wait_without_the_lock, &store, NULL), 0);
    assert_int_equal(il_lock_release(&store.lock), 0);
}

static int wait_in_other_loop(void *arg)
{
    struct store *store = arg;
    il_lock mine = IL_LOCK_INIT;

    CHECK_INT(il_lock_acquire(&mine), 0);
    CHECK_INT(il_condition_wait(&store->changed, &mine), -ESRCH);
    CHECK_INT(il_lock_release(&mine), 0);
    return 0;
}

static void *use_from_other_thread(void *arg)
{
    struct store *store = arg;

    CHECK_INT(il_condition_notify(&store->changed, 1), -ESRCH);
    il_condition_fini(&store->changed);
    CHECK_INT(il_run(wait_in_other_loop, store), 0);
    return NULL;
}

static void test_condition_of_another_thread_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store store = { 0 };
    struct taker t = make_taker(&store, "t");
    il_task *task = start(&t);
    pthread_t thread;

    assert_int_equal(
        pthread_create(&thread, NULL, use_from_other_thread, &store), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(il_condition_notify(&store.changed, 1), 1);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(t.r, 0);
    assert_int_equal(reap(task), 0);
}

static void test_condition_is_what_a_dump_says(void **state)
{
    struct fixture *f = *state;
    struct store store = { 0 };
    struct taker t = make_taker(&store, "t");
    il_task *task = start(&t);

    il_task_set_name(task, "anna");
    dump_now();
    assert_true(has("anna: waits for a condition since"));
    assert_int_equal(il_spawn(NULL, lock_for_a_while, &store, NULL), 0);
    assert_int_equal(il_condition_notify(&store.changed, 1), 1);
    dump_now();
    assert_true(has("anna: waits for a lock of 'lock_for_a_while'"));
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_condition_notifies_in_the_order_they_came),
        TEST(test_condition_notified_overtake_nobody),
        TEST(test_condition_bpo_22970_holds_the_lock_when_cancelled),
        TEST(test_condition_bpo_32841_cancelled_leaves_the_others),
        TEST(test_condition_gh_112202_notify_is_not_lost),
        TEST(test_condition_deadline_at_the_same_instant),
        TEST(test_condition_does_not_begin_to_wait_cancelled),
        TEST(test_condition_end_wakes_the_waiters),
        TEST(test_condition_of_a_lost_lock_is_of_no_use),
        TEST(test_condition_misuse_is_refused),
        TEST(test_condition_of_another_thread_is_refused),
        TEST(test_condition_is_what_a_dump_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
