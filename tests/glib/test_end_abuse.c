/* SPDX-License-Identifier: MIT */

/* test_end_abuse.c - endings that nobody plans, but every program meets. */

#include "guest_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static GMainLoop *host;

static gboolean quit_host(gpointer data)
{
    (void)data;
    g_main_loop_quit(host);
    return G_SOURCE_REMOVE;
}

static void run_host(void)
{
    host = g_main_loop_new(NULL, FALSE);
    g_main_loop_run(host);
    g_clear_pointer(&host, g_main_loop_unref);
}

static void end_guest(struct fixture *f)
{
    assert_int_equal(il_g_end(f->loop, IL_SEC(5)), 0);
    f->loop = NULL;
}

/* --- the application quits ------------------------------------------------------ */

static int quit_in_slot(il_g_emission *e, void *receiver)
{
    (void)e;
    (void)receiver;
    g_main_loop_quit(host);
    note("quit");
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    note("cancelled");
    return -ECANCELED;
}

static gboolean poke(gpointer sender)
{
    test_sender_poke(sender, 1, "x");
    return G_SOURCE_REMOVE;
}

static void test_end_abuse_slot_quits_the_application(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();

    assert_true(
        il_g_connect(sender, "poked", quit_in_slot, NULL, IL_G_PARALLEL) != 0);
    (void)g_idle_add(poke, sender);
    run_host();
    assert_string_equal(noted(), "quit");
    end_guest(f);
    assert_string_equal(noted(), "quit cancelled");
    g_object_unref(sender);
}

static GMainLoop *dialog;

static gboolean close_dialog(gpointer data)
{
    (void)data;
    g_main_loop_quit(dialog);
    return G_SOURCE_REMOVE;
}

static int show(void *arg)
{
    (void)arg;
    dialog = g_main_loop_new(NULL, FALSE);
    (void)g_timeout_add(5, quit_host, NULL);
    (void)g_timeout_add(15, close_dialog, NULL);
    g_main_loop_run(dialog);
    g_clear_pointer(&dialog, g_main_loop_unref);
    note("closed");
    return 0;
}

static int ask(void *arg)
{
    if (arg)
        CHECK_INT(il_modal(show, NULL, NULL, NULL), 0);
    else
        (void)show(NULL);
    note("asked");
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    note("cancelled");
    return -ECANCELED;
}

static void test_end_abuse_application_quits_below_a_modal_loop(void **state)
{
    static int modal;
    struct fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        forget_notes();
        assert_int_equal(il_spawn_lazy(NULL, ask, i == 0 ? &modal : NULL, NULL),
                         0);
        run_host();
        assert_true(strncmp(noted(), "closed", 6) == 0);
        end_guest(f);
        assert_string_equal(noted(), "closed asked cancelled");
        assert_int_equal(il_g_begin(NULL, &f->loop), 0);
        keep_reports(f, f->loop);
    }
}

/* --- the receiver goes, in the slot itself ---------------------------------------- */

static int destroy_receiver(il_g_emission *e, void *receiver)
{
    (void)e;
    CHECK_INT(il_yield(), 0);
    g_object_run_dispose(receiver);
    note("disposed");
    CHECK(TEST_IS_SENDER(receiver));
    CHECK_INT(il_sleep(IL_MS(1)), -ECANCELED);
    CHECK(TEST_IS_SENDER(receiver)); /* in memory, for the clean-up */
    note("cancelled");
    return -ECANCELED;
}

static void test_end_abuse_slot_disposes_of_its_receiver(void **state)
{
    TestSender *sender = test_sender_new();
    TestSender *receiver = test_sender_new();

    (void)state;
    assert_true(il_g_connect(sender, "poked", destroy_receiver, receiver,
                             IL_G_QUEUE) != 0);
    test_sender_poke(sender, 1, "x");
    test_sender_poke(sender, 2, "x");
    expect_notes("disposed cancelled");
    g_object_unref(receiver);
    g_object_unref(sender);
}

/* --- il_g_end() where and when it should not be called ----------------------------- */

static int end_from_task(void *arg)
{
    struct fixture *f = arg;

    CHECK_INT(il_g_end(f->loop, IL_SEC(1)), -EBUSY);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_g_end(f->loop, IL_SEC(1)), -EBUSY);
    note("busy");
    return 0;
}

static int end_from_slot(il_g_emission *e, void *receiver)
{
    (void)receiver;
    CHECK_INT(il_g_end(il_loop_current(), IL_SEC(1)), -EBUSY);
    CHECK_INT((int)il_g_emission_get_int(e, 0), 1);
    note("busy");
    return 0;
}

static void end_from_post(void *arg)
{
    CHECK_INT(il_g_end(arg, IL_SEC(1)), -EBUSY);
    note("busy");
}

static void test_end_abuse_from_inside_is_refused(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();
    il_callback post = IL_CALLBACK_INIT(end_from_post, f->loop);

    assert_int_equal(il_spawn(NULL, end_from_task, f, NULL), 0);
    assert_true(
        il_g_connect(sender, "poked", end_from_slot, NULL, IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 1, "x");
    assert_int_equal(il_post(f->loop, &post), 0);
    expect_notes("busy busy busy");
    g_object_unref(sender);
}

static void test_end_abuse_twice_is_refused(void **state)
{
    struct fixture *f = *state;
    il_loop *loop = il_loop_ref(f->loop);

    end_guest(f);
    assert_int_equal(il_g_end(loop, IL_SEC(1)), -EINVAL);
    assert_int_equal(il_g_end(NULL, IL_SEC(1)), -EINVAL);
    assert_int_equal(il_g_set_slice(loop, 1), -EINVAL);
    (void)il_loop_unref(loop);
}

static int end_while_ending(void *arg)
{
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    CHECK_INT(il_g_end(arg, IL_SEC(1)), -EINVAL);
    CHECK_INT(il_loop_close(arg, IL_SEC(1)), -EBUSY);
    note("still there");
    return -ECANCELED;
}

static void test_end_abuse_in_a_clean_up_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, end_while_ending, f->loop, NULL), 0);
    end_guest(f);
    assert_string_equal(noted(), "still there");
}

