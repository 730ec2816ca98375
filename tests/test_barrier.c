/* SPDX-License-Identifier: MIT */

/* test_barrier.c - all go on together, and nobody slips through twice. */

#include "support/dump_text.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

struct party {
    il_barrier *barrier;
    const char *name;
    int rounds;
    il_time takes; /* each round */
    int r;         /* of the last il_barrier_wait(); -1 while it waits */
};

static int take_part(void *arg)
{
    struct party *p = arg;

    for (int i = 0; i < p->rounds; i++) {
        CHECK_INT(il_sleep(p->takes), 0);
        p->r = -1;
        p->r = il_barrier_wait(p->barrier);
        note("%s%d", p->name, p->r);
        if (p->r < 0)
            break;
    }
    return 0;
}

static int come(void *arg)
{
    struct party *p = arg;

    p->r = -1;
    p->r = il_barrier_wait(p->barrier);
    note("%s%s", p->name, p->r < 0 ? "!" : "");
    return 0;
}

static struct party make_party(il_barrier *barrier, const char *name)
{
    return (struct party){ .barrier = barrier, .name = name };
}

static il_task *start(struct party *p)
{
    il_task *task;

    assert_int_equal(il_spawn(NULL, come, p, &task), 0);
    return task;
}

static void test_barrier_lets_all_go_on_together(void **state)
{
    struct fixture *f = *state;
    il_barrier barrier = IL_BARRIER_INIT(3);
    struct party a = make_party(&barrier, "a");
    struct party b = make_party(&barrier, "b");
    struct party c = make_party(&barrier, "c");
    il_task *tasks[3];

    tasks[0] = start(&a);
    tasks[1] = start(&b);
    settle(f);
    assert_string_equal(noted(), "");
    assert_int_equal(il_barrier_count(&barrier), 2);
    tasks[2] = start(&c);
    assert_string_equal(noted(), "c"); /* the last one need not wait */
    assert_int_equal(il_barrier_count(&barrier), 0);
    settle(f);
    assert_string_equal(noted(), "c a b");
    assert_int_equal(a.r, 0);
    assert_int_equal(b.r, 1);
    assert_int_equal(c.r, 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(reap(tasks[i]), 0);
}

/* Each round, whoever comes last in it, and the numbers are given anew. */
static void test_barrier_is_filled_again_and_again(void **state)
{
    struct fixture *f = *state;
    il_barrier barrier = IL_BARRIER_INIT(2);
    struct party quick = { &barrier, "q", 3, IL_MS(10), 0 };
    struct party slow = { &barrier, "s", 3, IL_MS(20), 0 };
    il_task *tasks[2];

    assert_int_equal(il_spawn(NULL, take_part, &quick, &tasks[0]), 0);
    assert_int_equal(il_spawn(NULL, take_part, &slow, &tasks[1]), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(60)), 0);
    assert_string_equal(noted(), "s1 q0 s1 q0 s1 q0");
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static int come_twice(void *arg)
{
    struct party *p = arg;

    (void)come(p);
    return come(p);
}

/* The last one of a round is the first one of the next, before the others have
 * run: it waits for all of them. */
static void test_barrier_is_empty_before_those_who_passed_have_run(void **state)
{
    struct fixture *f = *state;
    il_barrier barrier = IL_BARRIER_INIT(2);
    struct party a = make_party(&barrier, "a");
    struct party b = make_party(&barrier, "b");
    il_task *tasks[2];

    tasks[0] = start(&a);
    assert_int_equal(il_spawn(NULL, come_twice, &b, &tasks[1]), 0);
    assert_string_equal(noted(), "b");
    assert_int_equal(il_barrier_count(&barrier), 1);
    settle(f);
    assert_string_equal(noted(), "b a");
    assert_int_equal(b.r, -1);
    assert_int_equal(il_barrier_wait(&barrier), 1); /* outside tasks */
    settle(f);
    assert_int_equal(b.r, 0);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static void test_barrier_cancelled_is_not_counted(void **state)
{
    struct fixture *f = *state;

    for (int victim = 0; victim < 3; victim++) {
        il_barrier barrier = IL_BARRIER_INIT(4);
        struct party p[4];
        il_task *tasks[4];
        int next = 0;

        for (int i = 0; i < 4; i++)
            p[i] = make_party(&barrier, "x");
        for (int i = 0; i < 3; i++)
            tasks[i] = start(&p[i]);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_task_cancel(tasks[victim]), 0);
        assert_int_equal(il_barrier_count(&barrier), 2);
        tasks[3] = start(&p[3]);
        settle(f);
        assert_int_equal(il_barrier_count(&barrier), 3);
        assert_int_equal(il_barrier_wait(&barrier), 3);
        settle(f);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(p[i].r, i == victim ? -ECANCELED : next++);
            assert_int_equal(reap(tasks[i]), 0);
        }
    }
}

