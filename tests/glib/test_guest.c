/* SPDX-License-Identifier: MIT */

/* test_guest.c - the loop inside a GLib main context. */

#include "guest_fixture.h"

#include "../support/pipes.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

static gboolean set_future(gpointer data)
{
    CHECK_INT(il_future_set(data, 3, NULL), 0);
    return G_SOURCE_REMOVE;
}

static int use_glib_in_owner_mode(void *arg)
{
    il_future future = IL_FUTURE_INIT;
    int result = 0;

    (void)arg;
    (void)g_timeout_add(2, set_future, &future);
    CHECK_INT(il_future_wait(&future, &result, NULL), 0);
    return result;
}

static void test_guest_owner_mode_lets_glib_work(void **state)
{
    (void)state;
    assert_int_equal(il_g_run(NULL, use_glib_in_owner_mode, NULL), 3);
}

static void test_guest_begins_once(void **state)
{
    struct fixture *f = *state;
    il_loop *loop = f->loop;

    assert_ptr_equal(il_loop_current(), f->loop);
    assert_true(il_loop_is_guest(f->loop));
    assert_true(il_loop_is_running(f->loop));
    assert_int_equal(il_g_begin(NULL, &loop), -EBUSY);
    assert_ptr_equal(loop, f->loop);
    assert_int_equal(il_loop_run(f->loop), -EBUSY);
    assert_int_equal(il_g_run(NULL, use_glib_in_owner_mode, NULL), -EBUSY);
}

/* --- Idle ----------------------------------------------------------------- */

static unsigned n_polls;

static gint count_polls(GPollFD *fds, guint n, gint timeout)
{
    n_polls++;
    return g_poll(fds, n, timeout);
}

static int sleep_ms(void *arg)
{
    return il_sleep(IL_MS(*(int *)arg));
}

static void test_guest_idle_one_does_not_spin(void **state)
{
    struct reader reader = { 0 };
    int short_ms = 50;
    int long_ms = 60000;
    il_task *task;
    int fds[2];

    (void)state;
    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_ms, &short_ms, NULL), 0);
    assert_int_equal(il_spawn(NULL, sleep_ms, &long_ms, &task), 0);
    iterate_for(10);
    assert_int_equal(write(fds[1], "x", 1), 1);
    iterate_for(10);
    assert_int_equal(reader.r, 1);
    /* Left unread, with nobody waiting for it. */
    assert_int_equal(write(fds[1], "left over", 9), 9);

    n_polls = 0;
    g_main_context_set_poll_func(NULL, count_polls);
    iterate_for(300);
    g_main_context_set_poll_func(NULL, NULL);
    assert_in_range(n_polls, 1, 12);
    assert_int_equal(il_task_cancel(task), 0);
    il_task_unref(task);
    close_both(fds);
}

static int read_twice(void *arg)
{
    struct reader *reader = arg;
    char byte;

    CHECK_INT(il_read(reader->fd, &byte, 1), 1);
    reader->r = (int)il_read(reader->fd, &byte, 1);
    return 0;
}

/* A wait that begins on a watch armed before is verified after a moment of
 * sleep.  The moment had passed on the host's clock but not on ours, so each
 * look at the deadline said "now" and nothing was done about it. */
static void test_guest_unverified_wait_does_not_spin(void **state)
{
    static struct reader reader;
    int fds[2];

    (void)state;
    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_twice, &reader, NULL), 0);
    iterate_for(5);
    assert_int_equal(write(fds[1], "x", 1), 1);
    iterate_for(5);

    n_polls = 0;
    g_main_context_set_poll_func(NULL, count_polls);
    iterate_for(100);
    g_main_context_set_poll_func(NULL, NULL);
    assert_in_range(n_polls, 1, 12);
    assert_int_equal(write(fds[1], "y", 1), 1);
    iterate_for(5);
    assert_int_equal(reader.r, 1);
    close_both(fds);
}

/* --- Woken by interleaved code -------------------------------------------- */

struct deed {
    il_loop *loop;
    il_callback post;
    il_timer timer;
    il_time began;
    bool done;
};

static void finish(void *arg)
{
    struct deed *deed = arg;

    deed->done = true;
}

static int finish_task(void *arg)
{
    finish(arg);
    return 0;
}

static gboolean do_post(gpointer data)
{
    struct deed *deed = data;

    CHECK_INT(il_post(deed->loop, &deed->post), 0);
    return G_SOURCE_REMOVE;
}

