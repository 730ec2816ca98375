/* SPDX-License-Identifier: MIT */

/* test_debug.c - debug mode: on and off, and what is rare in itself. */

#include "support/fixture.h"

#include "task/debug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int setup_debug(void **state)
{
    int r = setup(state);
    struct fixture *f = *state;

    /* What depends on how busy the machine is has tests of its own. */
    return r < 0 ? r
                 : il_loop_set_debug(f->loop, IL_DEBUG_ALL & ~IL_DEBUG_SLOW);
}

/* --- on and off --------------------------------------------------------------------- */

static void test_debug_is_off_unless_asked_for(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_loop_get_debug(f->loop), 0);
    assert_int_equal(il_loop_get_debug(NULL), 0);
    assert_null(f->loop ? ((ili_sched *)f->loop)->debug : NULL);
}

static void test_debug_flags_can_be_asked_for(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_LOCKS), 0);
    assert_int_equal(il_loop_get_debug(f->loop), IL_DEBUG_LOCKS);
    assert_int_equal(il_loop_set_debug(f->loop, 0), 0);
    assert_int_equal(il_loop_get_debug(f->loop), 0);
}

static void test_debug_refuses_what_makes_no_sense(void **state)
{
    struct fixture *f = *state;
    il_debug_limits limits = { .step = -1 };

    assert_int_equal(il_set_debug(1u << 31), -EINVAL);
    assert_int_equal(il_loop_set_debug(f->loop, 1u << 31), -EINVAL);
    assert_int_equal(il_loop_set_debug(NULL, 0), -EINVAL);
    assert_int_equal(il_loop_set_debug_limits(f->loop, &limits), -EINVAL);
    limits = (il_debug_limits){ .stack_percent = 101 };
    assert_int_equal(il_loop_set_debug_limits(f->loop, &limits), -EINVAL);
    limits = (il_debug_limits){ .cancel = -1 };
    assert_int_equal(il_loop_set_debug_limits(f->loop, &limits), -EINVAL);
    limits = (il_debug_limits){ .blocked = -1 };
    assert_int_equal(il_loop_set_debug_limits(f->loop, &limits), -EINVAL);
    assert_int_equal(il_loop_set_debug_limits(NULL, NULL), -EINVAL);
    assert_int_equal(il_loop_set_debug_limits(f->loop, NULL), 0);
    (void)il_loop_ref(f->loop);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(il_loop_set_debug(f->loop, 1), -ESHUTDOWN);
    assert_int_equal(il_loop_set_debug_limits(f->loop, NULL), -ESHUTDOWN);
    (void)il_loop_unref(f->loop);
}

static void test_debug_needs_the_loops_thread(void **state)
{
    struct fixture *f = *state;
    ili_sched *sched = ili_sched_current;

    ili_sched_set_current(NULL);
    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_ALL), -ESRCH);
    assert_int_equal(il_loop_set_debug_limits(f->loop, NULL), -ESRCH);
    ili_sched_set_current(sched);
}

static unsigned flags_of_a_new_loop(void)
{
    il_loop *loop;
    unsigned flags;

    assert_int_equal(il_loop_new(&loop), 0);
    flags = il_loop_get_debug(loop);
    assert_int_equal(il_loop_close(loop, 0), 0);
    (void)il_loop_unref(loop);
    return flags;
}

static void test_debug_environment_switches_it_on(void **state)
{
    (void)state;
    assert_int_equal(setenv("INTERLOOP_DEBUG", "1", 1), 0);
    assert_int_equal(flags_of_a_new_loop(), IL_DEBUG_ALL);
    assert_int_equal(setenv("INTERLOOP_DEBUG", "locks,deadlock", 1), 0);
    assert_int_equal(flags_of_a_new_loop(), IL_DEBUG_LOCKS | IL_DEBUG_DEADLOCK);
    assert_int_equal(setenv("INTERLOOP_DEBUG", "0", 1), 0);
    assert_int_equal(flags_of_a_new_loop(), 0);
    assert_int_equal(unsetenv("INTERLOOP_DEBUG"), 0);
    assert_int_equal(flags_of_a_new_loop(), 0);
}

