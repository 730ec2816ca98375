/* SPDX-License-Identifier: MIT */

/* test_modal_glib.c - modal dialogs, through il_modal() and without, as deep
 * and as out of order as users open them. */

#include "guest_fixture.h"

#include <errno.h>
#include <string.h>

/* A dialog: a main loop that somebody quits. */
struct dialog {
    GMainLoop *loop;
    const char *name;
    uintptr_t frame; /* where on which stack it ran */
    bool direct;     /* opened on the task's own stack */
    bool later;      /* not in the first step */
    unsigned ticks;  /* of the other task, while it was open */
    unsigned wanted; /* ticks before it is closed */
};

static unsigned n_ticks;
static bool over;
static unsigned n_open;
static struct fixture *fixture;

static int tick(void *arg)
{
    (void)arg;
    while (!over) {
        n_ticks++;
        if (il_sleep(IL_MS(1)) < 0)
            break;
    }
    return 0;
}

static int show(void *arg)
{
    struct dialog *d = arg;
    unsigned before = n_ticks;

    if (d->wanted > 0)
        d->wanted += before;
    d->frame = (uintptr_t)__builtin_frame_address(0);
    note("+%s", d->name);
    d->loop = g_main_loop_new(NULL, FALSE);
    n_open++;
    g_main_loop_run(d->loop);
    g_clear_pointer(&d->loop, g_main_loop_unref);
    n_open--;
    note("-%s", d->name);
    d->ticks = n_ticks - before;
    return 3;
}

static void quit_dialog(void *arg)
{
    struct dialog *d = arg;

    note("quit");
    if (d->loop)
        g_main_loop_quit(d->loop);
}

static gboolean close_dialog(gpointer data)
{
    struct dialog *d = data;

    if (!d->loop || n_ticks < d->wanted)
        return G_SOURCE_CONTINUE; /* not open yet, or not for long enough */
    g_main_loop_quit(d->loop);
    return G_SOURCE_REMOVE;
}

static int ask(void *arg)
{
    struct dialog *d = arg;
    il_task *me = il_task_current();
    int result = 0;

    if (d->later)
        CHECK_INT(il_yield(), 0);
    if (d->direct)
        result = show(d);
    else
        CHECK_INT(il_modal(show, d, quit_dialog, &result), 0);
    CHECK(il_task_current() == me);
    CHECK_INT(result, 3);
    CHECK_INT(il_sleep(IL_MS(1)), 0);
    note("%s", d->name);
    return 0;
}

static int modal_setup(void **state)
{
    n_ticks = n_open = 0;
    over = false;
    int r = guest_setup(state);
    fixture = *state;
    return r;
}

static void spawn_ticker(void)
{
    assert_int_equal(il_spawn(NULL, tick, NULL, NULL), 0);
}

static void end_ticker(void)
{
    over = true;
    iterate_for(3);
}

/* --- one ------------------------------------------------------------------------- */

static void one_dialog(bool direct, bool later)
{
    static struct dialog d;

    d = (struct dialog){
        .name = "a", .direct = direct, .later = later, .wanted = 5
    };
    forget_notes();
    over = false;
    spawn_ticker();
    assert_int_equal(il_spawn(NULL, ask, &d, NULL), 0);
    (void)g_timeout_add(40, close_dialog, &d);
    expect_notes("+a -a a");
    assert_true(d.ticks >= 5);
    end_ticker();
}

static gboolean close_soon(gpointer data)
{
    return close_dialog(data);
}

static void test_modal_glib_works_in_every_step(void **state)
{
    (void)state;
    one_dialog(false, false);
    one_dialog(false, true);
    one_dialog(true, true);
}

static int dialog_slot(il_g_emission *e, void *receiver)
{
    static struct dialog d;

    (void)e;
    (void)receiver;
    d = (struct dialog){ .name = "a" };
    (void)g_timeout_add(20, close_soon, &d);
    return ask(&d);
}