static int come_and_wait(void *arg)
{
    struct party *p = arg;

    (void)come(p);
    return il_sleep(0);
}

/* All have come; who is cancelled after that has passed. */
static void test_barrier_passed_wins_over_a_late_cancel(void **state)
{
    struct fixture *f = *state;
    il_barrier barrier = IL_BARRIER_INIT(2);
    struct party a = make_party(&barrier, "a");
    il_task *task;

    assert_int_equal(il_spawn(NULL, come_and_wait, &a, &task), 0);
    assert_int_equal(il_barrier_wait(&barrier), 1);
    assert_int_equal(il_task_cancel(task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(a.r, 0);
    assert_int_equal(reap(task), -ECANCELED);
}

static int come_in_time(void *arg)
{
    struct party *p = arg;
    int r = 0;

    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_barrier_wait(p->barrier);
    }
    p->r = r;
    return 0;
}

static int come_later(void *arg)
{
    struct party *p = arg;

    CHECK_INT(il_sleep(IL_MS(10)), 0);
    return come_in_time(p);
}

/* The last one comes when the other one's time is over, in either order. */
static void test_barrier_deadline_at_the_same_instant(void **state)
{
    struct fixture *f = *state;

    for (int first = 0; first < 2; first++) {
        il_barrier barrier = IL_BARRIER_INIT(2);
        struct party p[2] = { make_party(&barrier, "a"),
                              make_party(&barrier, "b") };
        il_task *tasks[2];

        for (int i = 0; i < 2; i++)
            assert_int_equal(il_spawn(NULL,
                                      i == first ? come_in_time : come_later,
                                      &p[i], &tasks[i]),
                             0);
        assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
        assert_int_equal(p[first].r, -ETIMEDOUT);
        assert_int_equal(il_barrier_count(&barrier), 1);
        assert_int_equal(il_test_advance(f->loop, IL_MS(10)), 0);
        assert_int_equal(p[1 - first].r, -ETIMEDOUT);
        assert_int_equal(il_barrier_count(&barrier), 0);
        assert_int_equal(reap(tasks[0]), 0);
        assert_int_equal(reap(tasks[1]), 0);
    }
}

static void test_barrier_reset_begins_anew(void **state)
{
    struct fixture *f = *state;
    il_barrier barrier = IL_BARRIER_INIT(2);
    struct party a = make_party(&barrier, "a");
    il_task *task = start(&a);

    assert_int_equal(il_barrier_reset(&barrier), 0);
    assert_int_equal(il_barrier_count(&barrier), 0);
    settle(f);
    assert_int_equal(a.r, -EPIPE);
    assert_int_equal(reap(task), 0);
    task = start(&a);
    assert_int_equal(a.r, -1);
    assert_int_equal(il_barrier_wait(&barrier), 1);
    settle(f);
    assert_int_equal(a.r, 0);
    assert_int_equal(reap(task), 0);
}

static void test_barrier_aborted_stays_broken_until_reset(void **state)
{
    struct fixture *f = *state;
    il_barrier barrier = IL_BARRIER_INIT(2);
    struct party a = make_party(&barrier, "a");
    il_task *task = start(&a);

    assert_int_equal(il_barrier_abort(&barrier), 0);
    assert_true(il_barrier_is_broken(&barrier));
    settle(f);
    assert_int_equal(a.r, -EPIPE);
    assert_int_equal(reap(task), 0);
    task = start(&a);
    assert_int_equal(a.r, -EPIPE);
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_barrier_reset(&barrier), 0);
    assert_false(il_barrier_is_broken(&barrier));
    task = start(&a);
    assert_int_equal(il_barrier_wait(&barrier), 1);
    settle(f);
    assert_int_equal(a.r, 0);
    assert_int_equal(reap(task), 0);
}

