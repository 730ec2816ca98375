/* SPDX-License-Identifier: MIT */

/* test_fairness.c - a busy loop gives way: to its host, to I/O, to timers. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

struct mill {
    bool over;
    unsigned n_steps;
};

static int grind(void *arg)
{
    struct mill *mill = arg;

    while (!mill->over) {
        mill->n_steps++;
        if (il_yield() < 0)
            break;
    }
    return 0;
}

static il_time cpu_time(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (il_time)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* So many tasks are ready at any time that a turn of all of them takes longer.  A
 * slice still ends near its budget.  Counted in processor time: others may have
 * the processor meanwhile. */
static void test_fairness_turn_ends_when_its_budget_is_spent(void **state)
{
    struct fixture *f = *state;
    static struct mill mill; /* the tasks outlive this function */
    const int n_tasks = runs_slowly() ? 10000 : MANY(100000);
    int n_long = 0;

    for (int i = 0; i < n_tasks; i++)
        assert_int_equal(il_spawn_lazy(NULL, grind, &mill, NULL), 0);
    for (int i = 0; i < 100; i++) {
        il_time before = cpu_time();
        unsigned steps = mill.n_steps;

        assert_int_equal(il_loop_turn(f->loop, IL_MS(2)), 1);
        n_long += cpu_time() - before > IL_MS(5);
        assert_true(mill.n_steps > steps);
    }
    assert_true(n_long < 50); /* without a budget all of them are */
    mill.over = true;
}

static void test_fairness_slice_without_budget_makes_progress(void **state)
{
    struct fixture *f = *state;
    static struct mill mill; /* the tasks outlive this function */

    for (int i = 0; i < 1000; i++)
        assert_int_equal(il_spawn_lazy(NULL, grind, &mill, NULL), 0);
    for (int i = 0; i < 100; i++) {
        unsigned steps = mill.n_steps;

        assert_int_equal(il_loop_turn(f->loop, 0), 1);
        assert_true(mill.n_steps > steps);
    }
    mill.over = true;
}

/* A slice that is cut short goes on where it stopped: nobody is skipped. */
static void test_fairness_interrupted_turn_goes_on_in_order(void **state)
{
    enum { N = MANY(20000) };
    struct fixture *f = *state;
    static struct mill mills[N];

    for (int i = 0; i < N; i++) {
        mills[i] = (struct mill){ .over = false };
        assert_int_equal(il_spawn_lazy(NULL, grind, &mills[i], NULL), 0);
    }
    for (int slice = 0; slice < 200; slice++)
        assert_int_equal(il_loop_turn(f->loop, IL_US(50)), 1);
    for (int i = 1; i < N; i++) {
        assert_true(mills[i].n_steps <= mills[i - 1].n_steps);
        assert_true(mills[0].n_steps - mills[i].n_steps <= 1);
    }
    for (int i = 0; i < N; i++)
        mills[i].over = true;
}

static void note_timer(void *arg)
{
    note("%s", (const char *)arg);
}

/* Tasks that yield for ever starve neither timers, nor descriptors, nor posts
 * of other threads. */
static void test_fairness_busy_tasks_do_not_starve_events(void **state)
{
    struct fixture *f = *state;
    static struct mill mill; /* the tasks outlive this function */
    static struct reader reader = { .name = "io" };
    static il_timer timer = IL_TIMER_INIT(note_timer, TEXT("timer"));
    static il_callback post = IL_CALLBACK_INIT(note_timer, TEXT("post"));
    il_time limit;
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    assert_int_equal(il_loop_turn(f->loop, IL_MS(1)), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(il_spawn_lazy(NULL, grind, &mill, NULL), 0);

    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(il_post_threadsafe(f->loop, &post), 0);
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(1))), 0);
    limit = il_deadline(IL_SEC(5));
    while ((reader.r != 1 || il_timer_is_active(&timer) ||
            !strstr(noted(), "post")) &&
           il_now() < limit)
        assert_int_equal(il_loop_turn(f->loop, IL_MS(2)), 1);
    assert_int_equal(reader.r, 1);
    assert_false(il_timer_is_active(&timer));
    assert_non_null(strstr(noted(), "post"));
    assert_non_null(strstr(noted(), "io:1"));
    assert_non_null(strstr(noted(), "timer"));
    mill.over = true;
    close_both(fds);
}

static int stop_after_a_while(void *arg)
{
    struct mill *mill = arg;

    CHECK_INT(il_sleep(IL_MS(20)), 0);
    mill->over = true;
    return 0;
}

static void test_fairness_native_loop_serves_timers_while_busy(void **state)
{
    static struct mill mill; /* the tasks outlive this function */

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(il_spawn_lazy(NULL, grind, &mill, NULL), 0);
    assert_int_equal(il_run(stop_after_a_while, &mill), 0);
    assert_true(mill.n_steps > (runs_slowly() ? 10 : 1000));
}

static int ping(void *arg)
{
    int *fds = arg;
    char byte;

    for (int i = 0; i < 20000; i++) {
        CHECK_INT(il_write(fds[1], "x", 1), 1);
        CHECK_INT(il_read(fds[0], &byte, 1), 1);
    }
    return 0;
}

/* Calls that never have to wait take turns all the same. */
static void test_fairness_io_that_never_waits_takes_turns(void **state)
{
    static struct mill mill; /* the tasks outlive this function */
    il_task *task;
    int fds[2];

    (void)state;
    make_pipe(fds);
    assert_int_equal(il_spawn_lazy(NULL, grind, &mill, &task), 0);
    assert_int_equal(il_run(ping, fds), 0);
    assert_true(mill.n_steps >= 20);
    mill.over = true;
    il_task_unref(task);
    close_both(fds);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fairness_turn_ends_when_its_budget_is_spent),
        TEST(test_fairness_slice_without_budget_makes_progress),
        TEST(test_fairness_interrupted_turn_goes_on_in_order),
        TEST(test_fairness_busy_tasks_do_not_starve_events),
        TEST(test_fairness_native_loop_serves_timers_while_busy),
        TEST(test_fairness_io_that_never_waits_takes_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