static void test_debug_environment_words(void **state)
{
    il_debug_limits limits = { .step = 7 };

    (void)state;
    assert_int_equal(ili_debug_parse("", &limits), 0);
    assert_int_equal(ili_debug_parse(" , ", &limits), 0);
    assert_int_equal(ili_debug_parse("all", &limits), IL_DEBUG_ALL);
    assert_int_equal(ili_debug_parse("cancel stack,freed,,leaks", &limits),
                     IL_DEBUG_CANCEL | IL_DEBUG_STACK | IL_DEBUG_FREED |
                         IL_DEBUG_LEAKS);
    assert_int_equal(ili_debug_parse("slow,fatal", &limits),
                     IL_DEBUG_SLOW | IL_DEBUG_FATAL);
    assert_int_equal(limits.step, 7);
    assert_int_equal(ili_debug_parse("slow=25,locks", &limits),
                     IL_DEBUG_SLOW | IL_DEBUG_LOCKS);
    assert_int_equal(limits.step, IL_MS(25));
    /* Told of on stderr. */
    assert_int_equal(ili_debug_parse("slo", &limits), 0);
    assert_int_equal(ili_debug_parse("slow=", &limits), 0);
    assert_int_equal(ili_debug_parse("slow=-1", &limits), 0);
    assert_int_equal(ili_debug_parse("slow=0", &limits), 0);
    assert_int_equal(ili_debug_parse("slow=9x", &limits), 0);
    assert_int_equal(ili_debug_parse("slow=99999999999999999999", &limits), 0);
    assert_int_equal(limits.step, IL_MS(25));
}

/* Last of all, since it cannot be taken back. */
static void test_debug_program_overrides_the_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("INTERLOOP_DEBUG", "1", 1), 0);
    assert_int_equal(il_set_debug(0), 0);
    assert_int_equal(flags_of_a_new_loop(), 0);
    assert_int_equal(il_set_debug(IL_DEBUG_FREED), 0);
    assert_int_equal(flags_of_a_new_loop(), IL_DEBUG_FREED);
    assert_int_equal(unsetenv("INTERLOOP_DEBUG"), 0);
    assert_int_equal(il_set_debug(0), 0);
}

/* --- locks -------------------------------------------------------------------------- */

static int keep(void *arg)
{
    CHECK_INT(il_lock_acquire(arg), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    return il_lock_release(arg);
}

static int release(void *arg)
{
    CHECK_INT(il_lock_release(arg), -EPERM);
    return 0;
}

static void test_debug_release_by_another_task_names_both(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    struct kept_report report;

    assert_int_equal(il_spawn(NULL, keep, &lock, NULL), 0);
    assert_int_equal(il_spawn(NULL, release, &lock, NULL), 0);
    settle(f);
    report = take_report_of(f, IL_REPORT_NOT_OWNER, -EPERM, "release");
    assert_non_null(strstr(report.details, "'keep'"));
    assert_int_equal(il_test_advance(f->loop, IL_MS(1)), 0);
}

static void test_debug_release_by_code_outside_tasks(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    struct kept_report report;

    assert_int_equal(il_lock_release(&lock), -EPERM);
    settle(f);
    report = take_report_of(f, IL_REPORT_NOT_OWNER, -EPERM, "(no task)");
    assert_string_equal(report.details, "");
}

static int acquire_twice(void *arg)
{
    CHECK_INT(il_lock_acquire(arg), 0);
    CHECK_INT(il_lock_acquire(arg), -EDEADLK);
    CHECK_INT(il_lock_try_acquire(arg), -EDEADLK); /* who tries, looks */
    return il_lock_release(arg);
}

static void test_debug_lock_that_is_owned_already(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;

    assert_int_equal(il_spawn(NULL, acquire_twice, &lock, NULL), 0);
    settle(f);
    take_report_of(f, IL_REPORT_NOT_OWNER, -EDEADLK, "acquire_twice");
}

static int write_twice(void *arg)
{
    CHECK_INT(il_rwlock_acquire_write(arg), 0);
    CHECK_INT(il_rwlock_acquire_read(arg), -EDEADLK);
    CHECK_INT(il_rwlock_release_write(arg), 0);
    CHECK_INT(il_rwlock_release_write(arg), -EPERM);
    return 0;
}

static void test_debug_rwlock_mistakes(void **state)
{
    struct fixture *f = *state;
    il_rwlock lock = IL_RWLOCK_INIT;

    assert_int_equal(il_spawn(NULL, write_twice, &lock, NULL), 0);
    settle(f);
    take_report_of(f, IL_REPORT_NOT_OWNER, -EDEADLK, "write_twice");
    take_report_of(f, IL_REPORT_NOT_OWNER, -EPERM, "write_twice");
}

static void test_debug_off_says_nothing_of_locks(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;

    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_FREED), 0);
    assert_int_equal(il_lock_release(&lock), -EPERM);
    settle(f);
    assert_int_equal(f->n_reports, 0);
}

