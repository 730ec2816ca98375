/* SPDX-License-Identifier: MIT */

/* test_host.c - the loop as a guest of the smallest possible host.
 *
 * What every host must do is in tests/scenarios/; here is what only a host that
 * counts and misbehaves can show. */

#include "support/fixture.h"
#include "support/pipes.h"
#include "support/trivial_host.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static int stop_and_wait(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    il_loop_stop(arg);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    note("cancelled");
    return -ECANCELED;
}

static int sleep_for_seven(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(1)) < 0 ? -1 : 7;
}

/* The guest took no more turns, and nobody told the host's loop to end. */
static void test_host_stop_ends_owner_mode(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_loop_run_owned(f->loop, stop_and_wait, f->loop),
                     -EINTR);
    assert_string_equal(noted(), "cancelled");
    assert_int_equal(il_loop_run_owned(f->loop, sleep_for_seven, NULL), 7);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

/* A host whose loop ends at once, whatever our main task is at. */
static int end_at_once(void *data)
{
    (void)data;
    return 0;
}

static void never_asked(void *data)
{
    (void)data;
    CHECK(!"quit was called though the host does not run");
}

static void request_nothing(void *data)
{
    (void)data;
}

static int clean_up_slowly(void *arg)
{
    int clean = 1;
    int r = il_sleep(IL_FOREVER);

    (void)arg;
    IL_SHIELD (IL_SEC(1), &clean) {
        clean = il_sleep(IL_MS(5));
    }
    CHECK_INT(clean, 0);
    note("clean");
    return r;
}

static void test_host_that_ends_first_interrupts_the_owner(void **state)
{
    static const il_host hasty = { .name = "hasty",
                                   .request_turn = request_nothing,
                                   .run = end_at_once,
                                   .quit = never_asked };
    struct fixture *f = *state;

    assert_int_equal(il_loop_start(f->loop, &hasty, NULL), 0);
    assert_int_equal(il_loop_run_owned(f->loop, clean_up_slowly, NULL), -EINTR);
    assert_string_equal(noted(), "clean");
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static int count_steps(void *arg)
{
    while (il_yield() == 0)
        ++*(unsigned *)arg;
    return 0;
}

static void test_host_stopped_guest_takes_no_turns(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    static unsigned n;
    unsigned before;
    il_task *task;

    n = 0;
    il_loop_stop(f->loop); /* of no concern to a guest that starts later */
    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn(NULL, count_steps, &n, &task), 0);
    trivial_host_iterate(&host, 0);
    assert_true(n > 0);
    il_loop_stop(f->loop);
    before = n;
    for (int i = 0; i < 5; i++)
        trivial_host_iterate(&host, 0);
    assert_int_equal(n, before);
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    trivial_host_iterate(&host, 0);
    assert_true(n > before);
    assert_int_equal(il_task_cancel(task), 0);
    il_task_unref(task);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static int return_seven(void *arg)
{
    (void)arg;
    return 7;
}

static int misuse(void *arg)
{
    struct trivial_host *host = arg;
    il_loop *loop = host->loop;

    CHECK(il_loop_is_running(loop));
    CHECK_INT(il_loop_run(loop), -EBUSY);
    CHECK_INT(il_run(return_seven, NULL), -EBUSY);
    CHECK_INT(il_loop_close(loop, 0), -EBUSY);
    CHECK_INT(il_loop_detach(loop), -EBUSY);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_loop_detach(loop), -EBUSY);
    host->quit = true;
    return 0;
}

static void test_host_refuses_what_makes_no_sense(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host, other;
    const il_host empty = { .name = "empty" };
    const il_host least = { .name = "least", .request_turn = request_nothing };

    assert_int_equal(il_loop_detach(f->loop), -ESRCH);
    assert_int_equal(il_loop_start(f->loop, &empty, NULL), -EINVAL);
    assert_int_equal(il_loop_run_owned(f->loop, return_seven, NULL), -EINVAL);
    assert_int_equal(il_loop_start(f->loop, &least, NULL), 0);
    assert_int_equal(il_loop_run_owned(f->loop, return_seven, NULL), -EINVAL);
    assert_int_equal(trivial_host_attach(&other, f->loop), -EBUSY);
    assert_int_equal(il_loop_run(f->loop), -EBUSY);
    assert_int_equal(il_run(return_seven, NULL), -EBUSY);
    assert_int_equal(il_loop_detach(f->loop), 0);

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn_lazy(NULL, misuse, &host, NULL), 0);
    trivial_host_run(&host, 5000);
    assert_true(host.quit);
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_int_equal(il_run(return_seven, NULL), 7);
    assert_int_equal(il_loop_close(f->loop, 0), 0);
    assert_int_equal(trivial_host_attach(&host, f->loop), -ESHUTDOWN);
}

