/* SPDX-License-Identifier: MIT */

/* test_nested.c - host loops that are run inside a task, as modal dialogs do.
 *
 * qtinter freezes or hangs here; tasks must go on, and waiting underneath must
 * be refused before it tears the host's stack. */

#include "guest_fixture.h"

#include "../support/pipes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct scene {
    GMainLoop *modal;
    unsigned n_ticks;        /* steps of the other task */
    unsigned ticks_at_begin; /* when the modal loop began and ended */
    unsigned ticks_at_end;
    unsigned wanted; /* ticks before the modal loop ends, */
    unsigned waited; /* if it need not be asked too often */
    bool wait_first;
    bool over;
};

static int tick(void *arg)
{
    struct scene *scene = arg;

    while (!scene->over) {
        scene->n_ticks++;
        CHECK(il_task_current() != NULL);
        if (il_sleep(IL_MS(1)) < 0)
            break;
    }
    return 0;
}

static gboolean quit_modal(gpointer data)
{
    struct scene *scene = data;

    if (scene->n_ticks - scene->ticks_at_begin < scene->wanted &&
        scene->waited++ < 50)
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(scene->modal);
    return G_SOURCE_REMOVE;
}

static void run_modal(struct scene *scene, unsigned ms)
{
    scene->modal = g_main_loop_new(NULL, FALSE);
    (void)g_timeout_add(ms, quit_modal, scene);
    scene->ticks_at_begin = scene->n_ticks;
    g_main_loop_run(scene->modal);
    scene->ticks_at_end = scene->n_ticks;
    g_main_loop_unref(scene->modal);
}

static int open_dialog(void *arg)
{
    struct scene *scene = arg;
    il_task *me = il_task_current();

    if (scene->wait_first)
        CHECK_INT(il_sleep(IL_MS(5)), 0);
    run_modal(scene, 60);
    CHECK(il_task_current() == me);
    CHECK_INT(il_yield(), 0);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    CHECK(il_task_current() == me);
    scene->over = true;
    return 0;
}

static void test_nested_loop_in_a_first_step_freezes_nobody(void **state)
{
    static struct scene scene = { .wanted = 5 };

    (void)state;
    assert_int_equal(il_spawn(NULL, tick, &scene, NULL), 0);
    assert_int_equal(il_spawn(NULL, open_dialog, &scene, NULL), 0);
    assert_true(scene.ticks_at_end - scene.ticks_at_begin >= 5);
    assert_true(iterate_until(&scene.over, 5000));
}

static void test_nested_loop_in_a_later_step_freezes_nobody(void **state)
{
    static struct scene scene = { .wait_first = true, .wanted = 5 };

    (void)state;
    assert_int_equal(il_spawn(NULL, tick, &scene, NULL), 0);
    assert_int_equal(il_spawn(NULL, open_dialog, &scene, NULL), 0);
    assert_true(iterate_until(&scene.over, 5000));
    assert_true(scene.ticks_at_end - scene.ticks_at_begin >= 5);
}

static gboolean open_dialog_in_callback(gpointer data)
{
    struct scene *scene = data;

    run_modal(scene, 60);
    scene->over = true;
    return G_SOURCE_REMOVE;
}

static void test_nested_loop_in_a_callback_freezes_nobody(void **state)
{
    static struct scene scene = { .wanted = 5 };

    (void)state;
    assert_int_equal(il_spawn(NULL, tick, &scene, NULL), 0);
    (void)g_idle_add(open_dialog_in_callback, &scene);
    assert_true(iterate_until(&scene.over, 5000));
    assert_true(scene.ticks_at_end - scene.ticks_at_begin >= 5);
}

/* --- Two at a time -------------------------------------------------------- */

static int open_inner(void *arg)
{
    struct scene *scene = arg;

    CHECK_INT(il_sleep(IL_MS(10)), 0);
    run_modal(scene, 30);
    note("inner");
    CHECK_INT(il_yield(), 0);
    note("inner waited");
    return 0;
}

struct two {
    struct scene outer, inner;
};

static int open_outer(void *arg)
{
    struct two *two = arg;

    CHECK_INT(il_sleep(IL_MS(1)), 0);
    run_modal(&two->outer, 100);
    note("outer");
    CHECK_INT(il_yield(), 0);
    two->outer.over = true;
    return 0;
}

/* The second dialog opens in another task, on top of the first one. */
static void test_nested_loops_stack(void **state)
{
    struct two two = { .outer = { .over = false } };

    (void)state;
    assert_int_equal(il_spawn(NULL, open_inner, &two.inner, NULL), 0);
    assert_int_equal(il_spawn(NULL, open_outer, &two, NULL), 0);
    assert_true(iterate_until(&two.outer.over, 5000));
    iterate_for(5);
    expect_notes("inner inner waited outer");
}

/* --- What is lent ------------------------------------------------------------ */

struct lender {
    int fds[2];
    struct scene scene;
    unsigned n_read; /* by the other task, while the modal loop ran */
};

static int read_meanwhile(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    struct lender *lender = arg;
    ssize_t n;

    while ((n = il_buffer_read(&buffer, lender->fds[0])) > 0) {
        lender->n_read += !lender->scene.over;
        CHECK_INT(buffer.data[0], 'b');
    }
    return (int)n;
}

static gboolean write_to_other(gpointer data)
{
    struct lender *lender = data;

    if (lender->scene.over)
        return G_SOURCE_REMOVE;
    CHECK_INT(write(lender->fds[1], "bbbb", 4), 4);
    return G_SOURCE_CONTINUE;
}