static void test_barrier_end_wakes_the_waiters(void **state)
{
    struct fixture *f = *state;
    il_barrier barrier = IL_BARRIER_INIT(3);
    struct party a = make_party(&barrier, "a");
    struct party b = make_party(&barrier, "b");
    il_task *tasks[2] = { start(&a), start(&b) };

    il_barrier_fini(NULL);
    il_barrier_fini(&barrier);
    assert_int_equal(il_barrier_wait(&barrier), -EINVAL);
    memset(&barrier, 0x55, sizeof barrier); /* nobody may look at it again */
    assert_int_equal(il_task_cancel(tasks[0]), 0);
    settle(f);
    assert_string_equal(noted(), "a! b!");
    assert_int_equal(a.r, -EOWNERDEAD);
    assert_int_equal(b.r, -EOWNERDEAD);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), 0);
}

static int come_often(void *arg)
{
    il_barrier *barrier = arg;
    int r = 0;

    for (int i = 0; i < 1000 && r == 0; i++)
        r = il_barrier_wait(barrier);
    note("often");
    return r;
}

/* A barrier for one. */
static void test_barrier_without_others_starves_nobody(void **state)
{
    struct fixture *f = *state;
    il_barrier barrier = IL_BARRIER_INIT(1);
    il_task *tasks[2];

    for (int i = 0; i < 2; i++)
        assert_int_equal(il_spawn(NULL, come_often, &barrier, &tasks[i]), 0);
    assert_false(il_task_is_done(tasks[0]));
    assert_int_equal(il_task_cancel(tasks[1]), 0);
    settle(f);
    assert_int_equal(reap(tasks[0]), 0);
    assert_int_equal(reap(tasks[1]), -ECANCELED);
}

static void test_barrier_misuse_is_refused(void **state)
{
    il_barrier none = { 0 };
    il_barrier barrier = IL_BARRIER_INIT(2);
    il_barrier too_many = IL_BARRIER_INIT(1u << 31);

    (void)state;
    assert_int_equal(il_barrier_wait(NULL), -EINVAL);
    assert_int_equal(il_barrier_wait(&none), -EINVAL);
    assert_int_equal(il_barrier_wait(&too_many), -EINVAL);
    assert_int_equal(il_barrier_wait(&barrier), -ESRCH);
    assert_int_equal(il_barrier_count(&barrier), 0);
    assert_int_equal(il_barrier_reset(NULL), -EINVAL);
    assert_int_equal(il_barrier_abort(NULL), -EINVAL);
    assert_int_equal(il_barrier_count(NULL), 0);
    assert_false(il_barrier_is_broken(NULL));
}

static int wait_in_other_loop(void *arg)
{
    return il_barrier_wait(arg);
}

static void *use_from_other_thread(void *arg)
{
    CHECK_INT(il_barrier_wait(arg), -ESRCH);
    CHECK_INT(il_barrier_reset(arg), -ESRCH);
    CHECK_INT(il_barrier_abort(arg), -ESRCH);
    il_barrier_fini(arg);
    CHECK_INT(il_run(wait_in_other_loop, arg), -ESRCH);
    return NULL;
}

static void test_barrier_of_another_thread_is_refused(void **state)
{
    struct fixture *f = *state;
    il_barrier barrier = IL_BARRIER_INIT(2);
    struct party a = make_party(&barrier, "a");
    il_task *task = start(&a);
    pthread_t thread;

    assert_int_equal(
        pthread_create(&thread, NULL, use_from_other_thread, &barrier), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    dump_now();
    assert_true(has("waits for a barrier"));
    assert_int_equal(il_barrier_wait(&barrier), 1);
    settle(f);
    assert_int_equal(reap(task), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_barrier_lets_all_go_on_together),
        TEST(test_barrier_is_filled_again_and_again),
        TEST(test_barrier_is_empty_before_those_who_passed_have_run),
        TEST(test_barrier_cancelled_is_not_counted),
        TEST(test_barrier_passed_wins_over_a_late_cancel),
        TEST(test_barrier_deadline_at_the_same_instant),
        TEST(test_barrier_reset_begins_anew),
        TEST(test_barrier_aborted_stays_broken_until_reset),
        TEST(test_barrier_end_wakes_the_waiters),
        TEST(test_barrier_without_others_starves_nobody),
        TEST(test_barrier_misuse_is_refused),
        TEST(test_barrier_of_another_thread_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
