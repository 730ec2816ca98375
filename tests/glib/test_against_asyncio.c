/* SPDX-License-Identifier: MIT */

/* test_against_asyncio.c - what doc/compare.md says of us beside asyncio on GUI
 * loops: gi.events, gbulb, asyncio-glib, qasync and its kin, Trio's guest mode.
 *
 * Each test is an issue that their users reported; the comments name it. */

#include "guest_fixture.h"

#include "../support/pipes.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void iterate_until_noted(const char *text)
{
    for (int i = 0; i < 1000 && !strstr(noted(), text); i++)
        iterate_for(5);
}

/* --- Woken by the host's code ------------------------------------------------- */

static il_future future;
static il_scope scope;
static il_timer timer;

static int wait_for_future(void *arg)
{
    int result = 0;

    (void)arg;
    CHECK_INT(il_future_wait(&future, &result, NULL), 0);
    CHECK_INT(result, 3);
    note("woken");
    return 0;
}

static void set_in_handler(TestSender *sender, int number, const char *text,
                           gpointer data)
{
    (void)sender;
    (void)text;
    (void)data;
    CHECK_INT(il_future_set(&future, number, NULL), 0);
    note("set");
}

static gboolean poke(gpointer data)
{
    test_sender_poke(data, 3, "x");
    note("poked");
    return G_SOURCE_REMOVE;
}

/* asyncio-glib #3: the waiter slept on. */
static void test_against_asyncio_future_set_by_a_handler_wakes(void **state)
{
    TestSender *sender = test_sender_new();
    il_time before = il_now();

    (void)state;
    future = (il_future)IL_FUTURE_INIT;
    (void)g_signal_connect(sender, "poked", G_CALLBACK(set_in_handler), NULL);
    assert_int_equal(il_spawn(NULL, wait_for_future, NULL, NULL), 0);
    (void)g_timeout_add(20, poke, sender);
    while (!strstr(noted(), "woken") && il_now() - before < IL_SEC(10))
        (void)g_main_context_iteration(NULL, TRUE);
    assert_string_equal(noted(), "set poked woken");
    g_object_unref(sender);
}

static int wait_with_far_deadline(void *arg)
{
    int r;

    (void)arg;
    CHECK_INT(il_scope_enter(&scope, il_deadline(IL_SEC(3600))), 0);
    r = il_sleep(IL_FOREVER);
    CHECK_INT(il_scope_leave(&scope, r), -ETIMEDOUT);
    note("late");
    return 0;
}

static void note_fired(void *arg)
{
    (void)arg;
    note("fired");
}

static gboolean bring_deadlines_forward(gpointer data)
{
    il_scope_set_deadline(&scope, il_deadline(IL_MS(5)));
    CHECK_INT(il_timer_start(data, &timer, il_deadline(IL_MS(20))), 0);
    return G_SOURCE_REMOVE;
}

/* The host had gone to sleep for an hour; Trio has a wake-up of its own. */
static void
test_against_asyncio_deadline_moved_by_a_callback_is_kept(void **state)
{
    struct fixture *f = *state;
    il_time before = il_now();

    timer = (il_timer)IL_TIMER_INIT(note_fired, NULL);
    assert_int_equal(il_timer_start(f->loop, &timer, il_deadline(IL_SEC(3600))),
                     0);
    assert_int_equal(il_spawn(NULL, wait_with_far_deadline, NULL, NULL), 0);
    (void)g_timeout_add(20, bring_deadlines_forward, f->loop);
    while (!strstr(noted(), "fired") && il_now() - before < IL_SEC(10))
        (void)g_main_context_iteration(NULL, TRUE);
    assert_string_equal(noted(), "late fired");
}

/* --- Before, inside and without a running host ---------------------------------- */

static int note_and_sleep(void *arg)
{
    note("step");
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    note("slept");
    g_main_loop_quit(arg);
    return 0;
}