/* --- Switching ------------------------------------------------------------ */

static int sleep_then_note(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(20)), 0);
    note("slept");
    ((struct trivial_host *)arg)->quit = true;
    return 0;
}

static int note_lazily(void *arg)
{
    note("%s", (const char *)arg);
    return 0;
}

/* Sleeping and reading tasks and a full ready queue go along unharmed. */
static void test_host_tasks_survive_a_change_of_mode(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    struct reader reader = { .name = "read" };
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_then_note, &host, NULL), 0);
    settle(f);
    assert_int_equal(il_spawn_lazy(NULL, note_lazily, TEXT("ready"), NULL), 0);

    assert_false(il_loop_is_guest(f->loop));
    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_true(il_loop_is_guest(f->loop));
    trivial_host_iterate(&host, 0);
    assert_string_equal(noted(), "ready");
    assert_int_equal(write(fds[1], "x", 1), 1);
    trivial_host_run(&host, 5000);
    assert_string_equal(noted(), "ready read:1 slept");

    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    assert_int_equal(il_spawn_lazy(NULL, note_lazily, TEXT("native"), NULL), 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
    assert_false(il_loop_is_guest(f->loop));
    assert_int_equal(write(fds[1], "yz", 2), 2);
    settle(f);
    assert_string_equal(noted(), "ready read:1 slept native read:2");
    close_both(fds);
}

/* --- Nested rounds -------------------------------------------------------- */

/* Runs in the nested round, and opens a third. */
static int wait_inside(void *arg)
{
    struct trivial_host *host = arg;

    CHECK_INT(host->depth, 2);
    note("inside");
    CHECK_INT(il_yield(), 0);
    note("again");
    return 0;
}

static int open_a_nested_round(void *arg)
{
    struct trivial_host *host = arg;
    il_task *me = il_task_current();
    il_task *task;

    CHECK_INT(host->depth, 1);
    CHECK_INT(il_spawn_lazy(NULL, wait_inside, host, &task), 0);
    for (int i = 0; i < 10 && !il_task_is_done(task); i++)
        trivial_host_iterate(host, 100);
    CHECK(il_task_current() == me);
    note("back");
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    il_task_unref(task);
    host->quit = true;
    return 0;
}

/* A callback that the host dispatches while a task waits underneath: not a
 * place to wait in. */
static int wait_in_a_dispatch(void *arg)
{
    struct trivial_host *host = arg;
    il_event event = IL_EVENT_INIT;
    il_channel channel;
    int value = 77;
    il_case cases[] = { IL_CASE_EVENT(&event),
                        IL_CASE_RECEIVE(&channel, &value),
                        IL_CASE_SEND(&channel, &value), IL_CASE_AFTER(1) };

    CHECK_INT(il_channel_init(&channel, sizeof value, 0), 0);
    host->depth++;
    CHECK_INT(il_sleep(IL_MS(1)), -EDEADLK);
    CHECK_INT(il_event_wait(&event), -EDEADLK);
    CHECK_INT(il_channel_receive(&channel, &value), -EDEADLK);
    CHECK_INT(il_channel_send(&channel, &value), -EDEADLK);
    CHECK_INT(il_select(cases, 4, 0), -EDEADLK);
    host->depth--;
    /* Who was refused waits nowhere. */
    CHECK_INT(il_event_set(&event), 0);
    CHECK_INT(il_channel_try_send(&channel, &value), -EAGAIN);
    CHECK_INT(il_channel_try_receive(&channel, &value), -EAGAIN);
    il_channel_fini(&channel);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    host->quit = true;
    return 0;
}

static void test_host_nested_rounds_run_other_tasks(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn_lazy(NULL, open_a_nested_round, &host, NULL), 0);
    trivial_host_run(&host, 5000);
    assert_true(host.quit);
    assert_int_equal(host.depth, 0);
    assert_string_equal(noted(), "inside again back");
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static void test_host_waiting_under_a_deeper_dispatch_is_refused(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn_lazy(NULL, wait_in_a_dispatch, &host, NULL), 0);
    trivial_host_run(&host, 5000);
    assert_true(host.quit);
    assert_int_equal(take_report(f).kind, IL_REPORT_NESTED_PARK);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

/* --- Asking for turns ----------------------------------------------------- */

static void do_nothing(void *arg)
{
    (void)arg;
}

