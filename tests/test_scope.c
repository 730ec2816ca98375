/* SPDX-License-Identifier: MIT */

/* test_scope.c - which scope fired, and what its result means. */

#include "support/fixture.h"
#include "support/tasks.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int inner_fires(void *arg)
{
    il_scope outer, inner;
    int r;

    (void)arg;
    CHECK_INT(il_scope_enter(&outer, il_deadline(IL_MS(50))), 0);
    CHECK_INT(il_scope_enter(&inner, il_deadline(IL_MS(10))), 0);
    r = il_sleep(IL_FOREVER);
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(now_ms(), 10);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_scope_leave(&inner, r), -ETIMEDOUT);
    CHECK(il_scope_is_timed_out(&inner));
    CHECK(il_scope_is_cancelled(&inner));
    CHECK(!il_scope_is_cancelled(&outer));
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_sleep(IL_MS(10)), 0);
    CHECK_INT(il_scope_leave(&outer, 3), 3);
    CHECK(!il_scope_is_timed_out(&outer));
    return 0;
}

static void test_scope_inner_deadline_fires_the_inner_one(void **state)
{
    (void)state;
    run(inner_fires);
}

static int outer_fires(void *arg)
{
    il_scope outer, inner;
    int r;

    (void)arg;
    CHECK_INT(il_scope_enter(&outer, il_deadline(IL_MS(10))), 0);
    CHECK_INT(il_scope_enter(&inner, il_deadline(IL_MS(50))), 0);
    r = il_sleep(IL_FOREVER);
    CHECK_INT(now_ms(), 10);
    r = il_scope_leave(&inner, r);
    CHECK_INT(r, -ECANCELED);
    CHECK(!il_scope_is_cancelled(&inner));
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_scope_leave(&outer, r), -ETIMEDOUT);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_scope_outer_deadline_passes_through_the_inner_one(void **state)
{
    (void)state;
    run(outer_fires);
}

static int both_fire(void *arg)
{
    il_scope outer, inner;
    int r;

    (void)arg;
    CHECK_INT(il_scope_enter(&outer, il_deadline(IL_MS(10))), 0);
    CHECK_INT(il_scope_enter(&inner, il_deadline(IL_MS(10))), 0);
    r = il_sleep(IL_FOREVER);
    r = il_scope_leave(&inner, r);
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(il_scope_leave(&outer, r), -ETIMEDOUT);
    return 0;
}

/* Were the inner one given the blame, a retry loop in between would go on. */
static void test_scope_outermost_is_the_cause_when_both_fire(void **state)
{
    (void)state;
    run(both_fire);
}

static int outer_fires_during_cleanup(void *arg)
{
    il_scope outer, inner;
    int clean = 1;
    int r;

    (void)arg;
    CHECK_INT(il_scope_enter(&outer, il_deadline(IL_MS(15))), 0);
    CHECK_INT(il_scope_enter(&inner, il_deadline(IL_MS(10))), 0);
    r = il_sleep(IL_FOREVER);
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(20));
    }
    CHECK_INT(clean, 0);
    CHECK_INT(now_ms(), 30);
    r = il_scope_leave(&inner, r);
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(il_scope_leave(&outer, r), -ETIMEDOUT);
    return 0;
}

static void
test_scope_outer_one_firing_during_cleanup_is_the_cause(void **state)
{
    (void)state;
    run(outer_fires_during_cleanup);
}

struct canceller {
    il_time after;
    il_task *victim;
};

static int cancel_it(void *arg)
{
    struct canceller *canceller = arg;

    CHECK_INT(il_sleep(canceller->after), 0);
    return il_task_cancel(canceller->victim);
}

static int cancelled_from_outside(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_sleep(IL_FOREVER);
    }
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(il_yield(), -ECANCELED);
    return r;
}

static void test_scope_foreign_cancel_is_not_a_timeout(void **state)
{
    struct fixture *f = *state;
    struct canceller c = { .after = IL_MS(5) };

    assert_int_equal(il_spawn(NULL, cancelled_from_outside, NULL, &c.victim),
                     0);
    assert_int_equal(il_spawn(NULL, cancel_it, &c, NULL), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_int_equal(reap(c.victim), -ECANCELED);
}

/* Both in one turn: the deadline woke the task, but before it runs somebody
 * cancels all of it. */
static void test_scope_foreign_cancel_is_the_cause_when_both_come(void **state)
{
    struct fixture *f = *state;
    struct canceller c = { .after = IL_MS(10) };

    assert_int_equal(il_spawn(NULL, cancel_it, &c, NULL), 0);
    assert_int_equal(il_spawn(NULL, cancelled_from_outside, NULL, &c.victim),
                     0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(20)), 0);
    assert_int_equal(reap(c.victim), -ECANCELED);
}