static int hold_over_dialog(void *arg)
{
    IL_CLEANUP(il_buffer) il_buffer buffer = IL_BUFFER_INIT;
    struct lender *lender = arg;
    il_task *other;
    int fds[2];

    make_pipe(fds);
    CHECK_INT(write(fds[1], "aaaa", 4), 4);
    CHECK_INT(il_buffer_read(&buffer, fds[0]), 4);
    CHECK_INT(il_spawn(NULL, read_meanwhile, lender, &other), 0);
    run_modal(&lender->scene, 30);
    CHECK(memcmp(buffer.data, "aaaa", 4) == 0);
    close_both(fds);
    lender->scene.over = true;
    CHECK_INT(il_task_cancel(other), 0);
    CHECK_INT(il_task_join(other, NULL), 0);
    il_task_unref(other);
    return 0;
}

static void test_nested_loop_leaves_lent_memory_alone(void **state)
{
    struct lender lender = { .n_read = 0 };

    (void)state;
    make_pipe(lender.fds);
    (void)g_timeout_add(1, write_to_other, &lender);
    assert_int_equal(il_spawn(NULL, hold_over_dialog, &lender, NULL), 0);
    assert_true(iterate_until(&lender.scene.over, 5000));
    iterate_for(5);
    assert_true(lender.n_read > 1);
    close_both(lender.fds);
}

/* --- Refused waits -------------------------------------------------------- */

struct trespass {
    GMainLoop *modal;
    il_future future;
    bool over;
};

static gboolean wait_underneath(gpointer data)
{
    struct trespass *t = data;

    /* This runs on the stack of the task that runs the modal loop. */
    CHECK_INT(il_yield(), -EDEADLK);
    CHECK_INT(il_sleep(IL_MS(1)), -EDEADLK);
    CHECK_INT(il_future_wait(&t->future, NULL, NULL), -EDEADLK);
    g_main_loop_quit(t->modal);
    return G_SOURCE_REMOVE;
}

static int run_trap(void *arg)
{
    struct trespass *t = arg;

    t->modal = g_main_loop_new(NULL, FALSE);
    (void)g_idle_add(wait_underneath, t);
    g_main_loop_run(t->modal);
    g_main_loop_unref(t->modal);
    CHECK_INT(il_yield(), 0);
    t->over = true;
    return 0;
}

static void test_nested_waiting_underneath_is_refused(void **state)
{
    struct fixture *f = *state;
    struct trespass t = { .future = IL_FUTURE_INIT };

    assert_int_equal(il_spawn_lazy(NULL, run_trap, &t, NULL), 0);
    assert_true(iterate_until(&t.over, 5000));
    assert_true(f->n_reports >= 1);
    while (f->n_reports) {
        struct kept_report report = take_report(f);

        assert_int_equal(report.kind, IL_REPORT_NESTED_PARK);
        assert_int_equal(report.error, -EDEADLK);
        assert_string_equal(report.task_name, "run_trap");
    }
    assert_int_equal(il_future_set(&t.future, 0, NULL), 0);
}

/* Starting a task there is fine: it has a stack of its own. */
static int wait_a_little(void *arg)
{
    struct trespass *t = arg;

    CHECK_INT(il_sleep(IL_MS(2)), 0);
    note("child");
    g_main_loop_quit(t->modal);
    return 0;
}

static gboolean spawn_underneath(gpointer data)
{
    CHECK_INT(il_spawn(NULL, wait_a_little, data, NULL), 0);
    return G_SOURCE_REMOVE;
}

static int run_modal_for_child(void *arg)
{
    struct trespass *t = arg;

    t->modal = g_main_loop_new(NULL, FALSE);
    (void)g_idle_add(spawn_underneath, t);
    g_main_loop_run(t->modal);
    g_main_loop_unref(t->modal);
    note("parent");
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    t->over = true;
    return 0;
}

static void test_nested_task_started_underneath_may_wait(void **state)
{
    struct trespass t = { .future = IL_FUTURE_INIT };

    (void)state;
    assert_int_equal(il_spawn(NULL, run_modal_for_child, &t, NULL), 0);
    assert_true(iterate_until(&t.over, 5000));
    assert_string_equal(noted(), "child parent");
}

/* The task whose stack carries the modal loop is cancelled, and another one
 * that it waits for wakes it: neither may resume it before the loop is left. */
static int cancel_the_modal_one(void *arg)
{
    CHECK_INT(il_sleep(IL_MS(5)), 0);
    CHECK_INT(il_task_cancel(*(il_task **)arg), 0);
    note("cancelled");
    return 0;
}

static int modal_victim(void *arg)
{
    struct scene *scene = arg;

    CHECK_INT(il_yield(), 0);
    run_modal(scene, 30);
    note("left");
    CHECK_INT(il_yield(), -ECANCELED);
    scene->over = true;
    return 0;
}

static void test_nested_cancel_arrives_after_the_modal_loop(void **state)
{
    static struct scene scene = { .over = false };
    il_task *victim = NULL;

    (void)state;
    assert_int_equal(il_spawn(NULL, modal_victim, &scene, &victim), 0);
    assert_int_equal(il_spawn(NULL, cancel_the_modal_one, &victim, NULL), 0);
    assert_true(iterate_until(&scene.over, 5000));
    assert_string_equal(noted(), "cancelled left");
    iterate_for(1);
    il_task_unref(victim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_nested_loop_in_a_first_step_freezes_nobody),
        GUEST_TEST(test_nested_loop_in_a_later_step_freezes_nobody),
        GUEST_TEST(test_nested_loop_in_a_callback_freezes_nobody),
        GUEST_TEST(test_nested_loops_stack),
        GUEST_TEST(test_nested_loop_leaves_lent_memory_alone),
        GUEST_TEST(test_nested_waiting_underneath_is_refused),
        GUEST_TEST(test_nested_task_started_underneath_may_wait),
        GUEST_TEST(test_nested_cancel_arrives_after_the_modal_loop),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
