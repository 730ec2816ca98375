/* SPDX-License-Identifier: MIT */

/* test_guest_settings.c - slices and priorities; an application in one call. */

#include "guest_fixture.h"

#include <errno.h>

/* --- slices ---------------------------------------------------------------------- */

static bool over;

static int always_busy(void *arg)
{
    (void)arg;
    while (!over)
        if (il_yield() < 0)
            break;
    return 0;
}

static gboolean count_idle(gpointer data)
{
    ++*(unsigned *)data;
    return G_SOURCE_CONTINUE;
}

/* An iteration itself may take milliseconds, in valgrind. */
static int slowness(void)
{
    return runs_slowly() ? 10 : 1;
}

static unsigned idles_beside_a_busy_task(il_loop *loop, il_time slice)
{
    unsigned n = 0;
    guint idle = g_idle_add(count_idle, &n);

    over = false;
    assert_int_equal(il_g_set_slice(loop, slice), 0);
    assert_int_equal(il_spawn(NULL, always_busy, NULL, NULL), 0);
    (void)iterate_until(&over, 100 * slowness()); /* no longer than that */
    (void)g_source_remove(idle);
    over = true;
    iterate_for(1);
    return n;
}

static void test_guest_settings_slice_is_how_long_the_host_waits(void **state)
{
    struct fixture *f = *state;
    unsigned often = idles_beside_a_busy_task(f->loop, slowness() * IL_MS(1));
    unsigned seldom = idles_beside_a_busy_task(f->loop, slowness() * IL_MS(20));

    assert_true(seldom >= 1);
    assert_in_range(seldom, 1, 15);
    assert_true(often > 2 * seldom);
}

/* --- priorities -------------------------------------------------------------------- */

static void note_post(void *arg)
{
    note("%s", (const char *)arg);
}

static gboolean note_source(gpointer data)
{
    note("%s", (const char *)data);
    return G_SOURCE_REMOVE;
}

static void post_beside_a_source(il_loop *loop)
{
    static char ours[] = "ours", theirs[] = "theirs";
    static il_callback post;

    post = (il_callback)IL_CALLBACK_INIT(note_post, ours);
    forget_notes();
    (void)g_idle_add_full(G_PRIORITY_HIGH_IDLE, note_source, theirs, NULL);
    assert_int_equal(il_post(loop, &post), 0);
    iterate_for(2);
}

static void test_guest_settings_priority_decides_who_is_first(void **state)
{
    struct fixture *f = *state;

    post_beside_a_source(f->loop);
    assert_string_equal(noted(), "ours theirs");
    assert_int_equal(il_g_set_priority(f->loop, G_PRIORITY_LOW, G_PRIORITY_LOW),
                     0);
    post_beside_a_source(f->loop);
    assert_string_equal(noted(), "theirs ours");
    assert_int_equal(
        il_g_set_priority(f->loop, G_PRIORITY_HIGH, G_PRIORITY_LOW), 0);
    post_beside_a_source(f->loop);
    assert_string_equal(noted(), "ours theirs");
}

static void test_guest_settings_misuse_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_g_set_slice(NULL, IL_MS(1)), -EINVAL);
    assert_int_equal(il_g_set_slice(f->loop, 0), -EINVAL);
    assert_int_equal(il_g_set_slice(f->loop, -1), -EINVAL);
    assert_int_equal(il_g_set_priority(NULL, 0, 0), -EINVAL);
    assert_int_equal(il_g_set_priority(f->loop, 100, 0), -EINVAL);
    assert_int_equal(il_g_end(f->loop, 0), 0);
    f->loop = NULL;
    assert_int_equal(il_g_set_slice(NULL, IL_MS(1)), -EINVAL);
}

/* --- an application ------------------------------------------------------------------ */

static int greet(il_g_emission *e, void *receiver)
{
    GApplication *application = il_g_emission_get_sender(e);

    (void)receiver;
    g_application_hold(application);
    note("activated");
    CHECK_INT(il_sleep(IL_MS(2)), 0);
    note("slept");
    g_application_release(application);
    CHECK_INT(il_sleep(IL_FOREVER), -ECANCELED);
    note("ended");
    return -ECANCELED;
}

static void on_startup(GApplication *application, gpointer data)
{
    (void)data;
    assert_true(il_g_connect(application, "activate", greet, NULL,
                             IL_G_SKIP_WHILE_BUSY) != 0);
}

static void test_guest_settings_application_runs_in_one_call(void **state)
{
    struct fixture *f = *state;
    char name[] = "test";
    char *argv[] = { name, NULL };

    assert_int_equal(il_g_application_run(NULL, 1, argv), -EINVAL);
    for (int i = 0; i < 3; i++) {
        GApplication *application =
            g_application_new(NULL, G_APPLICATION_NON_UNIQUE);

        forget_notes();
        g_signal_connect(application, "startup", G_CALLBACK(on_startup), NULL);
        if (i == 0) {
            assert_int_equal(il_g_application_run(application, 1, argv),
                             -EBUSY);
            assert_int_equal(il_g_end(f->loop, 0), 0);
            f->loop = NULL;
        } else {
            assert_int_equal(il_g_application_run(application, 1, argv), 0);
            assert_string_equal(noted(), "activated slept ended");
        }
        assert_null(il_loop_current());
        g_object_unref(application);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_guest_settings_slice_is_how_long_the_host_waits),
        GUEST_TEST(test_guest_settings_priority_decides_who_is_first),
        GUEST_TEST(test_guest_settings_misuse_is_refused),
        GUEST_TEST(test_guest_settings_application_runs_in_one_call),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