struct late {
    il_future gate;
    int r;
};

static int wait_with_limit(void *arg)
{
    struct late *late = arg;
    int r = 0;

    late->r = 1;
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_future_wait(&late->gate, NULL, NULL);
    }
    late->r = r;
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    return r;
}

static void set_gate(void *arg)
{
    struct late *late = arg;

    CHECK_INT(il_future_set(&late->gate, 0, NULL), 0);
}

/* The value comes at the very time of the deadline, just before it. */
static void test_scope_value_before_the_deadline_wins(void **state)
{
    struct fixture *f = *state;
    struct late late = { IL_FUTURE_INIT, 0 };
    il_timer timer = IL_TIMER_INIT(set_gate, &late);
    il_task *task;

    assert_int_equal(il_spawn(NULL, wait_with_limit, &late, &task), 0);
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(9))), 0);
    assert_int_equal(il_test_advance(f->loop, IL_MS(100)), 0);
    assert_int_equal(late.r, 0);
    assert_int_equal(reap(task), 0);
}

static int finish_in_time_anyway(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(10), &r) {
        int shielded = 0;

        IL_SHIELD (IL_SEC(1), &shielded) {
            shielded = il_sleep(IL_MS(20));
        }
        CHECK_INT(shielded, 0);
        r = 4;
    }
    CHECK_INT(r, 4);
    CHECK(!il_task_is_cancelled(il_task_current()));
    for (int i = 0; i < 3; i++)
        CHECK_INT(il_yield(), 0);
    CHECK_INT(il_sleep(IL_SEC(1)), 0);
    return 0;
}

/* CPython 3.11 delivered a stray cancel after such a block. */
static void test_scope_fired_but_finished_leaves_nothing_behind(void **state)
{
    (void)state;
    run(finish_in_time_anyway);
}

static int fail_by_itself(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(1), &r) {
        CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
        r = -EIO;
    }
    CHECK_INT(r, -EIO);
    return 0;
}

static void test_scope_keeps_an_error_of_the_block(void **state)
{
    (void)state;
    run(fail_by_itself);
}

static int too_late_from_the_start(void *arg)
{
    il_scope scope;
    il_time before = il_now();
    int r;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, il_now() - 1), 0);
    CHECK(il_scope_is_timed_out(&scope));
    CHECK(il_task_is_cancelled(il_task_current()));
    r = il_sleep(IL_MS(1));
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, r), -ETIMEDOUT);

    r = 0;
    IL_TIMEOUT (0, &r) {
        r = il_yield();
    }
    CHECK_INT(r, -ETIMEDOUT);
    r = 0;
    IL_TIMEOUT (-IL_SEC(3), &r) {
        r = il_yield();
    }
    CHECK_INT(r, -ETIMEDOUT);
    CHECK_INT(il_now(), before);
    CHECK_INT(il_yield(), 0);
    return 0;
}

static void test_scope_deadline_in_the_past_cancels_at_once(void **state)
{
    (void)state;
    run(too_late_from_the_start);
}

static int deadline_and_sleep_at_once(void *arg)
{
    int r = 0;

    (void)arg;
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_sleep(IL_MS(10));
    }
    CHECK_INT(r, -ETIMEDOUT);
    r = 0;
    IL_TIMEOUT (IL_MS(10), &r) {
        r = il_sleep(IL_MS(10) - 1);
    }
    CHECK_INT(r, 0);
    return 0;
}

/* Ties are FIFO: the deadline of the scope was there first. */
static void test_scope_deadline_ties_are_first_come_first(void **state)
{
    (void)state;
    run(deadline_and_sleep_at_once);
}

static int move_the_deadline(void *arg)
{
    il_scope scope;
    int r;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, il_deadline(IL_MS(10))), 0);
    il_scope_set_deadline(&scope, il_deadline(IL_MS(30)));
    CHECK_INT(il_sleep(IL_MS(20)), 0);
    il_scope_set_deadline(&scope, il_deadline(IL_MS(5)));
    r = il_sleep(IL_FOREVER);
    CHECK_INT(now_ms(), 25);
    CHECK_INT(il_scope_leave(&scope, r), -ETIMEDOUT);

    CHECK_INT(il_scope_enter(&scope, il_deadline(IL_MS(10))), 0);
    il_scope_set_deadline(&scope, IL_FOREVER);
    CHECK_INT(il_sleep(IL_SEC(5)), 0);
    il_scope_set_deadline(&scope, il_now() - 1);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK(il_scope_is_timed_out(&scope));
    il_scope_set_deadline(&scope, IL_FOREVER);
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_scope_leave(&scope, -ECANCELED), -ETIMEDOUT);
    return 0;
}

