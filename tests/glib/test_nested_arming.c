/* SPDX-License-Identifier: MIT */

/* test_nested_arming.c - what host callbacks begin under a nested host loop.
 *
 * They run on the stack of the task, or of the post, that opened the nested
 * loop, but are no part of its turn: what they arm must be told to the kernel
 * and to the host, and what needs to wait there must be refused at once. */

#include "../support/pipes.h"
#include "guest_fixture.h"

#include <errno.h>
#include <unistd.h>

struct scene {
    GMainLoop *modal;
    GSourceFunc callback; /* runs under the modal loop, when all is asleep */
    int fds[2];
    guint limit;
    bool over;
};

static gboolean give_up(gpointer data)
{
    struct scene *scene = data;

    scene->limit = 0;
    note("gave up");
    g_main_loop_quit(scene->modal);
    return G_SOURCE_REMOVE;
}

static void run_modal(struct scene *scene)
{
    scene->modal = g_main_loop_new(NULL, FALSE);
    (void)g_timeout_add(10, scene->callback, scene);
    scene->limit = g_timeout_add(3000, give_up, scene);
    g_main_loop_run(scene->modal);
    if (scene->limit)
        (void)g_source_remove(scene->limit);
    g_main_loop_unref(scene->modal);
}

static int open_modal(void *arg)
{
    struct scene *scene = arg;

    CHECK_INT(il_yield(), 0);
    run_modal(scene);
    note("left");
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    scene->over = true;
    return 0;
}

static void open_modal_in_post(void *arg)
{
    struct scene *scene = arg;

    run_modal(scene);
    note("left");
    scene->over = true;
}

static void play(struct scene *scene, GSourceFunc callback)
{
    scene->callback = callback;
    assert_int_equal(il_spawn(NULL, open_modal, scene, NULL), 0);
    assert_true(iterate_until(&scene->over, 5000));
}

/* --- Descriptors ---------------------------------------------------------- */

static int wait_for_data(void *arg)
{
    struct scene *scene = arg;

    CHECK_INT(il_wait_fd(scene->fds[0], IL_READ), IL_READ);
    note("woken");
    g_main_loop_quit(scene->modal);
    return 0;
}

static gboolean spawn_waiter(gpointer data)
{
    struct scene *scene = data;

    CHECK_INT(il_spawn(NULL, wait_for_data, scene, NULL), 0);
    CHECK_INT(write(scene->fds[1], "x", 1), 1);
    return G_SOURCE_REMOVE;
}

/* The scheduler took the callback for a part of the turn that waits below, and
 * told nobody about the descriptor until the dialog was closed. */
static void test_nested_arming_fresh_descriptor_under_a_task(void **state)
{
    struct scene scene = { .over = false };

    (void)state;
    make_pipe(scene.fds);
    play(&scene, spawn_waiter);
    assert_string_equal(noted(), "woken left");
    close_both(scene.fds);
}

/* The same where a post opened the nested loop. */
static void test_nested_arming_fresh_descriptor_under_a_post(void **state)
{
    struct fixture *f = *state;
    struct scene scene = { .callback = spawn_waiter };
    il_callback post = IL_CALLBACK_INIT(open_modal_in_post, &scene);

    make_pipe(scene.fds);
    assert_int_equal(il_post(f->loop, &post), 0);
    assert_true(iterate_until(&scene.over, 5000));
    assert_string_equal(noted(), "woken left");
    close_both(scene.fds);
}

/* --- Groups --------------------------------------------------------------- */

static int nap(void *arg)
{
    (void)arg;
    note("napped");
    return il_sleep(IL_MS(5));
}

static gboolean gather_underneath(gpointer data)
{
    struct scene *scene = data;
    il_call calls[] = { { nap, NULL, 0 }, { nap, NULL, 0 } };

    CHECK_INT(il_gather(calls, 2), -EDEADLK);
    note("refused");
    g_main_loop_quit(scene->modal);
    return G_SOURCE_REMOVE;
}

