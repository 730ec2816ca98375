/* SPDX-License-Identifier: MIT */

/* test_sync_random.c - many tasks use locks and the like at random, with time
 * limits and cancels at random moments.
 *
 * At every moment what must never be is not: two owners, more permits in use
 * than there are, a reader beside a writer, a condition's waiter without its
 * lock.  In the end all is free, so nothing was lost, and every task came to its
 * end, so nobody was forgotten. */

#include "support/fixture.h"

#include <errno.h>
#include <stdio.h>

enum { N_TASKS = 12, N_STEPS = 40, N_SEEDS = 300, N_PERMITS = 4 };

struct world {
    uint64_t random;
    il_lock lock;
    il_condition condition;
    il_semaphore semaphore;
    il_rwlock rwlock;
    il_limiter limiter;
    il_task *tasks[N_TASKS];
    int owners; /* of the lock */
    size_t permits;
    int readers;
    int writers;
    int borrowers;
    int done; /* what was got, all in all */
    int left; /* what was given up */
};

static unsigned pick(struct world *w, unsigned n)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (unsigned)(w->random >> 33) % n;
}

/* Let others run, or do not. */
static void dawdle(struct world *w)
{
    int r = 0;

    switch (pick(w, 4)) {
    case 0:
        r = il_yield();
        break;
    case 1:
        r = il_sleep(IL_MS(pick(w, 3)));
        break;
    default:
        break;
    }
    CHECK(r == 0 || r == -ECANCELED);
}

static int use_lock(struct world *w)
{
    int r = 0;

    IL_WITH_LOCK (&w->lock, &r) {
        CHECK_INT(w->owners++, 0);
        dawdle(w);
        CHECK(il_lock_get_owner(&w->lock) == il_task_current());
        CHECK_INT(w->owners--, 1);
        if (pick(w, 2)) {
            r = il_condition_wait(&w->condition, &w->lock);
            CHECK_INT(w->owners++, 0);
            CHECK(il_lock_get_owner(&w->lock) == il_task_current());
            dawdle(w);
            CHECK_INT(w->owners--, 1);
        }
        CHECK(il_condition_notify(&w->condition, pick(w, 3)) >= 0);
    }
    return r;
}

static int use_semaphore(struct world *w)
{
    size_t n = 1 + pick(w, N_PERMITS);
    int r = 0;

    IL_WITH_PERMITS (&w->semaphore, n, &r) {
        w->permits += n;
        CHECK(w->permits <= N_PERMITS);
        dawdle(w);
        w->permits -= n;
    }
    return r;
}

static int use_rwlock(struct world *w)
{
    int r = 0;

    if (pick(w, 3) > 0) {
        IL_WITH_READ_LOCK (&w->rwlock, &r) {
            w->readers++;
            CHECK_INT(w->writers, 0);
            dawdle(w);
            CHECK_INT(w->writers, 0);
            w->readers--;
        }
    } else {
        IL_WITH_WRITE_LOCK (&w->rwlock, &r) {
            CHECK_INT(w->writers++ + w->readers, 0);
            dawdle(w);
            CHECK_INT(--w->writers + w->readers, 0);
        }
    }
    return r;
}

static int use_limiter(struct world *w)
{
    int r = 0;

    IL_WITH_TOKEN (&w->limiter, &r) {
        w->borrowers++;
        CHECK(w->borrowers <= 3);
        dawdle(w);
        w->borrowers--;
    }
    if (pick(w, 4) == 0)
        CHECK_INT(il_limiter_resize(&w->limiter, 1 + pick(w, 3)), 0);
    return r;
}

static int use_something(struct world *w)
{
    switch (pick(w, 4)) {
    case 0:
        return use_lock(w);
    case 1:
        return use_semaphore(w);
    case 2:
        return use_rwlock(w);
    default:
        return use_limiter(w);
    }
}

/* In a scope of its own, which has a time limit or is cancelled by another
 * task's whim; twice, now and then. */
static int live(void *arg)
{
    struct world *w = arg;

    for (int i = 0; i < N_STEPS; i++) {
        int r = 0;

        IL_TIMEOUT (IL_MS(1 + pick(w, 8)), &r) {
            r = use_something(w);
        }
        CHECK(r == 0 || r == -ECANCELED || r == -ETIMEDOUT);
        if (r == 0)
            w->done++;
        else
            w->left++;
        if (r == -ECANCELED)
            break;
        if (pick(w, 60) == 0) {
            il_task *victim = w->tasks[pick(w, N_TASKS)];

            if (!il_task_is_done(victim))
                CHECK_INT(il_task_cancel(victim), 0);
        }
        dawdle(w);
    }
    return 0;
}

static void run_world(struct fixture *f, uint64_t seed)
{
    struct world w = { .random = seed * 0x9e3779b97f4a7c15u + 1,
                       .semaphore = IL_BOUNDED_SEMAPHORE_INIT(N_PERMITS),
                       .limiter = IL_LIMITER_INIT(2) };

    for (int i = 0; i < N_TASKS; i++)
        assert_int_equal(il_spawn_lazy(NULL, live, &w, &w.tasks[i]), 0);
    assert_int_equal(il_test_advance(f->loop, IL_SEC(5)), 0);
    for (int i = 0; i < N_TASKS; i++) {
        int r = reap(w.tasks[i]);

        assert_true(r == 0 || r == -ECANCELED); /* before it began */
    }
    assert_true(w.done > 0 && w.left > 0);
    assert_false(il_lock_is_held(&w.lock));
    assert_int_equal(il_condition_notify_all(&w.condition), 0);
    assert_int_equal(il_semaphore_count(&w.semaphore), N_PERMITS);
    assert_int_equal(il_semaphore_try_acquire(&w.semaphore, N_PERMITS), 0);
    assert_int_equal(il_rwlock_try_acquire_write(&w.rwlock), 0);
    assert_int_equal(il_limiter_count(&w.limiter), 0);
}

static void test_sync_random_use_loses_nothing(void **state)
{
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++)
        run_world(*state, seed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sync_random_use_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