static int take_and_end(void *arg)
{
    return il_lock_acquire(arg);
}

/* Told of once, and not as something that was ended. */
static void test_debug_lost_lock_is_told_once(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;

    assert_int_equal(il_spawn(NULL, take_and_end, &lock, NULL), 0);
    settle(f);
    take_report_of(f, IL_REPORT_LOST_LOCK, -EOWNERDEAD, "take_and_end");
    il_lock_fini(&lock);
}

/* --- cancels ------------------------------------------------------------------------ */

static int go_on(void *arg)
{
    int *n = arg;

    while (++*n < 300)
        (void)il_yield();
    return 0;
}

static void test_debug_ignored_cancel_is_told_early_and_once(void **state)
{
    struct fixture *f = *state;
    struct kept_report report;
    il_task *task;
    int n = 0;

    assert_int_equal(il_spawn(NULL, go_on, &n, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    report = take_report_of(f, IL_REPORT_IGNORED_CANCEL, -ECANCELED, "go_on");
    assert_non_null(strstr(report.details, "10 times"));
    assert_non_null(strstr(report.file, "test_debug.c"));
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(reap(task), 0);
}

static int swallow_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 9; i++)
        (void)il_yield();
    return 0;
}

static void test_debug_cancel_that_is_obeyed_in_time(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, swallow_some, NULL, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(reap(task), 0);
}

static int swallow_some_and_switch_on(void *arg)
{
    (void)il_yield();
    CHECK_INT(il_yield(), -ECANCELED);
    CHECK_INT(il_loop_set_debug(arg, IL_DEBUG_CANCEL), 0);
    CHECK_INT(il_yield(), -ECANCELED);
    return 0;
}

/* What was not watched from the beginning has no beginning yet. */
static void test_debug_switched_on_later_counts_time_from_then(void **state)
{
    struct fixture *f = *state;
    il_task *task;

    assert_int_equal(il_spawn(NULL, swallow_some_and_switch_on, f->loop, &task),
                     0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(f->n_reports, 0);
    assert_int_equal(reap(task), 0);
}

static int swallow_twice(void *arg)
{
    int n;

    for (int i = 0; i < 2; i++) {
        il_scope scope;

        CHECK_INT(il_scope_enter(&scope, IL_FOREVER), 0);
        il_scope_cancel(&scope);
        n = 0;
        while (++n < 20)
            CHECK_INT(il_yield(), -ECANCELED);
        CHECK_INT(il_scope_leave(&scope, 0), 0);
        CHECK_INT(il_yield(), 0);
    }
    (void)arg;
    return 0;
}

static void test_debug_ignored_cancels_of_two_scopes_are_two(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, swallow_twice, NULL, NULL), 0);
    settle(f);
    take_report_of(f, IL_REPORT_IGNORED_CANCEL, -ECANCELED, "swallow_twice");
    take_report_of(f, IL_REPORT_IGNORED_CANCEL, -ECANCELED, "swallow_twice");
}

