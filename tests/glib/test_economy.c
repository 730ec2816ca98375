/* SPDX-License-Identifier: MIT */

/* test_economy.c - a guest asks the kernel no more than it must, and misses
 * nothing by it.
 *
 * This program has an epoll_wait() of its own, which counts: libev finds it
 * before the C library's. */

#include "../support/pipes.h"
#include "guest_fixture.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

static int n_polls;

__attribute__((visibility("default"))) int
epoll_wait(int epoll, struct epoll_event *events, int n, int timeout_ms)
{
    n_polls++;
    return (int)syscall(SYS_epoll_pwait, epoll, events, n, timeout_ms, NULL, 0);
}

struct scene {
    il_loop *loop;
    il_callback callback;
    int polls_before;
    int n_left;
    int fds[2];
    bool over;
};

static void open_scene(struct scene *scene, il_callback_fn *fn)
{
    *scene = (struct scene){ .loop = il_loop_current() };
    scene->callback = (il_callback)IL_CALLBACK_INIT(fn, scene);
    iterate_for(5);
}

/* --- Posts of other threads ------------------------------------------------- */

static void note_polls(void *arg)
{
    struct scene *scene = arg;

    scene->polls_before = n_polls;
    scene->over = true;
}

static gpointer post_soon(gpointer data)
{
    struct scene *scene = data;

    g_usleep(20000);
    n_polls = 0;
    CHECK_INT(il_post_threadsafe(scene->loop, &scene->callback), 0);
    return NULL;
}

static void test_economy_thread_post_runs_before_a_poll(void **state)
{
    static struct scene scene;
    GThread *thread;

    (void)state;
    open_scene(&scene, note_polls);
    thread = g_thread_new("poster", post_soon, &scene);
    assert_true(iterate_until(&scene.over, 5000));
    g_thread_join(thread);
    assert_int_equal(scene.polls_before, 0);
}

static void test_economy_what_woke_us_wakes_us_once(void **state)
{
    static struct scene scene;
    GThread *thread;
    int n = 0;

    (void)state;
    open_scene(&scene, note_polls);
    thread = g_thread_new("poster", post_soon, &scene);
    assert_true(iterate_until(&scene.over, 5000));
    g_thread_join(thread);
    while (n < 10 && g_main_context_iteration(NULL, FALSE))
        n++;
    /* Once more if the poster had not yet written when we looked. */
    assert_true(n <= 1);
}

/* --- Turns --------------------------------------------------------------------- */

static void post_again(void *arg)
{
    struct scene *scene = arg;

    scene->over = --scene->n_left == 0;
    if (!scene->over)
        CHECK_INT(il_post(scene->loop, &scene->callback), 0);
}

static void test_economy_short_turn_without_descriptors_polls_nothing(void **s)
{
    static struct scene scene;

    (void)s;
    open_scene(&scene, post_again);
    scene.n_left = 1;
    assert_int_equal(il_post(scene.loop, &scene.callback), 0);
    n_polls = 0;
    assert_true(iterate_until(&scene.over, 5000));
    assert_int_equal(n_polls, 0);
}

static void test_economy_busy_guest_polls_seldom(void **state)
{
    static struct scene scene;

    (void)state;
    open_scene(&scene, post_again);
    scene.n_left = 100 * 1000;
    assert_int_equal(il_post(scene.loop, &scene.callback), 0);
    n_polls = 0;
    assert_true(iterate_until(&scene.over, 5000));
    /* Not as often as it looks at the clock, which is every 16 items. */
    assert_in_range(n_polls, 1, 5000);
}

static int wait_for_data(void *arg)
{
    struct scene *scene = arg;

    CHECK_INT(il_wait_fd(scene->fds[0], IL_READ), IL_READ);
    scene->n_left = 1;
    return 0;
}

static void test_economy_busy_guest_still_sees_descriptors(void **state)
{
    static struct scene scene;

    (void)state;
    open_scene(&scene, post_again);
    make_pipe(scene.fds);
    scene.n_left = 100 * 1000 * 1000;
    assert_int_equal(il_spawn(NULL, wait_for_data, &scene, NULL), 0);
    assert_int_equal(il_post(scene.loop, &scene.callback), 0);
    iterate_for(5);
    assert_int_equal(write(scene.fds[1], "x", 1), 1);
    assert_true(iterate_until(&scene.over, 5000));
    close_both(scene.fds);
}

/* --- Other sources' prepare () ----------------------------------------------------- */

struct poster {
    GSource base;
    struct scene *scene;
};

static gboolean post_in_prepare(GSource *base, gint *ret_timeout_ms)
{
    struct poster *poster = (struct poster *)base;

    *ret_timeout_ms = -1;
    if (poster->scene->n_left-- > 0)
        CHECK_INT(il_post(poster->scene->loop, &poster->scene->callback), 0);
    return FALSE;
}

static gboolean dispatch_nothing(GSource *base, GSourceFunc fn, gpointer data)
{
    (void)base;
    (void)fn;
    (void)data;
    return G_SOURCE_CONTINUE;
}

/* Asked after us, whatever it does is after our answer. */
static void test_economy_post_while_others_prepare_is_not_slept_over(void **s)
{
    static GSourceFuncs functions = { .prepare = post_in_prepare,
                                      .dispatch = dispatch_nothing };
    static struct scene scene;
    GSource *base = g_source_new(&functions, sizeof(struct poster));
    gint64 start;

    (void)s;
    open_scene(&scene, note_polls);
    scene.n_left = 1;
    ((struct poster *)base)->scene = &scene;
    g_source_attach(base, NULL);
    start = g_get_monotonic_time();
    assert_true(iterate_until(&scene.over, 2000));
    /* The time limit is what would wake it. */
    assert_true(g_get_monotonic_time() - start < G_USEC_PER_SEC);
    g_source_destroy(base);
    g_source_unref(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_economy_thread_post_runs_before_a_poll),
        GUEST_TEST(test_economy_what_woke_us_wakes_us_once),
        GUEST_TEST(test_economy_short_turn_without_descriptors_polls_nothing),
        GUEST_TEST(test_economy_busy_guest_polls_seldom),
        GUEST_TEST(test_economy_busy_guest_still_sees_descriptors),
        GUEST_TEST(test_economy_post_while_others_prepare_is_not_slept_over),
    };

    return cmocka_run_group_tests(tests, guest_group_setup, NULL);
}
