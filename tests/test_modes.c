/* SPDX-License-Identifier: MIT */

/* test_modes.c - native, owner, guest: what leads where, and how each stops. */

#include "support/fixture.h"
#include "support/trivial_host.h"

#include <interloop/host.h>

#include <errno.h>
#include <pthread.h>

/* A host that only takes note. */
struct quiet {
    unsigned n_requests;
    unsigned n_quits;
};

static void request_turn(void *data)
{
    ((struct quiet *)data)->n_requests++;
}

static int run_nothing(void *data)
{
    (void)data;
    return 0;
}

static void quit(void *data)
{
    ((struct quiet *)data)->n_quits++;
}

static const il_host quiet_host = {
    .name = "quiet",
    .request_turn = request_turn,
    .run = run_nothing,
    .quit = quit,
};
static const il_host guest_only = { .name = "guest only",
                                    .request_turn = request_turn };
static struct quiet quiet;

static int count(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static void count_post(void *arg)
{
    ++*(int *)arg;
}

static int sleep_forever(void *arg)
{
    (void)arg;
    return il_sleep(IL_FOREVER);
}

/* --- which mode leads where --------------------------------------------------- */

static void test_modes_native_loop_has_no_host(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_loop_get_mode(f->loop), IL_MODE_NATIVE);
    assert_false(il_loop_is_guest(f->loop));
    assert_false(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_detach(f->loop), -ESRCH);
    assert_int_equal(il_loop_start(f->loop, NULL, NULL), -EINVAL);
    assert_int_equal(il_loop_attach(f->loop, NULL, NULL), -EINVAL);
    assert_int_equal(il_loop_attach(f->loop, &guest_only, &quiet), -EINVAL);
    assert_int_equal(il_loop_run_owned(f->loop, count, NULL), -EINVAL);
    assert_int_equal(il_loop_stop(NULL), -EINVAL);
    assert_int_equal(il_loop_get_mode(NULL), IL_MODE_NATIVE);
}

static int try_everything(void *arg)
{
    il_loop *loop = il_loop_current();

    ++*(int *)arg;
    CHECK(il_loop_is_running(loop));
    CHECK_INT(il_run(count, arg), -EBUSY);
    CHECK_INT(il_loop_run(loop), -EBUSY);
    CHECK_INT(il_loop_attach(loop, &quiet_host, &quiet), -EBUSY);
    CHECK_INT(il_loop_start(loop, &quiet_host, &quiet), -EBUSY);
    CHECK(il_loop_detach(loop) < 0);
    CHECK(il_loop_run_owned(loop, count, arg) < 0);
    CHECK_INT(il_loop_close(loop, 0), -EBUSY);
    return il_yield();
}

