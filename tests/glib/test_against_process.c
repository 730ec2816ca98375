/* SPDX-License-Identifier: MIT */

/* test_against_process.c - what doc/compare.md says of a guest in a process
 * that is not its own: signal handlers, children and threads stay the host's.
 *
 * Others install a SIGINT handler or a wake-up descriptor, reap all children,
 * or have a thread wait for them. */

#include "guest_fixture.h"

#include "../support/pipes.h"

#include <glib-unix.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- What a guest does ---------------------------------------------------------- */

static int sleep_and_read(void *arg)
{
    struct reader *reader = arg;

    CHECK_INT(il_sleep(IL_MS(2)), 0);
    return read_once(reader);
}

static void note_post(void *arg)
{
    (void)arg;
    note("posted");
}

static int emit_slot(il_g_emission *e, void *receiver)
{
    (void)e;
    (void)receiver;
    return il_sleep(IL_MS(1));
}

/* Everything that a guest usually does. */
static void live(il_loop *loop)
{
    static struct reader reader;
    static il_callback post;
    TestSender *sender = test_sender_new();
    int fds[2];

    make_pipe(fds);
    reader = (struct reader){ .fd = fds[0] };
    post = (il_callback)IL_CALLBACK_INIT(note_post, NULL);
    assert_int_equal(il_post_threadsafe(loop, &post), 0);
    assert_int_equal(il_spawn(NULL, sleep_and_read, &reader, NULL), 0);
    assert_true(il_g_connect(sender, "poked", emit_slot, NULL, 0) != 0);
    test_sender_poke(sender, 1, "x");
    assert_int_equal(write(fds[1], "x", 1), 1);
    for (int i = 0; i < 1000 && reader.r == 0; i++)
        iterate_for(5);
    assert_int_equal(reader.r, 1);
    assert_non_null(strstr(noted(), "posted"));
    g_object_unref(sender);
    close_both(fds);
}

/* --- Signals ---------------------------------------------------------------------- */

struct handlers {
    struct sigaction actions[NSIG];
    sigset_t mask;
};

static void note_handlers(struct handlers *h)
{
    memset(h, 0, sizeof *h);
    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, NULL, &h->actions[i]);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &h->mask), 0);
}

static void assert_same_handlers(const struct handlers *a,
                                 const struct handlers *b)
{
    for (int i = 1; i < NSIG; i++) {
        assert_ptr_equal(a->actions[i].sa_handler, b->actions[i].sa_handler);
        assert_int_equal(a->actions[i].sa_flags, b->actions[i].sa_flags);
        assert_int_equal(sigismember(&a->mask, i), sigismember(&b->mask, i));
    }
}

static volatile sig_atomic_t n_signals;

static void count_signal(int number)
{
    (void)number;
    n_signals++;
}

static void test_against_process_signal_handlers_stay_as_they_are(void **state)
{
    static struct handlers before, during, after;
    struct sigaction mine = { .sa_handler = count_signal };
    il_loop *loop = NULL;

    (void)state;
    assert_int_equal(sigaction(SIGINT, &mine, NULL), 0);
    note_handlers(&before);
    assert_int_equal(il_g_begin(NULL, &loop), 0);
    live(loop);
    note_handlers(&during);
    n_signals = 0;
    assert_int_equal(raise(SIGINT), 0);
    assert_int_equal(n_signals, 1);
    live(loop); /* and nothing has become of the loop */
    assert_int_equal(il_g_end(loop, IL_SEC(1)), 0);
    note_handlers(&after);
    assert_same_handlers(&before, &during);
    assert_same_handlers(&before, &after);
    mine.sa_handler = SIG_DFL;
    assert_int_equal(sigaction(SIGINT, &mine, NULL), 0);
}

static gboolean raise_interrupt(gpointer data)
{
    (void)data;
    (void)raise(SIGINT);
    return G_SOURCE_REMOVE;
}

static int sleep_for_ever(void *arg)
{
    (void)arg;
    return il_sleep(IL_FOREVER);
}

static void be_interrupted(void)
{
    il_loop *loop = NULL;

    alarm(20);
    if (il_g_begin(NULL, &loop) < 0 ||
        il_spawn(NULL, sleep_for_ever, NULL, NULL) < 0)
        _exit(1);
    (void)g_timeout_add(5, raise_interrupt, NULL);
    for (;;)
        (void)g_main_context_iteration(NULL, TRUE);
}