/* --- the context goes -------------------------------------------------------------- */

static int wait_long(void *arg)
{
    (void)arg;
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    note("cancelled");
    return -ECANCELED;
}

static void test_end_abuse_context_is_let_go_first(void **state)
{
    struct fixture *f = *state;
    GMainContext *context = g_main_context_new();

    end_guest(f);
    assert_int_equal(il_g_begin(context, &f->loop), 0);
    assert_int_equal(il_spawn(NULL, wait_long, NULL, NULL), 0);
    (void)g_main_context_iteration(context, FALSE);
    g_main_context_unref(context);
    end_guest(f);
    assert_string_equal(noted(), "cancelled");
}

/* --- a task that will not end -------------------------------------------------------- */

static int sleep_on(void *arg)
{
    int r = 0;

    (void)arg;
    /* A shield that outlasts any grace. */
    IL_SHIELD (IL_SEC(3600), &r) {
        r = il_sleep(IL_FOREVER);
    }
    return r;
}

static void test_end_abuse_stuck_task_is_named_with_its_wait(void **state)
{
    struct fixture *f = *state;
    il_time before = il_now();
    struct kept_report report;

    assert_int_equal(il_spawn(NULL, sleep_on, NULL, NULL), 0);
    assert_int_equal(il_g_end(f->loop, IL_MS(20)), -ETIMEDOUT);
    f->loop = NULL;
    assert_true(il_now() - before < IL_SEC(2));
    report = take_report(f);
    assert_int_equal(report.kind, IL_REPORT_STUCK);
    assert_string_equal(report.task_name, "sleep_on");
    assert_non_null(strstr(report.file, "test_end_abuse.c"));
    assert_string_equal(report.waits_for, "time");
}

/* --- programs that just go away ------------------------------------------------------- */

static int exit_now(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    exit(*(int *)arg);
}

static void on_exit_handler(void)
{
    /* As libraries do; on the task's stack. */
    char *text = g_strdup_printf("%d", 3);
    int status = atoi(text);

    g_free(text);
    _exit(status); /* or else leaks of the test program are looked for */
}

static int status_of(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A fresh guest, in a child process that shares nothing with the fixture. */
static pid_t start_program(void (*program)(void))
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        program();
        _exit(99);
    }
    return child;
}

static void exit_from_task(void)
{
    static int status = 4;
    il_loop *loop;

    (void)atexit(on_exit_handler);
    if (il_g_begin(NULL, &loop) < 0 ||
        il_spawn(NULL, exit_now, &status, NULL) < 0)
        _exit(98);
    host = g_main_loop_new(NULL, FALSE);
    g_main_loop_run(host);
}

static void never_end(void)
{
    il_loop *loop;

    if (il_g_begin(NULL, &loop) < 0 ||
        il_spawn(NULL, wait_long, NULL, NULL) < 0 ||
        il_spawn(NULL, sleep_on, NULL, NULL) < 0)
        _exit(98);
    host = g_main_loop_new(NULL, FALSE);
    (void)g_timeout_add(5, quit_host, NULL);
    g_main_loop_run(host);
    _exit(0); /* exit() would look for leaks of the test program itself */
}

static void test_end_abuse_program_may_just_exit(void **state)
{
    struct fixture *f = *state;

    end_guest(f);
    assert_int_equal(status_of(start_program(exit_from_task)), 3);
    assert_int_equal(status_of(start_program(never_end)), 0);
}

/* --- il_loop_close() ------------------------------------------------------------- */

static int end_in_hook;

static void end_from_hook(void *loop)
{
    end_in_hook = il_g_end(loop, 0);
}

/* The loop is closed then, and says so. */
static void test_end_abuse_in_a_hook_of_closing_is_too_late(void **state)
{
    struct fixture *f = *state;
    il_callback hook = IL_CALLBACK_INIT(end_from_hook, f->loop);

    end_in_hook = 1;
    assert_int_equal(il_loop_at_close(f->loop, &hook), 0);
    assert_int_equal(il_loop_close(f->loop, 0), 0); /* the hook has the ref */
    assert_int_equal(end_in_hook, -EALREADY);
    f->loop = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_end_abuse_slot_quits_the_application),
        GUEST_TEST(test_end_abuse_application_quits_below_a_modal_loop),
        GUEST_TEST(test_end_abuse_slot_disposes_of_its_receiver),
        GUEST_TEST(test_end_abuse_from_inside_is_refused),
        GUEST_TEST(test_end_abuse_twice_is_refused),
        GUEST_TEST(test_end_abuse_in_a_clean_up_is_refused),
        GUEST_TEST(test_end_abuse_context_is_let_go_first),
        GUEST_TEST(test_end_abuse_stuck_task_is_named_with_its_wait),
        GUEST_TEST(test_end_abuse_program_may_just_exit),
        GUEST_TEST(test_end_abuse_in_a_hook_of_closing_is_too_late),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