static void test_modes_do_not_change_while_running_natively(void **state)
{
    struct fixture *f = *state;
    int n = 0;

    assert_int_equal(il_run(try_everything, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(il_loop_get_mode(f->loop), IL_MODE_NATIVE);
}

static void test_modes_do_not_change_while_a_guest(void **state)
{
    struct fixture *f = *state;
    struct quiet other = { 0 };
    int n = 0;

    assert_int_equal(il_loop_start(f->loop, &quiet_host, &quiet), 0);
    assert_int_equal(il_loop_get_mode(f->loop), IL_MODE_GUEST);
    assert_true(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_start(f->loop, &quiet_host, &quiet), -EBUSY);
    assert_int_equal(il_loop_start(f->loop, NULL, NULL), -EBUSY);
    assert_int_equal(il_loop_attach(f->loop, &quiet_host, &quiet), -EBUSY);
    assert_int_equal(il_run(count, &n), -EBUSY);
    assert_int_equal(il_loop_run(f->loop), -EBUSY);

    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(il_run(count, &n), -EBUSY);
    assert_int_equal(il_loop_run(f->loop), -EBUSY);
    assert_int_equal(il_loop_start(f->loop, &quiet_host, &other), -EBUSY);
    assert_int_equal(il_loop_start(f->loop, &guest_only, &quiet), -EBUSY);
    assert_int_equal(il_loop_start(f->loop, &quiet_host, &quiet), 0);
    assert_int_equal(n, 0);
}

static void test_modes_do_not_change_inside_a_turn(void **state)
{
    static int n;
    struct fixture *f = *state;

    n = 0;
    assert_int_equal(il_loop_start(f->loop, &quiet_host, &quiet), 0);
    assert_int_equal(il_spawn(NULL, try_everything, &n, NULL), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 0);
    assert_int_equal(n, 1);
    assert_true(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_get_mode(f->loop), IL_MODE_GUEST);
}

static void test_modes_owner_runs_the_host(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    int n = 0;

    assert_int_equal(trivial_host_own(&host, f->loop), 0);
    assert_int_equal(il_loop_get_mode(f->loop), IL_MODE_OWNER);
    assert_false(il_loop_is_guest(f->loop));
    assert_false(il_loop_is_running(f->loop));
    assert_int_equal(il_run(try_everything, &n), 0);
    assert_int_equal(n, 1);
    assert_true(host.n_turns > 0);
    assert_false(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_attach(f->loop, &quiet_host, &quiet), -EBUSY);
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(il_loop_get_mode(f->loop), IL_MODE_NATIVE);
}

static void test_modes_owner_can_become_a_guest(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;

    assert_int_equal(trivial_host_own(&host, f->loop), 0);
    assert_int_equal(il_loop_start(f->loop, NULL, NULL), 0);
    assert_int_equal(il_loop_get_mode(f->loop), IL_MODE_GUEST);
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(il_loop_get_mode(f->loop), IL_MODE_NATIVE);
}

static void test_modes_closed_loop_has_none(void **state)
{
    struct fixture *f = *state;
    il_loop *loop = il_loop_ref(f->loop);

    assert_int_equal(il_loop_close(loop, 0), 0);
    assert_int_equal(il_loop_start(loop, &quiet_host, &quiet), -ESHUTDOWN);
    assert_int_equal(il_loop_attach(loop, &quiet_host, &quiet), -ESHUTDOWN);
    assert_int_equal(il_loop_run(loop), -ESHUTDOWN);
    assert_int_equal(il_loop_stop(loop), -ESHUTDOWN);
    assert_int_equal(il_loop_turn(loop, 0), -ESHUTDOWN);
    (void)il_loop_unref(loop);
    (void)il_loop_unref(f->loop);
    assert_int_equal(il_loop_new(&f->loop), 0);
}

/* --- stopping ------------------------------------------------------------------ */

struct stopper {
    il_loop *loop;
    il_callback callback;
    int n_after; /* what ran in the same turn, behind it */
    int n_later; /* what ran in the next one */
    il_callback same, next;
};

static void stop_twice(void *arg)
{
    struct stopper *s = arg;

    CHECK_INT(il_post(s->loop, &s->next), 0);
    CHECK_INT(il_loop_stop(s->loop), 0);
    CHECK_INT(il_loop_stop(s->loop), 0);
    CHECK(il_loop_is_running(s->loop));
}

static void post_stopper(struct stopper *s, il_loop *loop)
{
    *s = (struct stopper){ .loop = loop };
    s->callback = (il_callback)IL_CALLBACK_INIT(stop_twice, s);
    s->same = (il_callback)IL_CALLBACK_INIT(count_post, &s->n_after);
    s->next = (il_callback)IL_CALLBACK_INIT(count_post, &s->n_later);
    assert_int_equal(il_post(loop, &s->callback), 0);
    assert_int_equal(il_post(loop, &s->same), 0);
}

static void test_modes_stop_ends_after_the_turn_natively(void **state)
{
    static struct stopper s;
    struct fixture *f = *state;

    post_stopper(&s, f->loop);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(s.n_after, 1);
    assert_int_equal(s.n_later, 0);
    settle(f);
    assert_int_equal(s.n_later, 1);
}

static void test_modes_stop_ends_after_the_turn_as_owner(void **state)
{
    static struct stopper s;
    struct fixture *f = *state;
    struct trivial_host host;

    assert_int_equal(trivial_host_own(&host, f->loop), 0);
    post_stopper(&s, f->loop);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(s.n_after, 1);
    assert_int_equal(s.n_later, 0);
    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(s.n_later, 1);
}

static void test_modes_stop_ends_after_the_turn_as_guest(void **state)
{
    static struct stopper s;
    struct fixture *f = *state;

    assert_int_equal(il_loop_start(f->loop, &quiet_host, &quiet), 0);
    post_stopper(&s, f->loop);
    assert_int_equal(il_loop_turn(f->loop, IL_SEC(1)), 1);
    assert_int_equal(s.n_after, 1);
    assert_int_equal(s.n_later, 0);
    assert_false(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_stop(f->loop), -EALREADY);
    assert_true(il_loop_next_deadline(f->loop) == IL_FOREVER);
    assert_int_equal(il_loop_turn(f->loop, IL_SEC(1)), 0);
    assert_int_equal(s.n_later, 0);

    assert_int_equal(il_loop_start(f->loop, NULL, NULL), 0);
    assert_int_equal(il_loop_next_deadline(f->loop), 0);
    assert_int_equal(il_loop_turn(f->loop, IL_SEC(1)), 0);
    assert_int_equal(s.n_later, 1);
}

/* A turn that is cut by its budget is one turn all the same. */
static void test_modes_stop_waits_for_a_turn_cut_by_its_budget(void **state)
{
    static struct stopper s;
    struct fixture *f = *state;
    int turns = 0;

    assert_int_equal(il_loop_start(f->loop, &quiet_host, &quiet), 0);
    post_stopper(&s, f->loop);
    while (il_loop_is_running(f->loop) && turns++ < 100)
        assert_true(il_loop_turn(f->loop, 0) >= 0);
    assert_int_equal(s.n_after, 1);
    assert_int_equal(s.n_later, 0);
}

static void test_modes_stop_before_a_run_leaves_one_turn(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    int n = 0;
    il_callback post = IL_CALLBACK_INIT(count_post, &n);

    for (int i = 0; i < 2; i++) {
        if (i == 1)
            assert_int_equal(trivial_host_own(&host, f->loop), 0);
        n = 0;
        assert_int_equal(il_post(f->loop, &post), 0);
        assert_int_equal(il_loop_stop(f->loop), 0);
        assert_int_equal(il_loop_stop(f->loop), 0);
        assert_int_equal(il_loop_run(f->loop), 0);
        assert_int_equal(n, 1);
        assert_int_equal(il_loop_stop(f->loop), 0);
        assert_int_equal(il_loop_run(f->loop), 0);
    }
}

static void test_modes_stop_survives_a_change_of_mode(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    int n = 0;
    il_callback post = IL_CALLBACK_INIT(count_post, &n);

    assert_int_equal(il_post(f->loop, &post), 0);
    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(trivial_host_own(&host, f->loop), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(n, 1);
    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(il_loop_run(f->loop), 0);

    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(il_loop_start(f->loop, &quiet_host, &quiet), 0);
    assert_int_equal(il_post(f->loop, &post), 0);
    assert_int_equal(il_loop_turn(f->loop, 0), 0);
    assert_int_equal(n, 2);
    assert_true(il_loop_is_running(f->loop));
}

static void
test_modes_guest_is_stopped_at_once_by_interleaved_code(void **state)
{
    struct fixture *f = *state;
    int n = 0;
    il_callback post = IL_CALLBACK_INIT(count_post, &n);

    assert_int_equal(il_loop_start(f->loop, &quiet_host, &quiet), 0);
    assert_int_equal(il_post(f->loop, &post), 0);
    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_false(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_turn(f->loop, IL_SEC(1)), 0);
    assert_int_equal(n, 0);
    assert_int_equal(il_loop_stop(f->loop), -EALREADY);
    assert_int_equal(il_loop_start(f->loop, NULL, NULL), 0);
    assert_int_equal(il_loop_turn(f->loop, IL_SEC(1)), 0);
    assert_int_equal(n, 1);
}

static void test_modes_restart_keeps_timers_and_tasks(void **state)
{
    static int n;
    struct fixture *f = *state;
    il_timer timer = IL_TIMER_INIT(count_post, &n);
    il_task *task;

    n = 0;
    assert_int_equal(il_loop_start(f->loop, &quiet_host, &quiet), 0);
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_MS(5))), 0);
    assert_int_equal(il_spawn(NULL, sleep_forever, NULL, &task), 0);
    assert_int_equal(il_loop_stop(f->loop), 0);
    assert_int_equal(il_test_advance(f->loop, 0), 0);
    assert_int_equal(il_loop_start(f->loop, NULL, NULL), 0);
    assert_true(il_loop_next_deadline(f->loop) != IL_FOREVER);
    assert_int_equal(il_test_advance(f->loop, IL_MS(5)), 0);
    assert_int_equal(n, 1);
    assert_false(il_task_is_done(task));
    assert_int_equal(il_task_cancel(task), 0);
    settle(f);
    assert_int_equal(reap(task), -ECANCELED);
}