static void test_debug_cancel_flag_off_reports_as_ever(void **state)
{
    struct fixture *f = *state;
    struct kept_report report;
    il_task *task;
    int n = 0;

    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_FREED), 0);
    assert_int_equal(il_spawn(NULL, go_on, &n, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    report = take_report_of(f, IL_REPORT_IGNORED_CANCEL, -ECANCELED, "go_on");
    assert_string_equal(report.details, "");
    assert_int_equal(reap(task), 0);
}

/* --- what is left over -------------------------------------------------------------- */

static int end_at_once(void *arg)
{
    return *(int *)arg;
}

static void test_debug_handle_that_is_kept_is_told_at_close(void **state)
{
    struct fixture *f = *state;
    struct kept_report report;
    il_task *kept, *dropped;
    int ok = 0, failed = -EIO;
    il_task *kept_too;

    assert_int_equal(il_spawn(NULL, end_at_once, &ok, &kept), 0);
    assert_int_equal(il_spawn(NULL, end_at_once, &ok, &dropped), 0);
    assert_int_equal(il_spawn(NULL, end_at_once, &failed, &kept_too), 0);
    il_task_set_name(kept, "kept");
    (void)il_task_unref(dropped);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    report = take_report_of(f, IL_REPORT_LEAK, 0, "kept");
    assert_non_null(strstr(report.details, "1 reference"));
    take_report_of(f, IL_REPORT_LEAK, -EIO,
                   "end_at_once"); /* nobody heard of it */
    assert_int_equal(f->n_reports, 0);
    (void)il_task_unref(kept);
    (void)il_task_unref(kept_too);
}

static void release_strange_lock(void *lock)
{
    CHECK_INT(il_lock_release(lock), -EPERM);
}

/* No turn will come any more, but what was noted is told. */
static void test_debug_mistake_at_the_very_end_is_told(void **state)
{
    struct fixture *f = *state;
    il_lock lock = IL_LOCK_INIT;
    il_callback callback = IL_CALLBACK_INIT(release_strange_lock, &lock);

    assert_int_equal(il_loop_at_close(f->loop, &callback), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    take_report_of(f, IL_REPORT_NOT_OWNER, -EPERM, "(no task)");
}

static void test_debug_lazy_task_that_never_ran_is_told(void **state)
{
    struct fixture *f = *state;
    int result = 0;

    assert_int_equal(il_spawn_lazy(NULL, end_at_once, &result, NULL), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    take_report_of(f, IL_REPORT_LEAK, -ECANCELED, "end_at_once");
}

static void test_debug_lazy_task_that_was_cancelled_is_not(void **state)
{
    struct fixture *f = *state;
    int result = 0;
    il_task *task;

    assert_int_equal(il_spawn_lazy(NULL, end_at_once, &result, &task), 0);
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
}

static void test_debug_switched_off_forgets_the_ended(void **state)
{
    struct fixture *f = *state;
    int result = 0;
    il_task *task;

    assert_int_equal(il_spawn(NULL, end_at_once, &result, &task), 0);
    assert_int_equal(il_loop_set_debug(f->loop, IL_DEBUG_SLOW), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    (void)il_task_unref(task);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_debug, teardown)

#define TEST_OFF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OFF(test_debug_is_off_unless_asked_for),
        TEST(test_debug_flags_can_be_asked_for),
        TEST_OFF(test_debug_refuses_what_makes_no_sense),
        TEST(test_debug_needs_the_loops_thread),
        cmocka_unit_test(test_debug_environment_switches_it_on),
        cmocka_unit_test(test_debug_environment_words),
        TEST(test_debug_release_by_another_task_names_both),
        TEST(test_debug_release_by_code_outside_tasks),
        TEST(test_debug_lock_that_is_owned_already),
        TEST(test_debug_rwlock_mistakes),
        TEST(test_debug_off_says_nothing_of_locks),
        TEST(test_debug_lost_lock_is_told_once),
        TEST(test_debug_ignored_cancel_is_told_early_and_once),
        TEST(test_debug_cancel_that_is_obeyed_in_time),
        TEST_OFF(test_debug_switched_on_later_counts_time_from_then),
        TEST(test_debug_ignored_cancels_of_two_scopes_are_two),
        TEST(test_debug_cancel_flag_off_reports_as_ever),
        TEST(test_debug_handle_that_is_kept_is_told_at_close),
        TEST(test_debug_mistake_at_the_very_end_is_told),
        TEST(test_debug_lazy_task_that_never_ran_is_told),
        TEST(test_debug_lazy_task_that_was_cancelled_is_not),
        TEST(test_debug_switched_off_forgets_the_ended),
        cmocka_unit_test(test_debug_program_overrides_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