static gboolean do_start_timer(gpointer data)
{
    struct deed *deed = data;

    deed->began = il_now();
    CHECK_INT(il_timer_start(deed->loop, &deed->timer, il_deadline(IL_MS(5))),
              0);
    return G_SOURCE_REMOVE;
}

static gboolean do_spawn(gpointer data)
{
    CHECK_INT(il_spawn_lazy(NULL, finish_task, data, NULL), 0);
    return G_SOURCE_REMOVE;
}

static void test_guest_is_woken_by_callbacks_of_glib(void **state)
{
    struct fixture *f = *state;
    GSourceFunc deeds[] = { do_post, do_start_timer, do_spawn };
    int far_ms = 60000;
    il_task *task;

    assert_int_equal(il_spawn(NULL, sleep_ms, &far_ms, &task), 0);
    iterate_for(5);
    for (int i = 0; i < 3; i++) {
        struct deed deed = { .loop = f->loop,
                             .post = IL_CALLBACK_INIT(finish, &deed),
                             .timer = IL_TIMER_INIT(finish, &deed) };
        il_time before;

        (void)g_timeout_add(5, deeds[i], &deed);
        before = il_now();
        assert_true(iterate_until(&deed.done, 5000));
        assert_true(il_now() - before < IL_SEC(1));
        if (i == 1)
            assert_true(il_now() - deed.began >= IL_MS(5));
    }
    assert_int_equal(il_task_cancel(task), 0);
    il_task_unref(task);
}

static void *post_from_thread(void *arg)
{
    struct deed *deed = arg;

    g_usleep(20000);
    CHECK_INT(il_post_threadsafe(deed->loop, &deed->post), 0);
    return NULL;
}

static void test_guest_is_woken_by_another_thread(void **state)
{
    struct fixture *f = *state;
    struct deed deed = { .loop = f->loop,
                         .post = IL_CALLBACK_INIT(finish, &deed) };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, post_from_thread, &deed), 0);
    assert_true(iterate_until(&deed.done, 5000));
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* --- Giving way ----------------------------------------------------------- */

struct busy {
    bool over;
    unsigned n_steps;
    unsigned n_idle;
    unsigned n_timeouts;
};

static int yield_for_ever(void *arg)
{
    struct busy *busy = arg;

    while (!busy->over) {
        busy->n_steps++;
        if (il_yield() < 0)
            break;
    }
    return 0;
}

static gboolean count_idle(gpointer data)
{
    ((struct busy *)data)->n_idle++;
    return G_SOURCE_CONTINUE;
}

static gboolean count_timeout(gpointer data)
{
    ((struct busy *)data)->n_timeouts++;
    return G_SOURCE_CONTINUE;
}

static void test_guest_busy_one_lets_the_application_run(void **state)
{
    static struct busy busy; /* the tasks outlive this function */
    guint idle = g_idle_add(count_idle, &busy);
    guint timeout = g_timeout_add(5, count_timeout, &busy);

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(il_spawn_lazy(NULL, yield_for_ever, &busy, NULL), 0);
    /* At once on an idle machine; others may have the processor. */
    for (int i = 0; i < 50 && (busy.n_idle < 5 || busy.n_timeouts < 5 ||
                               busy.n_steps <= 10000);
         i++)
        iterate_for(100);
    assert_true(busy.n_steps > 10000);
    assert_true(busy.n_idle >= 5);
    assert_true(busy.n_timeouts >= 5);
    busy.over = true;
    assert_true(g_source_remove(idle));
    assert_true(g_source_remove(timeout));
    iterate_for(20);
}

/* And a busy idle of the application does not starve us. */
static void test_guest_is_not_starved_by_a_busy_application(void **state)
{
    static struct busy busy; /* the tasks outlive this function */
    guint idle = g_idle_add(count_idle, &busy);

    (void)state;
    assert_int_equal(il_spawn_lazy(NULL, yield_for_ever, &busy, NULL), 0);
    for (int i = 0; i < 50 && (busy.n_idle < 5 || busy.n_steps <= 1000); i++)
        iterate_for(100);
    assert_true(busy.n_steps > 1000);
    assert_true(busy.n_idle >= 5);
    busy.over = true;
    assert_true(g_source_remove(idle));
    iterate_for(10);
}