/* In owner mode interleaved code is the host's: here, before it sleeps. */
struct owner {
    struct trivial_host host;
    il_host functions;
    il_loop *loop;
    int n_turns_before;
};

static int run_and_stop(void *data)
{
    struct owner *owner = data;

    CHECK_INT(il_loop_stop(owner->loop), 0);
    CHECK(il_loop_is_running(owner->loop));
    owner->host.quit = false;
    trivial_host_run(&owner->host, 10000);
    return 0;
}

static void
test_modes_owner_stopped_by_interleaved_code_runs_one_turn(void **state)
{
    static struct owner owner;
    struct fixture *f = *state;
    static int n;
    il_callback post = IL_CALLBACK_INIT(count_post, &n);

    n = 0;
    owner = (struct owner){ .loop = f->loop };
    owner.host.loop = f->loop;
    owner.functions = *trivial_host_functions();
    owner.functions.run = run_and_stop;
    assert_int_equal(il_loop_attach(f->loop, &owner.functions, &owner), 0);
    assert_int_equal(il_post(f->loop, &post), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_int_equal(n, 1);
    assert_int_equal(owner.host.n_turns, 1);
    assert_false(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static void *stop_from_elsewhere(void *arg)
{
    CHECK_INT(il_loop_stop(arg), -ESRCH);
    return NULL;
}

static void test_modes_stop_is_refused_in_another_thread(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;

    assert_int_equal(
        pthread_create(&thread, NULL, stop_from_elsewhere, f->loop), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes_native_loop_has_no_host,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_do_not_change_while_running_natively, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes_do_not_change_while_a_guest,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes_do_not_change_inside_a_turn,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes_owner_runs_the_host,
                                        setup_real, teardown),
        cmocka_unit_test_setup_teardown(test_modes_owner_can_become_a_guest,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes_closed_loop_has_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_stop_ends_after_the_turn_natively, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_stop_ends_after_the_turn_as_owner, setup_real, teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_stop_ends_after_the_turn_as_guest, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_stop_waits_for_a_turn_cut_by_its_budget, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_stop_before_a_run_leaves_one_turn, setup_real, teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_stop_survives_a_change_of_mode, setup_real, teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_guest_is_stopped_at_once_by_interleaved_code, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_restart_keeps_timers_and_tasks, setup_manual, teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_owner_stopped_by_interleaved_code_runs_one_turn,
            setup_real, teardown),
        cmocka_unit_test_setup_teardown(
            test_modes_stop_is_refused_in_another_thread, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
