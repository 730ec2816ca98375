/* SPDX-License-Identifier: MIT */

/* test_lessons_sync.c - what CPython learned about locks, conditions, semaphores
 * and queues, an issue a test; doc/lessons.md has all of them.
 *
 * Nearly all are one lesson: hand over inside the release, to a waiter that is
 * still waiting, and nothing has to be repaired afterwards. */

#include "support/fixture.h"

#include <errno.h>
#include <string.h>

/* --- locks ------------------------------------------------------------------- */

struct locker {
    il_lock *lock;
    const char *name;
    il_time holds;
    int r;
};

static int n_owners;

static int lock_and_hold(void *arg)
{
    struct locker *me = arg;

    me->r = il_lock_acquire(me->lock);
    if (me->r < 0)
        return me->r;
    note("%s", me->name);
    CHECK_INT(++n_owners, 1);
    (void)!il_sleep(me->holds);
    n_owners--;
    CHECK_INT(il_lock_release(me->lock), 0);
    return 0;
}

/* A waiter that was cancelled did not wake the next one: a deadlock. */
static void
test_lessons_bpo_27585_cancelled_waiter_passes_the_lock_on(void **state)
{
    struct fixture *f = *state;

    for (int after = 0; after < 2;
         after++) { /* cancelled before, after grant */
        il_lock lock = IL_LOCK_INIT;
        struct locker a = { &lock, "a", IL_MS(1), 1 };
        struct locker b = { &lock, "b", IL_MS(1), 1 };
        il_task *first;

        forget_notes();
        assert_int_equal(il_lock_acquire(&lock), 0);
        assert_int_equal(il_spawn(NULL, lock_and_hold, &a, &first), 0);
        assert_int_equal(il_spawn(NULL, lock_and_hold, &b, NULL), 0);
        if (!after)
            assert_int_equal(il_task_cancel(first), 0);
        assert_int_equal(il_lock_release(&lock), 0);
        if (after)
            assert_int_equal(il_task_cancel(first), 0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
        assert_string_equal(noted(), after ? "a b" : "b");
        assert_int_equal(b.r, 0);
        assert_int_equal(reap(first), after ? 0 : -ECANCELED);
    }
}

/* A release and a cancel in one turn let two in. */
static void test_lessons_bpo_32734_lock_never_has_two_owners(void **state)
{
    enum { N = 20 };
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    struct locker lockers[N];
    il_task *tasks[N];

    n_owners = 0;
    for (int i = 0; i < N; i++) {
        lockers[i] = (struct locker){ &lock, "x", IL_MS(i % 3), 1 };
        assert_int_equal(il_spawn(NULL, lock_and_hold, &lockers[i], &tasks[i]),
                         0);
    }
    for (int i = 0; i < N; i++) {
        (void)il_task_cancel(tasks[(i * 7) % N]);
        (void)il_task_cancel(tasks[(i * 3) % N]);
        assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
    }
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_false(il_lock_is_held(&lock));
    for (int i = 0; i < N; i++)
        (void)reap(tasks[i]);
}

/* --- conditions -------------------------------------------------------------- */

struct waiter {
    il_lock *lock;
    il_condition *condition;
    const char *name;
    int r;
};

static int wait_with_lock(void *arg)
{
    struct waiter *me = arg;

    me->r = 1;
    CHECK_INT(il_lock_acquire(me->lock), 0);
    me->r = il_condition_wait(me->condition, me->lock);
    note("%s", me->name);
    CHECK(il_lock_get_owner(me->lock) == il_task_current());
    CHECK_INT(il_lock_release(me->lock), 0);
    return il_yield(); /* a cancel that has not been told yet */
}

/* Cancelled, also while it was getting the lock back, it came without it. */
static void
test_lessons_bpo_22970_condition_has_the_lock_when_cancelled(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_condition condition = IL_CONDITION_INIT;
    struct waiter w = { &lock, &condition, "w", 1 };
    struct locker other = { &lock, "other", IL_MS(10), 1 };
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_with_lock, &w, &task), 0);
    assert_int_equal(il_spawn(NULL, lock_and_hold, &other, NULL), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(il_task_cancel(task), 0); /* while it gets the lock back */
    settle(f);
    assert_int_equal(w.r, 1);
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_string_equal(noted(), "other w");
    assert_int_equal(w.r, -ECANCELED);
    assert_int_equal(reap(task), -ECANCELED);
}