/* qasync #121, #160, quamash #123: "no running event loop"; Trio #2461, #2696. */
static void test_against_asyncio_tasks_start_before_the_host_runs(void **state)
{
    struct fixture *f = *state;
    GMainLoop *main_loop = g_main_loop_new(NULL, FALSE);
    il_callback post = IL_CALLBACK_INIT(note_fired, NULL);

    assert_ptr_equal(il_loop_current(), f->loop);
    assert_int_equal(il_post(f->loop, &post), 0);
    assert_int_equal(il_spawn(NULL, note_and_sleep, main_loop, NULL), 0);
    assert_string_equal(noted(), "step");
    g_main_loop_run(main_loop);
    assert_string_equal(noted(), "step fired slept");
    g_main_loop_unref(main_loop);
}

static il_loop *late_guest;

static gboolean end_late_guest(gpointer data)
{
    if (!strstr(noted(), "slept"))
        return G_SOURCE_CONTINUE;
    CHECK_INT(il_g_end(late_guest, IL_SEC(1)), 0);
    note("ended");
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static int sleep_in_late_guest(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    note("slept");
    return il_sleep(IL_FOREVER);
}

static gboolean begin_late_guest(gpointer data)
{
    (void)data;
    CHECK_INT(il_g_begin(NULL, &late_guest), 0);
    CHECK_INT(il_spawn(NULL, sleep_in_late_guest, NULL, NULL), 0);
    note("begun");
    return G_SOURCE_REMOVE;
}

/* asyncqt #29, qasync #31, #33: a plug-in of a program that runs already. */
static void test_against_asyncio_guest_begins_in_a_host_that_runs(void **state)
{
    struct fixture *f = *state;
    GMainLoop *main_loop = g_main_loop_new(NULL, FALSE);

    assert_int_equal(il_g_end(f->loop, 0), 0);
    f->loop = NULL;
    (void)g_idle_add(begin_late_guest, NULL);
    (void)g_timeout_add(5, end_late_guest, main_loop);
    g_main_loop_run(main_loop);
    assert_string_equal(noted(), "begun slept ended");
    assert_null(il_loop_current());
    g_main_loop_unref(main_loop);
}

static void wait_in_plain_handler(TestSender *sender, int number,
                                  const char *text, gpointer data)
{
    GMainLoop *nested = g_main_loop_new(NULL, FALSE);

    (void)sender;
    (void)number;
    (void)text;
    (void)data;
    CHECK_INT(il_spawn(NULL, note_and_sleep, nested, NULL), 0);
    g_main_loop_run(nested);
    g_main_loop_unref(nested);
    note("handled");
}

/* quamash #33: a plain slot that must not return before asynchronous code. */
static void test_against_asyncio_plain_handler_may_wait_for_a_task(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    (void)g_signal_connect(sender, "poked", G_CALLBACK(wait_in_plain_handler),
                           NULL);
    test_sender_poke(sender, 1, "x");
    assert_string_equal(noted(), "step slept handled");
    g_object_unref(sender);
}

static unsigned n_joined;

static int sleep_long(void *arg)
{
    (void)arg;
    return il_sleep(IL_FOREVER);
}

static int join_in_slot(il_g_emission *e, void *receiver)
{
    il_task *task = NULL;

    (void)e;
    (void)receiver;
    CHECK_INT(il_spawn(NULL, sleep_long, NULL, &task), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    CHECK_INT(g_main_depth(), 1);
    CHECK_INT(il_task_cancel(task), 0);
    CHECK_INT(il_task_join(task, NULL), 0);
    CHECK_INT(g_main_depth(), 1);
    il_task_unref(task);
    n_joined++;
    return 0;
}

/* qtnetworkng #126: each join in a slot ran the host's loop once more. */
static void
test_against_asyncio_slots_that_wait_do_not_nest_the_host(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    n_joined = 0;
    assert_true(
        il_g_connect(sender, "poked", join_in_slot, NULL, IL_G_PARALLEL) != 0);
    for (int i = 0; i < 100; i++)
        test_sender_poke(sender, i, "x");
    for (int i = 0; i < 1000 && n_joined < 100; i++)
        iterate_for(5);
    assert_int_equal(n_joined, 100);
    g_object_unref(sender);
}

/* --- Slots that fail or are cancelled -------------------------------------------- */

static int sleep_in_slot(il_g_emission *e, void *receiver)
{
    int r = il_sleep(IL_FOREVER);

    (void)e;
    (void)receiver;
    note("%s", r == -ECANCELED ? "cancelled" : "?");
    return r;
}

static int fail_in_slot(il_g_emission *e, void *receiver)
{
    (void)receiver;
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    note("failed%d", (int)il_g_emission_get_int(e, 0));
    return -EIO;
}

/* qasync #126, #137: reported as a crash. */
static void test_against_asyncio_cancelled_slot_is_no_error(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();
    gulong id = il_g_connect(sender, "poked", sleep_in_slot, NULL, 0);

    assert_true(id != 0);
    test_sender_poke(sender, 1, "x");
    iterate_for(2);
    il_g_disconnect(sender, id);
    iterate_until_noted("cancelled");
    iterate_for(2);
    expect_notes("cancelled");
    assert_int_equal(f->n_reports, 0);
    g_object_unref(sender);
}

/* PyQt ends the process, QtAsyncio prints the message without its place. */
static void
test_against_asyncio_error_of_a_slot_is_told_and_life_goes_on(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();

    assert_true(il_g_connect(sender, "poked", fail_in_slot, NULL, 0) != 0);
    for (int i = 0; i < 2; i++) {
        struct kept_report report;

        test_sender_poke(sender, i, "x");
        for (int k = 0; k < 1000 && f->n_reports == 0; k++)
            iterate_for(2);
        report = take_report(f);
        assert_int_equal(report.kind, IL_REPORT_UNHANDLED);
        assert_int_equal(report.error, -EIO);
        assert_string_equal(report.task_name, "fail_in_slot");
        assert_non_null(strstr(report.file, "test_against_asyncio.c"));
        assert_true(report.line > 0);
        assert_true(report.outside_tasks);
    }
    assert_string_equal(noted(), "failed0 failed1");
    g_object_unref(sender);
}

/* --- Descriptors and time --------------------------------------------------------- */

static unsigned n_polls;

static gint count_polls(GPollFD *fds, guint n, gint timeout)
{
    n_polls++;
    return g_poll(fds, n, timeout);
}

static int wait_readable(void *arg)
{
    int r = il_wait_fd(*(int *)arg, IL_READ);

    note(r == -ECANCELED ? "cancelled" : r == -EBADF ? "bad" : "?");
    return r;
}

/* gbulb #47, #52: it stayed in the set, and the loop spun; the mend leaked.  A
 * duplicate keeps the kernel's note of it alive. */
static void test_against_asyncio_closed_descriptor_does_not_spin(void **state)
{
    static int fds[2];
    struct fixture *f = *state;
    il_task *task;
    int duplicate;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    duplicate = dup(fds[0]);
    assert_true(duplicate >= 0);
    assert_int_equal(il_spawn(NULL, wait_readable, &fds[0], &task), 0);
    iterate_for(5);
    assert_int_equal(close(fds[0]), 0); /* behind our back */
    assert_int_equal(write(fds[1], "x", 1), 1);
    iterate_for(50);

    n_polls = 0;
    g_main_context_set_poll_func(NULL, count_polls);
    iterate_for(300);
    g_main_context_set_poll_func(NULL, NULL);
    assert_in_range(n_polls, 1, 40);
    if (!il_task_is_done(task))
        assert_int_equal(il_task_cancel(task), 0);
    iterate_for(5);
    assert_true(il_task_is_done(task));
    il_task_unref(task);
    while (f->n_reports)
        assert_int_equal(take_report(f).error, -EBADF);
    (void)close(duplicate);
    (void)close(fds[1]);
}

enum { N_ROUNDS = 20, MESSAGE = 1 << 18 };

struct end {
    int fd;
    bool writes_first;
    bool over;
    char *buffer;
};

/* The same descriptor is now waited for to be read, now to be written. */
static int take_turns(void *arg)
{
    struct end *end = arg;
    bool writes = end->writes_first;

    for (int i = 0; i < 2 * N_ROUNDS; i++, writes = !writes) {
        size_t done = 0;
        int r = writes ? il_write_all(end->fd, end->buffer, MESSAGE, &done)
                       : il_read_all(end->fd, end->buffer, MESSAGE, &done);

        CHECK_INT(r, 0);
        CHECK_INT(done, MESSAGE);
        if (r < 0)
            break;
    }
    end->over = true;
    return 0;
}

/* quamash #13: the reader that was swapped for a writer was lost. */
static void test_against_asyncio_reader_becomes_writer_and_back(void **state)
{
    static struct end ends[2];
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (int i = 0; i < 2; i++) {
        ends[i] = (struct end){ fds[i], i == 0, false, g_malloc0(MESSAGE) };
        assert_int_equal(il_set_nonblocking(fds[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(il_spawn(NULL, take_turns, &ends[i], NULL), 0);
    assert_true(iterate_until(&ends[0].over, 20000));
    assert_true(iterate_until(&ends[1].over, 20000));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(il_close(fds[i]), 0);
        g_free(ends[i].buffer);
    }
}

enum { N_SLEEPS = 20 };

static il_time overshoot[N_SLEEPS];

/* Makes turns at which others are not due yet. */
static int tick(void *arg)
{
    const bool *over = arg;

    while (!*over && il_sleep(IL_MS(1)) == 0)
        ;
    return 0;
}

static int sleep_often(void *arg)
{
    for (int i = 0; i < N_SLEEPS; i++) {
        il_time begin = il_now();

        CHECK_INT(il_sleep(IL_MS(10)), 0);
        overshoot[i] = il_now() - begin - IL_MS(10);
    }
    *(bool *)arg = true;
    return 0;
}

/* asyncqt #22: coarse timers, five in a hundred off. */
static void
test_against_asyncio_sleeps_are_never_early_and_hardly_late(void **state)
{
    static bool over;
    il_time best = IL_FOREVER;

    (void)state;
    over = false;
    assert_int_equal(il_spawn(NULL, sleep_often, &over, NULL), 0);
    assert_int_equal(il_spawn(NULL, tick, &over, NULL), 0);
    assert_true(iterate_until(&over, 20000));
    for (int i = 0; i < N_SLEEPS; i++) {
        assert_true(overshoot[i] >= 0);
        if (overshoot[i] < best)
            best = overshoot[i];
    }
    /* GLib may round up to milliseconds; the machine may be busy. */
    assert_true(best < IL_MS(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_against_asyncio_future_set_by_a_handler_wakes),
        GUEST_TEST(test_against_asyncio_deadline_moved_by_a_callback_is_kept),
        GUEST_TEST(test_against_asyncio_tasks_start_before_the_host_runs),
        GUEST_TEST(test_against_asyncio_guest_begins_in_a_host_that_runs),
        GUEST_TEST(test_against_asyncio_plain_handler_may_wait_for_a_task),
        GUEST_TEST(test_against_asyncio_slots_that_wait_do_not_nest_the_host),
        GUEST_TEST(test_against_asyncio_cancelled_slot_is_no_error),
        GUEST_TEST(
            test_against_asyncio_error_of_a_slot_is_told_and_life_goes_on),
        GUEST_TEST(test_against_asyncio_closed_descriptor_does_not_spin),
        GUEST_TEST(test_against_asyncio_reader_becomes_writer_and_back),
        GUEST_TEST(test_against_asyncio_sleeps_are_never_early_and_hardly_late),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