/* qasync #127: a core dump. */
static void test_against_process_interrupt_ends_it_as_without_us(void **state)
{
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        be_interrupted();
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

/* --- Threads ---------------------------------------------------------------------- */

/* Threads that bear the program's name; GLib names its own. */
static unsigned count_threads(void)
{
    char path[300], name[64], own[64] = "";
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;
    unsigned n = 0;
    FILE *file = fopen("/proc/self/comm", "r");

    assert_true(dir && file);
    assert_non_null(fgets(own, sizeof own, file));
    (void)fclose(file);
    while ((entry = readdir(dir)) != NULL) {
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/comm",
                       entry->d_name);
        file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (!file)
            continue;
        if (fgets(name, sizeof name, file) && strcmp(name, own) == 0)
            n++;
        (void)fclose(file);
    }
    (void)closedir(dir);
    return n;
}

/* qtinter's and Trio's loops sleep in a thread; libdex had some from loading. */
static void test_against_process_guest_has_no_threads(void **state)
{
    unsigned before = count_threads();
    il_loop *loop = NULL;

    (void)state;
    assert_int_equal(il_g_begin(NULL, &loop), 0);
    live(loop);
    assert_int_equal(count_threads(), before);
    assert_int_equal(il_g_end(loop, IL_SEC(1)), 0);
    assert_int_equal(count_threads(), before);
}

/* --- Children ---------------------------------------------------------------------- */

static bool exited;
static unsigned n_polls;

static void on_exit_of_child(GPid pid, gint status, gpointer data)
{
    (void)data;
    note("%d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    g_spawn_close_pid(pid);
    exited = true;
}

static gint count_polls(GPollFD *fds, guint n, gint timeout)
{
    n_polls++;
    return g_poll(fds, n, timeout);
}

static void spawn_child(const char *script)
{
    char *argv[] = { TEXT("/bin/sh"), TEXT("-c"), (char *)(uintptr_t)script,
                     NULL };
    GPid pid = 0;

    exited = false;
    assert_true(g_spawn_async(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                              NULL, &pid, NULL));
    (void)g_child_watch_add(pid, on_exit_of_child, NULL);
}

static int tick(void *arg)
{
    (void)arg;
    while (il_sleep(IL_MS(1)) == 0)
        ;
    return -ECANCELED;
}

static void
test_against_process_children_are_reaped_by_their_parents(void **state)
{
    int status = 0;
    pid_t own;

    (void)state;
    assert_int_equal(il_spawn(NULL, tick, NULL, NULL), 0);
    own = fork();
    if (own == 0)
        _exit(4);
    assert_true(own > 0);
    spawn_child("exit 3");
    assert_true(iterate_until(&exited, 10000));
    iterate_for(20);
    expect_notes("3");
    assert_int_equal(waitpid(own, &status, 0), own); /* nobody was faster */
    assert_int_equal(WEXITSTATUS(status), 4);
}

/* bthidhub #14: asyncio-glib spun while a child ran. */
static void test_against_process_child_that_runs_costs_nothing(void **state)
{
    (void)state;
    assert_int_equal(il_spawn(NULL, sleep_for_ever, NULL, NULL), 0);
    spawn_child("sleep 0.3; exit 5");
    n_polls = 0;
    g_main_context_set_poll_func(NULL, count_polls);
    assert_true(iterate_until(&exited, 10000));
    g_main_context_set_poll_func(NULL, NULL);
    assert_in_range(n_polls, 1, 20);
    assert_string_equal(noted(), "5");
}

static gboolean set_future(gpointer data)
{
    CHECK_INT(il_future_set(data, 0, NULL), 0);
    return G_SOURCE_REMOVE;
}

static int wait_for_signal_number(void *arg)
{
    CHECK_INT(il_future_wait(arg, NULL, NULL), 0);
    exited = true;
    return 0;
}

static void test_against_process_signals_of_glib_reach_tasks(void **state)
{
    static il_future future;

    (void)state;
    future = (il_future)IL_FUTURE_INIT;
    exited = false;
    assert_int_equal(il_spawn(NULL, wait_for_signal_number, &future, NULL), 0);
    (void)g_unix_signal_add(SIGINT, set_future, &future);
    (void)g_timeout_add(5, raise_interrupt, NULL);
    assert_true(iterate_until(&exited, 10000));
}

/* GLib keeps the descriptors of its worker: let it open them first. */
static int group_setup(void **state)
{
    (void)g_source_remove(g_unix_signal_add(SIGUSR1, set_future, NULL));
    return guest_group_setup(state);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_checks, teardown_checks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_against_process_signal_handlers_stay_as_they_are),
        TEST(test_against_process_interrupt_ends_it_as_without_us),
        TEST(test_against_process_guest_has_no_threads),
        GUEST_TEST(test_against_process_children_are_reaped_by_their_parents),
        GUEST_TEST(test_against_process_child_that_runs_costs_nothing),
        GUEST_TEST(test_against_process_signals_of_glib_reach_tasks),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