/* A cancel that came after the notify was forgotten. */
static void test_lessons_bpo_32841_condition_forgets_no_cancel(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_condition condition = IL_CONDITION_INIT;
    struct waiter w = { &lock, &condition, "w", 1 };
    struct locker other = { &lock, "other", IL_MS(10), 1 };
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_with_lock, &w, &task), 0);
    assert_int_equal(il_spawn(NULL, lock_and_hold, &other, NULL), 0);
    assert_int_equal(il_condition_notify(&condition, 1), 1);
    assert_int_equal(il_task_cancel(task), 0); /* it queues for the lock */
    assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
    assert_int_equal(w.r, 0);                 /* it was notified */
    assert_int_equal(reap(task), -ECANCELED); /* and it was cancelled */
}

static int wait_within(void *arg)
{
    struct waiter *me = arg;
    int r = 0;

    CHECK_INT(il_lock_acquire(me->lock), 0);
    IL_TIMEOUT (IL_MS(5), &r) {
        r = il_condition_wait(me->condition, me->lock);
    }
    CHECK(il_lock_get_owner(me->lock) == il_task_current());
    CHECK_INT(il_lock_release(me->lock), 0);
    me->r = r;
    return 0;
}

/* The error was another one than that of the cancel: whose it was got lost. */
static void
test_lessons_gh_111693_condition_tells_the_cancel_that_came(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_condition condition = IL_CONDITION_INIT;
    struct waiter w = { &lock, &condition, "w", 1 };
    struct locker other = { &lock, "other", IL_MS(20), 1 };

    assert_int_equal(il_spawn(NULL, wait_within, &w, NULL), 0);
    assert_int_equal(il_spawn(NULL, lock_and_hold, &other, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_int_equal(w.r, -ETIMEDOUT);
}

/* Who was notified and cancelled took the notify with it. */
static void
test_lessons_gh_112202_notify_is_not_lost_with_a_cancelled_waiter(void **state)
{
    struct fixture *f = *state;

    for (int after = 0; after < 2; after++) {
        il_lock lock = IL_LOCK_INIT;
        il_condition condition = IL_CONDITION_INIT;
        struct waiter a = { &lock, &condition, "a", 1 };
        struct waiter b = { &lock, &condition, "b", 1 };
        il_task *tasks[2];

        assert_int_equal(il_spawn(NULL, wait_with_lock, &a, &tasks[0]), 0);
        assert_int_equal(il_spawn(NULL, wait_with_lock, &b, &tasks[1]), 0);
        if (!after)
            assert_int_equal(il_task_cancel(tasks[0]), 0);
        assert_int_equal(il_condition_notify(&condition, 1), 1);
        if (after)
            assert_int_equal(il_task_cancel(tasks[0]), 0);
        settle(f);
        /* Either it has got the notify, and says so, or the next one has. */
        assert_int_equal(a.r, after ? 0 : -ECANCELED);
        assert_int_equal(b.r, after ? 1 : 0);
        assert_int_equal(il_condition_notify_all(&condition), after);
        settle(f);
        assert_int_equal(b.r, 0);
        assert_int_equal(reap(tasks[0]), -ECANCELED);
        assert_int_equal(reap(tasks[1]), 0);
    }
}

struct patient {
    il_lock lock;
    il_condition condition;
};

static int wait_for_condition(void *arg)
{
    struct patient *p = arg;
    int r = 0;

    CHECK_INT(il_lock_acquire(&p->lock), 0);
    IL_TIMEOUT (IL_MS(5), &r) {
        r = il_condition_wait(&p->condition, &p->lock);
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK(il_lock_get_owner(&p->lock) == il_task_current());
    CHECK_INT(il_lock_release(&p->lock), 0);
    note("released");
    return 0;
}

/* wait_for(condition.wait()) came back without the lock, since it came too
 * early. */
static void
test_lessons_bpo_33638_condition_that_timed_out_has_the_lock(void **state)
{
    struct fixture *f = *state;
    struct patient p = { IL_LOCK_INIT, IL_CONDITION_INIT };

    assert_int_equal(il_spawn(NULL, wait_for_condition, &p, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "released");
}

/* --- semaphores -------------------------------------------------------------- */

struct taker {
    il_semaphore *semaphore;
    const char *name;
    int r;
};

static int take_permit(void *arg)
{
    struct taker *me = arg;

    me->r = 1;
    me->r = il_semaphore_acquire(me->semaphore, 1);
    if (me->r == 0)
        note("%s", me->name);
    return me->r;
}

/* Newcomers overtook those who waited. */
static void test_lessons_bpo_45997_semaphore_lets_nobody_overtake(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(0);
    struct taker old = { &semaphore, "old", 1 };
    struct taker new = { &semaphore, "new", 1 };

    assert_int_equal(il_spawn(NULL, take_permit, &old, NULL), 0);
    assert_int_equal(il_semaphore_release(&semaphore, 1), 0);
    /* The old one has not run yet, but the permit is its. */
    assert_int_equal(il_semaphore_try_acquire(&semaphore, 1), -EAGAIN);
    assert_int_equal(il_spawn(NULL, take_permit, &new, NULL), 0);
    assert_int_equal(il_semaphore_release(&semaphore, 1), 0);
    settle(f);
    assert_string_equal(noted(), "old new");
}

/* A cancel in the queue woke the wrong one, or nobody. */
static void
test_lessons_gh_90155_semaphore_keeps_its_order_after_a_cancel(void **state)
{
    struct fixture *f = *state;
    il_semaphore semaphore = IL_SEMAPHORE_INIT(0);
    struct taker takers[] = { { &semaphore, "a", 1 },
                              { &semaphore, "b", 1 },
                              { &semaphore, "c", 1 },
                              { &semaphore, "d", 1 } };
    il_task *tasks[4];

    for (int i = 0; i < 4; i++)
        assert_int_equal(il_spawn(NULL, take_permit, &takers[i], &tasks[i]), 0);
    assert_int_equal(il_semaphore_release(&semaphore, 1), 0);
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    assert_int_equal(il_semaphore_release(&semaphore, 2), 0);
    settle(f);
    assert_string_equal(noted(), "a c d");
    assert_int_equal(il_semaphore_count(&semaphore), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(reap(tasks[i]), i == 1 ? -ECANCELED : 0);
}

/* After a cancel in the wrong moment it was locked for ever. */
static void
test_lessons_gh_93222_semaphore_is_not_wedged_by_a_cancel(void **state)
{
    struct fixture *f = *state;

    for (int after = 0; after < 2; after++) {
        il_semaphore semaphore = IL_SEMAPHORE_INIT(0);
        struct taker t = { &semaphore, "t", 1 };
        il_task *task;

        assert_int_equal(il_spawn(NULL, take_permit, &t, &task), 0);
        if (!after)
            assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(il_semaphore_release(&semaphore, 1), 0);
        if (after)
            assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_int_equal(reap(task), after ? 0 : -ECANCELED);
        assert_int_equal(il_semaphore_count(&semaphore), after ? 0 : 1);
        if (after)
            assert_int_equal(il_semaphore_release(&semaphore, 1), 0);
        assert_int_equal(il_semaphore_try_acquire(&semaphore, 1), 0);
    }
}

/* --- queues ------------------------------------------------------------------ */

struct end {
    il_channel *channel;
    int value;
    int r;
};

static int receive_one(void *arg)
{
    struct end *me = arg;

    me->r = 1;
    me->r = il_channel_receive(me->channel, &me->value);
    return 0;
}

static int send_one(void *arg)
{
    struct end *me = arg;

    me->r = 1;
    me->r = il_channel_send(me->channel, &me->value);
    return 0;
}

/* An item that came together with a cancel or a timeout was lost. */
static void test_lessons_bpo_25233_queue_loses_no_item(void **state)
{
    struct fixture *f = *state;

    for (int after = 0; after < 2; after++) {
        il_channel channel;
        struct end end = { &channel, 0, 1 };
        int value = 7;
        il_task *task;

        assert_int_equal(il_channel_init(&channel, sizeof value, 1), 0);
        assert_int_equal(il_spawn(NULL, receive_one, &end, &task), 0);
        if (!after)
            assert_int_equal(il_task_cancel(task), 0);
        assert_int_equal(il_channel_try_send(&channel, &value), 0);
        if (after)
            assert_int_equal(il_task_cancel(task), 0);
        settle(f);
        assert_int_equal(reap(task), 0);
        /* It is in exactly one place. */
        assert_int_equal(end.r, after ? 0 : -ECANCELED);
        assert_int_equal(end.value, after ? 7 : 0);
        assert_int_equal(il_channel_count(&channel), after ? 0 : 1);
        il_channel_fini(&channel);
    }
}

static int receive_in_vain(void *arg)
{
    int value;

    for (int i = 0; i < 1000; i++) {
        int r = 0;

        IL_TIMEOUT (IL_US(1), &r) {
            r = il_channel_receive(arg, &value);
        }
        CHECK_INT(r, -ETIMEDOUT);
    }
    return 0;
}

/* Getters that had timed out stayed in the queue's list. */
static void
test_lessons_bpo_31620_queue_keeps_no_waiters_that_are_gone(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    int value = 1;

    assert_int_equal(il_channel_init(&channel, sizeof value, 1), 0);
    assert_int_equal(il_spawn(NULL, receive_in_vain, &channel, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(2)), 0);
    assert_int_equal(il_channel_try_send(&channel, &value), 0);
    assert_int_equal(il_channel_count(&channel), 1); /* nobody waits for it */
    il_channel_fini(&channel);
}

/* A putter that was cancelled in a full queue blocked those behind it. */
static void
test_lessons_bpo_32574_queue_goes_on_after_a_cancelled_sender(void **state)
{
    struct fixture *f = *state;
    il_channel channel;
    struct end a = { &channel, 1, 1 };
    struct end b = { &channel, 2, 1 };
    il_task *task;
    int value = 0;

    assert_int_equal(il_channel_init(&channel, sizeof value, 1), 0);
    assert_int_equal(il_channel_try_send(&channel, &value), 0);
    assert_int_equal(il_spawn(NULL, send_one, &a, &task), 0);
    assert_int_equal(il_spawn(NULL, send_one, &b, NULL), 0);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_channel_try_receive(&channel, &value), 0);
    assert_int_equal(value, 0);
    settle(f);
    assert_int_equal(a.r, -ECANCELED);
    assert_int_equal(b.r, 0);
    assert_int_equal(il_channel_try_receive(&channel, &value), 0);
    assert_int_equal(value, 2);
    assert_int_equal(il_channel_try_receive(&channel, &value), -EAGAIN);
    assert_int_equal(reap(task), 0);
    il_channel_fini(&channel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lessons_bpo_27585_cancelled_waiter_passes_the_lock_on),
        TEST(test_lessons_bpo_32734_lock_never_has_two_owners),
        TEST(test_lessons_bpo_22970_condition_has_the_lock_when_cancelled),
        TEST(test_lessons_bpo_32841_condition_forgets_no_cancel),
        TEST(test_lessons_gh_111693_condition_tells_the_cancel_that_came),
        TEST(test_lessons_gh_112202_notify_is_not_lost_with_a_cancelled_waiter),
        TEST(test_lessons_bpo_33638_condition_that_timed_out_has_the_lock),
        TEST(test_lessons_bpo_45997_semaphore_lets_nobody_overtake),
        TEST(test_lessons_gh_90155_semaphore_keeps_its_order_after_a_cancel),
        TEST(test_lessons_gh_93222_semaphore_is_not_wedged_by_a_cancel),
        TEST(test_lessons_bpo_25233_queue_loses_no_item),
        TEST(test_lessons_bpo_31620_queue_keeps_no_waiters_that_are_gone),
        TEST(test_lessons_bpo_32574_queue_goes_on_after_a_cancelled_sender),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
