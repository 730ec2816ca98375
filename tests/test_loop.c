/* SPDX-License-Identifier: MIT */

/* test_loop.c - running, stopping, and what belongs to which turn. */

#include "support/fixture.h"
#include "support/pipes.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct posts {
    il_loop *loop;
    il_callback first, second, nested;
    il_timer timer;
};

static void note_it(void *arg)
{
    note("%s", (const char *)arg);
}

static void post_nested(void *arg)
{
    struct posts *posts = arg;

    note("soon1");
    CHECK_INT(il_post(posts->loop, &posts->nested), 0);
}

static void init_posts(struct posts *posts, il_loop *loop)
{
    *posts = (struct posts){
        .loop = loop,
        .first = IL_CALLBACK_INIT(post_nested, posts),
        .second = IL_CALLBACK_INIT(note_it, TEXT("soon2")),
        .nested = IL_CALLBACK_INIT(note_it, TEXT("nested")),
        .timer = IL_TIMER_INIT(note_it, TEXT("timer0")),
    };
}

/* Ready items first, then I/O, then timers; what they add comes after. */
static void test_loop_turn_has_a_fixed_order(void **state)
{
    struct fixture *f = *state;
    struct reader reader = { .name = "io" };
    struct posts posts;
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    settle(f);
    init_posts(&posts, f->loop);
    assert_int_equal(il_timer_start(f->loop, &posts.timer, 0), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(il_post(f->loop, &posts.first), 0);
    assert_int_equal(il_post(f->loop, &posts.second), 0);
    settle(f);
    assert_string_equal(noted(), "soon1 soon2 io:1 timer0 nested");
    close_both(fds);
}

static void stop_loop(void *arg)
{
    note("stop");
    il_loop_stop(arg);
}

static int stop_later(void *arg)
{
    for (int i = 0; i < 5; i++)
        CHECK_INT(il_yield(), 0);
    note("later");
    stop_loop(arg);
    return 0;
}

static void test_loop_stop_ends_after_the_current_turn(void **state)
{
    struct fixture *f = *state;
    il_callback stop = IL_CALLBACK_INIT(stop_loop, f->loop);
    struct posts posts;

    init_posts(&posts, f->loop);
    assert_int_equal(il_post(f->loop, &stop), 0);
    assert_int_equal(il_post(f->loop, &posts.first), 0);
    assert_int_equal(il_post(f->loop, &posts.second), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(noted(), "stop soon1 soon2");

    /* The stop is used up; what was left is there. */
    assert_int_equal(il_spawn(NULL, stop_later, f->loop, NULL), 0);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(noted(), "stop soon1 soon2 nested later stop");
}

static void test_loop_stop_before_run_does_one_turn(void **state)
{
    struct fixture *f = *state;
    struct posts posts;

    init_posts(&posts, f->loop);
    assert_int_equal(
        il_timer_start(f->loop, &posts.timer, il_deadline(IL_SEC(1000))), 0);
    assert_int_equal(il_post(f->loop, &posts.first), 0);
    il_loop_stop(f->loop);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(noted(), "soon1");
    il_loop_stop(f->loop);
    assert_int_equal(il_loop_run(f->loop), 0);
    assert_string_equal(noted(), "soon1 nested");
    assert_int_equal(il_now(), IL_SEC(1));
    assert_true(il_timer_stop(&posts.timer));
}

static int return_it(void *arg)
{
    return *(int *)arg;
}

static int misuse(void *arg)
{
    il_loop *loop = arg;
    il_loop *another = loop;
    int value = 3;

    CHECK(il_loop_current() == loop);
    CHECK(il_loop_is_running(loop));
    CHECK_INT(il_loop_new(&another), -EBUSY);
    CHECK(another == loop);
    CHECK_INT(il_loop_run(loop), -EBUSY);
    CHECK_INT(il_run(return_it, &value), -EBUSY);
    CHECK_INT(il_loop_close(loop, 0), -EBUSY);
    CHECK_INT(il_yield(), 0);
    return 9;
}

static void test_loop_refuses_to_run_twice(void **state)
{
    struct fixture *f = *state;

    assert_false(il_loop_is_running(f->loop));
    assert_int_equal(il_run(misuse, f->loop), 9);
    assert_false(il_loop_is_running(f->loop));
    assert_int_equal(il_loop_close(NULL, 0), 0);
    assert_null(il_loop_unref(NULL));
}

static int misuse_from_outside(void *arg)
{
    (void)arg;
    CHECK_INT(il_loop_close(il_loop_current(), 0), -EBUSY);
    return il_yield();
}

/* No loop runs, but a first step inside il_spawn() is no place to close it. */
static void test_loop_is_not_closed_from_inside_a_task(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_spawn(NULL, misuse_from_outside, NULL, NULL), 0);
    settle(f);
    assert_int_equal(il_loop_count_tasks(f->loop), 0);
}

static void test_loop_run_returns_what_main_returned(void **state)
{
    struct fixture *f = *state;
    int good = 42;
    int bad = -EIO;

    assert_int_equal(il_run(return_it, &good), 42);
    assert_int_equal(il_run(return_it, &bad), -EIO);
    assert_int_equal(f->n_reports, 0);
}

static int act_as_host(void *arg)
{
    CHECK_INT(il_loop_turn(arg, 0), -EBUSY);
    CHECK_INT(il_loop_detach(arg), -ESRCH);
    return 8;
}

static void test_loop_running_by_itself_has_no_host(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(il_run(act_as_host, f->loop), 8);
}

static int sleep_forever(void *arg)
{
    int r = il_sleep(IL_FOREVER);

    note("%s", (const char *)arg);
    return r;
}

static int stop_in_main(void *arg)
{
    il_loop_stop(arg);
    return il_sleep(IL_FOREVER);
}

static void test_loop_stopped_before_main_ended_says_so(void **state)
{
    struct fixture *f = *state;
    int value = 7;

    assert_int_equal(il_run(stop_in_main, f->loop), -EINTR);
    assert_int_equal(il_loop_count_tasks(f->loop), 1);
    assert_int_equal(il_run(return_it, &value), 7);
}

static int leave_tasks_behind(void *arg)
{
    (void)arg;
    CHECK(il_loop_current() != NULL);
    CHECK_INT(il_spawn(NULL, sleep_forever, TEXT("a"), NULL), 0);
    CHECK_INT(il_spawn(NULL, sleep_forever, TEXT("b"), NULL), 0);
    note("main");
    return 5;
}

static void test_loop_made_by_run_is_closed_by_run(void **state)
{
    int value = 6;

    (void)state;
    begin_checks();
    assert_null(il_loop_current());
    assert_int_equal(il_run(leave_tasks_behind, NULL), 5);
    assert_non_null(strstr(noted(), "main "));
    assert_non_null(strstr(noted(), " a"));
    assert_non_null(strstr(noted(), " b"));
    assert_null(il_loop_current());
    assert_int_equal(il_run(return_it, &value), 6);
    end_checks();
}

static void test_loop_unref_alone_closes(void **state)
{
    il_loop *loop = NULL;

    (void)state;
    begin_checks();
    assert_int_equal(il_loop_new(&loop), 0);
    assert_ptr_equal(il_loop_current(), loop);
    assert_int_equal(il_spawn(NULL, sleep_forever, TEXT("a"), NULL), 0);
    assert_ptr_equal(il_loop_ref(loop), loop);
    assert_null(il_loop_unref(loop));
    assert_string_equal(noted(), "");
    assert_null(il_loop_unref(loop));
    assert_string_equal(noted(), "a");
    assert_null(il_loop_current());
    end_checks();
}

/* --- Driven from outside -------------------------------------------------- */

static bool is_readable(int fd)
{
    struct pollfd pollfd = { .fd = fd, .events = POLLIN };

    return poll(&pollfd, 1, 0) == 1;
}

static void test_loop_descriptor_tells_of_io_and_posts(void **state)
{
    struct fixture *f = *state;
    il_callback post = IL_CALLBACK_INIT(note_it, TEXT("post"));
    struct reader reader = { .name = "io" };
    int fds[2];

    make_pipe(fds);
    reader.fd = fds[0];
    assert_int_equal(il_loop_turn(f->loop, IL_MS(5)), 0);
    assert_int_equal(il_spawn(NULL, read_once, &reader, NULL), 0);
    assert_int_equal(il_loop_turn(f->loop, IL_MS(5)), 0);
    assert_false(is_readable(il_loop_fd(f->loop)));
    assert_int_equal(il_loop_next_deadline(f->loop), IL_FOREVER);

    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_true(is_readable(il_loop_fd(f->loop)));
    assert_int_equal(il_loop_turn(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "io:1");
    assert_false(is_readable(il_loop_fd(f->loop)));

    assert_int_equal(il_post_threadsafe(f->loop, &post), 0);
    assert_true(is_readable(il_loop_fd(f->loop)) ||
                il_loop_next_deadline(f->loop) == 0);
    assert_int_equal(il_loop_turn(f->loop, IL_MS(5)), 0);
    assert_string_equal(noted(), "io:1 post");
    assert_false(is_readable(il_loop_fd(f->loop)));
    close_both(fds);
}

static int sleep_ms(void *arg)
{
    int r = il_sleep(IL_MS(*(int *)arg));

    note("slept");
    return r;
}

static void test_loop_next_deadline_is_the_nearest(void **state)
{
    struct fixture *f = *state;
    int long_ms = 30;
    int short_ms = 10;

    assert_int_equal(il_spawn(NULL, sleep_ms, &long_ms, NULL), 0);
    assert_int_equal(il_loop_turn(f->loop, IL_MS(5)), 0);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_SEC(1) + IL_MS(30));
    assert_int_equal(il_spawn(NULL, sleep_ms, &short_ms, NULL), 0);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_SEC(1) + IL_MS(10));
    assert_int_equal(il_spawn_lazy(NULL, sleep_ms, &short_ms, NULL), 0);
    assert_int_equal(il_loop_next_deadline(f->loop), 0);
    assert_int_equal(il_loop_turn(f->loop, IL_MS(5)), 0);
    assert_int_equal(il_loop_next_deadline(f->loop), IL_SEC(1) + IL_MS(10));
    assert_string_equal(noted(), "");
    assert_int_equal(il_test_advance(f->loop, IL_SEC(1)), 0);
    assert_string_equal(noted(), "slept slept slept");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_manual, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_loop_turn_has_a_fixed_order),
        TEST(test_loop_stop_ends_after_the_current_turn),
        TEST(test_loop_stop_before_run_does_one_turn),
        TEST(test_loop_refuses_to_run_twice),
        TEST(test_loop_is_not_closed_from_inside_a_task),
        TEST(test_loop_run_returns_what_main_returned),
        TEST(test_loop_running_by_itself_has_no_host),
        TEST(test_loop_stopped_before_main_ended_says_so),
        cmocka_unit_test(test_loop_made_by_run_is_closed_by_run),
        cmocka_unit_test(test_loop_unref_alone_closes),
        TEST(test_loop_descriptor_tells_of_io_and_posts),
        TEST(test_loop_next_deadline_is_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