static void test_guest_of_another_context_runs_there_only(void **state)
{
    GMainContext *context = g_main_context_new();
    struct deed deed = { .done = false };
    il_loop *loop = NULL;

    (void)state;
    assert_int_equal(il_g_begin(context, &loop), 0);
    assert_int_equal(il_spawn_lazy(NULL, finish_task, &deed, NULL), 0);
    for (int i = 0; i < 5; i++)
        (void)g_main_context_iteration(NULL, FALSE);
    assert_false(deed.done);
    for (int i = 0; i < 50 && !deed.done; i++)
        (void)g_main_context_iteration(context, FALSE);
    assert_true(deed.done);
    assert_int_equal(il_g_end(loop, 0), 0);
    g_main_context_unref(context);
}

static void set_flag(void *flag)
{
    *(bool *)flag = true;
}

static gboolean end_of_patience(gpointer patient)
{
    *(bool *)patient = false;
    return G_SOURCE_CONTINUE;
}

/* Such a moment, less the present one, is no number: the context would sleep
 * for weeks. */
static void test_guest_timer_of_long_ago_is_due_at_once(void **state)
{
    struct fixture *f = *state;
    bool fired = false;
    bool patient = true;
    il_timer timer = IL_TIMER_INIT(set_flag, &fired);
    guint guard = g_timeout_add_seconds(2, end_of_patience, &patient);

    iterate_for(1);
    assert_int_equal(il_timer_start(f->loop, &timer, INT64_MIN), 0);
    while (!fired && patient)
        (void)g_main_context_iteration(NULL, TRUE);
    (void)il_timer_stop(&timer);
    assert_true(g_source_remove(guard));
    assert_true(patient);
}

static void test_guest_detached_takes_no_turns(void **state)
{
    struct fixture *f = *state;
    bool fired = false;
    il_callback post = IL_CALLBACK_INIT(set_flag, &fired);
    il_callback other = IL_CALLBACK_INIT(set_flag, &fired);

    iterate_for(1);
    assert_int_equal(il_loop_detach(f->loop), 0);
    n_polls = 0;
    g_main_context_set_poll_func(NULL, count_polls);
    assert_int_equal(il_post(f->loop, &post), 0);
    assert_int_equal(il_post_threadsafe(f->loop, &other), 0);
    iterate_for(20);
    g_main_context_set_poll_func(NULL, g_poll);
    assert_false(fired);
    assert_in_range(n_polls, 0, 5);
    il_loop_stop(f->loop);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_true(fired);
}

static gboolean note_three_times(gpointer count)
{
    note("work");
    return ++*(int *)count < 3 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static int sleep_an_hour(void *done)
{
    CHECK_INT(il_sleep(IL_SEC(3600)), 0);
    note("slept");
    *(bool *)done = true;
    return 0;
}

/* The clock jumps when the main loop would sleep, not before. */
static void test_guest_virtual_time_waits_for_the_application(void **state)
{
    struct fixture *f = *state;
    int count = 0;
    bool done = false;

    assert_int_equal(il_test_use_virtual_time(f->loop, IL_TEST_AUTOJUMP), 0);
    (void)g_idle_add_full(G_PRIORITY_HIGH_IDLE, note_three_times, &count, NULL);
    assert_int_equal(il_spawn(NULL, sleep_an_hour, &done, NULL), 0);
    while (!done)
        (void)g_main_context_iteration(NULL, TRUE);
    assert_string_equal(noted(), "work work work slept");
    assert_int_equal(il_now(), IL_SEC(3601));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_owner_mode_lets_glib_work),
        GUEST_TEST(test_guest_begins_once),
        GUEST_TEST(test_guest_idle_one_does_not_spin),
        GUEST_TEST(test_guest_unverified_wait_does_not_spin),
        GUEST_TEST(test_guest_is_woken_by_callbacks_of_glib),
        GUEST_TEST(test_guest_is_woken_by_another_thread),
        GUEST_TEST(test_guest_busy_one_lets_the_application_run),
        GUEST_TEST(test_guest_is_not_starved_by_a_busy_application),
        cmocka_unit_test(test_guest_of_another_context_runs_there_only),
        GUEST_TEST(test_guest_detached_takes_no_turns),
        GUEST_TEST(test_guest_timer_of_long_ago_is_due_at_once),
        GUEST_TEST(test_guest_virtual_time_waits_for_the_application),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