/* fancidev/qtinter #18: the two main features did not combine. */
static void test_modal_glib_works_at_the_top_of_a_slot(void **state)
{
    TestSender *sender = test_sender_new();

    (void)state;
    assert_true(
        il_g_connect(sender, "poked", dialog_slot, NULL, IL_G_PARALLEL) != 0);
    spawn_ticker();
    test_sender_poke(sender, 1, "x");
    assert_string_equal(noted(), ""); /* the emitter is not held up */
    expect_notes("+a -a a");
    end_ticker();
    g_object_unref(sender);
}

static void test_modal_glib_runs_on_the_stack_of_the_host(void **state)
{
    static struct dialog d;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    (void)state;
    d = (struct dialog){ .name = "a", .later = true };
    assert_int_equal(il_spawn(NULL, ask, &d, NULL), 0);
    (void)g_timeout_add(1, close_dialog, &d);
    expect_notes("+a -a a");
    assert_true(d.frame < here && here - d.frame < 1 << 20);
}

/* --- several ----------------------------------------------------------------------- */

static struct dialog three[3];

static gboolean close_in_this_order(gpointer data)
{
    const int *order = data;

    if (n_open < 3)
        return G_SOURCE_CONTINUE;
    for (int i = 0; i < 3; i++)
        g_main_loop_quit(three[order[i]].loop);
    return G_SOURCE_REMOVE;
}

/* Whatever the order in which they are told to end, they can only end from the
 * inside out; their tasks go on as they do. */
static void test_modal_glib_three_deep_end_out_of_order(void **state)
{
    static const int orders[][3] = {
        { 2, 1, 0 }, { 0, 1, 2 }, { 1, 0, 2 }, { 0, 2, 1 }
    };

    (void)state;
    spawn_ticker();
    for (int direct = 0; direct < 2; direct++)
        for (int o = 0; o < 4; o++) {
            forget_notes();
            three[0] = (struct dialog){ .name = "a" };
            three[1] = (struct dialog){ .name = "b", .direct = direct };
            three[2] = (struct dialog){ .name = "c", .direct = direct };
            for (int i = 0; i < 3; i++) {
                three[i].later = true;
                assert_int_equal(il_spawn(NULL, ask, &three[i], NULL), 0);
            }
            (void)g_timeout_add(5, close_in_this_order, (gpointer)orders[o]);
            expect_notes("+a +b +c -c -b -a c b a");
        }
    end_ticker();
}

static int end_soon(void *arg)
{
    int r = il_sleep(IL_MS(3));

    (void)arg;
    note("%s", r == 0 ? "ended" : "cancelled");
    return r;
}

static il_task *victim;

static gboolean cancel_victim(gpointer data)
{
    (void)data;
    CHECK_INT(il_task_cancel(victim), 0);
    return G_SOURCE_REMOVE;
}

/* One after the other, however long each takes. */
static gboolean cancel_and_close(gpointer dialog)
{
    if (il_task_is_done(victim))
        return close_dialog(dialog);
    if (strcmp(noted(), "+a ended") == 0)
        CHECK_INT(il_task_cancel(victim), 0);
    return G_SOURCE_CONTINUE;
}

static int wait_forever(void *arg)
{
    int r = il_sleep(IL_FOREVER);

    (void)arg;
    note("%s", r == -ECANCELED ? "cancelled" : "?");
    return r;
}

static void test_modal_glib_tasks_end_below_it(void **state)
{
    static struct dialog d;

    (void)state;
    d = (struct dialog){ .name = "a", .later = true };
    assert_int_equal(il_spawn(NULL, ask, &d, NULL), 0);
    assert_int_equal(il_spawn(NULL, end_soon, NULL, NULL), 0);
    assert_int_equal(il_spawn(NULL, wait_forever, NULL, &victim), 0);
    (void)g_timeout_add(5, cancel_and_close, &d);
    expect_notes("+a ended cancelled -a a");
    assert_int_equal(reap(victim), -ECANCELED);
}

/* --- cancelled ----------------------------------------------------------------------- */