/* Whatever interleaved code does asks for a turn once, not each time. */
static void test_host_requests_are_coalesced(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    il_callback a = IL_CALLBACK_INIT(do_nothing, NULL);
    il_callback b = IL_CALLBACK_INIT(do_nothing, NULL);
    il_timer timer = IL_TIMER_INIT(do_nothing, NULL);

    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    for (int i = 0; i < 10; i++)
        trivial_host_iterate(&host, 0);
    host.n_requests = 0;
    assert_int_equal(il_post(f->loop, &a), 0);
    assert_int_equal(host.n_requests, 1);
    assert_int_equal(il_post(f->loop, &b), 0);
    assert_int_equal(il_timer_start(f->loop, &timer, 0), 0);
    assert_int_equal(il_spawn_lazy(NULL, return_seven, NULL, NULL), 0);
    assert_int_equal(host.n_requests, 1);
    trivial_host_iterate(&host, 0);
    trivial_host_iterate(&host, 0);
    host.n_requests = 0;

    /* An earlier deadline must reach a host that sleeps already. */
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_SEC(9))),
                     0);
    assert_int_equal(host.n_requests, 1);
    trivial_host_iterate(&host, 0);
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_SEC(5))),
                     0);
    assert_int_equal(host.n_requests, 2);
    assert_true(il_timer_stop(&timer));
    trivial_host_iterate(&host, 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
}

static int sleep_sixty(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(60));
}

/* Nothing to do: no turns.  An undrained descriptor that nobody waits for must
 * not keep the host awake either. */
static void test_host_idle_guest_takes_no_turns(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    struct reader reader = { 0 };
    il_task *task;
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_sixty, NULL, &task), 0);
    trivial_host_iterate(&host, 1);
    assert_int_equal(write(fds[1], "x", 1), 1);
    trivial_host_iterate(&host, 1);
    trivial_host_iterate(&host, 1);
    assert_int_equal(reader.r, 1);
    assert_int_equal(write(fds[1], "left over", 9), 9);
    host.n_turns = host.n_wakes = 0;
    trivial_host_run(&host, 200);
    assert_true(host.n_wakes <= 8);
    assert_true(host.n_turns <= 8);
    assert_int_equal(reap(task), 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
    close_both(fds);
}

static int sleep_a_little(void *arg)
{
    (void)arg;
    return il_sleep(IL_MS(2));
}

/* What a turn finds when it polls is run by this turn, not by another one. */
static void test_host_one_wake_up_is_one_turn(void **state)
{
    struct fixture *f = *state;
    struct trivial_host host;
    struct reader reader = { 0 };
    il_task *task;
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(trivial_host_attach(&host, f->loop), 0);
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    trivial_host_iterate(&host, 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    host.n_turns = host.n_requests = 0;
    trivial_host_run(&host, 5);
    assert_int_equal(reader.r, 1);
    assert_int_equal(host.n_turns, 1);

    assert_int_equal(il_spawn(NULL, sleep_a_little, NULL, &task), 0);
    trivial_host_iterate(&host, 0);
    host.n_turns = host.n_requests = 0;
    trivial_host_run(&host, 20);
    assert_int_equal(reap(task), 0);
    assert_int_equal(host.n_turns, 1);
    assert_int_equal(host.n_requests, 0);
    assert_int_equal(il_loop_detach(f->loop), 0);
    close_both(fds);
}

static il_time cpu_time(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (il_time)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int leave_data_and_sleep(void *arg)
{
    struct reader *reader = arg;
    il_time before;

    CHECK_INT(il_read(reader->fd, reader->buffer, 1), 1);
    before = cpu_time();
    CHECK_INT(il_sleep(IL_MS(200)), 0);
    CHECK(cpu_time() - before < IL_MS(50));
    return 0;
}

static int write_later(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    CHECK_INT(write(*(int *)arg, "abc", 3), 3);
    return 0;
}

static void test_host_native_loop_does_not_spin_either(void **state)
{
    struct reader reader = { 0 };
    int fds[2];

    (void)state;
    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, write_later, &fds[1], NULL), 0);
    assert_int_equal(il_run(leave_data_and_sleep, &reader), 0);
    close_both(fds);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_real, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_host_that_ends_first_interrupts_the_owner),
        TEST(test_host_stopped_guest_takes_no_turns),
        TEST(test_host_refuses_what_makes_no_sense),
        TEST(test_host_tasks_survive_a_change_of_mode),
        TEST(test_host_nested_rounds_run_other_tasks),
        TEST(test_host_waiting_under_a_deeper_dispatch_is_refused),
        TEST(test_host_requests_are_coalesced),
        TEST(test_host_idle_guest_takes_no_turns),
        TEST(test_host_one_wake_up_is_one_turn),
        TEST(test_host_native_loop_does_not_spin_either),
        TEST(test_host_stop_ends_owner_mode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