static void test_scope_deadline_can_be_moved(void **state)
{
    (void)state;
    run(move_the_deadline);
}

static int leaves_no_alarm(void *arg)
{
    int r = 0;

    IL_TIMEOUT (IL_SEC(100), &r) {
        r = il_yield();
    }
    CHECK_INT(il_loop_next_deadline(arg) == 0 ||
                  il_loop_next_deadline(arg) == IL_FOREVER,
              1);
    return r;
}

static void test_scope_leaves_no_deadline_behind(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_run(leaves_no_alarm, f->loop), 0);
    settle(f);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);
}

static int cancel_scope(void *arg)
{
    il_scope_cancel(arg);
    il_scope_cancel(arg);
    return 0;
}

static int cancelled_by_hand(void *arg)
{
    il_scope outer, scope;
    int r;

    (void)arg;
    CHECK_INT(il_scope_enter(&outer, IL_FOREVER), 0);
    CHECK_INT(il_scope_enter(&scope, il_deadline(IL_SEC(1))), 0);
    CHECK(!il_scope_is_cancelled(&scope));
    CHECK_INT(il_spawn_lazy(NULL, cancel_scope, &scope, NULL), 0);
    r = il_sleep(IL_FOREVER);
    CHECK_INT(r, -ECANCELED);
    CHECK_INT(now_ms(), 0);
    CHECK_INT(il_scope_leave(&scope, r), 0);
    CHECK(il_scope_is_cancelled(&scope));
    CHECK(!il_scope_is_timed_out(&scope));
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_scope_leave(&outer, -ECANCELED), -ECANCELED);
    return 0;
}

static void test_scope_cancelled_by_hand_is_no_error(void **state)
{
    (void)state;
    run(cancelled_by_hand);
}

static void test_scope_is_for_tasks_only(void **state)
{
    il_scope scope;

    (void)state;
    assert_int_equal(il_scope_enter(&scope, IL_FOREVER), -ESRCH);
    assert_int_equal(il_scope_enter_shield(&scope, IL_FOREVER), -ESRCH);
}

static int leave_it_open(void *arg)
{
    static il_scope scope;

    (void)arg;
    return il_scope_enter(&scope, IL_FOREVER);
}

/* In a child process, whose stderr goes into `pipe`. */
static _Noreturn void die(int pipe)
{
    il_task *task;

    (void)dup2(pipe, STDERR_FILENO);
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    (void)il_spawn(NULL, leave_it_open, NULL, &task);
    _exit(0);
}

static void test_scope_left_open_ends_the_program_and_says_whose(void **state)
{
    char said[500] = "";
    int status = 0;
    int pipes[2];
    pid_t child;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        die(pipes[1]);
    (void)close(pipes[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(pipes[0], said, sizeof said - 1) > 0);
    (void)close(pipes[0]);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(said, "task 'leave_it_open' spawned at "));
    assert_non_null(strstr(said, "test_scope.c:"));
    assert_non_null(strstr(said, "leave it before the body returns"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_scope_inner_deadline_fires_the_inner_one),
        TEST(test_scope_outer_deadline_passes_through_the_inner_one),
        TEST(test_scope_outermost_is_the_cause_when_both_fire),
        TEST(test_scope_outer_one_firing_during_cleanup_is_the_cause),
        TEST(test_scope_foreign_cancel_is_not_a_timeout),
        TEST(test_scope_foreign_cancel_is_the_cause_when_both_come),
        TEST(test_scope_value_before_the_deadline_wins),
        TEST(test_scope_fired_but_finished_leaves_nothing_behind),
        TEST(test_scope_keeps_an_error_of_the_block),
        TEST(test_scope_deadline_in_the_past_cancels_at_once),
        TEST(test_scope_deadline_ties_are_first_come_first),
        TEST(test_scope_deadline_can_be_moved),
        TEST(test_scope_leaves_no_deadline_behind),
        TEST(test_scope_cancelled_by_hand_is_no_error),
        TEST(test_scope_is_for_tasks_only),
        TEST(test_scope_left_open_ends_the_program_and_says_whose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