static gboolean race_underneath(gpointer data)
{
    struct scene *scene = data;
    il_call calls[] = { { nap, NULL, 0 }, { nap, NULL, 0 } };
    size_t winner = 7;

    CHECK_INT(il_race(calls, 2, &winner), -EDEADLK);
    CHECK_INT(winner, 7);
    note("refused");
    g_main_loop_quit(scene->modal);
    return G_SOURCE_REMOVE;
}

static gboolean open_group_underneath(gpointer data)
{
    struct scene *scene = data;
    il_group group;

    CHECK_INT(il_group_open(&group, 0), -EDEADLK);
    note("refused");
    g_main_loop_quit(scene->modal);
    return G_SOURCE_REMOVE;
}

/* The group could not be closed there and stayed open in a frame that was
 * gone, and the children wrote to it. */
static void test_nested_arming_gather_is_refused(void **state)
{
    struct scene scene = { .over = false };

    (void)state;
    play(&scene, gather_underneath);
    iterate_for(10);
    expect_notes("refused left");
}

static void test_nested_arming_race_is_refused(void **state)
{
    struct scene scene = { .over = false };

    (void)state;
    play(&scene, race_underneath);
    iterate_for(10);
    expect_notes("refused left");
}

static void test_nested_arming_group_is_refused(void **state)
{
    struct scene scene = { .over = false };

    (void)state;
    play(&scene, open_group_underneath);
    assert_string_equal(noted(), "refused left");
}

/* --- Operations of GIO ---------------------------------------------------- */

static gboolean return_cancelled(gpointer data)
{
    g_autoptr(GTask) task = data;

    g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                            "cancelled");
    return G_SOURCE_REMOVE;
}

static void obey(GCancellable *cancellable, gpointer data)
{
    (void)cancellable;
    note("cancelled");
    (void)g_timeout_add(5, return_cancelled, data);
}

/* Begins an operation that ends only when it is cancelled, and a while after,
 * and waits for it where that is impossible. */
static void call_where_none_can_wait(int expected)
{
    il_g_call call = IL_G_CALL_INIT;
    GCancellable *cancellable = il_g_call_cancellable(&call);
    GTask *task = g_task_new(NULL, cancellable, il_g_call_ready, &call);

    g_task_set_check_cancellable(task, FALSE);
    (void)g_signal_connect(cancellable, "cancelled", G_CALLBACK(obey), task);
    CHECK_INT(il_g_call_wait(&call), expected);
    CHECK(call.result != NULL);
    il_g_call_clear(&call);
    note("refused");
}

static gboolean call_underneath(gpointer data)
{
    struct scene *scene = data;

    call_where_none_can_wait(-EDEADLK);
    g_main_loop_quit(scene->modal);
    return G_SOURCE_REMOVE;
}

/* The operation was left with a pointer into a frame that was gone. */
static void test_nested_arming_call_has_ended_when_it_is_refused(void **state)
{
    struct fixture *f = *state;
    struct scene scene = { .over = false };

    play(&scene, call_underneath);
    iterate_for(10);
    expect_notes("cancelled refused left");
    assert_int_equal(take_report(f).kind, IL_REPORT_NESTED_PARK);
}

/* The same outside every task. */
static void test_nested_arming_call_outside_tasks_has_ended(void **state)
{
    (void)state;
    call_where_none_can_wait(-ESRCH);
    iterate_for(10);
    expect_notes("cancelled refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_nested_arming_fresh_descriptor_under_a_task),
        GUEST_TEST(test_nested_arming_fresh_descriptor_under_a_post),
        GUEST_TEST(test_nested_arming_gather_is_refused),
        GUEST_TEST(test_nested_arming_race_is_refused),
        GUEST_TEST(test_nested_arming_group_is_refused),
        GUEST_TEST(test_nested_arming_call_has_ended_when_it_is_refused),
        GUEST_TEST(test_nested_arming_call_outside_tasks_has_ended),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
