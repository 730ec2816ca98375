/* SPDX-License-Identifier: MIT */

/* test_against_qtinter.c - what doc/compare.md says of us beside qtinter.
 *
 * Each test is a defect or a limit of qtinter that was reproduced or that its
 * users reported.  Where a module's own test shows the same, the page names
 * that one instead. */

#include "guest_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* --- Nested loops ------------------------------------------------------------ */

static il_future woken_below;
static unsigned n_ticks;

static gboolean quit_modal(gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static gboolean set_future(gpointer data)
{
    CHECK_INT(il_future_set(data, 0, NULL), 0);
    return G_SOURCE_REMOVE;
}

static int wait_below(void *arg)
{
    (void)arg;
    CHECK_INT(il_future_wait(&woken_below, NULL, NULL), 0);
    note("woken");
    for (n_ticks = 0; n_ticks < 5; n_ticks++)
        CHECK_INT(il_sleep(IL_MS(1)), 0);
    note("ticked");
    return 0;
}

static int dialog_slot(il_g_emission *e, void *receiver)
{
    GMainLoop *modal = g_main_loop_new(NULL, FALSE);
    il_task *me = il_task_current();

    (void)e;
    (void)receiver;
    (void)g_idle_add(set_future, &woken_below);
    (void)g_timeout_add(200, quit_modal, modal);
    g_main_loop_run(modal);
    g_main_loop_unref(modal);
    note("closed");
    CHECK(il_task_current() == me);
    CHECK_INT(il_yield(), 0);
    CHECK(il_task_current() == me);
    note("over");
    return 0;
}

/* There the other task's wake-up is lost, and the end waits for it for ever. */
static void
test_against_qtinter_nested_loop_at_the_top_of_a_slot_freezes_nobody(
    void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();

    woken_below = (il_future)IL_FUTURE_INIT;
    assert_true(
        il_g_connect(sender, "poked", dialog_slot, NULL, IL_G_PARALLEL) != 0);
    assert_int_equal(il_spawn(NULL, wait_below, NULL, NULL), 0);
    test_sender_poke(sender, 1, "x");
    for (int i = 0; i < 200 && !strstr(noted(), "over"); i++)
        iterate_for(5);
    expect_notes("woken ticked closed over");
    assert_int_equal(il_g_end(f->loop, IL_SEC(1)), 0);
    f->loop = NULL;
    g_object_unref(sender);
}

/* --- Eager start ------------------------------------------------------------- */

enum { N_POSTS = 50000, N_SPAWNS_MIN = 20000 };

static struct {
    il_loop *loop;
    il_callback posts[N_POSTS];
    atomic_bool posted_all;
    unsigned n_posts_run;
    unsigned n_steps_run;
    bool spawning;
} flood;

static void count_post(void *arg)
{
    CHECK(!flood.spawning);
    CHECK(il_task_current() == NULL);
    CHECK(arg == &flood.posts[flood.n_posts_run]); /* in order */
    flood.n_posts_run++;
}

static void *post_flat_out(void *arg)
{
    (void)arg;
    for (int i = 0; i < N_POSTS; i++)
        CHECK_INT(il_post_threadsafe(flood.loop, &flood.posts[i]), 0);
    atomic_store(&flood.posted_all, true);
    return NULL;
}

static int count_step(void *arg)
{
    unsigned *n = arg;

    CHECK(flood.spawning);
    flood.n_steps_run++;
    ++*n;
    return 0;
}

/* There: 1,506 failed assertions in 216,000 calls. */
static void
test_against_qtinter_posts_of_threads_do_not_mix_with_eager_starts(void **state)
{
    struct fixture *f = *state;
    unsigned n_spawned = 0;
    pthread_t thread;

    memset(&flood, 0, sizeof flood);
    flood.loop = f->loop;
    for (int i = 0; i < N_POSTS; i++)
        flood.posts[i] =
            (il_callback)IL_CALLBACK_INIT(count_post, &flood.posts[i]);
    assert_int_equal(pthread_create(&thread, NULL, post_flat_out, NULL), 0);
    while (!atomic_load(&flood.posted_all) || n_spawned < N_SPAWNS_MIN) {
        unsigned n = 0;

        flood.spawning = true;
        assert_int_equal(il_spawn(NULL, count_step, &n, NULL), 0);
        flood.spawning = false;
        assert_int_equal(n, 1); /* this step and no other, inside the call */
        if (++n_spawned % 64 == 0)
            (void)g_main_context_iteration(NULL, FALSE);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    for (int i = 0; i < 1000 && flood.n_posts_run < N_POSTS; i++)
        iterate_for(1);
    assert_int_equal(flood.n_posts_run, N_POSTS);
    assert_int_equal(flood.n_steps_run, n_spawned);
}

static int emit_again(il_g_emission *e, void *receiver)
{
    int n = (int)il_g_emission_get_int(e, 0);
    il_task *me = il_task_current();

    (void)receiver;
    note("in%d", n);
    if (n > 0)
        test_sender_poke(il_g_emission_get_sender(e), n - 1, "x");
    CHECK(il_task_current() == me);
    note("out%d", n);
    CHECK_INT(il_yield(), 0);
    CHECK(il_task_current() == me);
    note("end%d", n);
    return 0;
}

/* fancidev/qtinter #10. */
static void test_against_qtinter_slot_that_emits_starts_a_slot(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(
        il_g_connect(sender, "poked", emit_again, NULL, IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 2, "x");
    assert_null(il_task_current());
    note("emitted");
    for (int i = 0; i < 200 && !strstr(noted(), "end2"); i++)
        iterate_for(1);
    assert_string_equal(noted(),
                        "in2 in1 in0 out0 out1 out2 emitted end0 end1 end2");
    g_object_unref(sender);
}

static int method_of_sender(gpointer receiver, il_g_emission *e)
{
    CHECK(TEST_IS_SENDER(receiver));
    CHECK(il_task_current() != NULL);
    CHECK_INT(il_g_emission_get_int(e, 0), 4);
    CHECK_INT(il_yield(), 0);
    return -EIO;
}

/* There a slot that is a method gives no task, so its end cannot be seen. */
static void test_against_qtinter_slot_that_is_a_method_is_a_task(void **state)
{
    struct fixture *f = *state;
    TestSender *sender = test_sender_new();
    struct kept_report report;

    assert_true(il_g_connect_swapped(sender, "poked", method_of_sender, sender,
                                     IL_G_PARALLEL) != 0);
    test_sender_poke(sender, 4, "x");
    assert_int_equal(il_loop_count_tasks(f->loop), 1);
    for (int i = 0; i < 200 && f->n_reports == 0; i++)
        iterate_for(1);
    report = take_report(f);
    assert_int_equal(report.error, -EIO);
    assert_string_equal(report.task_name, "method_of_sender");
    g_object_unref(sender);
}

/* --- The host's share --------------------------------------------------------- */

enum { N_READY = 200000 };

static il_callback ready[N_READY];
static unsigned n_ready_run, n_host, n_host_meanwhile;

static void work_for_a_microsecond(void *arg)
{
    il_time until = il_now() + IL_US(1);

    (void)arg;
    while (il_now() < until)
        ;
    if (++n_ready_run == N_READY)
        n_host_meanwhile = n_host;
}

static gboolean count_host(gpointer data)
{
    (void)data;
    n_host++;
    return G_SOURCE_CONTINUE;
}

/* There one turn runs all of them, and the window stands still. */
static void
test_against_qtinter_200000_ready_callbacks_leave_the_host_its_share(
    void **state)
{
    struct fixture *f = *state;
    guint source = g_idle_add(count_host, NULL);

    n_ready_run = n_host = n_host_meanwhile = 0;
    for (int i = 0; i < N_READY; i++) {
        ready[i] = (il_callback)IL_CALLBACK_INIT(work_for_a_microsecond, NULL);
        assert_int_equal(il_post(f->loop, &ready[i]), 0);
    }
    for (int i = 0; i < 5000 && n_ready_run < N_READY; i++)
        iterate_for(5);
    assert_int_equal(n_ready_run, N_READY);
    /* 200 ms at least, in slices of 2 ms. */
    assert_true(n_host_meanwhile >= 50);
    assert_true(g_source_remove(source));
}

/* --- Threads ------------------------------------------------------------------ */

static GMainContext *foreign;

static int wait_a_bit(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    *(bool *)arg = true;
    return 0;
}

static void *be_a_guest(void *arg)
{
    il_loop *loop = NULL;
    bool done = false;

    (void)arg;
    if (!CHECK_INT(il_g_begin(foreign, &loop), 0))
        return NULL;
    CHECK_INT(il_spawn(NULL, wait_a_bit, &done, NULL), 0);
    while (!done)
        (void)g_main_context_iteration(foreign, TRUE);
    CHECK_INT(il_g_end(loop, IL_SEC(1)), 0);
    note("thread");
    return NULL;
}

/* fancidev/qtinter #17. */
static void
test_against_qtinter_guest_begins_again_in_another_thread(void **state)
{
    static bool done;
    struct fixture *f = *state;

    foreign = g_main_context_new();
    for (int i = 0; i < 3; i++) {
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, be_a_guest, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_string_equal(noted(), "thread thread thread");
    g_main_context_unref(foreign);

    /* This thread's own guest has lived through it, and may begin again. */
    for (int i = 0; i < 2; i++) {
        done = false;
        assert_int_equal(il_spawn(NULL, wait_a_bit, &done, NULL), 0);
        assert_true(iterate_until(&done, 5000));
        assert_int_equal(il_g_end(f->loop, IL_SEC(1)), 0);
        assert_int_equal(il_g_begin(NULL, &f->loop), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(
            test_against_qtinter_nested_loop_at_the_top_of_a_slot_freezes_nobody),
        GUEST_TEST(
            test_against_qtinter_posts_of_threads_do_not_mix_with_eager_starts),
        GUEST_TEST(test_against_qtinter_slot_that_emits_starts_a_slot),
        GUEST_TEST(test_against_qtinter_slot_that_is_a_method_is_a_task),
        GUEST_TEST(
            test_against_qtinter_200000_ready_callbacks_leave_the_host_its_share),
        GUEST_TEST(test_against_qtinter_guest_begins_again_in_another_thread),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