static int ask_until_cancelled(void *arg)
{
    int result = 0;

    CHECK_INT(il_modal(show, arg, quit_dialog, &result), 0);
    CHECK_INT(result, 3);
    CHECK_INT(il_yield(), -ECANCELED);
    note("x");
    return -ECANCELED;
}

static void test_modal_glib_cancel_asks_it_to_quit(void **state)
{
    static struct dialog d;

    (void)state;
    d = (struct dialog){ .name = "a" };
    assert_int_equal(il_spawn(NULL, ask_until_cancelled, &d, &victim), 0);
    (void)g_timeout_add(5, cancel_victim, NULL);
    expect_notes("+a quit -a x");
    assert_int_equal(reap(victim), -ECANCELED);
}

static int ask_with_a_deadline(void *arg)
{
    int r = 0;

    IL_TIMEOUT (IL_MS(5), &r) {
        r = il_modal(show, arg, quit_dialog, NULL);
        CHECK_INT(r, 0);
        r = il_yield();
    }
    CHECK_INT(r, -ETIMEDOUT);
    note("late");
    return 0;
}

static void test_modal_glib_deadline_asks_it_to_quit(void **state)
{
    static struct dialog d;

    (void)state;
    d = (struct dialog){ .name = "a" };
    assert_int_equal(il_spawn(NULL, ask_with_a_deadline, &d, NULL), 0);
    expect_notes("+a quit -a late");
}

/* --- ends of other things meanwhile ------------------------------------------------------ */

static gboolean try_to_end(gpointer data)
{
    CHECK_INT(il_g_end(data, IL_SEC(1)), -EBUSY);
    CHECK_INT(il_loop_close(data, IL_SEC(1)), -EBUSY);
    CHECK_INT(il_loop_detach(data), -EBUSY);
    CHECK(il_loop_is_running(data));
    note("busy");
    return G_SOURCE_REMOVE;
}

static void test_modal_glib_loop_cannot_be_ended_below_it(void **state)
{
    static struct dialog d;

    (void)state;
    d = (struct dialog){ .name = "a", .later = true };
    assert_int_equal(il_spawn(NULL, ask, &d, NULL), 0);
    (void)g_timeout_add(3, try_to_end, fixture->loop);
    (void)g_timeout_add(10, close_dialog, &d);
    expect_notes("+a busy -a a");
}

static gboolean stop_guest(gpointer data)
{
    CHECK_INT(il_loop_stop(data), 0);
    CHECK(il_loop_is_running(data)); /* its turn is not over */
    n_ticks = 0;
    return G_SOURCE_REMOVE;
}

static void test_modal_glib_stop_takes_effect_when_it_ends(void **state)
{
    static struct dialog d;

    (void)state;
    d = (struct dialog){ .name = "a", .later = true };
    spawn_ticker();
    assert_int_equal(il_spawn(NULL, ask, &d, NULL), 0);
    (void)g_timeout_add(5, stop_guest, fixture->loop);
    (void)g_timeout_add(20, close_dialog, &d);
    iterate_for(40);
    assert_true(n_ticks <= 1); /* no turn began any more */
    assert_false(il_loop_is_running(fixture->loop));
    assert_string_equal(noted(), "+a -a");
    assert_int_equal(il_loop_start(fixture->loop, NULL, NULL), 0);
    expect_notes("+a -a a");
    assert_true(n_ticks > 1);
    end_ticker();
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, modal_setup, guest_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_modal_glib_works_in_every_step),
        TEST(test_modal_glib_works_at_the_top_of_a_slot),
        TEST(test_modal_glib_runs_on_the_stack_of_the_host),
        TEST(test_modal_glib_three_deep_end_out_of_order),
        TEST(test_modal_glib_tasks_end_below_it),
        TEST(test_modal_glib_cancel_asks_it_to_quit),
        TEST(test_modal_glib_deadline_asks_it_to_quit),
        TEST(test_modal_glib_loop_cannot_be_ended_below_it),
        TEST(test_modal_glib_stop_takes_effect_when_it_ends),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
